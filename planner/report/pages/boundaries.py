"""Boundaries put into words: the limits with their p values, what they cost and give, and a plot.

Everything is taken from the JSON form of solved boundaries (`planner.boundaries/1`), so that whoever has the
JSON can be shown the same page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from planner.questions.boundaries import Boundaries, figures
from planner.report.blocks import Axis, Block, Column, Facts, Heading, Plot, Point, Prose, Series, Sheet
from planner.results.number_text import DASH, fixed, plain
from planner.scenario.stopping_rules import EFFICACY_RULES, FUTILITY_RULES
from planner.scenario.text import count, listed

SCALES = {"z": "z", "p": "nominal p", "spending": "share of the error spent"}
_LEAST_P = 1e-8  # the p scale of a plot ends here


class NamedBoundary(NamedTuple):
    """A solved boundary with the names of its rules."""

    letter: str
    efficacy: str
    futility: str
    figures: Mapping[str, Any]  # as in the JSON


def sections_of(result: Boundaries) -> list[NamedBoundary]:
    """The boundaries with letters from A."""
    sections = []
    for index, one in enumerate(result.solved):
        futility = FUTILITY_RULES[one.futility].title
        if one.futility != "none":
            futility += ", binding" if one.binding else ", non-binding"
        efficacy = f"{one.efficacy} ({EFFICACY_RULES[one.efficacy].title})"
        letter = chr(ord("A") + index)
        sections.append(NamedBoundary(letter, efficacy, futility, figures(one, result.patients)))
    return sections


def boundaries_page(
    boundaries: Sequence[NamedBoundary],
    *,
    patients: Sequence[int] | None,
    scale: str | None,
) -> list[Block]:
    """The page: one boundary in full, or several side by side.

    `patients`: at each look, where the looks were given so. `scale`: of the plot, a key of SCALES, or None.
    """
    first = boundaries[0].figures
    blocks: list[Block] = [
        Heading("Stopping boundaries" if len(boundaries) == 1 else "Stopping boundaries side by side", 1),
        Facts(_facts(boundaries, first, patients)),
    ]
    if len(boundaries) == 1:
        blocks += [Heading("Limits"), _limits(boundaries[0], patients), Heading("Error spent and stops")]
        blocks += [_stops(first), Prose(_legend(first))]
    else:
        blocks += [Heading("Limits"), _side_by_side(boundaries, patients)]
        blocks += [Heading("What they cost and give"), _summary(boundaries, patients)]
        blocks += [Prose(_legend(first))]
    if scale is not None:
        title = "Limits as nominal p" if scale == "p" else "Limits on the z scale"
        blocks.append(Heading("Error spent" if scale == "spending" else title))
        blocks += [_picture(boundaries, scale), Prose(_key(boundaries, scale))]
    return blocks


def _facts(
    boundaries: Sequence[NamedBoundary], first: Mapping[str, Any], patients: Sequence[int] | None
) -> list[tuple[str, str]]:
    sided = "one-sided" if first["sided"] == 1 else "two-sided, half on each side"
    facts = [("Test", f"alpha {plain(first['alpha'])}, {sided}")]
    if len(boundaries) > 1:
        return [*facts, *((one.letter, f"{one.efficacy}; futility: {one.futility}") for one in boundaries)]
    facts += [("Efficacy", boundaries[0].efficacy), ("Futility", boundaries[0].futility)]
    facts.append(("Power", f"{_percent(first['power'])} at drift {plain(first['drift'], 5)}"))
    if first["inflation"] is not None:
        facts.append(
            (
                "Inflation",
                f"{fixed(first['inflation'], 4)} times the information of a fixed design of this power",
            )
        )
    if (t_test := first.get("t_test")) is not None:
        facts.append(("As t test", _as_t_test(t_test)))
    for name, key in (
        ("no effect", "expected_information_null"),
        ("effect", "expected_information_alternative"),
    ):
        facts.append((f"Expected, {name}", _expected(first, key, patients)))
    return facts


def _as_t_test(figures: Mapping[str, Any]) -> str:
    """What a t test makes of the limits."""
    df = listed([str(df) for df in figures["df"]])
    return (
        f"type I error {fixed(100 * figures['type_one_error'], 2)} % in an AB/BA trial of so many patients, "
        f"held to the same p at each look (df {df})"
    )


def _expected(figures: Mapping[str, Any], key: str, patients: Sequence[int] | None) -> str:
    """Expected information, also in patients where they are known and relative to a fixed design."""
    share, inflation = figures[key], figures["inflation"]
    if share is None:
        return DASH
    text = f"{_percent(share)} of the maximum information"
    if patients:
        text = f"{fixed(share * patients[-1], 1)} of {count(patients[-1], 'patient')}"
    return text if inflation is None else f"{text}, {_percent(share * inflation)} of a fixed design"


def _legend(figures: Mapping[str, Any]) -> str:
    side = (
        "p is two-sided, and so are alpha and the chance of an efficacy stop without effect; "
        "power and the stops under the effect count the side of the effect only. "
        if figures["sided"] == 2
        else "p is one-sided. "
    )
    return (
        side
        + "The drift is the expected z of the last look. Without effect, efficacy stops and alpha ignore "
        "non-binding futility; all else stops for futility where the limits say so."
    )


def _limits(one: NamedBoundary, patients: Sequence[int] | None) -> Sheet:
    figures = one.figures
    bars = "|z|" if figures["sided"] == 2 else "z"
    futile = any(look["futility_z"] is not None for look in figures["looks"])
    columns = [
        Column("Look", number=False),
        *([Column("Patients")] if patients else []),
        Column("Information"),
    ]
    columns += [Column(f"Reject at {bars} ≥"), Column("p")]
    columns += [Column(f"Futile at {bars} ≤"), Column("p")] if futile else []
    rows = []
    for k, look in enumerate(figures["looks"]):
        row = [str(look["look"]), *([str(patients[k])] if patients else []), plain(look["information"])]
        row += [_z(look["efficacy_z"]), plain(look["nominal_p"])]
        row += [_z(look["futility_z"]), _p(look["futility_z"], figures["sided"])] if futile else []
        rows.append(row)
    return Sheet(columns, rows)


def _stops(figures: Mapping[str, Any]) -> Sheet:
    futile = any(look["futility_z"] is not None for look in figures["looks"])
    named: list[tuple[str, Callable[[Mapping[str, Any]], str]]] = [
        ("Alpha spent", lambda look: plain(look["alpha_spent"])),
        ("Beta spent", lambda look: plain(look["beta_spent"])),
        ("Efficacy, no effect", lambda look: _percent(look["p_efficacy_null"])),
        ("Efficacy, effect", lambda look: _percent(look["p_efficacy_alternative"])),
    ]
    if futile:
        named += [
            ("Futility, no effect", lambda look: _percent(look["p_futility_null"])),
            ("Futility, effect", lambda look: _percent(look["p_futility_alternative"])),
        ]
    columns = [Column("Look", number=False), *(Column(title) for title, _ in named)]
    rows = [[str(look["look"]), *(written(look) for _, written in named)] for look in figures["looks"]]
    return Sheet(columns, rows)


def _side_by_side(boundaries: Sequence[NamedBoundary], patients: Sequence[int] | None) -> Sheet:
    columns = [
        Column("Look", number=False),
        *([Column("Patients")] if patients else []),
        Column("Information"),
    ]
    for one in boundaries:
        columns += [Column(f"{one.letter} z ≥"), Column(f"{one.letter} p")]
        columns += [Column(f"{one.letter} futile z ≤"), Column("p")] if _stops_futile(one) else []
    rows = []
    for k, look in enumerate(boundaries[0].figures["looks"]):
        row = [str(look["look"]), *([str(patients[k])] if patients else []), plain(look["information"])]
        for one in boundaries:
            own = one.figures["looks"][k]
            row += [_z(own["efficacy_z"]), plain(own["nominal_p"])]
            if _stops_futile(one):
                row += [_z(own["futility_z"]), _p(own["futility_z"], one.figures["sided"])]
        rows.append(row)
    return Sheet(columns, rows)


def _stops_futile(one: NamedBoundary) -> bool:
    return any(look["futility_z"] is not None for look in one.figures["looks"])


def _summary(boundaries: Sequence[NamedBoundary], patients: Sequence[int] | None) -> Sheet:
    columns = [Column("Rule", number=False)]
    columns += [Column(title) for title in ("Alpha", "Power", "Drift", "Inflation")]
    unit = "patients" if patients else "information"
    columns += [Column(f"Expected {unit}, no effect"), Column(f"Expected {unit}, effect")]
    t_tests = [one.figures.get("t_test") for one in boundaries]
    columns += [Column("Type I error as t test")] if any(t_tests) else []
    rows = []
    for one in boundaries:
        own = one.figures
        row = [one.letter, plain(own["looks"][-1]["alpha_spent"]), _percent(own["power"])]
        row += [plain(own["drift"], 5), DASH if own["inflation"] is None else fixed(own["inflation"], 4)]
        for key in ("expected_information_null", "expected_information_alternative"):
            share = own[key]
            in_patients = patients and share is not None
            row.append(fixed(share * patients[-1], 1) if in_patients and patients else _percent(share))
        if (t_test := own.get("t_test")) is not None:
            row.append(_percent(t_test["type_one_error"]))
        rows.append(row)
    return Sheet(columns, rows)


def _z(z: float | None) -> str:
    return DASH if z is None else fixed(z, 4)


def _p(z: float | None, sided: int) -> str:
    """The p value of a z: of its upper tail, or of both tails."""
    if z is None:
        return DASH
    return plain(math.erfc(abs(z) / math.sqrt(2)) if sided == 2 else math.erfc(z / math.sqrt(2)) / 2)


def _percent(share: float | None) -> str:
    return DASH if share is None else f"{fixed(100 * share, 2)} %"


# The plot


def _picture(boundaries: Sequence[NamedBoundary], scale: str) -> Plot:
    series = [line for one in boundaries for line in _series(one, scale, alone=len(boundaries) == 1)]
    heights = [y for line in series for _, y in line.points if math.isfinite(y)]
    low, high = _span(heights, scale)
    axes = {
        "z": Axis(SCALES["z"], low, high, places=1),
        "p": Axis(SCALES["p"], low, high, "log10"),
        "spending": Axis(SCALES["spending"], low, high, "share"),
    }
    return Plot("lines", series, Axis("information", 0.0, 1.0), axes[scale])


def _span(heights: Sequence[float], scale: str) -> tuple[float, float]:
    """What the y axis spans: whole units around the values, an even number so that labels are round."""
    if scale == "spending":
        return 0.0, 1.0
    low, high = math.floor(min(heights, default=0.0)), math.ceil(max(heights, default=1.0))
    if high == low:
        return low - 1, high + 1
    return low - (high - low) % 2, high


def _series(one: NamedBoundary, scale: str, alone: bool) -> list[Series]:
    """The lines of one boundary: capitals for efficacy, small letters for futility."""
    figures = one.figures
    efficacy, futility = ("E", "f") if alone else (one.letter, one.letter.lower())
    looks = figures["looks"]
    if scale == "spending":
        lines = [Series(f"{one.efficacy}: alpha", efficacy, _spent(looks, "alpha_spent"))]
        if _stops_futile(one) and figures["power"] is not None:
            lines.append(Series(f"{one.futility}: beta", futility, _spent(looks, "beta_spent")))
        return lines
    lines = []
    for name, letter, key in ((one.efficacy, efficacy, "efficacy_z"), (one.futility, futility, "futility_z")):
        for sign in (1, -1) if scale == "z" and figures["sided"] == 2 else (1,):
            points = [
                (look["information"], _height(look[key], scale, figures["sided"], sign)) for look in looks
            ]
            if any(math.isfinite(y) for _, y in points):
                lines.append(Series(name, letter, points))
    return lines


def _height(z: float | None, scale: str, sided: int, sign: int) -> float:
    """Where a limit stands on the y axis."""
    if z is None:
        return math.nan
    if scale == "z":
        return sign * z
    p = math.erfc(z / math.sqrt(2)) * (1.0 if sided == 2 else 0.5)
    return math.log10(max(p, _LEAST_P))


def _spent(looks: Sequence[Mapping[str, Any]], key: str) -> list[Point]:
    """Cumulative error as a share of all of it, from nothing at the start."""
    total = looks[-1][key] or 1.0
    return [(0.0, 0.0), *((look["information"], look[key] / total) for look in looks)]


def _key(boundaries: Sequence[NamedBoundary], scale: str) -> str:
    what = {"z": "efficacy limit", "p": "p at the efficacy limit", "spending": "share of alpha spent"}[scale]
    other = {"z": "futility limit", "p": "p at the futility limit", "spending": "share of beta spent"}[scale]
    if len(boundaries) == 1:
        futile = f"; f: {other}" if _stops_futile(boundaries[0]) else ""
        return f"E: {what}{futile}."
    futile = f"; small letters: {other}" if any(map(_stops_futile, boundaries)) else ""
    return f"Capital letters: {what}{futile}; * where several meet."
