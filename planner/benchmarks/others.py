"""Other people's tools on jobs that they do too: a t test of two groups, and a mixed model of an AB/BA trial.

Each is used as its manual shows, by a program of its own in `planner.benchmarks.tools`. Where one is not
installed, or does not work here, the reason stands instead of a figure.
"""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from planner.benchmarks.jobs import GROUP, MIXED, SCALED, SHIFT, TWO_STAGE
from planner.benchmarks.processes import run_to_end

R_TIMEOUT = 60.0
TOOLS = Path(__file__).with_name("tools")
POWER = 0.9
PARAMETERS: dict[str, tuple[float, ...]] = {
    "t-test": (GROUP, SHIFT),
    "mixed": tuple(MIXED.values()),
    "scaled": tuple(SCALED.values()),
    "two-stage": tuple(TWO_STAGE.values()),
    "t-test-size": (SHIFT, POWER),
}
"""What the programs are given of each job, in their order."""


_SAME_TEST = "with complete data its test is the t test that planner makes"


class Missing(Exception):
    """A tool that is not here; the text says how it could be."""


class Peer(NamedTuple):
    """A tool that is timed by turns with planner: run(trials, seed) gives the power that it finds."""

    name: str
    version: str | None
    run: Callable[[int, int], float]
    trials: int  # of a round: some hundredths of a second
    expected: float | None = None  # the exact power where its trial differs from planner's
    note: str = ""  # in what it differs


