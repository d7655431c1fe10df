"""Assurance of equivalence trials as scenarios state it: against another program, exact and simulated."""

from __future__ import annotations

import math
from typing import Any

import pytest

from planner.questions.at_limit import at_limit
from planner.questions.exact import theory
from planner.questions.run.simulate import simulate
from planner.questions.size.size import size
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.equivalence_tables import cost, rows

TEXT = """
schema_version = 1
title = "Two formulations"
endpoint = {{ distribution = "log-normal" }}
design = {{ name = "{design}", arms = ["T", "R"], patients = {n} }}
[hypotheses.expected]
means = {{ T = {t}, R = 100.0 }}
cv_within = {cv}
[hypotheses.expected.uncertainty]
{uncertain}
[[analyses]]
contrast = ["T", "R"]
alternative = "equivalence"
"""
CASES = [each for each in rows("assurance") if each["design"] in ("2x2", "2x2x4")]
TOLERANCE = {"CV": 1e-8, "theta0": 1e-4, "both": 1e-3}


def stated(case: dict[str, Any]) -> Scenario:
    uncertain = []
    if case["prior"] == "CV":
        uncertain += [f"cv_within = {{ df = {case['df_CV']} }}"]
    else:
        uncertain += [f"ratio = {{ patients = {case['m']} }}"]
    if case["prior"] == "both":
        uncertain += [f"cv_within = {{ df = {cost(case['design'], case['m']).df} }}"]
    numbers = {"design": case["design"], "n": case["n"], "t": 100.0 * case["theta0"], "cv": case["CV"]}
    return read_text(TEXT.format(**numbers, uncertain="\n".join(uncertain)))


def exact(scenario: Scenario) -> float:
    found = theory.assurance(scenario, "expected", scenario.analyses[0], [scenario.design.patients])
    assert found is not None
    return float(found[0])


@pytest.mark.parametrize("prior", TOLERANCE)
def test_exact_assurance_is_that_of_r(prior: str) -> None:
    cases = [case for case in CASES if case["prior"] == prior]
    assert len(cases) >= 4
    assert max(abs(exact(stated(case)) - case["power"]) for case in cases) < TOLERANCE[prior]
    worse = [{**case, "CV": 1.1 * case["CV"]} for case in cases]
    off = [abs(exact(stated(each)) - case["power"]) for each, case in zip(worse, cases, strict=True)]
    assert min(off) > TOLERANCE[prior]


@pytest.mark.parametrize("prior", TOLERANCE)
def test_simulated_assurance_agrees(prior: str) -> None:
    case = next(case for case in CASES if case["prior"] == prior and case["design"] == "2x2")
    (cell,) = simulate(stated(case), trials=256_000, uncertain=True, variants=1000).cells()
    off = cell.power.estimate - exact(stated(case))
    assert abs(off) < 4.0 * cell.power.mcse
    assert cell.power.mcse < 0.013
    assert cell.power.mcse > 3.0 * math.sqrt(0.25 / 256_000)  # it counts the spread between variants


def test_size_answers_with_exact_assurance() -> None:
    """40 patients have 81.6 % at a CV that is known; known from 22 degrees of freedom it takes more."""
    text = TEXT.format(design="2x2", n=40, t=95.0, cv=0.3, uncertain="cv_within = { df = 22 }")
    (answer,) = size(read_text(text), power=0.8, uncertain=True, variants=50).answers
    assert answer.exact
    assert answer.patients is not None
    scenario = read_text(text, set=[f"design.patients={answer.patients}"])
    less = read_text(text, set=[f"design.patients={answer.patients - 2}"])
    assert answer.exact_power == pytest.approx(exact(scenario), abs=1e-12)
    assert exact(less) < 0.8 <= exact(scenario)
    assert answer.patients > 40


@pytest.mark.parametrize(
    "uncertain",
    [
        "cv_within = { low = 0.2, high = 0.4 }",
        '"cv_within.T" = { df = 22 }',
        "cv_within = { df = 22 }\nsd_interaction = { low = 0, high = 0.1 }",
    ],
)
def test_nothing_is_exact_where_more_is_uncertain(uncertain: str) -> None:
    scenario = read_text(TEXT.format(design="2x2", n=24, t=95.0, cv=0.3, uncertain=uncertain))
    assert theory.assurance(scenario, "expected", scenario.analyses[0], [24]) is None


def test_at_the_limit_the_effect_is_known() -> None:
    text = TEXT.format(
        design="2x2", n=24, t=95.0, cv=0.3, uncertain="cv_within = { df = 22 }\nratio = { patients = 24 }"
    )
    moved = at_limit(read_text(text))
    assert list(moved.hypotheses["expected"].uncertainty) == ["cv_within"]
