"""The smallest effect that a trial of a given size finds with the target power.

It has a meaning for hypotheses of family `means`: the mean of the contrast's first treatment is moved, all
else stays as stated. Effects are hypotheses to the engine: many are simulated with the same virtual patients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scipy.optimize import brentq

from planner.model.estimand import alternative_direction, true_effect
from planner.questions.size import theory
from planner.questions.size.curves import Curves, span
from planner.results.cells import Cell
from planner.results.figures import Figure
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.contrasts import total
from planner.scenario.families.means import Means
from planner.scenario.scenario import Scenario

FIRST, GROWTH, MOST = 32_768, 4, 1_000_000  # trials: at first, their growth, at most
POINTS = 12  # effects simulated in one pass
_SURE = 4.0  # Monte Carlo standard errors beyond which an effect is not simulated again
_FAR = 2.0**12  # standard errors of the estimate beyond which no effect is tried
_DIGITS = 4  # significant digits of an effect that is found
_FINE = 0.005  # relative range at which an effect is known well enough


@dataclass(frozen=True, slots=True)
class EffectAnswer:
    """An effect: the contrast of the means."""

    change: float | None
    range: tuple[float, float] | None  # changes that Monte Carlo error leaves open
    exact: bool
    cell: Cell | None  # the trial simulated at that effect


class Effects:
    """Trials of one hypothesis and analysis at one number of patients, with effects to be chosen."""

    def __init__(
        self,
        curves: Curves,
        hypothesis: str,
        analysis: PlannedAnalysis,
        patients: int,
        most_trials: int | None,
    ) -> None:
        scenario = curves.scenario
        stated = scenario.hypotheses[hypothesis]
        assert isinstance(stated, Means)
        self.curves, self.patients, self.most = curves, patients, most_trials or MOST
        self.scenario, self.stated, self.analysis = scenario, stated, analysis
        self.name = hypothesis
        self.cells: dict[float, Cell] = {}  # by change
        self.sign = _sign(scenario, stated, analysis)
        self.first, *others = analysis.weights
        self.sd = stated.spread.contrast(analysis.weights)
        self.step = (self.sd or abs(stated.means[others[0]]) or 1.0) / math.sqrt(patients)

    def hypothesis(self, change: float) -> Means:
        """The hypothesis with the first treatment's mean moved, so that the contrast is `change`."""
        weights, means = self.analysis.weights, self.stated.means
        others = -math.fsum(w * means[a] for a, w in weights.items() if a != self.first)
        moved = {**means, self.first: (others + change) / weights[self.first]}
        return self.stated.model_copy(update={"means": moved})

    def true_effect(self, change: float) -> float:
        """The true effect of a change, which the ends of a scale make another one."""
        return true_effect(self.scenario, self.hypothesis(change), self.analysis.weights)

    def find(self, target: float) -> EffectAnswer:
        """The smallest effect from which power stays at or above the target."""
        exact = self._exact(target)
        if exact is not None:
            near = [exact * (0.5 + 0.1 * k) for k in range(POINTS)]
            self._simulate([*near, exact], min(FIRST, self.most))
            return EffectAnswer(exact, (exact, exact), True, self.cells[exact])
        if not self._bracket(target):
            return EffectAnswer(None, None, False, None)
        trials = min(FIRST, self.most)
        while True:
            below, above = self._open(target)
            width = (above - below) / POINTS
            changes = [below + width * k for k in range(POINTS + 1)]
            self._simulate(changes, trials)
            low, middle, high = (self._crossing(changes, target, y) for y in (_high, _estimate, _low))
            if trials >= self.most or abs(high - low) <= _FINE * abs(middle):
                break
            trials = min(GROWTH * trials, self.most)
        answer = _rounded(middle)
        self._simulate([answer], trials)
        return EffectAnswer(answer, (low, high), False, self.cells[answer])

    def _exact(self, target: float) -> float | None:
        """From the closed form, where there is one, and nothing is uncertain."""
        if self.curves.variants is not None or not self.sd > 0.0:
            return None

        def missing(size: float) -> float | None:
            hypothesis = self.hypothesis(self.sign * size)
            power = theory.power(self.scenario, hypothesis, self.analysis, [self.patients])
            return None if power is None else float(power[0]) - target

        low, high = 0.0, self.step
        while (short := missing(high)) is not None and short < 0.0:
            low, high = high, 2.0 * high
            if high > _FAR * self.step:
                return None
        if short is None:
            return None
        if (missing(low) or 0.0) >= 0.0:
            return 0.0
        return self.sign * float(brentq(missing, low, high, xtol=1e-12 * self.step, rtol=1e-12))

    def _bracket(self, target: float) -> bool:
        """Simulate ever larger effects until one surely has the target power."""
        size = 0.0
        while size <= _FAR * self.step:
            far = max(2.0 * size, 6.0 * self.step)
            steps = [self.sign * (size + (far - size) * k / POINTS) for k in range(POINTS + 1)]
            self._simulate(steps, min(FIRST, self.most))
            if span(self._by_size(), target, _SURE)[1] is not None:
                return True
            size = far
        return False

    def _by_size(self) -> dict[int, Cell]:
        """The cells by the rank of their effect, from none to the largest."""
        return dict(enumerate(self.cells[change] for change in self._changes()))

    def _changes(self) -> list[float]:
        return sorted(self.cells, key=abs)

    def _open(self, target: float) -> tuple[float, float]:
        """The changes between which the answer surely lies."""
        changes, cells = self._changes(), self._by_size()
        below, above = span(cells, target, _SURE)  # ranks; 0, no effect at all, is below any target
        return changes[below], changes[len(changes) - 1 if above is None else above]

    def _crossing(self, changes: Sequence[float], target: float, of: Callable[[Figure], float]) -> float:
        """Where the power, or an end of its interval, passes the target for good, by linear interpolation."""
        height = [of(self.cells[change].power) for change in changes]
        last = max((i for i, y in enumerate(height) if y < target), default=-1)
        if last < 0:
            return changes[0]
        if last + 1 == len(changes):
            return changes[-1]
        share = (target - height[last]) / (height[last + 1] - height[last])
        return changes[last] + share * (changes[last + 1] - changes[last])

    def _simulate(self, changes: Sequence[float], trials: int) -> None:
        """One pass over the changes, each a hypothesis of its own."""
        names = {f"{k}": change for k, change in enumerate(dict.fromkeys(changes))}
        moved: Mapping[str, Means] = {name: self.hypothesis(change) for name, change in names.items()}
        scenario = self.scenario.model_copy(update={"hypotheses": moved, "analyses": (self.analysis,)})
        inner = self.curves.like(scenario, dict.fromkeys(names, self.name))  # the same draws at every effect
        try:
            inner.evaluate(list(names), [self.patients], trials)
        finally:
            self.curves.trials = inner.trials
            self.curves.approximate |= inner.approximate
            for name, change in names.items():
                cell = inner.points(name, self.analysis.name).get(self.patients)
                earlier = self.cells.get(change)
                if cell is not None and (earlier is None or earlier.trials < cell.trials):
                    self.cells[change] = cell


def _estimate(power: Figure) -> float:
    return power.estimate


def _low(power: Figure) -> float:
    return power.interval[0]


def _high(power: Figure) -> float:
    return power.interval[1]


def _sign(scenario: Scenario, hypothesis: Means, analysis: PlannedAnalysis) -> float:
    """The direction in which an effect is sought: that of the test, else that of the hypothesis."""
    direction = alternative_direction(analysis, scenario.scale_of(analysis))
    if direction != "two-sided":
        return 1.0 if direction == "greater" else -1.0
    return -1.0 if total(analysis.weights, hypothesis.means) < 0 else 1.0


def _rounded(x: float) -> float:
    return float(f"{x:.{_DIGITS}g}")
