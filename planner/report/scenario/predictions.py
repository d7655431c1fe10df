"""Predictions in words: a table, what a design cannot tell apart, what outlasts its washout."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.model.carryover import unequal_blockade, unequal_carryover
from planner.model.families.family import Blockade
from planner.questions.predict import HypothesisPredictions, PredictedValue, Prediction
from planner.report.blocks import Block, Column, Heading, Items, Prose, Sheet
from planner.report.scenario.agents import targets
from planner.report.scenario.family import in_words_of
from planner.report.scenario.names import in_days
from planner.report.scenario.secondary_outcomes import outcome_predictions
from planner.results.number_text import DASH, fixed, percent, plain
from planner.scenario.scenario import Scenario
from planner.scenario.text import count, listed

_DAYS = 4  # in one table


def label(scenario: Scenario, name: str) -> str:
    """What a hypothesis is called."""
    return scenario.hypotheses[name].label or name


def predictions(scenario: Scenario, outlook: HypothesisPredictions) -> list[Block]:
    """What follows from the hypotheses before a trial is simulated."""
    blocks: list[Block] = []
    if outlook.patients:  # of stated means and rates a table would only repeat what is said above
        days = sorted({p.day for p in outlook.predictions})
        blocks.append(Heading("What the hypotheses predict"))
        blocks += [_table(scenario, outlook, days[i : i + _DAYS]) for i in range(0, len(days), _DAYS)]
        blocks.append(_fine_print(outlook))
    blocks += outcome_predictions(scenario, outlook)
    apart = _not_separated(scenario, outlook)
    if apart:
        blocks += [Heading("What this design cannot tell apart"), Items(apart)]
    left = _left_over(scenario, outlook)
    if left:
        blocks += [Heading("What is left when the next period begins"), Items(left)]
    return blocks


def _table(scenario: Scenario, outlook: HypothesisPredictions, days: Sequence[float]) -> Sheet:
    """A row for each treatment; hypotheses that cannot be told apart share their rows."""
    which = f"day {plain(days[0])}" if len(days) == 1 else f"days {' / '.join(plain(d) for d in days)}"
    unit = " (%)" if outlook.measure == "percent-change" else scenario.endpoint.unit_in_brackets
    columns = [Column("Hypothesis", number=False), Column("Treatment", number=False)]
    columns.append(Column(f"{_mean_name(outlook)}{unit}, {which}"))
    columns.append(Column(f"Response (%), {which}"))
    if scenario.endpoint.scale.remission_at_most is not None:
        columns.append(Column(f"Remission (%), {which}"))
    pieces: list[tuple[Callable[[Prediction], PredictedValue | None], Callable[[float], str]]] = [
        (lambda p: p.mean, lambda x: fixed(x, 1)),
        (lambda p: p.response, lambda x: fixed(100.0 * x, 0)),
        (lambda p: p.remission, lambda x: fixed(100.0 * x, 0)),
    ]
    rows = []
    for group in outlook.classes:
        names = [label(scenario, group[0]), *(f"= {label(scenario, name)}" for name in group[1:])]
        treatments = scenario.design.treatments
        for i in range(max(len(names), len(treatments))):
            row = [names[i] if i < len(names) else "", treatments[i] if i < len(treatments) else ""]
            own = [p for p in outlook.predictions if (p.hypothesis, p.treatment) == (group[0], row[1])]
            by_day = {p.day: p for p in own}
            for get, write in pieces[: len(columns) - 2]:
                row.append(" / ".join(_cell(by_day.get(d), get, write) for d in days) if own else "")
            rows.append(row)
    return Sheet(columns, rows)


def _mean_name(outlook: HypothesisPredictions) -> str:
    names = {"change": "Mean change", "percent-change": "Mean change", "score": "Mean score"}
    return names.get(outlook.measure, "Mean")


def _cell(
    p: Prediction | None, get: Callable[[Prediction], PredictedValue | None], write: Callable[[float], str]
) -> str:
    figure = get(p) if p is not None else None
    return DASH if figure is None else write(figure.estimate)


def _fine_print(outlook: HypothesisPredictions) -> Prose:
    means = max((p.mean.mcse for p in outlook.predictions if p.mean), default=0.0)
    shares = [f.mcse for p in outlook.predictions for f in (p.response, p.remission) if f]
    return Prose(
        "A first period, nothing before it, complete follow-up. Simulated in "
        f"{count(outlook.patients, 'patient')} under each treatment and rounded: Monte Carlo standard errors "
        f"are at most {plain(means, 1)} of a mean and {plain(100.0 * max(shares, default=0.0), 1)} "
        "percentage points of a share."
    )


def _not_separated(scenario: Scenario, outlook: HypothesisPredictions) -> list[str]:
    sentences = []
    for group in outlook.classes:
        if len(group) > 1:
            sentences.append(
                f"{_named(scenario, group)} predict the same for every treatment and period of this design: "
                "no number of patients, and no analysis, tells them apart. Only another treatment could."
            )
    if len(outlook.no_difference) > 1:
        sentences.append(
            f"Under {_named(scenario, outlook.no_difference)} alike, the treatments do not differ: a "
            "comparison of the treatments does not tell these apart."
        )
    if not sentences and len(outlook.hypotheses) > 1 and outlook.patients:
        sentences.append(
            "No two hypotheses are the same: each predicts something else for at least one treatment or "
            "period. The table shows how far apart they are."
        )
    return sentences


def _named(scenario: Scenario, names: Sequence[str]) -> str:
    return listed([f"“{label(scenario, name)}”" for name in names])


def _left_over(scenario: Scenario, outlook: HypothesisPredictions) -> list[str]:
    """Blockade and improvement that reach into the next period; stated carryover is in the hypotheses."""
    when = f"{in_days(outlook.cycle_days)} after a dosing"
    sentences = []
    for row in outlook.blockade:
        agent = scenario.agents[row.agent].label if row.agent in scenario.agents else ""
        share = "none" if row.left == 0 else percent(round(row.left, 4)) if row.left >= 5e-5 else "hardly any"
        sentences.append(
            f"{when[:1].upper()}{when[1:]}, {agent or row.agent} of {row.treatment} occupies {share} of its "
            f"{targets(row.at_dosing)} ({percent(row.at_dosing)} {_when(row)})."
        )
    ranges = []
    for treatment in scenario.design.treatments:
        points = [
            row.points.estimate
            for row in outlook.remaining
            if row.treatment == treatment and scenario.hypotheses[row.hypothesis].has_severity
        ]
        if points:
            low, high = fixed(min(points), 1), fixed(max(points), 1)
            ranges.append(f"{low if low == high else f'{low} to {high}'} from {treatment}")
    if ranges:
        sentences.append(
            f"Mean improvement still there {when}, by hypothesis: {listed(ranges)} "
            f"({scenario.endpoint.unit}). It lowers the next baseline and is part of the next score; where "
            "it differs between treatments, it biases their comparison."
        )
    return sentences


def _when(row: Blockade) -> str:
    return f"when it is given, on day {plain(row.at_days)}" if row.at_days else "at the dosing"


def carryover_reason(scenario: Scenario, name: str) -> str:
    """Why carryover may reject a true null hypothesis; empty if it cannot."""
    left = unequal_carryover(scenario, name)
    days = plain(scenario.design.cycle_days)
    if not left:
        blocked = unequal_blockade(scenario, name)
        shares = listed([f"{percent(round(share, 2))} after {a}" for a, share in blocked.items()])
        return (
            f"carryover: {days} days after a dosing, when the next one comes, blockers still occupy {shares}"
            if blocked
            else ""
        )
    return in_words_of(scenario.hypotheses[name].kind).carried_over(scenario, left)
