"""Small cases that between them execute every compiled function, and what the functions give there.

    NUMBA_DISABLE_JIT=1 python -m tests.support.plain_cases [quick]

prints as JSON what each case gives without the compiler (with `quick`: but the slow ones), which functions
would be compiled, and which of them each case has executed. Arrays are no larger than what is read of them,
so that plain Python ends with an IndexError where compiled code would read what lies behind.
"""

from __future__ import annotations

import hashlib
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import fields
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import numpy as np

PATIENTS, DRAWN = 6, 2  # of a trial that is analysed, and of one that is only generated
TRIALS = 100  # less than a tile: some of its lanes do not count
METHODS_ON = ("AB/BA", "Balaam", "Williams 3", "parallel")
"""Designs on which every analysis that fits is computed."""

VARIANTS: dict[str, tuple[str, int, int, tuple[str, ...]]] = {
    "a single hypothesis": ("whole-points", PATIENTS, TRIALS, ('simulation.hypotheses=["effect"]',)),
    "periods that oppose each other": (
        "unbounded",
        PATIENTS,
        TRIALS,
        ("hypotheses.effect.correlation=-0.4",),
    ),
    "a block cut by the last look": ("unbounded", 5, 128, ()),
    "a second outcome of those who wait, enrolled by their baseline": (
        "returning",
        2,
        TRIALS,
        (
            "outcomes.sleep={noise_sd=0.5, terms=[{component='slow', needs=['cue']}]}",
            "design.baselines='period'",
            "population.entry='baseline'",
            "analyses.0.outcome='sleep'",
            "simulation.hypotheses=['blocked']",
        ),
    ),
}
"""Sample trials with other settings: what no sample trial executes. The trial, patients, trials, settings."""

SCALED = (("ema", "abel"), ("fda", "rsabe"), ("fda", "ntid"))
"""Regulators and their rules: of widened limits, of the linearised criterion, of compared SDs."""

SLOW = (
    *("block returning", "block unblinding", "block leaving", "patients any-number", "patients unblinding"),
    "block with a second outcome of those who wait, enrolled by their baseline",
)
"""Cases that take most of the time, as plain Python."""

Case = Callable[[], str]


def fingerprint(*arrays: Any) -> str:
    """Of numbers to the last bit; NaN is one value, whatever its bits."""
    text = hashlib.sha256()
    for each in map(np.array, arrays):
        if each.dtype.kind == "f":
            each[np.isnan(each)] = np.nan
        text.update(repr((each.shape, each.dtype.kind)).encode() + each.tobytes())
    return text.hexdigest()[:16]


def cases(quick: bool = False) -> dict[str, Case]:
    """All of them by name: analyses on values with holes, blocks of trials, virtual patients, densities.

    `quick`: but for the slow ones.
    """
    from tests.support import sample_dropout, sample_mechanisms
    from tests.support.sample_trials import NAMES, generated

    drawn = ("mechanisms", *sample_mechanisms.TEXTS)
    made: dict[str, Case] = {f"analysis {m} on {d}": _bound(_analysed, m, d) for m, d in _analyses()}
    for name in (*NAMES, *sample_dropout.TEXTS, "unblinding"):
        if name not in drawn or name == "unblinding":
            made[f"block {name}"] = _bound(_block, name, PATIENTS, TRIALS, ())
    made |= {f"block with {name}": _bound(_block, *variant) for name, variant in VARIANTS.items()}
    made |= {f"patients {name}": _bound(generated, name, DRAWN) for name in drawn}
    made |= {f"scaled limits, {rule}": _bound(_scaled, who, rule) for who, rule in SCALED}
    made["stages"] = _stages
    made["density"], made["near density"] = _density, _near_density
    return {name: case for name, case in made.items() if not (quick and name in SLOW)}


def _bound(function: Callable[..., str], *arguments: Any) -> Case:
    return lambda: function(*arguments)


