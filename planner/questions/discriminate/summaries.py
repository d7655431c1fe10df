"""What a trial is judged by: summaries of its data, and how they vary from trial to trial.

A summary is a smooth function of averages over patients, so that its values in two trials of N patients
differ like averages of N independent contributions. The contribution of a patient (influence) to

    the mean of arm a                w (y - m) / E[w]
    the SD s of arm a                w ((y - m)^2 - s^2) / (2 s E[w])
    the correlation r of two arms    w (u v - r (u^2 + v^2) / 2) / E[w]      u, v: standardised outcomes

where w is 1 for patients who have the outcome, else 0 (Hampel 1974; for ratios Cochran 1977, section 6).
Sequences are allocated in fixed numbers, so that only what varies within a sequence counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from planner.kernels.tables import Floats, Ints
from planner.model.readings import Reading, gives
from planner.questions.discriminate.design_figures import SummaryDescription
from planner.scenario.scenario import Scenario
from planner.scenario.vocabulary import BINARY_MEASURES

KINDS = ("means", "endpoint", "days", "sds", "responses", "correlations")
"""The sets of summaries to choose from.

`means` are those of the endpoint and of the secondary outcomes, `endpoint` of the endpoint alone.
"""


@dataclass(frozen=True, slots=True)
class Summary:
    """One number that is computed from the data of a trial."""

    kind: str  # the one of KINDS that it belongs to
    reading: int  # index into Summaries.readings
    arms: tuple[int, ...]  # one arm, or the two that are correlated


@dataclass(frozen=True)
class Summaries:
    """The summaries of a design, and what must be read of the patients to have them."""

    arms: tuple[str, ...]
    readings: tuple[Reading, ...]
    columns: tuple[Summary, ...]
    kinds: tuple[str, ...]
    on_logs: bool = False  # whether they are of logarithms

    def places(self, kinds: Sequence[str]) -> Ints:
        """Places of the summaries of these kinds."""
        return np.array([i for i, each in enumerate(self.columns) if each.kind in kinds], np.int64)

    def descriptions(self) -> list[SummaryDescription]:
        """Every summary in words."""
        return [
            SummaryDescription(
                kind=each.kind,
                what=self._what(each.kind, self.readings[each.reading]),
                arms=[self.arms[a] for a in each.arms],
                day=self.readings[each.reading].day,
            )
            for each in self.columns
        ]

    def _what(self, kind: str, reading: Reading) -> str:
        measure = reading.outcome or reading.measure
        measure = f"logarithm of the {measure}" if self.on_logs else measure
        if kind in ("sds", "correlations"):
            return f"{'SD' if kind == 'sds' else 'correlation'} of the {measure}"
        return f"share with {measure}" if measure in BINARY_MEASURES else f"mean {measure}"


def summaries_of(scenario: Scenario, names: Sequence[str], kinds: Sequence[str]) -> Summaries:
    """The summaries of these kinds for the design of a scenario and the named hypotheses.

    Secondary outcomes are read where all hypotheses predict them.
    """
    readings = [Reading(headline_measure(scenario, names), scenario.endpoint.day)]
    columns: list[Summary] = []
    arms = scenario.design.treatments
    for kind in dict.fromkeys(kinds):
        for reading in _readings(scenario, names, kind, readings[0]):
            if reading not in readings:
                readings.append(reading)
            at = readings.index(reading)
            of = _together(scenario) if kind == "correlations" else [(a,) for a in range(len(arms))]
            present = {(c.reading, c.arms) for c in columns if c.kind in ("means", "endpoint")}
            again = kind in ("means", "endpoint")
            columns += [Summary(kind, at, each) for each in of if not (again and (at, each) in present)]
    every = tuple(dict.fromkeys(kinds))
    return Summaries(arms, tuple(readings), tuple(columns), every, scenario.endpoint.on_logs)


def _readings(scenario: Scenario, names: Sequence[str], kind: str, headline: Reading) -> list[Reading]:
    """What is read for a kind of summaries."""
    binary = headline.measure in BINARY_MEASURES
    match kind:
        case "means":
            secondary = [Reading("score", about.day, name) for name, about in scenario.outcomes.items()]
            return [headline, *(reading for reading in secondary if _all_give(scenario, names, reading))]
        case "days":
            days = [day for day in scenario.design.assessment_days if day != headline.day]
            return [Reading(headline.measure, day) for day in days]
        case "sds":
            return [] if binary else [headline]
        case "responses":
            return [] if binary else [Reading("response", headline.day)]
    return [headline]


def headline_measure(scenario: Scenario, names: Sequence[str]) -> str:
    """The endpoint's own measure; in place of responses the change if all have one: it separates better."""
    measure, change = scenario.endpoint.measure, Reading("change", scenario.endpoint.day)
    return "change" if measure in BINARY_MEASURES and _all_give(scenario, names, change) else measure


def _all_give(scenario: Scenario, names: Sequence[str], reading: Reading) -> bool:
    return all(gives(scenario, scenario.hypotheses[name], reading) for name in names)


def _together(scenario: Scenario) -> list[tuple[int, ...]]:
    """Pairs of arms that some patients have both."""
    design = scenario.design
    return [
        (a, b)
        for a, b in combinations(range(len(design.treatments)), 2)
        if any({design.treatments[a], design.treatments[b]} <= set(sequence) for sequence in design.sequences)
    ]


