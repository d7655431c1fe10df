"""Equivalence within two limits: against the exact integral, and against a naive simulation with looks."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from tests.against.test_naive import FLAT, NAIVE_TRIALS, TRIALS, Case, compare_cell, compare_share, text_of
from tests.support import naive
from tests.support.exact import equivalence_power, outside_power, t_power
from tests.support.harness import Comparison, TooFarApart, run, scenario_text
from tests.support.naive import Trial

SD = 3.0  # within patients
LIMITS = (-2.5, 2.0)
EFFECTS = {"none": 0.0, "some": 1.0, "at the limit": 2.0, "at the lower limit": -2.5, "beyond": 3.5}


@dataclasses.dataclass(frozen=True)
class Exact:
    """A closed design: the factors of sigma^2 in the variance of the estimate, and its df."""

    sequences: tuple[str, ...]
    method: str
    groups: tuple[int, ...]  # patients of each sequence
    factor: float  # b: the variance is b sum(1 / n_j) sigma^2
    df: int
    more: dict[str, Any] = dataclasses.field(default_factory=dict)


# Factors and df: Jones and Kenward 2014, and Patterson and Jones 2017 for the replicate designs.
DESIGNS = {
    "2x2": Exact(("A B", "B A"), "hills-armitage", (7, 7), 1 / 2, 12),
    "2x2 of few": Exact(("A B", "B A"), "hills-armitage", (3, 3), 1 / 2, 4),
    "2x2, one sequence twice as large": Exact(("A B", "B A"), "hills-armitage", (10, 5), 1 / 2, 13),
    "2x2, by least squares": Exact(("A B", "B A"), "fixed-subject", (7, 7), 1 / 2, 12),
    "2x2x4": Exact(("A B A B", "B A B A"), "fixed-subject", (5, 5), 1 / 4, 3 * 10 - 4),
    "2x2x4, own contrasts": Exact(("A B A B", "B A B A"), "subject-contrast", (5, 5), 1 / 4, 10 - 2),
    "3x6x3, all treatments": Exact(
        ("A B C", "B C A", "C A B", "A C B", "B A C", "C B A"), "fixed-subject", (2,) * 6, 1 / 18, 2 * 12 - 4
    ),
    "paired": Exact(("A B", "B A"), "paired-t", (7, 7), 1 / 2, 13),
    "parallel": Exact(("A", "B"), "period-one", (14, 14), 1.0, 26),
}


def exact_text(case: Exact, limits: tuple[float, float] = LIMITS, **analysis: Any) -> str:
    """A design with a hypothesis for each effect."""
    unit = math.gcd(*case.groups)
    between = 0.0 if case.method == "period-one" else 4.0
    treatments = sorted({a for sequence in case.sequences for a in sequence.split()})
    hypotheses = {
        name: {"means": dict.fromkeys(treatments, 0.0) | {"A": x}, "sd_within": SD, "sd_between": between}
        for name, x in EFFECTS.items()
    }
    about = {"method": case.method, "alternative": "equivalence", "limits": limits, "contrast": ["A", "B"]}
    return scenario_text(
        case.sequences,
        sum(case.groups),
        hypotheses=hypotheses,
        analyses=[about | analysis],
        allocation=[n // unit for n in case.groups],
        **case.more,
    )


def against_exact(case: Exact, told: tuple[float, float] = LIMITS, **analysis: Any) -> Comparison:
    """Of the package under every effect beside exact powers; `told`: the limits of these."""
    cells = run(exact_text(case, **analysis), TRIALS)
    comparison = Comparison()
    se = SD * math.sqrt(case.factor * sum(1 / n for n in case.groups))
    alpha = analysis.get("alpha", 0.05)
    for name, effect in EFFECTS.items():
        cell = cells(hypothesis=name)
        power = equivalence_power(*told, effect, se, case.df, alpha)
        different = outside_power(*told, effect, se, case.df, alpha)
        comparison.probability(f"{name}: power", cell["power"], TRIALS, power)
        comparison.probability(f"{name}: not equivalent", cell["not_equivalent"], TRIALS, 1 - power)
        comparison.probability(f"{name}: different", cell["shown_different"], TRIALS, different)
        covered = cell["estimate"]["coverage"]
        comparison.probability(f"{name}: coverage", covered, TRIALS, 1 - 2 * alpha)
        assert cell["equivalent"] == cell["power"]
        assert cell["estimate"]["wrong_sign"] is None
        assert cell["is_null"] == (not LIMITS[0] < effect < LIMITS[1])
        assert (cell["limits"], cell["undefined"]["estimate"]) == (list(LIMITS), 0.0)
    return comparison


@pytest.mark.parametrize("name", DESIGNS)
def test_power_is_the_exact_integral(name: str) -> None:
    comparison = against_exact(DESIGNS[name])
    comparison.title = name
    comparison.check()


def test_another_level() -> None:
    against_exact(DESIGNS["2x2"], alpha=0.01).check()


def test_other_limits_are_seen() -> None:
    """Negative control."""
    with pytest.raises(TooFarApart):
        against_exact(DESIGNS["2x2"], told=(-2.5, 2.05)).check()


def test_one_sided_tests_are_seen_to_be_others() -> None:
    """Negative control: of two one-sided tests the one at the nearer limit is no test of equivalence."""
    case, comparison = DESIGNS["2x2"], Comparison()
    cell = run(exact_text(case), TRIALS)(hypothesis="some")
    se = SD * math.sqrt(case.factor * sum(1 / n for n in case.groups))
    comparison.probability(
        "power", cell["power"], TRIALS, t_power((2.0 - 1.0) / se, case.df, 0.05, "greater")
    )
    with pytest.raises(TooFarApart):
        comparison.check()


TWO = (("hills-armitage", "equivalence", 0.05), ("paired-t", "equivalence", 0.1))
CASES = {
    "plain": Case(Trial(("AB", "BA"), 12, {"A": 0.5, "B": 0.0}, **FLAT), TWO),
    "dropout, looks, futility": Case(
        Trial(("AB", "BA"), 24, {"A": 0.5, "B": 0.0}, **FLAT, leave=(0.2,), sequence_effect=(1, -1)),
        (*TWO, ("subject-contrast", "equivalence", 0.05), ("period-one", "equivalence", 0.05)),
        looks=(8, 16, 24),
        efficacy={"rule": "pocock-spending"},
        futility={"rule": "z", "z": [-1.0, 0.0]},
    ),
    "unequal variances, different at looks": Case(
        Trial(("AB", "BA"), 20, {"A": 4.0, "B": 0.0}, {"A": 3.5, "B": 1.0}, 2.0, interaction=1.0),
        TWO,
        looks=(10, 20),
        efficacy={"rule": "obrien-fleming-spending"},
    ),
    "unbalanced, a period effect, looks within blocks": Case(
        Trial(
            ("AB", "BA"),
            18,
            {"A": 1.0, "B": 0.0},
            **FLAT,
            allocation=(2, 1),
            block=3,
            period_effect=(1.0, 0.0),
            leave=(0.1,),
        ),
        TWO,
        looks=(7, 18),
        efficacy={"rule": "pocock"},
    ),
    "four periods": Case(
        Trial(("ABAB", "BABA"), 10, {"A": 1.0, "B": 0.0}, **FLAT, leave=(0.1, 0.1, 0.1)),
        (("subject-contrast", "equivalence", 0.05), ("paired-t", "equivalence", 0.05)),
    ),
    "few whole points": Case(
        Trial(("AB", "BA"), 6, {"A": 0.6, "B": 0.0}, {"A": 0.3, "B": 0.2}, 0.1, low=-3.0, high=3.0, step=1.0),
        TWO,
    ),
}
WITHIN = (-3.0, 2.5)


def compare(case: Case, limits: tuple[float, float] = WITHIN, other: Trial | None = None) -> Comparison:
    """The package beside the naive simulation with these limits, or of another trial."""
    stated = f'alternative = "equivalence"\nlimits = {list(WITHIN)}'
    cells = run(text_of(case).replace('alternative = "equivalence"', stated), TRIALS)
    comparison = Comparison()
    for method, _, alpha in case.analyses:
        name = f"{method} equivalence"
        cell = cells(analysis=name)
        looks = cell["looks"]
        test = naive.Test(
            method=method,
            looks=tuple(look["patients"] for look in looks),
            efficacy=tuple(look["efficacy_z"] for look in looks),
            futility=tuple(look["futility_z"] for look in looks),
            alpha=alpha,
            truth=cell["true_effect"],
            limits=limits,
        )
        found = naive.carry_out(other or case.trial, test, NAIVE_TRIALS, 7)
        compare_share(comparison, f"{name}: different", cell["shown_different"], found.below)
        compare_share(comparison, f"{name}: not equivalent", cell["not_equivalent"], ~found.above)
        found.below = np.zeros_like(found.below)  # no efficacy
        compare_cell(comparison, name, cell, test, found)
    return comparison


@pytest.mark.parametrize("name", CASES)
def test_cell_by_cell(name: str) -> None:
    comparison = compare(CASES[name])
    comparison.title = name
    comparison.check()


def test_the_cases_see_every_way_to_end() -> None:
    """Trials are shown to be different, stop for futility, and have no test."""
    ways = {"shown_different": 0.0, "undefined": 0.0, "futility": 0.0, "early": 0.0}
    for case in CASES.values():
        stated = f'alternative = "equivalence"\nlimits = {list(WITHIN)}'
        for cell in run(text_of(case).replace('alternative = "equivalence"', stated), 4_096).cells:
            ways["shown_different"] = max(ways["shown_different"], cell["shown_different"]["estimate"])
            ways["undefined"] = max(ways["undefined"], cell["undefined"]["estimate"])
            ways["futility"] = max(ways["futility"], *(x["futility"]["estimate"] for x in cell["looks"]))
            early = [0.0, *(x["efficacy"]["estimate"] for x in cell["looks"][:-1])]
            ways["early"] = max(ways["early"], *early)
    assert all(share > 0.02 for share in ways.values()), ways


@pytest.mark.parametrize("name", ["plain", "dropout, looks, futility"])
def test_other_limits_are_seen_by_the_naive_twin(name: str) -> None:
    """Negative control: the naive trial has limits that are a little wider."""
    with pytest.raises(TooFarApart):
        compare(CASES[name], limits=(-3.0, 2.65)).check()
