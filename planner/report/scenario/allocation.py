"""In plain English: who is randomised to what, and what the scale does to the effects that means state."""

from __future__ import annotations

from planner.questions.plan import TrialPlan
from planner.report.scenario.family import in_words_of
from planner.report.scenario.two_stage import stages_line
from planner.scenario.scenario import Scenario
from planner.scenario.text import count, listed

_MOST_SEQUENCES = 6


def design_line(scenario: Scenario, plan: TrialPlan, short: bool = False) -> str:
    """`52 patients randomised: 26 to F then S and 26 to S then F`; `short`: many sequences are counted."""
    design = scenario.design
    numbers = [f"{low}" if low == high else _one_of(low, high) for low, high in plan.per_sequence_ends]
    if staged := stages_line(scenario):
        return f"{staged}: half to each of {listed([' then '.join(each) for each in design.sequences])}"
    patients = count(design.patients, "patient")
    if short and len(numbers) > _MOST_SEQUENCES and len(set(numbers)) == 1:
        each = f"{numbers[0]} to each of {len(design.sequences)} sequences"
        periods = f"of {count(design.periods, 'period')}, made of {listed(list(design.treatments))}"
        text = f"{patients} randomised: {each} {periods}"
    else:
        groups = [
            f"{number} to {' then '.join(sequence)}"
            for number, sequence in zip(numbers, design.sequences, strict=True)
        ]
        text = f"{patients} randomised: {listed(groups)}"
    if all(low == high for low, high in plan.per_sequence_ends):
        return text
    size = design.unit * design.block
    return f"{text}: they do not fill the last block of {size}, whose order is drawn at random"


def _one_of(low: int, high: int) -> str:
    return f"{low} or {high}" if high == low + 1 else f"{low} to {high}"


def scale_notes(scenario: Scenario) -> dict[tuple[str, str], str]:
    """By hypothesis and analysis: why the true effect is not the stated one."""
    return {
        (name, analysis.name): reason
        for name, hypothesis in scenario.hypotheses.items()
        for analysis in scenario.analyses
        if (reason := in_words_of(hypothesis.kind).moved_by_scale(scenario, hypothesis, analysis.weights))
    }
