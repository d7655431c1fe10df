"""The source of a user's function: its text, that of the functions it calls, and the values it uses.

Two functions of the same fingerprint compute the same. It names answers and compiled code, so that whatever
could change what is computed has to be in it, or the function is refused.
"""

from __future__ import annotations

import hashlib
import inspect
import linecache
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from planner.analyses.own.installed import installed_name, refuse_unsteady
from planner.analyses.own.used import MISSING, named, used
from planner.errors import AnalysisError

_texts: dict[tuple[str, CodeType], str] = {}
"""Sources by what was compiled from them: a file that is edited later is not what runs."""

_first: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
"""The source of functions that Numba compiles, when they were first used: compiled code keeps the values."""


@dataclass
class _Parts:
    """What a function computes with, as texts. seen: numbers of functions by id, for none is read twice.
    compiled: functions that Numba compiles, with who uses them."""

    texts: list[str] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)
    compiled: list[tuple[str, Any]] = field(default_factory=list)


def fingerprint(function: Callable[..., Any]) -> str:
    """SHA-256 in hexadecimal of all that a function computes with. Raises AnalysisError for the unknown."""
    parts = _parts(function)
    for what, compiled in parts.compiled:
        _check_compiled(what, compiled)
    return _sha256(parts)


def _parts(function: Callable[..., Any]) -> _Parts:
    parts = _Parts()
    _add_function(plain(function), parts)
    return parts


def _sha256(parts: _Parts) -> str:
    return hashlib.sha256("\0".join(parts.texts).encode()).hexdigest()


def plain(function: Any) -> FunctionType:
    """The Python function, also of a compiled one. Raises AnalysisError for anything else."""
    python = function.py_func if _is_compiled(function) else function
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
        text = textwrap.dedent(inspect.getsource(function.__code__))
        whole = "".join(linecache.getlines(key[0]))
        compiled = compile(whole, key[0], "exec", dont_inherit=True)
    except (OSError, TypeError, SyntaxError, ValueError):
        raise AnalysisError(
            f"the source of {name} cannot be read, and its SHA-256 is part of every answer",
            "define it in a file, or in a notebook",
        ) from None
    if not _holds(compiled, function.__code__):
        raise AnalysisError(
            f"the source of {name} cannot be read: its file has changed since, or never had it",
            "start Python again, or define the function again",
        )
    return _texts.setdefault(key, text)


def _holds(whole: CodeType, code: CodeType) -> bool:
    return whole == code or any(_holds(each, code) for each in whole.co_consts if isinstance(each, CodeType))


def _is_compiled(value: Any) -> bool:
    """Whether Numba compiles it, and nothing else that has a `py_func`."""
    return type(value).__module__.startswith("numba.") and isinstance(
        getattr(value, "py_func", None), FunctionType
    )


def _add_function(function: FunctionType, into: _Parts) -> None:
    """The text of a function, and everything that it uses."""
    if id(function) in into.seen:
        into.texts.append(f"function {into.seen[id(function)]}")
        return
    into.seen[id(function)] = len(into.seen)
    kept = sorted(set(vars(function)) - {"__wrapped__"})
    if kept:
        raise AnalysisError(
            f"{function.__qualname__} has the attribute {kept[0]}, which can change without its source",
            "use a global or a default in its place",
        )
    into.texts += [function.__name__, source_of(function)]
    for name, value in used(function):
        into.texts.append(name)
        _add_value(f"{function.__qualname__} uses {name}", value, into)
    if "__wrapped__" in vars(function):
        wrapped = vars(function)["__wrapped__"]
        into.texts.append("__wrapped__")
        _add_value(f"{function.__qualname__} wraps {_name(wrapped)}", wrapped, into)


def _name(value: Any) -> str:
    return str(getattr(value, "__qualname__", type(value).__name__))


def _add_value(what: str, value: Any, into: _Parts) -> None:
    """A value with all its bits, or the source of what can be called. Only exact types: others have state."""
    kind = type(value)
    if value is MISSING:
        into.texts.append("no value")
    elif named(value):
        into.texts.append(str(value))
    elif value is None or value is ... or kind in (bool, int, str, bytes, complex):
        into.texts.append(f"{kind.__name__} {value!r}")
    elif kind is float:
        into.texts.append(f"float {value.hex()}")
    elif kind is tuple:
        into.texts.append(f"tuple {len(value)}")
        for item in value:
            _add_value(what, item, into)
    elif kind is np.ndarray and not value.dtype.hasobject:
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        into.texts.append(f"array {value.dtype} {value.shape} {value.strides} {digest}")
    elif isinstance(value, np.generic) and kind is value.dtype.type and not value.dtype.hasobject:
        into.texts.append(f"{value.dtype} {value.tobytes().hex()}")
    else:
        refuse_unsteady(what, value)
        _add_callable(what, value, into)


def _add_callable(what: str, value: Any, into: _Parts) -> None:
    """What an installed module offers, by its name; a function of the user's, by its source."""
    name = installed_name(value)
    if name is not None:
        into.texts.append(name)
    elif isinstance(value, FunctionType):
        _add_function(value, into)
    elif _is_compiled(value):
        into.texts.append(repr(sorted(getattr(value, "targetoptions", {}).items())))
        _add_function(plain(value), into)
        into.compiled.append((what, value))
    else:
        raise AnalysisError(
            f"{what}, a {type(value).__name__}: what it holds can change, and with it the answer",
            "use numbers, texts, tuples, arrays and functions, of exactly these types",
        )


def _check_compiled(what: str, compiled: Any) -> None:
    """Raise AnalysisError where code that Numba compiled earlier may hold other values than now."""
    ours = getattr(compiled, "planner_source", None)
    if ours is None and type(compiled._cache).__name__ != "NullCache":
        raise AnalysisError(
            f"{what}, whose compiled code Numba keeps without looking at what it uses",
            "leave cache=True out: planner keeps the code of the whole analysis",
        )
    source = _sha256(_parts(compiled))
    first = ours or _first.get(compiled)
    if first is None and compiled.signatures and _holds_values(plain(compiled)):
        raise AnalysisError(f"{what}, compiled before, with values that are not known", "define it again")
    if source != (first or _first.setdefault(compiled, source)):
        raise AnalysisError(f"{what}, which has changed since it was compiled", "define it again")


def _holds_values(function: FunctionType) -> bool:
    return any(
        not callable(value) and value is not MISSING and not named(value) for _, value in used(function)
    )
