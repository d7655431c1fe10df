"""An analysis of the user's own: the figures of its twin among planner's, refusals, digests, cache."""

from __future__ import annotations

import math
import os
import pickle
import re
import runpy
import signal
import subprocess
import sys
import types
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from scipy import stats

import planner
from planner.analyses.own.analysis import Analysis
from planner.analyses.own.kernel import kernel
from planner.analyses.own.source import fingerprint
from planner.engine.units import _UNITS as units
from planner.errors import AnalysisError
from planner.report.methods import methods as explained
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.faults import ScenarioError
from planner.scenario.scenario import Scenario
from tests.support import own_analyses
from tests.support.harness import scenario_text
from tests.support.paths import ROOT

TRIALS = 512
DOCUMENT = ROOT / "docs" / "own-analysis.md"
EFFECT = {"means": {"A": 2.0, "B": 0.0}, "sd_within": 2.0, "sd_between": 3.0}
PAIRED = Analysis(own_analyses.paired, title="Paired t", needs="within", df="patients")
FIRST = Analysis(own_analyses.first_period, title="First period", needs="first", df="first treatments")
COMPILED = Analysis(own_analyses.paired_kernel, title="Paired t", needs="within", df="patients")


def text(*methods: str, **more: Any) -> str:
    settings: dict[str, Any] = {
        "patients": 12,
        "looks": (6, 12),
        "efficacy": {"rule": "pocock"},
        "population": {"dropout": {"per_period": 0.2}},
        "hypotheses": {"h": EFFECT},
    }
    analyses = [{"name": name, "method": name} for name in methods]
    return scenario_text(analyses=analyses, **(settings | more))


def simulated(own: Analysis, *others: str, trials: int = TRIALS, **more: Any) -> Any:
    scenario = planner.read_text(text(*others, "mine", **more), methods={"mine": own})
    return planner.simulate(scenario, trials=trials, methods={"mine": own})


def without_name(cell: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in cell.items() if key != "analysis"}


# --- The figures ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "twin"),
    [(PAIRED, "paired-t"), (FIRST, "period-one"), (COMPILED, "paired-t")],
    ids=["plain", "first", "kernel"],
)
def test_the_figures_are_those_of_the_twin(own: Analysis, twin: str) -> None:
    """To the last bit: what is kept of an estimate is a whole number of 2^-32 of its unit."""
    theirs, ours = simulated(own, twin).to_json()["cells"]
    assert without_name(ours) == without_name(theirs)
    assert ours["power"]["estimate"] > 0.1
    assert ours["expected_completers"]["estimate"] < 12.0


def test_another_analysis_has_other_figures() -> None:
    theirs, ours = simulated(FIRST, "paired-t").to_json()["cells"]
    assert without_name(ours) != without_name(theirs)


def test_a_replayed_trial_agrees_with_scipy() -> None:
    scenario = planner.read_text(text("mine", looks=()), methods={"mine": PAIRED})
    for index in (0, 200):
        trial = planner.replay(scenario, index).to_json()
        rows = [patient["values"][0] for patient in trial["patients"]]
        turn = [1 if patient["sequence"][0] == "A" else -1 for patient in trial["patients"]]
        own = [t * (x - y) for t, (x, y) in zip(turn, rows, strict=True) if x is not None and y is not None]
        want = stats.ttest_1samp(own, 0.0)
        look = trial["analyses"][0]["looks"][0]
        assert look["statistic"] == pytest.approx(want.statistic, rel=1e-9)
        assert look["p"] == pytest.approx(want.pvalue, rel=1e-9)
        assert look["completers"] == len(own)


def test_an_exact_p_is_significant_as_it_says() -> None:
    """Against the same p values of the same trials, decided here."""
    p_values: list[float] = []

    def signs(outcomes, treatments, contrast, alternative):  # type: ignore[no-untyped-def]
        own = own_analyses.own_differences(outcomes, treatments, contrast)
        p = stats.binomtest(int((own > 0).sum()), len(own), alternative=alternative).pvalue
        return own.mean(), 1.0, p

    for alternative in ("two-sided", "greater", "less"):
        own = Analysis(signs, title="Signs", needs="within", reference="exact-p")
        analyses = [{"name": "mine", "method": "mine", "alternative": alternative}]
        made = scenario_text(patients=12, hypotheses={"h": EFFECT}, analyses=analyses)
        scenario = planner.read_text(made, methods={"mine": own})
        p_values = [planner.replay(scenario, i).to_json()["analyses"][0]["looks"][0]["p"] for i in range(40)]
        cell = planner.simulate(scenario, trials=40).to_json()["cells"][0]
        assert cell["power"]["estimate"] * 40 == sum(p <= 0.05 * (1 + 1e-9) for p in p_values)
        assert min(p_values) < 0.5


