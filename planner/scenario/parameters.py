"""What the path of an uncertain number leads to: the numbers meant, and the limits of their settings.

A shared path starts at the top of a scenario: `components.specific.share`. The path of a hypothesis starts in
its own settings; what it has no agent, signal or component of its own for is looked up in the common ones. An
element of a list is addressed by its name: `terms.expectancy.needs.opioid_tone.gate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from types import UnionType
from typing import Annotated, Any, Protocol, Union, get_args, get_origin

from planner.errors import PlannerError
from planner.scenario.bounds import Bounds
from planner.scenario.components import GivenAgent, Need, SizeSpread, Term
from planner.scenario.endpoint import Endpoint
from planner.scenario.families.base import FamilySettings
from planner.scenario.faults import Path, dotted
from planner.scenario.fields import Settings
from planner.scenario.paths import split_path
from planner.scenario.scenario import Scenario
from planner.scenario.secondary_outcomes import PointSpread
from planner.scenario.text import did_you_mean, listed, printable

COMMON = ("agents", "signals", "components")
"""Tables of which a hypothesis of mechanisms may have entries of its own."""

_SHARED = (*COMMON, "outcomes", "blinding", "population", "treatments")
_EACH = ("sd_within", "cv_within", "per_period")  # one number may be written for all of these
_DECIDED = ("at_least", "dose", "at_days")  # by whoever plans the trial


class Described(Protocol):
    """A scenario, or one on its way to completeness, as far as numbers in it may be uncertain."""

    @property
    def hypotheses(self) -> Mapping[str, FamilySettings]: ...
    @property
    def endpoint(self) -> Endpoint | None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A number: attributes, keys and indices that lead to it from the scenario, its value and range."""

    route: Path
    value: float
    range: Bounds

    @property
    def factors(self) -> Bounds:
        """The factors that keep the number within its range."""
        if self.value == 0.0:
            return Bounds()
        low, high = self.range.low / self.value, self.range.high / self.value
        if self.value > 0.0:
            return Bounds(low, high, self.range.above, self.range.below)
        return Bounds(high, low, self.range.below, self.range.above)


class Astray(PlannerError):
    """A path that leads to no number that may be uncertain."""


@lru_cache(maxsize=4096)
def split_key(key: str) -> tuple[Path, ...]:
    """The paths in a key of a table of uncertain numbers; an empty one where it is none."""
    return tuple(split_path(part.strip()) for part in _parted(key))


def _parted(key: str) -> list[str]:
    """The key cut at commas outside quotation marks."""
    parts, quote = [""], ""
    for c in key:
        if c == "," and not quote:
            parts.append("")
            continue
        quote = ("" if quote == c else quote or c) if c in "\"'" else quote
        parts[-1] += c
    return parts


@lru_cache(maxsize=4096)
def canonical(key: str) -> str:
    """The key in the one spelling that the full form uses."""
    return ", ".join(sorted(dotted(path) for path in split_key(key)))


def places(described: Described, hypothesis: str | None, path: Path, relative: bool) -> list[Place]:
    """The numbers that a path means, in the settings of a hypothesis or (None) in the common ones.

    Raises Astray. `relative`: a table of numbers stands for all of them.
    """
    start: Any = described if hypothesis is None else described.hypotheses[hypothesis]
    roots: tuple[str, ...] = _SHARED if hypothesis is None else start.may_be_uncertain
    above: Path = () if hypothesis is None else ("hypotheses", hypothesis)
    root = str(path[0]) if path else ""
    if root not in roots:
        raise Astray(*_no_root(described, hypothesis, path, roots))
    node: Any = getattr(start, root)
    if hypothesis is not None and root in COMMON:
        node = {**getattr(described, root), **node}
    declared: type[Settings] = Scenario if hypothesis is None else type(start)
    kind = _kind(declared, root)
    route: Path = (root,)
    for part in path[1:]:
        key, node, kind = _step(node, kind, part, route)
        route = (*route, key)
    numbers = list(_numbers(node, kind, route, relative))
    return [
        Place((*above, *each.route), each.value, each.range.within(_beyond(described, hypothesis, each)))
        for each in numbers
    ]


def _no_root(
    described: Described, hypothesis: str | None, path: Path, roots: tuple[str, ...]
) -> tuple[str, str]:
    """Why a path cannot begin so."""
    root = str(path[0]) if path else ""
    if hypothesis is not None and root in _SHARED:
        kind = "is the same under all hypotheses" if root not in COMMON else "has no part in this hypothesis"
        return kind, f"under [uncertainty]: {dotted((dotted(path),))} = ..."
    if hypothesis is None and root == "hypotheses":
        where = f"[hypotheses.{dotted(path[1:2])}.uncertainty]" if len(path) > 1 else ""
        return "belongs to one hypothesis", f"state it under {where or '[hypotheses.NAME.uncertainty]'}"
    if root in Scenario.model_fields and hypothesis is None:
        return "is a decision of the trial, and not uncertain", f"known: {listed(roots)}"
    return f"there is no number {printable(dotted(path))}", did_you_mean(root, roots)


