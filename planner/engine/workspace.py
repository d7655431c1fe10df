"""Memory of a block of trials, how large a block is, and virtual patients generated into it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from planner.engine.cohort import enrol
from planner.engine.compiling import Listing
from planner.engine.lowered import Job
from planner.kernels.jit import ready
from planner.kernels.tables import STATISTICS, Floats, Ints, W

_BLOCK_TILES = 8
_CHUNK_SECONDS = 0.02
_PATIENT_SECONDS = 1e-8  # rough time of one patient under one hypothesis; only sizes the chunks
_MORE_TILES = 8  # of two-stage trials, whose decisions are made on arrays of all trials of a block
_TIMES_FIRST = 10  # as many patients as stage 1 has are seldom needed by both stages
_BLOCK_BYTES = 2**22  # generated values of a block stay within the caches


@dataclass(slots=True)
class Workspace:
    """The arrays of one thread, made once and used for every block."""

    tiles: int
    sequence: Ints
    values: Floats
    stat: Floats
    marks: Ints  # (hypothesis, design, tile, 128) the analyses that are significant; no tiles if not needed
    variance: Floats  # (2, look, tile, 2 * 128) of reference and test product; no tiles if not needed
    code: Ints  # (look, tile, 128) which parts of a rule hold, likewise
    calls: dict[tuple[Any, int], Any] = field(default_factory=dict)  # kernels ready for what they are given
    room: Floats = field(default_factory=lambda: np.empty(0))  # for values of more patients

    def more_patients(self, patients: int) -> tuple[Ints, Floats]:
        """Arrays for a tile with so many patients; the values of earlier calls are written over."""
        shape = (1, patients, *self.values.shape[2:])
        if (size := math.prod(shape)) > self.room.size:
            self.room = np.empty(size + size // 4)
        values = self.room[:size].reshape(shape)
        values.fill(np.nan)
        return np.zeros(shape[:2], np.int64), values

    def call(self, kernel: Any, number: int, *arguments: Any) -> None:
        """Call a kernel for the generator or the analysis of that number: always with the same types."""
        ready_one = self.calls.get((kernel, number))
        if ready_one is None:
            ready_one = self.calls[kernel, number] = ready(kernel, *arguments)
        ready_one(*arguments)


@dataclass(slots=True)
class ListedCalls(Workspace):
    """A workspace in which no kernel is called: what would be is noted."""

    listing: Listing = field(default_factory=Listing)

    def call(self, kernel: Any, number: int, *arguments: Any) -> None:
        """Note the call."""
        self.listing.call(kernel, number, *arguments)


def block_size(work: Job) -> int:
    """Tiles of 128 trials in a block: so few that its generated values stay within a core's cache."""
    tile = work.patients_at_once * work.hypotheses * work.readings * work.plan.leave.size * W * 8
    most = _BLOCK_TILES * (_MORE_TILES if any(each.two_stage for each in work.analyses) else 1)
    return max(1, min(most, _BLOCK_BYTES // tile))


def chunk_size(work: Job) -> int:
    """Trials that a thread takes at a time: some hundredths of a second."""
    seconds = work.patients_at_once * _PATIENT_SECONDS * (1.0 + 0.3 * work.hypotheses * len(work.analyses))
    return max(1, round(_CHUNK_SECONDS / (seconds * W * _BLOCK_TILES))) * W * _BLOCK_TILES


LESS_MEMORY = "lower the patients, the hypotheses (--hypothesis NAME) or the periods"
"""What to do where a block does not fit into memory."""


def job_in_words(work: Job) -> str:
    """A block of trials, in words."""
    number = ((work.cells.patients, "patient"), (work.plan.leave.size, "period"))
    sizes = " and ".join(f"{n:,} {what}{'s' * (n != 1)}" for n, what in number)
    under = f"{work.hypotheses:,} hypothes{'is' if work.hypotheses == 1 else 'es'}"
    return f"a block of {W} virtual trials of {sizes} under {under}"


def thread_bytes(work: Job, tiles: int | None = None) -> int:
    """Bytes that a thread needs for its blocks and its sums."""
    hypotheses, tiles = work.hypotheses, tiles or block_size(work)
    row = tiles * W * 8
    values = work.patients_at_once * hypotheses * work.readings * work.plan.leave.size * row
    if any(each.two_stage for each in work.analyses):
        values *= 1 + _TIMES_FIRST
    stat = hypotheses * work.counts.size * STATISTICS * row
    return values + stat + 2 * work.cells.empty_bytes()


def records_bytes(work: Job, tiles: int) -> int:
    """Bytes that `records_of` of so many tiles takes."""
    row = tiles * W * 8
    each = row * (2 * len(work.cells.designs) + work.counts.size * STATISTICS)
    return thread_bytes(work, tiles) + work.hypotheses * len(work.analyses) * each


Buffers = dict[tuple[int, ...], Floats]
"""Arrays by their shape, to be written over: fresh memory costs as much time as what is written to it."""


def listing_workspace(work: Job) -> ListedCalls:
    """A workspace in which calls are noted: of one patient, as no type depends on how many there are."""
    cells = replace(work.cells, designs=(1,))
    space = new_workspace(replace(work, cells=cells), 1)
    return ListedCalls(
        space.tiles, space.sequence, space.values, space.stat, space.marks, space.variance, space.code
    )


def new_workspace(work: Job, tiles: int | None, buffers: Buffers | None = None) -> Workspace:
    """Arrays for blocks of so many tiles; by default as suits the job. `buffers` are used where they fit."""
    hypotheses, periods = work.hypotheses, work.plan.leave.size
    tiles = tiles or block_size(work)
    shape = (tiles, work.patients_at_once, hypotheses, work.readings, periods * W)
    values = np.empty(shape) if buffers is None else buffers.setdefault(shape, np.empty(shape))
    scaled = tiles if any(each.scaled for each in work.analyses) else 0
    values.fill(np.nan)  # what a hypothesis does not predict stays missing
    return Workspace(
        tiles,
        np.zeros((tiles, work.patients_at_once), np.int64),
        values,
        np.empty((hypotheses, work.counts.size, tiles, STATISTICS * W)),
        np.zeros((hypotheses, len(work.cells.designs), tiles if work.cells.primary else 0, W), np.int64),
        np.zeros((2, work.counts.size, scaled, 2 * W)),
        np.zeros((work.counts.size, scaled, W), np.int64),
    )


def generate(work: Job, first: int, space: Workspace) -> None:
    """Fill the workspace with the patients of the trials from `first` on."""
    enrol(first, work.cells.seed, work.plan, work.generators, space.sequence, space.values, space.call)


def virtual_patients(work: Job, first: int, tiles: int) -> tuple[Ints, Floats]:
    """The patients of the trials from `first` (a multiple of 128) on.

    Sequences i64[tile, patient], outcomes f64[tile, patient, hypothesis, reading, period * 128], NaN if
    missing.
    """
    space = new_workspace(work, tiles)
    generate(work, first, space)
    return space.sequence, space.values
