"""Observed counts as evidence: which patients they count, and how probable they are under a hypothesis.

What was counted of the same patients is never multiplied as if it were independent. Each patient falls into
a cell of everything that was counted (responds to A, is in remission under A, responds to B, ...); the
chance of each cell is the share of virtual patients in it, and the counts are sums over cells.

Each sequence has chances of its own (period effects, carryover). Where it is known how many patients each one
has, they are counted sequence by sequence. Where it is not, and all were seen under all treatments, they are
a random part of as many patients as had to be randomised, in the numbers of the allocation, for so many to be
seen. Where some were seen under fewer treatments, each patient's sequence is a matter of chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from planner.model.allocation import retention
from planner.model.dropout import is_informative
from planner.model.families.family import family_of
from planner.model.readings import Reading
from planner.questions.weigh.allocation import probability_by_allocation
from planner.questions.weigh.cohort import Cohort
from planner.questions.weigh.count_probability import Floats, Ints, Stratum, probability
from planner.scenario.scenario import Scenario

SMOOTHING = 1.0
"""Virtual patients added, in equal parts to all cells, so that no cell is impossible."""

_FEW = 256  # leavers among the virtual patients, below which first periods of all stand for them

Bit = tuple[int, str]  # (number of the reading, treatment): yes or no


@dataclass(frozen=True)
class Sum:
    """A count: how many patients have this pattern of responses. `key`: where it stands in the result."""

    key: tuple[str, ...]
    pattern: Mapping[Bit, bool]
    count: int


@dataclass(frozen=True)
class TreatmentGroup:
    """So many patients, seen under these treatments and no others that count."""

    treatments: tuple[str, ...]
    patients: int


@dataclass(frozen=True)
class SequenceGroup:
    """The patients of one sequence, seen under these treatments; so many are known, or are in a unit."""

    treatments: tuple[str, ...]
    sequence: tuple[str, ...]
    patients: int


@dataclass(frozen=True)
class CountEvidence:
    """Counts of one result, all from the same patients."""

    readings: tuple[Reading, ...]
    groups: tuple[TreatmentGroup, ...]
    sums: tuple[Sum, ...]
    strata: tuple[SequenceGroup, ...] = ()  # the same patients by sequence; none where that is left to chance
    numbers_known: bool = False  # numbers of the strata; else they are those of the allocation

    def exact(self, scenario: Scenario) -> bool:
        """Whether stated chances of responses give those of all cells exactly."""
        few = len(self.readings) == 1 and all(len(group.treatments) <= 2 for group in self.groups)
        return few and not is_informative(scenario)

    def certain(self, scenario: Scenario) -> bool:
        """Whether they give the probability of the counts exactly, so that no patient need be simulated.

        Of who stays only the share of all periods follows from the scenario.
        """
        whole = all(set(each.sequence) <= set(each.treatments) for each in self.strata)
        return self.exact(scenario) and (self.numbers_known or whole)

    def stated_chances(
        self, scenario: Scenario, name: str, group: TreatmentGroup | SequenceGroup
    ) -> Floats | None:
        """f64[cell], exact: the chances that a hypothesis states of the responses of a group; None if none.

        The mean over the sequences that give the treatments.
        """
        if not self.exact(scenario):
            return None
        hypothesis, treatments = scenario.hypotheses[name], group.treatments
        sequences = _sequences(scenario, group, set(treatments) < set(self.treatments))
        rows = family_of(hypothesis).response_chances(scenario, hypothesis, sequences, treatments)
        if rows is None:
            return None
        total, weight = np.zeros(2 ** len(treatments)), 0
        for sequence, row in zip(sequences, rows, strict=True):
            units = scenario.design.allocation[scenario.design.sequences.index(sequence)]
            total += units * np.maximum(row, 0.0)
            weight += units
        return np.asarray(total / weight)

    @property
    def parts(self) -> tuple[TreatmentGroup | SequenceGroup, ...]:
        """The patients with chances of their own: by sequence, or by what they were seen under."""
        return self.strata or self.groups

    def cells(self, group: TreatmentGroup | SequenceGroup) -> tuple[Bit, ...]:
        """What is known of a patient of the group; the cells are all combinations of yes and no."""
        return tuple((r, a) for a in group.treatments for r in range(len(self.readings)))

    def adds(self, group: TreatmentGroup | SequenceGroup) -> Ints:
        """i64[cell, sum]: what a patient in a cell adds to each sum."""
        bits = self.cells(group)
        rows = [dict(zip(bits, row, strict=True)) for row in product((False, True), repeat=len(bits))]
        return np.array(
            [
                [all(row.get(bit) == wanted for bit, wanted in each.pattern.items()) for each in self.sums]
                for row in rows
            ],
            np.int64,
        )

    @property
    def treatments(self) -> tuple[str, ...]:
        """Those that were counted, in the order of the groups."""
        return tuple(dict.fromkeys(a for group in self.groups for a in group.treatments))

    @property
    def allocated(self) -> tuple[list[int], list[Ints]]:
        """Of each stratum the patients in an allocation unit, and what they add to the sums."""
        return [each.patients for each in self.strata], [self.adds(each) for each in self.strata]

    @property
    def totals(self) -> list[int]:
        """What was counted, in the order of the sums."""
        return [each.count for each in self.sums]

    def codes(self, group: TreatmentGroup | SequenceGroup, cohort: Cohort, sequence: tuple[str, ...]) -> Ints:
        """i64[hypothesis, patient]: cell of each virtual patient; beyond the last if not all is known."""
        y = cohort.seen(sequence, group.treatments)[:, : len(self.readings)]
        flat = y.transpose(0, 3, 2, 1).reshape(y.shape[0], y.shape[3], -1)  # treatment, then reading
        size = flat.shape[-1]
        there = ~np.isnan(flat).any(axis=-1)
        return np.where(there, np.nan_to_num(flat) @ 2 ** np.arange(size)[::-1], 2**size).astype(np.int64)

    def split(self, measured: Floats) -> list[Floats]:
        """The chances of the cells of each part, from all of them side by side in the last axis."""
        sizes = [2 ** len(self.cells(part)) for part in self.parts]
        return np.split(measured[..., : sum(sizes)], np.cumsum(sizes)[:-1], axis=-1)

    def summarise(self, cohort: Cohort, names: Sequence[str]) -> Floats:
        """f64[hypothesis, ...]: the chance of each cell of each part, and who stays where that matters."""
        rows = [_chances(self, part, cohort, names) for part in self.parts]
        rows += [
            _staying_share(self, stratum, cohort, names) for stratum in self.strata if not self.numbers_known
        ]
        return np.concatenate(rows, axis=-1)

    def distance(self, measured: Floats) -> Floats:
        """f64[...]: how far the result is from what is predicted: 0 for counts, which cannot be far off."""
        return np.zeros(measured.shape[:-1])

    def likelihood(self, measured: Floats) -> Floats:
        """f64[...]: the probability of the counts."""
        if self.strata and not self.numbers_known:
            (group,), stays = self.groups, measured[..., -len(self.strata) :]
            units, adds = self.allocated
            cells = self.split(measured)
            return probability_by_allocation(units, adds, self.totals, group.patients, cells, stays)
        about = [Stratum(part.patients, self.adds(part)) for part in self.parts]
        return probability(about, self.split(measured), self.totals)

    def expected(self, measured: Floats) -> dict[tuple[str, str], Floats]:
        """By measure and treatment, the chance of a patient to have it: the mean over those who were seen."""
        total: dict[tuple[str, str], Floats] = {}
        number: dict[tuple[str, str], Floats] = {}
        by_allocation = bool(self.strata) and not self.numbers_known
        stays = measured[..., -len(self.strata) :] if by_allocation else measured[..., :0]
        for i, (part, p) in enumerate(zip(self.parts, self.split(measured), strict=True)):
            bits = self.cells(part)
            table = np.array(list(product((0.0, 1.0), repeat=len(bits))))
            stay = stays[..., i] if by_allocation else np.ones(p.shape[:-1])
            weight = part.patients * stay
            for j, (r, treatment) in enumerate(bits):
                key = (self.readings[r].measure, treatment)
                total[key] = total.get(key, 0.0) + weight * (p @ table[:, j])
                number[key] = number.get(key, 0.0) + weight
        return {key: np.asarray(total[key] / number[key]) for key in sorted(total, key=self._order)}

    def _order(self, key: tuple[str, str]) -> tuple[int, int]:
        """Place of a measure and treatment: by treatment in the order of the groups, then by reading."""
        return self.treatments.index(key[1]), [each.measure for each in self.readings].index(key[0])


# The chances of the cells


def _staying_share(
    evidence: CountEvidence, stratum: SequenceGroup, cohort: Cohort, names: Sequence[str]
) -> Floats:
    """f64[hypothesis, 1]: share of the patients of a sequence who are seen under the treatments."""
    stay = retention(cohort.scenario)
    whole = set(stratum.sequence) <= set(stratum.treatments)
    if stay is not None and whole:
        return np.full((len(names), 1), stay)
    code = evidence.codes(stratum, cohort, stratum.sequence)
    there = code < 2 ** len(evidence.cells(stratum))
    return np.asarray((there.sum(axis=1, keepdims=True) + 0.5) / (code.shape[1] + 1.0))


def _chances(
    evidence: CountEvidence, group: TreatmentGroup | SequenceGroup, cohort: Cohort, names: Sequence[str]
) -> Floats:
    """f64[hypothesis, cell] of one group."""
    rows = np.zeros((len(names), 2 ** len(evidence.cells(group))))
    simulated = []
    for h, name in enumerate(names):
        stated = evidence.stated_chances(cohort.scenario, name, group)
        if stated is None:
            simulated.append(h)
        else:
            rows[h] = stated
    if simulated:
        rows[simulated] = _simulated_chances(evidence, group, cohort)[simulated]
    return rows


def _simulated_chances(
    evidence: CountEvidence, group: TreatmentGroup | SequenceGroup, cohort: Cohort
) -> Floats:
    """Shares of the virtual patients in each cell, smoothed."""
    if isinstance(group, SequenceGroup):
        return _smooth_shares(_tally(evidence, group, cohort, []), SMOOTHING / len(evidence.strata))
    others = [a for a in evidence.treatments if a not in group.treatments]
    tally = _tally(evidence, group, cohort, others)
    if others and tally.sum(axis=-1).min() < _FEW:
        tally = _tally(evidence, group, cohort, [])
    return _smooth_shares(tally, SMOOTHING)


def _smooth_shares(tally: Floats, added: float) -> Floats:
    """Shares of the cells, with so many patients added in equal parts."""
    return np.asarray((tally + added / tally.shape[-1]) / (tally.sum(axis=-1, keepdims=True) + added))


def _sequences(
    scenario: Scenario, group: TreatmentGroup | SequenceGroup, others: bool
) -> list[tuple[str, ...]]:
    """The sequences that give the treatments; if there are `others`, those that give these first."""
    if isinstance(group, SequenceGroup):
        return [group.sequence]
    giving = [s for s in scenario.design.sequences if set(group.treatments) <= set(s)]
    first = [s for s in giving if set(s[: len(group.treatments)]) == set(group.treatments)]
    return first if others and first else giving


def _tally(
    evidence: CountEvidence, group: TreatmentGroup | SequenceGroup, cohort: Cohort, missed: Sequence[str]
) -> Floats:
    """f64[hypothesis, cell]: patients seen under the treatments of the group, and not under `missed`."""
    size = 2 ** len(evidence.cells(group))
    total = np.zeros(())
    for sequence in _sequences(cohort.scenario, group, set(group.treatments) < set(evidence.treatments)):
        code = evidence.codes(group, cohort, sequence)
        gone = [a for a in missed if a in sequence]
        if gone:
            code = np.where(np.isnan(cohort.seen(sequence, gone)).all(axis=(1, 2)), code, size)
        total = total + np.stack([np.bincount(row, minlength=size + 1)[:size] for row in code])
    return np.asarray(total, np.float64)
