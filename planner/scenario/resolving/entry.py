"""Patients who are enrolled by their first baseline: regression to the mean acts like a period effect."""

from __future__ import annotations

from planner.scenario.resolving.draft import Draft


def selected_by_first_baseline(draft: Draft) -> bool:
    """Whether the baseline of the first period, and no later one, is one by which patients were enrolled.

    Then responses by each period's own baseline have a period effect, whatever the treatments do.
    """
    population, endpoint = draft.population, draft.endpoint
    severity = any(each.settings.has_severity for each in draft.families)
    if population is None or population.baseline is None or not severity:
        return False
    selects = population.entry == "baseline" and population.baseline.at_least is not None
    own = endpoint is not None and endpoint.baseline == "period"
    return selects and own and population.rating_sd > 0.0
