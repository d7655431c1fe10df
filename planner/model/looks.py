"""Looks and stopping rules to what a kernel compares: limits on the statistic's own scale, by its df.

Limits are solved for a normal statistic. A t statistic is compared at the same nominal level: it is
significant at a look when its p value, with its own df, is at most the tail area of the z limit (the
significance-level approach; Jennison and Turnbull 2000, section 4.4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner._special import ndtri, stdtrit
from planner.kernels.tables import ABOVE, BELOW, FUTILE_FROM, FUTILE_TO, LIMITS, LOWER, UPPER, Floats
from planner.model.contrast_tables import planned_variance
from planner.model.estimand import alternative_direction
from planner.model.margins import Margins, margins_of
from planner.model.scaled import level_of
from planner.monitoring.boundaries import Boundary, boundary
from planner.monitoring.numerics import to_40_bits
from planner.monitoring.references import Reference, df_columns
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.look_counts import scaled
from planner.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True)
class MonitoringPlan:
    """The looks of one analysis at one number of patients, and the limits that they are held to."""

    patients: int
    counts: tuple[int, ...]  # finished patients at each look
    direction: str  # two-sided, greater or less
    boundary: Boundary
    margins: Margins | None = None  # of which the statistic is the distance; None: that from no effect

    @property
    def fractions(self) -> tuple[float, ...]:
        """Share of the patients at each look: the planned information."""
        return tuple(m / self.patients for m in self.counts)

    @property
    def tests_equivalence(self) -> bool:
        """Whether an effect between two margins is to be shown."""
        return self.margins is not None and self.margins.two

    @property
    def efficacy(self) -> list[int]:
        """How trials end that are significant. Those of equivalence that end BELOW are shown to differ."""
        return [ABOVE] if self.tests_equivalence else [ABOVE, BELOW]


def look_counts(scenario: Scenario, patients: int) -> tuple[int, ...]:
    """Finished patients at each look of a trial of `patients`.

    The scenario's own counts for its own size; for any other the shares that it states, scaled.
    """
    if patients == scenario.design.patients:
        return scenario.monitoring.counts
    return scaled(scenario.monitoring.shares, scenario.design.unit, patients)


def monitoring_plan(scenario: Scenario, analysis: PlannedAnalysis, patients: int) -> MonitoringPlan:
    """Solve the limits of an analysis for a trial of `patients`. Raises BoundaryError where none exist."""
    counts = look_counts(scenario, patients)
    direction = alternative_direction(analysis, scenario.scale_of(analysis))
    monitoring = scenario.monitoring
    fractions = [m / patients for m in counts]
    efficacy, futility = monitoring.efficacy, monitoring.futility
    assert efficacy is not None  # a scenario that was read is complete
    assert futility is not None
    margins = margins_of(scenario, analysis)
    drift = _planned_drift(scenario, analysis, patients, direction, margins)
    solved = boundary(
        fractions,
        alpha=level_of(scenario, analysis, patients),
        sided=2 if direction == "two-sided" else 1,
        efficacy=efficacy.rule,
        efficacy_parameters=efficacy.stated(),
        futility=futility.rule if len(counts) > 1 else "none",
        futility_parameters=futility.stated() if len(counts) > 1 else {},
        binding=futility.binding,
        drift=drift if futility.under == "planned" else None,
    )
    return MonitoringPlan(patients, counts, direction, solved, margins)


def _planned_drift(
    scenario: Scenario,
    analysis: PlannedAnalysis,
    patients: int,
    direction: str,
    margins: Margins | None,
) -> float | None:
    """Planned effect over its standard error at the last look, in the direction of the alternative.

    Against margins its distance from the nearer one: what the weaker of two one-sided tests can expect.
    """
    effect, sd = analysis.planned_effect, analysis.planned_sd_difference
    if effect is None or sd is None:
        return None
    effect = scenario.as_analysed(effect, analysis)
    if margins is not None:
        effect = margins.distance(effect)
    drift = effect / (sd * math.sqrt(planned_variance(scenario, analysis) / patients))
    return abs(drift) if direction == "two-sided" else (-drift if direction == "less" else drift)


def limit_table(plans: Sequence[MonitoringPlan], reference: Reference, most: int) -> Floats:
    """f64[design, look, LIMITS, df] for `Rules.limit`.

    Where there is no efficacy limit, and for data that leave the test undefined (df 0), the table holds NaN,
    not infinity: no statistic passes it, whatever it is.
    """
    width = max(len(plan.counts) for plan in plans)
    df = df_columns(most, reference.cells)
    table = np.empty((len(plans), width, LIMITS, df.size))
    table[:, :, [UPPER, LOWER]] = math.nan
    table[:, :, FUTILE_FROM], table[:, :, FUTILE_TO] = math.inf, -math.inf
    for d, plan in enumerate(plans):
        for k in range(len(plan.counts)):
            rows = table[d, k, :, 1:]
            if (z := plan.boundary.efficacy_z[k]) < math.inf:
                upper = reference.at_least(z, df[1:])
                if plan.direction != "less":
                    rows[UPPER] = upper
                if plan.direction != "greater":
                    rows[LOWER] = -upper
            if (z := plan.boundary.futility_z[k]) > -math.inf:
                inner = reference.at_most(z, df[1:])
                rows[FUTILE_FROM] = -math.inf if plan.direction == "greater" else -inner
                rows[FUTILE_TO] = math.inf if plan.direction == "less" else inner
    return table


def interval_table(alpha: float, direction: str, reference: Reference, most: int) -> Floats:
    """Half width of the reported interval in standard errors, by df.

    The level is 1 - alpha, after a one-sided test 1 - 2 alpha.
    """
    df = df_columns(most, reference.cells)
    tail = alpha / 2.0 if direction == "two-sided" else alpha
    table = np.zeros(df.size)
    table[1:] = to_40_bits(np.full(df.size - 1, -ndtri(tail)))
    if reference.student:
        finite = np.isfinite(df[1:])
        table[1:][finite] = to_40_bits(-stdtrit(df[1:][finite], tail))
    return table
