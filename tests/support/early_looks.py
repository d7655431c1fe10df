"""A trial with a look too early for its futility rule, for tests of what is advised."""

from __future__ import annotations

EARLY = """\
schema_version = 1
endpoint = {{ scale = {{ better = "higher" }} }}
[monitoring]
looks = {looks}
efficacy = {efficacy}
{futility}
[design]
sequences = ["A B", "B A"]
patients = 40
[population.dropout]
per_period = {leave}
[hypotheses.h1]
label = "A is better"
means = {{ A = 2.65, B = 2.5 }}
sd_within = 0.25
sd_between = 0.5
[hypotheses.h0]
label = "No difference"
means = {{ A = 2.5, B = 2.5 }}
sd_within = 0.25
sd_between = 0.5
"""
FUTILE = 'futility = { rule = "conditional-power", at_most = 0.1 }'


def text(looks: str = "[2, 40]", rule: str = "obrien-fleming-spending", **more: str) -> str:
    said = {"efficacy": f'{{ rule = "{rule}" }}', "futility": FUTILE, "leave": "0.1"} | more
    return EARLY.format(looks=looks, **said)
