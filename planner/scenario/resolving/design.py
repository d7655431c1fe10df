"""Design, treatments, population and endpoint, resolved."""

from __future__ import annotations

from planner.scenario import designs, vocabulary
from planner.scenario.caps import MAX_PATIENTS
from planner.scenario.design import MAX_TREATMENTS, Design, Treatment
from planner.scenario.endpoint import Endpoint
from planner.scenario.faults import Path
from planner.scenario.fields import EVERY
from planner.scenario.population import Population
from planner.scenario.resolving.draft import Draft, check_score
from planner.scenario.resolving.dropout import resolve_dropout
from planner.scenario.resolving.measures import resolve_reading
from planner.scenario.text import count, did_you_mean, printable


def resolve_design(draft: Draft) -> Design | None:
    """The design with its sequences and allocation; None if there are no usable sequences."""
    design = draft.design
    if design is None:
        return None
    sequences = _sequences(draft, design)
    if sequences is None:
        return None
    allocation = design.allocation or (1,) * len(sequences)
    if len(allocation) != len(sequences):
        draft.note(
            ("design", "allocation"),
            f"has {len(allocation)} numbers, but the design has {len(sequences)} sequences",
            "one whole number per sequence; leave it out for equal allocation",
        )
        allocation = (1,) * len(sequences)
    if sum(allocation) * design.block > MAX_PATIENTS:
        size = sum(allocation) * design.block
        path: Path = ("design", "block" if design.block > 1 else "allocation")
        draft.note(path, f"make blocks of {size:,} patients; at most {MAX_PATIENTS:,} are allowed")
    return design.model_copy(
        update={"sequences": sequences, "name": None, "arms": (), "allocation": allocation}
    )


def _sequences(draft: Draft, design: Design) -> designs.Sequences | None:
    if design.name is not None:
        return _named_sequences(draft, design, design.name)
    if design.arms:
        draft.note(("design", "arms"), "is only for a named design", 'add name = "AB/BA", or leave it out')
    if not design.sequences:
        hint = 'for instance sequences = ["A B", "B A"], or name = "AB/BA" with arms = ["A", "B"]'
        draft.note(("design",), "`sequences` is missing", hint, at_key=True)
        return None
    first = design.sequences[0]
    before = len(draft.complaints)
    seen: set[tuple[str, ...]] = set()
    for i, sequence in enumerate(design.sequences):
        path: Path = ("design", "sequences", i)
        if len(sequence) != len(first):
            draft.note(path, f"has {count(len(sequence), 'period')}, but the first sequence has {len(first)}")
        if sequence in seen:
            draft.note(path, "is listed twice", "`allocation` gives a sequence more patients")
        seen.add(sequence)
    used = {symbol for sequence in design.sequences for symbol in sequence}
    if EVERY in used:
        draft.note(("design", "sequences"), f'"{EVERY}" cannot be the name of a treatment')
    if len(used) < 2:
        draft.note(("design", "sequences"), "give one treatment only; a comparison needs two")
    if len(used) > MAX_TREATMENTS:
        draft.note(
            ("design", "sequences"), f"give {len(used)} treatments; at most {MAX_TREATMENTS} are allowed"
        )
    return design.sequences if len(draft.complaints) == before else None


def _named_sequences(draft: Draft, design: Design, name: str) -> designs.Sequences | None:
    if design.sequences:
        draft.note(
            ("design", "name"), "cannot be combined with `sequences`", "leave one of the two out", True
        )
        return None
    arms = design.arms or tuple(draft.treatments)
    try:
        return designs.named(name, arms)
    except ValueError as error:
        path: Path = ("design", "arms") if design.arms else ("design", "name")
        draft.note(path, str(error), 'for instance arms = ["A", "B"]')
        return None


