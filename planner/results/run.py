"""Tallies to operating characteristics, each with its Monte Carlo error: the result of a simulation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from planner._version import __version__
from planner.engine import run as engine
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
from planner.model.looks import Looks
from planner.model.stopping.remarks import at_one, at_several, held_at
from planner.results.blinding import guesses
from planner.results.carryover import Carried, Key, of_job, with_carryover
from planner.results.carryover_words import told, unit_of
from planner.results.cell_errors import widened
from planner.results.design_effect import APPROXIMATE, WARNING, Counted
from planner.results.digest import answer
from planner.results.dropout import Departed, departed
from planner.results.figures import Json, Moments, mean, probability, saved, smoothed
from planner.results.irregular import on_errors, on_undefined
from planner.results.irregular import warnings as irregular_warnings
from planner.results.whole_trial import trials_of
from planner.scenario.canonical.resolved import digest
from planner.scenario.scenario import Scenario

if TYPE_CHECKING:
    import polars

ENGINE = "2"  # changes when the same scenario and seed give other trials


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
        return answer(
            "run",
            ENGINE,
            [self.scenario],
            hypotheses=[tests[0].hypothesis for tests in self.outcome.work.tests],
            seed=self.outcome.work.seed,
            trials=self.trials,
            options={"looks": [[plan.counts for plan in each.looks] for each in self.outcome.work.tests[0]]},
            sums=self._sums(),
        )

    def _sums(self) -> Any:
        """Everything that the figures derive from."""
        return self.outcome.tally.sums()

    def cells(self) -> list[Json]:
        """One for each hypothesis, analysis and number of patients, in the form of the JSON contract."""
        work, tally = self.outcome.work, self.outcome.tally
        ends, free, irregular, between = tally.ends, tally.free, tally.irregular, tally.between
        counted = Counted(work.plan.block, work.patients, tally.trials)
        left = [departed(self.scenario, followed, counted) for followed in tally.followed]
        return [
            widened(
                cell_of(test, d, tally.trials, ends[h, a, d], free[h, a, d], irregular[h, a, d], left[h]),
                work.plan,
                test,
                test.looks[d],
                ends[h, a, d],
                free[h, a, d],
                irregular[h, a, d],
                between[h, a, d],
            )
            | guesses(work, tally, h, counted)
            for h, tests in enumerate(work.tests)
            for a, test in enumerate(tests)
            for d in range(len(work.designs))
        ]

    def told_cells(self) -> list[Json]:
        """The cells as they are shown, with what carryover does to each estimate."""
        return with_carryover(self.cells(), self.carryover)

    @cached_property
    def carryover(self) -> Mapping[Key, Carried]:
        """The bias that carryover gives each analysis, where there is anything to be carried over."""
        return of_job(self.scenario, self.outcome.work)

    def whole_trials(self, cells: Sequence[Json]) -> list[Json]:
        """All primary analyses together, for each hypothesis and number of patients; from the cells."""
        return trials_of(self.scenario, self.outcome.work, self.outcome.tally, cells)

    def to_json(self) -> Json:
        """The `planner.run/1` object."""
        cells = self.told_cells()
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
            "trial": self.whole_trials(cells),
            "limits": self.limits(),
            "partial": self.partial,
            "warnings": warnings_of(self, cells),
        }

    def limits(self) -> list[Json]:
        """What the limits of each analysis can do at each number of patients: nothing of it is simulated."""
        plans = [(test.analysis, test.looks) for test in self.outcome.work.tests[0]]
        return [each.to_json() for each in held_at(self.scenario, plans)]

    def frame(self) -> polars.DataFrame:
        """The cells as a table, one row each, keys flattened with an underscore; looks numbered from 1."""
        import polars

        return polars.DataFrame([flat(cell) for cell in self.told_cells()], infer_schema_length=None)

    def _repr_html_(self) -> str:
        html: str = self.frame()._repr_html_()
        return html


def cell_of(
    test: engine.Test, d: int, trials: int, ends: Ints, free: Ints, irregular: Ints, left: Departed
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
        "looks": [_look(looks, k, trials, count[k], irregular[k], left) for k in range(len(looks.counts))],
        **_expected(ends, looks, trials, left),
        "estimate": _estimate(test, ends, irregular, len(looks.counts)),
        "undefined": probability(undefined, trials),
        **left.figures,
        "sweep": {},
        "note": "",
    }
    if test.rules.futile and not looks.boundary.binding:
        cell["power_ignoring_futility"] = probability(int(free.sum()), trials)
    cell["note"] = " ".join([*_notes(cell), *on_undefined(cell), *on_errors(cell)])
    return cell


def _expected(ends: Ints, looks: Looks, trials: int, left: Departed) -> Json:
    """Patients and completers of a trial, with errors that are not 0 for want of early stops or leavers."""
    stopped = ends[: len(looks.counts), :, TRIALS].sum(axis=1)
    at = np.array(looks.counts, np.int64)
    total, square = float(stopped @ at), float(stopped @ (at * at))
    patients = mean(total, square, trials)
    more = saved(total, square, trials, int(stopped[:-1].sum()), looks.counts)
    finished = float(ends[:, :, FINISHED].sum())
    completers = mean(finished, float(ends[:, :, FINISHED_SQUARE].sum()), trials)
    gone = 2.0 / trials if left.figures or left.retention < 1.0 else 0.0  # two more patients leave
    return {
        "expected_patients": smoothed(patients, more, trials, looks.counts[0], looks.patients),
        "expected_completers": smoothed(
            completers, more * (finished / total) ** 2 + gone, trials, 0.0, looks.patients
        ),
    }


def _look(looks: Looks, k: int, trials: int, count: Ints, irregular: Ints, left: Departed) -> Json:
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
        "undefined": probability(int(irregular[NO_TEST]), trials),
    }


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _estimate(test: engine.Test, ends: Ints, irregular: Ints, looks: int) -> Json:
    every = Moments.of(ends, test.unit, bool(irregular[:, FAR_FOURTH].any()))
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
        "bias_given_early_stop_mcse": _with_truth(early.some_mcse, test),
        "bias_given_early_efficacy": early_efficacy.mean,
        "bias_given_early_efficacy_mcse": _with_truth(early_efficacy.some_mcse, test),
        "bias_given_futility": futile.mean,
        "bias_given_futility_mcse": _with_truth(futile.some_mcse, test),
        "exaggeration_given_efficacy": None if relative is None or truth == 0 else 1 + relative / truth,
        "exaggeration_given_efficacy_mcse": _scaled(_with_truth(significant.some_mcse, test), truth),
        "wrong_sign": None if truth == 0 else probability(wrong, found),
        "error_range": FARTHEST * test.unit,
        "beyond_range": probability(int(irregular[:, FAR].sum()), every.n),
        "empirical_se_is_rough": every.coarse,
    }


def _with_truth(mcse: float | None, test: engine.Test) -> float | None:
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


def warnings_of(
    run: Run, cells: Sequence[Mapping[str, Any]], called: Callable[[str], str] = str
) -> list[str]:
    """What must not be overlooked in the cells of a run. `called`: what a hypothesis is called there."""
    warnings = list(run.remarks) + _of_looks(run)
    if run.partial:
        warnings.append(f"interrupted: the figures are of the {run.trials} trials that were finished")
    if any(cell["note"].endswith(APPROXIMATE) for cell in cells):
        warnings.append(WARNING)
    others = _inseparable(run, cells)
    named: list[tuple[Mapping[str, Any], str]] = []
    for cell in cells:
        if cell["hypothesis"] not in others:
            continue  # its figures are those of another hypothesis, under which they are told
        under = " = ".join(map(called, [cell["hypothesis"], *others[cell["hypothesis"]]]))
        named.append((cell, under))
        shown = cell.get("power_ignoring_futility") or cell["power"]
        if cell["is_null"] and shown["estimate"] - cell["alpha"] > 3 * shown["mcse"]:
            warnings.append(
                f"type I error of {cell['analysis']} under {under} is {shown['estimate']:.4f} "
                f"(Monte Carlo SE {shown['mcse']:.4f}), above alpha = {cell['alpha']:g}"
            )
    return [*warnings, *irregular_warnings(named), *biased_by_carryover(run.scenario, cells, others, called)]


def biased_by_carryover(
    scenario: Scenario,
    cells: Sequence[Mapping[str, Any]],
    others: Mapping[str, Sequence[str]] | None = None,
    called: Callable[[str], str] = str,
) -> list[str]:
    """A warning for each analysis whose estimate carryover biases.

    `others`: the hypotheses that are told, each with those that are the same; all if not given.
    """
    known = others or {cell["hypothesis"]: () for cell in cells}
    return told(
        [cell for cell in cells if cell["hypothesis"] in known],
        lambda cell: " = ".join(map(called, [cell["hypothesis"], *known[cell["hypothesis"]]])),
        lambda cell: unit_of(scenario, cell["analysis"]),
    )


def _of_looks(run: Run) -> list[str]:
    """What must be said of the looks; of several numbers of patients in few words."""
    plans = [(test.analysis, test.looks) for test in run.outcome.work.tests[0]]
    if len(plans[0][1]) == 1:
        return at_one(run.scenario, [(analysis, solved) for analysis, (solved,) in plans])
    return at_several(run.scenario, plans)


def _inseparable(run: Run, cells: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The hypotheses, each with those that the design cannot separate from it; of a class only the first."""
    from planner.model.distinguishable import classes

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
