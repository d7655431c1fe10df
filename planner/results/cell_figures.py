"""The figures of a cell from what was added up of its trials."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from planner.engine.cells import HypothesisTest
from planner.kernels.tables import (
    ABOVE,
    BELOW,
    COVERED,
    FAR,
    FAR_FOURTH,
    FARTHEST,
    FINISHED,
    FINISHED_SQUARE,
    FUTILE,
    NO_TEST,
    TRIALS,
    UNDEFINED,
    Ints,
)
from planner.model.looks import MonitoringPlan
from planner.model.scaled_tables import widest_limits
from planner.results.cells import Cell, EquivalenceFigures, EstimateFigures, LookFigures
from planner.results.contract import Json
from planner.results.dropout import DropoutFigures
from planner.results.error_moments import ErrorMoments
from planner.results.figures import (
    Figure,
    early_stop_variance,
    mean,
    probability,
    probability_among,
    smooth,
)
from planner.results.irregular_trials import on_errors, on_undefined
from planner.results.scaled_figures import scaled_figures


def cell_of(
    test: HypothesisTest,
    d: int,
    trials: int,
    ends: Ints,
    free: Ints,
    irregular: Ints,
    parts: Ints,
    dropout: DropoutFigures,
) -> Cell:
    """A cell from the sums of design d, as of independent trials; trials: at least 1."""
    looks, analysis = test.looks[d], test.analysis
    count = ends[:, :, TRIALS]
    early = count[: len(looks.counts) - 1]
    patients, completers = _expected(ends, looks, trials, dropout, fixed=test.two_stage)
    widest = widest_limits(analysis)
    goes_on = test.futile and not looks.boundary.binding
    cell = Cell(
        trials=trials,
        hypothesis=test.hypothesis,
        analysis=analysis.name,
        patients=looks.patients,
        alpha=analysis.alpha,
        alternative=analysis.alternative,
        **margins_in(looks),
        true_effect=test.truth.effect,
        stated_effect=test.truth.stated,
        true_effect_mcse=test.truth.mcse,
        is_null=test.truth.is_null,
        power=probability(int(count[:, looks.efficacy].sum()), trials),
        equivalence=_equivalence(count, trials) if looks.tests_equivalence else None,
        stopped_early=probability(int(early.sum()), trials),
        looks=tuple(
            _look(looks, k, trials, count[k], irregular[k], dropout) for k in range(len(looks.counts))
        ),
        expected_patients=patients,
        expected_completers=completers,
        estimate=_estimate(test, looks, ends, irregular),
        undefined=probability(int(ends[:, :, UNDEFINED].sum()), trials),
        departures=dropout.departures,
        power_ignoring_futility=probability(int(free.sum()), trials) if goes_on else None,
        scaled=None if widest is None else scaled_figures(parts, trials, widest),
    )
    return replace(cell, note=" ".join([*_notes(cell), *on_undefined(cell), *on_errors(cell)]))


def margins_in(looks: MonitoringPlan) -> Json:
    """The fields `limits` and `margin` of a cell, those that there are."""
    margins = looks.margins
    if margins is None:
        return {}
    return {"limits": (margins.low, margins.high)} if margins.two else {"margin": margins.finite[0]}


def _equivalence(count: Ints, trials: int) -> EquivalenceFigures:
    """count i64[look, ENDS]: trials by how they end."""
    equivalent = int(count[:, ABOVE].sum())
    return EquivalenceFigures(
        equivalent=probability(equivalent, trials),
        not_equivalent=probability(trials - equivalent, trials),
        different=probability(int(count[:, BELOW].sum()), trials),
    )


def _expected(
    ends: Ints, looks: MonitoringPlan, trials: int, dropout: DropoutFigures, *, fixed: bool
) -> tuple[Figure, Figure]:
    """Patients and completers of a trial, with errors that are not 0 for want of early stops or dropout.

    `fixed`: the last look need not be of all patients, so that no early stop saves a known number of them.
    """
    stopped = ends[: len(looks.counts), :, TRIALS].sum(axis=1)
    at = np.array(looks.counts, np.int64)
    total, square = float(stopped @ at), float(stopped @ (at * at))
    patients = mean(total, square, trials)
    early = int(stopped[:-1].sum())
    more = 0.0 if fixed else early_stop_variance(total, square, trials, early, looks.counts)
    finished = float(ends[:, :, FINISHED].sum())
    completers = mean(finished, float(ends[:, :, FINISHED_SQUARE].sum()), trials)
    some_leave = dropout.departures is not None or dropout.retention < 1.0
    gone = 2.0 / trials if some_leave else 0.0  # two more patients leave
    return (
        smooth(patients, more, trials, looks.counts[0], looks.patients),
        smooth(completers, more * (finished / total) ** 2 + gone, trials, 0.0, looks.patients),
    )


def _look(
    looks: MonitoringPlan, k: int, trials: int, count: Ints, irregular: Ints, dropout: DropoutFigures
) -> LookFigures:
    boundary = looks.boundary
    return LookFigures(
        look=k + 1,
        information=looks.fractions[k],
        patients=looks.counts[k],
        completers=looks.counts[k] * dropout.retention,
        completers_mcse=None if dropout.mcse is None else looks.counts[k] * dropout.mcse,
        efficacy_z=_finite(boundary.efficacy_z[k]),
        futility_z=_finite(boundary.futility_z[k]),
        nominal_p=boundary.nominal_p[k],
        efficacy=probability(int(count[looks.efficacy].sum()), trials),
        futility=probability(int(count[FUTILE]), trials),
        undefined=probability(int(irregular[NO_TEST]), trials),
    )


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _estimate(test: HypothesisTest, plan: MonitoringPlan, ends: Ints, irregular: Ints) -> EstimateFigures:
    looks, efficacy = len(plan.counts), plan.efficacy
    every = ErrorMoments.of(ends, test.unit, bool(irregular[:, FAR_FOURTH].any()))
    early = ErrorMoments.of(ends[: looks - 1], test.unit)
    futile = ErrorMoments.of(ends[: looks - 1, FUTILE], test.unit)
    early_efficacy = ErrorMoments.of(ends[: looks - 1, efficacy], test.unit)
    significant = ErrorMoments.of(ends[:, efficacy], test.unit)
    truth = test.truth.effect
    covered = int(ends[:, :, COVERED].sum())
    significant_trials = int(ends[:, efficacy, TRIALS].sum())
    wrong = int(ends[:, BELOW if truth > 0 else ABOVE, TRIALS].sum())
    bias, relative = every.mean, significant.mean
    return EstimateFigures(
        mean=None if bias is None else truth + bias,
        mean_mcse=every.mean_mcse,
        bias=bias,
        bias_mcse=_with_truth(every.mean_mcse, test),
        empirical_se=every.sd,
        empirical_se_mcse=every.sd_mcse,
        rmse=every.rmse,
        rmse_mcse=every.rmse_mcse,
        coverage=probability_among(covered, every.n),
        bias_given_early_stop=early.mean,
        bias_given_early_stop_mcse=_with_truth(early.some_mcse, test),
        bias_given_early_efficacy=early_efficacy.mean,
        bias_given_early_efficacy_mcse=_with_truth(early_efficacy.some_mcse, test),
        bias_given_futility=futile.mean,
        bias_given_futility_mcse=_with_truth(futile.some_mcse, test),
        exaggeration_given_efficacy=None if relative is None or truth == 0 else 1 + relative / truth,
        exaggeration_given_efficacy_mcse=_scaled(_with_truth(significant.some_mcse, test), truth),
        wrong_sign=None if truth == 0 or plan.margins else probability_among(wrong, significant_trials),
        error_range=FARTHEST * test.unit,
        beyond_range=probability_among(int(irregular[:, FAR].sum()), every.n),
        empirical_se_is_rough=every.coarse,
    )


def _with_truth(mcse: float | None, test: HypothesisTest) -> float | None:
    """A standard error with that of the true effect, where the truth itself is simulated."""
    return None if mcse is None else math.hypot(mcse, test.truth.mcse)


def _scaled(x: float | None, truth: float) -> float | None:
    return None if x is None or truth == 0 else x / abs(truth)


def _notes(cell: Cell) -> list[str]:
    notes = []
    if cell.is_null:
        notes.append("The null hypothesis is true: power is the type I error.")
        if cell.true_effect == 0 and cell.estimate.exaggeration_given_efficacy is None:
            notes.append("Exaggeration and wrong sign do not exist without a true effect.")
    if cell.power.estimate == 0:
        notes.append("No trial was significant.")
    return notes
