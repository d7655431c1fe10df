"""Whether answers depend on how much patients differ from each other: where not, nobody need state it."""

from __future__ import annotations

from collections.abc import Iterable

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.design import Design
from planner.scenario.endpoint import Endpoint
from planner.scenario.population import Population
from planner.scenario.resolving.draft import Draft
from planner.scenario.text import printable
from planner.scenario.vocabulary import IN_FIRST_PERIOD


def why_levels_matter(
    draft: Draft,
    design: Design,
    population: Population | None,
    endpoint: Endpoint | None,
    analyses: Iterable[PlannedAnalysis],
) -> str:
    """What makes the SD between patients matter, as a clause; empty if nothing does.

    The patients' own levels cancel from comparisons within patients. They are seen where patients are
    compared with others, at the ends of a scale, and by whatever looks at single scores. Of the parts of the
    scenario, which are resolved, None is refused already.
    """
    if endpoint is not None and endpoint.bounds is not None:
        return "the scale has limits, and how many patients are near them depends on how much patients differ"
    if design.periods == 1:
        return "with one period patients are compared with each other"
    if design.baselines != "none":
        return "baselines vary with the patients' own levels"
    if population is not None and _leaves_by_scores(population):
        return "leaving depends on the scores themselves"
    if draft.observed is not None:
        return "observed data show how much patients differ"
    reasons = (_of_analysis(analysis, endpoint) for analysis in analyses)
    return next((reason for reason in reasons if reason), "")


def _leaves_by_scores(population: Population) -> bool:
    ratios = population.dropout.odds_ratio
    return ratios is not None and ratios.endpoint is not None


def _of_analysis(analysis: PlannedAnalysis, endpoint: Endpoint | None) -> str:
    """What an analysis sees of the patients' levels."""
    name = printable(analysis.name or analysis.method)
    if analysis.own is not None:
        return f"nobody knows what the analysis {name}, which is your own, makes of single scores"
    if analysis.method and analysis.row.needs == IN_FIRST_PERIOD:  # none is settled of a faulty contrast
        return f"the analysis {name} compares patients with each other, in the first period"
    measure = analysis.measure or (endpoint.measure if endpoint is not None else "")
    if not analysis.outcome and measure not in ("", "score"):
        return f"the analysis {name} is not of the scores themselves"
    return ""
