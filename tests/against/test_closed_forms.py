"""Closed forms against SciPy's noncentral t, against published tables and against the simulation."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.monitoring.numerics import noncentral_t_above
from planner.questions.exact import theory
from planner.scenario.reading.read import read_text
from tests.support.exact import hills_armitage_power, paired_power
from tests.support.harness import Comparison, run, scenario_text
from tests.support.paths import NUMBERS

REFERENCE = json.loads((NUMBERS / "crossover_power.json").read_text())["power"]
SD = {"sd_within": 1.0, "sd_between": 2.0}


def trial(**settings: Any) -> Any:
    hypotheses = {"h": {"means": {"A": 0.8, "B": 0.0}, **SD}}
    return read_text(scenario_text(**({"hypotheses": hypotheses} | settings)))


def test_the_noncentral_t_equals_that_of_scipy() -> None:
    rng = np.random.default_rng(1)
    df = rng.integers(1, 400, 2000).astype(float)
    shift = rng.uniform(-20.0, 40.0, 2000)
    limit = stats.t.isf(rng.uniform(0.0005, 0.2, 2000), df)
    mine, theirs = noncentral_t_above(limit, df, shift), stats.nct.sf(limit, df, shift)
    known = np.isfinite(theirs)
    assert known.sum() > 1000
    assert np.abs(mine - theirs)[known].max() < 1e-9
    assert np.isfinite(mine).all()
    assert np.abs(noncentral_t_above(limit, df, 0.0 * df) - stats.t.sf(limit, df)).max() < 1e-10


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("allocation", [(1, 1), (1, 2)])
def test_hills_armitage(alternative: str, allocation: tuple[int, int]) -> None:
    unit = sum(allocation)
    analysis = {"method": "hills-armitage", "alternative": alternative, "alpha": 0.04}
    plan = trial(patients=4 * unit, allocation=list(allocation), analyses=[analysis])
    sizes = [unit * k for k in (1, 2, 5, 40)]
    found = theory.power(plan, "h", plan.analyses[0], sizes)
    assert found is not None
    want = [
        hills_armitage_power(*(n // unit * a for a in allocation), 0.8, 2**0.5, 0.04, alternative)
        for n in sizes
    ]
    assert found == pytest.approx(want, abs=1e-9)


def test_paired_t() -> None:
    plan = trial(analyses=[{"method": "paired-t"}])
    found = theory.power(plan, "h", plan.analyses[0], [2, 4, 12, 60])
    assert found == pytest.approx([paired_power(n, 0.8, 2**0.5, 0.05) for n in (2, 4, 12, 60)], abs=1e-9)


def test_carryover_moves_the_mean_only() -> None:
    """The published table of Hills-Armitage power under carryover."""
    for row in REFERENCE["hills_armitage_under_carryover"]["rows"]:
        if row["n1"] != row["n2"]:
            continue
        carry = {"A": row["carry_A_minus_B"] + 0.25, "B": 0.25}
        plan = trial(
            hypotheses={"h": {"means": {"A": 1.0, "B": 0.0}, "carryover": carry, **SD}},
            population={"period_effect": [0.0, 3.0]},
        )
        found = theory.power(plan, "h", plan.analyses[0], [2 * row["n1"]])
        assert found == pytest.approx([row["power_two_05"]], abs=1e-9)


@pytest.mark.parametrize(
    "settings",
    [
        {"patients": 12, "looks": [6, 12]},
        {"population": {"dropout": {"per_period": 0.1}}},
        {"scale": {"low": -5.0, "better": "lower"}},
        {"scale": {"step": 1.0, "better": "lower"}},
        {"analyses": [{"method": "paired-t"}], "population": {"period_effect": [0.0, 1.0]}},
        {"hypotheses": {"h": {"family": "rates", "rates": {"A": 0.5, "B": 0.2}, "correlation": 0.2}}},
    ],
    ids=["two looks", "dropout", "floor", "steps", "paired with a period effect", "rates"],
)
def test_no_closed_form_is_claimed_where_none_holds(settings: dict[str, Any]) -> None:
    plan = trial(**settings)
    assert theory.power(plan, "h", plan.analyses[0], [12]) is None


def test_the_simulation_agrees() -> None:
    """Unequal spread, patients who respond differently, an extra period: the law is still the one stated."""
    hypothesis = {
        "means": {"A": 1.1, "B": 0.0},
        "sd_within": {"A": 1.5, "B": 0.7},
        "sd_between": 1.0,
        "sd_interaction": 0.6,
    }
    for sequences, method in ((("A B", "B A"), "hills-armitage"), (("A B A", "B A B"), "paired-t")):
        text = scenario_text(sequences, hypotheses={"h": hypothesis}, analyses=[{"method": method}])
        plan = read_text(text)
        exact = theory.power(plan, "h", plan.analyses[0], [6, 12, 24])
        if method == "paired-t":
            assert exact is None  # the two sequences spread differently
            continue
        assert exact is not None
        cells = run(text, 100_000, patients=[6, 12, 24])
        with Comparison(title="closed form") as comparison:
            for n, power in zip((6, 12, 24), exact, strict=True):
                comparison.probability(f"n {n}", cells(patients=n)["power"], 100_000, float(power))
