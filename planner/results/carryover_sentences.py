"""The bias from carryover in words: a sentence for each analysis. Works on cells of the JSON form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from planner.results.number_text import plain, plus_minus
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed, quote
from planner.scenario.vocabulary import BINARY_MEASURES

Unit = tuple[str, float]  # name, factor
BEGIN = "carryover biases the estimate of "


def labels(scenario: Scenario) -> Callable[[str], str]:
    """What the hypotheses of a scenario are called: by their label in quotation marks, else by name."""

    def called(name: str) -> str:
        label = scenario.hypotheses[name].label if name in scenario.hypotheses else ""
        return f"“{label}”" if label and label != name else name

    return called


def unit_of(scenario: Scenario, analysis: str) -> Unit:
    """The unit in which the bias of an analysis is given."""
    about = next(each for each in scenario.analyses if each.name == analysis)
    if about.outcome:
        return scenario.outcomes[about.outcome].unit, 1.0
    measure = about.measure or scenario.endpoint.measure
    if measure in BINARY_MEASURES:
        return "percentage points", 100.0
    return ("%" if measure == "percent-change" else scenario.endpoint.unit), 1.0


def bias_sentences(
    cells: Sequence[Mapping[str, Any]],
    name: Callable[[Mapping[str, Any]], str],
    unit: Callable[[Mapping[str, Any]], Unit],
) -> list[str]:
    """For each analysis the hypotheses under which carryover matters, and how much.

    `name`: what a hypothesis of a cell is called. Of several cells of one name the worst is named, and where
    that is.
    """
    rows: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for cell in cells:
        if (cell.get("carryover") or {}).get("matters"):
            rows.setdefault((cell["analysis"], name(cell)), []).append(cell)
    under: dict[str, list[str]] = {}
    for (analysis, called), alike in rows.items():
        worst = max(alike, key=lambda cell: _share(cell["carryover"]))
        amounts = [_amount(cell["carryover"], *unit(cell)) for cell in alike]
        at = f", at worst, with {_where(worst)}," if len(set(amounts)) > 1 else ""
        under.setdefault(analysis, []).append(f"{called}{at} by {amounts[alike.index(worst)]}")
    return [f"{BEGIN}{analysis} under {listed(each)}" for analysis, each in under.items()]


def _share(about: Mapping[str, Any]) -> float:
    return max(about["of_standard_error"] or 0.0, about["of_effect"] or 0.0)


def _where(cell: Mapping[str, Any]) -> str:
    """`24 patients`, or the settings that are swept."""
    swept = [f"{path.rpartition('.')[2]} {quote(value)}" for path, value in cell.get("sweep", {}).items()]
    return ", ".join(swept) or f"{cell['patients']:,} patients"


def _amount(about: Mapping[str, Any], unit: str, factor: float) -> str:
    bias = about["bias"]
    size = plus_minus(bias["estimate"] * factor, bias["mcse"] * factor, sign=True)
    parts = []
    if about["of_standard_error"] is not None:
        parts.append(f"{plain(about['of_standard_error'], 2)} standard errors at the last look")
    if about["of_effect"] is not None:
        parts.append(f"{plain(100.0 * about['of_effect'], 2)} % of the true effect")
    return f"{size} {unit}".rstrip() + f" ({', '.join(parts)})"
