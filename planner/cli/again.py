"""The command that gives the same answer again: what was typed, and what decides the answer beside it.

Everything that alters a figure is in it, so that whoever pastes it gets a result with the same digest.
Threads, formats and files are not: they alter nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence


def command(
    name: str,
    sources: Sequence[str],
    *,
    settings: Sequence[str] | None = None,
    hypotheses: Sequence[str] = (),
    **options: object,
) -> str:
    """`planner NAME SOURCES --set ... --hypothesis ... --option value`, quoted for a shell.

    An option that is None, False or an empty list is left out; True is a flag; a list is joined by commas;
    numbers are written with every digit.
    """
    words = ["planner", name, *(f"./{source}" if source.startswith("-") else source for source in sources)]
    for each in settings or ():
        words += ["--set", each]
    for each in hypotheses:
        words += ["--hypothesis", each]
    for option, value in options.items():
        if value is None or value is False or value == []:
            continue
        words.append(f"--{option.replace('_', '-')}")
        if value is not True:
            words.append(",".join(map(_written, value)) if isinstance(value, list) else _written(value))
    return shlex.join(words)


def _written(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)
