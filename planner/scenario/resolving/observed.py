"""The observed result, resolved: counts that can be, of treatments that exist and hypotheses predict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.design import Design
from planner.scenario.endpoint import Endpoint
from planner.scenario.faults import Path
from planner.scenario.observed import Observed, ObservedDifference, ObservedPairs
from planner.scenario.resolving.draft import Draft, check_treatments
from planner.scenario.text import count, did_you_mean, listed, printable
from planner.scenario.vocabulary import BINARY_MEASURES

_COUNTS = ("responders", "remitters", "pairs")
_RESULTS = (*_COUNTS, "means", "difference")
_OF = {"responders": "response", "pairs": "response", "remitters": "remission"}


def resolve_observed(
    draft: Draft, design: Design, endpoint: Endpoint | None, analyses: Sequence[PlannedAnalysis]
) -> Observed | None:
    """The result with its day, and with what is weighed of it; None if there is none."""
    observed = draft.observed
    if observed is None or endpoint is None:
        return None
    if endpoint.on_logs:
        message = "cannot be weighed with a log-normal endpoint: reports give means of the scores themselves"
        draft.note(("observed",), message, "leave it out", at_key=True)
        return observed
    given = [name for name in _RESULTS if getattr(observed, name)]
    if not given and (observed.stopped_at is not None or observed.sequences):
        return _of_data(draft, observed, design, analyses)
    if not given:
        hint = "for instance responders = { A = [7, 12], B = [0, 12] }"
        draft.note(("observed",), "says no result", hint, at_key=True)
        return observed
    _check_counts(draft, observed, design)
    _check_means(draft, observed, design)
    observed = observed.model_copy(update={"sequences": _by_sequence(draft, observed, design)})
    _check_use(draft, observed, endpoint, given)
    _check_ending(draft, observed, analyses)
    day = endpoint.day if observed.day is None else observed.day
    every_day = all(each.settings.tells_every_day for each in draft.families)
    if every_day and day not in (endpoint.day, *design.assessment_days):
        days = listed([f"{each:g}" for each in design.assessment_days])
        hint = f"design.assessment_days has {days}"
        draft.note(("observed", "day"), f"nobody is assessed on day {day:g}", hint)
    use: str = observed.use or ("counts" if given[0] in _COUNTS else given[0])
    if observed.use is not None and observed.use not in (*given, *(["counts"] * any(_counts(observed)))):
        draft.note(("observed", "use"), f"there are no {observed.use}", f"given: {listed(given)}")
    if observed.citation is not None and observed.citation not in _keys(draft):
        hint = did_you_mean(observed.citation, _keys(draft))
        draft.note(("observed", "citation"), f"there is no citation {printable(observed.citation)}", hint)
    return observed.model_copy(update={"day": day, "use": use})


def _of_data(
    draft: Draft, observed: Observed, design: Design, analyses: Sequence[PlannedAnalysis]
) -> Observed:
    """How a trial ended whose result comes from the data of its patients (`weigh --data`)."""
    _check_ending(draft, observed, analyses)
    return observed.model_copy(update={"sequences": _by_sequence(draft, observed, design)})


def _keys(draft: Draft) -> list[str]:
    citations = draft.written(("citations",))
    rows = citations if isinstance(citations, list) else []
    return [str(row["key"]) for row in rows if isinstance(row, dict) and "key" in row]


def _counts(observed: Observed) -> Iterator[object]:
    return (getattr(observed, name) for name in _COUNTS)


def _check_counts(draft: Draft, observed: Observed, design: Design) -> None:
    tables = {"responders": observed.responders, "remitters": observed.remitters}
    for name, table in tables.items():
        path: Path = ("observed", name)
        check_treatments(draft, path, table, design.treatments)
        for treatment, (x, n) in table.items():
            if x > n:
                draft.note((*path, treatment), f"{x} of {n} cannot be", "[so many, of so many patients]")
            elif n == 0:
                draft.note((*path, treatment), "is of no patients", "leave the treatment out")
        _check_repeats(draft, path, table, design)
    for treatment in set(observed.responders) & set(observed.remitters):
        n, other = observed.responders[treatment][1], observed.remitters[treatment][1]
        if n != other:
            message = f"is of {count(other, 'patient')}, but `responders` is of {n} under {treatment}"
            draft.note(("observed", "remitters", treatment), message)
    sizes = [n for table in tables.values() for _, n in table.values()]
    if observed.paired is not None and sizes and observed.paired > min(sizes):
        message = f"is {observed.paired}, more than the {min(sizes)} seen under one of the treatments"
        draft.note(("observed", "paired"), message)
    if observed.pairs is not None:
        _check_pairs(draft, observed, observed.pairs, design)


def _by_sequence(draft: Draft, observed: Observed, design: Design) -> dict[str, int]:
    """Patients of the result in each sequence, in the design's order; refused where the result has others."""
    path: Path = ("observed", "sequences")
    sizes = dict.fromkeys((" ".join(sequence) for sequence in design.sequences), 0)
    for key, n in observed.sequences.items():
        name = " ".join(key.split())
        if name not in sizes:
            message = f"{printable(key)} is no sequence of this design"
            draft.note((*path, key), message, did_you_mean(name, sizes), at_key=True)
            return {}
        sizes[name] += n
    if not observed.sequences:
        return {}
    for where, treatments, n in _stated_sizes(observed):
        together = any(set(treatments) <= set(sequence) for sequence in design.sequences)
        wanted = set(treatments)
        given = sum(
            k
            for name, k in sizes.items()
            if (wanted <= set(name.split()) if together else wanted & set(name.split()))
        )
        if given != n:
            had = f"{count(given, 'patient')} had {listed(treatments)}"
            draft.note(path, f"with these, {had}; {where} is of {n}", "give the patients that are counted")
            break
    return sizes


