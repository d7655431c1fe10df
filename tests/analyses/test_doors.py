"""An analysis is a row of the vocabulary, a file with INFO and a row of the truth harness: all three."""

from __future__ import annotations

import ast
import dataclasses
import re
import runpy
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from planner.analyses import AnalysisInfo, explanation, info, statistic
from planner.kernels.tables import STATISTICS, W
from planner.monitoring.references import REFERENCES
from planner.scenario.vocabulary import METHODS, NEEDS, NamedMethod
from tests.support import analysis_twins
from tests.support.analysis_twins import TWINS
from tests.support.paths import ROOT
from tests.support.random_designs import DESIGNS, tables

PACKAGE = ROOT / "planner"
FILES = {path.stem for path in (PACKAGE / "analyses").glob("*.py")} - {"__init__"}


def unlike(
    rows: Mapping[str, NamedMethod],
    infos: Mapping[str, Mapping[str, AnalysisInfo]],
    twins: Iterable[str],
) -> set[str]:
    """What stands in one of the three places only: `infos` by file."""
    offered = {(file, name) for file, each in infos.items() for name in each}
    named = {(row.module, name) for name, row in rows.items()}
    empty = {file for file, each in infos.items() if not each}
    return {name for _, name in offered ^ named} | (set(rows) ^ set(twins)) | empty


def every_info() -> dict[str, dict[str, AnalysisInfo]]:
    return {file: dict(import_module(f"planner.analyses.{file}").INFO) for file in sorted(FILES)}


def test_files_rows_and_twins_are_the_same() -> None:
    assert unlike(METHODS, every_info(), TWINS) == set()


def test_what_is_forgotten_is_found() -> None:
    infos, name = every_info(), "paired-t"
    assert unlike({key: row for key, row in METHODS.items() if key != name}, infos, TWINS) == {name}
    assert unlike(METHODS, infos, set(TWINS) - {name}) == {name}
    assert unlike(METHODS, infos | {"paired_t": {}}, TWINS) == {name, "paired_t"}
    moved = infos | {"paired_t": {}, "fisher": infos["fisher"] | infos["paired_t"]}
    assert unlike(METHODS, moved, TWINS) == {name, "paired_t"}


@pytest.mark.parametrize("name", METHODS)
def test_an_info_is_complete(name: str) -> None:
    row, about = METHODS[name], info(name)
    assert about.reference in REFERENCES
    assert row.needs in NEEDS
    assert about == import_module(f"planner.analyses.{row.module}").INFO[name], "read from the text"
    assert about.citation
    assert callable(statistic(name))
    assert explanation(name) == (import_module(f"planner.analyses.{row.module}").__doc__ or "").strip()
    assert (about.df is not None) == (about.reference == "t"), "show leaves out t limits without df"
    assert (about.decisive is not None) == row.binary


def test_defaults_have_places_of_their_own() -> None:
    places = [(row.binary, row.default.place) for row in METHODS.values() if row.default is not None]
    assert len(set(places)) == len(places) > 1


# --- Nobody else knows an analysis by its name ------------------------------------------------------------

SCENARIO_TEXTS = {
    "benchmarks/jobs.py": "TOML of the scenarios that are timed",
    "scenario/reading/short_forms.py": "lines of a scenario that are accepted, as examples",
    "scenario/reading/guessed_names.py": "lines to write in place of names of other programs",
}
"""Files whose texts are scenarios, which name what they use."""


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text of a module but its docstrings, and with it the line."""
    inside = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


def names_in(source: str, methods: Iterable[str]) -> list[tuple[int, str]]:
    """The analyses that the texts of a module name, each with its line."""
    whole = {name: re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])") for name in methods}
    return [
        (line, name)
        for line, text in texts(ast.parse(source))
        for name, pattern in whole.items()
        if pattern.search(text)
    ]


def own_names(path: Path) -> set[str]:
    return {name for name, row in METHODS.items() if path == PACKAGE / "analyses" / f"{row.module}.py"}


def test_an_analysis_is_named_in_its_row_and_its_file_alone() -> None:
    others = [
        f"{path.relative_to(PACKAGE)}:{line}: {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != PACKAGE / "scenario" / "vocabulary.py"
        and path.relative_to(PACKAGE).as_posix() not in SCENARIO_TEXTS
        for line, name in names_in(path.read_text(encoding="utf-8"), set(METHODS) - own_names(path))
    ]
    assert others == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('if method == "paired-t":\n    pass', [(1, "paired-t")]),
        ('x = 1\ny = f"by {x} or fisher"', [(2, "fisher")]),
        ('"""Of paired-t."""', []),
        ('x = "welch-like, Fisher"', []),
        ('def f():\n    """Of welch."""\n    return ("welch",)', [(3, "welch")]),
    ],
)
def test_a_name_elsewhere_is_found(source: str, expected: list[tuple[int, str]]) -> None:
    assert names_in(source, METHODS) == expected


def test_info_is_frozen() -> None:
    change: Callable[..., None] = setattr
    with pytest.raises(dataclasses.FrozenInstanceError):
        change(info("paired-t"), "df", None)


# --- The written instructions -----------------------------------------------------------------------------


def test_the_analysis_of_the_instructions_agrees_with_its_twin(tmp_path: Path) -> None:
    document = PACKAGE.parent / "docs" / "contributing" / "analysis.md"
    row, module, twin = re.findall(r"```python\n(.*?)```", document.read_text(encoding="utf-8"), re.S)
    file = tmp_path / "paired_z.py"
    file.write_text(module)
    module_ = runpy.run_path(str(file))
    offered = module_["INFO"]
    named = eval(f"{{{row}}}", {"NamedMethod": NamedMethod})
    assert list(named) == list(offered) == ["paired-z"]
    assert named["paired-z"].module == file.stem
    space = dict(vars(analysis_twins), TWINS={})
    exec(twin.replace("TWINS = {...,", "TWINS = {"), space)
    sequences, weights = DESIGNS["AB/BA"]
    y = np.random.default_rng(1).normal(size=(12, 1, 2, W)) + 100.0
    y[5, 0, 1] = np.nan
    order, stat = np.arange(12) % 2, np.empty((1, 1, STATISTICS * W))
    given = y.reshape(1, 12, 1, 1, 2 * W), 0, 0, order[None], tables(sequences, weights), 0.3, np.array([12])
    module_["statistic"](*given, stat)
    for lane in (0, W - 1):
        found = stat.reshape(STATISTICS, W)[:, lane]
        estimate, se, df, used = space["TWINS"]["paired-z"](y[:, 0, :, lane], order, sequences, weights)
        assert found == pytest.approx([estimate, se, estimate / se, df, used], rel=1e-8)
