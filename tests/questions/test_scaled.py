"""Limits that are scaled to how the reference varies, through scenarios: what is implied, exact, refused.

Numbers: another quadrature and PowerTOST 1.5-7 (R) (tests/numbers/scaled_bioequivalence.json).
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import planner
from planner.equivalence.scaled_decisions import decide
from planner.model.margins import Margins
from planner.model.scaled import adjusted_level, judged_margins, level_of, product_cvs, scaled_rule_of
from planner.questions.at_limit import at_limit
from planner.questions.exact import scaled as scaled_theory
from planner.questions.exact import theory
from planner.questions.limit_errors import limit_errors
from planner.questions.size.exact_powers import exact_powers, first_from
from planner.scenario.canonical.resolved import digest
from planner.scenario.canonical.toml import to_toml
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
from planner.scenario.regulators import SCALED_RULES, scaled_rule
from planner.scenario.scenario import Scenario
from tests.support.scaled_tables import rows

METHOD = {"least squares": "fixed-subject", "own contrasts": "subject-contrast"}


def text(
    scaling: str = '"abel"',
    *,
    design: str = "2x2x4",
    patients: int = 24,
    ratio: float = 0.95,
    cv: str | float = 0.4,
    analysis: str = "",
    more: str = "",
) -> str:
    where = f'name = "{design}"' if " " not in design else f"sequences = {design.split('|')}"
    return f"""
