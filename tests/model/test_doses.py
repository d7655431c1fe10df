"""Doses of an agent, its level, and the day on which it is given: what they mean, by hand.

The trial is ketamine-like: a drug drives a signal, a blocker takes it away with a half-life of 4 days.
"""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from planner.engine.potential_outcomes import indistinct, truths
from planner.model.carryover import unequal_blockade, unequal_carryover
from planner.model.distinguishable import indistinguishable
from planner.model.families.mechanism.signals import (
    Mechanism,
    days_elapsed,
    days_of_dosing,
    gates_at_assessment,
    half_life_steps,
    onsets_of_period,
)
from planner.model.families.mechanism.signatures import signature
from planner.model.readings import Reading
from planner.questions.predict import predict
from planner.report.scenario.predictions import carryover_reason
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read, read_text
from planner.scenario.resolving.doses import occupancy_at
from planner.scenario.scenario import Scenario

TEXT = """
schema_version = 1
[agents.drug]
[agents.blocker]
occupancy = 0.8
half_life_days = 4
occupancy_by_dose = { 2 = 0.2, 8 = 0.6, "12.5" = 0.7 }
dose_unit = "mg"
[treatments]
K = { agents = ["drug"] }
KN = { agents = ["drug", "blocker"] }
KthenN = { agents = ["drug", { agent = "blocker", at_days = 2 }] }
N = { agents = [{ agent = "blocker", at_days = 3 }] }
[signals]
drive = { activated_by = { drug = 1 } }
tone = { base = 1, blocked_by = { blocker = 1 } }
bad = { activated_by = { blocker = 1 } }
[components.effect]
size = 0.5
half_life_days = 8
[components.worse]
size = -0.2
half_life_days = 8
[hypotheses.trigger]
terms = [{ component = "effect", needs = ["drive", "tone"] }]
[hypotheses.continuing]
terms = [{ component = "effect", needs = ["drive", { signal = "tone", when = "throughout" }] }]
[hypotheses.aversive]
terms = [{ component = "effect", needs = ["drive"] }, { component = "worse", needs = ["bad"] }]
[population]
baseline = { mean = 26, sd = 4 }
[design]
sequences = ["K KN KthenN N", "N KthenN KN K"]
washout_days = 12
assessment_days = [1, 2, 6]
patients = 4
[endpoint]
scale = "MADRS"
day = 6
[[analyses]]
method = "paired-t"
contrast = ["K", "KthenN"]
"""

SEQUENCES = '["K KN KthenN N", "N KthenN KN K"]'


def trial(*settings: str) -> Scenario:
    return read_text(TEXT, set=list(settings))


def faults(*settings: str) -> list[Any]:
    with pytest.raises(ScenarioError) as caught:
        trial(*settings)
    return caught.value.faults


def mechanism(scenario: Scenario, name: str) -> Mechanism:
    hypothesis = scenario.hypotheses[name]
    assert isinstance(hypothesis, MechanismHypothesis)
    return Mechanism.of(scenario, hypothesis)


def gate(scenario: Scenario, name: str, treatment: str, day: float, term: int = 0) -> float:
    """What is open of a term on a day of a first period."""
    m = mechanism(scenario, name)
    terms = m.hypothesis.terms
    onsets = onsets_of_period(m, scenario, [treatment], 0, terms)
    opened = sum(gates[term] for given, gates in onsets if given == 0.0 or given < day)
    return opened * gates_at_assessment(m, scenario, [treatment], 0, day, terms)[term]


def sets_off(scenario: Scenario, name: str, *sequence: str) -> list[tuple[float, list[float]]]:
    """What the last treatment of a sequence sets off, and when."""
    m = mechanism(scenario, name)
    return onsets_of_period(m, scenario, sequence, len(sequence) - 1, m.hypothesis.terms)


# --- Doses -----------------------------------------------------------------------------------------------