def _stated_sizes(observed: Observed) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """What is stated, of patients who had which treatments, and of how many."""
    for name, table in (("responders", observed.responders), ("remitters", observed.remitters)):
        yield from ((f"{name}.{printable(a)}", (a,), n) for a, (_, n) in table.items())
    yield from ((f"means.{printable(a)}", (a,), row.n) for a, row in observed.means.items())
    counted = tuple(dict.fromkeys([*observed.responders, *observed.remitters, *observed.means]))
    if observed.paired is not None and counted:
        yield "paired", counted, observed.paired
    pairs, difference = observed.pairs, observed.difference
    if pairs is not None:
        yield "pairs", tuple(pairs.only), pairs.both + pairs.neither + sum(pairs.only.values())
    if difference is not None and difference.n is not None:
        yield "difference.n", tuple(difference.contrast), difference.n


def _check_pairs(draft: Draft, observed: Observed, pairs: ObservedPairs, design: Design) -> None:
    path: Path = ("observed", "pairs")
    check_treatments(draft, (*path, "only"), pairs.only, design.treatments)
    if len(pairs.only) != 2:
        hint = "only = { A = 7, B = 0 }"
        draft.note((*path, "only"), f"names {count(len(pairs.only), 'treatment')}, not two", hint)
        return
    _check_repeats(draft, (*path, "only"), pairs.only, design)
    total = pairs.both + pairs.neither + sum(pairs.only.values())
    if total == 0:
        draft.note(path, "is of no patients")
    for treatment, only in pairs.only.items():
        margin = (pairs.both + only, total)
        stated = observed.responders.get(treatment, margin)
        if tuple(stated) != margin:
            beside = f"has {margin[0]} of {total} responders to {treatment}"
            message = f"{beside}, `responders` {stated[0]} of {stated[1]}"
            draft.note(path, message, "give one of the two")


def _check_repeats(draft: Draft, path: Path, table: Mapping[str, object], design: Design) -> None:
    """Counts of patients by treatment say which period only where nobody receives a treatment twice."""
    for treatment in table:
        if any(sequence.count(treatment) > 1 for sequence in design.sequences):
            message = f"this design gives {printable(treatment)} to the same patient more than once"
            draft.note((*path, treatment), message, "give `means` or a `difference`")


