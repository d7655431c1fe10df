"""What looks can do before anything is simulated: which can stop at all, and the type I error of all of them.

A test may be unable to be significant at a look whatever the data are: a t test without a degree of freedom,
or an exact test whose smallest p value is above the level of the look. The alpha of such a look is lost. And
t tests that are each held to the level of a normal statistic's limit reject a little more often than alpha
together (planner.monitoring.t_looks).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from planner._special import gammaln, ndtr, xlog1py, xlogy
from planner.analyses import info_of
from planner.model.allocation import allocation_plan, retention
from planner.model.degrees_of_freedom import planned_df
from planner.model.looks import MonitoringPlan
from planner.monitoring.boundaries import Boundary
from planner.monitoring.numerics import Floats
from planner.monitoring.solve import crossing_probabilities
from planner.monitoring.t_looks import TLook, type_one_error
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.estimability import taking_part
from planner.scenario.scenario import Scenario

_TIE = 1e-9  # relative; as planner.monitoring.references
_MOST_WAYS = 1000  # trials of which the ways to choose some are still a floating-point number


class IdleLook(NamedTuple):
    """A look at which the test cannot be significant, whatever the data are."""

    look: int  # counted from 1
    patients: int  # finished
    why: str  # a clause: "..."
    computed: bool  # whether the test can be computed at all


def idle_looks(scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan) -> list[IdleLook]:
    """The looks with an efficacy limit at which the test cannot pass it, if nobody leaves."""
    idle = []
    for k, count in enumerate(plan.counts):
        z = plan.boundary.efficacy_z[k]
        why = why_impossible(scenario, analysis, count, z, plan.boundary.sided) if z < math.inf else None
        if why is not None:
            idle.append(IdleLook(k + 1, count, *why))
    return idle


def why_impossible(
    scenario: Scenario, analysis: PlannedAnalysis, completers: int, z: float, sided: int
) -> tuple[str, bool] | None:
    """Why a test of so many completers cannot be as significant as z, and whether it can be computed at all.

    None where it can. The completers fill the sequences evenly.
    """
    groups = [_completers_in(scenario, units, completers) for units in _group_units(scenario, analysis)]
    need = _least_in_all(scenario, analysis)
    df = planned_df(scenario, analysis, completers)
    if df == 0 or sum(groups) < need or min(groups) < info_of(analysis).per_group:
        word = "treatments" if analysis.row.needs == "first" else "sequences"
        each = "" if len(groups) == 1 else f" in {len(groups)} {word}"
        return f"{analysis.method} cannot be computed from {_patients(completers)}{each}", False
    p = _smallest_p(analysis, groups, sided)
    level = sided * float(ndtr(-z))
    if p is None or p <= level * (1 + _TIE):
        return None
    smallest, allowed = small_probability(p), small_probability(level)
    return f"no result of {analysis.method} has a p value below {smallest}, and its level is {allowed}", True


def small_probability(p: float) -> str:
    """A small probability as people write it."""
    return f"{p:.3g}" if p >= 0.0001 else "less than 0.0001"


def _patients(count: int) -> str:
    return "1 patient" if count == 1 else f"{count:,} patients"


def _group_units(scenario: Scenario, analysis: PlannedAnalysis) -> list[int]:
    """The units of allocation of each group that the test keeps apart; one group where it keeps none."""
    design, weights = scenario.design, analysis.weights
    pairs = list(zip(design.sequences, design.allocation, strict=True))
    needs = analysis.row.needs
    first = needs == "first" or (needs == "balanced or parallel" and design.periods == 1)
    if first:
        return [sum(n for s, n in pairs if s[0] == treatment) for treatment in weights]
    if needs in ("ab/ba", "balanced", "balanced or parallel"):
        part = taking_part(design.sequences, weights)
        return [n for (_, n), takes in zip(pairs, part, strict=True) if takes]
    return [design.unit]


def _completers_in(scenario: Scenario, units: int, completers: int) -> int:
    """How many of the completers are in a group of so many units, rounded up."""
    return -(-completers * units // scenario.design.unit)


def _least_in_all(scenario: Scenario, analysis: PlannedAnalysis) -> int:
    """Patients in all groups without whom nothing can be computed, beside those that each group needs."""
    about = info_of(analysis)
    if about.df is None or about.df == "observations":
        return 1
    return len(_group_units(scenario, analysis)) + about.covariates + 1


def _smallest_p(analysis: PlannedAnalysis, groups: Sequence[int], sided: int) -> float | None:
    """The smallest p value that the best possible data of these groups have; None where there is none.

    McNemar's tests: all patients respond under one treatment alone. Tests of two groups given the margins:
    all of one group and none of the other, one of C(n, n1) tables; with equal groups its mirror image is as
    extreme, in a two-sided test.
    """
    n, about = sum(groups), info_of(analysis)
    match about.decisive, about.reference:
        case None, _:
            return None
        case "discordant pairs", "normal":
            return sided * float(ndtr(-math.sqrt(n)))
        case "discordant pairs", reference:
            return float(sided * 0.5 ** (n + 1 if reference == "binomial-mid" else n))
        case _:
            mirrored = sided == 2 and len(set(groups)) == 1
            return (2 if mirrored else 1) / math.comb(n, groups[0])


def least_completers(
    scenario: Scenario, analysis: PlannedAnalysis, z: float, sided: int, most: int
) -> int | None:
    """The fewest completers of whom the test can be as significant as z; None if `most` are too few."""
    return first_where(lambda n: why_impossible(scenario, analysis, n, z, sided) is None, 1, most)


def first_where(holds: Callable[[int], bool], low: int, high: int, step: int = 1) -> int | None:
    """The first of low, low + step, ... up to high for which something holds that then goes on holding."""
    count = (high - low) // step
    if count < 0 or not holds(low + count * step):
        return None
    a, b = -1, count
    while b - a > 1:
        middle = (a + b) // 2
        a, b = (a, middle) if holds(low + middle * step) else (middle, b)
    return low + b * step


def completer_probability(scenario: Scenario, analysis: PlannedAnalysis) -> float | None:
    """Chance that a patient has what the test needs; None where only a simulation can find it."""
    whole = retention(scenario)
    needs = analysis.row.needs
    if whole is None or needs == "estimable":  # which also uses patients who left
        return None
    return 1.0 - float(allocation_plan(scenario).leave[0]) if needs == "first" else whole


def probability_of_too_few(
    scenario: Scenario, analysis: PlannedAnalysis, finished: int, z: float, sided: int
) -> float:
    """Chance that dropout leaves a look so few completers that the test cannot be as significant as z.

    0 where nobody leaves, or where only a simulation can find it. Patients stay independently of each other.
    """
    chance = completer_probability(scenario, analysis)
    if chance is None or chance == 1.0:
        return 0.0
    fewest = least_completers(scenario, analysis, z, sided, finished)
    if fewest is None:
        return 1.0
    least = info_of(analysis).per_group
    total = np.ones(1)  # chance of each number of completers, on the event that every group has enough
    left = finished
    units = _group_units(scenario, analysis)
    for i, unit in enumerate(units):
        size = round(finished * unit / scenario.design.unit)
        size = left if i == len(units) - 1 and sum(units) == scenario.design.unit else min(size, left)
        left -= size
        law = _binomial(size, chance)
        law[: least if len(units) > 1 else 0] = 0.0
        total = np.convolve(total, law)
    return float(min(max(1.0 - total[fewest:].sum(), 0.0), 1.0))


def _binomial(size: int, chance: float) -> Floats:
    """(size + 1,) probability of each number of successes."""
    k = np.arange(size + 1)
    if size <= _MOST_WAYS:
        ways = np.array([math.comb(size, int(j)) for j in k], float)
        exact: Floats = ways * chance**k * (1 - chance) ** (size - k)
        return exact
    log_ways = gammaln(size + 1.0) - gammaln(k + 1.0) - gammaln(size - k + 1.0)
    law: Floats = np.exp(log_ways + xlogy(k, chance) + xlog1py(size - k, -chance))
    return law


def planned_type_one_error(
    scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan, idle: Sequence[IdleLook]
) -> float | None:
    """P(any look is significant) without effect, of normal data if nobody leaves and futility does not count.

    Looks that cannot be significant are left out. None for tests whose law is not known here: Welch's, whose
    df depend on the data, and those of responses.
    """
    if info_of(analysis).df is None:
        return None
    out = {each.look for each in idle}
    tests = []
    for k, (count, z, low) in enumerate(
        zip(plan.counts, plan.boundary.efficacy_z, plan.boundary.futility_z, strict=True), start=1
    ):
        df = planned_df(scenario, analysis, count)
        if df is None:
            return None
        if k in out or df == 0:
            continue
        futility = low if plan.boundary.binding else -math.inf
        tests.append(TLook(_information(analysis, count, df), df, z, futility))
    if any(after.df <= before.df for before, after in pairwise(tests)):
        return None
    return type_one_error(tests, plan.boundary.sided)


def _information(analysis: PlannedAnalysis, patients: int, df: int) -> float:
    """Information of a look, up to a factor: the patients, less what adjusting for a chance imbalance costs.

    With a baseline in the model the variance is that without it over 1 - c^2, c the cosine of the baselines'
    imbalance, whose mean square is 1 / (df + 2).
    """
    return patients * (df + 1) / (df + 2) if info_of(analysis).covariates else float(patients)


def effective_limits(own: Boundary, idle: Sequence[IdleLook]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Efficacy and futility limits as they act: without those that no data can pass.

    Where the test cannot be computed there is no stop for futility either.
    """
    by_look = {each.look: each for each in idle}
    high = tuple(math.inf if k in by_look else z for k, z in enumerate(own.efficacy_z, start=1))
    low = tuple(
        -math.inf if k in by_look and not by_look[k].computed else z
        for k, z in enumerate(own.futility_z, start=1)
    )
    return high, low


def alpha_reached(plan: MonitoringPlan, idle: Sequence[IdleLook]) -> float:
    """Alpha that a normal statistic spends where some looks cannot stop for efficacy."""
    own = plan.boundary
    high, low = effective_limits(own, idle)
    if not own.binding:
        low = (-math.inf,) * len(high)
    stops = crossing_probabilities(own.fractions, own.sided, high, low, 0.0)
    return math.fsum((*stops.efficacy_up, *stops.efficacy_down))
