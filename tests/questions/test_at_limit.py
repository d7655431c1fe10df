"""The same scenario with its means moved to the worse limit: type I errors, and which limit that is."""

from __future__ import annotations

import json
from typing import Any

import pytest

import planner
from planner.cli import main
from planner.errors import RequestError
from planner.scenario.reading.read import read_text
from tests.support.exact import equivalence_power
from tests.support.harness import Comparison, scenario_text

TRIALS = 100_000
FLAT = {"sd_within": 2.0, "sd_between": 3.0}


def text(
    means: dict[str, float], analysis: dict[str, Any] | None = None, hypothesis: Any = None, **rest: Any
) -> str:
    about = {"alternative": "equivalence", "limits": [-2.0, 1.5]} | (analysis or {})
    hypotheses = {"h": {"means": means, **FLAT} | (hypothesis or {})}
    return scenario_text(patients=16, hypotheses=hypotheses, analyses=[about], **rest)


def effects(scenario: planner.Run | Any) -> list[float]:
    return [cell.true_effect for cell in planner.simulate(scenario, trials=128).cells()]


@pytest.mark.parametrize(("effect", "limit"), [(0.5, 1.5), (-1.0, -2.0), (-0.25, 1.5), (9.0, 1.5)])
def test_of_two_limits_that_are_alike_it_is_the_nearer_one(effect: float, limit: float) -> None:
    scenario = planner.at_limit(read_text(text({"A": 3.0 + effect, "B": 3.0})))
    assert effects(scenario) == [limit]
    assert f"is at the worse limit of hills-armitage, {limit:+g} points" in scenario.remarks[-1]
    comparison = Comparison()
    run = planner.simulate(scenario, trials=TRIALS)
    (cell,) = run.cells()
    exact = equivalence_power(-2.0, 1.5, limit, 2.0 * (2 / 16) ** 0.5, 14)
    comparison.probability("type I error", cell.power.to_json(), TRIALS, exact)
    comparison.check()
    assert cell.is_null
    assert scenario.remarks[-1] in run.to_json()["warnings"]


@pytest.mark.parametrize(("carried", "worse"), [({"A": 1.0}, 1.5), ({"B": 1.0}, -2.0)])
def test_carryover_makes_one_limit_the_worse(carried: dict[str, float], worse: float) -> None:
    """What A carries into B's period is taken from A minus B by half: at the upper limit the mean estimate
    lies within the limits, at the lower one outside."""
    scenario = read_text(text({"A": 0.0, "B": 0.0}, hypothesis={"carryover": carried}))
    assert effects(planner.at_limit(scenario)) == [worse]
    errors = {}
    for at in (-2.0, 1.5):
        moved = scenario.hypotheses["h"].model_copy(update={"means": {"A": at, "B": 0.0}})
        there = scenario.model_copy(update={"hypotheses": {"h": moved}})
        errors[at] = planner.simulate(there, trials=TRIALS).cells()[0].power.estimate
    assert max(errors, key=errors.__getitem__) == worse
    # The same where dropout leaves no closed form and a pilot has to tell.
    pilot = read_text(
        text(
            {"A": 0.0, "B": 0.0},
            hypothesis={"carryover": carried},
            population={"dropout": {"per_period": [0.1]}},
        )
    )
    assert effects(planner.at_limit(pilot)) == [worse]


def test_a_margin_is_where_the_means_go() -> None:
    scale = {"better": "lower"}
    about = {"alternative": "non-inferiority", "margin": 1.0}
    hypotheses = {name: {"means": {"A": 2.0, "B": b}, **FLAT} for name, b in (("h", 2.0), ("other", 5.0))}
    stated = scenario_text(patients=16, hypotheses=hypotheses, analyses=[about], scale=scale)
    scenario = planner.at_limit(read_text(stated))
    assert effects(scenario) == [1.0, 1.0]
    assert "is at the margin of hills-armitage, +1 points: power there" in scenario.remarks[-1]


def test_the_ends_of_a_scale_are_allowed_for() -> None:
    """The true effect, not the difference of the stated means, is at the limit."""
    scale = {"low": 0, "high": 6, "step": 1}
    scenario = planner.at_limit(read_text(text({"A": 1.0, "B": 1.0}, scale=scale)))  # -2 is out of reach
    (effect,) = effects(scenario)
    assert effect == pytest.approx(1.5, abs=1e-9)
    means = scenario.hypotheses["h"].means  # type: ignore[attr-defined]
    assert abs(means["A"] - means["B"] - 1.5) > 0.01
    (cell,) = planner.simulate(scenario, trials=128).cells()
    assert cell.is_null


def test_what_cannot_be_moved_is_refused() -> None:
    with pytest.raises(RequestError, match="no analysis tells an effect from a margin"):
        planner.at_limit(planner.read("asthma-ab-ba"))
    about = ["analyses.0.alternative=equivalence", "analyses.0.limits=1"]
    mechanism = planner.read("williams-2018", set=about)
    with pytest.raises(RequestError, match="states no effect that can be moved"):
        planner.at_limit(mechanism)
    uncertain = read_text(
        text({"A": 0.0, "B": 0.0}, hypothesis={"uncertainty": {"means.A": {"mean": 0.0, "sd": 1.0}}})
    )
    with pytest.raises(RequestError, match="uncertain themselves"):
        planner.at_limit(uncertain)
    bounded = read_text(text({"A": 1.0, "B": 0.2}, scale={"low": 0, "high": 1}, analysis={"limits": 1.5}))
    with pytest.raises(RequestError, match="no means on this scale"):
        planner.at_limit(bounded)


def test_the_command(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trial.toml"
    file.write_text(text({"A": 1.0, "B": 0.5}))
    assert main(["run", str(file), "--at-limit", "--trials", "1024", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (cell,) = document["cells"]
    assert (cell["true_effect"], cell["is_null"], cell["limits"]) == (1.5, True, [-2.0, 1.5])
    sweep = ["run", str(file), "--at-limit", "--trials", "128", "--patients", "12,16", "--json"]
    assert main(sweep) == 0
    cells = json.loads(capsys.readouterr().out)["cells"]
    assert [(cell["patients"], cell["true_effect"]) for cell in cells] == [(12, 1.5), (16, 1.5)]
    assert main(["run", str(file), "--at-limit", "--trials", "128"]) == 0
    shown = capsys.readouterr()
    assert "--at-limit" in shown.out.splitlines()[-1]
    assert "power there is the type I error" in shown.out + shown.err
    assert main(["run", "asthma-ab-ba", "--at-limit"]) == 2
