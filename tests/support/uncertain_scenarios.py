"""Scenarios with uncertain numbers: shared by all hypotheses, of one of them, and tied; and their draws."""

from __future__ import annotations

from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario

PLAIN = """
schema_version = 1
title = "Uncertain"
[agents]
ketamine = {}
midazolam = {}
naltrexone = { occupancy = 0.95, half_life_days = 4 }
[treatments]
K = { agents = ["ketamine"] }
KN = { agents = ["ketamine", "naltrexone"] }
[design]
sequences = ["K KN", "KN K"]
patients = 24
washout_days = 14
[population]
baseline = { mean = 26, sd = 4 }
rating_sd = 1.8
dropout = { per_period = 0.1 }
[signals]
nmda = { activated_by = { ketamine = 1 } }
cue = { activated_by = { ketamine = 1, midazolam = 0.6 } }
tone = { base = 1, blocked_by = { naltrexone = 1 } }
[components]
specific = { share = 0.5, size = { mean = 0.5, sd = 0.1 }, otherwise = 0.05, half_life_days = 8 }
expectancy = { share = 0.3, size = { mean = 0.4, sd = 0.1 }, otherwise = 0.1, half_life_days = 8 }
[hypotheses.specific]
terms = [
  { component = "specific", needs = ["nmda"] },
  { component = "expectancy", needs = ["cue", { signal = "tone", gate = 0 }] },
]
[hypotheses.permissive]
terms = [
  { component = "specific", needs = ["nmda", "tone"] },
  { component = "expectancy", needs = ["cue", "tone"] },
]
[hypotheses.expectancy]
terms = [{ component = "expectancy", needs = ["cue"] }]
"""

SHARED = """
[uncertainty]
"components.specific.share" = { low = 0.2, high = 0.9 }
"agents.naltrexone.occupancy" = { mean = 0.9, sd = 0.1 }
"signals.cue.activated_by.midazolam" = { beta = [7, 5], low = 0.2, high = 1 }
"agents.naltrexone.half_life_days" = { median = 4, log_sd = 0.3 }
"population.dropout.per_period" = { low = 0.05, high = 0.3 }
"""

OWN = """
[hypotheses.specific.uncertainty]
"terms.expectancy.needs.tone.gate" = { low = 0, high = 0.3 }
"components.specific.size.mean" = { low = 0.3, high = 0.7 }
"""


def scenario(*parts: str, set: tuple[str, ...] = ()) -> Scenario:
    return read_text(PLAIN + "".join(parts), set=set)


# Ties


TIE = """
[hypotheses.expectancy.tie]
to = "specific"
agents = "ketamine"
by = "expectancy"
"""
