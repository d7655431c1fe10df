"""Agents, signals and components: whoever uses a name declares it, and no signal activates itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from planner.scenario.components import ALL_COMPONENTS, Agent, Signal, Term
from planner.scenario.faults import Path
from planner.scenario.resolving.draft import Draft
from planner.scenario.text import did_you_mean, printable

Names = Mapping[str, list[str]]  # what is declared: {"agent": [...], "signal": [...], "component": [...]}


def check_declarations(draft: Draft) -> None:
    """Refuse agents, signals and components that nobody declares, and signals that activate themselves."""
    common = declared(draft, ())
    for name, treatment in draft.treatments.items():
        given = [each.agent for each in treatment.agents]
        _check_each(draft, ("treatments", name, "agents"), "agent", given, common["agent"])
    check_tables(draft, (), draft.agents, draft.signals, common)
    check_circles(draft, (), draft.signals, draft.signals)


def declared(draft: Draft, above: Path) -> dict[str, list[str]]:
    """The names of agents, signals and components, of all hypotheses or of the one at `above`."""
    return {kind: draft.names((*above, f"{kind}s")) for kind in ("agent", "signal", "component")}


def declared_with(draft: Draft, hypothesis: str) -> dict[str, list[str]]:
    """The names that a hypothesis can use: the common ones, and those that it declares itself."""
    common, own = declared(draft, ()), declared(draft, ("hypotheses", hypothesis))
    return {kind: [*common[kind], *own[kind]] for kind in common}


def check_tables(
    draft: Draft, above: Path, agents: Mapping[str, Agent], signals: Mapping[str, Signal], names: Names
) -> None:
    """Refuse names that agents and signals refer to and nothing declares; `above`: whose they are."""
    for name, agent in agents.items():
        path: Path = (*above, "agents", name)
        _check_each(draft, (*path, "lowers"), "agent", agent.lowers, names["agent"])
        known = [*names["component"], ALL_COMPONENTS]
        _check_each(draft, (*path, "prolongs"), "component", agent.prolongs, known)
    for name, signal in signals.items():
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


def check_circles(
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


def reaches(names: Iterable[str], wanted: str, signals: Mapping[str, Signal]) -> bool:
    """Whether the wanted signal is among these, or activates one of them by way of others."""
    todo = list(names)
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name == wanted:
            return True
        if name not in seen and name in signals:
            seen.add(name)
            todo += signals[name].activated_by_signal
    return False
