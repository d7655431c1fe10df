"""What a dose and the day on which it is given do, by hand: activation, blockade, true effects, classes."""

from __future__ import annotations

import pytest

from planner.engine.potential_outcomes import indistinct, truths
from planner.model.carryover import unequal_blockade, unequal_carryover
from planner.model.distinguishable import indistinguishable
from planner.model.families.mechanism.signals import (
    days_elapsed,
    days_of_dosing,
    gates_at_assessment,
    half_life_steps,
)
from planner.model.families.mechanism.signatures import signature
from planner.model.readings import Reading
from planner.questions.predict import predict
from planner.report.scenario.predictions import carryover_reason
from planner.scenario.reading.read import read_text
from tests.support.dosed import SEQUENCES, TEXT, gate, mechanism, sets_off, trial

# --- Levels ----------------------------------------------------------------------------------------------


def test_half_a_dose_activates_half() -> None:
    scenario = trial("treatments.KN.agents.0.level=.5")
    assert gate(scenario, "aversive", "KN", 1.0) == 0.5
    assert gate(scenario, "trigger", "KN", 1.0) == pytest.approx(0.5 * 0.2)
    scenario = trial("treatments.KN.agents.1.level=.3")
    assert gate(scenario, "aversive", "KN", 1.0, term=1) == pytest.approx(0.3)
    assert gate(scenario, "trigger", "KN", 1.0) == pytest.approx(0.2), "a level is no occupancy"


def test_who_lowers_whom() -> None:
    """Half a dose lowers half as much, a double one no more; what comes later lowers nothing given before."""
    for level, left in ((1.0, 0.4), (0.5, 0.7), (2.0, 0.4)):
        scenario = trial("agents.blocker.lowers={drug=0.6}", f"treatments.KN.agents.1.level={level}")
        assert gate(scenario, "aversive", "KN", 1.0) == pytest.approx(left)
        assert gate(scenario, "aversive", "KthenN", 6.0) == 1.0


# --- Given later, needed throughout ----------------------------------------------------------------------


def test_too_late_for_a_trigger() -> None:
    scenario = trial()
    for day in (1.0, 2.0, 6.0):
        assert gate(scenario, "trigger", "KthenN", day) == gate(scenario, "trigger", "K", day) == 1.0
    assert gate(scenario, "trigger", "KN", 6.0) == pytest.approx(0.2), "set off while blocked"


def test_in_time_for_what_continues() -> None:
    """Occupancy 0.8 halves every 4 days; an assessment on the day of the dose comes before it."""
    scenario = trial()
    for day, left in ((1.0, 1.0), (2.0, 1.0), (2.5, 1 - 0.8 * 2**-0.125), (6.0, 1 - 0.8 * 2**-1)):
        assert gate(scenario, "continuing", "KthenN", day) == pytest.approx(left)
    for day in (1.0, 6.0, 12.0):
        assert gate(scenario, "continuing", "KN", day) == pytest.approx(1 - 0.8 * 2 ** (-day / 4))


def test_what_is_left_later_is_blocked_later() -> None:
    """In a second period its own dose blocks what the first one has left, and so does the first dose."""
    scenario = trial()
    m = mechanism(scenario, "continuing")
    stays = gates_at_assessment(m, scenario, ["KN", "KthenN"], 1, 6.0, m.hypothesis.terms)
    assert stays == pytest.approx([(1 - 0.8 * 2 ** (-18 / 4)) * (1 - 0.8 * 2**-1)])
    (only,) = sets_off(scenario, "trigger", "KN", "K")
    assert only == (0.0, pytest.approx([1 - 0.8 * 2**-3]))


def test_a_blocker_without_half_life() -> None:
    scenario = read_text(TEXT.replace("half_life_days = 4\n", ""))
    for day in (1.0, 6.0, 12.0):
        assert gate(scenario, "continuing", "KN", day) == pytest.approx(0.2)
    m = mechanism(scenario, "continuing")
    assert gates_at_assessment(m, scenario, ["KN", "K"], 1, 1.0, m.hypothesis.terms) == [1.0]


def test_what_is_given_later_sets_off_later() -> None:
    scenario = trial()
    assert days_of_dosing(scenario, "KthenN") == [0.0, 2.0]
    assert sets_off(scenario, "aversive", "KthenN") == [(0.0, [1, 0]), (2.0, [0, 1])]
    assert sets_off(scenario, "trigger", "KthenN") == [(0.0, [1]), (2.0, [0])]
    scenario = trial("hypotheses.aversive.terms.1.needs=[{signal='bad', when='throughout'}]")
    assert sets_off(scenario, "aversive", "KthenN") == [(0.0, [1, 0]), (2.0, [0, 1])]


def test_prolonged_from_its_day_on() -> None:
    """Half-lives of 8 days: 3 days at the usual pace, then 9 at a third of it: as if 6 had passed."""
    scenario = trial("agents.blocker.prolongs={'*'=3}", "treatments.KthenN.agents.1.at_days=4")
    steps = half_life_steps(mechanism(scenario, "trigger"), scenario, "KthenN", "effect")
    assert steps == ((0.0, 1.0), (4.0, 3.0))
    assert days_elapsed(steps, 1.0, 13.0) == pytest.approx(3.0 + 3.0)
    assert days_elapsed(steps, 1.0, 3.0) == 2.0
    assert days_elapsed(steps, 5.0, 8.0) == pytest.approx(1.0)
    assert days_elapsed(steps, 5.0, 4.0) == 0.0
    left = unequal_carryover(scenario, "trigger")
    assert left["KthenN"] == pytest.approx(2.0 ** (-(3.0 + 8.0 / 3.0) / 8.0))
    assert left["K"] == pytest.approx(2.0 ** (-11.0 / 8.0))


