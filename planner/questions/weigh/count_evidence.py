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
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.special import ndtr

from planner.errors import WeighingError
from planner.model.allocation import retention
from planner.model.dropout import is_informative
from planner.model.families.rates import latent_correlation, threshold
from planner.model.readings import Reading
from planner.monitoring.numerics import bivariate_normal
from planner.questions.weigh.allocation import cost_of_allocation, probability_by_allocation
from planner.questions.weigh.cohort import Cohort
from planner.questions.weigh.count_probability import Floats, Ints, Stratum, cost, probability
from planner.questions.weigh.normal_evidence import numbers_of
from planner.scenario.families.rates import Rates
from planner.scenario.observed import Observed
from planner.scenario.scenario import Scenario

SMOOTHING = 1.0
"""Virtual patients added, in equal parts to all cells, so that no cell is impossible."""

MOST = 2_000_000
"""Multiplications for one set of chances; beyond, only responses (else remissions) are weighed."""

_LEAST_STAYING = 0.5  # share of the randomised, for what a likelihood may cost where it is not known

_FEW = 256  # leavers among the virtual patients, below which first periods of all stand for them

Bit = tuple[int, str]  # (number of the reading, treatment): yes or no


@dataclass(frozen=True)
class Sum:
    """A count: how many patients show this. `key`: where it stands in the result."""

    key: tuple[str, ...]
    shows: Mapping[Bit, bool]
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
    known: bool = False  # whether the numbers of the strata are known, else they are those of the allocation

    def exact(self, scenario: Scenario) -> bool:
        """Whether stated rates give the chances of all cells exactly."""
        few = len(self.readings) == 1 and all(len(group.treatments) <= 2 for group in self.groups)
        return few and not is_informative(scenario)

    def certain(self, scenario: Scenario) -> bool:
        """Whether they give the probability of the counts exactly, so that no patient need be simulated.

        Of who stays only the share of all periods follows from the scenario.
        """
        whole = all(set(each.sequence) <= set(each.treatments) for each in self.strata)
        return self.exact(scenario) and (self.known or whole)

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
                [all(row.get(bit) == wanted for bit, wanted in each.shows.items()) for each in self.sums]
                for row in rows
            ],
            np.int64,
        )

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

    def measured(self, cohort: Cohort, names: Sequence[str]) -> Floats:
        """f64[hypothesis, ...]: the chance of each cell of each part, and who stays where that matters."""
        rows = [_chances(self, part, cohort, names) for part in self.parts]
        rows += [_staying(self, stratum, cohort, names) for stratum in self.strata if not self.known]
        return np.concatenate(rows, axis=-1)

    def distance(self, measured: Floats) -> Floats:
        """f64[...]: how far the result is from what is predicted: not asked of counts."""
        return np.zeros(measured.shape[:-1])

    def likelihood(self, measured: Floats) -> Floats:
        """f64[...]: the probability of the counts."""
        if self.strata and not self.known:
            (group,), stays = self.groups, measured[..., -len(self.strata) :]
            units, adds = _allocated(self)
            cells = self.split(measured)
            return probability_by_allocation(units, adds, self.totals, group.patients, cells, stays)
        about = [Stratum(part.patients, self.adds(part)) for part in self.parts]
        return probability(about, self.split(measured), self.totals)

    def expected(self, measured: Floats) -> dict[tuple[str, str], Floats]:
        """By measure and treatment, the chance that a patient shows it: the mean over those who were seen."""
        total: dict[tuple[str, str], Floats] = {}
        number: dict[tuple[str, str], Floats] = {}
        stays = measured[..., -len(self.strata) :] if self.strata and not self.known else measured[..., :0]
        for i, (part, p) in enumerate(zip(self.parts, self.split(measured), strict=True)):
            bits = self.cells(part)
            table = np.array(list(product((0.0, 1.0), repeat=len(bits))))
            stay = stays[..., i] if self.strata and not self.known else np.ones(p.shape[:-1])
            weight = part.patients * stay
            for j, (r, treatment) in enumerate(bits):
                key = (self.readings[r].measure, treatment)
                total[key] = total.get(key, 0.0) + weight * (p @ table[:, j])
                number[key] = number.get(key, 0.0) + weight
        return {key: np.asarray(total[key] / number[key]) for key in sorted(total, key=self._order)}

    def _order(self, key: tuple[str, str]) -> tuple[int, int]:
        """Place of a measure and treatment: by treatment in the order of the groups, then by reading."""
        treatments = _treatments(self)
        return treatments.index(key[1]), [each.measure for each in self.readings].index(key[0])


