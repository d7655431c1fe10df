"""Secondary outcomes: their parts and signals are declared, their sizes can be, analyses can read them."""

from __future__ import annotations

from collections.abc import Mapping

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.components import OutcomeTerms
from planner.scenario.design import Design
from planner.scenario.faults import Path
from planner.scenario.resolving.draft import Draft
from planner.scenario.resolving.names import check_needs, declared, declared_with
from planner.scenario.secondary_outcomes import SecondaryOutcome
from planner.scenario.text import did_you_mean, printable

MEASURES = ("score", "change")
"""What an analysis can read of a secondary outcome."""


def resolve_outcomes(draft: Draft) -> dict[str, SecondaryOutcome]:
    """The outcomes with labels, in order of their names: it addresses random numbers."""
    common = declared(draft, ())
    for name, outcome in draft.outcomes.items():
        path: Path = ("outcomes", name)
        _check_sizes(draft, path, outcome)
        names = {**common, "component": [*common["component"], *outcome.components]}
        check_needs(draft, (*path, "terms"), outcome.terms, names)
    for name, hypothesis in draft.hypotheses.items():
        _check_own(draft, name, hypothesis.own_outcomes)
    return {
        name: outcome.model_copy(
            update={"label": outcome.label or name, "components": dict(sorted(outcome.components.items()))}
        )
        for name, outcome in sorted(draft.outcomes.items())
    }


def _check_sizes(draft: Draft, path: Path, outcome: SecondaryOutcome) -> None:
    scale = outcome.scale
    if scale.low is not None and scale.high is not None and not scale.low < scale.high:
        draft.note((*path, "scale", "high"), f"must be above the lowest score, {scale.low:g}")
    for name, component in outcome.components.items():
        place: Path = (*path, "components", name)
        if component.distribution != "lognormal":
            continue
        if component.size.mean <= 0.0:
            message = "must have a mean above 0: a lognormal size is never 0 or below"
            draft.note((*place, "size"), message, 'distribution = "normal"')
        rest = component.otherwise
        if rest.mean < 0.0 or (rest.mean == 0.0 and rest.sd > 0.0):
            message = "must be 0, or have a mean above 0: a lognormal size is never below 0"
            draft.note((*place, "otherwise"), message, 'distribution = "normal"')


def _check_own(draft: Draft, hypothesis: str, outcomes: Mapping[str, OutcomeTerms]) -> None:
    """What a hypothesis says of secondary outcomes."""
    known, usable = draft.names(("outcomes",)), declared_with(draft, hypothesis)
    for name, terms in outcomes.items():
        path: Path = ("hypotheses", hypothesis, "outcomes", name)
        if name not in known:
            hint = did_you_mean(name, known) or "[outcomes.NAME] declares one"
            draft.note(path, f"there is no outcome {printable(name)}", hint, at_key=True)
            continue
        inside = draft.names(("outcomes", name, "components"))
        names = {**usable, "component": [*usable["component"], *inside]}
        check_needs(draft, (*path, "terms"), terms.terms, names)


def resolve_secondary_analysis(draft: Draft, path: Path, analysis: PlannedAnalysis) -> PlannedAnalysis:
    """An analysis of a secondary outcome with its measure and day."""
    known = draft.names(("outcomes",))
    if analysis.outcome not in known:
        hint = did_you_mean(analysis.outcome, known) or "[outcomes.NAME] declares one"
        draft.note((*path, "outcome"), f"there is no outcome {printable(analysis.outcome)}", hint)
    for each in draft.families:
        if not each.settings.has_secondary_outcomes:
            message = f"{printable(analysis.outcome)}: {each.first_stated} are of the endpoint and say"
            hint = "hypotheses of mechanisms (terms) do; plan them in two files"
            draft.note((*path, "outcome"), f"{message} nothing of a secondary outcome", hint)
    if analysis.measure not in ("", *MEASURES):
        message = f"{analysis.measure}: a secondary outcome is analysed as score or change"
        draft.note((*path, "measure"), message, 'measure = "score"')
    outcome = draft.outcomes.get(analysis.outcome)
    day = outcome.day if outcome is not None else 0.0
    if outcome is not None and analysis.day not in (None, day):
        message = f"day {analysis.day:g}: {printable(analysis.outcome)} is measured on day {day:g} only"
        draft.note((*path, "day"), message, f"outcomes.{analysis.outcome}.day says when")
    return analysis.model_copy(update={"measure": analysis.measure or "score", "day": day})


def check_days(draft: Draft, design: Design) -> None:
    """Every outcome is read before the next dosing."""
    cycle = design.cycle_days
    for name, outcome in draft.outcomes.items():
        if design.periods > 1 and outcome.day > cycle > 0.0:
            message = f"comes after the next dosing, which is {cycle:g} days after the one before"
            draft.note(("outcomes", name, "day"), message)
