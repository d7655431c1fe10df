"""The SD between patients need not be stated where patients are compared with themselves alone."""

from __future__ import annotations

import math

import pytest

import planner
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
from tests.support.own_analyses import paired

FILE = """\
schema_version = 1

[design]
sequences = ["A B", "B A"]
patients = 12

[hypotheses.effect]
means = { A = 17.0, B = 20.0 }
sd_within = { A = 4.0, B = 3.0 }
"""
LOGARITHMS = """\
schema_version = 1

[design]
sequences = ["T R", "R T"]
patients = 12

[endpoint]
distribution = "log-normal"

[hypotheses.effect]
means = { T = 95.0, R = 100.0 }
cv_within = 0.3
"""
MATTERS = {
    "with one period": 'design.sequences=["A", "B"]',
    "the scale has limits": "endpoint.scale={low=0, high=50}",
    "leaving depends": "population.dropout={per_period=0.1, "
    "odds_ratio={endpoint={ratio=1.3, per=5, around=20}}}",
    "in the first period": 'analyses=[{method="period-one"}]',
    "observed data": 'observed={difference={contrast=["A", "B"], estimate=-2.0, se=1.0}}',
    "baselines vary": 'design.baselines="first"',
}
"""Reasons, and the settings that give them."""
BETWEEN = "hypotheses.effect.sd_between="


def told(text: str, *changed: str) -> str:
    """The faults of a file with settings changed."""
    with pytest.raises(ScenarioError) as caught:
        read_text(text, set=changed)
    return str(caught.value)


def test_it_is_assumed_to_be_as_large_as_within_patients() -> None:
    """The root mean square of the SDs within patients, which makes two scores correlate by one half."""
    hypothesis = read_text(FILE).hypotheses["effect"]
    assert hypothesis.model_dump()["sd_between"] == pytest.approx(math.sqrt((16.0 + 9.0) / 2.0), rel=1e-12)
    plain = read_text(FILE, set=["hypotheses.effect.sd_within=4.0"]).hypotheses["effect"]
    assert plain.model_dump()["sd_between"] == 4.0


def test_it_is_irrelevant_indeed() -> None:
    """Power and estimates are the same with patients who differ ten times as much."""
    cells = [
        planner.simulate(read_text(FILE, set=changed), trials=512).cells()[0]
        for changed in ([], [f"{BETWEEN}40.0"])
    ]
    assert cells[0].power == cells[1].power
    assert cells[0].estimate.mean == pytest.approx(cells[1].estimate.mean, abs=1e-9)
    other = planner.simulate(read_text(FILE, set=["hypotheses.effect.sd_within=4.0"]), trials=512)
    assert other.cells()[0].power != cells[0].power  # negative control


@pytest.mark.parametrize("reason", MATTERS)
def test_where_it_matters_it_has_to_be_stated(reason: str) -> None:
    message = told(FILE, MATTERS[reason])
    assert "needs `sd_between` beside it" in message
    assert reason in message
    if "baselines" not in reason:  # which need correlations of their own
        read_text(FILE, set=[MATTERS[reason], f"{BETWEEN}3.0"])


def test_an_analysis_of_the_users_own() -> None:
    text = f"{FILE}\n[[analyses]]\nmethod = 'mine'\n"
    methods = {"mine": planner.Analysis(paired, title="A paired t test", needs="within")}
    with pytest.raises(ScenarioError, match="which is your own"):
        read_text(text, methods=methods)
    read_text(text, set=[f"{BETWEEN}3.0"], methods=methods)


def test_a_log_normal_endpoint_has_a_usual_one_and_says_where_it_matters() -> None:
    said = "hypothesis effect: cv_between = 0.5 is assumed, and it matters"
    parallel, stated = 'design.sequences=["T", "R"]', "hypotheses.effect.cv_between=0.5"

    def remarks(*changed: str) -> str:
        return " ".join(read_text(LOGARITHMS, set=changed).remarks)

    assert said in remarks(parallel)
    assert said not in remarks()
    assert said not in remarks(parallel, stated)
