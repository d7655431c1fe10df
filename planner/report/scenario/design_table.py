"""The design table in words: what a comparison costs in this design, and what carryover does to it."""

from __future__ import annotations

from planner.model.design_table import DesignRow, RandomPatients
from planner.report.blocks import Block, Column, Heading, Items, Prose, Sheet
from planner.results.number_text import DASH, percent, plain, signed
from planner.scenario.contrasts import formula, weights
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed
from planner.scenario.vocabulary import METHODS

_MOST_GROUPS = 4  # groups of hypotheses that state how much patients differ


def design_blocks(scenario: Scenario, rows: tuple[DesignRow, ...]) -> list[Block]:
    """A table with a row for each comparison and model, and what must be known to read it."""
    if not rows or all(a.row.binary for a in scenario.analyses):
        return []  # shares of patients have no SD within patients
    blocks: list[Block] = [Heading("Precision of comparisons of scores in this design, and their bias")]
    if scenario.design.periods == 1:
        return [*blocks, Items(_parallel(scenario, rows))]
    ratio = scenario.endpoint.on_logs
    blocks += [Prose(_how_to_read(scenario, rows)), _sheet(rows, ratio=ratio)]
    notes = _biases(scenario, rows) + _between(rows, ratio=ratio)
    return blocks + ([Items(notes)] if notes else [])


def _how_to_read(scenario: Scenario, rows: tuple[DesignRow, ...]) -> str:
    pairs = all(len(weights(a.contrast)) == 2 for a in scenario.analyses)
    against = (
        "an AB/BA trial of as many patients"
        if pairs
        else "a trial that gives as many patients all of it once"
    )
    point = scenario.endpoint.unit if scenario.endpoint.unit != "points" else "point"
    what, spread = "comparison", "SD within patients"
    moved = f"by how much the comparison is moved for each {point}"
    if scenario.endpoint.on_logs:
        what, spread = "logarithm of the ratio", "SD of logarithms within patients"
        moved = "by how many per cent the ratio is moved for each per cent"
    able = listed([name for name, row in METHODS.items() if row.carryover], "or")
    allowed = (
        f" carryover = true in an analysis by {able} puts carryover into the model."
        if any(row.carryover and row.estimable for row in rows)
        else ""
    )
    return (
        f"By least squares within patients, if nobody leaves: variance of the {what} = factor x ({spread})^2 "
        f"/ patients. Efficiency: against {against}. Bias: {moved} that its first treatment carries over, "
        f"into the next period or into all later ones.{allowed}"
    )


def _sheet(rows: tuple[DesignRow, ...], *, ratio: bool) -> Sheet:
    columns = [Column("Comparison", number=False), Column("Carryover", number=False)]
    columns += [Column(title) for title in ("Factor", "Efficiency", "Bias, next", "Bias, all later")]
    return Sheet(columns, [_cells(row, ratio=ratio) for row in rows])


def _cells(row: DesignRow, *, ratio: bool) -> list[str]:
    head = [formula(row.contrast, ratio=ratio), "in the model" if row.carryover else "left out"]
    if row.variance_factor is None or row.efficiency is None:
        return [*head, "not within patients", DASH, DASH, DASH]
    biases = [_coefficient(row.bias_first_order), _coefficient(row.bias_lasting)]
    return [*head, plain(row.variance_factor, 4), percent(row.efficiency), *biases]


def _coefficient(x: float | None) -> str:
    return DASH if x is None else "0" if abs(x) < 1e-9 else signed(round(x, 4))


