"""Weights of hypotheses in words and tables: what was observed, what it says, and what that rests on.

Works on the JSON form (`Weighing.to_json()`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.document import Block, Code, Column, Facts, Heading, Items, Prose, Sheet
from planner.figures import count, fixed, listed, plain, plus_minus, signed
from planner.scenario_observed import Observed
from planner.summary import Setting
from planner.summary_uncertain import short

Json = Mapping[str, Any]

_SHOWN = 15  # lines of the sensitivity table
_SEEN = 0.005  # weight that must move for a line to be worth reading
_MUCH = 0.05  # and for a sentence
_COUNTS = {"responders": "response", "remitters": "remission"}
_PERCENT = ("response", "remission")


def weigh_document(found: Json, setting: Setting) -> list[Block]:
    """The page of `planner weigh`."""
    blocks: list[Block] = [Heading(found["scenario"]["title"] or found["scenario"]["name"], 1)]
    if found["partial"]:
        done = count(found["run"]["variants"], "variant")
        blocks.append(Prose(f"PARTIAL: interrupted after {done}; all figures are of these.", True))
    blocks.append(Facts(_facts(found, setting)))
    blocks += [Heading("How probable is the result, and what weight does it give?"), _weights(found, setting)]
    if len(found["classes"]) < len(found["hypotheses"]) or _unequal(found):
        blocks += [Heading("Classes"), _classes(found, setting)]
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
        ("Observed", f"{'; '.join(told(found['observed']))}."),
        *([("Source", found["source"])] if found["source"] else []),
        *([("Note", found["observed"]["note"])] if found["observed"].get("note") else []),
        ("Weighed", _weighed(found)),
        *((f"Test of {test['what']}", _test(test)) for test in found["tests"]),
        ("Stopping rule", _stopping(found, setting)),
        ("Simulated", _simulated(run)),
    ]


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
    if about.get("estimate") is None:
        return f"the statistic, read as a test of the mean difference of {n} (noncentral t)"
    if about.get("se") is not None or about.get("interval"):
        return "the estimate, with its reported standard error"
    return f"the estimate, with the standard error that {n} would give"


def _stopping(found: Json, setting: Setting) -> str:
    chances = found["stopping"].get("chance", {})
    ranked = sorted(chances.items(), key=lambda item: -item[1])
    said = [f"{_share(chance)} under “{setting.hypotheses.get(name) or name}”" for name, chance in ranked]
    return f"{found['stopping']['note']}" + (f". It is {', '.join(said)}" if said else "")


def _simulated(run: Json) -> str:
    patients = f"{count(run['patients'], 'virtual patient')} under each hypothesis"
    if run["uncertain"]:
        drawn = f"{count(run['variants'], 'variant')} of what is uncertain, {patients} in each"
    else:
        drawn = f"no number is uncertain; {count(run['variants'], 'set')} of {patients}"
    return f"{drawn}; seed {run['seed']}, planner {run['planner']}"


def found(observed: Observed) -> list[str]:
    """What was observed, in sentences."""
    said = told(observed.model_dump(mode="json", exclude_defaults=True))
    return [*(f"{each[:1].upper()}{each[1:]}." for each in said), *([observed.note] if observed.note else [])]


def told(observed: Json) -> list[str]:
    """What was observed, one phrase for each kind of result."""
    day = f" on day {plain(observed['day'])}" if "day" in observed else ""
    said = []
    for key, measure in _COUNTS.items():
        if table := observed.get(key):
            said.append(f"{measure}{day} in {listed([f'{x} of {n} on {a}' for a, (x, n) in table.items()])}")
    if pairs := observed.get("pairs"):
        only = [f"{n} to {a} only" for a, n in pairs["only"].items()]
        said.append(f"response{day}: {pairs['both']} to both, {listed(only)}, {pairs['neither']} to neither")
    if means := observed.get("means"):
        each = [f"{signed(m['mean'])} on {a} ({_spread(m)}n = {m['n']})" for a, m in means.items()]
        said.append(f"means{day}: {listed(each)}")
    if difference := observed.get("difference"):
        said.append(f"{' minus '.join(difference['contrast'])}{day}: {_difference(difference)}")
    return said


def _spread(mean: Json) -> str:
    return f"SD {plain(mean['sd'])}, " if mean.get("sd") is not None else ""


def _difference(about: Json) -> str:
    if about.get("F") is not None:
        sign = f", {about['sign']}" if about.get("sign") else ""
        return f"F(1, {plain(about['df'])}) = {plain(about['F'])}{sign}"
    if about.get("t") is not None:
        return f"t({plain(about['df'])}) = {plain(about['t'])}"
    text = signed(about["estimate"])
    if about.get("se") is not None:
        text += f", standard error {plain(about['se'])}"
    if about.get("interval"):
        low, high = about["interval"]
        text += f", {plain(100 * about.get('level', 0.95))} % interval {plain(low)} to {plain(high)}"
    return text


def _test(test: Json) -> str:
    low, high = test["p"], test["p_high"]
    p = f"p = {plain(low, 3)}" if low == high else f"p from {plain(low, 3)} to {plain(high, 3)}"
    return f"{test['method']}: {p}, two-sided" + (
        "" if low == high else ", as the counts leave open who responded to both"
    )


# The tables


def _ranked(found: Json) -> list[tuple[Json, list[Json]]]:
    """The classes by weight, each with its hypotheses."""
    order = sorted(found["classes"], key=lambda row: -row["weight"]["estimate"])
    by_name = {row["hypothesis"]: row for row in found["hypotheses"]}
    return [(row, [by_name[name] for name in row["hypotheses"]]) for row in order]


def _label(names: Sequence[str], setting: Setting) -> str:
    return "\n= ".join(setting.hypotheses.get(name) or name for name in names)


def _weights(found: Json, setting: Setting) -> Sheet:
    titles = [_title(each) for each in found["hypotheses"][0]["expected"]]
    density = found["evidence"]["kind"] != "counts"
    columns = [Column("Hypothesis", number=False), *(Column(title) for title in titles)]
    columns += [] if density else [Column("Probability of the result")]
    columns += [Column("Bayes factor"), Column("Weight")]
    rows = []
    for row, members in _ranked(found):
        first = members[0]
        cells = [_label(row["hypotheses"], setting), *(_expected(each) for each in first["expected"])]
        cells += [] if density else [_chance(first["likelihood"])]
        rows.append([*cells, _factor(row["bayes_factor"]), _weight(row["weight"])])
    return Sheet(columns, rows)


def _title(expected: Json) -> str:
    measure = expected["measure"]
    return f"Predicted {measure} {expected['treatment']}"


def _expected(expected: Json) -> str:
    if expected["measure"] in _PERCENT:
        return f"{fixed(100 * expected['mean'], 0 if expected['mean'] >= 0.1 else 1)} %"
    return signed(round(expected["mean"], 1), 3)


def _chance(figure: Json) -> str:
    if figure["estimate"] and figure["estimate"] < 1e-4:
        return _one_in(figure["estimate"])
    return plus_minus(figure["estimate"], figure["mcse"], percent=True)


def _factor(figure: Json) -> str:
    if figure["estimate"] < 0.01:
        return _one_in(figure["estimate"])
    return plus_minus(figure["estimate"], figure["mcse"])


def _one_in(share: float) -> str:
    return f"1 / {_round(1 / share)}" if share > 0 else "0"


def _round(x: float) -> str:
    """Two significant digits."""
    return f"{float(f'{x:.2g}'):,.0f}" if x >= 10 else plain(x, 2)


def _weight(figure: Json) -> str:
    if figure["estimate"] < 1e-4:
        return "< 0.01 %"
    return plus_minus(figure["estimate"], figure["mcse"], percent=True)


def _unequal(found: Json) -> bool:
    return len({round(row["prior"], 12) for row in found["classes"]}) > 1


def _classes(found: Json, setting: Setting) -> Sheet:
    columns = [Column("Class", number=False), Column("Prior weight"), Column("Weight")]
    columns += [Column("Weight of each"), Column("Weight if classes counted alike")]
    rows = []
    for row, members in _ranked(found):
        cells = [
            _label(row["hypotheses"], setting),
            f"{fixed(100 * row['prior'], 1)} %",
            _weight(row["weight"]),
        ]
        each = "; ".join(dict.fromkeys(_weight(member["weight"]) for member in members))
        rows.append([*cells, each, _weight(row["weight_equal_classes"])])
    return Sheet(columns, rows)


_METHODS = {
    "counts": "Probability of the result: of all tables of patients with the observed counts together, from "
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
    ranked = [row for row, _ in _ranked(found)]
    best = max(ranked, key=lambda row: row["bayes_factor"]["estimate"])
    items = [f"The result is most probable under {_named(best, setting)}."]
    near = [row for row in ranked if row is not best and row["bayes_factor"]["estimate"] > 1 / 3]
    if near:
        said = "; ".join(_named(row, setting, "and") for row in near)
        items.append(
            f"It hardly speaks against these, under which it is at least a third as probable: {said}."
        )
    far = [row for row in ranked if row["bayes_factor"]["estimate"] < 0.01]
    for row in sorted(far, key=lambda row: row["bayes_factor"]["estimate"]):
        share = row["bayes_factor"]["estimate"]
        less = f"{_round(1 / share)} times less probable than there" if share > 0 else "impossible"
        items.append(f"Under {_named(row, setting)} it is {less}.")
    joined = [row for row in ranked if len(row["hypotheses"]) > 1]
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
    order = sorted(range(len(found["classes"])), key=lambda i: -found["classes"][i]["weight"]["estimate"])
    leading = order[:2]
    if seen[0]["moved"] >= _MUCH:
        blocks.append(Prose(_most(seen[0], found, setting, leading)))
    columns = [Column("Assumption", number=False), Column("Low"), Column("High")]
    letters = "AB"
    for k in range(len(leading)):
        columns.append(Column(f"Weight of {letters[k]}, low"))
        columns.append(Column(f"Weight of {letters[k]}, high"))
    columns.append(Column("Weight moved"))
    lines = []
    for row in seen:
        cells = [_path(row), _value(row, "low"), _value(row, "high")]
        for i in leading:
            cells += [_weight(row[side]["class_weights"][i]) for side in ("low", "high")]
        lines.append([*cells, _share(row["moved"])])
    blocks.append(Sheet(columns, lines))
    named = [f"{letters[k]}: {_short(found['classes'][i], setting)}" for k, i in enumerate(leading)]
    blocks.append(Prose(f"{'; '.join(named)}."))
    rest = sum(row not in seen for row in rows)
    if rest:
        others = count(rest, "other uncertain number")
        move = "moves" if rest == 1 else "move"
        blocks.append(
            Prose(f"{others} {move} less than {_share(_SEEN)} of the weight, or nothing beyond chance.")
        )
    return blocks


def _most(row: Json, found: Json, setting: Setting, leading: Sequence[int]) -> str:
    """The sentence about the assumption that matters most."""
    said = []
    for side in ("low", "high"):
        weights = [
            f"{_weight(row[side]['class_weights'][i])} for {_short(found['classes'][i], setting)}"
            for i in leading
        ]
        said.append(f"{_value(row, side)}: {listed(weights)}")
    return f"Most rests on {_path(row)}. At {said[0]}; at {said[1]}."


def _path(row: Json) -> str:
    """The assumption, in words where it is no setting with a number."""
    if row["path"] == "observed.paired":
        return "patients seen under both treatments"
    return f"{row['hypothesis']}: {short(row['path'])}" if row["hypothesis"] else short(row["path"])


def _value(row: Json, side: str) -> str:
    value = plain(row[side]["value"], 3)
    return f"× {value}" if row["relative"] else value


def _share(weight: float) -> str:
    return "< 0.1 %" if 0 < weight < 5e-4 else f"{fixed(100 * weight, 1)} %"


def _reading(found: Json) -> list[str]:
    items = [
        "The Bayes factor compares how probable the result is under a hypothesis with how probable it is "
        "under the best one. The weight is the prior weight times that probability, over the sum of all.",
        "Weights are among these hypotheses only: a true one that is not listed has none.",
        "± is the Monte Carlo standard error, over draws and virtual patients; it says nothing about whether "
        "the assumptions are true.",
        _METHODS[found["evidence"]["kind"]],
    ]
    if found["sensitivity"]:
        items.append(
            "Low and high: the mean of the draws in the lowest and in the highest third. The weights there "
            "are those of the same draws, with nothing simulated anew; weight moved is what goes from some "
            "hypotheses to others between the two."
        )
    if not found["run"]["uncertain"]:
        items.append(
            "No number of the hypotheses is uncertain: with all sizes taken as known, weights look more "
            "decisive than they are. [uncertainty] states how far each number may be off."
        )
    return items
