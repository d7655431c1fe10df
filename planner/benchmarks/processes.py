"""A process of its own, of which nothing is left when we are interrupted, and what it took."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from planner._platform import children_seconds


class Ended(NamedTuple):
    """A process that has ended: seconds by the clock, and of processor time with all that it started."""

    seconds: float
    processor: float | None  # None where the system does not say
    code: int
    out: str
    err: str


def run_to_end(
    command: Sequence[str],
    timeout: float | None = None,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run`, but that after any exception, Ctrl-C included, the process has ended."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env, cwd=cwd) as child:
        try:
            out, err = child.communicate(timeout=timeout)
        except BaseException:
            child.kill()
            child.wait()
            raise
    return subprocess.CompletedProcess(list(command), child.returncode, out, err)


def timed(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ended:
    """Run a command to its end. No other process that this one has started may end meanwhile.

    >>> import sys
    >>> ended = timed([sys.executable, "-c", "print(6 * 7)"])
    >>> ended.out.strip(), ended.code, ended.seconds > 0.0
    ('42', 0, True)
    """
    before, begun = children_seconds(), time.perf_counter()
    done = run_to_end(command, env=env, cwd=cwd)
    seconds, after = time.perf_counter() - begun, children_seconds()
    processor = None if before is None or after is None else after - before
    return Ended(seconds, processor, done.returncode, done.stdout, done.stderr)
