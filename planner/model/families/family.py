"""A family of outcomes: what everything above asks of its hypotheses.

A family is a row of `FAMILIES` in planner.scenario.vocabulary and files of one name; the one in this folder
offers `FAMILY`, an object that answers the questions below. No code elsewhere asks which family a hypothesis
is of. Members without a body have no answer that would suit every family; the others have one that says
"nothing of this kind", and a family overrides what it has. How to add a family: docs/contributing/family.md.

The numbers of a treatment, a contrast of treatments (`weights`: the weight of each) and a size are in the
units of the measure that is read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from planner.kernels.tables import Draws, DropoutTables, Ints
from planner.model.assumed_numbers import AssumedNumber
from planner.model.readings import Reading
from planner.scenario.families.base import FamilySettings
from planner.scenario.scenario import Scenario
from planner.scenario.score_spread import ScoreSpread
from planner.scenario.uncertainty import Tie
from planner.scenario.vocabulary import FAMILIES

H = TypeVar("H", bound=FamilySettings)


class StatedPrediction(NamedTuple):
    """What a hypothesis states of a treatment: the mean of the measure, or a share. None: nothing."""

    mean: float | None = None
    response: float | None = None
    remission: float | None = None


class OpenNumbers(NamedTuple):
    """Numbers that a hypothesis may leave open, but on which a question depends."""

    what: str  # after "does not say"
    hint: str


@dataclass(frozen=True, slots=True)
class Blockade:
    """Share of the receptors that an agent of a treatment occupies when given, and at the next dosing."""

    treatment: str
    agent: str
    at_dosing: float
    left: float
    at_days: float = 0.0  # day of the period on which it is given


@dataclass(frozen=True, slots=True)
class EffectParameter(Generic[H]):
    """A contrast of treatments that can be moved while everything else of a hypothesis stays."""

    stated: float  # the contrast as it is
    sd: float  # of one patient's own contrast; 0 where nothing varies
    size: float  # to begin with where nothing varies
    moved: Callable[[float], H]  # the hypothesis with another contrast
    limits: tuple[float, float] = (-math.inf, math.inf)  # between which the contrast can be


class FamilyTables(Protocol):
    """What every kernel reads that makes patients; a NamedTuple that may have more."""

    @property
    def draws(self) -> Draws:
        """What is drawn for a patient: see planner.model.draw_list."""

    @property
    def rows(self) -> Ints:
        """Where it stands; the first is the word row of who leaves."""

    @property
    def place(self) -> Ints:
        """(hypothesis,) row of the stored values."""

    @property
    def dropout(self) -> DropoutTables:
        """How leaving depends on the period before: a kernel that did not read it would be wrong."""


@dataclass(frozen=True, slots=True)
class NormalScores:
    """Scores that are normal: mean + period effect + what is carried over + what varies."""

    means: Mapping[str, float]  # by treatment
    spread: ScoreSpread
    carried: Callable[[Sequence[str], int], float]  # points that a sequence carries into a period, from 0
    carries: bool  # whether anything is
    lasting: bool  # whether it reaches beyond the next period


class Family(Protocol[H]):
    """The answers of a family; `hypothesis` is one of its own."""

    # What is generated

    kernel: str
    """The module of planner.kernels.generate whose `generate` makes patients."""

    def tables(
        self,
        scenario: Scenario,
        hypotheses: Sequence[H],
        readings: Sequence[Reading],
        place: Sequence[int],
    ) -> FamilyTables:
        """What the kernel reads of these hypotheses.

        readings: what is stored of each period; NaN stays where a hypothesis does not give it (see
        planner.model.readings.gives). place: the row of each hypothesis among all that are simulated.
        """
        ...

    # What is true

    def exact_effect(
        self, scenario: Scenario, hypothesis: H, weights: Mapping[str, float], reading: Reading
    ) -> float | None:
        """The contrast of the means of a first period, what scales do to it included, to 12 digits.

        None: it takes a simulation.
        """
        ...

    def signature(
        self, scenario: Scenario, hypothesis: H, treatment: str, reading: Reading | None = None
    ) -> tuple[object, ...]:
        """Everything that a treatment does in a first period: the same for two that cannot differ in any
        patient. `reading`: in this respect; in every one, if not given."""
        ...

    def trial_signature(self, scenario: Scenario, hypothesis: H) -> tuple[object, object]:
        """Everything that the hypothesis predicts for the design but labels: of the endpoint, then of other
        outcomes. Two that are equal cannot be told apart by any number of patients."""
        settings = hypothesis.model_dump(mode="json", exclude={"label", "prior"})
        return json.dumps(settings, sort_keys=True), ()

    def stated_effect(self, hypothesis: H, weights: Mapping[str, float]) -> float | None:
        """The contrast of what is stated, whatever scales make of it; None where none is stated."""
        return None

    def scale_effects(
        self, scenario: Scenario, hypothesis: H, weights: Mapping[str, float]
    ) -> tuple[str, ...]:
        """What of the scale (low, high, step) makes the true effect another one than is stated."""
        return ()

    def prediction(self, scenario: Scenario, hypothesis: H, treatment: str) -> StatedPrediction | None:
        """What is predicted for a first period, exactly; None: it takes a simulation."""
        return None

    def typical_size(self, scenario: Scenario, hypothesis: H, reading: Reading) -> float:
        """A size, above 0, that is typical of a reading other than a response of the endpoint."""
        ...

    def response_chances(
        self,
        scenario: Scenario,
        hypothesis: H,
        sequences: Sequence[Sequence[str]],
        treatments: Sequence[str],
    ) -> Sequence[Sequence[float]] | None:
        """Exact chances of the responses of a patient to one or two treatments, for each sequence.

        Of one: no, yes; of two: neither, the second alone, the first alone, both. None: none are stated.
        """
        return None

    def open_numbers(self, hypothesis: H) -> OpenNumbers | None:
        """What is left open although answers beyond a test of the difference depend on it."""
        return None

    # What can be moved, and what theory knows

    effect_setting: str = ""
    """The setting that is moved where an effect is sought; empty: none can be."""

    def effect_parameter(self, hypothesis: H, weights: Mapping[str, float]) -> EffectParameter[H] | None:
        """The contrast as a parameter: there is one where there is an `effect_setting`."""
        return None

    def normal_scores(self, hypothesis: H) -> NormalScores | None:
        """What closed forms need, where scores are normal but for the ends of a scale."""
        return None

    def alike_in_two_periods(
        self, hypothesis: H, treatment: str, shifts: tuple[float, float]
    ) -> tuple[float, float] | None:
        """Shares of patients who respond in one of two periods only, the first or the second.

        Both give the same treatment; `shifts`: the effects of the periods. None where it is not stated.
        """
        return None

    def default_between(self, hypothesis: H) -> str:
        """`cv_between is 0.5`: how much patients differ, where it is what is taken if none is stated."""
        return ""

    def variance_ratio(self, hypothesis: H) -> float | None:
        """Variance between patients / residual variance, where it is stated."""
        return None

    def assumed_numbers(
        self, hypothesis: H, stated: Mapping[str, object], reference: str
    ) -> Iterator[AssumedNumber]:
        """The numbers of a hypothesis of which one may be wrong, zeros left out; paths start in it.

        stated: its settings as plain tables. reference: the treatment from which differences are taken.
        """
        ...

    def common_numbers(
        self, scenario: Scenario, stated: Mapping[str, object], names: tuple[str, ...]
    ) -> Iterator[tuple[AssumedNumber, tuple[str, ...]]]:
        """The same of the scenario, each with the hypotheses that depend on it; paths start at the top.

        stated: the scenario as plain tables. names: the simulated hypotheses of this family.
        """
        return iter(())

    # What follows from another hypothesis

    def tied(self, scenario: Scenario, name: str, tie: Tie) -> H:
        """The hypothesis of this name with what follows where numbers are uncertain, if it has a `tied`.

        Raises UncertaintyError where that cannot be.
        """
        hypothesis: Any = scenario.hypotheses[name]
        return hypothesis  # type: ignore[no-any-return]

    # What is carried over

    def carries(self, scenario: Scenario, hypothesis: H) -> bool:
        """Whether anything of a treatment can reach a later period, where there is one."""
        return False

    def without_carryover(self, hypothesis: H) -> H:
        """The hypothesis with nothing carried over that is stated; washouts will be endless."""
        return hypothesis

    def stated_carryover(self, hypothesis: H) -> Mapping[str, float]:
        """Points that are stated to be left of a treatment in the next period, none of them 0."""
        return {}

    def unequal_carryover(self, scenario: Scenario, hypothesis: H) -> Mapping[str, float]:
        """What is left of each treatment when the next period begins: points that are stated, or a share of
        what patients gained. Empty where that does not differ enough to be worth a sentence."""
        return {}

    def blockades(self, scenario: Scenario, hypothesis: H) -> Iterable[Blockade]:
        """Agents that block something, and still may a little at the next dosing."""
        return ()


def first_open(scenario: Scenario, names: Iterable[str]) -> tuple[str, OpenNumbers] | None:
    """The first of these hypotheses that leaves something open, and what; None if no one does."""
    for name in names:
        hypothesis = scenario.hypotheses[name]
        numbers = family_of(hypothesis).open_numbers(hypothesis)
        if numbers is not None:
            return name, numbers
    return None


def names_by_family(scenario: Scenario, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The named hypotheses of each family that has any, in the order of the table of families."""
    by_family: dict[str, list[str]] = {family: [] for family in FAMILIES}
    for name in names:
        by_family[scenario.hypotheses[name].kind].append(name)
    return {family: tuple(members) for family, members in by_family.items() if members}


def family_of(hypothesis: H) -> Family[H]:
    """The family of a hypothesis."""
    return family_named(hypothesis.kind)


@cache
def family_named(name: str) -> Family[Any]:
    """A family by the name that scenarios use."""
    family: Family[Any] = import_module(f"planner.model.families.{FAMILIES[name].module}").FAMILY
    return family
