"""What Python, installed packages and planner offer: it goes by its name, for nobody changes its source.

Refused of it is what need not answer the same for the same trial: random numbers, clocks, files, and what
looks names up while it runs.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NoReturn

import numpy as np

from planner.errors import AnalysisError

_INSTALLED = [
    Path(path).resolve()
    for key, path in sysconfig.get_paths().items()
    if key in ("stdlib", "platlib", "purelib")
]

_RANDOM = ("random", "secrets", "uuid", "numpy.random")
_OUTSIDE = (
    *("os", "posix", "nt", "sys", "time", "datetime", "io", "_io", "pathlib", "tempfile", "shutil", "glob"),
    *(
        "socket",
        "subprocess",
        "threading",
        "multiprocessing",
        "platform",
        "ctypes",
        "gc",
        "inspect",
        "urllib",
    ),
    *("importlib", "pkgutil", "runpy", "builtins", "sqlite3", "pickle", "shelve"),
)
_DRAWS = {"rvs", "bootstrap", "permutation_test", "monte_carlo_test"} | {
    f"{kind}Method" for kind in ("Bootstrap", "Permutation", "MonteCarlo")
}
_READS = {"load", "loadtxt", "genfromtxt", "fromfile", "memmap", "open_memmap"}
_BY_NAME = {"eval", "exec", "compile", "globals", "locals", "vars", "__import__", "setattr", "delattr"}
_ELSEWHERE = {"open", "input", "breakpoint", "id", "hash"}


def is_installed(name: str, file: str | None) -> bool:
    """Whether a module of that name and file is one of Python, of an installed package or of planner."""
    top = name.partition(".")[0]
    if top == "planner" or (top in sys.stdlib_module_names and top != "__main__"):
        return True
    return file is not None and any(Path(file).resolve().is_relative_to(each) for each in _INSTALLED)


def is_installed_module(module: ModuleType) -> bool:
    """The same of a module."""
    return is_installed(module.__name__, getattr(module, "__file__", None))


def installed_name(value: Any) -> str | None:
    """The name under which an installed module offers this very object; None where none does.

    What an object says of its own name and module is looked up, for a wrapper says the same as what it wraps.
    """
    if isinstance(value, FunctionType) and not _written_there(value):
        return None
    if callable(value) and isinstance(getattr(value, "__name__", None), str):
        return _by_its_own_name(value)
    home = _module(type(value).__module__)
    if home is None:
        return None
    return next((f"{home.__name__}.{name}" for name, each in vars(home).items() if each is value), None)


def _by_its_own_name(value: Any) -> str | None:
    """The name that a function or class says it has, where that leads to it."""
    last = str(value.__name__)
    if isinstance(value, np.ufunc):
        homes = [module for module in map(_module, ("numpy", "scipy.special")) if module is not None]
        return next((f"{each.__name__}.{last}" for each in homes if vars(each).get(last) is value), None)
    home_name, name = str(getattr(value, "__module__", None)), str(getattr(value, "__qualname__", last))
    home = _module(home_name)
    if home is None:
        return None
    top = home_name.partition(".")[0]
    offered = _attribute(home, name) is value or any(
        vars(module).get(last) is value
        for module in [_module(each) for each in list(sys.modules) if each.partition(".")[0] == top]
        if module is not None
    )
    return f"{home_name}.{name}" if offered else None


def _module(name: str) -> ModuleType | None:
    """An installed module that is loaded."""
    module = sys.modules.get(name)
    return module if isinstance(module, ModuleType) and is_installed_module(module) else None


def _attribute(home: ModuleType, name: str) -> Any:
    value: Any = home
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


def _written_there(function: FunctionType) -> bool:
    """Whether the code of a function stands in an installed module."""
    home = sys.modules.get(str(function.__globals__.get("__name__")))
    if home is not None and vars(home) is function.__globals__:
        return is_installed_module(home)
    return is_installed("", function.__code__.co_filename)


def refuse_builtin(what: str, name: str) -> None:
    """Raise AnalysisError for a builtin that looks names up while it runs, or what lies outside the trial."""
    if name in _BY_NAME:
        raise AnalysisError(
            f"{what}, which finds or changes names while it runs, so that what is used cannot be followed",
            "write the name itself",
        )
    if name in _ELSEWHERE:
        raise AnalysisError(f"{what}, which need not be the same for the same trial", "leave it out")


def refuse_random(what: str) -> NoReturn:
    """Raise AnalysisError for random numbers."""
    raise AnalysisError(
        f"{what}, of random numbers: an analysis must answer the same for the same trial",
        "compute with the data of the trial alone",
    )


def refuse_unsteady(what: str, value: Any) -> None:
    """Raise AnalysisError for what need not answer the same for the same trial."""
    of = getattr(value, "__self__", None)
    owner = value if of is None or isinstance(of, ModuleType) else type(of)
    home = getattr(owner, "__module__", None) or type(owner).__module__
    home = str(value.__name__ if isinstance(value, ModuleType) else home)
    name = str(getattr(value, "__name__", ""))
    top = home.partition(".")[0]
    if _lies_in(home, _RANDOM) or (top == "scipy" and name in _DRAWS):
        refuse_random(what)
    if top != "planner" and isinstance(value, ModuleType | FunctionType | BuiltinFunctionType | type):
        builtin = home in ("builtins", "_io") and not isinstance(value, ModuleType)
        if builtin:
            refuse_builtin(what, name)
        elif _lies_in(home, _OUTSIDE) and not (isinstance(value, type) and issubclass(value, Exception)):
            raise AnalysisError(
                f"{what}, of {home}, which need not be the same for the same trial",
                "compute with the data of the trial alone",
            )
    if top in ("numpy", "scipy") and name in _READS:
        raise AnalysisError(f"{what}, which reads a file: files are no part of the source", "hold an array")


def _lies_in(home: str, names: tuple[str, ...]) -> bool:
    return any(home == each or home.startswith(f"{each}.") for each in names)
