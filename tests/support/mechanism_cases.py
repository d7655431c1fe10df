"""Scenarios with mechanisms, and how their generated readings are compared with those of `naive_terms.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.harness import toml

Floats = NDArray[np.float64]
Json = dict[str, Any]
MEASURES = ("score", "change", "percent-change", "response", "remission")
PATIENTS = 60_000  # of each sequence and hypothesis
LIMIT = 4.8  # several thousand comparisons; 2e-6 for one

# Two drugs, a blocker, and everything that the patients bring along; each case changes one thing.
BASE: Json = {
    "schema_version": 1,
    "agents": {
        "drug": {},
        "blocker": {"occupancy": 0.9, "half_life_days": 4.0},
        "weak": {},
    },
    "treatments": {
        "A": {"agents": ["drug"]},
        "B": {"agents": ["drug", "blocker"]},
        "C": {"agents": ["weak"]},
    },
    "signals": {
        "target": {"activated_by": {"drug": 1.0, "weak": 0.5}, "blocked_by": {"blocker": 0.8}},
        "cue": {"combine": "max", "activated_by": {"drug": 1.0, "weak": 0.7}},
        "harm": {"activated_by": {"blocker": 1.0}},
    },
    "components": {
        "specific": {
            "share": 0.6,
            "size": {"mean": 0.6, "sd": 0.2},
            "otherwise": {"mean": 0.05, "sd": 0.05},
            "half_life_days": {"median": 6.0, "log_sd": 0.8},
        },
        "placebo": {
            "share": 0.3,
            "size": {"mean": 0.4, "sd": 0.1},
            "otherwise": {"mean": 0.1, "sd": 0.1},
            "half_life_days": {"median": 10.0, "log_sd": 0.5},
        },
        "worse": {"size": -0.3, "half_life_days": 2.0},
    },
    "hypotheses": {
        "h": {
            "terms": [
                {"component": "specific", "needs": ["target"]},
                {"component": "placebo", "needs": ["cue"]},
            ]
        }
    },
    "design": {
        "sequences": ["A B", "B A"],
        "patients": 20,
        "washout_days": 20.0,
        "assessment_days": [1.0, 3.0],
    },
    "population": {
        "baseline": {"mean": 24.0, "sd": 4.0, "at_least": 20.0},
        "rating_sd": 1.5,
        "occasion_sd": 0.15,
        "dropout": {"per_period": 0.1},
    },
    "endpoint": {
        "scale": {
            "low": 0.0,
            "high": 52.0,
            "step": 1.0,
            "better": "lower",
            "response": 0.5,
            "remission_at_most": 7.0,
        },
        "measure": "change",
        "day": 1.0,
    },
    "analyses": [{"method": "paired-t", "contrast": ["A", "B"]}],
}


def changed(base: Json, changes: Json) -> Json:
    """A copy with some settings replaced, by dotted path; None takes one out."""
    copy = {key: changed(value, {}) if isinstance(value, dict) else value for key, value in base.items()}
    for path, value in changes.items():
        node = copy
        *above, last = path.split("/")
        for key in above:
            node = node.setdefault(key, {})
        if value is None:
            node.pop(last, None)
        else:
            node[last] = value
    return copy


def scenario(changes: Json) -> Scenario:
    settings = changed(BASE, changes)
    return read_text("\n".join(f"{key} = {toml(value)}" for key, value in settings.items()))


NO_SPREAD: Json = {
    "population/rating_sd": 0.0,
    "population/occasion_sd": 0.0,
    "components/specific": {"share": 0.5, "size": 0.6, "half_life_days": 6.0},
    "components/placebo": {"share": 1.0, "size": 0.1, "half_life_days": 10.0},
}
ONE_TERM = [{"component": "specific", "needs": ["target"]}]
LATER: Json = {
    "treatments/B": {"agents": ["drug", {"agent": "blocker", "at_days": 1.5}]},
    "hypotheses/h/terms": [*ONE_TERM, {"component": "worse", "needs": ["harm"]}],
    "design/washout_days": 6.0,
}
THROUGHOUT: list[Json] = [
    {"component": "specific", "needs": [{"signal": "target", "when": "throughout"}]},
    {"component": "placebo", "needs": ["cue"]},
]
OWN: Json = {
    "agents": {"blocker": {"occupancy": 0.5, "half_life_days": 9.0, "lowers": {"drug": 0.4}}},
    "signals": {"target": {"base": 0.1, "activated_by": {"drug": 0.8}}},
    "components": {
        "placebo": {"size": 0.2, "half_life_days": 3.0},
        "extra": {"size": 0.15, "half_life_days": 5},
    },
    "terms": [*ONE_TERM, {"component": "placebo", "needs": ["cue"]}, {"component": "extra"}],
}

CASES: dict[str, Json] = {
    "plain": {},
    "short washout": {"design/washout_days": 4.0},
    "washout and length of a period": {"design/washout_days": 3.0, "design/period_days": 4.0},
    "three periods": {
        "design/sequences": ["A B C", "B C A", "B B A", "C B A"],
        "design/washout_days": 5.0,
        "analyses": [{"method": "paired-t", "contrast": ["A", "B"]}],
    },
    "four periods of two treatments": {
        "design/sequences": ["A B B A", "B A A B"],
        "design/washout_days": 3.0,
    },
    "prolonged in the first period": {
        "agents/blocker/prolongs": {"*": 6.0, "placebo": 2.0},
        "design/washout_days": 8.0,
    },
    "prolongs one component": {"agents/blocker/prolongs": {"specific": 5.0}, "design/washout_days": 8.0},
    "partial gate": {
        "hypotheses/h/terms": [
            {"component": "specific", "needs": [{"signal": "target", "gate": 0.6}, "cue"]},
            {"component": "placebo", "needs": [{"signal": "target", "gate": 0.3}]},
        ]
    },
    "a component that makes worse": {
        "hypotheses/h/terms": [*ONE_TERM, {"component": "worse", "needs": ["harm"]}],
        "design/washout_days": 3.0,
    },
    "the same component twice": {
        "hypotheses/h/terms": [*ONE_TERM, {"component": "specific", "needs": ["cue", "harm"]}],
    },
    "tone, sums and signals that drive signals": {
        "signals/tone": {"base": 1.0, "blocked_by": {"blocker": 0.5}},
        "signals/release": {
            "base": 0.2,
            "activated_by": {"drug": 0.3},
            "activated_by_signal": {"target": 0.7, "cue": 0.4},
            "blocked_by": {"blocker": 1.0},
        },
        "signals/cue/combine": "sum",
        "signals/cue/activated_by": {"drug": 0.4, "blocker": 0.5},
        "hypotheses/h/terms": [
            {"component": "specific", "needs": ["release", "tone"]},
            {"component": "placebo", "needs": ["cue"]},
        ],
    },
    "the strongest signal counts": {
        "signals/cue/activated_by_signal": {"harm": 0.9, "target": 0.4},
        "signals/cue/activated_by": {"drug": 0.3},
        "signals/cue/base": 0.35,
    },
    "one agent lowers another": {
        "agents/blocker/lowers": {"drug": 0.6},
        "signals/target/activated_by": {"drug": 1.5},
    },
    "occupancy of the treatment": {
        "treatments/B": {"agents": ["drug", {"agent": "blocker", "occupancy": 0.4}]},
        "design/washout_days": 4.0,
    },
    "no residual blockade": {"agents/blocker/half_life_days": None, "design/washout_days": 3.0},
    "late peak": {
        "components/specific/peak_day": 3.0,
        "components/placebo/peak_day": 9.0,
        "design/washout_days": 7.0,
    },
    "a hypothesis's own tables": {"hypotheses/h": OWN, "design/washout_days": 5.0},
    "half points": {"endpoint/scale/step": 0.5},
    "tenths, response of 80 %": {
        "endpoint/scale/step": 0.1,
        "endpoint/scale/response": 0.8,
        "population/rating_sd": 0.5,
    },
    "response of 80 % in whole points": {"endpoint/scale/response": 0.8},
    "any number": {
        "endpoint/scale": {"response": 0.5, "remission_at_most": 7.0},
        "population/baseline/at_least": 19.3,
    },
    "narrow scale": {
        "endpoint/scale/low": 12.0,
        "endpoint/scale/high": 24.0,
        "endpoint/scale/remission_at_most": 13.0,
    },
    "no spread": NO_SPREAD,
    "everybody enrolled": {"population/baseline/at_least": None},
    "threshold at the lowest score": {
        "population/baseline": {"mean": 3.0, "sd": 4.0, "at_least": 0.0},
        "endpoint/scale/remission_at_most": 1.0,
    },
    "threshold between two steps": {"population/baseline/at_least": 24.3},
    "threshold far above the mean": {"population/baseline": {"mean": 18.0, "sd": 4.0, "at_least": 29.0}},
    "one day": {"design/assessment_days": [2.0], "endpoint/day": 2.0},
    "five days": {"design/assessment_days": [1.0, 2.0, 5.0, 9.0, 14.0], "design/washout_days": 14.0},
    "half a dose, a double one": {
        "treatments/A": {"agents": [{"agent": "drug", "level": 0.5}]},
        "treatments/B": {"agents": ["drug", {"agent": "blocker", "occupancy": 0.3, "level": 2.0}]},
        "signals/harm/activated_by": {"blocker": 0.3},
        "agents/blocker/lowers": {"drug": 0.25},
        "hypotheses/h/terms": [*ONE_TERM, {"component": "worse", "needs": ["harm"]}],
    },
    "a weaker agent lowers less": {
        "treatments/B": {"agents": ["drug", {"agent": "blocker", "level": 0.5}]},
        "agents/blocker/lowers": {"drug": 0.6},
    },
    "blocked later, which is too late": LATER,
    "blocked later, which takes it away": LATER | {"hypotheses/h/terms": THROUGHOUT},
    "given on the day of an assessment": {
        "treatments/B": {"agents": ["drug", {"agent": "blocker", "at_days": 3.0}]},
        "hypotheses/h/terms": [*THROUGHOUT, {"component": "worse", "needs": ["harm"]}],
        "design/washout_days": 6.0,
    },
    "needed throughout": {
        "design/sequences": ["A B C", "B C A", "B B A", "C B A"],
        "design/washout_days": 5.0,
        "signals/tone": {"base": 1.0, "blocked_by": {"blocker": 0.9}},
        "hypotheses/h/terms": [
            {"component": "specific", "needs": ["cue", {"signal": "tone", "when": "throughout"}]},
            {
                "component": "placebo",
                "needs": ["cue", {"signal": "target", "gate": 0.7, "when": "throughout"}],
            },
        ],
    },
    "needed throughout, blocked until the next dosing": {
        "agents/blocker/half_life_days": None,
        "design/washout_days": 4.0,
        "hypotheses/h/terms": THROUGHOUT,
    },
    "the blocker first, the drug later": {
        "treatments/B": {"agents": ["blocker", {"agent": "drug", "at_days": 2.0}]},
        "design/washout_days": 6.0,
        "agents/blocker/lowers": {"drug": 0.2},
        "agents/drug/lowers": {"blocker": 0.5},
    },
    "some more later": {
        "treatments/B": {"agents": ["weak", {"agent": "drug", "at_days": 1.5, "level": 0.4}, "blocker"]},
        "design/washout_days": 5.0,
        "design/assessment_days": [1.0, 2.0, 4.0],
        "signals/target/activated_by_signal": {"cue": 0.3},
    },
    "prolonged later": {
        "treatments/B": {"agents": ["drug", {"agent": "blocker", "at_days": 2.0}]},
        "agents/blocker/prolongs": {"specific": 6.0, "*": 3.0},
        "design/washout_days": 9.0,
        "design/assessment_days": [1.0, 3.0, 7.0],
    },
    "driven throughout by what is given later": {
        "treatments/B": {"agents": ["drug", {"agent": "weak", "at_days": 1.0}]},
        "treatments/C": {"agents": [{"agent": "weak", "at_days": 2.0}, "blocker"]},
        "design/sequences": ["A B C", "B C A", "C A B"],
        "design/washout_days": 6.0,
        "signals/late": {"activated_by": {"weak": 0.8}, "blocked_by": {"blocker": 1.0}},
        "hypotheses/h/terms": [
            *ONE_TERM,
            {"component": "placebo", "needs": [{"signal": "late", "when": "throughout"}]},
        ],
    },
    "effect of period": {"population/period_effect": [1.5, -2.0]},
    "large swings": {"population/occasion_sd": 0.5, "population/baseline/sd": 8.0},
}