def _check_means(draft: Draft, observed: Observed, design: Design) -> None:
    check_treatments(draft, ("observed", "means"), observed.means, design.treatments)
    difference = observed.difference
    if difference is None:
        return
    path: Path = ("observed", "difference")
    check_treatments(draft, (*path, "contrast"), difference.contrast, design.treatments)
    if len(set(difference.contrast)) < len(difference.contrast):
        draft.note((*path, "contrast"), f"compares {printable(difference.contrast[0])} with itself")
    forms = "estimate with se or interval, t with df, or F with df"
    of_estimate = difference.se is not None or bool(difference.interval)
    given = [difference.estimate is not None, difference.t is not None, difference.F is not None]
    if sum(given) != 1:
        message = "says no result" if not any(given) else "is stated more than once"
        draft.note(path, message, f"give one of: {forms}", at_key=True)
    elif of_estimate and difference.estimate is None:
        name = "se" if difference.se is not None else "interval"
        draft.note((*path, name), "is of an estimate, which is not given", f"give one of: {forms}")
    if difference.df is None and (difference.t is not None or difference.F is not None):
        draft.note(path, "`df` is missing: a statistic needs its degrees of freedom", "df = 24", at_key=True)
    if difference.sign is not None and difference.F is None:
        draft.note((*path, "sign"), "is for an F statistic, which has none", "leave it out", at_key=True)
    _check_interval(draft, path, difference)


def _check_interval(draft: Draft, path: Path, difference: ObservedDifference) -> None:
    interval, estimate = difference.interval, difference.estimate
    if not interval:
        return
    if difference.se is not None:
        draft.note((*path, "interval"), "is stated beside the standard error", "give one of the two", True)
    if len(interval) != 2 or interval[0] >= interval[1]:
        draft.note((*path, "interval"), "must be two numbers, the lower one first", "interval = [-9.1, -1.2]")
    elif estimate is not None and not interval[0] < estimate < interval[1]:
        draft.note((*path, "interval"), f"does not contain the estimate, {estimate:g}")


def _check_use(draft: Draft, observed: Observed, endpoint: Endpoint, given: Sequence[str]) -> None:
    """Every hypothesis tells what was observed."""
    measure = endpoint.measure
    silent = draft.first_family(lambda family: not family.tells_responses())
    binary = draft.first_family(lambda family: not family.tells_scores())
    severe = draft.first_family(lambda family: family.has_severity)
    of_one_day = draft.first_family(lambda family: not family.tells_every_day)
    for name in given if measure else ():
        path: Path = ("observed", name)
        if name in _OF and silent is not None:
            message = f"{silent.first_stated} do not say how many respond"
            draft.note(path, message, "give `means` or a `difference`", at_key=True)
        elif name in _OF and binary is not None and _OF[name] != measure:
            message = f"{binary.first_stated} are of the {measure}"
            draft.note(
                path, message, f'under [endpoint]: measure = "{_OF[name]}" if they are of that', at_key=True
            )
        elif name not in _OF and measure in BINARY_MEASURES:
            message = f"is in the endpoint's measure, and that is {measure}: yes or no"
            draft.note(path, message, "give `responders` or `remitters`", at_key=True)
    if observed.remitters and severe is not None and endpoint.scale.remission_at_most is None:
        message = "the scale does not say up to which score a patient is in remission"
        draft.note(
            ("observed", "remitters"), message, "under [endpoint]: scale = { ..., remission_at_most = 7 }"
        )
    if observed.day not in (None, endpoint.day) and of_one_day is not None:
        message = f"day {observed.day:g}: {printable(of_one_day.first)} tells of day {endpoint.day:g} only"
        draft.note(("observed", "day"), message, "mechanisms tell what happens from day to day")


def _check_ending(draft: Draft, observed: Observed, analyses: Sequence[PlannedAnalysis]) -> None:
    looks = draft.monitoring.looks if draft.monitoring is not None else ()
    planned = max(len(looks), 1)
    if observed.stopped_at is not None and observed.stopped_at > planned:
        are = "is" if planned == 1 else "are"
        message = f"is {observed.stopped_at}, but {count(planned, 'look')} {are} planned"
        draft.note(("observed", "stopped_at"), message, "under [monitoring]: looks = [...]")
    names = [analysis.name for analysis in analyses]
    if observed.stopped_by is not None and observed.stopped_by not in names:
        hint = did_you_mean(observed.stopped_by, names)
        draft.note(("observed", "stopped_by"), f"there is no analysis {printable(observed.stopped_by)}", hint)
