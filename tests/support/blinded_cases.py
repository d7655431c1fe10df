"""Trials whose patients are asked what they had, for tests of guesses and of what follows from them."""

from __future__ import annotations

from tests.support.mechanism_cases import BASE, Json, changed
from tests.support.second_outcomes import loose

ASKED: Json = {
    "blinding": {
        "active": ["drug"],
        "intercept": -1.2,
        "outcome": "dissociation",
        "slope": 0.12,
        "slope_from_previous": 0.08,
        "expectancy": {"signal": "cue", "if_active": 1.0, "if_inactive": 0.15},
    },
    "design/sequences": ["A C", "C A"],
    "analyses": [{"method": "paired-t", "contrast": ["A", "C"]}],
}


def blinded(changes: Json) -> Json:
    """The trial with guesses, with other settings in place of some, by path."""
    inside = {path: value for path, value in changes.items() if path.startswith("blinding")}
    rest = {path: value for path, value in changes.items() if path not in inside}
    return loose(changed(ASKED, inside) | rest)


CASES: dict[str, Json] = {
    "guess sets the cue": blinded({}),
    "guess multiplies the cue": blinded(
        {
            "blinding/expectancy/combine": "multiply",
            "blinding/expectancy/if_active": 1.3,
            "blinding/expectancy/if_inactive": 0.4,
        }
    ),
    "what is left follows the guess of its period": blinded(
        {
            "design/washout_days": 3.0,
            "design/sequences": ["A C B", "C A A", "B C A"],
            "analyses": [{"method": "paired-t", "contrast": ["A", "C"]}],
            "agents/blocker/prolongs": {"placebo": 3.0},
            "signals/hope": {"activated_by_signal": {"cue": 0.6}, "blocked_by": {"blocker": 0.5}},
            "components/slow": {"size": {"mean": 0.1, "sd": 0.05}, "half_life_days": 9.0, "peak_day": 6.0},
            "hypotheses/h/terms": [
                *BASE["hypotheses"]["h"]["terms"],
                {"component": "slow", "needs": [{"signal": "hope", "gate": 0.7}]},
            ],
        }
    ),
    "an agent given later": blinded(
        {
            "treatments/A": {"agents": ["drug", {"agent": "blocker", "at_days": 1.5}]},
            "treatments/C": {"agents": ["weak", {"agent": "drug", "at_days": 1.0}]},
            "design/washout_days": 4.0,
            "blinding/expectancy/combine": "multiply",
            "blinding/expectancy/if_inactive": 0.5,
        }
    ),
    "nothing gives it away": blinded(
        {"blinding": {"active": ["weak"], "intercept": 0.7, "expectancy": ASKED["blinding"]["expectancy"]}}
    ),
    "half points, first baseline": blinded({"endpoint/scale/step": 0.5, "endpoint/baseline": "first"}),
}
