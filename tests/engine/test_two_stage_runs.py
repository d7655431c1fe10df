"""Two-stage trials of virtual patients: against exact figures, and the same bits however they are cut."""

from __future__ import annotations

import numpy as np
import pytest

import planner
from planner.engine.job import job_of
from planner.engine.run import run_job
from planner.equivalence.two_stage.exact import operating_characteristics
from planner.errors import PlannerError, RequestError
from planner.model.two_stage import two_stage_plan_of
from planner.questions.exact import two_stage as exact_figures
from planner.results.cells import Cell
from planner.results.contract import as_json
from planner.scenario.scenario import Scenario
from tests.support.harness import Comparison, TooFarApart
from tests.support.marks import repeated
from tests.support.two_stage_scenarios import scenario

TRIALS = 60_000
RULES = [
    ("potvin-b", 12, 0.20, 0.95),
    ("maurer", 12, 0.20, 0.95),
    ("potvin-c", 12, 0.20, 1.25),
    ("potvin-d", 24, 0.35, 0.95),
    ("montague-d", 16, 0.25, 0.90),
    ("fuglsang-b", 24, 0.30, 0.80),
    ("fuglsang-c", 12, 0.25, 0.95),
    ("maurer", 24, 0.30, 1.25),
]


def compare(cell: Cell, asked: Scenario, first: int, cv: float, ratio: float) -> None:
    plan = two_stage_plan_of(asked, asked.analyses[0])
    assert plan is not None
    exact = operating_characteristics(plan, first, cv, ratio)
    shown, stages = as_json(cell), cell.two_stage
    assert stages is not None
    with Comparison(title=f"{plan.rule} {first} {cv}") as compared:
        compared.probability("equivalent", shown["power"], cell.trials, exact.equivalent)
        compared.probability("after stage 1", shown["stage_one"], cell.trials, exact.equivalent_first)
        compared.probability("stage 2", shown["stage_two"], cell.trials, exact.second_stage)
        compared.probability("given up", shown["futility"], cell.trials, exact.futile)
        error = cell.expected_patients.error
        compared.mean("patients", cell.expected_patients.estimate, error, exact.expected_patients)
    for q, each in stages.patients_quantiles.items():
        known = exact.quantile(int(q[1:]) / 100.0)
        assert abs(each.estimate - known) <= 3.0 * each.mcse + 2.0


@pytest.mark.parametrize("case", repeated([(each,) for each in RULES], fast=3))
def test_complete_trials(case: tuple[str, int, float, float]) -> None:
    rule, first, cv, ratio = case
    asked = scenario(rule, first=first, cv=cv, ratio=ratio, most=150)
    compare(planner.simulate(asked, trials=TRIALS).cells()[0], asked, first, cv, ratio)


@pytest.mark.long
def test_a_million_trials_of_method_b() -> None:
    """Potvin et al. 2008: power .842, 56.4 % with a stage 2, 20.6 patients on average."""
    asked = scenario("potvin-b", first=12, cv=0.2, ratio=0.95, most=4_000)
    cell = planner.simulate(asked, trials=1_000_000).cells()[0]
    compare(cell, asked, 12, 0.2, 0.95)
    assert cell.expected_patients.estimate == pytest.approx(20.62, abs=0.05)


def test_periods_and_unequal_variances_change_what_they_should() -> None:
    """Period effects drop out; of unequal CVs the mean variance counts."""
    plain = scenario("potvin-b", first=12, cv=0.25, ratio=0.95, most=100)
    moved = scenario("potvin-b", first=12, cv=0.25, ratio=0.95, most=100, periods=(1.0, 1.7))
    one, other = (planner.simulate(each, trials=4_096).cells()[0] for each in (plain, moved))
    assert as_json(one)["stage_two"] == as_json(other)["stage_two"]
    assert as_json(one)["power"] == as_json(other)["power"]


def test_another_rule_is_seen() -> None:
    """Negative control: method B against the figures of method C."""
    asked = scenario("potvin-b", first=12, cv=0.2, ratio=0.95, most=150)
    other = scenario("potvin-c", first=12, cv=0.2, ratio=0.95, most=150)
    cell = planner.simulate(asked, trials=TRIALS).cells()[0]
    with pytest.raises(TooFarApart):
        compare(cell, other, 12, 0.2, 0.95)


def test_threads_chunks_and_blocks_decide_nothing() -> None:
    job = job_of(scenario("maurer", first=12, cv=0.25, ratio=0.9, most=80, dropout=0.1))
    whole = run_job(job, 3_001, threads=1).tally
    cut = run_job(job, 3_001, threads=2, chunk_trials=512, block_tiles=1).tally
    for name, sums in whole.sums().items():
        assert np.array_equal(sums, cut.sums()[name]), name


