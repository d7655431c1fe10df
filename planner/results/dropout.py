"""Who left the simulated trials: shares of the patients, with their Monte Carlo errors.

Counted over all patients of the largest trial asked for, whether or not it stopped before they finished: a
patient's chance of dropping out does not depend on how many others there are.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from planner.kernels.tables import AGAIN, AGAIN_SQUARE, IN_VAIN, RANDOMISED, THERE, Floats, Ints
from planner.model.allocation import retention
from planner.model.dropout import return_rule
from planner.results.cells import Departures, Gap, Waiting
from planner.results.design_effect import AllocatedPatients
from planner.results.figures import Figure, mean, probability_among, widen
from planner.scenario.scenario import Scenario


class DropoutFigures(NamedTuple):
    """Who left under a hypothesis."""

    retention: float  # share of the randomised patients who complete every period
    mcse: float | None  # its Monte Carlo standard error; None where it is exact
    departures: Departures | None  # None where everybody leaves by chance alone


def dropout_of(
    scenario: Scenario, followed: Ints, allocated: AllocatedPatients | None = None
) -> DropoutFigures:
    """From the patients counted, i64[sequence, period, FOLLOWED]; without sequences, from the scenario.

    `allocated`: how they are allocated; without it, their sequences count as drawn one by one.
    """
    exact = retention(scenario)
    if exact is not None:
        return DropoutFigures(exact, None, None)
    share = dropout_share(followed, allocated)
    if share is None:
        return DropoutFigures(1.0, None, Departures(dropout=None, leaving=()))
    departures = Departures(dropout=share, leaving=gaps(scenario, followed))
    return DropoutFigures(1.0 - share.estimate, share.mcse, departures)


def dropout_share(followed: Ints, allocated: AllocatedPatients | None = None) -> Figure | None:
    """Share of the patients randomised who leave; followed i64[sequence, period, FOLLOWED].

    Its variance is that within the sequences, and what the randomisation lists add.
    """
    randomised, there = followed[:, -1, RANDOMISED], followed[:, -1, THERE]
    n, left = int(randomised.sum()), int((randomised - there).sum())
    figure = probability_among(left, n)
    if figure is None or allocated is None or left in (0, n):
        return figure
    chance = (randomised - there) / np.maximum(randomised, 1)
    variance = float(randomised @ (chance * (1.0 - chance))) + allocated.variance(chance)
    return widen(figure, math.sqrt(variance / (left * (1.0 - left / n))))


def gaps(scenario: Scenario, followed: Ints) -> tuple[Gap, ...]:
    """For each sequence and gap between periods, the share who leave of those who were there before.

    Where patients wait until they have returned to their baseline: the share who never do, and leave
    therefore, and how long those waited who have the next dosing.
    """
    again = return_rule(scenario)
    rows = []
    for s, sequence in enumerate(scenario.design.sequences):
        for k in range(1, len(sequence)):
            row = followed[s, k - 1]
            before, there = int(row[THERE]), int(followed[s, k, THERE])
            waiting = None
            if again is not None:
                days = again.recheck_days
                total, square = float(row[AGAIN]) * days, float(row[AGAIN_SQUARE]) * days * days
                waiting = Waiting(
                    never_returned=probability_among(int(row[IN_VAIN]), before),
                    extra_days=mean(total, square, there) if there else None,
                )
            rows.append(
                Gap(
                    sequence=" ".join(sequence),
                    after_period=k,
                    treatment=sequence[k - 1],
                    patients=before,
                    left=probability_among(before - there, before),
                    waiting=waiting,
                )
            )
    return tuple(rows)


def days_waited(scenario: Scenario, waits: Floats) -> tuple[float | None, ...]:
    """Days that a patient waited after each period but the last; None where the patient had left.

    waits f64[1, period]: ratings waited for, below 0 if until the end in vain; no row without the rule.
    """
    again = return_rule(scenario)
    if again is None:
        return ()
    times = [again.rechecks if n < 0.0 else float(n) for n in waits[0, :-1]]
    return tuple(None if math.isnan(n) else n * again.recheck_days for n in times)
