"""Uncertain numbers, resolved: every path leads to a number, every distribution fits its setting.

Completed, paths have one spelling each, and `sd_difference` has become `sd_within`, as it has elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from planner.scenario.bounds import Bounds
from planner.scenario.families.base import FamilySettings
from planner.scenario.faults import Path, dotted
from planner.scenario.parameters import Astray, Place, canonical, places, split_key
from planner.scenario.resolving.draft import Draft
from planner.scenario.resolving.families.resolver import resolver_of
from planner.scenario.resolving.kept import Kept
from planner.scenario.text import listed, printable
from planner.scenario.uncertainty import ESTIMATED, FORMS, Distribution

DISTRIBUTIONS = "{ low, high }, { mean, sd }, { median, log_sd } or { beta = [a, b] }"
_SPREADS = ("cv_within", "sd_within")
_VARIANCE = "has no variance that degrees of freedom could be of"
_NO_EFFECT = "is no mean that an earlier trial could have estimated"


def resolve_uncertainty(
    draft: Draft, kept: Kept
) -> tuple[dict[str, Distribution], dict[str, FamilySettings]]:
    """The shared uncertain numbers, and the hypotheses with theirs.

    `draft` has the resolved parts, as far as they are sound. What follows from them is kept for scenarios in
    which the same numbers are uncertain, and equal parts decide what they may be.
    """
    stated = (draft.uncertainty, *(each.uncertainty for each in draft.hypotheses.values()))
    beside = (
        *(draft.agents, draft.signals, draft.components, draft.treatments, draft.outcomes, draft.blinding),
        *(draft.population, draft.endpoint, list(draft.hypotheses.items())),
        *(draft.design, list(draft.analyses.items())),
    )
    settled: _Settled | None = kept.answer("uncertainty", stated, beside)
    if settled is None:
        faults = len(draft.complaints)
        shared = _resolve(draft, None, draft.uncertainty)
        settled = shared, {name: _own(draft, name) for name in draft.hypotheses}
        if len(draft.complaints) == faults:
            kept.keep("uncertainty", stated, beside, settled)
    shared, own = settled
    return shared, {
        name: each.model_copy(update={"uncertainty": own[name]}) if own[name] or each.uncertainty else each
        for name, each in draft.hypotheses.items()
    }


_Settled = tuple[dict[str, Distribution], dict[str, dict[str, Distribution]]]


def _own(draft: Draft, name: str) -> dict[str, Distribution]:
    """The uncertain numbers of a hypothesis."""
    hypothesis = draft.hypotheses[name]
    own = _resolve(draft, name, hypothesis.uncertainty)
    resolver_of(hypothesis.kind).check_uncertainty(draft, name, hypothesis)
    return own


def _resolve(
    draft: Draft, hypothesis: str | None, stated: Mapping[str, Distribution]
) -> dict[str, Distribution]:
    above: Path = ("uncertainty",) if hypothesis is None else ("hypotheses", hypothesis, "uncertainty")
    resolved: dict[str, Distribution] = {}
    taken: dict[Path, str] = {}
    for written, distribution in stated.items():
        key, place = written, (*above, written)
        if not _sound(draft, place, distribution):
            continue
        if hypothesis is not None:
            whose = draft.hypotheses[hypothesis]
            resolver = resolver_of(whose.kind)
            key, distribution = resolver.uncertain_in_full(draft, place, whose, key, distribution)
        numbers = _numbers(draft, hypothesis, place, key, distribution)
        for number in numbers:
            if number.route in taken:
                draft.note(place, f"is uncertain already, by {printable(taken[number.route])}", "", True)
                break
            taken[number.route] = written
        if distribution.relative is False:  # the same as to say nothing of it
            distribution = distribution.model_copy(update={"relative": None})
        resolved[canonical(key)] = distribution
    return dict(sorted(resolved.items()))


def _sound(draft: Draft, place: Path, distribution: Distribution) -> bool:
    """Whether exactly one distribution is stated, with all that it needs."""
    given = [form for form in FORMS if distribution.has(form)]
    if "beta" in given and "uniform" in given:
        given.remove("uniform")
    if len(given) != 1:
        what = "states no distribution" if not given else f"states several: {listed(given)}"
        draft.note(place, what, f"give one of {DISTRIBUTIONS}")
        return False
    form = given[0]
    if form in ESTIMATED and distribution.relative is not None:
        draft.note((*place, "relative"), f"says nothing beside `{FORMS[form][0]}`", "leave it out", True)
        return False
    lacks = [key for key in FORMS[form] if getattr(distribution, key) is None]
    if form == "beta" and len(distribution.beta) != 2:
        draft.note((*place, "beta"), "needs two numbers", "beta = [7, 5]")
    elif lacks:
        draft.note(place, f"`{lacks[0]}` is missing", f"give one of {DISTRIBUTIONS}", at_key=True)
    elif form in ("uniform", "beta") and distribution.limits[0] > distribution.limits[1]:
        low, high = distribution.limits
        end = "high" if distribution.high is not None else "low"
        draft.note((*place, end), f"low is {low:g} and high is {high:g}", "low comes first")
    else:
        return True
    return False


def _numbers(
    draft: Draft, hypothesis: str | None, place: Path, key: str, distribution: Distribution
) -> list[Place]:
    """The numbers that a key means, all faults of it noted."""
    numbers: list[Place] = []
    for path in split_key(key):
        if not path:
            draft.note(place, "is not the path of a setting", '"components.NAME.share", for instance', True)
            continue
        if _refused_elsewhere(draft, hypothesis, path):
            continue
        try:
            each = places(draft, hypothesis, path, bool(distribution.relative))
        except Astray as astray:
            draft.note(place, astray.message, astray.hint, at_key=True)
            continue
        if distribution.relative and not any(number.value for number in each):
            message = f"{dotted(path)} is 0, and so is every multiple of it"
            draft.note(place, message, "leave `relative` out", at_key=True)
        elif distribution.form in ESTIMATED:
            numbers += each if _estimated(draft, hypothesis, place, path, distribution) else []
        elif _may_vary(draft, hypothesis, place, each):
            for number in each:
                if not _check_range(draft, place, distribution, number):
                    break
            numbers += each
    return numbers


def _estimated(
    draft: Draft, hypothesis: str | None, place: Path, path: Path, distribution: Distribution
) -> bool:
    """Whether an earlier trial can have estimated it: a CV or SD within patients, or an effect."""
    if distribution.form == "variance":
        if hypothesis is None or path[0] not in _SPREADS:
            hint = "cv_within = { df = 22 }, under [hypotheses.NAME.uncertainty]"
            draft.note(place, f"{dotted(path)} {_VARIANCE}", hint, at_key=True)
            return False
        return True
    if hypothesis is None or path[0] != "means" or len(path) != 2:
        hint = "ratio = { patients = 24 }, under [hypotheses.NAME.uncertainty]"
        draft.note(place, f"{dotted(path)} {_NO_EFFECT}", hint, at_key=True)
        return False
    first = [next(iter(each.weights)) for each in draft.analyses.values()]
    if first and path[1] not in first:
        draft.note(
            place,
            f"no analysis estimates the effect of {printable(str(path[1]))}: their contrasts begin with "
            f"{listed(list(dict.fromkeys(first)))}",
            "",
            True,
        )
        return False
    patients = distribution.patients or 0
    unit = draft.design.unit if draft.design is not None else 1
    if patients < 2 * unit:
        message = f"is {patients}: fewer than two patients of each sequence leave nothing to estimate from"
        draft.note((*place, "patients"), message, f"at least {2 * unit}")
        return False
    return True


def _refused_elsewhere(draft: Draft, hypothesis: str | None, path: Path) -> bool:
    """Whether the path leads to a part of the file that has been refused already."""
    root = str(path[0])
    if not isinstance(draft.written((root,)), dict | type(None)):
        return True
    if root in ("agents", "signals", "components", "treatments", "outcomes") and len(path) > 1:
        name = str(path[1])
        stated = [draft.written((root, name))]
        sound = name in getattr(draft, root)
        if hypothesis is not None:
            stated.append(draft.written(("hypotheses", hypothesis, root, name)))
            sound = sound or name in getattr(draft.hypotheses[hypothesis], root, {})
        return not sound and any(each is not None for each in stated)
    return hypothesis is None and root == "population" and draft.population is None


def _may_vary(draft: Draft, hypothesis: str | None, place: Path, numbers: list[Place]) -> bool:
    """Whether these numbers can be uncertain: those that must fit others cannot vary alone."""
    if hypothesis is None:
        return True
    whose = draft.hypotheses[hypothesis]
    return resolver_of(whose.kind).may_vary(draft, place, whose, numbers)


def _check_range(draft: Draft, place: Path, distribution: Distribution, number: Place) -> bool:
    """Refuse a distribution that leaves the values of the setting; a normal is cut there, not refused."""
    limits, centre = distribution.limits, distribution.centre
    allowed = number.factors if distribution.relative else number.range
    if distribution.form in ("uniform", "beta"):
        if allowed.reach(*limits):
            return True
        wrong = "low" if limits[0] < allowed.low or (limits[0] == limits[1]) else "high"
        value = limits[0] if wrong == "low" else limits[1]
    else:
        if allowed.has(centre):
            return True
        wrong, value = ("mean" if distribution.form == "normal" else "median"), centre
    outside = value * number.value if distribution.relative else value
    message = f"makes {_name(number)} {outside:.6g}, which must be {_in_words(number.range)}"
    at = (*place, wrong) if getattr(distribution, wrong) is not None else place
    draft.note(at, message)
    return False


def _name(number: Place) -> str:
    route = number.route[2:] if number.route[0] == "hypotheses" else number.route
    return dotted(route)


def _in_words(allowed: Bounds) -> str:
    """`at least 0 and at most 1`."""
    low = f"{'above' if allowed.above else 'at least'} {allowed.low:,.15g}" if allowed.low > -inf else ""
    high = f"{'below' if allowed.below else 'at most'} {allowed.high:,.15g}" if allowed.high < inf else ""
    return " and ".join(filter(None, (low, high)))
