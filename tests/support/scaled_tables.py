"""Figures of other programs for scaled limits (tests/numbers/scaled_bioequivalence.json), as rows by name."""

from __future__ import annotations

import json
from typing import Any

from planner.equivalence.regulators import ScaledRule, scaled_rule
from planner.equivalence.scaled_laws import ScaledLaw, scaled_law
from tests.support.paths import NUMBERS

SEQUENCES = {"2x2x4": ("TRTR", "RTRT"), "2x2x3": ("TRT", "RTR"), "2x3x3": ("TRR", "RTR", "RRT")}
_TABLES: dict[str, Any] = json.loads((NUMBERS / "scaled_bioequivalence.json").read_text())


def rows(table: str) -> list[dict[str, Any]]:
    """The cases of a table."""
    columns = _TABLES[table]["columns"]
    return [dict(zip(columns, row, strict=True)) for row in _TABLES[table]["rows"]]


def counts(design: str, patients: int | list[int]) -> list[int]:
    """Patients of each sequence: as equal as can be, unless given."""
    if isinstance(patients, list):
        return patients
    each, more = divmod(patients, len(SEQUENCES[design]))
    return [each + (place < more) for place in range(len(SEQUENCES[design]))]


def rule_of(regulator: str, rule: str) -> ScaledRule:
    """As in the tables: highly variable means a CV above .30, of every regulator."""
    return scaled_rule(regulator, rule, switch_cv=0.30 if rule in ("abel", "rsabe") else None)


def law_of(rule: ScaledRule, design: str, patients: int | list[int], cv_wt: float, cv_wr: float) -> ScaledLaw:
    """The law that must be known."""
    law = scaled_law(rule.method, SEQUENCES[design], counts(design, patients), cv_wt, cv_wr)
    assert law is not None
    return law
