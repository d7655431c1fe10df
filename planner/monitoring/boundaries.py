"""Group-sequential boundaries: efficacy and futility limits on the z scale, and what they cost and give.

Limits are solved so that the error probabilities are exact for a normal statistic with independent
increments (recursive integration, `monitoring.recursion`). Conventions: reject when Z >= limit (one-sided) or
|Z| >= limit (two-sided); stop for futility when Z <= limit (one-sided) or |Z| <= limit (two-sided). Two-sided
alpha is shared equally by the sides, spending functions applied to alpha / 2. Power and drift count the
alternative's side only. The drift is the expected z of the last look, were it reached.

Sources: Armitage, McPherson and Rowe 1969; Jennison and Turnbull 2000; the rules themselves are in
`planner.monitoring.rules`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate

from planner._memo import Memo
from planner._special import ndtri
from planner.monitoring.conditional_power import conditional_power, conditional_power_limits
from planner.monitoring.errors import BoundaryError, UnreachableError
from planner.monitoring.numerics import positive_zero
from planner.monitoring.recursion import power_at, quantile_above, tail_above
from planner.monitoring.rules import efficacy_rule, futility_rule
from planner.monitoring.solve import BoundarySpec, Crossing, Limits, crossing_probabilities
from planner.monitoring.stated_plan import LARGEST_DRIFT, StatedPlan
from planner.scenario.stopping_rules import EFFICACY_RULES
from planner.scenario.tree import Tree

__all__ = [
    "Boundary",
    "BoundaryError",
    "Crossing",
    "UnreachableError",
    "boundary",
    "conditional_power",
    "conditional_power_limits",
    "crossing",
]

_TOO_MUCH_FUTILITY = "binding futility stops so often that alpha cannot be spent", "make it milder"
_ROUNDING = 1e-9  # an alpha this close to its total is exact


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryLook:
    """One look of a boundary, as in the JSON of `planner boundaries`: what does not exist is None."""

    look: int  # from 1
    information: float
    efficacy_z: float | None
    futility_z: float | None
    alpha_spent: float  # cumulative
    beta_spent: float | None
    nominal_p: float | None
    p_efficacy_null: float
    p_futility_null: float
    p_efficacy_alternative: float | None
    p_futility_alternative: float | None
    note: str | None  # why something does not exist


@dataclass(frozen=True, slots=True)
class Boundary:
    """A solved monitoring plan. Tuples have one element per look.

    `inf` in `efficacy_z` marks a look that cannot stop for efficacy, `-inf` in `futility_z` one that cannot
    stop for futility (always the last). In a two-sided plan `alpha`, `alpha_spent`, `nominal_p` and
    `p_efficacy_null` cover both sides; `power` and `p_efficacy_alternative` the alternative's side only.

    `alpha_spent` and `p_efficacy_null` ignore non-binding futility; everything else stops for futility where
    the limits say so. What needs an alternative is None where neither power, drift nor beta was given.
    """

    fractions: tuple[float, ...]  # information fractions, the last 1
    alpha: float  # as requested; stated z limits may spend another, see alpha_spent
    sided: int
    efficacy: str  # name of the rule
    futility: str  # name of the rule
    efficacy_z: tuple[float, ...]
    futility_z: tuple[float, ...]
    binding: bool  # whether the efficacy limits count on the futility rule
    alpha_spent: tuple[float, ...]  # cumulative
    nominal_p: tuple[float, ...]  # p value equal to the efficacy limit; 0 where the limit is inf
    p_efficacy_null: tuple[float, ...]
    p_futility_null: tuple[float, ...]
    expected_information_null: float  # share of the maximum information
    drift: float | None
    power: float | None
    beta_spent: tuple[float, ...] | None  # cumulative; the last look adds its non-rejections: 1 - power
    p_efficacy_alternative: tuple[float, ...] | None
    p_futility_alternative: tuple[float, ...] | None
    expected_information_alternative: float | None  # share of the maximum information
    inflation: float | None  # maximum information over that of the fixed design with the same power
    beta_left: tuple[
        float, ...
    ] = ()  # cumulative beta of spending that looks leave to later ones, else empty

    def to_json(self) -> Tree:
        """The figures as in the JSON of `planner boundaries`: what does not exist is None, with a note."""
        return {
            "alpha": self.alpha,
            "sided": self.sided,
            "looks": [asdict(look) for look in self.looks],
            "power": self.power,
            "drift": self.drift,
            "inflation": self.inflation,
            "expected_information_null": self.expected_information_null,
            "expected_information_alternative": self.expected_information_alternative,
        }

    @property
    def looks(self) -> tuple[BoundaryLook, ...]:
        """Look by look."""
        return tuple(self._look(k) for k in range(len(self.fractions)))

    def left_to_later(self, k: int) -> str:
        """Why look k (from 0) does not spend the beta that its spending rule gives it; empty if it does."""
        if not self.beta_left or not self.beta_left[k]:
            return ""
        return (
            f"{self.futility} gives beta {self.beta_left[k]:.4g} up to this look, which later looks share, "
            "because the two one-sided tests do not overlap here"
        )

    def _look(self, k: int) -> BoundaryLook:
        tests, stops = self.efficacy_z[k] < math.inf, self.futility_z[k] > -math.inf
        missing = [
            *([] if tests else ["this look does not stop for efficacy"]),
            *([] if stops else ["this look does not stop for futility"]),
            *([left] if (left := self.left_to_later(k)) else []),
            *([] if self.drift is not None else ["no alternative is given"]),
        ]
        up, futile = self.p_efficacy_alternative, self.p_futility_alternative
        return BoundaryLook(
            look=k + 1,
            information=self.fractions[k],
            efficacy_z=self.efficacy_z[k] if tests else None,
            futility_z=self.futility_z[k] if stops else None,
            alpha_spent=self.alpha_spent[k],
            beta_spent=None if self.beta_spent is None else self.beta_spent[k],
            nominal_p=self.nominal_p[k] if tests else None,
            p_efficacy_null=self.p_efficacy_null[k],
            p_futility_null=self.p_futility_null[k],
            p_efficacy_alternative=None if up is None else up[k],
            p_futility_alternative=None if futile is None else futile[k],
            note="; ".join(missing) or None,
        )


def boundary(
    fractions: Sequence[float],
    *,
    alpha: float = 0.025,
    sided: int = 1,
    efficacy: str = "obrien-fleming-spending",
    efficacy_parameters: Mapping[str, object] | None = None,
    efficacy_looks: Iterable[int] | None = None,
    futility: str = "none",
    futility_parameters: Mapping[str, object] | None = None,
    binding: bool = False,
    power: float | None = None,
    drift: float | None = None,
) -> Boundary:
    """Solve the limits of a monitoring plan and evaluate them.

    `fractions`: information at each look as a share of the maximum, increasing, the last 1.
    `efficacy`, `futility`: names from `scenario.stopping_rules`, with the parameters of their rows; `beta` is
    1 - power where it is not given, and `under` = "planned" takes `drift` as the planned effect.
    `efficacy_looks`: the looks, counted from 1, that may stop for efficacy (default all); the last always
    tests. `power`: solve the drift that reaches it. `drift`: evaluate under this one. With neither, beta
    spending takes power 1 - beta, and other plans are evaluated under the null hypothesis only.

    Raises BoundaryError for a plan that cannot be right, UnreachableError (a BoundaryError) for one that has
    no answer, such as a power that no drift reaches. Plans that are solved, and those that have no limits,
    are kept: the same arguments are solved once in a process.

    >>> import planner
    >>> limits = planner.boundary([0.5, 1.0], efficacy="obrien-fleming", power=0.9)
    >>> [round(z, 3) for z in limits.efficacy_z], round(limits.drift, 3)
    ([2.797, 1.977], 3.253)
    """
    stated = StatedPlan(
        tuple(float(t) for t in fractions),
        alpha,
        sided,
        efficacy,
        efficacy_parameters or {},
        None if efficacy_looks is None else tuple(efficacy_looks),
        futility,
        futility_parameters or {},
        binding,
        power,
        drift,
    )
    solved = _SOLVED.of(stated.as_text(), lambda: _solved_or_refused(stated))
    if isinstance(solved, BoundaryError):
        raise type(solved)(solved.message, solved.hint)
    return solved


_SOLVED: Memo[str, Boundary | BoundaryError] = Memo(2048)


def _solved_or_refused(stated: StatedPlan) -> Boundary | BoundaryError:
    try:
        return _solve(stated)
    except BoundaryError as error:
        return type(error)(error.message, error.hint)  # without the frames of the one that was raised


def _solve(stated: StatedPlan) -> Boundary:
    """As `boundary`."""
    alpha, sided, power, drift = stated.alpha, stated.sided, stated.power, stated.drift
    efficacy, futility = stated.efficacy, stated.futility
    looks, stops = stated.checked()
    plan = BoundarySpec(looks, sided, alpha / sided, stops, stated.binding, drift)
    chosen = efficacy_rule(plan, efficacy, stated.efficacy_parameters)
    stopping = futility_rule(plan, futility, stated.futility_parameters, power)
    spends = EFFICACY_RULES[efficacy].alpha
    limits = stopping.solve(plan, chosen)
    _refuse_unsound(plan, limits)
    if power is None and stopping.beta is not None:
        power = 1 - stopping.beta
    if drift is None and power is not None:
        try:
            drift = _drift_for(plan, limits, power)
        except UnreachableError:  # no power could be reached where it is the limits that are wrong
            solved = _evaluate(plan, limits, efficacy, futility, None)
            if spends != "any" and solved.alpha_spent[-1] > alpha + _ROUNDING:
                raise _alpha_exceeded(solved.alpha_spent[-1], alpha) from None
            raise
    solved = replace(
        _evaluate(plan, limits, efficacy, futility, drift), beta_left=_beta_left(limits, stopping.spending)
    )
    if spends != "any" and solved.alpha_spent[-1] > alpha + _ROUNDING:
        raise _alpha_exceeded(solved.alpha_spent[-1], alpha)
    if spends == "all" and solved.alpha_spent[-1] < alpha - _ROUNDING:
        raise BoundaryError(*_TOO_MUCH_FUTILITY)
    return solved


def _beta_left(limits: Limits, spending: Sequence[float]) -> tuple[float, ...]:
    """What a spending rule gives, up to it, to each look before the last that does not stop for futility."""
    pairs = list(zip(limits.futility_z, spending, strict=False))[:-1]
    left = tuple(0.0 if z > -math.inf else total for z, total in pairs)
    return (*left, 0.0) if any(left) else ()


def _alpha_exceeded(spent: float, alpha: float) -> BoundaryError:
    return BoundaryError(
        f"the limits before the last look already spend {spent:.4g}, more than alpha = {alpha:g}",
        "raise them",
    )


def crossing(boundary: Boundary, drift: float, *, futility: bool = True) -> Crossing:
    """Probability that each look is the one that stops, and why, under any `drift`.

    `futility` False leaves the futility limits out. Two-sided: up is the side of positive z.
    """
    lower = boundary.futility_z if futility else (-math.inf,) * len(boundary.fractions)
    return crossing_probabilities(boundary.fractions, boundary.sided, boundary.efficacy_z, lower, drift)


def _evaluate(
    plan: BoundarySpec, limits: Limits, efficacy: str, futility: str, drift: float | None
) -> Boundary:
    """The probabilities that belong to solved limits."""
    fractions, sided, upper, lower = plan.fractions, plan.sided, limits.efficacy_z, limits.futility_z
    null = crossing_probabilities(fractions, sided, upper, lower, 0.0)
    tested = null
    if not plan.binding and any(z > -math.inf for z in lower):
        tested = crossing_probabilities(fractions, sided, upper, (-math.inf,) * len(fractions), 0.0)
    p_null = _sums(tested.efficacy_up, tested.efficacy_down)
    given = None if drift is None else crossing_probabilities(fractions, sided, upper, lower, drift)
    for_drift = None if drift is None or given is None else _rejections(sided, given, drift)
    power = None if for_drift is None else math.fsum(for_drift)
    beta_spent = None
    if given is not None and power is not None:
        beta_spent = (*list(accumulate(given.futility))[:-1], 1 - power)
    return Boundary(
        fractions=fractions,
        alpha=plan.side_alpha * sided,
        sided=sided,
        efficacy=efficacy,
        futility=futility,
        efficacy_z=upper,
        futility_z=lower,
        binding=plan.binding,
        alpha_spent=tuple(accumulate(p_null)),
        nominal_p=tuple(sided * tail_above(z) for z in upper),
        p_efficacy_null=p_null,
        p_futility_null=null.futility,
        expected_information_null=_expected_information(fractions, null),
        drift=drift,
        power=power,
        beta_spent=beta_spent,
        p_efficacy_alternative=for_drift,
        p_futility_alternative=None if given is None else given.futility,
        expected_information_alternative=None if given is None else _expected_information(fractions, given),
        inflation=_inflation(plan.side_alpha, power, drift),
    )


def _sums(first: Sequence[float], second: Sequence[float]) -> tuple[float, ...]:
    return tuple(a + b for a, b in zip(first, second, strict=True))


def _rejections(sided: int, given: Crossing, drift: float) -> tuple[float, ...]:
    """Rejections per look on the alternative's side."""
    return given.efficacy_down if sided == 2 and drift < 0 else given.efficacy_up


