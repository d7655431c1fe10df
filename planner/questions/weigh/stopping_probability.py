"""The probability that a trial ends at a look, given what was counted of its patients.

Trials that agree with the counts are drawn from the virtual patients: first each patient's cell, given all
that were counted together (forward over the patients, then backward), then a virtual patient of that cell and
sequence; his or her scores go through the analysis and the limits of the scenario.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.kernels.random.streams import KEY_OF_COUNTED_PATIENTS
from planner.kernels.tables import Floats, Ints, W
from planner.questions.weigh.cohort import Cohort
from planner.questions.weigh.count_evidence import CountEvidence
from planner.questions.weigh.stopping import Rule
from planner.scenario.design import Design


@dataclass(frozen=True)
class _Pool:
    """Virtual completers of a sequence under one hypothesis, by the cell they are in."""

    share: Floats  # (cell,)
    values: tuple[Floats, ...]  # of each cell, (period, patient)


def end_probabilities(
    rule: Rule,
    counts: CountEvidence,
    cohort: Cohort,
    hypotheses: Sequence[Sequence[int]],
    reading: int,
    seed: int,
    number: int,
) -> Floats:
    """(hypothesis,) chance to end at the look given the counts; those of a class share one.

    `reading`: number of the analysed reading among those of the cohort. `number`: of the draw
    of the uncertain numbers.
    """
    chances = np.zeros(sum(len(group) for group in hypotheses))
    design = cohort.scenario.design
    order = _order(counts, design, rule.completers)
    for group in hypotheses:
        pools = [_pool(counts, cohort, s, group[0], reading) for s in design.sequences]
        rng = np.random.Generator(np.random.Philox(key=[seed, KEY_OF_COUNTED_PATIENTS + number]))
        cells = draw_cells([pools[s].share for s in order], counts.adds(counts.groups[0]), counts.totals, rng)
        if cells is not None:
            chances[list(group)] = rule.ends_with(_patients(pools, order, cells, rng), order).mean()
    return chances


def _order(counts: CountEvidence, design: Design, completers: int) -> Ints:
    """i64[patient]: sequence of each completer in order of randomisation, those of each spread evenly.

    In the numbers that the sequences have, or else in those of the allocation.
    """
    numbers = [(design.sequences.index(each.sequence), each.patients) for each in counts.strata]
    numbers = numbers or list(enumerate(design.allocation))
    unit = sum(n for _, n in numbers)
    turns = sorted(((i + 0.5) / n, s) for s, n in numbers for i in range(n))
    return np.array([turns[i % unit][1] for i in range(completers)], np.int64)


def _pool(counts: CountEvidence, cohort: Cohort, sequence: tuple[str, ...], h: int, reading: int) -> _Pool:
    code = counts.codes(counts.groups[0], cohort, sequence)[h]
    values = cohort.values[sequence][h, reading]
    size = 2 ** len(counts.cells(counts.groups[0]))
    code = np.where(np.isnan(values).any(axis=0), size, code)
    tally = np.bincount(code, minlength=size + 1)[:size]
    return _Pool(tally / max(tally.sum(), 1), tuple(values[:, code == c] for c in range(size)))


def draw_cells(
    share: Sequence[Floats], adds: Ints, sums: Sequence[int], rng: np.random.Generator
) -> Ints | None:
    """i64[patient, 128]: cells of patients with these chances, given their sums; None where impossible."""
    wanted = np.array(sums, np.int64)
    place = np.cumprod([1, *(wanted[:0:-1] + 1)])[::-1]  # of a state of the sums in a flat table
    states = int(np.prod(wanted + 1))
    grid = np.stack(np.unravel_index(np.arange(states), wanted + 1), axis=1)  # (state, sum)
    before = grid[:, None, :] - adds[None, :, :]  # (state, cell, sum)
    possible = np.asarray((before >= 0).all(axis=2))
    came = np.maximum(before, 0) @ place
    forward = [np.zeros(states)]
    forward[0][0] = 1.0
    for p in share:
        forward.append((np.where(possible, forward[-1][came], 0.0) * p).sum(axis=1))
    state = np.full(W, states - 1)
    if forward[-1][-1] <= 0.0:
        return None
    cells = np.empty((len(share), W), np.int64)
    for i in range(len(share) - 1, -1, -1):
        weight = np.where(possible[state], forward[i][came[state]], 0.0) * share[i]
        total = weight.cumsum(axis=1)
        cells[i] = (rng.random(W)[:, None] * total[:, -1:] >= total).sum(axis=1)
        state = came[state, cells[i]]
    return cells


def _patients(pools: Sequence[_Pool], order: Ints, cells: Ints, rng: np.random.Generator) -> Floats:
    """f64[patient, period, 128]: a virtual patient for each, of the sequence and the cell."""
    periods = pools[0].values[0].shape[0]
    patients = np.empty((len(order), periods, W))
    for i, s in enumerate(order):
        u = rng.random(W)
        for c in np.unique(cells[i]):
            values, here = pools[s].values[c], cells[i] == c
            patients[i][:, here] = values[:, (u[here] * values.shape[1]).astype(np.int64)]
    return patients
