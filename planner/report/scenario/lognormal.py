"""Means of a log-normal endpoint in words: geometric means, CVs beside SDs of logarithms, ratios."""

from __future__ import annotations

from collections.abc import Mapping

from planner.questions.plan import TrialPlan
from planner.report.scenario.family import FamilyInWords
from planner.results.number_text import percent, plain
from planner.scenario.contrasts import formula, weights
from planner.scenario.families.lognormal import LogNormal
from planner.scenario.logs import cv_of
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed


class LogNormalInWords(FamilyInWords[LogNormal]):
    """Geometric means, and what a CV is as the SD of logarithms, which users confuse."""

    def sentences(self, scenario: Scenario, hypothesis: LogNormal, plan: TrialPlan) -> list[str]:
        means = [f"{plain(mean)} on {treatment}" for treatment, mean in hypothesis.means.items()]
        return [
            f"Geometric means: {listed(means)}{scenario.endpoint.unit_in_brackets}.",
            _spreads(hypothesis, plan),
            _carryover(hypothesis),
        ]

    def carried_over(self, scenario: Scenario, left: Mapping[str, float]) -> str:
        ratios = listed([f"{plain(ratio)} from {a}" for a, ratio in left.items()])
        return f"carryover: the next period is multiplied by {ratios}"

    def period_effects(self, scenario: Scenario, added: str) -> str:
        return f"Period effects, relative to the first period: {added}."


IN_WORDS = LogNormalInWords()


def _spreads(hypothesis: LogNormal, plan: TrialPlan) -> str:
    """CVs and SDs of logarithms beside each other, within and between patients and of a comparison."""
    spread = hypothesis.spread
    within = {a: _both(sd) for a, sd in spread.within.items()}
    same = len(set(within.values())) == 1
    each = next(iter(within.values())) if same else listed([f"{both} on {a}" for a, both in within.items()])
    text = f"Within patients {each}; between patients {_both(spread.between)}"
    if spread.interaction:
        text += f"; patient-by-treatment {_both(spread.interaction)}"
    for contrast in plan.contrasts:
        what = "contrast" if isinstance(contrast, Mapping) else "ratio"
        sd = plain(spread.contrast(weights(contrast)))
        text += f"; hence the logarithm of one patient's {what} {formula(contrast, ratio=True)} has SD {sd}"
    return f"{text}."


def _both(sd: float) -> str:
    """`CV 30 % (SD of logarithms 0.2936)`."""
    return f"CV {percent(cv_of(sd))} (SD of logarithms {plain(sd)})"


def _carryover(hypothesis: LogNormal) -> str:
    left = {treatment: ratio for treatment, ratio in hypothesis.carryover.items() if ratio != 1.0}
    if not left:
        return "No carryover."
    reach = "all later periods" if hypothesis.carryover_lasts == "lasting" else "the next period"
    return (
        f"Carried over into {reach}: {listed([f'a factor of {plain(v)} from {k}' for k, v in left.items()])}."
    )
