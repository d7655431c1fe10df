"""Scaled limits for virtual patients who leave, vary unequally and are allocated unequally, against NumPy.

The other simulation multiplies positive scores (support.naive_lognormal) and analyses each trial by least
squares with a column for every patient, or by differences of those who finished.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from planner.scenario.regulators import scaled_rule
from tests.support.harness import Comparison, Json, TooFarApart
from tests.support.naive_lognormal import LogNormalTrial, scores
from tests.support.naive_scaled import Floats, Statistics, verdicts
from tests.support.scaled_trials import Case, planned

pytestmark = pytest.mark.long

TRIALS, NAIVE = 200_000, 3_000
SWITCH = math.sqrt(math.log(1.09))
PARTS = {
    "equivalent": "power",
    "criterion": "criterion",
    "estimate": "point_estimate",
    "unscaled": "unscaled",
}
PARTS |= {"sd_ratio": "ratio", "scaled": "switched"}


def _case(
    words: tuple[str, ...],
    n: int,
    cvs: tuple[float, float],
    ratio: float,
    rule: tuple[str, str],
    leave: float,
) -> Case:
    test, reference = cvs
    return Case(
        LogNormalTrial(
            words,
            n,
            {"T": 100.0 * ratio, "R": 100.0},
            {"T": test, "R": reference},
            cv_between=0.6,
            allocation=(2, 1) if len(words) == 2 else (2, 1, 1),
            period_ratio=(1.0, 1.2, 0.9, 1.1),
            leave=(leave,) * 4,
        ),
        *rule,
    )


TWO, THREE = ("TRTR", "RTRT"), ("TRR", "RTR", "RRT")
CASES = {
    "ema, 2x2x4": _case(TWO, 24, (0.30, 0.50), 0.92, ("ema", "abel"), 0.05),
    "fda, 2x3x3": _case(THREE, 24, (0.45, 0.35), 0.95, ("fda", "rsabe"), 0.04),
    "ema, 2x3x3": _case(THREE, 28, (0.25, 0.45), 0.90, ("ema", "abel"), 0.06),
    "hc, 2x2x4": _case(TWO, 21, (0.50, 0.40), 0.95, ("hc", "abel"), 0.03),
    "ema, 2x2x3": _case(("TRT", "RTR"), 27, (0.30, 0.40), 0.93, ("ema", "abel"), 0.05),
    "ntid, 2x2x4": _case(TWO, 27, (0.15, 0.12), 0.98, ("fda", "ntid"), 0.04),
    "hvntid, 2x2x4": _case(TWO, 30, (0.50, 0.25), 0.97, ("fda", "hvntid"), 0.04),
}


def naive(case: Case, seed: int = 3) -> dict[str, float]:
    """Shares of trials."""
    sequence, score = scores(case.trial, np.random.default_rng(seed), NAIVE)
    counts = dict.fromkeys(PARTS, 0.0)
    for order, y in zip(sequence, np.log(score), strict=True):
        words = [case.trial.sequences[s] for s in order]
        by_contrasts = scaled_rule(case.regulator, case.rule).method == "own contrasts"
        at = contrasts(words, y) if by_contrasts else least_squares(words, y)
        if at is None:
            continue
        held = verdicts(case.rule, case.regulator, 0.294 if case.regulator == "fda" else SWITCH, at)
        for name, holds in held.items():
            counts[name] += float(np.ravel(holds)[0])
    return {name: count / NAIVE for name, count in counts.items()}


def least_squares(words: Sequence[str], y: Floats) -> Statistics | None:
    """Patient, period and treatment by a matrix with all columns; the same of the reference alone."""
    there = ~np.isnan(y)
    patient, period = np.nonzero(there)
    treatment = np.array([words[p][k] for p, k in zip(patient, period, strict=True)])
    columns = [*(patient == p for p in range(len(words))), *(period == k for k in range(y.shape[1]))]
    x = np.column_stack([*columns, treatment == "T"]).astype(float)
    values = y[there]
    d, share, s2, df = _fitted(x, values)
    own = treatment == "R"
    _, _, s2wr, dfr = _fitted(x[own][:, :-1], values[own])
    row = (np.array([each]) for each in (d, math.sqrt(s2 * share)))
    return Statistics(*row, df, np.array([s2wr]), dfr, np.array([np.nan]), 0)


def _fitted(x: Floats, y: Floats) -> tuple[float, float, float, int]:
    """The last coefficient, its variance over the residual one, the residual mean square, its df."""
    inverse = np.linalg.pinv(x.T @ x)
    coefficients = inverse @ (x.T @ y)
    df = len(y) - int(np.linalg.matrix_rank(x))
    rest = y - x @ coefficients
    return float(coefficients[-1]), float(inverse[-1, -1]), float(rest @ rest) / max(df, 1), df


def contrasts(words: Sequence[str], y: Floats) -> Statistics | None:
    """T - R of those who finished; differences of one product of those who have both."""
    kinds = sorted(set(words))
    of_kind: NDArray[np.str_] = np.array(words)
    means, squares, number = [], 0.0, []
    within = {"R": [0.0, 0], "T": [0.0, 0]}
    for kind in kinds:
        rows = y[of_kind == kind]
        test, reference = ([k for k, a in enumerate(kind) if a == product] for product in "TR")
        own = rows[:, test].mean(1) - rows[:, reference].mean(1)
        own = own[~np.isnan(own)]
        if not own.size:
            return None
        means.append(own.mean())
        squares += float(((own - own.mean()) ** 2).sum())
        number.append(own.size)
        for product, places in (("R", reference), ("T", test)):
            if len(places) == 2:
                pair = rows[:, places[0]] - rows[:, places[1]]
                pair = pair[~np.isnan(pair)]
                within[product][0] += float(((pair - pair.mean()) ** 2).sum()) / 2
                within[product][1] += pair.size - 1
    df = sum(number) - len(kinds)
    se = math.sqrt(squares / df * sum(1 / n for n in number)) / len(kinds)
    (r, dfr), (t, dft) = within["R"], within["T"]
    s2wt = t / dft if dft else np.nan
    return Statistics(
        *(np.array([each]) for each in (float(np.mean(means)), se)),
        df,
        np.array([r / dfr]),
        int(dfr),
        np.array([s2wt]),
        int(dft),
    )


def compare(cell: Json, found: dict[str, float], title: str) -> None:
    with Comparison(title=title) as compared:
        for name, key in PARTS.items():
            shown = cell["power"] if key == "power" else cell["components"][key]
            if shown is not None:
                p = found[name]
                error = math.hypot(shown["mcse"], math.sqrt((p * (1 - p) + 1 / NAIVE) / NAIVE))
                compared.mean(name, shown["estimate"], error, p)


@pytest.mark.parametrize("name", CASES)
def test_patients_one_by_one(name: str) -> None:
    compare(planned(CASES[name], TRIALS), naive(CASES[name]), name)


def test_another_variability_is_seen() -> None:
    """Negative control: a CV of the reference of .45 for .50."""
    case = CASES["ema, 2x2x4"]
    trial = case.trial
    other = Case(LogNormalTrial(**{**trial.__dict__, "cv_within": {"T": 0.30, "R": 0.42}}), "ema", "abel")
    with pytest.raises(TooFarApart):
        compare(planned(other, TRIALS), naive(case), "another CV")


def test_errors_of_limits() -> None:
    """The mean of the upper limit and its quantiles over many runs vary as their errors say."""
    case = CASES["ema, 2x2x4"]
    limits = [planned(case, 2_048, seed)["upper_limit"] for seed in range(60)]
    for figures in ([each["mean"] for each in limits], [each["q50"] for each in limits]):
        values = [each["estimate"] for each in figures]
        errors = [each["mcse"] for each in figures]
        assert 0.7 < np.std(values, ddof=1) / np.mean(errors) < 1.35
