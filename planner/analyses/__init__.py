"""The analyses: one file each, found by name through the table of planner.scenario.vocabulary.

Each file has its INFO and the kernels that it names, used on simulated trials and on real data alike::

    statistic(values, h, reading, sequence, contrast, centre, counts, stat)

values f64[tile, patient, hypothesis, reading, period * W] (NaN: missing), of which hypothesis h and one
reading are analysed; sequence i64[tile, patient]; contrast: see planner.kernels.tables; centre (a value near
the expected difference, subtracted so that sums of squares keep their digits); counts i64[look] (patients
seen at each look, ascending). stat f64[look, tile, STATISTICS * W] is filled.

To import a file imports Numba. What is known of an analysis before there are data, its INFO and its
docstring, is therefore read from the text of the file, in which INFO is made of literals: what simulates
nothing, such as the reader of a stored run, needs no Numba.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.vocabulary import METHODS

DfRule = Literal["patients", "sequences", "first treatments", "observations"]
"""Whole degrees of freedom if nobody leaves: the patients less 1, less the sequences that take part, or less
the treatments that are compared in the first period; or what periods and treatments leave of the patients'
observations. See planner.model.degrees_of_freedom."""

LawName = Literal["own contrasts", "one sample", "first period", "least squares"]
"""Of the statistic, for normal scores: see planner.questions.exact.theory."""

Decisive = Literal["discordant pairs", "responders", "preferences"]
"""The counts of responders that decide a test of responses: those to one treatment only, those to each
treatment of different patients, or the patients of each sequence who prefer a period."""


@dataclass(frozen=True, kw_only=True)
class AnalysisInfo:
    """An analysis for whoever plans, solves or explains: what of it is known before there are data."""

    reference: str  # distribution without an effect: a key of planner.monitoring.references.REFERENCES
    kernel: str = "statistic"  # its name in the file
    citation: str = ""
    df: DfRule | None = None  # None: they depend on the data, or there are none
    covariates: int = 0  # coefficients beside the means of groups, each of which costs a degree of freedom
    per_group: int = 1  # patients whom each group needs
    law: LawName | None = None  # exact law of the statistic, if it is known
    decisive: Decisive | None = None  # of tests of responses
    when_some_leave: str = ""  # what a reader should know where patients leave between periods


def info_of(analysis: PlannedAnalysis) -> AnalysisInfo:
    """The INFO of a planned analysis, also of one of the user's own."""
    if analysis.own is not None:
        own: AnalysisInfo = analysis.own.info
        return own
    return info(analysis.method)


@cache
def info(method: str) -> AnalysisInfo:
    """The INFO of an analysis, by the name that scenarios use."""
    texts: dict[str, object] = {}
    for statement in _tree(METHODS[method].module).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="INFO")], value=ast.Dict(keys=keys, values=values)):
                made = zip(keys, values, strict=True)
                call = next(each for key, each in made if key is not None and ast.literal_eval(key) == method)
                assert isinstance(call, ast.Call)
                return AnalysisInfo(**{str(each.arg): _value(each.value, texts) for each in call.keywords})
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                texts[name] = value
            case _:
                pass
    raise LookupError(method)


def _value(node: ast.expr, texts: Mapping[str, object]) -> Any:
    """A literal, or a name that stands for one."""
    return texts[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node)


def statistic(method: str) -> Any:
    """The kernel of an analysis, by the name that scenarios use."""
    return getattr(import_module(f"planner.analyses.{METHODS[method].module}"), info(method).kernel)


def within_variance(method: str) -> Any:
    """The kernel of a method with scaled limits for the variance of a treatment that is given repeatedly.

    within_variance(values, h, reading, sequence, contrast, counts, stat, spread)
    """
    return import_module(f"planner.analyses.{METHODS[method].module}").within_variance


def explanation(method: str) -> str:
    """The docstring of the file of an analysis."""
    return ast.get_docstring(_tree(METHODS[method].module)) or ""


@cache
def _tree(module: str) -> ast.Module:
    """The file of an analysis, parsed and not run."""
    return ast.parse((Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8"))
