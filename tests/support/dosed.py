"""A ketamine-like trial: a drug drives a signal, a blocker takes it away with a half-life of 4 days."""

from __future__ import annotations

from typing import Any

import pytest

from planner.model.families.mechanism.signals import (
    Mechanism,
    gates_at_assessment,
    onsets_of_period,
)
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
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
