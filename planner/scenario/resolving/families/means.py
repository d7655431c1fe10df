"""Hypotheses of the family `means`, resolved: one set of standard deviations, carryover, baselines."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import sqrt

from planner.scenario.design import Design
from planner.scenario.endpoint import Endpoint
from planner.scenario.families.means import BaselineCorrelation, Means
from planner.scenario.faults import Path
from planner.scenario.fields import EVERY
from planner.scenario.resolving.draft import Draft, check_score, check_treatments
from planner.scenario.resolving.families.resolver import FamilyResolver, TrialParts
from planner.scenario.score_spread import ScoreSpread
from planner.scenario.text import listed, printable
from planner.scenario.uncertainty import Distribution

FORMS = "sd_within with sd_between; or sd with correlation; or sd_difference"
_SLACK = 1e-9
_ALIKE = 1e-11  # of the scores: a spread that is nearly their rounding


class MeansResolver(FamilyResolver[Means]):
    """Means of all treatments, and one statement of how scores vary."""

    def resolve(self, draft: Draft, name: str, hypothesis: Means, trial: TrialParts) -> Means:
        return _resolved(draft, name, hypothesis, trial)

    def uncertain_in_full(
        self, draft: Draft, place: Path, hypothesis: Means, key: str, stated: Distribution
    ) -> tuple[str, Distribution]:
        """An uncertain SD of the difference as one of the SD within patients, which is smaller by sqrt(2)."""
        if key.strip() != "sd_difference":
            return key, stated
        return "sd_within", stated if stated.relative else _within(draft, place, hypothesis, stated)

    def example(self, setting: str, first: str, second: str, number: str) -> str:
        return {
            "carryover": f"for instance carryover = {{ {first} = {number} }}: what {first} carries over",
            "means": f"one mean per treatment: means = {{ {first} = {number}, {second} = 0 }}",
        }.get(setting, "")


RESOLVER = MeansResolver()


def _resolved(draft: Draft, name: str, means: Means, trial: TrialParts) -> Means:
    """The hypothesis with `sd_within` by treatment and `sd_between` in place of whatever form was written."""
    path: Path = ("hypotheses", name)
    design, endpoint, treatments = trial.design, trial.endpoint, list(trial.treatments)
    check_treatments(draft, (*path, "means"), means.means, treatments)
    check_treatments(draft, (*path, "carryover"), means.carryover, treatments)
    missing = [symbol for symbol in design.treatments if symbol not in means.means]
    if missing or not means.means:
        draft.note((*path, "means"), f"says nothing of {listed(missing)}", "one mean per treatment")
    if endpoint is not None and endpoint.measure == "score":
        for symbol, mean in means.means.items():
            check_score(draft, endpoint.scale, (*path, "means", symbol), mean)
    if design.periods == 1 and means.sd is not None and means.correlation is None:
        means = means.model_copy(
            update={"correlation": 0.0}
        )  # one score of a patient correlates with nothing
    if not means.means:
        return means
    spread = _spread(draft, path, means, trial)
    if spread is None or missing:
        return means
    _check_digits(draft, path, means, spread)
    _check_variation(draft, path, means, spread, design)
    _check_baselines(draft, path, means, spread, design)
    order = [symbol for symbol in treatments if symbol in means.means]
    stated = {
        "label": means.label or name,
        "means": {symbol: means.means[symbol] for symbol in order},
        "carryover": {symbol: means.carryover.get(symbol, 0.0) for symbol in order},
    }
    if spread.sign < 0:  # a variance between patients below 0 has no SD: the full form is as it was written
        return means.model_copy(update=stated)
    level = {symbol: spread.level[symbol] for symbol in order}
    forms = {
        "sd_within": {symbol: spread.within[symbol] for symbol in order},
        "sd_between": spread.between if spread.common else level,
        "sd": None,
        "correlation": None,
        "sd_difference": None,
    }
    return means.model_copy(update=stated | forms)


def _check_digits(draft: Draft, path: Path, means: Means, spread: ScoreSpread) -> None:
    """Scores that agree in their first eleven digits: too little of what differs is left to compute with."""
    largest = max(map(abs, means.means.values()))
    smallest = min((sd for sd in spread.within.values() if sd > 0.0), default=largest)
    if smallest < _ALIKE * largest:
        draft.note(
            (*path, "means"),
            f"are up to {largest:g}, and the SD within patients is {smallest:g}: too much alike",
            "take the same number off all means: what is compared stays the same",
        )


def _spread(draft: Draft, path: Path, means: Means, trial: TrialParts) -> ScoreSpread | None:
    """The standard deviations, from exactly one form; None if they cannot be derived."""
    forms = {
        "sd_within": means.sd_within is not None,
        "sd": means.sd is not None or means.correlation is not None,
        "sd_difference": means.sd_difference is not None,
    }
    given = [form for form in forms if forms[form]]
    if not given:
        message = "how much the scores vary is not stated"
        if means.sd_between is not None:
            message = "`sd_between` alone does not say how much a patient's own scores vary"
        draft.note(path, message, f"give {FORMS}", at_key=True)
        return None
    if len(given) > 1:
        second = next(k for k in ("sd_difference", "sd", "correlation") if getattr(means, k) is not None)
        draft.note((*path, second), "the spread is stated twice", f"give one of: {FORMS}", at_key=True)
        return None
    before = len(draft.complaints)
    for key in ("sd_within", "sd_between", "sd"):
        _check_table(draft, (*path, key), means, getattr(means, key), list(trial.treatments))
    if given[0] == "sd_within":
        _check_within(draft, path, means, trial)
    elif given[0] == "sd":
        _check_total(draft, path, means, trial.design)
    else:
        _check_difference(draft, path, means, trial.endpoint)
    return means.spread if len(draft.complaints) == before else None


def _check_table(draft: Draft, path: Path, means: Means, stated: object, treatments: list[str]) -> None:
    """A table by treatment has them all."""
    if not isinstance(stated, Mapping):
        return
    check_treatments(draft, path, stated, [*treatments, EVERY])
    missing = [symbol for symbol in means.means if symbol not in stated and EVERY not in stated]
    if missing:
        hint = "one SD per treatment, or one number for all"
        draft.note(path, f"says nothing of {listed(missing)}", hint)


def _check_within(draft: Draft, path: Path, means: Means, trial: TrialParts) -> None:
    """Where patients are compared with themselves alone, nobody need know how much they differ."""
    reason = trial.why_levels_matter(draft) if means.sd_between is None else ""
    if not reason:
        return
    hint = "sd_between = the SD between the patients' own levels, in points"
    draft.note((*path, "sd_within"), f"needs `sd_between` beside it: {reason}", hint, at_key=True)


def _check_total(draft: Draft, path: Path, means: Means, design: Design) -> None:
    for one, other in (("sd", "correlation"), ("correlation", "sd")):
        if getattr(means, one) is not None and getattr(means, other) is None:
            draft.note((*path, one), f"needs `{other}` beside it", f"or give {FORMS}", at_key=True)
    if means.sd_between is not None:
        message = "follows from `sd` and `correlation`"
        draft.note((*path, "sd_between"), message, "leave it out", at_key=True)
    correlation = means.correlation
    stated_for_all = not isinstance(means.sd, Mapping) or set(means.means) <= set(means.sd)
    if means.sd is None or correlation is None or not stated_for_all:
        return
    if correlation < 0.0:
        _check_negative(draft, path, means, correlation, design)
    elif min(map(means.residual_variance, means.means)) < 0.0:
        most = min(map(means.stated_sd, means.means)) * sqrt(1.0 - correlation)
        draft.note((*path, "sd_interaction"), f"can be at most {most:.4g} with this `sd` and `correlation`")


def _check_negative(draft: Draft, path: Path, means: Means, correlation: float, design: Design) -> None:
    """A correlation below 0 is possible in a few periods only: the sum of them cannot vary less than not."""
    key = (*path, "correlation")
    if correlation * (design.periods - 1) < -1.0 - _SLACK:
        least = -1.0 / (design.periods - 1)
        message = f"cannot be below {least:.4g}: {design.periods} scores cannot all oppose each other so much"
        draft.note(key, message, "scores of one patient mostly agree: the correlation is above 0")
    if means.sd_interaction > 0.0:
        message = "cannot be combined with a correlation below 0"
        draft.note((*path, "sd_interaction"), message, "leave it out: the correlation says it all", True)
    if design.baselines != "none":
        message = "cannot be below 0 in a design that takes baselines"
        draft.note(key, message, 'design.baselines = "none", or a correlation of 0 or more')


def _check_difference(draft: Draft, path: Path, means: Means, endpoint: Endpoint | None) -> None:
    if means.sd_difference is not None and min(map(means.residual_variance, means.means)) < 0.0:
        most = means.sd_difference / sqrt(2.0)
        draft.note((*path, "sd_interaction"), f"can be at most {most:.4g} with this `sd_difference`")
    if isinstance(means.sd_between, Mapping):
        message = "by treatment is no part of one `sd_difference`: it would make the difference vary more"
        draft.note((*path, "sd_between"), message, "state sd_within and sd_between by treatment")
    if means.sd_between is None and endpoint is not None and endpoint.bounds is not None:
        draft.note(
            (*path, "sd_difference"),
            "needs `sd_between` beside it: the scale has limits, and how many patients are near them "
            "depends on how much patients differ",
            "sd_between = the SD between the patients' own levels, in points",
            at_key=True,
        )


def _check_variation(draft: Draft, path: Path, means: Means, spread: ScoreSpread, design: Design) -> None:
    """A trial in which every patient shows exactly the same difference has no t statistic."""
    for pair in combinations(design.treatments, 2):
        if spread.difference(*pair) == 0.0:
            form = next(k for k in ("sd_within", "sd", "sd_difference") if getattr(means, k) is not None)
            message = f"the difference of {listed(pair)} would be the same in every patient"
            hint = "at least one of them needs an SD above 0"
            if means.correlation == 1.0:
                hint = f"correlation = 0.9, or an SD for each: sd = {{ {pair[0]} = ..., {pair[1]} = ... }}"
            draft.note((*path, form), message, hint)
            return


def _check_baselines(draft: Draft, path: Path, means: Means, spread: ScoreSpread, design: Design) -> None:
    """Baseline correlations are there when baselines are, and are possible together with the spread."""
    stated, key = means.baseline_correlation, (*path, "baseline_correlation")
    if design.baselines == "none":
        if stated is not None:
            hint = 'design.baselines = "first" or "period", or leave it out'
            draft.note(key, "has no baselines to act on", hint, at_key=True)
        return
    if stated is None:
        hint = "baseline_correlation = { own = ..., cross = ..., between = ... }"
        draft.note(path, "`baseline_correlation` is missing: the design takes baselines", hint, at_key=True)
        return
    for sequence in design.sequences:
        if not possible(_correlations(sequence, stated, spread, design.baselines == "first")):
            message = (
                f"is impossible: in the sequence {printable(' '.join(sequence))} scores and baselines cannot "
                "correlate so strongly with each other and so little among themselves"
            )
            draft.note(key, message, "bring own and cross nearer to each other, or lower both")
            return
    _check_baseline_parts(draft, key, stated, spread, design.baselines == "first")


def _check_baseline_parts(
    draft: Draft, key: Path, stated: BaselineCorrelation, spread: ScoreSpread, first_only: bool
) -> None:
    """The variance of a baseline has room for what it shares with the scores.

    It shares the patient's level with every score and the residual with that of its own period; what
    baselines have in common (`between`) includes the level.
    """
    within = sum(w * w for w in spread.within.values()) / len(spread.within)
    level = (
        spread.between * spread.between
    )  # the mean variance, as in planner.model.families.means.typical_sd
    total = level + spread.interaction * spread.interaction + within
    of_level = _share(stated.cross * stated.cross * total, level)
    of_residual = _share((stated.own - stated.cross) ** 2 * total, within)
    slack = 1e-9
    if of_level + of_residual > 1.0 + slack:
        message = "is impossible: a baseline would share more with the scores than it varies"
        draft.note(key, message, "bring own and cross nearer to each other, or lower both")
    elif not first_only and of_level > stated.between + slack:
        message = f"is impossible: with this cross, between cannot be below {of_level:.4g}"
        draft.note(key, message, "raise between, or lower cross")
    elif not first_only and of_residual > 1.0 - stated.between + slack:
        message = f"is impossible: with this own and cross, between cannot be above {1.0 - of_residual:.4g}"
        draft.note(key, message, "lower between, or bring own and cross nearer to each other")


def _share(part: float, whole: float) -> float:
    """part / whole; nothing of nothing is 0, something of nothing does not fit."""
    return 0.0 if part == 0.0 else (part / whole if whole > 0.0 else 2.0)


def _correlations(
    sequence: tuple[str, ...], stated: BaselineCorrelation, spread: ScoreSpread, first_only: bool
) -> list[list[float]]:
    """Correlation matrix of the scores of a sequence and, after them, of its baselines."""
    periods = len(sequence)
    baselines = 1 if first_only else periods
    matrix = [[1.0] * (periods + baselines) for _ in range(periods + baselines)]
    for i in range(periods):
        for j in range(periods):
            if i != j:
                matrix[i][j] = spread.correlation(sequence[i], sequence[j])
        for j in range(baselines):
            matrix[i][periods + j] = matrix[periods + j][i] = stated.own if i == j else stated.cross
    for i in range(baselines):
        for j in range(baselines):
            if i != j:
                matrix[periods + i][periods + j] = stated.between
    return matrix


def possible(matrix: list[list[float]]) -> bool:
    """Whether correlations can be: no combination has a negative variance, but for rounding."""
    import numpy as np

    return bool(np.linalg.eigvalsh(np.array(matrix))[0] >= -1e-9)


def _within(draft: Draft, place: Path, hypothesis: Means, stated: Distribution) -> Distribution:
    """The distribution of the SD within patients where that of the difference is stated."""
    if hypothesis.sd_interaction:
        message = "cannot be uncertain beside a patient-by-treatment SD"
        draft.note(place, message, "state `sd_within`, or `sd_interaction`, as uncertain", at_key=True)
    low, high = stated.limits
    scaled = {"low": low, "high": high} if stated.form in ("uniform", "beta") else {}
    scaled |= {key: value for key in ("mean", "sd", "median") if (value := getattr(stated, key)) is not None}
    return stated.model_copy(update={key: value / sqrt(2.0) for key, value in scaled.items()})
