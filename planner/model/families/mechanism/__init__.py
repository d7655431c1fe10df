"""Family `terms`: hypotheses that state mechanisms, by agents, signals and components, to tables."""

from planner.model.families.mechanism.family import FAMILY

__all__ = ["FAMILY"]
