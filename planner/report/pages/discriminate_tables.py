"""The tables and pictures of telling mechanisms apart: how often the right one is named, and who is taken for
whom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.questions.discriminate.design_figures import (
    ClassRates,
    DecisionRates,
    DesignAnswers,
    DesignFigures,
    RatesPoint,
    SummariesFigures,
)
from planner.report.blocks import Axis, Block, Column, Heading, Plot, Prose, Series, Sheet
from planner.report.context import PageContext
from planner.results.figures import Figure
from planner.results.number_text import DASH, estimated, plus_minus
from planner.scenario.text import count, listed

_MATRICES = 4  # designs whose matrices are shown
_KEYS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHADES = ((0.75, "█"), (0.5, "▓"), (0.25, "▒"), (0.1, "░"))


def key_of(i: int) -> str:
    """A, B, ... Z, then A2, B2, ..."""
    turn = i // len(_KEYS)
    return _KEYS[i % len(_KEYS)] + (str(turn + 1) if turn else "")


def _percent(figure: Figure) -> str:
    """A share and its error in per cent, without the sign: the title of the table has it."""
    return plus_minus(100.0 * figure.estimate, 100.0 * figure.error)


def _shares(rates: DecisionRates) -> list[str]:
    """Right, decisively right and decisively wrong."""
    return [_percent(each) for each in (rates.p_right, rates.p_decisive_right, rates.p_decisive_wrong)]


def most(figures: DesignAnswers | ClassRates | SummariesFigures) -> str:
    """A ceiling in per cent; `≥` where no more than a lower bound is known."""
    return ("≥ " if figures.ceiling_rests_on.at_least else "") + _percent(figures.ceiling)


def figures(designs: Sequence[DesignFigures]) -> Sheet:
    """How often the true mechanism is named, and the true class of mechanisms."""
    titles = ("Right", "Decisive, right", "Decisive, wrong", "Inconclusive", "Right at most")
    rows = []
    for j, design in enumerate(designs):
        inset = "  " if len(designs) > 1 else ""
        if inset:
            rows.append([f"{j + 1} {design.design}", *("" for _ in titles)])
        parts: list[tuple[str, DesignAnswers | ClassRates]] = [
            (f"one of {len(design.hypotheses)} mechanisms", design.answers)
        ]
        structural, practical = design.answers.structural_classes, design.answers.classes
        if 1 < len(structural) < len(design.hypotheses):
            name = f"one of {len(structural)} classes\nthat differ"
            parts.append((name, design.answers.by_class.structural))
        if 1 < len(practical) < len(design.hypotheses) and practical != structural:
            name = f"one of {len(practical)} classes\nhard to tell apart"
            parts.append((name, design.answers.by_class.practical))
        rows += [
            [inset + what, *_shares(each.rates), _percent(each.rates.p_inconclusive), most(each)]
            for what, each in parts
        ]
    return Sheet([Column("What is named", number=False), *map(Column, titles)], rows)


def curves(designs: Sequence[DesignFigures]) -> list[Block]:
    blocks: list[Block] = [_picture(designs)]
    marks = [f"{_mark(j)}: {design.design}" for j, design in enumerate(designs)] if len(designs) > 1 else []
    lines = f"Broken line{'s' if len(designs) > 1 else ''}: what endless patients would reach."
    blocks.append(Prose(f"{'; '.join(marks)}. {lines}" if marks else lines))
    if len(designs) == 1:
        blocks.append(_curve(designs[0]))
    return blocks


def _mark(j: int) -> str:
    return str(j + 1) if j < 9 else _KEYS[j - 9].lower()


def _picture(designs: Sequence[DesignFigures]) -> Plot:
    most = float(max(point.patients for design in designs for point in design.answers.curve))
    series = []
    for j, design in enumerate(designs):
        name, ceiling = design.design, design.answers.ceiling.estimate
        points = [(float(each.patients), each.rates.p_right.estimate) for each in design.answers.curve]
        series.append(Series(f"{name}, endless patients", "", [(0.0, ceiling), (most, ceiling)], "broken"))
        series.append(Series(name, _mark(j) if len(designs) > 1 else "o", points))
    return Plot("lines", series, Axis("patients", 0.0, most), Axis("right", 0.0, 1.0, "share"))


def _curve(design: DesignFigures) -> Sheet:
    columns = [
        Column(t) for t in ("Patients", "Visits", "Right", "Decisive, right", "Decisive, wrong", "Bits")
    ]
    rows = []
    for point in design.answers.curve:
        shares = _shares(point.rates)
        rows.append([f"{point.patients:,}", f"{point.visits:,}", *shares, estimated(point.information_bits)])
    loud = frozenset(i for i, p in enumerate(design.answers.curve) if p.patients == design.patients)
    return Sheet(columns, rows, loud)


def same_patients(design: DesignFigures) -> RatesPoint:
    """A design, of several, with as many patients as the others."""
    assert design.equal_patients is not None
    return design.equal_patients


def same_visits(design: DesignFigures) -> RatesPoint:
    """A design, of several, with as many visits as the others."""
    assert design.equal_visits is not None
    return design.equal_visits


def equal(designs: Sequence[DesignFigures], point: Callable[[DesignFigures], RatesPoint]) -> Sheet:
    """Several designs with the same patients or the same visits."""
    titles = ("Patients", "Visits", "Right", "Decisive, right", "Decisive, wrong")
    rows = []
    for j, design in enumerate(designs):
        at = point(design)
        shares = _shares(at.rates)
        rows.append([f"{j + 1} {design.design}", f"{at.patients:,}", f"{at.visits:,}", *shares])
    return Sheet([Column("Design", number=False), *map(Column, titles)], rows)


# Who is taken for whom


def matrices(designs: Sequence[DesignFigures], contexts: Sequence[PageContext]) -> list[Block]:
    blocks: list[Block] = []
    for j, (design, context) in enumerate(list(zip(designs, contexts, strict=True))[:_MATRICES]):
        of = f": {design.design}" if len(designs) > 1 else ""
        patients = count(design.patients, "patient")
        blocks += [Heading(f"Who is taken for whom{of}"), _confusion(design, context)]
        if j == 0:
            blocks.append(
                Prose(
                    f"A row is what is true, a column what is named by {patients}: % of trials, · below 0.5. "
                    "░ from 10, ▒ from 25, ▓ from 50, █ from 75 %."
                )
            )
        if alike := _alike(design):
            blocks.append(Prose(alike))
        if len(designs) == 1:
            blocks += [Heading("Two at a time"), _pairwise(design, context)]
            blocks.append(
                Prose(
                    "How often the true one of two is named, % (50 is guessing): below the diagonal by "
                    f"{patients}, above it by endless patients."
                )
            )
    if len(designs) > _MATRICES:
        blocks.append(Prose(f"The matrices of the other {len(designs) - _MATRICES} designs are in the JSON."))
    return blocks


def _named(design: DesignFigures, context: PageContext, i: int) -> str:
    name = design.hypotheses[i]
    return f"{key_of(i)} {context.called(name)}"


def _confusion(design: DesignFigures, context: PageContext) -> Sheet:
    groups = _groups(design)
    columns = [Column("True", number=False), *(Column(key_of(group[0])) for group in groups)]
    rows = []
    for group in groups:
        named = design.answers.confusion[group[0]]
        cells = [_shaded(sum(named[i] for i in other)) for other in groups]
        rows.append([_named(design, context, group[0]), *cells])
    return Sheet(columns, rows)


def _groups(design: DesignFigures) -> list[list[int]]:
    """Places of the hypotheses, those together that are the same."""
    place = {name: i for i, name in enumerate(design.hypotheses)}
    return sorted([place[name] for name in group] for group in design.answers.structural_classes)


def _alike(design: DesignFigures) -> str:
    """`B stands for C and F too: they are the same here.`"""
    groups = [group for group in _groups(design) if len(group) > 1]
    phrases = [f"{key_of(own[0])} stands for {listed([key_of(i) for i in own[1:]])} too" for own in groups]
    return f"{'; '.join(phrases)}: here they are the same." if phrases else ""


def _shaded(share: float) -> str:
    """A share as a figure behind a shade, so that it can be seen from afar and read from near."""
    if share < 0.005:
        return "·"
    shade = next((sign for least, sign in _SHADES if share >= least), "")
    return f"{shade}{100 * share:.0f}"


def _pairwise(design: DesignFigures, context: PageContext) -> Sheet:
    size = [group[0] for group in _groups(design)]
    columns = [Column("", number=False), *(Column(key_of(i)) for i in size)]
    below, above = design.answers.pairs.p_right, design.answers.pairs.ceiling
    rows = []
    for i in size:
        cells = [
            DASH if (share := (below if j < i else above)[i][j]) is None else f"{100 * share:.0f}"
            for j in size
        ]
        rows.append([_named(design, context, i), *cells])
    return Sheet(columns, rows)


def added_summaries(design: DesignFigures) -> Sheet:
    columns = [Column("Judged by", number=False), Column("Right"), Column("Right at most"), Column("Bits")]
    rows = []
    for i, each in enumerate(design.answers.added):
        words = each.summaries[-1] if i == 0 else f"and {each.summaries[-1]}"
        shares = [_percent(each.p_right), most(each)]
        rows.append([words, *shares, estimated(each.information_bits)])
    return Sheet(columns, rows)
