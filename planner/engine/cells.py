"""What the figures of a run are about, apart from how they are simulated: small, plain, storable.

A `Job` needs tables and kernels; its figures need neither, only what each cell is called, what is true there,
and where its looks and limits are. `Cells` hold that. They pickle to a few kilobytes, are equal after that,
and are read where nothing is compiled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from planner.engine.tally import Tally
from planner.kernels.tables import ENDS, TILE_SUMS, Floats
from planner.model.estimand import Truth
from planner.model.looks import MonitoringPlan
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True)
class HypothesisTest:
    """One analysis under one hypothesis: what is true, and the looks at which it is decided."""

    hypothesis: str
    analysis: PlannedAnalysis
    truth: Truth
    looks: tuple[MonitoringPlan, ...]  # one for each design
    unit: float  # errors of the estimate are summed in 2^-32 of it: see planner.engine.units
    futile: bool  # whether any look can stop for futility
    two_stage: bool = False  # whether patients of a second stage are planned after the first


@dataclass(frozen=True, slots=True)
class Cells:
    """Everything that a tally is about: one cell for each hypothesis, analysis and design."""

    seed: int
    tests: tuple[tuple[HypothesisTest, ...], ...]  # [hypothesis][analysis]
    designs: tuple[int, ...]  # numbers of patients
    block: tuple[int, ...]  # the sequences of one randomisation block
    sequences: int
    periods: int
    width: int  # most looks of any design
    listed: bool  # whether the randomisation list of a tile decides anything: a look comes within a block
    followed: bool  # whether patients are counted by sequence and period: leaving depends on something
    guessed: tuple[str, ...] | None  # treatments about which patients are asked; None if nobody is
    primary: tuple[int, ...] = ()  # analyses counted together; none where there are not several
    parts: int = 0  # what analyses count of a trial beside how it ends: the most of any

    @property
    def hypotheses(self) -> tuple[str, ...]:
        """Names, in the order of the tally."""
        return tuple(row[0].hypothesis for row in self.tests)

    @property
    def analyses(self) -> tuple[PlannedAnalysis, ...]:
        """Settings, in the order of the tally."""
        return tuple(test.analysis for test in self.tests[0])

    @property
    def plans(self) -> tuple[tuple[PlannedAnalysis, tuple[MonitoringPlan, ...]], ...]:
        """Every analysis with its looks in each design: the same under every hypothesis."""
        return tuple((test.analysis, test.looks) for test in self.tests[0])

    @property
    def truths(self) -> dict[str, list[Truth]]:
        """By hypothesis, the truth of every analysis."""
        return {row[0].hypothesis: [test.truth for test in row] for row in self.tests}

    @property
    def patients(self) -> int:
        """The most that any design needs."""
        return max(self.designs)

    def with_truths(self, truths: Mapping[str, Sequence[Truth]]) -> Cells:
        """The same cells where other effects are true. `truths`: by hypothesis, of every analysis."""
        tests = tuple(
            tuple(replace(test, truth=truths[test.hypothesis][a]) for a, test in enumerate(row))
            for row in self.tests
        )
        return replace(self, tests=tests)

    def with_units(self, units: Floats) -> Cells:
        """The same cells with these units, f64[hypothesis, analysis]; 0 leaves the unit as it is."""
        tests = tuple(
            tuple(replace(test, unit=float(unit) or test.unit) for test, unit in zip(row, each, strict=True))
            for row, each in zip(self.tests, units, strict=True)
        )
        return replace(self, tests=tests)

    def empty_bytes(self) -> int:
        """Bytes of a tally of these cells."""
        return self.empty().nbytes

    def empty(self) -> Tally:
        """A tally of these cells without trials."""
        shape = (len(self.tests), len(self.tests[0]), len(self.designs), self.width)
        return Tally.empty(
            *shape,
            (self.sequences, self.periods) if self.followed else (0, 0),
            (0, 0) if self.guessed is None else (self.sequences, 1 + len(self.guessed)),
            1 + self.width * ENDS + TILE_SUMS if self.listed else 0,
            joint=bool(self.primary),
            parts=self.parts,
        )


def primaries(scenario: Scenario) -> tuple[int, ...]:
    """The places of the analyses on which the trial's success hangs."""
    return tuple(a for a, each in enumerate(scenario.analyses) if each.role in ("primary", "co-primary"))
