"""The smallest number of patients for a power: coarse scan, then every multiple around the answer.

Steps are fixed: which numbers of patients are evaluated, with how many trials, follows from the scenario, the
seed and the cap on trials alone, so that the answer is the same for any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from planner.kernels.tables import W
from planner.model.allocation import retention
from planner.questions.exact import theory
from planner.questions.size.curves import Curves, Key, first_enough, grid, span, trials_after
from planner.questions.size.exact_powers import ClosedForm, Exact, exact_powers, first_from
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.caps import MAX_PATIENTS
from planner.scenario.scenario import Scenario

FIRST, GROWTH = 32_768, 4  # trials of the first refinement, and how they grow
MOST = 1_000_000  # trials at most by default ...
_PATIENTS = 200_000_000  # ... nor more virtual patients than these in one pass
_SCAN, _SCAN_LEAST, _SCAN_PATIENTS = 8_192, 1_024, 2**22  # trials of the coarse scan
_BEGIN = 32  # patients: end of the first part of the scan; each further part is four times as long
_SURE = 4.0  # Monte Carlo standard errors beyond which a number of patients is not evaluated again
_SETTLED = 3.0  # ... and beyond which the answer is taken as settled, so that its 95 % range is honest
_BEFORE, _AFTER = 3, 8  # multiples evaluated before and after those in question: a discrete test zigzags
_LIKELY = 16 * FIRST  # trials of the last refinement, before anything is known of it
_WIDEST = 100  # numbers of patients in one window; more are thinned

_ROUNDING = 1e-9  # of a number of patients

Question = tuple[Key, float]  # a curve and a target


def scan_parts(limit: int, unit: int, most: int | None, alike: bool = False) -> Iterator[tuple[int, int]]:
    """Parts of the scan up to the limit: the largest number of patients of each, and its trials.

    `alike`: all have as many trials.
    """
    low, high = 0, _BEGIN
    while low < limit:
        high = min(max(high // unit, 8) * unit, limit)
        cap = _SCAN if most is None else min(_SCAN, most)
        yield high, cap if alike else min(cap, max(_SCAN_LEAST, _SCAN_PATIENTS // high // W * W))
        low, high = high, 4 * high


def most_trials(patients: int, stated: int | None) -> int:
    """Trials at most, where trials have up to so many patients; `stated`: what the user allows."""
    return min(MOST, max(FIRST, _PATIENTS // patients // W * W)) if stated is None else stated


def least_randomised(scenario: Scenario) -> int:
    """Patients of whom as many as the design's minimum can be expected to be evaluable; 0 without a minimum.

    A multiple of the allocation unit. Where only a simulation can find how many stay, all are taken to.
    """
    design, stay = scenario.design, retention(scenario)
    if not design.minimum:
        return 0
    needed = design.minimum / (1.0 if stay is None else max(stay, design.minimum / MAX_PATIENTS))
    return math.ceil(needed / design.unit - _ROUNDING) * design.unit


class Search:
    """Finds, for each hypothesis, analysis and target, where the power curve reaches the target for good."""

    def __init__(
        self, curves: Curves, targets: Sequence[float], most_patients: int, most_trials: int | None
    ) -> None:
        self.curves = curves
        self.targets = targets
        scenario = curves.scenario
        self.unit = scenario.design.unit
        self.limit = most_patients // self.unit * self.unit
        self.most_trials = most_trials
        self.least = least_randomised(scenario)
        self.closed: ClosedForm = theory.power if curves.variants is None else theory.assurance
        self.exact: dict[Key, Exact] = {}
        self.null: set[Key] = set()

    def run(self, names: Sequence[str]) -> None:
        """Evaluate what the answers need. Raises Interrupted after Ctrl-C."""
        for name in names:
            for analysis in self.curves.scenario.analyses:
                if exact := self._exact(name, analysis, self.targets):
                    self.exact[name, analysis.name] = exact
        self._scan(names)
        if wanted := [name for name in names if self.least and self._keys(name)]:
            self.curves.evaluate(wanted, [self.least], most_trials(self.least, self.most_trials or FIRST))
        for k, name in enumerate(names):
            if self._keys(name):
                self._refine(name, self._likely(names[k + 1 :]))
                self._look_ahead(name)

    def exact_power(self, key: Key, patients: int) -> float:
        """The power by a closed form, where there is one."""
        known = self.exact[key].get(patients)
        if known is not None:
            return known
        analysis = next(each for each in self.curves.scenario.analyses if each.name == key[1])
        powers = self.closed(self.curves.scenario, key[0], analysis, [patients])
        assert powers is not None
        return float(powers[0])

    def exact_answer(self, key: Key, target: float) -> int | None:
        """The smallest number of patients from which the exact power stays at or above the target."""
        return first_from(self.exact[key], target)

    def first_exact(self, name: str, analysis: PlannedAnalysis, target: float) -> int | None:
        """The same of another analysis than those of the scenario; None also without a closed form."""
        return first_from(self._exact(name, analysis, [target]), target)

    def _exact(self, name: str, analysis: PlannedAnalysis, targets: Sequence[float]) -> Exact:
        """Exact powers, or where numbers are uncertain assurance; empty without a closed form."""
        return exact_powers(self.curves.scenario, name, analysis, self.limit, targets, self.closed)

    def _look_ahead(self, name: str) -> None:
        """Where nothing is enough: more trials of the largest number and of its half, to extrapolate from."""
        short = [
            key
            for key in self._keys(name)
            if key not in self.exact
            and any(first_enough(self.curves.points(*key), target) is None for target in self.targets)
        ]
        if short and self.limit >= 2 * self.unit:
            half = self.limit // 2 // self.unit * self.unit
            trials = min(FIRST, most_trials(self.limit, self.most_trials))
            self.curves.evaluate([name], [half, self.limit], trials)

    def _keys(self, name: str) -> list[Key]:
        """The curves that have an answer to be found: power where the null hypothesis holds is no power."""
        keys = [(name, analysis.name) for analysis in self.curves.scenario.analyses]
        return [key for key in keys if key not in self.null]

    def _scan(self, names: Sequence[str]) -> None:
        """Walk up the numbers of patients until every target is passed with room to spare, or the limit."""
        low, wanted = 0, list(names)
        alike = self.curves.variants is not None  # a handful of variants says nothing
        parts = list(scan_parts(self.limit, self.unit, self.most_trials, alike))
        for k, (high, trials) in enumerate(parts):
            if not wanted:
                break
            self.curves.later = self._likely(names) + sum(each for _, each in parts[k + 1 :])
            self.curves.evaluate(wanted, grid(low, high, self.unit), trials)
            self._note_nulls(wanted)
            wanted = [name for name in wanted if not all(self._passed(key, high) for key in self._keys(name))]
            low = high

    def _note_nulls(self, names: Sequence[str]) -> None:
        for name in names:
            for key in self._keys(name):
                if any(cell.is_null for cell in self.curves.points(*key).values()):
                    self.null.add(key)

    def _passed(self, key: Key, high: int) -> bool:
        """Whether the curve is above every target well before `high`."""
        room = _AFTER * self.unit
        for target in self.targets:
            if key in self.exact:
                above = self.exact_answer(key, target)
            else:
                _, above = span(self.curves.points(*key), target, _SURE)
            if above is None or 1.3 * above + room > high:
                return False
        return True

    def _likely(self, names: Sequence[str]) -> int:
        """Trials that the refinement of all these will probably take."""
        open_keys = [[key for key in self._keys(name) if key not in self.exact] for name in names]
        most = MOST if self.most_trials is None else self.most_trials
        first = min(FIRST, most)
        return sum(first + trials_after(first, _LIKELY if keys else 0, GROWTH, most) for keys in open_keys)

    def _enough(self, questions: Sequence[Question]) -> float:
        """Trials after which all will probably be settled, by the number nearest to each target."""
        needed = 0.0
        for key, target in questions:
            if key not in self.exact:
                near = min(abs(cell.power.estimate - target) for cell in self.curves.points(*key).values())
                needed = max(needed, target * (1.0 - target) * (_SETTLED / max(near, 1e-6)) ** 2)
        return needed

    def _refine(self, name: str, after: int) -> None:
        """Evaluate every multiple in question, with more and more trials, until none is in question.

        `after`: trials that will probably follow, for other hypotheses.
        """
        trials = FIRST if self.most_trials is None else min(FIRST, self.most_trials)
        open_questions = [(key, target) for key in self._keys(name) for target in self.targets]
        enough: float = _LIKELY
        while True:
            most = self._most(open_questions)
            self.curves.later = after + trials_after(trials, enough, GROWTH, most)
            while numbers := self._missing(open_questions, trials):
                self.curves.evaluate([name], numbers, trials)
            open_questions = [question for question in open_questions if not self._settled(*question)]
            most = self._most(open_questions)
            if trials >= most or not open_questions:
                break
            trials, enough = min(GROWTH * trials, most), self._enough(open_questions)
        self.curves.later = after
        if between := self._between(name):
            self.curves.evaluate([name], between, trials)

    def _most(self, questions: Sequence[Question]) -> int:
        largest = max((n for question in questions for n in self._window(*question)), default=1)
        return most_trials(largest, self.most_trials)

    def _missing(self, questions: Sequence[Question], trials: int) -> list[int]:
        """The numbers of patients in question that have not had so many trials."""
        missing: set[int] = set()
        for key, target in questions:
            points = self.curves.points(*key)
            window = set(self._window(key, target)) - self.curves.impossible
            missing |= {n for n in window if n not in points or points[n].trials < trials}
        return sorted(missing)

    def _window(self, key: Key, target: float) -> list[int]:
        """The numbers of patients that may be the answer, and some around them."""
        if key in self.exact:
            above = self.exact_answer(key, target)
            if above is None:
                return []
            below, after = above - self.unit, _BEFORE
        else:
            (below, above), after = span(self.curves.points(*key), target, _SURE), _AFTER
            if below >= self.limit:
                return []
        first = max(below - (_BEFORE - 1) * self.unit, self.unit)
        last = min((self.limit if above is None else above) + after * self.unit, self.limit)
        step = self.unit
        while (last - first) // step >= _WIDEST:
            step *= 2  # so that what was evaluated in a wider window counts in a narrower one
        return sorted({*range(first // step * step or step, last + 1, step), last})

    def _settled(self, key: Key, target: float) -> bool:
        if key in self.exact:
            return True
        points = self.curves.points(*key)
        below, above = span(points, target, _SETTLED)
        return below >= self.limit or (above is not None and not any(below < n < above for n in points))

    def _between(self, name: str) -> list[int]:
        """The multiples left out just before an answer where the window had to be thinned."""
        numbers: list[int] = []
        for key in self._keys(name):
            points = self.curves.points(*key)
            for target in self.targets:
                answer = None if key in self.exact else first_enough(points, target)
                if answer is not None:
                    before = max((n for n in points if n < answer), default=0)
                    numbers += range(before + self.unit, answer, self.unit)
        return sorted(set(numbers))
