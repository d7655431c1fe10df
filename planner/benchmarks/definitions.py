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
import sys
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from planner.benchmarks import machine
from planner.benchmarks.jobs import STANDARD, Standard
from planner.benchmarks.reference import with_numpy, with_scalar_numba
from planner.engine.lowered import Job
from planner.results.contract import Json
from planner.scenario.canonical.resolved import digest
from planner.scenario.hypotheses import SETTINGS

BOUND = (
    "all words and normals of the list of draws, made and stored in the engine's order, who leaves, and for "
    "mechanisms the entry score"
)
BY_HAND: dict[str, Callable[..., Any]] = {
    "NumPy, vectorised": with_numpy,
    "Numba, scalar loop": with_scalar_numba,
}
"""Rivals that are part of planner; their job is the small one."""


def conditions() -> Json:
    """What a result will hold whatever is measured: enough to see whether an earlier one compares with it."""
    return {
        "machine": machine.description(),
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
    draws = generator.tables.draws
    # The bound draws the entry score too, where there is one.
    family = generator.family if SETTINGS[generator.family].has_severity else ""
    lists = [np.asarray(table).tolist() for table in (draws.place, draws.pair, work.plan.leave)]
    return {
        "scenario": _short(repr((digest(what.scenario()), list(work.cells.hypotheses)))),
        "sizes": list(work.cells.designs),
        "draws": _short(repr((family, lists))),
    }


def code(*functions: Callable[..., Any]) -> str:
    """A digest of functions, of all of planner's that they call, and of the numbers that they use.

    What counts is what they do: not what they and their variables are called, not the modules in which they
    stand, not comments, documentation and layout.
    """
    return _short(repr(sorted(_content(each, ()) for each in functions)))


def _content(value: object, callers: tuple[object, ...]) -> str:
    """What stands behind a name: a function or class of planner as a digest of its text, a number as itself.

    `callers`: the functions on the way here, in whose row a function that calls itself is named.
    """
    plain = getattr(value, "py_func", getattr(value, "_defn", value))  # of compiled code, what it was made of
    if not (inspect.isfunction(plain) or inspect.isclass(plain)):
        return _number(value)
    if not plain.__module__.startswith("planner"):
        return f"{plain.__module__}.{plain.__qualname__}"
    if plain in callers:
        return f"caller {callers.index(plain)}"
    tree = _bare(ast.parse(textwrap.dedent(inspect.getsource(plain))))
    around = plain.__globals__ if inspect.isfunction(plain) else vars(sys.modules[plain.__module__])
    return _short(ast.unparse(_Contents(tree, around, (*callers, plain)).visit(tree)))


class _Contents(ast.NodeTransformer):
    """Writes numbers for a function's own names, in order of appearance, and contents for all others."""

    def __init__(self, tree: ast.AST, around: Mapping[str, object], callers: tuple[object, ...]) -> None:
        self._around, self._callers = around, callers
        own: dict[str, None] = {}
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)):
            for node in ast.walk(function):
                if isinstance(node, ast.arg):
                    own[node.arg] = None
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    own[node.id] = None
        self._own = {name: f"own {i}" for i, name in enumerate(own)}

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A variable, or what a module holds; what Python has keeps its name."""
        if node.id in self._own:
            node.id = self._own[node.id]
        elif node.id in self._around:
            value = self._around[node.id]
            node.id = value.__name__ if inspect.ismodule(value) else _content(value, self._callers)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """What is reached through a module of planner is no more than if it were imported by its name."""
        module = self._around.get(node.value.id) if isinstance(node.value, ast.Name) else None
        if inspect.ismodule(module) and module.__name__.startswith("planner"):
            return ast.Name(_content(getattr(module, node.attr), self._callers), node.ctx)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """A parameter."""
        node.arg = self._own[node.arg]
        return node


def _bare(tree: ast.Module) -> ast.Module:
    """Without its name, documentation, decorators and annotations."""
    tree.body[0].name = "_"  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.decorator_list, node.returns = [], None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def _number(value: object) -> str:
    """As text; a table of computed numbers without the digits that differ between processors."""
    if isinstance(value, np.ndarray):
        return repr(np.round(value, 6).tolist())
    if repr(value) == object.__repr__(value):  # its place in memory
        return f"{type(value).__module__}.{type(value).__qualname__}"
    return repr(value.item() if isinstance(value, np.generic) else value)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
