"""Data in which patients do not differ: no t test exists, whatever the rounding of the numbers says.

Expected values come from exact arithmetic in fractions (whether there is any spread, and whether there is any
effect), from the definition of a test in which an early look with little to say must not stop a trial, and
from a plain NumPy simulation. On a scale of whole points a few patients often agree by chance.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from planner.analyses import statistic
from planner.kernels.tables import DF, ESTIMATE, SE, STATISTICS, Contrast, Floats, Ints, T, W
from planner.questions.replay.replay import find, replay
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.scenario.reading.read import read_text
from planner.scenario.vocabulary import METHODS
from tests.support import naive
from tests.support.harness import Comparison, TooFarApart, run, scenario_text

SEQUENCES = ("AB", "BA")
T_TESTS = [name for name, row in METHODS.items() if not row.binary]
OWN = {"hills-armitage", "subject-contrast", "fixed-subject", "paired-t", "welch", "baseline-adjusted"}

Patients = list[tuple[int, tuple[Fraction, Fraction], tuple[Fraction, Fraction]]]
"""Sequence, the two outcomes and the two baselines of each patient, without any rounding."""


def exactly(method: str, patients: Patients) -> tuple[bool, Fraction]:
    """Whether there is any spread within the groups compared, and the estimate: in fractions."""
    groups: list[list[tuple[Fraction, Fraction]]] = [[], []]
    for s, y, b in patients:
        if method in OWN:
            groups[s].append((y[s] - y[1 - s], b[s] - b[1 - s]))
        else:
            groups[s].append((y[0], b[0]))
    means = [[sum((row[k] for row in g), Fraction(0)) / len(g) for k in (0, 1)] for g in groups]
    about = [(x - m[0], z - m[1]) for g, m in zip(groups, means, strict=True) for x, z in g]
    sign = 1 if method in OWN else -1
    estimate, apart = ((means[0][k] + sign * means[1][k]) / (2 if method in OWN else 1) for k in (0, 1))
    if method == "paired-t":
        rows = [x for g in groups for x, _ in g]
        mean = sum(rows, Fraction(0)) / len(rows)
        return any(x != mean for x in rows), mean
    left = sum((x * x for x, _ in about), Fraction(0))
    if METHODS[method].baseline:
        zz = sum((z * z for _, z in about), Fraction(0))
        slope = sum((x * z for x, z in about), Fraction(0)) / zz if zz else Fraction(0)
        estimate -= slope * apart
        left -= slope * slope * zz
    return left != 0, estimate


def analysed(method: str, patients: Patients, centre: float = 0.0) -> dict[str, float]:
    """The kernel's answer, from scores rounded to floats; the other lanes hold ordinary numbers."""
    n = len(patients)
    size = max(float(abs(x)) for _, y, b in patients for x in (*y, *b))
    values = np.random.default_rng(2).normal(size, size / 9.0, size=(1, n, 1, 2, 2 * W))
    for p, (_, y, b) in enumerate(patients):
        for k in (0, 1):
            values[0, p, 0, 0, k * W + 9], values[0, p, 0, 1, k * W + 9] = float(y[k]), float(b[k])
    order: Ints = np.array([[s for s, _, _ in patients]])
    weight: Floats = np.array([[1.0, -1.0], [-1.0, 1.0]])
    compared = Contrast(weight, np.array([0.5, 0.5]), np.array([[0, 1], [1, 0]]), np.array([1.0, -1.0]), 0, 1)
    stat = np.empty((1, 1, STATISTICS * W))
    statistic(method)(values, 0, 0, order, compared, centre, np.array([n]), stat)
    rows = stat[0, 0].reshape(STATISTICS, W)
    assert (np.delete(rows[DF], 9) > 0.0).all()
    assert np.isfinite(np.delete(rows[T], 9)).all()
    return {"estimate": rows[ESTIMATE, 9], "se": rows[SE, 9], "t": rows[T, 9], "df": rows[DF, 9]}