def test_occupancy_between_two_doses() -> None:
    """As measured at each dose; at the geometric mean of two doses the mean of both."""
    table = {"2": 0.2, "8": 0.6, "12.5": 0.7}
    assert [occupancy_at(dose, table) for dose in (2.0, 8.0, 12.5)] == [0.2, 0.6, 0.7]
    assert occupancy_at(4.0, table) == pytest.approx(0.4)
    assert occupancy_at(10.0, table) == pytest.approx(0.65)
    assert occupancy_at(2.0 * 4.0**0.25, table) == pytest.approx(0.3)
    for outside in (1.999, 12.501):
        assert occupancy_at(outside, table) is None
    assert occupancy_at(3.0, {"3": 0.4}) == 0.4


@pytest.mark.parametrize("seed", range(30))
def test_occupancy_rises_with_the_dose(seed: int) -> None:
    """Between any two doses of any table: never less, and never outside what was measured on both sides."""
    rng = random.Random(seed)
    doses = sorted(rng.sample(range(1, 200), rng.randint(2, 8)))
    shares = sorted(rng.random() for _ in doses)
    table = {str(dose): share for dose, share in zip(doses, shares, strict=True)}
    asked = sorted(rng.uniform(doses[0], doses[-1]) for _ in range(50))
    found = [occupancy_at(dose, table) for dose in asked]
    assert None not in found
    assert found == sorted(found)  # type: ignore[type-var]
    assert shares[0] <= found[0] <= found[-1] <= shares[-1]  # type: ignore[operator]


def test_a_treatment_names_a_dose() -> None:
    scenario = trial("treatments.KN.agents.1.dose=8")
    assert scenario.treatments["KN"].agents[1].occupancy == 0.6
    assert scenario.treatments["KthenN"].agents[1].occupancy is None
    assert gate(scenario, "trigger", "KN", 1.0) == pytest.approx(0.4)
    assert gate(scenario, "trigger", "K", 1.0) == 1.0


def test_a_dose_is_its_occupancy() -> None:
    """Nothing else: the digest is that of the occupancy, and a table that nobody uses is no part of it."""
    by_dose, stated = trial("treatments.KN.agents.1.dose=8"), trial("treatments.KN.agents.1.occupancy=.6")
    assert digest(by_dose) == digest(stated) != digest(trial())
    assert digest(trial()) == digest(
        trial("agents.blocker.occupancy_by_dose={}", "agents.blocker.dose_unit=g")
    )


def test_what_is_usual_may_be_said() -> None:
    usual = ["treatments.KN.agents.1.level=1", "treatments.KN.agents.1.at_days=0"]
    usual.append("hypotheses.trigger.terms.0.needs.1.when=onset")
    assert digest(trial(*usual)) == digest(trial())
    assert resolve(trial(*usual)) == resolve(trial("treatments.KN.agents.1.agent=blocker"))


def test_full_form_is_read_back() -> None:
    scenario = trial("treatments.KN.agents.1.dose=10", "treatments.N.agents.0.level=.5")
    again = read_text(to_toml(scenario))
    assert resolve(again) == resolve(scenario)
    assert digest(again) == digest(scenario)


