"""planner: power, early stopping, expected size and bias of crossover trials, by simulation."""

from planner.version import __version__

__all__ = ["__version__"]
