"""Compiled code is ours: who may have written it, and what becomes of damaged files and full disks."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import pytest

from planner.kernels import cache, jit

NAME = "0123456789abcdef"
needs_compiler = pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled")
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two other users"
)
VICTIM, OTHER = 61001, 61002  # users of no name, of whom nobody else has files


@pytest.fixture(autouse=True)
def untold(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test is a new process as far as warnings go, and none has settings of folders."""
    for name in ("PLANNER_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    cache._warn_once.cache_clear()
    yield
    cache._warn_once.cache_clear()


# A kernel's file


def double(x: float) -> float:
    return 2.0 * x


def compiled(folder: Path, function: Callable[..., Any] = double) -> Any:
    """A kernel that has not run yet, kept in the folder."""
    dispatcher = numba.njit(function)
    dispatcher._cache = cache.KernelCache(function, folder)
    return dispatcher


def hits(dispatcher: Any) -> int:
    return sum(dispatcher.stats.cache_hits.values())


def only(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


@needs_compiler
def test_a_kernel_is_kept_and_found_again(tmp_path: Path) -> None:
    first, again = compiled(tmp_path), compiled(tmp_path)
    assert first(1.5) == again(1.5) == 3.0
    assert (hits(first), hits(again)) == (0, 1)
    assert only(tmp_path).suffix == cache.SUFFIX


@needs_compiler
def test_another_function_of_the_same_name_is_not_taken_for_it(tmp_path: Path) -> None:
    """As after an edit of a file that the folder is not named after."""
    assert compiled(tmp_path)(1.5) == 3.0

    def triple(x: float) -> float:
        return x + 2.0 * x

    triple.__qualname__, triple.__name__ = double.__qualname__, double.__name__
    other = compiled(tmp_path, triple)
    assert (other(1.5), hits(other)) == (4.5, 0)


def flipped(at: float) -> Callable[[bytes], bytes]:
    def flip(text: bytes) -> bytes:
        place = min(int(at * len(text)), len(text) - 1)
        return text[:place] + bytes([text[place] ^ 0x10]) + text[place + 1 :]

    return flip


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda text: b"",
    "one byte": lambda text: text[:1],
    "half a digest": lambda text: text[:16],
    "a digest alone": lambda text: text[:32],
    "cut in the middle": lambda text: text[: len(text) // 2],
    "without its last byte": lambda text: text[:-1],
    "a byte too many": lambda text: text + b"\0",
    "zeros": lambda text: bytes(len(text)),
    "a zeroed page": lambda text: text[:512] + bytes(512) + text[1024:],
    "text": lambda text: b"<html>quota exceeded</html>\n",
    "a plain pickle": lambda text: text[32:],
    "written twice": lambda text: text + text,
    **{f"a bit at {at:.0%}": flipped(at) for at in (0.0, 0.001, 0.25, 0.5, 0.75, 1.0)},
}


@needs_compiler
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_compiled_again_and_replaced(
    damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    assert compiled(tmp_path)(1.5) == 3.0
    file = only(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    again = compiled(tmp_path)
    with pytest.warns(RuntimeWarning, match="damaged; it is compiled again") as told:
        assert again(1.5) == 3.0
    assert (hits(again), len(told)) == (0, 1)
    replaced = only(tmp_path).read_bytes()
    assert hashlib.sha256(replaced[32:]).digest() == replaced[:32]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        third = compiled(tmp_path)
        assert (third(1.5), hits(third)) == (3.0, 1)


@needs_compiler
def test_a_damaged_file_is_gone_even_where_a_warning_is_an_error(tmp_path: Path) -> None:
    compiled(tmp_path)(1.5)
    only(tmp_path).write_bytes(b"")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="damaged"):
            compiled(tmp_path)(1.5)
    assert list(tmp_path.iterdir()) == []
    again = compiled(tmp_path)
    assert (again(1.5), hits(again)) == (3.0, 0)
    assert only(tmp_path).read_bytes()


@needs_compiler
def test_a_kernel_whose_module_cannot_be_found_again_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of `runpy.run_path`, whose module is gone when it has run: what was kept could not be loaded."""
    monkeypatch.setattr(double, "__module__", "<run_path>")
    for _ in range(2):
        kernel = compiled(tmp_path)
        assert (kernel(1.5), hits(kernel)) == (3.0, 0)
    assert list(tmp_path.iterdir()) == []


@needs_compiler
def test_a_bit_that_pickle_would_not_see_is_seen(tmp_path: Path) -> None:
    """Why there is a digest: machine code with one bit changed loads without complaint."""
    compiled(tmp_path)(1.5)
    text = only(tmp_path).read_bytes()
    middle = len(text) // 2
    pickle.loads(text[32:])
    unseen = 0
    for place in range(middle, middle + 64):
        try:
            pickle.loads(text[32:place] + bytes([text[place] ^ 1]) + text[place + 1 :])
            unseen += 1
        except Exception:  # what pickle does see
            continue
    assert unseen > 0


@needs_compiler
def test_several_damaged_files_are_told_once(tmp_path: Path) -> None:
    kernel = compiled(tmp_path)
    assert (kernel(1.5), kernel(2)) == (3.0, 4.0)
    for file in tmp_path.iterdir():
        file.write_bytes(b"")
    again = compiled(tmp_path)
    with pytest.warns(RuntimeWarning) as told:
        assert (again(1.5), again(2)) == (3.0, 4.0)
    assert len(told) == 1


@needs_compiler
def test_a_file_of_another_kernel_under_its_name_is_not_loaded(tmp_path: Path) -> None:
    """Whole, with the right digest, and of other types."""
    kernel = compiled(tmp_path)
    kernel(1.5)
    one = only(tmp_path)
    kernel(2)
    other = next(file for file in tmp_path.iterdir() if file != one)
    shutil.copy(other, one)
    again = compiled(tmp_path)
    with pytest.warns(RuntimeWarning, match="damaged"):
        assert again(1.5) == 3.0


@needs_compiler
@needs_root
def test_a_full_disk_after_compiling_costs_a_line_and_not_the_answer(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be made here: {mounted.stderr.strip()}")
    try:
        (disk / "filler").write_bytes(bytes(12 * 1024))
        with pytest.warns(RuntimeWarning, match=r"could not be kept: No space left") as told:
            assert compiled(disk)(1.5) == 3.0
        assert len(told) == 1
        assert [file.name for file in disk.iterdir()] == ["filler"]  # no half file either
    finally:
        subprocess.run(["umount", str(disk)], check=True)


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
@pytest.mark.parametrize("checked", [True, False], ids=["checked", "unchecked"])
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
