"""Designs side by side on the same virtual patients: power, stops, size, and how they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from planner.engine.executors import Progress
from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.errors import RequestError
from planner.model.period_confounding import period_remarks
from planner.model.stopping.remarks import look_remarks
from planner.questions.compare.assumptions import differing_assumptions
from planner.questions.compare.cells import ComparisonCell, DesignDifference
from planner.questions.compare.pairing import FIGURES, Group, Member, PairedTrials, pair
from planner.questions.requested import check_one_stage, check_whole
from planner.questions.run.simulate import simulate
from planner.results.carryover import biases_of_cells
from planner.results.carryover_figures import CarryoverBias, Key, carryover_in
from planner.results.carryover_sentences import Carried, bias_sentences, labels, place
from planner.results.contract import Json, as_json
from planner.results.design_effect import WARNING
from planner.results.digest import answer_digest
from planner.results.effect_scale import unit_of
from planner.results.frames import flatten
from planner.results.own_estimates import on_other_scales
from planner.results.provenance import ENGINE, provenance, scenario_named
from planner.results.result import QuestionResult, power_line
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.canonical.resolved import digest
from planner.scenario.labels import labels_of, names_called
from planner.scenario.own_methods import OwnMethods, unused
from planner.scenario.scenario import Scenario
from planner.scenario.text import count, listed

if TYPE_CHECKING:
    import polars


_TRIALS_OF_OWN = 1_024  # in which it is seen whether an analysis of the user's own estimates the contrast
_NAMED = 6  # of the assumptions in which scenarios differ, in a remark


@dataclass(frozen=True)
class ComparisonRow:
    """A hypothesis and an analysis that several designs have, or one alone."""

    hypothesis: str
    analysis: str  # names joined by " / " where the designs call theirs differently
    group: Group


@dataclass(frozen=True, repr=False)
class Comparison(QuestionResult):
    """The result of `compare`.

    >>> import planner
    >>> scenario = planner.read("asthma-ab-ba")
    >>> smaller = planner.read("asthma-ab-ba", set=["design.patients=36"])
    >>> both = planner.compare([scenario, smaller], trials=1_024)
    >>> [(cell.hypothesis, cell.design, cell.patients) for cell in both.cells()][:2]
    [('published', 'asthma-ab-ba', 52), ('published', 'asthma-ab-ba (2)', 36)]
    """

    question: ClassVar = "compare"

    scenarios: tuple[Scenario, ...]
    names: tuple[str, ...]  # of the designs, each once
    rows: tuple[ComparisonRow, ...]  # each hypothesis and analysis, with the designs that have it
    pairs: PairedTrials
    remarks: tuple[str, ...]  # what could not be compared
    differing_assumptions: tuple[str, ...]  # what the scenarios assume otherwise, beside their designs

    @property
    def partial(self) -> bool:
        """Whether the comparison was interrupted before all trials were done."""
        return self.pairs.partial

    @property
    def trials(self) -> int:
        """Trials of every design under every hypothesis."""
        return self.pairs.trials

    def cells(self) -> list[ComparisonCell]:
        """The figures of every design, by hypothesis."""
        return list(self._cells)

    @cached_property
    def _cells(self) -> list[ComparisonCell]:
        return [self._cell(g, m) for g, row in enumerate(self.rows) for m in range(len(row.group))]

    @cached_property
    def carryover(self) -> list[Mapping[Key, CarryoverBias]]:
        """Of each design the bias that carryover gives its analyses."""
        return [
            biases_of_cells(each, work.cells)
            for each, work in zip(self.scenarios, self.pairs.jobs, strict=True)
        ]

    def _cell(self, g: int, m: int) -> ComparisonCell:
        row = self.rows[g]
        j, h, a = row.group[m]
        test = self.pairs.jobs[j].cells.tests[h][a]
        unit = unit_of(self.scenarios[j], test.analysis.name)
        given = unit.truth(test.truth)
        cell = ComparisonCell(
            hypothesis=row.hypothesis,
            design=self.names[j],
            analysis=test.analysis.name,
            patients=test.looks[0].patients,
            true_effect=given.effect,
            stated_effect=given.stated,
            true_effect_mcse=given.mcse,
            is_null=given.is_null,
            alpha=test.analysis.alpha,
            alternative=test.analysis.alternative,
            carryover=None,
            **{name: self.pairs.figure(g, m, name) for name in FIGURES},
        )
        return replace(cell, carryover=carryover_in(cell, self.carryover[j], unit))

    def differences(self) -> list[DesignDifference]:
        """Every design minus the first that has the hypothesis, with paired and unpaired errors."""
        rows = []
        for g, row in enumerate(self.rows):
            for m, member in enumerate(row.group[1:], start=1):
                first = row.group[0].design
                same = digest(self.scenarios[member.design]) == digest(self.scenarios[first])
                rows.append(
                    DesignDifference(
                        hypothesis=row.hypothesis,
                        analysis=row.analysis,
                        design=self.names[member.design],
                        against=self.names[first],
                        **{name: self.pairs.difference(g, m, name, same=same) for name in FIGURES},
                    )
                )
        return rows

    def digest(self) -> str:
        """Name of the result: the same designs, seed, trials and engine give the same digest everywhere."""
        return answer_digest(
            "compare",
            ENGINE,
            self.scenarios,
            hypotheses=[[row.hypothesis, row.analysis, row.group] for row in self.rows],
            seed=self.pairs.jobs[0].cells.seed,
            trials=self.trials,
            options={},
            sums=self.pairs.sums,
        )

    def frame(self) -> polars.DataFrame:
        """The cells as a table, keys flattened with an underscore."""
        import polars

        return polars.DataFrame([flatten(cell) for cell in self.cells()], infer_schema_length=None)

    def _about(self) -> str:
        return f"{listed(list(self.names))}, {count(self.trials, 'trial')} each"

    def _lines(self) -> Iterator[str]:
        for cell in self.cells():
            yield power_line(f"{cell.hypothesis}, {cell.design}, {cell.analysis}", cell.power, cell.is_null)

    def to_json(self) -> Json:
        """The `planner.compare/1` object."""
        return {
            "schema": "planner.compare/1",
            "designs": [
                {
                    **scenario_named(name, scenario),
                    "patients": scenario.design.patients,
                    "periods": scenario.design.periods,
                    "sequences": [list(sequence) for sequence in scenario.design.sequences],
                }
                for name, scenario in zip(self.names, self.scenarios, strict=True)
            ],
            "run": provenance(
                self.digest(),
                {"trials": self.trials, "seed": self.pairs.jobs[0].cells.seed},
                seconds=self.pairs.seconds,
                simulated=self.trials * len(self.names),
            ),
            "cells": as_json(self.cells()),
            "differences": as_json(self.differences()),
            "unlike": list(self.differing_assumptions),
            "partial": self.partial,
            "warnings": self.warnings(),
        }

    @property
    def seed(self) -> int:
        return self.pairs.jobs[0].cells.seed

    def warnings(self) -> list[str]:
        """What must not be overlooked."""
        warnings = list(self.remarks)
        if self.partial:
            warnings.append(f"interrupted: the figures are of the {self.trials:,} trials that were finished")
        if self.pairs.approximate:
            warnings.append(WARNING)
        named = list(zip(self.names, self.scenarios, strict=True))
        warnings += [
            f"{name}: {remark}"
            for name, scenario in named
            for remark in (*period_remarks(scenario), *look_remarks(scenario))
        ]
        by_name = dict(named)
        label = {name: labels(scenario) for name, scenario in named}
        return warnings + bias_sentences(
            Carried(
                cell.analysis,
                f"{label[cell.design](cell.hypothesis)} in {cell.design}",
                place(cell.patients),
                unit_of(by_name[cell.design], cell.analysis),
                cell.carryover,
            )
            for cell in self.cells()
        )


def compare(
    scenarios: Sequence[Scenario],
    *,
    names: Sequence[str] | None = None,
    trials: int | None = None,
    seed: int | None = None,
    hypotheses: Sequence[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    methods: OwnMethods | None = None,
) -> Comparison:
    """Simulate designs on the same virtual patients and compare each with the first.

    Trials and seed are those of the first scenario if not given. Hypotheses are paired by name, analyses by
    name or, where the scenarios share none, the first of each. `progress(done, all)`: trials of all designs.
    `hypotheses`: by name or label; all if not given. `methods`: analyses of your own, as in `simulate`, for
    the scenarios that use them. Raises RequestError without scenarios or without hypotheses.

    >>> import planner
    >>> scenario = planner.read("asthma-ab-ba")
    >>> smaller = planner.read("asthma-ab-ba", set=["design.patients=36"])
    >>> both = planner.compare([scenario, smaller], trials=1_024)
    >>> difference = both.differences()[1]
    >>> difference.hypothesis, round(difference.power.estimate, 3)
    ('minimal-important', -0.134)
    """
    check_whole(trials=trials, seed=seed, threads=threads)
    check_one_stage("compare", *scenarios)
    if not scenarios:
        raise RequestError("nothing to compare: no scenario is given", "two or more are compared")
    if methods and not any(set(methods) & set(each.own_methods) for each in scenarios):
        raise unused(next(iter(methods)), [])
    scenarios = [each.with_methods(methods) if each.own_methods else each for each in scenarios]
    first = scenarios[0].simulation
    chosen = parts_of(scenarios, hypotheses)
    jobs = [
        job_of(each, seed=first.seed if seed is None else seed, tallied=False) for each in chosen.values()
    ]
    rows = comparison_rows(jobs)
    if not rows:
        raise RequestError("no scenario has any of these hypotheses")
    by_name = all(
        len({a.name for a in row}) == 1 for row in matching_analyses([s.analyses for s in scenarios])
    )
    calls = distinct_names(names or [scenario.name for scenario in scenarios])
    pairs = pair(
        jobs,
        [row.group for row in rows],
        first.trials if trials is None else trials,
        threads=threads,
        progress=progress,
    )
    used = [calls[j] for j in chosen]
    apart = differing_assumptions(list(chosen.values()), [row.hypothesis for row in rows])
    own = [f"{calls[j]}: {remark}" for j in chosen for remark in scenarios[j].remarks]
    own += [
        f"{calls[j]}: {remark}"
        for j, part in chosen.items()
        for remark in _on_other_scales(part, jobs[0], trials)
    ]
    return Comparison(
        tuple(scenarios[j] for j in chosen),
        tuple(used),
        tuple(rows),
        pairs,
        (*own, *remarks_on_pairing(rows, used, by_name, apart)),
        tuple(apart),
    )


def _on_other_scales(scenario: Scenario, first: Job, trials: int | None) -> list[str]:
    """What is odd about estimates of the user's own analyses: a comparison itself keeps no estimates."""
    own = tuple(each for each in scenario.analyses if each.own is not None)
    if not own:
        return []
    few = min(_TRIALS_OF_OWN, trials or scenario.simulation.trials)
    run = simulate(scenario.model_copy(update={"analyses": own}), trials=few, seed=first.cells.seed)
    return on_other_scales(scenario, run.cells())


