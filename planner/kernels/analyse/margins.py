"""From an effect to its distance from margins: the statistic of tests of equivalence and non-inferiority."""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import kernel, lanes
from planner.kernels.tables import DF, ESTIMATE, SE, T, W


@lanes
def _from_margins(stat, low, high):
    for i in range(W):
        e, se, t, df = stat[i + ESTIMATE * W], stat[i + SE * W], stat[i + T * W], stat[i + DF * W]
        sound = df >= 1.0 and se > 0.0
        without_spread = not sound and (df >= 1.0 or abs(t) == np.inf)
        distance = min(e - low, high - e) / (se if sound else 1.0)
        stat[i + T * W] = distance if sound else (np.inf if without_spread else 0.0)
        stat[i + DF * W] = df if sound else 0.0


@kernel
def from_margins(stat, low, high):
    """Put the distance of the estimate from the nearer margin, in standard errors, in the place of T.

    stat f64[look, tile, STATISTICS * W] as an analysis has filled it; low and high: the margins, of which one
    may be infinite. T = min((e - low) / se, (high - e) / se) is at least a limit where both one-sided tests
    are significant, touching margins included: where the interval lies within them (Schuirmann 1987). A
    standard error of 0 says nothing of how far the estimate may be off, also where that is 0: DF is then 0.
    """
    for look in range(stat.shape[0]):
        for tile in range(stat.shape[1]):
            _from_margins(stat[look, tile], low, high)
