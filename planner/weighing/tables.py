"""Observed counts as evidence: which patients they count, and how probable they are under a hypothesis.

What was counted of the same patients is never multiplied as if it were independent. Each patient falls into
a cell of everything that was counted (responds to A, is in remission under A, responds to B, ...); the
chance of each cell is the share of virtual patients in it, and the counts are sums over cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.special import ndtr

from planner.leaving import informative
from planner.rates_world import both, latent_correlation, threshold
from planner.scenario import Scenario
from planner.scenario_observed import Observed
from planner.scenario_terms import Rates
from planner.weighing.counts import Floats, Group, Ints, cost, probability
from planner.weighing.errors import WeighingError
from planner.weighing.patients import Cohort
from planner.world import Reading

SMOOTHING = 1.0
"""Virtual patients added, in equal parts to all cells, so that no cell is impossible."""

MOST = 2_000_000
"""Multiplications for one set of chances; beyond, only responses (else remissions) are weighed."""

_FEW = 256  # leavers among the virtual patients, below which first periods of all stand for them

Bit = tuple[int, str]  # (number of the reading, treatment): yes or no


@dataclass(frozen=True)
class Sum:
    """A count: how many patients show this. `key`: where it stands in the result."""

    key: tuple[str, ...]
    shows: Mapping[Bit, bool]
    count: int


@dataclass(frozen=True)
class Seen:
    """So many patients, seen under these treatments and no others that count."""

    treatments: tuple[str, ...]
    patients: int


@dataclass(frozen=True)
class Counts:
    """Counts of one result, all from the same patients."""

    readings: tuple[Reading, ...]
    groups: tuple[Seen, ...]
    sums: tuple[Sum, ...]

    def exact(self, scenario: Scenario) -> bool:
        """Whether stated rates give the chances of all cells exactly."""
        few = len(self.readings) == 1 and all(len(group.treatments) <= 2 for group in self.groups)
        return few and not informative(scenario)

    def cells(self, group: Seen) -> tuple[Bit, ...]:
        """What is known of a patient of the group; the cells are all combinations of yes and no."""
        return tuple((r, a) for a in group.treatments for r in range(len(self.readings)))

    def adds(self, group: Seen) -> Ints:
        """i64[cell, sum]: what a patient in a cell adds to each sum."""
        bits = self.cells(group)
        rows = [dict(zip(bits, row, strict=True)) for row in product((False, True), repeat=len(bits))]
        return np.array(
            [
                [all(row.get(bit) == wanted for bit, wanted in each.shows.items()) for each in self.sums]
                for row in rows
            ],
            np.int64,
        )

    @property
    def totals(self) -> list[int]:
        """What was counted, in the order of the sums."""
        return [each.count for each in self.sums]

    def codes(self, group: Seen, cohort: Cohort, sequence: tuple[str, ...]) -> Ints:
        """i64[hypothesis, patient]: cell of each virtual patient; beyond the last if not all is known."""
        y = cohort.seen(sequence, group.treatments)[:, : len(self.readings)]
        flat = y.transpose(0, 3, 2, 1).reshape(y.shape[0], y.shape[3], -1)  # treatment, then reading
        size = flat.shape[-1]
        there = ~np.isnan(flat).any(axis=-1)
        return np.where(there, np.nan_to_num(flat) @ 2 ** np.arange(size)[::-1], 2**size).astype(np.int64)

    def split(self, measured: Floats) -> list[Floats]:
        """The chances of the cells of each group, from all of them side by side in the last axis."""
        sizes = [2 ** len(self.cells(group)) for group in self.groups]
        return np.split(measured, np.cumsum(sizes)[:-1], axis=-1)

    def measured(self, cohort: Cohort, names: Sequence[str]) -> Floats:
        """f64[hypothesis, cell]: the chance of each cell of each group."""
        return np.concatenate([_chances(self, group, cohort, names) for group in self.groups], axis=-1)

    def likelihood(self, measured: Floats) -> Floats:
        """f64[...]: the probability of the counts."""
        about = [Group(group.patients, self.adds(group)) for group in self.groups]
        return probability(about, self.split(measured), self.totals)

    def expected(self, measured: Floats) -> dict[tuple[str, str], Floats]:
        """By measure and treatment, the chance that a patient shows it; of the largest group seen."""
        found: dict[tuple[str, str], Floats] = {}
        for group, p in zip(self.groups, self.split(measured), strict=True):
            bits = self.cells(group)
            table = np.array(list(product((0.0, 1.0), repeat=len(bits))))
            for i, (r, treatment) in enumerate(bits):
                found.setdefault((self.readings[r].measure, treatment), p @ table[:, i])
        return found


def counts(scenario: Scenario, observed: Observed) -> tuple[Counts, tuple[str, ...]]:
    """The counts that are weighed, and remarks on what is not. Raises WeighingError."""
    day = scenario.endpoint.day if observed.day is None else observed.day
    use = observed.use or "counts"
    pairs = observed.pairs if use in ("counts", "pairs") else None
    responders = observed.responders if use in ("counts", "responders") else {}
    remitters = observed.remitters if use in ("counts", "remitters") else {}
    measures = ["response"] * bool(responders or pairs) + ["remission"] * bool(remitters)
    readings = tuple(Reading(measure, day) for measure in measures)
    sums: list[Sum] = []
    sizes: dict[str, int] = {}
    if pairs is not None:
        a, b = pairs.only
        total = pairs.both + pairs.neither + sum(pairs.only.values())
        sizes |= {a: total, b: total}
        sums.append(Sum(("pairs", "both"), {(0, a): True, (0, b): True}, pairs.both))
        for one, other in ((a, b), (b, a)):
            sums.append(Sum(("pairs", "only", one), {(0, one): True, (0, other): False}, pairs.only[one]))
    for name, table in (("responders", responders), ("remitters", remitters)):
        r = len(readings) - 1 if name == "remitters" else 0
        for treatment, (x, n) in table.items():
            sizes.setdefault(treatment, n)
            if not (name == "responders" and pairs is not None and treatment in pairs.only):
                sums.append(Sum((name, treatment), {(r, treatment): True}, x))
    found = Counts(readings, _groups(scenario, sizes, observed.paired), tuple(sums))
    if len(readings) == 2 and _cost(found) > MOST:
        first = "pairs" if pairs is not None else "responders"
        alone, _ = counts(scenario, observed.model_copy(update={"use": first}))
        return alone, (
            f"{first} are weighed alone: with so many patients the joint probability of responses and "
            "remissions takes too long",
        )
    return found, ()


def _cost(found: Counts) -> int:
    groups = [Group(group.patients, found.adds(group)) for group in found.groups]
    return cost(groups, found.totals)


def _groups(scenario: Scenario, sizes: Mapping[str, int], paired: int | None) -> tuple[Seen, ...]:
    """Who was seen under what: as many as possible under all treatments, unless `paired` says otherwise."""
    order = sorted(sizes, key=lambda a: (-sizes[a], list(sizes).index(a)))
    sequences = [set(sequence) for sequence in scenario.design.sequences]
    together = any(set(order) <= each for each in sequences)
    if not together and any(len(set(order) & each) > 1 for each in sequences):
        raise WeighingError(
            "no sequence of this design gives all treatments that were counted, and some give several",
            "leave out the counts of a treatment, or give `means`",
        )
    if not together:  # a parallel design
        return tuple(Seen((a,), sizes[a]) for a in order)
    if paired is not None and len(order) > 2 and len(set(sizes.values())) > 1:
        raise WeighingError(
            "`paired` does not say who was seen under which of three or more treatments", "leave it out"
        )
    if paired is not None and len(order) == 2:
        groups = [Seen(tuple(order), paired), *(Seen((a,), sizes[a] - paired) for a in order)]
    else:
        ends = [*(sizes[a] for a in order[1:]), 0]
        groups = [Seen(tuple(order[: i + 1]), sizes[a] - ends[i]) for i, a in enumerate(order)][::-1]
    return tuple(group for group in groups if group.patients > 0)


@dataclass(frozen=True)
class Pairings:
    """Likelihoods f64[variant, hypothesis] with the fewest and the most patients seen under both."""

    paired: tuple[int, int]
    likelihood: tuple[Floats, Floats]


def fewer_pairs(found: Counts, measured: Floats, patients: int) -> Pairings | None:
    """What the counts of two treatments say if as few patients as can be were seen under both.

    Of `patients` in all. Those seen under one are taken to be like all others. None where it is known.
    """
    treatments = _treatments(found)
    if len(treatments) != 2 or len(found.groups) < 2 or len(found.groups[0].treatments) != 2:
        return None
    sizes = [sum(g.patients for g in found.groups if a in g.treatments) for a in treatments]
    most, least = min(sizes), max(0, sum(sizes) - max(patients, *sizes))
    if least >= most:
        return None
    joint = found.split(measured)[0]
    bits, order = found.cells(found.groups[0]), found.groups[0].treatments
    alone = {}
    for a in order:
        kept = [i for i, (_, b) in enumerate(bits) if b == a]
        shape = (*joint.shape[:-1], *(2,) * len(bits))
        gone = tuple(joint.ndim - 1 + i for i in range(len(bits)) if i not in kept)
        alone[a] = joint.reshape(shape).sum(axis=gone).reshape(*joint.shape[:-1], -1)
    rows = []
    for pairs in (least, most):
        groups = [
            Seen(order, pairs),
            *(Seen((a,), n - pairs) for a, n in zip(treatments, sizes, strict=True)),
        ]
        cells = np.concatenate([joint, *(alone[a] for a in treatments)], axis=-1)
        rows.append(replace(found, groups=tuple(groups)).likelihood(cells))
    return Pairings((least, most), (rows[0], rows[1]))


def _treatments(found: Counts) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a for group in found.groups for a in group.treatments))


# The chances of the cells


def _chances(found: Counts, group: Seen, cohort: Cohort, names: Sequence[str]) -> Floats:
    """f64[hypothesis, cell] of one group."""
    rows = np.zeros((len(names), 2 ** len(found.cells(group))))
    simulated = []
    for h, name in enumerate(names):
        hypothesis = cohort.scenario.hypotheses[name]
        if isinstance(hypothesis, Rates) and found.exact(cohort.scenario):
            rows[h] = _stated(found, group, cohort.scenario, hypothesis)
        else:
            simulated.append(h)
    if simulated:
        rows[simulated] = _counted(found, group, cohort)[simulated]
    return rows


def _counted(found: Counts, group: Seen, cohort: Cohort) -> Floats:
    """Shares of the virtual patients in each cell, smoothed."""
    others = [a for a in _treatments(found) if a not in group.treatments]
    tally = _tally(found, group, cohort, others)
    if others and tally.sum(axis=-1).min() < _FEW:
        tally = _tally(found, group, cohort, [])
    share = SMOOTHING / tally.shape[-1]
    return np.asarray((tally + share) / (tally.sum(axis=-1, keepdims=True) + SMOOTHING))


def _sequences(scenario: Scenario, group: Seen, others: bool) -> list[tuple[str, ...]]:
    """The sequences that give the treatments; if there are `others`, those that give these first."""
    giving = [s for s in scenario.design.sequences if set(group.treatments) <= set(s)]
    first = [s for s in giving if set(s[: len(group.treatments)]) == set(group.treatments)]
    return first if others and first else giving


def _tally(found: Counts, group: Seen, cohort: Cohort, missed: Sequence[str]) -> Floats:
    """f64[hypothesis, cell]: patients seen under the treatments of the group, and not under `missed`."""
    size = 2 ** len(found.cells(group))
    total = np.zeros(())
    for sequence in _sequences(cohort.scenario, group, set(group.treatments) < set(_treatments(found))):
        code = found.codes(group, cohort, sequence)
        gone = [a for a in missed if a in sequence]
        if gone:
            code = np.where(np.isnan(cohort.seen(sequence, gone)).all(axis=(1, 2)), code, size)
        total = total + np.stack([np.bincount(row, minlength=size + 1)[:size] for row in code])
    return np.asarray(total, np.float64)


def _stated(found: Counts, group: Seen, scenario: Scenario, hypothesis: Rates) -> Floats:
    """f64[cell], exact: the chances that stated rates give to the responses to one or two treatments.

    The mean over the sequences that give them, since a period effect shifts the latent threshold.
    """
    design, shift, rho = scenario.design, scenario.population.period_effect, latent_correlation(hypothesis)
    treatments = group.treatments
    total, weight = np.zeros(2 ** len(treatments)), 0
    for sequence in _sequences(scenario, group, set(treatments) < set(_treatments(found))):
        units = design.allocation[design.sequences.index(sequence)]
        at = [threshold(hypothesis.shares[a]) + shift[sequence.index(a)] for a in treatments]
        p = [float(ndtr(x)) for x in at]
        if len(treatments) == 1:
            row = [1.0 - p[0], p[0]]
        else:
            joint = both(at[0], at[1], rho)
            row = [1.0 - p[0] - p[1] + joint, p[1] - joint, p[0] - joint, joint]
        total += units * np.maximum(row, 0.0)
        weight += units
    return np.asarray(total / weight)
