"""One virtual trial in full: every patient, every score, what each look saw and what was decided.

The trial is the one that a run counts under that number: the same kernels generate, analyse and decide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.analyses import info_of
from planner.engine import memory
from planner.engine.blocks import Records, records_of
from planner.engine.cells import HypothesisTest
from planner.engine.executors import Progress
from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.engine.observations import Observations, observe
from planner.engine.workspace import LESS_MEMORY, job_in_words, records_bytes
from planner.errors import UnknownNameError
from planner.kernels.tables import (
    ABOVE,
    BELOW,
    COMPLETERS,
    DF,
    ESTIMATE,
    FUTILE,
    FUTILE_FROM,
    FUTILE_TO,
    LAST,
    LOWER,
    SE,
    UPPER,
    Floats,
    Ints,
    Rules,
    T,
    W,
)
from planner.model.patients_used import patients_used
from planner.model.readings import Reading, reading_of
from planner.monitoring.p_values import p_value
from planner.monitoring.references import REFERENCES, look_up
from planner.questions.replay.trial import (
    DIFFERENT,
    EFFICACY,
    EQUIVALENT,
    FUTILITY,
    GOES_ON,
    NOT_EQUIVALENT,
    NOT_SIGNIFICANT,
    Course,
    LookResult,
    PatientsUsed,
    Trial,
    UsedOf,
    VirtualPatient,
)
from planner.questions.requested import check_one_stage, check_whole
from planner.results.blinding import Guess, guess_counts, guesses_of
from planner.results.dropout import days_waited
from planner.results.effect_scale import Unit, measured, unit_of
from planner.scenario.caps import MAX_TRIAL
from planner.scenario.labels import labels_of, name_called
from planner.scenario.scenario import Scenario
from planner.scenario.text import brief, listed, nearest, perhaps

Flags = NDArray[np.bool_]

LARGEST_INDEX = MAX_TRIAL
"""Trials from 2^62 on are kept for the true effects."""

KINDS = {
    "efficacy": "is significant",
    "early-efficacy": "stops early for efficacy",
    "futility": "stops for futility",
    "wrong-sign": "is significant with the wrong sign",
    "not-significant": "ends without being significant",
    "shown-different": "ends with an interval that lies outside both limits of equivalence",
}
"""What `find` looks for. A trial that stops for futility is also one that is not significant."""

_SCAN_TILES = 8
_DECISIONS = {ABOVE: EFFICACY, BELOW: EFFICACY, FUTILE: FUTILITY, LAST: NOT_SIGNIFICANT}
_OF_EQUIVALENCE = {ABOVE: EQUIVALENT, BELOW: DIFFERENT, FUTILE: FUTILITY, LAST: NOT_EQUIVALENT}


def replay(
    scenario: Scenario,
    index: int = 0,
    *,
    hypothesis: str | None = None,
    analysis: str | None = None,
    seed: int | None = None,
    name: str | None = None,
) -> Trial:
    """Trial `index` (from 0) of a run with this seed, in full.

    `hypothesis`: by name or label, the first to be simulated if not given. `analysis`: only this one. Raises
    UnknownNameError for a name that the scenario does not have, RequestError for an index that no run has.

    >>> import planner
    >>> print(planner.replay(planner.read("asthma-ab-ba"), 17))
    Trial of asthma-ab-ba, number 17 of seed 1 under published, digest a49bb3a43e09
      hills-armitage: efficacy at look 1 of 2, 26 patients, estimate +34 ± 8
    """
    check_whole(index=index, seed=seed)
    check_one_stage("trial", scenario)
    chosen = narrow(scenario, hypothesis, analysis)
    work = job_of(chosen, seed=seed, tallied=False)
    memory.check(records_bytes(work, 1), job_in_words(work), LESS_MEMORY)
    records = records_of(work, index // W * W, 1)
    return _trial(scenario, chosen, work, records, index, name or scenario.name)


def find(
    scenario: Scenario,
    kind: str,
    *,
    first: int = 0,
    trials: int | None = None,
    hypothesis: str | None = None,
    analysis: str | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
    name: str | None = None,
) -> Trial | None:
    """The first trial of a kind from trial `first` on; None if none of `trials` is.

    `kind`: `efficacy` (significant), `early-efficacy`, `futility` (stopped for it), `wrong-sign` (significant
    with the wrong sign), `not-significant` or, of equivalence, `shown-different`. Judged by `analysis`, the
    first one if not given. Raises UnknownNameError for a kind that there is not, and as `replay` does.

    >>> import planner
    >>> one = ["simulation.hypotheses=['minimal-important']"]
    >>> scenario = planner.read("asthma-ab-ba", set=one)
    >>> trial = planner.find(scenario, "not-significant")
    >>> trial.index, trial.courses[0].decision
    (26, 'not significant')
    """
    if not isinstance(kind, str) or kind not in KINDS:
        near = nearest(kind, KINDS) if isinstance(kind, str) else []
        hint = " ".join(filter(None, (perhaps(near), f"there are {listed(KINDS)}")))
        raise UnknownNameError(f"there is no kind of trial {brief(kind)}", hint)
    check_whole(first=first, trials=trials, seed=seed)
    check_one_stage("trial", scenario)
    trials = scenario.simulation.trials if trials is None else trials
    judged = analysis or scenario.analyses[0].name
    work = job_of(narrow(scenario, hypothesis, judged), seed=seed, tallied=False)
    end = min(first + trials, LARGEST_INDEX + 1)
    tiles = memory.workers(records_bytes(work, 1), _SCAN_TILES, job_in_words(work), LESS_MEMORY)
    for start in range(first // W * W, end, tiles * W):
        records = records_of(work, start, tiles)
        hits = np.flatnonzero(_is_kind(work, records, kind))
        hits = hits[(hits >= first - start) & (hits < end - start)]
        if hits.size:
            index = start + int(hits[0])
            return replay(scenario, index, hypothesis=hypothesis, analysis=analysis, seed=seed, name=name)
        if progress:
            progress(min(start + tiles * W, end) - first, trials)
    return None


def narrow(scenario: Scenario, hypothesis: str | None, analysis: str | None) -> Scenario:
    """The scenario with one hypothesis (default: the first to be simulated), and one analysis if named.

    Raises UnknownNameError, a LookupError, for a name or label that it does not have.
    """
    hypothesis = hypothesis or scenario.simulated_hypotheses[0]
    hypothesis = name_called(hypothesis, labels_of(scenario.hypotheses))
    every = {each.name: each for each in scenario.analyses}
    if analysis is not None:
        analysis = name_called(analysis, dict.fromkeys(every, ()), "analysis", "analyses")
    analyses = tuple(each for name, each in every.items() if analysis in (None, name))
    one = scenario.simulation.model_copy(update={"hypotheses": (hypothesis,)})
    return scenario.model_copy(update={"simulation": one, "analyses": analyses})


def _is_kind(work: Job, records: Records, kind: str) -> Ints:
    """Of the only hypothesis, analysis and design: which trials (tile * 128) are of a kind; 0 or 1."""
    end, look = records.end[0, 0, 0], records.look[0, 0, 0]
    test = work.cells.tests[0][0]
    plan, effect = test.looks[0], test.truth.effect
    significant = np.isin(end, plan.efficacy)
    against = (end == (BELOW if effect > 0 else ABOVE)) & (plan.margins is None)
    kinds: dict[str, Callable[[], object]] = {
        "efficacy": lambda: significant,
        "early-efficacy": lambda: significant & (look + 1 < len(plan.counts)),
        "futility": lambda: end == FUTILE,
        "wrong-sign": lambda: against & (effect != 0.0),
        "not-significant": lambda: ~significant,
        "shown-different": lambda: (end == BELOW) & plan.tests_equivalence,
    }
    return np.asarray(kinds[kind](), np.int64)


def _trial(scenario: Scenario, chosen: Scenario, work: Job, records: Records, index: int, name: str) -> Trial:
    lane = index % W
    readings = tuple(dict.fromkeys(reading_of(chosen, a) for a in chosen.analyses))
    values = records.values[0, :, 0].reshape(work.cells.patients, work.readings, -1, W)[..., lane]
    waits = values[:, work.readings - work.waits :]
    courses = tuple(
        _course(chosen, work, records, a, readings, values, lane) for a in range(len(chosen.analyses))
    )
    finished = max(course.looks[-1].patients for course in courses)
    name_of = work.cells.tests[0][0].hypothesis
    seen = observe(chosen, name_of, readings, records.sequence, index, work.cells.seed)
    if seen is not None:
        seen = seen._replace(scores=_measured(scenario, seen.scores))
    patients = tuple(
        _patient(
            p,
            scenario.design.sequences[int(records.sequence[0, p])],
            _measured(scenario, values[p, : len(readings)]),
            days_waited(scenario, waits[p]),
            guesses_of(work.guessing, values[p], int(records.sequence[0, p])),
            seen,
        )
        for p in range(finished)
    )
    return Trial(
        scenario=scenario,
        name=name,
        index=index,
        seed=work.cells.seed,
        hypothesis=name_of,
        readings=readings,
        patients=patients,
        courses=courses,
        guesses=guess_counts(work.guessing, ((each.sequence, each.guesses) for each in patients))
        if work.guessing
        else None,
    )


def _patient(
    p: int,
    sequence: tuple[str, ...],
    values: Floats,
    extra: tuple[float | None, ...],
    guesses: tuple[Guess | None, ...],
    seen: Observations | None,
) -> VirtualPatient:
    """The patient whose scores f64[reading, period] are given."""
    there = np.flatnonzero(~np.isnan(values).all(axis=0))
    periods = int(there[-1]) + 1 if there.size else 0
    rows = tuple(tuple(_number(x) for x in row) for row in values)
    left = periods + 1 if periods < len(sequence) else None
    baselines: tuple[float | None, ...] = ()
    scores: tuple[tuple[float | None, ...], ...] = ()
    if seen is not None:
        baselines = tuple(map(_number, seen.baselines[p]))
        scores = tuple(tuple(map(_number, row)) for row in seen.scores[p])
    return VirtualPatient(p + 1, tuple(sequence), rows, left, extra, guesses, baselines, scores)


def _course(
    scenario: Scenario,
    work: Job,
    records: Records,
    a: int,
    readings: Sequence[Reading],
    values: Floats,
    lane: int,
) -> Course:
    """What analysis `a` made of one lane of the tile."""
    test = work.cells.tests[0][a]
    reading = readings.index(reading_of(scenario, test.analysis))
    rules = work.analyses[a].rules
    weight = work.analyses[a].contrast.weight[records.sequence[0]]  # (patient, period)
    own = np.where(weight == 0.0, 0.0, values[:, reading] * weight).sum(axis=-1)
    ended, how = int(records.look[0, a, 0, lane]), int(records.end[0, a, 0, lane])
    decisions = _OF_EQUIVALENCE if test.looks[0].tests_equivalence else _DECISIONS
    decided = decisions[how]
    looks = tuple(
        _look(
            test,
            rules,
            k,
            records.stat[0, a, int(rules.look[0, k]), 0],
            lane,
            decided if k == ended else GOES_ON,
        )
        for k in range(ended + 1)
    )
    planned = len(test.looks[0].counts)
    used = patients_used(scenario, test.analysis, records.sequence[0], values[:, reading], weight)
    counted = _counts(values[:, reading], used, looks[-1].patients)
    unit = unit_of(scenario, test.analysis.name)
    upper = records.limit[0, a, :, 0, lane]
    given = [_given(_held(look, float(upper[int(rules.look[0, k])])), unit) for k, look in enumerate(looks)]
    truth, contrasts = unit.truth(test.truth), tuple(map(_number, own))
    margins = test.looks[0].margins
    ends = () if margins is None else tuple(map(unit.effect, margins.finite))
    return Course(test.analysis, reading, truth, unit, contrasts, planned, tuple(given), counted, ends)


def _held(look: LookResult, upper: float) -> LookResult:
    """A look with the limits that it is held to, from the log of the upper one; without, where it is NaN."""
    return look if math.isnan(upper) or look.estimate is None else replace(look, limits=(-upper, upper))


def _given(look: LookResult, unit: Unit) -> LookResult:
    """A look with its estimate as effects are given."""
    if not unit.ratio or look.estimate is None:
        return look

    def both(ends: tuple[float, float] | None) -> tuple[float, float] | None:
        return None if ends is None else (unit.effect(ends[0]), unit.effect(ends[1]))

    estimate, interval = unit.effect(look.estimate), both(look.interval)
    ratio = replace(look, estimate=estimate, se=None, interval=interval, limits=both(look.limits))
    return replace(ratio, estimate_log=look.estimate, se_log=look.se)


def _measured(scenario: Scenario, values: Floats) -> Floats:
    """Values as they are measured."""
    if not scenario.endpoint.on_logs:
        return values
    return np.array([measured(scenario, float(x)) for x in values.ravel()]).reshape(values.shape)


def _counts(scores: Floats, used: Flags, seen: int) -> PatientsUsed:
    """Of the first `seen` patients: who finished every period and who left, and how many of both are used."""
    finished, part = ~np.isnan(scores[:seen, -1]), used[:seen]
    return PatientsUsed(
        patients=seen,
        finished=UsedOf(int(finished.sum()), int((finished & part).sum())),
        left=UsedOf(int((~finished).sum()), int((~finished & part).sum())),
    )


def _look(test: HypothesisTest, rules: Rules, k: int, stat: Floats, lane: int, decision: str) -> LookResult:
    estimate, se, t, df, completers = (
        float(stat[row * W + lane]) for row in (ESTIMATE, SE, T, DF, COMPLETERS)
    )
    plan = test.looks[0]
    limit = [look_up(row, df, rules.cells) for row in rules.limit[0, k]]
    determined = df > 0.0
    sides = rules.sides
    reference = REFERENCES[info_of(test.analysis).reference]
    note = "" if determined else "too few patients: the data do not determine the test"
    if not determined and math.isinf(t):
        note = "no spread between the patients: nothing tells how far the estimate may be off"
    exact = reference.discordant  # whose DF is 1 + b + c
    interval = _interval(estimate, se, limit[UPPER]) if determined and plan.margins is not None else None
    scaled = test.analysis.scaling is not None  # whose T is its decision: the limits are the trial's own
    if by_p := reference.p_alone or scaled:  # whose T is a p value in disguise
        limit = [math.nan] * len(limit)
    return LookResult(
        look=k + 1,
        patients=plan.counts[k],
        completers=int(completers),
        estimate=_number(estimate) if determined else None,
        se=_number(se) if determined else None,
        statistic=_number(t) if determined and not by_p else None,
        df=_number(df) if determined and not exact else None,
        discordant=int(df) - 1 if determined and exact else None,
        efficacy_above=_number(limit[UPPER]) if sides >= 0 else None,
        efficacy_below=_number(limit[LOWER]) if sides <= 0 else None,
        futility_from=_number(limit[FUTILE_FROM]),
        futility_to=_number(limit[FUTILE_TO]),
        p=None if scaled else p_value(info_of(test.analysis).reference, t, df, plan.direction),
        nominal_p=_number(plan.boundary.nominal_p[k]),
        decision=decision,
        note=note,
        interval=interval,
    )


def _interval(estimate: float, se: float, limit: float) -> tuple[float, float] | None:
    """The interval that lies within the margins where the statistic reaches its limit; None without one."""
    return (estimate - limit * se, estimate + limit * se) if math.isfinite(limit) else None


def _number(x: float | None) -> float | None:
    return float(x) if x is not None and math.isfinite(x) else None
