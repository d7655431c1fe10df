"""Hypotheses of family `means` in words: means, spreads, carryover, and what the scale does to effects."""

from __future__ import annotations

from collections.abc import Mapping

from planner.questions.plan import TrialPlan, scale_moves
from planner.report.scenario.family import FamilyInWords
from planner.results.number_text import plain, signed
from planner.scenario.contrasts import formula, weights
from planner.scenario.families.means import Means
from planner.scenario.scenario import Scenario
from planner.scenario.score_spread import ScoreSpread
from planner.scenario.text import listed


class MeansInWords(FamilyInWords[Means]):
    """Means and the spreads that the stated ones imply."""

    def sentences(self, scenario: Scenario, hypothesis: Means, plan: TrialPlan) -> list[str]:
        means = [f"{plain(mean)} on {treatment}" for treatment, mean in hypothesis.means.items()]
        return [
            f"Means: {listed(means)} ({scenario.endpoint.unit}).",
            _spreads(hypothesis.spread, plan),
            _carryover(hypothesis),
        ]

    def moved_by_scale(self, scenario: Scenario, hypothesis: Means, contrast: Mapping[str, float]) -> str:
        scale, shift = scenario.endpoint.scale, scale_moves(scenario, hypothesis, contrast)
        if shift is None:
            return ""
        stated, parts = shift
        ends = [f"{plain(scale.low)}, the lowest score", f"{plain(scale.high)}, the highest score"]
        cut = [end for end, part in zip(ends, ("low", "high"), strict=True) if part in parts]
        does = [f"cut at {listed(cut)}"] if cut else []
        does += [f"rounded to multiples of {plain(scale.step)}"] if "step" in parts else []
        return f"the stated means differ by {signed(stated)}, but scores are {listed(does)}"


IN_WORDS = MeansInWords()


def _spreads(spread: ScoreSpread, plan: TrialPlan) -> str:
    """How scores vary within and between patients, and what that makes of each comparison."""
    within = sorted(set(spread.within.values()))
    each = [f"{plain(sd)} on {treatment}" for treatment, sd in spread.within.items()]
    text = f"SD within patients {plain(within[0]) if len(within) == 1 else listed(each)}"
    if spread.sign < 0:
        totals = {a: plain(spread.total(a)) for a in spread.level}
        each = [f"{sd} on {a}" for a, sd in totals.items()]
        same = len(set(totals.values())) == 1
        text = f"SD of the scores of different patients {each[0].split()[0] if same else listed(each)}"
    elif spread.common:
        text += f", between patients {plain(spread.between)}"
    else:
        text += f", between patients {listed([f'{plain(sd)} on {a}' for a, sd in spread.level.items()])}"
    if spread.interaction:
        text += f", patient-by-treatment {plain(spread.interaction)}"
    for contrast in plan.contrasts:
        what = "contrast" if isinstance(contrast, Mapping) else "difference"
        sd = plain(spread.contrast(weights(contrast)))
        text += f"; hence one patient's {what} {formula(contrast)} has SD {sd}"
        if not isinstance(contrast, Mapping):
            text += f", and the two scores correlate {plain(spread.correlation(*contrast), 2)}"
    return f"{text}."


def _carryover(hypothesis: Means) -> str:
    left = {treatment: points for treatment, points in hypothesis.carryover.items() if points}
    if not left:
        return "No carryover."
    reach = "all later periods" if hypothesis.carryover_lasts == "lasting" else "the next period"
    return f"Carried over into {reach}: {listed([f'{signed(v)} from {k}' for k, v in left.items()])}."
