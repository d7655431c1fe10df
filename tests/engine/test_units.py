"""The unit of the summed errors, and the sums: right at any scale and size, and never overflowing.

Expected standard errors are closed forms (variances of sums of independent normals), sums are recomputed with
Python's integers from the estimates of the very trials.
"""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from planner.cli import main
from planner.engine.blocks import records_of
from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.engine.run import run_job
from planner.engine.tally import Tally, column_sum, column_sums
from planner.kernels.tables import (
    DF,
    ERROR,
    ERROR_HIGH,
    ESTIMATE,
    FARTHEST,
    FARTHEST_FOURTH,
    FOURTH,
    FOURTH_HIGH,
    SQUARE,
    SQUARE_HIGH,
    SUMS,
    UNDEFINED,
    W,
)
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.results.error_moments import ErrorMoments
from planner.results.run import Run
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.harness import Comparison, TooFarApart, scenario_text

TRIALS = 20_000

MECHANISMS = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 24
washout_days = 30
assessment_days = [1]
[agents.a]
[treatments]
A = { agents = ["a"] }
B = { agents = [] }
[signals]
s = { activated_by = { a = 1.0 } }
[components.x]
size = { mean = 0.3, sd = 0.05 }
half_life_days = 0.01
[population]
baseline = { mean = MEAN, sd = SPREAD }
rating_sd = RATING
[hypotheses.effect]
terms = [{ component = "x", needs = ["s"] }]
[endpoint]
measure = "MEASURE"
[[analyses]]
method = "hills-armitage"
contrast = ["A", "B"]
"""


def mechanisms(sd: float, size: float = 1.0, measure: str = "change") -> Scenario:
    """Improvement of 30 +- 5 % of a severity of 25, rated with an SD of 2; all points times `size`."""
    text = MECHANISMS.replace("MEAN", repr(25.0 * size)).replace("SPREAD", repr(sd * size))
    return read_text(text.replace("RATING", repr(2.0 * size)).replace("MEASURE", measure))


def standard_error(sd: float) -> float:
    """Of Hills and Armitage's estimate from 24 patients in equal sequences: SD of a difference / sqrt(24).

    A difference of changes is severity x size of the component, and four rating errors.
    """
    product = (25.0**2 + sd**2) * (0.3**2 + 0.05**2) - (25.0 * 0.3) ** 2
    return math.sqrt((product + 4 * 2.0**2) / 24)


@pytest.mark.long
@pytest.mark.parametrize("size", [1.0, 1e-6, 1e5])
@pytest.mark.parametrize("sd", [0.0, 1e-6, 0.001, 0.5, 4.0])
def test_errors_are_right_whatever_the_spread_of_the_baseline(sd: float, size: float) -> None:
    """In units of a baseline SD of .001 the errors are cut off, and there is no result at 100,000 trials."""
    estimate = as_json(simulate(mechanisms(sd, size), trials=100_000).cells())[0]["estimate"]
    expected = standard_error(sd) * size
    with Comparison(title=f"SD {sd}, size {size}") as comparison:
        comparison.mean("SE", estimate["empirical_se"], estimate["empirical_se_mcse"], expected)
        comparison.mean("RMSE", estimate["rmse"], estimate["rmse_mcse"], expected)
        comparison.mean("bias", estimate["bias"], estimate["bias_mcse"], 0.0)
    assert estimate["mean_mcse"] == pytest.approx(expected / math.sqrt(100_000), rel=0.02)
    assert estimate["rmse_mcse"] == pytest.approx(expected / math.sqrt(200_000), rel=0.05)
    assert estimate["beyond_range"]["estimate"] == 0.0


def stated(patients: int = 24, sd: float = 3.0, **beside: Any) -> str:
    spread = {"sd_within": sd, "sd_between": 2.0 * sd}
    hypotheses = {"h": {"means": {"A": 1.0, "B": 0.0}} | spread}
    return scenario_text(patients=patients, hypotheses=hypotheses, **beside)


@pytest.mark.parametrize("sd", [1e-7, 3.0, 2e6])
@pytest.mark.parametrize("patients", [4, 40, 2000])
def test_errors_are_right_at_any_number_of_patients(patients: int, sd: float) -> None:
    """SE = SD within x sqrt(2 / patients); the error of the RMSE is that of normal estimates."""
    trials = 2000 if patients > 100 else TRIALS
    estimate = as_json(simulate(read_text(stated(sd=sd)), trials=trials, patients=[patients]).cells())[0][
        "estimate"
    ]
    expected = sd * math.sqrt(2 / patients)
    with Comparison() as comparison:
        comparison.mean("SE", estimate["empirical_se"], estimate["empirical_se_mcse"], expected)
        comparison.mean("RMSE", estimate["rmse"], estimate["rmse_mcse"], expected)
    assert estimate["rmse_mcse"] == pytest.approx(expected / math.sqrt(2 * trials), rel=0.1)


def unit(scenario: Scenario, **how: Any) -> float:
    return job_of(scenario, **how).cells.tests[0][0].unit


SPREADS: dict[str, tuple[str, float]] = {
    # SD of the estimate times the root of the number of patients
    "stated means": (stated(), 3.0 * math.sqrt(2.0)),
    "of the first period": (
        stated(analyses=[{"method": "period-one", "contrast": ["A", "B"]}]),
        2.0 * math.sqrt(9.0 + 36.0),
    ),
    "half of them leave": (stated(population={"dropout": {"per_period": 0.5}}), 6.0),
    "hardly any stays": (stated(population={"dropout": {"per_period": 0.9}}), 3.0 * math.sqrt(20.0)),
}


@pytest.mark.parametrize("name", SPREADS)
def test_the_unit_is_the_power_of_two_above_the_spread(name: str) -> None:
    text, spread = SPREADS[name]
    found = unit(read_text(text))
    assert math.frexp(found)[0] == 0.5
    assert 0.8 * spread <= found <= 2.4 * spread


def test_it_is_the_same_for_all_sizes_seeds_and_companies() -> None:
    scenario = read_text(stated())
    others = {
        unit(scenario, seed=7),
        unit(scenario, patients=[2, 100, 10_000]),
        unit(read_text(stated(patients=90))),
        unit(read_text(stated(looks=[12, 24]))),
    }
    assert others == {unit(scenario)}
    several = mechanisms(3.0)
    beside = several.hypotheses | {"other": several.hypotheses["effect"]}
    assert unit(several.model_copy(update={"hypotheses": beside})) == unit(several)


@pytest.mark.parametrize("measure", ["score", "percent-change"])
def test_other_measures(measure: str) -> None:
    """The spread of what is analysed, not of the baseline: within a factor of what is then found."""
    scenario = mechanisms(0.001, measure=measure)
    estimate = as_json(simulate(scenario, trials=4000).cells())[0]["estimate"]
    assert 0.9 <= unit(scenario) / (estimate["empirical_se"] * math.sqrt(24)) <= 2.2


def test_a_bias_larger_than_the_spread_counts() -> None:
    """Carryover of a thousand SDs: the bias and the spread beside it are exact, and nothing overflows."""
    hypothesis = {"means": {"A": 1.0, "B": 0.0}, "sd_within": 0.003, "sd_between": 1.0}
    text = scenario_text(hypotheses={"h": hypothesis | {"carryover": {"A": 6.0}}}, patients=24)
    cell = as_json(simulate(read_text(text), trials=TRIALS).cells())[0]
    estimate = cell["estimate"]
    assert estimate["bias"] == pytest.approx(-3.0, abs=1e-4)
    expected = 0.003 * math.sqrt(2 / 24)
    assert estimate["empirical_se"] == pytest.approx(expected, rel=0.03)
    # RMSE^2 has the variance 4 bias^2 SE^2 to first order, so that RMSE itself has SE / sqrt(trials)
    assert estimate["rmse_mcse"] == pytest.approx(expected / math.sqrt(TRIALS), rel=0.05)
    assert cell["note"] == ""


# Sums of extreme errors


def in_unit(work: Job, small: float) -> Job:
    """The job with errors summed in another unit."""
    tests = tuple(tuple(dataclasses.replace(test, unit=small) for test in row) for row in work.cells.tests)
    cells = dataclasses.replace(work.cells, tests=tests)
    analyses = tuple(
        dataclasses.replace(j, centre=np.stack([j.centre[:, 0], np.full(len(j.centre), small)], axis=1))
        for j in work.analyses
    )
    return dataclasses.replace(work, cells=cells, analyses=analyses)


@pytest.mark.parametrize("small", [1.0, 2.0**-3, 2.0**-6, 2.0**-60, 2.0**40])
def test_sums_are_those_of_whole_numbers(small: float) -> None:
    """Every sum against Python's integers, from the estimates of the same trials; what is cut is counted."""
    scenario = read_text(stated(patients=6, analyses=[{"method": "paired-t", "contrast": ["A", "B"]}]))
    work, trials = in_unit(job_of(scenario), small), 9 * W
    tally = run_job(work, trials, threads=2).tally
    stat = records_of(work, 0, 9).stat[0, 0, 0].reshape(9, -1, W)
    errors = [float(x - 1.0) * (1.0 / small) for x in stat[:, ESTIMATE].ravel()]
    assert (stat[:, DF] > 0).all()
    kept = [min(max(x, -FARTHEST), FARTHEST) for x in errors]
    ends = tally.ends[0, 0, 0]
    assert column_sum(ends, ERROR) == sum(round(Fraction(x) * 2**32) for x in kept)
    assert column_sum(ends, SQUARE) == sum(round(Fraction(x * x) * 2**32) for x in kept)
    fourths = (min(Fraction((x * x) * (x * x)) * 2**40, Fraction(2**50)) for x in kept)
    assert column_sum(ends, FOURTH) == sum(round(x) for x in fourths)
    far = tally.irregular[0, 0, 0].sum(axis=0).tolist()
    assert far == [0, sum(abs(x) > FARTHEST for x in errors), sum(abs(x) > FARTHEST_FOURTH for x in errors)]


