"""What t limits at several looks make of alpha, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from planner.results.number_text import percent
from planner.scenario.text import listed


class Held(Protocol):
    """What the limits of an analysis can do at a number of patients."""

    @property
    def analysis(self) -> str: ...
    @property
    def alpha(self) -> float: ...
    @property
    def type_one_error(self) -> float | None: ...
    @property
    def early_efficacy(self) -> bool: ...


def about_limits(limits: Sequence[Held]) -> list[str]:
    """The type I error that t limits before the last look give, computed; empty without such limits.

    `limits`: for each analysis and number of patients.
    """
    early = [each for each in limits if each.early_efficacy and each.type_one_error is not None]
    if not early:
        return []
    by_analysis: dict[str, list[Held]] = {}
    for each in early:
        by_analysis.setdefault(each.analysis, []).append(each)
    several = len({each.analysis for each in limits}) > 1
    names_by_error: dict[tuple[str, str], list[str]] = {}  # by share and level: the analyses
    for name, rows in by_analysis.items():
        errors = sorted(row.type_one_error for row in rows if row.type_one_error is not None)
        low, high = (f"{100 * error:.2f}" for error in (errors[0], errors[-1]))
        share = f"{high} %" if low == high else f"{low} to {high} %"
        level = listed(list(dict.fromkeys(percent(row.alpha, digits=4) for row in rows)), "or")
        names_by_error.setdefault((share, level), []).append(name)
    every = len({each.analysis for each in limits})
    phrases = []
    for (share, level), names in names_by_error.items():
        of = "each analysis" if len(names) == every else listed(names)
        phrases.append(f"{share}{f' ({of})' if several else ''} where alpha is {level}")
    return [
        f"Type I error of the looks' t limits together: {listed(phrases)}, computed for normal data if "
        "nobody leaves (futility obeyed only where it is binding). Each limit has the level that a normal "
        "statistic would need there; with few patients that is a little too lax for t tests at several looks."
    ]
