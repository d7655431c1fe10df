"""Tests against margins in every question: each gives the power of the run, and none takes them for another.

Assurance is held against the exact power averaged over a grid of the uncertain mean.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import planner
from planner.analyses.own.analysis import Analysis
from planner.cli import main
from planner.errors import RequestError
from planner.questions.exact import theory
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
from tests.support import own_analyses
from tests.support.exact import equivalence_power
from tests.support.harness import Comparison, TooFarApart, scenario_text
from tests.support.own_scenarios import COMPILED, PAIRED

TRIALS = 2_048
EQUIVALENCE = {"name": "alike", "alternative": "equivalence", "limits": [-3.0, 2.5]}
NOT_WORSE = {"name": "not worse", "alternative": "non-inferiority", "margin": -2.0}
BETTER = {"name": "better", "alternative": "superiority-by-margin", "margin": 1.0}
HIGHER = {"better": "higher"}


def text(*analyses: dict[str, Any], **more: Any) -> str:
    settings: dict[str, Any] = {
        "patients": 16,
        "hypotheses": {
            "alike": {"means": {"A": 0.5, "B": 0.0}, "sd_within": 2.0, "sd_between": 3.0},
            "different": {"means": {"A": 5.0, "B": 0.0}, "sd_within": 2.0, "sd_between": 3.0},
        },
        "looks": (8, 16),
        "efficacy": {"rule": "pocock"},
        "population": {"dropout": {"per_period": [0.1]}},
        "scale": HIGHER,
    }
    return scenario_text(analyses=analyses, **(settings | more))


ALL = (EQUIVALENCE, NOT_WORSE, BETTER)


def powers(scenario: Any, trials: int = TRIALS) -> dict[tuple[str, str], float]:
    cells = planner.simulate(scenario, trials=trials).cells()
    return {(cell.hypothesis, cell.analysis): cell.power.estimate for cell in cells}


def test_comparisons_and_sensitivity_have_the_power_of_the_run() -> None:
    scenario = read_text(text(*ALL))
    run = powers(scenario)
    assert 0.2 < run["alike", "alike"] < 0.9
    assert run["different", "alike"] < 0.02  # though nearly all of its trials are shown different
    both = planner.compare([scenario, scenario], trials=TRIALS)
    assert {(c.hypothesis, c.analysis): c.power.estimate for c in both.cells()} == run
    assert all(each.power.estimate == 0.0 for each in both.differences())
    cells = planner.sensitivity(scenario, trials=TRIALS).cells()
    assert {(c.hypothesis, c.analysis): c.power.estimate for c in cells} == run


def test_single_trials_agree_with_the_run() -> None:
    """Every trial ends as the run has counted it, its decision being that of interval and limits."""
    scenario = read_text(text(*ALL))
    for name in ("alike", "different"):
        trials = [planner.replay(scenario, i, hypothesis=name) for i in range(128)]
        cells = planner.simulate(scenario, trials=128).cells()
        for a, analysis in enumerate(scenario.analyses):
            cell = next(c for c in cells if (c.hypothesis, c.analysis) == (name, analysis.name))
            decisions = [trial.courses[a].decision for trial in trials]
            shown = sum(each in ("equivalent", "efficacy") for each in decisions)
            assert shown == round(cell.power.estimate * 128)
            if cell.equivalence is not None:
                different = decisions.count("shown different")
                assert different == round(cell.equivalence.different.estimate * 128)
            for trial in trials:
                course = trial.courses[a]
                low, high = {"alike": (-3.0, 2.5), "not worse": (-2.0, math.inf)}.get(
                    analysis.name, (1.0, math.inf)
                )
                for look in course.looks:
                    assert look.interval is not None
                    inside = low <= look.interval[0] and look.interval[1] <= high
                    assert inside == (look.decision in ("equivalent", "efficacy"))
                    assert look.p is not None
                    assert look.nominal_p is not None
                    assert inside == (look.p <= look.nominal_p)
                assert course.wrong_sign is None


def test_together_they_count_what_is_shown() -> None:
    """Of a trial with several primary analyses: equivalence that is refuted is not significant."""
    run = planner.simulate(read_text(text(EQUIVALENCE, NOT_WORSE)), trials=TRIALS)
    document = run.to_json()
    cells = {(c["hypothesis"], c["analysis"]): c for c in document["cells"]}
    (row,) = [each for each in document["trial"] if each["hypothesis"] == "different"]
    assert cells["different", "alike"]["shown_different"]["estimate"] > 0.2
    assert row["all"]["estimate"] <= cells["different", "alike"]["equivalent"]["estimate"]
    assert row["any"]["estimate"] >= cells["different", "not worse"]["power"]["estimate"]
    assert row["familywise_error"]["estimate"] == cells["different", "alike"]["power"]["estimate"]


@pytest.mark.parametrize("own", [PAIRED, COMPILED], ids=["plain", "kernel"])
def test_an_analysis_of_ones_own_gives_what_its_twin_gives(own: Analysis) -> None:
    rows = [
        stated | {"name": f"{stated['name']} {method}", "method": method}
        for stated in ALL
        for method in ("paired-t", "mine")
    ]
    scenario = planner.read_text(text(*rows), methods={"mine": own})
    cells = planner.simulate(scenario, trials=512, methods={"mine": own}).to_json()["cells"]
    for theirs, ours in zip(cells[::2], cells[1::2], strict=True):
        assert {**theirs, "analysis": ""} == {**ours, "analysis": ""}
    assert any(0.1 < cell["power"]["estimate"] < 0.9 for cell in cells)


def _p_alone(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
    own = own_analyses.own_differences(outcomes, treatments, contrast)
    return own.mean(), own.std() / len(own) ** 0.5, 0.5


def test_a_p_value_alone_is_refused() -> None:
    mine = {"mine": Analysis(_p_alone, title="p", needs="within", reference="exact-p")}
    with pytest.raises(ScenarioError) as refused:
        planner.read_text(text(EQUIVALENCE | {"method": "mine"}), methods=mine)
    (fault,) = refused.value.faults
    assert fault.message == "equivalence is not available for mine, which answers with a p value alone"


@pytest.mark.long
def test_assurance_is_the_mean_of_the_exact_powers() -> None:
    """A normal mean; there is an effect to be found in the variants in which it lies within the limits."""
    mean, sd, se = 0.5, 1.2, 2.0 * math.sqrt(2 / 16)
    hypothesis: dict[str, Any] = {"means": {"A": mean, "B": 0.0}, "sd_within": 2.0, "sd_between": 3.0}
    hypothesis["uncertainty"] = {"means.A": {"mean": mean, "sd": sd}}
    stated = text(EQUIVALENCE, hypotheses={"h": hypothesis}, looks=(), efficacy=None, population=None)
    run = planner.simulate(read_text(stated), trials=2_000 * 128, uncertain=True, variants=2_000)
    (cell,) = run.cells()
    quantiles = (np.arange(400) + 0.5) / 400
    effects = stats.norm.ppf(quantiles, mean, sd)
    exact = float(np.mean([equivalence_power(-3.0, 2.5, x, se, 14) for x in effects]))
    comparison = Comparison()
    comparison.mean("assurance", cell.power.estimate, cell.power.error, exact)
    about = cell.uncertainty
    assert about is not None
    assert about.direction == "within"
    within = float(stats.norm.cdf(2.5, mean, sd) - stats.norm.cdf(-3.0, mean, sd))
    assert about.effect_probability is not None
    comparison.mean("chance", about.effect_probability.estimate, about.effect_probability.error, within)
    assert about.power_limit == about.effect_probability
    comparison.check()
    comparison.mean("another", cell.power.estimate, cell.power.error, exact + 0.05)
    with pytest.raises(TooFarApart):  # negative control
        comparison.check()


def test_an_effect_is_not_sought() -> None:
    with pytest.raises(RequestError, match="no effect can be sought with alike and not worse"):
        planner.size(read_text(text(EQUIVALENCE, NOT_WORSE)), find="effect")


def test_a_search_says_what_power_tends_to() -> None:
    """Carryover moves the estimate beyond the limit, or just to it."""
    for carried, limit in ((6.2, 0.0), (6.0, 0.05), (5.8, 1.0)):
        hypothesis = {"means": {"A": 0.5, "B": 0.0}, "carryover": {"A": carried}, "sd_within": 2.0}
        stated = text(
            EQUIVALENCE | {"limits": [-2.5, 2.5]},
            hypotheses={"h": hypothesis | {"sd_between": 3.0}},
            looks=(),
            efficacy=None,
            population=None,
        )
        scenario = read_text(stated)
        assert theory.limit(scenario, "h", scenario.analyses[0]) == pytest.approx(limit)
        (answer,) = planner.size(scenario, power=0.8, max_patients=40, trials=512).answers
        assert answer.patients is None
        if limit < 1.0:
            assert "Power has a ceiling: what the analysis estimates" in answer.note
            assert "margin" in answer.note
        else:
            assert "by the exact integral reaches 0.8 at" in answer.note


def test_weighing_does_not_take_t_for_the_statistic_of_the_rule() -> None:
    observed = 'observed.difference={contrast=["A","B"], t=2.1, df=14}'
    with_se = 'observed.difference={contrast=["A","B"], estimate=0.6, se=0.8, df=14}'
    for setting, treated in ((observed, "ignored"), (with_se, "cancels")):
        scenario = planner.read_text(text(EQUIVALENCE), set=[setting, "observed.stopped_at=1"])
        weighed = planner.weigh(scenario)
        assert weighed.stopping.treatment == treated


def test_futility_goes_by_the_weaker_test() -> None:
    """Conditional power under a planned effect needs one on the right side of the margins."""
    planned = {"planned_sd_difference": 2.8, "planned_effect": 0.0}
    rule = {"rule": "conditional-power", "at_most": 0.1, "under": "planned"}
    scenario = read_text(text(EQUIVALENCE | planned, futility=rule))
    cells = planner.simulate(scenario, trials=TRIALS).cells()
    futile = {cell.hypothesis: cell.looks[0].futility.estimate for cell in cells}
    assert futile["alike"] < 0.5 < futile["different"]
    for effect in (2.5, -4.0):
        with pytest.raises(ScenarioError) as refused:
            read_text(text(EQUIVALENCE | planned | {"planned_effect": effect}, futility=rule))
        (fault,) = refused.value.faults
        assert fault.message == f"the planned effect of {effect:g} is at a margin or beyond it"
    with pytest.raises(ScenarioError):
        read_text(text(NOT_WORSE | planned | {"planned_effect": -2.0}, futility=rule))
    read_text(text(NOT_WORSE | planned, futility=rule))


def test_pages_say_what_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trial.toml"
    file.write_text(text(*ALL))
    for command, words in (
        ("run", ("the trial shows equivalence in", "Shown different", "margin -2 points", "at a limit")),
        ("run --patients 12,16", ("Shown different", "at a limit or beyond it")),
        ("run --sensitivity --hypothesis alike", ("the true effect is at a margin or beyond it",)),
        ("show", ("equivalence within -3 to +2.5 points", "one-sided, non-inferiority, margin -2 points")),
        ("trial --replay 3", ("t from the nearer margin", "t from the margin", "Interval (points)")),
        ("cite", ("Schuirmann", "Julious")),
    ):
        name, *options = command.split()
        more = ["--trials", "256"] if name == "run" else []
        assert main([name, str(file), *options, *more]) == 0
        page = " ".join(capsys.readouterr().out.split())
        for word in words:
            assert word in page, (command, word)
    assert main(["trial", str(file), "--find", "shown-different", "--hypothesis", "different", "--json"]) == 0
    (course, *_) = json.loads(capsys.readouterr().out)["analyses"]
    assert (course["decision"], course["limits"]) == ("shown different", [-3.0, 2.5])
