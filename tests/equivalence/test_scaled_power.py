"""Exact power with scaled limits: against other quadratures, R's simulated statistics, published figures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from planner.equivalence.regulators import ScaledRule, log_limit, scaled_rule
from planner.equivalence.scaled import QUANTILES, scaled_power, scaled_power_parts
from planner.equivalence.scaled_laws import ScaledLaw
from planner.equivalence.tost import tost_power
from planner.errors import RequestError
from tests.support.harness import Comparison
from tests.support.scaled_tables import law_of, rows, rule_of

Floats = NDArray[np.float64]
L = math.log(1.25)
KINDS = [
    ("ema", "abel"),
    ("hc", "abel"),
    ("gcc", "abel"),
    ("fda", "rsabe"),
    ("fda", "ntid"),
    ("fda", "hvntid"),
]


def law_of_case(case: dict[str, Any]) -> ScaledLaw:
    law = law_of(
        rule_of(case["regulator"], case["rule"]),
        case["design"],
        case["patients"],
        case["cv_wt"],
        case["cv_wr"],
    )
    # the table has the conventional C, which in three unequal sequences is not that of the model
    return law._replace(c=(1 / 10 + 1 / 8 + 1 / 6) / 6) if case["patients"] == [10, 8, 6] else law


@pytest.mark.parametrize(("regulator", "rule"), KINDS)
def test_power_and_type_one_error_against_another_quadrature(regulator: str, rule: str) -> None:
    cases = [case for case in rows("power") if (case["regulator"], case["rule"]) == (regulator, rule)]
    assert len(cases) >= 4
    row = rule_of(regulator, rule)
    error = [scaled_power(law_of_case(case), row, case["ratio"]) - case["power"] for case in cases]
    assert np.abs(error).max() < (2e-10 if rule in ("abel", "hvntid") else 1e-7)


@pytest.mark.parametrize("change", [{"dfr": -1}, {"df": 1}])
@pytest.mark.parametrize(("regulator", "rule"), KINDS[:5])
def test_the_comparison_notices_a_degree_of_freedom(
    regulator: str, rule: str, change: dict[str, int]
) -> None:
    """Negative control: also the one by which method A and contrasts differ in the 2x3x3 design."""
    case = next(each for each in rows("power") if (each["regulator"], each["rule"]) == (regulator, rule))
    law = law_of_case(case)
    wrong = law._replace(**{name: getattr(law, name) + more for name, more in change.items()})
    assert abs(scaled_power(wrong, rule_of(regulator, rule), case["ratio"]) - case["power"]) > 1e-6


def estimates_first(law: ScaledLaw, rule: ScaledRule, ratio: float, alpha: float = 0.05) -> float:
    """The same integral in another order: over |d|, then s2_wR, with the law of the mean square last."""
    nodes, weights = np.polynomial.legendre.leggauss(20)

    def grid(ends: Floats) -> tuple[Floats, Floats]:
        half = np.diff(ends)[:, None] / 2
        return (ends[:-1, None] + half * (1 + nodes)).ravel(), (half * weights).ravel()

    size, dd = grid(np.linspace(0.0, L, 17))  # no rule here accepts more: by itself or by the unscaled test
    chi = np.sqrt([stats.chi2.ppf(p, law.dfr) / law.dfr for p in (1e-14, 1 - 1e-14)])
    cuts = [math.log1p(0.3**2), 0.294**2, math.log1p(rule.cap_cv**2)]
    ends = np.concatenate([np.linspace(*chi, 33), [math.sqrt(cut / law.s2wr) for cut in cuts]])
    r, dr = grid(np.unique(np.clip(ends, *chi)))
    s2wr = law.s2wr * r**2
    weight = dr * stats.chi2.pdf(law.dfr * r**2, law.dfr) * 2 * law.dfr * r
    if rule.sd_ratio is not None:
        most = rule.sd_ratio**2 * stats.f.ppf(alpha, law.dft, law.dfr) * s2wr
        weight = weight * stats.chi2.cdf(law.dft * most / law.s2wt, law.dft)
    t = stats.t.ppf(1 - alpha, law.df)
    se = np.maximum(log_limit(rule, s2wr) - size[:, None], 0.0) / t  # the largest with which |d| is accepted
    linear = s2wr >= {"rsabe": 0.294**2, "ntid": 0.0}.get(rule.rule, math.inf)
    se[:, linear] = largest(law, rule, size[:, None], s2wr[linear], t)
    if rule.unscaled_too:
        se = np.minimum(se, (L - size[:, None]) / t)
    squares, rest = se**2 / law.c * law.df / law.variance, law.df
    if law.nested:
        squares, rest = np.maximum(squares - law.dfr * r**2, 0.0), law.df - law.dfr
    sd, effect = math.sqrt(law.c * law.variance), math.log(ratio)
    density = stats.norm.pdf(size, effect, sd) + stats.norm.pdf(-size, effect, sd)
    return float((special.chdtr(rest, squares) @ weight * density) @ dd)


def largest(law: ScaledLaw, rule: ScaledRule, size: Floats, s2wr: Floats, t: float) -> Floats:
    """The standard error with which the linearised criterion is 0, or 0 where none is small enough."""
    y = rule.constant**2 * s2wr
    dy = y * (1 - law.dfr / stats.chi2.ppf(0.95, law.dfr))
    low, high = np.zeros(np.broadcast(size, y).shape), np.full(np.broadcast(size, y).shape, 2.0)
    for _ in range(45):
        se = (low + high) / 2
        bound = size**2 - se**2 - y + np.sqrt(((size + t * se) ** 2 - size**2 + se**2) ** 2 + dy**2)
        low, high = np.where(bound <= 0, se, low), np.where(bound <= 0, high, se)
    return low


@pytest.mark.parametrize(
    ("regulator", "rule", "design", "patients", "cvs", "ratio"),
    [
        ("ema", "abel", "2x2x4", 48, (0.5, 0.5), 0.90),
        ("ema", "abel", "2x3x3", [10, 8, 5], (0.31, 0.31), 1.22),
        ("gcc", "abel", "2x2x3", 12, (0.4, 0.4), 1.30),
        ("hc", "abel", "2x3x3", 18, (0.45, 0.6), 1.45),
        ("fda", "rsabe", "2x2x4", 48, (0.4, 0.4), 1.25),
        ("fda", "rsabe", "2x3x3", 18, (0.3, 0.5), 0.90),
        ("fda", "ntid", "2x2x3", 16, (0.25, 0.25), 1.00),
        ("fda", "ntid", "2x2x4", 24, (0.15, 0.1), 0.96),
    ],
)
def test_the_integral_in_another_order(
    regulator: str, rule: str, design: str, patients: int | list[int], cvs: tuple[float, float], ratio: float
) -> None:
    """By the regulators' own switch: also where the table's quadrature is least exact."""
    row = scaled_rule(regulator, rule)
    law = law_of(row, design, patients, *cvs)
    assert scaled_power(law, row, ratio) == pytest.approx(estimates_first(law, row, ratio), abs=1e-8)


def test_every_part_against_simulated_statistics() -> None:
    """1e6 trials a case by R. Also unequal CVs and sequences, and every part of the rules."""
    compared = Comparison(title="parts of rules")
    for case in rows("parts")[::3]:
        parts = scaled_power_parts(law_of_case(case), rule_of(case["regulator"], case["rule"]), case["ratio"])
        for name in ("equivalent", "criterion", "estimate", "unscaled", "sd_ratio"):
            exact = getattr(parts, name)
            if name == "estimate" and case["regulator"] == "fda" and case["rule"] == "rsabe":
                assert exact is not None
            if case[name] is None:
                assert exact is None or name == "criterion", (name, case)
            else:
                compared.probability(f"{name} of {case}", {"estimate": case[name]}, 1_000_000, exact)
    assert len(compared.pairs) > 150
    compared.check()


def test_parts_that_have_a_closed_form() -> None:
    row = scaled_rule("hc")
    law = law_of(row, "2x2x4", 24, 0.3, 0.4)
    parts = scaled_power_parts(law, row, 0.92)
    sd = math.sqrt(law.c * law.variance)
    assert parts.unscaled == pytest.approx(float(tost_power(-L, L, math.log(0.92), sd, 22, 0.05)), abs=1e-12)
    near = stats.norm.cdf(L, math.log(0.92), sd) - stats.norm.cdf(-L, math.log(0.92), sd)
    assert parts.estimate == pytest.approx(near, abs=1e-12)
    assert parts.scaled == pytest.approx(stats.chi2.sf(22 * math.log(1.09) / law.s2wr, 22), abs=1e-12)
    assert parts.sd_ratio is None
    for quantile, p in zip(parts.limit_quantiles, QUANTILES, strict=True):
        s = math.sqrt(law.s2wr * stats.chi2.ppf(p, 22) / 22)
        widest = math.sqrt(math.log(1 + 0.57382**2))
        assert quantile == pytest.approx(math.exp(0.76 * min(s, widest)) if s**2 > math.log(1.09) else 1.25)


def test_the_mean_upper_limit_against_a_sum_over_quantiles() -> None:
    row = scaled_rule("ema")
    law = law_of(row, "2x3x3", 36, 0.35, 0.35)
    p = (np.arange(400_000) + 0.5) / 400_000
    mean = np.exp(log_limit(row, law.s2wr * stats.chi2.ppf(p, law.dfr) / law.dfr)).mean()
    assert scaled_power_parts(law, row, 0.9).mean_limit == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize(("regulator", "rule"), KINDS[:4])
def test_without_scaling_it_is_two_one_sided_tests(regulator: str, rule: str) -> None:
    """Of the same df: for method A, whose mean square contains that of the reference, and for contrasts."""
    row = scaled_rule(regulator, rule, switch_cv=math.inf)._replace(estimate_within=None)
    for patients, ratio in ((6, 0.95), (24, 0.9), (90, 1.25)):
        law = law_of(row, "2x3x3", patients, 0.25, 0.25)
        exact = tost_power(-L, L, math.log(ratio), math.sqrt(law.c * law.variance), law.df, 0.05)
        assert scaled_power(law, row, ratio) == pytest.approx(float(exact), abs=1e-10)


@pytest.mark.parametrize(("regulator", "rule"), KINDS)
def test_a_ratio_and_its_reciprocal_have_one_power(regulator: str, rule: str) -> None:
    """0.95 and 1 / 0.95, not 1.05."""
    row = scaled_rule(regulator, rule)
    law = law_of(row, "2x2x4", 12, 0.15, 0.15)
    power = [scaled_power(law, row, ratio) for ratio in (0.95, 1 / 0.95, 1.05)]
    assert power[0] == pytest.approx(power[1], abs=1e-12)
    assert power[0] < power[2] - 1e-4


def test_limits_of_the_estimate_may_be_unequal_or_absent() -> None:
    row = scaled_rule("hc", estimate_within=(0.95, 1.20))
    law = law_of(row, "2x2x4", 24, 0.5, 0.5)
    assert scaled_power(law, row, 0.93) == pytest.approx(summed(law, row, 0.93), abs=1e-5)
    free = row._replace(estimate_within=None)
    wide = row._replace(estimate_within=(0.5, 2.0))
    assert scaled_power(law, free, 0.8) == pytest.approx(scaled_power(law, wide, 0.8), abs=1e-10)


def summed(law: ScaledLaw, rule: ScaledRule, ratio: float) -> float:
    """By sums over quantiles of s2_wR and of the mean square."""
    p = (np.arange(1500) + 0.5) / 1500
    s2wr = law.s2wr * stats.chi2.ppf(p, law.dfr) / law.dfr
    se = np.sqrt(law.c * law.variance * stats.chi2.ppf(p, law.df) / law.df)
    half = log_limit(rule, s2wr)[:, None] - stats.t.ppf(0.95, law.df) * se
    assert rule.estimate_within is not None
    low, high = np.log(rule.estimate_within)
    sd, effect = math.sqrt(law.c * law.variance), math.log(ratio)
    low, high = np.maximum(-half, low), np.minimum(half, high)
    inside = stats.norm.cdf(high, effect, sd) - stats.norm.cdf(low, effect, sd)
    return float(np.where(high > low, inside, 0.0).mean())


def test_the_sd_at_which_the_fda_switches_is_not_a_cv_of_30_percent() -> None:
    """CV .30 is an SD of .29356: 24 patients of 2x2x4, ratio .90."""
    law = law_of(scaled_rule("fda"), "2x2x4", 24, 0.3, 0.3)
    power = [scaled_power(law, row, 0.9) for row in (scaled_rule("fda"), scaled_rule("fda", switch_cv=0.3))]
    assert [round(each, 4) for each in power] == [0.7208, 0.7214]


def test_few_patients_and_extreme_variability_give_probabilities() -> None:
    for regulator, rule in KINDS:
        row = scaled_rule(regulator, rule)
        for cv, ratio in ((0.01, 1.0), (0.01, 2.0), (5.0, 1.0)):
            for patients in (4, 1000):
                power = scaled_power(law_of(row, "2x2x4", patients, cv, cv), row, ratio)
                assert 0.0 <= power <= 1.0
                if ratio == 2.0:
                    assert power < 1e-9


@pytest.mark.parametrize(
    ("rule", "ratio", "alpha", "reason"),
    [
        ("rsabe", 0.9, 0.5, "alpha"),
        ("rsabe", 0.9, 0.0, "alpha"),
        ("rsabe", 0.0, 0.05, "ratio"),
        ("ntid", 0.9, 0.05, "T twice"),
    ],
)
def test_questions_without_an_answer(rule: str, ratio: float, alpha: float, reason: str) -> None:
    row = scaled_rule("fda", rule)
    with pytest.raises(RequestError, match=reason):
        scaled_power(law_of(row, "2x3x3", 24, 0.3, 0.3), row, ratio, alpha)
