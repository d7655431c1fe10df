"""The digest of an answer: in every command, the same for the same answer, and another for any other."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.results.digest import _add, answer_digest
from planner.scenario.reading.read import read_text
from tests.support.commands import SCENARIO, Cli, cli

__all__ = ["cli"]

WIDE = SCENARIO.replace(
    "[hypotheses.none]",
    '[hypotheses.expected.uncertainty]\n"sd_within" = { low = 4.0, high = 8.0 }\n[hypotheses.none]',
)
OBSERVED = (
    SCENARIO
    + """
[monitoring]
looks = [12, 24]
[observed]
means = { A = { mean = 4.0, n = 20 }, B = { mean = 1.0, n = 20 } }
"""
)
COUNTS = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 24
[hypotheses.better]
rates = { A = 0.6, B = 0.3 }
correlation = 0.4
[hypotheses.equal]
rates = { A = 0.4, B = 0.4 }
correlation = 0.4
[observed]
responders = { A = [12, 20], B = [7, 20] }
"""
QUOTED = SCENARIO.replace("[hypotheses.expected]", '[hypotheses."it\'s `so`"]')
FILES = {"it's $mine.toml": QUOTED, "wide.toml": WIDE, "observed.toml": OBSERVED, "counts.toml": COUNTS}
FEW = ["--trials", "1000"]
QUICK = ["--draws", "32"]

COMMANDS: dict[str, list[str]] = {
    "run": ["run", "observed.toml", *FEW, "--hypothesis", "expected"],
    "precision": ["run", "observed.toml", "--precision", "0.02", "--trials", "20000"],
    "sweep": [
        "run",
        "observed.toml",
        *FEW,
        "--set",
        "design.patients=12,24",
        "--set",
        "hypotheses.none.means.A=0.1234567891",
    ],
    "uncertain": ["run", "wide.toml", *FEW, "--uncertain", "--variants", "10", "--hypothesis", "expected"],
    "uncertain to a precision": ["run", "wide.toml", "--uncertain", "--precision", "0.1", "--variants", "20"],
    "swept and uncertain": [
        "run",
        "wide.toml",
        *FEW,
        "--uncertain",
        "--variants",
        "12",
        "--set",
        "design.patients=12,24",
    ],
    "sensitivity": ["run", "observed.toml", *FEW, "--sensitivity", "--sensitivity-step", "0.1234567891"],
    "size": [
        "size",
        "observed.toml",
        *FEW,
        "--power",
        ".5,.612345678",
        "--hypothesis",
        "expected",
        "--max-patients",
        "100",
    ],
    "effect": ["size", "observed.toml", *FEW, "--find", "effect", "--patients", "20", "--power", ".5"],
    "size of the uncertain": [
        "size",
        "wide.toml",
        "--uncertain",
        "--variants",
        "20",
        "--power",
        ".5",
        "--max-patients",
        "60",
    ],
    "compare": ["compare", "observed.toml", "wide.toml", *FEW, "--hypothesis", "expected"],
    "discriminate": ["discriminate", "wide.toml", *QUICK, "--decisive", ".8123456789", "--patients", "12,24"],
    "weigh": ["weigh", "counts.toml", "--prior", "better=1.23456789", "--virtual-patients", "256"],
    "weigh the uncertain": [
        "weigh",
        "uncertain.toml",
        "--variants",
        "20",
        "--virtual-patients",
        "256",
        "--seed",
        "5",
    ],
    "trial": ["trial", "observed.toml", "--replay", "17", "--hypothesis", "none"],
    "quoted": ["run", "it's $mine.toml", *FEW, "--hypothesis", "it's `so`", "--set", 'title="a \\"b\\" $c"'],
    "found": ["trial", "observed.toml", "--find", "efficacy", "--set", "analyses.0.alpha=0.1"],
}


def write() -> None:
    for name, text in FILES.items():
        Path(name).write_text(text)
    Path("uncertain.toml").write_text(WIDE + "[observed]" + OBSERVED.split("[observed]")[1])


def asked(cli: Cli, *words: str) -> dict[str, Any]:
    code, out, err = cli(*words, "-q", "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def without_times(document: dict[str, Any]) -> dict[str, Any]:
    run = {k: v for k, v in document["run"].items() if k not in ("seconds", "trials_per_second")}
    return {**document, "run": run}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_that_is_printed_gives_the_same_answer(cli: Cli, name: str) -> None:
    """All of it, on another number of threads; and the digest stands in every command's JSON."""
    write()
    words = COMMANDS[name]
    threads = [] if words[0] == "trial" else ["--threads", "1"]
    first = asked(cli, *words, *threads)
    page = cli(*words, *threads, "-q")[1]
    printed = next(line.strip() for line in page.splitlines()[::-1] if line.startswith("  planner "))
    assert shlex.split(printed)[0] == "planner"
    second = asked(cli, *shlex.split(printed)[1:], *(["--threads", "2"] if threads else []))
    assert len(first["run"]["digest"]) == 64
    assert second["run"]["digest"] == first["run"]["digest"]
    assert without_times(second) == without_times(first)


OTHERWISE: dict[str, tuple[str, list[list[str]]]] = {
    "run": (
        "run",
        [["--seed", "2"], ["--trials", "1001"], ["--hypothesis", "none"], ["--set", "analyses.0.alpha=.04"]],
    ),
    "sensitivity": ("sensitivity", [["--sensitivity-step", ".2"], ["--seed", "2"]]),
    "size": ("size", [["--power", ".4"], ["--max-patients", "90"], ["--seed", "2"], ["--trials", "900"]]),
    "compare": ("compare", [["--seed", "2"], ["--trials", "900"], ["--set", "analyses.0.alpha=.04"]]),
    "discriminate": (
        "discriminate",
        [
            ["--decisive", ".9"],
            ["--summaries", "means,sds"],
            ["--likelihood", "gaussian"],
            ["--draws", "34"],
            ["--seed", "2"],
        ],
    ),
    "weigh": (
        "weigh",
        [
            ["--prior", "better=2"],
            ["--set", "observed.responders.A=[13,20]"],
            ["--seed", "2"],
            ["--virtual-patients", "512"],
        ],
    ),
    "trial": ("trial", [["--replay", "18"], ["--seed", "2"], ["--hypothesis", "expected"]]),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_every_option_that_alters_a_figure_is_in_it(cli: Cli, name: str) -> None:
    """Before: `weigh` of other counts had the same digest, which was that of its scenario."""
    write()
    like, changes = OTHERWISE[name]
    found = [asked(cli, *COMMANDS[like])["run"]["digest"]]
    found += [asked(cli, *_changed(COMMANDS[like], change))["run"]["digest"] for change in changes]
    assert len(set(found)) == len(found)


def _changed(words: list[str], change: list[str]) -> list[str]:
    """The words with an option in place of its own."""
    option, value = change
    if option in words and option != "--set":
        at = words.index(option)
        return [*words[: at + 1], value, *words[at + 2 :]]
    return [*words, option, value]


def test_labels_and_files_are_not_in_it(cli: Cli) -> None:
    write()
    Path("renamed.toml").write_text(OBSERVED.replace("A small crossover", "Another title"))
    words = ["--trials", "500"]
    digests = {asked(cli, "run", file, *words)["run"]["digest"] for file in ("observed.toml", "renamed.toml")}
    assert len(digests) == 1


def test_boundaries_have_one_too(cli: Cli) -> None:
    def named(*words: str) -> str:
        found: str = json.loads(cli("boundaries", *words, "--json")[1])["run"]["digest"]
        return found

    same = {named("--looks", "12,30"), named("--looks", "0.4,1"), named("--looks", "0.4,1", "--plot", "none")}
    assert len(same) == 1
    other = {named("--looks", "13,30"), named("--looks", "0.4,1", "--rule", "pocock")}
    other |= {named("--looks", "0.4,1", "--alpha", ".05"), named("--looks", "0.4,1", "--power", ".9")}
    assert len(same | other) == 5


class Bytes:
    """What would be hashed."""

    def __init__(self) -> None:
        self.data = b""

    def update(self, data: bytes) -> None:
        self.data += data


def written(value: Any) -> bytes:
    found = Bytes()
    _add(found, value)
    return found.data


def test_no_two_values_are_written_alike() -> None:
    values: list[Any] = [
        None,
        True,
        False,
        0,
        1,
        1.0,
        "1",
        "1;",
        b"1",
        [],
        [1],
        [[1]],
        [1, 1],
        ["11"],
        ["1", "1"],
        {},
        {"a": 1},
        {"a": {"b": 1}},
        [["a", 1]],
        np.array([1]),
        np.array([1.0]),
        np.array([[1]]),
        np.array([1, 1]),
        np.array([2**70], object),
        0.1,
        0.1 + 2**-55,
        "é",
        10,
        "10",
        [1, 0],
        -0.0,
        0.0,
        2**70,
    ]
    texts = [written(value) for value in values]
    assert len(set(texts)) == len(texts)
    assert written({"a": 1, "b": 2}) == written({"b": 2, "a": 1})
    assert written((1, 2)) == written([1, 2])
    assert written(np.float64(0.1)) == written(0.1)
    assert written(np.int64(3)) == written(3)
    assert written(np.arange(6).reshape(2, 3).T) == written(np.arange(6).reshape(2, 3).T.copy())
    with pytest.raises(TypeError):
        written(object())


def test_every_part_of_the_question_counts() -> None:
    scenario, other = read_text(SCENARIO), read_text(SCENARIO, set=["design.patients=26"])
    usual: dict[str, Any] = {"hypotheses": ["a"], "seed": 1, "trials": 2, "options": {"x": 3}, "sums": [4]}
    first = answer_digest("run", "1", [scenario, other], **usual)
    others = [
        answer_digest("size", "1", [scenario, other], **usual),
        answer_digest("run", "2", [scenario, other], **usual),
        answer_digest("run", "1", [other, scenario], **usual),
        answer_digest("run", "1", [scenario], **usual),
        *(
            answer_digest("run", "1", [scenario, other], **{**usual, k: [9]})
            for k in usual
            if k not in ("seed", "options")
        ),
        answer_digest("run", "1", [scenario, other], **{**usual, "seed": 9}),
        answer_digest("run", "1", [scenario, other], **{**usual, "options": {"x": 4}}),
    ]
    assert len({first, *others}) == 1 + len(others)
