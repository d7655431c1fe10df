"""Numbers that several questions need: a bracketed zero, the bivariate normal, the noncentral t.

Without importing a library of optimisation or statistics for it, which takes longer than most answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, owens_t

Floats = NDArray[np.float64]

_STEPS = 200  # bisection alone needs about 60
_PANELS, _REACH = 10, 13.0  # pieces of the quadrature; standard deviations of the spread that it covers
_X, _W = np.polynomial.legendre.leggauss(40)


def zero(function: Callable[[float], float], low: float, high: float, tolerance: float = 1e-14) -> float:
    """The zero of `function` between two points at which its signs differ.

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


def both(a: float, b: float, rho: float) -> float:
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


def beyond(limit: Floats, df: Floats, shift: Floats) -> Floats:
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
