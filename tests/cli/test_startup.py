"""The first answer comes at once, and imports nothing that it does not need."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

LIMIT_S = 0.2  # promised on an idle machine; the test allows for a busy one
SLACK = 5
HEAVY = ("numpy", "scipy", "numba", "polars", "rich")


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["--version"], ["run", "--help"]], ids=lambda a: " ".join(a)
)
def test_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from planner.cli import main; code = main(sys.argv[1:]);"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert done.stdout
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("arguments", [[], ["--help"]], ids=["welcome", "help"])
def test_answers_at_once(arguments: list[str]) -> None:
    """The best of several, because anything else the machine does only ever adds time."""
    code = "import sys; from planner.cli import main; sys.exit(main(sys.argv[1:]))"
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, check=True, timeout=60)
        best = min(best, time.perf_counter() - begun)
    assert best < LIMIT_S * SLACK, f"{best:.3f} s"
