"""Outputs are never half there, whatever signal ends a command."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from planner.cli import main
from tests.support.commands import FEW, command
from tests.support.ended_commands import RUN, end, folder, in_shell
from tests.support.sample_trials import environment

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files and signals as on Unix")
__all__ = ["folder"]


# Signals


ENDS = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGTERM: 143}
LONG = {
    "run": ("run", "small.toml", "--trials", str(10**9), "--threads", "1"),
    "sweep": ("run", "small.toml", "--set", "design.patients=20,24,28", "--trials", str(10**8)),
    "size": ("size", "small.toml", "--power", ".8001", "--trials", str(10**9)),
    "weigh": ("weigh", "williams-2018", "--variants", "4096"),
    "discriminate": ("discriminate", "small.toml", "--draws", "4096"),
    "bench": ("bench",),
}


def started(name: str, folder: Path, **streams: Any) -> subprocess.Popen[str]:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    arguments = command(*LONG[name], "-o", "x.json")
    # As users have it: Python's remarks on files that an interrupted import leaves open are switched off.
    surroundings = {k: v for k, v in environment().items() if k != "PYTHONWARNINGS"}
    return subprocess.Popen(arguments, cwd=folder, env=surroundings, text=True, **streams)


def whole_or_nothing(folder: Path) -> bool:
    """Whether a result is there; it is then whole, and nothing temporary is left in any case."""
    left = set(os.listdir(folder)) - {"small.toml", "broken.toml"}
    assert left <= {"x.json"}
    if left:
        json.loads((folder / "x.json").read_text())
    return bool(left)


PATIENCE = (2.0, 6.0, 18.0, 54.0)  # seconds until a run has surely begun, on a machine that may be busy


@pytest.mark.parametrize(
    "number",
    [number if number == signal.SIGTERM else pytest.param(number, marks=pytest.mark.long) for number in ENDS],
    ids=lambda number: signal.Signals(number).name,
)
def test_what_is_finished_is_kept(number: signal.Signals, folder: Path) -> None:
    """Ended from outside a run writes what it has, and says by its code what ended it."""
    main(["run", str(folder / "small.toml"), *FEW])  # compiles
    for seconds in PATIENCE:
        with started("run", folder) as child:
            try:
                time.sleep(seconds)
                child.send_signal(number)
                _, err = child.communicate(timeout=60)
            finally:
                child.kill()
        assert child.returncode == ENDS[number], err
        if whole_or_nothing(folder):
            break
    document = json.loads((folder / "x.json").read_text())
    assert document["partial"] is True
    assert 0 < document["run"]["trials"] < 10**9


@pytest.mark.long
def test_a_terminal_that_is_closed_takes_nothing_with_it(folder: Path) -> None:
    """The terminal goes, and with it both streams and the bar of progress."""
    end(*RUN, folder=folder)  # compiles
    for seconds in PATIENCE:
        leader, follower = pty.openpty()
        streams: dict[str, Any] = {"stdin": follower, "stdout": follower, "stderr": follower}
        with started("run", folder, start_new_session=True, **streams) as child:
            try:
                os.close(follower)
                time.sleep(seconds)
                os.close(leader)
                child.send_signal(signal.SIGHUP)
                child.wait(timeout=60)
            finally:
                child.kill()
        assert child.returncode == 129
        if whole_or_nothing(folder):
            break
    assert json.loads((folder / "x.json").read_text())["partial"] is True


def test_a_hang_up_that_is_ignored_stays_so(folder: Path) -> None:
    """As by nohup."""
    code, out, _ = in_shell(
        "trap '' HUP; planner run small.toml --trials 200000 --json -q & child=$!; sleep 0.5; "
        "kill -HUP $child; wait $child",
        folder,
    )
    assert code == 0
    assert json.loads(out)["partial"] is False


def not_ours(code: int, number: signal.Signals, err: str) -> bool:
    """Whether the signal came while Python itself was starting or ending, before or after our lines."""
    ours = re.search(r'planner/cli/__init__\.py", line \d+, in main', err) or "internal error" in err
    interrupted = "KeyboardInterrupt" in err and not ours
    return code == -number or (code == 1 and number == signal.SIGINT and interrupted)


@pytest.mark.long
@pytest.mark.parametrize("name", LONG)
def test_no_signal_at_any_time_leaves_half_a_file(name: str, folder: Path) -> None:
    """200 signals over all commands, from the first import to the last byte."""
    chance = random.Random(f"{name} 20180830")
    codes = []
    for _ in range(34):
        number = chance.choice(list(ENDS))
        with started(name, folder, stdout=subprocess.DEVNULL) as child:
            try:
                time.sleep(chance.choice([0.3, 1.0, 3.0]) * chance.random())
                child.send_signal(number)
                _, err = child.communicate(timeout=120)
            finally:
                child.kill()
        codes.append(child.returncode)
        there = whole_or_nothing(folder)
        if not_ours(child.returncode, number, err):
            # Nothing has begun, or all is done: what was interrupted is never left so.
            assert not there or json.loads((folder / "x.json").read_text())["partial"] is False
        else:
            assert child.returncode in (ENDS[number], 0), err
            assert "Traceback" not in err, err
        (folder / "x.json").unlink(missing_ok=True)
    assert sum(code in ENDS.values() for code in codes) > 5


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="no files without a name")
def test_a_file_has_no_name_before_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while it writes, the process leaves nothing."""
    from planner._platform import write_whole

    seen = []
    before = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (seen.append(os.listdir(tmp_path)), before(number))[1])
    write_whole(tmp_path / "x.txt", b"text", replaces=False)
    assert seen == [[]]
    assert (tmp_path / "x.txt").read_text() == "text"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_without_such_files_the_result_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planner._platform import write_whole

    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    write_whole(tmp_path / "x.txt", b"text", replaces=False)
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "x.txt", b"other", replaces=False)
    assert (tmp_path / "x.txt").read_text() == "text"
    assert os.listdir(tmp_path) == ["x.txt"]
