"""Where compiled kernels are kept: a folder that nobody else can write to, and files that are checked.

What is kept are pickles, and who can write a pickle that is loaded runs code as the one who loads it. So the
folder must be the user's own, closed to others (0700) and reached over no link that somebody else could have
laid; otherwise nothing is kept. A damaged file is not loaded either: its SHA-256 comes first, and code that
does not match is compiled again. What cannot be kept costs time, never the answer.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import pickle
import stat
import sys
import tempfile
import uuid
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs
from numba.core import compiler, serialize
from numba.core.caching import _Cache as _AnyCache
from numba.core.runtime.nrt import rtsys

from planner._platform import user_number

SUFFIX = ".nbc"
_DIGEST = hashlib.sha256().digest_size
_CLOSED = 0o700
_BY_OTHERS = 0o022  # writable by the group or by everybody


class Unusable(Exception):
    """Why a folder cannot be used, in words that follow its name."""


def candidates() -> list[Path]:
    """Folders to be tried, best first: PLANNER_CACHE alone where it is set, else the user's, else a temporary
    one. A setting that is no absolute path names no folder (XDG base directory specification)."""
    chosen = os.environ.get("PLANNER_CACHE")
    if chosen:
        return [Path(chosen)]
    try:
        user = platformdirs.user_cache_path("planner", appauthor=False)
    except RuntimeError:  # no home
        user = Path("~", "planner")
    if not user.is_absolute():
        user = Path(os.path.expanduser("~"), ".cache", "planner")
    temporary = tempfile.gettempdir()
    stated = {os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")} | {"/tmp", "/var/tmp", "/usr/tmp"}
    if temporary == os.getcwd() and temporary not in stated:  # Python's last resort
        return [user]
    me = user_number()
    return [user, Path(temporary, f"planner-{'user' if me is None else me}")]


def opened(parent: Path, name: str) -> Path:
    """The folder `name` in `parent`, both made if they are not there. Raises Unusable."""
    if not parent.is_absolute():
        raise Unusable("is not an absolute path")
    folder = parent / name
    try:
        parent.mkdir(_CLOSED, parents=True, exist_ok=True)
        _check_way(Path(os.path.realpath(parent.parent)))
        for each in (parent, folder):
            each.mkdir(_CLOSED, exist_ok=True)
            _check_own(each, each == folder)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise Unusable(f"cannot be written to: {error.strerror or error}") from error


def _check_way(real: Path) -> None:
    """Nobody else may be able to put another folder in the place of one on the way there."""
    me = user_number()
    if me is None:
        return
    for each in reversed([real, *real.parents]):
        about = each.lstat()
        if about.st_uid not in (0, me):
            raise Unusable(f"lies in {each}, which belongs to somebody else")
        if about.st_mode & _BY_OTHERS and not about.st_mode & stat.S_ISVTX:
            raise Unusable(f"lies in {each}, which others can write to")
        if about.st_uid == me and not about.st_mode & 0o077:
            return  # nobody else comes this far


def _check_own(folder: Path, closes: bool) -> None:
    """The folder must be the user's own and no link; `closes`: what others may read is closed to them."""
    about, me = folder.lstat(), user_number()
    if stat.S_ISLNK(about.st_mode):
        raise Unusable("is a symbolic link" if not closes else f"holds a symbolic link, {folder.name}")
    if me is None:
        return
    shared = about.st_mode & _BY_OTHERS and (closes or not about.st_mode & stat.S_ISVTX)
    if about.st_uid != me and (closes or about.st_uid != 0):
        raise Unusable("belongs to somebody else")
    if shared:
        raise Unusable("can be written to by others")
    if closes and stat.S_IMODE(about.st_mode) != _CLOSED:
        folder.chmod(_CLOSED)


def chosen(name: str) -> tuple[Path | None, list[str]]:
    """The folder for compiled code of that name, or None, and what is wrong with the folders before it."""
    problems: list[str] = []
    for parent in candidates():
        try:
            return opened(parent, name), problems
        except Unusable as error:
            problems.append(f"{parent} {error}")
    return None, problems


