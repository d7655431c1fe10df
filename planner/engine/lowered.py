"""What a scenario is lowered to: a job, with its patients, analyses and looks as arrays for the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from planner.engine.cells import Cells
from planner.engine.generators import Generator
from planner.equivalence.two_stage.plan import TwoStagePlan
from planner.kernels.tables import SCALED_PARTS, STAGE_COUNTS, Contrast, Floats, Ints, Plan, Rules, Scaled
from planner.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True)
class ScaledAnalysis:
    """What a rule with scaled limits needs beside the statistic: the variances within patients."""

    kernel: Any
    reference: Contrast  # the scores of the reference alone
    test: Contrast | None  # those of the test product; None where the rule does not ask for it
    critical: Floats  # (look, df) half width of the interval in standard errors
    rule: Scaled


@dataclass(frozen=True, slots=True)
class TwoStages:
    """What a two-stage analysis needs beside its contrast."""

    plan: TwoStagePlan
    first: int  # patients of stage 1, randomised
    most: int  # patients of both stages that can be randomised
    inflation: float  # patients that stage 2 randomises for each that is to be evaluable
    critical: Floats  # (df,) half width of the reported interval in standard errors

    @property
    def parts(self) -> int:
        """How much is counted of a trial."""
        return STAGE_COUNTS + self.most + 1


@dataclass(frozen=True, slots=True)
class CompiledAnalysis:
    """One analysis for the kernels: its statistic, what it reads of the virtual patients, and its limits."""

    kernel: Any
    reading: int
    contrast: Contrast
    rules: Rules
    centre: Floats  # (hypothesis, 2) true effect, and the unit in which errors are summed
    margins: tuple[float, float] | None = None  # from which the effect is told; None: from no effect
    scaled: ScaledAnalysis | None = None  # limits that are scaled to how the reference varies
    two_stage: TwoStages | None = None  # a second stage whose patients are planned after the first

    @property
    def gives_up(self) -> bool:
        """Whether any look can stop for futility by a limit; a two-stage rule has reasons of its own."""
        return self.rules.futile and self.two_stage is None

    @property
    def parts(self) -> int:
        """How much is counted of a trial beside how it ends."""
        if self.two_stage is not None:
            return self.two_stage.parts
        return SCALED_PARTS if self.scaled is not None else 0


@dataclass(frozen=True, slots=True)
class GuessCounting:
    """What patients guess after each period, and what they were given."""

    reading: int
    treatments: tuple[str, ...]
    given: Ints  # (sequence, period) row of the treatment
    active: Ints  # (treatment,) 1 if it is active, else 0


class Origin(NamedTuple):
    """What a job was made of, beside what its cells say: arguments of `job_of`."""

    scenario: Scenario
    sized: tuple[Scenario, ...]
    tallied: bool


@dataclass(frozen=True, slots=True)
class Job:
    """Everything a block needs, as arrays and kernels; made once for a run."""

    cells: Cells  # what its figures are about
    plan: Plan
    generators: tuple[Generator, ...]  # of the hypotheses, by family
    readings: int
    counts: Ints  # (look,) every number of finished patients at which anything is evaluated
    analyses: tuple[CompiledAnalysis, ...]  # [analysis]
    waits: bool  # whether the last of the readings is how often patients waited after each period
    guessing: GuessCounting | None  # how guesses are counted; None if nobody is asked
    origin: Origin | None  # None of a variant, which is made where it is simulated

    @property
    def patients_at_once(self) -> int:
        """Patients of a trial that are made before anything is decided."""
        stages = self.analyses[0].two_stage if self.analyses else None
        return self.cells.patients if stages is None else stages.first

    @property
    def hypotheses(self) -> int:
        """How many there are."""
        return len(self.cells.tests)

    @property
    def true_nulls(self) -> Ints:
        """(hypothesis,) the primary analyses whose null hypothesis is true, as bits by their place."""
        primary, tests = self.cells.primary, self.cells.tests
        rows = [[int(row[a].truth.is_null) << i for i, a in enumerate(primary)] for row in tests]
        return np.array([sum(row) for row in rows], np.int64)
