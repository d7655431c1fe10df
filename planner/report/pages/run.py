"""A run put into words: three small tables that answer three questions, and what rests on what."""

from __future__ import annotations

import re
from collections.abc import Sequence

from planner._version import __version__
from planner.model.stopping.remarks import LimitReport
from planner.report.blocks import Block, Facts, Heading
from planner.report.context import PageContext, SharedCell, sidedness
from planner.report.pages.common import (
    ERRORS,
    again,
    analyses,
    completers,
    how_to_read,
    identity,
    interruption,
    question,
    sources,
    title,
)
from planner.report.pages.parts.alternatives import ABOUT_EQUIVALENCE, in_words
from planner.report.pages.parts.blinding import guesses_made
from planner.report.pages.parts.dropout import about_dropout
from planner.report.pages.parts.limits import about_limits
from planner.report.pages.parts.scaled import about_parts, about_scaled, about_scaled_limits
from planner.report.pages.parts.two_stage import about_stages, errors_sheet
from planner.report.pages.parts.uncertain import (
    about_uncertainty,
    has_variants,
    in_variants,
    powers,
    what_is_uncertain,
)
from planner.report.pages.parts.whole_trial import each_alone, together
from planner.report.pages.run_answer import answers_of_run
from planner.report.pages.run_tables import (
    FEW,
    bias_if_stopped,
    cannot_stop,
    has_interim_looks,
    merge_identical,
    stop_reasons,
    tables,
    tells_exaggeration,
    too_few,
    too_few_stops,
    too_high,
)
from planner.results.carryover_sentences import BEGIN, labels
from planner.results.cells import Cell
from planner.results.effect_scale import RATIO
from planner.results.irregular_trials import on_errors, on_undefined, undefined_in_any
from planner.results.number_text import DASH, estimated, plain
from planner.results.own_estimates import on_other_scales
from planner.results.run import Run
from planner.results.uncertain_numbers import uncertain_numbers
from planner.scenario.canonical.resolved import digest
from planner.scenario.text import count, listed

FEW_NAMED = 3  # cells that are named in a line about them; of more the range is stated


def run_page(result: Run, context: PageContext) -> list[Block]:
    """The result of `planner run` as blocks: header, tables, how to read them."""
    every = result.cells_with_carryover()
    rows = merge_identical(every, context)
    blocks = _header(result, context, [row.cell for row in rows])
    blocks += each_alone(row.cell.analysis for row in rows)
    far = on_other_scales(result.scenario, every, labels(result.scenario))
    blocks += tables(rows, context, result.limits, far)
    if result.stage_errors:
        blocks += [Heading("Type I error of the rule elsewhere (exact, complete trials)")]
        blocks += [errors_sheet(result.stage_errors)]
    blocks += together(result.whole_trials(every), rows, context)
    if result.variants is not None:
        blocks += _uncertain(result, context, [row.cell for row in rows])
    blocks += how_to_read(_reading(rows, context, result.limits))
    return blocks + again(context.command, partial=result.partial)


def warnings_on_page(warnings: Sequence[str], context: PageContext) -> set[str]:
    """Those of the warnings of a run that stand on its page."""
    return {warning for warning in warnings if warning in context.warnings or _ON_PAGE.search(warning)}


_ON_PAGE = re.compile(
    rf"^{BEGIN}|^interrupted: |^type I error of | could not be computed | is farther from the truth|"
    ", an analysis of your own, is |only known roughly$"
)


def _uncertain(result: Run, context: PageContext, cells: Sequence[Cell]) -> list[Block]:
    """How much hangs on what is uncertain, and what that is."""
    numbers = what_is_uncertain(uncertain_numbers(result.scenario), result.outcome.cells.hypotheses)
    return [
        Heading("How much hangs on what is uncertain?"),
        powers(cells, context),
        Heading("What was uncertain"),
        *numbers,
    ]


def _header(result: Run, context: PageContext, cells: Sequence[Cell]) -> list[Block]:
    blocks: list[Block] = [title(result.name, result.scenario.title)]
    if result.partial:
        blocks.append(interruption(count(result.trials, "trial")))
    facts = [*question(context), identity(result.name, digest(result.scenario)), ("Design", context.design)]
    facts += [("Endpoint", context.endpoint), *analyses((cell.analysis for cell in cells), context)]
    facts.append(
        (
            "Simulated",
            f"{count(result.trials, 'virtual trial')} under each hypothesis, {in_variants(result.variants)}"
            f"seed {result.outcome.cells.seed}, planner {__version__}",
        )
    )
    return [*blocks, *answers_of_run(cells, context), Facts(facts)]


