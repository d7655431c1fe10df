"""A block of trials: generated, analysed, decided, counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.engine.compiling import Use, compile_missing, is_watched
from planner.engine.lowered import Job, ScaledAnalysis
from planner.engine.tally import Tally
from planner.engine.two_stage import carry_out, count_stages
from planner.engine.workspace import Buffers, Workspace, generate, listing_workspace, new_workspace
from planner.kernels.analyse.margins import from_margins
from planner.kernels.analyse.scaled import count_scaled, judge_scaled
from planner.kernels.count import count_guesses, follow
from planner.kernels.decide import decide, record
from planner.kernels.joint import count, mark
from planner.kernels.tables import Floats, Ints, W


def compile_for(jobs: Sequence[Job], *, tallied: bool) -> None:
    """Compile what blocks of these jobs call, and is not compiled: `add_block`, or else `records_of`.

    Where nobody watches that is left to the first call.
    """
    if not is_watched():
        return
    uses: list[Use] = []
    for work in jobs:
        space = listing_workspace(work)
        if tallied:
            add_block(work, space, 0, W, work.cells.empty())
        else:
            _records(work, 0, space)
        uses += space.listing.uses
    compile_missing(uses)


@dataclass(frozen=True, slots=True)
class Records:
    """Single trials in full: to be looked at, or to be paired with those of another design."""

    sequence: Ints  # (tile, patient)
    values: Floats  # (tile, patient, hypothesis, reading, period * 128)
    stat: Floats  # (hypothesis, analysis, look, tile, STATISTICS * 128), look being an index into Job.counts
    end: Ints  # (hypothesis, analysis, design, tile * 128) how each trial ended: see planner.kernels.tables
    look: Ints  # (hypothesis, analysis, design, tile * 128) at which look of its design, from 0
    limit: Floats  # as `stat` without its rows: logs of upper limits that are scaled, NaN of all others


def records_of(work: Job, first: int, tiles: int, buffers: Buffers | None = None) -> Records:
    """The trials first .. first + tiles * 128 - 1 (first a multiple of 128), exactly as `run` sees them.

    `buffers`: values of earlier calls of the same thread, which are written over where they fit.
    """
    return _records(work, first, new_workspace(work, tiles, buffers))


def _records(work: Job, first: int, space: Workspace) -> Records:
    generate(work, first, space)
    cells, tiles = (work.hypotheses, len(work.analyses)), space.tiles
    stat = np.empty((*cells, *space.stat.shape[1:]))
    end = np.zeros((*cells, len(work.cells.designs), tiles, W), np.int64)
    look = np.zeros_like(end)
    limit = np.full((*cells, *space.stat.shape[1:3], W), np.nan)
    for h in range(work.hypotheses):
        for a, analysis in enumerate(work.analyses):
            _analyse(work, h, a, space, stat[h, a])
            if analysis.scaled is not None:
                limit[h, a] = space.variance[0, :, :, :W]
            for d in range(len(work.cells.designs)):
                space.call(record, a, stat[h, a], analysis.rules, d, end[h, a, d], look[h, a, d])
    flat = (*cells, len(work.cells.designs), tiles * W)
    return Records(space.sequence, space.values, stat, end.reshape(flat), look.reshape(flat), limit)


def statistics_of(work: Job, first: int, tiles: int, buffers: Buffers | None = None) -> Floats:
    """The statistics of the trials from `first` (a multiple of 128) on: as `Records.stat`."""
    space = new_workspace(work, tiles, buffers)
    generate(work, first, space)
    stat = np.empty((work.hypotheses, len(work.analyses), *space.stat.shape[1:]))
    for h in range(work.hypotheses):
        for a in range(len(work.analyses)):
            _analyse(work, h, a, space, stat[h, a])
    return stat


def _analyse(work: Job, h: int, a: int, space: Workspace, stat: Floats) -> None:
    analysis, centre = work.analyses[a], float(work.cells.tests[h][a].truth.effect)
    given = space.values, h, analysis.reading, space.sequence, analysis.contrast, centre, work.counts, stat
    space.call(analysis.kernel, a, *given)
    if analysis.margins is not None:
        space.call(from_margins, a, stat, *map(float, analysis.margins))
    if analysis.scaled is not None:
        _judge_scaled(work, h, a, analysis.scaled, space, stat)


def _judge_scaled(work: Job, h: int, a: int, scaled: ScaledAnalysis, space: Workspace, stat: Floats) -> None:
    """From the statistic and the variances within patients to the decision of each trial."""
    analysis, (reference, test) = work.analyses[a], space.variance
    scratch = np.empty_like(stat)
    for which, (contrast, to) in enumerate(((scaled.reference, reference), (scaled.test, test))):
        if contrast is not None:
            given = space.values, h, analysis.reading, space.sequence, contrast, work.counts, scratch, to
            space.call(scaled.kernel, 2 * a + which, *given)
    space.call(judge_scaled, a, stat, reference, test, scaled.critical, scaled.rule, space.code)


def add_block(work: Job, space: Workspace, first: int, trials: int, tally: Tally) -> None:
    """Add the trials first .. first + trials - 1, at most a block; first is a multiple of a tile."""
    generate(work, first, space)
    primary = work.cells.primary
    for a, analysis in enumerate(work.analyses):
        for h in range(work.hypotheses):
            if analysis.two_stage is not None:
                interim, patients = carry_out(work, first, h, a, space, space.stat[h])
                count_stages(interim, patients, trials, tally.parts[h, a, 0])
                continue
            _analyse(work, h, a, space, space.stat[h])
            if analysis.scaled is not None:
                limit, parts = space.variance[0], tally.parts[h, a]
                space.call(count_scaled, a, space.code, limit, analysis.rules.look, trials, parts)
        sums = tally.ends, tally.free, tally.irregular, tally.between
        space.call(decide, a, space.stat, analysis.rules, analysis.centre, a, trials, *sums)
        if a in primary:
            space.call(mark, a, space.stat, analysis.rules, 1 << primary.index(a), space.marks)
    if primary:
        space.call(count, 0, space.marks, len(primary), work.true_nulls, trials, tally.joint)
    if work.cells.followed:
        space.call(follow, 0, space.values, space.sequence, trials, work.waits, tally.followed)
    if (guessing := work.guessing) is not None:
        treatments = guessing.given, guessing.active
        given = space.values, guessing.reading, space.sequence, *treatments, trials, tally.guessed
        space.call(count_guesses, 0, *given)
    tally.trials += trials
