"""Compiled code is ours: who may have written it, and in which folder it is kept."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from planner.kernels import cache
from tests.support.compiled_code import needs_compiler, needs_root, untold
from tests.support.marks import repeated

__all__ = ["untold"]

NAME = "0123456789abcdef"
VICTIM, OTHER = 61001, 61002  # users of no name, of whom nobody else has files


# Whose folder it is


def mode(folder: Path) -> int:
    return folder.stat().st_mode & 0o7777


def refused(parent: Path, why: str) -> None:
    with pytest.raises(cache.Unusable, match=why):
        cache.opened(parent, NAME)


def test_a_new_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = cache.opened(tmp_path / "a" / "planner", NAME)
    assert mode(folder) == mode(folder.parent) == 0o700


def test_an_earlier_folder_that_others_can_read_is_closed(tmp_path: Path) -> None:
    (tmp_path / "planner" / NAME).mkdir(0o755, parents=True)
    assert mode(cache.opened(tmp_path / "planner", NAME)) == 0o700


@pytest.mark.parametrize("inner", [False, True], ids=["parent", "folder"])
def test_a_folder_that_others_can_write_to_is_left_alone(inner: bool, tmp_path: Path) -> None:
    made = tmp_path / "planner" / NAME
    made.mkdir(parents=True)
    (made if inner else made.parent).chmod(0o777)
    refused(tmp_path / "planner", "can be written to by others")


@pytest.mark.parametrize("inner", [False, True], ids=["parent", "folder"])
def test_a_link_is_left_alone(inner: bool, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    parent = tmp_path / "planner"
    if inner:
        parent.mkdir()
        (parent / NAME).symlink_to(target)
    else:
        parent.symlink_to(target)
    refused(parent, "symbolic link")


@pytest.mark.parametrize("relative", ["cache", ".", "", "~/cache", "../x"])
def test_a_relative_folder_is_no_folder(
    relative: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(Path(relative), "not an absolute path")
    assert not list(tmp_path.iterdir())


def test_a_way_that_others_can_change_is_no_way(tmp_path: Path) -> None:
    """Else they could put another folder in its place. Where that is forbidden, as in /tmp, it will do."""
    tmp_path.chmod(0o755)  # others come this far
    for name, rights in (("open", 0o777), ("sticky", 0o1777)):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(rights)
    tmp_root = Path(os.path.realpath(tmp_path))
    closed = any(each.stat().st_mode & 0o077 == 0 for each in tmp_root.parents if each.stat().st_uid)
    if os.geteuid() == 0:
        closed = any(each.stat().st_mode & 0o077 == 0 for each in tmp_root.parents)
    if closed:  # by a folder further up, which makes both safe
        assert cache.opened(tmp_path / "open" / "planner", NAME)
    else:
        refused(tmp_path / "open" / "planner", "others can write to")
    assert cache.opened(tmp_path / "sticky" / "planner", NAME)


@needs_root
def test_the_way_is_looked_at_where_nothing_closes_it() -> None:
    """In a folder for all: a folder in it that all can write to leads nowhere."""
    way = Path("/var/tmp") / f"planner-way-{os.getpid()}"
    way.mkdir()
    try:
        way.chmod(0o777)
        refused(way / "planner", "others can write to")
        os.chown(way, OTHER, OTHER)
        way.chmod(0o755)
        refused(way / "planner", "belongs to somebody else")
    finally:
        shutil.rmtree(way)


# Where it lies


def test_the_folder_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.candidates()[0] == tmp_path / "planner"
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "mine"))
    assert cache.candidates() == [tmp_path / "mine"]


@pytest.mark.parametrize("relative", ["cache", ".", "./x"])
def test_a_relative_setting_of_the_system_names_no_folder(
    relative: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", relative)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache.candidates()[0] == tmp_path / "home" / ".cache" / "planner"


def test_without_a_home_nothing_is_written_where_one_happens_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user without a home, and no temporary folder: Python's last resort is the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cache.os.path, "expanduser", lambda path: path)
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    folder, problems = cache.chosen(NAME)
    assert folder is None
    assert len(problems) == 1
    assert "not an absolute path" in problems[0]
    assert not list(tmp_path.iterdir())


# Two users

VICTIMS = """
import os, sys, warnings
from pathlib import Path
import numba
from planner.kernels import cache
name, me, checked = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "checked"
def double(x):
    return 2.0 * x
numba.njit(double)(1)  # loads what Numba needs: the victim may not be able to read where it is installed
os.setgid(me)
os.setuid(me)
if not checked:
    cache._check_own = lambda *_: None
    cache._check_way = lambda *_: None
folder, problems = cache.chosen(name)
kernel = numba.njit(double)
if folder is not None:
    kernel._cache = cache.KernelCache(double, folder)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    answer = kernel(1.5)
print(answer, folder, problems)
"""


class Planted:
    """A pickle that does what another user wants."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"id -u > {self.mark}",)


@needs_compiler
@needs_root
@pytest.mark.parametrize("checked", repeated([True, False]), ids=["checked", "unchecked"])
def test_another_user_cannot_have_code_run_as_you(checked: bool) -> None:
    """Planted files in the folder that is used where there is no home. Unchecked, the attack works."""
    shared = Path("/var/tmp") / f"planner-two-users-{os.getpid()}-{checked}"
    shared.mkdir()
    shared.chmod(0o1777)
    try:
        mark, planted = shared / "mark", shared / f"planner-{VICTIM}" / NAME
        planted.mkdir(parents=True)
        victim = [sys.executable, "-c", VICTIMS, NAME, str(VICTIM), "checked" if checked else "unchecked"]
        surroundings = {k: v for k, v in os.environ.items() if k not in ("PLANNER_CACHE", "XDG_CACHE_HOME")}
        surroundings |= {"HOME": "/proc/nowhere", "TMPDIR": str(shared)}
        os.chown(planted, VICTIM, VICTIM)
        os.chown(planted.parent, VICTIM, VICTIM)
        before = subprocess.run(victim, env=surroundings, capture_output=True, text=True, timeout=120)
        assert before.stdout.startswith("3.0 "), before.stderr
        (name,) = [file.name for file in planted.iterdir()]  # the attacker has seen what it is called
        body = pickle.dumps(Planted(mark))
        (planted / name).write_bytes(hashlib.sha256(body).digest() + body)
        for each in (planted.parent, planted):
            os.chown(each, OTHER, OTHER)
            each.chmod(0o777)
        os.chown(planted / name, OTHER, OTHER)
        done = subprocess.run(victim, env=surroundings, capture_output=True, text=True, timeout=120)
        assert done.stdout.startswith("3.0 "), done.stderr
        assert mark.exists() is not checked
        if checked:
            assert " None " in done.stdout
            assert "belongs to somebody else" in done.stdout
    finally:
        shutil.rmtree(shared)
