"""Trials some of whose looks cannot stop them, for tests of what is told and mended."""

from __future__ import annotations

BINARY = """\
schema_version = 1
endpoint = {{ measure = "response" }}
monitoring = {{ looks = {looks}, efficacy = {{ rule = "{rule}" }} }}
[design]
sequences = ["A B", "B A"]
patients = {patients}
{dropout}
[hypotheses.h1]
rates = {{ A = 0.8, B = 0.2 }}
correlation = 0.3
[[analyses]]
method = "{method}"
alternative = "{alternative}"
contrast = ["A", "B"]
"""
