"""Exact p values of a score, given who won it: the conditional law of Fisher's test and of Prescott's.

Of a patients who score +1, c who score -1 and b who score 0, a random n1 form the first group. The chance
that x of the a and y of the c are among them is proportional to C(a, x) C(c, y) C(b, n1 - x - y); the score
of the first group is x - y. With c = 0 that is the hypergeometric law of Fisher's test.
"""

from __future__ import annotations

from planner.kernels.jit import lanes

_EQUAL = 1e-7  # relative; a chance this close to another is equal to it, as R's fisher.test has it
_NEAR = 1e-9  # the same for distances from the mean


@lanes
def _weights(n, odds, out):
    """out f64[0 .. n] proportional to C(n, k) odds^k, 1 where that is about the largest."""
    top = min(int((n + 1) * odds / (1.0 + odds)), n)
    out[top] = 1.0
    for k in range(top, n):
        out[k + 1] = out[k] * ((n - k) * odds / (k + 1.0))
    for k in range(top, 0, -1):
        out[k - 1] = out[k] * (k / ((n - k + 1.0) * odds))


@lanes
def p_values(a, b, c, n1, score, by_chance, wins, ties, losses, law):
    """(upper, lower, two-sided) p value of the first group's score; both groups have a patient.

    The two-sided one adds the scores that are no more likely, or (not by_chance) no nearer to the mean.
    wins, ties, losses, law f64[patients + 1] are scratch.
    """
    n = a + b + c
    odds = n1 / (n - n1)  # tilts the three factors to where their product is largest; it cancels
    _weights(a, odds, wins)
    _weights(b, odds, ties)
    _weights(c, odds, losses)
    for i in range(a + c + 1):
        law[i] = 0.0
    for x in range(max(0, n1 - b - c), min(a, n1) + 1):
        rest = n1 - x
        for y in range(max(0, rest - b), min(c, rest) + 1):
            law[x - y + c] += wins[x] * losses[y] * ties[rest - y]
    at = score + c
    mean = (a - c) * (n1 / n)
    distance = abs(score - mean) * (1.0 - _NEAR)
    limit = law[at] * (1.0 + _EQUAL)
    below = above = both = 0.0
    for i in range(a + c + 1):
        chance = law[i]
        below += chance if i < at else 0.0
        above += chance if i > at else 0.0
        extreme = chance <= limit if by_chance else abs(i - c - mean) >= distance
        both += chance if extreme else 0.0
    total = below + law[at] + above
    return (above + law[at]) / total, (below + law[at]) / total, min(both / total, 1.0)


@lanes
def reciprocal(upper, lower, two_sided, sides, estimate):
    """The answer T of an exact test: 1 over its one-sided p, with the sign of the side.

    Of a two-sided test 2 over its p, with the sign of the estimate: so the same limit, 1 over the tail area
    of z, belongs to all.
    """
    if sides > 0:
        return 1.0 / upper
    if sides < 0:
        return -1.0 / lower
    return -2.0 / two_sided if estimate < 0.0 else 2.0 / two_sided
