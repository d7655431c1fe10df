"""What each hypothesis predicts for each treatment, what a design cannot tell apart, what outlasts a washout.

Predictions are means over patients of a first period, without anything before it and with complete
follow-up: exact where they follow from what is stated, else simulated. Two hypotheses cannot be
told apart if every dose of every sequence does the same under both, what earlier doses left included: then
all their scores have the same distribution, whatever the number of patients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from planner.model.carryover import blockades
from planner.model.distinguishable import indistinguishable
from planner.model.entry import enrolment
from planner.model.families.family import Blockade, family_of
from planner.model.period_confounding import period_remarks
from planner.model.readings import GUESS, Reading, gives
from planner.model.stopping.remarks import look_remarks
from planner.monitoring.numerics import to_12_digits
from planner.questions.plan import TrialPlan
from planner.results.contract import Json, as_json
from planner.results.figures import figure
from planner.results.uncertain_numbers import uncertain_numbers
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.scenario import Scenario
from planner.scenario.vocabulary import BINARY_MEASURES

TILES = 2048  # of 128 patients: standard error of a percentage at most 0.1
_AT_ONCE = 2000  # means simulated at once, which bounds the memory


@dataclass(frozen=True, slots=True)
class PredictedValue:
    """A mean or a share of patients; `mcse` is 0 where it is exact."""

    estimate: float
    mcse: float = 0.0

    def to_json(self, share: bool = False) -> Json:
        """With its 95 % interval, as everywhere in the JSON contract; that of a share stays in 0 to 1."""
        limits = (0.0, 1.0) if share else ()
        return figure(self.estimate, self.mcse, *limits).to_json()


@dataclass(frozen=True, slots=True)
class Prediction:
    """A treatment on a day of a first period under a hypothesis. None: it has no such prediction."""

    hypothesis: str
    treatment: str
    day: float
    mean: PredictedValue | None  # of `HypothesisPredictions.measure`
    response: PredictedValue | None
    remission: PredictedValue | None


@dataclass(frozen=True, slots=True)
class OutcomeMean:
    """The mean of a secondary outcome under a treatment, in its points, or of the guesses as a share."""

    hypothesis: str
    treatment: str
    outcome: str
    day: float
    mean: PredictedValue


@dataclass(frozen=True, slots=True)
class RemainingEffect:
    """What a treatment still adds when the next period begins: points of improvement, or as stated."""

    hypothesis: str
    treatment: str
    points: PredictedValue


@dataclass(frozen=True)
class HypothesisPredictions:
    """What a scenario's hypotheses predict, before any trial is simulated."""

    hypotheses: tuple[str, ...]
    measure: str  # of the means
    predictions: tuple[Prediction, ...]
    patients: int  # simulated for each treatment; 0 if all is exact
    classes: tuple[tuple[str, ...], ...]  # of hypotheses that the design cannot tell apart
    no_difference: tuple[str, ...]  # hypotheses under which all treatments are the same
    cycle_days: float  # from one dosing to the next
    remaining: tuple[RemainingEffect, ...]
    blockade: tuple[Blockade, ...]
    secondary: tuple[OutcomeMean, ...] = ()
    guesses: tuple[OutcomeMean, ...] = ()  # shares of patients who guess that the treatment was active

    def to_json(self) -> Json:
        """For `show --json`."""
        predictions = [
            {
                "hypothesis": p.hypothesis,
                "treatment": p.treatment,
                "day": p.day,
                "measure": self.measure,
                **{k: f and f.to_json(share=k != "mean") for k, f in _figures(p).items()},
            }
            for p in self.predictions
        ]
        remaining = [{**asdict(row), "points": row.points.to_json()} for row in self.remaining]
        return {
            "predictions": predictions,
            "outcomes": [{**asdict(row), "mean": row.mean.to_json()} for row in self.secondary],
            "guesses": [
                {"hypothesis": g.hypothesis, "treatment": g.treatment, "active": g.mean.to_json(share=True)}
                for g in self.guesses
            ],
            "classes": [list(names) for names in self.classes],
            "no_difference": list(self.no_difference),
            "next_period": {
                "days": self.cycle_days,
                "improvement": remaining,
                "blockade": [asdict(row) for row in self.blockade],
            },
        }


def _figures(p: Prediction) -> dict[str, PredictedValue | None]:
    return {"mean": p.mean, "response": p.response, "remission": p.remission}


