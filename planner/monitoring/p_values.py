"""The p value of a statistic as the analyses answer: with its degrees of freedom, by its reference.

What a trial is decided by are limits (monitoring.references); the p value is the same in a form that readers
know, to be compared with the nominal significance level of a look.
"""

from __future__ import annotations

import math

from planner.monitoring.references import REFERENCES


def p_value(reference: str, statistic: float, df: float, direction: str) -> float | None:
    """P value of an analysis; None where the data do not determine the test (df 0).

    reference: a key of monitoring.references.REFERENCES. direction: two-sided, greater or less. A two-sided p
    is twice the smaller tail, at most 1.
    """
    if df <= 0 or math.isnan(statistic):
        return None
    upper, lower = REFERENCES[reference].tails(statistic, df)
    if direction == "greater":
        return upper
    return lower if direction == "less" else min(1.0, 2.0 * min(upper, lower))
