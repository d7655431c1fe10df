"""Settings of a hypothesis that states response rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from planner.scenario.bounds import Bounds
from planner.scenario.endpoint import Endpoint
from planner.scenario.families.base import FamilySettings
from planner.scenario.faults import Path
from planner.scenario.fields import Number, Probability, Symbol, about
from planner.scenario.vocabulary import BINARY_MEASURES


class Rates(FamilySettings):
    """A hypothesis that states the share of responders under each treatment."""

    family: Annotated[Literal["rates"], about("Kind of hypothesis")] = "rates"
    rates: Annotated[
        Mapping[Symbol, Probability],
        about("Share of patients who respond to each treatment; with `discordant` alone it can be left open"),
    ] = {}
    correlation: Annotated[
        Number | None,
        about("Correlation of a patient's responses on the latent normal scale", ge=-1, le=1, example=0.4),
    ] = None
    discordant: Annotated[
        Mapping[Symbol, Probability],
        about(
            "For two treatments: share of patients who respond to this one and not to the other",
            example={"D": 0.35, "P": 0.05},
        ),
    ] = {}

    of_what: ClassVar = "responders"
    measures: ClassVar = BINARY_MEASURES
    has_baselines: ClassVar = False
    effects_in: ClassVar = "SDs of the latent scale"
    by_treatment: ClassVar = ("rates",)
    may_be_uncertain: ClassVar = ("rates", "correlation")

    def limits_of(self, route: Path, endpoint: Endpoint | None) -> Bounds:
        """More than two responses cannot all oppose each other."""
        return Bounds(low=0.0) if route[0] == "correlation" and len(self.rates) > 2 else Bounds()

    @property
    def shares(self) -> dict[str, float]:
        """Share of patients who respond to each treatment: as stated, else as `discordant` leaves it open.

        Of the patients whose two responses agree, half then respond to both treatments and half to neither.
        """
        if self.rates or not self.discordant:
            return dict(self.rates)
        both = (1.0 - sum(self.discordant.values())) / 2.0
        return {treatment: share + both for treatment, share in self.discordant.items()}


SETTINGS = Rates