def predict(scenario: Scenario, tiles: int = TILES) -> HypothesisPredictions:
    """Predictions, classes and what remains of treatments, for the hypotheses that the scenario simulates."""
    names = scenario.simulated_hypotheses
    grouped = indistinguishable(scenario, names)
    measure = scenario.endpoint.measure
    measure = "change" if measure in BINARY_MEASURES else measure
    predictions, remaining, simulated = _predict_each(scenario, names, grouped, measure, tiles)
    return HypothesisPredictions(
        hypotheses=names,
        measure=measure,
        predictions=predictions,
        patients=simulated,
        classes=grouped,
        no_difference=_no_difference(scenario, names),
        cycle_days=scenario.design.cycle_days,
        remaining=remaining,
        blockade=blockades(scenario, names),
        secondary=_secondary_means(scenario, names, tiles),
        guesses=_guesses(scenario, names, tiles),
    )


def _no_difference(scenario: Scenario, names: Sequence[str]) -> tuple[str, ...]:
    """The hypotheses under which all treatments are the same."""
    from planner.engine.potential_outcomes import indistinct  # compiles kernels, hence here

    treatments = scenario.design.treatments
    return tuple(n for n in names if indistinct(scenario, scenario.hypotheses[n], treatments))


def _predict_each(
    scenario: Scenario,
    names: Sequence[str],
    grouped: Sequence[Sequence[str]],
    measure: str,
    tiles: int,
) -> tuple[tuple[Prediction, ...], tuple[RemainingEffect, ...], int]:
    """Predictions and what remains of treatments; hypotheses of a class share one simulation."""
    from planner.kernels.tables import W

    rows: dict[str, list[Prediction]] = {}
    remaining: dict[str, list[RemainingEffect]] = {}
    stated = {name: _stated(scenario, name) for name in names}
    simulated = [group[0] for group in grouped if not stated[group[0]]]
    if simulated:
        rows, remaining = _simulate(scenario, simulated, measure, tiles)
    first = {name: group[0] for group in grouped for name in group}
    predictions: list[Prediction] = []
    after: list[RemainingEffect] = []
    for name in names:
        if stated[name]:
            predictions += stated[name]
            after += _stated_remaining(scenario, name)
        else:
            predictions += [_renamed(row, name) for row in rows[first[name]]]
            after += [RemainingEffect(name, row.treatment, row.points) for row in remaining[first[name]]]
    return tuple(predictions), tuple(after), tiles * W if simulated else 0


def _stated(scenario: Scenario, name: str) -> list[Prediction]:
    """What a hypothesis predicts exactly; nothing where that takes a simulation."""
    hypothesis, day = scenario.hypotheses[name], scenario.endpoint.day
    rows = []
    for treatment in scenario.design.treatments:
        stated = family_of(hypothesis).prediction(scenario, hypothesis, treatment)
        if stated is not None:
            rows.append(
                Prediction(name, treatment, day, *(x if x is None else PredictedValue(x) for x in stated))
            )
    return rows


def _stated_remaining(scenario: Scenario, name: str) -> list[RemainingEffect]:
    """What is stated to be left of each treatment, where there is a next period."""
    hypothesis = scenario.hypotheses[name]
    carried = family_of(hypothesis).stated_carryover(hypothesis) if scenario.design.periods > 1 else {}
    return [RemainingEffect(name, a, PredictedValue(points)) for a, points in carried.items()]


def _secondary_means(scenario: Scenario, names: Sequence[str], tiles: int) -> tuple[OutcomeMean, ...]:
    """Means of secondary outcomes."""
    rows = [
        row
        for name, about in scenario.outcomes.items()
        for row in _means_of_reading(scenario, names, Reading("score", about.day, name), name, tiles)
    ]
    order = {name: i for i, name in enumerate(names)}
    return tuple(sorted(rows, key=lambda row: order[row.hypothesis]))


def _guesses(scenario: Scenario, names: Sequence[str], tiles: int) -> tuple[OutcomeMean, ...]:
    """Shares of patients who guess that the treatment was active."""
    if scenario.blinding is None:
        return ()
    return tuple(_means_of_reading(scenario, names, GUESS, scenario.blinding.outcome, tiles))


