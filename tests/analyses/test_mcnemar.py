"""McNemar's tests: p values of R, power by complete enumeration, ties at the level, two looks.

`numbers/mcnemar.json` holds R's p values for six sets of responses, and 117 rows of exact power.
"""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.analyses import info
from planner.monitoring.p_values import p_value
from planner.monitoring.references import REFERENCES, df_columns
from tests.support.analysed_sets import analyse
from tests.support.harness import Cells, Comparison, TooFarApart, run, scenario_text
from tests.support.paths import NUMBERS

DATA: dict[str, Any] = json.loads((NUMBERS / "mcnemar.json").read_text())
POWER = [dict(zip(DATA["columns"], row, strict=True)) for row in DATA["power"]]
COLUMN = {"mcnemar-exact": "exact", "mcnemar-mid-p": "midp", "mcnemar-asymptotic": "asym"}
SIDES = {"2": "two-sided", "1": "greater"}
EXACT = ("mcnemar-exact", "mcnemar-mid-p")


@cache
def tails(method: str, b: int, c: int) -> tuple[float, float]:
    """(upper, lower) p value of b against c discordant patients, by scipy."""
    m = b + c
    if m == 0:
        return 1.0, 1.0
    if method == "mcnemar-asymptotic":
        z = (b - c) / math.sqrt(m)
        return float(stats.norm.sf(z)), float(stats.norm.cdf(z))
    half = 0.5 * stats.binom.pmf(b, m, 0.5) if method == "mcnemar-mid-p" else 0.0
    return float(stats.binom.sf(b - 1, m, 0.5) - half), float(stats.binom.cdf(b, m, 0.5) - half)


# --- Data ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", COLUMN)
@pytest.mark.parametrize("name", DATA["sets"])
def test_data_sets(name: str, method: str) -> None:
    given = DATA["sets"][name]
    answer = analyse(method, given["rows"], lane=53)
    table = given["table"]
    b, c, n = table["A_only"], table["B_only"], sum(table.values())
    assert answer.completers == n
    assert answer.estimate == pytest.approx((b - c) / n, abs=1e-15)
    assert answer.se == pytest.approx(math.sqrt(b + c - (b - c) ** 2 / n) / n, rel=1e-12)
    reference = info(method).reference
    for direction, key in (("two-sided", "p"), ("greater", "p_greater"), ("less", "p_less")):
        p = p_value(reference, answer.stat, answer.df, direction)
        if b + c == 0:  # nobody differs: no evidence, whatever the formula; R divides by 0 or halves
            assert p == (0.5 if method == "mcnemar-asymptotic" and direction != "two-sided" else 1.0)
        else:
            assert p == pytest.approx(given["p"][method][key], rel=1e-12)


def test_published_p_values() -> None:
    """7 patients against none: .015625; 5 against none: .0625."""
    assert p_value("binomial", 7.0, 8.0, "two-sided") == 2 / 2**7 == 0.015625
    assert p_value("binomial", 5.0, 6.0, "two-sided") == 2 / 2**5 == 0.0625
    assert p_value("binomial-mid", 7.0, 8.0, "two-sided") == 0.0078125


# --- Limits -----------------------------------------------------------------------------------------------


def limits(method: str, level: float, most: int = 40) -> tuple[Any, Any]:
    """The smallest b - c that is significant at a one-sided level, the largest that is not; by b + c."""
    reference = REFERENCES[info(method).reference]
    z = float(stats.norm.isf(level))
    df = df_columns(most + 1)[1:]
    return reference.at_least(z, df)[:-1], reference.at_most(z, df)[:-1]


@pytest.mark.parametrize("level", [0.025, 0.05, 0.005, 0.0004, 0.1, 0.3, 0.45])
@pytest.mark.parametrize("method", EXACT)
def test_limits_are_the_test_itself(method: str, level: float) -> None:
    """Every table of up to 40 discordant patients: at or above the limit exactly where p <= level."""
    upper, inner = limits(method, level)
    for m in range(41):
        for b in range(m + 1):
            p = tails(method, b, m - b)[0] if m else 1.0
            assert (2 * b - m >= upper[m]) == (p <= level * (1 + 1e-8)), (m, b)
            if m:
                assert (2 * b - m <= inner[m]) == (p >= level * (1 - 1e-8)), (m, b)


