"""The smallest effect that a trial of a given size finds with the target power.

It has a meaning for hypotheses that state an effect which can be moved while all else stays as stated: of
means, that of the contrast's first treatment. Effects are hypotheses to the engine: many are simulated with
the same virtual patients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scipy.optimize import brentq

from planner.model.estimand import alternative_direction
from planner.model.families.family import EffectParameter, family_of
from planner.model.readings import reading_of
from planner.questions.exact import theory
from planner.questions.size.curves import Curves, span, trials_after
from planner.results.cells import Cell
from planner.results.effect_scale import unit_of
from planner.results.figures import Figure
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario

FIRST, GROWTH, MOST = 32_768, 4, 1_000_000  # trials: at first, their growth, at most
POINTS = 12  # effects simulated in one pass
_SURE = 4.0  # Monte Carlo standard errors beyond which an effect is not simulated again
_LIKELY = 16 * FIRST  # trials of the last pass, before anything is known of it
_FAR = 2.0**12  # standard errors of the estimate beyond which no effect is tried
_NEAR = 0.999  # of the largest effect that there can be
_DIGITS = 4  # significant digits of an effect that is found
_FINE = 0.005  # relative range at which an effect is known well enough


@dataclass(frozen=True, slots=True)
class EffectAnswer:
    """An effect: the contrast as it is stated."""

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
        parameter = parameter_of(scenario, hypothesis, analysis)
        assert parameter is not None
        self.curves, self.patients, self.most = curves, patients, most_trials or MOST
        self.scenario, self.parameter, self.analysis = scenario, parameter, analysis
        self.name, self.unit = hypothesis, unit_of(scenario, analysis.name)
        self.cells: dict[float, Cell] = {}  # by change
        self.sign = _sign(scenario, parameter, analysis)
        self.sd = parameter.sd
        self.step = (self.sd or parameter.size or 1.0) / math.sqrt(patients)
        self.largest = _NEAR * max(self.sign * limit for limit in parameter.limits)

    def hypothesis(self, change: float) -> Hypothesis:
        """The hypothesis in which the contrast is `change`."""
        return self.parameter.moved(change)

    def true_effect(self, change: float) -> float:
        """The true effect of a change, which the ends of a scale make another one."""
        moved = self.hypothesis(change)
        reading = reading_of(self.scenario, self.analysis)
        exact = family_of(moved).exact_effect(self.scenario, moved, self.analysis.weights, reading)
        return change if exact is None else exact

    def find(self, target: float, later: int = 0) -> EffectAnswer:
        """The smallest effect from which power stays at or above the target.

        `later`: how many more of such questions follow, for the progress.
        """
        trials = min(FIRST, self.most)
        after = later * (2 * trials + trials_after(trials, _LIKELY, GROWTH, self.most))
        self.curves.later = after
        exact = self._exact(target)
        if exact is not None:
            near = [exact * (0.5 + 0.1 * k) for k in range(POINTS)]
            possible = [change for change in near if abs(change) <= self.largest]
            self._simulate([*possible, exact], min(FIRST, self.most))
            return EffectAnswer(exact, (exact, exact), True, self.cells[exact])
        self.curves.later += trials + trials_after(trials, _LIKELY, GROWTH, self.most)
        if not self._bracket(target):
            return EffectAnswer(None, None, False, None)
        enough: float = _LIKELY
        while True:
            self.curves.later = after + trials + trials_after(trials, enough, GROWTH, self.most)
            below, above = self._open(target)
            width = (above - below) / POINTS
            changes = [below + width * k for k in range(POINTS + 1)]
            self._simulate(changes, trials)
            low, middle, high = (self._crossing(changes, target, y) for y in (_high, _estimate, _low))
            if trials >= self.most or abs(high - low) <= _FINE * abs(middle):
                break
            enough = trials * ((high - low) / (_FINE * middle)) ** 2
            trials = min(GROWTH * trials, self.most)
        self.curves.later = after
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
            if high > min(_FAR * self.step, self.largest):
                return None
        if short is None:
            return None
        if (missing(low) or 0.0) >= 0.0:
            return 0.0
        return self.sign * float(brentq(missing, low, high, xtol=1e-12 * self.step, rtol=1e-12))

    def _bracket(self, target: float) -> bool:
        """Simulate ever larger effects until one surely has the target power, or none is larger."""
        size = 0.0
        while size < min(_FAR * self.step, self.largest):
            far = min(max(2.0 * size, 6.0 * self.step), self.largest)
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
        moved: Mapping[str, Hypothesis] = {name: self.hypothesis(change) for name, change in names.items()}
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


def parameter_of(
    scenario: Scenario, name: str, analysis: PlannedAnalysis
) -> EffectParameter[Hypothesis] | None:
    """What is moved where an effect is sought; None where the hypothesis states none that can be."""
    hypothesis = scenario.hypotheses[name]
    return family_of(hypothesis).effect_parameter(hypothesis, analysis.weights)


def _sign(scenario: Scenario, parameter: EffectParameter[Hypothesis], analysis: PlannedAnalysis) -> float:
    """The direction in which an effect is sought: that of the test, else that of the hypothesis."""
    direction = alternative_direction(analysis, scenario.scale_of(analysis))
    if direction != "two-sided":
        return 1.0 if direction == "greater" else -1.0
    return -1.0 if parameter.stated < 0 else 1.0


def _rounded(x: float) -> float:
    return float(f"{x:.{_DIGITS}g}")
