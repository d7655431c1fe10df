"""The unit in which the errors of an estimate are added up: about the spread of what is analysed.

What is kept of a trial is an integer (see planner.kernels.decide), so that the unit decides which errors are
too small to be distinguished, and which too large to be kept. It is measured: a few trials of the scenario
are simulated, of few patients, and their estimates vary by s / sqrt(patients). The unit is the power of two
that is next above s, or above the bias where that is larger; it is a size of one patient's contribution,
whatever that is made of: a contrast of stated means, a percentage, a response, what a covariate leaves. Where
no estimate varies it is a size typical of the measure.

It depends on the hypothesis and the analysis alone, not on the run's seed, trials, looks and numbers of
patients, so that sums of any of these add up; variants of uncertain numbers take the unit of the plain
scenario. Sums are exact (`math.fsum`), and nothing but powers of two is kept: the unit is the same on every
machine. With an error of s / sqrt(patients), 2 or 100,000 patients are well within what can be kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from planner import _interruption as interruption
from planner._memo import Memo
from planner.engine.cohort import enrol, no_values
from planner.engine.generators import Generator
from planner.engine.table_key import TableKey, generators_key
from planner.kernels.jit import ready
from planner.kernels.tables import DF, ESTIMATE, STATISTICS, Contrast, Floats, Plan, W
from planner.model.families.family import family_of
from planner.model.readings import Reading, reading_of
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario
from planner.scenario.vocabulary import BINARY_MEASURES

_TILES = 8  # of 128 trials: the spread is known to 2 per cent, and a factor of 2 would do
_PATIENTS = 64  # about so many in each of these trials
_MORE = 8  # times as many where hardly any trial gives an estimate
_FEW = 32  # estimates that are too few to measure a spread
_SEED = 0
_NOISE = 1e-12  # of the estimates themselves: a spread that is nothing but rounding
_LEAST, _LARGEST = -400, 400  # exponents: beyond, a fourth power or a reciprocal would leave float64

Analysed = tuple[Any, int, Contrast]
"""An analysis: its kernel, the reading that it takes, what it compares."""


def units(
    plan: Plan, generators: Sequence[Generator], readings: int, analyses: Sequence[Analysed], centres: Floats
) -> Floats:
    """f64[hypothesis, analysis]: the unit of each; 0 where no estimate varies, nor is biased.

    centres f64[hypothesis, analysis]: the true effects, from which errors are taken. Measured once for the
    same tables in a process.
    """
    kernels = tuple(kernel for kernel, _, _ in analyses)
    numbers = [(reading, contrast) for _, reading, contrast in analyses]
    key = kernels, generators_key(generators, plan, readings, numbers, centres)
    return _UNITS.of(key, lambda: _measured(plan, generators, readings, analyses, centres))


_UNITS: Memo[TableKey, Floats] = Memo(256)


def _measured(
    plan: Plan, generators: Sequence[Generator], readings: int, analyses: Sequence[Analysed], centres: Floats
) -> Floats:
    """As `units`."""
    block = plan.block.size
    patients = block * -(-_PATIENTS // block)
    measured = np.zeros(centres.shape)
    open_ones = np.ones(centres.shape, bool)
    with interruption.deferred():  # the first call compiles, where an exception could end the process
        for n in (patients, patients * _MORE):
            if not open_ones.any():
                break
            estimates = _estimates(plan, generators, readings, analyses, centres, n)
            for h, a in zip(*np.nonzero(open_ones), strict=True):
                if estimates[h][a].size >= _FEW:
                    measured[h, a] = _power_above(estimates[h][a], float(centres[h, a]), n)
                    open_ones[h, a] = False
        interruption.check()
    measured.flags.writeable = False
    return measured


def typical_sizes(scenario: Scenario, names: Sequence[str]) -> Floats:
    """f64[hypothesis, analysis] a size typical of the measure: the unit where nothing varies."""
    return np.array(
        [
            [
                _typical_size(scenario, scenario.hypotheses[n], reading_of(scenario, a))
                for a in scenario.analyses
            ]
            for n in names
        ]
    )


def _typical_size(scenario: Scenario, hypothesis: Hypothesis, reading: Reading) -> float:
    if reading.measure in BINARY_MEASURES and not reading.outcome:
        return 1.0
    return family_of(hypothesis).typical_size(scenario, hypothesis, reading)


def _estimates(
    plan: Plan,
    generators: Sequence[Generator],
    readings: int,
    analyses: Sequence[Analysed],
    centres: Floats,
    patients: int,
) -> list[list[Floats]]:
    """[hypothesis][analysis] the estimates of those trials in which there is a test, or would be with spread.

    One tile after the other: the values of all would fill the memory.
    """
    hypotheses = len(centres)
    sequence = np.zeros((1, patients), np.int64)
    values = no_values(1, patients, hypotheses, readings, plan.leave.size)
    stat = np.empty((1, 1, STATISTICS * W))
    counts = np.array([patients], np.int64)
    compiled: dict[int, Any] = {}
    kept: list[list[list[Floats]]] = [[[] for _ in analyses] for _ in range(hypotheses)]
    for first in _tiles():
        enrol(first, _SEED, plan, generators, sequence, values)
        for a, (kernel, reading, contrast) in enumerate(analyses):
            for h in range(hypotheses):
                given = values, h, reading, sequence, contrast, float(centres[h, a]), counts, stat
                if a not in compiled:
                    compiled[a] = ready(kernel, *given)
                compiled[a](*given)
                rows = stat.reshape(STATISTICS, W)
                kept[h][a].append(rows[ESTIMATE, rows[DF] > 0.0])
    return [[np.concatenate(each) for each in row] for row in kept]


def _tiles() -> Iterator[int]:
    """The first trial of each tile."""
    return (tile * W for tile in range(_TILES))


def _power_above(estimates: Floats, centre: float, patients: int) -> float:
    """The power of two above the larger of spread x sqrt(patients) and bias; 0 if neither is there."""
    n, x = len(estimates), [float(e) for e in estimates]
    mean = math.fsum(x) / n
    spread = math.sqrt(math.fsum((e - mean) ** 2 for e in x) / n)
    bias = abs(mean - centre)
    size = max(map(abs, x)) + abs(centre)
    largest = max(each if each > _NOISE * size else 0.0 for each in (spread * math.sqrt(patients), bias))
    if largest == 0.0:
        return 0.0
    return math.ldexp(1.0, min(max(math.frexp(largest)[1], _LEAST), _LARGEST))
