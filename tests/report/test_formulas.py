"""Formulas of `planner methods` fit 80 columns: what is too long is broken, and nothing is lost."""

from __future__ import annotations

from planner.report.blocks import Code
from planner.report.methods import methods
from planner.report.pages.methods import methods_page
from tests.support.commands import Cli, cli

__all__ = ["cli"]


def test_no_line_of_a_formula_is_wider_than_80_columns(cli: Cli) -> None:
    lines = cli("methods")[1].splitlines()
    assert [line for line in lines if len(line) > 80] == []


def test_nothing_is_lost_where_a_line_is_broken() -> None:
    every = methods()
    shown = "".join(block.text for block in methods_page(every) if isinstance(block, Code))
    written = [
        paragraph
        for method in every
        for paragraph in method.explanation.split("\n\n")
        if paragraph.strip("\n").startswith("    ")
    ]
    assert "".join(shown.split()) == "".join("".join(written).split())
    assert any(len(line) > 84 for paragraph in written for line in paragraph.splitlines()), (
        "some are too long"
    )
