"""The family of docs/contributing/family.md, typed in as it stands there, simulates what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import poisson
from scipy.stats import t as student

from tests.support.paths import ROOT

ROOT = ROOT
PAGE = (ROOT / "docs/contributing/family.md").read_text(encoding="utf-8")
TRIALS, PATIENTS, ALPHA = 20_000, 24, 0.05
FIGURES = """
import json, planner
leave = "population.dropout={per_period=0.1,odds_ratio={endpoint={ratio=3,per=3,around=4}}}"
runs = [planner.simulate(planner.read("events.toml", set=each), trials=20_000) for each in ([], [leave])]
print(json.dumps([{cell["hypothesis"]: cell for cell in run.to_json()["cells"]} for run in runs]))
"""


def typed_in(folder: Path) -> None:
    """A copy of the package with the row and the files of the page."""
    shutil.copytree(ROOT / "planner", folder / "planner", ignore=shutil.ignore_patterns("__pycache__"))
    for path, code in re.findall(r"`(planner/[\w/]+\.py)`:\n\n```python\n(.*?)```", PAGE, re.S):
        file = folder / path
        if not file.exists():
            file.write_text(code, encoding="utf-8")
            continue
        table, rows = re.match(r"(.* = \{\n)    \.\.\.\n(.*)\}\n", code, re.S).groups()  # type: ignore[union-attr]
        text = file.read_text(encoding="utf-8")
        assert table in text
        end = text.index("\n}\n", text.index(table)) + 1
        file.write_text(text[:end] + rows + text[end:], encoding="utf-8")
    scenario = re.search(r"```toml\n(.*?)```", PAGE, re.S)
    assert scenario is not None
    (folder / "events.toml").write_text(scenario[1], encoding="utf-8")


def answer(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What Python says in a folder."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PLANNER_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        timeout=600,
    )


def power(means: tuple[float, float]) -> float:
    """Share of AB/BA trials of Poisson counts whose t test is significant, in NumPy alone."""
    rng = np.random.default_rng(7)
    half = PATIENTS // 2
    a, b = (rng.poisson(mean, (TRIALS, PATIENTS)) for mean in means)
    difference = (a - b) * np.repeat([0.5, -0.5], half)  # first period minus second, halved
    first, second = difference[:, :half], difference[:, half:]
    variance = (first.var(axis=1, ddof=1) + second.var(axis=1, ddof=1)) / 2.0
    t = (first.mean(axis=1) - second.mean(axis=1)) / np.sqrt(variance * 2.0 / half)
    return float(np.mean(np.abs(t) > student.ppf(1.0 - ALPHA / 2.0, PATIENTS - 2)))


def completers(means: tuple[float, float]) -> float:
    """Patients who stay where the odds of leaving are 1 / 9 after 4 events, and three times that after 7."""
    x = np.arange(100)
    odds = 3.0 ** ((x - 4) / 3.0) / 9.0
    leave = [float(poisson.pmf(x, mean) @ (odds / (1.0 + odds))) for mean in means]
    return PATIENTS * (1.0 - sum(leave) / 2.0)


@pytest.mark.long
def test_the_family_of_the_page(tmp_path: Path) -> None:
    typed_in(tmp_path)
    done = answer(tmp_path, "-c", FIGURES)
    assert done.returncode == 0, done.stderr
    cells, left = json.loads(done.stdout)
    simulated = {name: cells[name]["power"]["estimate"] for name in cells}
    error = 5.0 * (2.0 * 0.25 / TRIALS) ** 0.5  # five standard errors of a difference of two shares
    assert abs(simulated["fewer"] - power((3.0, 5.0))) < error
    assert abs(simulated["same"] - power((4.0, 4.0))) < error
    assert abs(simulated["fewer"] - power((3.2, 5.0))) > error, "another mean would be seen"
    assert abs(cells["fewer"]["true_effect"] + 2.0) < 1e-12
    stay = left["fewer"]["expected_completers"]
    assert abs(stay["estimate"] - completers((3.0, 5.0))) < 5.0 * stay["mcse"]
    assert abs(stay["estimate"] - 0.9 * PATIENTS) > 5.0 * stay["mcse"], "who leaves depends on the events"
    refused = answer(tmp_path, "-m", "planner", "check", "events.toml", "--set", "hypotheses.same.events=3")
    assert refused.returncode == 3
    assert "hint: one mean per treatment: events = { A = 3, B = 3 }" in refused.stderr
    few = ("--find", "effect", "--patients", "4", "--trials", "2000")
    sought = answer(tmp_path, "-m", "planner", "size", "events.toml", *few)
    assert sought.returncode == 0, sought.stderr
    assert "No effect up to -4.995 events, the largest tried" in " ".join(sought.stdout.split())
    page = answer(tmp_path, "-m", "planner", "show", "events.toml").stdout
    assert "3 on A and 5 on B on average" in " ".join(page.split())


@pytest.mark.long
def test_the_files_of_the_page_pass_the_checks(tmp_path: Path) -> None:
    typed_in(tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("numbers", "__pycache__")
    )
    for tool in (
        ["-m", "ruff", "check", "planner"],
        ["-m", "ruff", "format", "--check", "planner"],
        ["-m", "mypy"],
    ):
        done = answer(tmp_path, *tool)
        assert done.returncode == 0, done.stdout + done.stderr
    families = answer(
        tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/model/test_families.py"
    )
    assert families.returncode == 0, families.stdout
