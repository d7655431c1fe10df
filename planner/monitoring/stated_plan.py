"""A monitoring plan as it is stated, before its limits are solved, and what cannot be right about it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from planner.monitoring.errors import BoundaryError

LARGEST_DRIFT = 200.0
"""No trial is planned for an effect of 200 standard errors."""

_CLOSEST = 1e-8  # looks closer than this share of the information are one look
_ROUNDING = 1e-9  # a last fraction this close to 1 is 1


class StatedPlan(NamedTuple):
    """The arguments of `planner.monitoring.boundaries.boundary`, which explains them."""

    fractions: tuple[float, ...]
    alpha: float
    sided: int
    efficacy: str
    efficacy_parameters: Mapping[str, object]
    efficacy_looks: tuple[int, ...] | None
    futility: str
    futility_parameters: Mapping[str, object]
    binding: bool
    power: float | None
    drift: float | None

    def as_text(self) -> str:
        """All of it as text, alike for the same plan only: 1, 1.0 and True are equal, and so are 0 and -0."""
        rules = {
            "efficacy_parameters": self.efficacy_parameters,
            "futility_parameters": self.futility_parameters,
        }
        return repr(self._replace(**{key: _in_full(each) for key, each in rules.items()}))  # type: ignore[arg-type]

    def checked(self) -> tuple[tuple[float, ...], tuple[bool, ...]]:
        """The fractions, the last one exactly 1, and which looks may stop for efficacy.

        Raises BoundaryError where the plan cannot be right, whatever its rules.
        """
        looks = _fractions(self.fractions)
        _check(self.alpha, self.sided, self.power, self.drift)
        return looks, _stops(self.efficacy_looks, len(looks))


def _in_full(parameters: Mapping[str, object]) -> dict[str, object]:
    """Parameters whose text says all that is in them."""
    return {
        key: (type(value).__name__, *value)
        if isinstance(value, Sequence) and not isinstance(value, str)
        else value
        for key, value in parameters.items()
    }


def _fractions(fractions: Sequence[float]) -> tuple[float, ...]:
    looks = tuple(float(t) for t in fractions)
    if not looks:
        raise BoundaryError("no looks", "give the information fraction of each look, such as 0.5, 1")
    listed = ", ".join(f"{t:g}" for t in looks)
    if any(not 0 < t < math.inf for t in looks):
        raise BoundaryError(f"looks are {listed}, but information fractions must be above 0 and at most 1")
    if any(later <= earlier for earlier, later in pairwise(looks)):
        raise BoundaryError(
            f"looks are {listed}, but each look must have more information than the one before"
        )
    if (least := min((b - a for a, b in pairwise(looks)), default=1.0)) < _CLOSEST:
        raise BoundaryError(
            f"looks are {listed}, of which two are only {least:.1g} of the information apart, less than "
            f"{_CLOSEST:g}",
            "leave one of them out",
        )
    if abs(looks[-1] - 1) > _ROUNDING:
        raise BoundaryError(
            f"looks are {listed}, but the last must be 1, all of the information",
            "divide the patients at each look by those at the last",
        )
    return (*looks[:-1], 1.0)


def _check(alpha: float, sided: int, power: float | None, drift: float | None) -> None:
    if sided not in (1, 2):
        raise BoundaryError(f"sided is {sided}, but must be 1 or 2")
    if not 0 < alpha / sided < 0.5:
        raise BoundaryError(
            f"alpha is {alpha:g}, but must lie above 0 and below {sided * 0.5:g}", "0.025 is usual"
        )
    if power is not None and drift is not None:
        raise BoundaryError("power and drift are both given, but each follows from the other", "give one")
    if power is not None and not 0 < power < 1:
        raise BoundaryError(f"power is {power:g}, but must lie above 0 and below 1", "0.8 or 0.9 is usual")
    if drift is not None and not abs(drift) <= LARGEST_DRIFT:
        raise BoundaryError(
            f"drift is {drift:g}, but must lie between {-LARGEST_DRIFT:g} and {LARGEST_DRIFT:g}",
            "it is the effect over its standard error at the last look",
        )


def _stops(efficacy_looks: Iterable[int] | None, count: int) -> tuple[bool, ...]:
    """Which looks may stop for efficacy."""
    if efficacy_looks is None:
        return (True,) * count
    named = tuple(efficacy_looks)
    if any(look not in range(1, count + 1) for look in named):
        listed = ", ".join(str(look) for look in named)
        raise BoundaryError(
            f"looks that stop for efficacy are {listed}, but looks are counted from 1 to {count}"
        )
    return tuple(look in named or look == count for look in range(1, count + 1))
