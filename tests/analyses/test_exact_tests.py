"""Fisher's test, Prescott's and Mainland and Gart's: every table, exact power, looks, and what they guard.

`numbers/crossover_rejections.json` holds the rejection probabilities of complete enumeration in R.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.analyses import statistic
from planner.kernels.tables import DF, ESTIMATE, SE, STATISTICS, Contrast, Floats, T, W
from planner.model.contrast_tables import SIDES
from planner.monitoring.p_values import p_value
from planner.monitoring.references import REFERENCES
from tests.support.harness import Comparison, TooFarApart, run, scenario_text
from tests.support.paths import NUMBERS

REJECTIONS = json.loads((NUMBERS / "crossover_rejections.json").read_text())["responses"]
COLUMN = {"prescott": "prescott_exact", "mainland-gart": "mg_fisher"}


def through_the_kernel(method: str, responses: Floats, order: Sequence[int], direction: str) -> Floats:
    """Rows ESTIMATE .. COMPLETERS of many trials at once: responses f64[trial, patient, period]."""
    trials, patients, periods = responses.shape
    tiles = -(-trials // W)
    laid = np.zeros((tiles * W, patients, periods))
    laid[:trials] = responses
    values = laid.reshape(tiles, W, patients, periods).transpose(0, 2, 3, 1)
    values = np.ascontiguousarray(values).reshape(tiles, patients, 1, 1, periods * W)
    sequence = np.tile(np.array(order, np.int64), (tiles, 1))
    contrast = Contrast(
        weight=np.array([[1.0, -1.0], [-1.0, 1.0]])[:, :periods],
        share=np.array([0.5, 0.5]),
        treatment=np.array([[0, 1], [1, 0]])[:, :periods],
        effect=np.array([1.0, -1.0]),
        sides=SIDES[direction],
        baseline=-1,
    )
    stat = np.empty((1, tiles, STATISTICS * W))
    statistic(method)(values, 0, 0, sequence, contrast, 0.0, np.array([patients]), stat)
    return stat[0].reshape(tiles, STATISTICS, W).transpose(0, 2, 1).reshape(-1, STATISTICS)[:trials]


def p_of(rows: Floats, direction: str) -> Floats:
    return np.array([p_value("exact-p", row[T], row[DF], direction) for row in rows])


# --- Every table ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n1", "n2"), [(5, 7), (12, 12), (1, 9), (40, 15)])
def test_fisher(n1: int, n2: int) -> None:
    """All tables of a size, against SciPy; the estimate is the difference of the shares."""
    tables = list(product(range(n1 + 1), range(n2 + 1)))
    responses = np.zeros((len(tables), n1 + n2, 1))
    for i, (x, y) in enumerate(tables):
        responses[i, :x] = 1.0
        responses[i, n1 : n1 + y] = 1.0
    for direction in SIDES:
        rows = through_the_kernel("fisher", responses, [0] * n1 + [1] * n2, direction)
        expected = [
            stats.fisher_exact([[x, n1 - x], [y, n2 - y]], alternative=direction).pvalue for x, y in tables
        ]
        assert p_of(rows, direction) == pytest.approx(expected, rel=1e-9)
        shares = np.array([(x / n1, y / n2) for x, y in tables])
        spread = (shares * (1 - shares) / [n1, n2]).sum(axis=1)
        assert rows[:, ESTIMATE] == pytest.approx(shares[:, 0] - shares[:, 1], abs=1e-12)
        assert rows[:, SE] == pytest.approx(np.sqrt(spread), abs=1e-12)
        if direction == "two-sided":
            assert (np.sign(rows[:, T]) >= np.sign(rows[:, ESTIMATE])).all()


def preferences(n: int) -> list[tuple[int, int]]:
    """(patients who prefer the first period, the second) of n."""
    return [(a, c) for a in range(n + 1) for c in range(n + 1 - a)]


@cache
def every_trial(n1: int, n2: int) -> tuple[list[tuple[tuple[int, int], tuple[int, int]]], Floats]:
    tables = list(product(preferences(n1), preferences(n2)))
    responses = np.zeros((len(tables), n1 + n2, 2))
    for i, ((a, c), (b, d)) in enumerate(tables):
        responses[i, :a, 0] = responses[i, a : a + c, 1] = 1.0
        responses[i, n1 : n1 + b, 0] = responses[i, n1 + b : n1 + b + d, 1] = 1.0
    return tables, responses


def by_permutation(scores: Sequence[int], n1: int, seen: int) -> dict[str, float]:
    """P values of the total score of n1 patients drawn at random: each number of every score counted."""
    plus, minus = scores.count(1), scores.count(-1)
    zero = len(scores) - plus - minus
    law: dict[int, int] = {}
    for x in range(plus + 1):
        for y in range(minus + 1):
            if 0 <= n1 - x - y <= zero:
                ways = math.comb(plus, x) * math.comb(minus, y) * math.comb(zero, n1 - x - y)
                law[x - y] = law.get(x - y, 0) + ways
    total = sum(law.values())
    mean = (plus - minus) * n1 / len(scores)
    return {
        "two-sided": sum(w for s, w in law.items() if abs(s - mean) >= abs(seen - mean) - 1e-9) / total,
        "greater": sum(w for s, w in law.items() if s >= seen) / total,
        "less": sum(w for s, w in law.items() if s <= seen) / total,
    }


@pytest.mark.parametrize(("n1", "n2"), [(4, 4), (5, 3)])
@pytest.mark.parametrize("method", COLUMN)
def test_tests_of_preferences(method: str, n1: int, n2: int) -> None:
    """All trials of a size, against sums of whole numbers and against SciPy."""
    tables, responses = every_trial(n1, n2)
    for direction in SIDES:
        rows = through_the_kernel(method, responses, [0] * n1 + [1] * n2, direction)
        found = p_of(rows, direction)
        for i, ((a, c), (b, d)) in enumerate(tables):
            if method == "prescott":
                scores = [1] * (a + b) + [-1] * (c + d) + [0] * (n1 + n2 - a - b - c - d)
                expected = by_permutation(scores, n1, a - c)[direction]
            else:
                expected = 1.0
                if a + c and b + d:
                    expected = stats.fisher_exact([[a, c], [b, d]], alternative=direction).pvalue
            assert found[i] == pytest.approx(expected, rel=1e-9), (a, c, b, d)


def test_large_trials() -> None:
    """Nothing overflows: thousands of patients, groups as unequal as can be, extreme tables."""
    for n1, n2, x, y in ((3000, 3000, 1500, 1390), (4990, 10, 2000, 10), (700, 700, 700, 0), (5, 1400, 5, 3)):
        responses = np.zeros((1, n1 + n2, 1))
        responses[0, :x] = 1.0
        responses[0, n1 : n1 + y] = 1.0
        row = through_the_kernel("fisher", responses, [0] * n1 + [1] * n2, "greater")[0]
        expected = stats.hypergeom.sf(x - 1, n1 + n2, x + y, n1)
        assert p_value("exact-p", row[T], row[DF], "greater") == pytest.approx(expected, rel=1e-7, abs=1e-290)


# --- Power ------------------------------------------------------------------------------------------------


def trinomial(n: int, first: float, second: float) -> dict[tuple[int, int], float]:
    """Chance of (prefer the first period, prefer the second) of n patients with independent responses."""
    a, c = first * (1 - second), second * (1 - first)
    law = stats.multinomial(n, [a, c, 1 - a - c])
    return {(x, y): float(law.pmf([x, y, n - x - y])) for x, y in preferences(n)}


@pytest.mark.parametrize("row", REJECTIONS, ids=lambda r: f"{r['scenario']} {r['n1']}+{r['n2']}")
def test_rejections_of_r(row: dict[str, Any]) -> None:
    n1, n2 = row["n1"], row["n2"]
    tables, responses = every_trial(n1, n2)
    ab, ba = trinomial(n1, row["pA1"], row["pB2"]), trinomial(n2, row["pB1"], row["pA2"])
    chance = np.array([ab[first] * ba[second] for first, second in tables])
    z = float(stats.norm.isf(row["alpha"] / 2))
    limit = REFERENCES["exact-p"].at_least(z, np.array([math.inf]))[0]
    for method, column in COLUMN.items():
        rows = through_the_kernel(method, responses, [0] * n1 + [1] * n2, "two-sided")
        rejected = (rows[:, DF] > 0) & (np.abs(rows[:, T]) >= limit)
        assert math.fsum(chance[rejected]) == pytest.approx(row[column], abs=1e-10)


def test_a_level_that_is_attained_rejects() -> None:
    """3 against none of 3 and 3: p is exactly .1, or .05 on one side."""
    responses = np.zeros((1, 6, 1))
    responses[0, :3] = 1.0
    for direction, level in (("two-sided", 0.1), ("greater", 0.05)):
        t = through_the_kernel("fisher", responses, [0] * 3 + [1] * 3, direction)[0, T]
        tail = level / 2 if direction == "two-sided" else level
        at_least = REFERENCES["exact-p"].at_least
        assert t >= at_least(float(stats.norm.isf(tail)), np.array([math.inf]))[0]
        assert t < at_least(float(stats.norm.isf(tail * (1 - 1e-6))), np.array([math.inf]))[0]


def fisher_power(n1: int, n2: int, a: float, b: float, alpha: float) -> float:
    """By enumeration; two-sided."""
    x, y = stats.binom.pmf(range(n1 + 1), n1, a), stats.binom.pmf(range(n2 + 1), n2, b)
    return math.fsum(
        x[i] * y[j]
        for i, j in product(range(n1 + 1), range(n2 + 1))
        if stats.fisher_exact([[i, n1 - i], [j, n2 - j]]).pvalue <= alpha * (1 + 1e-9)
    )


def rates(a: float, b: float, correlation: float = 0.0) -> dict[str, Any]:
    return {"family": "rates", "rates": {"A": a, "B": b}, "correlation": correlation}


def test_simulated_power_of_fisher() -> None:
    trials, sizes = 100_000, (16, 24, 40)
    text = scenario_text(
        ("A", "B"),
        24,
        hypotheses={"effect": rates(0.75, 0.3), "none": rates(0.4, 0.4)},
    )
    cells = run(text, trials, patients=sizes)
    with Comparison(title="Fisher's test, by enumeration") as comparison:
        for n in sizes:
            for name, (a, b) in {"effect": (0.75, 0.3), "none": (0.4, 0.4)}.items():
                expected = fisher_power(n // 2, n // 2, a, b, 0.05)
                cell = cells(hypothesis=name, patients=n)
                assert cell["analysis"] == "fisher"
                comparison.probability(f"{name} {n}", cell["power"], trials, expected)
    wrong = Comparison(title="as if it were one-sided")
    cell = cells(hypothesis="effect", patients=24)
    wrong.probability("24", cell["power"], trials, fisher_power(12, 12, 0.75, 0.3, 0.1))
    with pytest.raises(TooFarApart):
        wrong.check()


def test_simulated_rejections_of_r() -> None:
    """A row of R's enumeration with a true effect, one with a period effect and none, through a whole run."""
    trials = 100_000
    effect = next(r for r in REJECTIONS if r["scenario"] == "moderate" and r["n1"] == 8)
    null = next(r for r in REJECTIONS if r["scenario"] == "null_with_period_effect" and r["n1"] == 6)
    analyses = [{"method": method} for method in COLUMN]
    shift = float(stats.norm.ppf(0.2) - stats.norm.ppf(0.7))
    with Comparison(title="tests of preferences") as comparison:
        for row, hypothesis, population in (
            (effect, rates(0.6, 0.3), None),
            (null, rates(0.7, 0.7), {"period_effect": [0.0, shift]}),
        ):
            n = row["n1"] + row["n2"]
            text = scenario_text(
                patients=n,
                block=n // 2,
                hypotheses={"h": hypothesis},
                analyses=analyses,
                population=population,
            )
            cells = run(text, trials)
            for method, column in COLUMN.items():
                what = f"{method}, {row['scenario']}"
                comparison.probability(what, cells(analysis=method)["power"], trials, row[column])


