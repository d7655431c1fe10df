"""Weights of hypotheses in words: what was observed, which weights follow, and what those rest on."""

from __future__ import annotations

from collections.abc import Sequence

from planner._version import __version__
from planner.questions.weigh.exact_tests import ObservedTest
from planner.questions.weigh.result import Weighing
from planner.questions.weigh.weigh_figures import (
    ClassWeight,
    NumberInfluence,
    WeighedEvidence,
    WeighedStopping,
    WeighingFigures,
)
from planner.report.blocks import Block, Facts, Heading, Items, Prose
from planner.report.context import PageContext
from planner.report.pages.common import again, how_to_read, identity, interruption, question, title
from planner.report.pages.parts.observed import observed_phrases
from planner.report.pages.weigh_tables import (
    has_classes,
    levels,
    path_text,
    predictions,
    sensitivity_table,
    shares,
    two_digits,
    value_text,
    weight,
    weights,
    without_error,
)
from planner.results.contract import Json
from planner.results.number_text import plain, plus_minus
from planner.scenario.canonical.resolved import digest
from planner.scenario.text import count, listed

_MOST_LINES = 15  # lines of the sensitivity table
_SEEN = 0.005  # weight that must move for a line to be worth reading
_MUCH = 0.05  # and for a sentence


def weigh_page(result: Weighing, context: PageContext) -> list[Block]:
    """The page of `planner weigh`."""
    figures = result.figures()
    blocks: list[Block] = [title(result.name, result.scenario.title)]
    if result.partial:
        blocks.append(interruption(count(result.variants, "variant")))
    blocks.append(Facts(_facts(result, figures, context)))
    blocks += [
        Heading("How probable is the result, and what weight does it give?"),
        weights(figures, context),
    ]
    if result.exact and not result.uncertain:
        blocks.append(Prose("Computed exactly from the stated rates: there is no Monte Carlo error."))
    unit = f", in {context.unit}" if levels(figures) and context.unit else ""
    blocks += [Heading(f"What each predicts{unit}"), predictions(figures, result.observed_document, context)]
    if has_classes(figures):
        blocks += [Heading("Classes"), shares(figures, context)]
    blocks += [Heading("In words"), Items(_words(figures, context))]
    blocks += _sensitivity(figures, context)
    return blocks + how_to_read(_reading(result, figures)) + again(context.command, partial=result.partial)


# What was observed


def _facts(result: Weighing, figures: WeighingFigures, context: PageContext) -> list[tuple[str, str]]:
    observed, measure = result.observed_document, figures.hypotheses[0].expected[0].measure
    return [
        *question(context),
        identity(result.name, digest(result.scenario)),
        ("Design", context.design),
        ("Observed", f"{'; '.join(observed_phrases(observed, measure, context.unit))}."),
        *([("Source", result.source)] if result.source else []),
        *([("Note", result.observed.note)] if result.observed.note else []),
        ("Weighed", _weighed(figures.evidence, observed) + _SPLITS.get(figures.evidence.split, "")),
        *((f"Test of {test.what}", _test(test)) for test in result.tests),
        ("Stopping rule", _stopping(figures.stopping, context)),
        ("Simulated", _simulated(result)),
    ]


_SPLITS = {
    "allocation": "; how many of them had each sequence is not stated and is taken from the allocation",
    "chance": "; which of them had which sequence is not stated and is taken as chance",
}
_PARTS = {"responders": "responses", "remitters": "remissions", "pairs": "responses of pairs"}


def _weighed(evidence: WeighedEvidence, observed: Json) -> str:
    if evidence.kind == "means":
        return "the means, as jointly normal with the variances and correlations of virtual patients"
    if evidence.kind == "difference":
        return _weighed_difference(observed["difference"], evidence.groups[0].patients)
    text = listed([_PARTS[part] for part in evidence.parts])
    if len(evidence.parts) > 1:
        text += ", jointly, since they come from the same patients"
    first, *others = evidence.groups
    text += f"; {count(round(first.patients), 'patient')} seen under {listed(list(first.treatments))}"
    text += "".join(f", {g.patients} under {listed(list(g.treatments))} only" for g in others)
    guessed = len(first.treatments) > 1 and others and "paired" not in observed
    return text + (" (as many as possible under both)" if guessed else "")


def _weighed_difference(about: Json, patients: float) -> str:
    n = count(round(patients), "patient")
    if patients != round(patients):
        n = f"the {plain(patients)} patients who are expected to complete"
    if about.get("estimate") is None:
        return f"the statistic, read as a test of the mean difference of {n} (noncentral t)"
    if about.get("se") is not None or about.get("interval"):
        return "the estimate, with its reported standard error"
    return f"the estimate, with the standard error that {n} would give"


def _stopping(rule: WeighedStopping, context: PageContext) -> str:
    likely = sorted((rule.chance or {}).items(), key=lambda item: -item[1])
    error = rule.chance_mcse or {}
    chances_text = [
        f"{plus_minus(chance, error[name], percent=True)} under “{context.called(name)}”"
        for name, chance in likely
    ]
    return f"{rule.note}" + (f". It is {', '.join(chances_text)}" if chances_text else "")


def _simulated(result: Weighing) -> str:
    end = f"seed {result.seed}, planner {__version__}"
    if result.exact:
        drawn = f"{count(result.variants, 'variant')} of what is uncertain; " if result.uncertain else ""
        each = ", in each" if result.uncertain else ""
        exact = f"{drawn}no patients, as the stated rates give all chances exactly{each}"
        return f"{exact}; {end}"
    patients = f"{count(result.patients, 'virtual patient')} under each hypothesis"
    if result.uncertain:
        drawn = f"{count(result.variants, 'variant')} of what is uncertain, {patients} in each"
    else:
        drawn = f"no number is uncertain; {count(result.variants, 'set')} of {patients}"
    return f"{drawn}; {end}"


