"""Numbers of a question that cannot be are refused, by every function, before anything is simulated."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import planner
from planner.questions.requested import check_numbers, check_patients, check_whole, value_in_words
from planner.scenario.text import listed

SCENARIO = planner.read("asthma-ab-ba")
OBSERVED = planner.read(
    "asthma-ab-ba",
    set=["observed.difference={ contrast = ['F', 'S'], estimate = 46.6, se = 10.8 }"],
)

QUESTIONS: dict[str, tuple[Callable[..., object], tuple[str, ...]]] = {
    "simulate": (lambda **n: planner.simulate(SCENARIO, **n), ("trials", "seed", "threads", "variants")),
    "size": (
        lambda **n: planner.size(SCENARIO, **n),
        ("trials", "seed", "threads", "variants", "max_patients"),
    ),
    "size effect": (lambda **n: planner.size(SCENARIO, find="effect", **n), ("patients",)),
    "compare": (lambda **n: planner.compare([SCENARIO], **n), ("trials", "seed", "threads")),
    "sweep": (
        lambda **n: planner.sweep("asthma-ab-ba", ["design.patients=24,36"], **n),
        ("trials", "seed", "threads", "variants"),
    ),
    "sensitivity": (lambda **n: planner.sensitivity(SCENARIO, **n), ("trials", "seed", "threads")),
    "weigh": (lambda **n: planner.weigh(OBSERVED, **n), ("variants", "patients", "seed", "threads")),
    "discriminate": (lambda **n: planner.discriminate(SCENARIO, **n), ("draws", "seed", "threads")),
    "replay": (lambda **n: planner.replay(SCENARIO, **n), ("index", "seed")),
    "find": (lambda **n: planner.find(SCENARIO, "efficacy", **n), ("first", "trials", "seed")),
}
EVERY = [(question, name) for question, (_, names) in QUESTIONS.items() for name in names]
ZERO_IS_ONE = {"seed", "index", "first"}


@pytest.mark.parametrize(("question", "name"), EVERY)
def test_a_whole_number_that_cannot_be_is_refused(question: str, name: str) -> None:
    ask, _ = QUESTIONS[question]
    impossible: list[object] = [-5, "many", "", math.nan, math.inf, 2.5, True, [1], 10**400, 10**19 * 2]
    for value in impossible if name in ZERO_IS_ONE else [0, *impossible]:
        with pytest.raises(planner.PlannerError, match=name) as caught:
            ask(**{name: value})
        assert isinstance(caught.value, ValueError)
        assert caught.value.message
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("patients", [0, 24, "24", [], [0], [-2], ["24"], [math.nan], [10_001], [True]])
def test_patients_that_are_no_list_of_numbers_are_refused(patients: object) -> None:
    ask: Any = planner.simulate
    with pytest.raises(planner.RequestError, match="patients"):
        ask(SCENARIO, patients=patients)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("simulate", "precision"),
        ("sweep", "precision"),
        ("sensitivity", "step"),
        ("size", "power"),
        ("discriminate", "decisive"),
    ],
)
def test_a_number_that_is_none_is_refused(question: str, name: str) -> None:
    ask, _ = QUESTIONS[question]
    for value in ("0.3", "much", True, {"a": 1}):
        with pytest.raises(planner.RequestError, match=name):
            ask(**{name: value})
    for value in (math.nan, -1, 7, math.inf):
        with pytest.raises(planner.PlannerError):
            ask(**{name: value})


def test_a_refusal_says_what_is_meant() -> None:
    with pytest.raises(planner.RequestError) as caught:
        check_whole(trials=-5_000)
    assert caught.value.message == "trials is -5,000, but must be a whole number from 1 to 1,000,000,000"
    assert caught.value.hint == "for instance trials=100_000, or leave it out"
    for value in ("20000", 2e4):
        with pytest.raises(planner.RequestError) as caught:
            check_whole(trials=value)
        assert caught.value.hint == "a whole number: trials=20_000"
    with pytest.raises(planner.RequestError) as caught:
        check_patients(24)
    assert caught.value.hint == "patients=[24]"
    with pytest.raises(planner.RequestError) as caught:
        check_numbers(precision="0.01")
    assert caught.value.hint == "without the quotes: precision=0.01"
    assert value_in_words(10**30) == "a number of more than 20 digits"


def test_numbers_of_numpy_are_numbers() -> None:
    check_whole(trials=np.int64(5), seed=np.uint64(2**64 - 1), threads=None)
    check_patients(np.array([24, 36]))
    check_numbers(precision=np.float32(0.1), power=1)


@pytest.mark.parametrize("kind", ["x", "Efficacy", "futile", "", None, ["efficacy"]])
def test_a_kind_of_trial_that_there_is_not_names_those_that_there_are(kind: object) -> None:
    from planner.questions.replay.replay import KINDS

    ask: Any = planner.find
    with pytest.raises(planner.UnknownNameError) as caught:
        ask(SCENARIO, kind)
    assert isinstance(caught.value, LookupError)
    assert listed(KINDS) in caught.value.hint
    meant = {"Efficacy": "efficacy", "futile": "futility"}.get(str(kind))
    assert caught.value.hint.startswith(f"did you mean {meant}" if meant else "there are")
    assert all(f"`{each}`" in (planner.find.__doc__ or "") for each in KINDS)


def test_nothing_to_compare_has_a_message() -> None:
    with pytest.raises(planner.PlannerError) as caught:
        planner.compare([])
    assert caught.value.message == "nothing to compare: no scenario is given"