def count_evidence(scenario: Scenario, observed: Observed) -> tuple[CountEvidence, tuple[str, ...]]:
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
    evidence = _by_sequence(CountEvidence(readings, (), tuple(sums)), scenario, observed, sizes)
    if len(readings) == 2 and _cost(evidence) > MOST:
        first = "pairs" if pairs is not None else "responders"
        alone, _ = count_evidence(scenario, observed.model_copy(update={"use": first}))
        return alone, (
            f"{first} are weighed alone: with so many patients the joint probability of responses and "
            "remissions takes too long",
        )
    return evidence, ()


def _by_sequence(
    evidence: CountEvidence, scenario: Scenario, observed: Observed, sizes: Mapping[str, int]
) -> CountEvidence:
    """The counts with their patients: by sequence where that is known or follows, else by treatments."""
    order = sorted(sizes, key=lambda a: (-sizes[a], list(sizes).index(a)))
    numbers = numbers_of(scenario, observed)
    if numbers is not None:
        seen = {s: tuple(a for a in order if a in s) for s in numbers}
        strata = tuple(SequenceGroup(seen[s], s, int(n)) for s, n in numbers.items() if n and seen[s])
        treatments = dict.fromkeys(sorted((each.treatments for each in strata), key=lambda t: -len(t)))
        groups = tuple(
            TreatmentGroup(t, sum(s.patients for s in strata if s.treatments == t)) for t in treatments
        )
        return replace(evidence, groups=groups, strata=strata, known=True)
    evidence = replace(evidence, groups=_groups(scenario, sizes, observed.paired))
    design = scenario.design
    if len(evidence.groups) > 1 or len(design.sequences) < 2:
        return evidence
    (group,), each = evidence.groups, zip(design.sequences, design.allocation, strict=True)
    strata = tuple(SequenceGroup(group.treatments, s, unit) for s, unit in each if set(order) <= set(s))
    by_sequence = replace(evidence, strata=strata)
    stay = retention(scenario)
    staying = _LEAST_STAYING if stay is None else max(stay, _LEAST_STAYING)
    units, adds = _allocated(by_sequence)
    dear = cost_of_allocation(units, adds, by_sequence.totals, group.patients, staying) > MOST
    return evidence if len(strata) < 2 or dear else by_sequence


def _allocated(evidence: CountEvidence) -> tuple[list[int], list[Ints]]:
    """Of each stratum the patients in an allocation unit, and what they add to the sums."""
    return [each.patients for each in evidence.strata], [evidence.adds(each) for each in evidence.strata]


def _cost(evidence: CountEvidence) -> int:
    """Multiplications for one set of chances, whatever the sequences."""
    groups = [Stratum(group.patients, evidence.adds(group)) for group in evidence.groups]
    return cost(groups, evidence.totals)


def _groups(scenario: Scenario, sizes: Mapping[str, int], paired: int | None) -> tuple[TreatmentGroup, ...]:
    """Who was seen under what: as many as possible under all treatments, unless `paired` says otherwise."""
    order = sorted(sizes, key=lambda a: (-sizes[a], list(sizes).index(a)))
    sequences = [set(sequence) for sequence in scenario.design.sequences]
    together = any(set(order) <= each for each in sequences)
    if not together and any(len(set(order) & each) > 1 for each in sequences):
        raise WeighingError(
            "no sequence of this design gives all treatments that were counted, and some give several",
            "leave out the counts of a treatment, or give `means`",
            "scenario",
        )
    if not together:  # a parallel design
        return tuple(TreatmentGroup((a,), sizes[a]) for a in order)
    if paired is not None and len(order) > 2 and len(set(sizes.values())) > 1:
        raise WeighingError(
            "`paired` does not say who was seen under which of three or more treatments",
            "leave it out",
            "scenario",
        )
    if paired is not None and len(order) == 2:
        groups = [
            TreatmentGroup(tuple(order), paired),
            *(TreatmentGroup((a,), sizes[a] - paired) for a in order),
        ]
    else:
        ends = [*(sizes[a] for a in order[1:]), 0]
        groups = [TreatmentGroup(tuple(order[: i + 1]), sizes[a] - ends[i]) for i, a in enumerate(order)][
            ::-1
        ]
    return tuple(group for group in groups if group.patients > 0)


@dataclass(frozen=True)
class Pairings:
    """Likelihoods f64[variant, hypothesis] with the fewest and the most patients seen under both."""

    paired: tuple[int, int]
    likelihood: tuple[Floats, Floats]


