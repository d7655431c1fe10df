"""The code of a user's own analysis: what makes it another one, how often it is compiled, what is stored."""

from __future__ import annotations

import math
import pickle
import runpy
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from scipy import stats

import planner
from planner.analyses.own.analysis import Analysis
from planner.analyses.own.source import fingerprint
from planner.engine.units import _UNITS as units
from planner.errors import AnalysisError
from planner.scenario.canonical.resolved import digest
from tests.support import own_analyses
from tests.support.own_scenarios import COMPILED, PAIRED, TRIALS, simulated, text

# --- Its source is part of the answer ---------------------------------------------------------------------


def module(tmp_path: Path, source: str, name: str = "users") -> types.ModuleType:
    """A module of the user's, imported from a file."""
    file = tmp_path / f"{name}.py"
    file.write_text(source)
    made = types.ModuleType(name)
    made.__dict__.update(runpy.run_path(str(file), run_name=name))
    return made


SOURCE = """
FACTOR = {factor}

def helper(x):
    return x * {inner}

def test(outcomes, treatments, contrast):
    {comment}return helper(outcomes.mean()) * FACTOR, {around}, 5

def maker(around):
    def test(outcomes, treatments, contrast):
        return outcomes.mean() * around, 1.0, 5
    return test
"""
AS_IT_IS = {"factor": "2.0", "inner": "3.0", "comment": "", "around": "1.0"}


@pytest.mark.parametrize(
    ("key", "value"), [("factor", "2.5"), ("inner", "3.5"), ("around", "1.5"), ("comment", "#\n    ")]
)
def test_another_source_is_another_analysis(tmp_path: Path, key: str, value: str) -> None:
    sources = [
        SOURCE.format(**AS_IT_IS),
        SOURCE.format(**AS_IT_IS),
        SOURCE.format(**(AS_IT_IS | {key: value})),
    ]
    prints = []
    for i, source in enumerate(sources):
        folder = tmp_path / str(i)
        folder.mkdir()
        prints.append(fingerprint(_alone(module(folder, source))))
    assert prints[0] == prints[1]
    assert prints[0] != prints[2]


def _alone(users: types.ModuleType) -> Callable[..., Any]:
    test: Callable[..., Any] = users.test
    return test


def test_values_around_a_function_count(tmp_path: Path) -> None:
    maker = module(tmp_path, SOURCE.format(**AS_IT_IS)).maker
    prints = [fingerprint(maker(value)) for value in (1.0, 1.0, 2.0, (1, 2.0), np.arange(3), np.arange(4))]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 5
    ready_made = (stats.norm, np.exp, math.sqrt, stats.wilcoxon, np.float64, own_analyses.paired)
    assert len({fingerprint(maker(value)) for value in ready_made}) == len(ready_made)
    jitted_twice = (numba.njit(own_analyses.paired), numba.njit(own_analyses.paired, fastmath=True))
    assert len({fingerprint(maker(value)) for value in jitted_twice}) == 2
    generator = np.random.default_rng(1)
    for refused in ([1.0], {"a": 1.0}, object(), stats.norm(0, 1)):
        with pytest.raises(AnalysisError, match="can change, and with it the answer"):
            fingerprint(maker(refused))
    for random in (generator, generator.normal):
        with pytest.raises(AnalysisError, match="of random numbers"):
            fingerprint(maker(random))


def test_a_value_that_changes_later_is_noticed(tmp_path: Path) -> None:
    users = module(tmp_path, SOURCE.format(**AS_IT_IS) + "\nDEFAULT = test\n")
    function = users.maker(1.0)
    own = Analysis(function, title="Changing", needs="within")
    scenario = planner.read_text(text("mine"), methods={"mine": own})
    function.__closure__[0].cell_contents = 2.0
    with pytest.raises(AnalysisError, match="has changed since"):
        planner.simulate(scenario, trials=128)


