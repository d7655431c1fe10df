"""Boundaries put into words: the limits with their p values, what they cost and give, and a plot."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from planner.monitoring.boundaries import Boundary, BoundaryLook
from planner.questions.boundaries import Boundaries, TestedByT, t_test
from planner.report.blocks import Axis, Block, Column, Facts, Heading, Plot, Point, Prose, Series, Sheet
from planner.results.number_text import DASH, fixed, percent, plain
from planner.scenario.stopping_rules import EFFICACY_RULES, FUTILITY_RULES
from planner.scenario.text import count, listed

SCALES = {"z": "z", "p": "nominal p", "spending": "share of the error spent"}
_LEAST_P = 1e-8  # the p scale of a plot ends here


class NamedBoundary(NamedTuple):
    """A solved boundary with the names of its rules."""

    letter: str
    efficacy: str
    futility: str
    solved: Boundary
    t_test: TestedByT | None


def sections_of(result: Boundaries) -> list[NamedBoundary]:
    """The boundaries with letters from A."""
    sections = []
    for index, one in enumerate(result.solved):
        futility = FUTILITY_RULES[one.futility].title
        if one.futility != "none":
            futility += ", binding" if one.binding else ", non-binding"
        efficacy = f"{one.efficacy} ({EFFICACY_RULES[one.efficacy].title})"
        letter = chr(ord("A") + index)
        sections.append(NamedBoundary(letter, efficacy, futility, one, t_test(one, result.patients)))
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
    first = boundaries[0]
    blocks: list[Block] = [
        Heading("Stopping boundaries" if len(boundaries) == 1 else "Stopping boundaries side by side", 1),
        Facts(_facts(boundaries, first, patients)),
    ]
    if len(boundaries) == 1:
        blocks += [Heading("Limits"), _limits(boundaries[0], patients), Heading("Error spent and stops")]
        blocks += [_stops(first), Prose(_legend(first.solved))]
    else:
        blocks += [Heading("Limits"), _side_by_side(boundaries, patients)]
        blocks += [Heading("What they cost and give"), _summary(boundaries, patients)]
        blocks += [Prose(_legend(first.solved))]
    if scale is not None:
        title = "Limits as nominal p" if scale == "p" else "Limits on the z scale"
        blocks.append(Heading("Error spent" if scale == "spending" else title))
        blocks += [_picture(boundaries, scale), Prose(_key(boundaries, scale))]
    return blocks


def _facts(
    boundaries: Sequence[NamedBoundary], first: NamedBoundary, patients: Sequence[int] | None
) -> list[tuple[str, str]]:
    solved = first.solved
    sided = "one-sided" if solved.sided == 1 else "two-sided, half on each side"
    facts = [("Test", f"alpha {plain(solved.alpha)}, {sided}")]
    if len(boundaries) > 1:
        return [*facts, *((one.letter, f"{one.efficacy}; futility: {one.futility}") for one in boundaries)]
    facts += [("Efficacy", boundaries[0].efficacy), ("Futility", boundaries[0].futility)]
    facts.append(("Power", f"{percent(solved.power, places=2)} at drift {plain(solved.drift, 5)}"))
    if solved.inflation is not None:
        facts.append(
            (
                "Inflation",
                f"{fixed(solved.inflation, 4)} times the information of a fixed design of this power",
            )
        )
    if first.t_test is not None:
        facts.append(("As t test", _as_t_test(first.t_test)))
    for name, share in (
        ("no effect", solved.expected_information_null),
        ("effect", solved.expected_information_alternative),
    ):
        facts.append((f"Expected, {name}", _expected(share, solved.inflation, patients)))
    return facts


def _as_t_test(tested: TestedByT) -> str:
    """What a t test makes of the limits."""
    df = listed([str(df) for df in tested.df])
    return (
        f"type I error {percent(tested.type_one_error, places=2)} in an AB/BA trial of so many patients, "
        f"held to the same p at each look (df {df})"
    )


def _expected(share: float | None, inflation: float | None, patients: Sequence[int] | None) -> str:
    """Expected information, also in patients where they are known and relative to a fixed design."""
    if share is None:
        return DASH
    text = f"{percent(share, places=2)} of the maximum information"
    if patients:
        text = f"{fixed(share * patients[-1], 1)} of {count(patients[-1], 'patient')}"
    return text if inflation is None else f"{text}, {percent(share * inflation, places=2)} of a fixed design"


def _legend(solved: Boundary) -> str:
    side = (
        "p is two-sided, and so are alpha and the chance of an efficacy stop without effect; "
        "power and the stops under the effect count the side of the effect only. "
        if solved.sided == 2
        else "p is one-sided. "
    )
    return (
        side
        + "The drift is the expected z of the last look. Without effect, efficacy stops and alpha ignore "
        "non-binding futility; all else stops for futility where the limits say so."
    )


def _limits(one: NamedBoundary, patients: Sequence[int] | None) -> Sheet:
    sided, futile = one.solved.sided, _stops_futile(one)
    bars = "|z|" if sided == 2 else "z"
    columns = [
        Column("Look", number=False),
        *([Column("Patients")] if patients else []),
        Column("Information"),
    ]
    columns += [Column(f"Reject at {bars} ≥"), Column("p")]
    columns += [Column(f"Futile at {bars} ≤"), Column("p")] if futile else []
    rows = []
    for k, look in enumerate(one.solved.looks):
        row = [str(look.look), *([str(patients[k])] if patients else []), plain(look.information)]
        row += [_z(look.efficacy_z), plain(look.nominal_p)]
        row += [_z(look.futility_z), _p(look.futility_z, sided)] if futile else []
        rows.append(row)
    return Sheet(columns, rows)


def _stops(one: NamedBoundary) -> Sheet:
    named: list[tuple[str, Callable[[BoundaryLook], str]]] = [
        ("Alpha spent", lambda look: plain(look.alpha_spent)),
        ("Beta spent", lambda look: plain(look.beta_spent)),
        ("Efficacy, no effect", lambda look: percent(look.p_efficacy_null, places=2)),
        ("Efficacy, effect", lambda look: percent(look.p_efficacy_alternative, places=2)),
    ]
    if _stops_futile(one):
        named += [
            ("Futility, no effect", lambda look: percent(look.p_futility_null, places=2)),
            ("Futility, effect", lambda look: percent(look.p_futility_alternative, places=2)),
        ]
    columns = [Column("Look", number=False), *(Column(title) for title, _ in named)]
    rows = [[str(look.look), *(written(look) for _, written in named)] for look in one.solved.looks]
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
    for k, look in enumerate(boundaries[0].solved.looks):
        row = [str(look.look), *([str(patients[k])] if patients else []), plain(look.information)]
        for one in boundaries:
            own = one.solved.looks[k]
            row += [_z(own.efficacy_z), plain(own.nominal_p)]
            if _stops_futile(one):
                row += [_z(own.futility_z), _p(own.futility_z, one.solved.sided)]
        rows.append(row)
    return Sheet(columns, rows)


def _stops_futile(one: NamedBoundary) -> bool:
    return any(look.futility_z is not None for look in one.solved.looks)


def _summary(boundaries: Sequence[NamedBoundary], patients: Sequence[int] | None) -> Sheet:
    columns = [Column("Rule", number=False)]
    columns += [Column(title) for title in ("Alpha", "Power", "Drift", "Inflation")]
    unit = "patients" if patients else "information"
    columns += [Column(f"Expected {unit}, no effect"), Column(f"Expected {unit}, effect")]
    columns += [Column("Type I error as t test")] if any(one.t_test for one in boundaries) else []
    rows = []
    for one in boundaries:
        own = one.solved
        row = [one.letter, plain(own.alpha_spent[-1]), percent(own.power, places=2)]
        row += [plain(own.drift, 5), DASH if own.inflation is None else fixed(own.inflation, 4)]
        for share in (own.expected_information_null, own.expected_information_alternative):
            if patients and share is not None:
                row.append(fixed(share * patients[-1], 1))
            else:
                row.append(percent(share, places=2))
        if one.t_test is not None:
            row.append(percent(one.t_test.type_one_error, places=2))
        rows.append(row)
    return Sheet(columns, rows)


def _z(z: float | None) -> str:
    return DASH if z is None else fixed(z, 4)


def _p(z: float | None, sided: int) -> str:
    """The p value of a z: of its upper tail, or of both tails."""
    if z is None:
        return DASH
    return plain(math.erfc(abs(z) / math.sqrt(2)) if sided == 2 else math.erfc(z / math.sqrt(2)) / 2)


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
    sided, looks = one.solved.sided, one.solved.looks
    efficacy, futility = ("E", "f") if alone else (one.letter, one.letter.lower())
    if scale == "spending":
        lines = [
            Series(
                f"{one.efficacy}: alpha",
                efficacy,
                _spent([(look.information, look.alpha_spent) for look in looks]),
            )
        ]
        if _stops_futile(one) and one.solved.power is not None:
            lines.append(
                Series(
                    f"{one.futility}: beta",
                    futility,
                    _spent([(look.information, look.beta_spent or 0.0) for look in looks]),
                )
            )
        return lines
    lines = []
    limits = [(look.information, look.efficacy_z, look.futility_z) for look in looks]
    for name, letter, zs in (
        (one.efficacy, efficacy, [(information, z) for information, z, _ in limits]),
        (one.futility, futility, [(information, z) for information, _, z in limits]),
    ):
        for sign in (1, -1) if scale == "z" and sided == 2 else (1,):
            points = [(information, _height(z, scale, sided, sign)) for information, z in zs]
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


def _spent(spent: Sequence[Point]) -> list[Point]:
    """Cumulative error as a share of all of it, from nothing at the start."""
    total = spent[-1][1] or 1.0
    return [(0.0, 0.0), *((information, error / total) for information, error in spent)]


def _key(boundaries: Sequence[NamedBoundary], scale: str) -> str:
    what = {"z": "efficacy limit", "p": "p at the efficacy limit", "spending": "share of alpha spent"}[scale]
    other = {"z": "futility limit", "p": "p at the futility limit", "spending": "share of beta spent"}[scale]
    if len(boundaries) == 1:
        futile = f"; f: {other}" if _stops_futile(boundaries[0]) else ""
        return f"E: {what}{futile}."
    futile = f"; small letters: {other}" if any(map(_stops_futile, boundaries)) else ""
    return f"Capital letters: {what}{futile}; * where several meet."