def test_what_the_data_do_not_determine_is_undefined() -> None:
    def few(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
        answer = own_analyses.paired(outcomes, treatments, contrast)
        return None if answer is None or np.isnan(outcomes).sum() == 1 else answer

    def nothing(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
        answer = few(outcomes, treatments, contrast)
        return answer or (math.nan, 1.0, 5.0)

    none, nan = (
        simulated(Analysis(f, title="Few", needs="within")).to_json()["cells"][0] for f in (few, nothing)
    )
    assert none == nan
    assert 0.0 < none["undefined"]["estimate"] < 1.0
    idle = simulated(Analysis(own_analyses.idle, title="Idle", needs="within")).to_json()["cells"][0]
    assert idle["undefined"]["estimate"] == 1.0
    assert idle["power"]["estimate"] == 0.0


@pytest.mark.parametrize("own", [PAIRED, COMPILED], ids=["plain", "compiled"])
def test_threads_make_no_difference(own: Analysis) -> None:
    scenario = planner.read_text(text("mine"), methods={"mine": own})
    digests = {planner.simulate(scenario, trials=1_500, threads=threads).digest() for threads in (1, 2, 3)}
    assert len(digests) == 1


def test_baselines_and_direction_are_given_by_name() -> None:
    def change(outcomes, treatments, contrast, *, baselines, alternative):  # type: ignore[no-untyped-def]
        if alternative != "greater" or baselines.shape != outcomes.shape or np.isnan(baselines).any():
            raise ValueError(alternative)
        if dict(contrast) != {"A": 1.0, "B": -1.0} or (baselines == outcomes).any():
            raise ValueError(dict(contrast))
        return own_analyses.paired(outcomes - baselines, treatments, contrast)

    own = Analysis(change, title="Change", needs="within", baseline="period")
    analyses = [{"method": "mine", "alternative": "greater"}]
    known = {"baseline_correlation": {"own": 0.6, "cross": 0.5, "between": 0.5}}
    made = scenario_text(
        patients=12,
        hypotheses={"h": EFFECT | known},
        analyses=analyses,
        baselines="period",
        population={"baseline": {"mean": 5.0, "sd": 3.0}},
    )
    scenario = planner.read_text(made, methods={"mine": own})
    assert planner.simulate(scenario, trials=128).to_json()["cells"][0]["power"]["estimate"] > 0.1


# --- Every question ---------------------------------------------------------------------------------------


def test_every_question_takes_it() -> None:
    methods = {"mine": COMPILED}
    scenario = planner.read_text(text("paired-t", "mine"), methods=methods)
    sizing = planner.size(scenario, power=0.5, trials=1_000, max_patients=24, methods=methods)
    theirs, ours = sizing.to_json()["answers"]
    assert ours["patients"] == theirs["patients"]
    compared = planner.compare([scenario, scenario], trials=256, methods=methods).to_json()
    assert {cell["analysis"] for cell in compared["cells"]} == {"paired-t", "mine"}
    assert compared["designs"][0]["methods"]["mine"]["sha256"] == COMPILED.digest


def _share(outcomes, treatments, contrast, alternative):  # type: ignore[no-untyped-def]
    """A sign test whose estimate is the share of positive differences, less one half."""
    own = own_analyses.own_differences(outcomes, treatments, contrast)
    k, n = int((own > 0).sum()), len(own)
    return k / n - 0.5, 0.5 / np.sqrt(n), stats.binomtest(k, n, alternative=alternative).pvalue


def test_an_estimate_on_a_scale_of_its_own_is_warned_of() -> None:
    sign = Analysis(_share, title="Sign test", needs="within", reference="exact-p")
    plain = {"population": {}, "looks": (), "efficacy": None}
    document = simulated(sign, "paired-t", trials=128, **plain).to_json()
    (warning,) = [each for each in document["warnings"] if "analysis of your own" in each]
    assert warning.startswith("on average the estimate of mine")
    right = simulated(PAIRED, "paired-t", trials=128, **plain).to_json()
    assert not [each for each in right["warnings"] if "analysis of your own" in each]


def test_size_blames_no_carryover_for_a_test_that_cannot_be_significant() -> None:
    """Of four signs the smallest two-sided p is 1/8."""
    sign = Analysis(_share, title="Sign test", needs="within", reference="exact-p")
    made = text("mine", population={}, looks=(), efficacy=None)
    scenario = planner.read_text(made, methods={"mine": sign})
    sizing = planner.size(scenario, power=0.8, trials=128, max_patients=4)
    notes = " ".join(answer["note"] for answer in sizing.to_json()["answers"])
    assert "smallest p value that your own test can have" in notes
    assert "earlier treatments" not in notes


def test_a_sweep_and_a_file_take_it(tmp_path: Path) -> None:
    file = tmp_path / "trial.toml"
    file.write_text(text("mine", looks=(), efficacy=None))
    swept = planner.sweep(file, ["design.patients=12,18"], trials=256, methods={"mine": COMPILED})
    assert len(swept.to_json()["cells"]) == 2
    with pytest.raises(ScenarioError, match="is not a known analysis"):
        planner.sweep(file, ["design.patients=12,18"], trials=256)


def test_the_command_line_runs_no_code(tmp_path: Path) -> None:
    file = tmp_path / "trial.toml"
    file.write_text(text("mine"))
    done = subprocess.run([sys.executable, "-m", "planner", "run", str(file)], capture_output=True, text=True)
    assert done.returncode == 3
    assert '"mine" is not a known analysis' in done.stderr
    assert "an analysis of your own is given from Python: planner.read(" in done.stderr


# --- What it is called ------------------------------------------------------------------------------------


def test_pages_json_and_methods_say_whose_it_is() -> None:
    run = simulated(PAIRED)
    named = run.to_json()["scenario"]["methods"]
    assert named == {"mine": {"title": "User's analysis: Paired t", "sha256": PAIRED.digest}}
    assert "User's analysis: Paired t; A minus B" in str(run.document())
    first = explained({"mine": PAIRED})[0]
    assert (first.kind, first.title) == ("user's analysis", "User's analysis: Paired t")
    assert first.explanation == "The paired t test."
    assert PAIRED.digest in first.source


def test_without_one_nothing_is_another() -> None:
    plain = planner.read_text(text("paired-t"))
    given = planner.read_text(text("paired-t"), methods={"mine": PAIRED})
    assert digest(plain) == digest(given)
    runs = [planner.simulate(each, trials=128) for each in (plain, given)]
    assert runs[0].digest() == runs[1].digest()
    assert "methods" not in runs[1].to_json()["scenario"]
    assert resolve(plain) == resolve(given)


# --- Its source is part of the answer ---------------------------------------------------------------------


def module(tmp_path: Path, source: str, name: str = "users") -> types.ModuleType:
    """A module of the user's, imported from a file."""
    file = tmp_path / f"{name}.py"
    file.write_text(source)
    made = types.ModuleType(name)
    made.__dict__.update(runpy.run_path(str(file), run_name=name))
    return made


SOURCE = """
FACTOR = {factor}

def helper(x):
    return x * {inner}

def test(outcomes, treatments, contrast):
    {comment}return helper(outcomes.mean()) * FACTOR, {around}, 5

def maker(around):
    def test(outcomes, treatments, contrast):
        return outcomes.mean() * around, 1.0, 5
    return test
"""
AS_IT_IS = {"factor": "2.0", "inner": "3.0", "comment": "", "around": "1.0"}


@pytest.mark.parametrize(
    ("key", "value"), [("factor", "2.5"), ("inner", "3.5"), ("around", "1.5"), ("comment", "#\n    ")]
)
def test_another_source_is_another_analysis(tmp_path: Path, key: str, value: str) -> None:
    sources = [
        SOURCE.format(**AS_IT_IS),
        SOURCE.format(**AS_IT_IS),
        SOURCE.format(**(AS_IT_IS | {key: value})),
    ]
    prints = []
    for i, source in enumerate(sources):
        folder = tmp_path / str(i)
        folder.mkdir()
        prints.append(fingerprint(_alone(module(folder, source))))
    assert prints[0] == prints[1]
    assert prints[0] != prints[2]


def _alone(users: types.ModuleType) -> Callable[..., Any]:
    test: Callable[..., Any] = users.test
    return test


def test_values_around_a_function_count(tmp_path: Path) -> None:
    maker = module(tmp_path, SOURCE.format(**AS_IT_IS)).maker
    prints = [fingerprint(maker(value)) for value in (1.0, 1.0, 2.0, (1, 2.0), np.arange(3), np.arange(4))]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 5
    ready_made = (stats.norm, np.exp, math.sqrt, stats.wilcoxon, np.float64, own_analyses.paired)
    assert len({fingerprint(maker(value)) for value in ready_made}) == len(ready_made)
    jitted_twice = (numba.njit(own_analyses.paired), numba.njit(own_analyses.paired, fastmath=True))
    assert len({fingerprint(maker(value)) for value in jitted_twice}) == 2
    generator = np.random.default_rng(1)
    for refused in ([1.0], {"a": 1.0}, object(), stats.norm(0, 1)):
        with pytest.raises(AnalysisError, match="can change, and with it the answer"):
            fingerprint(maker(refused))
    for random in (generator, generator.normal):
        with pytest.raises(AnalysisError, match="of random numbers"):
            fingerprint(maker(random))


def test_a_value_that_changes_later_is_noticed(tmp_path: Path) -> None:
    users = module(tmp_path, SOURCE.format(**AS_IT_IS) + "\nDEFAULT = test\n")
    function = users.maker(1.0)
    own = Analysis(function, title="Changing", needs="within")
    scenario = planner.read_text(text("mine"), methods={"mine": own})
    function.__closure__[0].cell_contents = 2.0
    with pytest.raises(AnalysisError, match="has changed since"):
        planner.simulate(scenario, trials=128)


def test_a_file_that_is_edited_later_is_not_what_runs(tmp_path: Path) -> None:
    (tmp_path / "edited.py").write_text(SOURCE.format(**AS_IT_IS))
    code = (
        "import edited, pathlib\n"
        "from planner.analyses.own.source import fingerprint\n"
        "print(fingerprint(edited.test))\n"
        "file = pathlib.Path('edited.py')\n"
        "file.write_text(file.read_text().replace('1.0', '1.5'))\n"
        "print(fingerprint(edited.test))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    before, after = done.stdout.split()
    assert before == after


def test_one_name_and_two_sources_share_nothing(tmp_path: Path) -> None:
    source = (Path(own_analyses.__file__)).read_text()
    runs = []
    for i, factor in enumerate(("1.0", "0.5")):
        folder = tmp_path / str(i)
        folder.mkdir()
        users = module(folder, source.replace("] = se\n", f"] = {factor} * se\n"))
        own = Analysis(users.paired_kernel, title="Paired t", needs="within")
        runs.append(simulated(own))
    assert runs[0].digest() != runs[1].digest()
    cells = [run.to_json()["cells"][0] for run in runs]
    assert cells[0]["estimate"]["coverage"] != cells[1]["estimate"]["coverage"]
    assert cells[0]["power"] == cells[1]["power"]  # T is the same in both


def test_a_module_that_is_gone_is_compiled_again(tmp_path: Path) -> None:
    """What `runpy` or a notebook has run is no module that compiled code could be loaded for; no warning."""
    source, digests = Path(own_analyses.__file__).read_text(), set()
    for _ in range(2):
        own = Analysis(module(tmp_path, source, "gone").paired_kernel, title="Paired t", needs="within")
        digests.add(simulated(own).digest())
    assert len(digests) == 1


def test_the_same_analysis_is_measured_once() -> None:
    units.clear()
    scenario = planner.read_text(text("mine"), methods={"mine": COMPILED})
    again = planner.read_text(text("mine"), methods={"mine": COMPILED})
    before = units.worked_out
    for each in (scenario, again):
        planner.simulate(each, trials=128)
    assert units.worked_out == before + 1
    planner.simulate(scenario, trials=128, methods={"mine": PAIRED})
    assert units.worked_out == before + 2


def test_compiled_code_is_kept_by_source(tmp_path: Path) -> None:
    (tmp_path / "users.py").write_text(Path(own_analyses.__file__).read_text())
    code = (
        "import planner, users\n"
        "own = planner.Analysis(users.paired_kernel, title='Paired t', needs='within')\n"
        f"s = planner.read_text({text('mine')!r}, methods={{'mine': own}})\n"
        "print(planner.simulate(s, trials=128).digest(), users.paired_kernel._cache.__class__.__name__)\n"
        "print(sum(users.paired_kernel.stats.cache_hits.values()))\n"
    )
    outputs = [
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    first, second = (done.stdout.split() for done in outputs)
    assert first[:2] == second[:2]
    assert second[1:] == ["OwnCache", "1"]


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


def test_a_function_cannot_spoil_what_others_see() -> None:
    def rude(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
        outcomes[:] = 0.0
        treatments[:] = "A"
        return 1.0, 1.0, 5

    own = Analysis(rude, title="Rude", needs="within")
    after = simulated(own).to_json()["cells"]
    both = planner.read_text(text("mine", "paired-t"), methods={"mine": own})
    alone = planner.simulate(planner.read_text(text("paired-t")), trials=TRIALS).to_json()["cells"]
    assert planner.simulate(both, trials=TRIALS).to_json()["cells"][1] == alone[0]
    assert len(after) == 1


def test_a_stored_result_knows_its_analysis_and_not_its_code() -> None:
    run = simulated(PAIRED)
    kept = pickle.loads(pickle.dumps(run.scenario))
    assert digest(kept) == digest(run.scenario)
    assert kept.analyses[0].row.title == "User's analysis: Paired t"
    with pytest.raises(AnalysisError, match="was not stored"):
        planner.simulate(kept, trials=128)
    assert planner.simulate(kept, trials=TRIALS, methods={"mine": PAIRED}).digest() == run.digest()


@pytest.mark.parametrize("own", [PAIRED, COMPILED], ids=["plain", "kernel"])
def test_a_stored_comparison_has_its_figures(own: Analysis) -> None:
    scenario = planner.read_text(text("mine"), methods={"mine": own})
    compared = planner.compare([scenario, scenario], names=["a", "b"], trials=256)
    kept = pickle.loads(pickle.dumps(compared))
    assert kept.to_json() == compared.to_json()
    assert kept.digest() == compared.digest()
    assert pickle.loads(pickle.dumps(kept)).to_json() == compared.to_json()
    with pytest.raises(AnalysisError, match="was not stored"):
        planner.simulate(kept.scenarios[0], trials=128)


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


def test_a_stored_run_is_read_without_numba(tmp_path: Path) -> None:
    run, file = simulated(COMPILED), tmp_path / "run.pickle"
    file.write_bytes(pickle.dumps(run))
    code = (
        "import pickle, sys\n"
        "sys.modules['numba'] = None\n"
        f"run = pickle.load(open({str(file)!r}, 'rb'))\n"
        "print(run.digest(), run.to_json()['scenario']['methods']['mine']['title'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{run.digest()} User's analysis: Paired t\n"


# --- The example ------------------------------------------------------------------------------------------


def python_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.S)


def test_the_example_runs_and_agrees_with_its_twin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = python_blocks()[0]
    assert len(example.strip().splitlines()) <= 30
    file = tmp_path / "example.py"
    file.write_text(example)
    made = runpy.run_path(str(file))
    assert "power" in capsys.readouterr().out
    twin = planner.simulate(planner.read("asthma-ab-ba", set=["analyses.0.method=paired-t"]), trials=2_000)
    ours, theirs = (run.to_json()["cells"] for run in (made["run"], twin))
    assert [without_name(cell) for cell in ours] == [without_name(cell) for cell in theirs]


def test_the_other_functions_of_the_document_run(tmp_path: Path) -> None:
    file = tmp_path / "example.py"
    file.write_text("\n".join(python_blocks()))
    made = runpy.run_path(str(file))
    twin, ours = simulated(made["fast"], "paired-t").to_json()["cells"]
    assert without_name(ours) == without_name(twin)
    ranks = planner.read_text(text("mine", looks=(), efficacy=None), methods={"mine": made["ranks"]})
    cell = planner.simulate(ranks, trials=128).to_json()["cells"][0]
    assert 0.0 < cell["power"]["estimate"] < 1.0
