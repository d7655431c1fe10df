"""The page of a result, whatever was asked: one row for each question.

`result.document()` leads here. A command of the command line adds what only it knows: how to do it again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from planner.questions.boundaries import Boundaries
from planner.questions.compare.compare import Comparison
from planner.questions.discriminate.result import Discrimination
from planner.questions.plan import plan_trial
from planner.questions.replay.trial import Trial
from planner.questions.sensitivity.sensitivity import Sensitivity
from planner.questions.size.result import Sizing
from planner.questions.sweep.sweep import Sweep
from planner.questions.weigh.result import Weighing
from planner.report.blocks import Block
from planner.report.context import PageContext
from planner.report.pages.boundaries import boundaries_page, sections_of
from planner.report.pages.compare import compare_page
from planner.report.pages.cv import cv_page
from planner.report.pages.discriminate import discriminate_page
from planner.report.pages.run import run_page
from planner.report.pages.sensitivity import sensitivity_page
from planner.report.pages.size import size_page
from planner.report.pages.sweep import sweep_page
from planner.report.pages.trial import trial_page
from planner.report.pages.weigh import weigh_page
from planner.report.scenario.context import page_context, with_analyses_of
from planner.results.carryover_sentences import labels
from planner.results.result import QuestionResult
from planner.results.run import Run
from planner.scenario.scenario import Scenario


def document(result: QuestionResult) -> list[Block]:
    """The page of a result as blocks."""
    return DOCUMENTS[result.question](result)


def _context(scenario: Scenario) -> PageContext:
    return page_context(scenario, plan_trial(scenario), command="")


def _run(result: Run) -> list[Block]:
    return run_page(result, _context(result.scenario))


def _sweep(result: Sweep) -> list[Block]:
    warnings = result.warnings(labels(result.base))
    context = with_analyses_of(_context(result.base), result.scenarios)
    return sweep_page(result, context, warnings)


def _compare(result: Comparison) -> list[Block]:
    return compare_page(result, [_context(each) for each in result.scenarios], command="")


def _sensitivity(result: Sensitivity) -> list[Block]:
    warnings = result.warnings(result.cells(), labels(result.scenario))
    return sensitivity_page(result, _context(result.scenario), warnings)


def _size(result: Sizing) -> list[Block]:
    warnings = result.warnings_with(labels(result.scenario))
    return size_page(result, _context(result.scenario), warnings)


def _discriminate(result: Discrimination) -> list[Block]:
    return discriminate_page(result, [_context(each) for each in result.scenarios], command="")


def _weigh(result: Weighing) -> list[Block]:
    return weigh_page(result, _context(result.scenario))


def _trial(result: Trial) -> list[Block]:
    return trial_page(result, _context(result.scenario))


def _boundaries(result: Boundaries) -> list[Block]:
    return boundaries_page(sections_of(result), patients=result.patients, scale="z")


DOCUMENTS: dict[str, Callable[[Any], list[Block]]] = {
    "run": _run,
    "sweep": _sweep,
    "compare": _compare,
    "sensitivity": _sensitivity,
    "size": _size,
    "discriminate": _discriminate,
    "weigh": _weigh,
    "trial": _trial,
    "boundaries": _boundaries,
    "cv": cv_page,
}
"""By the `question` of a result."""
