"""What people wait for, as a table: what is typed, on which compile cache, and what must be answered.

`planner bench` has rows of the quick ones, `bench/waits.py` measures all, here and in another checkout.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from planner.results.contract import Json

ERRORS = 5.0
"""Monte Carlo errors of their difference by which two figures of the same answer may differ."""

LABELS = ("design", "hypothesis", "analysis", "kind", "look", "patients")
"""Keys that say what an entry of a list is of."""


class Kernels(StrEnum):
    """What is compiled when the command starts."""

    none = "an empty cache"
    others = "a cache with the kernels of another kind of scenario"
    all = "a cache with all kernels"


class Answer(StrEnum):
    """What two versions must have in common for their times to be compared."""

    digest = "the same digest"
    figures = "figures within Monte Carlo error"
    success = "exit code 0"


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that people wait for: what they type after `python -m`, and how often it is measured.

    `before`: what fills the cache for `Kernels.others`.

    >>> wait("new-process").command
    ('planner', 'run', 'asthma-ab-ba', '--trials', '128')
    """

    name: str
    title: str
    command: tuple[str, ...]
    kernels: Kernels
    answer: Answer
    rounds: int = 3
    before: tuple[str, ...] = ()

    @property
    def typed(self) -> str:
        """The command as one line."""
        return " ".join(self.command)

    @property
    def timed(self) -> tuple[str, ...]:
        """What is run: where the figures themselves are compared they are written as JSON, not as a page."""
        return (*self.command, "--json") if self.answer is Answer.figures else self.command


FIRST = ("planner", "run", "asthma-ab-ba")
DESIGNS = ("williams-2018", "two-by-two", "nmda-probe", "full-discriminator")
TWO = ("--hypothesis", "direct-opioid,permissive")
WAITS = (
    Wait(
        "new-process",
        "a new process of 128 trials, compiled",
        (*FIRST, "--trials", "128"),
        Kernels.all,
        Answer.digest,
        rounds=9,
    ),
    Wait("first-asthma", "the first answer of a fresh install", FIRST, Kernels.none, Answer.digest),
    Wait(
        "first-williams",
        "the first answer of a fresh install, mechanisms",
        ("planner", "run", "williams-2018"),
        Kernels.none,
        Answer.digest,
    ),
    Wait(
        "further-kind",
        "a further kind of scenario, whose kernels are others",
        ("planner", "run", "williams-2018"),
        Kernels.others,
        Answer.digest,
        before=(*FIRST, "--trials", "128"),
    ),
    Wait(
        "size",
        "patients for a power, two hypotheses",
        ("planner", "size", "two-by-two", "--power", ".9", *TWO),
        Kernels.all,
        Answer.figures,
    ),
    Wait(
        "size-uncertain",
        "patients for a power averaged over uncertain numbers",
        ("planner", "size", "williams-2018", "--uncertain", "--power", ".8"),
        Kernels.all,
        Answer.figures,
        rounds=1,
    ),
    Wait(
        "discriminate",
        "four designs that tell mechanisms apart",
        ("planner", "discriminate", *DESIGNS),
        Kernels.all,
        Answer.figures,
        rounds=1,
    ),
    Wait(
        "tests",
        "the tests that the README names",
        ("pytest", "-p", "no:cacheprovider"),
        Kernels.none,
        Answer.success,
        rounds=1,
    ),
)


def wait(name: str) -> Wait:
    """The wait of that name; KeyError where there is none."""
    return {each.name: each for each in WAITS}[name]


# Whether two answers are the same


def differences(answer: Answer, here: Json, there: Json) -> list[str]:
    """In what two answers differ that should be the same, as places in their JSON; empty if in nothing."""
    if answer is Answer.success:
        return []
    if answer is Answer.digest:
        one, other = ((each.get("run") or {}).get("digest") for each in (here, there))
        return [] if one == other is not None else ["run.digest"]
    pairs = list(_compared("", here, there))
    return [place for place, same in pairs if not same] if pairs else ["no figures in common"]


def _compared(place: str, here: object, there: object) -> Iterator[tuple[str, bool]]:
    """Every figure with an error, number of patients and list of the two, and whether it is the same."""
    if isinstance(here, dict) and isinstance(there, dict):
        if here.keys() & there.keys() >= {"estimate", "mcse"}:
            yield place, _close(here, there)
            return
        if here.keys() & there.keys() >= {"patients", "range"}:
            yield f"{place}.patients", _in_range(here, there) and _in_range(there, here)
        for key in here.keys() & there.keys() - {"range"}:  # a new key is no other answer
            yield from _compared(f"{place}.{key}".lstrip("."), here[key], there[key])
    elif isinstance(here, list) and isinstance(there, list):
        ours, theirs = _by_label(here), _by_label(there)
        # A search may try other numbers of patients on its way; what it is asked is the same.
        if not any("patients" in dict(label) for label in ours | theirs if isinstance(label, tuple)):
            yield f"{place} (what it lists)", ours.keys() == theirs.keys()
        for label in ours.keys() & theirs.keys():
            name = label if isinstance(label, int) else "/".join(str(value) for _, value in label)
            yield from _compared(f"{place}.{name}", ours[label], theirs[label])


def _by_label(entries: list[object]) -> dict[tuple[tuple[str, object], ...] | int, object]:
    """The entries of a list by what they are of, and by their place where they do not say."""
    labels = [
        tuple(
            (key, each[key]) for key in LABELS if key in each and not (key == "patients" and "range" in each)
        )
        if isinstance(each, dict)
        else ()
        for each in entries
    ]
    if len(set(labels)) < len(labels) or () in labels:
        return dict(enumerate(entries))
    return dict(zip(labels, entries, strict=True))


def _close(here: Json, there: Json) -> bool:
    one, other = (each["estimate"] for each in (here, there))
    if one is None or other is None:
        return one is other
    error = math.hypot(here["mcse"] or 0.0, there["mcse"] or 0.0)
    return bool(abs(one - other) <= ERRORS * error + 1e-9 * max(1.0, abs(one)))


def _in_range(here: Json, there: Json) -> bool:
    """Whether the number of patients of one lies in what Monte Carlo error leaves open in the other."""
    patients, span = here["patients"], there["range"]
    if patients is None or not isinstance(span, Sequence):
        return bool(patients == there["patients"])
    return bool(span[0] <= patients <= span[1])
