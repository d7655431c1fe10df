"""planner: power, early stopping, expected size and bias of crossover trials, by simulation.

>>> import planner
>>> scenario = planner.read("asthma-ab-ba", set=["design.patients=36"])
>>> run = planner.simulate(scenario, trials=100_000)
>>> run.frame()

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from planner._version import __version__

if TYPE_CHECKING:
    from planner.errors import WeighingError
    from planner.monitoring.boundaries import boundary
    from planner.questions.compare import Comparison, compare
    from planner.questions.discriminate.discriminate import discriminate
    from planner.questions.discriminate.result import Discrimination
    from planner.questions.discriminate.simulating import DiscriminationError
    from planner.questions.replay.replay import find, replay
    from planner.questions.replay.trial import Trial
    from planner.questions.run.simulate import simulate
    from planner.questions.sensitivity import Sensitivity, sensitivity
    from planner.questions.size import Sizing, SizingError, size
    from planner.questions.sweep.axes import SweepError
    from planner.questions.sweep.sweep import Sweep, sweep
    from planner.questions.weigh.result import Weighing
    from planner.questions.weigh.weigh import weigh
    from planner.results.run import Run
    from planner.scenario.faults import ScenarioError
    from planner.scenario.reading.read import read, read_text

_HOME = {
    "boundary": "planner.monitoring.boundaries",
    "Comparison": "planner.questions.compare",
    "compare": "planner.questions.compare",
    "Discrimination": "planner.questions.discriminate.result",
    "DiscriminationError": "planner.questions.discriminate.simulating",
    "discriminate": "planner.questions.discriminate.discriminate",
    "ScenarioError": "planner.scenario.faults",
    "read": "planner.scenario.reading.read",
    "read_text": "planner.scenario.reading.read",
    "Trial": "planner.questions.replay.replay",
    "find": "planner.questions.replay.replay",
    "replay": "planner.questions.replay.replay",
    "Run": "planner.results.run",
    "simulate": "planner.questions.run.simulate",
    "Sensitivity": "planner.questions.sensitivity",
    "sensitivity": "planner.questions.sensitivity",
    "Sizing": "planner.questions.size",
    "SizingError": "planner.questions.size",
    "size": "planner.questions.size",
    "Sweep": "planner.questions.sweep.sweep",
    "SweepError": "planner.questions.sweep.axes",
    "sweep": "planner.questions.sweep.sweep",
    "Weighing": "planner.questions.weigh.result",
    "WeighingError": "planner.errors",
    "weigh": "planner.questions.weigh.weigh",
}

__all__ = [
    "Comparison",
    "Discrimination",
    "DiscriminationError",
    "Run",
    "ScenarioError",
    "Sensitivity",
    "Sizing",
    "SizingError",
    "Sweep",
    "SweepError",
    "Trial",
    "Weighing",
    "WeighingError",
    "__version__",
    "boundary",
    "compare",
    "discriminate",
    "find",
    "read",
    "read_text",
    "replay",
    "sensitivity",
    "simulate",
    "size",
    "sweep",
    "weigh",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'planner' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
