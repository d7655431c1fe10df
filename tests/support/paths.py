"""Where things stand: the checkout, the numbers to compare with, and scenario files to read."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = ROOT / "tests" / "numbers"
INPUTS = ROOT / "tests" / "inputs"
