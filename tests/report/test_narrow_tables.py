"""Tables on a narrow terminal: no empty rows beside a long label, no part with a column left over."""

from __future__ import annotations

from planner.report.blocks import Column, Sheet
from planner.report.render.columns import split_to_fit
from planner.report.render.renderer import Medium
from planner.report.render.terminal import Terminal

NARROW = Medium(columns=30, wide=False)


def lines_of(sheet: Sheet) -> list[str]:
    return Terminal(NARROW).page([sheet]).splitlines()[2:]


def test_a_long_label_is_continued_beside_the_rows_that_it_stands_for() -> None:
    columns = [Column("Name", number=False), Column("Look", number=False), Column("Share")]
    rows = [["a rather long label", "1", "12345678"], ["", "last", "2"], ["b", "1", "3"]]
    assert [line.split() for line in lines_of(Sheet(columns, rows))] == [
        ["a", "rather", "long", "1", "12345678"],
        ["label", "last", "2"],
        ["b", "1", "3"],
    ]


def test_a_label_without_rows_below_takes_lines_of_its_own() -> None:
    rows = [["a rather long label", "1", "12345678"], ["b", "", "3"]]
    lines = lines_of(
        Sheet([Column("Name", number=False), Column("Look", number=False), Column("Share")], rows)
    )
    assert [line.split() for line in lines] == [
        ["a", "rather", "long", "1", "12345678"],
        ["label"],
        ["b", "3"],
    ]


def test_the_parts_of_a_wide_table_are_about_as_wide_as_each_other() -> None:
    numbers = [Column(f"{k}") for k in range(4)]
    sheet = Sheet([Column("Name", number=False), *numbers], [["a", *["123456"] * 4]])
    parts = split_to_fit(sheet, 30)
    assert [len(part.columns) for part in parts] == [3, 3]
    assert [column.title for part in parts for column in part.columns[1:]] == ["0", "1", "2", "3"]
