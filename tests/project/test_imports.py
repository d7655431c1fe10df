"""Imports go downwards, in no circle: the contracts of pyproject.toml, each with a case that breaks it."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import planner
from planner.cli.app import COMMANDS, function_of
from tests.support.marks import repeated
from tests.support.paths import ROOT

ROOT = ROOT
PACKAGE = ROOT / "planner"
BY_NAME = (
    r"\bimportlib\.(?!metadata)|from importlib import (?!metadata)|\b__import__\b|\bpkgutil\b|\brunpy\b"
    r"|\b(exec|eval)\("
)
HEAVY = {"numpy", "scipy", "numba", "polars", "pydantic", "rich"}
LOADS_ON_USE = {
    "__init__.py",  # the public names
    "_special.py",  # the compiled functions of scipy.special, or the package, whichever has them
    "cli/app.py",  # the commands
    "results/result.py",  # the pages of results, which stand above them
    "analyses/own/installed.py",  # loads nothing: names what a user's analysis may not use
    "analyses/__init__.py",  # the kernel of a method, by the table of methods
    "model/families/family.py",  # a family of outcomes, by the table of families
    "engine/generators.py",  # the kernel that makes its patients
    "scenario/hypotheses.py",  # the settings of a family, by the table of families
    "scenario/resolving/families/resolver.py",  # its defaults and checks, likewise
    "report/render/renderer.py",  # a renderer, by the format that names it
    "report/scenario/family.py",  # its words, likewise
    "report/methods.py",  # looks for documentation without loading what it documents
    "benchmarks/others.py",  # a rival that need not be installed
}


def contracts(root: Path) -> tuple[int, str]:
    """The exit code of the contracts for the package below `root`, and what they say."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_contracts_hold() -> None:
    code, said = contracts(ROOT)
    assert code == 0, said
    assert re.search(r"Contracts: 9 kept, 0 broken", said)


@pytest.mark.parametrize(
    ("file", "added", "broken"),
    repeated(
        [
            ("scenario/text.py", "from planner.engine import tally", "Imports go downwards"),
            ("kernels/tables.py", "def f():\n    from planner.model import looks", "Imports go downwards"),
            ("model/blinding.py", "from planner.model.families import means", "No two modules"),
            ("scenario/paths.py", "def f():\n    from planner.scenario import parameters", "No two modules"),
            ("report/blocks.py", "import polars", "polars"),
            ("questions/plan.py", "import rich", "rich"),
            ("report/context.py", "import rich", "rich"),
            ("report/blocks.py", "import typer", "rich and typer"),
            ("report/pages/size.py", "import planner.report.plots.braille", "Pages are blocks"),
            ("model/looks.py", "def f():\n    import numba", "numba"),
            ("results/run.py", "import pydantic", "pydantic"),
            ("questions/plan.py", "from planner.model.families import means", "A family of outcomes"),
            ("engine/job.py", "from planner.scenario.families.rates import Rates", "A family of outcomes"),
            ("questions/weigh/cohort.py", "import planner.kernels.generate.means", "Patients are made"),
            ("unheard_of.py", "", "Imports go downwards"),
        ],
        fast=5,
    ),
)
def test_an_import_that_must_not_be_breaks_them(file: str, added: str, broken: str, tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "planner", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "planner" / file).open("a", encoding="utf-8") as stream:
        stream.write(f"\n\n{added}\n")
    code, said = contracts(tmp_path)
    assert code != 0
    assert [line for line in said.splitlines() if line.startswith(broken)]


def imported(tree: ast.AST) -> set[str]:
    """Every module that the tree imports, also inside functions; `from a import b` gives a and a.b."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_modules_are_loaded_by_name_only_where_a_table_says_which() -> None:
    """Anything else hides an arrow from the contracts."""
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(BY_NAME, path.read_text(encoding="utf-8"))
    }
    assert found == LOADS_ON_USE


def test_what_is_for_all_knows_nothing_of_the_house() -> None:
    for name in ("_version", "_interruption", "_platform", "_memo", "_special", "errors"):
        tree = ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))
        assert not [each for each in imported(tree) if each.startswith("planner")]


def test_the_door_imports_nothing_heavy_at_its_top() -> None:
    for path in sorted((PACKAGE / "cli").rglob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        top = ast.Module([n for n in body if isinstance(n, ast.Import | ast.ImportFrom)], [])
        assert not {name.split(".")[0] for name in imported(top)} & HEAVY, path


def test_the_package_holds_its_rooms_and_nothing_else() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.name not in ("__pycache__", "_scenarios")}
    assert rooms == {
        *(
            "scenario",
            "monitoring",
            "equivalence",
            "data",
            "kernels",
            "analyses",
            "model",
            "engine",
            "results",
        ),
        *("questions", "report", "cli", "benchmarks"),
        *(
            "__init__.py",
            "__init__.pyi",
            "__main__.py",
            "_version.py",
            "_interruption.py",
            "_platform.py",
            "errors.py",
        ),
        *("_memo.py", "_special.py", "errors.py", "py.typed"),
    }


def test_every_line_of_the_public_names_is_read() -> None:
    """The stub is read by its lines at run time, by its grammar here."""
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert len(imports) == len(tree.body) - 1  # and the docstring
    assert [len(node.names) for node in imports] == [1] * len(imports)
    declared = {node.names[0].asname: node.module for node in imports}
    assert declared == planner._HOME
    assert list(declared) == planner.__all__
    for name in planner.__all__:
        assert getattr(planner, name) is not None


@pytest.mark.long
def test_a_type_checker_knows_the_public_names_and_no_others(tmp_path: Path) -> None:
    file = tmp_path / "use.py"
    file.write_text('import planner\nreveal_type(planner.read("x"))\nplanner.unheard_of\n')
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", "--follow-imports=silent", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "planner.scenario.scenario.Scenario" in done.stdout
    assert 'Module has no attribute "unheard_of"' in done.stdout
    assert "Found 1 error" in done.stdout


def test_every_command_is_a_function_of_its_name() -> None:
    for name in COMMANDS:
        assert function_of(name).__name__ == name


def test_every_folder_of_modules_is_a_package() -> None:
    """The contracts do not see a folder without `__init__.py`."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []
