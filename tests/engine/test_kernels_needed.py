"""Kernels are listed before they are called: exactly those that are, and Ctrl-C is answered after each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from planner.engine.compiling import compile_missing, watched


class Fake:
    """What compiles nothing, and knows for which types it was to."""

    _cache = None

    def __init__(self, signals: bool = False) -> None:
        self.overloads: dict[object, object] = {}
        self.signals = signals

    def compile(self, types: object) -> None:
        self.overloads[types] = None
        if self.signals:
            os.kill(os.getpid(), signal.SIGINT)


Seen = list[tuple[int, int]]


def test_each_missing_kernel_is_announced_once_and_compiled() -> None:
    seen: Seen = []
    one, other = Fake(), Fake()
    uses = [(one, (1,)), (other, (1,)), (one, (1,)), (one, (2,))]
    with watched(lambda done, total: seen.append((done, total))):
        compile_missing(uses)
        assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
        assert (list(one.overloads), list(other.overloads)) == ([(1,), (2,)], [(1,)])
        compile_missing(uses)
    assert len(seen) == 4  # nothing is missing any more
    compile_missing([(Fake(), ())])
    assert len(seen) == 4  # nobody watches


@pytest.mark.skipif(os.name != "posix", reason="signals as on Unix")
def test_ctrl_c_is_answered_after_the_kernel_that_is_being_compiled() -> None:
    seen: Seen = []
    after = Fake()
    with watched(lambda done, total: seen.append((done, total))), pytest.raises(KeyboardInterrupt):
        compile_missing([(Fake(signals=True), ()), (after, ())])
    assert seen == [(0, 2)]
    assert not after.overloads


# Prints what was listed but not taken from the cache or compiled, and what was without having been listed.
CALLED = """
import sys
import planner
from planner.engine import blocks, cohort
from planner.questions.discriminate import answers
from planner.engine.compiling import watched
from planner.kernels import jit
from planner.kernels.cache import KernelCache

listed, loaded = set(), set()

def compile_missing(uses):
    listed.update((kernel.py_func.__module__, kernel.__name__, types) for kernel, types in uses)

def load_overload(self, signature, target):
    loaded.add((self._function.__module__, self._function.__name__, signature))
    return load(self, signature, target)

load, KernelCache.load_overload = KernelCache.load_overload, load_overload
blocks.compile_missing = cohort.compile_missing = answers.compile_missing = compile_missing
first = planner.read(sys.argv[1], set=sys.argv[3:])
with watched(lambda done, total: None):
    if sys.argv[2] == "run":
        planner.simulate(first, trials=128)
    elif sys.argv[2] == "compare":
        planner.compare([first, first], trials=128)
    else:
        planner.discriminate(first, draws=32, likelihood=sys.argv[2])
nested = {each for each in loaded if each[1] in ("_add", "record")}  # other kernels call them: count, mark
print(sorted(listed - loaded), sorted(loaded - listed - nested))
"""


@pytest.mark.parametrize(
    ("question", "scenario"),
    [
        ("run", "williams-2018"),
        ("compare", "asthma-ab-ba"),
        ("mixture", "asthma-ab-ba"),
        pytest.param("gaussian", "asthma-ab-ba", marks=pytest.mark.long),
    ],
)
def test_what_is_listed_is_what_is_called(question: str, scenario: str) -> None:
    """To the types: a kernel that is listed for other types is compiled for nothing, and another one too."""
    program = [sys.executable, "-c", CALLED, scenario, question]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert done.stdout == "[] []\n"
