"""How wide the columns of a table are, and what to do where they do not fit.

A number is never broken. Names give way first; where even that is not enough the table is split into several,
each beginning with the names again.
"""

from __future__ import annotations

from planner.report.blocks import Sheet
from planner.scenario.text import visible

GAP = 2  # blanks between columns
_NAME, _LEAST = 16, 6  # columns that a name keeps while the table can be split, and at the very least


def unfold(sheet: Sheet) -> Sheet:
    """The sheet with every row on one line."""
    rows = [[cell.replace("\n", " ") for cell in row] for row in sheet.rows]
    return Sheet(sheet.columns, rows, sheet.loud)


def natural_width(sheet: Sheet) -> int:
    """The width at which nothing is broken."""
    return sum(_natural(sheet, j) for j in range(len(sheet.columns))) + GAP * (len(sheet.columns) - 1)


def split_to_fit(sheet: Sheet, width: int) -> list[Sheet]:
    """The sheet, or the several into which it must be split to fit; no number is left over for the last."""
    names, numbers = _kinds(sheet)
    left = width - sum(_narrowest(sheet, j, width) + GAP for j in names)
    needs = [_narrowest(sheet, j, width) for j in numbers]
    parts = _filled(needs, left)
    if len(parts) > 1 and len(parts[-1]) == 1:  # all about as wide as each other
        few = len(parts)
        parts = next(even for most in range(1, max(left, 1) + 1) if len(even := _filled(needs, most)) <= few)
    return [_part(sheet, names + [numbers[k] for k in part]) for part in parts]


def _filled(needs: list[int], most: int) -> list[list[int]]:
    """Columns of these widths, one after the other in parts of at most so many columns of text."""
    parts: list[list[int]] = [[]]
    used = 0
    for k, need in enumerate(needs):
        if parts[-1] and used + need > most:
            parts.append([])
            used = 0
        parts[-1].append(k)
        used += need + GAP
    return parts


def column_widths(sheet: Sheet, width: int) -> list[int]:
    """The width of each column: what it cannot do without, then the names what they want, then the titles."""
    sizes = [_narrowest(sheet, j, width) for j in range(len(sheet.columns))]
    left = width - sum(sizes) - GAP * (len(sizes) - 1)
    names, numbers = _kinds(sheet)
    for j in names + numbers:
        more = max(min(_natural(sheet, j) - sizes[j], left), 0)
        sizes[j] += more
        left -= more
    return sizes


def _kinds(sheet: Sheet) -> tuple[list[int], list[int]]:
    """The columns of names and the columns of numbers."""
    names = [j for j, column in enumerate(sheet.columns) if not column.number]
    return names, [j for j, column in enumerate(sheet.columns) if column.number]


def _lines(sheet: Sheet, j: int) -> list[str]:
    return [line for row in sheet.rows for line in row[j].split("\n")]


def _widest(texts: list[str]) -> int:
    from rich.cells import cell_len

    return max((cell_len(visible(text)) for text in texts), default=0)


def _natural(sheet: Sheet, j: int) -> int:
    return _widest([*_lines(sheet, j), sheet.columns[j].title])


def _narrowest(sheet: Sheet, j: int, width: int) -> int:
    """What a column cannot do without: its longest number, the longest word of its title; some of a name."""
    if sheet.columns[j].number:
        return _widest([*_lines(sheet, j), *sheet.columns[j].title.split()])
    names, numbers = _kinds(sheet)
    longest = max((_narrowest(sheet, k, width) for k in numbers), default=0)
    share = (width - longest) // len(names) - GAP
    return min(_natural(sheet, j), _NAME, max(share, _LEAST))


def _part(sheet: Sheet, chosen: list[int]) -> Sheet:
    chosen = sorted(chosen)
    rows = [[row[j] for j in chosen] for row in sheet.rows]
    return Sheet([sheet.columns[j] for j in chosen], rows, sheet.loud)
