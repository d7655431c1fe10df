"""Means of a log-normal endpoint: what is normal are logarithms, which are those of family `means`.

    ln y_ik = ln(mean_d) + b_i + ln(period ratio) + ln(carryover ratio) + e_ik

with SDs sqrt(ln(1 + CV^2)) of b and e. Effects are differences of logarithms: planner.results turns them into
ratios. Everything that reaches a simulated value is rounded correctly: see planner.scenario.logs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from planner.kernels.tables import MeansTables
from planner.model.assumed_numbers import AssumedNumber, numbers_in, varies
from planner.model.families.family import EffectParameter, Family, NormalScores, StatedPrediction
from planner.model.families.means import AFTER, means_tables
from planner.model.families.means import FAMILY as ON_LOGS
from planner.model.readings import Reading
from planner.scenario.families.lognormal import USUAL_CV_BETWEEN, LogNormal
from planner.scenario.families.means import Means
from planner.scenario.logs import ln, log_contrast
from planner.scenario.scenario import Scenario


def on_logs(hypothesis: LogNormal) -> Means:
    """The hypothesis about logarithms."""
    return Means(
        label=hypothesis.label,
        means={a: ln(mean) for a, mean in hypothesis.means.items()},
        sd_within=hypothesis.within,
        sd_between=hypothesis.between,
        sd_interaction=hypothesis.sd_interaction,
        carryover={a: ln(ratio) for a, ratio in hypothesis.carryover.items()},
        carryover_lasts=hypothesis.carryover_lasts,
    )


class LogNormalFamily(Family[LogNormal]):
    """Scores whose geometric means are stated; they predict no other reading."""

    kernel = "means"
    effect_setting = "means"

    def tables(
        self,
        scenario: Scenario,
        hypotheses: Sequence[LogNormal],
        readings: Sequence[Reading],
        place: Sequence[int],
    ) -> MeansTables:
        measure = scenario.endpoint.measure
        visits = [AFTER if r.measure == measure and not r.outcome else -1 for r in readings]
        return means_tables(scenario, [on_logs(each) for each in hypotheses], visits, place)

    def exact_effect(
        self, scenario: Scenario, hypothesis: LogNormal, weights: Mapping[str, float], reading: Reading
    ) -> float:
        return log_contrast(weights, hypothesis.means)

    def signature(
        self, scenario: Scenario, hypothesis: LogNormal, treatment: str, reading: Reading | None = None
    ) -> tuple[object, ...]:
        return hypothesis.means[treatment], hypothesis.within[treatment]

    def stated_effect(self, hypothesis: LogNormal, weights: Mapping[str, float]) -> float:
        return log_contrast(weights, hypothesis.means)

    def prediction(self, scenario: Scenario, hypothesis: LogNormal, treatment: str) -> StatedPrediction:
        """The geometric mean."""
        return StatedPrediction(mean=hypothesis.means[treatment])

    def typical_size(self, scenario: Scenario, hypothesis: LogNormal, reading: Reading) -> float:
        return ON_LOGS.typical_size(scenario, on_logs(hypothesis), reading)

    def effect_parameter(
        self, hypothesis: LogNormal, weights: Mapping[str, float]
    ) -> EffectParameter[LogNormal]:
        """The geometric mean of the contrast's first treatment is moved."""
        parameter, first = ON_LOGS.effect_parameter(on_logs(hypothesis), weights), next(iter(weights))

        def moved(change: float) -> LogNormal:
            mean = math.exp(parameter.moved(change).means[first])
            return hypothesis.model_copy(update={"means": {**hypothesis.means, first: mean}})

        return EffectParameter(log_contrast(weights, hypothesis.means), parameter.sd, parameter.sd, moved)

    def normal_scores(self, hypothesis: LogNormal) -> NormalScores:
        return ON_LOGS.normal_scores(on_logs(hypothesis))

    def default_between(self, hypothesis: LogNormal) -> str:
        usual = hypothesis.cv_between == USUAL_CV_BETWEEN
        return f"cv_between is {USUAL_CV_BETWEEN:g}" if usual else ""

    def variance_ratio(self, hypothesis: LogNormal) -> float | None:
        return ON_LOGS.variance_ratio(on_logs(hypothesis))

    def assumed_numbers(
        self, hypothesis: LogNormal, stated: Mapping[str, Any], reference: str
    ) -> Iterator[AssumedNumber]:
        """Of geometric means the difference from the reference; of ratios how far they are from 1."""
        means = stated["means"]
        for treatment, mean in means.items():
            difference = mean - means.get(reference, mean)
            if treatment != reference and difference != 0.0:
                label = f"difference {treatment} − {reference}"
                yield AssumedNumber(("means", treatment), difference, label, means[reference])
        for key in ("cv_within", "sd_within"):
            if varies(stated.get(key)):
                yield AssumedNumber((key,), stated[key], key)
        for treatment, ratio in stated.get("carryover", {}).items():
            if ratio != 1.0:
                label = f"carryover.{treatment} − 1"
                yield AssumedNumber(("carryover", treatment), ratio - 1.0, label, 1.0)
        apart = ("means", "cv_within", "sd_within", "carryover", "uncertainty")
        yield from numbers_in(stated, apart=apart)

    def carries(self, scenario: Scenario, hypothesis: LogNormal) -> bool:
        return ON_LOGS.carries(scenario, on_logs(hypothesis)) or any(
            "carryover" in key for key in hypothesis.uncertainty
        )

    def without_carryover(self, hypothesis: LogNormal) -> LogNormal:
        return hypothesis.model_copy(update={"carryover": {}})

    def stated_carryover(self, hypothesis: LogNormal) -> Mapping[str, float]:
        """The ratios."""
        return {a: ratio for a, ratio in hypothesis.carryover.items() if ratio != 1.0}

    def unequal_carryover(self, scenario: Scenario, hypothesis: LogNormal) -> Mapping[str, float]:
        left = {a: hypothesis.carryover.get(a, 1.0) for a in scenario.design.treatments}
        return left if len(set(left.values())) > 1 else {}


FAMILY = LogNormalFamily()
