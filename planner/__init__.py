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

from planner.version import __version__

if TYPE_CHECKING:
    from planner.boundaries import boundary
    from planner.comparing import Comparison, compare
    from planner.discrimination import Discrimination, DiscriminationError, discriminate
    from planner.reading import ScenarioError, read, read_text
    from planner.replay import Trial, find, replay
    from planner.results import Run, simulate
    from planner.sensitivity import Sensitivity, sensitivity
    from planner.sizing import Sizing, SizingError, size
    from planner.sweeping import Sweep, sweep
    from planner.swept import SweepError
    from planner.weighing import Weighing, WeighingError, weigh

_HOME = {
    "boundary": "planner.boundaries",
    "Comparison": "planner.comparing",
    "compare": "planner.comparing",
    "Discrimination": "planner.discrimination",
    "DiscriminationError": "planner.discrimination",
    "discriminate": "planner.discrimination",
    "ScenarioError": "planner.reading",
    "read": "planner.reading",
    "read_text": "planner.reading",
    "Trial": "planner.replay",
    "find": "planner.replay",
    "replay": "planner.replay",
    "Run": "planner.results",
    "simulate": "planner.results",
    "Sensitivity": "planner.sensitivity",
    "sensitivity": "planner.sensitivity",
    "Sizing": "planner.sizing",
    "SizingError": "planner.sizing",
    "size": "planner.sizing",
    "Sweep": "planner.sweeping",
    "SweepError": "planner.swept",
    "sweep": "planner.sweeping",
    "Weighing": "planner.weighing",
    "WeighingError": "planner.weighing",
    "weigh": "planner.weighing",
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
