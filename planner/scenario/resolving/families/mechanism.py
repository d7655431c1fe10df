"""Hypotheses of family `terms`: every name is declared, nothing goes in a circle, nothing is missing."""

from __future__ import annotations

from math import erfc, sqrt

from planner.scenario.design import Design
from planner.scenario.endpoint import Endpoint
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.faults import Path
from planner.scenario.population import Population
from planner.scenario.resolving.draft import Draft, check_score
from planner.scenario.resolving.families.resolver import FamilyResolver, TrialParts
from planner.scenario.resolving.names import check_circles, check_needs, check_tables, declared_with, reaches
from planner.scenario.text import did_you_mean, listed, printable
from planner.scenario.uncertainty import Tie

_RAREST = 1e-6
"""Share of patients who must reach the score for enrolment, at least."""


class MechanismResolver(FamilyResolver[MechanismHypothesis]):
    """Mechanisms need a severity to act on, agents, and time in which what was given fades."""

    def check_names(self, draft: Draft, name: str, hypothesis: MechanismHypothesis) -> None:
        path: Path = ("hypotheses", name)
        names = declared_with(draft, name)
        check_tables(draft, path, hypothesis.agents, hypothesis.signals, names)
        check_circles(draft, path, {**draft.signals, **hypothesis.signals}, hypothesis.signals)
        check_needs(draft, (*path, "terms"), hypothesis.terms, names)

    def check_trial(self, draft: Draft, first: str, trial: TrialParts) -> None:
        design, population, endpoint = trial.design, trial.population, trial.endpoint
        if population is not None:
            _check_severity(draft, first, population, endpoint)
        better = endpoint.scale.better if endpoint is not None else None
        if better == "higher":
            message = 'improvement lowers the score in hypotheses of mechanisms, but the scale says "higher"'
            draft.note(_first_written(draft, ("endpoint", "scale", "better"), ("endpoint",)), message)
        if not any(trial.treatments[symbol].agents for symbol in design.treatments):
            message = f"no treatment of the design contains an agent: {printable(first)} sees no difference"
            hint = '[treatments] K = { agents = ["ketamine"] }'
            place = _first_written(draft, ("treatments",), ("hypotheses", first, "terms"))
            draft.note(place, message, hint, at_key=True)
        if design.periods > 1:
            _check_time(draft, design, first)

    def check_guess(self, draft: Draft, name: str, hypothesis: MechanismHypothesis, signal: str) -> None:
        """A guess is made at the dosing: nothing that counts on later days may depend on it."""
        signals = {**draft.signals, **hypothesis.signals}
        for i, term in enumerate(hypothesis.terms):
            for j, need in enumerate(term.needs):
                if need.when == "throughout" and reaches([need.signal], signal, signals):
                    message = f"{printable(need.signal)} depends on the guess, which is of the dosing"
                    path: Path = ("hypotheses", name, "terms", i, "needs", j, "when")
                    draft.note(path, message, 'when = "onset"')

    def check_uncertainty(self, draft: Draft, name: str, hypothesis: MechanismHypothesis) -> None:
        if hypothesis.tie is not None:
            _check_tie(draft, name, hypothesis, hypothesis.tie)


RESOLVER = MechanismResolver()


def _first_written(draft: Draft, *paths: Path) -> Path:
    return next((path for path in paths if draft.written(path) is not None), ())


def _check_severity(draft: Draft, name: str, population: Population, endpoint: Endpoint | None) -> None:
    baseline = population.baseline
    path: Path = ("population", "baseline")
    if baseline is None:
        message = "`baseline` is missing: improvement is a share of the severity at baseline"
        place = _first_written(draft, ("population",), ("hypotheses", name))
        draft.note(place, message, "under [population]: baseline = { mean = ..., sd = ... }", at_key=True)
        return
    if baseline.mean <= 0.0:
        draft.note((*path, "mean"), "must be above 0: improvement is a share of the severity at baseline")
    if baseline.at_least is None:
        return
    if endpoint is not None and (high := endpoint.scale.high) is not None and baseline.at_least > high:
        check_score(draft, endpoint.scale, (*path, "at_least"), baseline.at_least)
        return
    step = (endpoint.scale.step if endpoint is not None else None) or 0.0
    sd = sqrt(baseline.sd * baseline.sd + population.rating_sd * population.rating_sd)
    short = baseline.at_least - step / 2.0 - baseline.mean
    chance = 0.5 * erfc(short / sd / sqrt(2.0)) if sd > 0.0 else float(short <= 0.0)
    if chance < _RAREST:
        message = f"is {baseline.at_least:g}; with this mean and SD not one patient in a million has it"
        draft.note((*path, "at_least"), message)


def _check_time(draft: Draft, design: Design, name: str) -> None:
    """Improvements and blockades fade between dosings; the trial must say how long that takes."""
    days = design.cycle_days
    if days <= 0.0:
        written = [
            key for key in ("washout_days", "period_days") if draft.written(("design", key)) is not None
        ]
        message = f"is {0:g}: under {printable(name)} the second dose would be given with the first"
        hint = "washout_days = days from the end of a period to the next dosing"
        if written:
            draft.note(("design", written[0]), message, hint)
        else:
            lacks = f"`washout_days` is missing: what is left of a dose under {printable(name)} depends on it"
            draft.note(("design",), lacks, hint, at_key=True)
        return
    late = [i for i, day in enumerate(design.assessment_days) if day > days]
    if late:
        day = design.assessment_days[late[0]]
        stands = draft.written(("design", "assessment_days")) is not None
        place: Path = ("design", "assessment_days", late[0]) if stands else ("design", "washout_days")
        message = f"day {day:g} comes after the next dosing, which is {days:g} days after the one before"
        sources = listed([f"`{key}`" for key in ("washout_days", "period_days")])
        draft.note(place, message, f"{sources} say how long a patient has")


def _check_tie(draft: Draft, name: str, hypothesis: MechanismHypothesis, tie: Tie) -> None:
    """A tie leads to another hypothesis of mechanisms that is not tied itself, by components of its own."""
    path: Path = ("hypotheses", name, "tie")
    other = draft.hypotheses.get(tie.to)
    others = [
        each for each, h in draft.hypotheses.items() if isinstance(h, MechanismHypothesis) and each != name
    ]
    if other is None and draft.written(("hypotheses", tie.to)) is None:
        draft.note((*path, "to"), f"there is no hypothesis {printable(tie.to)}", did_you_mean(tie.to, others))
    elif tie.to == name or (other is not None and not isinstance(other, MechanismHypothesis)):
        what = "itself" if tie.to == name else "a hypothesis without mechanisms"
        draft.note((*path, "to"), f"ties the hypothesis to {what}", did_you_mean("", others))
    elif isinstance(other, MechanismHypothesis) and other.tie is not None:
        draft.note((*path, "to"), f"{printable(tie.to)} is tied to {printable(other.tie.to)} itself")
    known = [*draft.names(("agents",)), *draft.names(("hypotheses", name, "agents"))]
    for i, agent in enumerate(tie.agents):
        if agent not in known:
            draft.note(
                (*path, "agents", i), f"there is no agent {printable(agent)}", did_you_mean(agent, known)
            )
    used = list(dict.fromkeys(term.component for term in hypothesis.terms))
    for i, component in enumerate(tie.by):
        if component not in used:
            message = f"{printable(component)} is no component of this hypothesis"
            draft.note((*path, "by", i), message, did_you_mean(component, used))
