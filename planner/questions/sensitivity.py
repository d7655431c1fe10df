"""How much the power hangs on each assumption: every number of the hypotheses and of the dropout, a step off.

All variants are simulated with the same virtual patients, so that what an assumption changes is not hidden by
chance: its Monte Carlo error is paired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from planner.engine.executors import Progress
from planner.engine.job import Job, job_of
from planner.engine.potential_outcomes import Truth
from planner.errors import PlannerError
from planner.model.parameter_draws import without_uncertainty
from planner.model.stopping.remarks import look_remarks
from planner.monitoring.spending import BoundaryError
from planner.questions.compare.pairing import Member, Pairs, paired
from planner.results.carryover import CarryoverBias, Key, biases_of_job, with_carryover
from planner.results.design_effect import WARNING
from planner.results.digest import answer_digest
from planner.results.figures import Json
from planner.results.frames import flatten
from planner.results.provenance import ENGINE, provenance, scenario_named
from planner.results.warnings import biased_by_carryover
from planner.scenario.canonical.resolved import resolve
from planner.scenario.canonical.toml import as_toml, to_toml
from planner.scenario.families.means import Means
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.faults import Path, ScenarioError, dotted
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario

if TYPE_CHECKING:
    import polars

STEP = 0.2
"""By how much an assumption is off, as a share of it, if nothing else is said."""

MAX_VARIANTS = 400

# What is no assumption: structure, labels in numbers, criteria that are the trial's own choice.
_CHOSEN = {"at_least", "gate", "peak_day", "per", "around"}
_APART = {"means", "sd_within", "signals", "terms", "outcomes", "uncertainty", "tie"}


class SensitivityError(PlannerError, ValueError):
    """An analysis of sensitivity that cannot be run."""


@dataclass(frozen=True)
class Assumption:
    """Numbers that are varied together, and the scenarios in which they are a step off."""

    path: str  # as in --set, and shown
    label: str  # the path without what every line repeats
    value: Any  # a number, or the several that vary together
    hypotheses: tuple[str, ...]  # those that it concerns
    variants: tuple[tuple[Any, Scenario | None], ...]  # lower, then higher: value, None where impossible


def assumptions(scenario: Scenario, step: float = STEP) -> list[Assumption]:
    """The numeric assumptions of a scenario's simulated hypotheses, and its dropout; zeros are left out.

    Of means, the difference from the reference treatment (the first that the first contrast subtracts) is
    varied: the mean itself has no natural zero. Raises SensitivityError for a step outside 0 .. 1, and where
    there is nothing to vary, or too much.
    """
    if not 0.0 < step < 1.0:
        raise SensitivityError("the step must be above 0 and below 1", "for instance 0.2, for 20 %")
    scenario = without_uncertainty(scenario)
    text = to_toml(scenario)
    numbers = list(_numbers(scenario))
    if not numbers:
        raise SensitivityError("there is no number to vary", "state means, rates or dropout other than 0")
    if 2 * len(numbers) > MAX_VARIANTS:
        raise SensitivityError(
            f"{len(numbers)} assumptions are too many; at most {MAX_VARIANTS // 2}",
            "choose hypotheses with --hypothesis",
        )
    found = []
    for path, value, names, label in numbers:
        written = []
        for factor in (1.0 - step, 1.0 + step):
            if label.startswith("difference"):
                reference = _reference(scenario)
                base = scenario.hypotheses[str(path[1])]
                assert isinstance(base, Means)
                changed = value * factor
                setting = f"{dotted(path)}={as_toml(base.means[reference] + changed)}"
            else:
                changed = _scaled(value, factor)
                setting = f"{dotted(path)}={as_toml(changed)}"
            written.append((changed, _variant(text, setting, scenario, names)))
        found.append(Assumption(dotted(path), label, value, names, tuple(written)))
    return found


def _variant(text: str, setting: str, scenario: Scenario, names: Sequence[str]) -> Scenario | None:
    """The scenario with one number changed, narrowed to the hypotheses concerned; None if it is unsound."""
    try:
        changed = read_text(text, scenario.name, set=[setting])
    except ScenarioError:
        return None
    simulation = changed.simulation.model_copy(update={"hypotheses": tuple(names)})
    return changed.model_copy(update={"simulation": simulation})


def _scaled(value: Any, factor: float) -> Any:
    if isinstance(value, dict):
        return {key: _scaled(item, factor) for key, item in value.items()}
    if isinstance(value, list):
        return [_scaled(item, factor) for item in value]
    return value * factor


def _reference(scenario: Scenario) -> str:
    return next(a for a, weight in scenario.analyses[0].weights.items() if weight < 0.0)


def _numbers(scenario: Scenario) -> Iterator[tuple[Path, Any, tuple[str, ...], str]]:
    """Path, value, hypotheses concerned and label of every assumption."""
    full = resolve(scenario)
    every = scenario.simulated_hypotheses
    for name in every:
        for path, value, label in _of_hypothesis(scenario, full["hypotheses"][name]):
            yield ("hypotheses", name, *path), value, (name,), label
    population = full.get("population", {})
    for path in (("dropout", "per_period"), ("dropout", "before_first"), ("period_effect",)):
        value = _followed(population, path)
        if _varies(value):
            yield ("population", *path), value, every, ".".join(path)
    for path, value in _leaves({"odds_ratio": _followed(population, ("dropout", "odds_ratio"))}):
        if path[-1] not in _CHOSEN:
            yield ("population", "dropout", *path), value, every, ".".join(("dropout", *map(str, path)))
    mechanisms = tuple(name for name in every if isinstance(scenario.hypotheses[name], MechanismHypothesis))
    if mechanisms:
        yield from _of_mechanisms(scenario, full, mechanisms)


def _of_hypothesis(scenario: Scenario, stated: Mapping[str, Any]) -> Iterator[tuple[Path, Any, str]]:
    if "means" in stated:
        reference = _reference(scenario)
        for treatment, mean in stated["means"].items():
            difference = mean - stated["means"].get(reference, mean)
            if treatment != reference and difference != 0.0:
                yield ("means", treatment), difference, f"difference {treatment} − {reference}"
        if _varies(stated.get("sd_within")):
            yield ("sd_within",), stated["sd_within"], "sd_within"
    for path, value in _leaves(stated):
        if path[0] not in _APART and path[-1] not in _CHOSEN:
            yield path, value, ".".join(map(str, path))


def _of_mechanisms(
    scenario: Scenario, full: Mapping[str, Any], names: tuple[str, ...]
) -> Iterator[tuple[Path, Any, tuple[str, ...], str]]:
    """Common components, the agents that are given, and the patients."""
    for component, stated in full.get("components", {}).items():
        used = tuple(name for name in names if _uses(scenario.hypotheses[name], component))
        for path, value in _leaves(stated) if used else ():
            if path[-1] not in _CHOSEN:
                yield ("components", component, *path), value, used, ".".join((component, *map(str, path)))
    for outcome in dict.fromkeys(a.outcome for a in scenario.analyses if a.outcome):
        for path, value in _leaves({**full["outcomes"][outcome], "day": 0, "scale": 0}):
            if path[-1] not in _CHOSEN:
                yield ("outcomes", outcome, *path), value, names, ".".join((outcome, *map(str, path)))
    for path, value in _leaves(full.get("blinding", {})):
        yield ("blinding", *path), value, names, ".".join(("blinding", *map(str, path)))
    given = {a.agent for t in scenario.design.treatments for a in _agents(scenario, t)}
    for agent in sorted(given):
        for path, value in _leaves(full["agents"].get(agent, {})):
            yield ("agents", agent, *path), value, names, ".".join((agent, *map(str, path)))
    for path, value in _leaves(
        {k: full["population"].get(k) for k in ("baseline", "rating_sd", "occasion_sd")}
    ):
        if path[-1] not in _CHOSEN:
            yield ("population", *path), value, names, ".".join(map(str, path))


def _agents(scenario: Scenario, treatment: str) -> Sequence[Any]:
    found = scenario.treatments.get(treatment)
    return found.agents if found is not None else ()


def _uses(hypothesis: Any, component: str) -> bool:
    """Whether a hypothesis has a component and takes the common one."""
    return component not in hypothesis.components and any(t.component == component for t in hypothesis.terms)


def _followed(node: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = node
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _leaves(node: Any, path: Path = ()) -> Iterator[tuple[Path, float]]:
    """Every number of a table that is not 0, with its path."""
    if isinstance(node, Mapping):
        for key, item in node.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(node, int | float) and not isinstance(node, bool) and node != 0:
        yield path, node


def _varies(value: Any) -> bool:
    """Whether any number in the value is not 0."""
    if isinstance(value, list):
        return any(map(_varies, value))
    return any(True for _ in _leaves({"": value}))


# The simulation


@dataclass(frozen=True)
class Sensitivity:
    """The result of `sensitivity`."""

    scenario: Scenario
    name: str
    step: float
    assumptions: tuple[Assumption, ...]
    members: tuple[tuple[tuple[int, int], ...], ...]  # of each group: assumption and side of every variant
    pairs: Pairs

    @property
    def partial(self) -> bool:
        """Whether it was interrupted before all trials were done."""
        return self.pairs.partial

    def cells(self) -> list[Json]:
        """For each hypothesis and analysis the power, and its assumptions by what they change."""
        found = []
        for g, group in enumerate(self.pairs.groups):
            _, h, a = group[0]
            test = self.pairs.jobs[0].tests[h][a]
            sides: dict[int, dict[int, int]] = {}
            for m, (number, side) in enumerate(self.members[g], start=1):
                sides.setdefault(number, {})[side] = m
            rows = [self._row(g, number, at) for number, at in sides.items()]
            found.append(
                {
                    "hypothesis": test.hypothesis,
                    "analysis": test.analysis.name,
                    "patients": test.looks[0].patients,
                    "true_effect": test.truth.effect,
                    "stated_effect": test.truth.stated,
                    "is_null": test.truth.is_null,
                    "power": self.pairs.figure(g, 0, "power"),
                    "assumptions": sorted(rows, key=lambda row: -row["impact"]),
                }
            )
        return with_carryover(found, self.carryover)

    @cached_property
    def carryover(self) -> Mapping[Key, CarryoverBias]:
        """The bias that carryover gives each analysis as the assumptions are stated."""
        return biases_of_job(without_uncertainty(self.scenario), self.pairs.jobs[0])

    def _row(self, g: int, number: int, at: Mapping[int, int]) -> Json:
        assumption = self.assumptions[number]
        row: Json = {"path": assumption.path, "label": assumption.label, "value": assumption.value}
        changes = []
        for side, name in enumerate(("lower", "higher")):
            m = at.get(side)
            if m is None:
                row[name] = None
                continue
            difference = self.pairs.difference(g, m, "power")
            power = self.pairs.figure(g, m, "power")
            row[name] = {"value": assumption.variants[side][0], "power": power, "difference": difference}
            changes.append(abs(difference["estimate"]) if difference else 0.0)
        return row | {"impact": max(changes, default=0.0)}

    def digest(self) -> str:
        """Name of the result: the same variants, seed, trials and engine give the same digest everywhere."""
        varied = [[each.path, each.value, [value for value, _ in each.variants]] for each in self.assumptions]
        return answer_digest(
            "sensitivity",
            ENGINE,
            [self.scenario],
            hypotheses=[tests[0].hypothesis for tests in self.pairs.jobs[0].tests],
            seed=self.pairs.jobs[0].seed,
            trials=self.pairs.trials,
            options={"step": self.step, "assumptions": varied, "members": self.members},
            sums=self.pairs.sums,
        )

    def frame(self) -> polars.DataFrame:
        """One row for each assumption under each hypothesis and analysis."""
        import polars

        rows = []
        for cell in self.cells():
            head = {key: cell[key] for key in ("hypothesis", "analysis", "patients")}
            for each in cell["assumptions"]:
                row = {**head, "assumption": each["path"], "impact": each["impact"]}
                for side in ("lower", "higher"):
                    shown = each[side] or {}
                    # As text, because some assumptions are several numbers.
                    row[f"{side}_value"] = as_toml(shown["value"]) if shown else None
                    row |= flatten({k: v for k, v in shown.items() if k != "value"}, side)
                rows.append(row)
        return polars.DataFrame(rows, infer_schema_length=None)

    def _repr_html_(self) -> str:
        html: str = self.frame()._repr_html_()
        return html

    def to_json(self) -> Json:
        """The `planner.sensitivity/1` object."""
        cells = self.cells()
        return {
            "schema": "planner.sensitivity/1",
            "scenario": scenario_named(self.name, self.scenario),
            "run": provenance(
                self.digest(),
                {"trials": self.pairs.trials, "seed": self.pairs.jobs[0].seed},
                seconds=self.pairs.seconds,
                simulated=self.pairs.trials * len(self.pairs.jobs),
            ),
            "step": self.step,
            "cells": cells,
            "partial": self.partial,
            "warnings": self.warnings(cells),
        }

    def warnings(self, cells: Sequence[Json], called: Callable[[str], str] = str) -> list[str]:
        """What must not be overlooked. `called`: what a hypothesis is called there."""
        said = [*self.scenario.remarks, *look_remarks(self.scenario)]
        if self.partial:
            said.append(f"interrupted: the figures are of the {self.pairs.trials} trials that were finished")
        said += [WARNING] if self.pairs.approximate else []
        return [*said, *biased_by_carryover(self.scenario, cells, None, called)]


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
    """
    found = list(assumptions(scenario, step) if varied is None else varied)
    jobs, groups, members = variants(scenario, found, seed)
    pairs = paired(jobs, groups, trials or scenario.simulation.trials, threads=threads, progress=progress)
    return Sensitivity(scenario, name or scenario.name, step, tuple(found), tuple(members), pairs)


