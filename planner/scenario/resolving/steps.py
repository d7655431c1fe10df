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
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.families.rates import Rates
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.resolving.analyses import check_baselines, resolve_analyses, resolve_simulation
from planner.scenario.resolving.blinding import check_blinding
from planner.scenario.resolving.design import (
    resolve_design,
    resolve_endpoint,
    resolve_population,
    resolve_treatments,
)
from planner.scenario.resolving.doses import check_doses, resolve_doses
from planner.scenario.resolving.draft import Draft
from planner.scenario.resolving.dropout import resolve_return_to_baseline
from planner.scenario.resolving.families.means import resolve_means
from planner.scenario.resolving.families.mechanism import (
    check_declarations,
    check_trial_of_mechanisms,
    resolve_mechanism,
)
from planner.scenario.resolving.families.rates import check_open_rates, resolve_rates
from planner.scenario.resolving.measures import check_effects, check_readings, resolve_days, resolve_scale
from planner.scenario.resolving.monitoring import resolve_monitoring
from planner.scenario.resolving.observed import resolve_observed
from planner.scenario.resolving.secondary_outcomes import check_days, resolve_outcomes
from planner.scenario.resolving.uncertainty import resolve_own_uncertainty, resolve_uncertainty


def resolve_parts(draft: Draft) -> dict[str, Any]:
    """The resolved parts of the scenario, to be used only if `draft.complaints` stays empty."""
    endpoint = resolve_endpoint(draft)
    simulation = resolve_simulation(draft)
    check_declarations(draft)
    outcomes = resolve_outcomes(draft)
    check_doses(draft)
    design = resolve_design(draft)
    if design is None:
        return {}
    treatments = resolve_doses(draft, design, resolve_treatments(draft, design))
    population = resolve_population(draft, design, endpoint)
    analyses = resolve_analyses(draft, design, endpoint)
    design = resolve_days(draft, design, endpoint, analyses)
    check_baselines(draft, design, analyses)
    if endpoint is not None:
        endpoint = resolve_scale(draft, endpoint, analyses)
        check_readings(draft, endpoint, analyses)
    if population is not None:
        check_effects(draft, population)
    design = resolve_return_to_baseline(draft, design, population, treatments)
    check_trial_of_mechanisms(draft, design, population, endpoint, treatments)
    check_days(draft, design)
    check_blinding(draft, design, treatments)
    hypotheses = {
        name: _hypothesis(draft, name, hypothesis, design, endpoint, list(treatments))
        for name, hypothesis in draft.hypotheses.items()
    }
    check_open_rates(draft, design, population, analyses, hypotheses)
    monitoring = resolve_monitoring(draft, design, analyses.values()) if draft.sized else None
    sound = replace(
        draft, treatments=treatments, population=population, endpoint=endpoint, hypotheses=hypotheses
    )
    uncertainty = resolve_uncertainty(sound)
    return {
        "treatments": treatments,
        # Their order addresses random numbers, and is to mean nothing in a file.
        "components": dict(sorted(draft.components.items())),
        "outcomes": outcomes,
        "design": design,
        "population": population,
        "endpoint": endpoint,
        "hypotheses": {name: resolve_own_uncertainty(sound, name) for name in hypotheses},
        "uncertainty": uncertainty,
        "analyses": tuple(analyses.values()),
        "monitoring": monitoring,
        "observed": resolve_observed(draft, design, endpoint, list(analyses.values())),
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
        return resolve_means(draft, name, hypothesis, design, endpoint, treatments)
    if isinstance(hypothesis, Rates):
        return resolve_rates(draft, name, hypothesis, design, treatments)
    assert isinstance(hypothesis, MechanismHypothesis)
    return resolve_mechanism(name, hypothesis)
