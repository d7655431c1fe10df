"""Hypotheses of family `terms`: every name is declared, nothing goes in a circle, nothing is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import erfc, sqrt

from planner.scenario.components import ALL_COMPONENTS, Signal, Term
from planner.scenario.design import Design, Treatment
from planner.scenario.endpoint import Endpoint
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.faults import Path
from planner.scenario.population import Population
from planner.scenario.resolving.draft import Draft, check_score
from planner.scenario.text import did_you_mean, listed, printable

_RAREST = 1e-6
"""Share of patients who must reach the score for enrolment, at least."""

Names = Mapping[str, list[str]]  # what is declared: {"agent": [...], "signal": [...], "component": [...]}


def check_declarations(draft: Draft) -> None:
    """Refuse agents, signals and components that nobody declares, and signals that activate themselves."""
    common = declared(draft, ())
    for name, treatment in draft.treatments.items():
        given = [each.agent for each in treatment.agents]
        _check_each(draft, ("treatments", name, "agents"), "agent", given, common["agent"])
    _check_tables(draft, (), common)
    _check_circles(draft, (), draft.signals, draft.signals)
    for name, hypothesis in draft.hypotheses.items():
        if isinstance(hypothesis, MechanismHypothesis):
            path: Path = ("hypotheses", name)
            own = declared(draft, path)
            names = {kind: [*common[kind], *own[kind]] for kind in common}
            _check_tables(draft, path, names)
            _check_circles(draft, path, {**draft.signals, **hypothesis.signals}, hypothesis.signals)
            check_needs(draft, (*path, "terms"), hypothesis.terms, names)


def declared(draft: Draft, above: Path) -> dict[str, list[str]]:
    """The names of agents, signals and components, of all hypotheses or of the one at `above`."""
    return {kind: draft.names((*above, f"{kind}s")) for kind in ("agent", "signal", "component")}


def _check_tables(draft: Draft, above: Path, names: Names) -> None:
    """The names that agents and signals refer to; `above`: the hypothesis whose own they are."""
    hypothesis = draft.hypotheses.get(str(above[1])) if above else None
    tables = hypothesis if isinstance(hypothesis, MechanismHypothesis) else draft
    for name, agent in tables.agents.items():
        path: Path = (*above, "agents", name)
        _check_each(draft, (*path, "lowers"), "agent", agent.lowers, names["agent"])
        known = [*names["component"], ALL_COMPONENTS]
        _check_each(draft, (*path, "prolongs"), "component", agent.prolongs, known)
    for name, signal in tables.signals.items():
        path = (*above, "signals", name)
        _check_each(draft, (*path, "activated_by"), "agent", signal.activated_by, names["agent"])
        _check_each(draft, (*path, "blocked_by"), "agent", signal.blocked_by, names["agent"])
        _check_each(
            draft, (*path, "activated_by_signal"), "signal", signal.activated_by_signal, names["signal"]
        )


def check_needs(draft: Draft, above: Path, terms: Iterable[Term], names: Names) -> None:
    """Refuse components and signals of the terms at `above` that are not declared."""
    for i, term in enumerate(terms):
        path: Path = (*above, i)
        if term.component not in names["component"]:
            unknown_name(draft, (*path, "component"), "component", term.component, names["component"])
        needs = [need.signal for need in term.needs]
        _check_each(draft, (*path, "needs"), "signal", needs, names["signal"])


def _check_each(draft: Draft, path: Path, kind: str, used: Iterable[str], known: list[str]) -> None:
    """Refuse names that are not declared, and names that a list gives twice."""
    seen: list[str] = []
    by_name = isinstance(draft.written(path), dict)
    for i, name in enumerate(used):
        place = (*path, name) if by_name else _in_list(draft, (*path, i), kind)
        if name not in known:
            unknown_name(draft, place, kind, name, known, at_key=by_name)
        elif name in seen:
            draft.note(place, f"{printable(name)} is listed twice")
        seen.append(name)


def _in_list(draft: Draft, path: Path, kind: str) -> Path:
    """Where a name of a list stands that may be written as a table: { signal = "cue", gate = 0.9 }."""
    return (*path, kind) if isinstance(draft.written(path), dict) else path


def unknown_name(
    draft: Draft, path: Path, kind: str, name: str, known: list[str], at_key: bool = False
) -> None:
    hint = did_you_mean(name, [each for each in known if each != ALL_COMPONENTS])
    hint = hint or f"[{kind}s.NAME] declares one; extends takes them from another file"
    draft.note(path, f"there is no {kind} {printable(name)}", hint, at_key)


def _check_circles(
    draft: Draft, above: Path, signals: Mapping[str, Signal], own: Mapping[str, Signal]
) -> None:
    """Refuse a signal of `own` that activates itself by way of others; each circle is reported once."""
    passed: set[str] = set()
    for start in own:
        circle = [] if start in passed else _circle(start, signals)
        if circle:
            passed |= set(circle)
            path: Path = (*above, "signals", start, "activated_by_signal", circle[1])
            way = ", ".join(printable(name) for name in circle)
            draft.note(path, f"goes in a circle: {way}", "leave one of these activations out", at_key=True)


def _circle(start: str, signals: Mapping[str, Signal]) -> list[str]:
    """The signals from `start` by way of what activates it back to `start`, empty if it is not reached."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for name in signals[way[-1]].activated_by_signal if way[-1] in signals else ():
            if name == start:
                return [*way, start]
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []


def resolve_mechanism(name: str, hypothesis: MechanismHypothesis) -> MechanismHypothesis:
    """The hypothesis with a label."""
    return hypothesis.model_copy(update={"label": hypothesis.label or name})


def check_trial_of_mechanisms(
    draft: Draft,
    design: Design,
    population: Population | None,
    endpoint: Endpoint | None,
    treatments: Mapping[str, Treatment],
) -> None:
    """What the trial must say so that a mechanism can act in it: severity, scale, agents, time for decay."""
    first = draft.first_of_family.get("terms")
    if first is None:
        return
    if population is not None:
        _check_severity(draft, first, population, endpoint)
    better = endpoint.scale.better if endpoint is not None else None
    if better == "higher":
        message = 'improvement lowers the score in hypotheses of mechanisms, but the scale says "higher"'
        draft.note(_first_written(draft, ("endpoint", "scale", "better"), ("endpoint",)), message)
    if not any(treatments[symbol].agents for symbol in design.treatments):
        message = f"no treatment of the design contains an agent: {printable(first)} sees no difference"
        hint = '[treatments] K = { agents = ["ketamine"] }'
        place = _first_written(draft, ("treatments",), ("hypotheses", first, "terms"))
        draft.note(place, message, hint, at_key=True)
    if design.periods > 1:
        _check_time(draft, design, first)


def _first_written(draft: Draft, *paths: Path) -> Path:
    return next((path for path in paths if draft.written(path) is not None), ())


def _check_severity(draft: Draft, name: str, population: Population, endpoint: Endpoint | None) -> None:
    baseline = population.baseline
    path: Path = ("population", "baseline")
    if baseline is None:
        message = "`baseline` is missing: improvement is a share of the severity at baseline"
        place = _first_written(draft, ("population",), ("hypotheses", name))
        draft.note(place, message, "[population] baseline = { mean = ..., sd = ... }", at_key=True)
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
    days = design.period_days + design.washout_days
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
