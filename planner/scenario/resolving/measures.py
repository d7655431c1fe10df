"""What is analysed on which day, resolved, and whether every hypothesis says something of it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.design import Design
from planner.scenario.endpoint import Endpoint
from planner.scenario.families.base import FamilySettings
from planner.scenario.faults import Path
from planner.scenario.population import Population
from planner.scenario.resolving.draft import Draft, StatedFamily
from planner.scenario.text import listed, printable
from planner.scenario.vocabulary import BINARY_MEASURES, FAMILIES, written_as


def resolve_reading(draft: Draft, endpoint: Endpoint) -> Endpoint:
    """The endpoint with its measure and day; no measure if the hypotheses leave it open."""
    days = draft.design.assessment_days if draft.design is not None else ()
    day = days[0] if days and draft.written(("endpoint", "day")) is None else endpoint.day
    measure, families = endpoint.measure, draft.families
    usual = [each.row.measure for each in families]
    if apart := _nothing_in_common(families):
        one, other = (f"{each.row.states} of {each.settings.of_what}" for each in apart)
        message = f"states {other}, other hypotheses of this file state {one}"
        draft.note(("hypotheses", apart[1].first), message, "plan them in two files", at_key=True)
        measure = ""
    elif not measure and len(set(usual)) > 1:
        path: Path = ("endpoint",) if "endpoint" in draft.data else ("hypotheses",)
        kinds = listed(list(map(written_as, draft.first_of_family)))
        message = f"`measure` is missing: hypotheses of the families {kinds} have no measure in common"
        common = [m for m in usual if all(m in each.settings.measures for each in families)]
        best = [*usual, *common][-1]
        draft.note(path, message, f'under [endpoint]: measure = "{best}"', at_key=True)
    elif not measure:
        measure = usual[0] if usual else next(iter(FAMILIES.values())).measure
    return endpoint.model_copy(update={"day": day, "measure": measure})


def _nothing_in_common(families: list[StatedFamily]) -> tuple[StatedFamily, StatedFamily] | None:
    """Two families that tell of different things, whatever is measured."""
    pairs = combinations(families, 2)
    return next((p for p in pairs if not set(p[0].settings.measures) & set(p[1].settings.measures)), None)


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
    severity = [each.settings.has_severity for each in draft.families]
    if severity and all(severity) and draft.written(("design", "baselines")) is None:
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
    severe = draft.first_family(lambda family: family.has_severity)
    if severe is None or not endpoint.measure:
        return endpoint
    scale = endpoint.scale
    measures = {i: a.measure or endpoint.measure for i, a in of_endpoint(analyses).items()}
    for i, measure in measures.items():
        if measure == "remission" and scale.remission_at_most is None:
            message = "remission: the scale does not say up to which score a patient is in remission"
            path = _place(draft, i, "measure", severe.first)
            draft.note(path, message, "under [endpoint]: scale = { ..., remission_at_most = 7 }")
            break
    half = 0.5 if "response" in (*measures.values(), endpoint.measure) else None
    update = {
        "response": half if scale.response is None else scale.response,
        "better": scale.better or severe.settings.better,
    }
    return endpoint.model_copy(update={"scale": scale.model_copy(update=update)})


def check_readings(draft: Draft, endpoint: Endpoint, analyses: Mapping[int, PlannedAnalysis]) -> None:
    """Every analysis asks for something that every hypothesis tells."""
    if not endpoint.measure:
        return
    silent = draft.first_family(lambda family: not family.tells_responses())
    if silent is not None and endpoint.measure in BINARY_MEASURES:
        message = f"{endpoint.measure}: {silent.first_stated} do not say how many respond"
        hint = f"state `rates` in place of `{silent.row.states}`, or measure the score or its change"
        draft.note(("endpoint", "measure"), message, hint)
        return
    stated = [each for each in draft.families if not each.settings.tells_every_day]
    for i, analysis in of_endpoint(analyses).items():
        measure = analysis.measure or endpoint.measure
        day = endpoint.day if analysis.day is None else analysis.day
        for each in stated:
            known = endpoint.measure if endpoint.measure in each.settings.measures else each.row.measure
            if measure != known:
                message = f"{measure}: {each.first_stated} are of the {known} and say nothing of it"
                path = _place(draft, i, "measure", each.first)
                draft.note(path, message, f'measure = "{known}", or hypotheses of another family')
            elif day != endpoint.day:
                message = f"day {day:g}: {each.first_stated} are of day {endpoint.day:g} only"
                draft.note(("analyses", i, "day"), message, "mechanisms tell what happens from day to day")


def _place(draft: Draft, i: int, key: str, name: str) -> Path:
    """Where the measure of an analysis is stated: there, at the endpoint, else with the hypothesis."""
    paths: list[Path] = [("analyses", i, key), ("endpoint", key)]
    return next((path for path in paths if draft.written(path) is not None), ("hypotheses", name))


def check_effects(draft: Draft, population: Population) -> None:
    """Effects of period and sequence mean the same under every hypothesis."""
    without = draft.first_family(lambda family: not family.has_sequence_effects)
    if without is not None and any(effect != draft.no_effect for effect in population.sequence_effect):
        message = f"acts on hypotheses that state means; {printable(without.first)} states none"
        draft.note(("population", "sequence_effect"), message, "leave it out", at_key=True)
    points = FamilySettings.effects_in
    other = draft.first_family(lambda family: family.effects_in != points)
    units = {each.settings.effects_in for each in draft.families}
    if (
        other is not None
        and len(units) > 1
        and any(effect != draft.no_effect for effect in population.period_effect)
    ):
        message = (
            f"is in {other.settings.effects_in} under {printable(other.first)}, which states "
            f"{other.row.states}, and in {points} under the other hypotheses: one number cannot be both"
        )
        draft.note(("population", "period_effect"), message, "leave it out, or plan them in two files", True)
