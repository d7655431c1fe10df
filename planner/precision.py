"""As many trials as a Monte Carlo error asks for: more are added in fixed steps until it is small enough.

The steps are the same for everybody (10,240 trials, then twice as many, and so on), so that the same
scenario, seed and precision end at the same trials. A run of that many trials gives the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from planner import engine
from planner.montecarlo import Json
from planner.results import Run
from planner.scenario import Scenario

FIRST = 10_240
"""Trials of the first step: 80 tiles of 128."""

MOST = 100_000_000
"""Trials after which to give up, if nothing else is said."""

LEAST_PRECISION = 1e-6

HEADLINE = ("power", "stopped_early")
"""The figures whose errors count."""


class PrecisionError(ValueError):
    """A precision that cannot be asked for."""


Part = tuple[Scenario, engine.Job]


@dataclass(frozen=True)
class Found:
    """The outcomes of all parts, after the same number of trials each unless interrupted."""

    outcomes: tuple[engine.Outcome, ...]
    remarks: tuple[str, ...]


def totals(most: int) -> Iterator[int]:
    """The numbers of trials after which the errors are looked at; the last is `most`."""
    total = FIRST
    while total < most:
        yield total
        total *= 2
    yield most


def until_precise(
    parts: Sequence[Part],
    precision: float,
    *,
    most: int | None = None,
    threads: int | None = None,
    progress: engine.Progress | None = None,
) -> Found:
    """Simulate all parts until no headline figure has a Monte Carlo standard error above `precision`.

    At most `most` trials (default 10^8), with a remark where that does not suffice. Raises PrecisionError
    for a precision below 1e-6 or not below 0.5. Ctrl-C: as in `engine.run`.
    """
    check(precision)
    most = MOST if most is None else most
    outcomes: list[engine.Outcome] = []
    worst = 0.5
    for total in totals(most):
        needed = _forecast(total, outcomes, worst, precision, most)
        outcomes, whole = grown(parts, outcomes, total, needed, threads, progress)
        if not whole:
            return Found(tuple(_cut(each) for each in outcomes), ())
        worst = max(largest_error(*each) for each in zip(parts, outcomes, strict=True))
        if worst <= precision:
            return Found(tuple(outcomes), ())
    remark = (
        f"the precision of {precision:g} is not reached: after {most:,} trials the largest Monte Carlo "
        f"standard error of power and early stops is {worst:.2g}"
    )
    return Found(tuple(outcomes), (remark,))


def check(precision: float) -> None:
    """Raise PrecisionError for a precision that cannot be reached or says nothing."""
    if not LEAST_PRECISION <= precision < 0.5:
        raise PrecisionError(f"must be at least {LEAST_PRECISION:.6f} and below 0.5")


def _forecast(
    total: int, outcomes: Sequence[engine.Outcome], worst: float, precision: float, most: int
) -> int:
    """The total at which the errors will probably do, for the remaining time: they fall with its root."""
    done = outcomes[0].tally.trials if outcomes else 0
    wanted = done * (worst / precision) ** 2 if done else total
    return next((step for step in totals(most) if step >= max(wanted, total)), most)


def grown(
    parts: Sequence[Part],
    outcomes: Sequence[engine.Outcome],
    total: int,
    needed: int,
    threads: int | None = None,
    progress: engine.Progress | None = None,
) -> tuple[list[engine.Outcome], bool]:
    """All parts with `total` trials each, and whether nothing interrupted them.

    Only the trials that the outcomes do not have yet are simulated. After Ctrl-C: those parts that have any
    trial, KeyboardInterrupt if none has. `needed`: trials of each part in the end, for the progress.
    """
    found = list(outcomes)
    for i, (_, work) in enumerate(parts):
        before = found[i] if i < len(found) else None
        first = before.tally.trials if before else 0
        done = sum(each.tally.trials for each in found)
        tell = progress and _shifted(progress, done, needed * len(parts))
        try:
            new = engine.run(work, total - first, first=first, threads=threads, progress=tell)
        except KeyboardInterrupt:
            if not found:
                raise
            return found, False
        if before is None:
            found.append(new)
        else:
            found[i] = _added(before, new)
        if new.interrupted:
            return found, False
    return found, True


def _shifted(progress: engine.Progress, done: int, needed: int) -> engine.Progress:
    return lambda more, _: progress(done + more, needed)


def _added(before: engine.Outcome, new: engine.Outcome) -> engine.Outcome:
    total = before.work.empty()
    total.add(before.tally)
    total.add(new.tally)
    return engine.Outcome(before.work, total, before.seconds + new.seconds, new.partial, new.interrupted)


def _cut(outcome: engine.Outcome) -> engine.Outcome:
    """The outcome as one that more trials were to be added to."""
    return engine.Outcome(outcome.work, outcome.tally, outcome.seconds, True, True)


def largest_error(part: Part, outcome: engine.Outcome) -> float:
    """The largest Monte Carlo standard error of the headline figures of all cells."""
    cells: list[Json] = Run(part[0], part[0].name, outcome).cells()
    return max(float(cell[name]["mcse"]) for cell in cells for name in HEADLINE)
