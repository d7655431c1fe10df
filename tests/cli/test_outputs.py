"""Outputs harm nobody and are never half there: odd targets, full disks, closed streams, signals."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import FEW, SCENARIO, Cli, cli, command
from tests.support.sample_trials import environment

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files and signals as on Unix")
__all__ = ["cli"]

RUN = ("run", "small.toml", *FEW)
BROKEN = "schema_version = 1\nnonsense = 2\n"


def end(*arguments: str, folder: Path, **streams: Any) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, in this folder."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.run(
        command(*arguments), cwd=folder, env=environment(), text=True, timeout=300, **streams
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(SCENARIO)
    (tmp_path / "broken.toml").write_text(BROKEN)
    return tmp_path


# What stands where the result should go


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["", "forced"])
@pytest.mark.parametrize("kind", ["device", "pipe", "socket"])
def test_only_files_are_replaced(kind: str, force: tuple[str, ...], cli: Cli, tmp_path: Path) -> None:
    """A device that is replaced by a file is lost to everybody."""
    target = tmp_path / "x.json"
    if kind == "device":
        if os.geteuid() != 0:
            pytest.skip("only root can make a device")
        os.mknod(target, stat.S_IFCHR | 0o666, os.makedev(1, 3))  # as /dev/null
    elif kind == "pipe":
        os.mkfifo(target)
    else:
        listener = socket.socket(socket.AF_UNIX)
        before = os.getcwd()
        os.chdir(tmp_path)  # names of sockets are short
        listener.bind("x.json")
        os.chdir(before)
        listener.close()
    mode = target.lstat().st_mode
    code, out, err = cli(*RUN, "-o", "x.json", *force)
    assert (code, out) == (2, "")
    assert "only files are written or replaced" in err
    assert "hint: " in err
    assert target.lstat().st_mode == mode


def test_a_link_is_followed_to_its_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    real = tmp_path / "kept" / "real.json"
    real.write_text("old")
    (tmp_path / "x.json").symlink_to(real)
    code, _, err = cli(*RUN, "-o", "x.json")
    assert code == 2
    assert "exists and is left as it is" in err
    assert real.read_text() == "old"
    assert cli(*RUN, "-o", "x.json", "--force")[0] == 0
    assert (tmp_path / "x.json").is_symlink()
    assert json.loads(real.read_text())["schema"] == "planner.run/1"


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["", "forced"])
@pytest.mark.parametrize("target", ["nowhere.json", "x.json", "missing/nowhere.json"])
def test_a_link_that_leads_nowhere_is_an_error(
    target: str, force: tuple[str, ...], cli: Cli, tmp_path: Path
) -> None:
    """Also one that leads to itself."""
    (tmp_path / "x.json").symlink_to(target)
    code, out, err = cli(*RUN, "-o", "x.json", *force)
    assert (code, out) == (2, "")
    assert "is a link to" in err
    assert os.readlink(tmp_path / "x.json") == target
    assert sorted(os.listdir(tmp_path)) == ["hostile.toml", "small.toml", "staged.toml", "x.json"]


def test_a_replaced_file_keeps_who_may_read_it(cli: Cli, tmp_path: Path) -> None:
    target = tmp_path / "x.json"
    target.write_text("old")
    target.chmod(0o640)
    assert cli(*RUN, "-o", "x.json", "--force")[0] == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["x" * 300 + ".json", "small.toml/x.json", "nowhere/x.json"])
def test_a_name_that_cannot_be_is_told_before_the_work(name: str, cli: Cli) -> None:
    code, out, err = cli("run", "small.toml", "--trials", str(10**9), "-o", name)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert "internal" not in err


def test_a_device_that_appears_during_the_work_is_left_alone(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planner.cli import output as files

    before = files.as_json

    def meanwhile(document: dict[str, Any]) -> str:
        os.mkfifo(tmp_path / "x.json")
        return before(document)

    monkeypatch.setattr(files, "as_json", meanwhile)
    code, out, err = cli(*RUN, "-o", "x.json", "--force")
    assert code == 2
    assert json.loads(out)["schema"] == "planner.run/1"  # better on the screen than lost
    assert "named pipe" in err
    assert stat.S_ISFIFO((tmp_path / "x.json").lstat().st_mode)


@pytest.fixture
def disk(folder: Path) -> Iterator[Path]:
    """A disk of 16 kB, nearly full."""
    small = folder / "disk"
    small.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(small)], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"no small disk can be made here: {made.stderr.strip()}")
    (small / "filler").write_bytes(bytes(12 * 1024))
    yield small
    subprocess.run(["umount", str(small)], check=True)


def test_a_full_disk_leaves_nothing_half_and_the_result_on_the_screen(folder: Path, disk: Path) -> None:
    done = end(*RUN, "-o", "disk/x.json", folder=folder)
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert json.loads(done.stdout)["schema"] == "planner.run/1"
    assert os.listdir(disk) == ["filler"]


def test_a_full_disk_behind_the_output_is_told(folder: Path) -> None:
    with open("/dev/full", "w") as full:
        done = end(*RUN, folder=folder, stdout=full)
        long = end("schema", folder=folder, stdout=full)
    for each in (done, long):
        assert each.returncode == 2
        assert "error: the output could not be written: No space left on device" in each.stderr
        assert "internal error" not in each.stderr


# Streams that are closed, or that nobody reads


def in_shell(line: str, folder: Path) -> tuple[int, str, str]:
    """The exit code of a shell line with `planner`, and what it wrote."""
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("no bash")
    called = f'planner() {{ "{sys.executable}" -m planner "$@"; }}; set -o pipefail; {line}'
    done = subprocess.run(
        [shell, "-c", called], cwd=folder, env=environment(), capture_output=True, text=True, timeout=300
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-", ">&- 2>&- <&-"])
def test_with_closed_streams_the_file_counts(closed: str, folder: Path) -> None:
    code, out, err = in_shell(f"planner run small.toml --trials 1000 -o x.json {closed}", folder)
    assert (code, out) == (0, "")
    assert "Traceback" not in err
    assert json.loads((folder / "x.json").read_text())["run"]["trials"] == 1000


@pytest.mark.parametrize(
    "what", ["run small.toml --trials 1000 -q", "schema", "--version", "--help", "", "scenarios", "doctor"]
)
def test_a_closed_output_is_told(what: str, folder: Path) -> None:
    code, _, err = in_shell(f"planner {what} >&-", folder)
    assert code == 2
    assert "Traceback" not in err
    assert "internal error" not in err
    assert "the standard output is closed" in err


def test_an_error_needs_nobody_to_read_it(folder: Path) -> None:
    assert in_shell("planner check broken.toml 2>&-", folder)[0] == 3
    assert in_shell("planner run nowhere 2>/dev/full", folder)[0] == 3


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("planner check broken.toml | true", 3),
        ("planner check broken.toml 2>&1 | true", 3),
        ("planner check broken.toml --json | head -c 1", 3),
        ("planner check broken.toml small.toml | head -1", 3),
        ("planner boundaries --looks 0.5,1 --rule nonsense 2>&1 | true", 2),
        ("planner size small.toml --power .99 --max-patients 4 -q | true", 4),
        ("planner schema | head -1", 0),
        ("planner scenarios | true", 0),
        ("planner run small.toml --trials 1000 -q | head -1", 0),
    ],
)
def test_a_reader_who_leaves_does_not_change_the_exit_code(line: str, code: int, folder: Path) -> None:
    left, _, err = in_shell(line, folder)
    assert left == code, err
    assert "Traceback" not in err
    assert "Broken pipe" not in err


# Scenarios that come through a pipe


def test_a_scenario_through_a_pipe(folder: Path) -> None:
    """It can be read but once, however often it is needed."""
    plain = in_shell("planner run small.toml --trials 1000 --json -q", folder)
    through = in_shell("cat small.toml | planner run /dev/stdin --trials 1000 --json -q", folder)
    shell = in_shell("planner run <(cat small.toml) --trials 1000 --json -q", folder)
    assert plain[0] == through[0] == shell[0] == 0
    digests = {json.loads(each[1])["run"]["digest"] for each in (plain, through, shell)}
    assert len(digests) == 1


def test_a_pipe_that_nobody_writes_to_is_given_up(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planner.scenario.reading import toml as parsing

    monkeypatch.setattr(parsing, "_PATIENCE", 0.1)
    os.mkfifo(tmp_path / "pipe.toml")
    code, out, err = cli("check", "pipe.toml")
    assert (code, out) == (3, "")
    assert "nobody writes to" in err


@pytest.mark.parametrize("source", ["/dev/zero", "/dev/null", "/dev/tty", "/"])
def test_a_device_or_folder_is_no_scenario(source: str, cli: Cli) -> None:
    code, out, err = cli("check", source)
    assert (code, out) == (3, "")
    assert "internal" not in err


# Signals


ENDS = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGTERM: 143}
LONG = {
    "run": ("run", "small.toml", "--trials", str(10**9)),
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


PATIENCE = (4.0, 12.0, 36.0)  # seconds until a run has surely begun, on a machine that may be busy


@pytest.mark.parametrize("number", ENDS, ids=lambda number: signal.Signals(number).name)
def test_what_is_finished_is_kept(number: signal.Signals, folder: Path) -> None:
    """Ended from outside a run writes what it has, and says by its code what ended it."""
    end(*RUN, folder=folder)  # compiles
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
