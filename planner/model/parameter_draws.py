"""Uncertain numbers to variants of a scenario: each a scenario of its own, in which every number is known.

Draw i of a parameter is the quantile of its distribution at u = SHA-256(seed, hypothesis, parameter, i): it
depends on nothing else, neither on other parameters nor on their order. A shared parameter has one draw for
all hypotheses.
Normal and lognormal distributions are cut at the limits of their setting (the conditional distribution).

A tie scales the sizes of some components of a hypothesis by one factor, so that the expected improvement
under a treatment of its agents, at the peak and before it is cut at 1, is that under another hypothesis:

    factor = (E[R | other] - E[R | all but these components]) / E[R | these components]
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri

from planner.errors import PlannerError
from planner.kernels.tables import Floats
from planner.model.families.mechanism.signals import Mechanism, gates_at_assessment, onsets_of_period
from planner.monitoring.numerics import to_12_digits
from planner.scenario.bounds import Bounds
from planner.scenario.canonical.resolved import digest
from planner.scenario.components import Component, GivenAgent, SizeSpread, TreatmentAgent
from planner.scenario.design import Treatment
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.parameters import COMMON, Place, places, split_key
from planner.scenario.scenario import Scenario
from planner.scenario.text import printable
from planner.scenario.uncertainty import Distribution, Tie

_TOGETHER = 64
"""Variants whose numbers are drawn together."""

_TIED = "tied"  # name of the treatment of a tie, which the scenario does not have


class UncertaintyError(PlannerError, ValueError):
    """Variants that do not exist."""


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
        for each in self.numbers:
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
            "no number of this scenario is uncertain", '[uncertainty] "PATH" = { low = ..., high = ... }'
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
    """The draws first .. first + count - 1 of a parameter, to 12 digits."""
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


def _quantiles(distribution: Distribution, u: Floats, low: float, high: float) -> Floats:
    """Quantiles; those of a normal and a lognormal distribution are conditional on low .. high."""
    d = distribution
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
        self._ties = {name: tie for name in names if (tie := _tie_of(scenario.hypotheses[name])) is not None}
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
        return _apply_ties(_with_drawn_values(self._stated, self._change_tree, values), self._ties)


def variants(scenario: Scenario, count: int, seed: int, first: int = 0) -> Iterator[Scenario]:
    """The variants first .. first + count - 1, all hypotheses with drawn values: see Variants."""
    pool = Variants(scenario, seed, together=max(1, min(count, _TOGETHER)))
    return (pool[i] for i in range(first, first + count))


def _tie_of(hypothesis: Hypothesis) -> Tie | None:
    return hypothesis.tie if isinstance(hypothesis, MechanismHypothesis) else None


def _is_needed(number: Place, needed: Collection[str]) -> bool:
    """Whether a number is not one of another hypothesis than those that are needed."""
    return number.route[0] != "hypotheses" or number.route[1] in needed


_NO_UNCERTAINTY: dict[str, Any] = {"uncertainty": {}}
_NO_UNCERTAINTY_NO_TIE = _NO_UNCERTAINTY | {"tie": None}


def without_uncertainty(scenario: Scenario) -> Scenario:
    """The scenario with every number as it is stated, and none uncertain."""
    hypotheses: dict[str, Hypothesis] = {
        name: each.model_copy(
            update=_NO_UNCERTAINTY_NO_TIE if isinstance(each, MechanismHypothesis) else _NO_UNCERTAINTY
        )
        for name, each in scenario.hypotheses.items()
    }
    return scenario.model_copy(update={"hypotheses": hypotheses, "uncertainty": {}})


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A number that takes the value of a draw, or that of a draw times what is stated."""

    parameter: int
    factor: float


def _change_tree(parameters: Sequence[UncertainParameter], needed: Collection[str]) -> dict[Any, Any]:
    """What changes in a scenario, as nested tables of attributes, keys and indices."""
    tree: dict[Any, Any] = {}
    for i, parameter in enumerate(parameters):
        for number in (each for each in parameter.numbers if _is_needed(each, needed)):
            node = tree
            for part in number.route[:-1]:
                node = node.setdefault(part, {})
            node[number.route[-1]] = _Leaf(i, number.value if parameter.distribution.relative else 1.0)
    return tree


