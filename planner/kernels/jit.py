"""The decorators that every compiled function wears, and the name of the folder for compiled code.

A compiled function is kept under the file that defines it, not by the functions it calls: after an edit
in another file the old machine code would run. So the folder is named after the text of all kernels and
the versions of everything that turns them into machine code. Where it lies: see planner.kernels.cache.
"""

from __future__ import annotations

import functools
import hashlib
import math
import struct
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.ir as ir
import numba
import numpy as np
from numba import types
from numba.extending import intrinsic, overload

from planner.kernels.cache import KernelCache, chosen, warn_without
from planner.kernels.pipeline import helper

config: Any = numba.config
COMPILED = not config.DISABLE_JIT  # False under NUMBA_DISABLE_JIT=1: the kernels are then plain Python
_FLAGS: dict[str, Any] = {"error_model": "numpy"}
_CALLED: dict[str, Any] = {
    "nogil": True,
    "no_cfunc_wrapper": True,
}  # of kernels: Python calls them, C does not


def _fingerprint() -> str:
    """Name for the compiled code: changes with any kernel's text and with any tool that compiles it."""
    package = Path(__file__).parents[1]
    tools = numba.__version__, llvmlite.__version__, np.__version__, sys.implementation.cache_tag, _FLAGS
    text = hashlib.sha256(repr(tools).encode())
    for files in ("kernels/**/*.py", "analyses/**/*.py"):
        for file in sorted(package.glob(files)):
            text.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return text.hexdigest()[:16]


@cache
def cache_place() -> tuple[Path | None, list[str]]:
    """Folder of the compiled kernels, None where none is safe and writable; why better ones are not used."""
    return chosen(_fingerprint())


@cache
def cache_folder() -> Path | None:
    """Folder of the compiled kernels, or None (after one warning)."""
    folder, problems = cache_place()
    if folder is None:
        warn_without(problems)
    return folder


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that Python calls: cached on disk, and without the interpreter lock while it runs.

    Never parallel=True (it aborts under threads and breaks forks), and never a function as an argument
    (recompiled in every process): the choice between kernels is made in Python.
    """
    compiled: Any = numba.njit(**_CALLED, **_FLAGS)(function)
    if COMPILED and (folder := cache_folder()) is not None:
        compiled._cache = KernelCache(function, folder)
    return compiled  # type: ignore[no-any-return]


_UNCOUNTED: dict[str, Any] = {"_nrt": False}
"""Numba's switch for compiled code that allocates nothing: nobody counts who holds an array."""


def _inlined(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """What only kernels call; under NUMBA_DISABLE_JIT=1 the function itself."""
    if not COMPILED:
        return function
    compiled: Callable[..., Any] = helper(function, {"forceinline": True, **options, **_FLAGS})
    return compiled


def lanes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a helper that only kernels call, always inlined so that LLVM vectorises the loop around it.

    It makes and returns no arrays; then views need no counting of who holds them, which costs as much as a
    hundred operations on vectors for each view. The kernel that calls it holds what they are views of.
    """
    return _inlined(function, **_UNCOUNTED)


def shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile what several kernels have in common, arrays of its own included; inlined into each."""
    return _inlined(function)


def ready(compiled: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
    """A kernel for arguments of exactly these types, to be called again and again.

    At each call Numba looks at the type of every array in every table, which takes longer than the rest of
    the call. What is answered here looks at none: the arguments of later calls must have the same types,
    layouts included.
    """
    dispatcher: Any = compiled
    if not COMPILED or not hasattr(dispatcher, "compile"):
        return compiled
    entry: Callable[..., Any] = dispatcher.compile(types_of(*arguments))
    return entry


Types = tuple[Any, ...]
"""Of arguments, as Numba has them."""


def types_of(*arguments: Any) -> Types:
    """The types for which a kernel is compiled that is called with these arguments."""
    return tuple(numba.typeof(each) for each in arguments)


def is_compiled(compiled: Callable[..., Any], types: Types) -> bool:
    """Whether a kernel for these types is here, or kept on this machine; so is what is never compiled."""
    dispatcher: Any = compiled
    if not COMPILED or not hasattr(dispatcher, "compile") or types in dispatcher.overloads:
        return True
    return isinstance(dispatcher._cache, KernelCache) and dispatcher._cache.has(types, dispatcher.targetctx)


def if_given(function: Callable[..., Any]) -> Callable[..., Any]:
    """A helper of a table and a tuple of all else, which does nothing where the table is None.

    Kernels are then compiled without it: what a trial does not use costs no time to compile either.
    """
    compiled = lanes(function)

    @functools.wraps(function)
    def called(table: Any, others: tuple[Any, ...]) -> None:
        if table is not None:
            function(table, others)

    def choose(table: Any, others: Any) -> Callable[..., Any]:
        if isinstance(table, types.NoneType):
            return lambda table, others: None
        return lambda table, others: compiled(table, others)

    if COMPILED:
        options: Any = _FLAGS
        overload(called, jit_options=options, strict=False)(choose)
    return called


@intrinsic
def _fma(context: Any, x: Any, y: Any, z: Any) -> Any:
    return types.float64(types.float64, types.float64, types.float64), lambda c, b, s, a: b.fma(*a)


@intrinsic
def _bits(context: Any, x: Any) -> Any:
    return types.int64(types.float64), lambda c, b, s, a: b.bitcast(a[0], ir.IntType(64))


@intrinsic
def _from_bits(context: Any, i: Any) -> Any:
    return types.float64(types.int64), lambda c, b, s, a: b.bitcast(a[0], ir.DoubleType())


def _plain_fma(x: float, y: float, z: float) -> np.float64:
    rough = float(x) * float(y) + float(z)
    if not math.isfinite(rough):
        return np.float64(rough)
    (a, b), (c, d), (e, f) = (float(v).as_integer_ratio() for v in (x, y, z))
    return np.float64((a * c * f + e * b * d) / (b * d * f) or rough)  # dividing integers rounds once


def _plain_bits(x: float) -> np.int64:
    return np.int64(struct.unpack("<q", struct.pack("<d", x))[0])


def _plain_from_bits(i: int) -> np.float64:
    return np.float64(struct.unpack("<d", struct.pack("<q", i))[0])


# fma(x, y, z) = x * y + z rounded once; bits and from_bits reinterpret a float64 as an int64 and back.
fma: Callable[..., Any] = _fma if COMPILED else _plain_fma
bits: Callable[..., Any] = _bits if COMPILED else _plain_bits
from_bits: Callable[..., Any] = _from_bits if COMPILED else _plain_from_bits
