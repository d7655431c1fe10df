"""Uncertain numbers, resolved: every path leads to a number, every distribution fits its setting.

Completed, paths have one spelling each, and `sd_difference` has become `sd_within`, as it has elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, sqrt

from planner.scenario.bounds import Bounds
from planner.scenario.families.base import FamilySettings
from planner.scenario.families.means import Means
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.families.rates import Rates
from planner.scenario.faults import Path, dotted
from planner.scenario.parameters import Astray, Place, canonical, places, split_key
from planner.scenario.resolving.draft import Draft
from planner.scenario.text import did_you_mean, listed, printable
from planner.scenario.uncertainty import FORMS, Distribution

DISTRIBUTIONS = "{ low, high }, { mean, sd }, { median, log_sd } or { beta = [a, b] }"


def resolve_uncertainty(draft: Draft) -> dict[str, Distribution]:
    """The shared uncertain numbers. `draft` has the resolved parts, as far as they are sound."""
    return _resolve(draft, None, draft.uncertainty)


def resolve_own_uncertainty(draft: Draft, name: str) -> FamilySettings:
    """The hypothesis with its uncertain numbers."""
    hypothesis = draft.hypotheses[name]
    own = _resolve(draft, name, hypothesis.uncertainty)
    if isinstance(hypothesis, MechanismHypothesis) and hypothesis.tie is not None:
        _check_tie(draft, name, hypothesis)
    return hypothesis.model_copy(update={"uncertainty": own}) if own or hypothesis.uncertainty else hypothesis


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
        if hypothesis is not None and key.strip() == "sd_difference":
            key, distribution = _within(draft, place, hypothesis, distribution)
        numbers = _numbers(draft, hypothesis, place, key, distribution)
        for number in numbers:
            if number.route in taken:
                draft.note(place, f"is uncertain already, by {printable(taken[number.route])}", "", True)
                break
            taken[number.route] = written
        resolved[canonical(key)] = distribution.model_copy(update={"relative": distribution.relative or None})
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


def _within(draft: Draft, place: Path, name: str, stated: Distribution) -> tuple[str, Distribution]:
    """An uncertain SD of the difference as one of the SD within patients, which is smaller by sqrt(2)."""
    hypothesis = draft.hypotheses[name]
    if not isinstance(hypothesis, Means) or stated.relative:
        return "sd_within" if isinstance(hypothesis, Means) else "sd_difference", stated
    if hypothesis.sd_interaction:
        message = "cannot be uncertain beside a patient-by-treatment SD"
        draft.note(place, message, "state `sd_within`, or `sd_interaction`, as uncertain", at_key=True)
    low, high = stated.limits
    scaled = {"low": low, "high": high} if stated.form in ("uniform", "beta") else {}
    scaled |= {key: value for key in ("mean", "sd", "median") if (value := getattr(stated, key)) is not None}
    return "sd_within", stated.model_copy(update={key: value / sqrt(2.0) for key, value in scaled.items()})


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
        elif _allowed(draft, hypothesis, place, each):
            for number in each:
                if not _check_range(draft, place, distribution, number):
                    break
            numbers += each
    return numbers


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


def _allowed(draft: Draft, hypothesis: str | None, place: Path, numbers: list[Place]) -> bool:
    """Numbers that must fit others cannot vary alone."""
    stated = draft.hypotheses[hypothesis] if hypothesis is not None else None
    if isinstance(stated, Rates) and stated.discordant and any("rates" in each.route for each in numbers):
        message = "cannot vary alone: `discordant` says how the rates go together"
        draft.note(place, message, "state `correlation` in place of `discordant`", at_key=True)
        return False
    return True


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


def _check_tie(draft: Draft, name: str, hypothesis: MechanismHypothesis) -> None:
    """A tie leads to another hypothesis of mechanisms that is not tied itself, by components of its own."""
    tie, path = hypothesis.tie, ("hypotheses", name, "tie")
    assert tie is not None
    other = draft.hypotheses.get(tie.to)
    others = [
        each for each, h in draft.hypotheses.items() if isinstance(h, MechanismHypothesis) and each != name
    ]
    if other is None and draft.written(("hypotheses", tie.to)) is None:
        draft.note((*path, "to"), f"there is no hypothesis {printable(tie.to)}", did_you_mean(tie.to, others))
    elif tie.to == name or (other is not None and not isinstance(other, MechanismHypothesis)):
        what = "itself" if tie.to == name else "a hypothesis without mechanisms"
        draft.note((*path, "to"), f"ties the hypothesis to {what}", did_you_mean("", others))
    elif isinstance(other, MechanismHypothesis) and other.tie is not None:
        draft.note((*path, "to"), f"{printable(tie.to)} is tied to {printable(other.tie.to)} itself")
    known = [*draft.names(("agents",)), *draft.names(("hypotheses", name, "agents"))]
    for i, agent in enumerate(tie.agents):
        if agent not in known:
            draft.note(
                (*path, "agents", i), f"there is no agent {printable(agent)}", did_you_mean(agent, known)
            )
    used = list(dict.fromkeys(term.component for term in hypothesis.terms))
    for i, component in enumerate(tie.by):
        if component not in used:
            message = f"{printable(component)} is no component of this hypothesis"
            draft.note((*path, "by", i), message, did_you_mean(component, used))
