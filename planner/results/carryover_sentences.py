"""The bias from carryover in words: a sentence for each analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from planner.results.cells import CarryoverFigures
from planner.results.effect_scale import Unit
from planner.results.number_text import plain, plus_minus
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed, quote

BEGIN = "carryover biases the estimate of "


def labels(scenario: Scenario) -> Callable[[str], str]:
    """What the hypotheses of a scenario are called: by their label in quotation marks, else by name."""

    def called(name: str) -> str:
        label = scenario.hypotheses[name].label if name in scenario.hypotheses else ""
        return f"“{label}”" if label and label != name else name

    return called


class Carried(NamedTuple):
    """An estimate to which carryover may add something, and what to call it."""

    analysis: str
    under: str  # the hypothesis
    at: str  # what sets it apart from others of the same analysis and hypothesis: see `place`
    unit: Unit
    carryover: CarryoverFigures | None


def bias_sentences(estimates: Iterable[Carried]) -> list[str]:
    """For each analysis the hypotheses under which carryover matters, and how much.

    Of several of one hypothesis the worst is named, and where that is.
    """
    rows: dict[tuple[str, str], list[tuple[CarryoverFigures, Carried]]] = {}
    for each in estimates:
        if each.carryover is not None and each.carryover.matters:
            rows.setdefault((each.analysis, each.under), []).append((each.carryover, each))
    under: dict[str, list[str]] = {}
    for (analysis, called), alike in rows.items():
        worst = max(range(len(alike)), key=lambda i: _share(alike[i][0]))
        amounts = [_amount(figures, each.unit) for figures, each in alike]
        at = f", at worst, with {alike[worst][1].at}," if len(set(amounts)) > 1 else ""
        under.setdefault(analysis, []).append(f"{called}{at} by {amounts[worst]}")
    return [f"{BEGIN}{analysis} under {listed(each)}" for analysis, each in under.items()]


def place(patients: int, sweep: Mapping[str, object] = MappingProxyType({})) -> str:
    """`24 patients`, or the settings that are swept."""
    swept = [f"{path.rpartition('.')[2]} {quote(value)}" for path, value in sweep.items()]
    return ", ".join(swept) or f"{patients:,} patients"


def _share(about: CarryoverFigures) -> float:
    return max(about.of_standard_error or 0.0, about.of_effect or 0.0)


def _amount(about: CarryoverFigures, unit: Unit) -> str:
    size = plus_minus(about.bias.estimate * unit.factor, about.bias.error * unit.factor, sign=True)
    parts = []
    if about.of_standard_error is not None:
        parts.append(f"{plain(about.of_standard_error, 2)} standard errors at the last look")
    if about.of_effect is not None:
        parts.append(f"{plain(100.0 * about.of_effect, 2)} % of the true effect")
    return f"{size} {unit.name}".rstrip() + f" ({', '.join(parts)})"
