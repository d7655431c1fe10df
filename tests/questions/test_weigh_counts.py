"""Weights of observed counts against direct enumeration of all tables."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.errors import WeighingError
from planner.questions.weigh.count_probability import Stratum, cost, probability
from planner.questions.weigh.exact_tests import fisher, mcnemar
from planner.questions.weigh.weigh import weigh
from planner.scenario.reading.read import read, read_text
from tests.support.naive_weighing import binomial, margins, multinomial, partly_paired, tables, weights
from tests.support.weighed import CELLS, RATES, likelihoods, parallel, rows

FOUR = np.array(list(product((1, 0), repeat=2)))


# Counts


@pytest.mark.parametrize(("n", "sums"), [(12, (7, 0)), (12, (7, 2)), (9, (9, 8)), (10, (0, 0)), (7, (4, 5))])
def test_counts_equal_the_sum_over_all_tables(n: int, sums: tuple[int, int]) -> None:
    p = np.random.default_rng(n).dirichlet(np.ones(4), size=(3, 2))
    found = probability([Stratum(n, FOUR)], [p], sums)
    for i, j in product(range(3), range(2)):
        wanted = margins(n, {(int(a), int(b)): x for (a, b), x in zip(FOUR, p[i, j], strict=True)}, sums)
        assert found[i, j] == pytest.approx(wanted, rel=1e-12)


def test_joint_counts_of_responses_and_remissions_equal_the_sum_over_all_tables() -> None:
    sixteen = np.array(list(product((1, 0), repeat=4)))
    p = np.random.default_rng(4).dirichlet(np.ones(16))
    found = probability([Stratum(4, sixteen)], [p], (3, 1, 2, 0))
    cells = {tuple(int(x) for x in cell): float(x) for cell, x in zip(sixteen, p, strict=True)}
    assert found == pytest.approx(margins(4, cells, (3, 1, 2, 0)), rel=1e-12)
    # Negative control: taken as independent they would be something else.
    response = margins(4, merged(cells, (0, 1)), (3, 1))
    remission = margins(4, merged(cells, (2, 3)), (2, 0))
    assert abs(response * remission / float(found) - 1.0) > 0.05


def merged(cells: dict[Any, float], kept: tuple[int, int]) -> dict[tuple[int, ...], float]:
    found: dict[tuple[int, ...], float] = {}
    for cell, p in cells.items():
        key = tuple(cell[k] for k in kept)
        found[key] = found.get(key, 0.0) + p
    return found


def test_counts_of_groups_seen_under_different_treatments_add_up() -> None:
    p = {(1, 1): 0.2, (1, 0): 0.4, (0, 1): 0.1, (0, 0): 0.3}
    groups = [
        Stratum(5, FOUR),
        Stratum(3, np.array([[1, 0], [0, 0]])),
        Stratum(2, np.array([[0, 1], [0, 0]])),
    ]
    cells = [np.array(list(p.values())), np.array([0.7, 0.3]), np.array([0.15, 0.85])]
    found = probability(groups, cells, (4, 2))
    assert found == pytest.approx(partly_paired(5, p, (4, 8, 0.7), (2, 7, 0.15)), rel=1e-12)


def test_all_counts_together_have_probability_one() -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(4))
    groups, cells = [Stratum(6, FOUR), Stratum(2, FOUR[:, [0, 1]])], [p, p]
    total = sum(float(probability(groups, cells, sums)) for sums in product(range(9), repeat=2))
    assert total == pytest.approx(1.0, abs=1e-12)
    assert float(probability(groups, cells, (9, 0))) == 0.0
    assert cost(groups, (4, 4)) > cost(groups, (0, 0))


# Stated rates: exact


@pytest.mark.parametrize("counts", [(7, 0), (12, 12), (3, 5), (0, 0)])
def test_stated_rates_equal_enumeration(counts: tuple[int, int]) -> None:
    found = rows(RATES, f"observed.responders={{A=[{counts[0]},12],B=[{counts[1]},12]}}")
    exact = {name: margins(12, cells, counts) for name, cells in CELLS.items()}
    assert {n: r["likelihood"]["estimate"] for n, r in found.items()} == pytest.approx(exact, rel=1e-9)
    assert {r["likelihood"]["mcse"] for r in found.values()} == {0.0}
    wanted = dict(zip(CELLS, weights(list(exact.values()), [1, 1, 1]), strict=True))
    assert {n: r["weight"]["estimate"] for n, r in found.items()} == pytest.approx(wanted, rel=1e-9)
    best = max(exact.values())
    factors = {name: x / best for name, x in exact.items()}
    assert {n: r["bayes_factor"]["estimate"] for n, r in found.items()} == pytest.approx(factors, rel=1e-9)


def test_pairs_say_more_than_margins() -> None:
    table = (2, 5, 1, 4)  # both, A only, B only, neither
    found = likelihoods(RATES, "observed.pairs={both=2,only={A=5,B=1},neither=4}")
    exact = {name: multinomial(table, list(cells.values())) for name, cells in CELLS.items()}
    assert found == pytest.approx(exact, rel=1e-9)
    margin = likelihoods(RATES, "observed.responders={A=[7,12],B=[3,12]}")
    assert all(margin[name] > exact[name] for name in CELLS)
    both = likelihoods(
        RATES,
        "observed.pairs={both=2,only={A=5,B=1},neither=4}",
        "observed.responders={A=[7,12],B=[3,12]}",
    )
    assert both == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("setting", "both"), [("", 9), ("observed.paired=6", 6)])
def test_unequal_denominators(setting: str, both: int) -> None:
    settings = ["observed.responders={A=[5,11],B=[2,9]}", *([setting] if setting else [])]
    exact = {
        name: partly_paired(
            both, cells, (5, 11, cells[1, 1] + cells[1, 0]), (2, 9, cells[1, 1] + cells[0, 1])
        )
        for name, cells in CELLS.items()
    }
    assert likelihoods(RATES, *settings) == pytest.approx(exact, rel=1e-9)
    document = weigh(read_text(RATES, set=settings)).to_json()
    if not setting:  # 20 readings of at most 30 patients: perhaps nobody was seen twice
        (row,) = document["sensitivity"]
        assert (row["path"], row["low"]["value"], row["high"]["value"]) == ("observed.paired", 0.0, 9.0)
        alone = [
            binomial(5, 11, c[1, 1] + c[1, 0]) * binomial(2, 9, c[1, 1] + c[0, 1]) for c in CELLS.values()
        ]
        low, high = ([w["estimate"] for w in row[side]["class_weights"]] for side in ("low", "high"))
        assert low == pytest.approx(weights(alone, [1, 1, 1]), rel=1e-9)
        assert high == pytest.approx(weights(list(exact.values()), [1, 1, 1]), rel=1e-9)


def test_parallel_groups_are_independent() -> None:
    found = parallel(RATES, "observed.responders={A=[8,15],B=[3,14]}")
    rates = {"blocked": (0.6, 0.05), "half": (0.55, 0.3), "nothing": (0.4, 0.4)}
    for name, (a, b) in rates.items():
        assert found[name]["estimate"] == pytest.approx(binomial(8, 15, a) * binomial(3, 14, b), rel=1e-9)


def test_a_period_effect_shifts_the_chances_of_each_sequence() -> None:
    text = RATES.replace("[endpoint]", "[population]\nperiod_effect = [0, 0.8]\n[endpoint]")
    scenario = read_text(text, set=["observed.responders={A=[7,12],B=[4,12]}"])
    found = {
        row["hypothesis"]: row["likelihood"]["estimate"] for row in weigh(scenario).to_json()["hypotheses"]
    }
    quantile = stats.norm.ppf
    for name, cells in CELLS.items():
        a, b = quantile(cells[1, 1] + cells[1, 0]), quantile(cells[1, 1] + cells[0, 1])
        rho = _latent(a, b, cells[1, 1])
        groups = []
        for shift in ((0.0, 0.8), (0.8, 0.0)):  # six patients each
            joint = _orthant(a + shift[0], b + shift[1], rho)
            pa, pb = stats.norm.cdf(a + shift[0]), stats.norm.cdf(b + shift[1])
            each = (joint, pa - joint, pb - joint, 1 - pa - pb + joint)
            groups.append({cell: float(p) for cell, p in zip(CELLS[name], each, strict=True)})
        exact = math.fsum(
            margins(6, groups[0], (x, y)) * margins(6, groups[1], (7 - x, 4 - y))
            for x, y in product(range(7), range(5))
        )
        assert found[name] == pytest.approx(exact, rel=1e-4)
        # Negative control: with the sequence of each patient drawn by chance the counts would vary more.
        mixed = {cell: 0.5 * (groups[0][cell] + groups[1][cell]) for cell in CELLS[name]}
        assert abs(margins(12, mixed, (7, 4)) / exact - 1.0) > 0.02


def _orthant(a: float, b: float, rho: float) -> float:
    return float(stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([a, b]))


def _latent(a: float, b: float, joint: float) -> float:
    low, high = -0.999, 0.999
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _orthant(a, b, middle) < joint else (low, middle)
    return 0.5 * (low + high)


def test_a_result_that_cannot_be_is_refused() -> None:
    text = RATES.replace("A = 0.6, B = 0.05", "A = 1, B = 0").replace("A = 0.56, B = 0.01", "A = 1, B = 0")
    scenario = read_text(
        text, set=["observed.responders={A=[11,12],B=[0,12]}", 'simulation.hypotheses=["blocked"]']
    )
    with pytest.raises(WeighingError, match="impossible under every hypothesis"):
        weigh(scenario)


def test_plain_exact_tests() -> None:
    assert mcnemar(7, 0) == pytest.approx(0.015625, rel=1e-12)
    assert mcnemar(0, 5) == pytest.approx(0.0625, rel=1e-12)
    assert mcnemar(3, 3) == mcnemar(0, 0) == 1.0
    for x, n, y, m in [(7, 17, 2, 15), (5, 17, 1, 15), (0, 5, 5, 5), (3, 9, 3, 9)]:
        exact = stats.fisher_exact([[x, n - x], [y, m - y]]).pvalue
        assert fisher(x, n, y, m) == pytest.approx(exact, rel=1e-9)
    found = weigh(read_text(RATES, set=["observed.responders={A=[7,12],B=[2,12]}"]))
    (test,) = found.tests  # both respond in 0, 1 or 2 patients; mid-p is planned where nothing is said
    assert (test.p, test.p_high) == (pytest.approx(0.5**5), pytest.approx(2 * (1 + 9 + 36 / 2) / 2**9))
    plan = ["observed.responders={A=[7,12],B=[2,12]}", "analyses.0.method=mcnemar-exact"]
    (test,) = weigh(read_text(RATES + '[[analyses]]\ncontrast = ["A", "B"]\n', set=plan)).tests
    assert (test.p, test.p_high) == (mcnemar(5, 0), mcnemar(7, 2))


@pytest.mark.parametrize("use", ["responders", "remitters", "pairs"])
def test_one_part_of_the_counts_may_be_used(use: str) -> None:
    parts = {
        "pairs": "pairs={both=0,only={K=7,KN=0},neither=5}",
        "remitters": "remitters={K=[5,12],KN=[0,12]}",
        "responders": "responders={K=[7,12],KN=[0,12]}",
    }
    one = f"observed={{{','.join(parts.values())},use='{use}'}}"
    alone = f"observed={{{parts[use]}}}"
    only = 'simulation.hypotheses=["permissive"]'
    scenarios = (read("williams-2018", set=[each, only]) for each in (one, alone))
    found = [weigh(scenario, variants=60, patients=1024) for scenario in scenarios]
    assert found[0].to_json()["hypotheses"] == found[1].to_json()["hypotheses"]


def test_tables_are_counted() -> None:
    """The helper of these tests: (n + 3 choose 3) tables of n patients in four cells."""
    assert len(list(tables(12, 4))) == math.comb(15, 3)
