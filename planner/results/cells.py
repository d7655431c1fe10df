"""A cell of the JSON contract: everything that is said of one analysis under one hypothesis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

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
from planner.results.dropout import DropoutFigures
from planner.results.error_moments import ErrorMoments
from planner.results.figures import Json, early_stop_variance, mean, probability, smooth
from planner.results.irregular_trials import on_errors, on_undefined


def cell_of(
    test: HypothesisTest,
    d: int,
    trials: int,
    ends: Ints,
    free: Ints,
    irregular: Ints,
    dropout: DropoutFigures,
) -> Json:
    """A cell of the JSON contract from the sums of design d, as of independent trials."""
    looks, analysis = test.looks[d], test.analysis
    count = ends[:, :, TRIALS]
    efficacy = int(count[:, [ABOVE, BELOW]].sum())
    early = count[: len(looks.counts) - 1]
    undefined = int(ends[:, :, UNDEFINED].sum())
    cell: Json = {
        "hypothesis": test.hypothesis,
        "analysis": analysis.name,
        "patients": looks.patients,
        "alpha": analysis.alpha,
        "alternative": analysis.alternative,
        "true_effect": test.truth.effect,
        "stated_effect": test.truth.stated,
        "true_effect_mcse": test.truth.mcse,
        "is_null": test.truth.is_null,
        "power": probability(efficacy, trials),
        "stopped_early": probability(int(early.sum()), trials),
        "looks": [_look(looks, k, trials, count[k], irregular[k], dropout) for k in range(len(looks.counts))],
        **_expected(ends, looks, trials, dropout),
        "estimate": _estimate(test, ends, irregular, len(looks.counts)),
        "undefined": probability(undefined, trials),
        **dropout.figures,
        "sweep": {},
        "note": "",
    }
    if test.futile and not looks.boundary.binding:
        cell["power_ignoring_futility"] = probability(int(free.sum()), trials)
    cell["note"] = " ".join([*_notes(cell), *on_undefined(cell), *on_errors(cell)])
    return cell


def _expected(ends: Ints, looks: MonitoringPlan, trials: int, dropout: DropoutFigures) -> Json:
    """Patients and completers of a trial, with errors that are not 0 for want of early stops or dropout."""
    stopped = ends[: len(looks.counts), :, TRIALS].sum(axis=1)
    at = np.array(looks.counts, np.int64)
    total, square = float(stopped @ at), float(stopped @ (at * at))
    patients = mean(total, square, trials)
    more = early_stop_variance(total, square, trials, int(stopped[:-1].sum()), looks.counts)
    finished = float(ends[:, :, FINISHED].sum())
    completers = mean(finished, float(ends[:, :, FINISHED_SQUARE].sum()), trials)
    gone = 2.0 / trials if dropout.figures or dropout.retention < 1.0 else 0.0  # two more patients leave
    return {
        "expected_patients": smooth(patients, more, trials, looks.counts[0], looks.patients),
        "expected_completers": smooth(
            completers, more * (finished / total) ** 2 + gone, trials, 0.0, looks.patients
        ),
    }


def _look(
    looks: MonitoringPlan, k: int, trials: int, count: Ints, irregular: Ints, dropout: DropoutFigures
) -> Json:
    boundary = looks.boundary
    error = {"completers_mcse": looks.counts[k] * dropout.mcse} if dropout.mcse is not None else {}
    return {
        "look": k + 1,
        "information": looks.fractions[k],
        "patients": looks.counts[k],
        "completers": looks.counts[k] * dropout.retention,
        **error,
        "efficacy_z": _finite(boundary.efficacy_z[k]),
        "futility_z": _finite(boundary.futility_z[k]),
        "nominal_p": boundary.nominal_p[k],
        "efficacy": probability(int(count[ABOVE] + count[BELOW]), trials),
        "futility": probability(int(count[FUTILE]), trials),
        "undefined": probability(int(irregular[NO_TEST]), trials),
    }


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _estimate(test: HypothesisTest, ends: Ints, irregular: Ints, looks: int) -> Json:
    every = ErrorMoments.of(ends, test.unit, bool(irregular[:, FAR_FOURTH].any()))
    early = ErrorMoments.of(ends[: looks - 1], test.unit)
    futile = ErrorMoments.of(ends[: looks - 1, FUTILE], test.unit)
    early_efficacy = ErrorMoments.of(ends[: looks - 1, [ABOVE, BELOW]], test.unit)
    significant = ErrorMoments.of(ends[:, [ABOVE, BELOW]], test.unit)
    truth = test.truth.effect
    covered = int(ends[:, :, COVERED].sum())
    significant_trials = int(ends[:, [ABOVE, BELOW], TRIALS].sum())
    wrong = int(ends[:, BELOW if truth > 0 else ABOVE, TRIALS].sum())
    bias, relative = every.mean, significant.mean
    return {
        "mean": None if bias is None else truth + bias,
        "mean_mcse": every.mean_mcse,
        "bias": bias,
        "bias_mcse": _with_truth(every.mean_mcse, test),
        "empirical_se": every.sd,
        "empirical_se_mcse": every.sd_mcse,
        "rmse": every.rmse,
        "rmse_mcse": every.rmse_mcse,
        "coverage": probability(covered, every.n),
        "bias_given_early_stop": early.mean,
        "bias_given_early_stop_mcse": _with_truth(early.some_mcse, test),
        "bias_given_early_efficacy": early_efficacy.mean,
        "bias_given_early_efficacy_mcse": _with_truth(early_efficacy.some_mcse, test),
        "bias_given_futility": futile.mean,
        "bias_given_futility_mcse": _with_truth(futile.some_mcse, test),
        "exaggeration_given_efficacy": None if relative is None or truth == 0 else 1 + relative / truth,
        "exaggeration_given_efficacy_mcse": _scaled(_with_truth(significant.some_mcse, test), truth),
        "wrong_sign": None if truth == 0 else probability(wrong, significant_trials),
        "error_range": FARTHEST * test.unit,
        "beyond_range": probability(int(irregular[:, FAR].sum()), every.n),
        "empirical_se_is_rough": every.coarse,
    }


def _with_truth(mcse: float | None, test: HypothesisTest) -> float | None:
    """A standard error with that of the true effect, where the truth itself is simulated."""
    return None if mcse is None else math.hypot(mcse, test.truth.mcse)


def _scaled(x: float | None, truth: float) -> float | None:
    return None if x is None or truth == 0 else x / abs(truth)


def _notes(cell: Mapping[str, Any]) -> list[str]:
    notes = []
    if cell["is_null"]:
        notes.append("The null hypothesis is true: power is the type I error.")
        if cell["true_effect"] == 0 and cell["estimate"]["exaggeration_given_efficacy"] is None:
            notes.append("Exaggeration and wrong sign do not exist without a true effect.")
    if cell["power"] and cell["power"]["estimate"] == 0:
        notes.append("No trial was significant.")
    return notes
