"""A bench that measures next to nothing, and copies of its document with other figures, for tests."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest

from planner.benchmarks import definitions, measuring
from planner.benchmarks.jobs import STANDARD
from planner.benchmarks.measuring import Effort

Json = dict[str, Any]
HASTE = Effort(2, 0.001, 2, 0.001, {}, 1.0, rivals=("small",))


@pytest.fixture
def document() -> Json:
    """A bench that measures next to nothing."""
    return _hasty_bench()


@cache
def _hasty_bench() -> Json:
    """Measured once for all files of tests, which leave it as it is."""
    before, measuring.QUICK = measuring.QUICK, HASTE
    try:
        return measuring.bench(quick=True, threads=3)
    finally:
        measuring.QUICK = before


# Against an earlier run


def changed(document: Json, factor: float, spread: float = 0.01) -> Json:
    """The document with its share of the bound multiplied, and quartiles so far around it."""
    other = copy.deepcopy(document)
    for job in other["jobs"]:
        middle = job["of_the_bound"]["median"] * factor
        job["of_the_bound"] = {
            "median": middle,
            "low": middle * (1 - spread),
            "high": middle * (1 + spread),
        }
    return other


def put(document: Json, path: str, value: Any) -> Json:
    """A copy of the document with another value at `jobs.0.definition.draws`."""
    other = copy.deepcopy(document)
    *way, last = (int(part) if part.isdigit() else part for part in path.split("."))
    node: Any = other
    for part in way:
        node = node[part]
    node[last] = value
    return other


SHARES = {f"{job.name}: share of the bound" for job in STANDARD}
BY_HAND = {f"against {name}: times as fast" for name in definitions.BY_HAND}
