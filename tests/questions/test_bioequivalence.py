"""Equivalence of ratios of geometric means: defaults, sizes that the field prints, exact power, faults.

Sizes of the 2x2 design: Diletti E, Hauschke D, Steinijans VW. Int J Clin Pharmacol Ther Toxicol 1991;29:1-8
(80 % power, ratio .95; CV 10 % is 8 patients), and PowerTOST 1.5-7 (R), sampleN.TOST, for the other designs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import planner
from planner.model.degrees_of_freedom import planned_df
from planner.model.margins import margins_of
from planner.questions.exact import theory
from planner.scenario.canonical.toml import to_toml
from planner.scenario.estimability import variance_factor
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.exact import equivalence_power
from tests.support.harness import Comparison, TooFarApart

TRIALS = 100_000
L = math.log(1.25)


def text(
    design: str = "2x2",
    *,
    ratio: float = 0.95,
    cv: float = 0.3,
    patients: int = 24,
    analysis: str = "",
    arms: str = "T R",
    more: str = "",
) -> str:
    names = arms.split()
    means = ", ".join(f"{a} = {100 * ratio if a == 'T' else 100.0}" for a in names)
    return f"""
schema_version = 1
treatments = {names}
[design]
name = "{design}"
patients = {patients}
{more}
[endpoint]
distribution = "log-normal"
unit = "ng h/mL"
[hypotheses.expected]
means = {{ {means} }}
cv_within = {cv}
[[analyses]]
alternative = "equivalence"
contrast = ["T", "R"]
{analysis}
"""


def scenario(design: str = "2x2", **settings: Any) -> Scenario:
    return read_text(text(design, **settings))


def test_limits_alpha_and_method_are_the_usual_ones() -> None:
    plan = scenario()
    (analysis,) = plan.analyses
    assert (analysis.limits, analysis.alpha, analysis.method) == ((0.8, 1.25), 0.05, "hills-armitage")
    margins = margins_of(plan, analysis)
    assert margins is not None
    assert margins == pytest.approx((-L, L), rel=1e-15)
    assert scenario(analysis="limits = 1.25").analyses[0].limits == (0.8, 1.25)
    assert scenario(analysis="limits = 0.75").analyses[0].limits == (0.75, 1 / 0.75)


@pytest.mark.parametrize(
    ("design", "method", "pooled"),
    [
        ("2x2", "hills-armitage", None),
        ("2x2x4", "fixed-subject", None),
        ("2x2x3", "fixed-subject", None),
        ("2x3x3", "fixed-subject", None),
        ("balaam", "fixed-subject", None),
        ("parallel", "period-one", None),
        ("3x6x3", "fixed-subject", "pair"),
        ("4x4", "fixed-subject", "pair"),
    ],
)
def test_the_method_is_that_of_fixed_effects(design: str, method: str, pooled: str | None) -> None:
    arms = {"3x6x3": "T R S", "4x4": "T R S U"}.get(design, "T R")
    (analysis,) = scenario(design, arms=arms).analyses
    assert (analysis.method, analysis.pooled) == (method, pooled)


def test_the_error_of_all_treatments_can_be_asked_for() -> None:
    df = {}
    for pooled in ("all", "pair"):
        plan = scenario("3x6x3", arms="T R S", patients=17, analysis=f'pooled = "{pooled}"')
        df[pooled] = planned_df(plan, plan.analyses[0], 17)
        assert read_text(to_toml(plan)).analyses[0].pooled == pooled
    assert df == {"all": 30, "pair": 14}


SIZES = {0.1: 8, 0.15: 12, 0.2: 20, 0.25: 28, 0.3: 40, 0.35: 52, 0.4: 66}


@pytest.mark.parametrize("cv", SIZES)
def test_sizes_of_the_2x2_design(cv: float) -> None:
    sizing = planner.size(scenario(cv=cv, patients=12), power=0.8, trials=1_024, max_patients=80)
    (answer,) = sizing.answers
    document = sizing.to_json()["answers"][0]
    assert (answer.exact, answer.patients_by_formula) == (True, SIZES[cv])
    assert (answer.patients, answer.minimum) == (max(SIZES[cv], 12), 12)
    assert (document["patients"], document["patients_by_formula"], document["minimum"]) == (
        answer.patients,
        SIZES[cv],
        12,
    )
    se = math.sqrt(math.log(1 + cv * cv) * 2 / answer.patients)
    exact = equivalence_power(-L, L, math.log(0.95), se, answer.patients - 2)
    assert answer.exact_power == pytest.approx(exact, abs=1e-9)
    assert exact >= 0.8


@pytest.mark.parametrize(("minimum", "patients"), [("minimum = 0", 8), ("minimum = 9", 10), ("", 12)])
def test_the_minimum_is_of_evaluable_patients(minimum: str, patients: int) -> None:
    plan = scenario(cv=0.1, patients=12, more=minimum)
    (answer,) = planner.size(plan, power=0.8, trials=1_024, max_patients=20).answers
    assert answer.patients == patients
    assert answer.minimum == (None if minimum.endswith("= 0") else plan.design.minimum)
    assert answer.range == (patients, patients)
    leaving = scenario(cv=0.1, patients=12, more=f"{minimum}\n[population]\ndropout = 0.25")
    (answer,) = planner.size(leaving, power=0.8, trials=4_096, max_patients=20).answers
    assert answer.expected_completers is not None
    least = plan.design.minimum or 0
    assert answer.expected_completers.estimate >= least - 0.1
    assert answer.patients == max(
        answer.patients_by_formula or answer.patients or 0, 2 * math.ceil(least / 1.5)
    )


def test_parallel_groups_have_24_and_a_difference_has_no_minimum() -> None:
    assert scenario("parallel").design.minimum == 24
    assert scenario().design.minimum == 12
    plain = text().replace('alternative = "equivalence"', "")
    assert read_text(plain).design.minimum is None


@pytest.mark.parametrize(
    ("design", "analysis", "patients"),
    [
        ("2x2x4", "", 20),
        ("2x2x3", "", 30),
        ("2x3x3", "", 30),
        ("balaam", "", 76),
        ("balaam", "carryover = true", 152),
        ("parallel", "", 0),
    ],
)
def test_sizes_of_other_designs(design: str, analysis: str, patients: int) -> None:
    """CV 30 %, ratio .95, 80 % power. Balaam's with and without carryover in the model."""
    plan = scenario(design, analysis=analysis, more="minimum = 0")
    multiples = range(plan.design.unit, 201, plan.design.unit)
    powers = theory.power(plan, "expected", plan.analyses[0], multiples)
    assert powers is not None
    enough = [n for n, power in zip(multiples, powers, strict=True) if power >= 0.8]
    assert (enough[0] if enough else 0) == patients