def _test(test: ObservedTest) -> str:
    low, high = test.p, test.p_high
    p = f"p = {plain(low, 3)}" if low == high else f"p from {plain(low, 3)} to {plain(high, 3)}"
    parts = [p, "two-sided" if test.alternative == "two-sided" else "one-sided"]
    parts += [test.note] if test.note else []
    parts += [] if low == high else ["as the counts leave open who responded to both"]
    return f"{test.method}: {', '.join(parts)}"


_METHODS = {
    "exact": "Probability: of all tables of patients with the observed counts together, from the chances "
    "that the stated rates give to each cell; then the mean over the draws, if any.",
    "counts": "Probability: of all tables of patients with the observed counts together, from "
    "the shares of virtual patients in each cell (one patient is added, in equal parts, so that no cell is "
    "impossible); then the mean over the draws.",
    "means": "Of means, what is compared is how probable values near the observed ones are (their density). "
    "SDs are not weighed.",
    "difference": "What is compared is how probable a value near the observed one is (its density).",
}


# In words


def _named(row: ClassWeight, context: PageContext, last: str = "or") -> str:
    """A class by its labels."""
    return listed([f"“{context.called(name)}”" for name in row.hypotheses], last)


def _short(row: ClassWeight, context: PageContext) -> str:
    """A class by its first label."""
    first, *others = row.hypotheses
    return f"“{context.called(first)}”" + (f" and {len(others)} like it" if others else "")


def _words(figures: WeighingFigures, context: PageContext) -> list[str]:
    rows = figures.by_weight
    best = max(rows, key=lambda row: row.bayes_factor.estimate)
    items = [f"The result is most probable under {_named(best, context)}."]
    near = [row for row in rows if row is not best and row.bayes_factor.estimate > 1 / 3]
    if near:
        names = "; ".join(_named(row, context, "and") for row in near)
        items.append(
            "The result hardly speaks against these, under which it is at least a third as probable: "
            f"{names}."
        )
    far = [row for row in rows if row.bayes_factor.estimate < 0.01]
    for row in sorted(far, key=lambda row: row.bayes_factor.estimate):
        share = row.bayes_factor.estimate
        none = "impossible" if figures.evidence.kind == "counts" else "out of all reach"
        less = f"{two_digits(1 / share)} times less probable than there" if share > 0 else none
        items.append(f"Under {_named(row, context)} it is {less}.")
    joined = [row for row in rows if len(row.hypotheses) > 1]
    for row in joined:
        items.append(
            f"No result of this design tells apart {_named(row, context, 'and')}: they keep the ratios of "
            "their prior weights."
        )
    return items


# What it rests on


def _sensitivity(figures: WeighingFigures, context: PageContext) -> list[Block]:
    rows = figures.sensitivity
    if not rows:
        return []
    seen = [row for row in rows if row.beyond_chance and row.moved >= _SEEN][:_MOST_LINES]
    blocks: list[Block] = [Heading("What the weights rest on")]
    if not seen:
        several = count(len(rows), "uncertain number")
        blocks.append(Prose(f"None of {several} changes them much, or beyond Monte Carlo error."))
        return blocks
    leading = [figures.classes.index(each) for each in figures.by_weight[:2]]
    if seen[0].moved >= _MUCH:
        blocks.append(Prose(_most(seen[0], figures, context, leading)))
    named = zip("AB", leading, strict=False)
    letters = [f"{letter}: {_short(figures.classes[i], context)}" for letter, i in named]
    blocks.append(Prose(f"{'; '.join(letters)}."))
    blocks.append(sensitivity_table(seen, leading))
    rest = sum(row not in seen for row in rows)
    if rest:
        others = count(rest, "other uncertain number")
        move = "moves" if rest == 1 else "move"
        blocks.append(
            Prose(
                f"{others} {move} less than {without_error(_SEEN)} of the weight, or nothing beyond chance."
            )
        )
    return blocks


def _most(
    row: NumberInfluence, figures: WeighingFigures, context: PageContext, leading: Sequence[int]
) -> str:
    """The sentence about the assumption that matters most."""
    sides = []
    for side in (row.low, row.high):
        weights_there = [
            f"{weight(side.class_weights[i])} for {_short(figures.classes[i], context)}" for i in leading
        ]
        sides.append(f"{value_text(row, side)}: {listed(weights_there)}")
    return f"Most rests on {path_text(row)}. At {sides[0]}; at {sides[1]}."


def _reading(result: Weighing, figures: WeighingFigures) -> list[str]:
    items = [
        "The Bayes factor compares how probable the result is under a hypothesis with how probable it is "
        "under the best one. The weight is the prior weight times that probability, over the sum of all.",
        "Weights are among these hypotheses only: a true one that is not listed has none.",
        "± is the Monte Carlo standard error, over draws and virtual patients; a figure without it is exact. "
        "Neither says whether the assumptions are true.",
        _METHODS["exact" if result.exact else figures.evidence.kind],
    ]
    if has_classes(figures):
        items.append(
            "Of each: the weight of each hypothesis of a class. If alike: the weight of the class if all "
            "classes had the same prior weight."
        )
    if figures.sensitivity:
        items.append(
            "Value: the mean of the draws in the lowest third, and below it in the highest. The weights "
            "there are those of the same draws, with nothing simulated anew; moved is what goes from some "
            "hypotheses to others between the two."
        )
    if not result.uncertain:
        items.append(
            "No number of the hypotheses is uncertain: with all sizes taken as known, weights look more "
            "decisive than they are. [uncertainty] states how far each number may be off."
        )
    return items
