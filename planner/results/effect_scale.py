"""How effects are given: as differences, or as the ratio of geometric means of a log-normal endpoint.

Everything is simulated, analysed and added up on the scale of the analysis, for a log-normal endpoint on
natural logarithms. Only here they become ratios, in per cent: 95 where the first treatment's geometric mean
is 5 % lower. Monte Carlo errors follow by the delta method. The mean of the ratios themselves is never taken:
by the skewness of ratios it would show a bias where there is none.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

from planner.model.estimand import Truth
from planner.monitoring.numerics import to_12_digits
from planner.results.cells import CarryoverFigures, Cell, EstimateFigures, RatioFigures
from planner.results.figures import Figure
from planner.results.number_text import plain, plus_minus, signed
from planner.scenario.scenario import Scenario
from planner.scenario.vocabulary import BINARY_MEASURES

RATIO = "ratio of geometric means"

_THOUSANDS = 1000.0  # per cent, beyond which no decimal is shown
_FARTHEST = 600.0  # of a logarithm: what is farther has no ratio that a number could hold


class Unit(NamedTuple):
    """How the effects on a measure are given: with a factor, as shares of patients in percentage points; or
    as a ratio, where `x` and its error are of logarithms."""

    name: str
    factor: float = 1.0
    ratio: bool = False

    def effect(self, x: float) -> float:
        """An effect: as it is, or the ratio in per cent."""
        return to_12_digits(100.0 * _exp(x)) if self.ratio else x

    def effect_error(self, x: float, mcse: float | None) -> float | None:
        """The error of the effect where that of x is `mcse`."""
        return 100.0 * _exp(x) * mcse if self.ratio and mcse is not None else mcse

    def truth(self, truth: Truth) -> Truth:
        """What is true, as it is given."""
        stated = None if truth.stated is None else self.effect(truth.stated)
        mcse = self.effect_error(truth.effect, truth.mcse) or 0.0
        return replace(truth, effect=self.effect(truth.effect), mcse=mcse, stated=stated)

    def change(self, x: float) -> float:
        """A change of the estimate: as it is, or in per cent of the ratio."""
        return 100.0 * math.expm1(_within(x)) if self.ratio else x

    def analysed(self, effect: float) -> float:
        """The effect on the scale of the analysis, where it is given so."""
        return math.log(effect / 100.0) if self.ratio else effect

    def effect_text(self, effect: float, error: float | None = None, *, with_name: bool = False) -> str:
        """An effect as people read it, with its Monte Carlo error if it has one; differences with a sign."""
        value = effect * self.factor
        if error:
            text = plus_minus(value, error * self.factor, sign=not self.ratio)
        else:
            text = _ratio_text(value) if self.ratio else signed(value)
        return f"{text} {self.name}".rstrip() if with_name else text


def _ratio_text(value: float) -> str:
    """A ratio with a decimal or more: 95.0, 69.84."""
    text = plain(value)
    return text if "." in text or value >= _THOUSANDS else f"{text}.0"


def _within(x: float) -> float:
    return min(x, _FARTHEST)


def _exp(x: float) -> float:
    return math.exp(_within(x))


def measured(scenario: Scenario, x: float) -> float:
    """A value of the endpoint as it is measured, from the one that is analysed, which may be a logarithm."""
    return to_12_digits(_exp(x)) if scenario.endpoint.on_logs else x


def measure_unit(scenario: Scenario, measure: str, outcome: str = "") -> Unit:
    """The unit of a measure of the endpoint, or of a secondary outcome, and of differences in it."""
    if outcome:
        return Unit(scenario.outcomes[outcome].unit)
    if measure in BINARY_MEASURES:
        return Unit("percentage points", 100.0)
    return Unit("%" if measure == "percent-change" else scenario.endpoint.unit)


def effect_unit(scenario: Scenario, measure: str, outcome: str = "") -> Unit:
    """How effects on a measure are given."""
    if scenario.endpoint.on_logs and not outcome:
        return Unit("%", ratio=True)
    return measure_unit(scenario, measure, outcome)


def unit_of(scenario: Scenario, analysis: str) -> Unit:
    """How the effects of an analysis, by its name, are given."""
    about = next(each for each in scenario.analyses if each.name == analysis)
    return effect_unit(scenario, about.measure or scenario.endpoint.measure, about.outcome)


def on_effect_scale(cell: Cell, unit: Unit) -> Cell:
    """A cell as it was added up, with effects as they are given, and those of logarithms beside them."""
    if not unit.ratio:
        return cell
    truth = Truth(cell.true_effect, cell.true_effect_mcse, cell.is_null, cell.stated_effect)
    given = unit.truth(truth)
    return replace(
        cell,
        true_effect=given.effect,
        stated_effect=given.stated,
        true_effect_mcse=given.mcse,
        limits=None if cell.limits is None else (unit.effect(cell.limits[0]), unit.effect(cell.limits[1])),
        margin=None if cell.margin is None else unit.effect(cell.margin),
        estimate=_ratios(cell.estimate, unit),
        estimate_log=cell.estimate,
    )


def _ratios(estimate: EstimateFigures, unit: Unit) -> RatioFigures:
    """Estimates as ratios. Exaggeration, coverage and wrong sign are what they are on logarithms."""

    def bias(x: float | None, mcse: float | None) -> tuple[float | None, float | None]:
        return (None, None) if x is None else (unit.change(x), unit.effect_error(x, mcse))

    mean = estimate.mean
    pairs = {
        name: bias(getattr(estimate, name), getattr(estimate, f"{name}_mcse"))
        for name in ("bias", "bias_given_early_stop", "bias_given_early_efficacy", "bias_given_futility")
    }
    return RatioFigures(
        mean=None if mean is None else unit.effect(mean),
        mean_mcse=None if mean is None else unit.effect_error(mean, estimate.mean_mcse),
        **{name: value for name, (value, _) in pairs.items()},
        **{f"{name}_mcse": error for name, (_, error) in pairs.items()},
        empirical_se=None,
        empirical_se_mcse=None,
        rmse=None,
        rmse_mcse=None,
        coverage=estimate.coverage,
        exaggeration_given_efficacy=estimate.exaggeration_given_efficacy,
        exaggeration_given_efficacy_mcse=estimate.exaggeration_given_efficacy_mcse,
        wrong_sign=estimate.wrong_sign,
        error_range=estimate.error_range,
        beyond_range=estimate.beyond_range,
        empirical_se_is_rough=estimate.empirical_se_is_rough,
    )


def carryover_on_effect_scale(figures: CarryoverFigures, unit: Unit) -> CarryoverFigures:
    """The bias from carryover as it is given: of a ratio in per cent."""
    if not unit.ratio:
        return figures
    bias = figures.bias
    ends = [None if end is None else unit.change(end) for end in (bias.low, bias.high)]
    error = unit.effect_error(bias.estimate, bias.mcse)
    return replace(figures, bias=Figure(unit.change(bias.estimate), error, *ends))
