"""The analyses: one file each, found by name through the table of planner.scenario.vocabulary.

Each file has its INFO, which holds one kernel for each analysis, used on simulated trials and on real data
alike::

    statistic(values, h, reading, sequence, contrast, centre, counts, stat)

values f64[tile, patient, hypothesis, reading, period * W] (NaN: missing), of which hypothesis h and one
reading are analysed; sequence i64[tile, patient]; contrast: see planner.kernels.tables; centre (a value near
the expected difference, subtracted so that sums of squares keep their digits); counts i64[look] (patients
seen at each look, ascending). stat f64[look, tile, STATISTICS * W] is filled.

To import a file imports Numba. What explains an analysis, its docstring and its citation, is therefore read
from the text of the file: `explanation` and `citation`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.vocabulary import METHODS

Kernel = Callable[..., Any]

DfRule = Literal["patients", "sequences", "first treatments", "observations"]
"""Whole degrees of freedom if nobody leaves: the patients less 1, less the sequences that take part, or less
the treatments that are compared in the first period; or what periods and treatments leave of the patients'
observations. See planner.model.degrees_of_freedom."""

LawName = Literal["own contrasts", "one sample", "first period", "least squares"]
"""Of the statistic, for normal scores: see planner.questions.size.theory."""

Decisive = Literal["discordant pairs", "responders", "preferences"]
"""The counts of responders that decide a test of responses: those to one treatment only, those to each
treatment of different patients, or the patients of each sequence who prefer a period."""


@dataclass(frozen=True, kw_only=True)
class AnalysisInfo:
    """An analysis for whoever plans, solves or explains: what of it is known before there are data."""

    kernel: Kernel
    reference: (
        str  # distribution under the null hypothesis: a key of planner.monitoring.references.REFERENCES
    )
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
    offered: Mapping[str, AnalysisInfo] = import_module(f"planner.analyses.{METHODS[method].module}").INFO
    return offered[method]


def statistic(method: str) -> Any:
    """The kernel of an analysis, by the name that scenarios use."""
    return info(method).kernel


def explanation(method: str) -> str:
    """The docstring of the file of an analysis."""
    return ast.get_docstring(_tree(METHODS[method].module)) or ""


def citation_of(analysis: PlannedAnalysis) -> str:
    """The publication of a planned analysis; of one of the user's own there may be none."""
    return citation(analysis.method) if analysis.own is None else info_of(analysis).citation


def citation(method: str) -> str:
    """The publication of an analysis: a text that its file writes out, in INFO or as a name of its own."""
    texts: dict[str, str] = {}
    for statement in _tree(METHODS[method].module).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="INFO")], value=ast.Dict(keys=keys, values=values)):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == method:
                        return _keyword(value, "citation", texts)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                texts[name] = text
            case _:
                pass
    raise LookupError(method)


def _keyword(call: ast.expr, name: str, texts: Mapping[str, str]) -> str:
    """A text among the keywords of a call."""
    assert isinstance(call, ast.Call)
    for each in call.keywords:
        match each:
            case ast.keyword(arg=arg, value=ast.Constant(value=str(text))) if arg == name:
                return text
            case ast.keyword(arg=arg, value=ast.Name(id=variable)) if arg == name:
                return texts[variable]
            case _:
                pass
    return ""


@cache
def _tree(module: str) -> ast.Module:
    """The file of an analysis, parsed and not run."""
    return ast.parse((Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8"))