def _with_drawn_values(scenario: Scenario, tree: Mapping[Any, Any], values: Sequence[float]) -> Scenario:
    """The scenario with drawn values; a hypothesis with numbers of its own has its own copies of them."""
    shared = {part: inner for part, inner in tree.items() if part != "hypotheses"}
    variant: Scenario = _replace_numbers(scenario, shared, values)
    hypotheses = dict(variant.hypotheses)
    for name, inner in tree.get("hypotheses", {}).items():
        start = hypotheses[name]
        if isinstance(start, MechanismHypothesis):
            start = _with_copies(variant, start, {table: inner[table] for table in COMMON if table in inner})
        hypotheses[name] = _replace_numbers(start, inner, values)
    return variant.model_copy(update={"hypotheses": hypotheses})


def _with_copies(
    scenario: Scenario, hypothesis: MechanismHypothesis, used: Mapping[str, Mapping[str, Any]]
) -> MechanismHypothesis:
    """The hypothesis with its own copy of every common agent, signal and component that it is to change."""
    update = {}
    for table, names in used.items():
        own, common = getattr(hypothesis, table), getattr(scenario, table)
        update[table] = {**own, **{name: common[name] for name in names if name not in own}}
    return hypothesis.model_copy(update=update)


def _replace_numbers(node: Any, inner: Any, values: Sequence[float]) -> Any:
    """A copy of a setting with the numbers that change, sharing everything else."""
    if isinstance(inner, _Leaf):
        return values[inner.parameter] * inner.factor
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


def _apply_ties(scenario: Scenario, ties: Mapping[str, Any]) -> Scenario:
    """The scenario with the sizes that follow from other hypotheses."""
    if not ties:
        return scenario
    hypotheses = dict(scenario.hypotheses)
    for name, tie in ties.items():
        hypothesis, other = hypotheses[name], scenario.hypotheses[tie.to]
        assert isinstance(hypothesis, MechanismHypothesis)
        assert isinstance(other, MechanismHypothesis)
        given = tuple(GivenAgent(agent=agent) for agent in tie.agents)
        goal = math.fsum(_expected_improvement(scenario, other, given).values())
        parts = _expected_improvement(scenario, hypothesis, given)
        own = math.fsum(parts.get(component, 0.0) for component in tie.by)
        rest = math.fsum(x for component, x in parts.items() if component not in tie.by)
        if own == 0.0:
            raise UncertaintyError(
                f"the hypothesis {printable(name)} cannot be tied to {printable(tie.to)}: its components "
                f"{', '.join(tie.by)} improve nothing under {', '.join(tie.agents)}",
                f"hypotheses.{printable(name)}.tie: name other agents or components",
            )
        factor = to_12_digits((goal - rest) / own)
        components = {**scenario.components, **hypothesis.components}
        sizes = {component: _scale_component(components[component], factor) for component in tie.by}
        hypotheses[name] = hypothesis.model_copy(update={"components": {**hypothesis.components, **sizes}})
    return scenario.model_copy(update={"hypotheses": hypotheses})


def _expected_improvement(
    scenario: Scenario, hypothesis: MechanismHypothesis, given: tuple[TreatmentAgent, ...]
) -> dict[str, float]:
    """Mean improvement at the peak by each component, before it is cut at 1, under a treatment of agents."""
    treated = scenario.model_copy(update={"treatments": {_TIED: Treatment(agents=given)}})
    m = Mechanism.of(treated, hypothesis)
    terms = hypothesis.terms
    (_, opened), *_ = onsets_of_period(m, treated, [_TIED], 0, terms)
    stays = gates_at_assessment(m, treated, [_TIED], 0, 0.0, terms)
    means: dict[str, float] = {}
    for term, gate, stay in zip(terms, opened, stays, strict=True):
        c = m.components[term.component]
        size = c.share * c.size.mean + (1.0 - c.share) * c.otherwise.mean
        means[term.component] = means.get(term.component, 0.0) + gate * stay * size
    return means


def _scale_component(component: Component, factor: float) -> Component:
    """A component whose sizes are multiplied, those of patients who are not susceptible too."""

    def times(spread: SizeSpread) -> SizeSpread:
        return spread.model_copy(update={"mean": spread.mean * factor, "sd": spread.sd * abs(factor)})

    update = {"size": times(component.size), "otherwise": times(component.otherwise)}
    return component.model_copy(update=update)
