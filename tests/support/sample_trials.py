"""Small trials that between them use every part of the simulation, and the fingerprint of what they give.

    python -m tests.support.sample_trials > tests/numbers/golden.json

after a change that is meant to change results.

Other tests run this file in processes where something about the machine is different (see `elsewhere`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import subprocess
import sys
import warnings
from typing import Any

import numpy as np

from planner.engine import potential_outcomes, workspace
from planner.engine.generators import generators_of
from planner.engine.lowered import Job
from planner.kernels.generate.means import generate
from planner.kernels.generate.randomise import allocate
from planner.kernels.jit import COMPILED
from planner.kernels.tables import Floats, Ints, W
from planner.model.allocation import allocation_plan
from planner.model.readings import Reading, reading_of
from planner.questions.run.simulate import simulate
from planner.results.run import Run
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support import sample_dropout, sample_mechanisms, sample_texts
from tests.support.paths import NUMBERS, ROOT

GOLDEN = NUMBERS / "golden.json"
TRIALS = 3_001  # no multiple of a tile
SEED = 2**40 + 7  # both words of the key matter

NAMES = tuple(sample_texts.TEXTS)
_TEXTS = sample_texts.TEXTS | sample_mechanisms.TEXTS | sample_dropout.TEXTS


def trial(name: str) -> Scenario:
    """The scenario of that name."""
    return read_text(text(name), name)


def text(name: str) -> str:
    """The file of that name."""
    return "schema_version = 1\n" + _TEXTS[name]


def sums_digest(run: Run) -> str:
    """Fingerprint of the sums alone, whatever the scenario's own digest is."""
    tally = run.outcome.tally
    text = f"{tally.trials} {tally.ends.shape}".encode()
    sums = tally.ends.astype("<i8").tobytes() + tally.free.astype("<i8").tobytes()
    return hashlib.sha256(text + sums).hexdigest()


def fingerprints(names: tuple[str, ...], trials: int, patients: int | None = None) -> dict[str, str]:
    """Of each trial the fingerprint of its sums; `patients` in place of the scenario's own number."""
    sizes = [patients] if patients else None
    return {n: sums_digest(simulate(trial(n), trials=trials, seed=SEED, patients=sizes)) for n in names}


def generated(name: str, patients: int) -> str:
    """Fingerprint of a tile of virtual patients, and of what a few would show under each treatment."""
    scenario = trial(name)
    names = tuple(scenario.hypotheses)
    readings = list(dict.fromkeys(reading_of(scenario, analysis) for analysis in scenario.analyses))
    how = allocation_plan(scenario)
    sequence = np.zeros((1, patients), np.int64)
    values = np.full((1, patients, len(names), len(readings), how.leave.size * W), np.nan)
    allocate(0, np.uint64(SEED), how.block, sequence)
    for group in generators_of(scenario, names, readings):
        group.generate(0, np.uint64(SEED), how, group.tables, sequence, values)
    values[np.isnan(values)] = np.nan  # one of the many bit patterns that say so
    would = _potential(scenario, names, readings)
    parts = (sequence.astype("<i8"), values.astype("<f8"), would.astype("<f8"))
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def _potential(scenario: Scenario, names: tuple[str, ...], readings: list[Reading]) -> Floats:
    """True contrasts (hypothesis, reading), from two tiles in place of a million patients."""
    usual, potential_outcomes._BLOCK = potential_outcomes._BLOCK, 1
    try:
        means = potential_outcomes.potential_means(
            scenario, names, readings, scenario.design.treatments, SEED, tiles=2
        )
    finally:
        potential_outcomes._BLOCK = usual
    weight = np.zeros(len(scenario.design.treatments))
    weight[:2] = 1.0, -1.0
    places = range(len(weight))
    return np.array(
        [[means.contrast(h, r, places, weight)[0] for r in range(len(readings))] for h in range(len(names))]
    )


def virtual_patients(work: Job, first: int, tiles: int) -> tuple[Ints, Floats]:
    """A block: sequences i64[tile, patient], outcomes f64[tile, patient, hypothesis, reading, period * W]."""
    return workspace.virtual_patients(work, first, tiles)


def environment(**changes: str) -> dict[str, str]:
    """The environment of a child process that finds the package and this file."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "error", **changes}


def elsewhere(*arguments: str, **changes: str) -> subprocess.Popen[str]:
    """Start this file in a process of its own with a changed environment; it prints a report as JSON."""
    command = [sys.executable, "-m", "tests.support.sample_trials", "--report", *arguments]
    return subprocess.Popen(
        command, env=environment(**changes), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def answers(*children: subprocess.Popen[str], timeout: float = 300.0) -> list[dict[str, Any]]:
    """The reports of children that were started by `elsewhere`; what they complain of if they failed."""
    reports: list[dict[str, Any]] = []
    try:
        for child in children:
            out, complaints = child.communicate(timeout=timeout)
            assert child.returncode == 0, complaints
            reports.append(json.loads(out))
    finally:
        for child in children:
            child.kill()
            child.communicate()
    return reports


def _libm() -> str:
    """Fingerprint of the C library's exponential, logarithm and sine: differs between processors."""
    grid = [0.1 + 0.00037 * i for i in range(30_000)]
    values = [f(x) for x in grid for f in (math.exp, math.log, math.sin)]
    return hashlib.sha256(np.array(values).tobytes()).hexdigest()


def _vectors() -> bool:
    """Whether the kernel of this process uses vectors of 32 bytes or more; only for one that compiled it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # code from the cache cannot be looked at
        text = "".join(generate.inspect_asm().values()) if COMPILED else ""
    return "%ymm" in text or "%zmm" in text


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--patients", type=int)
    parser.add_argument("--generated", action="store_true", help="the virtual patients only")
    parser.add_argument("--report", action="store_true", help="tell of the machine too")
    given = parser.parse_args()
    if given.generated:
        found: dict[str, Any] = {name: generated(name, given.patients) for name in given.names}
    else:
        found = fingerprints(tuple(given.names), given.trials, given.patients)
    if given.report:
        found = {"trials": found, "libm": _libm(), "vectors": _vectors()}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    _main()
