"""From what is written to a complete scenario: every default, and every check that needs two settings.

The steps run in the order design, treatments, endpoint, population, hypotheses, analyses, monitoring. Each
takes what the earlier ones made, reports what is wrong with `draft.note` and goes on where it can, so that
all faults of a file are found at once. A part that has been refused already is None or absent in the draft.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from planner.scenario.design import Design
from planner.scenario.endpoint import Endpoint
from planner.scenario.families.means import Means
from planner.scenario.families.rates import Rates
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.resolving.analyses import check_baselines, complete_analyses, complete_simulation
from planner.scenario.resolving.blinding import check_blinding
from planner.scenario.resolving.design import (
    complete_design,
    complete_endpoint,
    complete_population,
    complete_treatments,
)
from planner.scenario.resolving.doses import check_doses, complete_doses
from planner.scenario.resolving.draft import Draft
from planner.scenario.resolving.dropout import complete_return
from planner.scenario.resolving.families.means import complete_means
from planner.scenario.resolving.families.mechanism import (
    check_mechanisms,
    check_world_of_terms,
    complete_terms,
)
from planner.scenario.resolving.families.rates import check_open_rates, complete_rates
from planner.scenario.resolving.measures import check_effects, check_readings, complete_days, complete_scale
from planner.scenario.resolving.monitoring import complete_monitoring
from planner.scenario.resolving.observed import complete_observed
from planner.scenario.resolving.secondary_outcomes import check_days, complete_outcomes
from planner.scenario.resolving.uncertainty import complete_own, complete_uncertainty


def complete(draft: Draft) -> dict[str, Any]:
    """The completed parts of the scenario, to be used only if `draft.problems` stays empty."""
    endpoint = complete_endpoint(draft)
    simulation = complete_simulation(draft)
    check_mechanisms(draft)
    outcomes = complete_outcomes(draft)
    check_doses(draft)
    design = complete_design(draft)
    if design is None:
        return {}
    treatments = complete_doses(draft, design, complete_treatments(draft, design))
    population = complete_population(draft, design, endpoint)
    analyses = complete_analyses(draft, design, endpoint)
    design = complete_days(draft, design, endpoint, analyses)
    check_baselines(draft, design, analyses)
    if endpoint is not None:
        endpoint = complete_scale(draft, endpoint, analyses)
        check_readings(draft, endpoint, analyses)
    if population is not None:
        check_effects(draft, population)
    design = complete_return(draft, design, population, treatments)
    check_world_of_terms(draft, design, population, endpoint, treatments)
    check_days(draft, design)
    check_blinding(draft, design, treatments)
    hypotheses = {
        name: _hypothesis(draft, name, hypothesis, design, endpoint, list(treatments))
        for name, hypothesis in draft.hypotheses.items()
    }
    check_open_rates(draft, design, population, analyses, hypotheses)
    monitoring = complete_monitoring(draft, design, analyses.values()) if draft.sized else None
    known = replace(
        draft, treatments=treatments, population=population, endpoint=endpoint, hypotheses=hypotheses
    )
    uncertainty = complete_uncertainty(known)
    return {
        "treatments": treatments,
        # Their order addresses random numbers, and is to mean nothing in a file.
        "components": dict(sorted(draft.components.items())),
        "outcomes": outcomes,
        "design": design,
        "population": population,
        "endpoint": endpoint,
        "hypotheses": {name: complete_own(known, name) for name in hypotheses},
        "uncertainty": uncertainty,
        "analyses": tuple(analyses.values()),
        "monitoring": monitoring,
        "observed": complete_observed(draft, design, endpoint, list(analyses.values())),
        "simulation": simulation,
    }


def _hypothesis(
    draft: Draft,
    name: str,
    hypothesis: Hypothesis,
    design: Design,
    endpoint: Endpoint | None,
    treatments: list[str],
) -> Hypothesis:
    if isinstance(hypothesis, Means):
        return complete_means(draft, name, hypothesis, design, endpoint, treatments)
    if isinstance(hypothesis, Rates):
        return complete_rates(draft, name, hypothesis, design, treatments)
    return complete_terms(name, hypothesis)
