"""Analyses as users write them, for tests: plain functions and kernels, sound and faulty ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import planner
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, T, W


def own_differences(outcomes: Any, treatments: Any, contrast: Any) -> Any:
    weight = sum((treatments == name) * w for name, w in contrast.items())
    own = (weight * outcomes).sum(axis=1)
    return own[~np.isnan(own)]


def paired(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
    """The paired t test."""
    own = own_differences(outcomes, treatments, contrast)
    if len(own) < 2:
        return None
    return own.mean(), own.std(ddof=1) / np.sqrt(len(own)), len(own) - 1


def first_period(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
    """The two-sample t test of the first period."""
    groups = [outcomes[treatments[:, 0] == name, 0] for name in contrast]
    groups = [g[~np.isnan(g)] for g in groups]
    df = sum(map(len, groups)) - 2
    if min(map(len, groups)) == 0 or df < 1:
        return None
    variance = sum(((g - g.mean()) ** 2).sum() for g in groups) / df
    estimate = sum(w * g.mean() for w, g in zip(contrast.values(), groups, strict=True))
    return estimate, math.sqrt(variance * sum(1 / len(g) for g in groups)), df


@planner.kernel
def paired_kernel(values, h, reading, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """The paired t test, compiled."""
    weight = contrast.weight
    for tile in range(values.shape[0]):
        for look in range(counts.size):
            for i in range(W):
                n = total = squares = 0.0
                for p in range(counts[look]):
                    d = -centre
                    for k in range(weight.shape[1]):
                        d += weight[sequence[tile, p], k] * values[tile, p, h, reading, k * W + i]
                    if d == d:
                        n += 1.0
                        total += d
                        squares += d * d
                out, df, mean = stat[look, tile], max(n - 1.0, 0.0), total / max(n, 1.0)
                se = math.sqrt(max(squares - total * mean, 0.0) / max(df, 1.0) / max(n, 1.0))
                out[i + ESTIMATE * W] = mean + centre
                out[i + SE * W] = se
                out[i + T * W] = (mean + centre) / se if se > 0.0 else 0.0
                out[i + DF * W] = df if se > 0.0 else 0.0
                out[i + COMPLETERS * W] = n


@planner.kernel
def raising(values, h, reading, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """Fails."""
    raise ValueError("no such luck")


@planner.kernel
def outside(values, h, reading, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """Writes where nothing is."""
    stat[counts.size, 0, 0] = 1.0


@planner.kernel
def untyped(values, h, reading, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """Cannot be compiled."""
    stat[0, 0, 0] = "a text"


@planner.kernel
def idle(values, h, reading, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """Fills nothing."""


@planner.kernel
def halves(values, h, reading, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """Half a degree of freedom."""
    stat[:] = 1.5


@planner.kernel
def writing_values(values, h, reading, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """Writes to what others read."""
    values[:] = 7.0
    stat[:] = 1.0


@planner.kernel
def writing_sequence(values, h, reading, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """Writes to what others read."""
    sequence[0, 0] = 1
    stat[:] = 1.0


@planner.kernel
def writing_counts(values, h, reading, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """Writes to what others read."""
    counts[0] = 1
    stat[:] = 1.0


@planner.kernel
def writing_weights(values, h, reading, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """Writes to what others read."""
    contrast.weight[0, 0] = 1.0
    stat[:] = 1.0


@planner.kernel
def writing_unseen(values, h, reading, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """Writes to what others read, in a way that the compiler lets pass."""
    values.flat[0] = 7.0
    stat[:] = 1.0


@planner.kernel
def huge(values, h, reading, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """An estimate whose square is no number."""
    stat[:] = 1.0
    stat[:, :, ESTIMATE * W : (ESTIMATE + 1) * W] = 1e200


KERNELS_THAT_FAIL = {
    "writing_values": (writing_values, "TypingError.*readonly array"),
    "writing_sequence": (writing_sequence, "TypingError.*readonly array"),
    "writing_counts": (writing_counts, "TypingError.*readonly array"),
    "writing_weights": (writing_weights, "TypingError.*readonly array"),
    "writing_unseen": (writing_unseen, "it writes to values, which other analyses are given as well"),
    "huge": (huge, "the estimate 1e\\+200 is too large to be added up"),
    "raising": (raising, "ValueError: no such luck"),
    "outside": (outside, "IndexError: index is out of bounds"),
    "untyped": (untyped, "TypingError"),
    "halves": (halves, "1.5 degrees of freedom are no whole number"),
}
