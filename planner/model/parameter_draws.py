"""Uncertain numbers to variants of a scenario: each a scenario of its own, in which every number is known.

Draw i of a parameter is the quantile of its distribution at u = SHA-256(seed, hypothesis, parameter, i): it
depends on nothing else, neither on other parameters nor on their order. A shared parameter has one draw for
all hypotheses.
Normal and lognormal distributions are cut at the limits of their setting (the conditional distribution).
What an earlier trial has estimated is drawn as a factor on variances, or in standard errors of its estimate,
and is known only with the other numbers of a variant: see planner.model.estimated.

What is tied to another hypothesis follows from the variant: see `tied` of planner.model.families.family.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import mul
from types import MappingProxyType
from typing import Any

import numpy as np

from planner._special import betaincinv, ndtr, ndtri
from planner.errors import UncertaintyError
from planner.kernels.tables import Floats
from planner.model.estimated import cv_times, moved, sd_times, variance_factors
from planner.model.families.family import family_of
from planner.monitoring.numerics import to_12_digits
from planner.scenario.bounds import Bounds
from planner.scenario.canonical.resolved import digest
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.parameters import COMMON, Place, places, split_key
from planner.scenario.scenario import Scenario
from planner.scenario.tree import Tree
from planner.scenario.uncertainty import ESTIMATED, Distribution, Tie

_TOGETHER = 64
"""Variants whose numbers are drawn together."""


@dataclass(frozen=True, slots=True)
class UncertainParameter:
    """An uncertain parameter: what its draws are, and the numbers that take them."""

    hypothesis: str | None  # None: shared by all
    key: str
    distribution: Distribution
    numbers: tuple[Place, ...]

    @property
    def range(self) -> Bounds:
        """The values that a draw may take: of a relative one, as a factor."""
        limits = Bounds()
        for each in () if self.distribution.form in ESTIMATED else self.numbers:
            limits = limits.within(each.factors if self.distribution.relative else each.range)
        return limits


def is_uncertain(scenario: Scenario) -> bool:
    """Whether any number of the scenario, or of a hypothesis that is simulated, is uncertain."""
    names = scenario.simulated_hypotheses
    return bool(scenario.uncertainty) or any(scenario.hypotheses[name].uncertainty for name in names)


def check_uncertainty(scenario: Scenario) -> None:
    """Raise UncertaintyError where nothing is uncertain, or where a tie cannot hold."""
    if not is_uncertain(scenario):
        raise UncertaintyError(
            "no number of this scenario is uncertain",
            'under [uncertainty]: "PATH" = { low = ..., high = ... }',
        )
    next(variants(scenario, 1, scenario.simulation.seed))


def uncertain_parameters(scenario: Scenario) -> list[UncertainParameter]:
    """Every uncertain parameter: the shared ones first, then those of each hypothesis."""
    stated: list[tuple[str | None, Mapping[str, Distribution]]] = [(None, scenario.uncertainty)]
    stated += [(name, hypothesis.uncertainty) for name, hypothesis in scenario.hypotheses.items()]
    return [
        UncertainParameter(
            name,
            key,
            distribution,
            tuple(
                number
                for path in split_key(key)
                for number in places(scenario, name, path, bool(distribution.relative))
            ),
        )
        for name, table in stated
        for key, distribution in table.items()
    ]


# What is drawn


def parameter_draws(parameter: UncertainParameter, seed: int, first: int, count: int) -> list[float]:
    """The draws first .. first + count - 1 of a parameter, to 12 digits.

    Of what an earlier trial has estimated: factors on the stated variance, or standard normal numbers.
    """
    u = quantile_levels(parameter, seed, first, count)
    low, high, *_ = parameter.range
    values = _quantiles(parameter.distribution, u, low, high)
    return [min(max(to_12_digits(x), low), high) for x in values.tolist()]


def draws_of_variants(parameter: UncertainParameter, seed: int, which: Sequence[int]) -> list[float]:
    """The draws of a parameter in these variants, which are in rising order."""
    if not which:
        return []
    values = parameter_draws(parameter, seed, which[0], which[-1] - which[0] + 1)
    return [values[i - which[0]] for i in which]


def quantile_levels(parameter: UncertainParameter, seed: int, first: int, count: int) -> Floats:
    """The probabilities at which the draws first .. first + count - 1 of a parameter are quantiles."""
    return _uniforms(f"{seed}\0{parameter.hypothesis or ''}\0{parameter.key}\0", first, count)


def _uniforms(start: str, first: int, count: int) -> Floats:
    """Numbers above 0 and below 1 by SHA-256 of a text and their own number."""
    hashed = hashlib.sha256(start.encode())
    values = np.empty(count)
    for i in range(count):
        each = hashed.copy()
        each.update(b"%d" % (first + i))
        values[i] = (int.from_bytes(each.digest()[:8], "big") >> 11) + 0.5
    return values * 2.0**-53


def at_point(parameter: UncertainParameter, value: float) -> Distribution:
    """A distribution in which the parameter has the value of a draw, or is moved as far as that says."""
    stated = parameter.distribution
    if stated.form == "variance":
        return Distribution(low=math.sqrt(value), high=math.sqrt(value), relative=True)
    if stated.form == "estimate":
        (number,) = parameter.numbers
        value = number.value + value * max(abs(number.value), 1.0) / 16.0
        return Distribution(low=value, high=value)
    return Distribution(low=value, high=value, relative=stated.relative)


def _quantiles(distribution: Distribution, u: Floats, low: float, high: float) -> Floats:
    """Quantiles; those of a normal and a lognormal distribution are conditional on low .. high."""
    d = distribution
    if d.form == "variance":
        assert d.df is not None
        return variance_factors(d.df, u)
    if d.form == "estimate":
        scores: Floats = ndtri(u)
        return scores
    least, most = d.limits
    if least == most:
        return np.full(u.size, least)
    if d.form == "uniform":
        return least + u * (most - least)
    if d.form == "beta":
        scaled: Floats = least + betaincinv(d.beta[0], d.beta[1], u) * (most - least)
        return scaled
    if d.form == "normal":
        assert d.mean is not None
        assert d.sd is not None
        mean, sd = d.mean, d.sd
    else:
        assert d.median is not None
        assert d.log_sd is not None
        mean, sd = math.log(d.median), d.log_sd
        low, high = (math.log(x) if x > 0.0 else -math.inf for x in (low, high))
    below, above = ndtr((low - mean) / sd), ndtr((mean - high) / sd)
    z = _normal_quantiles(u, float(below), float(above))
    return mean + sd * z if d.form == "normal" else np.exp(mean + sd * z)


def _normal_quantiles(u: Floats, below: float, above: float) -> Floats:
    """Standard normal quantiles with the tail areas `below` and `above` cut off, from the nearer tail."""
    p, q = below + u * (1.0 - below - above), above + (1.0 - u) * (1.0 - below - above)
    z: Floats = np.where(p < q, ndtri(p), -ndtri(q))
    return z


# What a variant is


class Variants:
    """The variants of a scenario by number: in each every uncertain number has its drawn value.

    They have no uncertain numbers and no ties left. `names`: the hypotheses that matter (default: all); the
    others keep what is stated. `drawn_as`: hypotheses that have the draws of another name. `together`: of so
    many the numbers are drawn at once. Threads may share them. Raises UncertaintyError where a tie cannot
    hold.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        names: Collection[str] | None = None,
        drawn_as: Mapping[str, str] = MappingProxyType({}),
        together: int = _TOGETHER,
    ) -> None:
        names = scenario.hypotheses if names is None else names
        self._ties = {name: tie for name in names if (tie := scenario.hypotheses[name].tied) is not None}
        needed = {*names, *(tie.to for tie in self._ties.values())}
        parameters = [
            e
            for e in uncertain_parameters(scenario)
            if any(_is_needed(number, needed) for number in e.numbers)
        ]
        self._parameters = [
            replace(e, hypothesis=drawn_as.get(e.hypothesis, e.hypothesis)) if e.hypothesis else e
            for e in parameters
        ]
        self._stated, self._change_tree, self._seed = (
            without_uncertainty(scenario),
            _change_tree(parameters, needed),
            seed,
        )
        self._estimates = [
            (i, *_estimate(each)) for i, each in enumerate(parameters) if each.distribution.form == "estimate"
        ]
        self._together = together
        self._latest = -1, list[list[float]]()  # so many variants before it, and of each parameter the draws

    def __getitem__(self, i: int) -> Scenario:
        first = i - i % self._together
        start, drawn = self._latest
        if start != first:
            drawn = [
                parameter_draws(parameter, self._seed, first, self._together)
                for parameter in self._parameters
            ]
            self._latest = first, drawn
        values = [each[i - first] for each in drawn]
        variant = _with_drawn_values(self._stated, self._change_tree, values)
        for number, name, treatment, patients in self._estimates:
            hypothesis = moved(variant, name, treatment, patients, values[number])
            variant = variant.model_copy(update={"hypotheses": {**variant.hypotheses, name: hypothesis}})
        return _apply_ties(variant, self._ties)


