"""The answer with which a run begins: the figures of its cells, in a sentence or two."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from planner.report.blocks import Items, Prose
from planner.report.context import PageContext
from planner.report.pages.run_answer import answers_of_run
from planner.results.cells import Cell
from planner.results.effect_scale import Unit
from planner.results.number_text import estimated
from tests.support.commands import FEW, Cli, cli
from tests.support.typed import cell_of

__all__ = ["cli"]


def opening(out: str) -> str:
    """What stands between the title and the facts, in one line."""
    return " ".join(re.split(r"\n(?=(?:Question|Scenario) +)", out)[0].split("\n\n", 1)[1].split())


def figure(x: float, mcse: float = 0.001) -> dict[str, Any]:
    return {"estimate": x, "mcse": mcse}


def cell(
    hypothesis: str, power: float, null: bool = False, looks: int = 1, wrong: float = 0.0, **more: Any
) -> Cell:
    document = {
        "hypothesis": hypothesis,
        "analysis": "t",
        "patients": 52,
        "alpha": 0.05,
        "is_null": null,
        "power": figure(power),
        "stopped_early": figure(0.231),
        "expected_patients": figure(36.1, 0.1),
        "looks": [{}] * looks,
        "estimate": {"wrong_sign": None if null else figure(wrong)},
        **more,
    }
    return cell_of(document)


SETTING = PageContext("", "", "", {"t": Unit("points"), "u": Unit("points")}, {}, {}, False, (), True, "")


def said(*cells: Cell) -> str:
    block = answers_of_run(cells, SETTING)[0]
    assert isinstance(block, Prose | Items)
    return block.text if isinstance(block, Prose) else " | ".join(block.items)


def test_one_effect_and_one_null() -> None:
    assert said(cell("expected", 0.661, looks=2), cell("none", 0.05, True, looks=2)) == (
        "Under “expected”, the trial finds the difference in 66.1 ± 0.1 % of virtual trials; 23.1 ± 0.1 % "
        "stop early, and on average 36.1 ± 0.1 of 52 patients are randomised. Where there is no true "
        "difference (“none”), 5.0 ± 0.1 % of virtual trials are false alarms (type I error; alpha 5 %)."
    )


def test_several_hypotheses_give_a_range_of_each_kind() -> None:
    text = said(cell("a", 0.5), cell("b", 0.9), cell("c", 0.7), cell("d", 0.05, True), cell("e", 0.052, True))
    assert "finds it in 50.0 ± 0.1 % (“a”) to 90.0 ± 0.1 % (“b”) of virtual trials." in text
    assert "5.0 ± 0.1 % to 5.2 ± 0.1 % of virtual trials are false alarms" in text
    assert "early" not in text
    assert "exceeded" not in text


def test_what_would_mislead_is_told() -> None:
    assert "alpha 5 %, which is exceeded" in said(cell("none", 0.09, True))
    assert "exceeded" not in said(cell("none", 0.051, True))
    assert "Of the significant trials, 43.0 ± 0.1 % point in the wrong direction (type S error)." in said(
        cell("a", 0.1, wrong=0.43)
    )
    assert "wrong" not in said(cell("a", 0.9, wrong=0.01))
    averaged = said(cell("a", 0.5, uncertainty={}))
    assert "averaged over what the uncertain numbers may be" in averaged


def test_several_analyses_each_have_a_line() -> None:
    text = said(cell("a", 0.5), replace(cell("a", 0.9), analysis="u"))
    assert re.fullmatch(r"t: Under .* 50\.0 .* \| u: Under .* 90\.0 .*", text)
    many = [replace(cell("a", 0.5), analysis=f"n{i}") for i in range(6)]
    assert said(*many).endswith("| 2 more analyses below.")


@pytest.mark.parametrize("file", ["small.toml", "staged.toml"])
def test_a_run_opens_with_the_figures_of_its_tables(file: str, cli: Cli) -> None:
    _, out, _ = cli("run", file, *FEW)
    cells = json.loads(cli("run", file, "--json", *FEW)[1])["cells"]
    text = opening(out)
    for each in cells:
        assert estimated(each["power"], percent=True) in text
    assert ("stop early" in text) == (file == "staged.toml")
    top = out.split("\nScenario ")[0].splitlines()
    assert all(len(line) <= 80 for line in top)
    assert 2 <= len([line for line in top if line.strip()]) <= 8


@pytest.mark.parametrize(("mcse", "text"), [(0.0, "+18.8"), (1.7e-16, "+18.8"), (1e-4, "+18.8000 ± 0.0001")])
def test_an_effect_that_is_the_same_in_all_variants_is_exact(mcse: float, text: str) -> None:
    """The error of a mean of equal numbers is that of rounding, not of chance."""
    same = cell("expected", 0.9, true_effect=18.8, true_effect_mcse=mcse)
    assert SETTING.true_effect(same) == text
