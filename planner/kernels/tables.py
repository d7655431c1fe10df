"""What the kernels read: NamedTuples of arrays, with their shapes. Lowering fills them; kernels only read.

Axes: hypothesis, sequence, period, visit (0 before dosing, then the assessment days), treatment.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

W = 128  # lanes: trials that are simulated side by side, a tile. Part of the answer; never change it.

# Columns of MeansTables.coef: a score is the constant plus these multiples of the patient's normals.
CONSTANT, PATIENT_LEVEL, BASELINE_LEVEL, RESIDUAL, BASELINE_ERROR, INTERACTION = range(6)
MEANS_FEATURES = 6

# Rows of `stat`, the one form in which every analysis answers: T is estimate / se, or a normal score with
# DF = infinity; DF = 0 says that the data do not determine the test: too few patients or, T then being
# infinite, an effect without any spread.
ESTIMATE, SE, T, DF, COMPLETERS = range(5)
STATISTICS = 5

WITHIN = 2
"""The sides of a test of equivalence: see Rules."""

# Rows of a limit table: reject when t >= UPPER or t <= LOWER; futile when FUTILE_FROM <= t <= FUTILE_TO.
UPPER, LOWER, FUTILE_FROM, FUTILE_TO = range(4)
LIMITS = 4

# The tally of a design at a look: trials end there in one of these ways ...
# (efficacy with a positive or a negative estimate, futility, neither; of equivalence below is no efficacy:
# the interval lies outside both limits, at the last look)
ABOVE, BELOW, FUTILE, LAST = range(4)
ENDS = 4
# ... and of each way these integer sums are kept; e is estimate - centre in units: e and its square in 2^-32,
# its fourth power in 2^-40. What does not fit into one integer goes on in a second one, so that no sum can
# overflow: e = ERROR + 2^60 ERROR_HIGH (see engine.tally), the fourth power FOURTH + 2^32 FOURTH_HIGH.
TRIALS, ERROR, SQUARE, FOURTH, FINISHED, FINISHED_SQUARE, COVERED, UNDEFINED = range(8)
ERROR_HIGH, SQUARE_HIGH, FOURTH_HIGH = range(8, 11)
SUMS = 11
FIXED_POINT = 2.0**32
FOURTH_POINT = 2.0**40
FOURTH_BITS = 32
CARRY_BITS = 60

# An error counts as at most so many units, its fourth power as at most that of so many.
FARTHEST = 64.0
FARTHEST_FOURTH = 2.0**2.5

# What is counted beside them, of a design at a look: trials that come there and whose test is undefined; and
# of those that end there, how many are farther off than that.
NO_TEST, FAR, FAR_FOURTH = range(3)
IRREGULAR = 3

# What is summed over the 128 trials of a tile, which share a randomisation list, where that list decides
# anything: 1; the trials that end at each look, in each way (look, ENDS); and then of the trials together
# the columns below. Errors and trials without an estimate are kept apart by how these end.
EARLY_EFFICACY, EARLY_FUTILITY, LATE_EFFICACY, NEITHER = range(4)
WAYS = 4
# Errors and their squares in 2^-11 of the unit, so that squares of their sums fit; FREE: efficacy with
# futility ignored.
PART_ERROR, PART_UNDEFINED, TILE_SQUARE, TILE_COVERED, TILE_FINISHED, TILE_FREE = 0, 4, 8, 9, 10, 11
TILE_SUMS = 12
COARSE_POINT = 2.0**11

# What is counted of the patients of a sequence in a period, where dropout depends on something. Of the gap
# after it: who is rated again until the end in vain, and how often the others are, with the sum of squares.
RANDOMISED, THERE, IN_VAIN, AGAIN, AGAIN_SQUARE = range(5)
FOLLOWED = 5


# Columns of the tally of guesses: made and right, of a patient; their squares and product.
MADE, RIGHT, MADE_SQUARE, MADE_RIGHT, RIGHT_SQUARE = range(5)
GUESSES = 5

# What is counted of trials with several primary analyses, each at its own stop: those in which any is
# significant, all are, any whose null hypothesis is true is; of each the trials, and of the tiles that are
# whole how many there are, their trials, and the sum of these squared.
ANY, ALL, FALSE_ALARM = range(3)
JOINTS = 3
COUNT, TILES, WHOLE, WHOLE_SQUARE = range(4)
JOINT_SUMS = 4

# What is counted beside them where limits are scaled to how the reference varies, of the trials in which the
# rule is defined: the scaled test passes, the estimate is near enough, the interval lies within 80 to 125 %,
# the SDs are alike, limits are scaled, and as wide as they can be; then all of them, and the logs of upper
# limits that are scaled and not the widest, in bins from 0 to LIMIT_TOP.
CRITERION, NEAR, UNSCALED_TOO, ALIKE, SWITCHED, CAPPED = range(6)
SCALED_BITS = 6
LIMIT_BINS, LIMIT_TOP = 2048, 2.0
SCALED_PARTS = SCALED_BITS + 1 + LIMIT_BINS

# What is counted beside them of two-stage trials: those with a stage 2, those that stop as futile after stage
# 1, those that cannot be tested there; the sum of patients randomised in both stages, and of their squares;
# then how many trials have 0, 1, 2, .. patients.
STAGE_SECOND, STAGE_FUTILE, STAGE_UNDEFINED, STAGE_PATIENTS, STAGE_SQUARE = range(5)
STAGE_COUNTS = 5


class Plan(NamedTuple):
    """How patients are allocated and how they leave; the same for every hypothesis."""

    block: Ints  # (block,) the sequences of one randomisation block, before it is shuffled
    leave: Floats  # (period,) chance of leaving before the period, given still there


NONE_CARRIED: Ints = np.zeros((0, 0), np.int64)


class Contrast(NamedTuple):
    """What an analysis compares."""

    weight: Floats  # (sequence, period) a patient's own contrast is the sum of weight x outcome; 0: none
    share: Floats  # (sequence,) of the mean own contrast of each sequence in the estimate
    treatment: Ints  # (sequence, period) number of the treatment given, -1 where the score is left out
    effect: Floats  # (treatment,) weight of each treatment
    sides: int  # 0: two-sided, 1: greater, -1: less
    baseline: int  # the reading of the baselines, -1 where they are not needed
    carried: Ints = NONE_CARRIED  # (sequence, period) treatment before, -1: none; empty: not in the model


class Draws(NamedTuple):
    """What is drawn for one patient: four words a draw, and the normals that are made of them."""

    place: Words  # (draw,) stream * 2^16 + index; draw d fills the word rows 4d .. 4d + 3
    pair: Ints  # (pair, 3) two word rows, and the first of the two normal rows that they make


class DropoutTables(NamedTuple):
    """Dropout that depends on the period just finished. Without rows, all leave as the plan has it."""

    chance: Floats  # (sequence, period) chance of leaving before the period, the drivers being at 0
    driver: Floats  # (driver, 8) a reading (as MechanismTables.readings), log2 of the odds, 0, least, most


class MeansTables(NamedTuple):
    """Family `means`: every score is a constant plus multiples of normals."""

    draws: Draws
    rows: Ints  # (4,) first word row of leaving; first normal row of residuals, baseline errors, interactions

    coef: (
        Floats  # (hypothesis, sequence, period, visit, MEANS_FEATURES), in steps of the scale if it has steps
    )
    treatment: Ints  # (sequence, period) row of the patient-by-treatment normal
    place: Ints  # (hypothesis,) row of the stored values
    visits: Ints  # (reading,) the visit of each stored reading, -1 for none
    scale: Floats  # (4,) low and high in steps, size of a step, 1 if there are steps else 0
    binary: bool  # family `rates`: the stored value is 1 where the score is at most 0, else 0
    opposed: bool  # the normal of BASELINE_LEVEL is the sum of the residuals of all periods
    dropout: DropoutTables  # the visit of a driver is the number of a stored reading


# Kinds of reading of family `terms`.
SCORE, CHANGE, PERCENT, AT_MOST = range(4)  # y; y - b; 100 (y - b) / b; 1 if y <= share b + cut, else 0


class SecondaryOutcomeTables(NamedTuple):
    """Secondary outcomes that are read: background + sum of coef x feature + error; without any, no rows."""

    rows: Ints  # (outcome, 2) normal row of the background; first of the errors, two for each period
    level: Floats  # (outcome, 3) mean and SD of the background, SD of the error
    scale: Floats  # (outcome, 4) low, high, step, 1 if there are steps else 0
    span: Ints  # (outcome, 2) its first feature, and how many
    coef: Floats  # (hypothesis, sequence, period, outcome, 2, feature) when it is read; before the dosing


class BlindingTables(NamedTuple):
    """What patients guess after each period; where nobody guesses, no odds."""

    odds: Floats  # (3,) log2 of the odds of "active", what a point adds, what a point more than before adds
    rows: Ints  # (2,) first word row, one for each period; row among the secondary outcomes, -1 for none
    ago: Ints  # (feature + 8,) periods since the dose that raised a feature
    coef: (
        Floats  # as MechanismTables.coef, which then is of "not active"; without hypotheses if it is the same
    )


class ReturnToBaselineTables(NamedTuple):
    """Who is below a score before a dosing waits and is rated again.

    Days that patients wait shift everything that comes after: what is left of earlier features, lane by lane,
    and gates, of which there is a row for every history of waiting, numbered in the system of base `most` + 1
    with a digit for each gap (where no gate depends on it, base 1).
    """

    most: int  # ratings in place of the first one, at most
    days: float  # before each of them
    need: Floats  # (2,) share of the first baseline, and points, that add up to the score needed
    errors: Ints  # (2,) normal row of their error, the first one before period 1 (from 0); rows of a period
    base: int
    since: Floats  # (feature, visit) days since the peak in units of the prolonging factor, below 0 before it
    pace: Floats  # (feature,) what a day of waiting adds to them: 0 for what the period's own dosing raises
    rate: Ints  # (feature,) number of the rate
    ago: Ints  # (feature,) periods since it was raised
    coef: Floats  # (guess, hypothesis, sequence, period, visit, history, most features at work)
    secondary: (
        Floats  # (hypothesis, sequence, period, outcome, 2, history, feature), as SecondaryOutcomeTables.coef
    )


class MechanismTables(NamedTuple):
    """Family `mechanism`: improvement is a sum of features, sizes of components times what is left."""

    draws: Draws
    rows: Ints  # (3,) first word row of leaving; first normal row of occasions; rating errors of a period
    errors: Ints  # (visit,) normal row of the rating error in the first period
    place: Ints  # (hypothesis,) row of the stored values
    entry: Floats  # (6,) truncated draw of the entry score, then true severity given it: see `severity`
    screened: bool  # the rating by which patients are enrolled is the first baseline
    source: Ints  # (size, 3) word row and normal row that a size is made of; 1 if its log2 is stated, else 0
    sizes: Floats  # (size, 5) share susceptible, their mean and SD, mean and SD of the others
    rates: Floats  # (rate, 2) log2 of the median rate of decay per day, its SD between patients in log2
    decays: Floats  # (decay, 2) number of the rate, days that have passed (in units of the prolonging factor)
    feature: Ints  # (feature, 1 + visit) size, then decay at each visit: -1 nothing lost, -2 not raised yet
    span: Ints  # (hypothesis, period, visit, 2) the features at work: first, and how many
    coef: Floats  # (hypothesis, sequence, period, visit, most features at work)
    twin: Ints  # (hypothesis, sequence, period) the first hypothesis under which the period is the same
    shift: Floats  # (period,) period effect in points
    noise: Floats  # (2,) occasion SD (share of severity), rating SD (points)
    readings: Floats  # (reading, 4) kind, visit (secondary outcome o: number of visits + 2 o), share, cut
    first: bool  # readings refer to the baseline of the first period, not to that of their own
    scale: Floats  # (4,) low, high, step, 1 if there are steps else 0
    dropout: DropoutTables
    secondary: SecondaryOutcomeTables
    blinding: BlindingTables
    return_to_baseline: ReturnToBaselineTables | None  # None: patients need not return to their baseline


class Rules(NamedTuple):
    """Stopping limits of one analysis, for every design (number of patients)."""

    look: Ints  # (design, look) index into the evaluated counts, -1 past the last look
    limit: Floats  # (design, look, LIMITS, column) by df; column 0 is for undefined
    interval: Floats  # (column,) half width of the reported interval in standard errors
    cells: int  # 0: columns 1, 2, .. infinity for whole df; else columns for 1 / df = 0, 1 / cells, .. 1
    sides: int  # 0: limits on both sides, mirrored; 1: above; -1: below; WITHIN: above, at the last look both
    futile: bool  # whether any look has futility limits


class Scaled(NamedTuple):
    """A rule with limits that are scaled to how the reference varies, on natural logs; rows by df from 0."""

    switch: float  # variance of the reference beyond which limits are scaled
    at_switch: bool  # whether they are at this one, too
    constant: float  # upper limit over the SD of the reference; 0 where nothing is scaled
    cap: float  # variance beyond which limits widen no further
    low: float  # where the estimate must lie
    high: float
    unscaled: float  # the upper limit where nothing is scaled
    unscaled_too: bool  # whether the interval must lie within that in any case
    linear: bool  # whether scaled limits are judged by the linearised criterion
    compares: bool  # whether the SD of the test product must not be much larger than that of the reference
    shrunk: Floats  # (df,) lower confidence limit of a variance over its estimate
    ratio: Floats  # (df of test, df of reference) largest ratio of estimated variances that passes
