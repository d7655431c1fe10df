"""Runs with scaled limits: the same bits however they are cut, and every number of patients as by itself."""

from __future__ import annotations

import numpy as np
import pytest

import planner
from planner.engine.job import job_of
from planner.engine.run import run_job
from planner.results.contract import as_json
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario

TRIALS = 3_001


TEXT = """
schema_version = 1
treatments = ["T", "R"]
[design]
name = "2x2x4"
patients = 24
[endpoint]
distribution = "log-normal"
[hypotheses.expected]
family = "means"
means = { T = 92.0, R = 100.0 }
cv_within = 0.4
[[analyses]]
contrast = ["T", "R"]
alternative = "equivalence"
scaling = { rule = "abel" }
"""


def scenario(rule: str = "abel", more: str = "") -> Scenario:
    return read_text(TEXT.replace('{ rule = "abel" }', f'{{ rule = "{rule}"{more} }}'))


@pytest.mark.parametrize("rule", ["abel", "ntid"])
def test_threads_chunks_and_blocks_decide_nothing(rule: str) -> None:
    job = job_of(scenario(rule=rule))
    whole = run_job(job, TRIALS, threads=1).tally
    cut = run_job(job, TRIALS, threads=2, chunk_trials=256, block_tiles=1).tally
    for name, sums in whole.sums().items():
        assert np.array_equal(sums, cut.sums()[name]), name
    assert whole.parts.sum() > 0


def test_each_number_of_patients_as_by_itself() -> None:
    """Also where alpha is adjusted, which depends on the number."""
    asked = scenario(more=", adjust_alpha = true")
    together = planner.simulate(asked, trials=TRIALS, patients=[16, 24]).cells()
    for cell in together:
        alone = planner.simulate(asked, trials=TRIALS, patients=[cell.patients]).cells()[0]
        assert as_json(alone) == as_json(cell)
    assert together[0].power.estimate < together[1].power.estimate


def test_an_uncertain_variability() -> None:
    """Errors include the spread between variants, and the share whose limits are scaled is an average."""
    uncertain = '[hypotheses.expected.uncertainty]\n"cv_within" = { low = 0.2, high = 0.6 }\n'
    asked = read_text(TEXT + uncertain)
    cell = planner.simulate(asked, trials=20_480, uncertain=True, variants=40).cells()[0]
    plain = planner.simulate(asked, trials=20_480).cells()[0]
    assert cell.scaled is not None
    assert plain.scaled is not None
    assert cell.scaled.switched.error > 3.0 * plain.scaled.switched.error
    assert 0.5 < cell.scaled.switched.estimate < plain.scaled.switched.estimate
    assert cell.scaled.upper_limit is not None
    assert cell.scaled.upper_limit.mean.error > plain.scaled.upper_limit.mean.error  # type: ignore[union-attr]


def test_a_trial_is_told_the_limits_that_it_is_held_to() -> None:
    """Those of the EMA: 80 to 125 %, widened by what this trial finds, to 69.84 to 143.19 % at most."""
    asked = scenario()
    held = [planner.replay(asked, i).courses[0].looks[0] for i in range(40)]
    limits = [look.limits for look in held if look.limits is not None]
    assert len(limits) == 40
    assert all(low * high == pytest.approx(1e4) for low, high in limits)
    uppers = [high for _, high in limits]
    assert min(uppers) >= 125.0
    assert max(uppers) == pytest.approx(143.19, abs=0.005)
    for look in held:
        low, high = look.interval or (0.0, 0.0)
        inside = look.limits is not None and look.limits[0] <= low and high <= look.limits[1]
        near = look.estimate is not None and 80.0 <= look.estimate <= 125.0
        assert (look.decision == "equivalent") == (inside and near)
