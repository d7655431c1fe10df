"""Imports go downwards only: the house is readable as long as no floor knows what stands above it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "planner"

FLOORS = {
    1: "caps balance scenario vocabulary reading positions catalogue faults canonical overrides "
    "completing wording "
    "designs contrasts settings scenario_means scenario_terms scenario_outcomes parsing extending building "
    "short_forms scenario_uncertain addressing paths scenario_leaving scenario_observed "
    "patient_data csv_text scenario_blinding scenario_monitoring look_counts",
    2: "draws roots mechanisms world boundaries sequential spending conditional limits rules truth "
    "terms_world rates_world seconds_world references pvalues uncertainty leaving blinding returning "
    "features t_looks entry memory",
    3: "kernels analyses",
    4: "engine job families monitoring outcomes tally units beside",
    5: "montecarlo results planned sizing discrimination weighing theory store predicted methods "
    "replay replayed comparing sweeping precision sensitivity benchmarks doctor machine assurance clusters "
    "departures unknowns guesses estimating growing simulating swept lasting lists widening "
    "reachable look_remarks look_advice carryover carryover_told irregular together naming design_table "
    "figures",
    6: "streams document console summary explain report plots braille console_boundaries layout "
    "explain_mechanisms explain_outcomes explain_predictions unstated citing summary_methods summary_tables "
    "summary_trial summary_sizing summary_compare summary_sweep summary_sensitivity "
    "summary_bench summary_doctor summary_weigh explain_leaving summary_leaving summary_uncertain "
    "summary_weigh_tables summary_blinding explain_blinding summary_dry_run summary_discriminate "
    "summary_discriminate_tables explain_looks summary_limits explain_allocation "
    "explain_design explain_population summary_together summary_answer",
    7: "cli __init__ __main__",
}
FLOOR = {name: floor for floor, names in FLOORS.items() for name in names.split()}

# What each floor may import of the house. Shared between neighbours are the tables that lowering fills,
# the names that analyses are found by, and the scenario that the engine is given with its contrasts and the
# rule by which its looks are scaled; the version is for all.
MAY = {1: {1}, 2: {1, 2}, 3: {3}, 4: {2, 3, 4}, 5: {1, 2, 3, 4, 5}, 6: {1, 5, 6}, 7: {1, 2, 3, 4, 5, 6, 7}}
SHARED = {
    2: ("planner.kernels.tables",),
    3: ("planner.vocabulary",),
    4: ("planner.scenario", "planner.vocabulary", "planner.contrasts", "planner.look_counts"),
}
FOR_ALL = ("version", "interruption")

# What each floor may import of other people's houses, beside the standard library.
THIRD = {
    1: {"pydantic", "pydantic_core"},
    2: {"numpy", "scipy"},
    3: {"numpy", "numba", "llvmlite", "platformdirs"},
    4: {"numpy", "scipy"},
    5: {"numpy", "scipy", "polars"},
    6: {"rich"},
    7: {"typer"},
}
HEAVY = {"numpy", "scipy", "numba", "polars", "pydantic", "rich"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The part of the package a file belongs to: `engine`, `kernels`, `cli`."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


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


def outside_typing(tree: ast.Module) -> ast.Module:
    """The tree without `if TYPE_CHECKING:` blocks, which import nothing when the program runs."""

    class Without(ast.NodeTransformer):
        def visit_If(self, node: ast.If) -> ast.AST | None:
            if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
                return None
            return self.generic_visit(node)

    return Without().visit(tree)


def faults_of(room_name: str, source: str) -> list[str]:
    """What a file of that room imports although its floor must not."""
    floor = FLOOR[room_name]
    names = imported(outside_typing(ast.parse(source)))
    faults = []
    for name in sorted(names):
        parts = name.split(".")
        if parts[0] == "planner":
            target = parts[1] if len(parts) > 1 else "version"
            shared = name.startswith(SHARED.get(floor, ()))
            if target in FLOOR and FLOOR[target] not in MAY[floor] and not shared:
                faults.append(f"floor {floor} imports {name}")
        elif parts[0] in set().union(*THIRD.values()) | {"numba", "typer"} and parts[0] not in THIRD[floor]:
            faults.append(f"floor {floor} imports {name}")
    return faults


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_downwards(path: Path) -> None:
    if room(path) in FOR_ALL:
        assert not {name for name in imported(ast.parse(path.read_text())) if name.startswith("planner")}
        return
    assert room(path) in FLOOR, f"{room(path)} has no floor yet: add it to FLOORS"
    assert faults_of(room(path), path.read_text()) == []


@pytest.mark.parametrize(
    ("room_name", "source"),
    [
        ("kernels", "from planner.scenario import Scenario"),
        ("scenario", "import numpy as np"),
        ("world", "from planner.engine import run"),
        ("console", "def f():\n    from planner.engine import simulate"),
        ("summary", "import polars"),
        ("world", "from planner.kernels import generate"),
        ("engine", "import numba"),
        ("engine", "from planner.results import Run"),
    ],
)
def test_the_check_can_fail(room_name: str, source: str) -> None:
    assert faults_of(room_name, source)


def test_the_door_imports_nothing_heavy_at_its_top() -> None:
    for path in sorted((PACKAGE / "cli").glob("*.py")):
        tree = outside_typing(ast.parse(path.read_text()))
        top = ast.Module([n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)], [])
        assert not {name.split(".")[0] for name in imported(top)} & HEAVY, path
