"""What looks that cannot do their work cost, and what is advised instead: against normal theory and NumPy."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import nct, norm
from scipy.stats import t as student

from planner.model.looks import monitoring_plan
from planner.model.stopping.advice import _passes, futility_cost, too_early
from planner.model.stopping.remarks import look_remarks
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.commands import Cli, cli
from tests.support.early_looks import FUTILE, text
from tests.support.harness import scenario_text

__all__ = ["cli"]


def advised(said: str) -> list[list[int]]:
    """The looks in "Looks that would do: ..."."""
    return [json.loads(found) for found in re.findall(r"\[[\d, ]+\](?= \()", said.partition("would do: ")[2])]


def test_futility_where_nothing_can_be_computed_costs_no_power() -> None:
    """No trial stops at look 1, so that the last look at nearly full alpha has the power of a single one."""
    (said,) = look_remarks(read_text(text()))
    assert "cannot stop the trial" in said
    assert "its power" not in said
    assert "the type I error of the trial is 0.0500" in said


@pytest.mark.parametrize("futility", ["", FUTILE])
def test_power_lost_is_that_of_the_last_limit_alone(futility: str) -> None:
    """Pocock: what is left is one normal test at the last limit, with a futility rule or without."""
    scenario = read_text(text(rule="pocock", futility=futility, leave="0"))
    plan = monitoring_plan(scenario, scenario.analyses[0], 40)
    drift = norm.isf(0.025) + norm.ppf(0.8)
    power = norm.sf(plan.boundary.efficacy_z[1] - drift)
    (said,) = look_remarks(scenario)
    assert f"where looks [40] have a power of 80 % it has about {100 * power:.1f} %" in said
    assert 0.6 < power < 0.79


def test_alpha_lost_says_why_it_is_less_than_what_was_spent() -> None:
    """No difference of two figures that a reader could take for the type I error."""
    scenario = read_text(text(looks="[2, 20, 40]", rule="pocock", futility="", leave="0"))
    (said,) = look_remarks(scenario)
    assert "but for trials that are significant at a later look as well" in said
    assert "spent there, " not in said


@pytest.mark.parametrize("leave", ["0", "0.1", "0.3"])
@pytest.mark.parametrize("rule", ["obrien-fleming-spending", "pocock"])
@pytest.mark.parametrize("counts", ["[2, 40]", "[2, 4, 40]", "[2, 8, 20, 40]"])
def test_nothing_is_wrong_with_what_is_advised(counts: str, rule: str, leave: str) -> None:
    said = look_remarks(read_text(text(looks=counts, rule=rule, leave=leave)))
    found = advised(next(each for each in said if "would do" in each))
    assert found
    for each in found:
        futility = "" if len(each) == 1 else FUTILE
        better = read_text(text(looks=str(each), rule=rule, leave=leave, futility=futility))
        assert look_remarks(better) == []
        assert (
            too_early(better, better.analyses[0], monitoring_plan(better, better.analyses[0], 40), []) == []
        )


def test_a_rule_that_has_to_go_is_named(cli: Cli) -> None:
    Path("early.toml").write_text(text())
    said = " ".join(cli("check", "early.toml")[2].split())
    assert "[40] (as fractions 1; leave the futility rule out)" in said
    Path("early.toml").write_text(text(futility=""))
    assert "leave the futility rule out" not in cli("check", "early.toml")[2]
    stated = '{ rule = "z", z = [3.0, 2.0] }'
    Path("early.toml").write_text(text(efficacy=stated, futility=""))
    said = " ".join(cli("check", "early.toml")[2].split())
    assert "[40] (as fractions 1; leave the numbers of these looks out of monitoring.efficacy.z)" in said


@pytest.mark.parametrize(("z", "df", "shift"), [(3.0, 6, 1.5), (2.2, 2, 0.9), (2.4, 30, 2.0)])
def test_chance_to_pass_a_t_limit(z: float, df: int, shift: float) -> None:
    wanted = nct.sf(student.isf(norm.sf(z), df), df, shift)
    assert _passes(z, df, shift) == pytest.approx(wanted, abs=2e-4)
    assert _passes(z, math.inf, shift) == pytest.approx(norm.sf(z - shift))


def simulated_cost(scenario: Scenario) -> tuple[float, float]:
    """Power with and without stopping for futility at look 1: two looks of a normal statistic, in NumPy."""
    plan = monitoring_plan(scenario, scenario.analyses[0], 40)
    share, own = plan.fractions[0], plan.boundary
    drift = norm.isf(0.025) + norm.ppf(0.8)  # the early limit spends next to nothing
    rng = np.random.default_rng(4)
    z1 = rng.standard_normal(400_000) + drift * math.sqrt(share)
    rest = rng.standard_normal(400_000) * math.sqrt(1 - share) + drift * (1 - share)
    last = math.sqrt(share) * z1 + rest >= own.efficacy_z[1]
    early = z1 >= own.efficacy_z[0]
    goes_on = np.abs(z1) > own.futility_z[0]
    return float((early | (last & goes_on)).mean()), float((early | last).mean())


def test_a_look_too_early_for_efficacy_is_told_with_what_its_futility_costs() -> None:
    scenario = read_text(text(looks="[4, 40]", leave="0"))
    (said,) = look_remarks(scenario)
    assert "look 1, at 4 finished patients, is too early to stop for efficacy" in said
    assert "with 2 degrees of freedom" in said
    power, without = simulated_cost(scenario)
    assert without == pytest.approx(0.8, abs=0.003)
    cost = futility_cost(monitoring_plan(scenario, scenario.analyses[0], 40), 1)
    assert cost == pytest.approx(without - power, abs=0.003)
    assert f"costs about {100 * (cost or 0):.1f} percentage points of power" in said
    (said,) = look_remarks(read_text(text(looks="[4, 40]", leave="0", futility="")))
    assert "too early to stop for efficacy" in said
    assert "futility" not in said
    assert look_remarks(read_text(text(looks="[20, 40]", leave="0"))) == []


def test_size_tells_it_of_the_analysis_that_it_answers_for(cli: Cli) -> None:
    """Two analyses with different answers: only the small one has too few patients at its first look."""
    base = text(looks="[0.25, 1.0]", futility="", leave="0", rule="pocock").replace(
        "sd_within = 0.25", "sd_within = 0.08"
    )
    base = base.replace("sd_between = 0.5", "sd_between = 0.1")
    more = """
