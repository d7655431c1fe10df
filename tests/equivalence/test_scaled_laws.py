"""Laws of complete trials: numbers of patients and models against least squares with every patient in it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from planner.equivalence.scaled_laws import scaled_law
from planner.errors import RequestError
from tests.support.naive_scaled import model_matrix
from tests.support.scaled_tables import SEQUENCES, counts

CV = 0.35
PATTERNS = [
    *SEQUENCES.values(),
    ("TRRT", "RTTR"),
    ("TTRR", "RRTT"),
    ("TRTR", "RTRT", "TRRT", "RTTR"),
    ("TRR", "RTT"),
    ("TRT", "RTR", "TRR", "RTT"),
]


@pytest.mark.parametrize("sequences", PATTERNS, ids="|".join)
@pytest.mark.parametrize("groups", [(6, 6, 6, 6), (10, 8, 5, 3), (2, 9, 4, 7)])
def test_method_a_against_least_squares(sequences: Sequence[str], groups: tuple[int, ...]) -> None:
    """Also with unequal sequences, of which conventional formulas of three and more know nothing."""
    groups = groups[: len(sequences)]
    law = scaled_law("least squares", sequences, groups, CV, CV)
    assert law is not None
    x, reference = model_matrix(sequences, groups)
    rank = np.linalg.matrix_rank(x)
    assert law.df == len(x) - rank
    assert law.c == pytest.approx(np.linalg.pinv(x.T @ x)[-1, -1], rel=1e-9)
    alone = x[reference][:, :-1]
    assert law.dfr == len(alone) - np.linalg.matrix_rank(alone)
    assert law.variance == law.s2wr == math.log1p(CV**2)


@pytest.mark.parametrize(
    ("design", "patients", "c", "df", "dfr"),
    [
        ("2x2x4", 24, 1 / 24, 68, 22),
        ("2x3x3", 24, 1 / 16, 45, 22),
        ("2x2x3", 24, 1 / 16, 45, 11),
        ("2x3x3", [10, 8, 5], 0.06765, 43, 21),  # the conventional formula has .07083
    ],
)
def test_published_numbers_of_method_a(
    design: str, patients: int | list[int], c: float, df: int, dfr: int
) -> None:
    law = scaled_law("least squares", SEQUENCES[design], counts(design, patients), CV, CV)
    assert law is not None
    assert (round(law.c, 5), law.df, law.dfr) == (round(c, 5), df, dfr)


def test_contrasts_know_both_variances() -> None:
    """Of 2x3x3 s2_wR has N - 3 degrees of freedom, one less than with method A."""
    s2t, s2r = math.log1p(0.2**2), math.log1p(0.4**2)
    full = scaled_law("own contrasts", SEQUENCES["2x2x4"], (14, 10), 0.2, 0.4)
    assert full is not None
    assert full.variance == pytest.approx((s2t + s2r) / 2)
    assert full.c == pytest.approx((1 / 14 + 1 / 10) / 4)
    assert (full.df, full.dfr, full.dft, full.nested) == (22, 22, 22, False)
    partial = scaled_law("own contrasts", SEQUENCES["2x3x3"], (10, 8, 6), 0.2, 0.4)
    assert partial is not None
    assert partial.variance == pytest.approx(s2t + s2r / 2)
    assert partial.c == pytest.approx((1 / 10 + 1 / 8 + 1 / 6) / 9)
    assert (partial.df, partial.dfr, partial.dft) == (21, 21, 0)
    half = scaled_law("own contrasts", SEQUENCES["2x2x3"], (14, 10), 0.4, 0.4)
    assert half is not None
    assert (half.df, half.dfr, half.dft) == (22, 9, 13)


def test_where_no_exact_law_is_known_there_is_none() -> None:
    assert scaled_law("least squares", SEQUENCES["2x2x4"], (12, 12), 0.3, 0.4) is None
    assert scaled_law("own contrasts", SEQUENCES["2x2x3"], (12, 12), 0.3, 0.4) is None
    assert scaled_law("own contrasts", ("TRTR", "RTRT", "TRR", "RTT"), (6, 6, 6, 6), 0.4, 0.4) is None


@pytest.mark.parametrize(
    ("method", "sequences", "groups", "cv", "reason"),
    [
        ("least squares", ("TR", "RT"), (12, 12), CV, "R twice"),
        ("own contrasts", ("TR", "RT"), (12, 12), CV, "R twice"),
        ("own contrasts", ("TRT", "RTR"), (12, 1), CV, "R twice"),
        ("least squares", ("TRT", "RTR"), (12, 1), CV, "R twice"),
        ("least squares", ("TRR",), (24,), CV, "told from"),
        ("own contrasts", ("TRTR", "RRRR"), (12, 12), CV, "once or twice"),
        ("own contrasts", ("TRRR", "RTRR"), (12, 12), CV, "once or twice"),
        ("least squares", ("TRTR", "RTRT"), (12, 0), CV, "needs a patient"),
        ("least squares", ("TRTR", "RTRT"), (12, 12), 0.0, "above 0"),
    ],
)
def test_designs_without_an_answer(
    method: str, sequences: Sequence[str], groups: Sequence[int], cv: float, reason: str
) -> None:
    with pytest.raises(RequestError, match=reason):
        scaled_law(method, sequences, groups, cv, cv)  # type: ignore[arg-type]
