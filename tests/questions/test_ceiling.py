"""What endless patients reach: closed forms with sharp edges, an independent classifier; and what is said."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from planner.kernels.near_density import near_densities
from planner.questions.discriminate import endless
from planner.questions.discriminate.ceiling import EndlessShare, ceiling_of
from planner.questions.discriminate.classes import chains, practical_classes
from planner.questions.discriminate.design_figures import (
    CalibrationBin,
    CeilingBasis,
    ClassRates,
    DecisionRates,
    DesignAnswers,
    DesignFigures,
    FixedFigures,
    PairMatrices,
    TwoPartitions,
    WholeTrialsCheck,
)
from planner.questions.discriminate.endless import LimitDensity, Numbers, limit_density
from planner.questions.discriminate.polynomial import Polynomial, fit_polynomial
from planner.questions.discriminate.remarks import warnings
from planner.report.pages.discriminate import verdict
from planner.results.figures import Figure
from planner.scenario.reading.read import read, read_text
from planner.scenario.scenario import Scenario
from tests.support.harness import scenario_text
from tests.support.telling_apart import FOLDER, simulate, told

Floats = NDArray[np.float64]


def boxes(limits: list[tuple[float, float]], arms: str = "ABC") -> Scenario:
    """Hypotheses of which the mean of every arm is uniform between two limits."""
    hypotheses = {
        f"h{i}": {"means": dict.fromkeys(arms, 0.5 * sum(each)), "sd_within": 1, "sd_between": 1}
        for i, each in enumerate(limits)
    }
    text = scenario_text((" ".join(arms), " ".join(arms[::-1])), len(arms), hypotheses=hypotheses)
    for i, (low, high) in enumerate(limits):
        lines = [f'"means.{arm}" = {{ low = {low}, high = {high} }}' for arm in arms]
        text += "\n".join([f"[hypotheses.h{i}.uncertainty]", *lines, ""])
    return read_text(text)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        # uniform on a cube, and on one inside it: the smaller is denser by the ratio of their volumes
        ([(0.0, 30.0), (10.0, 20.0)], 0.5 * (1.0 - 1.0 / 27.0 + 1.0)),
        # two cubes that share an eighth of each: there it is a guess
        ([(0.0, 20.0), (10.0, 30.0)], 1.0 - 0.5 / 8.0),
    ],
)
def test_ceilings_of_boxes(limits: list[tuple[float, float]], expected: float) -> None:
    """Volumes say what endless patients reach; densities that smear the edges reach less."""
    found = told(boxes(limits), draws=64)
    ceiling = found["ceiling"]
    assert ceiling["estimate"] == pytest.approx(expected, abs=3.0 * ceiling["mcse"])
    assert ceiling["mcse"] < 0.01
    rests = found["ceiling_rests_on"]
    assert not rests["at_least"]
    assert rests["named_right"] - 0.01 < expected < rests["largest_weight"] + 0.01


# Densities


def line(*weights: float) -> Polynomial:
    """One summary: a sum of numbers with weights."""
    terms = tuple(((j, 1),) for j in range(len(weights)))
    return Polynomial(np.arange(len(weights)), terms, np.array(weights)[:, None], np.zeros((1, 1)))


def density(f: Polynomial, uniform: bool, y: Floats) -> Floats:
    """Averaged over many sets of parts."""
    count = len(f.numbers)
    numbers, error = Numbers(np.full(count, float(uniform))), np.array([[1e-6]])
    found = [limit_density(f, numbers, error, 1 << 13, np.random.default_rng(seed)) for seed in range(25)]
    mean: Floats = np.mean([np.exp(each.log(y[:, None])) for each in found], axis=0)
    return mean / math.sqrt(2.0 * math.pi)


def test_the_density_of_a_sum_of_two_uniforms_has_its_corners() -> None:
    """2 x + z of x, z between -1 and 1: a trapezium, flat between -1 and 1, 0 beyond 3."""
    y = np.array([-3.2, -2.9, -2.0, -1.0, 0.0, 0.9, 1.1, 2.0, 2.9, 3.2])
    expected = np.clip((3.0 - np.abs(y)) / 8.0, 0.0, 0.25)
    assert density(line(2.0, 1.0), True, y) == pytest.approx(expected, abs=0.015)


def test_the_density_of_normal_numbers() -> None:
    y = np.linspace(-4.0, 4.0, 9)
    expected = norm.pdf(y, scale=math.sqrt(5.0))
    assert density(line(2.0, 1.0), False, y) == pytest.approx(expected, abs=0.015)


def test_without_the_limits_the_corners_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def unlimited(*arguments: Any) -> None:
        *others, uniform, log = arguments
        near_densities(*others, np.zeros_like(uniform), log)

    beyond = np.array([3.2])
    assert density(line(2.0, 1.0), True, beyond)[0] < 1e-9
    monkeypatch.setattr(endless, "near_densities", unlimited)
    assert density(line(2.0, 1.0), True, beyond)[0] > 0.003


def test_a_bent_prediction_has_the_density_of_the_change_of_variables() -> None:
    """y = 3 x + x^2 of x between -1 and 1: 1 / (2 |3 + 2 x|)."""
    f = Polynomial(
        np.arange(1),
        ((), ((0, 1),), ((0, 2),)),
        np.array([[1.0 / 3.0], [3.0], [2.0 / 3.0]]),
        np.zeros((1, 1)),
    )
    x = np.linspace(-0.95, 0.95, 9)
    assert f.value(x[:, None])[:, 0] == pytest.approx(3.0 * x + x * x)
    assert f.slope(x[:, None])[:, 0, 0] == pytest.approx(3.0 + 2.0 * x)
    assert density(f, True, 3.0 * x + x * x) == pytest.approx(1.0 / (2.0 * (3.0 + 2.0 * x)), rel=0.08)


def test_a_polynomial_is_found_again_and_tells_what_it_leaves() -> None:
    generator = np.random.default_rng(8)
    x = generator.uniform(-1.0, 1.0, (160, 6))
    known = (2.0 * x[:, 0] + x[:, 1] - x[:, 1] * x[:, 2] + 0.5 * x[:, 0] ** 2)[:, None]
    exact = fit_polynomial(x, known, np.eye(1))
    assert {0, 1, 2} <= set(exact.numbers.tolist())
    assert exact.value(x[:, exact.numbers]) == pytest.approx(known, abs=1e-8)
    noisy = fit_polynomial(x, known + generator.normal(0.0, 0.1, known.shape), np.eye(1))
    assert math.sqrt(noisy.left[0, 0]) == pytest.approx(0.1, rel=0.3)


# An independent classifier


def held_out(mean: Floats, seed: int) -> float:
    """Share of noise-free means f64[draw, hypothesis, summary] that the nearest other ones name right.

    Nearest neighbours in units of the spread, a fifth of the draws held out: nothing of planner's densities.
    """
    generator = np.random.default_rng(seed)
    draws, count, _ = mean.shape
    varied = mean.reshape(-1, mean.shape[2]).std(axis=0) > 1e-9
    mean = mean[..., varied]
    within = np.mean([np.cov(mean[:, h].T) for h in range(count)], axis=0)
    size, axes = np.linalg.eigh(within)
    z = mean @ (axes / np.sqrt(np.maximum(size, 1e-4 * size.max())))
    order = generator.permutation(draws)
    test, train = z[order[: draws // 5]], z[order[draws // 5 :]]
    right = []
    for h in range(count):
        near = [
            np.sort(((test[:, h, None] - train[None, :, g]) ** 2).sum(axis=2), axis=1) for g in range(count)
        ]
        radius = np.array([each[:, 4] for each in near])  # of the fifth nearest: dense where it is small
        right.append((radius.argmin(axis=0) == h).mean())
    return float(np.mean(right))


@pytest.mark.long
def test_no_classifier_of_noise_free_means_reaches_more_and_the_pairs_reach_what_others_found() -> None:
    """Ten mechanisms in a 2x2 trial.

    The least values of pairs: what a neural network reached on 6,000 draws of the same patients, held out,
    in two populations; made outside this project, with a NumPy model of its own.
    """
    scenario = read("two-by-two")
    found = told(scenario, draws=256, seed=1)
    assert found["ceiling"]["estimate"] > 0.736
    assert found["ceiling"]["mcse"] < 0.015
    names = found["hypotheses"]

    def pair(one: str, other: str) -> float:
        return float(found["pairs"]["ceiling"][names.index(one)][names.index(other)])

    assert pair("permissive", "opioid-expectancy") > 0.924
    assert pair("direct-opioid", "mtor-crosstalk") > 0.7896
    assert pair("nmda-only", "expectancy") > 0.9639
    shares = [row[names.index("direct-opioid")] for row in found["confusion"]]
    assert shares == [row[names.index("synergy")] for row in found["confusion"]]
    again = simulate(scenario, draws=256)
    distinct = held_out(again.same_patients.mean[:, [0, 1, 3, 4, 6, 7, 8, 9]], 1)
    assert 0.6 < distinct < found["by_class"]["structural"]["ceiling"]["estimate"] + 0.02


@pytest.mark.long
def test_mechanisms_of_the_trial_of_2018_that_endless_patients_tell_apart() -> None:
    """Direct agonism and a permissive tone: an independent classifier names .645 and .640 of them right."""
    found = told(read("williams-2018"), draws=256, seed=1)
    assert ["direct-opioid", "indirect-opioid", "synergy"] in found["structural_classes"]
    assert ["direct-opioid", "indirect-opioid", "synergy"] in found["classes"]
    names = found["hypotheses"]
    one, other = names.index("direct-opioid"), names.index("permissive")
    pair, error = (found["pairs"][key][one][other] for key in ("ceiling", "mcse"))
    assert pair - 2.0 * error > 0.6
    assert pair == pytest.approx(0.645, abs=0.03)
    assert found["ceiling"]["estimate"] > 0.4784


@pytest.mark.long
def test_more_summaries_never_lower_a_ceiling_nor_do_fewer_patients_pass_it() -> None:
    few = 'simulation.hypotheses=["direct-opioid", "permissive", "expectancy"]'
    scenario = read(FOLDER / "two-by-two.toml", set=[few])
    found = told(scenario, draws=32, summaries=["endpoint", "means", "sds"], patients=[24, 400])
    rows = [each["ceiling"]["estimate"] for each in found["added"]]
    assert rows == sorted(rows)
    assert rows[-1] == found["ceiling"]["estimate"]
    reached = [each["p_right"]["estimate"] for each in found["curve"]]
    assert max(*reached, found["check"]["p_right"]["estimate"]) <= found["ceiling"]["estimate"]


# What is claimed


class _Found:
    """An Endless with given bounds."""

    def __init__(self, right: float, largest: float, real: float) -> None:
        self._reached, self._real = EndlessShare(right, largest, 0.004), real

    def share(self, classes: object = None) -> EndlessShare:
        return self._reached

    def real_share(self, classes: object = None) -> tuple[float, float]:
        return self._real, 0.005


def claim(right: float, largest: float, real: float, *others: tuple[float, float]) -> tuple[float, bool]:
    found: Any = _Found(right, largest, real)
    said = ceiling_of(found, others)
    return round(said.estimate, 6), said.least


def test_a_lower_bound_is_called_one() -> None:
    assert claim(0.70, 0.72, 0.70) == (0.71, False)
    assert claim(0.60, 0.72, 0.60) == (0.60, True)  # the bounds are far apart
    assert claim(0.70, 0.72, 0.60) == (0.60, True)  # what was simulated is not named as often
    assert claim(0.70, 0.72, 0.70, (0.712, 0.004)) == (0.712, False)  # within its error
    assert claim(0.70, 0.72, 0.70, (0.8, 0.004)) == (0.8, True)  # fewer patients reach more


def test_classes_of_chains() -> None:
    ceiling = np.full((4, 4), 0.9)
    for i, j in ((0, 1), (1, 2)):
        ceiling[i, j] = ceiling[j, i] = 0.55
    classes = practical_classes(ceiling)
    assert classes == ((0, 1, 2), (3,))
    assert chains(classes, ceiling) == [[0, 1, 2]]
    assert practical_classes(np.full((3, 3), 0.9), [(0, 2), (1,)]) == ((0, 2), (1,))
    assert not chains(((0, 1), (2,)), np.full((3, 3), 0.55))


HALF = Figure(0.5, 0.01, 0.48, 0.52)
RATES = DecisionRates(p_right=HALF, p_decisive_right=HALF, p_decisive_wrong=HALF, p_inconclusive=HALF)
RESTS = CeilingBasis(at_least=False, named_right=0.5, largest_weight=0.5)
BY_CLASS = ClassRates(rates=RATES, ceiling=HALF, ceiling_rests_on=RESTS)


def checked(*bins: CalibrationBin) -> WholeTrialsCheck:
    return WholeTrialsCheck(
        trials=100, rates=RATES, difference=HALF, differs=False, undefined=0.0, calibration=bins
    )


def design(**changed: Any) -> DesignFigures:
    answers = DesignAnswers(
        rates=RATES,
        information_bits=HALF,
        ceiling=HALF,
        ceiling_rests_on=RESTS,
        ceiling_decisive_right=HALF,
        classes=[["a", "b", "c"], ["d"]],
        structural_classes=[["a"], ["b"], ["c"], ["d"]],
        open_pairs=[],
        chained_classes=[],
        by_class=TwoPartitions(practical=BY_CLASS, structural=BY_CLASS),
        confusion=[],
        confusion_mcse=[],
        ceiling_confusion=[],
        pairs=PairMatrices(p_right=[], ceiling=[], mcse=[]),
        curve=[],
        fixed=FixedFigures(rates=RATES, ceiling=HALF),
        added=[],
        check=checked(),
    )
    return DesignFigures(
        design="x",
        title="",
        digest="",
        patients=12,
        periods=2,
        visits=24,
        sequences=[],
        hypotheses=list("abcd"),
        prior=[0.25] * 4,
        summaries=[],
        uncertain=True,
        practical_below=0.6,
        sample=100,
        answers=replace(answers, **changed),
    )


def page(**changed: Any) -> str:
    return verdict(design(**changed), {})


def test_the_verdict_says_cannot_only_of_what_is_the_same() -> None:
    said = page()
    assert "cannot tell" not in said
    assert "hardly tells apart “a”, “b” and “c”" in said
    assert "More patients cannot lift the 50 % above 50 %." in said
    same = page(structural_classes=[["a", "b"], ["c"], ["d"]], classes=[["a", "b"], ["c"], ["d"]])
    assert "It cannot tell apart “a” and “b”." in same
    assert "hardly" not in same
    linked = page(chained_classes=[["a", "b", "c"]])
    assert "neighbours among “a”, “b” and “c”, a chain of pairs" in linked
    unsure = page(open_pairs=[["a", "c"]])
    assert "stays open for “a” and “c”" in unsure
    least = page(ceiling_rests_on=CeilingBasis(at_least=True, named_right=0.5, largest_weight=0.6))
    assert "Endless patients would name the right one in at least 50 %" in least
    assert "cannot lift" not in least


@pytest.mark.parametrize(("share", "warned"), [(0.72, True), (0.77, False), (0.88, True)])
def test_weights_that_do_not_mean_what_they_say_are_named(share: float, warned: bool) -> None:
    bins = CalibrationBin(low=0.75, high=0.85, weight=0.8, true=Figure(share, 0.02))
    said = list(warnings([["a", "b"]], [design(check=checked(bins))], 64, False))
    assert bool(said) == warned
    if warned:
        assert f"0.80 (true: {100 * share:.0f} ± 2 %)" in said[0]


def test_parts_of_a_hypothesis_without_uncertain_numbers() -> None:
    """One normal distribution with the covariance E."""
    f = Polynomial(np.arange(0), ((),), np.array([[1.0, 2.0]]), np.zeros((2, 2)))
    error = np.array([[2.0, 0.5], [0.5, 1.0]])
    found: LimitDensity = limit_density(f, Numbers(np.empty(0)), error, 64, np.random.default_rng(1))
    y = np.array([[1.0, 2.0], [2.0, 0.0]])
    off = y - [1.0, 2.0]
    expected = -0.5 * np.einsum("yi,ij,yj->y", off, np.linalg.inv(error), off)
    assert found.log(y) == pytest.approx(expected - 0.5 * np.log(np.linalg.det(error)))