def test_blockade_left_explains_a_rejected_null() -> None:
    """Given too late to take anything away, the blocker is still there at the next dosing."""
    scenario = trial()
    assert unequal_carryover(scenario, "trigger") != {}, "what was set off while blocked is smaller"
    late = read_text(TEXT.replace(SEQUENCES, '["K KthenN", "KthenN K"]'))
    assert unequal_carryover(late, "trigger") == {}
    assert unequal_blockade(late, "trigger") == {"K": 0.0, "KthenN": pytest.approx(0.8 * 2 ** (-10 / 4))}
    assert "blockers still occupy 0 % after K and 14 % after KthenN" in carryover_reason(late, "trigger")


# --- What cannot differ ----------------------------------------------------------------------------------


def test_same_and_different() -> None:
    """Given on day 2, a blocker changes nothing that is seen on day 2, and something afterwards."""
    scenario = trial()
    for name, day, same in (
        ("trigger", 6.0, True),
        ("continuing", 2.0, True),
        ("continuing", 6.0, False),
        ("aversive", 2.0, True),
        ("aversive", 6.0, False),
        ("trigger", None, True),
        ("continuing", None, False),
        ("aversive", None, False),
    ):
        assert (
            indistinct(scenario, scenario.hypotheses[name], ["K", "KthenN"], day and Reading("change", day))
            is same
        ), (name, day)
    assert not indistinct(scenario, scenario.hypotheses["trigger"], ["K", "KN"], Reading("change", 6.0))


def test_true_effects_by_hand() -> None:
    """Half of the severity is gone at its peak; without spread or noise the change is a plain product."""
    fixed = ["population.baseline={mean=40, sd=1e-9}", "endpoint.scale={low=0,high=60}", "endpoint.day=6"]
    found = truths(trial(*fixed), ["trigger", "continuing", "aversive"], 1)
    decay = 2.0 ** (-5.0 / 8.0)
    assert found["trigger"][0].is_null
    assert found["trigger"][0].effect == 0.0
    assert not found["continuing"][0].is_null
    assert found["continuing"][0].effect == pytest.approx(-40 * 0.5 * decay * 0.4, abs=1e-6)
    worse = 40 * 0.2 * 2.0 ** (-(6.0 - 2.0 - 1.0) / 8.0)  # its peak lasts until day 3
    assert found["aversive"][0].effect == pytest.approx(-worse, abs=1e-6)
    seen_before = truths(trial(*fixed[:2], "endpoint.day=2"), ["continuing", "aversive"], 1)
    assert all(truth.is_null for (truth,) in seen_before.values())


def test_classes_need_a_treatment_that_separates() -> None:
    """A trigger and what continues are the same as long as nothing blocks."""
    names = ["trigger", "continuing"]
    assert indistinguishable(trial(), names) == (("trigger",), ("continuing",))
    late = 'KthenN = { agents = ["drug", { agent = "blocker", at_days = 2 }] }'
    plain = TEXT.replace(late, 'KthenN = { agents = ["drug"] }').replace(
        SEQUENCES, '["K KthenN", "KthenN K"]'
    )
    assert indistinguishable(read_text(plain), names) == (("trigger", "continuing"),)


def test_what_the_first_period_left_separates_too() -> None:
    """A blockade that is whole from dosing to dosing shows the difference in the next period only."""
    names = ["trigger", "continuing"]
    whole = TEXT.replace("half_life_days = 4\n", "").replace("occupancy = 0.8", "occupancy = 1.0")
    crossed = whole.replace(SEQUENCES, '["K KN", "KN K"]').replace('"KthenN"]\n', '"KN"]\n')
    assert indistinguishable(read_text(crossed), names) == (("trigger",), ("continuing",))
    once = crossed.replace('["K KN", "KN K"]', '["KN N", "N KN"]').replace('["K", "KN"]', '["N", "KN"]')
    assert indistinguishable(read_text(once), names) == (("trigger",), ("continuing",)), (
        "it returns until N is given"
    )
    always = once.replace('{ agent = "blocker", at_days = 3 }', '"blocker"')
    assert indistinguishable(read_text(always), names) == (("trigger", "continuing"),)


def test_outlook_tells_the_day() -> None:
    found = predict(trial(), tiles=2)
    rows = {(row.treatment, row.at_days): row for row in found.blockade}
    assert set(rows) == {("KN", 0.0), ("KthenN", 2.0), ("N", 3.0)}
    assert rows["KthenN", 2.0].left == pytest.approx(0.8 * 2 ** (-10 / 4))
    assert signature(trial(), trial().hypotheses["trigger"], "K") == signature(  # type: ignore[arg-type]
        trial(),
        trial().hypotheses["trigger"],
        "KthenN",  # type: ignore[arg-type]
    )
