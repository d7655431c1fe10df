"""What was observed, in words: counts, means or a difference, and when the trial ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.results.number_text import plain, signed
from planner.scenario.observed import Observed
from planner.scenario.text import listed

Json = Mapping[str, Any]

_COUNTS = {"responders": "response", "remitters": "remission"}


def observed_sentences(observed: Observed, measure: str, unit: str) -> list[str]:
    """What was observed, in sentences; measure and unit of the endpoint."""
    parts = observed_phrases(observed.model_dump(mode="json", exclude_defaults=True), measure, unit)
    return [
        *(f"{each[:1].upper()}{each[1:]}." for each in parts),
        *([observed.note] if observed.note else []),
    ]


def observed_phrases(observed: Json, measure: str, unit: str) -> list[str]:
    """What was observed, one phrase for each kind of result; measure and unit of the endpoint."""
    day = f" on day {plain(observed['day'])}" if "day" in observed else ""
    parts = []
    for key, what in _COUNTS.items():
        if table := observed.get(key):
            parts.append(f"{what}{day} in {listed([f'{x} of {n} on {a}' for a, (x, n) in table.items()])}")
    if pairs := observed.get("pairs"):
        only = [f"{n} to {a} only" for a, n in pairs["only"].items()]
        parts.append(f"response{day}: {pairs['both']} to both, {listed(only)}, {pairs['neither']} to neither")
    if means := observed.get("means"):
        value = plain if measure == "score" else signed
        each = [f"{value(m['mean'])} on {a} ({_spread(m)}n = {m['n']})" for a, m in means.items()]
        parts.append(f"means{day}{f', in {unit}' if unit else ''}: {listed(each)}")
    if difference := observed.get("difference"):
        parts.append(f"{' minus '.join(difference['contrast'])}{day}: {_difference(difference, unit)}")
    if sequences := observed.get("sequences"):
        each = [f"{n} to {name.replace(' ', ' then ')}" for name, n in sequences.items()]
        parts.append(f"{'of these patients' if parts else 'patients seen:'} {listed(each)}")
    if (look := observed.get("stopped_at")) is not None:
        by = f", by the analysis {observed['stopped_by']}" if observed.get("stopped_by") else ""
        parts.append(f"the trial ended at look {look}{by}")
    return parts


def _spread(mean: Json) -> str:
    return f"SD {plain(mean['sd'])}, " if mean.get("sd") is not None else ""


def _difference(about: Json, unit: str) -> str:
    if about.get("F") is not None:
        sign = f", {about['sign']}" if about.get("sign") else ""
        return f"F(1, {plain(about['df'])}) = {plain(about['F'])}{sign}"
    if about.get("t") is not None:
        return f"t({plain(about['df'])}) = {plain(about['t'])}"
    text = f"{signed(about['estimate'])} {unit}".rstrip()
    if about.get("se") is not None:
        text += f", standard error {plain(about['se'])}"
    if about.get("interval"):
        low, high = about["interval"]
        text += f", {plain(100 * about.get('level', 0.95))} % interval {plain(low)} to {plain(high)}"
    return text
