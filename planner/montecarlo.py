"""Sums of trials to figures with their Monte Carlo errors.

Errors follow Morris, White and Crowther (2019, table 6). Probabilities carry Wilson intervals and a standard
error from (x + 2) / (trials + 4), which is never 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from planner import engine
from planner.kernels.tables import (
    ABOVE,
    BELOW,
    ERROR,
    FIXED_POINT,
    FOURTH,
    FOURTH_POINT,
    SQUARE,
    TRIALS,
    UNDEFINED,
    Ints,
)
from planner.monitoring import Looks
from planner.tally import summed

Json = dict[str, Any]

Z95 = 1.959963984540054


def probability(x: int, n: int) -> Json | None:
    """Estimate, standard error and Wilson interval of a probability; None if there was nothing to count."""
    if n == 0:
        return None
    p = x / n
    smooth = (x + 2) / (n + 4)
    middle = (x + Z95 * Z95 / 2) / (n + Z95 * Z95)
    half = Z95 / (n + Z95 * Z95) * math.sqrt(x * (n - x) / n + Z95 * Z95 / 4)
    return {
        "estimate": p,
        "mcse": math.sqrt(smooth * (1 - smooth) / (n + 4)),
        "low": max(0.0, min(middle - half, p)),
        "high": min(1.0, max(middle + half, p)),
    }


def mean(total: float, square: float, n: int) -> Json | None:
    """Mean, its standard error and 95 % interval from a sum and a sum of squares."""
    if n == 0:
        return None
    average = total / n
    variance = max(square / n - average * average, 0.0)
    mcse = math.sqrt(variance / (n - 1)) if n > 1 else None
    return {
        "estimate": average,
        "mcse": mcse,
        "low": average - Z95 * mcse if mcse is not None else None,
        "high": average + Z95 * mcse if mcse is not None else None,
    }


_FINE = 16
"""Steps of what is summed, for each trial, below which a variance or a fourth power is no measurement."""


@dataclass(frozen=True, slots=True)
class Moments:
    """The error of the estimate (estimate minus truth) in the trials that have one: sums of integers."""

    n: int
    unit: float  # in points
    first: int  # sum of the errors, in 2^-32 of the unit
    second: int  # of their squares, in 2^-32
    fourth: int  # of their fourth powers, in 2^-40
    cut: bool = False  # whether some error was too large for its fourth power to be kept

    @classmethod
    def of(cls, sums: Ints, unit: float, cut: bool = False) -> Moments:
        """Of the trials whose sums i64[..., SUMS] are given, those with a defined estimate."""
        defined = summed(sums, TRIALS) - summed(sums, UNDEFINED)
        first, second, fourth = (summed(sums, column) for column in (ERROR, SQUARE, FOURTH))
        return cls(defined, unit, first, second, fourth, cut)

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
        """Whether the errors, being all about the same, differ by less than what can be told apart."""
        return self.n > 1 and self.second > 0 and self._spread < _FINE * self.n * self.n << 32

    @property
    def mean_mcse(self) -> float | None:
        sd = self.sd
        return None if sd is None else sd / math.sqrt(self.n)

    @property
    def sd_mcse(self) -> float | None:
        """Sd / sqrt(2 (n - 1)), as for a normal estimate."""
        sd = self.sd
        return None if sd is None else sd / math.sqrt(2 * (self.n - 1))

    @property
    def rmse(self) -> float | None:
        return math.sqrt(self.second / self.n / FIXED_POINT) * self.unit if self.n else None

    @property
    def rmse_mcse(self) -> float | None:
        """Delta method on the mean squared error.

        Where fourth powers are too large or too small to be known, as for a normal estimate: its squared
        error has the variance 2 sd^4 + 4 bias^2 sd^2.
        """
        if self.n < 2:
            return None
        if self.second == 0:
            return 0.0
        square = self.second / self.n / FIXED_POINT
        if self.cut or self.fourth < _FINE * self.n:
            bias, variance = self.first / self.n / FIXED_POINT, self._spread / self.n**2 / FIXED_POINT**2
            spread = 2.0 * variance * variance + 4.0 * bias * bias * variance
        else:
            spread = max(self.fourth / self.n / FOURTH_POINT - square * square, 0.0)
        return math.sqrt(spread / (self.n - 1) / square) / 2.0 * self.unit


def design_effects(work: engine.Job, looks: Looks, ends: Ints, between: Ints) -> tuple[float, float]:
    """Variance of (rates, estimates) relative to that of independent trials.

    The 128 trials of a tile share one randomisation list. Where a look comes within a randomisation block,
    the list decides which sequence has one patient more, and with it a little of what all of them show.
    Measured by the spread between tiles, of significant trials and of estimates; 1 where every look ends
    with a block.
    """
    tiles = int(between[0])
    if tiles < 2 or all(m % work.plan.block.size == 0 for m in looks.counts):
        return 1.0, 1.0
    n = int(ends[:, :, TRIALS].sum())
    x = int(ends[:, [ABOVE, BELOW], TRIALS].sum())
    error = summed(ends, ERROR) / 2**20  # in 2^-12 of the unit, as summed between tiles
    variance = summed(ends, SQUARE) / FIXED_POINT * 2.0**24 / n - (error / n) ** 2

    def effect(squares: int, total: float, alone: float) -> float:
        if alone <= 0.0:
            return 1.0
        return max(1.0, (squares - total * total / tiles) / (tiles - 1) / (n / tiles * alone))

    return effect(int(between[1]), x, x * (n - x) / n**2), effect(int(between[2]), error, variance)


def widen(value: Any, factor: float) -> Any:
    """Monte Carlo errors and intervals in a part of a cell (JSON contract), times a factor."""
    if isinstance(value, list):
        return [widen(item, factor) for item in value]
    if not isinstance(value, dict):
        return value
    wide = {
        k: v * factor if k.endswith("mcse") and v is not None else widen(v, factor) for k, v in value.items()
    }
    if (low := wide.get("low")) is not None:
        middle, high = wide["estimate"], wide["high"]
        rate = low >= 0.0 and high <= 1.0
        low, high = middle - factor * (middle - low), middle + factor * (high - middle)
        wide["low"], wide["high"] = (max(low, 0.0), min(high, 1.0)) if rate else (low, high)
    return wide


def widened(cell: Json, effects: tuple[float, float]) -> Json:
    """A cell whose Monte Carlo errors allow for the design effects of (rates, estimates)."""
    if effects == (1.0, 1.0):
        return cell
    rates, estimates = (math.sqrt(effect) for effect in effects)
    note = (
        "Monte Carlo errors allow for the randomisation list that 128 trials share "
        f"(variance x {effects[0]:.2f} for rates, x {effects[1]:.2f} for estimates)."
    )
    wide: Json = widen(cell, rates)
    return wide | {
        "true_effect_mcse": cell["true_effect_mcse"],
        "estimate": widen(cell["estimate"], estimates),
        "note": " ".join(filter(None, (cell["note"], note))),
    }
