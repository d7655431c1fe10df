"""The figures of other programs for two-stage trials (tests/numbers/two_stage.json), as rows by name."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from planner.equivalence.two_stage.exact import operating_characteristics
from planner.equivalence.two_stage.law import Characteristics
from planner.equivalence.two_stage.plan import two_stage_plan
from tests.support.paths import NUMBERS

_TABLES: dict[str, Any] = json.loads((NUMBERS / "two_stage.json").read_text())
CRITICAL, LEVEL = _TABLES["critical"]
SHARES = (0.05, 0.5, 0.95)


def rows(table: str) -> list[dict[str, Any]]:
    """The cases of a table."""
    columns = _TABLES[table]["columns"]
    return [dict(zip(columns, row, strict=True)) for row in _TABLES[table]["rows"]]


def exact(case: dict[str, Any], **changes: Any) -> Characteristics:
    """What the package says of a case, with settings other than the rule's own."""
    return _exact(case["rule"], case["first"], case["cv"], case["ratio"], tuple(changes.items()))


@cache
def _exact(
    rule: str, first: int, cv: float, ratio: float, changes: tuple[tuple[str, Any], ...]
) -> Characteristics:
    return operating_characteristics(two_stage_plan(rule, **dict(changes)), first, cv, ratio)
