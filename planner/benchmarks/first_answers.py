"""Rows of `planner bench` for what people wait for: of planner, and of other tools where they do the same."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from planner.benchmarks import others
from planner.benchmarks.jobs import GROUP, T_TEST
from planner.benchmarks.others import POWER, Missing, Tool, exact_power, size
from planner.benchmarks.processes import Ended, timed
from planner.benchmarks.rivals import is_same
from planner.benchmarks.timing import figure, turned
from planner.benchmarks.waiting import HERE, Taken, WaitFailed, measure, ratio
from planner.benchmarks.waits import wait
from planner.results.contract import Json

TRIALS = 2_000  # so few that what is waited for is the start


@dataclass(frozen=True, slots=True)
class Question:
    """Something that other tools answer too, in a process of their own.

    `command`, `options`: of planner, before the name of its file and after. `answer`: out of planner's JSON.
    `same`: whether an answer is the expected one, with so much slack. `trials`: of a tool, None for its own.
    """

    title: str
    command: tuple[str, ...]
    options: tuple[str, ...]
    answer: Callable[[Json], float]
    expected: Callable[[], float]
    same: Callable[[float, float, int], bool]
    trials: int | None = None


QUESTIONS = {
    "t-test": Question(
        "a t test in a new process",
        ("run",),
        ("--trials", str(TRIALS)),
        lambda document: float(document["cells"][0]["power"]["estimate"]),
        lambda: exact_power(GROUP, GROUP),
        lambda answer, expected, slack: is_same(answer, TRIALS, expected),
        TRIALS,
    ),
    "t-test-size": Question(
        "patients for 90 % power",
        ("size",),
        ("--power", str(POWER)),
        lambda document: float(document["answers"][0]["patients"]),
        lambda: size(lambda n: exact_power(n // 2, n // 2), 2),
        lambda answer, expected, slack: abs(answer - expected) <= slack,
    ),
}
"""By the name of the wait, which is the job of the tools too."""


def first_answers(
    rounds: Mapping[str, int], say: Callable[[str], None] = lambda text: None
) -> tuple[list[Json], list[Json]]:
    """A row for each wait, and for each tool that does the same; and why others are not here.

    `rounds`: of each wait, by its name.
    """
    rows: list[Json] = []
    skipped: list[Json] = []
    for name, count in rounds.items():
        say(f"timing {QUESTIONS[name].title if name in QUESTIONS else wait(name).title}")
        if name in QUESTIONS:
            rows += _by_all_tools(name, count, skipped)
        else:
            (taken,) = measure(wait(name), rounds=count)
            rows.append(_row(name, wait(name).title, "planner", taken, taken))
    return rows, skipped


def _row(name: str, title: str, by: str, taken: Taken, planner: Taken) -> Json:
    return {
        "wait": name,
        "title": title,
        "by": by,
        "processor_seconds": None if taken.work is None else figure(taken.work),
        "seconds": figure(taken.clock),
        "rounds": len(taken.seconds),
        "times_as_long": None if taken is planner else figure(ratio(taken, planner)),
        "answer": None,
        "expected": None,
        "same_answer": None,
    }


def _by_all_tools(name: str, rounds: int, skipped: list[Json]) -> list[Json]:
    """planner and every tool that is here, each in a process of its own, by turns."""
    question = QUESTIONS[name]
    tools = {tool.name: tool for tool in others.ALL if tool.job == name}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "t-test.toml")
        file.write_text(T_TEST, encoding="utf-8")
        ours = [
            sys.executable,
            "-m",
            "planner",
            *question.command,
            str(file),
            *question.options,
            "--json",
            "-q",
        ]
        start = partial(timed, env=os.environ | {"PYTHONPATH": str(HERE)}, cwd=Path(folder))
        answers = {"planner": _by_planner(question, start(ours))}  # compiles what is not compiled yet
        commands = {"planner": ours}
        for tool in tools.values():
            try:
                command = tool.command(question.trials or tool.trials)
                answers[tool.name] = _by_tool(tool, start(command))
                commands[tool.name] = command
            except Missing as reason:
                skipped.append({"rival": tool.name, "reason": str(reason)})
        taken = {by: Taken() for by in commands}
        for r in range(rounds):
            for by in turned(list(commands), r):
                taken[by].add(start(commands[by]))
    usual = question.expected()
    rows = []
    for by, each in taken.items():
        tool_or_none = tools.get(by)
        exact = tool_or_none.expected if tool_or_none else None
        expected, slack = exact() if exact else usual, tool_or_none.slack if tool_or_none else 0
        same = question.same(answers[by], expected, slack)
        row = _row(name, question.title, by, each, taken["planner"])
        rows.append(row | {"answer": answers[by], "expected": expected, "same_answer": same})
    return rows


def _by_planner(question: Question, ended: Ended) -> float:
    if ended.code != 0:
        raise WaitFailed(f"planner fails in a process of its own: {ended.err.strip()[-300:]}")
    return question.answer(json.loads(ended.out))


def _by_tool(tool: Tool, ended: Ended) -> float:
    try:
        return float(others.answer_of(tool, ended.out)[1])
    except (ValueError, LookupError) as error:
        last = (ended.err.strip() or "nothing").splitlines()[-1]
        raise Missing(f"it does not answer in a process of its own: {last}") from error
