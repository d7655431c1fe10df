"""A scenario on its way to completeness, and what several steps need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.blinding import Blinding
from planner.scenario.components import Agent, Component, Signal
from planner.scenario.design import Design, Treatment
from planner.scenario.endpoint import Endpoint
from planner.scenario.families.base import FamilySettings
from planner.scenario.faults import Path
from planner.scenario.fields import EVERY
from planner.scenario.hypotheses import SETTINGS, distribution_of, family_of
from planner.scenario.monitoring import Monitoring
from planner.scenario.observed import Observed
from planner.scenario.population import Population
from planner.scenario.scale import EndpointScale
from planner.scenario.secondary_outcomes import SecondaryOutcome
from planner.scenario.simulation import SimulationSettings
from planner.scenario.text import did_you_mean, printable
from planner.scenario.tree import Tree
from planner.scenario.uncertainty import Distribution
from planner.scenario.vocabulary import FAMILIES, NamedFamily


class Complaint(NamedTuple):
    """A fault before its place in the file is looked up. `at_key`: the key is wrong, not the value."""

    path: Path
    message: str
    hint: str = ""
    at_key: bool = False


class StatedFamily(NamedTuple):
    """A family of outcomes that hypotheses of a file belong to."""

    row: NamedFamily
    settings: type[FamilySettings]
    first: str  # name of its first hypothesis, which may be unsound

    @property
    def first_stated(self) -> str:
        """`the means of effective`: what the first hypothesis states."""
        return f"the {self.row.states} of {printable(self.first)}"


@dataclass
class Draft:
    """A scenario on its way to completeness."""

    data: Tree
    design: Design | None
    treatments: Mapping[str, Treatment]
    population: Population | None
    endpoint: Endpoint | None
    agents: Mapping[str, Agent]
    signals: Mapping[str, Signal]
    components: Mapping[str, Component]
    outcomes: Mapping[str, SecondaryOutcome]
    blinding: Blinding | None
    hypotheses: Mapping[str, FamilySettings]
    analyses: Mapping[int, PlannedAnalysis]
    monitoring: Monitoring | None
    simulation: SimulationSettings | None
    uncertainty: Mapping[str, Distribution] = field(default_factory=dict)
    observed: Observed | None = None
    sized: bool = True  # False: the number of patients stands for one that cannot be used
    resized: int | None = (
        None  # the patients that the file states, where others are set and the looks are not
    )
    remarks: list[str] = field(default_factory=list)  # what a user should know though nothing is wrong
    complaints: list[Complaint] = field(default_factory=list)

    def note(self, path: Path, message: str, hint: str = "", at_key: bool = False) -> None:
        """Report a fault of the setting at `path`."""
        self.complaints.append(Complaint(path, message, hint, at_key))

    @property
    def no_effect(self) -> float:
        """The effect of a period or sequence that changes nothing."""
        return 0.0 if self.endpoint is None else self.endpoint.no_effect

    def gives_ratio(self, analysis: PlannedAnalysis) -> bool:
        """Whether an analysis compares by a ratio of geometric means."""
        return self.endpoint is not None and self.endpoint.on_logs and not analysis.outcome

    @cached_property
    def first_of_family(self) -> dict[str, str]:
        """The families that hypotheses belong to, each with the name of its first one, sound or not."""
        hypotheses, distribution = self.data.get("hypotheses"), distribution_of(self.data)
        first: dict[str, str] = {}
        for name, row in hypotheses.items() if isinstance(hypotheses, dict) else ():
            first.setdefault(family_of(row, distribution), str(name))
        return first

    @cached_property
    def families(self) -> list[StatedFamily]:
        """The families that hypotheses belong to, in the order of the table of families."""
        first = self.first_of_family
        return [
            StatedFamily(row, SETTINGS[family], first[family])
            for family, row in FAMILIES.items()
            if family in first
        ]

    def first_family(self, fits: Callable[[type[FamilySettings]], bool]) -> StatedFamily | None:
        """The first of these families whose settings fit."""
        return next((each for each in self.families if fits(each.settings)), None)

    def names(self, path: Path) -> list[str]:
        """The keys of a table as it is written, sound or not."""
        table = self.written(path)
        return list(table) if isinstance(table, dict) else []

    def written(self, path: Path) -> Any:
        """What the user wrote at `path`, None if nothing."""
        node: object = self.data
        for part in path:
            if isinstance(node, dict):
                node = node.get(part)
            elif isinstance(node, list) and isinstance(part, int) and part < len(node):
                node = node[part]
            else:
                return None
        return node


def check_score(draft: Draft, scale: EndpointScale, path: Path, score: float) -> None:
    """Refuse a score or a mean of scores that the scale does not reach."""
    name = printable(scale.name) or "the scale"
    if scale.low is not None and score < scale.low:
        draft.note(path, f"is {score:g}, below the lowest score of {name}, {scale.low:g}")
    if scale.high is not None and score > scale.high:
        draft.note(path, f"is {score:g}, above the highest score of {name}, {scale.high:g}")


def check_treatments(draft: Draft, path: Path, used: Iterable[str], names: Iterable[str]) -> None:
    """Refuse keys or elements that are no treatments, unless `known` has EVERY and it is that."""
    names = list(names)
    for i, symbol in enumerate(used):
        if symbol not in names:
            part = symbol if isinstance(draft.written(path), dict) else i
            message = f"{printable(symbol)} is not a treatment of this design"
            draft.note(
                (*path, part),
                message,
                did_you_mean(symbol, [name for name in names if name != EVERY]),
                at_key=True,
            )
