"""A run can be stored, and read where nothing can be compiled: its cells need no kernels and no tables."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from planner import read, simulate
from planner.engine.job import job_of
from planner.engine.run import run_job
from planner.results.run import Run
from tests.support.marks import repeated

READER = """
import json, pickle, sys
for name in ("numba", "llvmlite"):
    sys.modules[name] = None  # an import of it fails
run = pickle.load(open(sys.argv[1], "rb"))
print(json.dumps([run.to_json(), run.digest()]))
"""

SIMULATOR = (
    READER
    + """
from planner import read, simulate
simulate(read("asthma-ab-ba"), trials=128)
"""
)


def read_elsewhere(run: Run, folder: Path, program: str = READER) -> Any:
    """What another process without Numba makes of the stored run."""
    file = folder / "run.pickle"
    file.write_bytes(pickle.dumps(run))
    done = subprocess.run(
        [sys.executable, "-c", program, str(file)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("name", "options"),
    repeated(
        [
            ("williams-2018", {"uncertain": True, "variants": 4}),
            ("williams-2018", {"patients": [12, 24]}),
            ("asthma-ab-ba", {}),
            ("williams-2018", {}),
        ],
        fast=2,
    ),
)
def test_a_stored_run_has_the_same_figures(name: str, options: Any, tmp_path: Path) -> None:
    run = simulate(read(name), trials=1_000, **options)
    assert read_elsewhere(run, tmp_path) == [json.loads(json.dumps(run.to_json())), run.digest()]


def test_the_reader_cannot_simulate(tmp_path: Path) -> None:
    """Negative control: where the run is read, the kernels cannot be imported."""
    run = simulate(read("asthma-ab-ba"), trials=128)
    with pytest.raises(subprocess.CalledProcessError) as caught:
        read_elsewhere(run, tmp_path, SIMULATOR)
    assert "halted; None in sys.modules" in caught.value.stderr


@pytest.mark.parametrize("name", ["asthma-ab-ba", "williams-2018"])
def test_cells_are_small_and_plain(name: str) -> None:
    work = job_of(read(name))
    stored = pickle.dumps(work.cells)
    assert len(stored) < 2**14
    assert len(stored) < len(pickle.dumps([each.rules for each in work.analyses]))
    cells = pickle.loads(stored)
    assert cells == work.cells
    assert cells != job_of(read(name), seed=cells.seed + 1).cells
    # A tally of a stored run can be added to by a run of the same trials in another process.
    total = cells.empty()
    total.add(run_job(work, 256).tally)
    assert total.trials == 256