def test_what_is_cut_is_said() -> None:
    work = in_unit(job_of(read_text(stated())), 2.0**-6)
    run = Run(read_text(stated()), "cut", run_job(work, 5000, threads=1))
    cell, said = as_json(run.cells())[0], run.to_json()["warnings"]
    share = cell["estimate"]["beyond_range"]["estimate"]
    assert 0.2 < share < 0.4  # one point at a standard error of .866: 24.8 %
    assert share == pytest.approx(2 * 0.1241, abs=4 * cell["estimate"]["beyond_range"]["mcse"])
    words = (
        f"In {100 * share:.1f} % of the trials the estimate is farther from the truth than 1, and counts as"
    )
    assert words in cell["note"]
    assert any(words[1:] in warning for warning in said)


def test_sums_of_any_size_go_on_in_a_second_number() -> None:
    """In any order, to the same two parts, to the values of Python's integers."""
    rng = np.random.default_rng(5)
    tallies, expected = [], {ERROR: 0, SQUARE: 0}
    for _ in range(400):
        tally = Tally.empty(1, 1, 1, 1)
        for column in expected:
            x = int(rng.integers(-(2**62), 2**62)) if column == ERROR else int(rng.integers(0, 2**62))
            tally.ends[0, 0, 0, 0, 0, column] = x
            expected[column] += x
        tallies.append(tally)
    parts = set()
    for order in (range(400), reversed(range(400)), rng.permutation(400)):
        total = Tally.empty(1, 1, 1, 1)
        for i in order:
            total.add(tallies[int(i)])
        for column, value in expected.items():
            assert column_sum(total.ends, column) == value
        assert (np.abs(total.ends[..., [ERROR, SQUARE]]) < 2**60).all()
        parts.add(total.ends.tobytes())
    assert len(parts) == 1
    assert total.ends[0, 0, 0, 0, 0, SQUARE_HIGH] == expected[SQUARE] >> 60
    assert total.ends[0, 0, 0, 0, 0, ERROR_HIGH] == int(
        math.copysign(abs(expected[ERROR]) >> 60, expected[ERROR])
    )


