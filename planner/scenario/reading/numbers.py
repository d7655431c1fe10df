"""Numbers as people write them for options and sweeps: whole ones, lists, and ranges `from:to:step`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from planner.errors import PlannerError
from planner.scenario.tree import is_number

_DIGITS = 25  # of the longest whole number that is looked at: seeds have twenty
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*:\s*({_NUMBER})\s*:\s*({_NUMBER})\s*")
_COLONS = re.compile(rf"\s*{_NUMBER}\s*(?::\s*{_NUMBER}\s*)+")
_WHOLE = re.compile(r"[+-]?\d+")


class RangeError(PlannerError, ValueError):
    """A range whose values cannot be listed."""


class SteppedRange(NamedTuple):
    """`12:60:4`: from, to (included if it is reached), step, each as it is written."""

    first: str
    last: str
    step: str

    @property
    def whole(self) -> bool:
        """Whether all three are written as whole numbers."""
        return all(_WHOLE.fullmatch(number) for number in self)

    def values(self, most: int) -> list[Decimal]:
        """All values, exactly. Raises RangeError where there are none, or more than `most`."""
        try:
            first, last, step = map(Decimal, self)
            if step == 0 or (last - first) / step < 0:
                raise RangeError("this range has no values", "the step leads away from the end")
            steps = (last - first) / step
            if steps >= most:
                raise RangeError(f"more than {most:,} values", "take larger steps")
        except ArithmeticError:
            raise RangeError("these numbers are too large") from None
        return [first + i * step for i in range(int(steps) + 1)]


def range_in(text: str) -> SteppedRange | None:
    """The range that a text is; None if it is none."""
    match = _RANGE.fullmatch(text)
    return None if match is None else SteppedRange(*match.groups())


def has_colons(text: str) -> bool:
    """Whether a text is numbers between colons, and so meant as a range."""
    return _COLONS.fullmatch(text) is not None


def words_in(texts: Iterable[str]) -> list[str]:
    """The words of texts like `a,b` and `c`, without the blanks around them."""
    return [word.strip() for text in texts for word in text.split(",")]


def numbers_in(texts: Iterable[str]) -> list[float]:
    """The numbers of texts like `.8,.9`. Raises ValueError where a word is no number."""
    return [float(word) for word in words_in(texts)]


def whole_number(text: str) -> int | None:
    """A whole number, also as people write large ones (1_000_000 or 1e6); None if it is none.

    A number that is too long to be looked at comes back as 10^25, which no option allows.
    """
    if re.fullmatch(r"[+-]?[0-9]{1,3}(_[0-9]{3})+", text):
        text = text.replace("_", "")
    if not text.isascii() or "_" in text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or value.adjusted() >= _DIGITS:
        return 10**_DIGITS if value.is_finite() and value > 0 else None
    return int(value) if value == value.to_integral_value() else None


_UNITS = {
    "": 1.0,
    "%": 0.01,
    "d": 1.0,
    "day": 1.0,
    "w": 7.0,
    "wk": 7.0,
    "week": 7.0,
    "h": 1 / 24,
    "hour": 1 / 24,
}
_UNITS |= dict.fromkeys(("patient", "subject", "participant", "point", "pt", "trial", "unit"), 1.0)


def number_meant(value: object) -> float | None:
    """The number that a value is or that a text such as "24", "5 %" or "2 weeks" (14 days) means."""
    if is_number(value):
        return float(str(value))
    if not isinstance(value, str):
        return None
    if re.fullmatch(r"\s*[1-9]\d{0,2}(,\d{3})+\b.*", value):  # commas between thousands
        value = value.replace(",", "")
    match = re.fullmatch(r"\s*([-+]?\d*[.,]?\d+)\s*(%|[A-Za-z]*)\s*", value)
    if match is None:
        return None
    unit = match[2].casefold()
    factor = _UNITS.get(unit, _UNITS.get(unit.removesuffix("s")))
    return None if factor is None else float(match[1].replace(",", ".")) * factor


def number_text(number: float) -> str:
    """A number as it is written in a file."""
    return f"{number:.10g}"
