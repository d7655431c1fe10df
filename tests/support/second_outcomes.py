"""Scenarios with second outcomes, such as dissociation, for tests."""

from __future__ import annotations

from tests.support.mechanism_cases import BASE, Json, changed

LOOSE: Json = {
    "outcomes": {
        "dissociation": {
            "scale": {"low": 0.0, "high": 92.0, "step": 1.0, "better": "lower"},
            "noise_sd": 1.5,
            "background": {"mean": 1.5, "sd": 1.0},
            "components": {
                "felt": {"size": {"mean": 20.0, "sd": 14.0}, "distribution": "lognormal"},
            },
            "terms": [{"component": "felt", "needs": ["target"]}],
        }
    }
}


def loose(changes: Json) -> Json:
    """LOOSE with other settings in place of some, by path."""
    inside = {path: value for path, value in changes.items() if path.startswith("outcomes")}
    return changed(LOOSE, inside) | {path: value for path, value in changes.items() if path not in inside}


# Everything at once: lasting and skewed components, susceptible patients, a shared component, two outcomes,
# one read days after the dosing, half-lives prolonged, terms of the hypothesis's own.
MANY: Json = {
    "agents/blocker/prolongs": {"*": 2.0},
    "design/washout_days": 5.0,
    "design/sequences": ["A B C", "C A B", "B B A"],
    "outcomes": {
        "sleep": {
            "day": 2.0,
            "background": {"mean": 6.0, "sd": 1.0},
            "noise_sd": 0.7,
            "components": {
                "own": {
                    "share": 0.4,
                    "size": {"mean": 3.0, "sd": 1.0},
                    "otherwise": {"mean": 0.5, "sd": 0.2},
                    "distribution": "lognormal",
                    "half_life_days": {"median": 4.0, "log_sd": 0.6},
                    "peak_day": 1.0,
                },
                "brief": {"share": 0.7, "size": {"mean": -2.0, "sd": 0.5}, "otherwise": 0.1},
            },
            "terms": [
                {"component": "own", "needs": [{"signal": "target", "gate": 0.7}]},
                {"component": "brief", "needs": ["harm"]},
            ],
        },
        "dissociation": {
            "scale": {"low": 0.0, "high": 5.0, "step": 0.5},
            "noise_sd": 0.4,
            "terms": [{"component": "placebo", "needs": ["cue"]}],
        },
    },
    "hypotheses": {
        "h": BASE["hypotheses"]["h"],
        "other": {
            "terms": [{"component": "worse", "needs": ["harm"]}],
            "components": {"placebo": {"size": 2.5, "half_life_days": 8.0}},
            "signals": {"target": {"base": 0.2, "activated_by": {"drug": 0.5}}},
            "outcomes": {
                "sleep": {"terms": [{"component": "brief", "needs": ["target"]}, {"component": "placebo"}]}
            },
        },
    },
}
LASTING: list[Json] = [
    {"component": "own", "needs": [{"signal": "target", "gate": 0.7, "when": "throughout"}]},
    {"component": "brief", "needs": ["harm"]},
]
LATER: Json = {"treatments/B": {"agents": ["drug", {"agent": "blocker", "at_days": 1.5}]}}
CASES: dict[str, Json] = {
    "dissociation": LOOSE,
    "blockade that is left": loose({"design/washout_days": 3.0}),
    "any number": loose({"outcomes/dissociation/scale": {}}),
    "many": MANY,
    "given later, needed throughout": changed(MANY, {"outcomes/sleep/terms": LASTING}) | LATER,
}
