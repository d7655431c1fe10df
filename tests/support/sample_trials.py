"""Small trials that between them use every part of the simulation, and the fingerprint of what they give.

    python -m tests.support.sample_trials > tests/numbers/golden.json

after a change that is meant to change results.

Other tests run this file in processes where something about the machine is different (see `elsewhere`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import subprocess
import sys
import warnings
from typing import Any

import numpy as np

from planner.engine import potential_outcomes, workspace
from planner.engine.generators import generators_of
from planner.engine.job import Job
from planner.kernels.generate.means import generate
from planner.kernels.generate.randomise import allocate
from planner.kernels.jit import COMPILED
from planner.kernels.tables import Floats, Ints, W
from planner.model.allocation import allocation_plan
from planner.model.readings import Reading, reading_of
from planner.questions.run.simulate import simulate
from planner.results.run import Run
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support import sample_dropout, sample_mechanisms
from tests.support.paths import NUMBERS, ROOT

GOLDEN = NUMBERS / "golden.json"
TRIALS = 3_001  # no multiple of a tile
SEED = 2**40 + 7  # both words of the key matter

_TEXTS = {
    # Whole points between limits, two looks, dropout, an effect of period, two hypotheses, two analyses.
    "whole-points": """
        [design]
        sequences = ["A B", "B A"]
        patients = 30
        [population]
        period_effect = [0.0, -1.5]
        dropout = { per_period = 0.08 }
        [endpoint]
        scale = { low = 0, high = 52, step = 1, better = "lower" }
        [hypotheses.effect]
        means = { A = 14.0, B = 18.5 }
        sd_within = 5.5
        sd_between = 6.0
        [hypotheses.null]
        means = { A = 18.5, B = 18.5 }
        sd_within = 5.5
        sd_between = 6.0
        [[analyses]]
        method = "hills-armitage"
        contrast = ["A", "B"]
        [[analyses]]
        method = "paired-t"
        contrast = ["A", "B"]
        alternative = "better"
        alpha = 0.025
        [monitoring]
        looks = [15, 30]
        efficacy = { rule = "obrien-fleming-spending" }
        """,
    # Any number may be a score; one look, nobody leaves.
    "unbounded": """
        [design]
        name = "AB/BA"
        arms = ["A", "B"]
        patients = 24
        [hypotheses.effect]
        means = { A = 10.25, B = 7.0 }
        sd = 6.5
        correlation = 0.4
        [[analyses]]
        method = "hills-armitage"
        contrast = ["A", "B"]
        """,
    # Half points cut at one end; blocks of four; futility that does not bind; one-sided; early leavers.
    "futility": """
        [design]
        name = "AB/BA"
        arms = ["A", "B"]
        patients = 40
        block = 2
        [population]
        dropout = { per_period = 0.1, before_first = 0.03 }
        [endpoint]
        scale = { low = 0, step = 0.5, better = "higher" }
        [hypotheses.small]
        means = { A = 6.0, B = 5.0 }
        sd_within = 2.5
        sd_between = 2.0
        [hypotheses.none]
        means = { A = 5.0, B = 5.0 }
        sd_within = { A = 3.0, "*" = 2.5 }
        sd_between = 2.0
        [[analyses]]
        method = "hills-armitage"
        contrast = ["A", "B"]
        alternative = "better"
        alpha = 0.025
        [monitoring]
        looks = [0.4, 0.7, 1.0]
        efficacy = { rule = "hwang-shih-decani", gamma = -4.0 }
        futility = { rule = "conditional-power", at_most = 0.1 }
        """,
    # Three treatments in six sequences, patients who respond differently, dropout by gap, binding futility.
    "williams": """
        [design]
        name = "williams"
        arms = ["A", "B", "C"]
        patients = 36
        [population]
        period_effect = [0.0, 1.0, 1.5]
        dropout = { per_period = [0.05, 0.1] }
        [hypotheses.effect]
        means = { A = 3.0, B = 1.0, C = 0.0 }
        sd_within = 3.0
        sd_between = 4.0
        sd_interaction = 1.5
        carryover = { A = 0.7 }
        [[analyses]]
        name = "A against C"
        method = "paired-t"
        contrast = ["A", "C"]
        [[analyses]]
        name = "B against C"
        method = "paired-t"
        contrast = ["B", "C"]
        [monitoring]
        looks = [18, 36]
        efficacy = { rule = "pocock-spending" }
        futility = { rule = "kim-demets", beta = 0.2, rho = 2.0, binding = true }
        """,
    # Twice as many patients in one sequence, three periods, carryover that lasts, limits without steps.
    "unequal": """
        [design]
        name = "ABB/BAA"
        arms = ["A", "B"]
        allocation = [2, 1]
        block = 3
        patients = 27
        [population]
        sequence_effect = [0.5, 0.0]
        dropout = { per_period = 0.05 }
        [endpoint]
        scale = { low = 0, high = 100, better = "lower" }
        [hypotheses.effect]
        means = { A = 20.0, B = 30.0 }
        sd_difference = 18.0
        sd_between = 15.0
        carryover = { A = -2.0, B = 1.0 }
        carryover_lasts = "lasting"
        [[analyses]]
        method = "paired-t"
        contrast = ["A", "B"]
        alternative = "less"
        alpha = 0.025
        [monitoring]
        looks = [9, 18, 27]
        efficacy = { rule = "haybittle-peto" }
        """,
    # Baselines before each period, whole points, differing spread and response.
    "baselines": """
        [design]
        name = "AB/BA"
        arms = ["A", "B"]
        patients = 20
        baselines = "period"
        [population]
        baseline = { mean = 20.0, sd = 5.0 }
        dropout = { per_period = 0.2 }
        [endpoint]
        scale = { low = 0, high = 52, step = 1, better = "lower" }
        [hypotheses.effect]
        means = { A = 14.0, B = 18.0 }
        sd_within = { A = 5.0, B = 4.0 }
        sd_between = 4.0
        sd_interaction = 2.0
        baseline_correlation = { own = 0.45, cross = 0.35, between = 0.5 }
        [[analyses]]
        method = "hills-armitage"
        contrast = ["A", "B"]
        """,
    # The same differences of scores, adjusted for those of the baselines.
    "adjusted": """
        [design]
        name = "AB/BA"
        arms = ["A", "B"]
        patients = 24
        baselines = "period"
        [population]
        baseline = { mean = 20.0, sd = 5.0 }
        period_effect = [0.0, 1.0]
        dropout = { per_period = 0.1 }
        [hypotheses.effect]
        means = { A = 14.0, B = 18.0 }
        sd_within = { A = 5.0, B = 4.0 }
        sd_between = 4.0
        baseline_correlation = { own = 0.45, cross = 0.35, between = 0.5 }
        [[analyses]]
        method = "baseline-adjusted"
        contrast = ["A", "B"]
        [[analyses]]
        method = "parallel-ancova"
        contrast = ["A", "B"]
        alternative = "less"
        [monitoring]
        looks = [12, 24]
        efficacy = { rule = "pocock-spending" }
        """,
    # Shares of responders: exact tests on discordant pairs, correlated responses.
    "rates": """
        [design]
        name = "AB/BA"
        arms = ["A", "B"]
        patients = 40
        [population]
        dropout = { per_period = 0.1 }
        [endpoint]
        scale = { better = "lower" }
        measure = "response"
        [hypotheses.effect]
        family = "rates"
        rates = { A = 0.6, B = 0.35 }
        correlation = 0.3
        [hypotheses.null]
        family = "rates"
        rates = { A = 0.4, B = 0.4 }
        discordant = { A = 0.15, B = 0.15 }
        [[analyses]]
        method = "mcnemar-exact"
        contrast = ["A", "B"]
        [monitoring]
        looks = [20, 40]
        efficacy = { rule = "pocock" }
        """,
    # Four treatments in a Williams square: own contrasts, least squares, Welch's df, the first period.
    "factorial": """
        [design]
        name = "williams"
        arms = ["A", "B", "C", "D"]
        allocation = [2, 1, 1, 1]
        patients = 30
        [population]
        period_effect = [0.0, 1.0, 0.5, -1.0]
        dropout = { per_period = [0.05, 0.15, 0.1] }
        [hypotheses.effect]
        means = { A = 5.0, B = 3.0, C = 1.5, D = 1.0 }
        sd_within = { A = 4.0, "*" = 2.0 }
        sd_between = 3.0
        [[analyses]]
        method = "subject-contrast"
        contrast = { A = 1, B = -1, C = -1, D = 1 }
        [[analyses]]
        method = "fixed-subject"
        contrast = { A = 1, B = -0.333333333333, C = -0.333333333333, D = -0.333333333333 }
        alternative = "greater"
        [[analyses]]
        method = "welch"
        contrast = ["A", "D"]
        [[analyses]]
        method = "period-one-welch"
        contrast = ["A", "B"]
        alternative = "greater"
        [monitoring]
        looks = [15, 30]
        efficacy = { rule = "pocock-spending" }
        futility = { rule = "conditional-power", at_most = 0.2 }
        """,
    # Three arms of one period, of which two are compared.
    "parallel": """
        [design]
        name = "parallel"
        arms = ["A", "B", "C"]
        allocation = [2, 1, 2]
        patients = 40
        [population]
        dropout = { before_first = 0.1 }
        [hypotheses.effect]
        means = { A = 1.0, B = 0.5, C = 0.0 }
        sd_within = { A = 1.5, "*" = 1.0 }
        sd_between = 0.5
        [[analyses]]
        contrast = ["A", "C"]
        [[analyses]]
        method = "welch"
        contrast = { A = 1, B = 0.5, C = -1.5 }
        """,
    # Exact tests that allow for a period effect, and of the first period; one-sided too.
    "exact": """
        [design]
        name = "AB/BA"
        arms = ["A", "B"]
        patients = 36
        [population]
        period_effect = [0.0, 0.4]
        dropout = { per_period = 0.1, before_first = 0.05 }
        [endpoint]
        measure = "response"
        [hypotheses.effect]
        rates = { A = 0.7, B = 0.35 }
        correlation = 0.4
        [[analyses]]
        contrast = ["A", "B"]
        [[analyses]]
        method = "mainland-gart"
        contrast = ["B", "A"]
        alternative = "less"
        [[analyses]]
        method = "fisher"
        contrast = ["A", "B"]
        alternative = "greater"
        [monitoring]
        looks = [18, 36]
        efficacy = { rule = "pocock-spending" }
        futility = { rule = "z", z = [0.2] }
        """,
    # A drug, a blocker that lasts into the next period, two components of improvement of different
    # half-lives; entry by a threshold, three days of assessment, scores and responses analysed.
    "mechanisms": """
        [agents.drug]
        [agents.blocker]
        occupancy = 0.9
        half_life_days = 3.0
        [signals.target]
        activated_by = { drug = 1.0 }
        blocked_by = { blocker = 1.0 }
        [signals.cue]
        activated_by = { drug = 0.8 }
        [components.specific]
        share = 0.6
        size = { mean = 0.6, sd = 0.15 }
        half_life_days = { median = 5.0, log_sd = 0.4 }
        [components.expectancy]
        size = { mean = 0.2, sd = 0.1 }
        half_life_days = 10.0
        [treatments]
        A = { agents = ["drug"] }
        B = { agents = ["drug", "blocker"] }
        [design]
        sequences = ["A B", "B A"]
        patients = 24
        washout_days = 7
        assessment_days = [1, 3, 7]
        [population]
        baseline = { mean = 26.0, sd = 3.5, at_least = 20 }
        period_effect = [0.0, -0.5]
        dropout = { per_period = 0.1 }
        [endpoint]
        scale = "HAM-D17"
        measure = "change"
        day = 1
        [hypotheses.blocked]
        terms = [
          { component = "specific", needs = ["target"] },
          { component = "expectancy", needs = ["cue"] },
        ]
        [hypotheses.inert]
        terms = [
          { component = "specific", needs = ["cue"] },
          { component = "expectancy", needs = ["cue"] },
        ]
        [[analyses]]
        name = "change on day 1"
        method = "hills-armitage"
        contrast = ["A", "B"]
        [[analyses]]
        name = "response on day 7"
        method = "mcnemar-exact"
        measure = "response"
        contrast = ["A", "B"]
        day = 7
        [monitoring]
        looks = [12, 24]
        efficacy = { rule = "obrien-fleming-spending" }
        """,
}
NAMES = tuple(_TEXTS)
_TEXTS |= sample_mechanisms.TEXTS | sample_dropout.TEXTS


def trial(name: str) -> Scenario:
    """The scenario of that name."""
    return read_text("schema_version = 1\n" + _TEXTS[name], name)


def sums_digest(run: Run) -> str:
    """Fingerprint of the sums alone, whatever the scenario's own digest is."""
    tally = run.outcome.tally
    text = f"{tally.trials} {tally.ends.shape}".encode()
    sums = tally.ends.astype("<i8").tobytes() + tally.free.astype("<i8").tobytes()
    return hashlib.sha256(text + sums).hexdigest()


