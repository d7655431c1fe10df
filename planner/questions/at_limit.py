"""The same scenario where what is to be shown is just not true: its type I error at the margin.

A test of equivalence or non-inferiority holds its level where the true effect is at a margin. Of two limits
the worse one counts, at which more trials are significant: where the estimate is unbiased both are alike;
carryover, or dropout that depends on scores, makes one of them worse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from planner.errors import RequestError
from planner.model.families.family import EffectParameter, family_of
from planner.model.parameter_draws import uncertain_parameters
from planner.model.readings import reading_of
from planner.model.scaled import judged_margins
from planner.monitoring.numerics import zero
from planner.questions.run.simulate import simulate
from planner.questions.size import theory
from planner.results.cells import Cell
from planner.results.effect_scale import unit_of
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.contrasts import in_words
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed

_PILOT = 32_768
"""Trials by which the worse of two limits is told where its power has no closed form."""

_CLEAR = 3.0  # Monte Carlo standard errors beyond which one limit is worse
_SAME = 1e-9  # powers of a closed form that differ by less are the same
_STEPS = 40  # each twice as long, in which an effect is sought that the ends of a scale move


def at_limit(scenario: Scenario, *, seed: int | None = None, threads: int | None = None) -> Scenario:
    """The scenario with the means of every simulated hypothesis moved to the worse limit.

    To that of its first analysis that tells an effect from margins: power there is the type I error, to be
    held against alpha. The worse limit is found by exact power where there is one, else by a pilot
    simulation; of two that do not differ it is the one nearer to the effect that is stated, else the upper
    one. What was moved is among the remarks of the scenario. Raises RequestError where no analysis has a
    margin, or a hypothesis has no effect that can be moved.

    >>> import planner
    >>> about = ["analyses.0.alternative=equivalence", "analyses.0.limits=10"]
    >>> scenario = planner.at_limit(planner.read("asthma-ab-ba", set=about))
    >>> cells = planner.simulate(scenario, trials=1_024).cells()
    >>> {(cell.true_effect, cell.is_null) for cell in cells}
    {(10.0, True)}
    """
    analysis = next((each for each in scenario.analyses if each.against_margins), None)
    if analysis is None:
        raise RequestError(
            "no analysis tells an effect from a margin, at which a type I error could be looked at",
            'under [[analyses]]: alternative = "equivalence" or "non-inferiority"',
        )
    _check_fixed(scenario)
    names = scenario.simulated_hypotheses
    moved = {name: _at_each(scenario, name, analysis) for name in names}
    worse = _worse(scenario, analysis, moved, seed, threads)
    hypotheses = {**scenario.hypotheses, **{name: moved[name][limit] for name, limit in worse.items()}}
    remark = _remark(scenario, analysis, worse)
    return scenario.model_copy(update={"hypotheses": hypotheses}).with_remarks(remark)


def _check_fixed(scenario: Scenario) -> None:
    """What is moved must not be drawn anew in every variant."""
    for entry in uncertain_parameters(scenario):
        name = entry.hypothesis
        if name is None or name not in scenario.simulated_hypotheses:
            continue
        setting = family_of(scenario.hypotheses[name]).effect_setting
        if setting and any(setting in number.route for number in entry.numbers):
            raise RequestError(
                f"{setting} of {name} are uncertain themselves, and would be drawn in place of the limit",
                f"leave {entry.key} out of its uncertainty",
            )


def _at_each(scenario: Scenario, name: str, analysis: PlannedAnalysis) -> dict[float, Hypothesis]:
    """The hypothesis with its effect at each margin, that nearest to the stated effect first."""
    stated = scenario.hypotheses[name]
    margins = judged_margins(scenario, stated, analysis)
    assert margins is not None
    parameter = family_of(stated).effect_parameter(stated, analysis.weights)
    if parameter is None:
        raise RequestError(
            f"{name} states no effect that can be moved to a limit",
            "state one more hypothesis with the effect at the limit",
        )
    near = sorted(margins.finite, key=lambda each: (abs(each - parameter.stated), -each))
    moved = {limit: _moved(scenario, name, analysis, parameter, limit) for limit in near}
    within_reach = {limit: hypothesis for limit, hypothesis in moved.items() if hypothesis is not None}
    if not within_reach:
        limits = listed([f"{limit:g}" for limit in near], "or")
        raise RequestError(f"under {name} no means on this scale have a true effect of {limits}")
    return within_reach


def _moved(
    scenario: Scenario,
    name: str,
    analysis: PlannedAnalysis,
    parameter: EffectParameter[Hypothesis],
    limit: float,
) -> Hypothesis | None:
    """The hypothesis whose true effect is the limit, whatever the ends of a scale make of its means.

    None where they keep it from being so large.
    """

    def missing(change: float) -> float:
        hypothesis = parameter.moved(change)
        reading = reading_of(scenario, analysis)
        effect = family_of(hypothesis).exact_effect(scenario, hypothesis, analysis.weights, reading)
        if effect is None:
            raise RequestError(
                f"the true effect under {name} takes a simulation, and cannot be moved exactly"
            )
        return effect - limit

    low, high = parameter.limits
    if not low <= limit <= high:
        return None
    left = missing(limit)
    if abs(left) <= 1e-12 * max(abs(limit), 1.0):
        return parameter.moved(limit)
    step = -left
    for _ in range(_STEPS):
        far = min(max(limit + step, low), high)
        if missing(far) * left <= 0.0:
            return parameter.moved(zero(missing, limit, far))
        step *= 2.0
    return None


def _worse(
    scenario: Scenario,
    analysis: PlannedAnalysis,
    moved: Mapping[str, Mapping[float, Hypothesis]],
    seed: int | None,
    threads: int | None,
) -> dict[str, float]:
    """Of each hypothesis the limit at which more trials are significant; the first one of two alike."""
    worse, open_names = {}, []
    for name, rows in moved.items():
        patients = [scenario.design.patients]
        powers = [theory.power(scenario, each, analysis, patients) for each in rows.values()]
        exact = [float(power[0]) for power in powers if power is not None]
        if len(exact) == len(rows):
            worse[name] = _largest(list(rows), exact, _SAME)
        elif len(rows) == 1:
            worse[name] = next(iter(rows))
        else:
            open_names.append(name)
    if not open_names:
        return {name: worse[name] for name in moved}
    pilots = {f"{name} {k}": each for name in open_names for k, each in enumerate(moved[name].values())}
    simulation = scenario.simulation.model_copy(update={"hypotheses": tuple(pilots)})
    update = {"hypotheses": pilots, "analyses": (analysis,), "simulation": simulation}
    run = simulate(scenario.model_copy(update=update), trials=_PILOT, seed=seed, threads=threads)
    cells: dict[str, Cell] = {cell.hypothesis: cell for cell in run.cells()}
    for name in open_names:
        figures = [cells[f"{name} {k}"].power for k in range(len(moved[name]))]
        error = math.hypot(*(figure.error for figure in figures))
        worse[name] = _largest(list(moved[name]), [figure.estimate for figure in figures], _CLEAR * error)
    return {name: worse[name] for name in moved}


def _largest(limits: list[float], errors: list[float], least: float) -> float:
    """The limit with the largest type I error; the first one where none is larger by more than `least`."""
    top = max(range(len(limits)), key=errors.__getitem__)
    return limits[top] if errors[top] - errors[0] > least else limits[0]


def _remark(scenario: Scenario, analysis: PlannedAnalysis, worse: Mapping[str, float]) -> str:
    """What was moved where."""
    unit = unit_of(scenario, analysis.name)
    by_limit: dict[float, list[str]] = {}
    for name, limit in worse.items():
        by_limit.setdefault(limit, []).append(name)
    which = "the worse limit" if analysis.tests_equivalence else "the margin"
    if analysis.scaling is not None:
        which += ", as the stated variability of the reference scales it,"
    parts = [
        unit.effect_text(unit.effect(limit), with_name=True)
        + (f" ({listed(names)})" if len(by_limit) > 1 else "")
        for limit, names in by_limit.items()
    ]
    compared = in_words(analysis.contrast, ratio=unit.ratio)
    return (
        f"the means are moved so that {compared} is at {which} of {analysis.name}, {listed(parts)}: power "
        "there is the type I error"
    )
