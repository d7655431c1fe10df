"""From what is written to a complete scenario: every default, and every check that needs two settings.

The steps run in the order design, treatments, endpoint, population, hypotheses, analyses, monitoring. Each
takes what the earlier ones made, reports what is wrong with `draft.note` and goes on where it can, so that
all faults of a file are found at once. A part that has been refused already is None or absent in the draft.
"""

from __future__ import annotations

from dataclasses import replace

from planner.scenario.families.base import FamilySettings
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
from planner.scenario.resolving.families.resolver import TrialParts, resolver_of
from planner.scenario.resolving.kept import Kept
from planner.scenario.resolving.measures import check_effects, check_readings, resolve_days, resolve_scale
from planner.scenario.resolving.minimum import resolve_minimum
from planner.scenario.resolving.monitoring import resolve_monitoring
from planner.scenario.resolving.names import check_declarations
from planner.scenario.resolving.observed import resolve_observed
from planner.scenario.resolving.secondary_outcomes import check_days, resolve_outcomes
from planner.scenario.resolving.uncertainty import resolve_uncertainty
from planner.scenario.tree import Tree


def resolve_parts(draft: Draft, kept: Kept) -> Tree:
    """The resolved parts of the scenario, to be used only if `draft.complaints` stays empty.

    `kept`: what was worked out of other scenarios of the same file.
    """
    endpoint = resolve_endpoint(draft)
    simulation = resolve_simulation(draft)
    check_declarations(draft)
    for name, hypothesis in draft.hypotheses.items():
        resolver_of(hypothesis.kind).check_names(draft, name, hypothesis)
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
    trial = TrialParts(design, population, endpoint, treatments, analyses)
    for family, first in draft.first_of_family.items():
        resolver_of(family).check_trial(draft, first, trial)
    design = resolve_minimum(draft, design, endpoint, analyses.values())
    check_days(draft, design)
    check_blinding(draft, design, treatments)
    hypotheses = _resolve_hypotheses(draft, trial)
    monitoring = resolve_monitoring(draft, design, analyses.values()) if draft.sized else None
    sound = replace(
        draft,
        design=design,
        treatments=treatments,
        population=population,
        endpoint=endpoint,
        hypotheses=hypotheses,
        analyses=analyses,
    )
    uncertainty, hypotheses = resolve_uncertainty(sound, kept)
    return {
        "treatments": treatments,
        # Their order addresses random numbers, and is to mean nothing in a file.
        "components": dict(sorted(draft.components.items())),
        "outcomes": outcomes,
        "design": design,
        "population": population,
        "endpoint": endpoint,
        "hypotheses": hypotheses,
        "uncertainty": uncertainty,
        "analyses": tuple(analyses.values()),
        "monitoring": monitoring,
        "observed": resolve_observed(draft, design, endpoint, list(analyses.values())),
        "simulation": simulation,
    }


def _resolve_hypotheses(draft: Draft, trial: TrialParts) -> dict[str, FamilySettings]:
    """The hypotheses with every default, checked by their families."""
    hypotheses = {
        name: resolver_of(stated.kind).resolve(draft, name, stated, trial)
        for name, stated in draft.hypotheses.items()
    }
    for family in draft.first_of_family:
        own = {name: each for name, each in hypotheses.items() if each.kind == family}
        resolver_of(family).check_resolved(draft, own, trial)
    return hypotheses