@pytest.mark.parametrize("column", [UNDEFINED, ERROR, SQUARE, FOURTH])
@pytest.mark.parametrize(("size", "goes_on"), [(2**40, False), (2**60, False), (2**60, True)])
def test_sums_of_many_are_those_of_each(column: int, size: int, goes_on: bool) -> None:
    """Where they fit an integer of 64 bits and where they do not, rounded once, as Python's `float` does."""
    rng = np.random.default_rng(1)
    ends = rng.integers(-size, size, (50, 3, 4, SUMS))
    ends[:5] = np.abs(ends[:5]) | size >> 1
    ends[..., [ERROR_HIGH, SQUARE_HIGH, FOURTH_HIGH]] *= goes_on
    bits = {ERROR: (ERROR_HIGH, 60), SQUARE: (SQUARE_HIGH, 60), FOURTH: (FOURTH_HIGH, 32)}
    high, shift = bits.get(column, (UNDEFINED, None))
    whole = [sum(each[..., column].ravel().tolist()) for each in ends]
    if shift is not None:
        whole = [w + (sum(x[..., high].ravel().tolist()) << shift) for w, x in zip(whole, ends, strict=True)]
    assert (max(whole) >= 2**63) == (size == 2**60)
    assert column_sums(ends, column).tolist() == [float(each) for each in whole]


