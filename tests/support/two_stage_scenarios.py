"""Two-stage trials as scenarios."""

from __future__ import annotations

from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario


def text(
    rule: str,
    *,
    first: int,
    cv: float,
    ratio: float,
    most: int | None = None,
    dropout: float = 0.0,
    periods: tuple[float, float] = (1.0, 1.0),
    more: str = "",
    hypothesis: str = "",
) -> str:
    """`more`: further settings of the rule; `hypothesis`: tables after those of the hypothesis."""
    limit = "" if most is None else f", max = {most}"
    return f"""
schema_version = 1
treatments = ["T", "R"]
[design]
name = "2x2"
[population]
period_effect = [{periods[0]}, {periods[1]}]
dropout = {{ per_period = {dropout} }}
[endpoint]
distribution = "log-normal"
[hypotheses.expected]
family = "means"
means = {{ T = {100.0 * ratio}, R = 100.0 }}
cv_within = {cv}
{hypothesis}
[[analyses]]
contrast = ["T", "R"]
alternative = "equivalence"
[monitoring]
looks = [{first}]
adaptive = {{ rule = "{rule}"{limit}{more} }}
"""


def scenario(rule: str, **given: object) -> Scenario:
    """As `text`."""
    return read_text(text(rule, **given))  # type: ignore[arg-type]