def parts_of(scenarios: Sequence[Scenario], hypotheses: Sequence[str] | None) -> dict[int, Scenario]:
    """What is simulated of each scenario that has any of the hypotheses, by its number.

    Raises UnknownNameError for a name or label that no scenario has.
    """
    analyses = matching_analyses([scenario.analyses for scenario in scenarios])
    if hypotheses is not None:
        hypotheses = names_called(hypotheses, labels_of(*(each.hypotheses for each in scenarios)))
    parts = {
        j: narrow(scenario, [row[j] for row in analyses], hypotheses) for j, scenario in enumerate(scenarios)
    }
    return {j: part for j, part in parts.items() if part is not None}


def matching_analyses(analyses: Sequence[Sequence[PlannedAnalysis]]) -> list[list[PlannedAnalysis]]:
    """Rows of analyses, one of each scenario, that are compared."""
    by_name = [{analysis.name: analysis for analysis in own} for own in analyses]
    shared = [name for name in by_name[0] if all(name in own for own in by_name)]
    return [[own[name] for own in by_name] for name in shared] or [[own[0] for own in analyses]]


def narrow(
    scenario: Scenario, analyses: Sequence[PlannedAnalysis], wanted: Sequence[str] | None
) -> Scenario | None:
    """The scenario with only these analyses and hypotheses; None if it has none of the hypotheses."""
    names = scenario.simulated_hypotheses
    names = tuple(name for name in names if wanted is None or name in wanted)
    if not names:
        return None
    simulation = scenario.simulation.model_copy(update={"hypotheses": names})
    return scenario.model_copy(update={"simulation": simulation, "analyses": tuple(analyses)})


