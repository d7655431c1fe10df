"""The endpoint in plain English: what is measured, on which scale, and what of it is analysed."""

from __future__ import annotations

from planner.results.effect_scale import measure_unit
from planner.results.number_text import percent, plain
from planner.scenario.scenario import Scenario
from planner.scenario.vocabulary import BINARY_MEASURES


def endpoint_sentences(scenario: Scenario) -> list[str]:
    scale = scenario.endpoint.scale
    lines = [_measured(scenario)]
    if scale.low is not None and scale.high is not None:
        lines.append(f"Scores go from {plain(scale.low)} to {plain(scale.high)}.")
    elif scale.low is not None or scale.high is not None:
        side, limit = ("least", scale.low) if scale.low is not None else ("most", scale.high)
        lines.append(f"Scores are at {side} {plain(limit)}.")
    if scale.step is not None:
        lines.append(f"Scores are multiples of {plain(scale.step)}.")
    return lines


def _measured(scenario: Scenario) -> str:
    """What is analysed, in one sentence: `Score (points), as change from baseline; lower is better.`"""
    endpoint, scale = scenario.endpoint, scenario.endpoint.scale
    name, measure = endpoint.label or scale.name or "the score", endpoint.measure
    if measure in BINARY_MEASURES and not any(h.tells_scores() for h in scenario.hypotheses.values()):
        text = name if name.casefold() == measure else f"{name}: {measure}"
        return f"{text}, yes or no; the more patients, the better."
    better = f"; {scale.better} is better" if scale.better else ""
    if measure == "response" and scale.response is not None:
        fall = f"a fall by {percent(scale.response)} of the baseline or more"
        return f"{name} ({endpoint.unit}{better}), as response: {fall}."
    if measure == "remission" and scale.remission_at_most is not None:
        return f"{name} ({endpoint.unit}{better}), as remission: {plain(scale.remission_at_most)} or less."
    read = {"change": ", as change from baseline", "percent-change": ", as percent change from baseline"}
    ratio = "; treatments are compared by the ratio of their geometric means" if endpoint.on_logs else ""
    return f"{name}{endpoint.unit_in_brackets}{read.get(measure, '')}{better}{ratio}."


def measure_and_unit(scenario: Scenario) -> tuple[str, str]:
    """The measure of the endpoint, and the unit of its values."""
    measure = scenario.endpoint.measure
    return measure, measure_unit(scenario, measure).name
