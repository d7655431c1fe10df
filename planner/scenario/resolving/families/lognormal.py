"""Means of a log-normal endpoint, resolved: one statement of how scores vary, ratios above 0."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from planner.scenario.design import Design
from planner.scenario.families.lognormal import USUAL_CV_BETWEEN, LogNormal
from planner.scenario.faults import Path
from planner.scenario.fields import EVERY
from planner.scenario.resolving.draft import Draft, check_treatments
from planner.scenario.resolving.families.resolver import FamilyResolver, TrialParts
from planner.scenario.text import listed
from planner.scenario.uncertainty import Distribution

FORMS = "cv_within = 0.3 (30 %), or by treatment; or sd_within, the SD of logarithms"


class LogNormalResolver(FamilyResolver[LogNormal]):
    """Geometric means of all treatments, and a CV or SD of logarithms for each."""

    def check_trial(self, draft: Draft, first: str, trial: TrialParts) -> None:
        if trial.endpoint is not None:
            _check_scale(draft)
        if trial.design.baselines != "none":
            message = "a log-normal endpoint has none: nothing says how they would vary with the scores"
            draft.note(("design", "baselines"), message, "leave it out")
        if trial.population is not None:
            _check_ratios(draft, trial)

    def check_resolved(self, draft: Draft, hypotheses: Mapping[str, LogNormal], trial: TrialParts) -> None:
        unstated = [name for name in hypotheses if not _says_between(draft, name)]
        if unstated and (reason := trial.why_levels_matter(draft)):
            draft.remarks.append(
                f"{_of(unstated)} {listed(unstated)}: cv_between = {USUAL_CV_BETWEEN:g} is assumed, "
                f"and it matters: {reason}"
            )

    def resolve(self, draft: Draft, name: str, hypothesis: LogNormal, trial: TrialParts) -> LogNormal:
        path: Path = ("hypotheses", name)
        symbols = list(trial.treatments)
        check_treatments(draft, (*path, "means"), hypothesis.means, symbols)
        check_treatments(draft, (*path, "carryover"), hypothesis.carryover, symbols)
        missing = [symbol for symbol in trial.design.treatments if symbol not in hypothesis.means]
        if missing or not hypothesis.means:
            hint = "one geometric mean per treatment"
            draft.note((*path, "means"), f"says nothing of {listed(missing)}", hint)
        stated = _check_spread(draft, path, hypothesis, symbols)
        order = [symbol for symbol in symbols if symbol in hypothesis.means]
        if missing or not order or not stated:
            return hypothesis
        _check_variation(draft, (*path, stated), hypothesis, trial.design)
        return hypothesis.model_copy(
            update={
                "label": hypothesis.label or name,
                "means": {symbol: hypothesis.means[symbol] for symbol in order},
                stated: _by_treatment(getattr(hypothesis, stated), order),
                "cv_between": _between(hypothesis),
                "carryover": {symbol: hypothesis.carryover.get(symbol, 1.0) for symbol in order},
            }
        )

    def uncertain_in_full(
        self, draft: Draft, place: Path, hypothesis: LogNormal, key: str, stated: Distribution
    ) -> tuple[str, Distribution]:
        """An uncertain ratio as an uncertain mean of the first treatment of the first contrast."""
        if key.strip() != "ratio" or not draft.analyses:
            return key, stated
        if stated.form != "estimate":
            hint = "ratio = { patients = 24 }, or a distribution of means.TREATMENT"
            draft.note(place, "is uncertain as an earlier trial has estimated it", hint, at_key=True)
        first = next(iter(next(iter(draft.analyses.values())).weights))
        return f"means.{first}", stated.model_copy(update={"patients": stated.patients or 2**10})

    def example(self, setting: str, first: str, second: str, number: str) -> str:
        return {
            "cv_within": f"cv_within = {number}, or cv_within = {{ {first} = 0.35, {second} = 0.5 }}"
        }.get(setting, "")


RESOLVER = LogNormalResolver()


def _check_scale(draft: Draft) -> None:
    """Logarithms are neither rounded nor cut."""
    for key in ("low", "high", "step"):
        if draft.endpoint is not None and getattr(draft.endpoint.scale, key) is not None:
            message = "cannot be combined with a log-normal endpoint, whose scores are any number above 0"
            hint = "leave it out; or leave `distribution` out, for scores on a scale"
            whole = draft.written(("endpoint", "scale", key)) is None
            draft.note(("endpoint", "scale") if whole else ("endpoint", "scale", key), message, hint, True)
            return


def _check_ratios(draft: Draft, trial: TrialParts) -> None:
    """Effects of periods and sequences are factors; those of periods are relative to the first."""
    assert trial.population is not None
    for key in ("period_effect", "sequence_effect"):
        effects: tuple[float, ...] = getattr(trial.population, key)
        for i, effect in enumerate(effects):
            if effect <= 0.0:
                message = f"is {effect:g}: with a log-normal endpoint it is a ratio, above 0"
                draft.note(("population", key, i), message, "1 for no effect; 1.05 for 5 % more")
                break
        else:
            if key == "period_effect" and effects and effects[0] != 1.0:
                message = f"is {effects[0]:g}: with a log-normal endpoint each is a ratio to the first period"
                draft.note(("population", key, 0), message, f"the first is 1: {_to_first(effects)}")


def _to_first(effects: tuple[float, ...]) -> str:
    return f"period_effect = [{', '.join(f'{effect / effects[0]:.6g}' for effect in effects)}]"


def _check_spread(draft: Draft, path: Path, hypothesis: LogNormal, symbols: list[str]) -> str:
    """The setting that states how much the scores of a patient vary; empty where that is not known."""
    given = [key for key in ("cv_within", "sd_within") if getattr(hypothesis, key) is not None]
    if not given:
        message = "how much the scores vary is not stated"
        draft.note(path, message, f"give {FORMS}", at_key=True)
        return ""
    if len(given) > 1:
        draft.note((*path, "sd_within"), "the spread is stated twice", f"give one of: {FORMS}", at_key=True)
        return ""
    if hypothesis.cv_between is not None and hypothesis.sd_between is not None:
        message = "the spread between patients is stated twice"
        draft.note((*path, "sd_between"), message, "leave it or `cv_between` out", at_key=True)
    (key,) = given
    stated: Mapping[str, float] = getattr(hypothesis, key)
    check_treatments(draft, (*path, key), stated, [*symbols, EVERY])
    missing = [symbol for symbol in hypothesis.means if symbol not in stated and EVERY not in stated]
    if missing:
        draft.note((*path, key), f"says nothing of {listed(missing)}", "one per treatment, or one for all")
    return "" if missing else key


def _check_variation(draft: Draft, path: Path, hypothesis: LogNormal, design: Design) -> None:
    """A trial in which every patient shows exactly the same ratio has no t statistic."""
    for pair in combinations(design.treatments, 2):
        if hypothesis.spread.difference(*pair) == 0.0:
            message = f"the ratio of {listed(pair)} would be the same in every patient"
            draft.note(path, message, "at least one of them needs a spread above 0")
            return


def _by_treatment(stated: Mapping[str, float], order: list[str]) -> dict[str, float]:
    return {symbol: stated[symbol] if symbol in stated else stated[EVERY] for symbol in order}


def _of(names: list[str]) -> str:
    return "hypothesis" if len(names) == 1 else "hypotheses"


def _says_between(draft: Draft, name: str) -> bool:
    stated = draft.hypotheses[name]
    return not isinstance(stated, LogNormal) or (stated.cv_between, stated.sd_between) != (None, None)


def _between(hypothesis: LogNormal) -> float | None:
    """The CV between patients, the usual one where none is stated."""
    if hypothesis.cv_between is None and hypothesis.sd_between is None:
        return USUAL_CV_BETWEEN
    return hypothesis.cv_between
