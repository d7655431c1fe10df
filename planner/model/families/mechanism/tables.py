"""Hypotheses that state mechanisms (family `terms`) to the tables of planner.kernels.generate.mechanism."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from planner.kernels.tables import (
    BlindingTables,
    DropoutTables,
    Floats,
    Ints,
    MechanismTables,
    ReturnToBaselineTables,
    SecondaryOutcomeTables,
)
from planner.model.blinding import NO_GUESSES, guessing_table, possible_guesses
from planner.model.draw_list import DrawList
from planner.model.dropout import SAME_FOR_ALL, return_rule
from planner.model.entry import enrolment_row, first_baseline_enrols
from planner.model.families.mechanism.features import (
    Feature,
    FeaturePlaces,
    after_waiting,
    all_features,
    all_onsets,
    at_work,
    coefficients,
    padded_count,
)
from planner.model.families.mechanism.return_to_baseline import FadingRow, WaitingHistories
from planner.model.families.mechanism.secondary_outcomes import (
    ComponentSize,
    SecondaryFeature,
    feature_coefficients,
    rate_of,
    scale_row,
    secondary_tables,
)
from planner.model.families.mechanism.signals import (
    Mechanism,
    Onset,
    acts,
    component_numbers,
    days_elapsed,
    days_from_start,
)
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.scenario import Scenario

_BEYOND = 8  # a pass of the kernel may read so far past the last feature, with coefficients 0


@dataclass(slots=True)
class _Rows:
    """Tables under construction; equal rows are kept once."""

    sizes: list[tuple[int, tuple[float, ...]]] = field(default_factory=list)  # (component, distribution)
    rates: list[tuple[float, float]] = field(default_factory=list)
    decays: list[tuple[float, float]] = field(default_factory=list)
    features: list[tuple[int, ...]] = field(default_factory=list)
    fading: list[FadingRow] = field(default_factory=list)  # of each feature, where patients wait


def _row_number(rows: list[Any], row: object) -> int:
    if row not in rows:
        rows.append(row)
    return rows.index(row)


def mechanism_tables(
    scenario: Scenario,
    hypotheses: Sequence[MechanismHypothesis],
    days: Sequence[float],
    readings: Sequence[tuple[float, ...]],
    place: Sequence[int] | None = None,
    leaving: DropoutTables = SAME_FOR_ALL,
    outcomes: Sequence[str] = (),
    guessed: bool = False,
) -> MechanismTables:
    """Tables for the visits before dosing and on `days`; readings are (kind, visit, share, cut).

    `place`: the row of each hypothesis among all of the run. `leaving`: where dropout depends on scores, a
    hypothesis is the same as another only if it is the same in all periods. `outcomes`: the secondary
    outcomes that are read; `guessed`: patients guess what they were given.
    """
    design = scenario.design
    mechanisms = [Mechanism.of(scenario, h) for h in hypotheses]
    components = component_numbers(scenario)
    rows = _Rows()
    states = possible_guesses(scenario) if guessed else (None,)
    onsets = [[all_onsets(scenario, m, guess) for guess in states] for m in mechanisms]
    waiting = WaitingHistories.of(scenario, mechanisms)
    sets = [all_features(scenario, m, states, waiting) for m in mechanisms]
    for m, features in zip(mechanisms, sets, strict=True):
        for f in features:
            _row_number(rows.sizes, _size(m, f.component, components))
    rows.sizes.sort()  # two components share a draw
    starts = _blocks(scenario, mechanisms, sets, rows, components, days)
    span, coef = _coefficient_tables(scenario, mechanisms, sets, onsets, starts, days)
    shape = (len(hypotheses), len(design.sequences), design.periods)
    scale = scenario.endpoint.scale
    draws, numbers, errors = _draws(design.periods, _visit_numbers(scenario, days))
    driven = feature_coefficients(scenario, mechanisms, outcomes, waiting)
    histories = len(waiting.histories(design.periods - 1))
    secondary, more, late = secondary_tables(
        scenario, outcomes, driven, shape, len(rows.features), draws, histories
    )
    sizes = [ComponentSize((number,), False, row) for number, row in rows.sizes]
    sizes += _append_secondary(more, len(sizes), rows, len(days))
    guessing = NO_GUESSES
    if guessed:
        informed = coef[1] if len(states) > 1 else None
        guessing = guessing_table(scenario, outcomes, draws, _ago(sets, starts, rows), informed)
    later = after_waiting(scenario, waiting, mechanisms, sets, days, states, coef.shape)
    again = draws.rechecks(design.periods, waiting.rule.rechecks if waiting.rule else 0)
    back = waiting.table(scenario, again, rows.fading, later, late)
    source = np.array([(*draws.size(size.number), size.skewed) for size in sizes], np.int64).reshape(-1, 3)
    return MechanismTables(
        draws=draws.table(),
        rows=numbers,
        errors=errors,
        place=np.array(range(len(hypotheses)) if place is None else place, np.int64),
        entry=enrolment_row(scenario),
        screened=first_baseline_enrols(scenario),
        source=source,
        sizes=np.array([size.distribution for size in sizes], np.float64).reshape(-1, 5),
        rates=np.array(rows.rates, np.float64).reshape(-1, 2),
        decays=np.array(rows.decays, np.float64).reshape(-1, 2),
        feature=np.array(rows.features, np.int64),
        span=span,
        coef=coef[0],
        twin=_first_equals(
            span, coef[0], secondary, guessing, back, whole=guessed or leaving.chance.size > 0
        ),
        shift=np.array(scenario.population.period_effect, np.float64),
        noise=np.array([scenario.population.occasion_sd, scenario.population.rating_sd], np.float64),
        readings=np.array(readings, np.float64).reshape(-1, 4),
        first=scenario.endpoint.baseline == "first",
        scale=np.array(scale_row(scale)),
        dropout=leaving,
        secondary=secondary,
        blinding=guessing,
        return_to_baseline=back,
    )


def _coefficient_tables(
    scenario: Scenario,
    mechanisms: Sequence[Mechanism],
    sets: Sequence[Sequence[Feature]],
    onsets: Sequence[Sequence[Sequence[Sequence[Onset]]]],
    starts: Sequence[int],
    days: Sequence[float],
) -> tuple[Ints, Floats]:
    """`MechanismTables.span`, and its `coef` for each guess: (guess, hypothesis, sequence, period, visit).

    onsets: by hypothesis, guess, sequence and period. starts: the first feature row of each hypothesis.
    """
    design, states = scenario.design, len(onsets[0])
    span = np.zeros((len(mechanisms), design.periods, 1 + len(days), 2), np.int64)
    most = max(padded_count(len(features)) for features in sets)
    shape = (states, len(mechanisms), len(design.sequences), design.periods, 1 + len(days), most)
    coef = np.zeros(shape)
    for h, (m, features) in enumerate(zip(mechanisms, sets, strict=True)):
        places = FeaturePlaces(scenario, m, features)
        for k, v in product(range(design.periods), range(1 + len(days))):
            first, stop = at_work(features, k, v)
            span[h, k, v] = starts[h] + first, padded_count(stop - first)
            for g, (s, sequence) in product(range(states), enumerate(design.sequences)):
                day = days[v - 1] if v else None
                row = coefficients(scenario, m, places, sequence, onsets[h][g][s], k, day)
                coef[g, h, s, k, v, : stop - first] = row[first:stop]
    return span, coef


def _visit_numbers(scenario: Scenario, days: Sequence[float]) -> list[int]:
    """Number of the baseline (0) and of each day among the visits of a period, which addresses its errors.

    Any other day comes after the days of assessment.
    """
    assessed = scenario.design.assessment_days
    numbered = [*assessed, *(day for day in days if day not in assessed)]
    return [0, *(1 + numbered.index(day) for day in days)]


def _draws(periods: int, visits: Sequence[int]) -> tuple[DrawList, Ints, Ints]:
    """What is drawn for a patient, sizes apart; `MechanismTables.rows` and `errors`.

    visits: numbers of the visits that are read.
    """
    draws = DrawList()
    draws.patient()
    dropout, occasions = draws.periods(periods)
    errors, each = draws.some_visits(periods, visits)
    return draws, np.array([dropout, occasions, each], np.int64), np.array(errors, np.int64)


def _append_secondary(
    features: Sequence[SecondaryFeature], sizes: int, rows: _Rows, days: int
) -> list[ComponentSize]:
    """Put features of secondary outcomes behind those of improvement; all stand at the visit before dosing.

    Answers their sizes, which come behind the first so many.
    """
    more: list[ComponentSize] = []
    for size, rate, elapsed, fading in features:
        number = sizes + _row_number(more, size)
        at = (
            _row_number(rows.decays, (float(_row_number(rows.rates, rate)), elapsed))
            if rate is not None
            else -1
        )
        rows.features.append((number, at, *[-2] * days))
        if fading is not None:
            own, since, pace, ago = fading
            slot = _row_number(rows.rates, own) if own is not None else 0
            since = since if own is not None else -1.0  # nothing is ever lost
            rows.fading.append(FadingRow((since, *[0.0] * days), pace, slot, ago))
    return more


def _size(m: Mechanism, name: str, numbers: dict[str, int]) -> tuple[int, tuple[float, ...]]:
    c = m.components[name]
    return numbers[name], (c.share, c.size.mean, c.size.sd, c.otherwise.mean, c.otherwise.sd)


def _ago(sets: Sequence[Sequence[Feature]], starts: Sequence[int], rows: _Rows) -> list[int]:
    """Periods since the dose that raised each feature of improvement; 0 for those behind them."""
    ago = [0] * (len(rows.features) + _BEYOND)
    for features, start in zip(sets, starts, strict=True):
        for i, feature in enumerate(features):
            ago[start + i] = feature.periods_ago
    return ago


def _first_equals(
    span: Ints,
    coef: Floats,
    secondary: SecondaryOutcomeTables,
    guessing: BlindingTables,
    back: ReturnToBaselineTables | None,
    whole: bool,
) -> Ints:
    """The first hypothesis with the same features and coefficients, by hypothesis, sequence and period.

    `whole`: it must have the same in every period. Where patients wait it must, and after waiting too.
    """
    hypotheses, sequences, periods = coef.shape[:3]
    twin = np.empty((hypotheses, sequences, periods), np.int64)
    for s in range(sequences):
        for k in range(periods):
            first_with: dict[bytes, int] = {}
            for h in range(hypotheses):
                at = slice(None) if whole else k
                tables = [span[h, at], coef[h, s, at], secondary.coef[h, s, at]]
                tables += [guessing.coef[h, s, at]] if guessing.coef.size else []
                tables += [back.coef[:, h, s], back.secondary[h, s]] if back is not None else []
                twin[h, s, k] = first_with.setdefault(b"".join(table.tobytes() for table in tables), h)
    return twin


def _blocks(
    scenario: Scenario,
    mechanisms: Sequence[Mechanism],
    sets: Sequence[Sequence[Feature]],
    rows: _Rows,
    numbers: dict[str, int],
    days: Sequence[float],
) -> list[int]:
    """First feature of each hypothesis among the feature rows; equal sets are kept once."""
    starts: list[int] = []
    table = rows.features
    start_of: dict[object, int] = {}
    for m, features in zip(mechanisms, sets, strict=True):
        block = [_feature_row(scenario, m, f, rows, numbers, days) for f in features]
        fading = [_fading_row(scenario, m, f, rows, days) for f in features] if return_rule(scenario) else []
        start = start_of.setdefault((tuple(block), tuple(fading)), len(table))
        if start == len(table):
            table += block
            rows.fading += fading
        starts.append(start)
    return starts


def _fading_row(
    scenario: Scenario, m: Mechanism, f: Feature, rows: _Rows, days: Sequence[float]
) -> FadingRow:
    """How a feature fades where patients wait; what the period's own dosing raises does so as planned."""
    c, ago = m.components[f.component], f.periods_ago
    seen = [ago * scenario.design.cycle_days + day for day in (0.0, *days)]
    since = tuple(days_from_start(f.steps, f.day + c.peak_day, day) for day in seen)
    pace = 1.0 / f.steps[-1][1] if ago else 0.0
    return FadingRow(since, pace, _row_number(rows.rates, rate_of(c.half_life_days)), ago)


def _feature_row(
    scenario: Scenario, m: Mechanism, f: Feature, rows: _Rows, numbers: dict[str, int], days: Sequence[float]
) -> tuple[int, ...]:
    """(number of the size, number of the decay at each visit).

    The decay is -1 where nothing is lost yet, and -2 before the dose that raises the feature.
    """
    c = m.components[f.component]
    row = [rows.sizes.index(_size(m, f.component, numbers))]
    for v, day in enumerate((0.0, *days)):
        elapsed = days_elapsed(f.steps, f.day + c.peak_day, f.periods_ago * scenario.design.cycle_days + day)
        rate = _row_number(rows.rates, rate_of(c.half_life_days)) if elapsed > 0.0 else -1
        row.append(_row_number(rows.decays, (float(rate), elapsed)) if elapsed > 0.0 else -1)
        if f.periods_ago == 0 and (v == 0 or not acts(f.day, day)):
            row[-1] = -2
    return tuple(row)
