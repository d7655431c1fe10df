"""Numbers and names as people read them: an estimate and its error rounded together, names made harmless.

Every face of a result (terminal, Markdown, report) takes its figures from here, so that a number looks the
same wherever it is met.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from planner.results.figures import Figure

DASH = "–"  # a number that does not exist


def decimals(error: float) -> int:
    """How many decimals to show so that the error keeps one significant digit (0.097 is 0.1)."""
    places = -math.floor(math.log10(error))
    if round(error, places) >= 10.0 ** (1 - places):
        places -= 1
    return max(places, 0)


def fixed(value: float, places: int) -> str:
    """The value with so many decimals; never -0.0."""
    text = f"{value:,.{places}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text


def plus_minus(value: float | None, error: float | None, *, percent: bool = False, sign: bool = False) -> str:
    """The value and its Monte Carlo standard error, rounded together: `81.2 ± 0.1 %`."""
    if value is None or not math.isfinite(value):
        return DASH
    scale = 100.0 if percent else 1.0
    unit = " %" if percent else ""
    value *= scale
    if error is None or not math.isfinite(error) or error <= 0:
        text, tail = plain(value), ""
    else:
        error *= scale
        places = min(decimals(error), 6)
        text, tail = fixed(value, places), f" ± {fixed(error, places)}"
    if sign and not text.startswith("-") and text.strip("0.,"):
        text = f"+{text}"
    return f"{text}{tail}{unit}"


def estimated(figure: Figure | Mapping[str, Any] | None, *, percent: bool = False) -> str:
    """A figure, as it is or as in the JSON contract, as people read it."""
    if figure is None:
        return DASH
    if isinstance(figure, Figure):
        return plus_minus(figure.estimate, figure.mcse, percent=percent)
    return plus_minus(figure.get("estimate"), figure.get("mcse"), percent=percent)


def plain(value: float | None, digits: int = 4) -> str:
    """A stated or exact number: at most so many significant digits, no trailing zeros, no exponent."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    text = fixed(value, min(places, 10))
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float | None, digits: int = 3, *, places: int | None = None) -> str:
    """A stated or exact share as people read it: 95 %; at most so many digits, or with so many decimals."""
    if share is None:
        return DASH
    return f"{plain(100.0 * share, digits) if places is None else fixed(100.0 * share, places)} %"


def signed(value: float | None, digits: int = 4) -> str:
    """A difference, with its sign written out."""
    text = plain(value, digits)
    return f"+{text}" if value is not None and math.isfinite(value) and value > 0 else text


def factor(value: float | None, digits: int = 4) -> str:
    """What something is multiplied by: `× 1.05`."""
    return DASH if value is None else f"× {plain(value, digits)}"


def duration(seconds: float) -> str:
    """A rough time: `less than a second`, `12 s`, `3 min`, `2.5 h`, `4 days`."""
    if seconds < 1.0:
        return "less than a second"
    for most, size, unit in ((90.0, 1.0, "s"), (5400.0, 60.0, "min"), (129600.0, 3600.0, "h")):
        if seconds < most:
            return f"{plain(seconds / size, 2)} {unit}"
    return f"{plain(seconds / 86400.0, 2)} days"


def memory(bytes: int) -> str:
    """Rough memory: `180 MB`, `2.4 GB`."""
    return f"{plain(bytes / 1e9, 2)} GB" if bytes >= 1e9 else f"{plain(bytes / 1e6, 2)} MB"
