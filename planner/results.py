"""Tallies to operating characteristics, each with its Monte Carlo error.

Monte Carlo errors follow Morris, White and Crowther (2019, table 6). Probabilities carry Wilson intervals
and a standard error from (x + 2) / (trials + 4), which is never 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from planner import engine
from planner.canonical import digest
from planner.kernels.tables import (
    ABOVE,
    BELOW,
    COVERED,
    ERROR,
    FINISHED,
    FINISHED_SQUARE,
    FIXED_POINT,
    FOURTH,
    FUTILE,
    SQUARE,
    TRIALS,
    UNDEFINED,
    Ints,
)
from planner.monitoring import Looks
from planner.scenario import Scenario
from planner.version import __version__
from planner.world import retention

if TYPE_CHECKING:
    import polars

Json = dict[str, Any]

Z95 = 1.959963984540054
ENGINE = "1"  # changes when the same scenario and seed give other trials


def probability(x: int, n: int) -> Json | None:
    """Estimate, standard error and Wilson interval of a probability; None if there was nothing to count."""
    if n == 0:
        return None
    p = x / n
    smooth = (x + 2) / (n + 4)
    middle = (x + Z95 * Z95 / 2) / (n + Z95 * Z95)
    half = Z95 / (n + Z95 * Z95) * math.sqrt(x * (n - x) / n + Z95 * Z95 / 4)
    return {
        "estimate": p,
        "mcse": math.sqrt(smooth * (1 - smooth) / (n + 4)),
        "low": max(0.0, min(middle - half, p)),
        "high": min(1.0, max(middle + half, p)),
    }


def mean(total: float, square: float, n: int) -> Json | None:
    """Mean, its standard error and 95 % interval from a sum and a sum of squares."""
    if n == 0:
        return None
    average = total / n
    variance = max(square / n - average * average, 0.0)
    mcse = math.sqrt(variance / (n - 1)) if n > 1 else None
    return {
        "estimate": average,
        "mcse": mcse,
        "low": average - Z95 * mcse if mcse is not None else None,
        "high": average + Z95 * mcse if mcse is not None else None,
    }


@dataclass(frozen=True, slots=True)
class Moments:
    """Count and moments about 0 of the error of the estimate (estimate minus truth), in points."""

    n: int
    first: float
    second: float
    fourth: float

    @classmethod
    def of(cls, sums: Ints, unit: float) -> Moments:
        """Of the trials whose sums i64[..., SUMS] are given, those with a defined estimate."""
        total = [int(x) for x in sums.reshape(-1, sums.shape[-1]).sum(axis=0)]
        return cls(
            total[TRIALS] - total[UNDEFINED],
            total[ERROR] / FIXED_POINT * unit,
            total[SQUARE] / FIXED_POINT * unit**2,
            total[FOURTH] / FIXED_POINT * unit**4,
        )

    @property
    def mean(self) -> float | None:
        return self.first / self.n if self.n else None

    @property
    def sd(self) -> float | None:
        """Sample standard deviation."""
        if self.n < 2:
            return None
        return math.sqrt(max(self.second - self.first * self.first / self.n, 0.0) / (self.n - 1))

    @property
    def mean_mcse(self) -> float | None:
        sd = self.sd
        return None if sd is None else sd / math.sqrt(self.n)

    @property
    def sd_mcse(self) -> float | None:
        """Sd / sqrt(2 (n - 1)), as for a normal estimate."""
        sd = self.sd
        return None if sd is None else sd / math.sqrt(2 * (self.n - 1))

    @property
    def rmse(self) -> float | None:
        return math.sqrt(self.second / self.n) if self.n else None

    @property
    def rmse_mcse(self) -> float | None:
        """Delta method on the mean squared error."""
        rmse = self.rmse
        if rmse is None or self.n < 2:
            return None
        if rmse == 0.0:
            return 0.0
        variance = max(self.fourth / self.n - rmse**4, 0.0) / (self.n - 1)
        return math.sqrt(variance) / (2 * rmse)


@dataclass(frozen=True)
class Run:
    """The result of `simulate`: tallies, and everything that is shown of them."""

    scenario: Scenario
    name: str
    outcome: engine.Outcome
    remarks: tuple[str, ...] = ()  # warnings beside those that follow from the figures

    @property
    def partial(self) -> bool:
        """Whether the run was interrupted before all trials were done."""
        return self.outcome.partial

    @property
    def trials(self) -> int:
        return self.outcome.tally.trials

    def digest(self) -> str:
        """Name of the result: the same scenario, seed, trials and engine give the same digest everywhere."""
        import hashlib

        tally = self.outcome.tally
        text = f"{digest(self.scenario)} {self.outcome.work.seed} {tally.trials} {ENGINE} {tally.ends.shape}"
        data = tally.ends.astype("<i8").tobytes() + tally.free.astype("<i8").tobytes()
        return hashlib.sha256(text.encode() + data).hexdigest()

    def cells(self) -> list[Json]:
        """One for each hypothesis, analysis and number of patients, in the form of the JSON contract."""
        work, tally = self.outcome.work, self.outcome.tally
        stay = retention(self.scenario)
        return [
            _widened(
                _cell(test, d, tally.trials, tally.ends[h, a, d], tally.free[h, a, d], stay),
                _design_effects(work, test.looks[d], tally.ends[h, a, d], tally.between[h, a, d]),
            )
            for h, tests in enumerate(work.tests)
            for a, test in enumerate(tests)
            for d in range(len(work.designs))
        ]

    def to_json(self) -> Json:
        """The `planner.run/1` object."""
        cells = self.cells()
        seconds = self.outcome.seconds
        return {
            "schema": "planner.run/1",
            "scenario": {"name": self.name, "title": self.scenario.title, "digest": digest(self.scenario)},
            "run": {
                "trials": self.trials,
                "seed": self.outcome.work.seed,
                "planner": __version__,
                "engine": ENGINE,
                "seconds": seconds,
                "trials_per_second": self.trials / seconds if seconds > 0 else None,
                "digest": self.digest(),
            },
            "cells": cells,
            "partial": self.partial,
            "warnings": _warnings(self, cells),
        }

    def frame(self) -> polars.DataFrame:
        """The cells as a table, one row each, keys flattened with an underscore; looks numbered from 1."""
        import polars

        return polars.DataFrame([flat(cell) for cell in self.cells()], infer_schema_length=None)

    def _repr_html_(self) -> str:
        html: str = self.frame()._repr_html_()
        return html


def simulate(
    scenario: Scenario,
    *,
    trials: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: engine.Progress | None = None,
    patients: Sequence[int] | None = None,
    precision: float | None = None,
    name: str = "scenario",
) -> Run:
    """Simulate a scenario and return its operating characteristics.

    `patients`: numbers of patients to evaluate, all from the same virtual patients (default: the scenario's).
    `precision`: add trials until the Monte Carlo standard errors of power and of early stops are at most
    this, or until `trials` are done (default 10^8 then). `progress(done, total)` is called about ten times a
    second.
    """
    work = engine.job(scenario, seed=seed, patients=patients)
    if precision is not None:
        from planner.precision import until_precise

        found = until_precise([(scenario, work)], precision, most=trials, threads=threads, progress=progress)
        return Run(scenario, name, found.outcomes[0], found.remarks)
    outcome = engine.run(work, trials or scenario.simulation.trials, threads=threads, progress=progress)
    return Run(scenario, name, outcome)


def _design_effects(work: engine.Job, looks: Looks, ends: Ints, between: Ints) -> tuple[float, float]:
    """Variance of (rates, estimates) relative to that of independent trials.

    The 128 trials of a tile share one randomisation list. Where a look comes within a randomisation block,
    the list decides which sequence has one patient more, and with it a little of what all of them show.
    Measured by the spread between tiles, of significant trials and of estimates; 1 where every look ends
    with a block.
    """
    tiles = int(between[0])
    if tiles < 2 or all(m % work.plan.block.size == 0 for m in looks.counts):
        return 1.0, 1.0
    n = int(ends[:, :, TRIALS].sum())
    x = int(ends[:, [ABOVE, BELOW], TRIALS].sum())
    error = float(ends[:, :, ERROR].sum()) / 2**20  # in 2^-12 of the unit, as summed between tiles
    variance = float(ends[:, :, SQUARE].sum()) / FIXED_POINT * 2.0**24 / n - (error / n) ** 2

    def effect(squares: int, total: float, alone: float) -> float:
        if alone <= 0.0:
            return 1.0
        return max(1.0, (squares - total * total / tiles) / (tiles - 1) / (n / tiles * alone))

    return effect(int(between[1]), x, x * (n - x) / n**2), effect(int(between[2]), error, variance)


def widen(value: Any, factor: float) -> Any:
    """Monte Carlo errors and intervals in a part of a cell (JSON contract), times a factor."""
    if isinstance(value, list):
        return [widen(item, factor) for item in value]
    if not isinstance(value, dict):
        return value
    wide = {
        k: v * factor if k.endswith("mcse") and v is not None else widen(v, factor) for k, v in value.items()
    }
    if (low := wide.get("low")) is not None:
        middle, high = wide["estimate"], wide["high"]
        rate = low >= 0.0 and high <= 1.0
        low, high = middle - factor * (middle - low), middle + factor * (high - middle)
        wide["low"], wide["high"] = (max(low, 0.0), min(high, 1.0)) if rate else (low, high)
    return wide


def _widened(cell: Json, effects: tuple[float, float]) -> Json:
    """A cell whose Monte Carlo errors allow for the design effects of (rates, estimates)."""
    if effects == (1.0, 1.0):
        return cell
    rates, estimates = (math.sqrt(effect) for effect in effects)
    note = (
        "Monte Carlo errors allow for the randomisation list that 128 trials share "
        f"(variance x {effects[0]:.2f} for rates, x {effects[1]:.2f} for estimates)."
    )
    wide: Json = widen(cell, rates)
    return wide | {
        "true_effect_mcse": cell["true_effect_mcse"],
        "estimate": widen(cell["estimate"], estimates),
        "note": " ".join(filter(None, (cell["note"], note))),
    }


def _cell(test: engine.Test, d: int, trials: int, ends: Ints, free: Ints, stay: float) -> Json:
    looks, analysis = test.looks[d], test.analysis
    count = ends[:, :, TRIALS]
    efficacy = int(count[:, [ABOVE, BELOW]].sum())
    early = count[: len(looks.counts) - 1]
    finished = int(ends[:, :, FINISHED].sum())
    undefined = int(ends[:, :, UNDEFINED].sum())
    at = np.array([*looks.counts, *[0] * (count.shape[0] - len(looks.counts))], dtype=np.int64)
    stopped = count.sum(axis=1)
    cell: Json = {
        "hypothesis": test.hypothesis,
        "analysis": analysis.name,
        "patients": looks.patients,
        "alpha": analysis.alpha,
        "alternative": analysis.alternative,
        "true_effect": test.truth.effect,
        "true_effect_mcse": test.truth.mcse,
        "is_null": test.truth.is_null,
        "power": probability(efficacy, trials),
        "stopped_early": probability(int(early.sum()), trials),
        "looks": [_look(looks, k, trials, count[k], stay) for k in range(len(looks.counts))],
        "expected_patients": mean(float((stopped * at).sum()), float((stopped * at * at).sum()), trials),
        "expected_completers": mean(float(finished), float(ends[:, :, FINISHED_SQUARE].sum()), trials),
        "estimate": _estimate(test, ends, len(looks.counts), trials),
        "undefined": probability(undefined, trials),
        "sweep": {},
        "note": "",
    }
    if test.rules.futile and not looks.boundary.binding:
        cell["power_ignoring_futility"] = probability(int(free.sum()), trials)
    cell["note"] = _note(cell)
    return cell


def _look(looks: Looks, k: int, trials: int, count: Ints, stay: float) -> Json:
    boundary = looks.boundary
    return {
        "look": k + 1,
        "information": looks.fractions[k],
        "patients": looks.counts[k],
        "completers": looks.counts[k] * stay,
        "efficacy_z": _finite(boundary.efficacy_z[k]),
        "futility_z": _finite(boundary.futility_z[k]),
        "nominal_p": boundary.nominal_p[k],
        "efficacy": probability(int(count[ABOVE] + count[BELOW]), trials),
        "futility": probability(int(count[FUTILE]), trials),
    }


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _estimate(test: engine.Test, ends: Ints, looks: int, trials: int) -> Json:
    every = Moments.of(ends, test.unit)
    early = Moments.of(ends[: looks - 1], test.unit)
    futile = Moments.of(ends[: looks - 1, FUTILE], test.unit)
    early_efficacy = Moments.of(ends[: looks - 1, [ABOVE, BELOW]], test.unit)
    significant = Moments.of(ends[:, [ABOVE, BELOW]], test.unit)
    truth = test.truth.effect
    covered = int(ends[:, :, COVERED].sum())
    found = int(ends[:, [ABOVE, BELOW], TRIALS].sum())
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
        "bias_given_early_stop_mcse": _with_truth(early.mean_mcse, test),
        "bias_given_early_efficacy": early_efficacy.mean,
        "bias_given_early_efficacy_mcse": _with_truth(early_efficacy.mean_mcse, test),
        "bias_given_futility": futile.mean,
        "bias_given_futility_mcse": _with_truth(futile.mean_mcse, test),
        "exaggeration_given_efficacy": None if relative is None or truth == 0 else 1 + relative / truth,
        "exaggeration_given_efficacy_mcse": _scaled(_with_truth(significant.mean_mcse, test), truth),
        "wrong_sign": None if truth == 0 else probability(wrong, found),
    }


def _with_truth(mcse: float | None, test: engine.Test) -> float | None:
    """A standard error with that of the true effect, where the truth itself is simulated."""
    return None if mcse is None else math.hypot(mcse, test.truth.mcse)


def _scaled(x: float | None, truth: float) -> float | None:
    return None if x is None or truth == 0 else x / abs(truth)


def _note(cell: Mapping[str, Any]) -> str:
    notes = []
    if cell["is_null"]:
        notes.append("The null hypothesis is true: power is the type I error.")
        if cell["true_effect"] == 0 and cell["estimate"]["exaggeration_given_efficacy"] is None:
            notes.append("Exaggeration and wrong sign do not exist without a true effect.")
    if cell["power"] and cell["power"]["estimate"] == 0:
        notes.append("No trial was significant.")
    return " ".join(notes)


def _warnings(run: Run, cells: Sequence[Mapping[str, Any]]) -> list[str]:
    warnings = list(run.remarks)
    if run.partial:
        warnings.append(f"interrupted: the figures are of the {run.trials} trials that were finished")
    for cell in cells:
        shown = cell.get("power_ignoring_futility") or cell["power"]
        if cell["is_null"] and shown["estimate"] - cell["alpha"] > 3 * shown["mcse"]:
            warnings.append(
                f"type I error of {cell['analysis']} under {cell['hypothesis']} is {shown['estimate']:.4f} "
                f"(Monte Carlo SE {shown['mcse']:.4f}), above alpha = {cell['alpha']:g}"
            )
        if cell["undefined"] and cell["undefined"]["estimate"] > 0:
            warnings.append(
                f"{cell['analysis']} under {cell['hypothesis']} could not be computed in "
                f"{cell['undefined']['estimate']:.2%} of the trials; they count as not significant"
            )
    return warnings


def flat(value: Any, prefix: str = "") -> Json:
    """A cell of the JSON contract as one row: keys joined by an underscore, elements numbered from 1."""
    row: Json = {}
    for key, item in value.items():
        name = f"{prefix}_{key}" if prefix else key
        if isinstance(item, dict):
            row |= flat(item, name)
        elif isinstance(item, list):
            for i, each in enumerate(item, start=1):
                row |= flat(each, f"{name}_{i}")
        else:
            row[name] = item
    return row
