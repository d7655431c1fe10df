"""Power of t tests in designs of several treatments, periods or arms: noncentral t, variances v sigma^2 / N.

The factors v are those of R (`numbers/variance_factors.json`), the law is scipy's; closed forms of the
package and its simulation are held to both.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

import pytest

from planner.questions.exact import theory
from planner.questions.size.size import size
from planner.scenario.reading.read import read_text
from tests.support.exact import t_power
from tests.support.harness import Comparison, TooFarApart, run, scenario_text
from tests.support.paths import NUMBERS

FACTORS = json.loads((NUMBERS / "variance_factors.json").read_text())["designs"]
SHORT_OR_LONG = pytest.mark.parametrize(
    "trials", [pytest.param(100_000, id="1e5"), pytest.param(1_000_000, marks=pytest.mark.long, id="1e6")]
)
WITHIN, BETWEEN = 2.0, 1.5
SIX = ("A B C", "A C B", "B A C", "B C A", "C A B", "C B A")
FOUR = ("A B D C", "B C A D", "C D B A", "D A C B")


@dataclass(frozen=True)
class Case:
    """A test, and how the variance of its estimate and its df depend on the number of patients."""

    sequences: tuple[str, ...]
    method: str
    factor: float  # v of v sigma^2 / patients, sigma the SD within patients unless `between`
    lost: int  # df are patients x `gained` - lost
    gained: float = 1.0
    contrast: dict[str, float] = field(default_factory=lambda: {"A": 1.0, "B": -1.0})
    patients: tuple[int, ...] = (12, 24)
    design: dict[str, Any] = field(default_factory=dict)
    between: bool = False

    def power(self, n: int, effect: float, alternative: str = "two-sided") -> float:
        variance = WITHIN**2 + (BETWEEN**2 if self.between else 0.0)
        se = math.sqrt(self.factor * variance / n)
        return t_power(effect / se, n * self.gained - self.lost, 0.05, alternative)


INTERACTION = {"A": 1.0, "B": -1.0, "C": -1.0, "D": 1.0}
CASES = {
    "Williams square of 3": Case(SIX, "subject-contrast", 2.0, 6),
    "Williams square of 3, least squares": Case(SIX, "fixed-subject", 2.0, 4, 2.0),
    "Williams square of 4": Case(FOUR, "subject-contrast", 2.0, 4),
    "its interaction": Case(FOUR, "subject-contrast", 4.0, 4, contrast=INTERACTION),
    "its interaction, least squares": Case(FOUR, "fixed-subject", 4.0, 6, 3.0, contrast=INTERACTION),
    "ABB/BAA": Case(("A B B", "B A A"), "subject-contrast", 1.5, 2),
    "ABB/BAA, least squares": Case(("A B B", "B A A"), "fixed-subject", 1.5, 3, 2.0),
    "ABBA/BAAB": Case(("A B B A", "B A A B"), "subject-contrast", 1.0, 2),
    "two to one": Case(
        ("A B C", "B C A", "C A B"),
        "subject-contrast",
        2.0 * 4 * (1 / 2 + 1 + 1) / 9,
        3,
        design={"allocation": [2, 1, 1]},
    ),
    "two trials in one": Case(
        ("A B", "B A", "C D", "D C"), "subject-contrast", 4.0, 2, 0.5, patients=(16, 32)
    ),
    "incomplete blocks": Case(("A B", "A C", "B A", "B C", "C A", "C B"), "fixed-subject", 4.0, 3),
    "Balaam": Case(("A A", "B B", "A B", "B A"), "fixed-subject", 4.0, 2),
    "parallel": Case(("A", "B"), "period-one", 4.0, 2, between=True),
    "parallel, three arms": Case(("A", "B", "C"), "period-one", 6.0, 2, 2 / 3, between=True),
    "parallel, a mean of two arms": Case(
        ("A", "B", "C"),
        "period-one",
        4.5,
        3,
        contrast={"A": 1.0, "B": -0.5, "C": -0.5},
        between=True,
    ),
    "the first period": Case(SIX, "period-one", 6.0, 2, 2 / 3, between=True),
}


def of(case: Case, effect: float, alternative: str = "two-sided", **rest: Any) -> str:
    """The scenario: A is better by the effect over its weight, so that the contrast is the effect."""
    letters = sorted({a for s in case.sequences for a in s.split()})
    means = {a: 3.0 + (effect / case.contrast["A"] if a == "A" else 0.0) for a in letters}
    hypothesis = {"means": means, "sd_within": WITHIN, "sd_between": BETWEEN}
    periods = len(case.sequences[0].split())
    settings = {
        "patients": max(case.patients),
        "hypotheses": {"h": hypothesis},
        "analyses": [{"method": case.method, "contrast": case.contrast, "alternative": alternative}],
        "population": {"period_effect": [0.0, 5.0, -2.0, 1.0][:periods]},
    }
    return scenario_text(case.sequences, **(settings | case.design | rest))


@pytest.mark.parametrize("name", CASES)
def test_factors_are_those_of_r(name: str) -> None:
    """Where R has the design, the v of this table is R's."""
    case = CASES[name]
    words = sorted(s.replace(" ", "") for s in case.sequences)
    found = [row["fixed_subject"] for row in FACTORS.values() if sorted(row["sequences"]) == words]
    if found and not case.between and not case.design and len(case.contrast) == 2:
        assert case.factor == pytest.approx(found[0]["B-A"])


