"""Analyses and the list of what to simulate, completed."""

from __future__ import annotations

from planner import vocabulary
from planner.completing.draft import Draft, check_treatments
from planner.faults import Path, did_you_mean, printable
from planner.scenario import Analysis, Design, Endpoint, Simulation


def complete_analyses(draft: Draft, design: Design, endpoint: Endpoint | None) -> dict[int, Analysis]:
    """Each analysis with contrast, method and name, by its number; a default one if none is written."""
    written = draft.analyses if "analyses" in draft.data else {0: Analysis()}
    done: dict[int, Analysis] = {}
    for i, analysis in written.items():
        path: Path = ("analyses", i)
        contrast = analysis.contrast or design.treatments[:2]
        check_treatments(draft, (*path, "contrast"), contrast, design.treatments)
        if contrast[0] == contrast[1]:
            draft.note((*path, "contrast"), f"compares {printable(contrast[0])} with itself")
        if endpoint is not None:
            day = endpoint.day if analysis.day is None else analysis.day
            given = {"measure": analysis.measure or endpoint.measure, "day": day}
            analysis = analysis.model_copy(update=given)
            _check_better(draft, path, analysis, endpoint)
        if set(contrast) <= set(design.treatments) and contrast[0] != contrast[1]:
            analysis = _with_method(draft, path, analysis, design, contrast)
        name = analysis.name or analysis.method
        if name in {other.name for other in done.values()}:
            at = (*path, "name") if analysis.name else (*path, "method")
            draft.note(at, f"two analyses are called {printable(name)}", "give each its own `name`")
        done[i] = analysis.model_copy(update={"name": name, "contrast": contrast})
    return done


def _check_better(draft: Draft, path: Path, analysis: Analysis, endpoint: Endpoint) -> None:
    """`better` needs to know what is better: more responders are, and lower scores under mechanisms."""
    known = endpoint.scale.better is not None or "terms" in draft.first_of_family
    if analysis.alternative in ("better", "worse") and not known and not _binary(analysis):
        hint = '[endpoint] scale = { better = "lower" }, or use greater or less'
        message = f"{analysis.alternative}: the scale does not say whether lower or higher is better"
        draft.note((*path, "alternative"), message, hint)


def _binary(analysis: Analysis) -> bool:
    return analysis.measure in vocabulary.BINARY_MEASURES


def _with_method(
    draft: Draft, path: Path, analysis: Analysis, design: Design, contrast: tuple[str, ...]
) -> Analysis:
    """The analysis with a method that fits the design and what is measured."""
    # METHODS lists the default of a design before the others that fit it.
    suitable = {k: row for k, row in vocabulary.METHODS.items() if row.binary == _binary(analysis)}
    fitting = [name for name, row in suitable.items() if _offers(design, row.needs, contrast)]
    pair = f"{printable(contrast[0])} and {printable(contrast[1])}"
    row = vocabulary.METHODS[analysis.method] if analysis.method else None
    if not fitting:
        message = f"no analysis fits this design for {pair}"
        if draft.written(path) is None:
            path = ("design", "name" if draft.written(("design", "name")) else "sequences")
        elif analysis.method:
            path = (*path, "method")
        draft.note(path, message, "`planner methods` says what each analysis needs")
    elif row is None:
        return analysis.model_copy(update={"method": fitting[0]})
    elif row.binary and not _binary(analysis) and analysis.measure:
        described = "`means` describe scores" if _only_means(draft) else f"the {analysis.measure} is a number"
        message = f"{analysis.method} analyses responses, yes or no; {described}"
        hint = f"the default of this design for {pair} is {fitting[0]}"
        if not _only_means(draft):
            hint = 'measure = "response"; for a number, ' + hint
        draft.note((*path, "method"), message, hint)
    elif not _offers(design, row.needs, contrast):
        message = f"{analysis.method} does not fit this design; what it needs: {vocabulary.NEEDS[row.needs]}"
        draft.note((*path, "method"), message, f"the default of this design for {pair} is {fitting[0]}")
    return analysis


def _only_means(draft: Draft) -> bool:
    return set(draft.first_of_family) <= {"means"}


def _offers(design: Design, needs: str, contrast: tuple[str, ...]) -> bool:
    """Whether the design meets a key of vocabulary.NEEDS for the treatments of the contrast."""
    pair = tuple(contrast)
    if needs == "ab/ba":
        return sorted(design.sequences) == sorted([pair, pair[::-1]])
    assert needs == "within"
    return all(set(pair) <= set(sequence) for sequence in design.sequences)


def complete_simulation(draft: Draft) -> Simulation | None:
    """The simulation with the names of the hypotheses to simulate."""
    simulation = draft.simulation
    hypotheses = draft.data.get("hypotheses")
    names = list(hypotheses) if isinstance(hypotheses, dict) else []
    if simulation is None:
        return None
    path: Path = ("simulation", "hypotheses")
    for i, name in enumerate(simulation.hypotheses):
        if name not in names:
            message = f"there is no hypothesis {printable(name)}"
            draft.note((*path, i), message, did_you_mean(name, names))
        elif name in simulation.hypotheses[:i]:
            draft.note((*path, i), f"{printable(name)} is listed twice")
    return simulation.model_copy(update={"hypotheses": simulation.hypotheses or tuple(names)})
