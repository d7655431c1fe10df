"""Mechanisms against a plain NumPy simulation of the same patients (`naive_terms.py`).

Generated readings are compared by sequence and period: means, spreads, and how readings of a patient hang
together, across measures, days and periods. Then whole trials are compared, cell by cell. Both sides have
Monte Carlo error and different random numbers, so that agreement is agreement on what a mechanism means.
"""

from __future__ import annotations

import pytest

from tests.support.harness import TooFarApart
from tests.support.marks import repeated
from tests.support.mechanism_cases import CASES, LATER, PATIENTS, Json, scenario
from tests.support.naive_readings import compare_readings


@pytest.mark.parametrize(
    "patients",
    [pytest.param(PATIENTS // 3, id="short"), pytest.param(PATIENTS, marks=pytest.mark.long, id="long")],
)
@pytest.mark.parametrize("name", CASES)
def test_readings(name: str, patients: int) -> None:
    """The short form would see 21 of the 26 settings below; five smaller differences take the long one."""
    comparison = compare_readings(scenario(CASES[name]), patients=patients)
    comparison.title = name
    comparison.check()


@pytest.mark.parametrize(
    ("name", "change"),
    repeated(
        [
            ("short washout", {"agents/blocker/half_life_days": 3.0}),
            ("short washout", {"design/washout_days": 4.3}),
            ("three periods", {"components/specific/half_life_days": {"median": 6.0, "log_sd": 0.6}}),
            ("partial gate", {"hypotheses/h/terms": [{"component": "specific", "needs": ["target", "cue"]}]}),
            ("prolonged in the first period", {"agents/blocker/prolongs": {"*": 6.0}}),
            ("a component that makes worse", {"components/worse/size": -0.28}),
            ("one agent lowers another", {"agents/blocker/lowers": {"drug": 0.57}}),
            ("late peak", {"components/placebo/peak_day": 8.0}),
            ("half points", {"endpoint/scale/step": 1.0}),
            ("threshold far above the mean", {"population/baseline/at_least": 28.0}),
            ("threshold between two steps", {"population/baseline/at_least": 24.0}),
            ("five days", {"population/occasion_sd": 0.16}),
            ("plain", {"population/rating_sd": 1.3}),
            ("plain", {"components/specific/share": 0.57}),
            ("effect of period", {"population/period_effect": [1.5, -1.6]}),
            ("any number", {"endpoint/scale/remission_at_most": 7.4}),
            ("half a dose, a double one", {"treatments/A": {"agents": [{"agent": "drug", "level": 0.53}]}}),
            ("a weaker agent lowers less", {"treatments/B": {"agents": ["drug", "blocker"]}}),
            (
                "blocked later, which is too late",
                {"treatments/B": {"agents": ["drug", {"agent": "blocker", "at_days": 2.5}]}},
            ),
            ("blocked later, which takes it away", {"hypotheses/h/terms": LATER["hypotheses/h/terms"]}),
            (
                "given on the day of an assessment",
                {"treatments/B": {"agents": ["drug", {"agent": "blocker", "at_days": 2.99}]}},
            ),
            ("needed throughout", {"signals/tone": {"base": 1.0, "blocked_by": {"blocker": 0.8}}}),
            (
                "needed throughout, blocked until the next dosing",
                {"agents/blocker/half_life_days": 4.0},
            ),
            ("the blocker first, the drug later", {"agents/drug/lowers": {}, "agents/blocker/lowers": {}}),
            ("prolonged later", {"treatments/B": {"agents": ["drug", "blocker"]}}),
            ("driven throughout by what is given later", {"signals/late/blocked_by": {"blocker": 0.7}}),
        ],
        fast=8,
    ),
)
def test_a_setting_that_is_off_is_seen(name: str, change: Json) -> None:
    """Negative control: the naive simulation has one setting that is off."""
    case = CASES[name]
    with pytest.raises(TooFarApart):
        compare_readings(scenario(case), scenario(case | change)).check()
