"""What is wrong with a monitoring plan."""

from __future__ import annotations

from planner.errors import PlannerError


class BoundaryError(PlannerError, ValueError):
    """A monitoring plan that cannot be right as stated. In one sentence: the message, a colon, the hint."""

    def __str__(self) -> str:
        return f"{self.message}: {self.hint}" if self.hint else self.message


class UnreachableError(BoundaryError):
    """A sound question that has no answer, such as a power that no drift gives."""
