"""The numeric assumptions of a scenario, and the scenarios in which each is a step off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.errors import RequestError
from planner.model.assumed_numbers import AssumedNumber, numbers_in, varies
from planner.model.families.family import family_named, family_of, names_by_family
from planner.model.parameter_draws import without_uncertainty
from planner.questions.requested import check_numbers
from planner.scenario.canonical.resolved import resolve
from planner.scenario.canonical.toml import as_toml, to_toml
from planner.scenario.faults import ScenarioError, dotted
from planner.scenario.reading.read import source_of
from planner.scenario.reading.source import Source
from planner.scenario.scenario import Scenario

STEP = 0.2
"""By how much an assumption is off by default, as a share of it."""

MAX_VARIANTS = 400


class SensitivityError(RequestError):
    """An analysis of sensitivity that cannot be run.

    >>> import planner
    >>> try:
    ...     planner.sensitivity(planner.read("asthma-ab-ba"), step=20)
    ... except planner.SensitivityError as error:
    ...     print(error.message)
    the step must be above 0 and below 1
    """


@dataclass(frozen=True)
class Assumption:
    """Numbers that are varied together, and the scenarios in which they are a step off."""

    path: str  # as in --set
    label: str  # the path without what every line repeats
    value: object  # a number, or the several that vary together
    hypotheses: tuple[str, ...]  # those that it concerns
    variants: tuple[tuple[object, Scenario | None], ...]  # lower, then higher: value, None where impossible


def assumptions(scenario: Scenario, step: float = STEP) -> list[Assumption]:
    """The numeric assumptions of a scenario's simulated hypotheses, and its dropout; zeros are left out.

    Of means, the difference from the reference treatment (the first that the first contrast subtracts) is
    varied: the mean itself has no natural zero. Raises SensitivityError for a step outside 0 .. 1, and where
    there is nothing to vary, or too much.
    """
    check_numbers(step=step)
    if not 0.0 < step < 1.0:
        raise SensitivityError("the step must be above 0 and below 1", "for instance 0.2, for 20 %")
    scenario = without_uncertainty(scenario)
    source = source_of(to_toml(scenario), scenario.name, scenario.own_methods)
    numbers = list(_numbers(scenario))
    if not numbers:
        raise SensitivityError("there is no number to vary", "state means, rates or dropout other than 0")
    if 2 * len(numbers) > MAX_VARIANTS:
        raise SensitivityError(
            f"{len(numbers)} assumptions are too many; at most {MAX_VARIANTS // 2}",
            "choose hypotheses with --hypothesis",
        )
    varied = []
    for number, names in numbers:
        sides = []
        for factor in (1.0 - step, 1.0 + step):
            changed = _scaled(number.value, factor)
            written = changed if number.start is None else number.start + changed
            setting = f"{dotted(number.path)}={as_toml(written)}"
            sides.append((changed, _variant(source, setting, names)))
        varied.append(Assumption(dotted(number.path), number.label, number.value, names, tuple(sides)))
    return varied


def _variant(source: Source, setting: str, names: Sequence[str]) -> Scenario | None:
    """The scenario with one number changed, narrowed to the hypotheses concerned; None if it is unsound."""
    try:
        changed = source.scenario([setting])
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
    return next((a for a, weight in scenario.analyses[0].weights.items() if weight < 0.0), "")


def _numbers(scenario: Scenario) -> Iterator[tuple[AssumedNumber, tuple[str, ...]]]:
    """Every assumption, with the hypotheses concerned."""
    full, every = resolve(scenario), scenario.simulated_hypotheses
    reference = _reference(scenario)
    for name in every:
        hypothesis = scenario.hypotheses[name]
        stated = full["hypotheses"][name]
        for number in family_of(hypothesis).assumed_numbers(hypothesis, stated, reference):
            yield number._replace(path=("hypotheses", name, *number.path)), (name,)
    population = full.get("population", {})
    for path in (("dropout", "per_period"), ("dropout", "before_first"), ("period_effect",)):
        value = _followed(population, path)
        if varies(value):
            yield AssumedNumber(("population", *path), value, ".".join(path)), every
    for number in numbers_in({"odds_ratio": _followed(population, ("dropout", "odds_ratio"))}):
        below = ("population", "dropout", *number.path)
        yield number._replace(path=below, label=f"dropout.{number.label}"), every
    for family, names in names_by_family(scenario, every).items():
        yield from family_named(family).common_numbers(scenario, full, names)


def _followed(node: Mapping[str, object], path: Sequence[str]) -> object:
    value: object = node
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
