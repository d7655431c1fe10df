"""Errors that planner explains: one parent with a message and a hint, whole after a pickle."""

from __future__ import annotations

import ast
import pickle

import pytest

from planner.cli.exit import NO_ANSWER, Problem
from planner.errors import PlannerError, WeighingError
from planner.monitoring.boundaries import boundary
from planner.monitoring.errors import BoundaryError
from planner.scenario.faults import Fault, ScenarioError
from tests.support.paths import ROOT

PACKAGE = ROOT / "planner"


@pytest.mark.parametrize(
    "error",
    [
        PlannerError("wrong", "mend it"),
        PlannerError("wrong"),
        BoundaryError("wrong", "mend it"),
        WeighingError("wrong", "mend it", "scenario"),
        Problem("wrong", "mend it", code=NO_ANSWER),
        ScenarioError([Fault("file.toml", 1, 1, "seed", "wrong", "mend it")]),
    ],
)
def test_an_error_survives_a_pickle(error: PlannerError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert vars(again) == vars(error)
    assert str(again) == str(error)


def test_the_hint_of_a_limit_that_cannot_be_is_the_end_of_its_sentence() -> None:
    with pytest.raises(BoundaryError) as caught:
        boundary((0.5, 1), power=1.5)
    assert caught.value.message == "power is 1.5, but must lie above 0 and below 1"
    assert caught.value.hint == "0.8 or 0.9 is usual"
    assert str(caught.value) == f"{caught.value.message}: {caught.value.hint}"


def test_nobody_else_declares_a_message_and_a_hint() -> None:
    declared = {
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and "self.hint = " in ast.unparse(node)
    }
    assert declared == {"PlannerError"}


def test_every_error_that_a_question_raises_is_public_under_one_parent() -> None:
    import planner

    public = [getattr(planner, name) for name in planner.__all__ if name.endswith("Error")]
    assert planner.PlannerError in public
    assert all(issubclass(each, planner.PlannerError) for each in public)
    raised = {
        node.exc.func.id
        for path in (PACKAGE / "questions").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
    }
    assert {name for name in raised if name.endswith("Error")} - {"ValueError"} <= {
        each.__name__ for each in public
    }
