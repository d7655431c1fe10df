"""What was found for one design, as the JSON contract has it: `planner.discriminate/1`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.kernels.tables import Floats, Ints
from planner.questions.discriminate.ceiling import Endless, Told, bounds, decided, endless, told
from planner.questions.discriminate.classes import PRACTICAL, chained, practical
from planner.questions.discriminate.likelihood import Fit, certain
from planner.questions.discriminate.posterior import (
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
from planner.questions.discriminate.simulating import Simulated
from planner.questions.discriminate.summaries import Summaries
from planner.results.figures import figure, share, smoothed_error

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
    structural: Classes  # of which one is simulated, and the others are the same
    decisive: float
    seed: int
    fit: Fit
    threads: int | None = None
    mechanisms: bool = False

    @property
    def home(self) -> Ints:
        """Which of those simulated each hypothesis is, i64[hypothesis]."""
        return np.array(
            [next(g for g, of in enumerate(self.structural) if h in of) for h in range(self.prior.size)]
        )

    def endless(self, kinds: Sequence[str] | None = None) -> Endless:
        """Trials of endless patients; `kinds`: by these summaries only."""
        sim, plain = (self._of(each, kinds) for each in (self.uncertain, self.fixed))
        return endless(sim, plain, self.prior, self.home, self.seed, self.threads, self.mechanisms)

    def judged(self, patients: float, kinds: Sequence[str] | None = None) -> Judged:
        """Normally distributed trials of so many patients, weighed; `kinds`: by these summaries only."""
        sim = self._of(self.uncertain, kinds)
        data = normal_data(sim, patients, _trials(sim), self.seed)
        return judge(sim, data, patients, self.prior, self.fit, self.threads, self.home)

    def judged_fixed(self, patients: float) -> Judged:
        """The same where the uncertain numbers are taken as known."""
        data = normal_data(self.fixed, patients, _trials(self.fixed), self.seed)
        return judge(self.fixed, data, patients, self.prior, certain, self.threads, self.home)

    def judged_whole(self) -> Judged:
        """Whole virtual trials of the design's own number of patients."""
        sim = self.uncertain
        return judge(sim, sim.trials, sim.patients, self.prior, self.fit, self.threads, self.home)

    def _of(self, sim: Simulated, kinds: Sequence[str] | None) -> Simulated:
        return sim if kinds is None else sim.of(self.summaries.places(kinds))


