"""What is seen of the patients of a virtual trial beside what is analysed: baselines, and scores.

Made by the kernels that made the trial, from the same random numbers, so that a change is the score less the
baseline to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from planner.engine.cohort import generate, no_values
from planner.engine.generators import generators_of
from planner.kernels.tables import Floats, Ints, W
from planner.model.allocation import allocation_plan
from planner.model.readings import BASELINE, Reading, gives
from planner.scenario.scenario import Scenario


class Observations(NamedTuple):
    """NaN: not measured, or the patient has left."""

    baselines: Floats  # (patient, period) the one that change and response refer to
    scores: Floats  # (patient, reading, period) of the endpoint on the day of each reading


def observe(
    scenario: Scenario, hypothesis: str, readings: Sequence[Reading], sequence: Ints, index: int, seed: int
) -> Observations | None:
    """Of trial `index`, whose readings and sequences i64[tile, patient] are given; None where
    patients have no scores.

    Of secondary outcomes there is neither.
    """
    stated = scenario.hypotheses[hypothesis]
    if not stated.tells_scores():
        return None
    days = list(dict.fromkeys(each.day for each in readings if not each.outcome))
    wanted = [Reading("score", day) for day in days]
    measured = gives(scenario, stated, BASELINE)
    wanted += [BASELINE] if measured else []
    patients, periods = sequence.shape[1], scenario.design.periods
    values = no_values(1, patients, 1, max(len(wanted), 1), periods)
    generators = generators_of(scenario, [hypothesis], wanted) if wanted else ()
    generate(index // W * W, seed, allocation_plan(scenario), generators, sequence[:1], values)
    lane = values.reshape(patients, -1, periods, W)[..., index % W]
    baselines = lane[:, len(wanted) - 1].copy() if measured else np.full((patients, periods), np.nan)
    if "first" in (scenario.endpoint.baseline, scenario.design.baselines):
        baselines = np.where(np.isnan(baselines), np.nan, baselines[:, :1])
    none = np.full((patients, periods), np.nan)
    at = {day: i for i, day in enumerate(days)}
    scores = [none if each.outcome else lane[:, at[each.day]] for each in readings]
    return Observations(baselines, np.stack(scores, axis=1))
