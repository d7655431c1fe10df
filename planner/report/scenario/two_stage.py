"""Two-stage trials in words, as they stand in a protocol."""

from __future__ import annotations

from planner.model.two_stage import two_stage_plan_of
from planner.report.blocks import Block, Heading, Items
from planner.report.two_stage_words import what_is_decided
from planner.results.number_text import plain
from planner.scenario.adaptive import Adaptive
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed


def stages_line(scenario: Scenario) -> str:
    """`12 patients in stage 1, and at most 120 in both stages`; empty where there is no second stage."""
    if scenario.monitoring.adaptive is None:
        return ""
    first, most = scenario.monitoring.counts
    return f"{first:,} patients in stage 1, at most {most:,} in both stages"


def levels(scenario: Scenario) -> str:
    """The levels of the tests, in a few words."""
    adaptive = scenario.monitoring.adaptive
    assert adaptive is not None
    if len(adaptive.alpha) == 1:
        return f"alpha {plain(adaptive.alpha[0])} of the whole trial, of each of two one-sided tests"
    both = listed([plain(each) for each in adaptive.alpha])
    return f"alpha {both} at stages 1 and 2, each of two one-sided tests"


def stages_blocks(scenario: Scenario) -> list[Block]:
    """What happens after stage 1, with every number."""
    adaptive = scenario.monitoring.adaptive
    plan = two_stage_plan_of(scenario, scenario.analyses[0])
    assert adaptive is not None
    assert plan is not None
    row, first = plan.row, scenario.monitoring.counts[0]
    items = [
        f"{row.title} ({adaptive.rule}). {row.citation}.",
        f"Stage 1: {first:,} patients; period effects of its own, residual degrees of freedom n - 2.",
        *what_is_decided(plan, _planned(adaptive)),
        *_stops(adaptive),
    ]
    return [Heading("Two stages"), Items(items)]


def _planned(adaptive: Adaptive) -> str:
    return "the estimated ratio" if adaptive.use_estimate else f"a ratio of {plain(adaptive.ratio)}"


def _stops(adaptive: Adaptive) -> list[str]:
    """The most patients, futility, how power is computed."""
    assert adaptive.max is not None
    more = "stage 2 is cut to it" if adaptive.rule == "maurer" else "a trial that would need more is given up"
    items = [f"At most {adaptive.max:,} evaluable patients in both stages: {more}."]
    if adaptive.inflate:
        items.append("Stage 2 randomises more, to make up for those who will leave.")
    futility = adaptive.futility
    if futility.ci_outside:
        low, high = futility.ci_outside
        items.append(
            f"Given up where the whole 90 % interval of stage 1 lies outside {plain(low)} to {plain(high)}."
        )
    if futility.estimate_outside:
        low, high = futility.estimate_outside
        items.append(f"Given up where the ratio of stage 1 lies outside {plain(low)} to {plain(high)}.")
    if adaptive.planned_by == "exact":
        items.append(
            "Power for planning is exact, not the difference of two noncentral t of the publications."
        )
    return items
