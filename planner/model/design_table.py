"""What a design can estimate of a contrast: variance, efficiency, and what carryover does to the estimate.

For each contrast, without and with effects of the treatment before (first-order carryover) in the model:

    variance of the estimate = variance_factor x sigma^2 / patients,   sigma: residual SD within patients

with effects of patients taken as fixed, and, where a hypothesis states how much patients differ, as random
with that variance (generalised least squares: differences between patients then help). The bias is what the
estimate is moved by for each point that a treatment adds: in the next period (first-order), or in every
later one (lasting), once however often it was given before. Everything is of complete data and least squares.

Source: Jones B, Kenward MG. Design and Analysis of Cross-Over Trials, 3rd ed. CRC Press 2014, chapters 3, 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from planner.model.families.family import family_of
from planner.monitoring.numerics import to_12_digits
from planner.scenario.contrasts import Contrast, formula, weights
from planner.scenario.design import Design
from planner.scenario.estimability import Model, solve
from planner.scenario.scenario import Scenario

Added = Sequence[Sequence[int]]  # (sequence, period)
_ALIASED = 1e-9  # relative; what is left of a contrast that cannot be estimated is larger


@dataclass(frozen=True, slots=True)
class Bias:
    """What the estimate is moved by for each point that a treatment carries over."""

    first_order: float  # into the next period
    lasting: float  # into every later period


@dataclass(frozen=True, slots=True)
class RandomPatients:
    """The same where patients are a sample: differences between them inform on the treatments too."""

    ratio: float  # variance between patients / residual variance
    hypotheses: tuple[str, ...]  # that state it
    estimable: bool
    variance_factor: float | None
    efficiency: float | None
    efficiency_parallel: float | None  # against one score from each of as many patients, in parallel groups
    bias_first_order: float | None
    bias_lasting: float | None


@dataclass(frozen=True, slots=True)
class DesignRow:
    """One contrast and one model. None: the contrast cannot be estimated within patients."""

    contrast: Contrast
    carryover: bool  # in the model
    estimable: bool
    variance_factor: float | None
    efficiency: float | None  # against as many patients who have every treatment once; of two: AB/BA
    bias_first_order: float | None  # by the first treatment of the contrast
    bias_lasting: float | None
    bias_by_treatment: Mapping[str, Bias]
    random: tuple[RandomPatients, ...]


def design_table(scenario: Scenario) -> tuple[DesignRow, ...]:
    """A row for each contrast of the analyses, without and with carryover in the model."""
    design = scenario.design
    contrasts = {formula(a.contrast): a.contrast for a in scenario.analyses}.values()
    models = (False, True) if design.periods > 1 else (False,)
    ratios = _variance_ratios(scenario)
    return tuple(_design_row(design, contrast, each, ratios) for contrast in contrasts for each in models)


def _design_row(
    design: Design, contrast: Contrast, carryover: bool, ratios: Mapping[float, Sequence[str]]
) -> DesignRow:
    stated = weights(contrast)
    model = Model(design.sequences, carryover)
    target = model.target(stated)
    solution = solve(model.information(design.allocation), target)
    if design.periods < 2:
        solution = None
    random = tuple(
        _random_patients(design, stated, carryover, ratio, tuple(names)) for ratio, names in ratios.items()
    )
    if solution is None:
        return DesignRow(contrast, carryover, False, None, None, None, None, {}, random)
    variance = sum((x * c for x, c in zip(solution, target, strict=True)), Fraction(0)) * design.unit
    biases = {}
    for treatment in design.treatments:
        first, lasting = (
            float(model.moved(solution, design.allocation, added))
            for added in (first_order(design.sequences, treatment), every_later(design.sequences, treatment))
        )
        biases[treatment] = Bias(first, lasting)
    own = biases[next(iter(stated))]
    efficiency = _complete_factor(stated) / float(variance)
    return DesignRow(
        contrast,
        carryover,
        True,
        float(variance),
        efficiency,
        own.first_order,
        own.lasting,
        biases,
        random,
    )


def first_order(sequences: Sequence[Sequence[str]], treatment: str) -> Added:
    """1 in each period that follows one of the treatment."""
    return [[int(k > 0 and s[k - 1] == treatment) for k in range(len(s))] for s in sequences]


def every_later(sequences: Sequence[Sequence[str]], treatment: str) -> Added:
    """1 in each period that comes after one of the treatment, at once or later."""
    return [[int(treatment in s[:k]) for k in range(len(s))] for s in sequences]


def _complete_factor(stated: Mapping[str, float]) -> float:
    """Variance factor where every patient has every treatment of the contrast once."""
    return sum(w * w for w in stated.values())


def _variance_ratios(scenario: Scenario) -> dict[float, list[str]]:
    """How much patients differ, in residual variances, with the hypotheses that state it."""
    names_by_ratio: dict[float, list[str]] = {}
    for name in scenario.simulated_hypotheses:
        hypothesis = scenario.hypotheses[name]
        ratio = family_of(hypothesis).variance_ratio(hypothesis)
        if ratio is not None:
            names_by_ratio.setdefault(to_12_digits(ratio), []).append(name)
    return names_by_ratio


def _random_patients(
    design: Design, stated: Mapping[str, float], carryover: bool, ratio: float, names: tuple[str, ...]
) -> RandomPatients:
    model = Model(design.sequences, carryover, levels=True)
    share = ratio / (1.0 + ratio * design.periods)
    rows = np.zeros((len(design.sequences), design.periods, model.size))
    for s, periods in enumerate(model.rows):
        for k, own in enumerate(periods):
            rows[s, k, own] = 1.0
    allocation = np.array(design.allocation, float)
    swept = rows - share * rows.sum(axis=1, keepdims=True)
    info = np.einsum("s,ski,skj->ij", allocation, rows, swept)
    target = np.array([float(x) for x in model.target(stated)])
    solution = np.linalg.pinv(info, hermitian=True) @ target
    if np.abs(info @ solution - target).max() > _ALIASED * np.abs(target).max():
        return RandomPatients(ratio, names, False, None, None, None, None, None)
    variance = float(solution @ target) * design.unit
    first = next(iter(stated))
    moved = [
        float(np.einsum("s,ski,sk,i->", allocation, swept, np.array(added, float), solution))
        for added in (first_order(design.sequences, first), every_later(design.sequences, first))
    ]
    parallel = _complete_factor(stated) * len(stated) * (1.0 + ratio)
    efficiency = _complete_factor(stated) / variance
    return RandomPatients(
        ratio, names, True, variance, efficiency, parallel / variance, *map(_without_noise, moved)
    )


def _without_noise(x: float) -> float:
    """Without the rounding of a number that is 0."""
    return 0.0 if abs(x) < 1e-12 else x
