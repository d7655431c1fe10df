"""Analyses that allow for carryover: whether their method can, and whether the design lets them."""

from __future__ import annotations

from planner.scenario import designs, vocabulary
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.contrasts import Contrast, in_words, weights
from planner.scenario.design import Design
from planner.scenario.estimability import variance_factor, within_patients
from planner.scenario.faults import Path
from planner.scenario.resolving.draft import Draft
from planner.scenario.text import listed

_NAMED = 4


def check_carryover(
    draft: Draft, path: Path, analysis: PlannedAnalysis, design: Design, contrast: Contrast
) -> None:
    """Refuse `carryover = true` for methods without it, and where carryover looks like the contrast."""
    row = analysis.row if analysis.method else None
    if row is None:
        return
    if not row.carryover:
        able = listed([name for name, each in vocabulary.METHODS.items() if each.carryover], "or")
        message = f"{analysis.method} has no carryover in its model"
        draft.note((*path, "carryover"), message, f'method = "{able}" can have it; or leave it out')
        return
    compared = weights(contrast)
    without, with_it = (within_patients(design.sequences, compared, each)[1] for each in (False, True))
    if without and not with_it:
        message = (
            f"cannot be in the model of this design: {in_words(contrast)} cannot be told apart from what "
            "treatments carry over into the next period"
        )
        draft.note((*path, "carryover"), message, _elsewhere(design))


def _elsewhere(design: Design) -> str:
    """Named designs for as many treatments in which carryover can be in the model, the most precise first."""
    arms = design.treatments
    lengths: list[tuple[float, str]] = []
    for name, row in vocabulary.DESIGNS.items():
        if not row.arms[0] <= len(arms) <= row.arms[1] or row.same_as or name == "parallel":
            continue
        sequences = designs.named(name, arms)
        v = variance_factor(sequences, [1] * len(sequences), {arms[0]: 1.0, arms[1]: -1.0}, True)
        if v is not None:
            lengths.append((float(v) * len(sequences[0]), name))
    names = [name for _, name in sorted(lengths)[:_NAMED]]
    where = f"it can in {listed(names, 'or')}" if names else ""
    return f"{where}; `planner show` of such a scenario tells what it costs there" if where else ""
