"""Secondary outcomes in words: their scale, what drives them, what the hypotheses predict of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.questions.plan import AnalysisPlan
from planner.questions.predict import HypothesisPredictions
from planner.report.blocks import Block, Column, Facts, Heading, Prose, Sheet
from planner.report.scenario.names import Labelled, in_days
from planner.report.scenario.needs import needs_of_terms
from planner.results.number_text import fixed, percent, plain
from planner.scenario.components import HalfLifeSpread
from planner.scenario.scenario import Scenario
from planner.scenario.secondary_outcomes import OutcomeComponent, PointSpread, SecondaryOutcome
from planner.scenario.text import count, listed


def reading_text(scenario: Scenario, analysis: AnalysisPlan) -> str:
    """`Dissociation at the dosing`: what an analysis reads of a secondary outcome."""
    outcome = scenario.outcomes[analysis.outcome]
    change = ", as change from just before it" if analysis.measure == "change" else ""
    return f"{outcome.label} {_when(outcome)}{change}"


def _when(outcome: SecondaryOutcome) -> str:
    return "at the dosing" if outcome.day == 0 else f"on day {plain(outcome.day)}"


def secondary_outcomes_blocks(scenario: Scenario) -> list[Block]:
    """What is measured beside the endpoint, under every hypothesis that says nothing else."""
    if not scenario.outcomes:
        return []
    facts: list[tuple[str, str]] = []
    for outcome in scenario.outcomes.values():
        sentences = [f"Measured {_when(outcome)} ({outcome.unit}){_scale(outcome)}"]
        sentences.append(f"Without any drug {_spread(outcome.background)}")
        if outcome.noise_sd:
            sentences.append(f"One measurement errs with SD {plain(outcome.noise_sd)}")
        text = ". ".join(sentences) + "."
        parts: dict[str, Labelled] = {**scenario.components, **outcome.components}
        sentences = needs_of_terms(scenario, None, outcome.terms, parts) or ["No drug changes it."]
        used = dict.fromkeys(t.component for t in outcome.terms if t.component in outcome.components)
        sizes = [_size(name, outcome.components[name], outcome.unit) for name in used]
        facts.append((outcome.label, " ".join([text, *sentences, *sizes])))
    return [Heading("Measured beside it"), Facts(facts)]


def _scale(outcome: SecondaryOutcome) -> str:
    scale, parts = outcome.scale, []
    if scale.low is not None and scale.high is not None:
        parts.append(f"from {plain(scale.low)} to {plain(scale.high)}")
    elif scale.low is not None or scale.high is not None:
        side, limit = ("least", scale.low) if scale.low is not None else ("most", scale.high)
        parts.append(f"at {side} {plain(limit)}")
    if scale.step is not None:
        parts.append(f"in multiples of {plain(scale.step)}")
    better = f"; {scale.better} is better" if scale.better else ""
    return (", " + " ".join(parts) if parts else "") + better


def _spread(spread: PointSpread) -> str:
    return plain(spread.mean) + (f" (SD {plain(spread.sd)})" if spread.sd else "")


def _size(name: str, component: OutcomeComponent, unit: str) -> str:
    """`Dissociation adds 20 (SD 14) points, lognormal.`"""
    text = f"{component.label or name} adds {_spread(component.size)} {unit}"
    if component.share < 1:
        text += (
            f" in {percent(component.share)} of the patients, {_spread(component.otherwise)} in the others"
        )
    text += ", lognormal" if component.distribution == "lognormal" else ""
    life = component.half_life_days
    text += f"; half of it is gone {_gone(life, component.peak_day)}" if life is not None else ""
    return f"{text[:1].upper()}{text[1:]}."


def _gone(life: HalfLifeSpread, peak: float) -> str:
    since = f" after day {plain(peak)}" if peak else ""
    return f"{in_days(life.median)}{since}"


def outcome_predictions(scenario: Scenario, outlook: HypothesisPredictions) -> list[Block]:
    """A row for each treatment, a column for each outcome and for guesses; who says the same shares rows."""
    columns = [Column("Hypothesis", number=False), Column("Treatment", number=False)]
    cells: list[dict[tuple[str, str], str]] = []
    errors: list[str] = []
    for name in dict.fromkeys(row.outcome for row in outlook.secondary):
        outcome = scenario.outcomes[name]
        columns.append(Column(f"Mean {outcome.label} ({outcome.unit}), {_when(outcome)}"))
        own = [row for row in outlook.secondary if row.outcome == name]
        cells.append({(row.hypothesis, row.treatment): fixed(row.mean.estimate, 1) for row in own})
        errors.append(f"{plain(max(row.mean.mcse for row in own), 1)} of {outcome.label}")
    if outlook.guesses:
        columns.append(Column("Guess active (%)"))
        own = list(outlook.guesses)
        cells.append({(g.hypothesis, g.treatment): fixed(100.0 * g.mean.estimate, 0) for g in own})
        errors.append(f"{plain(100.0 * max(g.mean.mcse for g in own), 1)} percentage points of guesses")
    if not cells:
        return []
    rows = _rows(scenario, outlook.hypotheses, cells)
    fine = f"Of {count(outlook.patients, 'patient')} as above; Monte Carlo standard errors are at most "
    return [Sheet(columns, rows), Prose(f"{fine}{listed(errors)}.")]


def _rows(
    scenario: Scenario, names: Sequence[str], columns: Sequence[Mapping[tuple[str, str], str]]
) -> list[list[str]]:
    """The rows of the table; hypotheses with the same cells share theirs."""
    treatments = scenario.design.treatments
    same: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for name in names:
        if (name, treatments[0]) in columns[0]:
            cells = tuple(tuple(column[name, a] for column in columns) for a in treatments)
            same.setdefault(cells, []).append(scenario.hypotheses[name].label or name)
    rows = []
    for cells, labels in same.items():
        for i in range(max(len(labels), len(treatments))):
            row = ["= " * (i > 0) + labels[i] if i < len(labels) else ""]
            row.append(treatments[i] if i < len(treatments) else "")
            rows.append(row + (list(cells[i]) if i < len(cells) else [""] * len(columns)))
    return rows
