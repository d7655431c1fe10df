"""Patients that a two-sample t test needs, by statsmodels: the exact noncentral t, nothing is simulated."""

from __future__ import annotations

import math
import sys

import statsmodels
from statsmodels.stats.power import TTestIndPower


def patients(trials: int, seed: int, shift: float, power: float) -> int:
    """The smallest number of two equal groups together with that power; trials and seed are not used."""
    group = float(TTestIndPower().solve_power(effect_size=shift, alpha=0.05, power=power))
    return 2 * math.ceil(group)


if __name__ == "__main__":
    print(statsmodels.__version__, patients(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:])))
