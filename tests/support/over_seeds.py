"""Whether every printed Monte Carlo error is right: figures over many seeds against the errors with them.

Whatever a command's JSON says with an error is found by itself, so that new figures are tested like old ones:
every object that has an `estimate` and an `mcse`, every number and every table `x` beside an `x_mcse`. A row
of a list is known by what names it, not by its place.

An error is right if the standard deviation of its figure over the seeds is what was printed: the ratio of the
two has itself a standard error of 1 / sqrt(2 (seeds - 1)). Where fewer than FEW events are expected the
printed error is larger by design; there the stated 95 % interval has to hold what is true, which is taken to
be the mean over the seeds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

Json = dict[str, Any]
Path = tuple[Any, ...]
Within = tuple[Mapping[str, Any], ...]  # the objects that a figure stands in, the innermost first

FEW = 5.0
"""Expected events, on either side, below which an error is smoothed."""

COVERED = 0.92
"""Of the seeds, the least in which a stated 95 % interval has to hold what is true."""

Z95 = NormalDist().inv_cdf(0.975)
_NAMING = (
    *("hypothesis", "hypotheses", "analysis", "design", "name", "path", "patients", "trials", "target"),
    *("look", "sequence", "after_period", "treatment", "measure", "summaries", "effect"),
)


@dataclass(frozen=True)
class Figure:
    """A figure with its error; `rate`: a share of something that is counted."""

    estimate: float
    mcse: float
    low: float
    high: float
    rate: bool = False
    stated: bool = False  # its interval, and not only its error


def printed(node: Any, path: Path = (), within: Within = ()) -> Iterator[tuple[Path, Figure, Within]]:
    """Every figure with an error in a JSON document, where it stands, and the objects around it."""
    if isinstance(node, Mapping):
        if "estimate" in node and "mcse" in node:
            if node["estimate"] is not None and node["mcse"] is not None:
                yield path, _figure(node), (node, *within)
            return
        inside = (node, *within)
        for key, item in node.items():
            if isinstance(error := node.get(f"{key}_mcse"), list):
                yield from ((*each, inside) for each in _table(item, error, (*path, key)))
            elif error is not None and item is not None:
                yield (*path, key), _plain(item, error), inside
            elif key != "mcse" and isinstance(item, Mapping | list):
                yield from printed(item, (*path, key), inside)
        if isinstance(node.get("mcse"), list):  # errors of the table beside them
            yield from ((*each, inside) for each in _table(node["ceiling"], node["mcse"], (*path, "ceiling")))
    elif isinstance(node, list):
        for i, item in enumerate(node):
            yield from printed(item, (*path, _name(item, i)), within)


def _figure(node: Mapping[str, Any]) -> Figure:
    low, high, x, error = node.get("low"), node.get("high"), node["estimate"], node["mcse"]
    if low is None or high is None:
        return _plain(x, error)
    # Wilson's interval of a share is not symmetrical.
    rate = 0.0 <= low <= high <= 1.0 and not math.isclose(x - low, high - x, rel_tol=1e-6)
    return Figure(x, error, low, high, rate, stated=True)


def _plain(x: float, error: float) -> Figure:
    return Figure(x, error, x - Z95 * error, x + Z95 * error)


def _table(values: Any, errors: Any, path: Path) -> Iterator[tuple[Path, Figure]]:
    if isinstance(values, list):
        for i, (value, error) in enumerate(zip(values, errors, strict=True)):
            yield from _table(value, error, (*path, i))
    elif values is not None and errors is not None:
        yield path, _plain(values, errors)


def _name(item: Any, i: int) -> Any:
    """What a row is known by, or its place."""
    if not isinstance(item, Mapping):
        return i
    names = [item[key] for key in _NAMING if isinstance(item.get(key), str | int)]
    names += ["+".join(map(str, item[key])) for key in _NAMING if isinstance(item.get(key), list)]
    return tuple(names) or i


@dataclass(frozen=True)
class Verdict:
    """A figure over the seeds."""

    path: Path
    seeds: int
    ratio: float  # standard deviation over the seeds, over the mean printed error
    covered: float  # share of the intervals that hold the mean over the seeds
    events: float  # expected, on the side where there are fewer
    stated: bool  # the intervals

    def right(self, low: float, high: float, covered: float = COVERED) -> bool:
        """Whether the error is: the ratio within these limits, or where events are few the interval.

        Every stated interval has to hold the truth as often, less what chance leaves open with so many seeds.
        """
        if self.events < FEW:
            return self.covered >= covered
        if self.bounded:
            return self.ratio <= high and self.covered >= covered
        by_chance = 2.0 * math.sqrt(COVERED * (1.0 - COVERED) / self.seeds)
        held = not self.stated or self.covered >= min(COVERED - by_chance, covered)
        return low <= self.ratio <= high and held

    @property
    def bounded(self) -> bool:
        """Whether the error holds what is not known of a bias, beside what changes from seed to seed."""
        return any("ceiling" in str(part) for part in self.path)

    def __str__(self) -> str:
        where = " / ".join(map(str, self.path))
        return f"{where}: SD / error {self.ratio:.3f}, covered {self.covered:.3f}, events {self.events:.1f}"


def verdicts(documents: Sequence[Json]) -> list[Verdict]:
    """Of every figure that at least two thirds of the documents have."""
    found: dict[Path, list[tuple[Figure, float]]] = {}
    for document in documents:
        for path, figure, within in printed(document):
            events = behind(path[-1], within, document.get("run", {}).get("trials", 0))
            found.setdefault(path, []).append((figure, events))
    enough = 2 * len(documents) / 3
    return [_verdict(path, rows) for path, rows in found.items() if len(rows) >= enough]


def behind(name: Any, within: Within, trials: int) -> float:
    """How many trials a figure rests on that rests on some of them: the fewer of them and the others.

    Infinity for other figures, and for shares, of which the error itself says it.
    """
    own, *around = within
    if "mcse_unpaired" in own:
        if str(name).startswith("expected") and "stopped_early" in around[0]:
            own = around[0]["stopped_early"]
        return _discordant(own, trials)
    if str(name).startswith("expected") and "stopped_early" in around[0]:
        trials = around[0].get("trials", trials)
        early = around[0]["stopped_early"]["estimate"] * trials
        return float(min(early, trials - early))
    if not around or not around[0].get("looks"):
        return math.inf
    cell = around[0]
    efficacy = trials * sum(look["efficacy"]["estimate"] for look in cell["looks"][:-1])
    futility = trials * sum(look["futility"]["estimate"] for look in cell["looks"])
    some = {
        "bias_given_early_stop": efficacy + futility,
        "bias_given_early_efficacy": efficacy,
        "bias_given_futility": futility,
        "exaggeration_given_efficacy": trials * cell["power"]["estimate"],
    }
    return float(some.get(name, math.inf))


def _discordant(difference: Mapping[str, Any], trials: int) -> float:
    """Trials in which one of two designs alone has an event, of the rarer kind, from the paired error."""
    x, error = difference["estimate"], difference["mcse"]
    both = error**2 * (trials + 4) ** 2 - 2.0 + (x * trials) ** 2 / (trials + 4)
    return max((both - abs(x) * trials) / 2.0, 0.0)


def _verdict(path: Path, rows: Iterable[tuple[Figure, float]]) -> Verdict:
    figures, behind = zip(*rows, strict=True)
    x, error = (np.array([getattr(f, key) for f in figures]) for key in ("estimate", "mcse"))
    low, high = (np.array([getattr(f, key) for f in figures]) for key in ("low", "high"))
    true, sd, typical = float(x.mean()), float(x.std(ddof=1)), float(error.mean())
    slack = 1e-9 * max(abs(true), float(np.abs(x).max()))
    inside = (low - slack <= true) & (true <= high + slack)
    exact = sd <= slack and typical <= slack
    ratio = 1.0 if exact else (sd / typical if typical > 0.0 else math.inf)
    events = float(np.mean(behind))
    if any(f.rate for f in figures):
        events = min(events, _events(true, typical))
    return Verdict(path, len(figures), ratio, float(inside.mean()), events, figures[0].stated)


def _events(p: float, error: float) -> float:
    """How many events, or events that did not come, a share p with such a smoothed error rests on."""
    low, high = 1.0, 1e12
    for _ in range(200):
        n = math.sqrt(low * high)
        smooth = (p * n + 2.0) / (n + 4.0)
        low, high = (n, high) if smooth * (1.0 - smooth) / (n + 4.0) > error * error else (low, n)
    return min(p, 1.0 - p) * low


def wrong(found: Iterable[Verdict], low: float, high: float, covered: float = COVERED) -> list[str]:
    """The figures whose printed error is not right, in words."""
    return [str(each) for each in found if not each.right(low, high, covered)]


def times(node: Any, factor: float) -> Any:
    """A document whose printed errors are multiplied, for the negative control."""
    if isinstance(node, list):
        return [times(item, factor) for item in node]
    if not isinstance(node, Mapping):
        return node
    found = {}
    for key, item in node.items():
        if key.endswith("mcse"):
            found[key] = _multiplied(item, factor)
        else:
            found[key] = times(item, factor)
    return found


def _multiplied(errors: Any, factor: float) -> Any:
    if isinstance(errors, list):
        return [_multiplied(each, factor) for each in errors]
    return None if errors is None else errors * factor
