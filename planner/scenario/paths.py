"""The path of a setting as users write it, taken apart; planner.scenario.faults.dotted puts it together."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache

from planner.scenario.faults import Path

_PART = re.compile(r"""[ \t]*("(?:[^"\\]|\\.)*"|'[^']*'|[^\s."'=\[\]]+)[ \t]*""")


def leading_path(text: str) -> tuple[Path, int]:
    """The dotted path that a text begins with, and the offset behind it; empty if there is none."""
    parts: list[str | int] = []
    at = 0
    while (part := _PART.match(text, at)) is not None:
        word = part[1]
        if word[0] in "\"'":
            try:
                parts.append(tomllib.loads(f"k={word}")["k"])
            except ValueError:
                return (), 0
        else:
            parts.append(int(word) if word.isascii() and word.isdigit() and len(word) < 6 else word)
        at = part.end()
        if not text.startswith(".", at):
            return tuple(parts), at
        at += 1
    return (), 0


@lru_cache(maxsize=4096)
def split_path(text: str) -> Path:
    """A dotted path as written in `assumed`, `supports` or `--set`; empty if it is none."""
    path, end = leading_path(text)
    return path if end == len(text) else ()