def _reading(
    rows: Sequence[SharedCell], context: PageContext, limits: Sequence[LimitReport] = ()
) -> list[str]:
    """The tables explained, only as far as they show something."""
    cells = [row.cell for row in rows]
    items = [
        ERRORS,
        "Power is the share of virtual trials whose primary test is significant"
        + (", at any look." if has_interim_looks(rows) else "."),
    ]
    if any(cell.equivalence is not None and cell.scaled is None for cell in cells):
        items.append(ABOUT_EQUIVALENCE)
    if has_variants(cells):
        items += about_uncertainty(cells)
    if any(row.same for row in rows):
        items.append(
            "= joins hypotheses that this design cannot separate: they predict the same for every treatment "
            "in every period, so that their virtual trials are the same to the last digit."
        )
    items += _about_type_one_errors(cells, context)
    items += about_scaled(cells) + about_parts(cells)
    items += about_stages(cells)
    items += about_scaled_limits([cell.type1_at_limit for cell in cells])
    items += about_limits(limits)
    items += _about_true_effects(cells, context)
    items += context.about_scale(cells)
    if has_interim_looks(rows):
        items.append(
            ("Efficacy and futility" if context.futility else "Efficacy")
            + ": the share of trials that end at this look for that reason. Over all looks, efficacy adds up "
            "to the power."
        )
        if any(stop[-1] in stop_reasons(context) for stop in cannot_stop(cells, limits)):
            items.append(f"{DASH} at a look: it cannot stop for that reason, whatever the data are.")
        items.append(
            "Expected patients counts those randomised when the trial stops. A trial that stops early for "
            "efficacy tends to overestimate"
            + (", one that stops for futility to underestimate" if context.futility else "")
            + ": see the bias if stopped."
        )
    names = list(dict.fromkeys(cell.analysis for cell in cells))
    if has_interim_looks(rows) or set(context.partial) & set(names):
        items.append(completers(context, names))
    items += about_dropout(cells)
    if guesses_made(cells):
        items.append(
            "Guess right: patients guess after each period whether the treatment was active; the share of "
            "these guesses that are right, counted as if no trial stopped early. Who guesses at random is "
            "right half the time."
        )
    exaggerated = tells_exaggeration(cells)
    if exaggerated:
        items.append(
            "Exaggeration (type M error): the mean estimate of the significant trials, over the true effect."
        )
    stops = stop_reasons(context) if has_interim_looks(rows) else ()
    if any(
        (exaggerated and too_few(cell) and cell.estimate.exaggeration_given_efficacy is not None)
        or any(
            too_few_stops(cell, reason) and bias_if_stopped(cell, reason)[0] is not None for reason in stops
        )
        for cell in cells
    ):
        items.append(f"A mean over fewer than {FEW} trials rests on too little and is left out (–).")
    return items + _about_single_cells(cells, context) + sources(context)


def _about_true_effects(cells: Sequence[Cell], context: PageContext) -> list[str]:
    """What the true effect is, and what estimates are compared with it."""
    first = "in a first period, without carryover and with complete follow-up"
    items = []
    if any(not context.units[cell.analysis].ratio for cell in cells):
        items.append(f"True effect, and bias against it: the mean difference {first}.")
    if any(context.units[cell.analysis].ratio for cell in cells):
        items.append(
            f"True {RATIO}: {first}. The bias is that of the mean logarithm of the estimates, as a ratio "
            f"less 1{'; exaggeration is of logarithms' if tells_exaggeration(cells) else ''}."
        )
    return items


def _which(cell: Cell, cells: Sequence[Cell], context: PageContext) -> str:
    several = len({each.analysis for each in cells}) > 1
    return context.called(cell.hypothesis) + (f" ({cell.analysis})" if several else "")


def _about_type_one_errors(cells: Sequence[Cell], context: PageContext) -> list[str]:
    """What they are, which are too high and why."""
    items = []
    if any(cell.is_null for cell in cells):
        reasons = dict.fromkeys(in_words(cell.alternative).reason for cell in cells if cell.is_null)
        items.append(
            f"Type I error: {listed(list(reasons), 'or')}, so a significant trial is a false alarm; the "
            f"share should not exceed {_levels(cells)}."
        )
    flagged: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        if too_high(cell):
            why = plain(cell.alpha), context.carryover.get(cell.hypothesis, "")
            flagged.setdefault(why, []).append(f"“{_which(cell, cells, context)}”")
    items += [
        f"Too high: under {listed(names)} the type I error exceeds alpha = {alpha} by more than Monte Carlo "
        "error." + (f" The likely reason is {reason}." if reason else "")
        for (alpha, reason), names in flagged.items()
    ]
    return items + _despite_futility(cells, context)


def _despite_futility(cells: Sequence[Cell], context: PageContext) -> list[str]:
    """The type I errors of trials that go on where they may stop for futility, in one line."""
    errors_by_name = [
        (cell.power_ignoring_futility, _which(cell, cells, context))
        for cell in cells
        if cell.is_null and cell.power_ignoring_futility is not None
    ]
    if not errors_by_name:
        return []
    errors = [estimated(figure, percent=True) for figure, _ in errors_by_name]
    if len(errors_by_name) <= FEW_NAMED:
        text = errors[0] if len(set(errors)) == 1 else listed(errors)
        return [
            f"{listed([name for _, name in errors_by_name])}: were the trial to go on despite futility, the "
            f"type I error would be {text}; this is what alpha limits."
        ]
    in_order = sorted((figure for figure, _ in errors_by_name), key=lambda figure: figure.estimate)
    low, high = (estimated(figure, percent=True) for figure in (in_order[0], in_order[-1]))
    return [
        "Were the trials to go on despite futility, the type I errors would be "
        f"{low if low == high else f'from {low} to {high}'}; these are what alpha limits."
    ]


def _about_single_cells(cells: Sequence[Cell], context: PageContext) -> list[str]:
    """The notes of cells, alike ones together; in one line an analysis how often a test was undefined."""
    items: dict[str, list[str]] = {}
    for cell in cells:
        undefined = " ".join(on_undefined(cell))
        note = " ".join(on_errors(cell)) if cell.is_null else cell.note
        if note := " ".join(note.replace(undefined, "").split()):
            items.setdefault(note, []).append(_which(cell, cells, context))
    return [
        *undefined_in_any([(cell, f"“{context.called(cell.hypothesis)}”") for cell in cells]),
        *(f"{listed(names)}: {note}" for note, names in items.items()),
    ]


def _levels(cells: Sequence[Cell]) -> str:
    return listed(
        list(dict.fromkeys(f"alpha = {plain(c.alpha)} ({sidedness(c.alternative)})" for c in cells)),
        "or",
    )
