"""How far carryover biases each contrast: the same virtual trials with it and without, run to the last look.

Without: stated carryover is nil, and the washout so long that nothing outlasts it, neither improvement nor
blockade. Patients, who leaves by chance, and the random numbers are the same, so that most of what is chance
cancels in the difference. That is right for every analysis, whatever it makes of several periods, of limits
of the scale and of baselines that carryover has moved too. Who waits or leaves because something is left does
not do so without carryover: what that selects is part of the bias.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from planner.engine.blocks import statistics_of
from planner.engine.cells import Cells
from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.engine.workspace import Buffers
from planner.kernels.tables import DF, ESTIMATE, STATISTICS, Floats, W
from planner.model.carryover import carries
from planner.model.estimand import Truth
from planner.model.families.family import family_of
from planner.model.parameter_draws import variants
from planner.monitoring.numerics import to_12_digits
from planner.results.carryover_figures import CarryoverBias, Key
from planner.scenario.monitoring import Efficacy, Futility, Monitoring
from planner.scenario.scenario import Scenario

_TILES, _PATIENTS = 8, 16_384  # of 128 trials; fewer where there are more patients than these in all
_VARIANTS = 16  # of what is uncertain, a tile of trials each
_ENDLESS = 1e9  # days
_ROUNDING = 1e-12  # relative; a smaller error is that of adding up, and the bias is exact


def biases_of_cells(scenario: Scenario, cells: Cells, *, uncertain: bool = False) -> dict[Key, CarryoverBias]:
    """The bias in every cell of a job made of the scenario: see `carryover_biases`."""
    chosen = scenario.model_copy(update={"analyses": cells.analyses})
    return carryover_biases(chosen, cells.truths, cells.designs, cells.seed, uncertain=uncertain)


def carryover_biases(
    scenario: Scenario,
    known: Mapping[str, Sequence[Truth]],
    patients: Sequence[int],
    seed: int,
    *,
    uncertain: bool = False,
) -> dict[Key, CarryoverBias]:
    """The bias under each of the hypotheses under which anything can be carried over.

    known: by hypothesis the truth of every analysis. `patients`: numbers of patients. `uncertain`: averaged
    over some variants of what is uncertain.
    """
    names = tuple(name for name in known if carries(scenario, name))
    if not names:
        return {}
    numbers = sorted(set(patients))
    once = _once(scenario, names)
    tiles = np.array(
        [
            moments
            for each, first, number in _parts(once, numbers[-1], seed, uncertain)
            for moments in _moments(each, known, numbers, seed, first, number)
        ]
    )
    biases = {}
    for h, name in enumerate(names):
        for a, analysis in enumerate(once.analyses):
            for d, patients_there in enumerate(numbers):
                one = _compared(tiles[:, :, h, a, d], uncertain)
                if one is not None:
                    biases[name, analysis.name, patients_there] = one
    return biases


def without(scenario: Scenario) -> Scenario:
    """The scenario in which nothing is carried over."""
    hypotheses = {name: family_of(each).without_carryover(each) for name, each in scenario.hypotheses.items()}
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


def _parts(once: Scenario, most: int, seed: int, uncertain: bool) -> Iterator[tuple[Scenario, int, int]]:
    """Scenarios, each with its first trial and its tiles."""
    if not uncertain:
        yield once, 0, max(2, min(_TILES, _PATIENTS // most))
        return
    for i, variant in enumerate(variants(once, _VARIANTS, seed)):
        yield variant, i * W, 1


_NUMBER, _CHANGE, _CHANGES, _ESTIMATE, _ESTIMATES = range(5)
"""Of a tile: trials in which both are defined; mean and squares around it of what carryover changes, and of
the estimate with carryover."""


def _moments(
    once: Scenario,
    known: Mapping[str, Sequence[Truth]],
    patients: Sequence[int],
    seed: int,
    first: int,
    tiles: int,
) -> Iterator[Floats]:
    """For each tile f64[moment, hypothesis, analysis, number of patients]."""
    works = [
        job_of(each, seed=seed, patients=patients, given_truths=known, tallied=False)
        for each in (once, without(once))
    ]
    buffers: Buffers = {}
    for tile in range(tiles):
        left, none = (_estimates(work, first + tile * W, buffers) for work in works)
        seen = ~np.isnan(left - none)
        n = seen.sum(axis=-1)
        rows = [n.astype(np.float64)]
        for x in (left - none, left):
            total = np.where(seen, x, 0.0).sum(axis=-1)
            mean = np.divide(total, n, out=np.zeros_like(total), where=n > 0)
            rows += [mean, np.where(seen, (x - mean[..., None]) ** 2, 0.0).sum(axis=-1)]
        yield np.array(rows)


def _estimates(work: Job, first: int, buffers: Buffers) -> Floats:
    """(hypothesis, analysis, number of patients, 128) of a tile; NaN where the test is undefined."""
    stat = statistics_of(work, first, 1, buffers)[:, :, :, 0]
    stat = stat.reshape(*stat.shape[:-1], STATISTICS, W)
    return np.where(stat[..., DF, :] > 0.0, stat[..., ESTIMATE, :], np.nan)


def _compared(tiles: Floats, uncertain: bool) -> CarryoverBias | None:
    """Of moments f64[tile, moment]; None where too few estimates are defined."""
    tiles = tiles[tiles[:, _NUMBER] > 0]
    n = tiles[:, _NUMBER]
    total = float(n.sum())
    if total < 2:
        return None
    bias, around = _together(n, tiles[:, _CHANGE], tiles[:, _CHANGES])
    error = math.sqrt(around / (total - 1) / total)
    if uncertain:  # each tile is a variant of its own
        error = float(tiles[:, _CHANGE].std(ddof=1)) / math.sqrt(len(n)) if len(n) > 1 else error
        spread = math.sqrt(float(tiles[:, _ESTIMATES].sum()) / max(total - len(n), 1.0))
    else:
        _, squares = _together(n, tiles[:, _ESTIMATE], tiles[:, _ESTIMATES])
        spread = math.sqrt(squares / (total - 1))
    exact = error <= _ROUNDING * max(abs(bias), spread)
    return CarryoverBias(to_12_digits(bias), 0.0 if exact else error, spread)


def _together(n: Floats, mean: Floats, squares: Floats) -> tuple[float, float]:
    """Mean, and squares around it, of all tiles together."""
    middle = float(n @ mean) / float(n.sum())
    return middle, float(squares.sum() + n @ (mean - middle) ** 2)
