"""The settings of hypotheses of family `terms`: which components of improvement need which signals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from planner.scenario.bounds import Bounds
from planner.scenario.components import Agent, Component, OutcomeTerms, Signal, Term
from planner.scenario.families.base import FamilySettings
from planner.scenario.faults import Path
from planner.scenario.fields import Symbol, about
from planner.scenario.uncertainty import Tie
from planner.scenario.vocabulary import MEASURES


class MechanismHypothesis(FamilySettings):
    """A hypothesis that says which components of improvement need which signals."""

    family: Annotated[Literal["terms"], about("Kind of hypothesis")] = "terms"
    terms: Annotated[tuple[Term, ...], about("The components that are at work", min_length=1, max_length=12)]
    agents: Annotated[Mapping[Symbol, Agent], about("Agents in place of the common ones of that name")] = {}
    signals: Annotated[
        Mapping[Symbol, Signal], about("Signals in place of the common ones of that name")
    ] = {}
    components: Annotated[
        Mapping[Symbol, Component], about("Components in place of the common ones of that name")
    ] = {}
    outcomes: Annotated[
        Mapping[Symbol, OutcomeTerms],
        about("What drives a secondary outcome, in place of what is said there"),
    ] = {}
    tie: Annotated[Tie | None, about("What is kept equal to another hypothesis where it is uncertain")] = None

    measures: ClassVar = MEASURES
    tells_every_day: ClassVar = True
    better: ClassVar = "lower"
    has_severity: ClassVar = True
    has_secondary_outcomes: ClassVar = True
    has_guesses: ClassVar = True
    loose: ClassVar = ("tie",)
    may_be_uncertain: ClassVar = ("agents", "signals", "components", "terms", "outcomes")

    @property
    def own_agents(self) -> Mapping[str, Agent]:
        """Agents in place of the common ones of that name."""
        return self.agents

    @property
    def own_signals(self) -> Mapping[str, Signal]:
        """Signals in place of the common ones of that name."""
        return self.signals

    @property
    def own_outcomes(self) -> Mapping[str, OutcomeTerms]:
        """What drives a secondary outcome, in place of what is said there."""
        return self.outcomes

    @property
    def tied(self) -> Tie | None:
        """What is kept equal to another hypothesis where numbers are uncertain."""
        return self.tie

    def common_limits_of(self, route: Path) -> Bounds:
        """Improvement is a share of the severity, of which there must be some."""
        return Bounds(low=0.0, above=True) if route == ("population", "baseline", "mean") else Bounds()


SETTINGS = MechanismHypothesis
