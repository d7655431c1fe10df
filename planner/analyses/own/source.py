"""The source of a user's function: its text, that of the functions it calls, and the values it uses.

Two functions of the same fingerprint compute the same. It names answers and compiled code, so that whatever
could change what is computed has to be in it, or the function is refused.
"""

from __future__ import annotations

import dis
import hashlib
import inspect
import sys
import sysconfig
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from planner.errors import AnalysisError

_INSTALLED = [
    Path(path).resolve()
    for key, path in sysconfig.get_paths().items()
    if key in ("stdlib", "platlib", "purelib")
]
_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")

_texts: dict[tuple[str, CodeType], str] = {}
"""Sources by what was compiled from them: a file that is edited later is not what runs."""


def fingerprint(function: Callable[..., Any]) -> str:
    """SHA-256 in hexadecimal of all that a function computes with. Raises AnalysisError for the unknown."""
    parts: list[str] = []
    _add_function(plain(function), parts, set())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def plain(function: Any) -> FunctionType:
    """The Python function, also of a compiled one. Raises AnalysisError for anything else."""
    python = getattr(function, "py_func", function)
    if not isinstance(python, FunctionType):
        kind = type(function).__name__
        raise AnalysisError(
            f"a {kind} is no function", "define the analysis with def, at the top of a module"
        )
    return python


def source_of(function: FunctionType) -> str:
    """The text of a function. Raises AnalysisError where there is none, or where it is a lambda."""
    name = function.__qualname__
    if function.__name__ == "<lambda>":
        raise AnalysisError("a lambda has no name and no source of its own", "define the function with def")
    key = function.__code__.co_filename, function.__code__
    if key in _texts:
        return _texts[key]
    try:
        return _texts.setdefault(key, textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError):
        raise AnalysisError(
            f"the source of {name} cannot be read, and its SHA-256 is part of every answer",
            "define it in a file, or in a notebook",
        ) from None


def _add_function(function: FunctionType, parts: list[str], seen: set[int]) -> None:
    """The text of a function, and everything that it uses."""
    if id(function) in seen:
        return
    seen.add(id(function))
    parts += [function.__name__, source_of(function)]
    for name, value in _used(function):
        parts.append(name)
        _add_value(f"{function.__qualname__} uses {name}", value, parts, seen)


def _used(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """What a function uses that its text does not hold: globals, variables around it, defaults."""
    for name in sorted(set(_globals(function.__code__))):
        if name in function.__globals__:
            yield name, function.__globals__[name]
    cells = function.__closure__ or ()
    for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:
            raise AnalysisError(f"{function.__qualname__} uses {name}, which has no value yet") from None
    for i, value in enumerate(function.__defaults__ or ()):
        yield f"default {i}", value
    yield from sorted((function.__kwdefaults__ or {}).items())


def _globals(code: CodeType) -> Iterator[str]:
    """Names of globals in a function, also in those that it defines itself."""
    for each in dis.get_instructions(code):
        if each.opname in _GLOBAL:
            yield str(each.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals(constant)


def _add_value(what: str, value: Any, parts: list[str], seen: set[int]) -> None:
    """A value with all its bits, or the source of what can be called."""
    match value:
        case None | bool() | int() | str() | bytes() | complex():
            parts.append(f"{type(value).__name__} {value!r}")
        case float():
            parts.append(f"float {value.hex()}")
        case tuple():
            parts.append(f"tuple {len(value)}")
            for item in value:
                _add_value(what, item, parts, seen)
        case np.ndarray() if value.dtype != object:
            digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
            parts.append(f"array {value.dtype.str} {value.shape} {digest}")
        case np.generic():
            parts.append(f"{value.dtype.str} {value.tobytes().hex()}")
        case ModuleType():
            _add_module(what, value, parts)
        case _ if _installed(value):
            parts.append(f"{value.__module__}.{getattr(value, '__qualname__', value.__name__)}")
        case np.ufunc():
            parts.append(value.__name__)
        case BuiltinFunctionType() if isinstance(value.__self__, ModuleType | None):
            parts.append(value.__name__)
        case _ if isinstance(getattr(value, "py_func", value), FunctionType):
            parts.append(repr(sorted(getattr(value, "targetoptions", {}).items())))
            _add_function(plain(value), parts, seen)
        case _ if (name := _name_in_package(value)) is not None:
            parts.append(name)
        case _:
            raise AnalysisError(
                f"{what}, a {type(value).__name__}: what it holds can change, and with it the answer",
                "use numbers, texts, tuples, arrays, functions and modules",
            )


def _add_module(what: str, module: ModuleType, parts: list[str]) -> None:
    """An installed module by its name, one of the user's by its text."""
    parts.append(module.__name__)
    file = getattr(module, "__file__", None)
    if file is None or _is_installed(module.__name__, file):
        return
    try:
        parts.append(hashlib.sha256(Path(file).read_bytes()).hexdigest())
    except OSError:
        raise AnalysisError(f"{what}, a module whose text cannot be read") from None


def _installed(value: Any) -> bool:
    """Whether a function or class is one of Python, of an installed package or of planner."""
    if not isinstance(getattr(value, "py_func", value), FunctionType | type):
        return False
    name = value.__module__
    return _is_installed(name, getattr(sys.modules.get(name), "__file__", None))


def _name_in_package(value: Any) -> str | None:
    """The name of an object that an installed package offers ready made, such as scipy.stats.norm."""
    home = sys.modules.get(type(value).__module__)
    if home is None or not _is_installed(home.__name__, getattr(home, "__file__", None)):
        return None
    names = (f"{home.__name__}.{name}" for name, each in vars(home).items() if each is value)
    return next(names, None)


def _is_installed(name: str, file: str | None) -> bool:
    top = name.partition(".")[0]
    if top == "planner" or (top in sys.stdlib_module_names and top != "__main__"):
        return True
    return file is not None and any(Path(file).resolve().is_relative_to(each) for each in _INSTALLED)