def comparison_rows(jobs: Sequence[Job]) -> list[ComparisonRow]:
    """Every hypothesis and analysis with the designs that have it, in order of first appearance."""
    names = dict.fromkeys(tests[0].hypothesis for work in jobs for tests in work.cells.tests)
    rows = []
    for name in names:
        for a in range(len(jobs[0].analyses)):
            group = [
                Member(j, h, a)
                for j, work in enumerate(jobs)
                for h, tests in enumerate(work.cells.tests)
                if tests[0].hypothesis == name
            ]
            own_names = dict.fromkeys(jobs[j].cells.tests[h][a].analysis.name for j, h, _ in group)
            rows.append(ComparisonRow(name, " / ".join(own_names), group))
    return rows


def remarks_on_pairing(
    rows: Sequence[ComparisonRow], names: Sequence[str], by_name: bool, apart: Sequence[str]
) -> list[str]:
    """What could not be compared, in words.

    `by_name`: whether the analyses share names; `apart`: what is not the same beside the designs.
    """
    if len(names) < 2:
        return []
    alone = dict.fromkeys(row.hypothesis for row in rows if len(row.group) < len(names))
    if all(len(row.group) < 2 for row in rows):
        return [
            "the scenarios share no hypothesis by name, so that nothing can be compared: "
            "give what is the same in them the same name"
        ]
    lines = []
    if alone:
        lines.append(f"not in every scenario, and compared only where it is: {', '.join(alone)}")
    if not by_name:
        lines.append("the scenarios name their analyses differently: the first analysis of each is compared")
    if apart:
        named = listed([*apart[:_NAMED], *([f"{len(apart) - _NAMED} more"] if apart[_NAMED:] else [])])
        lines.append(
            f"the scenarios differ in more than their designs, and so do the results because of it: {named}"
        )
    return lines


def distinct_names(names: Sequence[str]) -> list[str]:
    """The names, those that come again with a number: `a`, `a (2)`."""
    given: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in given:
            number += 1
            candidate = f"{name} ({number})"
        given.append(candidate)
    return given
