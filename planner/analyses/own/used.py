"""What a function uses that its text does not hold: globals, variables around it, defaults, by its bytecode.

A module is followed to what is used of it, `module.name`: a module that is handed on as a value could be
asked for anything, and is refused.
"""

from __future__ import annotations

import builtins
import dis
from collections.abc import Iterator
from itertools import islice, takewhile
from types import CodeType, FunctionType, ModuleType
from typing import Any

from planner.analyses.own.installed import (
    installed_name,
    is_installed_module,
    refuse_builtin,
    refuse_random,
    refuse_unsteady,
)
from planner.errors import AnalysisError

MISSING = object()
"""The value of a name that has none yet."""

_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD")
_INNER = {
    *("__globals__", "__dict__", "__code__", "__closure__", "__builtins__", "__subclasses__", "__bases__"),
    *("__defaults__", "__kwdefaults__", "__getattribute__", "__wrapped__", "__mro__", "__self__"),
    *("__loader__", "__spec__", "f_globals", "f_locals", "f_builtins", "f_back", "gi_frame", "tb_frame"),
}
"""Attributes that lead to any name there is."""


def used(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Names and values, in an order that only the text decides. Raises AnalysisError: cannot be followed."""
    who = function.__qualname__
    around = _around(function)
    values: dict[str, object] = {}
    for name, attributes in _loaded(who, function.__code__, frozenset(around)):
        for path, value in _followed(function, around, name, attributes):
            values[path] = value
    yield from sorted(values.items())
    for i, value in enumerate(function.__defaults__ or ()):
        yield f"default {i}", value
    yield from sorted((function.__kwdefaults__ or {}).items())


def _around(function: FunctionType) -> dict[str, object]:
    """The variables around a function."""
    values = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            values[name] = cell.cell_contents
        except ValueError:
            raise AnalysisError(f"{function.__qualname__} uses {name}, which has no value yet") from None
    return values


def _loaded(who: str, code: CodeType, around: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    """Names that are loaded, each with the attributes that are taken of it at once.

    Also those of functions that it defines itself. Raises AnalysisError for what would change a name, or
    find one that the code does not write.
    """
    steps = [each for each in dis.get_instructions(code) if each.opname not in ("EXTENDED_ARG", "CACHE")]
    for i, step in enumerate(steps):
        kind, name = step.opname, str(step.argval)
        outside = kind.startswith(("STORE", "DELETE")) and (
            kind.endswith("GLOBAL") or (kind.endswith("DEREF") and name in around)
        )
        if kind == "IMPORT_NAME":
            raise AnalysisError(
                f"{who} imports {name} while it runs, which cannot be followed",
                "import it at the top of the module",
            )
        if outside:
            raise AnalysisError(f"{who} changes {name}: an analysis keeps no state from trial to trial")
        if name in _INNER and (kind in _ATTRIBUTE or "GLOBAL" in kind):
            raise AnalysisError(f"{who} uses {name}, through which what is used cannot be followed")
        if kind.startswith("LOAD") and any(word in kind for word in ("GLOBAL", "NAME", "DEREF")):
            attributes = [
                str(each.argval) for each in takewhile(_takes_attribute, islice(steps, i + 1, None))
            ]
            after = steps[min(i + 1 + len(attributes), len(steps) - 1)]
            if after.opname in ("STORE_ATTR", "DELETE_ATTR") and ("DEREF" not in kind or name in around):
                raise AnalysisError(f"{who} changes {name}.{after.argval}: an analysis keeps no state")
            yield name, attributes
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _loaded(who, constant, around)


def _takes_attribute(step: dis.Instruction) -> bool:
    return step.opname in _ATTRIBUTE


def _followed(
    function: FunctionType, around: dict[str, object], name: str, attributes: list[str]
) -> Iterator[tuple[str, Any]]:
    """The values behind a name, both where a variable around has the name of a global."""
    who = function.__qualname__
    if name in around:
        yield _end(who, name, around[name], attributes)
    elif name in function.__globals__:
        yield _end(who, name, function.__globals__[name], attributes)
    elif hasattr(builtins, name):
        value = getattr(builtins, name)
        refuse_builtin(f"{who} uses {name}", name)
        yield f"builtin {name}", value


def _end(who: str, path: str, value: Any, attributes: list[str]) -> tuple[str, Any]:
    """What `module.package.name` is, from its modules on."""
    rest = list(attributes)
    while isinstance(value, ModuleType):
        refuse_unsteady(f"{who} uses {path}", value)
        if not rest:
            raise AnalysisError(
                f"{who} hands on the module {path} as a value: what is used of it cannot be followed",
                "write module.name where it is used",
            )
        name = rest.pop(0)
        module, path = value, f"{path}.{name}"
        value = _of_module(f"{who} uses {path}", module, name)
        if value is MISSING:
            return path, value
        if is_installed_module(module):
            refuse_unsteady(f"{who} uses {path}", value)
            if not isinstance(value, ModuleType) and _goes_by_name(value):
                value = _Named(f"{module.__name__}.{name}")
                break
    if rest:
        function = value if isinstance(value, FunctionType) else getattr(value, "py_func", None)
        if rest[0] == "rvs":
            refuse_random(f"{who} uses {path}.rvs")
        if isinstance(function, FunctionType) and installed_name(value) is None:
            raise AnalysisError(
                f"{who} uses {path}.{rest[0]}: the attribute of a function can change without its source",
                "use a global or a default in its place",
            )
    return path, value


class _Named(str):
    """The name of an object of an installed module, in place of the object."""

    __slots__ = ()


def named(value: Any) -> bool:
    """Whether a value of `used` stands for an object of an installed module, by its name."""
    return type(value) is _Named


def _goes_by_name(value: Any) -> bool:
    """Whether an attribute of an installed module is more than a value that anybody can set."""
    if isinstance(value, type | FunctionType):
        return installed_name(value) is not None
    if isinstance(value, list | dict | set | bytearray | tuple | int | float | complex | str | bytes | None):
        return False
    kind = type(value)
    return kind.__module__ != "numpy" and installed_name(kind) is not None and not hasattr(value, "py_func")


def _of_module(what: str, module: ModuleType, name: str) -> Any:
    if name in _INNER:
        raise AnalysisError(f"{what}, through which what is used cannot be followed")
    if is_installed_module(module):
        return getattr(module, name, MISSING)
    if type(module) is not ModuleType or (name not in vars(module) and hasattr(module, "__getattr__")):
        raise AnalysisError(f"{what}, and the module makes its names while it runs", "write a plain module")
    return vars(module).get(name, MISSING)
