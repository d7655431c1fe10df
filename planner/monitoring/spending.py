"""Spending functions: how much of an error probability may be used up by an information fraction.

Each is f(total, fraction, its parameters), named after its row in `planner.scenario.stopping_rules`, and
serves for alpha and for beta.
"""

from __future__ import annotations

import math

from planner._special import ndtr, ndtri


def obrien_fleming_spending(total: float, fraction: float) -> float:
    """2 (1 - Phi(z_{1 - total/2} / sqrt(t))): Lan and DeMets 1983, equation for alpha*_1."""
    return 2 * float(ndtr(ndtri(total / 2) / math.sqrt(fraction)))


def pocock_spending(total: float, fraction: float) -> float:
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