def fingerprints(names: tuple[str, ...], trials: int, patients: int | None = None) -> dict[str, str]:
    """Of each trial the fingerprint of its sums; `patients` in place of the scenario's own number."""
    sizes = [patients] if patients else None
    return {n: sums_digest(simulate(trial(n), trials=trials, seed=SEED, patients=sizes)) for n in names}


def generated(name: str, patients: int) -> str:
    """Fingerprint of a tile of virtual patients, and of what a few would show under each treatment."""
    scenario = trial(name)
    names = tuple(scenario.hypotheses)
    readings = list(dict.fromkeys(reading_of(scenario, analysis) for analysis in scenario.analyses))
    how = allocation_plan(scenario)
    sequence = np.zeros((1, patients), np.int64)
    values = np.full((1, patients, len(names), len(readings), how.leave.size * W), np.nan)
    allocate(0, np.uint64(SEED), how.block, sequence)
    for group in generators_of(scenario, names, readings):
        group.generate(0, np.uint64(SEED), how, group.tables, sequence, values)
    values[np.isnan(values)] = np.nan  # one of the many bit patterns that say so
    would = _potential(scenario, names, readings)
    parts = (sequence.astype("<i8"), values.astype("<f8"), would.astype("<f8"))
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def _potential(scenario: Scenario, names: tuple[str, ...], readings: list[Reading]) -> Floats:
    """True contrasts (hypothesis, reading), from two tiles in place of a million patients."""
    usual, potential_outcomes._BLOCK = potential_outcomes._BLOCK, 1
    try:
        means = potential_outcomes.potential_means(
            scenario, names, readings, scenario.design.treatments, SEED, tiles=2
        )
    finally:
        potential_outcomes._BLOCK = usual
    weight = np.zeros(len(scenario.design.treatments))
    weight[:2] = 1.0, -1.0
    places = range(len(weight))
    return np.array(
        [[means.contrast(h, r, places, weight)[0] for r in range(len(readings))] for h in range(len(names))]
    )


