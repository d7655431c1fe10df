"""Stated rates: what the patients of family `rates` show is what is stated, jointly as well.

Joint probabilities of responses are compared with scipy's bivariate normal, or with the discordant shares.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.model.families.rates import latent_correlation
from planner.model.readings import Reading
from planner.monitoring.numerics import bivariate_normal
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.harness import Comparison, TooFarApart, run, scenario_text
from tests.support.naive_readings import generated

TILES = 400
PATIENTS = 20  # so that 1,024,000 patients are drawn


def trial(hypothesis: dict[str, Any], sequences: tuple[str, ...] = ("A B", "B A"), **rest: Any) -> Scenario:
    hypotheses = {"h": hypothesis}
    return read_text(scenario_text(sequences, PATIENTS, hypotheses=hypotheses, **rest))


def joint(a: float, b: float, rho: float) -> float:
    """P(X <= quantile of a, Y <= quantile of b) by scipy."""
    if min(a, b) <= 0.0 or max(a, b) >= 1.0:
        return 0.0 if min(a, b) <= 0.0 else min(a, b)
    at = [float(stats.norm.ppf(a)), float(stats.norm.ppf(b))]
    law = stats.multivariate_normal([0.0, 0.0], [[1.0, rho], [rho, 1.0]])
    return float(law.cdf(at))


def shown(scenario: Scenario) -> dict[str, tuple[int, int, int, int]]:
    """Of each sequence: patients, responders in period 1, in period 2, in both."""
    sequence, values = generated(scenario, ["h"], [Reading("response", 1.0)], TILES)
    found = {}
    for s, treatments in enumerate(scenario.design.sequences):
        y = values[:, :, 0, 0][sequence == s].transpose(0, 2, 1).reshape(-1, len(treatments))
        assert set(np.unique(y)) <= {0.0, 1.0}
        first, second = y[:, 0], y[:, 1]
        found[" ".join(treatments)] = (
            len(y),
            int(first.sum()),
            int(second.sum()),
            int((first * second).sum()),
        )
    return found


def compare(scenario: Scenario, a: float, b: float, together: float, title: str) -> Comparison:
    comparison = Comparison(title=title)
    for name, (n, first, second, pair) in shown(scenario).items():
        rates = (a, b) if name.startswith("A") else (b, a)
        for what, count, p in (
            ("period 1", first, rates[0]),
            ("period 2", second, rates[1]),
            ("both", pair, together),
        ):
            comparison.probability(f"{name}, {what}", {"estimate": count / n}, n, p)
    return comparison


@pytest.mark.parametrize("rho", [-0.9, -0.35, 0.0, 0.2, 0.6, 0.95])
@pytest.mark.parametrize(("a", "b"), [(0.58, 0.1), (0.5, 0.5), (0.03, 0.9)])
def test_correlation(a: float, b: float, rho: float) -> None:
    scenario = trial({"rates": {"A": a, "B": b}, "correlation": rho})
    compare(scenario, a, b, joint(a, b, rho), f"rates {a} and {b}, correlation {rho}").check()


@pytest.mark.parametrize(
    ("a", "b", "only_a"),
    [
        (0.58, 0.1, 0.55),
        (0.4, 0.4, 0.05),
        (0.4, 0.4, 0.39),
        (0.7, 0.8, 0.2),
        (0.5, 0.5, 0.25),
        (0.9, 0.1, 0.8),
    ],
)
def test_discordant_shares(a: float, b: float, only_a: float) -> None:
    """Also the extremes: nobody responds to B only (.9, .1), everybody to at least one (.7, .8)."""
    shares = {"A": only_a, "B": round(b - a + only_a, 12)}
    scenario = trial({"rates": {"A": a, "B": b}, "discordant": shares})
    compare(scenario, a, b, a - only_a, f"rates {a} and {b}, {only_a} to A only").check()


@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (1.0, 0.4), (0.0, 0.0), (1.0, 1.0)])
def test_nobody_and_everybody(a: float, b: float) -> None:
    for rho in (-0.5, 0.5):
        scenario = trial({"rates": {"A": a, "B": b}, "correlation": rho})
        compare(scenario, a, b, a * b, f"rates {a} and {b}, correlation {rho}").check()


def test_a_wrong_correlation_is_seen() -> None:
    """Negative control."""
    scenario = trial({"rates": {"A": 0.5, "B": 0.3}, "correlation": 0.4})
    with pytest.raises(TooFarApart):
        compare(scenario, 0.5, 0.3, joint(0.5, 0.3, 0.42), "wrong").check()


def test_effect_of_period_is_on_the_latent_scale() -> None:
    """Added to the threshold: Phi(quantile(rate) + effect) respond in that period."""
    scenario = trial(
        {"rates": {"A": 0.58, "B": 0.1}, "correlation": 0.3}, population={"period_effect": [0.0, 0.5]}
    )
    with Comparison(title="effect of period") as comparison:
        for name, (n, first, second, pair) in shown(scenario).items():
            rate = {"A": 0.58, "B": 0.1}
            p = rate[name[0]], float(stats.norm.cdf(stats.norm.ppf(rate[name[-1]]) + 0.5))
            for what, count, expected in (
                ("period 1", first, p[0]),
                ("period 2", second, p[1]),
                ("both", pair, joint(*p, 0.3)),
            ):
                comparison.probability(f"{name}, {what}", {"estimate": count / n}, n, expected)


def test_three_treatments_share_a_correlation() -> None:
    """Every pair of periods hangs together alike, repeated treatments included."""
    rate = {"A": 0.5, "B": 0.3, "C": 0.7}
    scenario = trial({"rates": rate, "correlation": 0.45}, ("A B C A", "C A B B"))
    sequence, values = generated(scenario, ["h"], [Reading("response", 1.0)], TILES)
    with Comparison(title="three treatments") as comparison:
        for s, treatments in enumerate(scenario.design.sequences):
            y = values[:, :, 0, 0][sequence == s].transpose(0, 2, 1).reshape(-1, 4)
            for i in range(4):
                for j in range(i):
                    together = joint(rate[treatments[i]], rate[treatments[j]], 0.45)
                    share = {"estimate": float((y[:, i] * y[:, j]).mean())}
                    comparison.probability(f"{treatments} {j} {i}", share, len(y), together)


@pytest.mark.parametrize("rho", [-0.99, -0.5, -0.01, 0.0, 0.3, 0.8, 0.999])
def test_bivariate_normal(rho: float) -> None:
    for a in (-2.5, -1.0, 0.0, 0.3, 2.0):
        for b in (-2.0, 0.0, 1e-9, 0.7, 2.5):
            law = stats.multivariate_normal([0.0, 0.0], [[1.0, rho], [rho, 1.0]])
            assert bivariate_normal(a, b, rho) == pytest.approx(float(law.cdf([a, b])), abs=1e-7), (a, b)
            assert bivariate_normal(a, b, rho) == pytest.approx(bivariate_normal(b, a, rho), abs=1e-12)


def test_latent_correlation_of_discordant_shares() -> None:
    """At 1/2 and 1/2 the share of both is 1/4 + asin(rho) / 2 pi."""
    for rho in (-0.8, -0.2, 0.1, 0.7):
        pair = 0.25 + math.asin(rho) / (2 * math.pi)
        only = {"A": 0.5 - pair, "B": 0.5 - pair}
        h = trial({"rates": {"A": 0.5, "B": 0.5}, "discordant": only}).hypotheses["h"]
        assert latent_correlation(h) == pytest.approx(rho, abs=1e-9)  # type: ignore[arg-type]


def test_completers_and_true_effect() -> None:
    """The truth is the difference of the rates; leaving the trial changes the size, not the estimate."""
    text = scenario_text(
        patients=40,
        hypotheses={"h": {"rates": {"A": 0.6, "B": 0.35}, "correlation": 0.3}},
        analyses=[{"method": "mcnemar-exact"}],
        population={"dropout": {"before_first": 0.1, "per_period": 0.2}},
    )
    (cell,) = run(text, 100_000).cells
    estimate, done = cell["estimate"], cell["expected_completers"]
    assert cell["true_effect"] == 0.25
    with Comparison() as comparison:
        comparison.mean("completers", done["estimate"], done["mcse"], 40 * 0.72)
        comparison.mean("estimate", estimate["mean"], estimate["mean_mcse"], 0.25)
