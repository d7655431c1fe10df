"""Tallies to operating characteristics, each with its Monte Carlo error: the result of a simulation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from planner.engine.run import Simulation
from planner.model.stopping.remarks import limit_reports, remarks_at_sizes, remarks_on_plans
from planner.results.blinding import guesses
from planner.results.carryover import Carried, Key, of_job, with_carryover
from planner.results.carryover_words import told, unit_of
from planner.results.cell_errors import widened
from planner.results.cells import cell_of
from planner.results.design_effect import APPROXIMATE, WARNING, Counted
from planner.results.digest import answer_digest
from planner.results.dropout import departed
from planner.results.figures import Json
from planner.results.frames import flatten
from planner.results.irregular import warnings as irregular_warnings
from planner.results.provenance import ENGINE, provenance, scenario_named
from planner.results.whole_trial import trials_of
from planner.scenario.scenario import Scenario

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True)
class Run:
    """The result of `simulate`: tallies, and everything that is shown of them."""

    scenario: Scenario
    name: str
    outcome: Simulation
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
        return answer_digest(
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
        return {
            "schema": "planner.run/1",
            "scenario": scenario_named(self.name, self.scenario),
            "run": provenance(
                self.digest(),
                {"trials": self.trials, "seed": self.outcome.work.seed},
                seconds=self.outcome.seconds,
                simulated=self.trials,
            ),
            "cells": cells,
            "trial": self.whole_trials(cells),
            "limits": self.limits(),
            "partial": self.partial,
            "warnings": warnings_of(self, cells),
        }

    def limits(self) -> list[Json]:
        """What the limits of each analysis can do at each number of patients: nothing of it is simulated."""
        plans = [(test.analysis, test.looks) for test in self.outcome.work.tests[0]]
        return [each.to_json() for each in limit_reports(self.scenario, plans)]

    def frame(self) -> polars.DataFrame:
        """The cells as a table, one row each, keys flattened with an underscore; looks numbered from 1."""
        import polars

        return polars.DataFrame([flatten(cell) for cell in self.told_cells()], infer_schema_length=None)

    def _repr_html_(self) -> str:
        html: str = self.frame()._repr_html_()
        return html


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
        return remarks_on_plans(run.scenario, [(analysis, solved) for analysis, (solved,) in plans])
    return remarks_at_sizes(run.scenario, plans)


def _inseparable(run: Run, cells: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The hypotheses, each with those that the design cannot separate from it; of a class only the first."""
    from planner.model.distinguishable import indistinguishable

    names = list(dict.fromkeys(cell["hypothesis"] for cell in cells))
    return {group[0]: group[1:] for group in indistinguishable(run.scenario, names)}
