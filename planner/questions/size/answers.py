"""The answers of a search: the number, its range, or why there is none."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeVar

from planner.questions.size.curves import Key, Points, first_enough, span
from planner.questions.size.effect import EffectAnswer, Effects
from planner.questions.size.patients import Search
from planner.questions.size.reasons import best, no_effect, no_patients
from planner.questions.size.size_figures import LeastEffect, PatientsAnswer
from planner.results.cells import Cell
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.text import listed, printable

Answer = TypeVar("Answer", PatientsAnswer, LeastEffect)


def patients_answer(search: Search, key: Key, target: float, partial: bool) -> PatientsAnswer:
    """The answer for one curve and target; `patients` is None with a note where there is none."""
    points = search.curves.points(*key)
    named = PatientsAnswer(hypothesis=key[0], analysis=key[1], target=target)
    if key in search.null:
        note = "The null hypothesis is true here: power is the type I error, whatever the number of patients."
        return replace(named, note=note)
    if not points:
        return replace(named, note="Not evaluated before the interruption." if partial else "")
    exact = search.exact.get(key)
    number = first_enough(points, target) if exact is None else search.exact_answer(key, target)
    if number is None or number not in points:
        why = no_patients(search, key, target, partial)
        return replace(
            named,
            exact=exact is not None,
            best=best(points),
            ceiling=why.ceiling,
            extrapolated=why.extrapolated,
            note=why.note,
        )
    least = search.least if search.least in points else 0
    number, by_power = max(number, least), number
    cell = points[number]
    drawn = search.curves.variant_figures(key, number)
    answer = replace(named, patients=number, exact=exact is not None, uncertainty=drawn)
    if search.least:
        minimum = search.curves.scenario.design.minimum
        answer = replace(answer, patients_by_formula=by_power, minimum=minimum)
    answer = _with_figures(answer, cell)
    if exact is not None:
        power, note = search.exact_power(key, number), _other_model(search, key, target)
        return replace(answer, range=(number, number), exact_power=power, note=note)
    low, high = _range(points, target)
    caution = _caution(search, points, answer, cell, (low, high), partial)
    ends = max(low, least), high and max(high, least)
    return replace(answer, range=ends, note=caution if number == by_power else "")


def _other_model(search: Search, key: Key, target: float) -> str:
    """Where some patients get one treatment alone (Balaam): what carryover in the model, or none, would take.

    Between patients of one treatment and of another carryover is told from the treatment; without it they
    tell nothing.
    """
    scenario = search.curves.scenario
    analysis = next(each for each in scenario.analyses if each.name == key[1])
    alone = [s for s in scenario.design.sequences if len(s) > 1 and len(set(s)) == 1]
    if not alone or not analysis.row.carryover:
        return ""
    other = analysis.model_copy(update={"carryover": not analysis.carryover})
    number = search.first_exact(key[0], other, target)
    if number is None:
        return ""
    sequences = listed([printable(" ".join(each)) for each in alone])
    if analysis.carryover:
        return f"Without carryover in the model {number:,} patients would do, as far as there is none."
    return (
        f"Patients of {sequences} tell nothing of the comparison unless carryover is in the model; with "
        f"`carryover = true` it takes {number:,} patients."
    )


def _with_figures(answer: Answer, cell: Cell) -> Answer:
    """The answer with what it says of the trials at it."""
    return replace(
        answer,
        power=cell.power,
        trials=cell.trials,
        stopped_early=cell.stopped_early,
        expected_patients=cell.expected_patients,
        expected_completers=cell.expected_completers,
    )


def _range(points: Points, target: float) -> tuple[int, int | None]:
    """What the 95 % intervals leave open."""
    below, above = span(points, target)
    return min(n for n in points if n > below), above


def _caution(
    search: Search,
    points: Points,
    answer: PatientsAnswer,
    cell: Cell,
    open: tuple[int, int | None],
    partial: bool,
) -> str:
    low, high = open
    notes = ["Interrupted before the refinement was complete."] if partial else []
    if high is None:
        notes.append(f"Monte Carlo error leaves it open up to the largest number tried, {search.limit:,}.")
    elif high > low:
        after, more = f"{cell.trials:,} trials", "trials"
        if answer.uncertainty is not None:
            after, more = f"{answer.uncertainty.variants:,} variants", "variants"
        notes.append(
            f"Monte Carlo error leaves {low:,} to {high:,} open after {after}; more {more} narrow this."
        )
    if cell.patients == min(points):
        notes.append("The smallest number tried is already enough.")
    planned, left = len(search.curves.scenario.monitoring.counts), len(cell.looks)
    if left < planned:
        few = "one, of all patients" if left == 1 else f"{left}"
        notes.append(f"Of the {planned} looks {few} is left there: the others would reach the last one.")
    return " ".join(notes)


def effect_answer(
    name: str,
    analysis: PlannedAnalysis,
    target: float,
    patients: int,
    search: Effects | None,
    effect: EffectAnswer | None,
    note: str,
    partial: bool,
) -> LeastEffect:
    """The smallest effect for one hypothesis, analysis and target; None with a note where there is none.

    `search`: the search, and the `effect` that came of it; None where an effect has no meaning, as the `note`
    explains.
    """
    answer = LeastEffect(hypothesis=name, analysis=analysis.name, target=target, patients=patients, note=note)
    if effect is None or search is None:
        return replace(answer, note=note or ("Not reached before the interruption." if partial else ""))
    if effect.cell is None or effect.range is None:
        return replace(answer, note=no_effect(search, target))
    true, change, unit = effect.cell.true_effect, effect.change, search.unit
    if change is not None and not math.isclose(unit.analysed(true), change, rel_tol=1e-4):
        note = f"The means that make this effect differ by {change:+.4g}: the scale cuts or rounds scores."
    low, high = sorted(unit.effect(search.true_effect(edge)) for edge in effect.range)
    stated = None if change is None else unit.effect(change)
    answer = replace(
        answer, note=note, stated_effect=stated, effect=true, range=(low, high), exact=effect.exact
    )
    return _with_figures(answer, effect.cell)
