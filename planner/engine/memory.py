"""How much memory a simulation may take, asked before it is taken.

Half of what is free to this process, if nothing else is said: of the machine, of its control group (a
container, a batch job) and of its own limits (ulimit). PLANNER_MEMORY or --memory set another limit. Nothing
that is simulated depends on it.
"""

from __future__ import annotations

import os
import re

from planner._platform import free_memory
from planner.errors import PlannerError

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SHARE = 0.5
_LEAST = 2**20  # of a limit that makes sense

_chosen: int | None = None


class MemoryLimitError(PlannerError):
    """More memory is needed than may be taken, or it cannot be said how much that is."""


def parse(text: str) -> int:
    """Bytes of `4G`, `512M` or a plain number. Raises ValueError."""
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(?:i?B)?\s*", text, re.IGNORECASE)
    if match is None:
        raise ValueError(f"{text!r} is not an amount of memory, such as 4G or 512M")
    size = int(float(match[1]) * _UNITS[match[2].upper()])
    if size < _LEAST:
        raise ValueError(f"{text} of memory is too little; at least 1M, such as 4G or 512M")
    return size


def choose(size: int | None) -> None:
    """Set the limit in bytes for this process; None: as if nothing had been said."""
    global _chosen
    _chosen = size


def limit() -> int:
    """Bytes that a simulation may take. Raises MemoryLimitError if PLANNER_MEMORY is no amount of memory."""
    if _chosen is not None:
        return _chosen
    if text := os.environ.get("PLANNER_MEMORY"):
        try:
            return parse(text)
        except ValueError as error:
            raise MemoryLimitError(f"PLANNER_MEMORY: {error}", "unset it, or set it to 4G") from error
    return int(_SHARE * free_memory())


def in_words(size: float) -> str:
    """Bytes for people: 1.9 GiB, 340 MiB."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "kiB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size:.0f} bytes"


def fits(size: int) -> bool:
    """Whether so many bytes may be taken; so few that any limit leaves them are taken without a look."""
    return size <= _LEAST or size <= limit()


def check(size: int, what: str, hint: str) -> None:
    """Refuse to take so many bytes, before they are taken."""
    if not fits(size):
        most = limit()
        raise MemoryLimitError(
            f"{what} takes {in_words(size)} of memory, and {in_words(most)} may be taken",
            f"{hint}; or allow more: --memory {_enough(size)}",
        )


def _enough(size: int) -> str:
    """An option's value that suffices."""
    return f"{-(-size // 2**30)}G" if size > 2**30 else f"{-(-size // 2**20)}M"


def workers(size: int, wanted: int, what: str, hint: str) -> int:
    """How many of the wanted threads there can be, each of which takes so many bytes; at least one fits."""
    check(size, what, hint)
    return max(1, min(wanted, limit() // max(size, 1)))
