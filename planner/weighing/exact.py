"""The plain exact test of what was observed, to stand beside the weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtr, stdtr

from planner.pvalues import p_value
from planner.scenario_observed import Observed
from planner.weighing.moments import Difference
from planner.weighing.tables import Counts


@dataclass(frozen=True)
class Test:
    """A two-sided p; `p_high` is another one where the counts leave the pairs open."""

    what: str
    method: str
    p: float
    p_high: float


def tests(observed: Observed, counts: Counts | None, difference: Difference | None) -> list[Test]:
    """One for each measure counted under two treatments, or of the difference."""
    found = [test for r in range(len(counts.readings)) if (test := _counted(counts, r))] if counts else []
    if difference is not None and (test := _difference(difference)):
        found.append(test)
    return found


def _counted(counts: Counts, r: int) -> Test | None:
    measure = counts.readings[r].measure
    together = {s.key[1]: s.count for s in counts.sums if s.key[0] == "pairs"} if r == 0 else {}
    if together:
        only = [s.count for s in counts.sums if s.key[:2] == ("pairs", "only")]
        p = mcnemar(*only)
        return Test(measure, "McNemar's test, exact", p, p)
    margins = {a: s.count for s in counts.sums for (bit, a) in s.shows if len(s.shows) == 1 and bit == r}
    sizes = {a: sum(g.patients for g in counts.groups if a in g.treatments) for a in margins}
    if len(margins) != 2:
        return None
    (a, x), (b, y) = margins.items()
    paired = [g for g in counts.groups if {a, b} <= set(g.treatments)]
    if len(counts.groups) == len(paired):
        n = sizes[a]
        ps = [mcnemar(x - both, y - both) for both in range(max(0, x + y - n), min(x, y) + 1)]
        return Test(measure, "McNemar's test, exact", min(ps), max(ps))
    p = fisher(x, sizes[a], y, sizes[b])
    of_pairs = ", as if nobody had been seen under both" if paired else ""
    return Test(measure, f"Fisher's exact test{of_pairs}", p, p)


def mcnemar(first: int, second: int) -> float:
    """Two-sided exact p of so many patients who respond to one treatment only."""
    p = p_value("binomial", float(first - second), 1.0 + first + second, "two-sided")
    assert p is not None  # there are always degrees of freedom
    return p


def fisher(x: int, n: int, y: int, m: int) -> float:
    """Two-sided exact p of x of n against y of m: all tables of these margins that are no more probable."""
    total = x + y
    ways = {k: math.comb(n, k) * math.comb(m, total - k) for k in range(max(0, total - m), min(n, total) + 1)}
    as_rare = sum(w for w in ways.values() if w <= ways[x])
    return as_rare / sum(ways.values())


def _difference(found: Difference) -> Test | None:
    about = found.about
    if about.F is not None:
        statistic, said = math.sqrt(about.F), f"F(1, {about.df:g}) = {about.F:g}"
    elif about.t is not None:
        statistic, said = about.t, f"t({about.df:g}) = {about.t:g}"
    elif found.se is not None and about.estimate is not None:
        statistic = about.estimate / found.se
        said = f"t({about.df:g}) = {statistic:.3g}" if about.df else f"z = {statistic:.3g}"
    else:
        return None
    tail = ndtr(-abs(statistic)) if about.df is None else stdtr(about.df, -abs(statistic))
    return Test("difference", said, 2.0 * float(tail), 2.0 * float(tail))
