"""Tallies to operating characteristics, each with its Monte Carlo error: the result of a simulation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from planner import engine
from planner.canonical import digest
from planner.departures import Departed, departed
from planner.guesses import guesses
from planner.kernels.tables import (
    ABOVE,
    BELOW,
    COVERED,
    FINISHED,
    FINISHED_SQUARE,
    FUTILE,
    TRIALS,
    UNDEFINED,
    Ints,
)
from planner.monitoring import Looks
from planner.montecarlo import Json, Moments, design_effects, mean, probability, widened
from planner.scenario import Scenario
from planner.version import __version__

if TYPE_CHECKING:
    import polars

ENGINE = "1"  # changes when the same scenario and seed give other trials


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
        left = [departed(self.scenario, followed) for followed in tally.followed]
        return [
            widened(
                cell_of(test, d, tally.trials, tally.ends[h, a, d], tally.free[h, a, d], left[h]),
                design_effects(work, test.looks[d], tally.ends[h, a, d], tally.between[h, a, d]),
            )
            | guesses(work, tally, h)
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
    uncertain: bool = False,
    variants: int | None = None,
    name: str = "scenario",
) -> Run:
    """Simulate a scenario and return its operating characteristics.

    `patients`: numbers of patients to evaluate, all from the same virtual patients (default: the scenario's).
    `precision`: add trials until the Monte Carlo standard errors of power and of early stops are at most
    this, or until `trials` are done (default 10^8 then). `progress(done, total)` is called about ten times a
    second. `uncertain`: divide the trials over so many `variants` (default 500) in which every uncertain
    number has a drawn value, so that power is averaged over what is uncertain; with a `precision`, add
    variants of 1,024 trials each, at most so many (default 100,000).
    """
    from planner.simulating import How

    if precision is None:
        trials = trials or scenario.simulation.trials
    how = How(trials, precision, uncertain, variants)
    part = how.part(scenario, seed, patients=patients, name=name)
    found = how.simulated([part], threads, progress)
    return replace(found.runs[0], remarks=(*scenario.remarks, *found.remarks))


def cell_of(test: engine.Test, d: int, trials: int, ends: Ints, free: Ints, left: Departed) -> Json:
    """A cell of the JSON contract from the sums of design d, as of independent trials."""
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
        "stated_effect": test.truth.stated,
        "true_effect_mcse": test.truth.mcse,
        "is_null": test.truth.is_null,
        "power": probability(efficacy, trials),
        "stopped_early": probability(int(early.sum()), trials),
        "looks": [_look(looks, k, trials, count[k], left) for k in range(len(looks.counts))],
        "expected_patients": mean(float((stopped * at).sum()), float((stopped * at * at).sum()), trials),
        "expected_completers": mean(float(finished), float(ends[:, :, FINISHED_SQUARE].sum()), trials),
        "estimate": _estimate(test, ends, len(looks.counts), trials),
        "undefined": probability(undefined, trials),
        **left.figures,
        "sweep": {},
        "note": "",
    }
    if test.rules.futile and not looks.boundary.binding:
        cell["power_ignoring_futility"] = probability(int(free.sum()), trials)
    cell["note"] = _note(cell)
    return cell


def _look(looks: Looks, k: int, trials: int, count: Ints, left: Departed) -> Json:
    boundary = looks.boundary
    error = {"completers_mcse": looks.counts[k] * left.mcse} if left.mcse is not None else {}
    return {
        "look": k + 1,
        "information": looks.fractions[k],
        "patients": looks.counts[k],
        "completers": looks.counts[k] * left.retention,
        **error,
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
    others = _inseparable(run, cells)
    undefined: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        if cell["hypothesis"] not in others:
            continue  # its figures are those of another hypothesis, under which they are told
        under = " = ".join([cell["hypothesis"], *others[cell["hypothesis"]]])
        shown = cell.get("power_ignoring_futility") or cell["power"]
        if cell["is_null"] and shown["estimate"] - cell["alpha"] > 3 * shown["mcse"]:
            warnings.append(
                f"type I error of {cell['analysis']} under {under} is {shown['estimate']:.4f} "
                f"(Monte Carlo SE {shown['mcse']:.4f}), above alpha = {cell['alpha']:g}"
            )
        if cell["undefined"] and (share := cell["undefined"]["estimate"]) > 0:
            told = f"{share:.2%}" if share >= 0.0001 else "less than 0.01%"
            undefined.setdefault((cell["analysis"], told), []).append(under)
    for (analysis, told), unders in undefined.items():
        under = "" if len(unders) == len(others) else f" under {', '.join(unders)}"
        warnings.append(
            f"{analysis}{under} could not be computed in {told} of the trials; they count as not significant"
        )
    return warnings


def _inseparable(run: Run, cells: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The hypotheses, each with those that the design cannot separate from it; of a class only the first."""
    from planner.predicted import classes

    names = list(dict.fromkeys(cell["hypothesis"] for cell in cells))
    return {group[0]: group[1:] for group in classes(run.scenario, names)}


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
