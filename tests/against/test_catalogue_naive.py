"""The ketamine trials of the catalogue, and trials that mix families, against a plain NumPy simulation.

What patients show is compared reading by reading; then whole trials, cell by cell: power, stops by look,
estimate and its spread, completers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from planner.model.estimand import alternative_direction
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.scenario.reading.read import read
from planner.scenario.scenario import Scenario
from tests.support import naive_terms
from tests.support.harness import Comparison, Json, TooFarApart
from tests.support.marks import repeated
from tests.support.mechanism_cases import BASE, CASES, LIMIT, ONE_TERM, changed, scenario
from tests.support.naive_readings import compare_readings

FEW = {
    "williams-2018": ["nmda-only", "permissive", "naltrexone-aversive", "pharmacokinetic"],
    "jelen-2025": ["indirect-opioid", "opioid-expectancy"],
    "abdallah-2020": ["rapamycin-inert", "mtor-crosstalk"],
}
SHORT_OR_LONG = pytest.mark.parametrize(
    "size", [pytest.param(1, id="short"), pytest.param(10, marks=pytest.mark.long, id="long")]
)
MIXED: Json = {
    "hypotheses": {
        "mechanism": {"terms": ONE_TERM},
        "stated": {"rates": {"A": 0.55, "B": 0.25}, "discordant": {"A": 0.4, "B": 0.1}},
        "no difference": {"rates": {"A": 0.3, "B": 0.3}, "discordant": {"A": 0.2, "B": 0.2}},
    },
    "endpoint/measure": "response",
    "analyses": [
        {"name": method, "method": method, "contrast": ["B", "A"], "alternative": side, "alpha": alpha}
        for method, side, alpha in (
            ("mcnemar-exact", "two-sided", 0.05),
            ("mcnemar-mid-p", "less", 0.05),
            ("mcnemar-asymptotic", "two-sided", 0.1),
            ("paired-t", "two-sided", 0.05),
        )
    ],
    "monitoring": {"looks": [8, 14, 20], "efficacy": {"rule": "pocock"}},
}
TRIALS: dict[str, Json] = {
    "two families": MIXED,
    "three periods, more patients in one sequence": {
        "design": {
            "sequences": ["A B C", "B C A"],
            "allocation": [2, 1],
            "block": 2,
            "patients": 21,
            "washout_days": 5.0,
            "assessment_days": [1.0, 3.0],
        },
        "population/dropout": {"before_first": 0.1, "per_period": [0.2, 0.1]},
        "analyses": [
            {"name": "score", "method": "paired-t", "measure": "score", "contrast": ["A", "C"], "day": 3.0},
            {"name": "remission", "method": "mcnemar-exact", "measure": "remission", "contrast": ["A", "B"]},
        ],
        "monitoring": {"looks": [9, 21], "efficacy": {"rule": "haybittle-peto"}},
    },
    "half points, prolonged": CASES["prolonged in the first period"]
    | {
        "endpoint/scale/step": 0.5,
        "endpoint/measure": "percent-change",
        "population/period_effect": [0.0, 2.0],
        "analyses": [
            {"name": "adjusted", "method": "hills-armitage", "contrast": ["A", "B"], "alternative": "better"},
            {"name": "paired", "method": "paired-t", "contrast": ["A", "B"], "alternative": "worse"},
        ],
        "monitoring": {"looks": [10, 20], "efficacy": {"rule": "obrien-fleming-spending"}},
    },
}


@SHORT_OR_LONG
@pytest.mark.parametrize("name", FEW)
def test_readings_of_the_catalogue(name: str, size: int) -> None:
    trial = read(name)
    names = FEW[name] if size == 1 else list(trial.simulation.hypotheses)
    comparison = compare_readings(trial, patients=20_000 * size, names=names)
    comparison.title = name
    comparison.check()


def compare_trials(
    trial: Scenario, names: list[str], trials: int, naive_trials: int, other: Scenario | None = None
) -> Comparison:
    """The cells of a run beside naive trials (of another scenario, as a control)."""
    comparison = Comparison(limit=LIMIT)
    simulation = trial.simulation.model_copy(update={"hypotheses": tuple(names)})
    cells = as_json(
        simulate(trial.model_copy(update={"simulation": simulation}), trials=trials, seed=3).cells()
    )
    rng = np.random.default_rng(8)
    for name in names:
        for analysis in trial.analyses:
            (cell,) = (c for c in cells if (c["hypothesis"], c["analysis"]) == (name, analysis.name))
            direction = alternative_direction(analysis, trial.scale_of(analysis))
            resolved = analysis.model_copy(update={"alternative": direction})
            z = [look["efficacy_z"] for look in cell["looks"]]
            found = naive_terms.trials(other or trial, name, resolved, z, naive_trials, rng)
            compare_cell(comparison, f"{name}, {analysis.name}", cell, found, trials)
    return comparison


def compare_cell(
    comparison: Comparison, head: str, cell: Json, found: naive_terms.Found, trials: int
) -> None:
    n = found.look.size

    def share(what: str, shown: Json, flags: Any) -> None:
        p = (shown["estimate"] * trials + flags.sum() + 2) / (trials + n + 4)
        se = math.hypot(shown["mcse"], math.sqrt(p * (1 - p) / n))
        comparison.mean(f"{head}: {what}", shown["estimate"], se, float(flags.mean()))

    last = len(cell["looks"]) - 1
    share("power", cell["power"], found.significant)
    share("stopped early", cell["stopped_early"], found.look < last)
    share("undefined", cell["undefined"], ~found.defined)
    for k, look in enumerate(cell["looks"]):
        share(f"efficacy at look {k + 1}", look["efficacy"], found.significant & (found.look == k))
    done, estimate = cell["expected_completers"], cell["estimate"]
    e, c = found.estimate[found.defined], found.completers
    error = math.hypot(done["mcse"], c.std() / math.sqrt(n))
    comparison.mean(f"{head}: completers", done["estimate"], error, float(c.mean()))
    error = math.hypot(estimate["mean_mcse"], e.std() / math.sqrt(e.size))
    comparison.mean(f"{head}: mean estimate", estimate["mean"], error, float(e.mean()))
    fourth = float(np.mean((e - e.mean()) ** 4))
    error = math.sqrt(max(fourth - e.var() ** 2, 0.0) * (1 / e.size + 1 / trials)) / (2 * e.std())
    comparison.mean(f"{head}: spread of the estimate", estimate["empirical_se"], error, float(e.std()))


@pytest.mark.long
@SHORT_OR_LONG
@pytest.mark.parametrize("name", FEW)
def test_trials_of_the_catalogue(name: str, size: int) -> None:
    trial = read(name)
    names = FEW[name][:2] if size == 1 else list(trial.simulation.hypotheses)
    comparison = compare_trials(trial, names, 20_000 * size, 8_000 * size)
    comparison.title = name
    comparison.check()


@SHORT_OR_LONG
@pytest.mark.parametrize("name", TRIALS)
def test_constructed_trials(name: str, size: int) -> None:
    trial = scenario(TRIALS[name])
    comparison = compare_trials(trial, list(trial.hypotheses), 20_000 * size, 8_000 * size)
    comparison.title = name
    comparison.check()


def test_the_trial_that_mixes_families_is_what_it_seems() -> None:
    families = {name: h.family for name, h in scenario(MIXED).hypotheses.items()}
    assert families == {"mechanism": "terms", "stated": "rates", "no difference": "rates"}
    assert "hypotheses" not in changed({}, {}), "an empty change is empty"
    assert BASE["endpoint"]["measure"] == "change", "cases do not change what they start from"


@pytest.mark.parametrize(
    ("name", "path", "value"),
    repeated(
        [
            ("two families", "hypotheses/stated/discordant", {"A": 0.35, "B": 0.05}),
            ("two families", "population/dropout/per_period", 0.2),
            ("two families", "components/specific/share", 0.5),
            ("half points, prolonged", "design/washout_days", 12.0),
            ("three periods, more patients in one sequence", "design/allocation", [1, 2]),
        ],
        fast=2,
    ),
)
def test_another_trial_is_seen(name: str, path: str, value: Any) -> None:
    """Negative control: one setting of the naive trials is off."""
    settings = TRIALS[name]
    top, *rest = path.split("/")
    if top in settings:  # a table that the case replaces as a whole
        other = settings | {top: changed(settings[top], {"/".join(rest): value})}
    else:
        other = {key: kept for key, kept in settings.items() if not path.startswith(f"{key}/")} | {
            path: value
        }
    trial = scenario(settings)
    with pytest.raises(TooFarApart):
        compare_trials(trial, list(trial.hypotheses), 20_000, 8_000, scenario(other)).check()