def patients_of(seed: int, step: Fraction, kind: str) -> Patients:
    """Six to eleven patients on a scale of steps, who do not differ in what is compared, or do."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 12))
    effect = int(rng.integers(1, 4)) * step if kind != "nothing" else Fraction(0)
    period = int(rng.integers(0, 3)) * step
    found: Patients = []
    for p in range(n):
        s = p % 2
        level = int(rng.integers(400, 600)) * step if kind != "first" else 500 * step
        noise = int(rng.integers(0, 2)) * step if kind == "spread" else Fraction(0)
        y = tuple(level + (effect if (k == s) else 0) + k * period + k * noise for k in (0, 1))
        b = (int(rng.integers(300, 500)) * step, int(rng.integers(300, 500)) * step)
        if kind == "by baseline":  # what is compared follows from the baselines
            y = tuple(b[k] + (effect if k == s else 0) for k in (0, 1))
        found.append((s, (y[0], y[1]), b))
    return found


STEPS = [Fraction(1), Fraction(1, 10), Fraction(1, 3), Fraction(7, 1_000_000), Fraction(10**7, 3)]


@pytest.mark.parametrize("kind", ["nothing", "alike", "spread", "first", "by baseline"])
@pytest.mark.parametrize("step", STEPS, ids=str)
@pytest.mark.parametrize("method", T_TESTS)
def test_undefined_where_fractions_have_no_spread(method: str, step: Fraction, kind: str) -> None:
    """Scores in tenths or thirds differ by their rounding: as good as equal, whatever is subtracted first."""
    for seed in range(12):
        patients = patients_of(seed, step, kind)
        spread, estimate = exactly(method, patients)
        for centre in (0.0, float(step) / 7.0, -0.3, float(estimate)):
            found = analysed(method, patients, centre)
            assert found["estimate"] == pytest.approx(float(estimate), abs=1e-9 * 600 * float(step))
            if spread:
                assert found["df"] > 0.0
                assert found["se"] > 1e-3 * float(step)
                assert math.isfinite(found["t"])
            elif estimate:
                assert (found["df"], found["se"]) == (0.0, 0.0)
                assert found["t"] == math.copysign(math.inf, estimate)
            else:
                assert (found["estimate"], found["se"], found["t"]) == (0.0, 0.0, 0.0)
                assert found["df"] > 0.0


def test_both_kinds_occur() -> None:
    """The comparison above sees data with spread and without, with an effect and without, in every method."""
    for method in T_TESTS:
        seen = {
            (spread, estimate != 0)
            for kind in ("nothing", "alike", "spread", "first", "by baseline")
            for seed in range(12)
            for spread, estimate in [exactly(method, patients_of(seed, Fraction(1), kind))]
        }
        assert {(True, True), (False, True)} <= seen, method


# Whole trials

ROUGH: dict[str, Any] = {"low": 0, "high": 100, "step": 1}
LOOKS = (4, 24)


def rough(method: str, means: dict[str, float], **beside: Any) -> str:
    """Whole points, patients who hardly vary, a look at four of 24."""
    hypothesis = {"means": means, "sd_within": 0.5, "sd_between": 2.0}
    population: dict[str, Any] = {}
    if METHODS[method].baseline:
        population = {"baseline": {"mean": 50.0, "sd": 2.0}}
        hypothesis["baseline_correlation"] = {"own": 0.5, "cross": 0.5, "between": 0.6}
        beside["baselines"] = "period"
    return scenario_text(
        patients=24,
        hypotheses={"none": hypothesis},
        analyses=[{"method": method, "contrast": ["A", "B"]}],
        looks=LOOKS,
        scale=ROUGH,
        population=population,
        **beside,
    )


@pytest.mark.parametrize("method", T_TESTS)
def test_agreeing_by_chance_stops_no_trial(method: str) -> None:
    """Type I error at most the nominal one (the first look has next to none); 10.3 % where t is infinite."""
    cell = run(rough(method, {"A": 50.0, "B": 50.0}), 40_000)()
    power = cell["power"]
    assert power["estimate"] <= 0.05 + 4 * power["mcse"]
    assert cell["looks"][0]["efficacy"]["estimate"] < 1e-4
    shown = cell["looks"][0]["undefined"]["estimate"]
    if METHODS[method].baseline or method.startswith("period-one"):
        return  # those seldom agree, with so large differences between patients
    assert shown > 0.004
    assert (
        f"At look 1 the test was undefined in {100 * shown:.3g} % of the trials: they go on." in cell["note"]
    )
    assert cell["looks"][1]["undefined"] == cell["undefined"]


def chance_of_no_spread() -> tuple[float, float]:
    """(no spread and an effect, nothing at all) at four patients, from the law of a difference of two scores.

    A patient's level is uniform within a step but for 1e-8 (its SD is 2 steps, plus a whole number), so that
    the difference of the scores under B and A is i with the chance that both fall there: by quadrature.
    """
    u = (np.arange(4000) + 0.5) / 4000
    edges = np.arange(-8, 10)[:, None] - u[None, :] - 0.5
    at = norm.cdf((edges + 1.0) / 0.5) - norm.cdf(edges / 0.5)  # (score, level)
    width = at.shape[0]
    # by level within a step: the two scores of a patient are independent given the level
    law = {
        d: float(np.mean(sum(at[i] * at[i + d] for i in range(max(0, -d), min(width, width - d)))))
        for d in range(-8, 9)
    }
    pairs = {d: p * p for d, p in law.items()}  # both patients of a sequence differ by d
    same = sum(pairs.values()) ** 2
    nil = sum(pairs[d] * pairs[-d] for d in pairs)
    return same - nil, nil


def test_as_often_as_quadrature_says() -> None:
    """How often four patients have the same differences within their sequences, and an effect."""
    trials = 200_000
    cell = run(rough("hills-armitage", {"A": 50.0, "B": 50.0}), trials)()
    flat, _ = chance_of_no_spread()
    with Comparison(title="no spread at four patients") as comparison:
        comparison.probability("undefined at look 1", cell["looks"][0]["undefined"], trials, flat)
    wrong = Comparison()  # negative control: with those who do not differ at all
    wrong.probability("with no effect", cell["looks"][0]["undefined"], trials, sum(chance_of_no_spread()))
    with pytest.raises(TooFarApart):
        wrong.check()


@pytest.mark.parametrize("method", ["hills-armitage", "paired-t", "subject-contrast"])
def test_whole_trials_as_the_plain_simulation_has_them(method: str) -> None:
    """Ends by look and way, and estimates: against NumPy, with futility that data without a test pass."""
    trials = 40_000
    text = rough(method, {"A": 50.3, "B": 50.0}) + '[monitoring.futility]\nrule = "z"\nz = [0.3]\n'
    scenario = read_text(text)
    cell = as_json(simulate(scenario, trials=trials, seed=3).cells())[0]
    z = [look["efficacy_z"] for look in cell["looks"]]
    futility = [look["futility_z"] for look in cell["looks"]]
    twin = naive.Trial(
        SEQUENCES, 24, {"A": 50.3, "B": 50.0}, {"A": 0.5, "B": 0.5}, 2.0, low=0, high=100, step=1.0
    )
    test = naive.Test(method, LOOKS, (z[0], z[1]), (futility[0], futility[1]), truth=cell["true_effect"])
    found = naive.carry_out(twin, test, trials, 5)
    with Comparison(title=method) as comparison:
        for k, look in enumerate(cell["looks"]):
            here = found.look == k
            for what, share in (("efficacy", found.significant), ("futility", found.futile)):
                p = float((share & here).mean())
                se = math.sqrt(2 * p * (1 - p) / trials)
                comparison.mean(f"{what} at look {k + 1}", look[what]["estimate"], max(se, 1e-5), p)
        e = found.estimate[found.defined] - cell["true_effect"]
        estimate = cell["estimate"]
        comparison.mean("SE", estimate["empirical_se"], e.std() / math.sqrt(trials), e.std())
        comparison.mean("bias", estimate["bias"], e.std() * math.sqrt(2 / trials), e.mean())


ALIKE = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 20
washout_days = 30
assessment_days = [1]
baselines = "period"
[agents.a]
[treatments]
A = { agents = ["a"] }
B = { agents = [] }
[signals]
s = { activated_by = { a = 1.0 } }
[components.x]
size = { mean = 0.37 }
half_life_days = 0.001
[population]
baseline = { mean = 25.3, sd = 0 }
[hypotheses.effect]
terms = [{ component = "x", needs = ["s"] }]
[hypotheses.none]
terms = [{ component = "x" }]
[endpoint]
measure = "change"
[[analyses]]
method = "METHOD"
contrast = ["A", "B"]
[monitoring]
looks = [8, 20]
futility = { rule = "z", z = [2.0] }
"""


