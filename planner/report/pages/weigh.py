"""Weights of hypotheses in words and tables: what was observed, what it says, and what that rests on.

Works on the JSON form (`Weighing.to_json()`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.report.blocks import Block, Code, Facts, Heading, Items, Prose
from planner.report.context import Setting
from planner.report.pages.weigh_tables import (
    levels,
    moved,
    path_said,
    percent,
    predictions,
    ranked,
    rounded,
    shares,
    split,
    stated,
    weight,
    weights,
)
from planner.results.numbers import plain, plus_minus, signed
from planner.scenario.observed import Observed
from planner.scenario.text import count, listed

Json = Mapping[str, Any]

_SHOWN = 15  # lines of the sensitivity table
_SEEN = 0.005  # weight that must move for a line to be worth reading
_MUCH = 0.05  # and for a sentence
_COUNTS = {"responders": "response", "remitters": "remission"}


def weigh_document(found: Json, setting: Setting) -> list[Block]:
    """The page of `planner weigh`."""
    blocks: list[Block] = [Heading(found["scenario"]["title"] or found["scenario"]["name"], 1)]
    if found["partial"]:
        done = count(found["run"]["variants"], "variant")
        blocks.append(Prose(f"PARTIAL: interrupted after {done}; all figures are of these.", True))
    blocks.append(Facts(_facts(found, setting)))
    blocks += [Heading("How probable is the result, and what weight does it give?"), weights(found, setting)]
    if found["run"]["exact"] and not found["run"]["uncertain"]:
        blocks.append(Prose("Computed exactly from the stated rates: there is no Monte Carlo error."))
    unit = f", in {setting.unit}" if levels(found) and setting.unit else ""
    blocks += [Heading(f"What each predicts{unit}"), predictions(found, setting)]
    if split(found):
        blocks += [Heading("Classes"), shares(found, setting)]
    blocks += [Heading("In words"), Items(_words(found, setting))]
    blocks += _sensitivity(found, setting)
    blocks += [Heading("How to read this"), Items(_reading(found))]
    return [*blocks, Heading("The same result again"), Code(setting.command, "sh")]


# What was observed


def _facts(found: Json, setting: Setting) -> list[tuple[str, str]]:
    scenario, run = found["scenario"], found["run"]
    return [
        *([("Question", setting.question)] if setting.question else []),
        ("Scenario", f"{scenario['name']}, digest {scenario['digest'][:12]}"),
        ("Design", setting.design),
        ("Observed", f"{'; '.join(told(found['observed'], _measure(found), setting.unit))}."),
        *([("Source", found["source"])] if found["source"] else []),
        *([("Note", found["observed"]["note"])] if found["observed"].get("note") else []),
        ("Weighed", _weighed(found) + _SPLITS.get(found["evidence"]["split"], "")),
        *((f"Test of {test['what']}", _test(test)) for test in found["tests"]),
        ("Stopping rule", _stopping(found, setting)),
        ("Simulated", _simulated(run)),
    ]


def _measure(found: Json) -> str:
    measure: str = found["hypotheses"][0]["expected"][0]["measure"]
    return measure


_SPLITS = {
    "allocation": "; how many of them had each sequence is not stated and is taken from the allocation",
    "chance": "; which of them had which sequence is not stated and is taken as chance",
}
_PARTS = {"responders": "responses", "remitters": "remissions", "pairs": "responses of pairs"}


def _weighed(found: Json) -> str:
    evidence, observed = found["evidence"], found["observed"]
    if evidence["kind"] == "means":
        return "the means, as jointly normal with the variances and correlations of virtual patients"
    if evidence["kind"] == "difference":
        return _weighed_difference(observed["difference"], evidence["groups"][0]["patients"])
    said = listed([_PARTS[part] for part in evidence["parts"]])
    if len(evidence["parts"]) > 1:
        said += ", jointly, since they come from the same patients"
    first, *others = evidence["groups"]
    said += f"; {count(first['patients'], 'patient')} seen under {listed(first['treatments'])}"
    said += "".join(f", {g['patients']} under {listed(g['treatments'])} only" for g in others)
    guessed = len(first["treatments"]) > 1 and others and "paired" not in observed
    return said + (" (as many as possible under both)" if guessed else "")


def _weighed_difference(about: Json, patients: float) -> str:
    n = count(round(patients), "patient")
    if patients != round(patients):
        n = f"the {plain(patients)} patients who are expected to complete"
    if about.get("estimate") is None:
        return f"the statistic, read as a test of the mean difference of {n} (noncentral t)"
    if about.get("se") is not None or about.get("interval"):
        return "the estimate, with its reported standard error"
    return f"the estimate, with the standard error that {n} would give"


def _stopping(found: Json, setting: Setting) -> str:
    chances = found["stopping"].get("chance", {})
    likely = sorted(chances.items(), key=lambda item: -item[1])
    error, called = found["stopping"].get("chance_mcse", {}), setting.hypotheses
    said = [
        f"{plus_minus(chance, error[name], percent=True)} under “{called.get(name) or name}”"
        for name, chance in likely
    ]
    return f"{found['stopping']['note']}" + (f". It is {', '.join(said)}" if said else "")


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


def found(observed: Observed, measure: str, unit: str) -> list[str]:
    """What was observed, in sentences; measure and unit of the endpoint."""
    said = told(observed.model_dump(mode="json", exclude_defaults=True), measure, unit)
    return [*(f"{each[:1].upper()}{each[1:]}." for each in said), *([observed.note] if observed.note else [])]


def told(observed: Json, measure: str, unit: str) -> list[str]:
    """What was observed, one phrase for each kind of result; measure and unit of the endpoint."""
    day = f" on day {plain(observed['day'])}" if "day" in observed else ""
    said = []
    for key, what in _COUNTS.items():
        if table := observed.get(key):
            said.append(f"{what}{day} in {listed([f'{x} of {n} on {a}' for a, (x, n) in table.items()])}")
    if pairs := observed.get("pairs"):
        only = [f"{n} to {a} only" for a, n in pairs["only"].items()]
        said.append(f"response{day}: {pairs['both']} to both, {listed(only)}, {pairs['neither']} to neither")
    if means := observed.get("means"):
        value = plain if measure == "score" else signed
        each = [f"{value(m['mean'])} on {a} ({_spread(m)}n = {m['n']})" for a, m in means.items()]
        said.append(f"means{day}{f', in {unit}' if unit else ''}: {listed(each)}")
    if difference := observed.get("difference"):
        said.append(f"{' minus '.join(difference['contrast'])}{day}: {_difference(difference, unit)}")
    if sequences := observed.get("sequences"):
        each = [f"{n} to {name.replace(' ', ' then ')}" for name, n in sequences.items()]
        said.append(f"{'of these patients' if said else 'patients seen:'} {listed(each)}")
    if (look := observed.get("stopped_at")) is not None:
        by = f", by the analysis {observed['stopped_by']}" if observed.get("stopped_by") else ""
        said.append(f"the trial ended at look {look}{by}")
    return said


def _spread(mean: Json) -> str:
    return f"SD {plain(mean['sd'])}, " if mean.get("sd") is not None else ""


def _difference(about: Json, unit: str) -> str:
    if about.get("F") is not None:
        sign = f", {about['sign']}" if about.get("sign") else ""
        return f"F(1, {plain(about['df'])}) = {plain(about['F'])}{sign}"
    if about.get("t") is not None:
        return f"t({plain(about['df'])}) = {plain(about['t'])}"
    text = f"{signed(about['estimate'])} {unit}".rstrip()
    if about.get("se") is not None:
        text += f", standard error {plain(about['se'])}"
    if about.get("interval"):
        low, high = about["interval"]
        text += f", {plain(100 * about.get('level', 0.95))} % interval {plain(low)} to {plain(high)}"
    return text


def _test(test: Json) -> str:
    low, high = test["p"], test["p_high"]
    p = f"p = {plain(low, 3)}" if low == high else f"p from {plain(low, 3)} to {plain(high, 3)}"
    said = [p, "two-sided" if test["alternative"] == "two-sided" else "one-sided"]
    said += [test["note"]] if test["note"] else []
    said += [] if low == high else ["as the counts leave open who responded to both"]
    return f"{test['method']}: {', '.join(said)}"


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


def _named(row: Json, setting: Setting, last: str = "or") -> str:
    """A class by its labels."""
    return listed([f"“{setting.hypotheses.get(name) or name}”" for name in row["hypotheses"]], last)


def _short(row: Json, setting: Setting) -> str:
    """A class by its first label."""
    first, *others = row["hypotheses"]
    return f"“{setting.hypotheses.get(first) or first}”" + (f" and {len(others)} like it" if others else "")


def _words(found: Json, setting: Setting) -> list[str]:
    rows = ranked(found)
    best = max(rows, key=lambda row: row["bayes_factor"]["estimate"])
    items = [f"The result is most probable under {_named(best, setting)}."]
    near = [row for row in rows if row is not best and row["bayes_factor"]["estimate"] > 1 / 3]
    if near:
        said = "; ".join(_named(row, setting, "and") for row in near)
        items.append(
            f"It hardly speaks against these, under which it is at least a third as probable: {said}."
        )
    far = [row for row in rows if row["bayes_factor"]["estimate"] < 0.01]
    for row in sorted(far, key=lambda row: row["bayes_factor"]["estimate"]):
        share = row["bayes_factor"]["estimate"]
        none = "impossible" if found["evidence"]["kind"] == "counts" else "out of all reach"
        less = f"{rounded(1 / share)} times less probable than there" if share > 0 else none
        items.append(f"Under {_named(row, setting)} it is {less}.")
    joined = [row for row in rows if len(row["hypotheses"]) > 1]
    for row in joined:
        items.append(
            f"No result of this design tells apart {_named(row, setting, 'and')}: they keep the ratios of "
            "their prior weights."
        )
    return items


# What it rests on


def _sensitivity(found: Json, setting: Setting) -> list[Block]:
    rows = found["sensitivity"]
    if not rows:
        return []
    seen = [row for row in rows if row["beyond_chance"] and row["moved"] >= _SEEN][:_SHOWN]
    blocks: list[Block] = [Heading("What the weights rest on")]
    if not seen:
        several = count(len(rows), "uncertain number")
        blocks.append(Prose(f"None of {several} changes them much, or beyond Monte Carlo error."))
        return blocks
    leading = [found["classes"].index(each) for each in ranked(found)[:2]]
    if seen[0]["moved"] >= _MUCH:
        blocks.append(Prose(_most(seen[0], found, setting, leading)))
    named = zip("AB", leading, strict=False)
    told = [f"{letter}: {_short(found['classes'][i], setting)}" for letter, i in named]
    blocks.append(Prose(f"{'; '.join(told)}."))
    blocks.append(moved(seen, leading))
    rest = sum(row not in seen for row in rows)
    if rest:
        others = count(rest, "other uncertain number")
        move = "moves" if rest == 1 else "move"
        blocks.append(
            Prose(f"{others} {move} less than {percent(_SEEN)} of the weight, or nothing beyond chance.")
        )
    return blocks


def _most(row: Json, found: Json, setting: Setting, leading: Sequence[int]) -> str:
    """The sentence about the assumption that matters most."""
    said = []
    for side in ("low", "high"):
        said_of = [
            f"{weight(row[side]['class_weights'][i])} for {_short(found['classes'][i], setting)}"
            for i in leading
        ]
        said.append(f"{stated(row, side)}: {listed(said_of)}")
    return f"Most rests on {path_said(row)}. At {said[0]}; at {said[1]}."


def _reading(found: Json) -> list[str]:
    items = [
        "The Bayes factor compares how probable the result is under a hypothesis with how probable it is "
        "under the best one. The weight is the prior weight times that probability, over the sum of all.",
        "Weights are among these hypotheses only: a true one that is not listed has none.",
        "± is the Monte Carlo standard error, over draws and virtual patients; a figure without it is exact. "
        "Neither says whether the assumptions are true.",
        _METHODS["exact" if found["run"]["exact"] else found["evidence"]["kind"]],
    ]
    if split(found):
        items.append(
            "Of each: the weight of each hypothesis of a class. If alike: the weight of the class if all "
            "classes had the same prior weight."
        )
    if found["sensitivity"]:
        items.append(
            "Value: the mean of the draws in the lowest third, and below it in the highest. The weights "
            "there are those of the same draws, with nothing simulated anew; moved is what goes from some "
            "hypotheses to others between the two."
        )
    if not found["run"]["uncertain"]:
        items.append(
            "No number of the hypotheses is uncertain: with all sizes taken as known, weights look more "
            "decisive than they are. [uncertainty] states how far each number may be off."
        )
    return items
