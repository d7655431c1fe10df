"""From what is written to a complete scenario: every default, and every check that needs two settings.

The steps run in the order design, treatments, endpoint, population, hypotheses, analyses, monitoring. Each
takes what the earlier ones made, reports what is wrong with `draft.note` and goes on where it can, so that
all faults of a file are found at once. A part that has been refused already is None or absent in the draft.
"""

from __future__ import annotations

from typing import Any

from planner.completing.analyses import complete_analyses, complete_simulation
from planner.completing.design import (
    complete_design,
    complete_endpoint,
    complete_population,
    complete_treatments,
)
from planner.completing.draft import Draft, Problem
from planner.completing.means import complete_means
from planner.completing.monitoring import complete_monitoring

__all__ = ["Draft", "Problem", "complete"]


def complete(draft: Draft) -> dict[str, Any]:
    """The completed parts of the scenario, to be used only if `draft.problems` stays empty."""
    endpoint = complete_endpoint(draft)
    simulation = complete_simulation(draft)
    design = complete_design(draft)
    if design is None:
        return {}
    treatments = complete_treatments(draft, design)
    population = complete_population(draft, design, endpoint)
    hypotheses = {
        name: complete_means(draft, name, hypothesis, design, endpoint, list(treatments))
        for name, hypothesis in draft.hypotheses.items()
    }
    analyses = complete_analyses(draft, design, endpoint)
    monitoring = complete_monitoring(draft, design, analyses.values()) if draft.sized else None
    return {
        "treatments": treatments,
        "design": design,
        "population": population,
        "endpoint": endpoint,
        "hypotheses": hypotheses,
        "analyses": tuple(analyses.values()),
        "monitoring": monitoring,
        "simulation": simulation,
    }
