"""Simulated trials stop at each look as often as the solver says, for every rule.

The solver knows a normal statistic; the trials are so large (2,400 patients) that their t statistic is one.
What is left of the difference between t and z at these sizes is below 0.0014 in any probability (by the
noncentral t of SciPy), a third of its standard error.
"""

from __future__ import annotations

from typing import Any

import pytest

from planner.model.looks import monitoring_plan
from planner.monitoring.boundaries import crossing
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.scenario.reading.read import read_text
from planner.scenario.stopping_rules import EFFICACY_RULES, FUTILITY_RULES
from tests.support.harness import Comparison, TooFarApart, scenario_text
from tests.support.marks import repeated

TRIALS = 15_000
PATIENTS = 2_400
LOOKS = [800, 1600, 2400]
DRIFT = 3.0  # expected z of the last look under the alternative

EFFICACY: dict[str, dict[str, Any]] = {
    "none": {},
    "obrien-fleming": {},
    "pocock": {},
    "wang-tsiatis": {"delta": 0.25},
    "haybittle-peto": {},
    "obrien-fleming-spending": {},
    "pocock-spending": {},
    "hwang-shih-decani": {"gamma": -2.0},
    "kim-demets": {"rho": 2.0},
    "user-spending": {"spent": [0.002, 0.008, 0.025]},
    "z": {"z": [3.0, 2.5, 2.1]},
}
FUTILITY: dict[str, dict[str, Any]] = {
    "z": {"z": [0.0, 0.6]},
    "conditional-power": {"at_most": 0.1, "under": "estimate"},
    "obrien-fleming-spending": {"beta": 0.2},
    "pocock-spending": {"beta": 0.2},
    "hwang-shih-decani": {"beta": 0.2, "gamma": -2.0},
    "kim-demets": {"beta": 0.2, "rho": 2.0},
    "user-spending": {"spent": [0.04, 0.1, 0.2]},
}


def compare(
    efficacy: dict[str, Any], futility: dict[str, Any] | None, sided: int, shift: float = 0.0
) -> Comparison:
    """Null and alternative, look by look; `shift` moves the drift that the solver is asked about."""
    sd = 1.0
    effect = DRIFT * sd / PATIENTS**0.5
    text = scenario_text(
        patients=PATIENTS,
        hypotheses={
            "null": {"means": {"A": 0.0, "B": 0.0}, "sd_difference": sd},
            "alternative": {"means": {"A": effect, "B": 0.0}, "sd_difference": sd},
        },
        analyses=[
            {
                "method": "paired-t",
                "alpha": 0.025 * sided,
                "alternative": "two-sided" if sided == 2 else "greater",
            }
        ],
        looks=LOOKS,
        efficacy=efficacy,
        futility=futility,
    )
    scenario = read_text(text)
    boundary = monitoring_plan(scenario, scenario.analyses[0], PATIENTS).boundary
    comparison = Comparison(title=f"{efficacy} {futility} sided {sided}")
    for cell in as_json(simulate(scenario, trials=TRIALS, seed=20).cells()):
        expected = crossing(boundary, (0.0 if cell["is_null"] else DRIFT) + shift)
        for k, look in enumerate(cell["looks"]):
            name = f"{cell['hypothesis']}, look {k + 1}"
            either = expected.efficacy_up[k] + expected.efficacy_down[k]
            comparison.probability(f"{name}, efficacy", look["efficacy"], TRIALS, either)
            comparison.probability(f"{name}, futility", look["futility"], TRIALS, expected.futility[k])
    return comparison


def test_every_rule_is_simulated() -> None:
    assert EFFICACY.keys() == EFFICACY_RULES.keys()
    assert FUTILITY.keys() == FUTILITY_RULES.keys() - {"none"}


@pytest.mark.parametrize(
    ("rule", "sided"),
    repeated([(r, 1) for r in EFFICACY] + [(r, 2) for r in reversed(EFFICACY)], fast=1),
)
def test_efficacy_rules(rule: str, sided: int) -> None:
    parameters = dict(EFFICACY[rule])
    if rule == "user-spending":
        parameters["spent"] = [sided * share for share in parameters["spent"]]
    compare({"rule": rule} | parameters, None, sided).check()


@pytest.mark.long
@pytest.mark.parametrize(
    ("rule", "binding"),
    repeated(
        [(r, False) for r in FUTILITY] + [(r, True) for r in reversed(FUTILITY)], fast=len(FUTILITY) + 2
    ),
)
def test_futility_rules(rule: str, binding: bool) -> None:
    futility = {"rule": rule, "binding": binding} | FUTILITY[rule]
    compare({"rule": "obrien-fleming-spending"}, futility, 1).check()


@pytest.mark.long
@pytest.mark.parametrize("rule", ["z", "conditional-power", "obrien-fleming-spending"])
def test_two_sided_futility_rules(rule: str) -> None:
    compare({"rule": "obrien-fleming-spending"}, {"rule": rule} | FUTILITY[rule], 2).check()


def test_a_slightly_different_effect_is_noticed() -> None:
    """Negative control."""
    with pytest.raises(TooFarApart):
        compare({"rule": "pocock"}, None, 2, shift=0.1).check()
