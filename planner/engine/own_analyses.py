"""Analyses of the user's own, called as those of planner are: with every answer looked at before it counts.

A kernel fills `stat`; a plain function answers for one trial after the other. What is undefined becomes
undefined as planner has it, and what can be no answer of a test is refused, with the analysis by its name.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

import numpy as np

from planner import _interruption as interruption
from planner.analyses import statistic
from planner.analyses.own.analysis import BY_NAME, Analysis, takes
from planner.analyses.own.kernel import within_bounds
from planner.errors import AnalysisError
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, STATISTICS, Contrast, Floats, Ints, T, W
from planner.model.contrast_tables import SIDES
from planner.model.patients_used import patients_used
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scenario import Scenario
from planner.scenario.text import brief, in_words
from planner.scenario.tree import Tree

CHECKED_CALLS = 8
"""Of a kernel, each of 128 trials or more, that are also made with every index looked at."""

LARGEST = 1e100
"""Of estimates and standard errors: fourth powers of some hundred are added up on the way to a figure."""

_DIRECTIONS = {number: direction for direction, number in SIDES.items()}


def kernel_of(scenario: Scenario, analysis: PlannedAnalysis) -> Callable[..., None]:
    """The kernel of an analysis, or what calls one of the user's own.

    Raises AnalysisError where that is not what it was. One whose code was not stored raises it when called:
    a stored result has figures that only need to be told.
    """
    own = analysis.own
    if own is None:
        kernel: Callable[..., None] = statistic(analysis.method)
        return kernel
    assert isinstance(own, Analysis)
    if not own.has_code:
        return MissingCall(scenario, analysis, own)
    own.check_unchanged()
    return KernelCall(scenario, analysis, own) if own.compiled else TrialCall(scenario, analysis, own)


class Given(NamedTuple):
    """What an analysis is given, in order: see planner.analyses."""

    values: Floats
    h: int
    reading: int
    sequence: Ints
    contrast: Contrast
    centre: float
    counts: Ints

    def read_only(self) -> Given:
        """The same arrays, which other analyses are given as well, as nobody can write to them."""
        contrast = Contrast(*(_read_only(each) for each in self.contrast))
        values, sequence, counts = map(_read_only, (self.values, self.sequence, self.counts))
        return self._replace(values=values, sequence=sequence, contrast=contrast, counts=counts)


def _read_only(value: Any) -> Any:
    """A view of an array that cannot be written to; anything else as it is."""
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view


class OwnCall:
    """One analysis of one scenario."""

    def __init__(self, scenario: Scenario, analysis: PlannedAnalysis, own: Analysis) -> None:
        self.scenario, self.analysis, self.own = scenario, analysis, own

    @property
    def _key(self) -> tuple[object, ...]:
        """All that an answer depends on beside what is given: two of the same key are the same kernel."""
        return type(self), self.own.digest, self.scenario.design.sequences, *self.analysis.weights.items()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OwnCall) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __call__(self, *arguments: Any) -> None:
        """See planner.analyses."""
        given, stat = Given(*arguments[:-1]), arguments[-1]
        stat.fill(np.nan)
        self.fill(given, stat)
        self._check(stat.reshape(*stat.shape[:2], STATISTICS, W), given.counts)

    def fill(self, given: Given, stat: Floats) -> None:
        """Answer for every look and lane; what is left as it is (NaN) is undefined."""
        raise NotImplementedError

    def fail(self, message: str, hint: str = "") -> NoReturn:
        """Raise AnalysisError."""
        raise AnalysisError(self._says(message), hint)

    def _says(self, message: str) -> str:
        return f"{self.analysis.method}, the function {self.own.name}: {message}"

    def _check(self, rows: Floats, counts: Ints) -> None:
        """Make undefined what is; refuse what no test answers. rows f64[look, tile, STATISTICS, W]."""
        estimate, se, t, df, used = (rows[:, :, k] for k in (ESTIMATE, SE, T, DF, COMPLETERS))
        flat = np.isinf(t) & (df == 0.0) & np.isfinite(estimate)  # an effect without any spread
        sound = np.isfinite(estimate) & np.isfinite(se) & ~np.isnan(t) & (df > 0.0)
        for what, each in (("estimate", estimate), ("standard error", se)):
            if np.isinf(each[df > 0.0]).any():
                self.fail(f"the {what} is infinite", "NaN says that the data do not determine the test")
            if (large := np.abs(each[sound | flat])).max(initial=0.0) > LARGEST:
                self.fail(f"the {what} {large.max():g} is too large to be added up", f"up to {LARGEST:.0e}")
        if (se[sound] < 0.0).any():
            self.fail(f"the standard error is {se[sound].min():g}")
        degrees = df[sound & np.isfinite(df)]
        if self.own.reference == "t" and (degrees != np.floor(degrees)).any():
            wrong = degrees[degrees != np.floor(degrees)][0]
            self.fail(f"{wrong:g} degrees of freedom are no whole number", 'reference="fractional-t"')
        most = int(counts[-1]) * self.scenario.design.periods
        if self.own.reference == "t" and (degrees > most).any():
            number = f"{degrees.max():g} degrees of freedom of {most} observations"
            self.fail(number, 'math.inf for a normal statistic, or reference="fractional-t"')
        if self.own.reference in ("normal", "exact-p"):
            df[sound] = math.inf
        rows.transpose(2, 0, 1, 3)[:COMPLETERS, ~(sound | flat)] = 0.0
        used[np.isnan(used)] = 0.0
        if ((used < 0.0) | (used > counts[:, None, None]) | (used != np.floor(used))).any():
            self.fail("the number of patients used (COMPLETERS) is no number of patients")


class MissingCall(OwnCall):
    """An analysis whose code was not stored with the result."""

    def fill(self, given: Given, stat: Floats) -> None:
        """Raise AnalysisError."""
        self.own.check_unchanged()


class KernelCall(OwnCall):
    """A kernel that `planner.kernel` compiled.

    What it is given is read-only, so that one that writes to it cannot be compiled. Its first calls are made
    twice: with every index looked at, on a copy, and then at full speed.
    """

    def __init__(self, scenario: Scenario, analysis: PlannedAnalysis, own: Analysis) -> None:
        super().__init__(scenario, analysis, own)
        self._to_check, self._lock = CHECKED_CALLS, threading.Lock()

    def fill(self, given: Given, stat: Floats) -> None:
        """See planner.analyses."""
        given = given.read_only()
        if self._to_check:
            with self._lock:
                if self._to_check:
                    self._check_call(given, stat)
                    self._to_check -= 1
        self._call(self.own.function, (*given, stat))

    def _check_call(self, given: Given, stat: Floats) -> None:
        """Call it on a copy, with every index looked at; the compiler does not see every way of writing."""
        copy = given._replace(values=given.values.copy(), sequence=given.sequence.copy()).read_only()
        self._call(within_bounds(self.own.function), (*copy, stat))
        for name in ("values", "sequence"):
            if not np.array_equal(getattr(copy, name), getattr(given, name), equal_nan=name == "values"):
                self.fail(f"it writes to {name}, which other analyses are given as well", "work on a copy")
        stat.fill(np.nan)

    def _call(self, kernel: Callable[..., object], given: tuple[object, ...]) -> None:
        try:
            kernel(*given)
        except Exception as error:
            writes = "readonly array" in str(error) or "read-only" in str(error)
            self.fail(in_words(error), "it may write to stat alone: work on a copy" if writes else "")


class TrialCall(OwnCall):
    """A plain function, called for every trial at every look."""

    def __init__(self, scenario: Scenario, analysis: PlannedAnalysis, own: Analysis) -> None:
        super().__init__(scenario, analysis, own)
        self._names = np.array(scenario.design.treatments)
        self._weights = MappingProxyType(dict(analysis.weights))
        self._extra = [name for name in BY_NAME if takes(own.function, name)]

    def fill(self, given: Given, stat: Floats) -> None:
        """See planner.analyses."""
        values, h, reading, sequence, contrast, _, counts = given
        tiles, patients = values.shape[:2]
        shape = (tiles, patients, -1, W)
        scores = values[:, :, h, reading].reshape(shape)
        baselines = values[:, :, h, contrast.baseline].reshape(shape) if contrast.baseline >= 0 else None
        rows = stat.reshape(*stat.shape[:2], STATISTICS, W)
        extra: Tree = {"alternative": _DIRECTIONS[contrast.sides], "baselines": None}
        for tile in range(tiles):
            order = sequence[tile]
            treatments = self._names[contrast.treatment[order]]
            used = patients_used(self.scenario, self.analysis, order, scores[tile], contrast.weight[order])
            for look, count in enumerate(counts):
                rows[look, tile, COMPLETERS] = used[:count].sum(axis=0)
                for lane in range(W):
                    if baselines is not None:
                        extra["baselines"] = baselines[tile, :count, :, lane].copy()
                    answer = self._answer(
                        scores[tile, :count, :, lane].copy(),
                        treatments[:count].copy(),
                        {name: extra[name] for name in self._extra},
                    )
                    if answer is not None:
                        rows[look, tile, [ESTIMATE, SE, T, DF], lane] = self._row(answer, contrast.sides)

    def _answer(self, scores: Floats, treatments: object, extra: Tree) -> Sequence[float] | None:
        """What the function says of one trial: three numbers, or None where the test is undefined.

        Ctrl-C is answered before the call: a block has thousands of them.
        """
        interruption.check()
        try:
            answer = self.own.function(scores, treatments, self._weights, **extra)
        except Exception as error:
            raise AnalysisError(
                f"{self.analysis.method}, the function {self.own.name}, failed in a trial of "
                f"{len(scores)} patients: {in_words(error)}",
                "None says that the data do not determine the test",
            ) from error
        if answer is None:
            return None
        third = "p value" if self.own.reference == "exact-p" else "degrees of freedom"
        try:
            estimate, se, last = _numbers(answer)
        except Exception as error:  # what is answered may be a class of the user's, with code of its own
            hint = f"a tuple of estimate, standard error, {third}; or None"
            raise AnalysisError(self._says(f"answers {brief(answer)}"), hint) from error
        return estimate, se, last

    def _row(self, answer: Sequence[float], sides: int) -> tuple[float, float, float, float]:
        """The rows ESTIMATE, SE, T, DF of an answer."""
        estimate, se, last = answer
        if any(map(math.isnan, answer)):
            return math.nan, math.nan, math.nan, 0.0
        if self.own.reference == "exact-p":
            if not 0.0 <= last <= 1.0:
                self.fail(f"a p value of {last:g}")
            p = max(last, 1e-300)
            if sides == 0:
                return estimate, se, math.copysign(2.0 / p, estimate), math.inf
            return estimate, se, sides / p, math.inf
        if last < 0.0:
            self.fail(f"{last:g} degrees of freedom")
        if se == 0.0 and estimate != 0.0 and last > 0.0:
            return estimate, se, math.copysign(math.inf, estimate), 0.0
        return estimate, se, estimate / se if se != 0.0 else 0.0, last


def _numbers(answer: object) -> tuple[float, float, float]:
    """The three numbers of an answer. Raises TypeError or ValueError for anything else."""
    if not isinstance(answer, tuple | list | np.ndarray):
        raise TypeError(type(answer))
    first, second, third = answer
    return _number(first), _number(second), _number(third)


def _number(value: object) -> float:
    """A real number. Raises TypeError for anything else."""
    if isinstance(value, str | bytes | complex | np.ma.MaskedArray):
        raise TypeError(type(value))
    array = np.asarray(value)
    if array.shape != () or array.dtype.kind not in "fiu":
        raise TypeError(type(value))
    return float(array)