def _biases(scenario: Scenario, rows: tuple[DesignRow, ...]) -> list[str]:
    """Whose carryover moves a comparison, where it is not that of its two treatments in equal measure."""
    sentences = []
    for row in rows:
        compared = list(weights(row.contrast))
        each = row.bias_by_treatment
        if not each:
            continue
        a, b = compared[0], compared[1]
        mirrored = len(compared) == 2 and all(
            abs(x.first_order + each[b].first_order) < 1e-9 and abs(x.lasting + each[b].lasting) < 1e-9
            if name == a
            else name == b or max(abs(x.first_order), abs(x.lasting)) < 1e-9
            for name, x in each.items()
        )
        if mirrored:
            continue
        called = formula(row.contrast, ratio=scenario.endpoint.on_logs)
        model = "with carryover in the model" if row.carryover else "carryover left out"
        parts = [
            f"{_coefficient(x.first_order)} / {_coefficient(x.lasting)} of {name}"
            for name, x in each.items()
            if max(abs(x.first_order), abs(x.lasting)) >= 1e-9
        ]
        sentences.append(f"Bias of {called} by treatment, {model} (next / all later): {listed(parts)}.")
    if any(row.bias_by_treatment for row in rows) and not sentences and len(scenario.design.treatments) == 2:
        sentences.append(
            "Carryover of the second treatment biases as much the other way: equal carryover cancels."
        )
    proof = [row for row in rows if row.carryover and row.estimable and abs(row.bias_lasting or 0.0) > 1e-9]
    if proof:
        sentences.append(
            "With carryover in the model what reaches the next period only biases nothing; a response that "
            "lasts longer still does."
        )
    return sentences


def _between(rows: tuple[DesignRow, ...], *, ratio: bool) -> list[str]:
    """What differences between patients would add, where hypotheses say how much patients differ."""
    sentences = []
    for contrast in {formula(row.contrast, ratio=ratio): None for row in rows}:
        models = [row for row in rows if formula(row.contrast, ratio=ratio) == contrast]
        for i, first in enumerate(models[0].random[:_MOST_GROUPS]):
            random = [(row.carryover, row.random[i]) for row in models]
            within = {row.carryover: row.estimable for row in models}
            factors = listed([_factor(carryover, each, within[carryover]) for carryover, each in random])
            sentences.append(
                f"{contrast} under {listed(list(first.hypotheses))}, where patients differ with "
                f"{plain(first.ratio, 3)} times the variance within: with patients as a random sample "
                f"{factors}. {_against_parallel(random[0][1])}"
            )
        if len(models[0].random) > _MOST_GROUPS:
            sentences.append(
                f"{len(models[0].random) - _MOST_GROUPS} more are in `show --json`: plan.design_table."
            )
    return sentences


def _factor(carryover: bool, each: RandomPatients, within: bool) -> str:
    """The factor under one model; `within`: whether the patients' own differences estimate it at all."""
    model = "with carryover in the model" if carryover else "without carryover"
    if each.variance_factor is None:
        return f"not estimable {model}"
    alone = "" if within else " (from comparing patients with each other, not within patients)"
    return f"factor {plain(each.variance_factor, 4)} {model}{alone}"


def _against_parallel(each: RandomPatients) -> str:
    if each.efficiency_parallel is None:
        return ""
    return (
        f"Parallel groups with one score each would need {plain(each.efficiency_parallel, 3)} times as many "
        "patients."
    )


def _parallel(scenario: Scenario, rows: tuple[DesignRow, ...]) -> list[str]:
    """One period: patients are compared with other patients, and nothing carries over."""
    unit, ratio = scenario.design.unit, scenario.endpoint.on_logs
    what = "logarithms" if ratio else "scores"
    sentences = []
    for row in rows:
        share = {
            a: sum(
                n
                for s, n in zip(scenario.design.sequences, scenario.design.allocation, strict=True)
                if s[0] == a
            )
            for a in weights(row.contrast)
        }
        factor = sum(w * w * unit / share[a] for a, w in weights(row.contrast).items())
        sentences.append(
            f"{formula(row.contrast, ratio=ratio)}: variance = {plain(factor, 4)} x (SD of the {what} of "
            "different patients)^2 / patients. Patients are compared with other patients; nothing is carried "
            "over."
        )
        for each in row.random[:_MOST_GROUPS]:
            if each.variance_factor is None:
                continue
            sentences.append(
                f"Under {listed(list(each.hypotheses))} that is {plain(each.variance_factor, 4)} x (SD "
                "within patients)^2 / patients. Were each patient given all of these treatments once, "
                f"{percent(each.efficiency or 1.0)} of the patients would do."
            )
    return sentences
