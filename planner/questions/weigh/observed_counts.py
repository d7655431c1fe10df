"""The counts of a published result: which are weighed, and which patients they count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.errors import WeighingError
from planner.model.allocation import retention
from planner.model.readings import Reading
from planner.questions.weigh.allocation import cost_of_allocation
from planner.questions.weigh.count_evidence import CountEvidence, SequenceGroup, Sum, TreatmentGroup
from planner.questions.weigh.count_probability import Floats, Stratum, cost
from planner.questions.weigh.normal_evidence import numbers_of
from planner.scenario.observed import Observed
from planner.scenario.scenario import Scenario

MOST = 2_000_000
"""Multiplications for one set of chances; beyond, only responses (else remissions) are weighed."""

_LEAST_STAYING = 0.5  # share of the randomised, for what a likelihood may cost where it is not known


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
        return replace(evidence, groups=groups, strata=strata, numbers_known=True)
    evidence = replace(evidence, groups=_groups(scenario, sizes, observed.paired))
    design = scenario.design
    if len(evidence.groups) > 1 or len(design.sequences) < 2:
        return evidence
    (group,), each = evidence.groups, zip(design.sequences, design.allocation, strict=True)
    strata = tuple(SequenceGroup(group.treatments, s, unit) for s, unit in each if set(order) <= set(s))
    by_sequence = replace(evidence, strata=strata)
    stay = retention(scenario)
    staying = _LEAST_STAYING if stay is None else max(stay, _LEAST_STAYING)
    units, adds = by_sequence.allocated
    dear = cost_of_allocation(units, adds, by_sequence.totals, group.patients, staying) > MOST
    return evidence if len(strata) < 2 or dear else by_sequence


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
    """Likelihoods of the counts of two treatments if as few patients as can be were seen under both.

    Of `patients` in all. Those seen under one are taken to be like all others. None where it is known.
    """
    treatments = evidence.treatments
    if (
        evidence.numbers_known
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
