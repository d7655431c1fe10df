"""Prints how long people wait, in processor time and by the clock, here and in another checkout.

    python bench/waits.py [NAME ...] [--against CHECKOUT] [--rounds N]

Each wait is what somebody types, in new processes. With `--against` the two checkouts take turns and must
answer the same; the ratio is of processor time of all processes together, other over this one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from planner.benchmarks.machine import Watch, load_now
from planner.benchmarks.timing import Spread
from planner.benchmarks.waiting import HERE, Taken, WaitFailed, measure, ratio
from planner.benchmarks.waits import WAITS, wait


def parser() -> argparse.ArgumentParser:
    """What can be typed."""
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [each.name for each in WAITS]
    made.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}; all if none")
    made.add_argument("--against", type=checkout, metavar="CHECKOUT", help="folder with another planner")
    made.add_argument("--rounds", type=rounds, metavar="N", help="how often; each has a number of its own")
    made.add_argument("--list", action="store_true", help="list the waits, and measure nothing")
    return made


def rounds(text: str) -> int:
    """A number of rounds, at least one."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} rounds measure nothing")
    return number


def checkout(text: str) -> Path:
    """A folder that planner can be imported from."""
    folder = Path(text).resolve()
    if not (folder / "planner" / "__main__.py").is_file():
        raise argparse.ArgumentTypeError(f"{text} holds no planner")
    return folder


def figures(values: Spread | None, digits: int = 2) -> str:
    """Median and quartiles; the value alone where there are none."""
    if values is None:
        return "-"
    middle, low, high = (f"{x:.{digits}f}" for x in values)
    return middle if low == high else f"{middle} ({low} to {high})"


def row(name: str, taken: Sequence[Taken]) -> list[str]:
    """A line of the table: this checkout, then the other and how often it is this one."""
    cells = [name, figures(taken[0].work), figures(taken[0].clock)]
    for other in taken[1:]:
        cells += [figures(other.work), figures(other.clock), figures(ratio(other, taken[0]))]
    return cells


def listed() -> Table:
    """What there is to measure."""
    table = Table("wait", "what is typed", "starts with", "must have in common", "rounds")
    for each in WAITS:
        table.add_row(each.name, f"python -m {each.typed}", each.kernels, each.answer, str(each.rounds))
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print one table; 1 where a wait failed, was answered otherwise or was interrupted."""
    given, console, failed = parser().parse_args(arguments), Console(width=150), 0
    unknown = set(given.names) - {each.name for each in WAITS}
    if unknown:
        parser().error(f"there is no wait {', '.join(sorted(unknown))}")
    if given.list:
        console.print(listed())
        return 0
    if (load := load_now()).busy:
        console.print(f"warning: {load}: seconds by the clock are too high, processor time a little")
    watch = Watch()
    columns = ["wait", "processor (s)", "by the clock (s)"]
    if given.against:
        columns += ["the other: processor (s)", "by the clock (s)", "times as long"]
    table, folders = Table(*columns), [HERE, *([given.against] if given.against else [])]
    for each in [wait(name) for name in dict.fromkeys(given.names)] or WAITS:
        try:
            taken = measure(each, folders, given.rounds, lambda text: print(text, file=sys.stderr))
            table.add_row(*row(each.name, taken))
        except WaitFailed as error:
            failed = 1
            console.print(f"failed: {error}")
        except KeyboardInterrupt:
            failed = 1
            console.print(f"interrupted in {each.name}; what is finished:")
            break
    console.print(f"This: {HERE}" + (f"; the other: {given.against}" if given.against else ""))
    console.print(table)
    console.print("Median (quartiles) of the rounds. Processor time is of all processes together.")
    if stolen := watch.warning():
        console.print(f"warning: {stolen}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
