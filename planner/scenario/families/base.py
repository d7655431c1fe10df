"""The settings that hypotheses of every family have, and what other code asks of a hypothesis.

What is asked has an answer here that suits a family without anything special; a family gives its own where
that is wrong. Answers that are the same for all hypotheses of a family are class variables: they hold also of
a hypothesis whose numbers have been refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from planner.scenario.bounds import Bounds
from planner.scenario.components import Agent, OutcomeTerms, Signal
from planner.scenario.endpoint import Endpoint
from planner.scenario.faults import Path
from planner.scenario.fields import Number, PathText, Settings, about
from planner.scenario.uncertainty import BY_PATH, Distribution, Tie
from planner.scenario.vocabulary import BINARY_MEASURES, named_family


class FamilySettings(Settings):
    """A hypothesis of some family: what it is called, its weight, and which of its numbers are uncertain."""

    family: Annotated[str, about("Kind of hypothesis")]
    label: Annotated[str, about("What the hypothesis is called in tables and plots", label=True)] = ""
    prior: Annotated[
        Number | None,
        about(
            "Weight of the hypothesis before any data, relative to the others; 1 if not given",
            label=True,
            gt=0,
            le=1e6,
            example=2,
        ),
    ] = None
    uncertainty: Annotated[Mapping[PathText, Distribution], BY_PATH] = {}

    measures: ClassVar[tuple[str, ...]] = ("score", "change", "percent-change")
    """What of a score the family can tell: rows of `planner.scenario.vocabulary.MEASURES`."""

    distribution: ClassVar[str] = "normal"
    """The distribution of the endpoint that hypotheses of the family are of."""

    of_what: ClassVar[str] = "scores"
    """What the numbers that it states are of, in the plural."""

    tells_every_day: ClassVar[bool] = False
    """Whether it tells all of its measures on any day; else only that of the endpoint, on its day."""

    better: ClassVar[Literal["lower", "higher"] | None] = None
    """The better end of a scale that does not say which it is."""

    has_severity: ClassVar[bool] = False
    """Whether patients have a severity of which they improve.

    Then entry and return to baseline go by ratings of it, dropout may depend on the improvement, and the
    scale says what a response and a remission are.
    """

    has_secondary_outcomes: ClassVar[bool] = False
    """Whether it tells of secondary outcomes, too."""

    has_guesses: ClassVar[bool] = False
    """Whether patients can guess what they got, and the guess can do something."""

    has_baselines: ClassVar[bool] = True
    """Whether scores have baselines that an analysis can adjust for."""

    effects_in: ClassVar[str] = "points"
    """Unit of a period effect."""

    has_sequence_effects: ClassVar[bool] = False
    """Whether an effect of the sequence can be added to what it states."""

    by_treatment: ClassVar[tuple[str, ...]] = ()
    """Settings that are a table with an entry for each treatment, and say which treatments there are."""

    may_be_uncertain: ClassVar[tuple[str, ...]] = ()
    """Settings in which a number may be uncertain: where the paths of `uncertainty` may begin."""

    loose: ClassVar[tuple[str, ...]] = ()
    """Settings whose faults do not keep the rest of a hypothesis from being checked."""

    renamed: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Settings that the full form of a scenario states by others, and by which."""

    @property
    def kind(self) -> str:
        """The row of `planner.scenario.vocabulary.FAMILIES` that it belongs to."""
        return named_family(self.family, self.distribution)

    @classmethod
    def tells_responses(cls) -> bool:
        """Whether it tells how many patients respond, or are in remission."""
        return not set(BINARY_MEASURES).isdisjoint(cls.measures)

    @classmethod
    def tells_scores(cls) -> bool:
        """Whether it tells anything else, which is a number."""
        return not set(BINARY_MEASURES).issuperset(cls.measures)

    @property
    def own_agents(self) -> Mapping[str, Agent]:
        """Agents in place of the common ones of that name."""
        return {}

    @property
    def own_signals(self) -> Mapping[str, Signal]:
        """Signals in place of the common ones of that name."""
        return {}

    @property
    def own_outcomes(self) -> Mapping[str, OutcomeTerms]:
        """What drives a secondary outcome, in place of what is said there."""
        return {}

    @property
    def tied(self) -> Tie | None:
        """What is kept equal to another hypothesis where numbers are uncertain."""
        return None

    def limits_of(self, route: Path, endpoint: Endpoint | None) -> Bounds:
        """Limits of the number at `route`, within the hypothesis, that follow from other settings."""
        return Bounds()

    def common_limits_of(self, route: Path) -> Bounds:
        """Limits that the hypothesis sets to the number at `route`, which is the same for all hypotheses."""
        return Bounds()