@pytest.mark.parametrize(
    ("settings", "path", "message", "hint"),
    [
        (
            ["treatments.KN.agents.1.dose=20"],
            "treatments.KN.agents.1.dose",
            "is 20 mg, of which no occupancy is known",
            "the doses of the table go from 2 to 12.5 mg; or state `occupancy` in place of the dose",
        ),
        (
            ["treatments.K.agents.0.dose=20"],
            "treatments.K.agents.0.dose",
            "no occupancy by dose is known of drug",
            "[agents.drug] occupancy_by_dose = { 5 = 0.49, 15 = 0.61 }, or `occupancy` in place of the dose",
        ),
        (
            ["treatments.KN.agents.1={agent='blocker', dose=8, occupancy=0.5}"],
            "treatments.KN.agents.1.occupancy",
            "is 0.5, but 8 mg occupies 0.6",
            "state the dose or the occupancy",
        ),
        (
            ["agents.blocker.occupancy_by_dose.8=.1"],
            "agents.blocker.occupancy_by_dose.8",
            "is 0.1, but 2 mg already occupies 0.2",
            "a larger dose cannot occupy less",
        ),
        (
            ["agents.blocker.occupancy_by_dose={2=0.1,'2.0'=0.1}"],
            'agents.blocker.occupancy_by_dose."2.0"',
            "is the same dose as 2",
            "leave one of them out",
        ),
        (
            ["agents.blocker.occupancy_by_dose={low=0.1}"],
            "agents.blocker.occupancy_by_dose.low",
            '"low" cannot be a dose',
            'a dose is a number above 0: { 5 = 0.49, "7.5" = 0.52 }',
        ),
        (
            ["treatments.KthenN.agents.1.at_days=12"],
            "treatments.KthenN.agents.1.at_days",
            "is day 12, but the next dosing is 12 days after the one before",
            "it is given within the period of its treatment",
        ),
        (
            ["treatments.KN.agents.1.level=0"],
            "treatments.KN.agents.1.level",
            "must be above 0, not 0",
            "",
        ),
        (
            ["hypotheses.trigger.terms.0.needs.1.when=always"],
            "hypotheses.trigger.terms.0.needs.1.when",
            'must be "onset" or "throughout", not "always"',
            "",
        ),
    ],
)
def test_what_is_refused(settings: list[str], path: str, message: str, hint: str) -> None:
    (fault,) = faults(*settings)
    assert (fault.path, fault.message, fault.hint) == (path, message, hint)


def test_a_table_without_a_dose() -> None:
    """Where only a table tells the occupancy, a treatment names a dose; hypotheses have no tables."""
    text = TEXT.replace("occupancy = 0.8\n", "")
    with pytest.raises(ScenarioError) as caught:
        read_text(text)
    assert {fault.path for fault in caught.value.faults} == {
        "treatments.KN.agents.1",
        "treatments.KthenN.agents.1",
        "treatments.N.agents.0",
    }
    assert "names no dose of blocker" in caught.value.faults[0].message
    own = "hypotheses.trigger.agents.blocker.occupancy_by_dose={2=0.3}"
    (fault,) = faults(own)
    assert "the same under all hypotheses" in fault.message


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("agents.blocker.occupancy_by_dose.8", "is a table of measurements"),
        ("treatments.KN.agents.blocker.dose", "is a criterion of the trial, and not uncertain"),
        ("treatments.KthenN.agents.blocker.at_days", "is a criterion of the trial, and not uncertain"),
    ],
)
def test_what_is_not_uncertain(path: str, message: str) -> None:
    (fault,) = faults("treatments.KN.agents.1.dose=8", f"uncertainty.'{path}'={{low=0.1, high=0.5}}")
    assert message in fault.message
    sound = "uncertainty.'treatments.KN.agents.blocker.occupancy'={low=0.5, high=0.7}"
    assert trial("treatments.KN.agents.1.dose=8", sound).uncertainty


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


def test_library_knows_the_doses_of_naltrexone() -> None:
    treatments = {dose: f"treatments.KN.agents.1.dose={dose}" for dose in (2, 5, 15, 50)}
    found = {dose: read("williams-2018", set=[text]) for dose, text in treatments.items()}
    occupied = {dose: scenario.treatments["KN"].agents[1].occupancy for dose, scenario in found.items()}
    assert occupied == {2: 0.27, 5: 0.49, 15: 0.61, 50: 0.95}
    emax = 0.95 / (50 / 15 * (1 - 0.95) + 0.95)
    assert math.isclose(emax, 0.85, abs_tol=0.005), "what a curve through one point would say of 15 mg"
