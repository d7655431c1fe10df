"""Reading hypotheses of mechanisms and of rates: families, defaults, short forms, --set."""

from __future__ import annotations

import math
from typing import Any

import pytest

from planner.model.estimand import alternative_direction
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.components import GivenAgent, HalfLifeSpread, Need, SizeSpread
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.families.rates import Rates
from planner.scenario.hypotheses import family_of
from planner.scenario.reading.read import read, read_text
from planner.scenario.scenario import Scenario
from tests.support.paths import INPUTS
from tests.support.refused import faults

FOLDER = INPUTS / "valid"
MIXED = (FOLDER / "rates-and-mechanisms.toml").read_text(encoding="utf-8")
MECHANISMS = MIXED.replace("counted = {", "#").replace(', measure = "response"', "")
RATES = (FOLDER / "rates.toml").read_text(encoding="utf-8")


def mechanisms(*settings: str) -> Scenario:
    return read_text(MECHANISMS, "trial.toml", settings)


@pytest.mark.parametrize(
    ("written", "family"),
    [
        ({"means": {}}, "means"),
        ({"rates": {}, "correlation": 0.1}, "rates"),
        ({"terms": [], "label": "x"}, "terms"),
        ({"family": "rates", "means": {}}, "rates"),
        ({"family": "rate", "terms": []}, "terms"),
        ({"family": 3, "discordant": {}}, "rates"),
        ({"signals": {}, "label": "x"}, "terms"),
        ({"sd_within": 3}, "means"),
        ({"correlation": 0.3}, "means"),
        ({}, "means"),
        (7, "means"),
    ],
)
def test_family_follows_the_settings(written: Any, family: str) -> None:
    assert family_of(written) == family


def test_defaults_of_mechanisms() -> None:
    scenario = mechanisms()
    assert scenario.endpoint.measure == "change"
    assert scenario.endpoint.baseline == "period"
    assert scenario.endpoint.scale.better == "lower"
    assert scenario.endpoint.scale.response is None
    assert scenario.design.assessment_days == (1.0,)
    assert scenario.design.baselines == "period"
    assert (scenario.population.rating_sd, scenario.population.occasion_sd) == (0.0, 0.0)
    assert scenario.population.baseline is not None
    assert scenario.population.baseline.at_least is None
    assert scenario.population.period_effect == scenario.population.sequence_effect == (0.0, 0.0)
    (analysis,) = scenario.analyses
    assert (analysis.method, analysis.measure, analysis.day) == ("hills-armitage", "change", 1.0)
    assert scenario.treatments["KN"].agents == (GivenAgent(agent="ketamine"), GivenAgent(agent="naltrexone"))
    assert scenario.agents["ketamine"].occupancy == 1.0
    component = scenario.components["specific"]
    assert component.size == SizeSpread(mean=0.7)
    assert component.otherwise == SizeSpread(mean=0.0)
    assert component.half_life_days == HalfLifeSpread(median=8.0)
    assert component.peak_day == 1.0
    hypothesis = scenario.hypotheses["direct"]
    assert isinstance(hypothesis, MechanismHypothesis)
    assert hypothesis.label == "direct"
    assert hypothesis.terms[0].needs == (Need(signal="mu", gate=1.0),)


def test_defaults_of_rates() -> None:
    scenario = read_text(RATES)
    assert scenario.endpoint.measure == "response"
    assert [a.method for a in scenario.analyses] == ["prescott", "paired-t"]  # the periods differ
    assert {a.measure for a in scenario.analyses} == {"response"}
    opposed, counted = scenario.hypotheses["opposed"], scenario.hypotheses["counted"]
    assert isinstance(opposed, Rates)
    assert isinstance(counted, Rates)
    assert list(opposed.rates) == list(counted.discordant) == ["A", "B"]
    assert counted.correlation is None


def test_one_period_needs_no_dependence() -> None:
    """No analysis of parallel groups is there yet; nothing else is wrong with them."""
    text = RATES.replace(", correlation = 0.3", "").replace("dropout = { per_period = 0.05 }", "")
    found = faults(text, "design={name='parallel', patients=40}", "population.period_effect=[0]")
    assert {fault.path.split(".")[0] for fault in found} == {"analyses"}


def test_days() -> None:
    """The endpoint is read on the first day of assessment; without one, those analysed are assessed."""
    scenario = mechanisms("design.assessment_days=[2, 5]")
    assert (scenario.endpoint.day, scenario.analyses[0].day) == (2.0, 2.0)
    scenario = mechanisms("endpoint.day=3", "analyses.0.day=5", "analyses.1={name='x'}")
    assert [a.day for a in scenario.analyses] == [5.0, 3.0]
    assert scenario.design.assessment_days == (3.0, 5.0)


def test_an_agent_may_be_left_to_fade() -> None:
    scenario = mechanisms("agents.naltrexone={}")
    assert scenario.agents["naltrexone"].half_life_days is None


def test_a_response_is_half_of_the_baseline_unless_stated() -> None:
    assert read_text(MIXED).endpoint.scale.response == 0.5
    assert mechanisms("analyses.0.measure=response").endpoint.scale.response == 0.5
    assert (
        mechanisms("analyses.0.measure=response", "endpoint.scale={response=0.3}").endpoint.scale.response
        == 0.3
    )


