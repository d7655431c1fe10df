"""How much the power hangs on each assumption: every number of the hypotheses and of the dropout, a step off.

All variants are simulated with the same virtual patients, so that what an assumption changes is not hidden by
chance: its Monte Carlo error is paired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from planner.engine.executors import Progress
from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.model.estimand import Truth
from planner.model.parameter_draws import without_uncertainty
from planner.model.period_confounding import period_remarks
from planner.model.stopping.remarks import look_remarks
from planner.monitoring.errors import BoundaryError
from planner.questions.compare.pairing import Member, PairedTrials, pair
from planner.questions.requested import check_one_stage, check_whole
from planner.questions.sensitivity.assumptions import STEP, Assumption, assumptions
from planner.questions.sensitivity.cells import AssumptionFigures, ChangedPower, SensitivityCell
from planner.results.carryover import biases_of_cells
from planner.results.carryover_figures import CarryoverBias, Key, carryover_in
from planner.results.carryover_sentences import Carried, bias_sentences, place
from planner.results.contract import Json, as_json
from planner.results.design_effect import WARNING
from planner.results.digest import answer_digest
from planner.results.effect_scale import unit_of
from planner.results.frames import flatten
from planner.results.number_text import DASH, estimated
from planner.results.provenance import ENGINE, provenance, scenario_named
from planner.results.result import QuestionResult, power_line
from planner.scenario.canonical.toml import as_toml
from planner.scenario.scenario import Scenario
from planner.scenario.text import count

if TYPE_CHECKING:
    import polars

_LEADING = 2  # assumptions of a cell in the few lines of a result


@dataclass(frozen=True, repr=False)
class Sensitivity(QuestionResult):
    """The result of `sensitivity`.

    >>> import planner
    >>> one = ["simulation.hypotheses=['minimal-important']"]
    >>> scenario = planner.read("asthma-ab-ba", set=one)
    >>> varied = planner.sensitivity(scenario, trials=1_024)
    >>> [each.label for each in varied.assumptions][:3]
    ['difference F − S', 'sd_within', 'sd_between']
    """

    question: ClassVar = "sensitivity"

    scenario: Scenario
    name: str
    step: float
    assumptions: tuple[Assumption, ...]
    members: tuple[tuple[tuple[int, int], ...], ...]  # of each group: assumption and side of every variant
    pairs: PairedTrials

    @property
    def seed(self) -> int:
        return self.pairs.jobs[0].cells.seed

    @property
    def trials(self) -> int:
        """Trials of every variant under every hypothesis."""
        return self.pairs.trials

    @property
    def partial(self) -> bool:
        """Whether it was interrupted before all trials were done."""
        return self.pairs.partial

    def cells(self) -> list[SensitivityCell]:
        """For each hypothesis and analysis the power, and its assumptions by what they change."""
        cells = []
        for g, group in enumerate(self.pairs.groups):
            _, h, a = group[0]
            test = self.pairs.jobs[0].cells.tests[h][a]
            sides: dict[int, dict[int, int]] = {}
            for m, (number, side) in enumerate(self.members[g], start=1):
                sides.setdefault(number, {})[side] = m
            rows = [self._row(g, number, at) for number, at in sides.items()]
            unit = unit_of(self.scenario, test.analysis.name)
            given = unit.truth(test.truth)
            cell = SensitivityCell(
                hypothesis=test.hypothesis,
                analysis=test.analysis.name,
                patients=test.looks[0].patients,
                true_effect=given.effect,
                stated_effect=given.stated,
                is_null=given.is_null,
                power=self.pairs.figure(g, 0, "power"),
                assumptions=tuple(sorted(rows, key=lambda row: -row.impact)),
            )
            cells.append(replace(cell, carryover=carryover_in(cell, self.carryover, unit)))
        return cells

    @cached_property
    def carryover(self) -> Mapping[Key, CarryoverBias]:
        """The bias that carryover gives each analysis as the assumptions are stated."""
        return biases_of_cells(without_uncertainty(self.scenario), self.pairs.jobs[0].cells)

    def _row(self, g: int, number: int, at: Mapping[int, int]) -> AssumptionFigures:
        assumption = self.assumptions[number]
        lower, higher = (self._changed(g, assumption, side, at.get(side)) for side in (0, 1))
        return AssumptionFigures(
            path=assumption.path,
            label=assumption.label,
            value=assumption.value,
            lower=lower,
            higher=higher,
            impact=max((abs(each.difference.estimate) for each in (lower, higher) if each), default=0.0),
        )

    def _changed(self, g: int, assumption: Assumption, side: int, m: int | None) -> ChangedPower | None:
        """The power of member m of a group, which has the assumption's value of this side."""
        if m is None:
            return None
        return ChangedPower(
            value=assumption.variants[side][0],
            power=self.pairs.figure(g, m, "power"),
            difference=self.pairs.difference(g, m, "power"),
        )

    def digest(self) -> str:
        """Name of the result: the same variants, seed, trials and engine give the same digest everywhere."""
        varied = [[each.path, each.value, [value for value, _ in each.variants]] for each in self.assumptions]
        return answer_digest(
            "sensitivity",
            ENGINE,
            [self.scenario],
            hypotheses=[tests[0].hypothesis for tests in self.pairs.jobs[0].cells.tests],
            seed=self.pairs.jobs[0].cells.seed,
            trials=self.pairs.trials,
            options={"step": self.step, "assumptions": varied, "members": self.members},
            sums=self.pairs.sums,
        )

    def frame(self) -> polars.DataFrame:
        """One row for each assumption under each hypothesis and analysis."""
        import polars

        rows = []
        for cell in self.cells():
            head = {"hypothesis": cell.hypothesis, "analysis": cell.analysis, "patients": cell.patients}
            for each in cell.assumptions:
                row = {**head, "assumption": each.path, "impact": each.impact}
                for side, changed in (("lower", each.lower), ("higher", each.higher)):
                    # As text, because some assumptions are several numbers.
                    row[f"{side}_value"] = None if changed is None else as_toml(changed.value)
                    if changed is not None:
                        row |= flatten({"power": changed.power, "difference": changed.difference}, side)
                rows.append(row)
        return polars.DataFrame(rows, infer_schema_length=None)

    def _about(self) -> str:
        return f"{self.name}, {count(self.pairs.trials, 'trial')} each"

    def _lines(self) -> Iterator[str]:
        for cell in self.cells():
            yield power_line(f"{cell.hypothesis}, {cell.analysis}", cell.power, cell.is_null)
            for each in cell.assumptions[:_LEADING]:
                sides = (each.lower, each.higher)
                changes = (estimated(side.difference, percent=True) if side else DASH for side in sides)
                yield f"  {each.label} lower, higher: {', '.join(changes)}"

    def to_json(self) -> Json:
        """The `planner.sensitivity/1` object."""
        cells = self.cells()
        return {
            "schema": "planner.sensitivity/1",
            "scenario": scenario_named(self.name, self.scenario),
            "run": provenance(
                self.digest(),
                {"trials": self.pairs.trials, "seed": self.pairs.jobs[0].cells.seed},
                seconds=self.pairs.seconds,
                simulated=self.pairs.trials * len(self.pairs.jobs),
            ),
            "step": self.step,
            "cells": as_json(cells),
            "partial": self.partial,
            "warnings": self.warnings(cells),
        }

    def warnings(self, cells: Sequence[SensitivityCell], label: Callable[[str], str] = str) -> list[str]:
        """What must not be overlooked. `label`: what a hypothesis is called there."""
        warnings = [*self.scenario.remarks, *period_remarks(self.scenario), *look_remarks(self.scenario)]
        if self.partial:
            warnings.append(
                f"interrupted: the figures are of the {self.pairs.trials:,} trials that were finished"
            )
        warnings += [WARNING] if self.pairs.approximate else []
        biased = bias_sentences(
            Carried(
                cell.analysis,
                label(cell.hypothesis),
                place(cell.patients),
                unit_of(self.scenario, cell.analysis),
                cell.carryover,
            )
            for cell in cells
        )
        return [*warnings, *biased]


