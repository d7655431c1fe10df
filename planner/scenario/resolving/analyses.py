"""Analyses and the list of what to simulate, resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from planner.errors import UnknownNameError
from planner.scenario import vocabulary
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.contrasts import Contrast, formula, simplest, total, weights
from planner.scenario.design import Design
from planner.scenario.designs import Sequences
from planner.scenario.endpoint import Endpoint
from planner.scenario.estimability import sequence_shares, taking_part, within_patients
from planner.scenario.faults import Path
from planner.scenario.labels import labels_of, name_called
from planner.scenario.resolving.carryover import check_carryover
from planner.scenario.resolving.draft import Draft, check_treatments
from planner.scenario.resolving.entry import selected_by_first_baseline
from planner.scenario.resolving.margins import better_end, remark_on_constant, resolve_margins, resolve_pooled
from planner.scenario.resolving.scaling import resolve_scaling
from planner.scenario.resolving.secondary_outcomes import resolve_secondary_analysis
from planner.scenario.secondary_outcomes import SecondaryOutcome
from planner.scenario.simulation import SimulationSettings
from planner.scenario.text import in_toml, listed, printable


def resolve_analyses(draft: Draft, design: Design, endpoint: Endpoint | None) -> dict[int, PlannedAnalysis]:
    """Each analysis with contrast, method and name, by its number; a default one if none is written."""
    written = draft.analyses if "analyses" in draft.data else {0: PlannedAnalysis()}
    done: dict[int, PlannedAnalysis] = {}
    for i, analysis in written.items():
        path: Path = ("analyses", i)
        contrast = _contrast(draft, (*path, "contrast"), analysis.contrast, design.treatments)
        measured: Endpoint | SecondaryOutcome | None = endpoint
        if analysis.outcome:
            analysis = resolve_secondary_analysis(draft, path, analysis)
            measured = draft.outcomes.get(analysis.outcome)
        elif endpoint is not None:
            day = endpoint.day if analysis.day is None else analysis.day
            given = {"measure": analysis.measure or endpoint.measure, "day": day}
            analysis = analysis.model_copy(update=given)
            _check_planned_ratio(draft, path, analysis)
        analysis = resolve_scaling(draft, path, analysis, design, endpoint, contrast)
        if measured is not None:
            _check_better(draft, path, analysis, measured)
        if contrast:
            analysis = _with_method(draft, path, analysis, design, contrast)
            if analysis.carryover:
                check_carryover(draft, path, analysis, design, contrast)
            analysis = resolve_pooled(draft, path, analysis, design, contrast)
        analysis = resolve_margins(draft, path, analysis, measured)
        if contrast:
            remark_on_constant(draft, analysis, design, contrast)
        name = analysis.name or analysis.method
        if name in {other.name for other in done.values()}:
            at = (*path, "name") if analysis.name else (*path, "method")
            draft.note(at, f"two analyses are called {printable(name)}", "give each its own `name`")
        done[i] = analysis.model_copy(update={"name": name, "contrast": contrast})
    if not all(analysis.contrast for analysis in written.values()):
        _remark_on_others(draft, done, design)
    return done


def _check_planned_ratio(draft: Draft, path: Path, analysis: PlannedAnalysis) -> None:
    """The planned effect on a log-normal endpoint is a ratio."""
    planned = analysis.planned_effect
    if draft.no_effect and planned is not None and planned <= 0.0:
        message = f"is {planned:g}: with a log-normal endpoint it is a ratio, above 0"
        draft.note((*path, "planned_effect"), message, "0.95, for instance")


def _remark_on_others(draft: Draft, done: Mapping[int, PlannedAnalysis], design: Design) -> None:
    """Nobody chose what is compared: say which treatments no analysis looks at."""
    compared = {a for analysis in done.values() if analysis.contrast for a in weights(analysis.contrast)}
    others = [a for a in design.treatments if a not in compared]
    if not compared or not others:
        return
    first, second = design.treatments[:2]
    draft.remarks.insert(
        0,
        f"compared is {printable(first)} minus {printable(second)}, as no contrast is stated; "
        f"{listed(others)} {'is' if len(others) == 1 else 'are'} not analysed: one [[analyses]] for "
        f"each comparison, such as contrast = [{in_toml(first)}, {in_toml(others[0])}], adds more",
    )


def _contrast(draft: Draft, path: Path, stated: Contrast, treatments: tuple[str, ...]) -> Contrast:
    """The contrast in its simplest form, the first two treatments if none is stated; empty if unsound."""
    contrast = stated or treatments[:2]
    check_treatments(draft, path, contrast, treatments)
    if not set(contrast) <= set(treatments):
        return ()
    if not isinstance(contrast, Mapping):
        if contrast[0] == contrast[1]:
            draft.note(path, f"compares {printable(contrast[0])} with itself")
            return ()
        return contrast
    compared = [a for a, weight in contrast.items() if weight != 0.0]
    if len(compared) < 2:
        weighed = f"weighs {listed(compared)} only" if compared else "weighs no treatment"
        draft.note(path, f"{weighed}; a comparison needs two")
        return ()
    left = total(contrast, dict.fromkeys(contrast, 1.0))
    if left != 0:
        message = f"the weights sum to {float(left):.6g}; those of a comparison sum to 0"
        draft.note(path, message, "for instance { A = 1, B = -0.5, C = -0.5 }")
        return ()
    return simplest(contrast, treatments)


def _check_better(
    draft: Draft, path: Path, analysis: PlannedAnalysis, measured: Endpoint | SecondaryOutcome
) -> None:
    """`better` needs to know what is better."""
    one_margin = analysis.against_margins and not analysis.tests_equivalence
    has_one_side = analysis.alternative in ("better", "worse") or one_margin
    if has_one_side and better_end(draft, analysis, measured) is None:
        where = f"[outcomes.{analysis.outcome}]" if analysis.outcome else "[endpoint]"
        hint = f'under {where}: scale = {{ better = "lower" }}'
        hint += "" if analysis.against_margins else ", or use greater or less"
        message = f"{analysis.alternative}: the scale does not say whether lower or higher is better"
        draft.note((*path, "alternative"), message, hint)


def _binary(analysis: PlannedAnalysis) -> bool:
    return analysis.measure in vocabulary.BINARY_MEASURES


def _with_method(
    draft: Draft, path: Path, analysis: PlannedAnalysis, design: Design, contrast: Contrast
) -> PlannedAnalysis:
    """The analysis with a method that fits the design and what is measured."""
    default = _default(draft, analysis, design, contrast)
    pair = formula(contrast) if isinstance(contrast, Mapping) else " and ".join(map(printable, contrast))
    row = analysis.row if analysis.method else None
    hint = "`planner methods` says what each analysis needs"
    if default:
        hint = f"the default of this design for {pair} is {default}"
    if row is None and default:
        return analysis.model_copy(update={"method": default})
    if row is None:
        if draft.written(path) is None:
            path = ("design", "name" if draft.written(("design", "name")) else "sequences")
        draft.note(path, f"no analysis fits this design for {pair}", hint)
    elif row.binary and not _binary(analysis) and analysis.measure:
        responses = any(each.settings.tells_responses() for each in draft.families)
        rows = [each.row for each in draft.families] or [*vocabulary.FAMILIES.values()]
        described = (
            f"the {analysis.measure} is a number" if responses else f"`{rows[0].states}` describe scores"
        )
        message = f"{analysis.method} analyses responses, yes or no; {described}"
        if responses:
            hint = 'measure = "response"; for a number, ' + hint
        draft.note((*path, "method"), message, hint)
    elif not _fits(row, design, contrast) and not (analysis.scaling and _in_every_sequence(design, contrast)):
        message = f"{analysis.method} does not fit this design; what it needs: {vocabulary.NEEDS[row.needs]}"
        if isinstance(contrast, Mapping) and not row.weights:
            message = f"{analysis.method} compares two treatments, not {pair}"
        draft.note((*path, "method"), message, hint)
    return analysis


def _default(draft: Draft, analysis: PlannedAnalysis, design: Design, contrast: Contrast) -> str | None:
    """The method for what is measured in this design.

    Some are only taken where whoever gets one treatment of the contrast gets all, where there is a period
    effect, or in one period. Responses for which no test of responses fits are taken as 0 and 1.
    """
    compared = set(weights(contrast))
    some = any(0 < len(compared & set(sequence)) < len(compared) for sequence in design.sequences)
    effects = () if draft.population is None else draft.population.period_effect
    period_effect = any(effect != draft.no_effect for effect in effects) or selected_by_first_baseline(draft)
    suited = {
        "whole contrasts": not some,
        "period effect": period_effect,
        "one period": design.periods == 1,
        "": True,
    }
    defaults = [
        (not row.binary, row.default.place, name)
        for name, row in vocabulary.METHODS.items()
        if row.default is not None
        and suited[row.default.only]
        and (_binary(analysis) or not row.binary)
        and (row.carryover or not analysis.carryover)
        and _fits(row, design, contrast)
    ]
    if analysis.tests_equivalence and draft.gives_ratio(analysis):
        # Effects of patients, periods and treatments as fixed, as regulators ask of ratios.
        usual = [each for each in defaults if vocabulary.METHODS[each[-1]].needs in ("ab/ba", "estimable")]
        defaults = usual or defaults
    return min(defaults)[-1] if defaults else None


def allowing_for_periods(design: Design, contrast: Contrast, *, binary: bool) -> str:
    """The first choice among the methods of this kind that allow for effects of periods; "" if none fits."""
    defaults = [
        (row.default.place, name)
        for name, row in vocabulary.METHODS.items()
        if row.default is not None
        and row.default.only != "one period"
        and row.needs not in vocabulary.IGNORING_PERIODS
        and row.binary == binary
        and _fits(row, design, contrast)
    ]
    return min(defaults)[-1] if defaults else ""


def _fits(row: vocabulary.NamedMethod, design: Design, contrast: Contrast) -> bool:
    """Whether a method takes the contrast, and the design offers what it needs."""
    taken = row.weights or not isinstance(contrast, Mapping)
    return taken and _OFFERS[row.needs](design.sequences, weights(contrast))


def _in_every_sequence(design: Design, contrast: Contrast) -> bool:
    """Whether sequences could be weighed alike, were it not for effects of periods."""
    return _within(design.sequences, weights(contrast))


def _both_orders(sequences: Sequences, compared: Mapping[str, float]) -> bool:
    pair = tuple(compared)
    return len(pair) == 2 and sorted(sequences) == sorted([pair, pair[::-1]])


def _within(sequences: Sequences, compared: Mapping[str, float]) -> bool:
    return all(taking_part(sequences, compared))


def _pairs(sequences: Sequences, compared: Mapping[str, float]) -> bool:
    return all(sequence.count(a) == 1 for sequence in sequences for a in compared)


def _balanced(sequences: Sequences, compared: Mapping[str, float]) -> bool:
    return sequence_shares(sequences, compared) is not None


def _first(sequences: Sequences, compared: Mapping[str, float]) -> bool:
    return set(compared) <= {sequence[0] for sequence in sequences}


def _balanced_or_parallel(sequences: Sequences, compared: Mapping[str, float]) -> bool:
    return (_first if len(sequences[0]) == 1 else _balanced)(sequences, compared)


def _estimable(sequences: Sequences, compared: Mapping[str, float]) -> bool:
    return len(sequences[0]) > 1 and within_patients(sequences, compared)[1]


# Whether sequences meet a key of vocabulary.NEEDS for the treatments of a contrast.
_Offer = Callable[[Sequences, Mapping[str, float]], bool]
_OFFERS: dict[str, _Offer] = {
    "ab/ba": _both_orders,
    "within": _within,
    "pairs": _pairs,
    "balanced": _balanced,
    "balanced or parallel": _balanced_or_parallel,
    "first": _first,
    "estimable": _estimable,
}


def check_baselines(draft: Draft, design: Design, analyses: Mapping[int, PlannedAnalysis]) -> None:
    """Analyses that adjust for baselines find them measured, and every hypothesis tells of them."""
    enough = {"first": ("first", "period"), "period": ("period",)}
    for i, analysis in analyses.items():
        row = analysis.row if analysis.method else None
        if row is None or not row.baseline:
            continue
        path: Path = ("analyses", i, "method")
        if design.baselines not in enough[row.baseline]:
            when = "every period" if row.baseline == "period" else "the first period"
            hint = f'under [design]: baselines = "{row.baseline}"'
            draft.note(path, f"{analysis.method} needs a baseline, measured before {when}", hint)
        elif analysis.outcome:
            message = f"{analysis.method}: baselines are of the endpoint, not of {analysis.outcome}"
            draft.note(path, message, "leave out `outcome`")
        elif without := draft.first_family(lambda family: not family.has_baselines):
            draft.note(path, f"{analysis.method}: {without.first_stated} say nothing of baselines")


def resolve_simulation(draft: Draft) -> SimulationSettings | None:
    """The simulation with the names of the hypotheses to simulate."""
    simulation = draft.simulation
    labels = labels_of(draft.data.get("hypotheses"))
    if simulation is None:
        return None
    path: Path = ("simulation", "hypotheses")
    chosen: list[str] = []
    for i, word in enumerate(simulation.hypotheses):
        try:
            name = name_called(word, labels)
        except UnknownNameError as error:
            draft.note((*path, i), error.message, error.hint)
            continue
        if name in chosen:
            draft.note((*path, i), f"{printable(word)} is listed twice")
        chosen.append(name)
    return simulation.model_copy(update={"hypotheses": tuple(chosen or labels)})
