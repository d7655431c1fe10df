"""How patients leave, completed: a probability for each gap, and what the odds depend on."""

from __future__ import annotations

from planner.completing.draft import Draft, check_treatments, count
from planner.faults import Path, printable
from planner.scenario import Design, Dropout

_DROPOUT: Path = ("population", "dropout")


def complete_dropout(draft: Draft, design: Design, dropout: Dropout) -> Dropout:
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
    found = dropout.odds_ratio
    assert found is not None
    if draft.written((*_DROPOUT, "per_period")) is None:
        message = "`per_period` is missing: odds ratios act on the probability of leaving between periods"
        hint = "dropout = { per_period = 0.1, odds_ratio = { ... } }"
        draft.note(_DROPOUT, message, hint, at_key=True)
    known = dict.fromkeys([*design.treatments, *draft.names(("treatments",))])
    check_treatments(draft, (*path, "treatment"), found.treatment, known)
    first = draft.first_of_family
    other = next((first[family] for family in ("means", "rates") if family in first), None)
    if found.improvement is not None and other is not None:
        stated = "means" if "means" in first else "rates"
        message = f"acts on hypotheses of mechanisms; {printable(other)} states {stated}"
        hint = "outcome = { ratio = ..., per = ..., around = ... } acts on the value of the endpoint"
        draft.note((*path, "improvement"), message, hint, at_key=True)
