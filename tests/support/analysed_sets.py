"""Data sets with R's answers, analysed through the kernels that analyse simulated trials, for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from planner.analyses import statistic
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, STATISTICS, Contrast, T, W
from planner.scenario.vocabulary import METHODS
from tests.support.paths import NUMBERS

DATA = json.loads((NUMBERS / "crossover_analyses.json").read_text())["datasets"]
TOLERANCE = 1e-10


class Answer(NamedTuple):
    """What a kernel says about one data set."""

    estimate: float
    se: float
    df: float
    stat: float
    completers: float

    def p(self, alternative: str) -> float:
        """The p value of the t statistic; 1 where the test is undefined."""
        if self.df == 0.0:
            return 1.0
        if alternative == "two.sided":
            return float(2.0 * stats.t.sf(abs(self.stat), self.df))
        return float(stats.t.sf(self.stat if alternative == "greater" else -self.stat, self.df))


def analyse(
    method: str,
    rows: list[list[Any]],
    first: str = "A",
    second: str = "B",
    *,
    centre: float = 0.0,
    lane: int = 0,
    sequences: tuple[str, ...] = (),
    contrast: Mapping[str, float] | None = None,
    sides: int = 0,
) -> Answer:
    """One data set (subject, sequence, period, treatment, outcome, ...) through the kernel of an analysis.

    `contrast`: weights in place of first minus second. The data lie in one lane of a tile; the others hold
    different numbers, so that a mix-up of lanes shows. Periods of which there is no row are missing.
    """
    subjects = list(dict.fromkeys(row[0] for row in rows))
    sequence_of = {row[0]: row[1] for row in rows}
    known = sequences or tuple(sorted(set(sequence_of.values())))
    if set(known) <= {first + second, second + first}:
        known = (first + second, second + first)
    names = sorted({row[3] for row in rows} | {first, second}, key=len, reverse=True)
    given = [spelt(word, names) for word in known]
    treatments = list(dict.fromkeys(a for each in given for a in each))
    outcome = np.full((2, len(subjects), len(given[0])), np.nan)  # and the baseline where there is one
    for row in rows:
        outcome[0, subjects.index(row[0]), row[2] - 1] = row[4]
        outcome[1, subjects.index(row[0]), row[2] - 1] = row[-1]
    others = np.random.default_rng(1).normal(size=(1, len(subjects), 1, 2, len(given[0]) * W))
    values = (others > 0.0).astype(float) if METHODS[method].binary else others
    values[0, :, 0, 0, lane::W], values[0, :, 0, 1, lane::W] = outcome
    order = np.array([[known.index(sequence_of[s]) for s in subjects]])
    compared = contrast or {first: 1.0, second: -1.0}
    part = [set(compared) <= set(each) for each in given]
    weight = [
        [takes * compared.get(a, 0.0) / s.count(a) for a in s] for s, takes in zip(given, part, strict=True)
    ]
    tables = Contrast(
        weight=np.array(weight),
        share=np.array(part) / max(sum(part), 1),
        treatment=np.array([[treatments.index(a) for a in each] for each in given]),
        effect=np.array([compared.get(a, 0.0) for a in treatments]),
        sides=sides,
        baseline=1,
    )
    stat = np.empty((1, 1, STATISTICS * W))
    statistic(method)(values, 0, 0, order, tables, centre, np.array([len(subjects)]), stat)
    row = stat[0, 0].reshape(STATISTICS, W)[:, lane]
    return Answer(*(float(row[k]) for k in (ESTIMATE, SE, DF, T, COMPLETERS)))


def spelt(word: str, names: list[str]) -> list[str]:
    """The treatments of a sequence; `names`, the longest first."""
    found = []
    while word:
        found.append(next(name for name in names if word.startswith(name)))
        word = word.removeprefix(found[-1])
    return found
