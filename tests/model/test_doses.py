"""Doses of an agent and its level: how they are stated, by hand; what is refused."""

from __future__ import annotations

import math
import random

import pytest

from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read, read_text
from planner.scenario.resolving.doses import occupancy_at
from tests.support.dosed import TEXT, faults, gate, trial

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


def test_library_knows_the_doses_of_naltrexone() -> None:
    treatments = {dose: f"treatments.KN.agents.1.dose={dose}" for dose in (2, 5, 15, 50)}
    found = {dose: read("williams-2018", set=[text]) for dose, text in treatments.items()}
    occupied = {dose: scenario.treatments["KN"].agents[1].occupancy for dose, scenario in found.items()}
    assert occupied == {2: 0.27, 5: 0.49, 15: 0.61, 50: 0.95}
    emax = 0.95 / (50 / 15 * (1 - 0.95) + 0.95)
    assert math.isclose(emax, 0.85, abs_tol=0.005), "what a curve through one point would say of 15 mg"
