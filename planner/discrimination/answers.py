"""What was found for one design, as the JSON contract has it: `planner.discriminate/1`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.discrimination.classes import practical
from planner.discrimination.judging import (
    Bin,
    Classes,
    Figures,
    Judged,
    calibration,
    figures,
    judge,
    normal_data,
    pairs,
)
from planner.discrimination.likelihood import Fit, certain
from planner.discrimination.simulating import Simulated
from planner.discrimination.summaries import Summaries
from planner.kernels.tables import Floats
from planner.montecarlo import Z95

Json = dict[str, Any]

BEYOND_CHANCE = 3.0
"""Standard errors by which full simulation must differ from the normal approximation to be told."""

_DATA = 1 << 11  # normally distributed trials of a hypothesis in all draws, at least
_SOME = 16  # in each draw, at least
_LIMITS = (0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 1.0)


@dataclass(frozen=True)
class Case:
    """One design with everything that its answers rest on."""

    uncertain: Simulated
    fixed: Simulated  # the same with every uncertain number at its plain value
    summaries: Summaries
    prior: Floats  # adding up to 1
    structural: Classes
    decisive: float
    seed: int
    fit: Fit
    threads: int | None = None

    def judged(self, patients: float, kinds: Sequence[str] | None = None) -> Judged:
        """Normally distributed trials of so many patients, weighed; `kinds`: by these summaries only."""
        sim = self._of(self.uncertain, kinds)
        data = normal_data(sim, patients, _trials(sim), self.seed)
        return judge(sim, data, patients, self.prior, self.fit, self.threads)

    def judged_fixed(self, patients: float) -> Judged:
        """The same where the uncertain numbers are taken as known."""
        data = normal_data(self.fixed, patients, _trials(self.fixed), self.seed)
        return judge(self.fixed, data, patients, self.prior, certain, self.threads)

    def judged_whole(self) -> Judged:
        """Whole virtual trials of the design's own number of patients."""
        sim = self.uncertain
        return judge(sim, sim.trials, sim.patients, self.prior, self.fit, self.threads)

    def _of(self, sim: Simulated, kinds: Sequence[str] | None) -> Simulated:
        return sim if kinds is None else sim.of(self.summaries.places(kinds))


