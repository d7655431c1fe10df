"""What is analysed on which day, resolved, and whether every hypothesis says something of it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.design import Design
from planner.scenario.endpoint import Endpoint
from planner.scenario.faults import Path
from planner.scenario.population import Population
from planner.scenario.resolving.draft import Draft
from planner.scenario.text import listed, printable
from planner.scenario.vocabulary import BINARY_MEASURES

DEFAULT_MEASURES = {"means": "score", "rates": "response", "terms": "change"}


def resolve_reading(draft: Draft, endpoint: Endpoint) -> Endpoint:
    """The endpoint with its measure and day; no measure if the hypotheses leave it open."""
    days = draft.design.assessment_days if draft.design is not None else ()
    day = days[0] if days and draft.written(("endpoint", "day")) is None else endpoint.day
    measure, families = endpoint.measure, list(draft.first_of_family)
    if {"means", "rates"} <= set(families):
        name = draft.first_of_family["rates"]
        message = "states rates of responders, other hypotheses of this file state means of scores"
        draft.note(("hypotheses", name), message, "plan them in two files", at_key=True)
        measure = ""
    elif not measure and len(families) > 1:
        path: Path = ("endpoint",) if "endpoint" in draft.data else ("hypotheses",)
        kinds, best = listed(families), "response" if "rates" in families else "change"
        message = f"`measure` is missing: hypotheses of the families {kinds} have no measure in common"
        draft.note(path, message, f'[endpoint] measure = "{best}"', at_key=True)
    elif not measure:
        measure = DEFAULT_MEASURES[families[0] if families else "means"]
    return endpoint.model_copy(update={"day": day, "measure": measure})


def of_endpoint(analyses: Mapping[int, PlannedAnalysis]) -> dict[int, PlannedAnalysis]:
    """The analyses that read the endpoint and no secondary outcome."""
    return {i: analysis for i, analysis in analyses.items() if not analysis.outcome}


def resolve_days(
    draft: Draft, design: Design, endpoint: Endpoint | None, analyses: Mapping[int, PlannedAnalysis]
) -> Design:
    """The design with the days of assessment, which are those of the analyses if none are stated."""
    if endpoint is None:
        return design
    analyses = of_endpoint(analyses)
    days = design.assessment_days
    used = {endpoint.day, *(endpoint.day if a.day is None else a.day for a in analyses.values())}
    if not days:
        design = design.model_copy(update={"assessment_days": tuple(sorted(used))})
    elif any(later <= earlier for earlier, later in pairwise(days)):
        draft.note(("design", "assessment_days"), "must increase from day to day")
    else:
        _check_days(draft, days, endpoint, analyses)
    if set(draft.first_of_family) == {"terms"} and draft.written(("design", "baselines")) is None:
        design = design.model_copy(update={"baselines": endpoint.baseline})
    return design


def _check_days(
    draft: Draft, days: tuple[float, ...], endpoint: Endpoint, analyses: Mapping[int, PlannedAnalysis]
) -> None:
    """Every day that is analysed is one on which patients are assessed."""
    hint = f"design.assessment_days has {listed([f'{day:g}' for day in days])}"
    if endpoint.day not in days:
        draft.note(("endpoint", "day"), f"nobody is assessed on day {endpoint.day:g}", hint)
    for i, analysis in analyses.items():
        if analysis.day not in (None, endpoint.day, *days):
            draft.note(("analyses", i, "day"), f"nobody is assessed on day {analysis.day:g}", hint)


def resolve_scale(draft: Draft, endpoint: Endpoint, analyses: Mapping[int, PlannedAnalysis]) -> Endpoint:
    """The endpoint with what a response is, and the better end of the scale, where mechanisms need them."""
    if "terms" not in draft.first_of_family or not endpoint.measure:
        return endpoint
    scale = endpoint.scale
    measures = {i: a.measure or endpoint.measure for i, a in of_endpoint(analyses).items()}
    for i, measure in measures.items():
        if measure == "remission" and scale.remission_at_most is None:
            message = "remission: the scale does not say up to which score a patient is in remission"
            path = _place(draft, i, "measure", draft.first_of_family["terms"])
            draft.note(path, message, "[endpoint] scale = { ..., remission_at_most = 7 }")
            break
    half = 0.5 if "response" in (*measures.values(), endpoint.measure) else None
    update = {
        "response": half if scale.response is None else scale.response,
        "better": scale.better or "lower",
    }
    return endpoint.model_copy(update={"scale": scale.model_copy(update=update)})


def check_readings(draft: Draft, endpoint: Endpoint, analyses: Mapping[int, PlannedAnalysis]) -> None:
    """Every analysis asks for something that every hypothesis tells."""
    first = draft.first_of_family
    if not endpoint.measure:
        return
    if "means" in first and endpoint.measure in BINARY_MEASURES:
        message = f"{endpoint.measure}: the means of {printable(first['means'])} do not say how many respond"
        hint = "state `rates` in place of `means`, or measure the score or its change"
        draft.note(("endpoint", "measure"), message, hint)
        return
    of_rates = endpoint.measure if endpoint.measure in BINARY_MEASURES else "response"
    measures = {"means": ("means", endpoint.measure), "rates": ("rates", of_rates)}
    for i, analysis in of_endpoint(analyses).items():
        measure = analysis.measure or endpoint.measure
        day = endpoint.day if analysis.day is None else analysis.day
        for family, (what, known) in measures.items():
            if family not in first:
                continue
            name = printable(first[family])
            if measure != known:
                message = f"{measure}: the {what} of {name} are of the {known} and say nothing of it"
                path = _place(draft, i, "measure", first[family])
                draft.note(path, message, f'measure = "{known}", or hypotheses of another family')
            elif day != endpoint.day:
                message = f"day {day:g}: the {what} of {name} are of day {endpoint.day:g} only"
                draft.note(("analyses", i, "day"), message, "mechanisms tell what happens from day to day")


def _place(draft: Draft, i: int, key: str, name: str) -> Path:
    """Where the measure of an analysis is stated: there, at the endpoint, else with the hypothesis."""
    paths: list[Path] = [("analyses", i, key), ("endpoint", key)]
    return next((path for path in paths if draft.written(path) is not None), ("hypotheses", name))


def check_effects(draft: Draft, population: Population) -> None:
    """Effects of period and sequence mean the same under every hypothesis."""
    first = draft.first_of_family
    other = next((first[family] for family in ("rates", "terms") if family in first), None)
    if other is not None and any(population.sequence_effect):
        message = f"acts on hypotheses that state means; {printable(other)} states none"
        draft.note(("population", "sequence_effect"), message, "leave it out", at_key=True)
    if "rates" in first and len(first) > 1 and any(population.period_effect):
        message = (
            f"is in SDs of the latent scale under {printable(first['rates'])}, which states rates, and in "
            "points under the other hypotheses: one number cannot be both"
        )
        draft.note(("population", "period_effect"), message, "leave it out, or plan them in two files", True)
