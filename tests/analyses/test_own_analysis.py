"""An analysis of the user's own: the figures of its twin among planner's, in every question."""

from __future__ import annotations

import math
import re
import runpy
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import planner
from planner.analyses.own.analysis import Analysis
from planner.report.methods import methods as explained
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.faults import ScenarioError
from tests.support import own_analyses
from tests.support.harness import scenario_text
from tests.support.own_scenarios import COMPILED, EFFECT, FIRST, PAIRED, simulated, text
from tests.support.paths import ROOT

DOCUMENT = ROOT / "docs" / "own-analysis.md"


def without_name(cell: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in cell.items() if key != "analysis"}


# --- The figures ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "twin"),
    [(PAIRED, "paired-t"), (FIRST, "period-one"), (COMPILED, "paired-t")],
    ids=["plain", "first", "kernel"],
)
def test_the_figures_are_those_of_the_twin(own: Analysis, twin: str) -> None:
    """To the last bit: what is kept of an estimate is a whole number of 2^-32 of its unit."""
    theirs, ours = simulated(own, twin).to_json()["cells"]
    assert without_name(ours) == without_name(theirs)
    assert ours["power"]["estimate"] > 0.1
    assert ours["expected_completers"]["estimate"] < 12.0


def test_another_analysis_has_other_figures() -> None:
    theirs, ours = simulated(FIRST, "paired-t").to_json()["cells"]
    assert without_name(ours) != without_name(theirs)


def test_a_replayed_trial_agrees_with_scipy() -> None:
    scenario = planner.read_text(text("mine", looks=()), methods={"mine": PAIRED})
    for index in (0, 200):
        trial = planner.replay(scenario, index).to_json()
        rows = [patient["values"][0] for patient in trial["patients"]]
        turn = [1 if patient["sequence"][0] == "A" else -1 for patient in trial["patients"]]
        own = [t * (x - y) for t, (x, y) in zip(turn, rows, strict=True) if x is not None and y is not None]
        want = stats.ttest_1samp(own, 0.0)
        look = trial["analyses"][0]["looks"][0]
        assert look["statistic"] == pytest.approx(want.statistic, rel=1e-9)
        assert look["p"] == pytest.approx(want.pvalue, rel=1e-9)
        assert look["completers"] == len(own)


@pytest.mark.long
def test_an_exact_p_is_significant_as_it_says() -> None:
    """Against the same p values of the same trials, decided here."""
    p_values: list[float] = []

    def signs(outcomes, treatments, contrast, alternative):  # type: ignore[no-untyped-def]
        own = own_analyses.own_differences(outcomes, treatments, contrast)
        p = stats.binomtest(int((own > 0).sum()), len(own), alternative=alternative).pvalue
        return own.mean(), 1.0, p

    for alternative in ("two-sided", "greater", "less"):
        own = Analysis(signs, title="Signs", needs="within", reference="exact-p")
        analyses = [{"name": "mine", "method": "mine", "alternative": alternative}]
        made = scenario_text(patients=12, hypotheses={"h": EFFECT}, analyses=analyses)
        scenario = planner.read_text(made, methods={"mine": own})
        p_values = [planner.replay(scenario, i).to_json()["analyses"][0]["looks"][0]["p"] for i in range(20)]
        cell = planner.simulate(scenario, trials=20).to_json()["cells"][0]
        assert cell["power"]["estimate"] * 20 == sum(p <= 0.05 * (1 + 1e-9) for p in p_values)
        assert min(p_values) < 0.5


