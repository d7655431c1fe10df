"""Compiling a user's analysis: as those of planner are, and kept under the SHA-256 of its source."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

from planner.analyses.own.source import fingerprint
from planner.kernels import jit
from planner.kernels.cache import KernelCache


class OwnCache(KernelCache):
    """Compiled forms by the source of the function, of what it calls and of the values that it uses."""

    def __init__(self, function: Callable[..., Any], folder: Path, source: str) -> None:
        super().__init__(function, folder)
        self._source = source

    def _key(self, signature: Any, codegen: Any) -> str:
        return repr((signature, codegen.magic_tuple(), self._source))


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile an analysis of your own: see planner.analyses for what it is given and what it fills.

    Raises AnalysisError for a function whose source, or what it uses, cannot be read.

    >>> import planner
    >>> from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, T, W
    >>> @planner.kernel
    ... def paired(values, h, reading, sequence, contrast, centre, counts, stat):
    ...     for tile in range(values.shape[0]):
    ...         for look in range(counts.size):
    ...             for i in range(W):
    ...                 n = total = squares = 0.0
    ...                 for p in range(counts[look]):
    ...                     d = -centre
    ...                     for k in range(contrast.weight.shape[1]):
    ...                         weight = contrast.weight[sequence[tile, p], k]
    ...                         d += weight * values[tile, p, h, reading, k * W + i]
    ...                     if d == d:  # NaN: who left
    ...                         n, total = n + 1.0, total + d
    ...                         squares += d * d
    ...                 out, df = stat[look, tile], max(n - 1.0, 0.0)
    ...                 mean = total / max(n, 1.0)
    ...                 rest = max(squares - total * mean, 0.0)
    ...                 se = (rest / max(df, 1.0) / max(n, 1.0)) ** 0.5
    ...                 estimate = mean + centre
    ...                 out[i + ESTIMATE * W], out[i + SE * W] = estimate, se
    ...                 out[i + T * W] = estimate / se if se > 0.0 else 0.0
    ...                 out[i + DF * W] = df if se > 0.0 else 0.0
    ...                 out[i + COMPLETERS * W] = n
    >>> planner.Analysis(paired, title="Paired t test", needs="within").compiled
    True
    """
    source = fingerprint(function)
    compiled: Any = jit.kernel(function)
    if isinstance(getattr(compiled, "_cache", None), KernelCache):
        compiled._cache = OwnCache(function, Path(compiled._cache.cache_path), source)
    if jit.COMPILED:
        compiled.planner_source = source
    return compiled  # type: ignore[no-any-return]


@cache
def within_bounds(compiled: Any) -> Callable[..., Any]:
    """The same kernel with every index looked at: slower, and an IndexError where memory would be damaged."""
    if not hasattr(compiled, "py_func"):
        return compiled  # type: ignore[no-any-return]
    python = compiled.py_func
    checked: Any = numba.njit(nogil=True, boundscheck=True, error_model="numpy")(python)
    if isinstance(compiled._cache, OwnCache):
        source = f"{compiled.planner_source} within bounds"
        checked._cache = OwnCache(python, Path(compiled._cache.cache_path), source)
    return checked  # type: ignore[no-any-return]