def sensitivity(
    scenario: Scenario,
    *,
    step: float = STEP,
    varied: Sequence[Assumption] | None = None,
    trials: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    name: str | None = None,
) -> Sensitivity:
    """The power with every numeric assumption lower and higher by `step` (a share of it), one at a time.

    `varied`: only these, as made by `assumptions` with the same step. progress(done, all) counts the trials
    of all variants. Ctrl-C: as in `simulate`. Raises SensitivityError as `assumptions` does.

    >>> import planner
    >>> one = ["simulation.hypotheses=['minimal-important']"]
    >>> scenario = planner.read("asthma-ab-ba", set=one)
    >>> print(planner.sensitivity(scenario, trials=1_024))
    Sensitivity of asthma-ab-ba, 1,024 trials each, digest 5db5b08bdb0d
      minimal-important, hills-armitage: power 89 ± 1 %
        difference F − S lower, higher: -15 ± 1 %, 7.6 ± 0.8 %
        sd_within lower, higher: 8.6 ± 0.9 %, -12 ± 1 %
    """
    check_whole(trials=trials, seed=seed, threads=threads)
    check_one_stage("sensitivity", scenario)
    trials = scenario.simulation.trials if trials is None else trials
    chosen = list(assumptions(scenario, step) if varied is None else varied)
    jobs, groups, members = variants(scenario, chosen, seed)
    pairs = pair(jobs, groups, trials, threads=threads, progress=progress)
    return Sensitivity(scenario, name or scenario.name, step, tuple(chosen), tuple(members), pairs)


def variants(
    scenario: Scenario,
    varied: Sequence[Assumption],
    seed: int | None,
    effects: Mapping[str, Sequence[Truth]] | None = None,
) -> tuple[list[Job], list[list[Member]], list[tuple[tuple[int, int], ...]]]:
    """The scenario and every variant of it as jobs, how they are paired, and which variant each member is.

    `effects`: true effects, if they need not be worked out.
    """
    wanted = [
        (i, side, variant)
        for i, assumption in enumerate(varied)
        for side, (_, variant) in enumerate(assumption.variants)
        if variant is not None
    ]
    base = job_of(scenario, seed=seed, given_truths=effects, tallied=False)
    effects = base.cells.truths
    jobs, kept = [base], []
    for i, side, variant in wanted:
        try:
            jobs.append(job_of(variant, seed=base.cells.seed, given_truths=effects, tallied=False))
        except BoundaryError:
            continue
        kept.append((i, side))
    groups, members = [], []
    for h, tests in enumerate(base.cells.tests):
        for a in range(len(tests)):
            rows = [
                (Member(j, varied[i].hypotheses.index(tests[a].hypothesis), a), (i, side))
                for j, (i, side) in enumerate(kept, start=1)
                if tests[a].hypothesis in varied[i].hypotheses
            ]
            groups.append([Member(0, h, a), *(member for member, _ in rows)])
            members.append(tuple(at for _, at in rows))
    return jobs, groups, members
