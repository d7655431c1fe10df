"""How patients leave and wait, resolved: a probability for each gap, and what that depends on."""

from __future__ import annotations

from collections.abc import Mapping

from planner.scenario.design import Design, ReturnToBaseline, Treatment
from planner.scenario.dropout import Dropout
from planner.scenario.faults import Path
from planner.scenario.population import Population
from planner.scenario.resolving.draft import Draft, check_treatments
from planner.scenario.text import count, did_you_mean, printable

MAX_RECHECKS = 50
MAX_HISTORIES = 256
"""Ways in which the gaps of a patient may have passed, where gates depend on them."""

_DROPOUT: Path = ("population", "dropout")


def resolve_dropout(draft: Draft, design: Design, dropout: Dropout) -> Dropout:
    """The dropout with a probability for each gap between periods."""
    gaps = design.periods - 1
    path: Path = (*_DROPOUT, "per_period")
    per_period = dropout.per_period
    if not isinstance(draft.written(path), list):
        if not gaps and per_period[0] > 0.0:
            draft.note(path, "has no gap between periods to act in", "before_first is for early leavers")
        per_period = (per_period[0],) * gaps
    elif len(per_period) != gaps:
        hint = f"one probability per gap between {count(design.periods, 'period')}, or one number for all"
        draft.note(path, f"has {count(len(per_period), 'number')} for {count(gaps, 'gap')}", hint)
    if dropout.odds_ratio is not None:
        _check_odds_ratios(draft, design, dropout)
    return dropout.model_copy(update={"per_period": per_period})


def _check_odds_ratios(draft: Draft, design: Design, dropout: Dropout) -> None:
    """What the odds depend on exists under every hypothesis, and there is a chance for them to act on."""
    path: Path = (*_DROPOUT, "odds_ratio")
    ratios = dropout.odds_ratio
    assert ratios is not None
    if draft.written((*_DROPOUT, "per_period")) is None:
        message = "`per_period` is missing: odds ratios act on the probability of leaving between periods"
        hint = "dropout = { per_period = 0.1, odds_ratio = { ... } }"
        draft.note(_DROPOUT, message, hint, at_key=True)
    known = dict.fromkeys([*design.treatments, *draft.names(("treatments",))])
    check_treatments(draft, (*path, "treatment"), ratios.treatment, known)
    declared = draft.names(("outcomes",))
    for name in ratios.outcomes:
        if name not in declared:
            hint = did_you_mean(name, declared) or "[outcomes.NAME] declares one"
            draft.note((*path, "outcomes", name), f"there is no outcome {printable(name)}", hint, at_key=True)
    if ratios.endpoint is not None and draft.endpoint is not None and draft.endpoint.on_logs:
        hint = "leave it out, or let leaving depend on the treatment: odds_ratio = { treatment = { ... } }"
        draft.note((*path, "endpoint"), "is not available with a log-normal endpoint", hint, at_key=True)
    without = {
        "improvement": draft.first_family(lambda family: not family.has_severity),
        "outcomes": draft.first_family(lambda family: not family.has_secondary_outcomes),
    }
    for key, other in without.items():
        if other is not None and getattr(ratios, key):
            message = f"acts on hypotheses of mechanisms; {printable(other.first)} states {other.row.states}"
            hint = "endpoint = { ratio = ..., per = ..., around = ... } acts on the value of the endpoint"
            draft.note((*path, key), message, hint, at_key=True)


def resolve_return_to_baseline(
    draft: Draft, design: Design, population: Population | None, treatments: Mapping[str, Treatment]
) -> Design:
    """The design with a baseline before each period, if patients must have returned to the first one."""
    rule, path = design.return_to_baseline, ("design", "return_to_baseline")
    if rule is None:
        return design
    if (rule.share is None) != rule.entry:
        message = "is stated twice: by `share` and by `entry`" if rule.entry else "does not say to what score"
        hint = "share = 0.8, of the first baseline; or entry = true, the score needed to be enrolled"
        draft.note(path, message, hint, at_key=True)
    baseline = population.baseline if population is not None else None
    if rule.entry and baseline is not None and baseline.at_least is None:
        message = "needs the score that patients must have to be enrolled"
        draft.note((*path, "entry"), message, "under [population]: baseline = { ..., at_least = 20 }")
    if design.periods == 1:
        draft.note(path, "has no second dosing to wait for", at_key=True)
    _check_rechecks(draft, design, rule, treatments)
    other = draft.first_family(lambda family: not family.has_severity)
    if other is not None:
        message = f"acts on hypotheses of mechanisms; {printable(other.first)} states {other.row.states}"
        draft.note(path, message, "leave it out, or plan them in two files", at_key=True)
        return design
    if draft.written(("design", "baselines")) is None:
        return design.model_copy(update={"baselines": "period"})
    return design


def _check_rechecks(
    draft: Draft, design: Design, rule: ReturnToBaseline, treatments: Mapping[str, Treatment]
) -> None:
    """Not too many ratings, nor too many ways in which they may have gone where blockades depend on them."""
    path: Path = ("design", "return_to_baseline", "recheck_days")
    fewer = "rate them less often: more recheck_days, or fewer at_most_days"
    if rule.rechecks > MAX_RECHECKS:
        draft.note(path, f"{rule.rechecks} ratings are too many; at most {MAX_RECHECKS}", fewer)
        return
    ways = (rule.rechecks + 1) ** (design.periods - 1)
    if ways > MAX_HISTORIES and _fading(draft, design, treatments):
        message = (
            f"makes {ways:,} ways in which the gaps may pass, each with another blockade; at most "
            f"{MAX_HISTORIES} are allowed"
        )
        draft.note(path, message, fewer)


def _fading(draft: Draft, design: Design, treatments: Mapping[str, Treatment]) -> bool:
    """Whether an agent of the trial blocks on in later periods under any hypothesis."""
    given = {a.agent for t in design.treatments for a in treatments[t].agents}
    hypotheses = draft.hypotheses.values()
    agents = [draft.agents, *(each.own_agents for each in hypotheses)]
    signals = [draft.signals, *(each.own_signals for each in hypotheses)]
    lasting = {a for table in agents for a in table if table[a].half_life_days is not None}
    blocking = {a for table in signals for s in table.values() for a in s.blocked_by}
    return bool(given & lasting & blocking)
