"""Every public name of planner has an example in its docstring, and what it shows is what comes out."""

from __future__ import annotations

import doctest

import pytest

import planner

PUBLIC = [name for name in planner.__all__ if name != "__version__"]


WIDEST = 84
"""Characters of a line that a page of the documents shows without cutting it."""


def examples_of(name: str, docstring: str | None) -> doctest.DocTest:
    """The session in a docstring, in a namespace of its own."""
    return doctest.DocTestParser().get_doctest(docstring or "", {"__name__": name}, name, None, 0)


def lines_of(session: doctest.DocTest) -> list[str]:
    """What is typed, without its prompt of four characters, and what comes out."""
    typed = [f"    {line}" for each in session.examples for line in each.source.split("\n")]
    return typed + [line for each in session.examples for line in each.want.split("\n")]


def differences(session: doctest.DocTest) -> str:
    """What comes out otherwise than shown; empty where nothing does."""
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(session, out=report.append)
    return "".join(report)


@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_of_a_public_name_shows_what_comes_out(name: str) -> None:
    session = examples_of(name, getattr(planner, name).__doc__)
    assert session.examples, f"{name} has no example"
    assert any(each.want for each in session.examples), f"the example of {name} shows nothing"
    assert max(len(line) for line in lines_of(session)) <= WIDEST
    assert differences(session) == ""


def test_an_example_that_shows_something_else_is_noticed() -> None:
    wrong = ">>> import planner\n>>> planner.read('asthma-ab-ba').design.patients\n53\n"
    assert "Expected:\n    53\nGot:\n    52" in differences(examples_of("read", wrong))
    assert not examples_of("read", "Nothing to run.").examples
