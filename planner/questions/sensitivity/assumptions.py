"""The numeric assumptions of a scenario, and the scenarios in which each is a step off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.errors import PlannerError
from planner.model.parameter_draws import without_uncertainty
from planner.scenario.canonical.resolved import resolve
from planner.scenario.canonical.toml import as_toml, to_toml
from planner.scenario.families.means import Means
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.faults import Path, ScenarioError, dotted
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario

STEP = 0.2
"""By how much an assumption is off by default, as a share of it."""

MAX_VARIANTS = 400

# What is no assumption: structure, labels in numbers, criteria that are the trial's own choice.
_CHOSEN = {"at_least", "gate", "peak_day", "per", "around"}
_APART = {"means", "sd_within", "signals", "terms", "outcomes", "uncertainty", "tie"}


class SensitivityError(PlannerError, ValueError):
    """An analysis of sensitivity that cannot be run."""


@dataclass(frozen=True)
class Assumption:
    """Numbers that are varied together, and the scenarios in which they are a step off."""

    path: str  # as in --set
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
    varied = []
    for path, value, names, label in numbers:
        sides = []
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
            sides.append((changed, _variant(text, setting, scenario, names)))
        varied.append(Assumption(dotted(path), label, value, names, tuple(sides)))
    return varied


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
    given = scenario.treatments.get(treatment)
    return given.agents if given is not None else ()


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
