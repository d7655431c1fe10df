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

from planner._version import __version__ as __version__

if TYPE_CHECKING:  # for type checkers and editors: `as` says that the name is offered
    from planner.errors import WeighingError as WeighingError
    from planner.monitoring.boundaries import boundary as boundary
    from planner.questions.compare.compare import Comparison as Comparison
    from planner.questions.compare.compare import compare as compare
    from planner.questions.discriminate.discriminate import discriminate as discriminate
    from planner.questions.discriminate.result import Discrimination as Discrimination
    from planner.questions.discriminate.simulating import DiscriminationError as DiscriminationError
    from planner.questions.replay.replay import find as find
    from planner.questions.replay.replay import replay as replay
    from planner.questions.replay.trial import Trial as Trial
    from planner.questions.run.simulate import simulate as simulate
    from planner.questions.sensitivity.sensitivity import Sensitivity as Sensitivity
    from planner.questions.sensitivity.sensitivity import sensitivity as sensitivity
    from planner.questions.size.result import Sizing as Sizing
    from planner.questions.size.size import SizingError as SizingError
    from planner.questions.size.size import size as size
    from planner.questions.sweep.axes import SweepError as SweepError
    from planner.questions.sweep.sweep import Sweep as Sweep
    from planner.questions.sweep.sweep import sweep as sweep
    from planner.questions.weigh.result import Weighing as Weighing
    from planner.questions.weigh.weigh import weigh as weigh
    from planner.results.run import Run as Run
    from planner.scenario.faults import ScenarioError as ScenarioError
    from planner.scenario.reading.read import read as read
    from planner.scenario.reading.read import read_text as read_text

_NAMES = {
    "planner.errors": ("WeighingError",),
    "planner.monitoring.boundaries": ("boundary",),
    "planner.questions.compare.compare": ("Comparison", "compare"),
    "planner.questions.discriminate.discriminate": ("discriminate",),
    "planner.questions.discriminate.result": ("Discrimination",),
    "planner.questions.discriminate.simulating": ("DiscriminationError",),
    "planner.questions.replay.replay": ("find", "replay"),
    "planner.questions.replay.trial": ("Trial",),
    "planner.questions.run.simulate": ("simulate",),
    "planner.questions.sensitivity.sensitivity": ("Sensitivity", "sensitivity"),
    "planner.questions.size.result": ("Sizing",),
    "planner.questions.size.size": ("SizingError", "size"),
    "planner.questions.sweep.axes": ("SweepError",),
    "planner.questions.sweep.sweep": ("Sweep", "sweep"),
    "planner.questions.weigh.result": ("Weighing",),
    "planner.questions.weigh.weigh": ("weigh",),
    "planner.results.run": ("Run",),
    "planner.scenario.faults": ("ScenarioError",),
    "planner.scenario.reading.read": ("read", "read_text"),
}
"""What is offered, by the module that holds it, which is imported when a name is first used."""

_HOME = {name: module for module, names in _NAMES.items() for name in names}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'planner' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
