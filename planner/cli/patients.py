"""`--patients`: the size of the trial in place of the scenario's, or several for a sweep or a curve."""

from __future__ import annotations

from collections.abc import Sequence

from planner.cli.exit import Problem
from planner.scenario.caps import MAX_PATIENTS

_MOST = 200  # numbers
_HINT = "for instance --patients 24, or --patients 12:96:12"


def sizes_in(patients: list[str] | None, least: int = 1) -> list[int]:
    """`--patients 12:96:12,120 --patients 6` as numbers, in order, each once."""
    from planner.scenario.reading.numbers import RangeError, SteppedRange, whole_number, words_in

    numbers: set[int] = set()
    for word in words_in(patients or []):
        parts = [whole_number(part.strip()) for part in word.split(":")]
        stated = [part for part in parts if part is not None and part >= 0]
        if len(stated) < len(parts) or len(parts) not in (1, 3):
            raise Problem(
                f"--patients takes whole numbers or from:to:step, not {word or 'nothing'}", hint=_HINT
            )
        first, last, step = stated if len(stated) == 3 else (stated[0], stated[0], 1)
        if step == 0:
            raise Problem(f"--patients {word}: the step is 0", hint=_HINT)
        if first > last:
            raise Problem(f"--patients {word}: the range runs backwards", hint=_HINT)
        limits = f"--patients {word}: from {least} to {MAX_PATIENTS:,} patients, at most {_MOST} numbers"
        try:
            numbers |= {int(value) for value in SteppedRange(str(first), str(last), str(step)).values(_MOST)}
        except RangeError as error:
            raise Problem(limits, hint=_HINT) from error
        if min(numbers) < least or max(numbers) > MAX_PATIENTS or len(numbers) > _MOST:
            raise Problem(limits, hint=_HINT)
    return sorted(numbers)


def size_in(patients: list[str] | None, command: str) -> int | None:
    """The one number of a command that takes no more; None where none is given."""
    sizes = sizes_in(patients)
    if len(sizes) > 1:
        raise Problem(
            f"--patients {','.join(patients or [])}: {command} takes one number",
            hint="planner run takes several, and planner discriminate",
        )
    return sizes[0] if sizes else None


def sizes_setting(sizes: Sequence[int], settings: Sequence[str] | None) -> list[str]:
    """The sizes as the setting that they are, swept where there are several; its faults name the option."""
    from planner.scenario.paths import split_path
    from planner.scenario.reading.overrides import Optioned

    for text in settings or () if sizes else ():
        if split_path(text.partition("=")[0].strip()) == ("design", "patients"):
            raise Problem(f"--patients and --set {text} say the same twice", hint="give one of the two")
    option = f"--patients {sizes[0]}" if len(sizes) == 1 else "--patients"
    return [Optioned(f"design.patients={','.join(map(str, sizes))}", option)] if sizes else []


def settings_with(patients: list[str] | None, settings: list[str] | None, command: str) -> list[str]:
    """All settings of a command that takes one size."""
    size = size_in(patients, command)
    return [*(settings or []), *sizes_setting([] if size is None else [size], settings)]