@cache
def _warn_once(what: str) -> None:
    """Warn of something once in a process."""
    warnings.warn(what, RuntimeWarning, stacklevel=2)


def warn_without(problems: list[str]) -> None:
    """That nothing is kept, and why."""
    _warn_once(
        f"compiled code cannot be kept: {'; '.join(problems)}. Every start compiles again, for ten to twenty "
        "seconds; set PLANNER_CACHE to a folder of your own, such as one in your home."
    )


class KernelCache(_AnyCache):
    """The compiled forms of one kernel, each in a file of its own that is written whole or not at all.

    Numba's own index of files names them by number, so that two processes that compile at once can give two
    forms the same file; here the name follows from what the file holds.
    """

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._function, self._folder, self._on = function, folder, True

    @property
    def cache_path(self) -> str:
        """The folder."""
        return str(self._folder)

    def enable(self) -> None:
        """Load and keep compiled forms."""
        self._on = True

    def disable(self) -> None:
        """Compile always, and keep nothing."""
        self._on = False

    def flush(self) -> None:
        """Forget every form of this kernel."""
        for file in self._folder.glob(f"{self._called}-*{SUFFIX}"):
            file.unlink(missing_ok=True)

    def has(self, signature: Any, target: Any) -> bool:
        """Whether a compiled form for these types is kept."""
        return self._on and self._importable and self._file(self._key(signature, target.codegen())).exists()

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled form for these types; None if there is none, or none that is whole."""
        if not self._on or not self._importable:
            return None
        # What runs needs Numba's runtime alone; who compiles has the types of everything looked up first.
        rtsys.initialize(target)
        key = self._key(signature, target.codegen())
        return _read(self._file(key), key, lambda kept: compiler.CompileResult._rebuild(target, *kept))

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a compiled form; where that fails it is compiled again next time."""
        if not self._on or compiled.lifted or compiled.library.has_dynamic_globals or not self._importable:
            return
        key = self._key(signature, compiled.codegen)
        _write(self._file(key), key, compiled._reduce())

    @property
    def _importable(self) -> bool:
        """Whether compiled code finds its module again: that of a script that was run by name is gone."""
        return self._function.__module__ in sys.modules

    @property
    def _called(self) -> str:
        return f"{self._function.__module__}.{self._function.__qualname__}".replace("<", "").replace(">", "")

    def _key(self, signature: Any, codegen: Any) -> str:
        """Types, processor, and the text of the function's own file: kernels of a bench are in no folder
        that the cache is named after."""
        source = inspect.getsourcefile(self._function)
        text = Path(source).read_bytes() if source and os.path.exists(source) else b""
        code = self._function.__code__.co_code
        return repr((signature, codegen.magic_tuple(), hashlib.sha256(text + code).hexdigest()))

    def _file(self, key: str) -> Path:
        return self._folder / f"{self._called}-{hashlib.sha256(key.encode()).hexdigest()[:20]}{SUFFIX}"


def _read(file: Path, key: str, rebuild: Callable[[Any], Any]) -> Any:
    """What is rebuilt of what was kept under the key; None, and the file is removed, where that cannot be."""
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _warn_once(f"compiled code could not be read: {error.strerror or error}; it is compiled again")
        return None
    digest, body = text[:_DIGEST], text[_DIGEST:]
    if hashlib.sha256(body).digest() == digest:
        with suppress(Exception):  # whole, but of another build of Numba or LLVM with the same version
            kept, payload = pickle.loads(body)
            if kept == key:
                return rebuild(payload)
    with suppress(OSError):
        file.unlink()  # before the warning, which may be made an error
    _warn_once(f"compiled code in {file.parent} was damaged; it is compiled again and replaced")
    return None


def _write(file: Path, key: str, payload: Any) -> None:
    body = serialize.dumps((key, payload))
    new = file.with_name(f".{file.name}.{uuid.uuid4().hex[:12]}")
    try:
        with open(new, "xb") as to:
            to.write(hashlib.sha256(body).digest() + body)
        os.replace(new, file)
    except OSError as error:
        with suppress(OSError):
            new.unlink()
        _warn_once(f"compiled code could not be kept: {error.strerror or error}; later starts compile again")
