"""Errors of an estimate over trials: mean, spread and mean square, each with its Monte Carlo error."""

from __future__ import annotations

import math
from dataclasses import dataclass

from planner.engine.tally import column_sum
from planner.kernels.tables import (
    ERROR,
    FIXED_POINT,
    FOURTH,
    FOURTH_POINT,
    SQUARE,
    TRIALS,
    UNDEFINED,
    Ints,
)

FEWEST = 5
"""Trials behind a mean of some trials below which they do not show how far it may be off."""

_FINE = 16
"""Steps of what is summed, for each trial, below which a variance or a fourth power is no measurement."""

_FAR = 1e6
"""Squared mean over variance of the errors, beyond which their fourth powers hold nothing of their spread."""


@dataclass(frozen=True, slots=True)
class ErrorMoments:
    """The error of the estimate (estimate minus truth) in the trials that have one: sums of integers.

    The third moment comes from the means and variances of the ways to end: within each of these,
    errors are taken as symmetrical. Fourth powers that are too large or too small to be known are taken as
    those of a normal estimate.
    """

    n: int
    unit: float  # in points
    first: int  # sum of the errors, in 2^-32 of the unit
    second: int  # of their squares, in 2^-32
    fourth: int  # of their fourth powers, in 2^-40
    third: float = 0.0  # mean of their third powers, in units
    cut: bool = False  # whether some error was too large for its fourth power to be kept

    @classmethod
    def of(cls, sums: Ints, unit: float, cut: bool = False) -> ErrorMoments:
        """Of the trials whose sums i64[..., SUMS] are given, those with a defined estimate."""
        defined = column_sum(sums, TRIALS) - column_sum(sums, UNDEFINED)
        first, second, fourth = (column_sum(sums, column) for column in (ERROR, SQUARE, FOURTH))
        third = 0.0
        for row in sums.reshape(-1, sums.shape[-1]):
            if (n := int(row[TRIALS] - row[UNDEFINED])) > 0:
                mean, square = (column_sum(row, column) / FIXED_POINT / n for column in (ERROR, SQUARE))
                third += n / defined * mean * (3.0 * square - 2.0 * mean * mean)
        return cls(defined, unit, first, second, fourth, third, cut)

    @property
    def mean(self) -> float | None:
        return self.first / self.n / FIXED_POINT * self.unit if self.n else None

    @property
    def _spread(self) -> int:
        """n^2 times the variance of the errors, in 2^-64 of the unit squared: no digit is lost."""
        return max(self.n * (self.second << 32) - self.first * self.first, 0)

    @property
    def sd(self) -> float | None:
        """Sample standard deviation."""
        if self.n < 2:
            return None
        return math.sqrt(self._spread / (self.n * (self.n - 1))) / FIXED_POINT * self.unit

    @property
    def coarse(self) -> bool:
        """Whether the errors, being all about the same, differ by less than the sums resolve."""
        return self.n > 1 and self.second > 0 and self._spread < _FINE * self.n * self.n << 32

    @property
    def mean_mcse(self) -> float | None:
        sd = self.sd
        return None if sd is None else sd / math.sqrt(self.n)

    @property
    def some_mcse(self) -> float | None:
        """Standard error of the mean of some of the trials; None of so few that they do not show it."""
        return None if self.n < FEWEST else self.mean_mcse

    @property
    def variance(self) -> float:
        """Of the errors, with divisor n."""
        return self._spread / self.n**2 / FIXED_POINT**2 * self.unit**2 if self.n else 0.0

    @property
    def square(self) -> float:
        """Mean of the squared errors."""
        return self.second / self.n / FIXED_POINT * self.unit**2 if self.n else 0.0

    @property
    def _normal(self) -> bool:
        """Whether fourth powers are taken as those of a normal estimate."""
        far = (self.first / FIXED_POINT) ** 2 > _FAR * self._spread / FIXED_POINT**2
        return self.cut or self.fourth < _FINE * self.n or far

    @property
    def square_variance(self) -> float:
        """Variance of the squared errors: of a normal estimate 2 sd^4 + 4 bias^2 sd^2."""
        mean, variance = self.mean, self.variance
        if mean is None:
            return 0.0
        if self._normal:
            return 2.0 * variance * variance + 4.0 * mean * mean * variance
        return max(self.fourth / self.n / FOURTH_POINT * self.unit**4 - self.square**2, 0.0)

    @property
    def central_variance(self) -> float:
        """Variance of the squared deviations from the mean error: of a normal estimate 2 sd^4."""
        mean, variance = self.mean, self.variance
        if mean is None:
            return 0.0
        if self._normal:
            return 2.0 * variance * variance
        third, fourth = self.third * self.unit**3, self.fourth / self.n / FOURTH_POINT * self.unit**4
        about = fourth - 4.0 * mean * third + 6.0 * mean**2 * self.square - 3.0 * mean**4
        return max(about - variance * variance, 0.0)

    @property
    def sd_mcse(self) -> float | None:
        """Delta method on the variance; sd / sqrt(2 (n - 1)) if estimates are normal."""
        sd = self.sd
        if not sd:
            return sd
        return math.sqrt(self.central_variance / (self.n - 1)) / (2.0 * sd)

    @property
    def rmse(self) -> float | None:
        return math.sqrt(self.square) if self.n else None

    @property
    def rmse_mcse(self) -> float | None:
        """Delta method on the mean squared error."""
        rmse = self.rmse
        if self.n < 2 or rmse is None:
            return None
        return math.sqrt(self.square_variance / (self.n - 1)) / (2.0 * rmse) if rmse > 0.0 else 0.0
