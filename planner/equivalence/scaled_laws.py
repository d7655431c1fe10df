"""What the statistics of a complete bioequivalence trial follow, and whether that is known exactly.

Everything that a scaled rule looks at is an estimate d, its mean square, and variances of the reference and
of the test product. Two analyses give them, on natural logs:

- `least squares` (EMA's method A): patient, period and treatment in the model; s2_wR from the same model of
  the observations of the reference alone. Residuals of the latter are also residuals of the former, so that
  SS = SS_R + rest, both independent of each other and of d: chi-squares if both products vary alike.
- `own contrasts` (intra-subject contrasts): mean T - mean R of each patient, averaged over sequences;
  s2_wR from R1 - R2. Sums and differences of one product's values are independent of each other, so that
  d, its mean square, s2_wR and s2_wT are: exactly, if the contrasts of all sequences have one variance.

Sequences are texts of T and R, one letter a period.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from planner.equivalence.panels import Floats
from planner.equivalence.regulators import Method
from planner.errors import RequestError


class ScaledLaw(NamedTuple):
    """d ~ N(true, c variance); se^2 = c S; S, s2_wR and s2_wT are multiples of chi-squares, by their df."""

    c: float  # variance of d over `variance`: sum of 1 / n by sequence, times a number of the design
    variance: float  # expectation of the mean square S
    df: int
    s2wr: float  # expectation of s2_wR
    dfr: int
    s2wt: float  # expectation of s2_wT
    dft: int  # 0 where no patient gets T twice, or the analysis has no such variance
    nested: bool  # whether the sum of squares of s2_wR is part of that of S; else they are independent


def scaled_law(
    method: Method, sequences: Sequence[str], counts: Sequence[int], cv_wt: float, cv_wr: float
) -> ScaledLaw | None:
    """The law of a complete trial with so many patients in each sequence; CVs as shares (.35 is 35 %).

    None where no exact law is known: under `least squares` if the CVs differ, under `own contrasts` if
    they differ and so do the sequences in how often they give T and R (TRT | RTR). Then patients must be
    simulated. Raises RequestError for a design without an answer: see each law.

    >>> import planner
    >>> law = planner.scaled_law("least squares", ["TRTR", "RTRT"], [12, 12], 0.3, 0.3)
    >>> law.df, law.dfr
    (68, 22)
    """
    if min(counts) < 1:
        raise RequestError("every sequence needs a patient")
    if not min(cv_wt, cv_wr) > 0.0:
        raise RequestError("a CV must lie above 0")
    variances = math.log1p(cv_wt**2), math.log1p(cv_wr**2)
    if method == "least squares":
        return _fixed_subject(sequences, counts, variances[0]) if cv_wt == cv_wr else None
    return _subject_contrast(sequences, counts, *variances)


def _fixed_subject(sequences: Sequence[str], counts: Sequence[int], variance: float) -> ScaledLaw:
    """Patient, period and treatment by least squares.

    Raises RequestError if periods take the place of treatments, or nobody gets R twice.
    """
    whole, df = _within_patients(sequences, counts, "TR")
    _, dfr = _within_patients(sequences, counts, "R")
    periods, cross = whole[:-1, :-1], whole[:-1, -1]
    information = float(whole[-1, -1] - cross @ np.linalg.pinv(periods, hermitian=True) @ cross)
    if information < 1e-9 * sum(counts):
        raise RequestError("the effect of treatment cannot be told from those of the periods")
    if dfr < 1:
        raise RequestError("no two patients of one sequence get R twice")
    return ScaledLaw(1.0 / information, variance, df, variance, dfr, variance, 0, nested=True)


def _within_patients(sequences: Sequence[str], counts: Sequence[int], used: str) -> tuple[Floats, int]:
    """Sums of squares and products of the columns of periods and T about each patient's means, residual df.

    Of the periods with one of the treatments `used` alone.
    """
    total = np.zeros((len(sequences[0]) + 1, len(sequences[0]) + 1))
    values = 0
    for sequence, count in zip(sequences, counts, strict=True):
        rows = [period for period, treatment in enumerate(sequence) if treatment in used]
        if rows:
            columns = np.zeros((len(rows), total.shape[0]))
            columns[range(len(rows)), rows] = 1.0
            columns[:, -1] = [sequence[period] == "T" for period in rows]
            columns -= columns.mean(axis=0)
            total += count * columns.T @ columns
            values += count * (len(rows) - 1)
    return total, values - int(np.linalg.matrix_rank(total, hermitian=True))


def _subject_contrast(
    sequences: Sequence[str], counts: Sequence[int], s2wt: float, s2wr: float
) -> ScaledLaw | None:
    """Mean T - mean R of each patient.

    Raises RequestError if a sequence lacks T or R or gives one more than twice, or nobody gets R twice.
    """
    given = [(each.count("T"), each.count("R")) for each in sequences]
    if any(min(times) < 1 or max(times) > 2 for times in given):
        raise RequestError("contrasts within patients need T and R once or twice in every sequence")
    variances = [s2wt / t + s2wr / r for t, r in given]
    dft, dfr = (
        sum(count - 1 for times, count in zip(given, counts, strict=True) if times[product] == 2)
        for product in (0, 1)
    )
    if dfr < 1:
        raise RequestError("no two patients of one sequence get R twice")
    if max(variances) > min(variances) * (1.0 + 1e-12):
        return None
    c = sum(1.0 / count for count in counts) / len(counts) ** 2
    return ScaledLaw(c, variances[0], sum(counts) - len(counts), s2wr, dfr, s2wt, dft, nested=False)
