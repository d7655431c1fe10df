"""Hypotheses of family `rates`, resolved: rates, and how the responses of one patient go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.scenario.design import Design
from planner.scenario.families.rates import Rates
from planner.scenario.faults import Path
from planner.scenario.parameters import Place
from planner.scenario.resolving.draft import Draft, check_treatments
from planner.scenario.resolving.families.resolver import FamilyResolver, TrialParts
from planner.scenario.text import listed, printable

FORMS = (
    "correlation = ... (latent normal scale), or discordant = { A = share who respond to A only, B = ... }"
)
_SLACK = 1e-9


class RatesResolver(FamilyResolver[Rates]):
    """Rates of all treatments, and one statement of how the responses of a patient go together."""

    def resolve(self, draft: Draft, name: str, hypothesis: Rates, trial: TrialParts) -> Rates:
        return _resolved(draft, name, hypothesis, trial.design, list(trial.treatments))

    def check_resolved(self, draft: Draft, hypotheses: Mapping[str, Rates], trial: TrialParts) -> None:
        left_open = [name for name, each in hypotheses.items() if not each.rates and each.discordant]
        if left_open:
            _check_open_rates(draft, left_open[0], trial)

    def may_vary(self, draft: Draft, place: Path, hypothesis: Rates, numbers: Sequence[Place]) -> bool:
        if hypothesis.discordant and any("rates" in each.route for each in numbers):
            message = "cannot vary alone: `discordant` says how the rates go together"
            draft.note(place, message, "state `correlation` in place of `discordant`", at_key=True)
            return False
        return True

    def example(self, setting: str, first: str, second: str, number: str) -> str:
        table = f"rates = {{ {first} = {number}, {second} = {number} }}"
        return f"one share per treatment: {table}" if setting == "rates" else ""


RESOLVER = RatesResolver()


def _resolved(draft: Draft, name: str, rates: Rates, design: Design, treatments: list[str]) -> Rates:
    """The hypothesis with rates in the order of the treatments and one statement of their dependence."""
    path: Path = ("hypotheses", name)
    check_treatments(draft, (*path, "rates"), rates.rates, treatments)
    left_open = not rates.rates and bool(rates.discordant) and rates.correlation is None
    missing = [symbol for symbol in design.treatments if symbol not in rates.rates]
    if not rates.rates and not left_open:
        message = "`rates` is missing: Share of patients who respond to each treatment"
        hint = "rates = { A = ..., B = ... }; or discordant = { A = ..., B = ... } alone"
        draft.note(path, message, hint, at_key=True)
    elif missing and not left_open:
        draft.note((*path, "rates"), f"says nothing of {listed(missing)}", "one rate per treatment")
    correlation = rates.correlation
    if correlation is None and not rates.discordant:
        if design.periods > 1 and rates.rates:
            message = "how the responses of one patient go together is not stated"
            draft.note(path, message, f"give {FORMS}", at_key=True)
        correlation = 0.0
    elif correlation is not None and rates.discordant:
        message = "is stated twice: by `correlation` and by `discordant`"
        draft.note((*path, "discordant"), message, f"give one of: {FORMS}", at_key=True)
    elif correlation is not None and correlation < 0.0 and len(design.treatments) > 2:
        draft.note((*path, "correlation"), "can be below 0 only if there are two treatments")
    elif rates.discordant and (left_open or not missing):
        _check_discordant(draft, path, rates, design)
    order = [symbol for symbol in treatments if symbol in rates.rates]
    only = {symbol: rates.discordant[symbol] for symbol in treatments if symbol in rates.discordant}
    return rates.model_copy(
        update={
            "label": rates.label or name,
            "rates": {symbol: rates.rates[symbol] for symbol in order},
            "correlation": None if rates.discordant else correlation,
            "discordant": only,
        }
    )


def _check_discordant(draft: Draft, above: Path, rates: Rates, design: Design) -> None:
    """Shares of patients who respond to one of two treatments only: possible, and such as the rates allow."""
    path, given = (*above, "discordant"), rates.discordant
    if len(design.treatments) != 2:
        message = f"is for two treatments; this design has {len(design.treatments)}"
        draft.note(path, message, "state `correlation` in place of it", at_key=True)
        return
    check_treatments(draft, path, given, design.treatments)
    missing = [symbol for symbol in design.treatments if symbol not in given]
    if missing:
        draft.note(path, f"says nothing of {listed(missing)}", "one share per treatment")
    if missing or set(given) != set(design.treatments):
        return
    if not rates.rates:
        if (total := sum(given.values())) > 1.0 + _SLACK:
            draft.note(path, f"add up to {total:.6g}: nobody is in both of these groups", "at most 1 in all")
        return
    a, b = design.treatments
    for symbol in (a, b):
        if given[symbol] > rates.rates[symbol] + _SLACK:
            message = f"is {given[symbol]:g}, more than all who respond to {symbol}, {rates.rates[symbol]:g}"
            draft.note((*path, symbol), message)
            return
    if rates.rates[a] + given[b] > 1.0 + _SLACK:
        message = f"is {given[b]:g}, but only {1.0 - rates.rates[a]:.6g} do not respond to {a}"
        draft.note((*path, b), message)
        return
    differ, stated = rates.rates[a] - rates.rates[b], given[a] - given[b]
    if abs(differ - stated) > _SLACK:
        message = (
            f"the rates of {a} and {b} differ by {differ:.6g}, these shares by {stated:.6g}: both "
            "differences count the patients who respond to one treatment only"
        )
        draft.note(path, message, f"{a} = {given[b] + differ:.6g} with {b} = {given[b]:g} would fit")


def _check_open_rates(draft: Draft, stated: str, trial: TrialParts) -> None:
    """Where nothing is stated but `discordant`, nothing may depend on how many respond to both treatments.

    It does not in tests of the patients' own differences, if a response means the same in both periods.
    """
    design, population = trial.design, trial.population
    name, hint = printable(stated), "add rates = { A = share who respond to A, B = ... }"
    key: Path = ("hypotheses", stated, "discordant")
    what = "says who responds to one treatment only"
    a, b = (*design.treatments, "", "")[:2]
    if set(design.sequences) - {(a, b), (b, a)}:
        message = f"{what}; this design does not give every patient both treatments once"
        draft.note(key, message, hint, at_key=True)
    if population is not None and any(population.period_effect):
        message = f"{what}; what a period effect does depends on how many respond to each"
        draft.note(key, message, hint, at_key=True)
    if population is not None and population.dropout.odds_ratio is not None:
        message = f"{what}; who leaves depends on how many respond to each"
        draft.note(key, message, hint, at_key=True)
    for i, analysis in trial.analyses.items():
        if analysis.method and analysis.row.needs == "first":
            message = f"{analysis.method} compares how many respond to each treatment; {name} does not say it"
            draft.note(("analyses", i, "method"), message, hint)
    if draft.observed is not None:
        message = (
            f"how likely a result is depends on how many respond to each treatment; {name} does not say it"
        )
        draft.note(("observed",), message, hint, at_key=True)
