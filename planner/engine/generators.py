"""Hypotheses by family, with what makes their patients: a compiled kernel and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

from planner.model.families.family import FamilyTables, family_named, names_by_family
from planner.model.readings import Reading
from planner.scenario.scenario import Scenario


class Generator(NamedTuple):
    """The hypotheses of one family: the compiled generator and its tables."""

    generate: Any
    tables: FamilyTables
    family: str


def generators_of(
    scenario: Scenario, names: Sequence[str], readings: Sequence[Reading]
) -> tuple[Generator, ...]:
    """The named hypotheses by family, in the order of the table of families.

    Each knows its row among all of them.
    """
    place = {name: i for i, name in enumerate(names)}
    generators = []
    for name, members in names_by_family(scenario, names).items():
        family = family_named(name)
        kernel = import_module(f"planner.kernels.generate.{family.kernel}").generate
        hypotheses = [scenario.hypotheses[each] for each in members]
        tables = family.tables(scenario, hypotheses, readings, [place[each] for each in members])
        generators.append(Generator(kernel, tables, name))
    return tuple(generators)