class Reported(NamedTuple):
    """A tool in a process of its own, which times itself: seconds of processor time for so many trials."""

    name: str
    version: str
    power: float
    trials: int
    seconds: tuple[float, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: its program, the job it does, trials of a round, how to install it.

    `package`: of Python; None for R. `expected`: the exact answer where its trial is not quite planner's.
    `slack`: patients that its answer may be off, where it simulates.
    """

    name: str
    program: str
    job: str
    trials: int
    install: str
    package: str | None = None
    note: str = ""
    expected: Callable[[], float] | None = None
    slack: int = 0

    def command(self, trials: int, seed: int = 1, rounds: int = 0) -> list[str]:
        """What starts it in a process of its own; raises Missing where there is nothing to start."""
        numbers = [trials, seed, *PARAMETERS[self.job]]
        start = [sys.executable]
        if self.package is None:
            start, numbers[2:2] = [_r(), "--vanilla"], [rounds]
        elif not _installed(self.package):
            raise Missing(f"not installed: {self.install}")
        return [*start, str(TOOLS / self.program), *map(str, numbers)]


def exact_power(first: int, second: int) -> float:
    """Power of the two-sided t test of two groups of so many patients, by the noncentral t distribution.

    >>> round(exact_power(12, 12), 4)
    0.8021
    """
    from scipy import stats

    df, shift = first + second - 2, SHIFT / (1.0 / first + 1.0 / second) ** 0.5
    limit = stats.t.isf(0.025, df)
    return float(stats.nct.sf(limit, df, shift) + stats.nct.cdf(-limit, df, shift))


def power_by_coin_tosses(n: int = 2 * GROUP) -> float:
    """Exact power where each of n patients' group is drawn with probability one half.

    With groups of one value only there is no test, and it is counted as not significant.
    """
    ways = ((math.comb(n, first), exact_power(first, n - first)) for first in range(1, n))
    return sum(count * power for count, power in ways) / 2.0**n


def size(power: Callable[[int], float], step: int = 1) -> int:
    """The smallest number of patients, in such steps, that has the power POWER.

    >>> size(lambda n: exact_power(n // 2, n // 2), 2)
    32
    """
    return next(n for n in range(20, 200, step) if power(n) >= POWER)


ALL = (
    Tool("scipy.stats.power", "by_scipy.py", "t-test", 4000, "pip install 'scipy>=1.16'", "scipy"),
    Tool(
        "mcpower",
        "by_mcpower.py",
        "t-test",
        20_000,
        "pip install 'planner[bench]'",
        "mcpower",
        note="each patient's group is drawn at random; checked against the exact power of that",
        expected=power_by_coin_tosses,
    ),
    Tool(
        "statsmodels, OLS in a loop",
        "by_statsmodels.py",
        "t-test",
        100,
        "pip install 'planner[bench]'",
        "statsmodels",
    ),
    Tool("R, t.test in a loop", "t_test.R", "t-test", 1000, "apt install r-base-core"),
    Tool("rpact", "rpact.R", "t-test", 10_000, "apt install r-cran-rpact, or install.packages('rpact') in R"),
    Tool(
        "statsmodels, MixedLM in a loop",
        "by_mixedlm.py",
        "mixed",
        20,
        "pip install 'planner[bench]'",
        "statsmodels",
        note=_SAME_TEST,
    ),
    Tool(
        "R, lme of nlme in a loop",
        "lme.R",
        "mixed",
        100,
        "apt install r-cran-nlme, or install.packages('nlme') in R",
        note=_SAME_TEST,
    ),
    Tool(
        "PowerTOST, power.scABEL.sdsims",
        "scaled.R",
        "scaled",
        20_000,
        "install.packages('PowerTOST') in R",
        note="it simulates patients, as planner does",
    ),
    Tool(
        "Power2Stage, power.tsd",
        "two_stage.R",
        "two-stage",
        20_000,
        "install.packages('Power2Stage') in R",
        note="it simulates statistics of stages, no patients",
    ),
    Tool(
        "mcpower",
        "sizes_by_mcpower.py",
        "t-test-size",
        5000,
        "pip install 'planner[bench]'",
        "mcpower",
        expected=lambda: size(power_by_coin_tosses),
        slack=2,  # power rises by .006 for each patient, with an error of .004
    ),
    Tool(
        "statsmodels, exact",
        "sizes_by_statsmodels.py",
        "t-test-size",
        1,
        "pip install 'planner[bench]'",
        "statsmodels",
    ),
    Tool("R, power.t.test", "sizes_t_test.R", "t-test-size", 1, "apt install r-base-core"),
    Tool(
        "rpact",
        "sizes_rpact.R",
        "t-test-size",
        1,
        "apt install r-cran-rpact, or install.packages('rpact') in R",
    ),
)
"""Those that are not part of planner."""


def peer(tool: Tool) -> Peer:
    """A tool in Python, in this process."""
    assert tool.package is not None
    if not _installed(tool.package):
        raise Missing(f"not installed: {tool.install}")
    released = version(tool.package)
    try:
        power = import_module(f"planner.benchmarks.tools.{Path(tool.program).stem}").power

        def run(trials: int, seed: int) -> float:
            return float(power(trials, seed, *PARAMETERS[tool.job]))

        run(min(tool.trials, 1600), 1)
    except ImportError:
        raise Missing(f"not installed: {tool.install}") from None
    except (TypeError, LookupError, AttributeError) as error:
        raise Missing(f"version {released} is used in another way: {type(error).__name__}") from error
    expected = tool.expected() if tool.expected else None
    return Peer(tool.name, released, run, tool.trials, expected, tool.note)


def reported(tool: Tool, rounds: int = 5) -> Reported:
    """A tool in R, in an R of its own."""
    command = tool.command(tool.trials, rounds=rounds)
    try:
        released, power, *seconds = answer_of(tool, run_to_end(command, R_TIMEOUT).stdout)
        note = f"timed in its own process, not by turns{'; ' * bool(tool.note)}{tool.note}"
        return Reported(tool.name, released, float(power), tool.trials, tuple(map(float, seconds)), note)
    except (subprocess.TimeoutExpired, OSError, ValueError) as error:
        raise Missing(f"R did not answer as expected: {type(error).__name__}") from error


def answer_of(tool: Tool, text: str) -> Sequence[str]:
    """The words that a program prints: version, power, seconds."""
    words = text.split()
    if words == ["missing"]:
        raise Missing(f"R is installed, its package is not: {tool.install}")
    return words


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _r() -> str:
    program = shutil.which("Rscript")
    if program is None:
        raise Missing("R is not installed: apt install r-base-core")
    return program
