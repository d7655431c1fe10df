"""Carryover in the least-squares model: against R, plain NumPy, published power; where it cannot be had."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from planner.analyses import statistic
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, STATISTICS, Contrast, Floats, Ints, W
from planner.questions.exact import theory
from planner.scenario.canonical.resolved import digest
from planner.scenario.designs import named
from planner.scenario.estimability import variance_factor
from planner.scenario.reading.read import read_text
from tests.support.analysed_sets import DATA, TOLERANCE, spelt
from tests.support.harness import Comparison, TooFarApart, run
from tests.support.paths import NUMBERS
from tests.support.random_designs import tables
from tests.support.refused import faults_in_words

REFERENCE = json.loads((NUMBERS / "carryover_models.json").read_text())
Sequences = tuple[tuple[str, ...], ...]


def with_carryover(sequences: Sequences, weights: dict[str, float]) -> Contrast:
    """What the kernel needs, with the treatment before in the model."""
    number = {a: i for i, a in enumerate(dict.fromkeys(a for s in sequences for a in s))}
    before = [[-1, *(number[a] for a in s[:-1])] for s in sequences]
    return tables(sequences, weights)._replace(carried=np.array(before))


def by_kernel(y: Floats, order: Ints, contrast: Contrast, looks: list[int]) -> Floats:
    """(look, statistic, lane) of scores f64[patient, period, W]."""
    patients, periods, _ = y.shape
    stat = np.empty((len(looks), 1, STATISTICS * W))
    values = y.reshape(1, patients, 1, 1, periods * W)
    statistic("fixed-subject")(values, 0, 0, order[None], contrast, 0.0, np.array(looks), stat)
    return stat[:, 0].reshape(len(looks), STATISTICS, W)


def by_dummies(
    y: Floats, order: Ints, sequences: Sequences, weights: dict[str, float], carryover: bool = True
) -> tuple[float, float, int] | None:
    """Estimate, SE and df by dummies of patients, periods, treatments and treatments before, with NumPy."""
    names = sorted({a for s in sequences for a in s})
    where = [(i, k) for i in range(len(y)) for k in range(y.shape[1]) if not math.isnan(y[i, k])]
    patients, periods = y.shape
    x = np.zeros((len(where), patients + periods + 2 * len(names)))
    for row, (i, k) in enumerate(where):
        given = sequences[order[i]]
        x[row, i] = x[row, patients + k] = x[row, patients + periods + names.index(given[k])] = 1.0
        if k and carryover:
            x[row, patients + periods + len(names) + names.index(given[k - 1])] = 1.0
    c = np.zeros(x.shape[1])
    for a, w in weights.items():
        c[patients + periods + names.index(a)] = w
    scores = np.array([y[i, k] for i, k in where])
    inverse = np.linalg.pinv(x.T @ x, rcond=1e-10)
    df = len(where) - int(np.linalg.matrix_rank(x))
    if df < 1 or np.abs(c @ inverse @ x.T @ x - c).max() > 1e-6:
        return None
    beta = inverse @ x.T @ scores
    variance = float(np.sum((scores - x @ beta) ** 2)) / df
    return float(c @ beta), math.sqrt(variance * float(c @ inverse @ c)), df


CONTRASTS = [(name, each) for name, row in REFERENCE["analyses"].items() for each in row]


@pytest.mark.parametrize(("name", "contrast"), CONTRASTS)
def test_the_data_sets_of_r(name: str, contrast: str) -> None:
    """Six designs, one with patients who left."""
    r = REFERENCE["analyses"][name][contrast]
    rows = DATA[name]["rows"]
    subjects = list(dict.fromkeys(row[0] for row in rows))
    words = sorted({row[1] for row in rows})
    treatments = sorted({row[3] for row in rows}, key=len, reverse=True)
    sequences = tuple(tuple(spelt(word, treatments)) for word in words)
    y = np.random.default_rng(2).normal(size=(len(subjects), len(sequences[0]), W))
    y[..., 41] = np.nan
    for subject, _, period, _, score in (row[:5] for row in rows):
        y[subjects.index(subject), period - 1, 41] = score
    of = {row[0]: words.index(row[1]) for row in rows}
    order = np.array([of[s] for s in subjects])
    first, second = contrast.split("-")
    table = with_carryover(sequences, {first: 1.0, second: -1.0})
    found = by_kernel(y, order, table, [len(subjects)])[0, :, 41]
    assert found[ESTIMATE] == pytest.approx(r["estimate"], abs=TOLERANCE)
    assert found[SE] == pytest.approx(r["se"], rel=TOLERANCE)
    assert found[DF] == r["df"]
    p = 2.0 * stats.t.sf(abs(found[ESTIMATE] / found[SE]), found[DF])
    assert p == pytest.approx(r["p"], abs=1e-9)


DESIGNS: dict[str, tuple[Sequences, dict[str, float]]] = {
    "balaam": (named("balaam", "AB"), {"A": 1.0, "B": -1.0}),
    "ABB/BAA": (named("ABB/BAA", "AB"), {"A": -2.0, "B": 2.0}),
    "ABBA/BAAB": (named("ABBA/BAAB", "AB"), {"A": 1.0, "B": -1.0}),
    "williams": (named("williams", "ABCD"), {"A": 1.0, "B": -1.0, "C": -1.0, "D": 1.0}),
    "3t2p": (named("3t2p", "ABC"), {"A": 1.0, "C": -1.0}),
    "latin-square": (named("latin-square", "ABC"), {"A": 1.0, "B": -0.5, "C": -0.5}),
    "AB/BA": (named("AB/BA", "AB"), {"A": 1.0, "B": -1.0}),
}


@pytest.mark.parametrize("holes", ["none", "leaving", "anywhere"])
@pytest.mark.parametrize("name", DESIGNS)
def test_every_look_against_numpy(name: str, holes: str) -> None:
    """Complete data, patients who leave, and scores that are missing anywhere, at four looks."""
    sequences, weights = DESIGNS[name]
    rng = np.random.default_rng(sum(map(ord, name + holes)))
    shape = (40, len(sequences[0]), W)
    y = 500.0 + 3.0 * rng.normal(size=shape) + 5.0 * rng.normal(size=(40, 1, W))
    if holes == "leaving":
        y[np.maximum.accumulate(rng.random(shape) < 0.15, axis=1)] = np.nan
    elif holes == "anywhere":
        y[rng.random(shape) < 0.25] = np.nan
    order = rng.permuted(np.arange(40) % len(sequences))
    looks = [5, 12, 25, 40]
    found = by_kernel(y, order, with_carryover(sequences, weights), looks)
    defined = 0
    for look, count in enumerate(looks):
        for lane in range(5, W, 17):
            expected = by_dummies(y[:count, :, lane], order[:count], sequences, weights)
            row = found[look, :, lane]
            if expected is None:
                assert row[DF] == 0.0
                continue
            defined += 1
            estimate, se, df = expected
            assert row[DF] == df
            assert row[ESTIMATE] == pytest.approx(estimate, abs=1e-7)
            assert row[SE] == pytest.approx(se, rel=1e-6)
            assert row[COMPLETERS] == np.sum(np.sum(~np.isnan(y[:count, :, lane]), axis=1) > 1)
    assert (defined == 0) == (name == "AB/BA"), "in AB/BA carryover cannot be told from treatments"


def test_the_comparison_would_see_a_model_without_carryover() -> None:
    sequences, weights = DESIGNS["ABBA/BAAB"]
    y = np.random.default_rng(9).normal(size=(20, 4, W))
    order = np.arange(20) % 2
    found = by_kernel(y, order, with_carryover(sequences, weights), [20])[0, :, 0]
    without = by_dummies(y[:, :, 0], order, sequences, weights, carryover=False)
    assert without is not None
    assert abs(found[ESTIMATE] - without[0]) > 1e-3
    assert found[DF] == without[2] - 1


BALAAM = """
schema_version = 1
[design]
name = "balaam"
arms = ["A", "B"]
patients = 64
[hypotheses.h]
means = { A = 1.0, B = 0.0 }
sd_within = 1.1
sd_between = 1.0
[[analyses]]
name = "with"
carryover = true
[[analyses]]
name = "without"
method = "fixed-subject"
"""


def test_power_of_balaams_design() -> None:
    """Chen, Chow and Li (1997) print .7161 for variance 8 s^2 / N; with the df of the model, N - 3, .7159."""
    scenario = read_text(BALAAM)
    factors = [
        variance_factor(scenario.design.sequences, (1,) * 4, {"A": 1.0, "B": -1.0}, each)
        for each in (True, False)
    ]
    assert factors == [8, 4]
    for analysis, factor, lost in zip(scenario.analyses, (8, 4), (3, 2), strict=True):
        found = theory.power(scenario, "h", analysis, [64])
        assert found is not None
        df, shift = 64 - lost, 1.0 / math.sqrt(factor * 1.1**2 / 64)
        limit = stats.t.isf(0.025, df)
        law = stats.nct.sf(limit, df, shift) + stats.nct.cdf(-limit, df, shift)
        assert found[0] == pytest.approx(law, abs=1e-8)
    with_it, without = (float(theory.power(scenario, "h", a, [64])[0]) for a in scenario.analyses)  # type: ignore[index]
    assert with_it == pytest.approx(0.7161, abs=5e-4)
    assert without == pytest.approx(0.9473, abs=5e-4)


def test_simulated_power_is_the_law() -> None:
    trials = 40_000
    scenario = read_text(BALAAM)
    with Comparison(title="Balaam with and without carryover in the model") as compared:
        for cell, analysis in zip(run(BALAAM, trials).cells, scenario.analyses, strict=True):
            exact = theory.power(scenario, "h", analysis, [64])
            assert exact is not None
            compared.probability(analysis.name, cell["power"], trials, float(exact[0]))
            compared.mean(
                f"estimate, {analysis.name}", cell["estimate"]["mean"], cell["estimate"]["mean_mcse"], 1.0
            )
    wrong = Comparison()
    wrong.probability("the other model", run(BALAAM, trials).cells[0]["power"], trials, 0.9473)
    with pytest.raises(TooFarApart):
        wrong.check()


CARRIED = """
schema_version = 1
[design]
name = "ABBA/BAAB"
arms = ["A", "B"]
patients = 24
[hypotheses.next]
means = {{ A = 2.0, B = 0.0 }}
sd_within = 3.0
sd_between = 2.0
carryover = {{ A = 1.5, B = -0.5 }}
carryover_lasts = "{lasts}"
[[analyses]]
name = "with"
carryover = true
[[analyses]]
name = "without"
method = "fixed-subject"
"""


@pytest.mark.parametrize(("lasts", "with_it", "without"), [("next", 0.0, -0.5), ("lasting", -0.5, -0.5)])
def test_bias_under_carryover_is_that_of_the_design_table(lasts: str, with_it: float, without: float) -> None:
    """ABBA/BAAB: coefficients -.25 of A and +.25 of B without carryover in the model (R), times 1.5 and -.5.

    With it, what lasts beyond the next period still biases; its coefficient here is by NumPy.
    """
    text = CARRIED.format(lasts=lasts)
    if lasts == "lasting":
        with_it = _lasting_bias() * (1.5 + 0.5)
    trials = 40_000
    with Comparison(title=f"bias, {lasts}") as compared:
        for cell, expected in zip(run(text, trials).cells, (with_it, without), strict=True):
            estimate = cell["estimate"]
            compared.mean(cell["analysis"], estimate["bias"], estimate["bias_mcse"], expected)


def _lasting_bias() -> float:
    """What the estimate of A - B with carryover in the model is moved by if 1 is added after every A."""
    sequences = named("ABBA/BAAB", "AB")
    y = np.array([[float("A" in s[:k]) for k in range(4)] for s in sequences for _ in range(6)])
    y += 1e-9 * np.random.default_rng(1).normal(size=y.shape)  # or nothing is left to divide by
    found = by_dummies(y, np.repeat([0, 1], 6), sequences, {"A": 1.0, "B": -1.0})
    assert found is not None
    return found[0]


def test_where_carryover_cannot_be_in_the_model_the_fault_says_where_it_can() -> None:
    text = BALAAM.replace('name = "balaam"', 'name = "AB/BA"').replace(
        "carryover = true", 'carryover = true\nmethod = "fixed-subject"'
    )
    (fault,) = faults_in_words(text)
    assert fault.startswith("analyses.0.carryover: cannot be in the model of this design")
    named_there = fault.split("it can in ")[1].split(";")[0].replace(" or ", ", ").split(", ")
    assert len(named_there) >= 3
    for name in named_there:
        assert read_text(text.replace('"AB/BA"', f'"{name}"')).analyses[0].carryover


@pytest.mark.parametrize("method", ["paired-t", "period-one", "welch"])
def test_other_methods_have_no_carryover(method: str) -> None:
    text = BALAAM.replace('"balaam"', '"ABB/BAA"').replace(
        "carryover = true", f'carryover = true\nmethod = "{method}"'
    )
    (fault,) = faults_in_words(text)
    assert fault == (
        f"analyses.0.carryover: {method} has no carryover in its model -> "
        'method = "fixed-subject" can have it; or leave it out'
    )


def test_an_analysis_that_allows_for_carryover_takes_the_method_that_can() -> None:
    analysis = read_text(BALAAM).analyses[0]
    assert (analysis.method, analysis.carryover) == ("fixed-subject", True)


def test_the_digest_counts_carryover_only_where_it_is_in_the_model() -> None:
    text = BALAAM.split("[[analyses]]")[0]
    plain, out, within = (
        digest(read_text(f"{text}[[analyses]]\nmethod = 'fixed-subject'\n{each}"))
        for each in ("", "carryover = false", "carryover = true")
    )
    assert plain == out != within
