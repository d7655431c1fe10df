"""The parent of all errors that planner explains: what is wrong, and what to do about it."""

from __future__ import annotations

from typing import Literal

Place = Literal["result", "scenario", "request"]
"""The result that was observed, what the scenario states beside it, or the question."""


class PlannerError(Exception):
    """Something that cannot be done as it was stated: the parent of all errors that planner explains.

    `message`: why. `hint`: what to do, empty where that is plain from the message.

    >>> import planner
    >>> try:
    ...     planner.simulate(planner.read("asthma-ab-ba"), trials="1e5")
    ... except planner.PlannerError as error:
    ...     print(error.message)
    ...     print(error.hint)
    trials is '1e5', but must be a whole number from 1 to 1,000,000,000
    a whole number: trials=100_000
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class WeighingError(PlannerError, ValueError):
    """A result that cannot be weighed. `lies_in`: what is to be mended.

    >>> import planner
    >>> try:
    ...     planner.weigh(planner.read("asthma-ab-ba"))
    ... except planner.WeighingError as error:
    ...     print(error.message)
    the scenario states no observed result
    """

    def __init__(self, message: str, hint: str = "", lies_in: Place = "result") -> None:
        super().__init__(message, hint)
        self.lies_in = lies_in


class RequestError(PlannerError, ValueError):
    """A question that cannot be asked as it stands: a number out of its range, or nothing to be simulated.

    >>> import planner
    >>> try:
    ...     planner.compare([])
    ... except planner.RequestError as error:
    ...     print(error.message)
    nothing to compare: no scenario is given
    """


class UnknownNameError(PlannerError, LookupError, ValueError):
    """A name or label that nothing has, or a label that several have (`several`).

    >>> import planner
    >>> try:
    ...     planner.replay(planner.read("asthma-ab-ba"), hypothesis="publishd")
    ... except planner.UnknownNameError as error:
    ...     print(error.message)
    ...     print(error.hint)
    there is no hypothesis publishd
    did you mean published?
    """

    def __init__(self, message: str, hint: str = "", several: bool = False) -> None:
        super().__init__(message, hint)
        self.several = several


class UncertaintyError(PlannerError, ValueError):
    """Uncertain numbers of which there are no draws.

    >>> import planner
    >>> try:
    ...     planner.simulate(planner.read("asthma-ab-ba"), uncertain=True)
    ... except planner.UncertaintyError as error:
    ...     print(error.message)
    no number of this scenario is uncertain
    """


class AnalysisError(PlannerError, ValueError):
    """An analysis of the user's own that cannot be used, or that failed.

    >>> import planner
    >>> try:
    ...     planner.Analysis(max, title="The largest", needs="luck")
    ... except planner.AnalysisError as error:
    ...     print(error.message)
    needs: 'luck' is not known
    """
