"""What scenarios assume otherwise: then differences between them are not of the designs alone.

Sequences, treatments, times, analyses and stopping rules are the design. The rest is compared: the patients,
the scale, and what the hypotheses of the same name say, with the agents, signals and components they rest on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from planner.scenario.canonical.resolved import settings
from planner.scenario.scenario import Scenario

_TABLES = ("agents", "signals", "components", "outcomes", "hypotheses")  # compared where both have the name
_OF_THE_DESIGN = ("sequence_effect", "uncertainty", "prior", "tie")  # or of no trial that is simulated
_SCALE = ("low", "high", "step", "better")  # what counts as a response belongs to the analysis


def differing_assumptions(scenarios: Sequence[Scenario], hypotheses: Collection[str]) -> list[str]:
    """Paths of what a scenario states otherwise than the first one: `components.specific`.

    hypotheses: the names of those that are compared.
    """
    paths: dict[str, None] = {}
    for other in scenarios[1:]:
        paths |= dict.fromkeys(_between(scenarios[0], other, hypotheses))
    return list(paths)


def _between(one: Scenario, other: Scenario, hypotheses: Collection[str]) -> list[str]:
    alone = {*one.design.treatments, *one.agents} ^ {*other.design.treatments, *other.agents}
    a, b = settings(one), settings(other)
    people = {**a.get("population", {}), **b.get("population", {})}
    pairs = [(f"population.{key}", key, "population") for key in people]
    for each in (a, b):
        scale = each.get("endpoint", {}).get("scale", {})
        each["scale"] = {key: value for key, value in scale.items() if key in _SCALE}
    pairs += [(f"endpoint.scale.{key}", key, "scale") for key in _SCALE]
    for table in _TABLES:
        names = [name for name in a.get(table, {}) if name in b.get(table, {})]
        names = [name for name in names if table != "hypotheses" or name in hypotheses]
        pairs += [(f"{table}.{name}", name, table) for name in names]
    return [
        path
        for path, key, table in pairs
        if key not in _OF_THE_DESIGN
        and not _alike(a.get(table, {}).get(key), b.get(table, {}).get(key), alone)
    ]


def _alike(a: Any, b: Any, alone: Collection[str]) -> bool:
    """Whether two settings are the same. `alone`: treatments and agents of only one do not count.

    Numbers for each period count as far as both have periods.
    """
    if all(each is None or isinstance(each, Mapping) for each in (a, b)):
        a, b = a or {}, b or {}
        keys = (a.keys() | b.keys()) - {*alone, *_OF_THE_DESIGN}
        return all(_alike(a.get(key), b.get(key), alone) for key in keys)
    if _numbers(a) and _numbers(b):
        return all(x == y for x, y in zip(a, b, strict=False))
    return bool(a == b)


def _numbers(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(x, int | float) for x in value)
