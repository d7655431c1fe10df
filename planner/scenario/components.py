"""What treatments and improvement are made of: agents act on signals, components of improvement need signals.

See planner.model.families.mechanism.signals for what the numbers mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from planner.scenario.fields import (
    A_NUMBER,
    AlsoWritten,
    Days,
    DoseText,
    Number,
    Probability,
    Settings,
    Symbol,
    about,
    by_number,
    by_text,
)

Share = Probability
Amount = Annotated[Number, Field(ge=0, le=100)]
OfSeverity = Annotated[Number, Field(ge=-10, le=10)]
HalfLife = Annotated[Days, Field(gt=0)]

ALL_COMPONENTS = "*"
"""Key of `prolongs` that stands for every component not named."""


def _unless(usual: object) -> AfterValidator:
    """What is usual is left unsaid, so that saying it changes nothing, not even the digest."""
    return AfterValidator(lambda value: None if value == usual else value)


class Agent(Settings):
    """A drug, or anything else that is given."""

    label: Annotated[str, about("What the agent is called", label=True)] = ""
    dose: Annotated[str, about("Dose and route, as text", label=True)] = ""
    occupancy: Annotated[
        Share, about("Share of the receptors that it occupies where a treatment names no dose")
    ] = 1.0
    # No part of the digest: it acts by the occupancies that treatments take from it.
    occupancy_by_dose: Annotated[
        Mapping[DoseText, Share],
        about(
            "Occupancy measured at each dose, as { 5 = 0.49, 15 = 0.61 }: treatments name one of these "
            "doses, or one between two of them",
            label=True,
            max_length=50,
        ),
    ] = {}
    dose_unit: Annotated[str, about("Unit of the doses in `occupancy_by_dose`", label=True)] = ""
    half_life_days: Annotated[
        HalfLife | None, about("Half-life of the occupancy; gone before the next period if not given", "days")
    ] = None
    lowers: Annotated[
        Mapping[Symbol, Share],
        about("Share by which it lowers the level of other agents of a treatment", example={"ketamine": 0.2}),
    ] = {}
    prolongs: Annotated[
        Mapping[Symbol, Annotated[Number, Field(gt=0, le=1000)]],
        about('Factor on the half-life of components of the same treatment; "*" stands for all components'),
    ] = {}


class GivenAgent(Settings):
    """An agent as part of a treatment."""

    agent: Annotated[Symbol, about("The agent")]
    dose: Annotated[
        Number | None,
        Field(gt=0),
        about("Dose, for its occupancy by the agent's `occupancy_by_dose`", label=True),
    ] = None
    occupancy: Annotated[
        Share | None,
        about("Share of the receptors occupied; by the dose, or the agent's own, if not given", example=0.6),
    ] = None
    level: Annotated[
        Number | None,
        Field(gt=0, le=100),
        _unless(1.0),
        about("Level at which it activates signals and lowers other agents, 1 being that of the usual dose"),
    ] = None
    at_days: Annotated[
        Days | None,
        _unless(0.0),
        about(
            "Days after the dosing of the period on which it is given; it acts from then on, and an "
            "assessment on that day comes before it",
            "days",
        ),
    ] = None


TreatmentAgent = Annotated[GivenAgent, by_text("agent"), AlsoWritten(type="string")]


class Signal(Settings):
    """Something in the patient that agents activate or block, from 0 to 1."""

    label: Annotated[str, about("What the signal is", label=True)] = ""
    base: Annotated[Share, about("Level without any agent: 1 for a tone, 0 for what must be driven")] = 0.0
    activated_by: Annotated[Mapping[Symbol, Amount], about("How much each agent activates it")] = {}
    activated_by_signal: Annotated[
        Mapping[Symbol, Amount], about("How much other signals activate it", example={"mu": 0.5})
    ] = {}
    blocked_by: Annotated[
        Mapping[Symbol, Share], about("Share that each agent blocks at full occupancy")
    ] = {}
    combine: Annotated[Literal["sum", "max"], about("Whether activations add up or the strongest counts")] = (
        "sum"
    )


class SizeSpread(Settings):
    """A normal distribution between patients."""

    mean: Annotated[OfSeverity, about("Mean, as a share of the severity")]
    sd: Annotated[Annotated[Number, Field(ge=0, le=10)], about("Standard deviation between patients")] = 0.0


class HalfLifeSpread(Settings):
    """A lognormal half-life between patients."""

    median: Annotated[HalfLife, about("Median half-life", "days")]
    log_sd: Annotated[Annotated[Number, Field(ge=0, le=5)], about("SD of its natural logarithm")] = 0.0


class Component(Settings):
    """A part of the improvement: how large it is in whom, and how long it lasts."""

    label: Annotated[str, about("What the component is", label=True)] = ""
    share: Annotated[Share, about("Share of the patients who are susceptible")] = 1.0
    size: Annotated[
        SizeSpread,
        by_number("mean"),
        A_NUMBER,
        about("Improvement of the susceptible, as a share of the severity; negative if it makes worse"),
    ]
    otherwise: Annotated[SizeSpread, by_number("mean"), A_NUMBER, about("Improvement of the others")] = (
        SizeSpread(mean=0.0)
    )
    half_life_days: Annotated[
        HalfLifeSpread,
        by_number("median"),
        A_NUMBER,
        about("Half-life of the improvement; it differs between patients"),
    ]
    peak_day: Annotated[Days, about("Day until which nothing of it is lost", "days")] = 1.0

    @property
    def nothing(self) -> bool:
        """Whether it does nothing to anybody."""
        spreads = ((self.share, self.size), (1.0 - self.share, self.otherwise))
        return all(each.mean == 0.0 and each.sd == 0.0 for share, each in spreads if share > 0.0)


class Need(Settings):
    """A signal that a term needs."""

    signal: Annotated[Symbol, about("The signal", example="receptor")]
    gate: Annotated[
        Share, about("1: indispensable; below 1: without the signal, 1 - gate of it is left", example=0.5)
    ] = 1.0
    when: Annotated[
        Literal["onset", "throughout"] | None,
        _unless("onset"),
        about(
            "onset: the signal counts when the component is set off; throughout: on each day of assessment",
            example="throughout",
        ),
    ] = None


class Term(Settings):
    """A component, and the signals that it needs."""

    name: Annotated[
        Symbol | None,
        about(
            "Name of the term, to address its gates by; that of its component if not given",
            example="relief-early",
        ),
    ] = None
    component: Annotated[Symbol, about("The component of improvement")]
    needs: Annotated[
        tuple[Annotated[Need, by_text("signal"), AlsoWritten(type="string")], ...],
        about("The signals that it needs; with none it is always there"),
    ] = ()


class OutcomeTerms(Settings):
    """What drives a secondary outcome under one hypothesis."""

    terms: Annotated[
        tuple[Term, ...],
        about("The components that are at work, in place of the outcome's own", min_length=1, max_length=12),
    ]
