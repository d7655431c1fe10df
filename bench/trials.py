"""The trials that are timed."""

from __future__ import annotations

from collections.abc import Sequence

from planner.reading import read, read_text
from planner.scenario import Scenario

N, LOOK = 30, 16
MEANS = (14.0, 17.0)  # of treatments A and B
WITHIN, BETWEEN = 5.5, 6.0
LEAVE = 0.08
LOW, HIGH = 0.0, 52.0

_MEANS = f"""
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = {N}
[population]
dropout = {{ per_period = {LEAVE} }}
[endpoint]
scale = {{ low = 0, high = 52, step = 1, better = "lower" }}
[hypotheses.first]
means = {{ A = {MEANS[0]}, B = {MEANS[1]} }}
sd_within = {WITHIN}
sd_between = {BETWEEN}
[[analyses]]
method = "hills-armitage"
contrast = ["A", "B"]
"""
_TWO_LOOKS = f"""
[monitoring]
looks = [{LOOK}, {N}]
efficacy = {{ rule = "obrien-fleming-spending" }}
"""
_PAIRED_T = """
[[analyses]]
method = "paired-t"
contrast = ["A", "B"]
"""


def means(*, looks: int = 2, hypotheses: int = 1, analyses: int = 1) -> Scenario:
    """AB/BA with stated means: whole points from 0 to 52, dropout, `hypotheses` of falling effect."""
    text = _MEANS + (_PAIRED_T if analyses == 2 else "") + (_TWO_LOOKS if looks == 2 else "")
    for i in range(1, hypotheses):
        text += f"[hypotheses.h{i}]\nmeans = {{ A = {MEANS[0] + 0.3 * i}, B = {MEANS[1]} }}\n"
        text += f"sd_within = {WITHIN}\nsd_between = {BETWEEN}\n"
    return read_text(text, "bench")


def mechanisms(names: Sequence[str] = ()) -> Scenario:
    """A trial of mechanisms of the catalogue, its first analysis, under all hypotheses or those named."""
    scenario = read("williams-2018")
    simulation = scenario.simulation.model_copy(update={"hypotheses": tuple(names)})
    return scenario.model_copy(update={"analyses": scenario.analyses[:1], "simulation": simulation})
