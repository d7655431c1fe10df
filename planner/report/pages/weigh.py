"""Weights of hypotheses in words and tables: what was observed, which weights follow, and what those rest on.

Works on the JSON form (`Weighing.to_json()`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.report.blocks import Block, Facts, Heading, Items, Prose
from planner.report.context import PageContext
from planner.report.pages.common import again, how_to_read, identity, interruption, question, title
from planner.report.pages.parts.observed import observed_phrases
from planner.report.pages.weigh_tables import (
    by_weight,
    has_classes,
    levels,
    path_text,
    percent,
    predictions,
    sensitivity_table,
    shares,
    two_digits,
    value_text,
    weight,
    weights,
)
from planner.results.number_text import plain, plus_minus
from planner.scenario.text import count, listed

Json = Mapping[str, Any]

_MOST_LINES = 15  # lines of the sensitivity table
_SEEN = 0.005  # weight that must move for a line to be worth reading
_MUCH = 0.05  # and for a sentence


def weigh_page(result: Json, context: PageContext) -> list[Block]:
    """The page of `planner weigh`."""
    blocks: list[Block] = [title(result["scenario"]["name"], result["scenario"]["title"])]
    if result["partial"]:
        blocks.append(interruption(count(result["run"]["variants"], "variant")))
    blocks.append(Facts(_facts(result, context)))
    blocks += [Heading("How probable is the result, and what weight does it give?"), weights(result, context)]
    if result["run"]["exact"] and not result["run"]["uncertain"]:
        blocks.append(Prose("Computed exactly from the stated rates: there is no Monte Carlo error."))
    unit = f", in {context.unit}" if levels(result) and context.unit else ""
    blocks += [Heading(f"What each predicts{unit}"), predictions(result, context)]
    if has_classes(result):
        blocks += [Heading("Classes"), shares(result, context)]
    blocks += [Heading("In words"), Items(_words(result, context))]
    blocks += _sensitivity(result, context)
    return blocks + how_to_read(_reading(result)) + again(context.command, partial=result["partial"])


# What was observed


def _facts(result: Json, context: PageContext) -> list[tuple[str, str]]:
    run = result["run"]
    return [
        *question(context),
        identity(result["scenario"]["name"], result["scenario"]["digest"]),
        ("Design", context.design),
        ("Observed", f"{'; '.join(observed_phrases(result['observed'], _measure(result), context.unit))}."),
        *([("Source", result["source"])] if result["source"] else []),
        *([("Note", result["observed"]["note"])] if result["observed"].get("note") else []),
        ("Weighed", _weighed(result) + _SPLITS.get(result["evidence"]["split"], "")),
        *((f"Test of {test['what']}", _test(test)) for test in result["tests"]),
        ("Stopping rule", _stopping(result, context)),
        ("Simulated", _simulated(run)),
    ]


def _measure(result: Json) -> str:
    measure: str = result["hypotheses"][0]["expected"][0]["measure"]
    return measure


_SPLITS = {
    "allocation": "; how many of them had each sequence is not stated and is taken from the allocation",
    "chance": "; which of them had which sequence is not stated and is taken as chance",
}
_PARTS = {"responders": "responses", "remitters": "remissions", "pairs": "responses of pairs"}


def _weighed(result: Json) -> str:
    evidence, observed = result["evidence"], result["observed"]
    if evidence["kind"] == "means":
        return "the means, as jointly normal with the variances and correlations of virtual patients"
    if evidence["kind"] == "difference":
        return _weighed_difference(observed["difference"], evidence["groups"][0]["patients"])
    text = listed([_PARTS[part] for part in evidence["parts"]])
    if len(evidence["parts"]) > 1:
        text += ", jointly, since they come from the same patients"
    first, *others = evidence["groups"]
    text += f"; {count(first['patients'], 'patient')} seen under {listed(first['treatments'])}"
    text += "".join(f", {g['patients']} under {listed(g['treatments'])} only" for g in others)
    guessed = len(first["treatments"]) > 1 and others and "paired" not in observed
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


def _stopping(result: Json, context: PageContext) -> str:
    chances = result["stopping"].get("chance", {})
    likely = sorted(chances.items(), key=lambda item: -item[1])
    error = result["stopping"].get("chance_mcse", {})
    chances_text = [
        f"{plus_minus(chance, error[name], percent=True)} under “{context.called(name)}”"
        for name, chance in likely
    ]
    return f"{result['stopping']['note']}" + (f". It is {', '.join(chances_text)}" if chances_text else "")


def _simulated(run: Json) -> str:
    if run["exact"]:
        drawn = f"{count(run['variants'], 'variant')} of what is uncertain; " if run["uncertain"] else ""
        each = ", in each" if run["uncertain"] else ""
        exact = f"{drawn}no patients, as the stated rates give all chances exactly{each}"
        return f"{exact}; seed {run['seed']}, planner {run['planner']}"
    patients = f"{count(run['patients'], 'virtual patient')} under each hypothesis"
    if run["uncertain"]:
        drawn = f"{count(run['variants'], 'variant')} of what is uncertain, {patients} in each"
    else:
        drawn = f"no number is uncertain; {count(run['variants'], 'set')} of {patients}"
    return f"{drawn}; seed {run['seed']}, planner {run['planner']}"


def _test(test: Json) -> str:
    low, high = test["p"], test["p_high"]
    p = f"p = {plain(low, 3)}" if low == high else f"p from {plain(low, 3)} to {plain(high, 3)}"
    parts = [p, "two-sided" if test["alternative"] == "two-sided" else "one-sided"]
    parts += [test["note"]] if test["note"] else []
    parts += [] if low == high else ["as the counts leave open who responded to both"]
    return f"{test['method']}: {', '.join(parts)}"


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


def _named(row: Json, context: PageContext, last: str = "or") -> str:
    """A class by its labels."""
    return listed([f"“{context.called(name)}”" for name in row["hypotheses"]], last)


def _short(row: Json, context: PageContext) -> str:
    """A class by its first label."""
    first, *others = row["hypotheses"]
    return f"“{context.called(first)}”" + (f" and {len(others)} like it" if others else "")


def _words(result: Json, context: PageContext) -> list[str]:
    rows = by_weight(result)
    best = max(rows, key=lambda row: row["bayes_factor"]["estimate"])
    items = [f"The result is most probable under {_named(best, context)}."]
    near = [row for row in rows if row is not best and row["bayes_factor"]["estimate"] > 1 / 3]
    if near:
        names = "; ".join(_named(row, context, "and") for row in near)
        items.append(
            "The result hardly speaks against these, under which it is at least a third as probable: "
            f"{names}."
        )
    far = [row for row in rows if row["bayes_factor"]["estimate"] < 0.01]
    for row in sorted(far, key=lambda row: row["bayes_factor"]["estimate"]):
        share = row["bayes_factor"]["estimate"]
        none = "impossible" if result["evidence"]["kind"] == "counts" else "out of all reach"
        less = f"{two_digits(1 / share)} times less probable than there" if share > 0 else none
        items.append(f"Under {_named(row, context)} it is {less}.")
    joined = [row for row in rows if len(row["hypotheses"]) > 1]
    for row in joined:
        items.append(
            f"No result of this design tells apart {_named(row, context, 'and')}: they keep the ratios of "
            "their prior weights."
        )
    return items


# What it rests on


def _sensitivity(result: Json, context: PageContext) -> list[Block]:
    rows = result["sensitivity"]
    if not rows:
        return []
    seen = [row for row in rows if row["beyond_chance"] and row["moved"] >= _SEEN][:_MOST_LINES]
    blocks: list[Block] = [Heading("What the weights rest on")]
    if not seen:
        several = count(len(rows), "uncertain number")
        blocks.append(Prose(f"None of {several} changes them much, or beyond Monte Carlo error."))
        return blocks
    leading = [result["classes"].index(each) for each in by_weight(result)[:2]]
    if seen[0]["moved"] >= _MUCH:
        blocks.append(Prose(_most(seen[0], result, context, leading)))
    named = zip("AB", leading, strict=False)
    letters = [f"{letter}: {_short(result['classes'][i], context)}" for letter, i in named]
    blocks.append(Prose(f"{'; '.join(letters)}."))
    blocks.append(sensitivity_table(seen, leading))
    rest = sum(row not in seen for row in rows)
    if rest:
        others = count(rest, "other uncertain number")
        move = "moves" if rest == 1 else "move"
        blocks.append(
            Prose(f"{others} {move} less than {percent(_SEEN)} of the weight, or nothing beyond chance.")
        )
    return blocks


def _most(row: Json, result: Json, context: PageContext, leading: Sequence[int]) -> str:
    """The sentence about the assumption that matters most."""
    sides = []
    for side in ("low", "high"):
        weights_there = [
            f"{weight(row[side]['class_weights'][i])} for {_short(result['classes'][i], context)}"
            for i in leading
        ]
        sides.append(f"{value_text(row, side)}: {listed(weights_there)}")
    return f"Most rests on {path_text(row)}. At {sides[0]}; at {sides[1]}."


def _reading(result: Json) -> list[str]:
    items = [
        "The Bayes factor compares how probable the result is under a hypothesis with how probable it is "
        "under the best one. The weight is the prior weight times that probability, over the sum of all.",
        "Weights are among these hypotheses only: a true one that is not listed has none.",
        "± is the Monte Carlo standard error, over draws and virtual patients; a figure without it is exact. "
        "Neither says whether the assumptions are true.",
        _METHODS["exact" if result["run"]["exact"] else result["evidence"]["kind"]],
    ]
    if has_classes(result):
        items.append(
            "Of each: the weight of each hypothesis of a class. If alike: the weight of the class if all "
            "classes had the same prior weight."
        )
    if result["sensitivity"]:
        items.append(
            "Value: the mean of the draws in the lowest third, and below it in the highest. The weights "
            "there are those of the same draws, with nothing simulated anew; moved is what goes from some "
            "hypotheses to others between the two."
        )
    if not result["run"]["uncertain"]:
        items.append(
            "No number of the hypotheses is uncertain: with all sizes taken as known, weights look more "
            "decisive than they are. [uncertainty] states how far each number may be off."
        )
    return items