[[analyses]]
name = "own"
method = "hills-armitage"
[[analyses]]
name = "first"
method = "period-one"
"""
    Path("two.toml").write_text(base + more)
    asked = ["--power", "0.8", "--hypothesis", "h1", "--max-patients", "400", "--trials", "2000", "-q"]
    found = json.loads(cli("size", "two.toml", *asked, "--json")[1])
    answers = {(each["analysis"], each["patients"]) for each in found["answers"]}
    assert len({patients for _, patients in answers}) == 2
    assert {(each["analysis"], each["patients"]) for each in found["limits"]} == answers
    told = [said for said in found["warnings"] if "look 1" in said]
    assert told
    for said in told:
        patients, analysis = re.match(r"with (\d+) patients: (\w+): look 1", said).groups()  # type: ignore[union-attr]
        assert (analysis, int(patients)) in answers


@pytest.mark.parametrize(
    ("efficacy", "without"),
    [
        ({"rule": "user-spending", "spent": [0.0, 0.02, 0.05]}, [1]),
        ({"rule": "user-spending", "spent": [0.01, 0.01, 0.05]}, [2]),
        ({"rule": "user-spending", "spent": [0.01, 0.02, 0.05]}, []),
        ({"rule": "none"}, []),
    ],
)
def test_a_look_that_is_given_no_alpha_is_named(efficacy: dict[str, object], without: list[int]) -> None:
    hypotheses = {"h": {"means": {"A": 1.0, "B": 0.0}, "sd_difference": 2.0}}
    plan = scenario_text(patients=60, looks=[20, 40, 60], hypotheses=hypotheses, efficacy=efficacy)
    remarks = [each for each in look_remarks(read_text(plan)) if "no alpha" in each]
    assert [int(each.split(",")[0].removeprefix("look ")) for each in remarks] == without