def virtual_patients(work: Job, first: int, tiles: int) -> tuple[Ints, Floats]:
    """A block: sequences i64[tile, patient], outcomes f64[tile, patient, hypothesis, reading, period * W]."""
    return workspace.virtual_patients(work, first, tiles)


def environment(**changes: str) -> dict[str, str]:
    """The environment of a child process that finds the package and this file."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "error", **changes}


def elsewhere(*arguments: str, **changes: str) -> subprocess.Popen[str]:
    """Start this file in a process of its own with a changed environment; it prints a report as JSON."""
    command = [sys.executable, "-m", "tests.support.sample_trials", "--report", *arguments]
    return subprocess.Popen(
        command, env=environment(**changes), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def answers(*children: subprocess.Popen[str], timeout: float = 300.0) -> list[dict[str, Any]]:
    """The reports of children that were started by `elsewhere`; what they complain of if they failed."""
    reports: list[dict[str, Any]] = []
    try:
        for child in children:
            out, complaints = child.communicate(timeout=timeout)
            assert child.returncode == 0, complaints
            reports.append(json.loads(out))
    finally:
        for child in children:
            child.kill()
            child.communicate()
    return reports


def _libm() -> str:
    """Fingerprint of the C library's exponential, logarithm and sine: differs between processors."""
    grid = [0.1 + 0.00037 * i for i in range(30_000)]
    values = [f(x) for x in grid for f in (math.exp, math.log, math.sin)]
    return hashlib.sha256(np.array(values).tobytes()).hexdigest()


def _vectors() -> bool:
    """Whether the kernel of this process uses vectors of 32 bytes or more; only for one that compiled it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # code from the cache cannot be looked at
        text = "".join(generate.inspect_asm().values()) if COMPILED else ""
    return "%ymm" in text or "%zmm" in text


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--patients", type=int)
    parser.add_argument("--generated", action="store_true", help="the virtual patients only")
    parser.add_argument("--report", action="store_true", help="tell of the machine too")
    given = parser.parse_args()
    if given.generated:
        found: dict[str, Any] = {name: generated(name, given.patients) for name in given.names}
    else:
        found = fingerprints(tuple(given.names), given.trials, given.patients)
    if given.report:
        found = {"trials": found, "libm": _libm(), "vectors": _vectors()}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    _main()
