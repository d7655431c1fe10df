"""What a contributor is told to write works as it stands: the examples of docs/contributing, in a copy."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documents import fenced
from tests.support.paths import ROOT

TRIAL = """\
schema_version = 1
extends = "asthma-ab-ba.toml"
[monitoring]
looks = [0.5, 1.0]
efficacy = { rule = "exponential", nu = 0.8 }
futility = { rule = "exponential", nu = 0.5, beta = 0.2 }
"""
SCALED = """\
schema_version = 1
extends = "migraine-williams-3.toml"
[endpoint]
scale = "VAS-100"
"""


def python_of(page: str) -> list[str]:
    """The blocks of Python of a page."""
    text = (ROOT / "docs" / "contributing" / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.S)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package to change."""
    for name in ("planner", "scenarios"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def planner(folder: Path, *words: str, code: int = 0) -> str:
    """What the package in a folder answers."""
    done = subprocess.run(
        [sys.executable, "-m", "planner", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def checked(copy: Path, *files: str) -> bool:
    """Whether the types of files of the copied package are right; what is not is printed."""
    config = ["--config-file", str(ROOT / "pyproject.toml")]
    words = [sys.executable, "-m", "mypy", *config, *(f"planner/{file}" for file in files)]
    return subprocess.run(words, cwd=copy, timeout=300).returncode == 0


def put_before(file: Path, mark: str, text: str, after: str = "") -> None:
    """Put text before the first mark that comes after another."""
    before = file.read_text(encoding="utf-8")
    at = before.index(mark, before.index(after))
    file.write_text(before[:at] + text + before[at:], encoding="utf-8")


@pytest.mark.long
def test_the_first_change_is_one_line(copy: Path) -> None:
    """The row of CONTRIBUTING.md: a scale that `show` and the JSON Schema know at once."""
    blocks = fenced((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), "CONTRIBUTING.md")
    (row,) = [block.text for block in blocks if "NamedScale(" in block.text]
    (copy / "trial.toml").write_text(SCALED)
    assert "VAS-100" in planner(copy, "check", "trial.toml", code=3)
    put_before(copy / "planner" / "scenario" / "vocabulary.py", "}\n", f"    {row}", after="SCALES: ")
    assert "trial.toml: valid" in planner(copy, "check", "trial.toml")
    assert "VAS-100" in planner(copy, "schema")


@pytest.mark.long
def test_a_stopping_rule_is_a_row_and_a_function(copy: Path) -> None:
    assert "no analysis, stopping rule or design" in planner(copy, "methods", "exponential", code=2)
    row, function, *_ = python_of("rule.md")
    parameter, entry = row.split("SPENDING_FUNCTIONS = {\n    ...\n")
    rows = copy / "planner" / "scenario" / "stopping_rules.py"
    put_before(rows, "SPENDING_FUNCTIONS: ", parameter)
    put_before(rows, "}\n\nEFFICACY_RULES", entry.rstrip().removesuffix("}"))
    with (copy / "planner" / "monitoring" / "spending.py").open("a", encoding="utf-8") as file:
        file.write(f"\n\n{function}")
    explained = " ".join(planner(copy, "methods", "exponential").split())
    assert explained.count("f(t) = total^(t^-nu): Anderson and Clark 2010.") == 2
    words = "boundaries --looks 3 --rule exponential --nu 1 --json"
    ours = json.loads(planner(copy, *words.split()))
    # At nu = 1 and a third of the information alpha is raised to the power of 3.
    assert ours["looks"][0]["alpha_spent"] == pytest.approx(0.025**3, rel=1e-6)
    assert "needs --nu" in planner(copy, "boundaries", "--rule", "exponential", code=2)
    assert "0.8 is close to" in planner(copy, "boundaries", "--rule", "exponential", "--nu", "9", code=2)
    assert '"nu"' in planner(copy, "schema")
    (copy / "trial.toml").write_text(TRIAL)
    assert "valid" in planner(copy, "check", "trial.toml")
    (copy / "wrong.toml").write_text(TRIAL.replace("nu = 0.8", "nu = 80"))
    assert "monitoring.efficacy.nu: must be at most 5" in planner(copy, "check", "wrong.toml", code=3)
    swept = "run trial.toml --set monitoring.efficacy.nu=0.5,0.8 --trials 256 --json -q"
    assert len(json.loads(planner(copy, *swept.split()))["cells"]) == 6


@pytest.mark.long
def test_a_question_is_three_files_and_a_row_each(copy: Path) -> None:
    assert "there is no command" in planner(copy, "visits", "williams-2018", code=2)
    question, page, command, rows = python_of("question.md")
    package = copy / "planner"
    (package / "questions" / "visits.py").write_text(question)
    (package / "report" / "pages" / "visits.py").write_text(page)
    (package / "cli" / "visits.py").write_text(command)
    names, document, entry = (part.split("\n", 1)[1] for part in rows.split("\n\n"))
    with (package / "__init__.pyi").open("a", encoding="utf-8") as file:
        file.write(names + "\n")
    documents = package / "report" / "documents.py"
    put_before(documents, "from planner.report.pages.weigh", f"{page_import(page)}\n")
    put_before(documents, "}\n", document + "\n", after="DOCUMENTS: ")
    put_before(package / "cli" / "app.py", "}\n", entry, after="COMMANDS: ")
    assert checked(copy, "questions/visits.py", "report/pages/visits.py", "cli/visits.py")
    assert "How many visits a trial takes." in planner(copy, "--help")
    assert re.search(r"\b30 +60\b", planner(copy, "visits", "williams-2018"))
    answer = json.loads(planner(copy, "visits", "williams-2018", "--json"))
    assert answer["looks"] == [{"patients": 12, "visits": 24}, {"patients": 30, "visits": 60}]
    assert planner(copy, "visits", "williams-2018", "--format", "csv") == "patients,visits\n12,24\n30,60\n"


def page_import(page: str) -> str:
    """The import of the function that a page defines."""
    name = re.findall(r"^def (\w+_page)\(", page, re.M)
    return f"from planner.report.pages.visits import {name[0]}"
