"""Results of every question offer the same: JSON, a table, a page, and a few lines where they are printed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import polars
import pytest

import planner
from planner.cli import main
from planner.questions import boundaries
from planner.report.blocks import Heading
from planner.report.documents import DOCUMENTS
from planner.results.cells import Cell
from planner.results.contract import Written, as_json
from planner.results.figures import Figure, widen
from planner.results.result import QuestionResult, Result
from planner.results.run import Run

NAME = "asthma-ab-ba"
THREE = 'simulation.hypotheses=["direct-opioid", "permissive", "expectancy"]'
CALL = {
    "run": lambda: planner.simulate(planner.read(NAME), trials=256, name=NAME),
    "run, uncertain": lambda: planner.simulate(
        planner.read("williams-2018"), trials=256, uncertain=True, variants=2, name="williams-2018"
    ),
    "sweep": lambda: planner.sweep(NAME, set=["design.patients=24,36"], trials=256),
    "compare": lambda: planner.compare([planner.read(NAME), planner.read(NAME)], trials=256),
    "sensitivity": lambda: planner.sensitivity(planner.read(NAME), trials=256),
    "size": lambda: planner.size(planner.read(NAME), power=0.8, trials=1024, name=NAME),
    "discriminate": lambda: planner.discriminate([planner.read("mu-probe", set=[THREE])], draws=32),
    "weigh": lambda: planner.weigh(planner.read("jelen-2025"), variants=8, patients=128),
    "trial": lambda: planner.replay(planner.read(NAME), 1, name=NAME),
    "boundaries": lambda: boundaries.Boundaries((planner.boundary([0.5, 1.0]),)),
    "cv": lambda: planner.cv(pool=[(0.25, 24, "2x2"), (0.3, 18, "2x2x4")]),
}


AGAIN = "The same result again"


def headings(blocks: Sequence[object]) -> list[str]:
    return [block.text for block in blocks if isinstance(block, Heading)]


@cache
def result_of(call: str) -> QuestionResult:
    return CALL[call]()


@pytest.mark.parametrize("call", CALL)
def test_every_result_offers_the_same(call: str) -> None:
    result = result_of(call)
    assert isinstance(result, Result)
    assert result.question == call.partition(",")[0]
    document = result.to_json()
    assert document["schema"].startswith("planner.")
    assert document["run"]["digest"] == result.digest()
    frame = result.frame()
    assert isinstance(frame, polars.DataFrame)
    assert len(frame)
    assert "<table" in result._repr_html_()


@pytest.mark.parametrize("call", CALL)
def test_every_result_has_a_page(call: str) -> None:
    blocks = result_of(call).document()
    assert isinstance(blocks[0], Heading)
    assert AGAIN not in headings(blocks)  # no command gave it


@pytest.mark.parametrize("call", CALL)
def test_a_result_is_printed_in_a_few_lines(call: str) -> None:
    result = result_of(call)
    head, *lines = repr(result).splitlines()
    assert head.startswith(f"{type(result).__name__} of ")
    assert head.endswith(f"digest {result.digest()[:12]}")
    assert 1 <= len(lines) <= 9
    assert max(map(len, (head, *lines))) < 200


def test_the_page_is_that_of_the_command(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    assert main(["run", NAME, "--trials", "256", "-q", "-o", str(file)]) == 0
    lines = [line.lstrip("# ") for line in file.read_text().splitlines() if line.startswith("#")]
    assert lines == [*headings(result_of("run").document()), AGAIN]


def test_every_question_with_a_page_is_tried_here() -> None:
    assert {call.partition(",")[0] for call in CALL} == set(DOCUMENTS)


def test_what_lacks_a_method_is_no_result() -> None:
    assert not isinstance(Cell, Result)
    assert not isinstance(object(), Result)


# Typed figures and the contract


def test_a_figure_is_written_by_its_fields() -> None:
    assert Figure(0.5, 0.1, 0.4, 0.6).to_json() == {"estimate": 0.5, "mcse": 0.1, "low": 0.4, "high": 0.6}
    assert list(Figure(1.0).to_json().values()) == [1.0, None, None, None]
    assert widen(Figure(0.5, 0.25, 0.25, 0.75), 4.0) == Figure(0.5, 1.0, 0.0, 1.0)  # a share stays one
    assert widen(Figure(5.0, 0.25, 4.5, 5.5), 2.0) == Figure(5.0, 0.5, 4.0, 6.0)


@dataclasses.dataclass(frozen=True)
class Part(Written):
    a: int
    b: Figure | None = None
    c: tuple[Figure, ...] = ()
    d: Figure | None = None
    e: int = 0

    if_any = frozenset({"b"})
    merged = frozenset({"d"})
    unwritten = frozenset({"e"})


def test_what_is_absent_merged_or_no_part_of_the_contract() -> None:
    figure = Figure(1.0)
    assert list(Part(1).to_json()) == ["a", "c"]
    assert list(Part(1, figure, (figure,), figure, 2).to_json()) == ["a", "b", "c", *figure.to_json()]
    assert as_json({"x": (Part(1), None, 2.5)}) == {"x": [{"a": 1, "c": []}, None, 2.5]}


def test_the_cells_are_those_of_the_document() -> None:
    run = result_of("run")
    assert isinstance(run, Run)
    document = run.to_json()
    assert as_json(run.cells_with_carryover()) == document["cells"]
    (one, *_) = run.cells()
    wrong = dataclasses.replace(
        one, power=dataclasses.replace(one.power, estimate=one.power.estimate + 1e-12)
    )
    assert wrong.to_json() != document["cells"][0]


def test_nested_tables_have_a_name() -> None:
    """`Tree` where settings are read, `Json` where results are written: nothing else may hold anything."""
    folder = Path(planner.__file__).parent
    places = [
        str(file.relative_to(folder))
        for file in sorted(folder.rglob("*.py"))
        if "kernels" not in file.parts  # options of Numba
        and "dict[str, Any]" in file.read_text(encoding="utf-8")
    ]
    assert places == [str(Path("scenario", "tree.py"))]


def test_a_result_is_called_by_the_name_of_its_scenario() -> None:
    scenario = planner.read(NAME)
    for made in (planner.simulate(scenario, trials=128), planner.size(scenario, power=0.5, trials=1024)):
        assert made.to_json()["scenario"]["name"] == NAME
        assert NAME in repr(made).splitlines()[0]
    assert planner.simulate(scenario, trials=128, name="mine").to_json()["scenario"]["name"] == "mine"
