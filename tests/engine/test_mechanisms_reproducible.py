"""Mechanisms give the same bits on any processor, in any order and in any company.

`numbers/golden_mechanisms.json` holds what the trials of `sample_mechanisms.py` gave:

    python -m tests.support.sample_trials any-number unblinding williams-2018 \\
        > tests/numbers/golden_mechanisms.json
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.engine.job import job_of
from planner.engine.run import run_job
from planner.engine.workspace import virtual_patients
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.results.run import Run
from planner.scenario.scenario import Scenario
from tests.support import sample_mechanisms
from tests.support.marks import repeated
from tests.support.paths import NUMBERS
from tests.support.processors import TARGETS, X86, compiled_for, hidden, processor_flags
from tests.support.sample_trials import SEED, TRIALS, answers, elsewhere, fingerprints, generated, trial

NAMES = tuple(sample_mechanisms.TEXTS)
GOLDEN = NUMBERS / "golden_mechanisms.json"
PATIENTS = 9
Json = dict[str, Any]


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    golden = json.loads(GOLDEN.read_text())
    assert tuple(golden) == NAMES
    assert fingerprints((name,), TRIALS)[name] == golden[name], "the simulated trials changed"


@pytest.mark.parametrize("name", NAMES)
def test_threads_chunks_and_blocks_decide_nothing(name: str) -> None:
    scenario = trial(name)
    work = job_of(scenario, seed=SEED)
    digests = {
        Run(scenario, name, run_job(work, 1_000, **how)).digest()
        for how in (
            {"threads": 1},
            {"threads": 2, "chunk_trials": 128, "block_tiles": 1},
            {"threads": 5, "chunk_trials": 384, "block_tiles": 3},
        )
    }
    assert len(digests) == 1


def only(scenario: Scenario, *hypotheses: str) -> Scenario:
    simulation = scenario.simulation.model_copy(update={"hypotheses": hypotheses})
    return scenario.model_copy(update={"simulation": simulation})


@pytest.mark.parametrize("name", repeated(NAMES))
def test_each_hypothesis_alone_is_its_cell_among_all(name: str) -> None:
    """To the bit, components that belong to one hypothesis included."""
    scenario = trial(name)
    together = as_json(simulate(scenario, trials=700, seed=SEED).cells())
    names = list(scenario.hypotheses)
    assert len(names) == (10 if name == "williams-2018" else 2)
    for hypothesis in names:
        alone = as_json(simulate(only(scenario, hypothesis), trials=700, seed=SEED).cells())
        assert alone == [cell for cell in together if cell["hypothesis"] == hypothesis], hypothesis
    backwards = as_json(simulate(only(scenario, *reversed(names)), trials=700, seed=SEED).cells())
    assert sorted(backwards, key=str) == sorted(together, key=str)


@pytest.mark.parametrize("name", NAMES)
def test_each_analysis_alone_is_its_cell_among_all(name: str) -> None:
    """Also where the others read other days."""
    scenario = only(trial(name), next(iter(trial(name).hypotheses)))
    together = as_json(simulate(scenario, trials=700, seed=SEED).cells())
    for analysis in scenario.analyses:
        (alone,) = as_json(
            simulate(scenario.model_copy(update={"analyses": (analysis,)}), trials=700, seed=SEED).cells()
        )
        assert alone == next(cell for cell in together if cell["analysis"] == analysis.name)


def test_first_patients_of_a_large_trial_are_the_small_trial() -> None:
    scenario = trial("any-number")
    few = virtual_patients(job_of(scenario, seed=SEED, patients=[9]), 256, 2)
    many = virtual_patients(job_of(scenario, seed=SEED, patients=[9, 45]), 256, 2)
    assert np.array_equal(few[0], many[0][:, :9])
    assert np.array_equal(few[1], many[1][:, :9], equal_nan=True)


def patients_of(*names: str, cache: Path, **changes: str) -> Json:
    """Fingerprints of the virtual patients and of true effects, from a process where something differs."""
    size = ("--generated", "--patients", str(PATIENTS))
    (report,) = answers(elsewhere(*names, *size, **changes, PLANNER_CACHE=str(cache)), timeout=900.0)
    found: Json = report["trials"]
    return found


@pytest.mark.long
@pytest.mark.skipif(not X86, reason="these are processors of the x86-64 family")
def test_an_old_processor_gives_the_same_patients(tmp_path: Path) -> None:
    """Compiled for the oldest, and the C library and NumPy do without the newer instructions."""
    names = ("any-number", "unblinding")
    found = patients_of(*names, cache=tmp_path, **hidden(), **compiled_for("x86-64"))
    assert found == {name: generated(name, PATIENTS) for name in names}


@pytest.mark.long
@pytest.mark.skipif(not X86, reason="these are processors of the x86-64 family")
@pytest.mark.parametrize("cpu", TARGETS)
def test_each_processor_gives_the_same_patients(cpu: str, tmp_path: Path) -> None:
    if processor_flags() and TARGETS[cpu] not in processor_flags():
        pytest.skip(f"this machine cannot run code for {cpu}")
    found = patients_of("mechanisms", *NAMES, cache=tmp_path, **compiled_for(cpu))
    assert found == {name: generated(name, PATIENTS) for name in ("mechanisms", *NAMES)}


@pytest.mark.long
@pytest.mark.skipif(not X86, reason="these are processors of the x86-64 family")
def test_old_libraries_give_the_same_trials(tmp_path: Path) -> None:
    """This processor's code, the C library and NumPy as on an older one: also the million of true effects."""
    (report,) = answers(elsewhere(*NAMES, **hidden(), PLANNER_CACHE=str(tmp_path)), timeout=900.0)
    assert report["trials"] == json.loads(GOLDEN.read_text())
