"""The type I errors of analyses with scaled limits, at the limits: exact where their law is known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import hypot

from planner.engine.job import job_of
from planner.engine.run import run_job
from planner.errors import RequestError
from planner.model.families.family import family_of
from planner.model.readings import reading_of
from planner.model.scaled import adjusted_level, judged_margins, level_of
from planner.questions.exact import scaled, theory
from planner.questions.limits import CLEAR, SAME, moved_to_limits, worse_of
from planner.results.effect_scale import unit_of
from planner.results.figures import Figure
from planner.results.limit_errors import ExactScaled, Key, LimitError
from planner.results.run import Run
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario

MOST_TRIALS = 131_072
"""Trials at each limit at most, where nothing exact is known."""


def limit_errors(
    scenario: Scenario,
    keys: Collection[Key],
    *,
    trials: int = MOST_TRIALS,
    seed: int | None = None,
    threads: int | None = None,
    exact_alone: bool = False,
) -> dict[Key, LimitError]:
    """The type I error at each key of an analysis with scaled limits.

    At the worse limit that the stated variability of the reference gives, as with `at_limit`; none where
    the stated effect is at a limit or beyond it already, or cannot be moved there. Simulated with at most
    `trials` trials a limit where no closed form is known, unless `exact_alone`. Raises KeyboardInterrupt
    after Ctrl-C.
    """
    errors: dict[Key, LimitError] = {}
    for analysis in scenario.analyses:
        numbers: dict[str, list[int]] = {}
        for name, of, patients in keys if analysis.scaling is not None else ():
            if of == analysis.name:
                numbers.setdefault(name, []).append(patients)
        for name, each in numbers.items():
            if (rows := _moved(scenario, name, analysis)) is not None:
                known = _exact(scenario, name, analysis, rows, each)
                if not known and not exact_alone:
                    most = min(trials, MOST_TRIALS)
                    known = _simulated(scenario, name, analysis, rows, each, most, seed, threads)
                errors |= known
    return errors


def cell_keys(run: Run) -> list[Key]:
    """The keys of the cells of a run."""
    about = run.outcome.cells
    return [
        (test.hypothesis, test.analysis.name, patients)
        for row in about.tests
        for test in row
        for patients in about.designs
    ]


def exact_scaled(scenario: Scenario, keys: Collection[Key]) -> dict[Key, ExactScaled]:
    """The exact power of each part of the rule, where limits are scaled and a closed form is known."""
    analyses = {each.name: each for each in scenario.analyses if each.scaling is not None}
    known = {
        key: scaled.parts(scenario, key[0], analyses[key[1]], key[2]) for key in keys if key[1] in analyses
    }
    return {key: ExactScaled(power=power) for key, power in known.items() if power is not None}


def _moved(scenario: Scenario, name: str, analysis: PlannedAnalysis) -> Mapping[float, Hypothesis] | None:
    """The hypothesis at each limit; None where it is there already, or cannot be moved."""
    stated = scenario.hypotheses[name]
    effect = family_of(stated).exact_effect(
        scenario, stated, analysis.weights, reading_of(scenario, analysis)
    )
    margins = judged_margins(scenario, stated, analysis)
    if effect is None or margins is None or margins.shut_out(effect):
        return None
    try:
        return moved_to_limits(scenario, name, analysis)
    except RequestError:
        return None


def _exact(
    scenario: Scenario,
    name: str,
    analysis: PlannedAnalysis,
    rows: Mapping[float, Hypothesis],
    patients: Sequence[int],
) -> dict[Key, LimitError]:
    """By closed forms; empty where there is none."""
    powers = [theory.power(scenario, each, analysis, patients) for each in rows.values()]
    known = [power for power in powers if power is not None]
    if len(known) < len(rows):
        return {}
    errors = {}
    for k, number in enumerate(patients):
        at = [float(power[k]) for power in known]
        limit = worse_of(list(rows), at, SAME)
        figure = Figure(at[list(rows).index(limit)])
        errors[name, analysis.name, number] = _error(scenario, analysis, number, limit, figure)
    return errors


def _simulated(
    scenario: Scenario,
    name: str,
    analysis: PlannedAnalysis,
    rows: Mapping[float, Hypothesis],
    patients: Sequence[int],
    trials: int,
    seed: int | None,
    threads: int | None,
) -> dict[Key, LimitError]:
    """By simulation: at the limit where clearly more are significant, else that nearer to the effect."""
    hypotheses = {f"{name} {k}": each for k, each in enumerate(rows.values())}
    simulation = scenario.simulation.model_copy(update={"hypotheses": tuple(hypotheses)})
    powers: dict[tuple[str, int], Figure] = {}
    for at_level, numbers in _by_level(scenario, analysis, patients):
        update = {"hypotheses": hypotheses, "analyses": (at_level,), "simulation": simulation}
        moved = scenario.model_copy(update=update)
        outcome = run_job(job_of(moved, seed=seed, patients=numbers), trials, threads=threads)
        powers |= {(each.hypothesis, each.patients): each.power for each in Run(moved, name, outcome).cells()}
    errors = {}
    for number in patients:
        figures = [powers[each, number] for each in hypotheses]
        least = CLEAR * hypot(*(figure.error for figure in figures))
        limit = worse_of(list(rows), [figure.estimate for figure in figures], least)
        figure = figures[list(rows).index(limit)]
        errors[name, analysis.name, number] = _error(scenario, analysis, number, limit, figure)
    return errors


def _by_level(
    scenario: Scenario, analysis: PlannedAnalysis, patients: Sequence[int]
) -> list[tuple[PlannedAnalysis, list[int]]]:
    """The numbers of patients by their level, each with the analysis at that level."""
    assert analysis.scaling is not None
    by_level: dict[float, list[int]] = {}
    for number in patients:
        by_level.setdefault(level_of(scenario, analysis, number), []).append(number)
    plain = analysis.scaling.model_copy(update={"adjust_alpha": False})
    return [
        (analysis.model_copy(update={"alpha": level, "scaling": plain}), numbers)
        for level, numbers in by_level.items()
    ]


def _error(
    scenario: Scenario, analysis: PlannedAnalysis, patients: int, limit: float, figure: Figure
) -> LimitError:
    adjusted = adjusted_level(scenario, analysis, patients)
    return LimitError(
        rule="" if analysis.scaling is None else analysis.scaling.rule,
        ratio=unit_of(scenario, analysis.name).effect(limit),
        type_one_error=figure,
        exact=figure.mcse is None,
        alpha=analysis.alpha,
        level=analysis.alpha if adjusted is None else adjusted.alpha,
        assumes=() if adjusted is None else adjusted.assumes,
    )
