"""Small scenario files put together from parts, each of which a test writes in its own way."""

from __future__ import annotations

DESIGN = 'sequences = ["A B", "B A"]\npatients = 24'
MEANS = "means = { A = 5, B = 0 }\nsd_within = 5\nsd_between = 5"
RATES = "rates = { A = 0.6, B = 0.3 }\ncorrelation = 0.3"
WILLIAMS = 'name = "williams"\narms = ["A", "B", "C"]\npatients = 24'
THREE_MEANS = "means = { A = 5, B = 0, C = 0 }\nsd_within = 5\nsd_between = 5"


def trial(
    top: str = "",
    design: str = DESIGN,
    hypothesis: str = MEANS,
    header: str = "hypotheses.effect",
    version: str = "schema_version = 1",
    **sections: str,
) -> str:
    """The text of a scenario: settings at the top, sections by their names, `analyses` as a list of tables.

    A section that is empty is left out.
    """
    parts = [version, top]
    parts += [f"[design]\n{design}"] if design else []
    parts += [f"[{header}]\n{hypothesis}"] if hypothesis else []
    for name, body in sections.items():
        parts.append(f"[[analyses]]\n{body}" if name == "analyses" else f"[{name}]\n{body}")
    return "\n".join(part for part in parts if part) + "\n"
