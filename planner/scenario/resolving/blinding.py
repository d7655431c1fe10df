"""Blinding: agents, outcome and signal are declared, and a guess does not depend on itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from planner.scenario.blinding import Blinding
from planner.scenario.components import Signal, Term
from planner.scenario.design import Design, Treatment
from planner.scenario.faults import Path
from planner.scenario.resolving.draft import Draft
from planner.scenario.resolving.families.resolver import resolver_of
from planner.scenario.resolving.names import declared, reaches, unknown_name
from planner.scenario.text import did_you_mean, printable

_HERE: Path = ("blinding",)


def check_blinding(draft: Draft, design: Design, treatments: Mapping[str, Treatment]) -> None:
    """Refuse blinding that refers to what is not there."""
    blinding = draft.blinding
    if blinding is None:
        return
    if draft.first_family(lambda family: family.has_guesses) is None:
        message = "acts on hypotheses of mechanisms, and there is none"
        draft.note(_HERE, message, "leave it out", at_key=True)
        return
    names = declared(draft, ())
    for i, agent in enumerate(blinding.active):
        if agent not in names["agent"]:
            unknown_name(draft, (*_HERE, "active", i), "agent", agent, names["agent"])
        elif agent in blinding.active[:i]:
            draft.note((*_HERE, "active", i), f"{printable(agent)} is listed twice")
    given = {each.agent for a in design.treatments for each in treatments[a].agents}
    if not given & set(blinding.active):
        draft.note((*_HERE, "active"), "no treatment of the design contains any of these agents")
    _check_outcome(draft, blinding)
    _check_expectancy(draft, blinding, names["signal"])


def _check_outcome(draft: Draft, blinding: Blinding) -> None:
    names = draft.names(("outcomes",))
    if blinding.outcome and blinding.outcome not in names:
        hint = did_you_mean(blinding.outcome, names) or "[outcomes.NAME] declares one"
        draft.note((*_HERE, "outcome"), f"there is no outcome {printable(blinding.outcome)}", hint)
    for key in ("slope", "slope_from_previous"):
        if getattr(blinding, key) and not blinding.outcome:
            message = "needs `outcome`: the secondary outcome whose points count"
            draft.note((*_HERE, key), message, 'outcome = "dissociation"', at_key=True)


def _check_expectancy(draft: Draft, blinding: Blinding, signals: list[str]) -> None:
    """The signal exists, and no secondary outcome depends on it: the guess would depend on itself."""
    expectancy = blinding.expectancy
    if expectancy is None:
        return
    if expectancy.signal not in signals:
        path = (*_HERE, "expectancy", "signal")
        unknown_name(draft, path, "signal", expectancy.signal, signals)
        return
    for name, hypothesis in draft.hypotheses.items():
        resolver_of(hypothesis.kind).check_guess(draft, name, hypothesis, expectancy.signal)
    for above, terms, in_force in _driving_outcomes(draft):
        if _depends(terms, expectancy.signal, in_force):
            cue = printable(expectancy.signal)
            message = f"need {cue}, which depends on the guess; secondary outcomes come before it"
            draft.note(above, message, "let them need what drives that signal")


def _driving_outcomes(draft: Draft) -> Iterator[tuple[Path, Iterable[Term], Mapping[str, Signal]]]:
    """Terms of secondary outcomes with their place and the signals that they see."""
    for name, outcome in draft.outcomes.items():
        yield ("outcomes", name, "terms"), outcome.terms, draft.signals
    for name, hypothesis in draft.hypotheses.items():
        if hypothesis.has_secondary_outcomes:
            signals = {**draft.signals, **hypothesis.own_signals}
            for key, outcome in draft.outcomes.items():
                own = hypothesis.own_outcomes.get(key)
                at: Path = ("outcomes", key, "terms")
                at = at if own is None else ("hypotheses", name, *at)
                yield at, (outcome if own is None else own).terms, signals


def _depends(terms: Iterable[Term], wanted: str, signals: Mapping[str, Signal]) -> bool:
    """Whether any term needs the wanted signal, by way of others too."""
    return reaches((need.signal for term in terms for need in term.needs), wanted, signals)
