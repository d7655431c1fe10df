"""How fast the engine is: standard jobs, a bound that no simulation can beat, and rivals on the same job."""

from planner.benchmarks.definitions import known
from planner.benchmarks.measuring import bench
from planner.benchmarks.regression import NotComparable, check, compared

__all__ = ["NotComparable", "bench", "check", "compared", "known"]
