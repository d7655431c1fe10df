"""The same scenario where what is to be shown is just not true: its type I error at the margin.

A test of equivalence or non-inferiority holds its level where the true effect is at a margin. Of two limits
the worse one counts, at which more trials are significant: where the estimate is unbiased both are alike;
carryover, or dropout that depends on scores, makes one of them worse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from planner.errors import RequestError
from planner.model.families.family import family_of
from planner.model.parameter_draws import uncertain_parameters
from planner.questions.exact import theory
from planner.questions.limits import CLEAR, SAME, moved_to_limits, worse_of
from planner.questions.run.simulate import simulate
from planner.results.cells import Cell
from planner.results.effect_scale import unit_of
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.contrasts import in_words
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed

_PILOT = 32_768
"""Trials by which the worse of two limits is told where its power has no closed form."""


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
    moved = {name: moved_to_limits(scenario, name, analysis) for name in names}
    worse = _worse(scenario, analysis, moved, seed, threads)
    at = {name: _known_effect(moved[name][limit]) for name, limit in worse.items()}
    hypotheses = {**scenario.hypotheses, **at}
    remark = _remark(scenario, analysis, worse)
    return scenario.model_copy(update={"hypotheses": hypotheses}).with_remarks(remark)


def _check_fixed(scenario: Scenario) -> None:
    """What is moved must not be drawn anew in every variant."""
    for entry in uncertain_parameters(scenario):
        name = entry.hypothesis
        if name is None or name not in scenario.simulated_hypotheses:
            continue
        setting = family_of(scenario.hypotheses[name]).effect_setting
        if entry.distribution.form == "estimate":
            continue  # at the limit the effect is known
        if setting and any(setting in number.route for number in entry.numbers):
            raise RequestError(
                f"{setting} of {name} are uncertain themselves, and would be drawn in place of the limit",
                f"leave {entry.key} out of its uncertainty",
            )


def _known_effect(hypothesis: Hypothesis) -> Hypothesis:
    """The hypothesis without what an earlier trial has estimated of its effect, which is stated now."""
    left = {key: each for key, each in hypothesis.uncertainty.items() if each.form != "estimate"}
    result: Hypothesis = hypothesis.model_copy(update={"uncertainty": left})
    return result


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
            worse[name] = worse_of(list(rows), exact, SAME)
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
        worse[name] = worse_of(list(moved[name]), [figure.estimate for figure in figures], CLEAR * error)
    return {name: worse[name] for name in moved}


def _remark(scenario: Scenario, analysis: PlannedAnalysis, worse: Mapping[str, float]) -> str:
    """What was moved where."""
    unit = unit_of(scenario, analysis.name)
    by_limit: dict[float, list[str]] = {}
    for name, limit in worse.items():
        by_limit.setdefault(limit, []).append(name)
    which = "the worse limit" if analysis.tests_equivalence else "the margin"
    scaled = ", at the stated variability of the reference" if analysis.scaling is not None else ""
    parts = [
        unit.effect_text(unit.effect(limit), with_name=True)
        + (f" ({listed(names)})" if len(by_limit) > 1 else "")
        for limit, names in by_limit.items()
    ]
    compared = in_words(analysis.contrast, ratio=unit.ratio)
    return (
        f"the means are moved so that {compared} is at {which} of {analysis.name}{scaled}, {listed(parts)}: "
        "power there is the type I error"
    )
