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

MEANINGS = {
    OK: "done",
    BUG: "a bug of planner: `-v` adds the traceback",
    USAGE: "a misused command, or a file that cannot be read or written",
    INVALID: "a scenario or other input with faults, or too little memory",
    NO_ANSWER: "the question has no answer",
    CHECK_FAILED: "a check failed: `bench --compare`, `doctor`",
    HUNG_UP: "hung up (SIGHUP); what was finished has been printed",
    INTERRUPTED: "interrupted (Ctrl-C); what was finished has been printed",
    TERMINATED: "terminated (SIGTERM); what was finished has been printed",
}
"""For the reference of the commands."""


class Problem(PlannerError):
    """What went wrong, what the user can do about it, and the exit code."""

    def __init__(self, message: str, hint: str = "", *, code: int = USAGE) -> None:
        super().__init__(message, hint)
        self.code = code