@pytest.mark.parametrize("m", [1, 3, 5, 7, 12, 20, 40])
@pytest.mark.parametrize("method", EXACT)
def test_a_level_that_is_attained_rejects(method: str, m: int) -> None:
    """Level equal to an attainable p: that table rejects; a level 1e-6 lower takes the next one."""
    for b in range(m // 2 + 1, m + 1):
        p = tails(method, b, m - b)[0]
        if p >= 0.5:
            continue
        assert limits(method, p)[0][m] == 2 * b - m
        assert limits(method, p * (1 - 1e-6))[0][m] == (2 * b + 2 - m if b < m else math.inf)
        assert limits(method, p)[1][m] == 2 * b - m


def test_seven_against_none() -> None:
    """At a two-sided level of .015625 seven discordant patients suffice, if all are on one side."""
    upper, _ = limits("mcnemar-exact", 0.015625 / 2)
    assert upper[7] == 7
    assert upper[6] == math.inf
    below, _ = limits("mcnemar-exact", 0.0156 / 2)
    assert below[7] == math.inf


@pytest.mark.parametrize(
    ("method", "alpha", "n", "wins"),
    [("mcnemar-exact", 0.03125, 6, 6), ("mcnemar-exact", 0.0625, 5, 5), ("mcnemar-mid-p", 0.03125, 5, 5)],
)
def test_ties_through_the_simulation(method: str, alpha: float, n: int, wins: int) -> None:
    """Alpha equal to the smallest attainable p: all patients on one side reject."""
    text = scenario_text(
        patients=n,
        hypotheses={"h": {"rates": {"A": 1.0, "B": 0.2}, "discordant": {"A": 0.8, "B": 0.0}}},
        analyses=[
            {"name": "at", "method": method, "alpha": alpha},
            {"name": "below", "method": method, "alpha": alpha * (1 - 1e-6)},
        ],
    )
    cells = run(text, 100_000)
    with Comparison(title="ties") as comparison:
        comparison.probability("at the level", cells(analysis="at")["power"], cells.trials, 0.8**wins)
        comparison.probability("below it", cells(analysis="below")["power"], cells.trials, 0.0)


@pytest.mark.parametrize("m", [2, 4, 7, 9, 16])
def test_ties_of_the_normal_approximation(m: int) -> None:
    """Alpha equal to the p value of m against none."""
    alpha = 2 * tails("mcnemar-asymptotic", m, 0)[0]
    text = scenario_text(
        patients=m,
        hypotheses={"h": {"rates": {"A": 1.0, "B": 0.2}, "discordant": {"A": 0.8, "B": 0.0}}},
        analyses=[{"method": "mcnemar-asymptotic", "alpha": alpha}],
    )
    with Comparison(title="ties") as comparison:
        comparison.probability("at the level", run(text, 20_000).cells[0]["power"], 20_000, 0.8**m)


# --- Power ------------------------------------------------------------------------------------------------


def shares(p10: float, p01: float) -> dict[str, Any]:
    """A hypothesis with these discordant shares; half of the others respond to both."""
    both = (1.0 - p10 - p01) / 2
    return {"rates": {"A": p10 + both, "B": p01 + both}, "discordant": {"A": p10, "B": p01}}


def power_run(trials: int, sizes: list[int], correct: float = 1.0) -> Cells:
    """Every row of the table from one pass; `correct`: a factor on p10, for the control."""
    pairs = sorted({(row["p10"], row["p01"]) for row in POWER})
    alphas = sorted({row["alpha"] for row in POWER})
    text = scenario_text(
        patients=60,
        hypotheses={f"{a:g} {b:g}": shares(a * correct, b) for a, b in pairs},
        analyses=[
            {"name": f"{method} {side} {alpha:g}", "method": method, "alternative": side, "alpha": alpha}
            for method in COLUMN
            for side in SIDES.values()
            for alpha in alphas
        ],
    )
    return run(text, trials, patients=sizes)


def compare_power(cells: Cells, sizes: list[int]) -> Comparison:
    comparison = Comparison(title="power of McNemar's tests")
    for row in POWER:
        if row["n"] not in sizes:
            continue
        for method, column in COLUMN.items():
            for suffix, side in SIDES.items():
                cell = cells(
                    hypothesis=f"{row['p10']:g} {row['p01']:g}",
                    analysis=f"{method} {side} {row['alpha']:g}",
                    patients=row["n"],
                )
                what = f"{method}, n {row['n']}, {row['p10']} v {row['p01']}, {side} {row['alpha']}"
                comparison.probability(what, cell["power"], cells.trials, row[column + suffix])
    return comparison


def test_power() -> None:
    sizes = [6, 12, 24]
    comparison = compare_power(power_run(100_000, sizes), sizes)
    assert len(comparison.pairs) == 162
    comparison.check()


@pytest.mark.long
def test_power_of_every_row() -> None:
    sizes = sorted({row["n"] for row in POWER})
    comparison = compare_power(power_run(1_000_000, sizes), sizes)
    assert len(comparison.pairs) == 6 * 117
    comparison.check()


def test_wrong_shares_are_seen() -> None:
    """Negative control: 3 % more patients who respond to the first treatment only."""
    with pytest.raises(TooFarApart):
        compare_power(power_run(100_000, [24], correct=1.03), [24]).check()


# --- Two looks --------------------------------------------------------------------------------------------


@cache
def tables(n: int, p10: float, p01: float) -> list[tuple[int, int, float]]:
    """(b, c, probability) of n patients."""
    return [
        (b, c, float(stats.multinomial.pmf([b, c, n - b - c], n, [p10, p01, 1 - p10 - p01])))
        for b in range(n + 1)
        for c in range(n + 1 - b)
    ]


def two_looks(
    method: str, counts: tuple[int, int], p10: float, p01: float, levels: list[float], side: str
) -> tuple[float, float]:
    """(chance to stop at the first look, chance to reject at the second), by complete enumeration."""

    def rejects(b: int, c: int, level: float) -> bool:
        upper, lower = tails(method, b, c)
        return (upper <= level and side != "less") or (lower <= level and side != "greater")

    early = later = 0.0
    second = tables(counts[1] - counts[0], p10, p01)
    for b, c, p in tables(counts[0], p10, p01):
        if rejects(b, c, levels[0]):
            early += p
        else:
            later += p * sum(q for d, e, q in second if rejects(b + d, c + e, levels[1]))
    return early, later


@pytest.mark.parametrize(
    ("trials"), [pytest.param(100_000, id="1e5"), pytest.param(1_000_000, marks=pytest.mark.long, id="1e6")]
)
def test_two_looks(trials: int) -> None:
    cases = {"0.45 0.05": (0.45, 0.05), "0.25 0.25": (0.25, 0.25)}
    text = scenario_text(
        patients=18,
        hypotheses={name: shares(*pair) for name, pair in cases.items()},
        analyses=[
            {"name": f"{method} {side}", "method": method, "alternative": side, "alpha": alpha}
            for method in COLUMN
            for side, alpha in (("two-sided", 0.1), ("less", 0.05), ("greater", 0.05))
        ],
        looks=(10, 18),
        efficacy={"rule": "pocock"},
    )
    cells = run(text, trials)
    with Comparison(title="McNemar's tests, two looks") as comparison:
        for name, pair in cases.items():
            for method in COLUMN:
                for side in ("two-sided", "less", "greater"):
                    cell = cells(hypothesis=name, analysis=f"{method} {side}")
                    levels = [float(stats.norm.sf(look["efficacy_z"])) for look in cell["looks"]]
                    early, later = two_looks(method, (10, 18), *pair, levels, side)
                    for look, expected in zip(cell["looks"], (early, later), strict=True):
                        what = f"{name} {method} {side}, look {look['look']}"
                        comparison.probability(what, look["efficacy"], trials, expected)


def test_nobody_differs() -> None:
    """No discordant patient: defined, and never significant, also at a level of .45 per side."""
    text = scenario_text(
        patients=8,
        hypotheses={"same": {"rates": {"A": 0.5, "B": 0.5}, "discordant": {"A": 0.0, "B": 0.0}}},
        analyses=[{"name": m, "method": m, "alpha": 0.49, "alternative": "greater"} for m in COLUMN],
    )
    for cell in run(text, 2_000).cells:
        assert cell["power"]["estimate"] == 0.0
        assert cell["undefined"]["estimate"] == 0.0
        assert cell["estimate"]["coverage"]["estimate"] == 1.0
        assert cell["is_null"]


def test_the_enumeration_of_this_file_is_that_of_r() -> None:
    for row in POWER[:40:3]:
        n, p10, p01, alpha = row["n"], row["p10"], row["p01"], row["alpha"]
        for method, column in COLUMN.items():
            for suffix, level in (("2", alpha / 2), ("1", alpha)):
                found = 0.0
                for b, c, p in tables(n, p10, p01):
                    upper, lower = tails(method, b, c)
                    found += p * (upper <= level or (suffix == "2" and lower <= level))
                assert found == pytest.approx(row[column + suffix], abs=1e-9)


def test_power_is_not_touched_by_the_share_who_respond_to_both() -> None:
    """Only discordant patients count: two worlds with the same ones agree."""
    few, many = shares(0.4, 0.1), {"rates": {"A": 0.88, "B": 0.58}, "discordant": {"A": 0.4, "B": 0.1}}
    text = scenario_text(
        patients=20, hypotheses={"few": few, "many": many}, analyses=[{"method": "mcnemar-mid-p"}]
    )
    cells = run(text, 100_000)
    exact = next(r for r in POWER if (r["n"], r["p10"], r["alpha"]) == (20, 0.4, 0.05))["midp2"]
    with Comparison() as comparison:
        for name in ("few", "many"):
            comparison.probability(name, cells(hypothesis=name)["power"], cells.trials, exact)
    assert np.isfinite(comparison.worst)
