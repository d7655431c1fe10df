"""What is stated of a two-stage trial: a rule, and what departs from it. Checked when it is made."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from planner._special import ndtr
from planner.equivalence.two_stage.inverse_normal import critical_value
from planner.monitoring.errors import BoundaryError
from planner.scenario.two_stage_rules import RULES, TwoStageRule

PowerMethod = Literal["nct", "exact"]
Range = tuple[float, float]

LIMIT = 1.25  # ratio at which two treatments are no longer equivalent; the other is its reciprocal
FUTILITY_LEVEL = 0.05  # of the interval that `ci_outside` looks at: 90 %


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoStagePlan:
    """A rule with all its numbers. Ratios are of geometric means; `two_stage_plan` fills in what a rule says.

    `most` is of all patients: a larger total is futile, but only caps stage 2 where p values are combined.
    Outside `ci_outside` (the whole 90 % interval of stage 1) or `estimate_outside` a trial stops as futile.
    """

    rule: str
    alpha: tuple[float, ...]  # of stages 1 and 2; one, of the whole trial, where p values are combined
    ratio: float
    power: float
    limit: float = LIMIT
    most: int | None = None
    min_second: int = 0
    use_estimate: bool = False  # plan stage 2 for the ratio estimated in stage 1
    ci_outside: Range | None = None
    estimate_outside: Range | None = None
    power_method: PowerMethod = "nct"

    def __post_init__(self) -> None:
        _check(self)

    @property
    def row(self) -> TwoStageRule:
        """The published rule."""
        return RULES[self.rule]

    @property
    def log_limit(self) -> float:
        """The limit of the difference of logs, on either side of 0."""
        return math.log(self.limit)

    @property
    def combines(self) -> bool:
        """Whether p values of stages are combined, in place of a test of all patients."""
        return bool(self.row.weights)

    @property
    def critical(self) -> float:
        """The limit of the combined score."""
        return critical_value(self.alpha[0], self.row.weights)

    @property
    def first_level(self) -> float:
        """The level of each one-sided test of stage 1."""
        return float(ndtr(-self.critical)) if self.combines else self.alpha[0]

    @property
    def second_level(self) -> float:
        """The level of each one-sided test of all patients, for which patients are planned."""
        return float(ndtr(-self.critical)) if self.combines else self.alpha[1]

    @property
    def power_level(self) -> float:
        """The level at which the power of stage 1 is looked at."""
        return self.row.full_level or self.second_level

    @property
    def least_second(self) -> int:
        """The fewest patients of a stage 2: as many of either sequence."""
        return 2 * math.ceil(self.min_second / 2)

    @property
    def as_published(self) -> bool:
        """Whether levels, planned ratio and planned power are those of the publication."""
        return self.row.alpha.get(self.ratio) == self.alpha and self.power == self.row.power


def two_stage_plan(
    rule: str,
    *,
    alpha: float | Iterable[float] | None = None,
    ratio: float | None = None,
    power: float | None = None,
    limit: float = LIMIT,
    most: int | None = None,
    min_second: int | None = None,
    use_estimate: bool = False,
    ci_outside: Range | None = None,
    estimate_outside: Range | None = None,
    power_method: PowerMethod = "nct",
) -> TwoStagePlan:
    """A plan with what the rule says wherever nothing else is stated.

    `alpha`: two levels, or one for both stages; of `maurer` one, of the whole trial. Where it is not stated,
    the level published for the planned ratio, or for the rule's own ratio if that ratio has none.
    `power_method`: how power is planned; "nct" is the difference of two noncentral t, as in the tables of the
    literature, "exact" the exact power. Raises BoundaryError for what cannot be.

    >>> import planner
    >>> plan = planner.two_stage_plan("fuglsang-c", ratio=0.90)
    >>> plan.alpha, plan.power
    ((0.0269, 0.0269), 0.9)
    """
    if rule not in RULES:
        raise BoundaryError(f"there is no two-stage rule {rule!r}", "the rules are " + ", ".join(RULES))
    row = RULES[rule]
    planned = row.ratio if ratio is None else ratio
    stages = 1 if row.weights else 2
    if alpha is None:
        levels = row.alpha.get(planned, row.alpha[row.ratio])
    else:
        levels = tuple(alpha) if isinstance(alpha, Iterable) else (alpha,) * stages
    return TwoStagePlan(
        rule=rule,
        alpha=levels,
        ratio=planned,
        power=row.power if power is None else power,
        limit=limit,
        most=most,
        min_second=row.min_second if min_second is None else min_second,
        use_estimate=use_estimate,
        ci_outside=ci_outside,
        estimate_outside=estimate_outside,
        power_method=power_method,
    )


def _check(plan: TwoStagePlan) -> None:
    """Raises BoundaryError for what cannot be."""
    stages = 1 if plan.combines else 2
    if len(plan.alpha) != stages or not all(0 < level < 0.5 for level in plan.alpha):
        wanted = "one level, of the whole trial," if stages == 1 else "two levels, of stages 1 and 2,"
        raise BoundaryError(f"alpha is {list(plan.alpha)}, but {plan.rule} needs {wanted} above 0, below 0.5")
    if not 1 < plan.limit < math.inf:
        raise BoundaryError(f"limit is {plan.limit:g}, but must be a ratio above 1", "1.25 is usual")
    if not 1 / plan.limit < plan.ratio < plan.limit:
        raise BoundaryError(f"the planned ratio is {plan.ratio:g}, which is not within the limits")
    if not max(plan.power_level, plan.second_level) < plan.power < 1:
        raise BoundaryError(f"power is {plan.power:g}, but must lie above alpha and below 1", "0.8 is usual")
    if plan.min_second < plan.row.min_second:
        raise BoundaryError(
            f"min_second is {plan.min_second}, but {plan.rule} needs at least {plan.row.min_second} patients"
        )
    for name, limits in (("ci_outside", plan.ci_outside), ("estimate_outside", plan.estimate_outside)):
        if limits is not None and not 0 < limits[0] < limits[1] < math.inf:
            raise BoundaryError(f"{name} is {list(limits)}, but must be two ratios, the lower one first")
