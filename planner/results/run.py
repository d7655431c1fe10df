"""The result of a simulation: operating characteristics from tallies, each with its Monte Carlo error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from planner.engine.simulation import Simulation
from planner.model.stopping.remarks import LimitReport, limit_reports
from planner.results.blinding import guess_figures
from planner.results.carryover_figures import CarryoverBias, Key, carryover_in
from planner.results.cell_errors import widen_cell
from planner.results.cell_figures import cell_of
from planner.results.cells import Cell, ExactStages, StageError, WholeTrial
from planner.results.contract import Json, as_json
from planner.results.design_effect import AllocatedPatients
from planner.results.digest import answer_digest
from planner.results.dropout import dropout_of
from planner.results.effect_scale import on_effect_scale, unit_of
from planner.results.frames import flatten
from planner.results.limit_errors import ExactScaled, LimitError
from planner.results.limit_errors import Key as LimitKey
from planner.results.provenance import ENGINE, provenance, scenario_named
from planner.results.result import QuestionResult, power_line
from planner.results.two_stage_figures import with_stages
from planner.results.warnings import remarks_on_looks, warnings_of
from planner.results.whole_trial import whole_trials
from planner.scenario.scenario import Scenario
from planner.scenario.text import count

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True, repr=False)
class Run(QuestionResult):
    """The result of `simulate`: tallies, and the figures that come from them.

    >>> import planner
    >>> run = planner.simulate(planner.read("asthma-ab-ba"), trials=1_024)
    >>> cell = run.cells()[1]
    >>> cell.hypothesis, round(cell.power.estimate, 3), round(cell.power.mcse, 3)
    ('minimal-important', 0.887, 0.01)
    >>> run.frame().columns[:4]
    ['hypothesis', 'analysis', 'patients', 'alpha']
    >>> run.to_json()["schema"], len(run.document()) > 0
    ('planner.run/1', True)
    """

    question: ClassVar = "run"

    scenario: Scenario
    name: str
    outcome: Simulation
    remarks: tuple[str, ...] = ()  # warnings beside those that follow from the figures
    limit_errors: Mapping[LimitKey, LimitError] = field(default_factory=dict)  # of scaled limits
    exact_scaled: Mapping[LimitKey, ExactScaled] = field(default_factory=dict)  # where it is known
    exact_stages: Mapping[LimitKey, ExactStages] = field(default_factory=dict)  # of two-stage trials
    stage_errors: tuple[StageError, ...] = ()  # where a two-stage trial is at a limit

    def __getstate__(self) -> Json:
        """What is pickled: all that the figures need, and what takes kernels to work out."""
        held = {each.name: getattr(self, each.name) for each in fields(self)}
        worked_out = {name: getattr(self, name) for name in ("carryover", "limits", "look_remarks")}
        return held | worked_out

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
            hypotheses=self.outcome.cells.hypotheses,
            seed=self.outcome.cells.seed,
            trials=self.trials,
            options={"looks": [[plan.counts for plan in plans] for _, plans in self.outcome.cells.plans]},
            sums=self._sums(),
        )

    def _sums(self) -> object:
        """Everything that the figures derive from."""
        return self.outcome.tally.sums()

    @property
    def variants(self) -> int | None:
        """Of what is uncertain, over which the figures are averages; None where it counts as stated."""
        return None

    def cells(self) -> list[Cell]:
        """One for each hypothesis, analysis and number of patients."""
        return list(self._cells)

    @cached_property
    def _cells(self) -> tuple[Cell, ...]:
        return tuple(self._each_cell())

    def _each_cell(self) -> list[Cell]:
        about, tally = self.outcome.cells, self.outcome.tally
        ends, free, irregular, between = tally.ends, tally.free, tally.irregular, tally.between
        allocated = AllocatedPatients(about.block, about.patients, tally.trials)
        dropout = [dropout_of(self.scenario, followed, allocated) for followed in tally.followed]
        cells = []
        for h, tests in enumerate(about.tests):
            guesses = guess_figures(about, tally, h, allocated)
            for a, test in enumerate(tests):
                for d in range(len(about.designs)):
                    sums = ends[h, a, d], free[h, a, d], irregular[h, a, d]
                    cell = cell_of(test, d, tally.trials, *sums, tally.parts[h, a, d], dropout[h])
                    if test.two_stage:
                        cell = with_stages(cell, tally.parts[h, a, d], ends[h, a, d], test.looks[d].counts[0])
                    else:
                        cell = widen_cell(cell, about.block, test, test.looks[d], *sums, between[h, a, d])
                    cell = on_effect_scale(cell, unit_of(self.scenario, test.analysis.name))
                    key = cell.hypothesis, cell.analysis, cell.patients
                    cell = replace(
                        cell,
                        correct_guesses=guesses,
                        type1_at_limit=self.limit_errors.get(key),
                        exact=self.exact_scaled.get(key),
                        exact_stages=self.exact_stages.get(key),
                    )
                    cells.append(cell)
        return cells

    def cells_with_carryover(self) -> list[Cell]:
        """The cells with the bias that carryover gives each estimate."""
        return [
            replace(cell, carryover=carryover_in(cell, self.carryover, unit_of(self.scenario, cell.analysis)))
            for cell in self.cells()
        ]

    @cached_property
    def carryover(self) -> Mapping[Key, CarryoverBias]:
        """The bias that carryover gives each analysis, where there is anything to be carried over."""
        from planner.results.carryover import biases_of_cells  # simulates, and so needs the kernels

        return biases_of_cells(self.scenario, self.outcome.cells)

    @cached_property
    def look_remarks(self) -> list[str]:
        """What must be said of the looks."""
        return remarks_on_looks(self.scenario, self.outcome.cells)

    def whole_trials(self, cells: Sequence[Cell]) -> list[WholeTrial]:
        """All primary analyses together, for each hypothesis and number of patients; from the cells."""
        return whole_trials(self.scenario, self.outcome.cells, self.outcome.tally, cells)

    def to_json(self) -> Json:
        """The `planner.run/1` object."""
        cells = self.cells_with_carryover()
        return {
            "schema": "planner.run/1",
            "scenario": scenario_named(self.name, self.scenario),
            "run": provenance(
                self.digest(),
                {"trials": self.trials, "seed": self.outcome.cells.seed},
                seconds=self.outcome.seconds,
                simulated=self.trials,
            ),
            "cells": as_json(cells),
            "trial": as_json(self.whole_trials(cells)),
            **({"two_stage_errors": as_json(self.stage_errors)} if self.stage_errors else {}),
            "limits": [each.to_json() for each in self.limits],
            "partial": self.partial,
            "warnings": self.warnings(cells),
        }

    def warnings(self, cells: Sequence[Cell], called: Callable[[str], str] = str) -> list[str]:
        """What must not be overlooked in these cells. `called`: what a hypothesis is called there."""
        of_cells = warnings_of(self.scenario, self.outcome, cells, called)
        return [*self.remarks, *self.look_remarks, *of_cells]

    @cached_property
    def limits(self) -> list[LimitReport]:
        """What the limits of each analysis can do at each number of patients: nothing of it is simulated."""
        return limit_reports(self.scenario, self.outcome.cells.plans)

    def frame(self) -> polars.DataFrame:
        """The cells as a table, one row each, keys flattened with an underscore; looks numbered from 1."""
        import polars

        rows = [flatten(cell) for cell in self.cells_with_carryover()]
        return polars.DataFrame(rows, infer_schema_length=None)

    def _about(self) -> str:
        return f"{self.name}, {count(self.trials, 'trial')}{' of an interrupted run' if self.partial else ''}"

    def _lines(self) -> Iterator[str]:
        for cell in self.cells():
            where = f"{cell.hypothesis}, {cell.analysis}, {count(cell.patients, 'patient')}"
            yield power_line(where, cell.power, cell.is_null)
