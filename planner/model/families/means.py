"""Family `means`: to the tables of planner.kernels.generate.means, and what is true.

Only + - * / and sqrt are used on anything that reaches a simulated value, so that the tables are the same to
the last bit on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from planner.kernels.tables import (
    BASELINE_ERROR,
    BASELINE_LEVEL,
    CONSTANT,
    INTERACTION,
    MEANS_FEATURES,
    PATIENT_LEVEL,
    RESIDUAL,
    Draws,
    Floats,
    Ints,
    MeansTables,
)
from planner.model.assumed_numbers import AssumedNumber, numbers_in, varies
from planner.model.draw_list import DrawList
from planner.model.dropout import dropout_by_stored
from planner.model.estimand import expected_score
from planner.model.families.family import EffectParameter, Family, NormalScores, StatedPrediction
from planner.model.readings import BASELINE, Reading
from planner.monitoring.numerics import to_12_digits
from planner.scenario.contrasts import cancels, total
from planner.scenario.design import Design
from planner.scenario.families.means import Means
from planner.scenario.population import Population
from planner.scenario.scenario import Scenario
from planner.scenario.score_spread import ScoreSpread

BEFORE, AFTER = 0, 1  # visits of family `means`: the period's baseline and its outcome


def carryover_points(hypothesis: Means, sequence: Sequence[str], period: int) -> float:
    """Points that earlier treatments add in a period (0-based) of a sequence.

    `next`: the treatment of the period before. `lasting`: every treatment given earlier, once each.
    """
    if period == 0:
        return 0.0
    earlier = {sequence[period - 1]} if hypothesis.carryover_lasts == "next" else set(sequence[:period])
    return math.fsum(hypothesis.carryover.get(a, 0.0) for a in earlier)


def means_tables(
    scenario: Scenario,
    hypotheses: Sequence[Means],
    visits: Sequence[int],
    place: Sequence[int] | None = None,
) -> MeansTables:
    """Tables of the hypotheses of family `means`.

    `visits`: what each stored reading is, BEFORE or AFTER; -1 where means do not cover it. `place`:
    the row of each hypothesis among all of the run.
    """
    design, scale = scenario.design, scenario.endpoint.bounds
    step = scale.step if scale is not None and scale.step is not None else 1.0
    coef = np.zeros((len(hypotheses), len(design.sequences), design.periods, 2, MEANS_FEATURES))
    for h, hypothesis in enumerate(hypotheses):
        for s, sequence in enumerate(design.sequences):
            for k, treatment in enumerate(sequence):
                coef[h, s, k, AFTER] = _outcome(scenario, hypothesis, s, k, treatment) / step
                if scenario.design.baselines != "none":
                    coef[h, s, k, BEFORE] = _baseline(scenario, hypothesis) / step
    rows = {a: i for i, a in enumerate(design.treatments)}
    treatment_rows = np.array([[rows[a] for a in sequence] for sequence in design.sequences], np.int64)
    interacts = any(h.sd_interaction > 0.0 for h in hypotheses)
    draws, numbers = _draws(design.periods, BEFORE in visits, len(rows) if interacts else 0)
    low = -math.inf if scale is None or scale.low is None else scale.low / step
    high = math.inf if scale is None or scale.high is None else scale.high / step
    stepped = scale is not None and scale.step is not None
    return MeansTables(
        draws=draws,
        rows=numbers,
        coef=coef,
        treatment=treatment_rows,
        place=np.array(range(len(hypotheses)) if place is None else place, np.int64),
        visits=np.array(visits, np.int64),
        scale=np.array([low, high, step, 1.0 if stepped else 0.0]),
        binary=False,
        opposed=any(h.spread.sign < 0 for h in hypotheses),
        dropout=dropout_by_stored(scenario, visits.index(AFTER) if AFTER in visits else -1),
    )


def _draws(periods: int, baselines: bool, treatments: int) -> tuple[Draws, Ints]:
    """What is drawn for a patient, and `MeansTables.rows`."""
    draws = DrawList()
    draws.patient()
    dropout, residuals = draws.periods(periods)
    errors = draws.visits(periods, 2) if baselines else 0
    interactions = draws.treatments(treatments) if treatments else 0
    return draws.table(), np.array([dropout, residuals, errors, interactions], np.int64)


def _outcome(scenario: Scenario, hypothesis: Means, s: int, k: int, treatment: str) -> Floats:
    """Row of coefficients of the score in period k of sequence s."""
    spread = hypothesis.spread
    row = np.zeros(MEANS_FEATURES)
    added = scenario.period_shifts[k] + scenario.sequence_shifts[s]
    row[CONSTANT] = (
        hypothesis.means[treatment] + added + carryover_points(hypothesis, scenario.design.sequences[s], k)
    )
    row[PATIENT_LEVEL] = spread.level[treatment]
    row[RESIDUAL] = spread.within[treatment]
    row[INTERACTION] = spread.interaction
    if spread.sign < 0:
        row[PATIENT_LEVEL] = 0.0
        row[RESIDUAL], row[BASELINE_LEVEL] = opposed_loadings(spread, treatment, scenario.design.periods)
    return row


def opposed_loadings(spread: ScoreSpread, treatment: str, periods: int) -> tuple[float, float]:
    """What multiplies the residual of a period, and the sum of those of all: scores that oppose each other.

    y_k = sd_k (a e_k + b sum of e) with a^2 = 1 - rho and 2 a b + p b^2 = rho gives two scores of p periods
    the covariance rho sd_k sd_l, and each the variance sd_k^2.
    """
    sd = spread.total(treatment)
    rho = -((spread.level[treatment] / sd) ** 2) if sd > 0.0 else 0.0
    a = math.sqrt(1.0 - rho)
    b = (math.sqrt(max(a * a + periods * rho, 0.0)) - a) / periods
    return sd * a, sd * b


def typical_sd(hypothesis: Means) -> tuple[float, float]:
    """(total, within) SD of a score, the within-patient variance averaged over the treatments."""
    spread = hypothesis.spread
    within2 = math.fsum(w * w for w in spread.within.values()) / len(spread.within)
    between2 = spread.sign * spread.between * spread.between
    total2 = between2 + spread.interaction * spread.interaction + within2
    return math.sqrt(total2), math.sqrt(within2)


def _baseline(scenario: Scenario, hypothesis: Means) -> Floats:
    """Row of coefficients of a period's baseline, from its three correlations.

    The baseline shares the patient's level with every score (cross), a level of its own with the other
    baselines (between), and the period's residual with the score of its period (what `own` has beyond
    `cross`).
    """
    baseline, r = scenario.population.baseline, hypothesis.baseline_correlation
    row = np.zeros(MEANS_FEATURES)
    if baseline is None or r is None:
        return row
    total, within = typical_sd(hypothesis)
    level, sd = hypothesis.spread.between, baseline.sd
    row[CONSTANT] = baseline.mean
    row[PATIENT_LEVEL] = r.cross * sd * total / level if level > 0.0 else 0.0
    row[RESIDUAL] = (r.own - r.cross) * sd * total / within if within > 0.0 else 0.0
    alone = scenario.design.baselines == "first"  # no other baseline with which it could have more in common
    shared = row[PATIENT_LEVEL] * row[PATIENT_LEVEL] if alone else r.between * sd * sd
    row[BASELINE_LEVEL] = math.sqrt(max(shared - row[PATIENT_LEVEL] * row[PATIENT_LEVEL], 0.0))
    row[BASELINE_ERROR] = math.sqrt(max(sd * sd - shared - row[RESIDUAL] * row[RESIDUAL], 0.0))
    return row


# What is true


def true_effect(scenario: Scenario, hypothesis: Means, contrast: Mapping[str, float]) -> float:
    """The contrast of first-period means, in points; exact up to 12 digits."""
    scale = scenario.endpoint.bounds
    if scale is None:
        return to_12_digits(float(total(contrast, hypothesis.means)))
    expected = math.fsum(
        w * share * expected_score(hypothesis.means[a] + shift, hypothesis.spread.total(a), scale)
        for a, w in contrast.items()
        for shift, share in _first_period(scenario.design, scenario.population)
    )
    within, level = hypothesis.spread.within, hypothesis.spread.level
    nil = cancels(contrast, {a: (hypothesis.means[a], within[a], level[a]) for a in contrast})
    return 0.0 if nil else to_12_digits(expected)


def stated_effect(hypothesis: Means, contrast: Mapping[str, float]) -> float:
    """The contrast of the means as they are stated, whatever the scale makes of them."""
    return to_12_digits(float(total(contrast, hypothesis.means)))


def scale_effects(scenario: Scenario, hypothesis: Means, contrast: Mapping[str, float]) -> tuple[str, ...]:
    """What of the scale makes the true effect another one than the means state: of low, high and step."""
    scale = scenario.endpoint.bounds
    if scale is None:
        return ()
    whole = true_effect(scenario, hypothesis, contrast)
    if math.isclose(whole, stated_effect(hypothesis, contrast), rel_tol=1e-4, abs_tol=1e-9):
        return ()

    def without(part: str) -> float:
        free = scenario.endpoint.model_copy(update={"scale": scale.model_copy(update={part: None})})
        return true_effect(scenario.model_copy(update={"endpoint": free}), hypothesis, contrast)

    parts = [part for part in ("low", "high", "step") if getattr(scale, part) is not None]
    return tuple(part for part in parts if not math.isclose(without(part), whole, rel_tol=1e-5, abs_tol=1e-9))


def _first_period(design: Design, population: Population) -> list[tuple[float, float]]:
    """(points added in the first period, share of the patients) of each sequence."""
    return [
        (population.period_effect[0] + effect, units / design.unit)
        for effect, units in zip(population.sequence_effect, design.allocation, strict=True)
    ]


class MeansFamily(Family[Means]):
    """Scores whose means are stated, of the endpoint's own measure; they predict no other reading."""

    kernel = "means"
    effect_setting = "means"

    def tables(
        self,
        scenario: Scenario,
        hypotheses: Sequence[Means],
        readings: Sequence[Reading],
        place: Sequence[int],
    ) -> MeansTables:
        measure = scenario.endpoint.measure
        visits = [AFTER if r.measure == measure and not r.outcome else -1 for r in readings]
        visits = [BEFORE if r == BASELINE else visit for r, visit in zip(readings, visits, strict=True)]
        return means_tables(scenario, hypotheses, visits, place)

    def exact_effect(
        self, scenario: Scenario, hypothesis: Means, weights: Mapping[str, float], reading: Reading
    ) -> float:
        return true_effect(scenario, hypothesis, weights)

    def signature(
        self, scenario: Scenario, hypothesis: Means, treatment: str, reading: Reading | None = None
    ) -> tuple[object, ...]:
        spread = hypothesis.spread
        return hypothesis.means[treatment], spread.within[treatment], spread.level[treatment]

    def stated_effect(self, hypothesis: Means, weights: Mapping[str, float]) -> float:
        return stated_effect(hypothesis, weights)

    def scale_effects(
        self, scenario: Scenario, hypothesis: Means, weights: Mapping[str, float]
    ) -> tuple[str, ...]:
        return scale_effects(scenario, hypothesis, weights)

    def prediction(self, scenario: Scenario, hypothesis: Means, treatment: str) -> StatedPrediction:
        return StatedPrediction(mean=true_effect(scenario, hypothesis, {treatment: 1.0}))

    def typical_size(self, scenario: Scenario, hypothesis: Means, reading: Reading) -> float:
        return typical_sd(hypothesis)[0] or 1.0

    def effect_parameter(self, hypothesis: Means, weights: Mapping[str, float]) -> EffectParameter[Means]:
        """The mean of the contrast's first treatment is moved."""
        means, (first, *others) = hypothesis.means, weights

        def moved(change: float) -> Means:
            rest = -math.fsum(w * means[a] for a, w in weights.items() if a != first)
            update = {"means": {**means, first: (rest + change) / weights[first]}}
            return hypothesis.model_copy(update=update)

        stated, sd = float(total(weights, means)), hypothesis.spread.contrast(weights)
        return EffectParameter(stated, sd, abs(means[others[0]]), moved)

    def normal_scores(self, hypothesis: Means) -> NormalScores:
        return NormalScores(
            hypothesis.means,
            hypothesis.spread,
            partial(carryover_points, hypothesis),
            carries=any(hypothesis.carryover.values()),
            lasting=hypothesis.carryover_lasts != "next",
        )

    def variance_ratio(self, hypothesis: Means) -> float | None:
        spread = hypothesis.spread
        residual = sum(w * w for w in spread.within.values()) / len(spread.within)
        return spread.between**2 / residual if residual > 0.0 and spread.sign > 0 else None

    def assumed_numbers(
        self, hypothesis: Means, stated: Mapping[str, Any], reference: str
    ) -> Iterator[AssumedNumber]:
        """Of means the difference from the reference: a mean has no natural zero."""
        means = stated["means"]
        for treatment, mean in means.items():
            difference = mean - means.get(reference, mean)
            if treatment != reference and difference != 0.0:
                label = f"difference {treatment} − {reference}"
                yield AssumedNumber(("means", treatment), difference, label, hypothesis.means[reference])
        if varies(stated.get("sd_within")):
            yield AssumedNumber(("sd_within",), stated["sd_within"], "sd_within")
        yield from numbers_in(stated, apart=("means", "sd_within", "uncertainty"))

    def carries(self, scenario: Scenario, hypothesis: Means) -> bool:
        drawn = (*hypothesis.uncertainty, *scenario.uncertainty)
        return any(hypothesis.carryover.values()) or any("carryover" in key for key in drawn)

    def without_carryover(self, hypothesis: Means) -> Means:
        return hypothesis.model_copy(update={"carryover": {}})

    def stated_carryover(self, hypothesis: Means) -> Mapping[str, float]:
        return {a: points for a, points in hypothesis.carryover.items() if points}

    def unequal_carryover(self, scenario: Scenario, hypothesis: Means) -> Mapping[str, float]:
        left = {a: hypothesis.carryover.get(a, 0.0) for a in scenario.design.treatments}
        return left if len(set(left.values())) > 1 else {}


FAMILY = MeansFamily()
