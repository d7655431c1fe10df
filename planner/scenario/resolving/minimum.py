"""The fewest evaluable patients of a trial that is to show bioequivalence, where none are stated."""

from __future__ import annotations

from collections.abc import Iterable

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.design import Design
from planner.scenario.endpoint import Endpoint
from planner.scenario.resolving.draft import Draft

FEWEST, FEWEST_PARALLEL = 12, 24
"""Evaluable patients that regulators ask of a trial of bioequivalence, whatever its power."""


def resolve_minimum(
    draft: Draft, design: Design, endpoint: Endpoint | None, analyses: Iterable[PlannedAnalysis]
) -> Design:
    """The design with the minimum that regulators ask where the equivalence of a ratio is to be shown."""
    ratios = endpoint is not None and endpoint.on_logs
    wanted = any(analysis.tests_equivalence and not analysis.outcome for analysis in analyses)
    if draft.written(("design", "minimum")) is not None or not (ratios and wanted):
        return design
    return design.model_copy(update={"minimum": FEWEST_PARALLEL if design.periods == 1 else FEWEST})
