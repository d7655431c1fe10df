"""Second outcomes in words: their scale, what drives them, what the hypotheses predict of them."""

from __future__ import annotations

from planner.document import Block, Column, Facts, Heading, Prose, Sheet
from planner.explain_mechanisms import Labelled, Pairs, needed, percent
from planner.figures import count, fixed, listed, plain
from planner.planned import AnalysisPlan
from planner.predicted import Outlook
from planner.scenario import Scenario
from planner.scenario_outcomes import Outcome, OutcomeComponent, PointSpread
from planner.scenario_terms import HalfLifeSpread, Terms


def reading_told(scenario: Scenario, analysis: AnalysisPlan) -> str:
    """`Dissociation at the dosing`: what an analysis reads of a second outcome."""
    outcome = scenario.outcomes[analysis.outcome]
    change = ", as change from just before it" if analysis.measure == "change" else ""
    return f"{outcome.label} {_when(outcome)}{change}"


def _when(outcome: Outcome) -> str:
    return "at the dosing" if outcome.day == 0 else f"on day {plain(outcome.day)}"


def second_outcomes(scenario: Scenario) -> list[Block]:
    """What is measured beside the endpoint, under every hypothesis that says nothing else."""
    if not scenario.outcomes:
        return []
    facts: Pairs = []
    for outcome in scenario.outcomes.values():
        said = [f"Measured {_when(outcome)} ({outcome.unit}){_scale(outcome)}"]
        said.append(f"Without any drug {_spread(outcome.background)}")
        if outcome.noise_sd:
            said.append(f"One measurement errs with SD {plain(outcome.noise_sd)}")
        text = ". ".join(said) + "."
        parts: dict[str, Labelled] = {**scenario.components, **outcome.components}
        sentences = needed(scenario, None, outcome.terms, parts) or ["No drug changes it."]
        used = dict.fromkeys(t.component for t in outcome.terms if t.component in outcome.components)
        sizes = [_size(name, outcome.components[name], outcome.unit) for name in used]
        facts.append((outcome.label, " ".join([text, *sentences, *sizes])))
    return [Heading("Measured beside it"), Facts(facts)]


def _scale(outcome: Outcome) -> str:
    scale, said = outcome.scale, []
    if scale.low is not None and scale.high is not None:
        said.append(f"from {plain(scale.low)} to {plain(scale.high)}")
    elif scale.low is not None or scale.high is not None:
        side, limit = ("least", scale.low) if scale.low is not None else ("most", scale.high)
        said.append(f"at {side} {plain(limit)}")
    if scale.step is not None:
        said.append(f"in multiples of {plain(scale.step)}")
    better = f"; {scale.better} is better" if scale.better else ""
    return (", " + " ".join(said) if said else "") + better


def _spread(spread: PointSpread) -> str:
    return plain(spread.mean) + (f" (SD {plain(spread.sd)})" if spread.sd else "")


def _size(name: str, component: OutcomeComponent, unit: str) -> str:
    """`Dissociation adds 20 (SD 14) points, lognormal.`"""
    said = f"{component.label or name} adds {_spread(component.size)} {unit}"
    if component.share < 1:
        said += (
            f" in {percent(component.share)} of the patients, {_spread(component.otherwise)} in the others"
        )
    said += ", lognormal" if component.distribution == "lognormal" else ""
    life = component.half_life_days
    said += f"; half of it is gone {_gone(life, component.peak_day)}" if life is not None else ""
    return f"{said[:1].upper()}{said[1:]}."


def _gone(life: HalfLifeSpread, peak: float) -> str:
    since = f" after day {plain(peak)}" if peak else ""
    return f"{plain(life.median)} {'day' if life.median == 1 else 'days'}{since}"


def own_outcomes(scenario: Scenario, hypothesis: Terms) -> list[str]:
    """What drives second outcomes under a hypothesis that says so itself."""
    said = []
    for name, own in hypothesis.outcomes.items():
        outcome = scenario.outcomes[name]
        parts: dict[str, Labelled] = {**scenario.components, **hypothesis.components, **outcome.components}
        sentences = " ".join(needed(scenario, hypothesis, own.terms, parts))
        said.append(f"Here, of {outcome.label}: {sentences}")
    return said


def foretold_outcomes(scenario: Scenario, outlook: Outlook) -> list[Block]:
    """A row for each treatment, a column for each outcome; hypotheses that say the same share their rows."""
    names = list(dict.fromkeys(row.outcome for row in outlook.seconds))
    if not names:
        return []
    treatments = scenario.design.treatments
    cells: dict[tuple[str, str, str], str] = {
        (row.hypothesis, row.treatment, row.outcome): fixed(row.mean.estimate, 1) for row in outlook.seconds
    }
    same: dict[tuple[str, ...], list[str]] = {}
    for hypothesis in dict.fromkeys(row.hypothesis for row in outlook.seconds):
        key = tuple(cells[hypothesis, a, name] for a in treatments for name in names)
        same.setdefault(key, []).append(scenario.hypotheses[hypothesis].label or hypothesis)
    columns = [Column("Hypothesis", number=False), Column("Treatment", number=False)]
    for name in names:
        outcome = scenario.outcomes[name]
        columns.append(Column(f"Mean {outcome.label} ({outcome.unit}), {_when(outcome)}"))
    rows = []
    for key, labels in same.items():
        for i in range(max(len(labels), len(treatments))):
            row = [
                "= " * (i > 0) + labels[i] if i < len(labels) else "",
                treatments[i] if i < len(treatments) else "",
            ]
            start = i * len(names)
            row += list(key[start : start + len(names)]) if i < len(treatments) else [""] * len(names)
            rows.append(row)
    error = max(row.mean.mcse for row in outlook.seconds)
    what = listed([scenario.outcomes[name].label for name in names])
    fine = f"{what}: of {count(outlook.patients, 'patient')}; Monte Carlo standard errors at most "
    return [Sheet(columns, rows), Prose(f"{fine}{plain(error, 1)}.")]
