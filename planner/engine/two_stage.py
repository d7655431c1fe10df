"""Two-stage trials of a block: stage 1, what it plans, stage 2, and what is counted of them.

Patients of stage 2 are made only as far as any trial of the block has them. What is decided after a stage is
planner.equivalence.two_stage.decisions, from sums over patients; here these sums are made, and the decisions
told to `decide` as limits of its own: T is infinite where a trial shows equivalence, minus infinite where
its interval lies outside the limits, and -1 where it stops after stage 1 without showing anything.
"""

from __future__ import annotations

import numpy as np

from planner.engine.cohort import enrol
from planner.engine.lowered import Job, TwoStages
from planner.engine.workspace import Workspace
from planner.equivalence.two_stage.decisions import Interim, Outcome, Stage, after_first, after_second, pooled
from planner.kernels.analyse.groups import GROUP_ROWS
from planner.kernels.analyse.stages import add_stage
from planner.kernels.tables import (
    COMPLETERS,
    DF,
    ESTIMATE,
    FUTILE_FROM,
    FUTILE_TO,
    LIMITS,
    SE,
    STAGE_COUNTS,
    STAGE_FUTILE,
    STAGE_PATIENTS,
    STAGE_SECOND,
    STAGE_SQUARE,
    STAGE_UNDEFINED,
    STATISTICS,
    UPPER,
    WITHIN,
    Floats,
    Ints,
    Rules,
    T,
    W,
)

STOPS = -1.0
"""T of a trial that stops after stage 1 and shows nothing."""


def stopping_rules(rules: Rules) -> Rules:
    """Limits for T as it is set here, whatever the df; undefined trials, of df 0, end at the last look."""
    limit = np.full((rules.look.shape[0], 2, LIMITS, rules.interval.size), np.nan)
    limit[:, :, UPPER, 1:] = 1.0
    limit[:, :, FUTILE_FROM], limit[:, :, FUTILE_TO] = np.inf, -np.inf
    limit[:, 0, FUTILE_FROM, 1:], limit[:, 0, FUTILE_TO, 1:] = STOPS - 0.5, STOPS + 0.5
    return rules._replace(limit=limit, sides=WITHIN, futile=True)


def carry_out(work: Job, first: int, h: int, a: int, space: Workspace, stat: Floats) -> tuple[Interim, Ints]:
    """Fill stat f64[2, tile, STATISTICS * W] from the patients that `space` has, and those of stage 2.

    What becomes of every trial after stage 1, and its patients i64[trial].
    """
    analysis, tiles = work.analyses[a], stat.shape[1]
    stages = analysis.two_stage
    assert stages is not None
    weight, given = analysis.contrast.weight, (h, analysis.reading)
    groups = np.zeros((tiles, weight.shape[0] * GROUP_ROWS * W))
    ends = np.full((tiles, W), stages.first)
    space.call(add_stage, a, space.values, *given, space.sequence, weight, 0, ends, groups)
    one = _stage(groups)
    interim = after_first(stages.plan, one)
    second = np.ceil(interim.second * stages.inflation / 2.0).astype(np.int64) * 2
    total = np.minimum(stages.first + second, stages.most)
    groups, ends = np.zeros_like(groups), total.reshape(tiles, W)
    for tile in range(tiles):  # each has its own largest trial
        if (most := int(ends[tile].max())) > stages.first:
            sequence, values = space.more_patients(most)
            begin = first + tile * W
            enrol(begin, work.cells.seed, work.plan, work.generators, sequence, values, space.call)
            here = slice(tile, tile + 1)
            more = values, *given, sequence, weight, stages.first, ends[here], groups[here]
            space.call(add_stage, a, *more)
    two = _stage(groups)
    _tell(stages, one, two, interim, stat)
    return interim, total


def _stage(groups: Floats) -> Stage:
    """The sufficient statistics of a stage, of every trial of the block."""
    rows = groups.reshape(groups.shape[0], -1, GROUP_ROWS, W)
    n, origin, total, squares = (rows[:, :, row].swapaxes(1, 2).reshape(-1, 2) for row in range(4))
    some = np.maximum(n, 1.0)
    means = origin + total / some
    ss = np.maximum(squares - total * total / some, 0.0)
    d = (means[:, 0] + means[:, 1]) / 2.0
    count = n.astype(np.int64)
    return Stage(d, (ss[:, 0] + ss[:, 1]) / 2.0, count[:, 0], count[:, 1])


def _tell(stages: TwoStages, one: Stage, two: Stage, interim: Interim, stat: Floats) -> None:
    """The statistics of both looks; at the second those of all patients."""
    plan, went_on = stages.plan, interim.outcome == Outcome.SECOND_STAGE
    test, every = one.tested(), pooled(one, two)
    later = after_second(plan, one, two) if plan.combines else every.equivalent(plan, plan.second_level)
    passed = went_on & later
    looks = stat.reshape(2, -1, STATISTICS, W)
    for look, estimate, patients in ((0, test, one.patients), (1, every, one.patients + two.patients)):
        sound = estimate.sound
        df = np.where(sound, estimate.df, 0)
        half = stages.critical[np.minimum(df, stages.critical.size - 1)] * np.where(sound, estimate.se, 0.0)
        outside = np.abs(np.where(sound, estimate.d, 0.0)) - half > plan.log_limit
        if look == 0:
            t = np.where(interim.outcome == Outcome.EQUIVALENT, np.inf, np.where(went_on, 0.0, STOPS))
            df = np.where(interim.outcome == Outcome.UNDEFINED, 0, df)
        else:
            t = np.where(passed, np.inf, np.where(outside, -np.inf, 0.0))
        rows = {ESTIMATE: np.where(sound, estimate.d, 0.0), SE: np.where(sound, estimate.se, 0.0)}
        rows |= {T: t, DF: df, COMPLETERS: patients}
        for row, values in rows.items():
            looks[look, :, row] = values.reshape(-1, W)


def count_stages(interim: Interim, total: Ints, trials: int, parts: Ints) -> None:
    """Add the first `trials` trials of a block to parts i64[part]: see planner.kernels.tables."""
    outcome, n = interim.outcome[:trials], total[:trials]
    parts[STAGE_SECOND] += np.count_nonzero(outcome == Outcome.SECOND_STAGE)
    parts[STAGE_FUTILE] += np.count_nonzero(outcome == Outcome.FUTILE)
    parts[STAGE_UNDEFINED] += np.count_nonzero(outcome == Outcome.UNDEFINED)
    parts[STAGE_PATIENTS] += n.sum()
    parts[STAGE_SQUARE] += (n * n).sum()
    parts[STAGE_COUNTS:] += np.bincount(n, minlength=parts.size - STAGE_COUNTS)