schema_version = 1
treatments = ["T", "R"]
[design]
{where}
patients = {patients}
[endpoint]
distribution = "log-normal"
[hypotheses.expected]
means = {{ T = {100 * ratio!r}, R = 100.0 }}
cv_within = {cv}
{more}
[[analyses]]
scaling = {scaling}
{analysis}
"""


def scenario(scaling: str = '"abel"', **of: object) -> Scenario:
    return read_text(text(scaling, **of))  # type: ignore[arg-type]


def power(of: Scenario, patients: int | None = None) -> float:
    powers = theory.power(of, "expected", of.analyses[0], [patients or of.design.patients])
    assert powers is not None
    return float(powers[0])


@pytest.mark.parametrize("regulator", SCALED_RULES)
def test_every_number_of_the_regulator_is_filled_in(regulator: str) -> None:
    for rule, row in SCALED_RULES[regulator].items():
        analysis = scenario(f'{{ rule = "{rule}", regulator = "{regulator}" }}').analyses[0]
        assert scaled_rule_of(analysis) == row
        assert analysis.alternative == "equivalence"
        assert (analysis.limits, analysis.alpha) == ((0.8, 1.25), 0.05)
        assert (
            analysis.method
            == {"least squares": "fixed-subject", "own contrasts": "subject-contrast"}[row.method]
        )


def test_rule_and_regulator_are_each_others_default() -> None:
    for rule, regulator in (("abel", "ema"), ("rsabe", "fda"), ("ntid", "fda"), ("hvntid", "fda")):
        stated = scenario(f'"{rule}"').analyses[0].scaling
        assert stated is not None
        assert (stated.rule, stated.regulator) == (rule, regulator)
    for regulator, rule in (("hc", "abel"), ("gcc", "abel"), ("fda", "rsabe"), ("china", "rsabe")):
        stated = scenario(f'{{ regulator = "{regulator}" }}').analyses[0].scaling
        assert stated is not None
        assert stated.rule == rule


def test_own_numbers_replace_the_regulators() -> None:
    numbers = "switch_s = 0.25, switch_cv = 0.4, constant = 0.8, cap_cv = 0.6, estimate_within = [0.9, 1.1]"
    own = f'{{ rule = "abel", {numbers} }}'
    rule = scaled_rule("ema", switch_s=0.25, constant=0.8, cap_cv=0.6, estimate_within=(0.9, 1.1))
    assert scaled_rule_of(scenario(own).analyses[0]) == rule
    kept = scenario(own).analyses[0].scaling
    assert kept is not None
    assert kept.switch_cv is None, "switch_s wins"


def test_the_full_form_reads_to_itself_and_none_is_no_scaling() -> None:
    for stated in (
        '"abel"',
        '{ regulator = "hc" }',
        '"rsabe"',
        '"ntid"',
        '"hvntid"',
        '{ regulator = "gcc" }',
    ):
        full = to_toml(scenario(stated))
        assert to_toml(read_text(full)) == full
    plain, unscaled = (
        scenario('"none"'),
        read_text(text().replace('scaling = "abel"', 'alternative = "equivalence"')),
    )
    assert digest(plain) == digest(unscaled)
    assert digest(plain) != digest(scenario())
    assert digest(scenario()) != digest(scenario('{ rule = "abel", cap_cv = 0.55 }'))
    assert digest(scenario()) == digest(scenario(analysis='metric = "cmax"')), "a label"


@pytest.mark.parametrize(
    ("scaling", "design", "minimum"),
    [
        ('"abel"', "2x2x4", 12),
        ('"abel"', "2x3x3", 12),
        ('"abel"', "2x2x3", 24),
        ('{ regulator = "hc" }', "2x2x3", 12),
        ('"rsabe"', "2x2x4", 24),
        ('{ regulator = "china" }', "2x3x3", 24),
        ('"none"', "2x2x4", 12),
    ],
)
def test_the_fewest_patients_that_regulators_ask(scaling: str, design: str, minimum: int) -> None:
    assert scenario(scaling, design=design).design.minimum == minimum


@pytest.mark.parametrize(
    ("of", "remark"),
    [
        ({"analysis": 'metric = "auc"'}, "European Medicines Agency scales the limits of Cmax only"),
        ({"scaling": '{ regulator = "hc" }', "analysis": 'metric = "cmax"'}, "of AUC only"),
        ({"scaling": '{ regulator = "gcc" }'}, "version 3.1"),
        ({"scaling": '"rsabe"', "design": "2x3x3"}, "intra-subject contrasts are used"),
        ({"scaling": '"rsabe"', "design": "T R R|R T R"}, "biased by a period effect"),
    ],
)
def test_what_surprises_is_said(of: dict[str, str], remark: str) -> None:
    assert any(remark in each for each in scenario(**of).remarks)


@pytest.mark.parametrize(
    "of",
    [
        {"analysis": 'metric = "cmax"'},
        {"scaling": '{ regulator = "hc" }', "analysis": 'metric = "auc"'},
        {"scaling": '"rsabe"'},
        {"scaling": '"abel"', "design": "T R R|R T R"},
    ],
)
def test_what_does_not_is_not(of: dict[str, str]) -> None:
    assert scenario(**of).remarks == ()


def test_exact_power_against_another_quadrature() -> None:
    """Every thirtieth row; all are compared without scenarios (tests/equivalence/test_scaled_power.py)."""
    for case in rows("power")[::30]:
        of = scenario(
            _rule(case),
            design=case["design"],
            patients=case["patients"],
            cv=f"{{ T = {case['cv_wt']}, R = {case['cv_wr']} }}",
            ratio=case["ratio"],
        )
        assert power(of) == pytest.approx(case["power"], abs=1e-6), case


def test_parts_against_another_quadrature() -> None:
    for case in rows("parts")[::10]:
        of = scenario(
            _rule(case),
            design=case["design"],
            patients=case["patients"],
            cv=f"{{ T = {case['cv_wt']}, R = {case['cv_wr']} }}",
            ratio=case["ratio"],
        )
        parts = scaled_theory.parts(of, "expected", of.analyses[0], of.design.patients)
        assert parts is not None
        for name in ("equivalent", "criterion", "estimate", "unscaled", "sd_ratio"):
            value, other = getattr(parts, name), case[name]
            assert (value is None) == (other is None), (name, case)
            assert other is None or value == pytest.approx(other, abs=4 * 0.5 / math.sqrt(1e6)), (name, case)


def _rule(case: dict[str, str]) -> str:
    switch = ", switch_cv = 0.3" if case["rule"] in ("abel", "rsabe") else ""
    return f'{{ rule = "{case["rule"]}", regulator = "{case["regulator"]}"{switch} }}'


@pytest.mark.parametrize(
    ("design", "patients", "cv", "alpha", "error"),
    [
        ("2x2x4", 24, 0.30, 0.029325, 0.080414),
        ("2x3x3", 24, 0.30, 0.034883, 0.070484),
        ("2x2x3", 24, 0.30, 0.027216, 0.085145),
        ("2x2x4", 34, 0.35, 0.036874, 0.064976),
    ],
)
def test_adjusted_alpha_holds_the_type_one_error(
    design: str, patients: int, cv: float, alpha: float, error: float
) -> None:
    of = {"design": design, "patients": patients, "cv": cv}
    plain, adjusted = scenario(**of), scenario('{ rule = "abel", adjust_alpha = true }', **of)
    level = adjusted_level(adjusted, adjusted.analyses[0], patients)
    assert level is not None
    assert level.alpha == pytest.approx(alpha, abs=1e-6)
    assert level.assumes == ()
    assert power(at_limit(plain)) == pytest.approx(error, abs=1e-6)
    assert power(at_limit(adjusted)) == pytest.approx(0.05, abs=1e-9)
    assert level_of(plain, plain.analyses[0], patients) == 0.05
    assert adjusted_level(plain, plain.analyses[0], patients) is None


def test_adjusted_alpha_says_what_it_stands_on() -> None:
    of = scenario(
        '{ rule = "abel", adjust_alpha = true }',
        cv="{ T = 0.3, R = 0.4 }",
        patients=25,
        more="[population]\ndropout = { per_period = 0.05 }",
    )
    level = adjusted_level(of, of.analyses[0], 25)
    assert level is not None
    assert 0.0 < level.alpha < 0.05
    assert len(level.assumes) == 3
    same = scenario('{ rule = "abel", adjust_alpha = true }', cv=0.4)
    alike = adjusted_level(same, same.analyses[0], 24)
    assert alike is not None
    assert alike.assumes == ()
    assert alike.alpha == pytest.approx(level.alpha, abs=1e-3)


@pytest.mark.parametrize(
    ("scaling", "cv", "limit"),
    [
        ('"abel"', 0.50, math.exp(0.76 * math.sqrt(math.log(1.25)))),
        ('"abel"', 0.25, 1.25),
        ('"rsabe"', 0.50, 1.25),
        ('{ regulator = "gcc" }', 0.50, 4 / 3),
        ('"ntid"', 0.10, math.exp(-math.log(0.9) / 0.1 * math.sqrt(math.log(1.01)))),
    ],
)
def test_the_null_hypothesis_begins_at_the_limit_of_the_stated_variability(
    scaling: str, cv: float, limit: float
) -> None:
    of = scenario(scaling, cv=cv)
    margins = judged_margins(of, of.hypotheses["expected"], of.analyses[0])
    assert margins == Margins(pytest.approx(-math.log(limit)), pytest.approx(math.log(limit)))
    below, at = (scenario(scaling, cv=cv, ratio=ratio) for ratio in (0.999 * limit, limit))
    assert not _truth(below)
    assert _truth(at)
    assert _truth(at_limit(of))


def _truth(of: Scenario) -> bool:
    from planner.engine.potential_outcomes import truths

    return truths(of, ["expected"], 1)["expected"][0].is_null


def test_the_reference_is_the_second_treatment() -> None:
    of = scenario(cv="{ T = 0.2, R = 0.5 }")
    assert product_cvs(of.hypotheses["expected"], of.analyses[0]) == pytest.approx((0.2, 0.5))
    turned = scenario(cv="{ T = 0.2, R = 0.5 }", analysis='contrast = ["R", "T"]')
    assert product_cvs(turned.hypotheses["expected"], turned.analyses[0]) == pytest.approx((0.5, 0.2))


def test_sizes_of_another_quadrature_through_scenarios() -> None:
    """Some of each rule, in place of all (tests/equivalence/test_scaled_size.py)."""
    for case in rows("size")[::25]:
        of = scenario(
            _rule(case),
            design=case["design"],
            cv=case["cv"],
            ratio=case["ratio"],
        )
        targets = [case["target"]]
        found = first_from(exact_powers(of, "expected", of.analyses[0], 1_000, targets), targets[0])
        assert found == case["patients"], case


@pytest.mark.parametrize(
    "of",
    [
        {"cv": "{ T = 0.3, R = 0.4 }"},  # method A
        {"more": "[population]\ndropout = { per_period = 0.1 }"},
        {"more": "[population]\ndropout = { per_period = 0.1 }", "scaling": '"rsabe"'},
        {"scaling": '"rsabe"', "design": "2x2x3", "cv": "{ T = 0.3, R = 0.4 }"},
        {"more": "carryover = { T = 1.05 }"},
    ],
)
def test_where_no_power_is_exact(of: dict[str, str]) -> None:
    stated = scenario(**of)
    assert theory.power(stated, "expected", stated.analyses[0], [24]) is None
    assert theory.limit(stated, "expected", stated.analyses[0]) is None
    assert scaled_theory.parts(stated, "expected", stated.analyses[0], 24) is None


@pytest.mark.parametrize("cv", ["{ T = 0.3, R = 0.45 }", "{ T = 0.45, R = 0.3 }"])
def test_exact_power_of_contrasts_with_period_effects_and_carryover(cv: str) -> None:
    """Against trials drawn here: contrasts of patients, with R1 - R2 of the same ones."""
    of = scenario(
        '"rsabe"',
        cv=cv,
        design="2x2x4",
        more="carryover = { T = 1.1 }\n[population]\nperiod_effect = [1.0, 1.1, 0.9, 1.2]",
    )
    exact = power(of)
    assert abs(_drawn(of, carried=math.log(1.1)) - exact) < 4 * 0.5 / math.sqrt(60_000)
    assert abs(_drawn(of, carried=0.0) - exact) > 0.01, "negative control"


def _drawn(of: Scenario, carried: float, trials: int = 60_000) -> float:
    """P(bioequivalent) of 24 patients, 12 of TRTR and 12 of RTRT, whatever periods do."""
    rule = scaled_rule_of(of.analyses[0])
    assert rule is not None
    sd = [math.sqrt(math.log1p(cv**2)) for cv in product_cvs(of.hypotheses["expected"], of.analyses[0])]
    rng = np.random.default_rng(7)
    means, own, references = [], [], []
    for first in (0, 1):  # the product of the first period: test, reference
        products = [first, 1 - first, first, 1 - first]
        values = np.zeros((4, trials, 12))
        for period, product in enumerate(products):
            values[period] = rng.normal(math.log(0.95) * (product == 0), sd[product], (trials, 12))
            if period and products[period - 1] == 0:
                values[period] += carried
        test = values[[k for k, p in enumerate(products) if p == 0]]
        reference = values[[k for k, p in enumerate(products) if p == 1]]
        contrast = test.mean(axis=0) - reference.mean(axis=0)
        means.append(contrast.mean(axis=1))
        own.append(contrast.var(axis=1, ddof=1) * 11)
        references.append((reference[0] - reference[1]).var(axis=1, ddof=1) * 11 / 2)
    d, mse = (means[0] + means[1]) / 2, (own[0] + own[1]) / 22
    se = np.sqrt(mse * (1 / 12 + 1 / 12)) / 2
    return float(decide(rule, d, se, 22, (references[0] + references[1]) / 22, 22).equivalent.mean())


def test_the_error_at_the_limit_is_exact_where_it_can_be() -> None:
    """Beside the figure of another quadrature, at a number of patients of its own each."""
    keys = [("expected", "fixed-subject", n) for n in (24, 48)]
    errors = limit_errors(scenario(cv=0.3), keys)
    assert [each.exact for each in errors.values()] == [True, True]
    at_24 = errors["expected", "fixed-subject", 24]
    assert at_24.type_one_error.estimate == pytest.approx(0.080414, abs=1e-6)
    assert (at_24.ratio, at_24.level, at_24.too_high) == (pytest.approx(80.0), 0.05, True)
    adjusted = limit_errors(scenario('{ rule = "abel", adjust_alpha = true }', cv=0.3), keys)
    assert [each.too_high for each in adjusted.values()] == [False, False]
    assert adjusted["expected", "fixed-subject", 24].level == pytest.approx(0.029325, abs=1e-6)


def test_the_error_at_the_limit_is_simulated_elsewhere() -> None:
    """With dropout, against --at-limit; and without, of unequal CVs so small that it is nearly exact."""
    of = scenario(more="[population]\ndropout = { per_period = 0.05 }", cv=0.3)
    key = ("expected", "fixed-subject", 24)
    error = limit_errors(of, [key], trials=65_536)[key]
    assert not error.exact
    moved = planner.simulate(at_limit(of), trials=65_536, seed=2).cells()[0]
    assert moved.true_effect == pytest.approx(error.ratio)
    spread = math.hypot(error.type_one_error.error, moved.power.error)
    assert abs(error.type_one_error.estimate - moved.power.estimate) < 4 * spread
    close = scenario(cv="{ T = 0.3, R = 0.3000001 }")
    near = limit_errors(close, [key], trials=65_536)[key]
    assert not near.exact
    assert abs(near.type_one_error.estimate - 0.080414) < 4 * near.type_one_error.error
    assert abs(near.type_one_error.estimate - 0.05) > 4 * near.type_one_error.error, "negative control"


def test_a_hypothesis_at_the_limit_has_no_row_of_its_own() -> None:
    of = scenario(ratio=1.5)
    assert limit_errors(of, [("expected", "fixed-subject", 24)]) == {}
    cell = planner.simulate(of, trials=1_024).cells()[0]
    assert cell.is_null
    assert cell.type1_at_limit is None


def test_a_run_shows_exact_figures_beside_its_own() -> None:
    cell = planner.simulate(scenario('"rsabe"'), trials=65_536).cells()[0]
    assert cell.exact is not None
    assert cell.scaled is not None
    exact = cell.exact.power
    pairs = [
        (cell.power, exact.equivalent),
        (cell.scaled.criterion, exact.criterion),
        (cell.scaled.estimate, exact.estimate),
        (cell.scaled.unscaled, exact.unscaled),
        (cell.scaled.switched, exact.scaled),
    ]
    for figure, value in pairs:
        assert figure is not None
        assert value is not None
        assert abs(figure.estimate - value) < 4 * figure.error
    document = cell.to_json()
    assert document["components"].keys() == document["exact"]["components"].keys()
    assert document["upper_limit"].keys() == document["exact"]["upper_limit"].keys()
    assert document["type1_at_limit"]["exact"] is True


def test_size_answers_exactly_and_says_so() -> None:
    sizing = planner.size(scenario(design="2x3x3", cv=0.35, ratio=0.9), power=0.8, trials=1_024)
    answer = sizing.answers[0]
    assert (answer.patients, answer.exact, answer.patients_by_formula) == (51, True, 51)  # PowerTOST: 48
    assert answer.type1_at_limit is not None
    assert answer.type1_at_limit.exact
    simulated = planner.size(
        scenario(cv="{ T = 0.35, R = 0.4 }", ratio=0.9), power=0.8, trials=2_048, max_patients=60
    )
    assert not simulated.answers[0].exact


def test_a_regulator_is_cited() -> None:
    from planner.report.citations import to_cite

    assert [each.key for each in to_cite(scenario()) if "EMA" in each.text] == ["ema-abel"]


def test_sweeps_have_the_exact_errors_at_the_limit(tmp_path: Path) -> None:
    """One after the other, as runs have them, and no warning for each."""
    file = tmp_path / "trial.toml"
    file.write_text(text(cv=0.3), encoding="utf-8")
    swept = planner.sweep(file, ["design.patients=12,24"], trials=1_024)
    errors = [cell.type1_at_limit for cell in swept.cells()]
    for error, patients in zip(errors, (12, 24), strict=True):
        own = planner.simulate(scenario(cv=0.3, patients=patients), trials=1_024).cells()[0]
        assert error == own.type1_at_limit
    assert not any("at the limit" in each for each in swept.warnings())


def test_contrasts_take_products_given_once_or_twice() -> None:
    with pytest.raises(ScenarioError, match="once or twice, not 3 times"):
        scenario('"rsabe"', design="T R R R|R T R R")
    assert scenario('"abel"', design="T R R R|R T R R").analyses[0].method == "fixed-subject"
