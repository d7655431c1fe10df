"""Counts of trials whose sequences have unequal numbers, against binomial laws.

Nothing of planner is used to compute what is expected here.
"""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from planner.questions.weigh.weigh import weigh
from planner.scenario.reading.read import read_text
from tests.support.naive_weighing import margins, multinomial, tables
from tests.support.unequal_sequences import as_csv, of

RATES = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 12
[population]
period_effect = [0, 0.8]
[endpoint]
measure = "response"
[hypotheses.works]
rates = { A = 0.6, B = 0.3 }
correlation = 0.4
[hypotheses.nothing]
rates = { A = 0.45, B = 0.45 }
correlation = 0.4
"""


def cells(rates: tuple[float, float], sequence: str) -> dict[tuple[int, int], float]:
    """Chances of (responds to A, responds to B) in a sequence: two thresholds of correlated normals."""
    a, b = (
        stats.norm.ppf(p) + shift
        for p, shift in zip(rates, (0, 0.8) if sequence == "A B" else (0.8, 0), strict=True)
    )
    both = float(stats.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]]).cdf([a, b]))
    pa, pb = float(stats.norm.cdf(a)), float(stats.norm.cdf(b))
    return {(1, 1): both, (1, 0): pa - both, (0, 1): pb - both, (0, 0): 1 - pa - pb + both}


def of_two(numbers: dict[str, int], rates: tuple[float, float], wanted: tuple[int, int]) -> float:
    """P(responders to A and to B) of two sequences: every way to share them between the two."""
    return math.fsum(
        margins(numbers["A B"], cells(rates, "A B"), (x, y))
        * margins(numbers["B A"], cells(rates, "B A"), (wanted[0] - x, wanted[1] - y))
        for x, y in product(range(wanted[0] + 1), range(wanted[1] + 1))
    )


OF_RATES = {"works": (0.6, 0.3), "nothing": (0.45, 0.45)}


@pytest.mark.parametrize("numbers", [{"A B": 9, "B A": 1}, {"A B": 5, "B A": 5}, {"A B": 0, "B A": 10}])
def test_responders_are_those_of_the_sequences(numbers: dict[str, int]) -> None:
    split = ",".join(f'"{name}"={n}' for name, n in numbers.items())
    settings = ["observed.responders={A=[6,10],B=[5,10]}", f"observed.sequences={{{split}}}"]
    rows = of(weigh(read_text(RATES, set=settings)))
    for name, rates in OF_RATES.items():
        exact = of_two(numbers, rates, (6, 5))
        assert rows[name]["likelihood"]["estimate"] == pytest.approx(exact, rel=1e-4), name
        shares = [
            sum(n * sum(p for cell, p in cells(rates, s).items() if cell[i]) for s, n in numbers.items()) / 10
            for i in (0, 1)
        ]
        assert [row["mean"] for row in rows[name]["expected"]] == pytest.approx(shares, rel=1e-4)


def test_pairs_of_the_data_are_counted_sequence_by_sequence(tmp_path: Path) -> None:
    outcomes = [("A B", (1, 0)), ("A B", (1, 1)), ("A B", (0, 1)), ("A B", (1, 1)), ("B A", (0, 1))]
    path = tmp_path / "patients.csv"
    path.write_text(as_csv(outcomes))
    found = weigh(read_text(RATES), data=path)
    (both, a_only, b_only) = (2, 2, 1)  # A only: the first, and the last, who had B first
    assert found.observed.pairs is not None
    assert (found.observed.pairs.both, dict(found.observed.pairs.only)) == (both, {"A": a_only, "B": b_only})
    for name, rates in OF_RATES.items():
        first, second = (cells(rates, s) for s in ("A B", "B A"))
        exact = math.fsum(
            multinomial(table, list(first.values())) * second[cell]
            for table in tables(4, 4)
            for i, cell in enumerate(second)
            if tuple(np.add(table, np.eye(4, dtype=int)[i])) == (both, a_only, b_only, 0)
        )
        assert of(found)[name]["likelihood"]["estimate"] == pytest.approx(exact, rel=1e-4), name


def test_counts_of_a_trial_that_some_have_left() -> None:
    """Numbers not stated: 10 completers of 14, by a simulation of whole trials of its own."""
    text = RATES.replace("[endpoint]", "dropout = { per_period = 0.2857142857142857 }\n[endpoint]")
    found = of(weigh(read_text(text, set=["observed.responders={A=[6,10],B=[5,10]}"])))
    ways = {k: math.comb(7, k) * math.comb(7, 10 - k) for k in range(3, 8)}  # of 7 and 7, 10 at random
    for name, rates in OF_RATES.items():
        exact = sum(w * of_two({"A B": k, "B A": 10 - k}, rates, (6, 5)) for k, w in ways.items())
        exact /= sum(ways.values())
        assert found[name]["likelihood"]["estimate"] == pytest.approx(exact, rel=1e-4), name
        # Negative control: a sequence drawn for each patient alike would say something else.
        mixed = {c: 0.5 * (cells(rates, "A B")[c] + cells(rates, "B A")[c]) for c in cells(rates, "A B")}
        assert abs(margins(10, mixed, (6, 5)) / exact - 1.0) > 0.02