def _expected_information(fractions: Sequence[float], stops: Crossing) -> float:
    """Expected information at the stop, as a share of the maximum: 1 - sum of P(stop at k) (1 - t_k)."""
    early = zip(fractions, stops.efficacy_up, stops.efficacy_down, stops.futility, strict=True)
    return 1 - math.fsum((1 - t) * (up + down + futile) for t, up, down, futile in early)


def _inflation(side_alpha: float, power: float | None, drift: float | None) -> float | None:
    """Maximum information relative to a fixed design with this power: drift^2 / (z_alpha + z_power)^2."""
    if not drift or power is None or not side_alpha < power < 1:
        return None
    fixed = quantile_above(side_alpha) + float(ndtri(power))
    return (drift / fixed) ** 2


def _drift_for(plan: BoundarySpec, limits: Limits, power: float) -> float:
    """The drift at which the limits have `power` on the upper side."""

    at = power_at(plan.fractions, plan.sided, limits.efficacy_z, limits.futility_z)

    def excess(drift: float) -> float:
        return at(drift) - power

    guess = quantile_above(plan.side_alpha) + float(ndtri(power))
    drift = positive_zero(excess, max(guess, 0.5), LARGEST_DRIFT)
    if drift is None:
        lowest = excess(0.0) + power
        if power <= lowest:
            raise UnreachableError(
                f"power {power:g} is not above the {lowest:.4g} that these limits reject without any effect",
                "ask for more power",
            )
        raise UnreachableError(
            f"no effect reaches power {power:g} with these limits",
            "lower the power or the limits",
        )
    return drift


def _refuse_unsound(plan: BoundarySpec, limits: Limits) -> None:
    """Refuse limits that leave nothing to test or nothing to continue to."""
    least = 0.0 if plan.sided == 2 else -math.inf
    last = len(plan.fractions)
    for look, (upper, lower) in enumerate(zip(limits.efficacy_z, limits.futility_z, strict=True), start=1):
        if upper <= least:
            raise BoundaryError(*_TOO_MUCH_FUTILITY)
        if look < last and lower >= upper - _ROUNDING:
            raise BoundaryError(
                f"look {look} stops for futility wherever it does not stop for efficacy (z >= {upper:.4g}), "
                "so that no trial goes on",
                "make the futility rule milder or the efficacy limit higher",
            )
