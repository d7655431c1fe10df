"""Exit codes, and the one exception by which a command ends with an explained error."""

from __future__ import annotations

from planner.errors import PlannerError

OK = 0
BUG = 1
USAGE = 2
INVALID = 3  # the scenario or the data
NO_ANSWER = 4
CHECK_FAILED = 5
HUNG_UP = 129
INTERRUPTED = 130
TERMINATED = 143


class Problem(PlannerError):
    """What went wrong, what the user can do about it, and the exit code."""

    def __init__(self, message: str, hint: str = "", *, code: int = USAGE) -> None:
        super().__init__(message, hint)
        self.code = code