def test_errors_over_cvs_are_those_of_the_worse_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Futility that looks at one side more leaves the other limit with the larger error."""
    monkeypatch.setattr(exact_figures, "CVS", (0.3,))
    monkeypatch.setattr(exact_figures, "ELSEWHERE", (24,))
    more = ", futility = { ci_outside = [0.90, 1.05] }"
    asked = scenario("potvin-b", first=24, cv=0.3, ratio=0.95, most=120, more=more)
    plan = two_stage_plan_of(asked, asked.analyses[0])
    assert plan is not None
    low, high = (operating_characteristics(plan, 24, 0.3, at).equivalent for at in (0.8, 1.25))
    assert low > high + 1e-4
    (shown,) = exact_figures.errors_elsewhere(asked, [("expected", asked.analyses[0].name, 120)])
    assert shown.type_one_error == pytest.approx(low, abs=1e-9)


def test_more_are_randomised_where_patients_leave() -> None:
    """Numbers that are planned are evaluable; with `inflate` stage 2 makes up for those who leave."""
    given = {"first": 12, "cv": 0.25, "ratio": 0.95, "most": 100}
    stays = planner.simulate(scenario("potvin-b", **given), trials=8_192).cells()[0]
    leaves = planner.simulate(scenario("potvin-b", dropout=0.2, **given), trials=8_192).cells()[0]
    made_up = scenario("potvin-b", dropout=0.2, more=", inflate = true", **given)
    inflated = planner.simulate(made_up, trials=8_192).cells()[0]
    assert leaves.expected_completers.estimate < leaves.expected_patients.estimate
    assert leaves.power.estimate < inflated.power.estimate < stays.power.estimate + 0.02
    assert inflated.expected_patients.estimate > leaves.expected_patients.estimate


def test_too_many_patients_are_futile() -> None:
    few = planner.simulate(scenario("potvin-b", first=12, cv=0.4, ratio=0.95, most=20), trials=8_192)
    cell = few.cells()[0]
    assert cell.two_stage is not None
    assert cell.two_stage.futility.estimate > 0.9
    assert cell.two_stage.stage_two.estimate < 0.1


@pytest.mark.parametrize("ask", ["size", "discriminate", "weigh", "sensitivity", "replay", "find"])
def test_other_questions_say_that_they_do_not_know(ask: str) -> None:
    asked = scenario("potvin-b", first=12, cv=0.2, ratio=0.95, most=100)
    questions = {
        "size": lambda: planner.size(asked),
        "discriminate": lambda: planner.discriminate([asked, asked]),
        "weigh": lambda: planner.weigh(asked),
        "sensitivity": lambda: planner.sensitivity(asked),
        "replay": lambda: planner.replay(asked, 1),
        "find": lambda: planner.find(asked, "efficacy"),
    }
    with pytest.raises(PlannerError, match="second stage"):
        questions[ask]()


def test_several_numbers_of_patients_are_runs_of_their_own() -> None:
    asked = scenario("potvin-b", first=12, cv=0.2, ratio=0.95, most=100)
    with pytest.raises(RequestError, match="one number of patients"):
        planner.simulate(asked, trials=256, patients=[40, 60])


def test_an_uncertain_variability() -> None:
    """Errors of the stages include the spread between variants."""
    more = '[hypotheses.expected.uncertainty]\n"cv_within" = { low = 0.1, high = 0.4 }\n'
    asked = scenario("potvin-b", first=12, cv=0.25, ratio=0.95, most=200, hypothesis=more)
    wide = planner.simulate(asked, trials=20_480, uncertain=True, variants=40).cells()[0]
    plain = planner.simulate(asked, trials=20_480).cells()[0]
    assert wide.two_stage is not None
    assert plain.two_stage is not None
    assert wide.two_stage.stage_two.error > 3.0 * plain.two_stage.stage_two.error
    assert wide.expected_patients.error > 3.0 * plain.expected_patients.error


def test_a_trial_without_a_test_has_no_second_stage() -> None:
    """It counts as not equivalent, and nothing says that it goes on."""
    run = planner.simulate(
        scenario("potvin-b", first=4, cv=0.2, ratio=0.95, most=40, dropout=0.6), trials=1_024
    )
    cell = run.cells()[0]
    assert cell.undefined.estimate > 0.2
    said = " ".join(run.warnings(run.cells()))
    assert "could not be computed" in said
    assert "go on" not in said
