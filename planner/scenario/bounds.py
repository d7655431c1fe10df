"""The values that a number may take."""

from __future__ import annotations

from math import inf
from typing import NamedTuple


class Bounds(NamedTuple):
    """The values that a setting may take; `above`, `below`: the limit itself is not one of them."""

    low: float = -inf
    high: float = inf
    above: bool = False
    below: bool = False

    def within(self, other: Bounds) -> Bounds:
        """The values that are in both."""
        low, above = max((self.low, self.above), (other.low, other.above))
        high, below = min((self.high, not self.below), (other.high, not other.below))
        return Bounds(low, high, above, not below)

    def has(self, x: float) -> bool:
        """Whether x is a value of the setting."""
        return self.low <= x <= self.high and not (
            (self.above and x == self.low) or (self.below and x == self.high)
        )

    def reach(self, low: float, high: float) -> bool:
        """Whether all values between two limits are in it, single values at the ends aside."""
        return self.low <= low <= high <= self.high and (low < high or self.has(low))
