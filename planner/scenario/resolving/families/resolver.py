"""What resolving a scenario needs of each family of outcomes, with answers that suit most of them.

A module of this folder offers `RESOLVER`, an object of a subclass that says what is special of its family.
Its methods report what is wrong with `draft.note` and go on, so that all faults of a file come out at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Generic, NamedTuple, TypeVar

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.design import Design, Treatment
from planner.scenario.endpoint import Endpoint
from planner.scenario.families.base import FamilySettings
from planner.scenario.faults import Path
from planner.scenario.parameters import Place
from planner.scenario.population import Population
from planner.scenario.resolving.draft import Draft
from planner.scenario.resolving.levels import why_levels_matter
from planner.scenario.uncertainty import Distribution
from planner.scenario.vocabulary import FAMILIES

Stated = TypeVar("Stated", bound=FamilySettings)


class TrialParts(NamedTuple):
    """The resolved parts of a scenario that its hypotheses are of. None: refused already."""

    design: Design
    population: Population | None
    endpoint: Endpoint | None
    treatments: Mapping[str, Treatment]  # those of the design first
    analyses: Mapping[int, PlannedAnalysis]

    def why_levels_matter(self, draft: Draft) -> str:
        """What makes the SD between patients matter, as a clause; empty if nothing does."""
        parts = (self.design, self.population, self.endpoint)
        return why_levels_matter(draft, *parts, self.analyses.values())


class FamilyResolver(Generic[Stated]):
    """Defaults and checks of the hypotheses of one family; `Stated` is the class of their settings."""

    def check_names(self, draft: Draft, name: str, hypothesis: Stated) -> None:
        """Refuse names in the hypothesis that nothing declares. There is no design yet."""

    def check_trial(self, draft: Draft, first: str, trial: TrialParts) -> None:
        """Refuse a trial in which the family cannot be true; `first` is a hypothesis, maybe unsound."""

    def resolve(self, draft: Draft, name: str, hypothesis: Stated, trial: TrialParts) -> Stated:
        """The hypothesis with every default, in the one form that the full form of a scenario uses."""
        return hypothesis.model_copy(update={"label": hypothesis.label or name})

    def check_resolved(self, draft: Draft, hypotheses: Mapping[str, Stated], trial: TrialParts) -> None:
        """Refuse what no resolved hypothesis of the family can go with: analyses, effects, dropout."""

    def check_guess(self, draft: Draft, name: str, hypothesis: Stated, signal: str) -> None:
        """Refuse that the hypothesis needs, before there is a guess, the signal that depends on it."""

    def uncertain_in_full(
        self, draft: Draft, place: Path, hypothesis: Stated, key: str, stated: Distribution
    ) -> tuple[str, Distribution]:
        """The path and distribution of an uncertain number in the full form of the hypothesis."""
        return key, stated

    def may_vary(self, draft: Draft, place: Path, hypothesis: Stated, numbers: Sequence[Place]) -> bool:
        """Whether these numbers may be uncertain; if not, that is noted at `place`."""
        return True

    def check_uncertainty(self, draft: Draft, name: str, hypothesis: Stated) -> None:
        """Refuse what the hypothesis says of numbers that vary together. `draft` has the resolved parts."""

    def example(self, setting: str, first: str, second: str, number: str) -> str:
        """How a setting is written where a number stands in place of a table; empty if not known.

        `first` and `second` are treatments of the scenario, `number` is what was written.
        """
        return ""


def resolver_of(family: str) -> FamilyResolver[Any]:
    """The defaults and checks of a family, by the name that scenarios use."""
    module = import_module(f"planner.scenario.resolving.families.{FAMILIES[family].module}")
    resolver: FamilyResolver[Any] = module.RESOLVER
    return resolver