def levels(cells: Any, methods: Iterable[str]) -> dict[str, tuple[float, float]]:
    found = {method: cells(analysis=method) for method in methods}
    return {m: (c["power"]["estimate"], c["power"]["mcse"]) for m, c in found.items()}


def test_a_period_effect_breaks_mcnemar_not_these() -> None:
    """14 and 7 patients in the two sequences, many more responders in the first period."""
    methods = ("prescott", "mainland-gart", "mcnemar-mid-p")
    text = scenario_text(
        patients=21,
        allocation=[2, 1],
        hypotheses={"null": rates(0.7, 0.7)},
        population={"period_effect": [0.0, -1.4]},
        analyses=[{"method": method} for method in methods],
    )
    found = levels(run(text, 100_000), methods)
    assert found["prescott"][0] <= 0.05 + 4 * found["prescott"][1]
    assert found["mainland-gart"][0] <= 0.05 + 4 * found["mainland-gart"][1]
    assert found["mcnemar-mid-p"][0] > 0.08


def test_looks_hold_the_level() -> None:
    """At each look the p value is held to the level of the look: in all at most alpha by Bonferroni."""
    methods = ("prescott", "mainland-gart", "fisher")
    text = scenario_text(
        patients=48,
        looks=[24, 48],
        efficacy={"rule": "user-spending", "spent": [0.02, 0.05]},
        hypotheses={"null": rates(0.5, 0.5, 0.3)},
        population={"dropout": {"per_period": 0.1}},
        analyses=[{"method": m, "alternative": "greater" if m == "fisher" else "two-sided"} for m in methods],
    )
    cells = run(text, 100_000)
    for method, (estimate, mcse) in levels(cells, methods).items():
        first = cells(analysis=method)["looks"][0]["efficacy"]
        assert first["estimate"] <= 0.02 + 4 * first["mcse"]
        assert 0.0 < estimate <= 0.05 + 4 * mcse