def test_most_factors_are_checked() -> None:
    known = {tuple(sorted(row["sequences"])) for row in FACTORS.values()}
    ours = {tuple(sorted(s.replace(" ", "") for s in case.sequences)) for case in CASES.values()}
    assert len(known & ours) >= 6


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("name", CASES)
def test_closed_forms(name: str, alternative: str) -> None:
    case = CASES[name]
    for effect in (0.0, 1.6):
        plan = read_text(of(case, effect, alternative))
        found = theory.power(plan, "h", plan.analyses[0], case.patients)
        expected = [case.power(n, effect, alternative) for n in case.patients]
        assert found == pytest.approx(expected, abs=1e-9)


@SHORT_OR_LONG
@pytest.mark.parametrize("name", CASES)
def test_simulated_power(name: str, trials: int) -> None:
    case = CASES[name]
    effect = 3.0 if case.between else 2.0
    cells = run(of(case, effect), trials, patients=case.patients)
    null = run(of(case, 0.0), trials, patients=case.patients[:1])
    with Comparison(title=name) as comparison:
        for n in case.patients:
            cell = cells(patients=n)
            comparison.probability(f"power {n}", cell["power"], trials, case.power(n, effect))
            shown = cell["estimate"]
            comparison.mean(f"estimate {n}", shown["mean"], shown["mean_mcse"], effect)
        comparison.probability("type I error", null(is_null=True)["power"], trials, 0.05)


def test_a_wrong_variance_is_seen() -> None:
    case = CASES["incomplete blocks"]
    cells = run(of(case, 2.0), 100_000, patients=case.patients)
    wrong = Comparison(title="as if complete")
    complete = Case(case.sequences, case.method, 2.0, case.lost)
    wrong.probability("power", cells(patients=24)["power"], cells.trials, complete.power(24, 2.0))
    with pytest.raises(TooFarApart):
        wrong.check()


@pytest.mark.parametrize(
    ("method", "sequences", "hypothesis"),
    [
        ("subject-contrast", ("A B B", "B A A"), {"sd_within": {"A": 3.0, "B": 2.0}, "sd_between": 1.0}),
        ("fixed-subject", SIX, {"sd_within": {"A": 3.0, "*": 2.0}, "sd_between": 1.0}),
        ("fixed-subject", SIX, {"sd_within": 2.0, "sd_between": 1.0, "sd_interaction": 1.0}),
        ("fixed-subject", SIX, {"sd_within": 2.0, "sd_between": 1.0, "carryover": {"A": 1.0}}),
        ("period-one", ("A", "B", "C"), {"sd_within": {"A": 3.0, "*": 2.0}, "sd_between": 1.0}),
        ("welch", SIX, {"sd_within": 2.0, "sd_between": 1.0}),
    ],
)
def test_no_closed_form_is_claimed(
    method: str, sequences: tuple[str, ...], hypothesis: dict[str, Any]
) -> None:
    means = {a: 1.0 for a in "ABC" if any(a in s for s in sequences)}
    text = scenario_text(
        sequences,
        hypotheses={"h": {"means": means, **hypothesis}},
        analyses=[{"method": method, "contrast": ["A", "B"]}],
    )
    plan = read_text(text)
    assert theory.power(plan, "h", plan.analyses[0], [12]) is None


def test_unequal_spread_needs_own_contrasts() -> None:
    """One treatment spreads three times as wide: a pooled residual variance is too small for some contrasts
    and too large for others; each patient's own contrast holds the level.
    """
    hypothesis = {
        "means": {"A": 1.0, "B": 1.0, "C": 1.0},
        "sd_within": {"A": 6.0, "*": 1.0},
        "sd_between": 2.0,
    }
    analyses = [
        {"name": f"{method} {a}{b}", "method": method, "contrast": [a, b]}
        for method in ("subject-contrast", "fixed-subject")
        for a, b in ("AB", "BC")
    ]
    cells = run(scenario_text(SIX, 24, hypotheses={"h": hypothesis}, analyses=analyses), 100_000)
    with Comparison(title="own contrasts") as comparison:
        for pair in ("AB", "BC"):
            cell = cells(analysis=f"subject-contrast {pair}")
            comparison.probability(pair, cell["power"], cells.trials, 0.05)
    assert cells(analysis="fixed-subject AB")["power"]["estimate"] > 0.075
    assert cells(analysis="fixed-subject BC")["power"]["estimate"] < 0.01


def test_sizes_are_settled_by_the_closed_form() -> None:
    """The smallest number of patients from which power stays at the target, without Monte Carlo error."""
    for name, effect in (("Williams square of 4", 1.7), ("incomplete blocks", 1.8), ("parallel", 2.5)):
        case = CASES[name]
        answer = size(read_text(of(case, effect)), power=[0.8], trials=2_000).to_json()["answers"][0]
        unit = len(case.sequences)
        numbers = range(2 * unit, 400, unit)
        expected = next(n for n in numbers if case.power(n, effect) >= 0.8)
        assert answer["exact"]
        assert answer["patients"] == expected
        assert answer["exact_power"] == pytest.approx(case.power(expected, effect), abs=1e-9)