def test_what_the_data_do_not_determine_is_undefined() -> None:
    def few(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
        answer = own_analyses.paired(outcomes, treatments, contrast)
        return None if answer is None or np.isnan(outcomes).sum() == 1 else answer

    def nothing(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
        answer = few(outcomes, treatments, contrast)
        return answer or (math.nan, 1.0, 5.0)

    none, nan = (
        simulated(Analysis(f, title="Few", needs="within")).to_json()["cells"][0] for f in (few, nothing)
    )
    assert none == nan
    assert 0.0 < none["undefined"]["estimate"] < 1.0
    idle = simulated(Analysis(own_analyses.idle, title="Idle", needs="within")).to_json()["cells"][0]
    assert idle["undefined"]["estimate"] == 1.0
    assert idle["power"]["estimate"] == 0.0


@pytest.mark.parametrize("own", [PAIRED, COMPILED], ids=["plain", "compiled"])
def test_threads_make_no_difference(own: Analysis) -> None:
    scenario = planner.read_text(text("mine"), methods={"mine": own})
    digests = {planner.simulate(scenario, trials=1_500, threads=threads).digest() for threads in (1, 2, 3)}
    assert len(digests) == 1


def test_baselines_and_direction_are_given_by_name() -> None:
    def change(outcomes, treatments, contrast, *, baselines, alternative):  # type: ignore[no-untyped-def]
        if alternative != "greater" or baselines.shape != outcomes.shape or np.isnan(baselines).any():
            raise ValueError(alternative)
        if dict(contrast) != {"A": 1.0, "B": -1.0} or (baselines == outcomes).any():
            raise ValueError(dict(contrast))
        return own_analyses.paired(outcomes - baselines, treatments, contrast)

    own = Analysis(change, title="Change", needs="within", baseline="period")
    analyses = [{"method": "mine", "alternative": "greater"}]
    known = {"baseline_correlation": {"own": 0.6, "cross": 0.5, "between": 0.5}}
    made = scenario_text(
        patients=12,
        hypotheses={"h": EFFECT | known},
        analyses=analyses,
        baselines="period",
        population={"baseline": {"mean": 5.0, "sd": 3.0}},
    )
    scenario = planner.read_text(made, methods={"mine": own})
    assert planner.simulate(scenario, trials=128).to_json()["cells"][0]["power"]["estimate"] > 0.1


# --- Every question ---------------------------------------------------------------------------------------


def test_every_question_takes_it() -> None:
    methods = {"mine": COMPILED}
    scenario = planner.read_text(text("paired-t", "mine"), methods=methods)
    sizing = planner.size(scenario, power=0.5, trials=1_000, max_patients=24, methods=methods)
    theirs, ours = sizing.to_json()["answers"]
    assert ours["patients"] == theirs["patients"]
    compared = planner.compare([scenario, scenario], trials=256, methods=methods).to_json()
    assert {cell["analysis"] for cell in compared["cells"]} == {"paired-t", "mine"}
    assert compared["designs"][0]["methods"]["mine"]["sha256"] == COMPILED.digest


def _share(outcomes, treatments, contrast, alternative):  # type: ignore[no-untyped-def]
    """A sign test whose estimate is the share of positive differences, less one half."""
    own = own_analyses.own_differences(outcomes, treatments, contrast)
    k, n = int((own > 0).sum()), len(own)
    return k / n - 0.5, 0.5 / np.sqrt(n), stats.binomtest(k, n, alternative=alternative).pvalue


def test_an_estimate_on_a_scale_of_its_own_is_warned_of() -> None:
    sign = Analysis(_share, title="Sign test", needs="within", reference="exact-p")
    plain = {"population": {}, "looks": (), "efficacy": None}
    document = simulated(sign, "paired-t", trials=128, **plain).to_json()
    (warning,) = [each for each in document["warnings"] if "analysis of your own" in each]
    assert warning.startswith("on average the estimate of mine")
    right = simulated(PAIRED, "paired-t", trials=128, **plain).to_json()
    assert not [each for each in right["warnings"] if "analysis of your own" in each]


def test_compare_warns_of_it_too() -> None:
    sign = Analysis(_share, title="Sign test", needs="within", reference="exact-p")
    made = text("mine", population={}, looks=(), efficacy=None)
    for own, warned in ((sign, ["a", "b"]), (PAIRED, [])):
        scenario = planner.read_text(made, methods={"mine": own})
        found = planner.compare([scenario, scenario], names=["a", "b"], trials=128).to_json()["warnings"]
        assert [each[0] for each in found if ": on average the estimate of mine" in each] == warned


def test_size_blames_no_carryover_for_a_test_that_cannot_be_significant() -> None:
    """Of four signs the smallest two-sided p is 1/8."""
    sign = Analysis(_share, title="Sign test", needs="within", reference="exact-p")
    made = text("mine", population={}, looks=(), efficacy=None)
    scenario = planner.read_text(made, methods={"mine": sign})
    sizing = planner.size(scenario, power=0.8, trials=128, max_patients=4)
    notes = " ".join(answer["note"] for answer in sizing.to_json()["answers"])
    assert "smallest p value that your own test can have" in notes
    assert "earlier treatments" not in notes


def test_a_sweep_and_a_file_take_it(tmp_path: Path) -> None:
    file = tmp_path / "trial.toml"
    file.write_text(text("mine", looks=(), efficacy=None))
    swept = planner.sweep(file, ["design.patients=12,18"], trials=256, methods={"mine": COMPILED})
    assert len(swept.to_json()["cells"]) == 2
    with pytest.raises(ScenarioError, match="is not a known analysis"):
        planner.sweep(file, ["design.patients=12,18"], trials=256)


def test_the_command_line_runs_no_code(tmp_path: Path) -> None:
    file = tmp_path / "trial.toml"
    file.write_text(text("mine"))
    done = subprocess.run([sys.executable, "-m", "planner", "run", str(file)], capture_output=True, text=True)
    assert done.returncode == 3
    assert '"mine" is not a known analysis' in done.stderr
    assert "an analysis of your own is given from Python: planner.read(" in done.stderr


# --- What it is called ------------------------------------------------------------------------------------


def test_pages_json_and_methods_say_whose_it_is() -> None:
    run = simulated(PAIRED)
    named = run.to_json()["scenario"]["methods"]
    assert named == {"mine": {"title": "User's analysis: Paired t", "sha256": PAIRED.digest}}
    assert "User's analysis: Paired t; A minus B" in str(run.document())
    first = explained({"mine": PAIRED})[0]
    assert (first.kind, first.title) == ("user's analysis", "User's analysis: Paired t")
    assert first.explanation == "The paired t test."
    assert PAIRED.digest in first.source


def test_without_one_nothing_is_another() -> None:
    plain = planner.read_text(text("paired-t"))
    given = planner.read_text(text("paired-t"), methods={"mine": PAIRED})
    assert digest(plain) == digest(given)
    runs = [planner.simulate(each, trials=128) for each in (plain, given)]
    assert runs[0].digest() == runs[1].digest()
    assert "methods" not in runs[1].to_json()["scenario"]
    assert resolve(plain) == resolve(given)


# --- The example ------------------------------------------------------------------------------------------


def python_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.S)


def test_the_example_runs_and_agrees_with_its_twin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = python_blocks()[0]
    assert len(example.strip().splitlines()) <= 30
    file = tmp_path / "example.py"
    file.write_text(example)
    made = runpy.run_path(str(file))
    assert "power" in capsys.readouterr().out
    twin = planner.simulate(planner.read("asthma-ab-ba", set=["analyses.0.method=paired-t"]), trials=2_000)
    ours, theirs = (run.to_json()["cells"] for run in (made["run"], twin))
    assert [without_name(cell) for cell in ours] == [without_name(cell) for cell in theirs]


@pytest.mark.long
def test_the_other_functions_of_the_document_run(tmp_path: Path) -> None:
    file = tmp_path / "example.py"
    file.write_text("\n".join(python_blocks()))
    made = runpy.run_path(str(file))
    twin, ours = simulated(made["fast"], "paired-t").to_json()["cells"]
    assert without_name(ours) == without_name(twin)
    ranks = planner.read_text(text("mine", looks=(), efficacy=None), methods={"mine": made["ranks"]})
    cell = planner.simulate(ranks, trials=128).to_json()["cells"][0]
    assert 0.0 < cell["power"]["estimate"] < 1.0
