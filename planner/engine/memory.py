"""How much memory a simulation may take, asked before it is taken.

Half of what is free to this process, if nothing else is said: of the machine, of its control group (a
container, a batch job) and of its own limits (ulimit). PLANNER_MEMORY or --memory set another limit. Nothing
that is simulated depends on it.
"""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from pathlib import Path

from planner.errors import PlannerError

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SHARE = 0.5
_LEAST = 2**20  # of a limit that makes sense
_UNLIMITED = 2**60  # the limit that control groups of version 1 give where there is none

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
    return int(_SHARE * free())


def free() -> int:
    """Bytes that are free to this process, as far as the system reports it; else 2 GiB."""
    limits = [each for each in (_machine(), *_control_groups(), _own_limit()) if each is not None]
    return max(min(limits), 0) if limits else 2**31


def _machine() -> int | None:
    with suppress(OSError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return None


def _control_groups() -> list[int]:
    """What the control groups leave, by versions 2 and 1 of Linux's interface, from inside or outside."""
    left = []
    own = ""
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, kinds, path = line.split(":", 2)
            if kinds in ("", "memory"):
                own = path if kinds else own or path
    root = Path("/sys/fs/cgroup")
    for folder, most, used in (
        (root, "memory.max", "memory.current"),
        (root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        for place in (folder / own.lstrip("/"), folder):
            with suppress(OSError, ValueError):  # "max" is no number
                most_bytes = int((place / most).read_text())
                if most_bytes < _UNLIMITED:
                    left.append(most_bytes - int((place / used).read_text()))
    return left


def _own_limit() -> int | None:
    """What ulimit leaves of the address space."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            return int(soft) - taken
    return None


def in_words(size: float) -> str:
    """Bytes for people: 1.9 GiB, 340 MiB."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "kiB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size:.0f} bytes"


def check(size: int, what: str, hint: str) -> None:
    """Refuse to take so many bytes, before they are taken."""
    if size > (most := limit()):
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


def peak_memory() -> int | None:
    """Most bytes that this process has held so far; None where the system does not report it."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
