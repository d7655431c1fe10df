"""Outputs harm nobody: odd targets, full disks, closed streams."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Cli, cli
from tests.support.ended_commands import RUN, end, folder, in_shell
from tests.support.marks import repeated

__all__ = ["cli", "folder"]


pytestmark = pytest.mark.skipif(os.name != "posix", reason="files and signals as on Unix")


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


@pytest.mark.parametrize("closed", repeated([">&- 2>&- <&-", ">&-", "2>&-", "<&-", ">&- 2>&-"]))
def test_with_closed_streams_the_file_counts(closed: str, folder: Path) -> None:
    code, out, err = in_shell(f"planner run small.toml --trials 1000 -o x.json {closed}", folder)
    assert (code, out) == (0, "")
    assert "Traceback" not in err
    assert json.loads((folder / "x.json").read_text())["run"]["trials"] == 1000


@pytest.mark.parametrize(
    "what",
    repeated(
        ["run small.toml --trials 1000 -q", "--help", "schema", "--version", "", "scenarios", "doctor"],
        fast=2,
    ),
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
    repeated(
        [
            ("planner check broken.toml | true", 3),
            ("planner run small.toml --trials 1000 -q | head -1", 0),
            ("planner check broken.toml 2>&1 | true", 3),
            ("planner size small.toml --power .99 --max-patients 4 -q | true", 4),
            ("planner check broken.toml --json | head -c 1", 3),
            ("planner check broken.toml small.toml | head -1", 3),
            ("planner boundaries --looks 0.5,1 --rule nonsense 2>&1 | true", 2),
            ("planner schema | head -1", 0),
            ("planner scenarios | true", 0),
        ],
        fast=2,
    ),
)
def test_a_reader_who_leaves_does_not_change_the_exit_code(line: str, code: int, folder: Path) -> None:
    left, _, err = in_shell(line, folder)
    assert left == code, err
    assert "Traceback" not in err
    assert "Broken pipe" not in err


# Scenarios that come through a pipe


@pytest.mark.parametrize(
    "line",
    repeated(["cat small.toml | planner run /dev/stdin {}", "planner run <(cat small.toml) {}"]),
)
def test_a_scenario_through_a_pipe(line: str, cli: Cli, folder: Path) -> None:
    """It can be read but once, however often it is needed."""
    words = ("--trials", "1000", "--json", "-q")
    plain = cli("run", "small.toml", *words)
    through = in_shell(line.format(" ".join(words)), folder)
    assert plain[0] == through[0] == 0
    assert json.loads(plain[1])["run"]["digest"] == json.loads(through[1])["run"]["digest"]


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
