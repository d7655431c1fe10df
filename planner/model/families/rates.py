"""Family `rates`: a response is a latent normal that falls below a threshold.

    latent_ik = sign_a sqrt(|rho|) z_i + sqrt(1 - |rho|) e_ik
    response if latent_ik <= quantile(rate_a) + period effect

so that the kernel of family `means` generates it. With `discordant` shares of two treatments the latent
correlation is the one that gives them. Period effects are on the latent scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from planner._special import ndtr, ndtri
from planner.kernels.tables import CONSTANT, MEANS_FEATURES, PATIENT_LEVEL, RESIDUAL, MeansTables
from planner.model.assumed_numbers import AssumedNumber, numbers_in
from planner.model.draw_list import DrawList
from planner.model.dropout import dropout_by_stored
from planner.model.families.family import Family, OpenNumbers, StatedPrediction
from planner.model.families.means import AFTER
from planner.model.readings import Reading
from planner.monitoring.numerics import bivariate_normal, to_12_digits, zero
from planner.scenario.contrasts import total
from planner.scenario.families.rates import Rates
from planner.scenario.scenario import Scenario
from planner.scenario.vocabulary import BINARY_MEASURES

_NEVER = 40.0  # a latent normal never passes 40 standard deviations


def latent_correlation(hypothesis: Rates) -> float:
    """The stated correlation, or the one at which the discordant shares are as stated."""
    if hypothesis.correlation is not None:
        return hypothesis.correlation
    first, _ = hypothesis.discordant
    a, b = (threshold(hypothesis.shares[k]) for k in hypothesis.discordant)
    wanted = hypothesis.shares[first] - hypothesis.discordant[first]
    lowest, highest = bivariate_normal(a, b, -1.0), bivariate_normal(a, b, 1.0)
    if wanted <= lowest or wanted >= highest:
        return -1.0 if wanted <= lowest else 1.0
    return to_12_digits(zero(lambda r: bivariate_normal(a, b, r) - wanted, -1.0, 1.0))


def threshold(rate: float) -> float:
    """The latent value below which the given share of patients lies."""
    return to_12_digits(min(max(float(ndtri(rate)), -_NEVER), _NEVER))


def rates_tables(
    scenario: Scenario, hypotheses: Sequence[Rates], visits: Sequence[int], place: Sequence[int]
) -> MeansTables:
    """Tables for the kernel of family `means`, which stores 1 where latent - threshold <= 0."""
    design, shift = scenario.design, scenario.population.period_effect
    coef = np.zeros((len(hypotheses), len(design.sequences), design.periods, 2, MEANS_FEATURES))
    for h, hypothesis in enumerate(hypotheses):
        rho = latent_correlation(hypothesis)
        common, own = math.sqrt(abs(rho)), math.sqrt(1.0 - abs(rho))
        for s, sequence in enumerate(design.sequences):
            for k, treatment in enumerate(sequence):
                row = coef[h, s, k, 1]
                opposite = rho < 0.0 and treatment == design.treatments[1]
                row[CONSTANT] = -threshold(hypothesis.shares[treatment]) - shift[k]
                row[PATIENT_LEVEL] = -common if opposite else common
                row[RESIDUAL] = own
    draws = DrawList()
    draws.patient()
    dropout, residuals = draws.periods(design.periods)
    return MeansTables(
        draws=draws.table(),
        rows=np.array([dropout, residuals, 0, 0], np.int64),
        coef=coef,
        treatment=np.zeros((len(design.sequences), design.periods), np.int64),
        place=np.array(place, np.int64),
        visits=np.array(visits, np.int64),
        scale=np.array([-math.inf, math.inf, 1.0, 0.0]),
        binary=True,
        opposed=False,
        dropout=dropout_by_stored(scenario, visits.index(AFTER) if AFTER in visits else -1),
    )


class RatesFamily(Family[Rates]):
    """Responses whose rates are stated."""

    kernel = "means"

    def tables(
        self,
        scenario: Scenario,
        hypotheses: Sequence[Rates],
        readings: Sequence[Reading],
        place: Sequence[int],
    ) -> MeansTables:
        visits = [AFTER if r.measure in BINARY_MEASURES and not r.outcome else -1 for r in readings]
        return rates_tables(scenario, hypotheses, visits, place)

    def exact_effect(
        self, scenario: Scenario, hypothesis: Rates, weights: Mapping[str, float], reading: Reading
    ) -> float:
        return self.stated_effect(hypothesis, weights)

    def signature(
        self, scenario: Scenario, hypothesis: Rates, treatment: str, reading: Reading | None = None
    ) -> tuple[object, ...]:
        return (hypothesis.shares[treatment],)

    def stated_effect(self, hypothesis: Rates, weights: Mapping[str, float]) -> float:
        return to_12_digits(float(total(weights, hypothesis.shares)))

    def prediction(self, scenario: Scenario, hypothesis: Rates, treatment: str) -> StatedPrediction:
        rate = hypothesis.shares[treatment]
        if scenario.endpoint.measure == "remission":
            return StatedPrediction(remission=rate)
        return StatedPrediction(response=rate)

    def alike_in_two_periods(
        self, hypothesis: Rates, treatment: str, shifts: tuple[float, float]
    ) -> tuple[float, float]:
        first, second = (threshold(hypothesis.shares[treatment]) + shift for shift in shifts)
        both = bivariate_normal(first, second, latent_correlation(hypothesis))
        return float(ndtr(first)) - both, float(ndtr(second)) - both

    def typical_size(self, scenario: Scenario, hypothesis: Rates, reading: Reading) -> float:
        return 1.0

    def response_chances(
        self,
        scenario: Scenario,
        hypothesis: Rates,
        sequences: Sequence[Sequence[str]],
        treatments: Sequence[str],
    ) -> list[list[float]]:
        """A period effect shifts the latent threshold."""
        shift, rho = scenario.population.period_effect, latent_correlation(hypothesis)
        rows = []
        for sequence in sequences:
            at = [threshold(hypothesis.shares[a]) + shift[sequence.index(a)] for a in treatments]
            p = [float(ndtr(x)) for x in at]
            if len(treatments) == 1:
                rows.append([1.0 - p[0], p[0]])
            else:
                joint = bivariate_normal(at[0], at[1], rho)
                rows.append([1.0 - p[0] - p[1] + joint, p[1] - joint, p[0] - joint, joint])
        return rows

    def open_numbers(self, hypothesis: Rates) -> OpenNumbers | None:
        """Discordant shares alone do not say how many respond."""
        if hypothesis.rates:
            return None
        hint = "add rates = { A = share who respond to A, B = ... }"
        return OpenNumbers("how many respond to each treatment", hint)

    def assumed_numbers(
        self, hypothesis: Rates, stated: Mapping[str, object], reference: str
    ) -> Iterator[AssumedNumber]:
        return numbers_in(stated, apart=("uncertainty",))


FAMILY = RatesFamily()
