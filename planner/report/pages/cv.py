"""The coefficient of variation in words: what it is, what it is on logs, and how large it may be."""

from __future__ import annotations

from planner.questions.cv import LogSpread, StudyCV, Variation
from planner.report.blocks import Block, Column, Heading, Prose, Sheet
from planner.report.pages.common import how_to_read
from planner.results.number_text import DASH, fixed, percent, plain
from planner.scenario.text import count

_TITLES = ("Df", "CV", "SD of logs", "SD of difference")


def cv_page(result: Variation) -> list[Block]:
    """The page of `planner cv`: the answer, the table, how to read it."""
    rows = [_row(_study(each), each.df, each.spread) for each in result.studies]
    if len(rows) > 1:
        rows.append(_row("All together", result.df, result.spread))
    limit = f"Upper limit, {percent(result.upper.confidence)}"
    rows.append(_row(limit, None, result.upper.spread))
    loud = frozenset({len(rows) - 2})
    blocks: list[Block] = [Heading("How variable is the outcome?", 1), Prose(_answer(result))]
    columns = [Column("", number=False), *map(Column, _TITLES)]
    return [*blocks, Sheet(columns, rows, loud), *how_to_read(_reading(result))]


def _answer(result: Variation) -> str:
    where = "within patients" if result.within else "of patients in parallel groups"
    of = "" if len(result.studies) == 1 else f", pooled over {len(result.studies)} studies"
    return (
        f"The CV {where} is {percent(result.spread.cv, places=2)}{of} "
        f"({count(round(result.df), 'degree of freedom', 'degrees of freedom')}); "
        f"with {percent(result.upper.confidence)} confidence it is at most "
        f"{percent(result.upper.spread.cv, places=2)}."
    )


def _study(study: StudyCV) -> str:
    """`24 patients, 2x2: ratio 1.023, 90 % interval 0.91 to 1.15`."""
    patients = count(study.patients, "patient")
    if study.groups is not None:
        patients = f"{' + '.join(map(str, study.groups))} patients"
    interval = study.interval
    if interval is None:
        return f"{patients}, {study.design}"
    limits = f"{percent(interval.level)} interval {plain(interval.low)} to {plain(interval.high)}"
    return f"{patients}, {study.design}:\nratio {plain(interval.ratio)}, {limits}"


def _row(name: str, df: float | None, spread: LogSpread) -> list[str]:
    difference = DASH if spread.sd_log_difference is None else fixed(spread.sd_log_difference, 4)
    known = "" if df is None else plain(df)
    return [name, known, percent(spread.cv, places=2), fixed(spread.sd_log, 4), difference]


def _reading(result: Variation) -> list[str]:
    items = ["The CV is of the outcome, the SD of its natural logs: SD^2 = ln(1 + CV^2)."]
    if result.within:
        items.append(
            "SD of difference: of the difference between the logs of two periods of one patient, the square "
            "root of 2 times the SD of logs."
        )
    else:
        items.append("In parallel groups the CV has differences between patients and within them together.")
    items.append(
        "The upper limit allows for the few degrees of freedom from which the CV is known: in "
        f"{percent(1.0 - result.upper.confidence)} of such studies the true one lies above it."
    )
    if result.within:
        stated, upper = (plain(each.cv) for each in (result.spread, result.upper.spread))
        items.append(
            f"In a scenario with a log-normal endpoint: cv_within = {stated}, or {upper} to plan "
            "for the upper limit."
        )
    if any(each.interval for each in result.studies):
        items.append(
            "An interval tells the CV by the formula of its design for complete data. Give the patients who "
            "were analysed, those of each sequence where they are known."
        )
    return items
