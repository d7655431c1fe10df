"""What is refused of a user's own analysis: before the first patient, and when it answers."""

from __future__ import annotations

import math
import os
import re
import signal
from functools import partial
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import planner
from planner.analyses.own.analysis import Analysis
from planner.analyses.own.kernel import kernel
from planner.engine.units import _UNITS as units
from planner.errors import AnalysisError
from planner.scenario.faults import ScenarioError
from planner.scenario.scenario import Scenario
from tests.support import own_analyses
from tests.support.own_scenarios import COMPILED, FIRST, PAIRED, simulated, text

# --- Refusals ---------------------------------------------------------------------------------------------


def two(outcomes, treatments):  # type: ignore[no-untyped-def]
    """Two arguments."""


@numba.njit
def jitted(values, h, reading, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """Compiled by Numba alone."""


class Callable_:
    """No function."""

    def __call__(self, outcomes: Any, treatments: Any, contrast: Any) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda outcomes, treatments, contrast: None, "a lambda has no name"),
        (two, "takes 2 arguments, not 3"),
        (own_analyses.paired_kernel.py_func, "a kernel is compiled: @planner.kernel"),
        (jitted, "was not compiled by planner.kernel"),
        (Callable_(), "a Callable_ is no function"),
        (partial(own_analyses.paired), "a partial is no function"),
        (Callable_().__call__, "a method is no function"),
        (len, "is no function"),
        (3, "a int is no function"),
    ],
)
def test_what_is_no_analysis_is_refused(function: Any, message: str) -> None:
    with pytest.raises(AnalysisError) as caught:
        Analysis(function, title="None", needs="within")
    assert message in f"{caught.value.message}; {caught.value.hint}"


def test_code_without_source_is_refused() -> None:
    space: dict[str, Any] = {}
    exec("def f(outcomes, treatments, contrast):\n    return 1.0, 1.0, 5", space)
    with pytest.raises(AnalysisError, match="the source of f cannot be read"):
        Analysis(space["f"], title="None", needs="within")
    with pytest.raises(AnalysisError, match="the source of f cannot be read"):
        kernel(space["f"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"needs": "nothing"}, "needs: 'nothing' is not known"),
        ({"reference": "chi"}, "reference: 'chi' is not known"),
        ({"baseline": "second"}, "baseline: 'second' is not known"),
        ({"df": "many"}, "df: 'many' is not known"),
        ({"df": "patients", "reference": "normal"}, "df: whole degrees of freedom go with"),
        ({"covariates": -1}, "covariates: -1 is no number of them"),
        ({"title": " "}, "title: ' ' is no line of text"),
        ({"title": "a\nb"}, "is no line of text"),
        ({"title": "x" * 10**6}, "title: 1,000,000 characters"),
        ({"citation": "x" * 10**6}, "citation: 1,000,000 characters"),
        ({"needs": []}, "needs: [] is not known"),
        ({"df": {}}, "df: {} is not known"),
        ({"needs": None}, "needs: None is not known"),
        ({"binary": "yes"}, "binary: 'yes' is not True or False"),
        ({"weights": 1}, "weights: 1 is not True or False"),
        ({"covariates": 10**9}, "covariates: 1000000000 is no number of them"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(AnalysisError, match=re.escape(message)):
        Analysis(own_analyses.paired, **({"title": "Paired", "needs": "within"} | settings))


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ({"paired-t": PAIRED}, "paired-t is an analysis of planner"),
        ({"a b": PAIRED}, "'a b' cannot name an analysis"),
        ({"": PAIRED}, "'' cannot name an analysis"),
        ({3: PAIRED}, "3 cannot name an analysis"),
        ({"\x1b": PAIRED}, "cannot name an analysis"),
        ({"mine": own_analyses.paired}, "mine is a function, and not a planner.Analysis"),
        ({"mine": Analysis}, "mine is a class, and not a planner.Analysis"),
        ([("mine", PAIRED)], "methods: [('mine', Analysis("),
        ("paired", "methods: 'paired' is no dictionary"),
        (3, "methods: 3 is no dictionary"),
        ([], "methods: [] is no dictionary"),
    ],
)
def test_names_are_checked(methods: Any, message: str) -> None:
    with pytest.raises(AnalysisError, match=re.escape(message)):
        planner.read_text(text("mine"), methods=methods)
    with pytest.raises(AnalysisError, match=re.escape(message)):
        planner.simulate(scenario_of(PAIRED), methods=methods)