def _trials(sim: Simulated) -> int:
    return max(_SOME, -(-_DATA // len(sim.truth.mean)))


def answers(case: Case, curve: Sequence[int], periods: int) -> Json:
    """Everything about one design but its name."""
    patients = case.uncertain.patients
    points = {n: case.judged(n) for n in {patients, *curve}}
    judged, most = points[patients], case.endless()
    found = figures(judged, case.decisive)
    pairwise = decided(most, PRACTICAL)
    classes = practical(pairwise.ceiling, case.structural)
    whole = case.judged_whole()
    added = _added(case, patients, most)
    reached = [probability(figures(each, case.decisive).right, 1) for each in points.values()]
    reached += [probability(figures(whole, case.decisive).right, 1), *(each["ceiling"] for each in added)]
    ceiling = told(most, _reaching(reached))
    for each in added[-1:]:
        each |= {"ceiling": _figure(most, ceiling), "ceiling_rests_on": bounds(ceiling)}
    endless = figures(most.judged, case.decisive)
    return {
        **rates(found),
        "information_bits": average(found.bits),
        "ceiling": _figure(most, ceiling),
        "ceiling_rests_on": bounds(ceiling),
        "ceiling_decisive_right": probability(endless.decisive_right, endless.judged),
        "classes": classes,
        "structural_classes": case.structural,
        "open_pairs": pairwise.open,
        "chained_classes": chained(classes, pairwise.ceiling),
        "by_class": {
            "practical": _by_class(points, whole, judged, most, case.decisive, classes),
            "structural": _by_class(points, whole, judged, most, case.decisive, case.structural),
        },
        "confusion": rounded(found.named),
        "confusion_mcse": _errors(found.named),
        "ceiling_confusion": rounded(endless.named),
        "pairs": {
            "p_right": _off_diagonal(rounded(pairs(judged))),
            "ceiling": _off_diagonal(rounded(np.maximum(pairwise.ceiling, pairs(judged).mean(axis=0))[None])),
            "mcse": _off_diagonal(rounded(pairwise.error[None])),
        },
        "curve": [_point(case, points[n], n, periods) for n in curve],
        "fixed": {
            **rates(figures(case.judged_fixed(patients), case.decisive)),
            "ceiling": _ceiling(figures(case.judged_fixed(math.inf), case.decisive)),
        },
        "added": added,
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


def _point(case: Case, judged: Judged, patients: int, periods: int) -> Json:
    found = figures(judged, case.decisive)
    head = {"patients": patients, "visits": patients * periods}
    return {**head, **rates(found), "information_bits": average(found.bits)}


def _by_class(
    points: Mapping[int, Judged],
    whole: Judged,
    judged: Judged,
    most: Endless,
    decisive: float,
    classes: Classes,
) -> Json:
    reached = [probability(figures(each, decisive, classes).right, 1) for each in (*points.values(), whole)]
    ceiling = told(most, _reaching(reached), classes)
    found = rates(figures(judged, decisive, classes))
    return {**found, "ceiling": _figure(most, ceiling), "ceiling_rests_on": bounds(ceiling)}


def _reaching(figures: Sequence[Json]) -> list[tuple[float, float]]:
    return [(each["estimate"], each["mcse"]) for each in figures]


def _figure(most: Endless, ceiling: Told) -> Json:
    return interval(
        ceiling.estimate, ceiling.error, most.judged.weight.shape[0] * most.judged.weight.shape[1]
    )


def _ceiling(endless: Figures) -> Json:
    return probability(endless.right, endless.judged)


def _added(case: Case, patients: int, whole: Endless) -> list[Json]:
    """What each set of summaries adds to those before it: more of them never lower a ceiling.

    The last row is the whole set; its ceiling is that of the design.
    """
    kinds = case.summaries.kinds
    found: list[Json] = []
    for k in range(1, len(kinds) + 1 if len(kinds) > 1 else 1):
        some = figures(case.judged(patients, kinds[:k]), case.decisive)
        most = whole if k == len(kinds) else case.endless(kinds[:k])
        right = probability(some.right, some.judged)
        ceiling = told(most, _reaching([right, *(each["ceiling"] for each in found)]))
        row = {"summaries": list(kinds[:k]), "p_right": right, "ceiling": _figure(most, ceiling)}
        row["ceiling_rests_on"] = bounds(ceiling)
        found.append({**row, "information_bits": average(some.bits)})
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
    true = float(each.true.sum()) / total
    n = each.all.size
    residual = each.true - true * each.all  # of a ratio of sums over draws
    error = math.sqrt(float((residual**2).sum()) * n / max(n - 1, 1)) / total
    return {**head, "true": figure(true, error, 0.0, 1.0)}


def probability(x: Floats, judged: int) -> Json:
    """The mean of shares f64[draw] with the error of its spread between draws, and Wilson's interval.

    Where all draws agree, the error is that of `judged` independent trials, which is never 0.
    """
    n, p = x.size, min(max(float(x.mean()), 0.0), 1.0)
    error = float(x.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    return interval(p, error, judged, n)


def interval(p: float, error: float, judged: int, least: int = 1) -> Json:
    """A share with its error, which that of `judged` trials replaces where it is 0, and Wilson's interval."""
    if error < 1e-9:
        error = smoothed_error(p * judged, judged)
    size = max(p * (1.0 - p) / error**2, float(least))  # independent trials with the same error
    return share(p, error, size)


def average(x: Floats) -> Json:
    """The mean of x f64[draw], its error and a 95 % interval."""
    mean = float(x.mean())
    return figure(mean, float(x.std(ddof=1)) / math.sqrt(x.size) if x.size > 1 else None)


def rounded(x: Floats) -> list[list[float]]:
    """The mean of matrices f64[draw, row, column]."""
    return [[round(float(cell), 6) for cell in row] for row in x.mean(axis=0)]


def _errors(x: Floats) -> list[list[float | None]]:
    if len(x) < 2:
        return [[None for _ in row] for row in x[0]]
    return [[round(float(cell), 6) for cell in row] for row in x.std(axis=0, ddof=1) / math.sqrt(len(x))]


def _off_diagonal(matrix: Sequence[Sequence[float | None]]) -> list[list[float | None]]:
    return [[None if i == j else x for j, x in enumerate(row)] for i, row in enumerate(matrix)]
