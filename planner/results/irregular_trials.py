"""Trials without a test, or with an error beyond what is kept: how often, in words."""

from __future__ import annotations

from collections.abc import Sequence

from planner.results.cells import Cell, LookFigures
from planner.results.number_text import percent
from planner.scenario.text import listed

WHY = (
    "A test is undefined where too few patients are left, or where the treatments differ without any spread "
    "between the patients."
)
_NAMED = 3  # hypotheses that are named where something happens under them alone; of more only the range


def on_undefined(cell: Cell) -> list[str]:
    """How often the test was undefined at each look, what then happens, and why that is; if ever."""
    sentences = [
        f"At look {look.look} the test was undefined in {share(look.undefined.estimate)} of the trials: they "
        "go on."
        for look in _goes_on(cell)
        if look.undefined.estimate > 0.0
    ]
    if (x := cell.undefined.estimate) > 0.0:
        effect = "these count as not significant"
        sentences.append(f"The test was undefined in {share(x)} of the trials: {effect}.")
    return [*sentences, WHY] if sentences else []


def _goes_on(cell: Cell) -> Sequence[LookFigures]:
    """The looks after which a trial without a test goes on; one without a test in stage 1 has no stage 2."""
    return () if cell.two_stage is not None else cell.looks[:-1]


def undefined_in_any(cells: Sequence[tuple[Cell, str]]) -> list[str]:
    """The same for all cells in one line an analysis, with the range over what each cell is under."""
    lines = []
    for analysis, rows in _by_analysis(cells).items():
        parts = [
            f"at look {look} the test was undefined{under} in {shares} of the trials: they go on."
            for look, under, shares in _early(rows)
        ]
        if extent := _ranged([(cell.undefined.estimate, under) for cell, under in rows]):
            under, shares = extent
            parts.append(f"the test was undefined{under} in {shares} of the trials: not significant.")
        if parts:
            several = len({cell.analysis for cell, _ in cells}) > 1
            text = " ".join([*(f"{part[:1].upper()}{part[1:]}" for part in parts), WHY])
            lines.append(f"{analysis}: {text}" if several else text)
    return lines


def on_errors(cell: Cell) -> list[str]:
    """Whether errors of estimates were too large, or too much the same, for their sums; if any were."""
    estimate, sentences = cell.estimate, []
    if (x := _beyond_range(cell)) > 0.0:
        sentences.append(_beyond(cell, share(x)))
    return [*sentences, _ROUGH] if estimate.empirical_se_is_rough else sentences


_ROUGH = (
    "The estimates are all about equally far from the truth, so that their standard error, and the Monte "
    "Carlo errors that come from it, are only known roughly."
)


def _beyond(cell: Cell, shares: str, under: str = "") -> str:
    return (
        f"In {shares} of the trials{under} the estimate is farther from the truth than "
        f"{cell.estimate.error_range:.6g}, and counts as that far: the real bias, standard error and "
        "root mean square error are larger than these."
    )


def warnings(cells: Sequence[tuple[Cell, str]]) -> list[str]:
    """The same for all cells, each with the name of what it is under: a line for each analysis and look."""
    lines = []
    for analysis, rows in _by_analysis(cells).items():
        lines += [
            f"{analysis} could not be computed at look {look}{under} in {shares} of the trials; they go on"
            for look, under, shares in _early(rows)
        ]
        if extent := _ranged([(cell.undefined.estimate, under) for cell, under in rows]):
            under, shares = extent
            lines.append(
                f"{analysis} could not be computed{under} in {shares} of the trials; they count as not "
                "significant"
            )
        beyond = [(_beyond_range(cell), under) for cell, under in rows]
        texts = [_beyond(rows[0][0], extent[1], extent[0])] if (extent := _ranged(beyond)) else []
        rough = [(float(cell.estimate.empirical_se_is_rough), under) for cell, under in rows]
        if extent := _ranged(rough):
            texts.append(_ROUGH)
        lines += [f"{analysis}: {text[0].lower()}{text[1:].rstrip('.')}" for text in texts]
    return lines


def _by_analysis(cells: Sequence[tuple[Cell, str]]) -> dict[str, list[tuple[Cell, str]]]:
    rows: dict[str, list[tuple[Cell, str]]] = {}
    for cell, under in cells:
        rows.setdefault(cell.analysis, []).append((cell, under))
    return rows


def _early(rows: Sequence[tuple[Cell, str]]) -> list[tuple[int, str, str]]:
    """Looks before the last without a test in some trials: number, under what, and in how many."""
    at: dict[int, list[tuple[float, str]]] = {}
    for cell, under in rows:
        for look in _goes_on(cell):
            at.setdefault(look.look, []).append((look.undefined.estimate, under))
    return [(look, *extent) for look, each in at.items() if (extent := _ranged(each))]


def _ranged(rows: Sequence[tuple[float, str]]) -> tuple[str, str] | None:
    """Under what something happens, empty where under all, and the range of its shares; None if never."""
    some = [(x, under) for x, under in rows if x > 0.0]
    if not some:
        return None
    named = list(dict.fromkeys(under for _, under in some))
    everywhere = len(named) == len({under for _, under in rows})
    few = not everywhere and len(named) <= _NAMED
    low, high = min(x for x, _ in some), max(x for x, _ in some)
    if share(low) == share(high) and (everywhere or few or low < _LEAST):
        shares = share(high)
    elif low < _LEAST or not (everywhere or few):
        shares = f"up to {share(high)}"
    else:
        shares = f"{share(low)} to {share(high)}"
    return (f" under {listed(named)}" if few else ""), shares


_LEAST = 0.0001  # a share below it is not written as a number


def share(x: float) -> str:
    """A share of trials that is not 0, in per cent."""
    return percent(x) if x >= _LEAST else "less than 0.01 %"


def _beyond_range(cell: Cell) -> float:
    """The share of trials whose error is larger than what is kept."""
    share = cell.estimate.beyond_range
    return 0.0 if share is None else share.estimate