def variants(scenario: Scenario, count: int, seed: int, first: int = 0) -> Iterator[Scenario]:
    """The variants first .. first + count - 1, all hypotheses with drawn values: see Variants."""
    pool = Variants(scenario, seed, together=max(1, min(count, _TOGETHER)))
    return (pool[i] for i in range(first, first + count))


def _is_needed(number: Place, needed: Collection[str]) -> bool:
    """Whether a number is not one of another hypothesis than those that are needed."""
    return number.route[0] != "hypotheses" or number.route[1] in needed


_NO_UNCERTAINTY: Tree = {"uncertainty": {}}
_NO_UNCERTAINTY_NO_TIE = _NO_UNCERTAINTY | {"tie": None}


def without_uncertainty(scenario: Scenario) -> Scenario:
    """The scenario with every number as it is stated, and none uncertain."""
    hypotheses: dict[str, Hypothesis] = {
        name: each.model_copy(update=_NO_UNCERTAINTY if each.tied is None else _NO_UNCERTAINTY_NO_TIE)
        for name, each in scenario.hypotheses.items()
    }
    return scenario.model_copy(update={"hypotheses": hypotheses, "uncertainty": {}})


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A number that takes the value of a draw, or what a draw makes of what is stated."""

    parameter: int
    changed: Callable[[float], float]


def _changed(parameter: UncertainParameter, number: Place) -> Callable[[float], float]:
    """What a draw makes of a number."""
    if parameter.distribution.form == "variance":
        times = cv_times if any(str(part).startswith("cv_") for part in number.route) else sd_times
        return partial(_rounded, partial(times, number.value))
    return partial(mul, number.value if parameter.distribution.relative else 1.0)


def _rounded(times: Callable[[float], float], draw: float) -> float:
    """The same on every machine, whatever its functions make of the last digits."""
    return to_12_digits(times(draw))


def _estimate(parameter: UncertainParameter) -> tuple[str, str, int]:
    """The hypothesis, the treatment whose mean was estimated, and the patients of the trial."""
    (number,) = parameter.numbers
    assert parameter.distribution.patients is not None
    return str(number.route[1]), str(number.route[-1]), parameter.distribution.patients


def _change_tree(parameters: Sequence[UncertainParameter], needed: Collection[str]) -> dict[object, object]:
    """What changes in a scenario, as nested tables of attributes, keys and indices."""
    tree: dict[object, Any] = {}
    for i, parameter in enumerate(parameters):
        if parameter.distribution.form == "estimate":
            continue  # depends on other numbers
        for number in (each for each in parameter.numbers if _is_needed(each, needed)):
            node = tree
            for part in number.route[:-1]:
                node = node.setdefault(part, {})
            node[number.route[-1]] = _Leaf(i, _changed(parameter, number))
    return tree


def _with_drawn_values(scenario: Scenario, tree: Mapping[object, Any], values: Sequence[float]) -> Scenario:
    """The scenario with drawn values; a hypothesis with numbers of its own has its own copies of them."""
    shared = {part: inner for part, inner in tree.items() if part != "hypotheses"}
    variant: Scenario = _replace_numbers(scenario, shared, values)
    hypotheses = dict(variant.hypotheses)
    for name, inner in tree.get("hypotheses", {}).items():
        start = hypotheses[name]
        used = {table: inner[table] for table in COMMON if table in inner}
        start = _with_copies(variant, start, used) if used else start
        hypotheses[name] = _replace_numbers(start, inner, values)
    return variant.model_copy(update={"hypotheses": hypotheses})


def _with_copies(
    scenario: Scenario, hypothesis: Hypothesis, used: Mapping[str, Mapping[str, Any]]
) -> Hypothesis:
    """The hypothesis with its own copy of every common agent, signal and component that it is to change."""
    update = {}
    for table, names in used.items():
        own, common = getattr(hypothesis, table), getattr(scenario, table)
        update[table] = {**own, **{name: common[name] for name in names if name not in own}}
    return hypothesis.model_copy(update=update)


def _replace_numbers(node: Any, inner: Any, values: Sequence[float]) -> Any:
    """A copy of a setting with the numbers that change, sharing everything else."""
    if isinstance(inner, _Leaf):
        return inner.changed(values[inner.parameter])
    if isinstance(node, Mapping):
        return {**node, **{key: _replace_numbers(node[key], each, values) for key, each in inner.items()}}
    if isinstance(node, tuple):
        return tuple(
            _replace_numbers(item, inner[i], values) if i in inner else item for i, item in enumerate(node)
        )
    update = {key: _replace_numbers(getattr(node, key), each, values) for key, each in inner.items()}
    return node.model_copy(update=update)


def same_first_variant(scenarios: Sequence[Scenario], seed: int) -> tuple[int, int] | None:
    """Two of the scenarios that are stated otherwise, but of which the first variant is the same; if any.

    A number with values of its own is drawn from them, whatever is stated for it.
    """
    seen: dict[str, tuple[str, int]] = {}
    for i, scenario in enumerate(scenarios):
        (drawn,) = variants(scenario, 1, seed)
        stated = digest(without_uncertainty(scenario))
        before, first = seen.setdefault(digest(drawn), (stated, i))
        if before != stated:
            return first, i
    return None


# Ties


def _apply_ties(scenario: Scenario, ties: Mapping[str, Tie]) -> Scenario:
    """The scenario with what follows from other hypotheses."""
    if not ties:
        return scenario
    tied = {
        name: family_of(scenario.hypotheses[name]).tied(scenario, name, tie) for name, tie in ties.items()
    }
    return scenario.model_copy(update={"hypotheses": {**scenario.hypotheses, **tied}})
