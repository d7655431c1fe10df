"""planner: power, early stopping, expected size and bias of crossover trials, by simulation.

>>> import planner
>>> scenario = planner.read("asthma-ab-ba", set=["design.patients=36"])
>>> run = planner.simulate(scenario, trials=100_000)
>>> run.frame()

Nothing heavy is imported before it is used. The names that are offered stand in `__init__.pyi`, with the
modules that hold them: once, for Python, type checkers and editors alike.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

from planner._version import __version__ as __version__

_LINE = re.compile(r"^from (\S+) import \w+ as (\w+)$", re.MULTILINE)

_HOME = {
    name: module
    for module, name in _LINE.findall(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
}
"""The module that holds each name; it is imported when the name is first used."""

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'planner' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
