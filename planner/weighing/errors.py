"""Why a result cannot be weighed."""

from __future__ import annotations


class WeighingError(ValueError):
    """A result that cannot be weighed. `hint`: what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