def test_mirrored_ratios_have_the_same_power() -> None:
    powers = []
    for ratio in (0.95, 1 / 0.95, 1.05):
        plan = scenario(ratio=ratio)
        power = theory.power(plan, "expected", plan.analyses[0], [24])
        assert power is not None
        powers.append(float(power[0]))
    assert powers[0] == pytest.approx(powers[1], rel=1e-12)
    assert powers[0] != pytest.approx(powers[2], rel=1e-3)


@pytest.mark.parametrize(
    ("design", "factor", "gain", "loss", "settings"),
    [
        ("2x2", 2 / 24, 1, 2, {}),
        ("2x2x4", 1 / 24, 3, 4, {}),
        ("3x6x3", 2 / 24, 1, 3, {"arms": "T R S"}),
        ("3x6x3", 2 / 24, 2, 4, {"arms": "T R S", "analysis": 'pooled = "all"'}),
    ],
)
def test_simulated_power_is_the_exact_one(
    design: str, factor: float, gain: int, loss: int, settings: dict[str, str]
) -> None:
    comparison = Comparison()
    sd = math.sqrt(math.log(1.09))
    for ratio in (0.95, 1.0, 1.25):
        (cell,) = planner.simulate(scenario(design, ratio=ratio, **settings), trials=TRIALS).cells()
        power = equivalence_power(-L, L, math.log(ratio), sd * math.sqrt(factor), gain * 24 - loss)
        comparison.probability(f"{ratio:g}", cell.power.to_json(), TRIALS, power)
        assert cell.limits == pytest.approx((80.0, 125.0), rel=1e-14)
        assert cell.true_effect == pytest.approx(100 * ratio, rel=1e-11)
        assert cell.is_null == (ratio == 1.25)
    comparison.check()
    comparison.probability("another CV", cell.power.to_json(), TRIALS, 0.06)
    with pytest.raises(TooFarApart):  # negative control
        comparison.check()


