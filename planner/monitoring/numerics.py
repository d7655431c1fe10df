"""Numerics that several packages need: zeros of functions, the bivariate normal, the noncentral t, rounding.

Without importing a library of optimisation or statistics for it, which takes longer than most answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from planner._special import gammaln, ndtr, owens_t

Floats = NDArray[np.float64]

_STEPS = 200  # bisection alone needs about 60
_PANELS, _REACH = 10, 13.0  # pieces of the quadrature; standard deviations of the spread that it covers
_X, _W = np.polynomial.legendre.leggauss(40)


def zero(function: Callable[[float], float], low: float, high: float, tolerance: float = 1e-14) -> float:
    """The zero of `function` between two points at which its signs differ; `positive_zero` seeks them.

    `tolerance` is absolute for small zeros and relative for large ones. Chandrupatla's method (Adv Eng
    Software 1997;28:145-149): inverse quadratic interpolation where the last three points allow it, else
    bisection, so that it is never much slower. Raises ValueError if the signs are equal.
    """
    a, b = low, high
    fa, fb = function(a), function(b)
    if fa == 0.0 or fb == 0.0:
        return a if fa == 0.0 else b
    if (fa > 0.0) == (fb > 0.0):
        raise ValueError(f"no change of sign between {low:g} and {high:g}")
    share = 0.5
    for _ in range(_STEPS):
        x = a + share * (b - a)
        fx = function(x)
        if (fx > 0.0) == (fa > 0.0):
            c, fc = a, fa
        else:
            c, b, fc, fb = b, a, fb, fa
        a, fa = x, fx
        best = a if abs(fa) < abs(fb) else b
        least = tolerance * (1.0 + abs(best)) / abs(b - c) if b != c else 1.0
        if fa == 0.0 or least > 0.5:
            return best
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        share = 0.5
        if phi * phi < xi and (1.0 - phi) ** 2 < 1.0 - xi:  # the inverse quadratic stays between the points
            share = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        share = min(max(share, least), 1.0 - least)
    return best


def zeros(
    function: Callable[[Floats], Floats], low: Floats, high: Floats, tolerance: float = 1e-13
) -> Floats:
    """The zeros of a function that acts element by element, as `zero` finds one. Shape of `low` and `high`.

    Raises ValueError if the signs at two ends are equal.
    """
    a, b = np.array(low, float), np.array(high, float)
    fa, fb = at_low, at_high = function(a), function(b)
    if (np.sign(fa) * np.sign(fb) > 0.0).any():
        raise ValueError("no change of sign between two ends")
    share = np.full(a.shape, 0.5)
    for _ in range(_STEPS):
        x = a + share * (b - a)
        fx = function(x)
        same = (fx > 0.0) == (fa > 0.0)
        c, fc, b, fb = (
            np.where(same, a, b),
            np.where(same, fa, fb),
            np.where(same, b, a),
            np.where(same, fb, fa),
        )
        a, fa = x, fx
        best = np.where(np.abs(fa) < np.abs(fb), a, b)
        with np.errstate(divide="ignore", invalid="ignore"):
            least = np.where(b == c, 1.0, tolerance * (1.0 + np.abs(best)) / np.abs(b - c))
            if ((fa == 0.0) | (least > 0.5)).all():
                break
            xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
            inverse = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        smooth = (phi * phi < xi) & ((1.0 - phi) ** 2 < 1.0 - xi) & np.isfinite(inverse)
        least = np.minimum(least, 0.5)
        share = np.clip(np.where(smooth, inverse, 0.5), least, 1.0 - least)
    return np.where(at_low == 0.0, low, np.where(at_high == 0.0, high, best))


def positive_zero(function: Callable[[float], float], guess: float, most: float) -> float | None:
    """The positive zero of an increasing `function`, sought outwards from a positive `guess` up to `most`.

    None where the function is positive all the way down to 0 or negative all the way up to `most`.
    """
    function = cache(function)
    low, high = 0.8 * guess, 1.25 * guess
    while function(high) < 0:
        if high >= most:
            return None
        low, high = high, min(1.5 * high, most)
    while function(low) > 0:
        if low == 0:
            return None
        low, high = (low / 2 if low > guess / 16 else 0.0), low
    return zero(function, low, high)


def bivariate_normal(a: float, b: float, rho: float) -> float:
    """P(X <= a, Y <= b) for standard normals with correlation rho (Owen 1956)."""
    if abs(rho) >= 1.0:
        return float(min(ndtr(a), ndtr(b)) if rho > 0 else max(0.0, ndtr(a) + ndtr(b) - 1.0))
    root = math.sqrt(1.0 - rho * rho)
    if a == 0.0 and b == 0.0:
        return 0.25 + math.asin(rho) / (2.0 * math.pi)

    def part(h: float, k: float) -> float:
        if h == 0.0:  # the limit of owens_t as its slope grows without bound
            return 0.25 if k > 0 else -0.25
        return float(owens_t(h, (k - rho * h) / (h * root)))

    shift = 0.5 if a * b < 0.0 or (a * b == 0.0 and a + b < 0.0) else 0.0
    return 0.5 * float(ndtr(a) + ndtr(b)) - part(a, b) - part(b, a) - shift


def noncentral_t_above(limit: Floats, df: Floats, shift: Floats) -> Floats:
    """P(T >= limit) of a noncentral t, element by element.

    The mean of Phi(shift - limit r) over r = sqrt(chi-square / df), by Gauss-Legendre quadrature: absolute
    error below 1e-9, also where the usual series gives no number.
    """
    sd = 1.0 / np.sqrt(2.0 * df)  # of r, about
    low, high = np.maximum(1.0 - _REACH * sd, 0.0), 1.0 + _REACH * sd
    edges = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, _PANELS + 1) ** 2
    half = (edges[:, 1:] - edges[:, :-1]) / 2.0
    r = (edges[:, :-1] + half)[:, :, None] + half[:, :, None] * _X
    k = df[:, None, None]
    density = np.exp(
        np.log(2.0) + (k / 2.0) * np.log(k / 2.0) - gammaln(k / 2.0) + (k - 1.0) * np.log(r) - k * r * r / 2.0
    )
    value = ndtr(shift[:, None, None] - limit[:, None, None] * r) * density
    total: Floats = np.clip((value @ _W * half).sum(axis=1), 0.0, 1.0)
    return total


def to_12_digits(x: float) -> float:
    """x to 12 significant digits: special functions differ in the last bits between processors."""
    return float(f"{x:.12g}")


def to_40_bits(x: Floats) -> Floats:
    """The same of arrays, in binary: x to 40 bits of its mantissa."""
    mantissa, exponent = np.frexp(x)
    return np.ldexp(np.rint(mantissa * 2.0**40) / 2.0**40, exponent)
