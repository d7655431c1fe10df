"""In plain English: who is randomised to what, and what the scale does to the effects that means state."""

from __future__ import annotations

from collections.abc import Mapping

from planner.questions.plan import TrialPlan, scale_moves
from planner.results.number_text import plain, signed
from planner.scenario.families.means import Means
from planner.scenario.scenario import Scenario
from planner.scenario.text import count, listed

_MOST_SEQUENCES = 6


def design_line(scenario: Scenario, plan: TrialPlan, short: bool = False) -> str:
    """`52 patients randomised: 26 to F then S and 26 to S then F`; `short`: many sequences are counted."""
    design = scenario.design
    numbers = [f"{low}" if low == high else _one_of(low, high) for low, high in plan.per_sequence_ends]
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
    """By hypothesis and analysis: why the true effect is not the difference of the stated means."""
    return {
        (name, analysis.name): reason
        for name, hypothesis in scenario.hypotheses.items()
        for analysis in scenario.analyses
        if isinstance(hypothesis, Means) and (reason := scale_effect(scenario, hypothesis, analysis.weights))
    }


def scale_effect(scenario: Scenario, hypothesis: Means, contrast: Mapping[str, float]) -> str:
    """What the scale does to the effect that the means state; empty if it is the true one."""
    scale, shift = scenario.endpoint.scale, scale_moves(scenario, hypothesis, contrast)
    if shift is None:
        return ""
    stated, parts = shift
    ends = [f"{plain(scale.low)}, the lowest score", f"{plain(scale.high)}, the highest score"]
    cut = [end for end, part in zip(ends, ("low", "high"), strict=True) if part in parts]
    does = [f"cut at {listed(cut)}"] if cut else []
    does += [f"rounded to multiples of {plain(scale.step)}"] if "step" in parts else []
    return f"the stated means differ by {signed(stated)}, but scores are {listed(does)}"
