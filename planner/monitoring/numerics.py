"""A bracketed zero of a continuous function, without importing an optimisation library for it."""

from __future__ import annotations

from collections.abc import Callable

_STEPS = 200  # bisection alone needs about 60


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
