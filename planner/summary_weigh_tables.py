"""The tables of `planner weigh`. Hypotheses that the design cannot separate stand below one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.document import Column, Sheet
from planner.figures import DASH, fixed, plain, plus_minus, signed
from planner.summary_tables import Setting, label
from planner.summary_uncertain import short

Json = Mapping[str, Any]

_PERCENT = {"response": "responders", "remission": "remitters"}
_LEAST_ERROR = 0.001  # of the weights that assumptions move: smaller errors are shown as this


def ranked(found: Json) -> list[Json]:
    """The classes by weight."""
    return sorted(found["classes"], key=lambda row: -row["weight"]["estimate"])


def split(found: Json) -> bool:
    """Whether a class has several hypotheses, or classes differ in their prior weights."""
    priors = {round(row["prior"], 12) for row in found["classes"]}
    return len(found["classes"]) < len(found["hypotheses"]) or len(priors) > 1


def _stacked(names: Sequence[str], cells: Sequence[str], setting: Setting) -> list[list[str]]:
    """The lines of a class: its figures stand beside its first hypothesis."""
    first, *others = (label(name, setting) for name in names)
    return [[first, *cells], *([f"= {other}", *[""] * len(cells)] for other in others)]


def _first(row: Json, found: Json) -> Json:
    """What the JSON form says of the first hypothesis of a class."""
    first: Json = next(each for each in found["hypotheses"] if each["hypothesis"] == row["hypotheses"][0])
    return first


def weights(found: Json, setting: Setting) -> Sheet:
    """How probable the result is, and the weight that it gives."""
    density = found["evidence"]["kind"] != "counts"
    columns = [Column("Hypothesis", number=False), *([] if density else [Column("Probability")])]
    columns += [Column("Bayes factor"), Column("Weight")]
    rows = []
    for row in ranked(found):
        cells = [] if density else [_chance(_first(row, found)["likelihood"])]
        cells += [_factor(row["bayes_factor"]), weight(row["weight"])]
        rows += _stacked(row["hypotheses"], cells, setting)
    return Sheet(columns, rows)


def predictions(found: Json, setting: Setting) -> Sheet:
    """What each hypothesis predicts of what was observed, below that."""
    expected = found["hypotheses"][0]["expected"]
    titles = [f"{each['measure'].capitalize()} {each['treatment']}" for each in expected]
    seen = [_seen(found["observed"], each) for each in expected]
    rows = [["Observed", *seen]] if any(cell != DASH for cell in seen) else []
    for row in ranked(found):
        cells = [_expected(each) for each in _first(row, found)["expected"]]
        rows += _stacked(row["hypotheses"], cells, setting)
    return Sheet([Column("Hypothesis", number=False), *(Column(title) for title in titles)], rows)


def _seen(observed: Json, expected: Json) -> str:
    """What was observed of a measure and treatment."""
    treatment = expected["treatment"]
    if kind := _PERCENT.get(expected["measure"]):
        if treatment in observed.get(kind, {}):
            x, n = observed[kind][treatment]
            return f"{x} of {n}"
        pairs = observed.get("pairs")
        if kind == "responders" and pairs and treatment in pairs["only"]:
            n = pairs["both"] + pairs["neither"] + sum(pairs["only"].values())
            return f"{pairs['both'] + pairs['only'][treatment]} of {n}"
        return DASH
    if treatment in observed.get("means", {}):
        return signed(observed["means"][treatment]["mean"])
    return signed(observed.get("difference", {}).get("estimate"))


def _expected(expected: Json) -> str:
    if expected["measure"] in _PERCENT:
        return f"{fixed(100 * expected['mean'], 0 if expected['mean'] >= 0.0995 else 1)} %"
    return signed(round(expected["mean"], 1), 3)


def shares(found: Json, setting: Setting) -> Sheet:
    """Prior weights and weights of the classes, of each hypothesis in them, and of classes counted alike."""
    columns = [Column("Class", number=False), Column("Prior"), Column("Weight")]
    columns += [Column("Of each"), Column("If alike")]
    rows = []
    own = {row["hypothesis"]: row["weight"] for row in found["hypotheses"]}
    for row in ranked(found):
        each = "; ".join(dict.fromkeys(weight(own[name]) for name in row["hypotheses"]))
        cells = [f"{plain(100 * row['prior'], 3)} %", weight(row["weight"]), each]
        rows += _stacked(row["hypotheses"], [*cells, weight(row["weight_equal_classes"])], setting)
    return Sheet(columns, rows)


def moved(seen: Sequence[Json], leading: Sequence[int]) -> Sheet:
    """Two lines for each assumption, where it is low and where it is high; `leading`: classes A and B."""
    columns = [Column("Assumption", number=False), Column("Value")]
    columns += [Column(f"Weight of {letter}") for letter, _ in zip("AB", leading, strict=False)]
    columns.append(Column("Moved"))
    rows = []
    for row in seen:
        for side, name, share in zip(("low", "high"), _path(row), (percent(row["moved"]), ""), strict=True):
            found = [row[side]["class_weights"][i] for i in leading]
            rows.append([name, stated(row, side), *(_roughly(each) for each in found), share])
    return Sheet(columns, rows)


def _path(row: Json) -> tuple[str, str]:
    """An assumption in two lines."""
    if row["path"] == "observed.paired":
        return "patients seen under both treatments", ""
    path = short(row["path"])
    if row["hypothesis"]:
        return f"{row['hypothesis']}:", path
    above, sign, below = path.partition(": ")
    return (f"{above}:", below) if sign else (path, "")


def path_said(row: Json) -> str:
    """The assumption, in words where it is no setting with a number."""
    return " ".join(filter(None, _path(row)))


def stated(row: Json, side: str) -> str:
    """The value of an assumption at its low or high end."""
    value = plain(row[side]["value"], 3)
    return f"× {value}" if row["relative"] else value


def percent(share: float) -> str:
    """A share without its error."""
    return "< 0.1 %" if 0 < share < 5e-4 else f"{fixed(100 * share, 1)} %"


def weight(figure: Json) -> str:
    """A weight with its Monte Carlo error."""
    if figure["estimate"] < 1e-4:
        return "< 0.01 %"
    return plus_minus(figure["estimate"], figure["mcse"], percent=True)


def _roughly(figure: Json) -> str:
    """The same with an error that is at least 0.1 %."""
    return weight({**figure, "mcse": max(figure["mcse"], _LEAST_ERROR)} if figure["mcse"] else figure)


def _chance(figure: Json) -> str:
    if figure["estimate"] and figure["estimate"] < 1e-4:
        return _one_in(figure["estimate"])
    return plus_minus(figure["estimate"], figure["mcse"], percent=True)


def _factor(figure: Json) -> str:
    if figure["estimate"] < 0.01:
        return _one_in(figure["estimate"])
    return plus_minus(figure["estimate"], figure["mcse"])


def _one_in(share: float) -> str:
    return f"1 / {rounded(1 / share)}" if share > 0 else "0"


def rounded(x: float) -> str:
    """Two significant digits."""
    return f"{float(f'{x:.2g}'):,.0f}" if x >= 10 else plain(x, 2)
