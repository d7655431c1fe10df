"""A finished simulation: what it is about, and what was counted. It has no kernels, and can be stored."""

from __future__ import annotations

from dataclasses import dataclass

from planner.engine.cells import Cells
from planner.engine.tally import Tally


@dataclass(frozen=True, slots=True)
class Simulation:
    """A finished (or interrupted) simulation."""

    cells: Cells
    tally: Tally
    seconds: float
    partial: bool
    interrupted: bool = False  # by Ctrl-C, be it after the last trial
