"""The name of an answer: a digest of what was asked and of every number from which the answer was made.

Two answers of the same name are the same answer, whatever machine, threads and chunks they came from; a name
that differs says that something differs: the scenario, an option, the seed, the trials, or a sum. It stands
as `digest` in the `run` of every result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from planner.scenario.scenario import Scenario


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...


def answer_digest(
    command: str,
    engine: str,
    scenarios: Sequence[Scenario],
    *,
    hypotheses: object,
    seed: int,
    trials: object,
    options: Mapping[str, object],
    sums: object,
) -> str:
    """SHA-256 in hexadecimal of an answer of `command`.

    `scenarios`: in the order given. `hypotheses`: those asked about, in order. `trials`: of each cell, or of
    all. `options`: every choice that alters a figure, defaults included. `sums`: every integer that a shown
    figure derives from, and drawn parameters. Numbers, texts, lists, tables and arrays of numbers may be
    nested in any way; floats count with every bit. An order of keys makes no difference, one of lists does.
    """
    named = [_digest(each) for each in scenarios]

    made = hashlib.sha256()
    parts = [command, engine, named, hypotheses, seed, trials, options, sums]
    _add(made, parts)
    return made.hexdigest()


def _digest(scenario: Scenario) -> str:
    from planner.scenario.canonical.resolved import (
        digest,  # stopping boundaries have no scenario, and need nothing of it
    )

    return digest(scenario)


def _add(to: _Hash, value: object) -> None:
    """Add a value, with its kind and length, so that no two different values are the same bytes."""
    match value:
        case None | bool():
            to.update(f"{value};".encode())
        case int() | np.integer():
            to.update(f"i{int(value)};".encode())
        case float() | np.floating():
            to.update(f"f{float(value).hex()};".encode())
        case str():
            text = value.encode("utf-8", "surrogatepass")
            to.update(f"s{len(text)}:".encode() + text)
        case bytes():
            to.update(f"b{len(value)}:".encode() + value)
        case np.ndarray() if value.dtype == object:
            _add(to, ["array", value.shape, value.ravel().tolist()])
        case np.ndarray():
            kind = "f" if value.dtype.kind == "f" else "i"
            data = np.ascontiguousarray(value).astype("<f8" if kind == "f" else "<i8")
            _add(to, [kind, value.shape, data.tobytes()])
        case Mapping():
            to.update(f"m{len(value)}:".encode())
            for key in sorted(value):
                _add(to, [key, value[key]])
        case list() | tuple():
            to.update(f"l{len(value)}:".encode())
            for item in value:
                _add(to, item)
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be part of a name")