def _step(node: object, kind: object, part: str | int, route: Path) -> tuple[str | int, object, object]:
    """The key or index of a part of a path, what stands there, and its declared type."""
    names: list[str]
    if isinstance(node, Settings):
        fields = type(node).model_fields
        if part in fields:
            return str(part), getattr(node, str(part)), _kind(type(node), str(part))
        names = [name for name in fields if name not in ("label", "dose")]
    elif isinstance(node, Mapping):
        if str(part) in node:
            return str(part), node[str(part)], _element(kind)
        names = [str(key) for key in node]
    elif isinstance(node, tuple) and node and isinstance(node[0], Settings):
        names = [_name(item) for item in node]
        if names.count(str(part)) == 1:
            at = names.index(str(part))
            return at, node[at], _element(kind)
        if str(part) in names:
            raise Astray(f"{dotted(route)} has several {printable(str(part))}", "give each a `name`")
    elif isinstance(node, tuple):
        names = [str(i) for i in range(len(node))]
        if isinstance(part, int) and part < len(node):
            return part, node[part], _element(kind)
    else:
        raise Astray(f"{dotted(route)} has no settings inside")
    raise Astray(f"{dotted(route)} has no {printable(str(part))}", did_you_mean(str(part), names))


def _name(item: Settings) -> str:
    """What an element of a list is addressed by."""
    match item:
        case Term():
            return item.name or item.component
        case Need():
            return item.signal
        case GivenAgent():
            return item.agent
    return ""


def _numbers(node: object, kind: object, route: Path, relative: bool) -> Iterator[Place]:
    """The number at the end of a path, or the numbers that are meant by a table of them."""
    if isinstance(node, float | int) and not isinstance(node, bool):
        if "occupancy_by_dose" in route:
            hint = "treatments.NAME.agents.AGENT.occupancy is what acts"
            raise Astray("is a table of measurements, from which treatments take the occupancy", hint)
        if route[-1] in _DECIDED:
            hint = "the occupancy of the dose may be" if route[-1] == "dose" else ""
            raise Astray("is a criterion of the trial, and not uncertain", hint)
        yield Place(route, float(node), _range(kind))
    elif isinstance(node, SizeSpread | PointSpread) and relative:
        for key in ("mean", "sd"):
            _, value, inner = _step(node, kind, key, route)
            yield from _numbers(value, inner, (*route, key), relative)
    elif isinstance(node, Mapping | tuple) and (relative or route[-1] in _EACH) and _plain(node):
        rows: Any = node.items() if isinstance(node, Mapping) else enumerate(node)
        for key, value in rows:
            yield from _numbers(value, _element(kind), (*route, key), relative)
    elif node is None:
        raise Astray("is not stated, so that there is no number to be uncertain of", "state it first")
    elif isinstance(node, Settings | Mapping | tuple):
        raise Astray("is no number but a table or a list", _inside(node, route))
    else:
        raise Astray("is no number")


def _plain(node: Any) -> bool:
    values = list(node.values() if isinstance(node, Mapping) else node)
    return bool(values) and all(isinstance(value, float | int) for value in values)


def _inside(node: Any, route: Path) -> str:
    """What stands in a table that was addressed as if it were a number."""
    if isinstance(node, Settings):
        names = [k for k, v in dict(node).items() if not isinstance(v, str | type(None))]
    elif isinstance(node, Mapping):
        names = [str(key) for key in node]
    else:
        names = [_name(item) if isinstance(item, Settings) else str(i) for i, item in enumerate(node)]
    return f"in it: {listed(names[:12])}" if names else ""


@lru_cache(maxsize=1024)
def _kind(declared: type[Settings], name: str) -> object:
    """The declared type of a setting, with its limits."""
    field = declared.model_fields[name]
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


@lru_cache(maxsize=1024)
def _element(kind: object) -> object:
    """The declared type of the entries of a table or list."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated or origin in (Union, UnionType):
        inner = arguments[:1] if origin is Annotated else arguments
        return next((element for each in inner if (element := _element(each)) is not None), None)
    if origin is tuple:
        return arguments[0]
    return arguments[1] if isinstance(origin, type) and issubclass(origin, Mapping) else None


@lru_cache(maxsize=1024)
def _range(kind: object) -> Bounds:
    """The limits in a declared type: ge, gt, le and lt of all its layers."""
    origin, arguments = get_origin(kind), get_args(kind)
    limits = Bounds()
    if origin in (Union, UnionType):
        for each in arguments:
            limits = limits.within(_range(each))
    elif origin is Annotated:
        limits = _range(arguments[0])
        for item in arguments[1:]:
            for each in (item, *getattr(item, "metadata", ())):
                limits = limits.within(_stated(each))
    return limits


def _stated(limit: object) -> Bounds:
    """The range of a declared limit, such as ge=0; everything is in that of anything else."""
    low, above = (getattr(limit, key, None) for key in ("ge", "gt"))
    high, below = (getattr(limit, key, None) for key in ("le", "lt"))
    lowest = next((float(x) for x in (low, above) if x is not None), -inf)
    highest = next((float(x) for x in (high, below) if x is not None), inf)
    return Bounds(lowest, highest, above is not None, below is not None)


def _beyond(described: Described, hypothesis: str | None, place: Place) -> Bounds:
    """Limits that follow from other settings."""
    if hypothesis is not None:
        return described.hypotheses[hypothesis].limits_of(place.route, described.endpoint)
    limits = Bounds()
    for each in described.hypotheses.values():
        limits = limits.within(each.common_limits_of(place.route))
    return limits