def fewer_pairs(evidence: CountEvidence, measured: Floats, patients: int) -> Pairings | None:
    """What the counts of two treatments say if as few patients as can be were seen under both.

    Of `patients` in all. Those seen under one are taken to be like all others. None where it is known.
    """
    treatments = _treatments(evidence)
    if (
        evidence.known
        or len(treatments) != 2
        or len(evidence.groups) < 2
        or len(evidence.groups[0].treatments) != 2
    ):
        return None
    sizes = [sum(g.patients for g in evidence.groups if a in g.treatments) for a in treatments]
    most, least = min(sizes), max(0, sum(sizes) - max(patients, *sizes))
    if least >= most:
        return None
    joint = evidence.split(measured)[0]
    bits, order = evidence.cells(evidence.groups[0]), evidence.groups[0].treatments
    alone = {}
    for a in order:
        kept = [i for i, (_, b) in enumerate(bits) if b == a]
        shape = (*joint.shape[:-1], *(2,) * len(bits))
        gone = tuple(joint.ndim - 1 + i for i in range(len(bits)) if i not in kept)
        alone[a] = joint.reshape(shape).sum(axis=gone).reshape(*joint.shape[:-1], -1)
    rows = []
    for pairs in (least, most):
        groups = [
            TreatmentGroup(order, pairs),
            *(TreatmentGroup((a,), n - pairs) for a, n in zip(treatments, sizes, strict=True)),
        ]
        cells = np.concatenate([joint, *(alone[a] for a in treatments)], axis=-1)
        rows.append(replace(evidence, groups=tuple(groups)).likelihood(cells))
    return Pairings((least, most), (rows[0], rows[1]))


def _treatments(evidence: CountEvidence) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a for group in evidence.groups for a in group.treatments))


# The chances of the cells


def _staying(evidence: CountEvidence, stratum: SequenceGroup, cohort: Cohort, names: Sequence[str]) -> Floats:
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
        hypothesis = cohort.scenario.hypotheses[name]
        if isinstance(hypothesis, Rates) and evidence.exact(cohort.scenario):
            rows[h] = _stated(evidence, group, cohort.scenario, hypothesis)
        else:
            simulated.append(h)
    if simulated:
        rows[simulated] = _counted(evidence, group, cohort)[simulated]
    return rows


def _counted(evidence: CountEvidence, group: TreatmentGroup | SequenceGroup, cohort: Cohort) -> Floats:
    """Shares of the virtual patients in each cell, smoothed."""
    if isinstance(group, SequenceGroup):
        return _smoothed(_tally(evidence, group, cohort, []), SMOOTHING / len(evidence.strata))
    others = [a for a in _treatments(evidence) if a not in group.treatments]
    tally = _tally(evidence, group, cohort, others)
    if others and tally.sum(axis=-1).min() < _FEW:
        tally = _tally(evidence, group, cohort, [])
    return _smoothed(tally, SMOOTHING)


def _smoothed(tally: Floats, added: float) -> Floats:
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
    for sequence in _sequences(cohort.scenario, group, set(group.treatments) < set(_treatments(evidence))):
        code = evidence.codes(group, cohort, sequence)
        gone = [a for a in missed if a in sequence]
        if gone:
            code = np.where(np.isnan(cohort.seen(sequence, gone)).all(axis=(1, 2)), code, size)
        total = total + np.stack([np.bincount(row, minlength=size + 1)[:size] for row in code])
    return np.asarray(total, np.float64)


def _stated(
    evidence: CountEvidence, group: TreatmentGroup | SequenceGroup, scenario: Scenario, hypothesis: Rates
) -> Floats:
    """f64[cell], exact: the chances that stated rates give to the responses to one or two treatments.

    The mean over the sequences that give them, since a period effect shifts the latent threshold.
    """
    design, shift, rho = scenario.design, scenario.population.period_effect, latent_correlation(hypothesis)
    treatments = group.treatments
    total, weight = np.zeros(2 ** len(treatments)), 0
    for sequence in _sequences(scenario, group, set(treatments) < set(_treatments(evidence))):
        units = design.allocation[design.sequences.index(sequence)]
        at = [threshold(hypothesis.shares[a]) + shift[sequence.index(a)] for a in treatments]
        p = [float(ndtr(x)) for x in at]
        if len(treatments) == 1:
            row = [1.0 - p[0], p[0]]
        else:
            joint = bivariate_normal(at[0], at[1], rho)
            row = [1.0 - p[0] - p[1] + joint, p[1] - joint, p[0] - joint, joint]
        total += units * np.maximum(row, 0.0)
        weight += units
    return np.asarray(total / weight)
