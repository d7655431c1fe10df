"""Two-stage trials one by one: what the engine makes of each, against plain NumPy on the same patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from planner.engine.cohort import new_patients
from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.engine.run import run_job
from planner.engine.two_stage import carry_out
from planner.engine.workspace import generate, new_workspace
from planner.equivalence.two_stage.decisions import Interim, Outcome, Stage, after_first, after_second
from planner.kernels.tables import (
    ABOVE,
    COMPLETERS,
    DF,
    ESTIMATE,
    SE,
    STAGE_FUTILE,
    STAGE_PATIENTS,
    STAGE_SECOND,
    STAGE_UNDEFINED,
    STATISTICS,
    TRIALS,
    Floats,
    Ints,
    T,
    W,
)
from tests.support.naive_two_stage import Patients, least_squares
from tests.support.two_stage_scenarios import scenario

FIRST = 12
RULES = [
    ("potvin-b", ""),
    ("potvin-c", ", inflate = true"),
    ("potvin-b", ", use_estimate = true"),
    ("maurer", ""),
    ("fuglsang-b", ", futility = { ci_outside = [0.95, 1.0526] }"),
]


@dataclass(frozen=True)
class Carried:
    """A tile of trials as the engine has them, and the values of every patient that it could make."""

    job: Job
    interim: Interim
    total: Ints
    looks: Floats  # look, statistic, trial
    sequence: Ints
    values: Floats  # patient, period, trial

    def stages(self, trial: int, total: int) -> tuple[Patients, Patients]:
        """Those of stage 1 and stage 2 who finished, of `total` randomised."""
        y = self.values[:, :, trial]
        stays = np.isfinite(y).all(axis=1)
        one, two = stays[:FIRST], stays[FIRST:total]
        return (
            Patients(y[:FIRST][one], self.sequence[:FIRST][one]),
            Patients(y[FIRST:total][two], self.sequence[FIRST:total][two]),
        )


def carried(rule: str, more: str) -> Carried:
    """With dropout, so that sequences and stages are unequal, and a large effect of the period."""
    made = scenario(
        rule, first=FIRST, cv=0.25, ratio=0.95, most=60, dropout=0.15, periods=(1.0, 1.6), more=more
    )
    job = job_of(made)
    space = new_workspace(job, 1)
    generate(job, 0, space)
    stat = np.empty((2, 1, STATISTICS * W))
    interim, total = carry_out(job, 0, 0, 0, space, stat)
    shape = 1, int(total.max()), job.hypotheses, job.readings
    sequence, values = new_patients(0, job.cells.seed, job.plan, job.generators, shape)
    y = values[0, :, 0, job.analyses[0].reading].reshape(shape[1], 2, W)
    return Carried(job, interim, total, stat.reshape(2, STATISTICS, W), sequence[0], y)


def stage(trials: list[Patients]) -> Stage:
    """What the decisions know of the patients of all trials."""
    columns = [np.array(column) for column in zip(*(each.summary for each in trials), strict=True)]
    return Stage(np.nan_to_num(columns[0]), *columns[1:])


def judge(made: Carried, fewer: int = 0) -> None:
    """Each trial from its own patients; `fewer`: so many of stage 2 are left out."""
    stages = made.job.analyses[0].two_stage
    assert stages is not None
    both = [made.stages(i, int(n) - (fewer if n > FIRST else 0)) for i, n in enumerate(made.total)]
    one, two = stage([each[0] for each in both]), stage([each[1] for each in both])
    interim = after_first(stages.plan, one)
    assert np.array_equal(interim.outcome, made.interim.outcome)
    assert np.array_equal(interim.second, made.interim.second)
    goes_on = interim.outcome == Outcome.SECOND_STAGE
    shown = goes_on & after_second(stages.plan, one, two)
    assert np.array_equal(made.looks[1, T] == np.inf, shown)
    assert np.array_equal(made.looks[0, T] == np.inf, interim.outcome == Outcome.EQUIVALENT)
    for look, of in ((0, lambda each: each[:1]), (1, lambda each: each)):
        for i in np.flatnonzero((interim.outcome != Outcome.UNDEFINED) & (goes_on | (look == 0))):
            patients = [each for each in of(both[i]) if len(each.sequence)]
            d, se, df = least_squares(patients)
            row = made.looks[look, :, i]
            assert row[ESTIMATE] == pytest.approx(d, rel=1e-9, abs=1e-12)
            assert row[SE] == pytest.approx(se, rel=1e-9)
            assert (row[DF], row[COMPLETERS]) == (df, sum(len(each.sequence) for each in patients))


@pytest.mark.parametrize(("rule", "more"), RULES)
def test_every_trial_is_what_its_patients_say(rule: str, more: str) -> None:
    """Sums, tests by least squares with patient, period within stage and stage, the plan, the verdicts."""
    made = carried(rule, more)
    judge(made)
    assert 0 < np.count_nonzero(made.total > FIRST) < W
    assert len(set(made.total)) > 5


def test_a_shorter_stage_is_seen() -> None:
    """Negative control: two patients fewer in every stage 2."""
    made = carried("potvin-b", "")
    with pytest.raises(AssertionError):
        judge(made, fewer=2)


@pytest.mark.parametrize("rule", ["potvin-b", "maurer"])
def test_trials_are_counted_as_they_end(rule: str) -> None:
    """The sums of a run of the same trials."""
    made = carried(rule, "")
    tally = run_job(made.job, W, threads=1).tally
    ends, parts = tally.ends[0, 0, 0], tally.parts[0, 0, 0]
    outcome = made.interim.outcome
    assert ends[0, ABOVE, TRIALS] == np.count_nonzero(outcome == Outcome.EQUIVALENT)
    assert ends[1, ABOVE, TRIALS] == np.count_nonzero(made.looks[1, T] == np.inf)
    for part, of in (
        (STAGE_SECOND, Outcome.SECOND_STAGE),
        (STAGE_FUTILE, Outcome.FUTILE),
        (STAGE_UNDEFINED, Outcome.UNDEFINED),
    ):
        assert parts[part] == np.count_nonzero(outcome == of)
    assert parts[STAGE_PATIENTS] == made.total.sum()