def test_a_file_that_is_edited_later_is_not_what_runs(tmp_path: Path) -> None:
    (tmp_path / "edited.py").write_text(SOURCE.format(**AS_IT_IS))
    code = (
        "import edited, pathlib\n"
        "from planner.analyses.own.source import fingerprint\n"
        "print(fingerprint(edited.test))\n"
        "file = pathlib.Path('edited.py')\n"
        "file.write_text(file.read_text().replace('1.0', '1.5'))\n"
        "print(fingerprint(edited.test))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    before, after = done.stdout.split()
    assert before == after


@pytest.mark.long
def test_one_name_and_two_sources_share_nothing(tmp_path: Path) -> None:
    source = (Path(own_analyses.__file__)).read_text()
    runs = []
    for i, factor in enumerate(("1.0", "0.5")):
        folder = tmp_path / str(i)
        folder.mkdir()
        users = module(folder, source.replace("] = se\n", f"] = {factor} * se\n"))
        own = Analysis(users.paired_kernel, title="Paired t", needs="within")
        runs.append(simulated(own))
    assert runs[0].digest() != runs[1].digest()
    cells = [run.to_json()["cells"][0] for run in runs]
    assert cells[0]["estimate"]["coverage"] != cells[1]["estimate"]["coverage"]
    assert cells[0]["power"] == cells[1]["power"]  # T is the same in both


@pytest.mark.long
def test_a_module_that_is_gone_is_compiled_again(tmp_path: Path) -> None:
    """What `runpy` or a notebook has run is no module that compiled code could be loaded for; no warning."""
    source, digests = Path(own_analyses.__file__).read_text(), set()
    for _ in range(2):
        own = Analysis(module(tmp_path, source, "gone").paired_kernel, title="Paired t", needs="within")
        digests.add(simulated(own).digest())
    assert len(digests) == 1


def test_the_same_analysis_is_measured_once() -> None:
    units.clear()
    scenario = planner.read_text(text("mine"), methods={"mine": COMPILED})
    again = planner.read_text(text("mine"), methods={"mine": COMPILED})
    before = units.worked_out
    for each in (scenario, again):
        planner.simulate(each, trials=128)
    assert units.worked_out == before + 1
    planner.simulate(scenario, trials=128, methods={"mine": PAIRED})
    assert units.worked_out == before + 2


@pytest.mark.long
def test_compiled_code_is_kept_by_source(tmp_path: Path) -> None:
    (tmp_path / "users.py").write_text(Path(own_analyses.__file__).read_text())
    code = (
        "import planner, users\n"
        "own = planner.Analysis(users.paired_kernel, title='Paired t', needs='within')\n"
        f"s = planner.read_text({text('mine')!r}, methods={{'mine': own}})\n"
        "print(planner.simulate(s, trials=128).digest(), users.paired_kernel._cache.__class__.__name__)\n"
        "print(sum(users.paired_kernel.stats.cache_hits.values()))\n"
    )
    outputs = [
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    first, second = (done.stdout.split() for done in outputs)
    assert first[:2] == second[:2]
    assert second[1:] == ["OwnCache", "1"]


def test_a_function_cannot_spoil_what_others_see() -> None:
    def rude(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
        outcomes[:] = 0.0
        treatments[:] = "A"
        return 1.0, 1.0, 5

    own = Analysis(rude, title="Rude", needs="within")
    after = simulated(own).to_json()["cells"]
    both = planner.read_text(text("mine", "paired-t"), methods={"mine": own})
    alone = planner.simulate(planner.read_text(text("paired-t")), trials=TRIALS).to_json()["cells"]
    assert planner.simulate(both, trials=TRIALS).to_json()["cells"][1] == alone[0]
    assert len(after) == 1


def test_a_stored_result_knows_its_analysis_and_not_its_code() -> None:
    run = simulated(PAIRED)
    kept = pickle.loads(pickle.dumps(run.scenario))
    assert digest(kept) == digest(run.scenario)
    assert kept.analyses[0].row.title == "User's analysis: Paired t"
    with pytest.raises(AnalysisError, match="was not stored"):
        planner.simulate(kept, trials=128)
    assert planner.simulate(kept, trials=TRIALS, methods={"mine": PAIRED}).digest() == run.digest()


@pytest.mark.parametrize("own", [PAIRED, COMPILED], ids=["plain", "kernel"])
def test_a_stored_comparison_has_its_figures(own: Analysis) -> None:
    scenario = planner.read_text(text("mine"), methods={"mine": own})
    compared = planner.compare([scenario, scenario], names=["a", "b"], trials=256)
    kept = pickle.loads(pickle.dumps(compared))
    assert kept.to_json() == compared.to_json()
    assert kept.digest() == compared.digest()
    assert pickle.loads(pickle.dumps(kept)).to_json() == compared.to_json()
    with pytest.raises(AnalysisError, match="was not stored"):
        planner.simulate(kept.scenarios[0], trials=128)


def test_a_stored_run_is_read_without_numba(tmp_path: Path) -> None:
    run, file = simulated(COMPILED), tmp_path / "run.pickle"
    file.write_bytes(pickle.dumps(run))
    code = (
        "import pickle, sys\n"
        "sys.modules['numba'] = None\n"
        f"run = pickle.load(open({str(file)!r}, 'rb'))\n"
        "print(run.digest(), run.to_json()['scenario']['methods']['mine']['title'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{run.digest()} User's analysis: Paired t\n"