def _means_of_reading(
    scenario: Scenario, names: Sequence[str], reading: Reading, outcome: str, tiles: int
) -> list[OutcomeMean]:
    """Means of a reading that a secondary outcome decides; hypotheses that say the same of it share them."""
    from planner.engine.potential_outcomes import potential_means

    treatments = scenario.design.treatments
    groups: dict[object, list[str]] = {}
    for name in names:
        hypothesis = scenario.hypotheses[name]
        if gives(scenario, hypothesis, reading):
            family = family_of(hypothesis)
            signatures = [family.signature(scenario, hypothesis, a, reading) for a in treatments]
            groups.setdefault((hypothesis.kind, *signatures), []).append(name)
    first = [group[0] for group in groups.values()]
    if not first:
        return []
    means = potential_means(scenario, first, [reading], treatments, scenario.simulation.seed, tiles)
    return [
        OutcomeMean(name, a, outcome, reading.day, _figure(means.mean[h, 0, t], means.covariance[h, 0, t, t]))
        for h, group in enumerate(groups.values())
        for name in group
        for t, a in enumerate(treatments)
    ]


def _renamed(row: Prediction, name: str) -> Prediction:
    return Prediction(name, row.treatment, row.day, row.mean, row.response, row.remission)


def _simulate(
    scenario: Scenario, names: Sequence[str], measure: str, tiles: int
) -> tuple[dict[str, list[Prediction]], dict[str, list[RemainingEffect]]]:
    """Predictions of hypotheses that state none, and the points left when the next period begins."""
    from planner.engine.potential_outcomes import potential_means

    design = scenario.design
    days = sorted({*design.assessment_days, scenario.endpoint.day})
    measures = [measure, "response"]
    measures += ["remission"] if scenario.endpoint.scale.remission_at_most is not None else []
    readings = [Reading(each, day) for day in days for each in measures]
    next_dosing = Reading("change", scenario.design.cycle_days)
    again = design.periods > 1 and next_dosing.day > 0
    if again and next_dosing not in readings:
        readings.append(next_dosing)
    rows: dict[str, list[Prediction]] = {}
    remaining: dict[str, list[RemainingEffect]] = {}
    drift = scenario.period_shifts[0] if scenario.period_shifts else 0.0
    enrolled = enrolment(scenario)
    fall = enrolled.untreated_change if enrolled is not None else 0.0  # is no improvement
    several = max(1, _AT_ONCE // (len(readings) * len(design.treatments)))
    for start in range(0, len(names), several):
        batch = names[start : start + several]
        seed = scenario.simulation.seed
        means = potential_means(scenario, batch, readings, design.treatments, seed, tiles)
        for h, name in enumerate(batch):
            hypothesis = scenario.hypotheses[name]
            figures = {
                (reading, a): _figure(float(means.mean[h, r, t]), float(means.covariance[h, r, t, t]))
                for r, reading in enumerate(readings)
                for t, a in enumerate(design.treatments)
                if gives(scenario, hypothesis, reading)
            }
            rows[name] = [
                Prediction(
                    name,
                    a,
                    day,
                    *(figures.get((Reading(m, day), a)) for m in (measure, "response", "remission")),
                )
                for a in design.treatments
                for day in days
            ]
            left = again and gives(scenario, hypothesis, next_dosing)
            changes = {a: figures[next_dosing, a] for a in design.treatments} if left else {}
            untreated = drift + fall if hypothesis.has_severity else drift
            remaining[name] = [
                RemainingEffect(name, a, PredictedValue(untreated - change.estimate, change.mcse))
                for a, change in changes.items()
            ]
    return rows, remaining


def _figure(mean: float, variance: float) -> PredictedValue:
    return PredictedValue(to_12_digits(mean), math.sqrt(max(variance, 0.0)))


def show_json(scenario: Scenario, plan: TrialPlan, predictions: HypothesisPredictions) -> Json:
    """The `planner.show/1` object: the resolved scenario, and what follows from it without a trial."""
    return {
        "schema": "planner.show/1",
        "digest": digest(scenario),
        "scenario": resolve(scenario),
        **({"uncertain": as_json(rows)} if (rows := uncertain_numbers(scenario)) else {}),
        "plan": plan.to_json(),
        **predictions.to_json(),
        "warnings": [*scenario.remarks, *period_remarks(scenario), *look_remarks(scenario)],
    }
