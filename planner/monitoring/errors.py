"""What is wrong with a monitoring plan."""

from __future__ import annotations

from planner.errors import PlannerError


class BoundaryError(PlannerError, ValueError):
    """A monitoring plan that cannot be right as stated. In one sentence: the message, a colon, the hint.

    >>> import planner
    >>> try:
    ...     planner.boundary((0.5, 1), power=1.5)
    ... except planner.BoundaryError as error:
    ...     print(error)
    power is 1.5, but must lie above 0 and below 1: 0.8 or 0.9 is usual
    """

    def __str__(self) -> str:
        return f"{self.message}: {self.hint}" if self.hint else self.message


class UnreachableError(BoundaryError):
    """A sound question that has no answer, such as a power that no drift gives."""
