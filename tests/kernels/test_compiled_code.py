"""Compiled code is kept and found again; what becomes of damaged files and full disks."""

from __future__ import annotations

import hashlib
import pickle
import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from planner.kernels import cache
from tests.support.compiled_code import needs_compiler, needs_root, untold

__all__ = ["untold"]


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
@pytest.mark.parametrize("payload", [(), ("code",) * 13, None], ids=["empty", "other values", "no tuple"])
def test_what_was_kept_by_another_build_of_numba_is_compiled_again(payload: object, tmp_path: Path) -> None:
    """Whole, of the right key, and nothing that this build makes code of: it does not stay in the way."""
    compiled(tmp_path)(1.5)
    file = only(tmp_path)
    key, _ = pickle.loads(file.read_bytes()[32:])
    body = pickle.dumps((key, payload))
    file.write_bytes(hashlib.sha256(body).digest() + body)
    again = compiled(tmp_path)
    with pytest.warns(RuntimeWarning, match="damaged; it is compiled again"):
        assert (again(1.5), hits(again)) == (3.0, 0)
    third = compiled(tmp_path)
    assert (third(1.5), hits(third)) == (3.0, 1)


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