def _analyses() -> Iterator[tuple[str, str]]:
    from planner.scenario.vocabulary import METHODS
    from tests.against.test_kernels_naive import fitting
    from tests.support.random_designs import DESIGNS

    for method in METHODS:
        yield from ((method, design) for design in METHODS_ON if fitting(method, *DESIGNS[design]))


def _analysed(method: str, design: str) -> str:
    """An analysis at two looks of a tile of patients, of whom some values are missing."""
    from planner.analyses import statistic
    from planner.kernels.tables import STATISTICS, W
    from planner.scenario.vocabulary import METHODS
    from tests.support.random_designs import DESIGNS, tables

    sequences, weights = DESIGNS[design]
    rng = np.random.default_rng(sum(map(ord, method + design)))
    patients, periods = 17, len(sequences[0])
    y = rng.normal(3.0, 2.0, (1, patients, 1, 2, periods * W))
    y = np.where(rng.random(y.shape) < 0.1, np.nan, y)
    if METHODS[method].binary:
        y = np.where(np.isnan(y), y, y > 3.0)
    looks = np.array([4, patients])
    stat = np.full((looks.size, 1, STATISTICS * W), -1.0)
    order = (np.arange(patients) % len(sequences))[None]
    statistic(method)(y, 0, 0, order, tables(sequences, weights), 0.3, looks, stat)
    return fingerprint(stat)


def _scaled(regulator: str, rule: str) -> str:
    """Variances within patients, decisions and counts of a tile of trials; some values are missing."""
    from planner.analyses import statistic, within_variance
    from planner.kernels.analyse.scaled import count_scaled, judge_scaled
    from planner.kernels.tables import SCALED_PARTS, STATISTICS, W
    from planner.model.scaled_tables import repeated, rule_table
    from planner.scenario.regulators import scaled_rule
    from tests.support.random_designs import tables

    row = scaled_rule(regulator, rule)
    method = "fixed-subject" if row.method == "least squares" else "subject-contrast"
    sequences, patients = [tuple("TRTR"), tuple("RTRT")], 8
    rng = np.random.default_rng(11)
    y = rng.normal(0.0, 0.3, (1, patients, 1, 1, 4 * W))
    y = np.where(rng.random(y.shape) < 0.05, np.nan, y)
    order, looks = (np.arange(patients) % 2)[None], np.array([patients])
    stat, scratch = np.zeros((2, 1, 1, STATISTICS * W))
    variance, code = np.zeros((2, 1, 1, 2 * W)), np.zeros((1, 1, W), np.int64)
    statistic(method)(y, 0, 0, order, tables(sequences, {"T": 1.0, "R": -1.0}), 0.0, looks, stat)
    for treatment, to in zip("RT", variance, strict=True):
        given = repeated(tuple(sequences), treatment)
        within_variance(method)(y, 0, 0, order, given, looks, scratch, to)
    judge_scaled(stat, *variance, np.full((1, 30), 1.7), rule_table(row, 0.05, 29), code)
    parts = np.zeros((1, SCALED_PARTS), np.int64)
    count_scaled(code, variance[0], np.zeros((1, 1), np.int64), W, parts)
    return fingerprint(stat, variance, code, parts)


def _block(name: str, patients: int, trials: int, settings: tuple[str, ...]) -> str:
    """Some trials of a scenario from its random numbers to its sums; the true effects are not simulated."""
    from planner.engine.job import job_of
    from planner.engine.run import TallyWork
    from planner.model.estimand import Truth
    from planner.scenario.reading.read import read_text
    from tests.support.sample_trials import SEED, text

    scenario = read_text(text(name), name, set=settings)
    truth = {each: [Truth(0.5, 0.0, False)] * len(scenario.analyses) for each in scenario.hypotheses}
    job = job_of(scenario, seed=SEED, patients=[patients], given_truths=truth, tallied=False)
    work = TallyWork(job, 1)
    tally = work.do(0, trials, work.space(), lambda _: True)
    return fingerprint(*(getattr(tally, each.name) for each in fields(tally)))


