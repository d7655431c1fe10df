"""What a patient has not drawn is not read either: without compilation an index out of range is an error."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

MANY_PERIODS = """
schema_version = 1
[design]
sequences = ["A B A B A B A B A B A B", "B A B A B A B A B A B A"]
patients = 4
[hypotheses.h]
means = { A = 1.0, B = 0.0 }
sd_within = 1.0
sd_between = 1.0
sd_interaction = 0.5
"""
ARMS = [f"T{i}" for i in range(20)]
MANY_ARMS = f"""
schema_version = 1
[design]
name = "parallel"
arms = {ARMS}
patients = 20
baselines = "first"
[population]
baseline = {{ mean = 10.0, sd = 2.0 }}
[hypotheses.h]
means = {{ {", ".join(f"{a} = 0.0" for a in ARMS)} }}
sd = 1.0
baseline_correlation = {{ own = 0.5, cross = 0.0, between = 0.5 }}
[[analyses]]
method = "parallel-ancova"
contrast = ["T0", "T19"]
"""
OPPOSED = MANY_PERIODS.replace(
    "sd_within = 1.0\nsd_between = 1.0\nsd_interaction = 0.5", "sd = 1.0\ncorrelation = -0.05"
)


@pytest.mark.long
@pytest.mark.parametrize("text", [MANY_PERIODS, MANY_ARMS, OPPOSED], ids=["periods", "arms", "opposed"])
def test_no_row_is_read_that_was_not_drawn(text: str) -> None:
    """Twelve periods with a patient-by-treatment effect, twenty arms with baselines, opposed scores."""
    lines = [
        "from planner.engine.job import job_of",
        "from planner.engine.workspace import virtual_patients",
        "from planner.scenario.reading.read import read_text",
    ]
    work = f"job_of(read_text({text!r}), tallied=False)"
    program = "; ".join([*lines, f"virtual_patients({work}, 0, 1)"])
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]