@pytest.mark.parametrize(
    ("own", "more", "message"),
    [
        (
            Analysis(own_analyses.paired, title="P", needs="first"),
            {"sequences": ("A A", "A B")},
            "does not fit",
        ),
        (PAIRED, {"sequences": ("A B", "B A", "A A")}, "mine does not fit this design; what it needs: every"),
        (Analysis(own_analyses.paired, title="P", needs="within", binary=True), {}, "analyses responses"),
        (
            Analysis(own_analyses.paired, title="P", needs="within", baseline="period"),
            {},
            "mine needs a baseline, measured before every period",
        ),
    ],
)
def test_what_it_needs_is_checked_as_for_the_others(own: Analysis, more: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        planner.read_text(text("mine", **more), methods={"mine": own})


def scenario_of(own: Analysis) -> Scenario:
    return planner.read_text(text("mine"), methods={"mine": own})


def test_methods_that_a_scenario_does_not_use_are_an_error() -> None:
    with pytest.raises(AnalysisError, match="no analysis of the scenario uses other"):
        planner.simulate(scenario_of(PAIRED), methods={"other": PAIRED})
    with pytest.raises(AnalysisError, match="no analysis of the scenario uses mine"):
        planner.simulate(planner.read_text(text("paired-t")), methods={"mine": PAIRED})
    with pytest.raises(AnalysisError, match="no analysis of the scenario uses mine"):
        planner.compare([planner.read_text(text("paired-t"))], methods={"mine": PAIRED})
    with pytest.raises(AnalysisError, match="was read with another mine, of other needs"):
        planner.simulate(scenario_of(PAIRED), methods={"mine": FIRST})
    library = {"mine": COMPILED, "other": FIRST}
    assert planner.simulate(scenario_of(PAIRED), trials=128, methods=library).digest() == (
        planner.simulate(scenario_of(COMPILED), trials=128).digest()
    )


@pytest.mark.parametrize("name", own_analyses.KERNELS_THAT_FAIL)
def test_a_kernel_that_fails_says_so(name: str) -> None:
    function, message = own_analyses.KERNELS_THAT_FAIL[name]
    own = Analysis(function, title="Faulty", needs="within")
    with pytest.raises(AnalysisError, match=rf"mine, the function {name}: {message}"):
        planner.simulate(scenario_of(own), trials=128)


ANSWERS: dict[str, tuple[Any, str]] = {
    "a text": ("1.0", "answers '1.0'"),
    "two": ((1.0, 1.0), "answers (1.0, 1.0)"),
    "four": ((1.0, 1.0, 5.0, 2.0), "answers (1.0,"),
    "a number": (1.0, "answers 1.0"),
    "texts": (("1", "1", "5"), "answers ('1',"),
    "complex": ((1j, 1.0, 5.0), "answers (1j,"),
    "truth": ((True, 1.0, 5.0), "answers (True,"),
    "negative": ((1.0, -1.0, 5.0), "the standard error is -1"),
    "endless": ((math.inf, 1.0, 5.0), "the estimate is infinite"),
    "endless error": ((1.0, math.inf, 5.0), "the standard error is infinite"),
    "negative df": ((1.0, 1.0, -5.0), "-5 degrees of freedom"),
    "parts of df": ((1.0, 1.0, 5.5), "5.5 degrees of freedom are no whole number"),
    "huge": ((1e308, 5e-324, 5), "the estimate 1e+308 is too large to be added up"),
    "huge error": ((1.0, 1e101, 5), "the standard error 1e+101 is too large to be added up"),
    "many df": ((1.0, 1.0, 5000.0), "5000 degrees of freedom of"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_what_is_no_answer_is_refused(what: str) -> None:
    answer, message = ANSWERS[what]

    def faulty(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
        return answer

    own = Analysis(faulty, title="Faulty", needs="within")
    with pytest.raises(AnalysisError, match=re.escape(message)):
        planner.simulate(scenario_of(own), trials=128)


def test_an_error_of_the_function_is_passed_on() -> None:
    def faulty(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
        return outcomes[0, 7], 1.0, 5

    own = Analysis(faulty, title="Faulty", needs="within")
    with pytest.raises(AnalysisError, match="failed in a trial of 64 patients: IndexError") as caught:
        planner.simulate(scenario_of(own), trials=128)
    assert isinstance(caught.value.__cause__, IndexError)


def one_by_one(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
    yield 1.0
    raise ValueError("no second")


def by_name(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
    return {1.0: 1, 2.0: 1, 3.0: 5}


def without_order(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
    return {1.0, 2.0, 3.0}


def masked(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
    return np.ma.masked, 1.0, 5


def endless(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
    return 10**5000, 1.0, 5


def long(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
    return "x" * 10**6


def long_error(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
    raise ValueError("x" * 10**6)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (one_by_one, "answers <generator"),
        (by_name, "answers {1.0:"),
        (without_order, "answers {1.0,"),
        (masked, "answers (masked,"),
        (endless, "answers a tuple"),
        (long, "answers 'xxx"),
        (long_error, "ValueError: xxx"),
    ],
)
def test_other_answers_are_refused_in_few_words(function: Any, message: str) -> None:
    with pytest.raises(AnalysisError, match=re.escape(message)) as caught:
        planner.simulate(scenario_of(Analysis(function, title="Faulty", needs="within")), trials=128)
    assert len(caught.value.message) < 400


def by_keyword(*, outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
    """Three that are not given by position."""


def any_number(outcomes, treatments, *rest):  # type: ignore[no-untyped-def]
    """Any number."""


def any_names(outcomes, treatments, contrast, **rest):  # type: ignore[no-untyped-def]
    """Any names."""


def by_position(outcomes, treatments, contrast, alternative, /):  # type: ignore[no-untyped-def]
    """The alternative not by name."""


def in_front(alternative, outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
    """The alternative first."""


def exchanged(treatments, outcomes, contrast):  # type: ignore[no-untyped-def]
    """Two exchanged."""


@planner.kernel
def exchanged_kernel(values, reading, h, sequence, contrast, centre, counts, stat):  # type: ignore[no-untyped-def]
    """Two exchanged."""


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (by_keyword, "by_keyword takes outcomes by name alone"),
        (any_number, "any_number takes any number of arguments, as *rest"),
        (any_names, "any_names takes any number of arguments, as **rest"),
        (by_position, "by_position does not take alternative by name"),
        (in_front, "in_front takes its arguments in another order"),
        (exchanged, "exchanged takes its arguments in another order"),
        (exchanged_kernel, "the kernel exchanged_kernel takes its arguments in another order"),
    ],
)
def test_parameters_are_checked_when_it_is_made(function: Any, message: str) -> None:
    with pytest.raises(AnalysisError, match=re.escape(message)):
        Analysis(function, title="Faulty", needs="within")


def test_names_of_parameters_are_free() -> None:
    def free(x, y, weights, /):  # type: ignore[no-untyped-def]
        return own_analyses.paired(x, y, weights)

    own = Analysis(free, title="Paired t", needs="within", df="patients")
    assert simulated(own).to_json()["cells"] == simulated(PAIRED).to_json()["cells"]


# --- Ctrl-C -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
@pytest.mark.parametrize(
    ("measured", "at", "finished"),
    [(False, 3, 0), (True, 3, 0), (True, 2_500, 128)],
    ids=["units", "first", "pool"],
)
def test_ctrl_c_is_answered_between_two_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: bool, at: int, finished: int
) -> None:
    """While the unit is measured, in the first piece (2,048 calls: a block at two looks), in the pool.

    The function counts its calls in a file, for which it would be refused.
    """
    source = str(tmp_path)
    monkeypatch.setattr("planner.analyses.own.analysis.fingerprint", lambda function: source)
    calls, start = str(tmp_path / "calls"), str(tmp_path / "start")

    def interrupted(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
        if os.path.exists(start):
            with open(calls, "a") as file:
                file.write("x")
            if os.path.getsize(calls) == at:
                os.kill(os.getpid(), signal.SIGINT)
        return own_analyses.paired(outcomes, treatments, contrast)

    own = Analysis(interrupted, title="Slow", needs="within")
    scenario = scenario_of(own)
    units.clear()
    if measured:
        planner.simulate(scenario, trials=128)
    Path(start).touch()
    if finished:
        run = planner.simulate(scenario, trials=100_000, threads=1)
        assert (run.partial, run.trials) == (True, finished)
    else:
        with pytest.raises(KeyboardInterrupt):
            planner.simulate(scenario, trials=100_000, threads=1)
    made = os.path.getsize(calls)
    # The main thread notes the signal a few milliseconds later than the pool: within a block, at the latest.
    assert made < at + (2_048 if finished else 100)
    planner.simulate(scenario, trials=128)
    assert os.path.getsize(calls) > made
