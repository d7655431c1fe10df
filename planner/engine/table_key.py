"""What a kernel is given, as a key: equal keys, equal figures to the last bit."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from planner.engine.generators import Generator

TableKey = tuple[object, ...]
"""The kernels themselves, and the SHA-256 of all numbers."""


def generators_key(generators: Sequence[Generator], *beside: object) -> TableKey:
    """The key of generators and of what is given `beside` them."""
    return (
        tuple(each.generate for each in generators),
        numbers_key([each.tables for each in generators], *beside),
    )


def numbers_key(*values: object) -> str:
    """SHA-256 of arrays, numbers and texts, and of tuples and lists of them, with their types and shapes."""
    digest = hashlib.sha256()
    _add(digest, values)
    return digest.hexdigest()


def _add(digest: Any, value: object) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"array {value.dtype.str} {value.shape} ".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, tuple | list):
        digest.update(f"{type(value).__name__} {len(value)} ".encode())
        for each in value:
            _add(digest, each)
    elif value is None or isinstance(value, bool | int | float | str | np.generic):
        digest.update(f"{type(value).__name__} {value!r} ".encode())
    else:
        raise TypeError(f"a {type(value).__name__} has no key")