def _stages() -> str:
    """The sums of a stage of which every trial has patients of its own number; some values are missing."""
    from planner.kernels.analyse.groups import GROUP_ROWS
    from planner.kernels.analyse.stages import add_stage
    from planner.kernels.tables import W

    rng = np.random.default_rng(12)
    y = rng.normal(0.0, 0.3, (1, 6, 1, 1, 2 * W))
    y = np.where(rng.random(y.shape) < 0.1, np.nan, y)
    order, weight = (np.arange(6) % 2)[None], np.array([[1.0, -1.0], [-1.0, 1.0]])
    groups = np.zeros((1, 2 * GROUP_ROWS * W))
    add_stage(y, 0, 0, order, weight, 2, rng.integers(2, 7, (1, W)), groups)
    return fingerprint(groups)


def _density() -> str:
    """Sums of powers of two, of eight parts at two blocks of points."""
    from planner.kernels.mixture_density import PARTS, TERMS, total_power
    from planner.kernels.tables import W

    rng = np.random.default_rng(5)
    y, parts, constant = (rng.normal(size=n) for n in ((2, 2, W), (2 * PARTS, 2 * TERMS), 2 * PARTS))
    most, total = np.full((2, W), np.nan), np.full((2, W), np.nan)
    total_power(y, parts, constant, most, total)
    return fingerprint(most, total)


def _near_density() -> str:
    """Three points with two of four parts near to each."""
    from planner.kernels.near_density import TERMS, log_totals, near_densities, sort_pairs

    rng = np.random.default_rng(6)
    near, (order, first) = np.array([[0, 2], [3, 0], [0, 3]]), (np.empty(6, np.int64), np.empty(5, np.int64))
    sort_pairs(near.ravel(), first, order)
    y, mean, turn = (rng.normal(size=(*n, TERMS)) for n in ((3,), (4,), (4, 2)))
    width, size, back = rng.random(3), rng.random((4, 2)), 0.5 * rng.normal(size=(4, 3, TERMS))
    back[:, :, 2:] = 0.0
    log, total = np.full((3, 2), np.nan), np.full(3, np.nan)
    rest = width, mean, turn, size, back, rng.uniform(-1.0, 1.0, (4, 3)), np.array([1.0, 0.0, 1.0])
    near_densities(order, first, 2, y, *rest, log)
    log_totals(log, total)
    return fingerprint(order, first, log, total)


class Watch:
    """Which of the functions that would be compiled there are, and which have been executed.

    It takes the place of what compiles them before the first of them is defined.
    """

    def __init__(self) -> None:
        from planner.kernels import jit

        self.every: set[str] = set()
        self.executed: set[str] = set()
        jit.numba.njit = lambda **_: self.watched
        jit._inlined = lambda function, **_: self.watched(function)
        plain = jit.if_given
        jit.if_given = lambda function: plain(self.watched(function))
        for package in map(import_module, ("planner.kernels", "planner.analyses")):
            for module in walk_packages(package.__path__, f"{package.__name__}."):
                import_module(module.name)

    def watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, which remembers its name when it is called."""
        name = f"{function.__module__}.{function.__qualname__}"
        self.every.add(name)

        def called(*arguments: Any) -> Any:
            self.executed.add(name)
            return function(*arguments)

        called.__wrapped__, called.__module__ = function, function.__module__  # type: ignore[attr-defined]
        called.__name__, called.__qualname__ = function.__name__, function.__qualname__
        return called


def report(quick: bool) -> dict[str, Any]:
    """What the cases give, and which functions each has executed; for a process without the compiler."""
    warnings.simplefilter("error")
    watch = Watch()
    given, executed = {}, {}
    for name, case in cases(quick).items():
        watch.executed.clear()
        given[name] = case()
        executed[name] = sorted(watch.executed)
    return {"given": given, "executed": executed, "every": sorted(watch.every)}


if __name__ == "__main__":
    json.dump(report("quick" in sys.argv), sys.stdout)