@pytest.mark.parametrize(("means", "limits"), [("T = 80.0", "[0.8, 1.25]"), ("T = 117.3", "[0.9, 1.173]")])
def test_a_ratio_at_a_limit_as_it_is_written_is_null(means: str, limits: str) -> None:
    plan = read_text(text(analysis=f"limits = {limits}").replace("T = 95.0", means))
    (cell,) = planner.simulate(plan, trials=128).cells()
    assert cell.is_null


def test_non_inferiority_of_a_ratio() -> None:
    margin = 'scale = { better = "higher" }\n[hypotheses.expected]'
    stated = text(analysis="margin = 0.8").replace("equivalence", "non-inferiority")
    plan = read_text(stated.replace("[hypotheses.expected]", margin))
    (cell,) = planner.simulate(plan, trials=128).cells()
    assert (cell.margin, cell.alpha) == (pytest.approx(80.0), 0.025)
    moved = planner.at_limit(plan)
    (cell,) = planner.simulate(moved, trials=128).cells()
    assert (cell.true_effect, cell.is_null) == (pytest.approx(80.0), True)


@pytest.mark.parametrize(
    ("analysis", "message"),
    [
        ("limits = [1.25, 0.8]", "are [1.25, 0.8]: the lower limit comes first"),
        ("limits = [1.05, 1.25]", "from 1.05 to 1.25 do not have 1, no effect, between them"),
        ("limits = [-0.2, 0.2]", "of a log-normal endpoint are ratios, above 0"),
        ("limits = 1", "is 1: one number m stands for m and 1 / m"),
        ("margin = 0.8", "is not used by alternative = equivalence"),
    ],
)
def test_faults(analysis: str, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        scenario(analysis=analysis)
    (fault,) = refused.value.faults
    assert fault.message == message


@pytest.mark.parametrize(
    ("margin", "message"),
    [
        ("1.25", "is 1.25: where higher is better, that of non-inferiority is below 1"),
        ("1.0", "is 1: that is a test of whether there is any effect"),
        ("-0.2", "is -0.2: of a log-normal endpoint it is a ratio, above 0"),
    ],
)
def test_faults_of_a_margin(margin: str, message: str) -> None:
    scale = 'scale = { better = "higher" }\n[hypotheses.expected]'
    stated = text(analysis=f"margin = {margin}").replace("equivalence", "non-inferiority")
    with pytest.raises(ScenarioError) as refused:
        read_text(stated.replace("[hypotheses.expected]", scale))
    (fault,) = refused.value.faults
    assert fault.message == message


@pytest.mark.parametrize(
    ("analysis", "patients", "other"), [("", 76, "152"), ("carryover = true", 152, "76")]
)
def test_balaams_design_says_both_numbers(analysis: str, patients: int, other: str) -> None:
    plan = scenario("balaam", analysis=analysis)
    (answer,) = planner.size(plan, power=0.8, trials=512, max_patients=200).answers
    assert answer.patients == patients
    assert f"{other} patients" in answer.note
    assert ("T T and R R tell nothing" in answer.note) == (not analysis)
    (remark,) = plan.remarks
    assert f"is {4 if analysis else 2} times that of an AB/BA trial" in remark
    assert not read_text(text("balaam", analysis=analysis).replace('alternative = "equivalence"', "")).remarks


def test_unequal_sequences_cost_what_the_model_says() -> None:
    """2x3x3 with 10, 8 and 5 patients: C = .06765 by the model matrix, where b sum(1 / n) is .07083."""
    plan = scenario("2x3x3", patients=23, more="allocation = [10, 8, 5]")
    (analysis,) = plan.analyses
    factor = variance_factor(plan.design.sequences, plan.design.allocation, analysis.weights)
    assert factor is not None
    assert float(factor) / 23 == pytest.approx(0.067647, abs=1e-6)
    rows = list(zip((10, 8, 5), plan.design.sequences, strict=True))
    matrix = []
    for first in range(len(rows)):
        n, sequence = rows[first]
        for patient in range(n):
            own = np.zeros(23)
            own[sum(m for m, _ in rows[:first]) + patient] = 1.0
            matrix += [[*own, k == 1, k == 2, a == "T"] for k, a in enumerate(sequence)]
    x = np.array(matrix, float)
    assert np.linalg.inv(x.T @ x)[-1, -1] == pytest.approx(float(factor) / 23, rel=1e-9)
