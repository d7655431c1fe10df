"""Non-inferiority and superiority by a margin: the one-sided test of a trial whose effect is less by that.

To tell an effect from a margin m is to tell the same trial's effect less m from none: exact powers are those
of the noncentral t, and the naive simulation is that of a trial in which the first treatment's mean is moved.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from planner.questions.exact import theory
from planner.scenario.reading.read import read_text
from tests.against.test_naive import FLAT, NAIVE_TRIALS, TRIALS, Case, compare_cell, text_of
from tests.support import naive
from tests.support.exact import hills_armitage_power, paired_power, t_power
from tests.support.harness import Comparison, TooFarApart, run, scenario_text
from tests.support.marks import repeated
from tests.support.naive import Trial

SD = 3.0  # of one patient's difference
KINDS = {
    ("non-inferiority", "higher"): (-1.5, "greater"),
    ("non-inferiority", "lower"): (1.5, "less"),
    ("superiority-by-margin", "higher"): (0.5, "greater"),
    ("superiority-by-margin", "lower"): (-0.5, "less"),
}
"""By alternative and better end: a margin, and the direction of the test of the effect less the margin."""


def closed(kind: tuple[str, str], method: str, effect: float, **analysis: Any) -> str:
    """A closed AB/BA design of 14 patients."""
    hypotheses = {"h": {"means": {"A": effect, "B": 0.0}, "sd_difference": SD}}
    about = {"method": method, "alternative": kind[0], "margin": KINDS[kind][0]}
    scale = {"better": kind[1]}
    return scenario_text(patients=14, hypotheses=hypotheses, analyses=[about | analysis], scale=scale)


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
@pytest.mark.parametrize("alpha", [None, 0.1])
def test_power_is_that_of_the_noncentral_t(kind: tuple[str, str], alpha: float | None) -> None:
    margin, direction = KINDS[kind]
    level = {} if alpha is None else {"alpha": alpha}
    comparison = Comparison()
    for effect in (-2.0, 0.0, 1.0, margin):
        for method, law in (
            ("hills-armitage", lambda x, a: hills_armitage_power(7, 7, x, SD, a, direction)),
            ("paired-t", lambda x, a: paired_power(14, x, SD, a, direction)),
        ):
            text = closed(kind, method, effect, **level)
            power = law(effect - margin, alpha or 0.025)
            cell = run(text, TRIALS)(hypothesis="h")
            comparison.probability(f"{method}, {effect:g}", cell["power"], TRIALS, power)
            wrong_side = effect >= margin if direction == "less" else effect <= margin
            assert (cell["is_null"], cell["margin"], cell["alpha"]) == (wrong_side, margin, alpha or 0.025)
            assert "equivalent" not in cell
            plan = read_text(text)
            exact = theory.power(plan, "h", plan.analyses[0], [14])
            assert exact == pytest.approx([power], abs=1e-9)
    comparison.check()


def test_another_margin_is_seen() -> None:
    """Negative control."""
    cell = run(closed(("non-inferiority", "higher"), "paired-t", 0.0), TRIALS)(hypothesis="h")
    comparison = Comparison()
    comparison.probability(
        "power", cell["power"], TRIALS, t_power(1.55 * math.sqrt(14) / SD, 13, 0.025, "greater")
    )
    with pytest.raises(TooFarApart):
        comparison.check()


METHODS = (("hills-armitage", "margin", 0.05), ("paired-t", "margin", 0.025))
CASES = {
    "plain": Case(Trial(("AB", "BA"), 12, {"A": 0.5, "B": 0.0}, **FLAT), METHODS),
    "dropout, looks, futility": Case(
        Trial(("AB", "BA"), 20, {"A": 0.5, "B": 0.0}, **FLAT, leave=(0.2,), sequence_effect=(1, -1)),
        (*METHODS, ("subject-contrast", "margin", 0.05), ("period-one", "margin", 0.025)),
        looks=(6, 12, 20),
        efficacy={"rule": "obrien-fleming-spending"},
        futility={"rule": "z", "z": [0.0, 0.3]},
    ),
    "unequal variances, unbalanced": Case(
        Trial(
            ("AB", "BA"), 18, {"A": 1.0, "B": 0.0}, {"A": 3.5, "B": 1.0}, 2.0, allocation=(2, 1), leave=(0.1,)
        ),
        METHODS,
        looks=(6, 18),
        efficacy={"rule": "pocock"},
    ),
}


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
@pytest.mark.parametrize("name", repeated(CASES))
def test_cell_by_cell(name: str, kind: tuple[str, str]) -> None:
    compare(CASES[name], kind).check()


def test_another_trial_is_seen() -> None:
    """Negative control: the naive trial's margin is not the same."""
    with pytest.raises(TooFarApart):
        compare(CASES["dropout, looks, futility"], ("non-inferiority", "lower"), more=0.1).check()


def compare(case: Case, kind: tuple[str, str], more: float = 0.0) -> Comparison:
    """The package beside the naive simulation of the trial whose effect is less by the margin, and `more`."""
    margin, direction = KINDS[kind]
    scale = f'[endpoint]\nscale = {{ better = "{kind[1]}" }}\n[population]'
    text = text_of(case).replace("[population]", scale)
    cells = run(
        text.replace('alternative = "margin"', f'alternative = "{kind[0]}"\nmargin = {margin}'), TRIALS
    )
    means = case.trial.means | {"A": case.trial.means["A"] - margin - more}
    moved = dataclasses.replace(case.trial, means=means)
    comparison = Comparison()
    for method, _, alpha in case.analyses:
        cell = cells(analysis=f"{method} margin")
        looks = cell["looks"]
        test = naive.Test(
            method=method,
            looks=tuple(look["patients"] for look in looks),
            efficacy=tuple(look["efficacy_z"] for look in looks),
            futility=tuple(look["futility_z"] for look in looks),
            direction=direction,
            alpha=alpha,
            truth=cell["true_effect"] - margin,
        )
        found = naive.carry_out(moved, test, NAIVE_TRIALS, 7)
        found.above |= found.below
        found.below &= False
        no_sign = dataclasses.replace(test, limits=(0.0, 0.0))  # no sign is wrong against margins
        compare_cell(comparison, method, cell, no_sign, found)
    return comparison
