"""The return-to-baseline rule to the tables of planner.kernels.generate.return_to_baseline.

A history of waiting is how often a patient was rated again in each gap so far. Gates depend on it where a
blocker fades from period to period; then there is a row of coefficients for each history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from planner.kernels.tables import Floats, ReturnToBaselineTables
from planner.model.dropout import return_rule
from planner.model.families.mechanism.signals import Mechanism
from planner.scenario.design import ReturnToBaseline
from planner.scenario.scenario import Scenario

WaitedDays = tuple[float, ...]
"""Days that a patient waited beyond the washout, in each gap between periods so far."""

_TIE = 1e-9  # points; a score this close to the one needed is there


class FadingRow(NamedTuple):
    """How a feature fades where patients wait: see ReturnToBaselineTables."""

    since: tuple[float, ...]  # by visit
    pace: float
    rate: int
    ago: int


@dataclass(frozen=True, slots=True)
class WaitingHistories:
    """The rule, and in how many ways a gap may pass as far as gates depend on it."""

    rule: ReturnToBaseline | None
    base: int

    @classmethod
    def of(cls, scenario: Scenario, mechanisms: Sequence[Mechanism]) -> WaitingHistories:
        """Gates depend on waiting if anything blocks on in later periods."""
        rule = return_rule(scenario)
        varies = rule is not None and any(_blocks_on(scenario, m) for m in mechanisms)
        return cls(rule, rule.rechecks + 1 if rule is not None and varies else 1)

    def histories(self, gaps: int) -> list[WaitedDays]:
        """Days waited in each of so many gaps, for every history in the order of its number."""
        if self.rule is None:
            return []
        days = self.rule.recheck_days
        return [tuple(days * n for n in times) for times in product(range(self.base), repeat=gaps)]

    def table(
        self,
        scenario: Scenario,
        errors: tuple[int, int],
        fading: Sequence[FadingRow],
        coef: Floats,
        secondary: Floats,
    ) -> ReturnToBaselineTables | None:
        """For the kernels. errors, coef, secondary: see ReturnToBaselineTables."""
        if self.rule is None:
            return None
        return ReturnToBaselineTables(
            most=self.rule.rechecks,
            days=self.rule.recheck_days,
            need=np.array(_need(scenario, self.rule)),
            errors=np.array(errors, np.int64),
            base=self.base,
            since=np.array([f.since for f in fading]),
            pace=np.array([f.pace for f in fading]),
            rate=np.array([f.rate for f in fading], np.int64),
            ago=np.array([f.ago for f in fading], np.int64),
            coef=coef,
            secondary=secondary,
        )


NO_WAITING = WaitingHistories(None, 1)


def _blocks_on(scenario: Scenario, mechanism: Mechanism) -> bool:
    """Whether something of the trial blocks on in later periods, the less the later they begin."""
    given = {a.agent for t in scenario.design.treatments for a in scenario.treatments[t].agents}
    blocking = {a for s in mechanism.signals.values() for a, share in s.blocked_by.items() if share > 0.0}
    return any(mechanism.agents[a].half_life_days is not None for a in given & blocking)


def _need(scenario: Scenario, rule: ReturnToBaseline) -> tuple[float, float]:
    """(share of the first baseline, points) that add up to the score needed."""
    if rule.share is not None:
        return rule.share, -_TIE
    baseline = scenario.population.baseline
    assert baseline is not None  # a scenario that was read is complete
    assert baseline.at_least is not None
    return 0.0, baseline.at_least - _TIE
