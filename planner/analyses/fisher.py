"""How many respond of those who begin with either treatment.

    p = chance of a table no more likely than the one seen, given its margins (two-sided); of a number of
        responders at least, or at most, as large (one-sided)                           Fisher (1935)
    estimate = share A - share B,   se = sqrt(sum of share (1 - share) / n)     (Wald, for the interval)

Patients who begin with a treatment that is not compared take no part. No responder, or nobody else: p = 1.
Undefined unless both treatments have a patient.

Assumes nothing but independent patients. It is conservative: few tables mean few p values, and the next one
may be far below the level.
"""

from __future__ import annotations

import math

import numpy as np

from planner.analyses import AnalysisInfo
from planner.kernels.analyse.exact import p_values, reciprocal
from planner.kernels.analyse.groups import GROUP_ROWS, add_by_first_treatment
from planner.kernels.jit import kernel, lanes
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, T, W


@lanes
def _responders(group, i):
    """How many of a group of one lane, and how many of them respond."""
    n = group[i]
    return int(n), int(n * group[i + W] + group[i + 2 * W])


@kernel
def statistic(values, h, reading, sequence, contrast, centre, counts, stat):
    """See planner.analyses; responses are 0 or 1, and the centre is not used."""
    treatment, effect = contrast.treatment, contrast.effect
    groups = np.empty(effect.size * GROUP_ROWS * W)
    scratch = np.empty((4, counts[-1] + 2))
    wins, ties, losses, law = scratch[0], scratch[1], scratch[2], scratch[3]
    first, second = np.argmax(effect), np.argmin(effect)
    for tile in range(values.shape[0]):
        groups[:] = 0.0
        seen = np.int64(0)
        for look in range(counts.size):
            stop = counts[look]
            rows, order, out = values[tile], sequence[tile], stat[look, tile]
            add_by_first_treatment(rows, h, reading, order, seen, stop, treatment, effect, groups)
            seen = stop
            for i in range(W):
                n1, x1 = _responders(groups[first * GROUP_ROWS * W :], i)
                n2, x2 = _responders(groups[second * GROUP_ROWS * W :], i)
                defined = n1 > 0 and n2 > 0
                s1, s2 = x1 / max(n1, 1), x2 / max(n2, 1)
                spread = s1 * (1.0 - s1) / max(n1, 1) + s2 * (1.0 - s2) / max(n2, 1)
                t = 0.0
                if defined:
                    responders = x1 + x2
                    upper, lower, both = p_values(
                        responders, n1 + n2 - responders, 0, n1, x1, True, wins, ties, losses, law
                    )
                    t = reciprocal(upper, lower, both, contrast.sides, s1 - s2)
                out[i + ESTIMATE * W] = s1 - s2
                out[i + SE * W] = math.sqrt(spread)
                out[i + T * W] = t
                out[i + DF * W] = np.inf if defined else 0.0
                out[i + COMPLETERS * W] = n1 + n2


INFO = {
    "fisher": AnalysisInfo(
        reference="exact-p",
        citation="Fisher RA. J R Stat Soc 1935;98:39-82. doi:10.2307/2342435",
        decisive="responders",
    ),
}
