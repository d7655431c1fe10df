"""Measures what people wait for, in new processes, here and in other checkouts by turns."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import planner
from planner.benchmarks.processes import Ended, timed
from planner.benchmarks.timing import Spread, spread, turned
from planner.benchmarks.waits import Answer, Kernels, Wait, differences
from planner.results.contract import Json

HERE = Path(planner.__file__).parents[1]
"""The folder that this planner is imported from."""


class WaitFailed(RuntimeError):
    """A command that people wait for has ended with an error, or with another answer than elsewhere."""


@dataclass
class Taken:
    """What a wait took in one checkout, round by round, and what was answered (None: an exit code)."""

    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    answer: Json | None = None

    def add(self, ended: Ended) -> None:
        """A round."""
        self.seconds.append(ended.seconds)
        if ended.processor is not None:
            self.processor.append(ended.processor)

    @property
    def clock(self) -> Spread:
        return quartiles(self.seconds)

    @property
    def work(self) -> Spread | None:
        """Of processor time; None where the system does not report it."""
        return quartiles(self.processor) if self.processor else None


def quartiles(values: Sequence[float]) -> Spread:
    """Median and quartiles, of a single value too.

    >>> quartiles([2.0])
    Spread(median=2.0, low=2.0, high=2.0)
    """
    return spread(values) if len(values) > 1 else Spread(values[0], values[0], values[0])


def ratio(above: Taken, below: Taken) -> Spread:
    """How often one is the other, round by round: of processor time, else of seconds by the clock."""
    both = (above.processor, below.processor)
    one, other = both if all(both) else (above.seconds, below.seconds)
    return quartiles([a / b for a, b in zip(one, other, strict=True)])


def measure(
    wait: Wait,
    folders: Sequence[Path] = (HERE,),
    rounds: int | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> list[Taken]:
    """The wait in each checkout, by turns. Raises WaitFailed where an answer is none, or another one."""
    taken = [Taken() for _ in folders]
    with _caches(wait, folders) as caches:
        for r in range(rounds or wait.rounds):
            for i in turned(range(len(folders)), r):
                say(f"{wait.name}, round {r + 1} of {rounds or wait.rounds}: {folders[i]}")
                _add(wait, folders[i], caches[i], taken[i])
        for folder, cache, each in zip(folders, caches, taken, strict=True):
            if (
                wait.answer is Answer.digest and len(folders) > 1
            ):  # not timed: what is timed writes a page, as for its user
                command = (*wait.command, "--json")
                each.answer = _answer(wait, _run(wait, command, folder, cache), folder)
    for folder, each in zip(folders[1:], taken[1:], strict=True):
        if each.answer is None or taken[0].answer is None:
            continue
        if other := differences(wait.answer, taken[0].answer, each.answer):
            raise WaitFailed(f"{wait.name}: {folder} answers otherwise: {', '.join(other[:5])}")
    return taken


def _add(wait: Wait, folder: Path, cache: Path, taken: Taken) -> None:
    """One round; a cache that is to have all kernels is filled by a round that does not count."""
    for _ in range(2):
        with _cache_of_round(wait, cache) as used:
            before = _kernels(used)
            ended = _run(wait, wait.timed, folder, used)
            if wait.kernels is not Kernels.all or _kernels(used) == before:
                break
    taken.add(ended)
    if wait.answer is Answer.figures:
        taken.answer = _answer(wait, ended, folder)


def _answer(wait: Wait, ended: Ended, folder: Path) -> Json:
    """What was answered as JSON."""
    try:
        answer = json.loads(ended.out)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise WaitFailed(f"{wait.name}: {folder} answers no JSON object: {ended.out.strip()[:100]}")
    return answer


def _run(wait: Wait, command: Sequence[str], folder: Path, cache: Path) -> Ended:
    """A command of a checkout, with our Python."""
    python = os.environ | {"PYTHONPATH": str(folder), "PLANNER_CACHE": str(cache)}
    with tempfile.TemporaryDirectory() as elsewhere:  # Python would import what lies where it starts
        where = folder if command[0] == "pytest" else Path(elsewhere)
        ended = timed([sys.executable, "-m", *command], env=python, cwd=where)
    if ended.code != 0:
        last = (ended.err or ended.out).strip()[-300:]
        how = f"ends with {ended.code} after {ended.seconds:.1f} s"
        raise WaitFailed(f"{wait.name}: {' '.join(command)} {how} in {folder}: {last}")
    return ended


# Caches


@contextmanager
def _caches(wait: Wait, folders: Sequence[Path]) -> Iterator[list[Path]]:
    """A cache for each checkout: the user's own one for a wait that finds all kernels compiled."""
    with tempfile.TemporaryDirectory() as made:
        if wait.kernels is Kernels.all:
            caches = [_usual(Path(made))] * len(folders)
        else:
            caches = [Path(made, str(i)) for i in range(len(folders))]
        for folder, cache in zip(folders, caches, strict=True):
            cache.mkdir(mode=0o700, parents=True, exist_ok=True)
            _run(wait, ("compileall", "-q", str(folder / "planner")), folder, cache)  # as installing does
            if wait.before:
                _run(wait, wait.before, folder, cache)
        yield caches


def _usual(otherwise: Path) -> Path:
    """Where this planner keeps compiled kernels; those of other versions lie beside them."""
    from planner.kernels.jit import cache_folder

    folder = cache_folder()
    return otherwise if folder is None else folder.parent


@contextmanager
def _cache_of_round(wait: Wait, cache: Path) -> Iterator[Path]:
    """The cache itself where nothing is compiled into it, else a copy for one round."""
    if wait.kernels is Kernels.all:
        yield cache
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(shutil.copytree(cache, Path(made, "cache")))


def _kernels(cache: Path) -> int:
    return sum(1 for _ in cache.rglob("*.nbc"))