@pytest.mark.parametrize(
    ("measure", "wish", "direction"),
    [
        ("change", "better", "less"),
        ("change", "worse", "greater"),
        ("percent-change", "better", "less"),
        ("response", "better", "greater"),
        ("response", "worse", "less"),
        ("remission", "better", "greater"),
    ],
)
def test_better_is_fewer_points_or_more_responders(measure: str, wish: str, direction: str) -> None:
    scenario = mechanisms(f"analyses.0={{measure='{measure}', alternative='{wish}'}}")
    assert alternative_direction(scenario.analyses[0], scenario.endpoint.scale) == direction


def test_components_have_no_order() -> None:
    """Their order addresses random numbers: two files with the same digest must give the same trials."""
    more = "components.{}={{size=0.1, half_life_days=3}}"
    one = mechanisms(more.format("early"), more.format("zz"))
    other = mechanisms(more.format("zz"), more.format("early"))
    assert list(one.components) == list(other.components) == ["early", "specific", "zz"]
    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("agents.naltrexone.occupancy=.55", "agents.naltrexone.occupancy", 0.55),
        ("agents.new.prolongs={'*'=8}", "agents.new.prolongs.*", 8.0),
        ("signals.mu.blocked_by.naltrexone=0.5", "signals.mu.blocked_by.naltrexone", 0.5),
        ("signals.mu.combine=max", "signals.mu.combine", "max"),
        ("components.specific.size.sd=0.2", "components.specific.size.sd", 0.2),
        ("components.specific.half_life_days=5", "components.specific.half_life_days.median", 5.0),
        ("treatments.KN.agents.1=ketamine2", "", None),
        ("treatments.KN.agents=['naltrexone']", "treatments.KN.agents.0.agent", "naltrexone"),
        (
            "hypotheses.direct.terms.0.needs=[{signal='mu', gate=0.5}]",
            "hypotheses.direct.terms.0.needs.0.gate",
            0.5,
        ),
        ("hypotheses.direct.signals.mu.base=1", "hypotheses.direct.signals.mu.base", 1.0),
        ("population.baseline.at_least=22", "population.baseline.at_least", 22.0),
        ("population.occasion_sd=0.2", "population.occasion_sd", 0.2),
        ("design.assessment_days=[1,3]", "design.assessment_days.1", 3.0),
    ],
)
def test_set_reaches_every_setting(setting: str, path: str, value: object) -> None:
    text = MECHANISMS.replace("size = 0.7", "size = { mean = 0.7, sd = 0.1 }")
    if not path:
        assert faults(text, setting)[0].message == "there is no agent ketamine2"
        return
    found: object = resolve(read_text(text, set=[setting]))
    for part in path.split("."):
        found = found[part] if isinstance(found, dict) else found[int(part)]  # type: ignore[index]
    assert found == value


@pytest.mark.parametrize(
    ("setting", "beside", "value"),
    [
        ("components.specific.size.sd=0.2", "components.specific.size.mean", 0.7),
        ("components.specific.half_life_days.log_sd=1", "components.specific.half_life_days.median", 8.0),
        ("treatments.KN.agents.1.occupancy=0.5", "treatments.KN.agents.1.agent", "naltrexone"),
        ("hypotheses.direct.terms.0.needs.0.gate=0.5", "hypotheses.direct.terms.0.needs.0.signal", "mu"),
        ("endpoint.scale.response=0.3", "endpoint.scale.name", "MADRS"),
    ],
)
def test_set_reaches_inside_short_forms(setting: str, beside: str, value: object) -> None:
    """`size = 0.7` is short for a table with a mean, of which another setting can be set."""
    full = resolve(mechanisms(setting))
    for path, wanted in ((setting.split("=")[0], float(setting.split("=")[1])), (beside, value)):
        found: object = full
        for part in path.split("."):
            found = found[part] if isinstance(found, dict) else found[int(part)]  # type: ignore[index]
        assert found == wanted


def test_what_is_no_short_form_cannot_be_opened() -> None:
    (fault,) = faults(MECHANISMS, "components.specific.half_life_days.median.x=1")
    assert fault.path == "components.specific.half_life_days.median.x"
    (fault,) = faults(MECHANISMS, "design.patients.x=1")
    assert "has no settings inside" in fault.message
    _, fault = faults(MECHANISMS, "endpoint.scale=NADRS", "endpoint.scale.low=1")
    assert "has no settings inside" in fault.message


def test_published_presets_are_read() -> None:
    """The numbers of the trial of ketamine and naltrexone, as its file and the library state them."""
    scenario = read("williams-2018")
    assert scenario.components["specific"].share == 0.62
    assert scenario.components["specific"].half_life_days.log_sd == 1.0
    assert math.isclose(scenario.agents["naltrexone"].occupancy, 0.95)
    direct = scenario.hypotheses["direct-opioid"]
    assert isinstance(direct, MechanismHypothesis)
    assert direct.signals["mu"].activated_by["ketamine"] == 1.0
    assert scenario.signals["mu"].activated_by.get("ketamine") is None