def variants(
    scenario: Scenario,
    found: Sequence[Assumption],
    seed: int | None,
    known: Mapping[str, Sequence[Truth]] | None = None,
) -> tuple[list[Job], list[list[Member]], list[tuple[tuple[int, int], ...]]]:
    """The scenario and every variant of it as jobs, how they are paired, and which variant each member is.

    `known`: true effects, if they need not be worked out.
    """
    wanted = [
        (i, side, variant)
        for i, assumption in enumerate(found)
        for side, (_, variant) in enumerate(assumption.variants)
        if variant is not None
    ]
    base = job_of(scenario, seed=seed, given_truths=known, tallied=False)
    known = {tests[0].hypothesis: [test.truth for test in tests] for tests in base.tests}
    jobs, kept = [base], []
    for i, side, variant in wanted:
        try:
            jobs.append(job_of(variant, seed=base.seed, given_truths=known, tallied=False))
        except BoundaryError:
            continue
        kept.append((i, side))
    groups, members = [], []
    for h, tests in enumerate(base.tests):
        for a in range(len(tests)):
            rows = [
                (Member(j, found[i].hypotheses.index(tests[a].hypothesis), a), (i, side))
                for j, (i, side) in enumerate(kept, start=1)
                if tests[a].hypothesis in found[i].hypotheses
            ]
            groups.append([Member(0, h, a), *(member for member, _ in rows)])
            members.append(tuple(at for _, at in rows))
    return jobs, groups, members