def periods_of(scenario: Scenario) -> list[list[list[int]]]:
    """[sequence][arm] the periods that give the arm."""
    design = scenario.design
    return [
        [[k for k, given in enumerate(sequence) if given == arm] for arm in design.treatments]
        for sequence in design.sequences
    ]


def by_arm(values: Floats, sequence: Ints, periods: Sequence[Sequence[Sequence[int]]]) -> Floats:
    """Outcomes f64[reading, arm, patient, lane] of generated f64[patient, reading, period, lane].

    An arm that a patient has several times counts by the mean of what was seen; NaN if nothing was.
    """
    patients, readings, _, lanes = values.shape
    out = np.full((readings, len(periods[0]), patients, lanes), np.nan)
    once = np.array([[given[0] if len(given) == 1 else -1 for given in arms] for arms in periods])
    for a, period in enumerate(once[sequence].T):
        rows = np.flatnonzero(period >= 0)
        out[:, a, rows] = values[rows, :, period[rows]].transpose(1, 0, 2)
    for s, arms in enumerate(periods):
        for a, given in enumerate(arms):
            if len(given) > 1:
                rows = np.flatnonzero(sequence == s)
                out[:, a, rows] = _seen_mean(values[rows][:, :, given]).transpose(1, 0, 2)
    return out


def _seen_mean(x: Floats) -> Floats:
    """Mean over the third axis of what is not missing."""
    seen = ~np.isnan(x)
    number = seen.sum(axis=2)
    total = np.where(seen, x, 0.0).sum(axis=2)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def summary_values(columns: Sequence[Summary], y: Floats) -> Floats:
    """Summaries f64[lane, summary] of outcomes f64[reading, arm, patient, lane]; NaN where nothing was seen.

    Every lane is a trial.
    """
    values = np.empty((y.shape[-1], len(columns)))
    for j, column in enumerate(columns):
        x = y[column.reading, column.arms[0]]
        if column.kind == "correlations":
            values[:, j] = _correlation(x, y[column.reading, column.arms[1]])
        elif column.kind == "sds":
            values[:, j] = _sd(x, _mean(x))
        else:
            values[:, j] = _mean(x)
    return values


def _mean(x: Floats) -> Floats:
    """Means of the columns of x f64[patient, lane], of what is not missing."""
    total: Floats = x.sum(axis=0)
    if not np.isnan(total).any():
        return total / len(x)
    seen = ~np.isnan(x)
    number = seen.sum(axis=0)
    return np.where(number > 0, np.where(seen, x, 0.0).sum(axis=0) / np.maximum(number, 1), np.nan)


def _sd(x: Floats, mean: Floats) -> Floats:
    """SDs of the columns with divisor n."""
    sd: Floats = np.sqrt(_mean((x - mean) ** 2))
    return sd


def _correlation(x: Floats, y: Floats) -> Floats:
    both = ~(np.isnan(x) | np.isnan(y))
    u, v = np.where(both, x, np.nan), np.where(both, y, np.nan)
    mean_u, mean_v = _mean(u), _mean(v)
    scale = _sd(u, mean_u) * _sd(v, mean_v)
    return np.where(scale > 0.0, _mean((u - mean_u) * (v - mean_v)) / np.where(scale > 0.0, scale, 1.0), 0.0)


def influences(columns: Sequence[Summary], y: Floats, at: Floats) -> Floats:
    """Contributions f64[patient, summary] of outcomes f64[reading, arm, patient]; at: their summaries."""
    contributions = np.empty((y.shape[2], len(columns)))
    for j, column in enumerate(columns):
        x = y[column.reading, column.arms[0]]
        if column.kind == "correlations":
            contributions[:, j] = _of_correlation(x, y[column.reading, column.arms[1]], at[j])
        elif column.kind == "sds":
            d = x - _mean(x[:, None])[0]
            contributions[:, j] = (d * d - at[j] ** 2) / (2.0 * max(at[j], 1e-12))
        else:
            contributions[:, j] = x - at[j]
        if column.kind != "correlations" and np.isnan(contributions[:, j].sum()):
            seen = ~np.isnan(x)
            contributions[:, j] = np.where(seen, contributions[:, j], 0.0) / max(float(seen.mean()), 1e-12)
    return contributions


def _of_correlation(x: Floats, z: Floats, r: float) -> Floats:
    both = ~(np.isnan(x) | np.isnan(z))
    u, v = (_standardise(each, both) for each in (x, z))
    contribution: Floats = np.where(both, u * v - 0.5 * r * (u * u + v * v), 0.0) / max(
        float(both.mean()), 1e-12
    )
    return contribution


def _standardise(x: Floats, seen: NDArray[np.bool_]) -> Floats:
    centred: Floats = np.where(seen, x - x[seen].mean(), 0.0)
    sd = float(np.sqrt((centred * centred).sum() / seen.sum()))
    return centred / sd if sd > 0.0 else centred


def spread(contribution: Floats, sequence: Ints, share: Floats) -> Floats:
    """Covariance f64[summary, summary] of contributions within sequences, weighted by their shares.

    A trial of N patients has summaries with this covariance over N.
    """
    order = np.argsort(sequence, kind="stable")
    number = np.bincount(sequence, minlength=len(share))
    there = np.flatnonzero(number)
    x = contribution[order]
    mean = np.add.reduceat(x, (np.cumsum(number) - number)[there]) / number[there, None]
    weight = np.sqrt(share[there] / np.maximum(number[there] - 1, 1))
    x = (x - np.repeat(mean, number[there], axis=0)) * np.repeat(weight, number[there])[:, None]
    total: Floats = x.T @ x
    return total
