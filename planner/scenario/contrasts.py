"""What is compared: two treatments, first minus second, or any weighted sum of treatment means.

A contrast is written as a list of two treatments or as a table of weights that sum to 0. Sums are taken of
the decimal numbers that are written, so that a difference of nothing is exactly nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from fractions import Fraction
from functools import lru_cache

Contrast = tuple[str, ...] | Mapping[str, float]


def weights(contrast: Contrast) -> dict[str, float]:
    """The weight of each treatment; a list of two treatments is first minus second."""
    if isinstance(contrast, Mapping):
        return dict(contrast)
    return dict(zip(contrast, (1.0, -1.0), strict=False))


def simplest(stated: Mapping[str, float], order: tuple[str, ...]) -> Contrast:
    """The weights in the order of the treatments, without zeros; as a list where they are 1 and -1."""
    kept = {a: stated[a] for a in sorted(stated, key=order.index) if stated[a] != 0.0}
    if sorted(kept.values()) == [-1.0, 1.0]:
        return tuple(sorted(kept, key=lambda a: -kept[a]))
    return kept


def formula(contrast: Contrast, *, ratio: bool = False) -> str:
    """`A - B`, `K - KN - P + PN`, `A - 0.5 B - 0.5 C`; as a ratio `A / B`, `A / (B^0.5 C^0.5)`."""
    if ratio:
        return _ratio(weights(contrast))
    text = ""
    for treatment, weight in weights(contrast).items():
        sign = ("-" if weight < 0 else "+") if text else ("-" if weight < 0 else "")
        size = "" if abs(weight) == 1.0 else f"{abs(weight):.6g} "
        text += f" {sign} {size}{treatment}" if text else f"{sign}{size}{treatment}"
    return text


def _ratio(stated: Mapping[str, float]) -> str:
    above = [_power(a, w) for a, w in stated.items() if w > 0]
    below = [_power(a, -w) for a, w in stated.items() if w < 0]
    divisor = " ".join(below) if len(below) == 1 else f"({' '.join(below)})"
    return f"{' '.join(above) or '1'} / {divisor}"


def _power(treatment: str, weight: float) -> str:
    return treatment if weight == 1.0 else f"{treatment}^{weight:.6g}"


def in_words(contrast: Contrast, *, ratio: bool = False) -> str:
    """`A minus B`, or as a ratio `A over B`; a contrast of more treatments as its formula."""
    if isinstance(contrast, Mapping):
        return formula(contrast, ratio=ratio)
    return (" over " if ratio else " minus ").join(contrast)


def total(contrast: Mapping[str, float], numbers: Mapping[str, float]) -> Fraction:
    """The weighted sum of numbers, exact for the decimal numbers that are written."""
    return sum(
        (exact_weight(w) * Fraction(repr(float(numbers[a]))) for a, w in contrast.items()), Fraction(0)
    )


def cancels(contrast: Mapping[str, float], rows: Mapping[str, Hashable]) -> bool:
    """Whether the contrast is nil whatever the rows mean: treatments with the same row weigh 0 together."""
    sums: dict[Hashable, Fraction] = {}
    for treatment, weight in contrast.items():
        row = rows[treatment]
        sums[row] = sums.get(row, Fraction(0)) + exact_weight(weight)
    return not any(sums.values())


@lru_cache(maxsize=1024)
def exact_weight(x: float) -> Fraction:
    """The number as it is written; 0.333333333333 is a third."""
    written = Fraction(repr(float(x)))
    simple = written.limit_denominator(1000)
    return simple if abs(written - simple) < 1e-9 else written
