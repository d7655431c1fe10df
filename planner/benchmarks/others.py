"""Other people's tools on a job that they all do: the power of a two-sample t test of 12 and 12 patients.

Each is used as its manual shows. Where one is not installed, or does not work here, the reason stands
instead of a figure.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import numpy as np
from scipy import stats

from planner.benchmarks.jobs import GROUP, SHIFT
from planner.benchmarks.processes import run_to_end

R_TIMEOUT = 60.0


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


def scipy_power() -> Peer:
    """`scipy.stats.power` with its vectorised t test."""
    if not hasattr(stats, "power"):
        raise Missing("needs SciPy 1.16 or newer")

    def run(trials: int, seed: int) -> float:
        rng = np.random.default_rng(seed)
        draws = rng.normal, lambda size: rng.normal(loc=SHIFT, size=size)
        result = stats.power(stats.ttest_ind, draws, (GROUP, GROUP), significance=0.05, n_resamples=trials)
        return float(result.power)

    return Peer("scipy.stats.power", version("scipy"), run, 4000)


def mcpower() -> Peer:
    """MCPower, whose engine is written in Rust: an ordinary linear model with one binary predictor."""
    try:
        released = version("mcpower")
        model = import_module("mcpower").MCPower("y = treatment")
    except (PackageNotFoundError, ImportError):
        raise Missing("not installed: pip install 'planner[bench]'") from None
    model.set_variable_type("treatment=binary")
    model.set_effects(f"treatment={SHIFT}")

    def run(trials: int, seed: int) -> float:
        result = model.find_power(
            sample_size=2 * GROUP,
            target_test="treatment",
            n_sims=trials,
            seed=seed,
            progress_callback=False,
            verbose=False,
        )
        return float(result["power_uncorrected"][0][0])

    try:
        run(1600, 1)
    except (TypeError, LookupError, AttributeError) as error:
        raise Missing(f"version {released} is used in another way: {type(error).__name__}") from error
    note = "each patient's group is drawn at random; checked against the exact power of that"
    return Peer("mcpower", released, run, 20_000, power_by_coin_tosses(), note)


def power_by_coin_tosses() -> float:
    """Exact power of the two-sided t test where each patient's group is drawn with probability one half.

    With groups of one value only there is no test, and it is counted as not significant.
    """
    n, power = 2 * GROUP, 0.0
    limit = stats.t.isf(0.025, n - 2)
    for first in range(1, n):
        shift = SHIFT / (1.0 / first + 1.0 / (n - first)) ** 0.5
        either = stats.nct.sf(limit, n - 2, shift) + stats.nct.cdf(-limit, n - 2, shift)
        power += stats.binom.pmf(first, n, 0.5) * either
    return float(power)


_R = """
if (!requireNamespace("rpact", quietly = TRUE)) {{ cat("missing\\n"); quit(status = 0) }}
suppressMessages(library(rpact))
design <- getDesignGroupSequential(kMax = 1, alpha = 0.025, sided = 1)
go <- function() getSimulationMeans(design = design, groups = 2, normalApproximation = FALSE,
  alternative = {shift}, stDev = 1, plannedSubjects = {patients}, maxNumberOfIterations = {trials}, seed = 1)
result <- go()
seconds <- replicate(5, {{ t <- proc.time(); go(); sum((proc.time() - t)[1:2]) }})
cat(as.character(packageVersion("rpact")), as.vector(result$overallReject), seconds, "\\n")
"""


def rpact(trials: int = 10_000) -> Reported:
    """R's rpact, in an R of its own; the one-sided test at 0.025 has the power of the two-sided at 0.05."""
    program = shutil.which("Rscript")
    if program is None:
        raise Missing("R is not installed")
    script = _R.format(shift=SHIFT, patients=2 * GROUP, trials=trials)
    try:
        done = run_to_end([program, "--vanilla", "-e", script], R_TIMEOUT)
        words = done.stdout.split()
        if words == ["missing"]:
            raise Missing("R is installed, its package rpact is not: install.packages('rpact')")
        released, power, *seconds = words
        return Reported("rpact", released, float(power), trials, tuple(map(float, seconds)))
    except (subprocess.TimeoutExpired, OSError, ValueError) as error:
        raise Missing(f"R with rpact did not answer as expected: {type(error).__name__}") from error
