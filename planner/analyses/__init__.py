"""The analyses: one file each, found by name through the table of planner.scenario.vocabulary.

Each module offers one kernel, used on simulated trials and on real data alike::

    statistic(values, h, reading, sequence, contrast, centre, counts, stat)

values f64[tile, patient, hypothesis, reading, period * W] (NaN: missing), of which hypothesis h and one
reading are analysed; sequence i64[tile, patient]; contrast: see planner.kernels.tables; centre (a value near
the expected difference, subtracted so that sums of squares keep their digits); counts i64[look] (patients
seen at each look, ascending). stat f64[look, tile, STATISTICS * W] is filled.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from planner.scenario.vocabulary import METHODS


def statistic(method: str) -> Any:
    """The kernel of an analysis, by the name that scenarios use."""
    row = METHODS[method]
    return getattr(import_module(f"planner.analyses.{row.module}"), row.kernel)
