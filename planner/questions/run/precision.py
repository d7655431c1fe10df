"""As many trials as a Monte Carlo error asks for: more are added in fixed steps until it is small enough.

The steps are the same for everybody (10,240 trials, then twice as many, and so on), so that the same
scenario, seed and precision end at the same trials. A run of that many trials gives the same bits. Where
numbers are uncertain a step adds variants, of 1,024 trials each, because the error between variants is what
has to fall: 128 of them, then twice as many, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from planner import _interruption as interruption
from planner.engine.executors import Progress
from planner.errors import RequestError
from planner.questions.run.passes import Pass, grow_all
from planner.results.run import Run

FIRST = 10_240
"""Trials of the first step: 80 tiles of 128."""

MOST = 100_000_000
"""Trials after which to give up, by default."""

LEAST_PRECISION = 1e-6

_SLACK = 1.02  # an error that is a hair too large would double the trials


class PrecisionError(RequestError):
    """A precision that cannot be asked for.

    >>> import planner
    >>> try:
    ...     planner.simulate(planner.read("asthma-ab-ba"), precision=0.5)
    ... except planner.PrecisionError as error:
    ...     print(error.message)
    must be at least 0.000001 and below 0.5
    """


class Steps(NamedTuple):
    """The trials of the first step and of the last; each between has twice those of the one before."""

    first: int = FIRST
    most: int = MOST
    variant: int | None = None  # trials of a variant, where numbers are uncertain

    def totals(self) -> Iterator[int]:
        """The numbers of trials after which the errors are looked at."""
        return totals(self.most, self.first)

    def up_to(self, most: int) -> Steps:
        """The steps to fewer trials."""
        return self._replace(first=min(self.first, most), most=min(self.most, most))

    @property
    def in_words(self) -> str:
        """How far it goes, in words."""
        trials = f"{self.most:,} trials"
        return trials if self.variant is None else f"{trials} of {self.most // self.variant:,} variants"


def totals(most: int, first: int = FIRST) -> Iterator[int]:
    """`first` and its doubles below `most`, then `most`."""
    while first < most:
        yield first
        first *= 2
    yield most


@dataclass(frozen=True)
class PassResults:
    """The results of all passes, after the same number of trials each unless interrupted."""

    runs: tuple[Run, ...]
    remarks: tuple[str, ...]


def until_precise(
    passes: Sequence[Pass],
    precision: float,
    steps: Steps,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> PassResults:
    """Simulate all passes until no headline figure has a Monte Carlo standard error above `precision`.

    At most the trials of the last step, with a remark where they do not suffice. Raises PrecisionError for a
    precision below 1e-6 or not below 0.5. Ctrl-C: as in `engine.run`, also while the errors are looked at.
    """
    check(precision)
    with interruption.deferred():
        return _until_precise(passes, precision, steps, threads, progress)


def _until_precise(
    passes: Sequence[Pass], precision: float, steps: Steps, threads: int | None, progress: Progress | None
) -> PassResults:
    """As `until_precise`; Ctrl-C is noted at any time, and answered where it loses nothing."""
    worst = 0.5
    for total in steps.totals():
        needed = _forecast(total, passes[0].trials, worst, precision, steps)
        between = passes[0].trials > 0 and interruption.requested()
        if between or not grow_all(passes, total, needed, threads, progress):
            return PassResults(tuple(each.result(cut=True) for each in passes if each.trials), ())
        runs = tuple(each.result() for each in passes)
        worst = max(largest_error(run) for run in runs)
        if worst <= precision:
            return PassResults(runs, ())
    remark = (
        f"the precision of {precision:g} is not reached: after {steps.in_words} the largest Monte Carlo "
        f"standard error of power and early stops is {worst:.2g}"
    )
    return PassResults(runs, (remark,))


def check(precision: float) -> None:
    """Raise PrecisionError for a precision that cannot be reached or constrains nothing."""
    if not LEAST_PRECISION <= precision < 0.5:
        raise PrecisionError(f"must be at least {LEAST_PRECISION:.6f} and below 0.5")


def _forecast(total: int, done: int, worst: float, precision: float, steps: Steps) -> int:
    """The total at which the errors will probably do, for the progress: they fall with its root.

    Before anything is known, the one at which they do whatever the figures are.
    """
    wanted = (done or (steps.variant or 1)) * (worst / precision) ** 2
    return next((step for step in steps.totals() if step >= max(_SLACK * wanted, total)), steps.most)


def largest_error(run: Run) -> float:
    """The largest Monte Carlo standard error of the headline figures of all cells: power and early stops."""
    return max(figure.mcse or 0.0 for cell in run.cells() for figure in (cell.power, cell.stopped_early))
