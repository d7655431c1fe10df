"""What a two-stage plan costs and gives, by quadrature: complete data, sequences as equal as can be."""

from __future__ import annotations

import math

from planner.equivalence.two_stage import combined_exact, pooled_exact
from planner.equivalence.two_stage.law import Characteristics, FirstStage
from planner.equivalence.two_stage.plan import TwoStagePlan
from planner.equivalence.two_stage.planning import LEAST
from planner.monitoring.errors import BoundaryError


def operating_characteristics(plan: TwoStagePlan, patients: int, cv: float, ratio: float) -> Characteristics:
    """Probabilities of a plan with `patients` in stage 1, at a true CV within patients and a true ratio.

    Errors are below 1e-6 where all patients are tested together, below 1e-5 where p values are combined. At a
    ratio of `plan.limit` or its reciprocal, `equivalent` is the type I error. Raises BoundaryError for what
    cannot be, and for plans that use the estimate of stage 1 to plan stage 2.

    >>> import planner
    >>> plan = planner.two_stage_plan("potvin-b")
    >>> found = planner.operating_characteristics(plan, 12, cv=0.20, ratio=0.95)
    >>> round(found.second_stage, 4), round(found.expected_patients, 2)
    (0.564, 20.62)
    >>> found.quantile(0.95)
    40
    """
    if patients != int(patients) or patients < LEAST:
        raise BoundaryError(f"stage 1 has {patients:g} patients, but needs a whole number from {LEAST}")
    if plan.most is not None and plan.most < patients:
        raise BoundaryError(f"at most {plan.most} patients are allowed, fewer than stage 1 has")
    if not 0 < cv < math.inf:
        raise BoundaryError(f"cv is {cv:g}, but must be above 0", "0.3 is 30 %")
    if not 0 < ratio < math.inf:
        raise BoundaryError(f"the true ratio is {ratio:g}, but must be above 0")
    if plan.use_estimate:
        raise BoundaryError(
            "no exact figures where stage 2 is planned for the estimate of stage 1",
            "simulate, or plan for a ratio",
        )
    law = FirstStage(plan, int(patients), math.sqrt(math.log1p(cv * cv)), math.log(ratio))
    return combined_exact.characteristics(law) if plan.combines else pooled_exact.characteristics(law)
