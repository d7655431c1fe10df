"""How far carryover biases each contrast: the same virtual trials with it and without, run to the last look.

Without: stated carryover is nil, and the washout so long that nothing outlasts it, neither improvement nor
blockade. Patients, who leaves by chance, and the random numbers are the same, so that most of what is chance
cancels in the difference. That is right for every analysis, whatever it makes of several periods, of limits
of the scale and of baselines that carryover has moved too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner import engine
from planner.kernels.rng import W
from planner.kernels.tables import DF, ESTIMATE, STATISTICS, Floats
from planner.montecarlo import Z95, Json
from planner.outcomes import Truth
from planner.scenario import Efficacy, Futility, Means, Monitoring, Scenario
from planner.scenario_terms import Terms
from planner.truth import settled
from planner.uncertainty import variants

WORTH_SAYING = 0.1
"""A bias beyond this share of the standard error, or of the true effect, is told."""

_TILES, _PATIENTS = 8, 16_384  # of 128 trials; fewer where there are more patients than these in all
_VARIANTS = 16  # of what is uncertain, a tile of trials each
_ENDLESS = 1e9  # days
_BEYOND_CHANCE = 2.0  # Monte Carlo standard errors
_ROUNDING = 1e-12  # relative; a smaller error is that of adding up, and the bias is exact

Key = tuple[str, str, int]  # hypothesis, analysis, number of patients


@dataclass(frozen=True, slots=True)
class Carried:
    """What carryover adds to the mean estimate of a trial that runs to its last look."""

    bias: float
    mcse: float
    standard_error: float  # empirical, of the estimate at the last look


def of_job(scenario: Scenario, work: engine.Job, *, uncertain: bool = False) -> dict[Key, Carried]:
    """The bias in every cell of a job made of the scenario: see `carried`."""
    known = {tests[0].hypothesis: [test.truth for test in tests] for tests in work.tests}
    analyses = tuple(test.analysis for test in work.tests[0])
    chosen = scenario.model_copy(update={"analyses": analyses})
    return carried(chosen, known, work.designs, work.seed, uncertain=uncertain)


def carried(
    scenario: Scenario,
    known: Mapping[str, Sequence[Truth]],
    patients: Sequence[int],
    seed: int,
    *,
    uncertain: bool = False,
) -> dict[Key, Carried]:
    """The bias under each of the hypotheses under which anything can be carried over.

    known: by hypothesis the truth of every analysis. `patients`: numbers of patients. `uncertain`: averaged
    over some variants of what is uncertain.
    """
    names = tuple(name for name in known if carries(scenario, name))
    if not names:
        return {}
    numbers = sorted(set(patients))
    once = _once(scenario, names)
    pairs = [
        _estimates(each, known, numbers, seed, *stretch)
        for each, *stretch in _parts(once, numbers[-1], seed, uncertain)
    ]
    left, none = (np.concatenate([pair[i] for pair in pairs], axis=3) for i in (0, 1))
    found = {}
    for h, name in enumerate(names):
        for a, analysis in enumerate(once.analyses):
            for d, number in enumerate(numbers):
                one = _compared(left[h, a, d], none[h, a, d], uncertain)
                if one is not None:
                    found[name, analysis.name, number] = one
    return found


def carries(scenario: Scenario, name: str) -> bool:
    """Whether anything of a treatment can reach a later period under a hypothesis."""
    hypothesis = scenario.hypotheses[name]
    if scenario.design.periods < 2:
        return False
    return isinstance(hypothesis, Terms) or (
        isinstance(hypothesis, Means) and any(hypothesis.carryover.values())
    )


def without(scenario: Scenario) -> Scenario:
    """The scenario in which nothing is carried over."""
    hypotheses = {
        name: each.model_copy(update={"carryover": {}}) if isinstance(each, Means) else each
        for name, each in scenario.hypotheses.items()
    }
    design = scenario.design.model_copy(update={"washout_days": _ENDLESS})
    return scenario.model_copy(update={"hypotheses": hypotheses, "design": design})


def _once(scenario: Scenario, names: Sequence[str]) -> Scenario:
    """The scenario under these hypotheses with one look, at the end."""
    monitoring = Monitoring(
        looks=(float(scenario.design.patients),),
        efficacy=Efficacy(rule="obrien-fleming"),
        futility=Futility(rule="none"),
    )
    simulation = scenario.simulation.model_copy(update={"hypotheses": tuple(names)})
    return scenario.model_copy(update={"monitoring": monitoring, "simulation": simulation})


def _parts(once: Scenario, most: int, seed: int, uncertain: bool) -> Iterator[tuple[Any, ...]]:
    """Scenarios, each with its first trial and its tiles."""
    if not uncertain:
        yield once, 0, max(2, min(_TILES, _PATIENTS // most))
        return
    for i, variant in enumerate(variants(once, _VARIANTS, seed)):
        yield variant, i * W, 1


def _estimates(
    once: Scenario,
    known: Mapping[str, Sequence[Truth]],
    patients: Sequence[int],
    seed: int,
    first: int,
    tiles: int,
) -> tuple[Floats, Floats]:
    """(hypothesis, analysis, number of patients, tile, 128) with carryover and without; NaN if undefined."""
    buffers: engine.Buffers = {}
    found = []
    for each in (once, without(once)):
        work = engine.job(each, seed=seed, patients=patients, known=known)
        rows = [engine.statistics(work, first + t * W, 1, buffers) for t in range(tiles)]
        stat = np.concatenate(rows, axis=3)
        stat = stat.reshape(*stat.shape[:-1], STATISTICS, W)
        found.append(np.where(stat[..., DF, :] > 0.0, stat[..., ESTIMATE, :], np.nan))
    return found[0], found[1]


def _compared(left: Floats, none: Floats, uncertain: bool) -> Carried | None:
    """Of (tile, 128) estimates; None where too few are defined."""
    change = left - none
    known = ~np.isnan(change)
    if known.sum() < 2:
        return None
    bias, error = change[known].mean(), change[known].std(ddof=1) / math.sqrt(known.sum())
    spread = float(np.nanstd(left, ddof=1))
    if uncertain:  # each tile is a variant of its own
        some = known.any(axis=1)
        means = np.array([row[seen].mean() for row, seen in zip(change[some], known[some], strict=True)])
        error = means.std(ddof=1) / math.sqrt(means.size) if means.size > 1 else error
        spread = math.sqrt(float(np.nanmean(np.nanvar(left[some], axis=1, ddof=1))))
    exact = error <= _ROUNDING * max(abs(bias), spread)
    return Carried(settled(float(bias)), 0.0 if exact else float(error), spread)


def figures(cell: Mapping[str, Any], one: Carried | None) -> Json:
    """The key `carryover` of a cell; None where nothing can be carried over."""
    if one is None:
        return {"carryover": None}
    effect = 0.0 if cell["is_null"] else float(cell["true_effect"])
    of_error = abs(one.bias) / one.standard_error if one.standard_error > 0.0 else None
    of_effect = abs(one.bias / effect) if effect else None
    surely = abs(one.bias) > _BEYOND_CHANCE * one.mcse
    half = Z95 * one.mcse
    return {
        "carryover": {
            "bias": {
                "estimate": one.bias,
                "mcse": one.mcse,
                "low": one.bias - half,
                "high": one.bias + half,
            },
            "standard_error": one.standard_error,
            "of_standard_error": of_error,
            "of_effect": of_effect,
            "matters": surely and any(share > WORTH_SAYING for share in (of_error, of_effect) if share),
        }
    }


def with_carryover(cells: Sequence[Json], found: Mapping[Key, Carried]) -> list[Json]:
    """Cells with the key `carryover`."""
    return [
        cell | figures(cell, found.get((cell["hypothesis"], cell["analysis"], cell["patients"])))
        for cell in cells
    ]
