"""Spending functions: how much of an error probability may be used up by an information fraction.

To add one: a function here, its row in `SPENDING`, and its names in `planner.scenario.vocabulary`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from scipy.special import ndtr, ndtri

from planner.errors import PlannerError


class BoundaryError(PlannerError, ValueError):
    """A monitoring plan that cannot be right as stated. In one sentence: the message, a colon, the hint."""

    def __str__(self) -> str:
        return f"{self.message}: {self.hint}" if self.hint else self.message


class UnreachableError(BoundaryError):
    """A sound question that has no answer, such as a power that no drift gives."""


def obrien_fleming(total: float, fraction: float) -> float:
    """2 (1 - Phi(z_{1 - total/2} / sqrt(t))): Lan and DeMets 1983, equation for alpha*_1."""
    return 2 * float(ndtr(ndtri(total / 2) / math.sqrt(fraction)))


def pocock(total: float, fraction: float) -> float:
    """total log(1 + (e - 1) t): Lan and DeMets 1983, equation for alpha*_2."""
    return total * math.log1p((math.e - 1) * fraction)


def hwang_shih_decani(total: float, fraction: float, gamma: float) -> float:
    """total (1 - exp(-gamma t)) / (1 - exp(-gamma)); total t at gamma 0: Hwang, Shih and DeCani 1990."""
    if gamma == 0:
        return total * fraction
    return total * math.expm1(-gamma * fraction) / math.expm1(-gamma)


def kim_demets(total: float, fraction: float, rho: float) -> float:
    """total t^rho: Kim and DeMets 1987."""
    return float(total * fraction**rho)


class Spending(NamedTuple):
    """A spending function f(total, fraction, **parameters) and the parameters it needs."""

    function: Callable[..., float]
    parameters: tuple[str, ...] = ()


SPENDING: dict[str, Spending] = {
    "obrien-fleming-spending": Spending(obrien_fleming),
    "pocock-spending": Spending(pocock),
    "hwang-shih-decani": Spending(hwang_shih_decani, ("gamma",)),
    "kim-demets": Spending(kim_demets, ("rho",)),
}


class Sensible(NamedTuple):
    """The range of a shape parameter and what its values mean, for the message of an error."""

    low: float
    high: float
    hint: str


# Outside these ranges all the error is spent at the first look, or at the last, to within rounding.
SHAPES: dict[str, Sensible] = {
    "delta": Sensible(-0.5, 1.0, "0 gives O'Brien-Fleming limits, 0.5 Pocock limits"),
    "gamma": Sensible(
        -40.0, 40.0, "-4 is close to O'Brien-Fleming, 1 to Pocock; larger values spend earlier"
    ),
    "rho": Sensible(0.1, 40.0, "3 is close to O'Brien-Fleming, 1 to Pocock; larger values spend later"),
}


def shape_parameter(parameters: Mapping[str, object], name: str) -> float:
    """A shape parameter, checked. Raises BoundaryError where it is no number or out of range."""
    value = number_parameter(parameters, name)
    low, high, hint = SHAPES[name]
    if not low <= value <= high:
        raise BoundaryError(f"{name} is {value:g}, but must lie between {low:g} and {high:g}", hint)
    return value


def number_parameter(parameters: Mapping[str, object], name: str) -> float:
    """A parameter that must be one finite number."""
    value = parameters[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BoundaryError(f"{name} must be one number, not {value!r}")
    return float(value)


def list_parameter(parameters: Mapping[str, object], name: str, count: int, each: str) -> tuple[float, ...]:
    """A parameter that must be `count` numbers, infinities allowed; `each` says what one stands for."""
    value = parameters[name]
    if isinstance(value, int | float):
        value = (value,)
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise BoundaryError(f"{name} must be a list of numbers, not {value!r}")
    if any(isinstance(x, bool) or not isinstance(x, int | float) or math.isnan(x) for x in value):
        raise BoundaryError(f"{name} must be a list of numbers, not {list(value)!r}")
    if len(value) != count:
        raise BoundaryError(f"{name} has {len(value)} numbers, but must have {count}", f"one {each}")
    return tuple(float(x) for x in value)


def cumulative_spending(
    rule: str, parameters: Mapping[str, object], total: float, fractions: Sequence[float]
) -> tuple[float, ...]:
    """Error spent up to each look by a spending function of the table: `total` at the last look."""
    function, names = SPENDING[rule]
    values = {name: shape_parameter(parameters, name) for name in names}
    return (*(function(total, t, **values) for t in fractions[:-1]), total)


def stated_spending(
    parameters: Mapping[str, object], error: str, total: float, looks: int
) -> tuple[float, ...]:
    """The user's own cumulative spending of `error` ("alpha" or "beta"), checked against its `total`."""
    spent = list_parameter(parameters, "spent", looks, "per look, cumulative")
    if spent[0] < 0 or any(later < earlier for earlier, later in pairwise(spent)):
        raise BoundaryError(
            f"spent is {list(spent)}, but cumulative {error} can never be negative or decrease",
            "each number counts all looks so far",
        )
    # A relative slack for decimals such as 0.1 + 0.2.
    if spent[-1] > total * (1 + 1e-9):
        raise BoundaryError(
            f"spent reaches {spent[-1]:g} at the last look, more than {error} = {total:g}",
            f"lower it, or raise {error}",
        )
    return tuple(min(x, total) for x in spent)
