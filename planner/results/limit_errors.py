"""Type I errors at limits that are scaled to how the reference varies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from planner.results.contract import Json, Written
from planner.results.figures import Figure

Key = tuple[str, str, int]  # hypothesis, analysis, patients

BEYOND_CHANCE = 3.0
"""Monte Carlo standard errors beyond which a type I error is above alpha."""

_SAME = 1e-6  # of exact ones, which a level that was solved for gives


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitError(Written):
    """The type I error of an analysis at the worse limit that the stated variability gives."""

    ratio: float  # the limit, in per cent
    type_one_error: Figure  # without a Monte Carlo error where it is exact
    exact: bool
    alpha: float  # of the analysis
    level: float  # of each one-sided test: alpha, unless it is adjusted

    unwritten: ClassVar = frozenset({"alpha"})

    @property
    def too_high(self) -> bool:
        """Whether it exceeds alpha, beyond Monte Carlo error."""
        error = self.type_one_error
        return error.estimate - self.alpha > (_SAME if error.mcse is None else BEYOND_CHANCE * error.mcse)

    def to_json(self) -> Json:
        """The object of the JSON contract."""
        return {
            "ratio": self.ratio,
            "estimate": self.type_one_error.estimate,
            "mcse": self.type_one_error.mcse,
            "low": self.type_one_error.low,
            "high": self.type_one_error.high,
            "exact": self.exact,
            "level": self.level,
        }