@pytest.mark.parametrize("method", T_TESTS)
def test_patients_who_are_all_alike(method: str) -> None:
    """No SD anywhere, numbers that floats do not hold: every trial lacks a test, and says so.

    No look without a test stops for futility, however wide the limits; no difference at all does (z = 0).
    """
    scenario = read_text(ALIKE.replace("METHOD", method))
    effect, none = as_json(simulate(scenario, trials=2000).cells())
    assert effect["true_effect"] == pytest.approx(-25.3 * 0.37, abs=1e-9)
    assert effect["undefined"]["estimate"] == effect["looks"][0]["undefined"]["estimate"] == 1.0
    assert effect["power"]["estimate"] == effect["stopped_early"]["estimate"] == 0.0
    assert "without any spread" in effect["note"]
    assert none["undefined"]["estimate"] == none["power"]["estimate"] == 0.0
    assert none["looks"][0]["futility"]["estimate"] == 1.0
    assert "without any spread" not in none["note"]


def test_the_replayed_trial_says_why() -> None:
    scenario = read_text(rough("hills-armitage", {"A": 50.0, "B": 50.0}))
    for index in range(400):
        look = replay(scenario, index).courses[0].looks[0]
        if look.note:
            assert "no spread between the patients" in look.note
            assert (look.statistic, look.p, look.df, look.decision) == (None, None, None, "goes on")
            break
    else:
        pytest.fail("no trial without spread among 400: one in 17 is expected")
    assert find(scenario, "early-efficacy", trials=2000) is None
