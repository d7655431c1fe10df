"""The figures of another program for equivalence tests (tests/numbers/equivalence.json), as rows by name."""

from __future__ import annotations

import json
import math
from typing import Any

from planner.equivalence.field_designs import Cost, field_design
from tests.support.paths import NUMBERS

_TABLES: dict[str, Any] = json.loads((NUMBERS / "equivalence.json").read_text())


def rows(table: str) -> list[dict[str, Any]]:
    """The cases of a table."""
    columns = _TABLES[table]["columns"]
    return [dict(zip(columns, row, strict=True)) for row in _TABLES[table]["rows"]]


def cost(design: str, n: int | list[int], robust: bool = False) -> Cost:
    """C and df of a study: `n` patients in all, or in each sequence."""
    row = field_design(design)
    return row.cost_of(n, robust) if isinstance(n, list) else row.cost(n, robust)


def scaled(value: float, log: bool) -> float:
    """A ratio on logs, or a difference as it is."""
    return math.log(value) if log else value


def sd(cv: float, log: bool) -> float:
    """The SD of logs, or an SD as it is."""
    return math.sqrt(math.log1p(cv**2)) if log else cv


def sides(margin: float, log: bool) -> tuple[float, float]:
    """The limits of a test against a margin: a lower one if it is below 1, or as a difference below 0."""
    limit = scaled(margin, log)
    return (limit, math.inf) if limit < 0 else (-math.inf, limit)
