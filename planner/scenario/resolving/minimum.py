"""The fewest evaluable patients of a trial that is to show bioequivalence, where none are stated."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.design import Design
from planner.scenario.endpoint import Endpoint
from planner.scenario.regulators import REGULATORS
from planner.scenario.resolving.draft import Draft

FEWEST, FEWEST_PARALLEL, FEWEST_PART_TWICE = 12, 24, 24
"""Evaluable patients that regulators ask of a trial of bioequivalence, whatever its power.

FEWEST_PART_TWICE: of which the EMA scales limits where only a part get the reference twice, as in TRT | RTR.
"""


def resolve_minimum(
    draft: Draft, design: Design, endpoint: Endpoint | None, analyses: Collection[PlannedAnalysis]
) -> Design:
    """The design with the minimum that regulators ask where the equivalence of a ratio is to be shown."""
    ratios = endpoint is not None and endpoint.on_logs
    wanted = any(analysis.tests_equivalence and not analysis.outcome for analysis in analyses)
    if draft.written(("design", "minimum")) is not None or not (ratios and wanted):
        return design
    usual = FEWEST_PARALLEL if design.periods == 1 else FEWEST
    scaled = [_of_scaled(design, analysis) for analysis in analyses if analysis.scaling is not None]
    return design.model_copy(update={"minimum": max([usual, *scaled])})


def _of_scaled(design: Design, analysis: PlannedAnalysis) -> int:
    """What the regulator asks whose limits are scaled."""
    assert analysis.scaling is not None
    regulator = analysis.scaling.regulator
    fewest = 0 if regulator not in REGULATORS else REGULATORS[regulator].fewest
    contrast = analysis.contrast
    reference = "" if isinstance(contrast, Mapping) or not contrast else contrast[1]
    times = {sequence.count(reference) for sequence in design.sequences}
    part = regulator == "ema" and min(times) < 2
    return max(fewest, FEWEST_PART_TWICE if part else 0)