def _trials(sim: Simulated) -> int:
    return max(_SOME, -(-_DATA // len(sim.truth.mean)))


def answers(case: Case, curve: Sequence[int], periods: int) -> Json:
    """Everything about one design but its name."""
    patients = case.uncertain.patients
    judged, endless = case.judged(patients), case.judged(math.inf)
    most, found = figures(endless, case.decisive), figures(judged, case.decisive)
    pairwise = pairs(endless)
    classes = practical(pairwise.mean(axis=0))
    whole = case.judged_whole()
    return {
        **rates(found),
        "information_bits": average(found.bits),
        "ceiling": _ceiling(most),
        "ceiling_decisive_right": probability(most.decisive_right, most.judged),
        "classes": classes,
        "structural_classes": case.structural,
        "by_class": {
            "practical": _by_class(judged, endless, case.decisive, classes),
            "structural": _by_class(judged, endless, case.decisive, case.structural),
        },
        "confusion": rounded(found.named),
        "confusion_mcse": _errors(found.named),
        "ceiling_confusion": rounded(most.named),
        "pairs": {
            "p_right": _off_diagonal(rounded(pairs(judged))),
            "ceiling": _off_diagonal(rounded(pairwise)),
            "mcse": _off_diagonal(_errors(pairwise)),
        },
        "curve": [_point(case, n, periods) for n in curve],
        "fixed": {
            **rates(figures(case.judged_fixed(patients), case.decisive)),
            "ceiling": _ceiling(figures(case.judged_fixed(math.inf), case.decisive)),
        },
        "added": _added(case, patients),
        "check": _check(case, found, whole),
    }


def rates(found: Figures) -> Json:
    """The four probabilities."""
    return {
        "p_right": probability(found.right, found.judged),
        "p_decisive_right": probability(found.decisive_right, found.judged),
        "p_decisive_wrong": probability(found.decisive_wrong, found.judged),
        "p_inconclusive": probability(found.inconclusive, found.judged),
    }


def _point(case: Case, patients: int, periods: int) -> Json:
    found = figures(case.judged(patients), case.decisive)
    head = {"patients": patients, "visits": patients * periods}
    return {**head, **rates(found), "information_bits": average(found.bits)}


def _by_class(judged: Judged, endless: Judged, decisive: float, classes: Classes) -> Json:
    ceiling = _ceiling(figures(endless, decisive, classes))
    return {**rates(figures(judged, decisive, classes)), "ceiling": ceiling}


def _ceiling(endless: Figures) -> Json:
    return probability(endless.right, endless.judged)


def _added(case: Case, patients: int) -> list[Json]:
    """What each set of summaries adds to those before it."""
    kinds = case.summaries.kinds
    found = []
    for k in range(1, len(kinds) + 1 if len(kinds) > 1 else 1):
        some = figures(case.judged(patients, kinds[:k]), case.decisive)
        most = figures(case.judged(math.inf, kinds[:k]), case.decisive)
        row = {"summaries": list(kinds[:k]), "p_right": probability(some.right, some.judged)}
        found.append({**row, "ceiling": _ceiling(most), "information_bits": average(some.bits)})
    return found


def _check(case: Case, found: Figures, whole: Judged) -> Json:
    """Whole virtual trials judged by the same likelihoods."""
    actual = figures(whole, case.decisive)
    difference = average(actual.right - found.right)
    lost = float(np.isnan(whole.weight[..., 0]).mean())
    error = difference["mcse"]
    return {
        "trials": int(whole.weight.shape[0] * whole.weight.shape[2]),
        **rates(actual),
        "difference": difference,
        "differs": bool(error is not None and abs(difference["estimate"]) > BEYOND_CHANCE * error),
        "undefined": lost,
        "calibration": [_bin(each) for each in calibration(whole, _LIMITS)],
    }


def _bin(each: Bin) -> Json:
    total = float(each.all.sum())
    head = {"low": each.low, "high": each.high, "weight": each.weight if total > 0.0 else None}
    if total <= 0.0:
        return {**head, "true": None}
    share = float(each.true.sum()) / total
    n = each.all.size
    residual = each.true - share * each.all  # of a ratio of sums over draws
    error = math.sqrt(float((residual**2).sum()) * n / max(n - 1, 1)) / total
    low, high = max(share - Z95 * error, 0.0), min(share + Z95 * error, 1.0)
    return {**head, "true": {"estimate": share, "mcse": error, "low": low, "high": high}}


def probability(x: Floats, judged: int) -> Json:
    """The mean of shares f64[draw] with the error of its spread between draws, and Wilson's interval.

    Where all draws agree, the error is that of `judged` independent trials, which is never 0.
    """
    n, p = x.size, min(max(float(x.mean()), 0.0), 1.0)
    error = float(x.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    if error < 1e-9:
        smooth = (p * judged + 2.0) / (judged + 4.0)
        error = math.sqrt(smooth * (1.0 - smooth) / (judged + 4.0))
    size = max(p * (1.0 - p) / error**2, float(n))  # independent trials with the same error
    middle = (p + Z95 * Z95 / (2.0 * size)) / (1.0 + Z95 * Z95 / size)
    wide = math.sqrt(p * (1.0 - p) / size + Z95 * Z95 / (4.0 * size * size)) / (1.0 + Z95 * Z95 / size)
    low, high = max(0.0, min(middle - Z95 * wide, p)), min(1.0, max(middle + Z95 * wide, p))
    return {"estimate": p, "mcse": error, "low": low, "high": high}


def average(x: Floats) -> Json:
    """The mean of x f64[draw], its error and a 95 % interval."""
    mean = float(x.mean())
    if x.size < 2:
        return {"estimate": mean, "mcse": None, "low": None, "high": None}
    error = float(x.std(ddof=1)) / math.sqrt(x.size)
    return {"estimate": mean, "mcse": error, "low": mean - Z95 * error, "high": mean + Z95 * error}


def rounded(x: Floats) -> list[list[float]]:
    """The mean of matrices f64[draw, row, column]."""
    return [[round(float(cell), 6) for cell in row] for row in x.mean(axis=0)]


def _errors(x: Floats) -> list[list[float | None]]:
    if len(x) < 2:
        return [[None for _ in row] for row in x[0]]
    return [[round(float(cell), 6) for cell in row] for row in x.std(axis=0, ddof=1) / math.sqrt(len(x))]


def _off_diagonal(matrix: Sequence[Sequence[float | None]]) -> list[list[float | None]]:
    return [[None if i == j else x for j, x in enumerate(row)] for i, row in enumerate(matrix)]
