"""Trials with a period effect whose sequences have unequal numbers, for tests of weighing their results."""

from __future__ import annotations

from typing import Any

HEADER = "subject,sequence,period,treatment,value"


def as_csv(patients: list[tuple[str, tuple[float, ...]]]) -> str:
    lines = [HEADER]
    for number, (sequence, values) in enumerate(patients, 1):
        for k, (a, x) in enumerate(zip(sequence.split(), values, strict=True), 1):
            lines.append(f"{number},{sequence},{k},{a},{x}")
    return "\n".join(lines) + "\n"


def of(found: Any) -> dict[str, dict[str, Any]]:
    return {row["hypothesis"]: row for row in found.to_json()["hypotheses"]}
