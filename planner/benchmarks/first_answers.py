"""Rows of `planner bench` for what people wait for: of planner, and of other tools where they do the same."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from planner.benchmarks import others
from planner.benchmarks.jobs import T_TEST, t_test
from planner.benchmarks.others import Missing, Tool
from planner.benchmarks.processes import Ended, timed
from planner.benchmarks.rivals import is_same, power_by_planner
from planner.benchmarks.timing import figure, turned
from planner.benchmarks.waiting import HERE, Taken, WaitFailed, measure, ratio
from planner.benchmarks.waits import wait
from planner.results.contract import Json

T_TEST_WAIT = "t-test"
TITLE = "a t test in a new process"
TRIALS = 2_000  # so few that what is waited for is the start


def first_answers(
    rounds: Mapping[str, int], say: Callable[[str], None] = lambda text: None
) -> tuple[list[Json], list[Json]]:
    """A row for each wait, and for each tool that does the same; and why others are not here.

    `rounds`: of each wait, by its name.
    """
    rows: list[Json] = []
    skipped: list[Json] = []
    for name, count in rounds.items():
        say(f"waiting: {name}")
        if name == T_TEST_WAIT:
            rows += _by_all_tools(count, skipped)
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
        "power": None,
        "same_answer": None,
    }


def _by_all_tools(rounds: int, skipped: list[Json]) -> list[Json]:
    """The t test by planner and by every tool that is here, each in a process of its own, by turns."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "t-test.toml")
        file.write_text(T_TEST, encoding="utf-8")
        ours = [sys.executable, "-m", "planner", "run", str(file), "--trials", str(TRIALS), "--json", "-q"]
        start = partial(timed, env=os.environ | {"PYTHONPATH": str(HERE)}, cwd=Path(folder))
        powers = {"planner": _by_planner(start(ours))}  # compiles what is not compiled yet
        commands = {"planner": ours}
        for tool in (each for each in others.ALL if each.job == T_TEST_WAIT):
            try:
                commands[tool.name] = tool.command(TRIALS)
                powers[tool.name] = _by_tool(tool, start(commands[tool.name]))
            except Missing as reason:
                commands.pop(tool.name, None)
                skipped.append({"rival": tool.name, "reason": str(reason)})
        taken = {name: Taken() for name in commands}
        for r in range(rounds):
            for name in turned(list(commands), r):
                taken[name].add(start(commands[name]))
    ours_exact = power_by_planner(t_test())
    exact = {tool.name: tool.expected() for tool in others.ALL if tool.expected and tool.name in commands}
    return [
        _row(T_TEST_WAIT, TITLE, name, each, taken["planner"])
        | {
            "power": powers[name],
            "same_answer": is_same(powers[name], TRIALS, exact.get(name, ours_exact)),
        }
        for name, each in taken.items()
    ]


def _by_planner(ended: Ended) -> float:
    if ended.code != 0:
        raise WaitFailed(f"planner fails in a process of its own: {ended.err.strip()[-300:]}")
    return float(json.loads(ended.out)["cells"][0]["power"]["estimate"])


def _by_tool(tool: Tool, ended: Ended) -> float:
    try:
        return float(others.answer_of(tool, ended.out)[1])
    except (ValueError, LookupError) as error:
        last = (ended.err.strip() or "nothing").splitlines()[-1]
        raise Missing(f"it does not answer in a process of its own: {last}") from error
