"""Why a result cannot be weighed."""

from __future__ import annotations

from typing import Literal

Place = Literal["result", "scenario", "request"]
"""The result that was observed, what the scenario says beside it, or what was asked for."""


class WeighingError(ValueError):
    """A result that cannot be weighed. `hint`: what to do. `lies_in`: what is to be mended."""

    def __init__(self, message: str, hint: str = "", lies_in: Place = "result") -> None:
        super().__init__(message)
        self.hint = hint
        self.lies_in = lies_in
