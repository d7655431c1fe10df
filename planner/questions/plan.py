"""What follows from a scenario before anything is simulated: patients, true effects, limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from planner._special import ndtr, stdtrit
from planner.engine.potential_outcomes import truths
from planner.model.allocation import retention
from planner.model.degrees_of_freedom import planned_df
from planner.model.design_table import DesignRow, design_table
from planner.model.entry import Enrolment, enrolment
from planner.model.estimand import Truth
from planner.model.families.family import family_of
from planner.model.looks import MonitoringPlan, monitoring_plan
from planner.model.readings import reading_of
from planner.model.stopping.remarks import limit_report
from planner.results.contract import Json
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.contrasts import Contrast, formula
from planner.scenario.design import Design
from planner.scenario.designs import field_names
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True)
class PlannedLook:
    """A look and its limits. None: this look cannot stop for that reason."""

    patients: int  # finished
    information: float  # share of all patients
    efficacy_z: float | None
    nominal_p: float | None  # significance level of the look, of both sides together if two-sided
    df: int | None  # of the t test, if nobody leaves; None where the analysis is no t test
    efficacy_t: float | None
    futility_z: float | None
    cannot_stop: str = ""  # why the test cannot be significant here, whatever the data are; empty if it can


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """An analysis with its limits, and the truth under each hypothesis."""

    name: str
    method: str
    measure: str  # what is analysed of the endpoint, or of the secondary outcome
    day: float  # after dosing
    contrast: Contrast  # first minus second, or the weight of each treatment
    alpha: float
    alternative: str
    planned_effect: float | None
    looks: tuple[PlannedLook, ...]
    true_effects: Mapping[str, Truth]  # by hypothesis; empty unless effects are wanted
    outcome: str = ""  # name of the secondary outcome that is analysed
    carryover: bool = False  # whether the model allows for what the previous treatment adds
    limits: tuple[float, ...] = ()  # of equivalence
    margin: float | None = None  # of non-inferiority, or of superiority by it
    pooled: str = "all"  # treatments whose scores estimate the error: all, or those that are compared (pair)
    type_one_error: float | None = (
        None  # of all looks together, normal data, nobody leaving; None: not computed
    )


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """The whole: patients of each sequence, the share that stays to the end, the analyses."""

    per_sequence: tuple[float, ...]  # on average over the lists of randomisation
    per_sequence_ends: tuple[tuple[int, int], ...]  # fewest and most that a list gives
    retention: float | None  # None where only a simulation can give it
    analyses: tuple[AnalysisPlan, ...]
    design_names: tuple[str, ...] = ()  # what the field calls such a design
    design_table: tuple[DesignRow, ...] = ()  # empty unless effects are wanted
    enrolment: Enrolment | None = None  # None also where everybody is enrolled, and unless effects are wanted

    @property
    def contrasts(self) -> list[Contrast]:
        """The contrasts of the analyses, each once."""
        return list({formula(analysis.contrast): analysis.contrast for analysis in self.analyses}.values())

    def to_json(self) -> Json:
        """The plan as plain dictionaries and lists."""
        return asdict(self)


def plan_trial(scenario: Scenario, *, effects: bool = False) -> TrialPlan:
    """Work out the plan of a complete scenario. Raises BoundaryError where its limits do not exist.

    `effects`: the true effects too, which take a simulation where they do not follow from what is stated.
    """
    design = scenario.design
    true = _true_effects(scenario) if effects else [{} for _ in scenario.analyses]
    return TrialPlan(
        per_sequence=tuple(design.patients * units / design.unit for units in design.allocation),
        per_sequence_ends=sequence_sizes(design, design.patients),
        retention=retention(scenario),
        analyses=tuple(_analysis(scenario, a, t) for a, t in zip(scenario.analyses, true, strict=True)),
        design_names=tuple(field_names(design.sequences)),
        design_table=design_table(scenario) if effects else (),
        enrolment=_enrolment(scenario) if effects else None,
    )


def _enrolment(scenario: Scenario) -> Enrolment | None:
    """Who is enrolled, where patients come with a severity under some hypothesis."""
    severity = any(each.has_severity for each in scenario.hypotheses.values())
    return enrolment(scenario) if severity else None


def scale_moves(
    scenario: Scenario, hypothesis: Hypothesis, contrast: Mapping[str, float]
) -> tuple[float, tuple[str, ...]] | None:
    """The effect that is stated, and what of the scale (low, high, step) makes the true one another; None if
    it is the true one, or none is stated."""
    family = family_of(hypothesis)
    stated = family.stated_effect(hypothesis, contrast)
    parts = family.scale_effects(scenario, hypothesis, contrast)
    return (stated, parts) if stated is not None and parts else None


def sequence_sizes(design: Design, patients: int) -> tuple[tuple[int, int], ...]:
    """The fewest and the most patients of each sequence.

    Blocks are filled whole, in random order; of the last one only the beginning is used where the patients
    do not fill it.
    """
    size = design.unit * design.block
    whole, rest = divmod(patients, size)
    own = [units * design.block for units in design.allocation]
    return tuple((n * whole + max(0, rest - (size - n)), n * whole + min(rest, n)) for n in own)


def _analysis(scenario: Scenario, analysis: PlannedAnalysis, effects: Mapping[str, Truth]) -> AnalysisPlan:
    reading = reading_of(scenario, analysis)
    solved = monitoring_plan(scenario, analysis, scenario.design.patients)
    limits = limit_report(scenario, analysis, solved)
    return AnalysisPlan(
        name=analysis.name,
        method=analysis.method,
        measure=reading.measure,
        day=reading.day,
        contrast=analysis.contrast,
        alpha=analysis.alpha,
        alternative=analysis.alternative,
        planned_effect=analysis.planned_effect,
        looks=_looks(scenario, analysis, solved, {each.look: each.why for each in limits.idle}),
        true_effects=effects,
        outcome=reading.outcome,
        carryover=analysis.carryover,
        limits=analysis.limits,
        margin=analysis.margin,
        pooled=analysis.pooled or "all",
        type_one_error=limits.type_one_error,
    )


def _true_effects(scenario: Scenario) -> list[dict[str, Truth]]:
    """For each analysis the truth under every hypothesis."""
    by_hypothesis = truths(scenario, list(scenario.hypotheses), scenario.simulation.seed)
    return [{name: rows[k] for name, rows in by_hypothesis.items()} for k in range(len(scenario.analyses))]


def _looks(
    scenario: Scenario, analysis: PlannedAnalysis, solved: MonitoringPlan, idle: Mapping[int, str]
) -> tuple[PlannedLook, ...]:
    limits = solved.boundary
    rows = []
    for k, count in enumerate(solved.counts):
        z, futility = limits.efficacy_z[k], limits.futility_z[k]
        df = planned_df(scenario, analysis, count)
        stops = math.isfinite(z)
        rows.append(
            PlannedLook(
                patients=count,
                information=solved.fractions[k],
                efficacy_z=z if stops else None,
                nominal_p=limits.nominal_p[k] if stops else None,
                df=df,
                efficacy_t=_t(z, df) if stops and df else None,
                futility_z=futility if math.isfinite(futility) else None,
                cannot_stop=idle.get(k + 1, ""),
            )
        )
    return tuple(rows)


def _t(z: float, df: int) -> float:
    """The t with the tail area of z."""
    return -float(stdtrit(df, ndtr(-z)))
