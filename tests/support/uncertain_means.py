"""Trials with an uncertain mean and their exact power, averaged over it, for tests of assurance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from planner.cli import main
from planner.questions.run.assurance import simulate_variants
from planner.results.assurance import AssuranceRun
from planner.scenario.reading.read import read_text
from tests.support.exact import hills_armitage_power, paired_power

MEANS = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = {patients}
[hypotheses.effect]
means = {{ A = 5, B = 0 }}
sd_difference = 8
{uncertainty}
[[analyses]]
method = "{method}"
alternative = "{alternative}"
"""
NORMAL = '[hypotheses.effect.uncertainty]\n"means.A" = { mean = 5, sd = 3 }\n'
Power = Callable[[float, float], float]


def text(
    method: str = "paired-t", alternative: str = "two-sided", uncertainty: str = NORMAL, patients: int = 24
) -> str:
    return MEANS.format(
        method=method, alternative=alternative, uncertainty=uncertainty, patients=patients
    )  # fmt: skip


def exact(method: str, alternative: str, patients: int) -> Power:
    """Power by effect and SD of the difference."""
    if method == "paired-t":
        return lambda effect, sd: paired_power(patients, effect, sd, 0.05, alternative)
    half = patients // 2
    return lambda effect, sd: hills_armitage_power(half, half, effect, sd, 0.05, alternative)


def averaged(power: Callable[[float], float], quantile: Callable[[Any], Any], nodes: int = 60) -> float:
    """Expectation over a distribution by Gauss-Legendre quadrature on its quantiles."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    return math.fsum(0.5 * w * power(float(q)) for w, q in zip(w, quantile(0.5 * (x + 1)), strict=True))


def run(source: str, trials: int = 60_000, count: int = 460, **how: Any) -> AssuranceRun:
    return simulate_variants(read_text(source), trials=trials, count=count, **how)


# The command


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    captured = capsys.readouterr()
    return code, captured.out, captured.err
