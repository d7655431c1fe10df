"""Scenarios that are analysed by an analysis of the user's own, and their simulations, for tests."""

from __future__ import annotations

from typing import Any

import planner
from planner.analyses.own.analysis import Analysis
from tests.support import own_analyses
from tests.support.harness import scenario_text

TRIALS = 512
EFFECT = {"means": {"A": 2.0, "B": 0.0}, "sd_within": 2.0, "sd_between": 3.0}
PAIRED = Analysis(own_analyses.paired, title="Paired t", needs="within", df="patients")
FIRST = Analysis(own_analyses.first_period, title="First period", needs="first", df="first treatments")
COMPILED = Analysis(own_analyses.paired_kernel, title="Paired t", needs="within", df="patients")


def text(*methods: str, **more: Any) -> str:
    settings: dict[str, Any] = {
        "patients": 12,
        "looks": (6, 12),
        "efficacy": {"rule": "pocock"},
        "population": {"dropout": {"per_period": 0.2}},
        "hypotheses": {"h": EFFECT},
    }
    analyses = [{"name": name, "method": name} for name in methods]
    return scenario_text(analyses=analyses, **(settings | more))


def simulated(own: Analysis, *others: str, trials: int = TRIALS, **more: Any) -> Any:
    scenario = planner.read_text(text(*others, "mine", **more), methods={"mine": own})
    return planner.simulate(scenario, trials=trials, methods={"mine": own})
