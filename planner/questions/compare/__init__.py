"""Designs side by side on the same virtual patients: power, stops, size, and how they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from planner.engine.executors import Progress
from planner.engine.job import Job, job_of
from planner.model.stopping.remarks import look_remarks as of_looks
from planner.questions.compare.assumptions import unlike
from planner.questions.compare.pairing import FIGURES, Group, Member, Pairs, paired
from planner.results import carryover
from planner.results.carryover import CarryoverBias, Key, biases_of_job
from planner.results.carryover_sentences import bias_sentences, labels, unit_of
from planner.results.design_effect import WARNING
from planner.results.digest import answer_digest
from planner.results.frames import flatten
from planner.results.provenance import ENGINE, provenance, scenario_named
from planner.scenario.analysis import Analysis
from planner.scenario.canonical.resolved import digest
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed

if TYPE_CHECKING:
    import polars

Json = dict[str, Any]

_NAMED = 6  # of the assumptions in which scenarios differ, in a remark


@dataclass(frozen=True)
class Row:
    """A hypothesis and an analysis that several designs have, or one alone."""

    hypothesis: str
    analysis: str  # names joined by " / " where the designs call theirs differently
    group: Group


@dataclass(frozen=True)
class Comparison:
    """The result of `compare`."""

    scenarios: tuple[Scenario, ...]
    names: tuple[str, ...]  # of the designs, each once
    rows: tuple[Row, ...]
    pairs: Pairs
    remarks: tuple[str, ...]  # what could not be compared
    unlike: tuple[str, ...]  # what the scenarios assume otherwise, beside their designs

    @property
    def partial(self) -> bool:
        """Whether the comparison was interrupted before all trials were done."""
        return self.pairs.partial

    @property
    def trials(self) -> int:
        """Trials of every design under every hypothesis."""
        return self.pairs.trials

    def cells(self) -> list[Json]:
        """The figures of every design, by hypothesis."""
        return [self._cell(g, m) for g, row in enumerate(self.rows) for m in range(len(row.group))]

    @cached_property
    def carryover(self) -> list[Mapping[Key, CarryoverBias]]:
        """Of each design the bias that carryover gives its analyses."""
        return [biases_of_job(each, work) for each, work in zip(self.scenarios, self.pairs.jobs, strict=True)]

    def _cell(self, g: int, m: int) -> Json:
        row = self.rows[g]
        j, h, a = row.group[m]
        test = self.pairs.jobs[j].tests[h][a]
        size = test.looks[0].patients
        cell = {
            "hypothesis": row.hypothesis,
            "design": self.names[j],
            "analysis": test.analysis.name,
            "patients": size,
            "true_effect": test.truth.effect,
            "stated_effect": test.truth.stated,
            "true_effect_mcse": test.truth.mcse,
            "is_null": test.truth.is_null,
            "alpha": test.analysis.alpha,
            "alternative": test.analysis.alternative,
            **{name: self.pairs.figure(g, m, name) for name in FIGURES},
        }
        return cell | carryover.carryover_figures(
            cell, self.carryover[j].get((row.hypothesis, test.analysis.name, size))
        )

    def differences(self) -> list[Json]:
        """Every design minus the first that has the hypothesis, with paired and unpaired errors."""
        found = []
        for g, row in enumerate(self.rows):
            for m, member in enumerate(row.group[1:], start=1):
                first = row.group[0].design
                same = digest(self.scenarios[member.design]) == digest(self.scenarios[first])
                shown = {name: self.pairs.difference(g, m, name, same=same) for name in FIGURES}
                head = {"hypothesis": row.hypothesis, "analysis": row.analysis}
                found.append(
                    head | {"design": self.names[member.design], "against": self.names[first]} | shown
                )
        return found

    def digest(self) -> str:
        """Name of the result: the same designs, seed, trials and engine give the same digest everywhere."""
        return answer_digest(
            "compare",
            ENGINE,
            self.scenarios,
            hypotheses=[[row.hypothesis, row.analysis, row.group] for row in self.rows],
            seed=self.pairs.jobs[0].seed,
            trials=self.trials,
            options={},
            sums=self.pairs.sums,
        )

    def frame(self) -> polars.DataFrame:
        """The cells as a table, keys flattened with an underscore."""
        import polars

        return polars.DataFrame([flatten(cell) for cell in self.cells()], infer_schema_length=None)

    def _repr_html_(self) -> str:
        html: str = self.frame()._repr_html_()
        return html

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
                {"trials": self.trials, "seed": self.pairs.jobs[0].seed},
                seconds=self.pairs.seconds,
                simulated=self.trials * len(self.names),
            ),
            "cells": self.cells(),
            "differences": self.differences(),
            "unlike": list(self.unlike),
            "partial": self.partial,
            "warnings": self._warnings(),
        }

    def _warnings(self) -> list[str]:
        said = list(self.remarks)
        if self.partial:
            said.append(f"interrupted: the figures are of the {self.trials} trials that were finished")
        if self.pairs.approximate:
            said.append(WARNING)
        named = list(zip(self.names, self.scenarios, strict=True))
        said += [f"{name}: {remark}" for name, scenario in named for remark in of_looks(scenario)]
        units = dict(named)
        called = {name: labels(scenario) for name, scenario in named}
        return said + bias_sentences(
            self.cells(),
            lambda cell: f"{called[cell['design']](cell['hypothesis'])} in {cell['design']}",
            lambda cell: unit_of(units[cell["design"]], cell["analysis"]),
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
) -> Comparison:
    """Simulate designs on the same virtual patients and compare each with the first.

    Trials and seed are those of the first scenario if not given. Hypotheses are paired by name, analyses by
    name or, where the scenarios share none, the first of each. `progress(done, all)`: trials of all designs.
    Raises ValueError without scenarios or without hypotheses.
    """
    if not scenarios:
        raise ValueError("nothing to compare")
    first = scenarios[0].simulation
    chosen = compared(scenarios, hypotheses)
    jobs = [
        job_of(each, seed=first.seed if seed is None else seed, tallied=False) for each in chosen.values()
    ]
    rows = paired_rows(jobs)
    if not rows:
        raise ValueError("no scenario has any of these hypotheses")
    by_name = all(len({a.name for a in row}) == 1 for row in matched([s.analyses for s in scenarios]))
    calls = distinct(names or [scenario.name for scenario in scenarios])
    pairs = paired(
        jobs, [row.group for row in rows], trials or first.trials, threads=threads, progress=progress
    )
    used, apart = [calls[j] for j in chosen], unlike(list(chosen.values()), [row.hypothesis for row in rows])
    own = [f"{calls[j]}: {said}" for j in chosen for said in scenarios[j].remarks]
    return Comparison(
        tuple(scenarios[j] for j in chosen),
        tuple(used),
        tuple(rows),
        pairs,
        (*own, *remarks(rows, used, by_name, apart)),
        tuple(apart),
    )


def compared(scenarios: Sequence[Scenario], hypotheses: Sequence[str] | None) -> dict[int, Scenario]:
    """What is simulated of each scenario that has any of the hypotheses, by its number."""
    analyses = matched([scenario.analyses for scenario in scenarios])
    parts = {
        j: narrowed(scenario, [row[j] for row in analyses], hypotheses)
        for j, scenario in enumerate(scenarios)
    }
    return {j: part for j, part in parts.items() if part is not None}


def matched(analyses: Sequence[Sequence[Analysis]]) -> list[list[Analysis]]:
    """Rows of analyses, one of each scenario, that are compared."""
    by_name = [{analysis.name: analysis for analysis in own} for own in analyses]
    shared = [name for name in by_name[0] if all(name in own for own in by_name)]
    return [[own[name] for own in by_name] for name in shared] or [[own[0] for own in analyses]]


def narrowed(
    scenario: Scenario, analyses: Sequence[Analysis], wanted: Sequence[str] | None
) -> Scenario | None:
    """The scenario with only these analyses and hypotheses; None if it has none of the hypotheses."""
    names = scenario.simulated_hypotheses
    names = tuple(name for name in names if wanted is None or name in wanted)
    if not names:
        return None
    simulation = scenario.simulation.model_copy(update={"hypotheses": names})
    return scenario.model_copy(update={"simulation": simulation, "analyses": tuple(analyses)})


def paired_rows(jobs: Sequence[Job]) -> list[Row]:
    """Every hypothesis and analysis with the designs that have it, in order of first appearance."""
    names = dict.fromkeys(tests[0].hypothesis for work in jobs for tests in work.tests)
    rows = []
    for name in names:
        for a in range(len(jobs[0].analyses)):
            group = [
                Member(j, h, a)
                for j, work in enumerate(jobs)
                for h, tests in enumerate(work.tests)
                if tests[0].hypothesis == name
            ]
            called = dict.fromkeys(jobs[j].tests[h][a].analysis.name for j, h, _ in group)
            rows.append(Row(name, " / ".join(called), group))
    return rows


def remarks(rows: Sequence[Row], names: Sequence[str], by_name: bool, apart: Sequence[str]) -> list[str]:
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
    said = []
    if alone:
        said.append(f"not in every scenario, and compared only where it is: {', '.join(alone)}")
    if not by_name:
        said.append("the scenarios name their analyses differently: the first analysis of each is compared")
    if apart:
        named = listed([*apart[:_NAMED], *([f"{len(apart) - _NAMED} more"] if apart[_NAMED:] else [])])
        said.append(
            f"the scenarios differ in more than their designs, and so do the results because of it: {named}"
        )
    return said


def distinct(names: Sequence[str]) -> list[str]:
    """The names, those that come again with a number: `a`, `a (2)`."""
    given: list[str] = []
    for name in names:
        called, number = name, 1
        while called in given:
            number += 1
            called = f"{name} ({number})"
        given.append(called)
    return given
