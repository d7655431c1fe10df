"""What two results of `planner bench` must have in common, so that a ratio means the same in both.

A share of the bound is a share of what drawing the random numbers takes: with other code for drawing, other
draws or another trial it is a share of something else. So the document names, as short digests, the code of
the bound and of what is written by hand, and of every job its trial and its list of draws. They are taken
from what is run, so that nobody has to remember to change them.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from planner.benchmarks import machine
from planner.benchmarks.jobs import STANDARD, Standard
from planner.benchmarks.reference import with_numpy, with_scalar_numba
from planner.engine.job import Job
from planner.kernels.tables import MechanismTables
from planner.scenario.canonical.resolved import digest

Json = dict[str, Any]

BOUND = (
    "all words and normals of the list of draws, made and stored in the engine's order, who leaves, and for "
    "mechanisms the entry score"
)
BY_HAND: dict[str, Callable[..., Any]] = {
    "NumPy, vectorised": with_numpy,
    "Numba, scalar loop": with_scalar_numba,
}
"""Rivals that are part of planner; their job is the small one."""


def known() -> Json:
    """What a result will say whatever is measured: enough to tell whether an earlier one compares with it."""
    return {
        "machine": machine.described(),
        "versions": machine.versions(),
        "bound": of_bound(),
        "jobs": [{"job": each.name, "definition": of_job(each, each.job())} for each in STANDARD],
        "rivals": [{"rival": name, "job": "small", "definition": of_rival(name)} for name in BY_HAND],
    }


def of_rival(name: str) -> str | None:
    """The version of a rival's code where it is part of planner; other tools have versions of their own."""
    return code(BY_HAND[name]) if name in BY_HAND else None


def of_bound() -> Json:
    """The definition of the bound in words, and the version of its code."""
    from planner.benchmarks import bound

    return {"definition": BOUND, "version": code(bound._draw, bound._draw_terms)}


def of_job(what: Standard, work: Job) -> Json:
    """The trial that is simulated, the numbers of patients, and the random numbers that are drawn for it."""
    (generator,) = work.generators
    tables = generator.tables
    tables = [tables.draws.place, tables.draws.pair, work.plan.leave]
    family = "terms" if isinstance(tables, MechanismTables) else ""  # whose bound draws the entry score too
    drawn = [np.asarray(table).tolist() for table in tables]
    return {
        "scenario": _short(repr((digest(what.scenario()), [tests[0].hypothesis for tests in work.tests]))),
        "sizes": list(work.designs),
        "draws": _short(repr((family, drawn))),
    }


def code(*functions: Callable[..., Any]) -> str:
    """A digest of functions, of all of planner's that they call, and of the numbers that they use.

    Comments, documentation and layout do not count.
    """
    found: dict[str, str] = {}
    waiting: list[tuple[str, Any]] = [(each.__name__, each) for each in functions]
    while waiting:
        name, value = waiting.pop()
        plain = getattr(value, "py_func", value)  # of compiled code, what it was compiled from
        if not inspect.isfunction(plain):
            found[name] = _number(value)
        elif not plain.__module__.startswith("planner"):
            found[name] = plain.__qualname__
        elif (key := f"{plain.__module__}.{plain.__qualname__}") not in found:
            tree = _bare(ast.parse(textwrap.dedent(inspect.getsource(plain))))
            found[key] = ast.unparse(tree)
            names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            waiting += [
                (f"{plain.__module__}.{each}", plain.__globals__[each])
                for each in sorted(names & plain.__globals__.keys())
                if not inspect.ismodule(plain.__globals__[each])
            ]
    return _short(repr(sorted(found.items())))


def _bare(tree: ast.Module) -> ast.Module:
    """Without documentation, decorators and annotations."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.decorator_list, node.returns = [], None
            for argument in node.args.args:
                argument.annotation = None
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    return tree


def _number(value: Any) -> str:
    """As text; a table of computed numbers without the digits that differ between processors."""
    if isinstance(value, np.ndarray):
        return repr(np.round(value, 6).tolist())
    return repr(value.item() if isinstance(value, np.generic) else value)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
