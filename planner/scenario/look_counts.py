"""Looks as numbers of patients: one rule for every number of patients that a trial is taken at."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor

from planner.scenario.text import listed


def nearest(share: Fraction, unit: int, patients: int) -> int:
    """A share of the patients, to the nearest multiple of the allocation unit, halves up."""
    return floor(share * patients / unit + Fraction(1, 2)) * unit


def scaled(shares: Sequence[Fraction], unit: int, patients: int) -> tuple[int, ...]:
    """Patients at each look of a trial of `patients`, the looks being at `shares` of them, the last at all.

    Each is the nearest multiple of the allocation unit, at least one unit after the look before it; looks
    that would reach the last one are left out: always those just before it.
    """
    counts: list[int] = []
    for share in shares[:-1]:
        at = max(nearest(share, unit, patients), counts[-1] + unit if counts else unit)
        if at < patients:
            counts.append(at)
    return (*counts, patients)


def scaling(stated: Sequence[str], unit: int, counts: Sequence[int]) -> str:
    """In words what became of looks that were `stated` otherwise: their `counts` now."""
    sentence = f"for {counts[-1]:,} patients the looks, stated as {listed(stated)}, "
    sentence += (
        f"are scaled to {listed([f'{m:,}' for m in counts])}"
        if len(counts) > 1
        else "come down to the last one"
    )
    if unit > 1 and len(counts) > 1:
        sentence += f" (before the last in whole allocation units of {unit:,} patients)"
    lost = stated[len(counts) - 1 : -1]
    if not lost:
        return sentence
    if len(lost) == 1:
        return f"{sentence}: the one at {lost[0]} would reach the last one and falls away"
    return f"{sentence}: those at {listed(lost)} would reach the last one and fall away"