def test_moments_keep_every_digit() -> None:
    """A bias of a thousand and a spread of a thousandth, in a hundred million trials."""
    n = 10**8
    sums = np.zeros((1, SUMS), np.int64)
    first, second = n * 1000, n * (1000**2) + n // 10**6  # of errors whose variance is 1e-6
    low, high = (first << 32) % 2**60, (first << 32) >> 60
    sums[0, [0, ERROR, ERROR_HIGH]] = n, low, high
    sums[0, [SQUARE, SQUARE_HIGH]] = (second << 32) % 2**60, (second << 32) >> 60
    found = ErrorMoments.of(sums, 0.5)
    assert found.mean == 500.0
    assert found.sd == pytest.approx(0.5e-3, rel=1e-6)
    assert found.rmse_mcse == pytest.approx(0.5e-3 / math.sqrt(n), rel=1e-6)


def test_a_spread_that_cannot_be_told_is_said_to_be_rough() -> None:
    """Errors all at 4, summed in units of 1, and a spread of 3e-6 beside them; not so in their own unit."""
    spread = {"sd_within": 1e-5, "sd_between": 1.0, "carryover": {"A": 8.0}}
    text = scenario_text(hypotheses={"h": {"means": {"A": 1.0, "B": 0.0}} | spread}, patients=24)
    biased, plain = read_text(text), read_text(stated(sd=1e-7))
    for work, rough in ((in_unit(job_of(biased), 1.0), True), (job_of(plain), False)):
        cell = as_json(Run(biased, "rough", run_job(work, 1000, threads=1)).cells())[0]
        assert cell["estimate"]["empirical_se_is_rough"] == rough
        assert ("only known roughly" in cell["note"]) == rough


def test_another_unit_is_seen() -> None:
    """Negative control: errors read in a unit in which they were not summed do not pass."""
    scenario = mechanisms(0.001)
    work = job_of(scenario)
    outcome = run_job(work, 5000, threads=1)
    wrong = dataclasses.replace(outcome, cells=in_unit(work, work.cells.tests[0][0].unit * 2).cells)
    estimate = Run(scenario, "wrong", wrong).cells()[0].estimate.to_json()
    comparison = Comparison()
    comparison.mean("SE", estimate["empirical_se"], estimate["empirical_se_mcse"], standard_error(0.001))
    with pytest.raises(TooFarApart):
        comparison.check()


def test_a_hundred_thousand_trials_of_a_small_baseline_have_a_result(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The default number of trials, from the command line: exit 0 and no word of a fault."""
    file = tmp_path / "small.toml"
    text = MECHANISMS.replace("MEAN", "25.0").replace("SPREAD", "0.001").replace("RATING", "2.0")
    file.write_text(text.replace("MEASURE", "change"))
    code = main(["run", str(file)])
    said = capsys.readouterr()
    assert code == 0
    assert "fault" not in said.err