def resolve_treatments(draft: Draft, design: Design) -> dict[str, Treatment]:
    """All treatments, those of the design first and in its order, each with a label."""
    declared = draft.treatments
    if isinstance(draft.data.get("treatments"), dict) and draft.data["treatments"]:
        for symbol in design.treatments:
            if symbol not in declared and draft.written(("treatments", symbol)) is None:
                message = f"treatment {printable(symbol)} is not declared in [treatments]"
                draft.note(_first_use(draft, design, symbol), message, did_you_mean(symbol, declared))
    names = dict.fromkeys([*design.treatments, *declared])
    given = {name: declared.get(name, Treatment()) for name in names}
    return {name: row.model_copy(update={"label": row.label or name}) for name, row in given.items()}


def _first_use(draft: Draft, design: Design, symbol: str) -> Path:
    arms = draft.written(("design", "arms"))
    if arms is not None:
        return ("design", "arms", arms.index(symbol)) if symbol in arms else ("design", "arms")
    row, sequence = next((i, s) for i, s in enumerate(design.sequences) if symbol in s)
    return ("design", "sequences", row, sequence.index(symbol))


def resolve_population(draft: Draft, design: Design, endpoint: Endpoint | None) -> Population | None:
    """The population with an effect for each period and sequence, and a dropout for each gap."""
    population = draft.population
    if population is None:
        return None
    baseline = population.baseline
    if baseline is None and design.baselines != "none":
        hint = "under [population]: baseline = { mean = ..., sd = ... }"
        draft.note(("design", "baselines"), "needs the mean and SD of the baseline", hint)
    if baseline is not None and endpoint is not None:
        check_score(draft, endpoint.scale, ("population", "baseline", "mean"), baseline.mean)
    return population.model_copy(
        update={
            "period_effect": _effects(draft, population.period_effect, "period", design.periods),
            "sequence_effect": _effects(draft, population.sequence_effect, "sequence", len(design.sequences)),
            "dropout": resolve_dropout(draft, design, population.dropout),
        }
    )


def _effects(draft: Draft, effects: tuple[float, ...], what: str, wanted: int) -> tuple[float, ...]:
    path: Path = ("population", f"{what}_effect")
    if draft.written(path) is None:
        return (draft.no_effect,) * wanted
    if len(effects) != wanted:
        message = f"has {count(len(effects), 'number')}, but the design has {count(wanted, what)}"
        draft.note(
            path, message, f"one number per {what}, {'as a ratio' if draft.no_effect else 'in points'}"
        )
    return effects


def resolve_endpoint(draft: Draft) -> Endpoint | None:
    """The endpoint with a label, a measure and a day."""
    endpoint = draft.endpoint
    if endpoint is None:
        return None
    _check_distribution(draft, endpoint)
    scale, path = endpoint.scale, ("endpoint", "scale")
    if scale.low is not None and scale.high is not None and not scale.low < scale.high:
        draft.note((*path, "high"), f"must be above the lowest score, {scale.low:g}")
        scale = scale.model_copy(update={"low": None, "high": None})
    elif scale.remission_at_most is not None:
        check_score(draft, scale, (*path, "remission_at_most"), scale.remission_at_most)
    row = vocabulary.SCALES.get(scale.name)
    if endpoint.on_logs and draft.written(("endpoint", "unit")) is None:
        endpoint = endpoint.model_copy(update={"unit": ""})
    label = endpoint.label or (row.title if row else scale.name)
    done = resolve_reading(draft, endpoint.model_copy(update={"label": label, "scale": scale}))
    if label:
        return done
    yes_or_no = done.measure in vocabulary.BINARY_MEASURES and draft.families
    scores = [each for each in draft.families if each.settings.tells_scores()]
    label = done.measure.capitalize() if yes_or_no and not scores else "Score"
    return done.model_copy(update={"label": label})


def _check_distribution(draft: Draft, endpoint: Endpoint) -> None:
    """Every hypothesis is of an endpoint of this distribution."""
    other = draft.first_family(lambda family: family.distribution != endpoint.distribution)
    if other is not None:
        message = (
            f"{endpoint.distribution} goes with means; {printable(other.first)} states {other.row.states}"
        )
        draft.note(("endpoint", "distribution"), message, "leave it out, or state `means` in place of them")
