"""Telling hypotheses apart, against closed forms, whole trials and chance; each comparison can also fail."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import norm

from planner.questions.discriminate import simulating
from planner.questions.discriminate.answers import probability
from planner.questions.discriminate.classes import join, practical_classes
from planner.questions.discriminate.discriminate import discriminate
from planner.questions.discriminate.likelihood import FITS, Fit, Gaussian, Predictions, gaussian
from planner.questions.discriminate.posterior import calibration, figures, normal_data, posteriors_of
from planner.questions.discriminate.result import Discrimination
from planner.questions.discriminate.simulating import DiscriminationError, SimulatedDesign, Task
from planner.questions.discriminate.summaries import Summaries, summaries_of
from planner.scenario.reading.read import read, read_text
from planner.scenario.scenario import Scenario
from tests.support.harness import Comparison, TooFarApart, scenario_text
from tests.support.paths import INPUTS

Json = dict[str, Any]
FOLDER = INPUTS / "discriminate"
DRAWS = 64


def trial(
    means: Sequence[Mapping[str, float]],
    *,
    sequences: Sequence[str] = ("A B", "B A"),
    patients: int = 12,
    within: float = 4.0,
    between: float = 0.0,
    uncertain: Sequence[Mapping[str, Any]] = (),
    prior: Sequence[float] = (),
    **more: Any,
) -> Scenario:
    """Hypotheses h0, h1, ... that state means."""
    hypotheses: dict[str, Any] = {}
    for i, each in enumerate(means):
        hypotheses[f"h{i}"] = {"means": each, "sd_within": within, "sd_between": between}
        if prior:
            hypotheses[f"h{i}"]["prior"] = prior[i]
    arms = list(means[0])
    text = scenario_text((" ".join(arms), " ".join(arms[::-1])), 2, hypotheses=hypotheses)
    for i, each in enumerate(uncertain):
        lines = [f'"{path}" = {{ mean = {d[0]}, sd = {d[1]} }}' for path, d in each.items()]
        text += "\n".join([f"[hypotheses.h{i}.uncertainty]", *lines, ""])
    return of_design(read_text(text), sequences, patients, **more)


def of_design(
    scenario: Scenario,
    sequences: Sequence[str],
    patients: int,
    allocation: Sequence[int] = (),
    period_effect: Sequence[float] = (),
    dropout: Sequence[float] = (),
) -> Scenario:
    """The scenario with another design, for which there need be no analysis."""
    periods = len(sequences[0].split())
    design = {
        "sequences": tuple(tuple(sequence.split()) for sequence in sequences),
        "allocation": tuple(allocation or [1] * len(sequences)),
        "patients": patients,
    }
    population = {
        "period_effect": tuple(period_effect or [0.0] * periods),
        "sequence_effect": (0.0,) * len(sequences),
        "dropout": scenario.population.dropout.model_copy(
            update={"per_period": tuple(dropout or [0.0] * (periods - 1))}
        ),
    }
    update = {
        "design": scenario.design.model_copy(update=design),
        "population": scenario.population.model_copy(update=population),
    }
    return scenario.model_copy(update=update)


def told(scenario: Scenario, **options: Any) -> Json:
    """The only design of a result."""
    (design,) = discriminate(scenario, **({"draws": DRAWS, "seed": 7} | options)).designs
    return design.to_json()


def check(compared: Comparison, what: str, figure: Json, expected: float) -> None:
    compared.mean(what, figure["estimate"], figure["mcse"], expected)


# Closed forms


def right(d: float) -> float:
    """P(right) of two normal distributions d standard deviations apart."""
    return float(norm.cdf(d / 2.0))


def sure(d: float, weight: float) -> tuple[float, float]:
    """P(the weight of the true one, or of the wrong one, is above a limit)."""
    cut = math.log(weight / (1.0 - weight))
    return float(norm.cdf((d * d / 2.0 - cut) / d)), float(norm.cdf((-d * d / 2.0 - cut) / d))


def bits(d: float) -> float:
    """Information of one look at which of two normal distributions it is."""

    def part(z: float) -> float:
        lead = d * d / 2.0 + d * z  # log likelihood ratio where the first is true
        return float(norm.pdf(z)) * (1.0 - math.log2(1.0 + math.exp(-lead)))

    return float(quad(part, -9.0, 9.0)[0])


@pytest.mark.parametrize("between", [0.0, 5.0])
def test_two_known_hypotheses_have_a_closed_form(between: float) -> None:
    """Phi(delta sqrt(N) / (2 sigma)); what patients have in common helps, since B is known."""
    scenario = trial([{"A": 0, "B": 0}, {"A": 2, "B": 0}], between=between)
    found = told(scenario, patients=[6, 12, 48])
    covariance = np.full((2, 2), between**2) + np.diag([16.0, 16.0])
    unit = 2.0 * math.sqrt(np.linalg.inv(covariance)[0, 0])
    with Comparison(title="two hypotheses") as compared:
        for point in found["curve"]:
            d = unit * math.sqrt(point["patients"])
            check(compared, f"right, {point['patients']}", point["p_right"], right(d))
            yes, no = sure(d, 0.9)
            check(compared, f"decisive, {point['patients']}", point["p_decisive_right"], yes)
            check(compared, f"wrong, {point['patients']}", point["p_decisive_wrong"], no)
            check(compared, f"inconclusive, {point['patients']}", point["p_inconclusive"], 1.0 - yes - no)
            check(compared, f"bits, {point['patients']}", point["information_bits"], bits(d))
        check(compared, "whole trials", found["check"]["p_right"], right(unit * math.sqrt(12)))
    assert found["ceiling"]["estimate"] == 1.0
    assert 0.0 < found["ceiling"]["mcse"] < 0.03
    assert found["pairs"]["p_right"][0][1] == pytest.approx(found["p_right"]["estimate"], abs=1e-6)


def test_a_wrong_closed_form_is_seen() -> None:
    found = told(trial([{"A": 0, "B": 0}, {"A": 2, "B": 0}]))
    with pytest.raises(TooFarApart), Comparison() as compared:
        check(compared, "right", found["p_right"], right(2.3 * math.sqrt(12) / 4.0))


def test_parallel_groups() -> None:
    """A third of the patients get A: the variance of its mean is that of a third of them."""
    scenario = trial(
        [{"A": 0, "B": 0}, {"A": 3, "B": 0}],
        sequences=("A", "B"),
        allocation=[1, 2],
        patients=18,
        within=3.0,
        between=4.0,
    )
    found = told(scenario)
    d = 3.0 / 5.0 * math.sqrt(18 / 3)
    with Comparison(title="parallel") as compared:
        check(compared, "right", found["p_right"], right(d))
        check(compared, "whole trials", found["check"]["p_right"], right(d))


def test_an_unequal_prior() -> None:
    scenario = trial([{"A": 0, "B": 0}, {"A": 2, "B": 0}], prior=[3.0, 1.0])
    d, shift = 2.0 * math.sqrt(12) / 4.0, math.log(3.0)
    expected = 0.75 * norm.cdf(d / 2 + shift / d) + 0.25 * norm.cdf(d / 2 - shift / d)
    found = told(scenario)
    assert found["prior"] == [0.75, 0.25]
    with Comparison(title="prior") as compared:
        check(compared, "right", found["p_right"], float(expected))


def uncertain_pair() -> Scenario:
    """The mean of A: Normal(0, 1) against Normal(3, 2); B is known."""
    return trial(
        [{"A": 0, "B": 0}, {"A": 3, "B": 0}],
        uncertain=[{"means.A": (0.0, 1.0)}, {"means.A": (3.0, 2.0)}],
    )


def of_normals(first: tuple[float, float], second: tuple[float, float]) -> float:
    """P(right) of two normal distributions (mean, variance)."""

    def most(x: float) -> float:
        return max(float(norm.pdf(x, m, math.sqrt(v))) for m, v in (first, second))

    return 0.5 * float(quad(most, -25.0, 25.0, limit=400)[0])


@pytest.mark.parametrize("likelihood", sorted(FITS))
def test_uncertain_means_have_a_closed_form_and_a_ceiling(likelihood: str) -> None:
    found = told(uncertain_pair(), draws=256, likelihood=likelihood, patients=[4, 12, 100])
    with Comparison(title="uncertain means") as compared:
        for point in found["curve"]:
            v = 16.0 / point["patients"]
            check(compared, str(point["patients"]), point["p_right"], of_normals((0, 1.0 + v), (3, 4.0 + v)))
        check(compared, "ceiling", found["ceiling"], of_normals((0, 1.0), (3, 4.0)))
        check(compared, "known", found["fixed"]["p_right"], right(3.0 * math.sqrt(12) / 4.0))
    assert found["fixed"]["ceiling"]["estimate"] == 1.0
    assert found["curve"][-1]["p_right"]["estimate"] <= found["ceiling"]["estimate"] + 0.01


# Chance


def test_hypotheses_that_are_the_same_share_the_chance() -> None:
    """Ties are shared: three names for one hypothesis are right a third of the time, exactly."""
    found = told(trial([{"A": 2, "B": 0}] * 3))
    assert found["p_right"]["estimate"] == pytest.approx(1 / 3, abs=1e-12)
    assert found["classes"] == found["structural_classes"] == [["h0", "h1", "h2"]]
    assert found["by_class"]["structural"]["p_right"]["estimate"] == 1.0
    assert found["information_bits"]["estimate"] == pytest.approx(0.0, abs=1e-9)
    assert found["p_inconclusive"]["estimate"] == 1.0


def test_hypotheses_that_differ_in_name_alone_share_the_chance() -> None:
    """Each states its own numbers of the same distribution: a copy, which shares one fit and every figure."""
    same = {"means.A": (0.0, 2.0)}
    means, other = [{"A": 0, "B": 0}] * 2 + [{"A": 6, "B": 0}], {"means.A": (6.0, 2.0)}
    scenario = trial(means, uncertain=[same, same, other], prior=[2.0, 1.0, 1.0])
    found = told(scenario, draws=64)
    assert found["structural_classes"] == found["classes"] == [["h0", "h1"], ["h2"]]
    for matrix in (found["confusion"], found["ceiling_confusion"]):
        assert matrix[0] == matrix[1]
    assert found["pairs"]["p_right"][0][1] == found["pairs"]["ceiling"][0][1] == 0.5
    alone = told(scenario, draws=64, hypotheses=["h0", "h2"])
    assert found["pairs"]["p_right"][0][2] == pytest.approx(alone["pairs"]["p_right"][0][1], abs=1e-6)
    assert found["pairs"]["p_right"][1][2] == found["pairs"]["p_right"][0][2]


def test_hypotheses_of_nearly_the_same_law_are_a_practical_class() -> None:
    """No structure says that they are the same, but endless patients would hardly tell them apart."""
    means = [{"A": 0, "B": 0}] * 2
    found = told(trial(means, uncertain=[{"means.A": (0.0, 2.0)}, {"means.A": (0.0, 2.02)}]), draws=128)
    assert found["structural_classes"] == [["h0"], ["h1"]]
    assert found["classes"] == [["h0", "h1"]]
    with Comparison(title="the same law") as compared:
        check(compared, "right", found["p_right"], 0.5)
        check(compared, "ceiling", found["ceiling"], 0.5)


def simulate(scenario: Scenario, draws: int = DRAWS, kinds: Sequence[str] = ("means",)) -> SimulatedDesign:
    from planner.model.parameter_draws import variants

    names = tuple(scenario.hypotheses)
    read_of = summaries_of(scenario, names, kinds)
    n = scenario.design.patients
    (found,), _ = simulating.simulate(
        [Task(scenario, list(variants(scenario, draws, 3)), names, read_of, n, n)], 3
    )
    return found


def test_with_permuted_labels_it_falls_to_chance() -> None:
    sim = simulate(trial([{"A": m, "B": 0} for m in (0, 3, 6, 9)], patients=24))
    prior = np.full(4, 0.25)
    data = normal_data(sim, 24, 64, 1)
    assert figures(posteriors_of(sim, data, 24, prior, gaussian), 0.9).right.mean() > 0.9
    generator = np.random.default_rng(2)
    mixed = np.array([each[generator.permutation(4)] for each in data])
    with Comparison(title="permuted labels") as compared:
        found = figures(posteriors_of(sim, mixed, 24, prior, gaussian), 0.9)
        check(compared, "right", probability(found.right, found.trials).to_json(), 0.25)


# Weights mean what they say


def three() -> Scenario:
    return trial(
        [{"A": 0, "B": 0}, {"A": 3, "B": 0}, {"A": 3, "B": 2}],
        between=3.0,
        uncertain=[{"means.A": (0.0, 1.0)}, {"means.A": (3.0, 1.5)}, {"means.A": (3.0, 1.5)}],
    )


def overconfident(drawn: Predictions) -> Gaussian:
    """A likelihood that takes trials for four times as large as they are."""
    found = gaussian(drawn)
    return Gaussian(found.mean, found.between, found.within / 4.0)


@pytest.mark.parametrize(
    ("fit", "honest"), [(gaussian, True), (FITS["mixture"], True), (overconfident, False)]
)
def test_among_trials_that_give_a_weight_it_is_true_as_often(fit: Fit, honest: bool) -> None:
    sim = simulate(three(), draws=128)
    judged = posteriors_of(sim, sim.trials, sim.patients, np.full(3, 1 / 3), fit)
    compared = Comparison(title="calibration")
    for each in calibration(judged, (0.05, 0.2, 0.35, 0.5, 0.65, 0.75, 0.85, 0.95)):
        share = each.true.sum() / each.all.sum()
        error = math.sqrt(((each.true - share * each.all) ** 2).sum()) / each.all.sum()
        compared.mean(f"weight {each.weight:.2f}", float(share), error, each.weight)
    if honest:
        compared.check()
    else:
        with pytest.raises(TooFarApart):
            compared.check()


# Spread between trials

DESIGNS: dict[str, Json] = {
    "AB/BA with dropout": {"dropout": [0.3], "patients": 120},
    "parallel": {"sequences": ("A", "B"), "patients": 20},
    "balaam with a period effect": {
        "sequences": ("A B", "B A", "A A", "B B"),
        "patients": 16,
        "period_effect": [0.0, 6.0],
    },
    "incomplete blocks": {"sequences": ("A B", "B C", "C A"), "patients": 18, "arms": "ABC"},
    "repeated, uneven": {"sequences": ("A B B", "B A A"), "patients": 18, "allocation": [1, 2]},
}


@pytest.mark.parametrize("name", DESIGNS)
def test_whole_trials_spread_as_the_contributions_say(name: str) -> None:
    about = dict(DESIGNS[name])
    arms = about.pop("arms", "AB")
    sim = simulate(trial([dict.fromkeys(arms, 0.0)] * 2, between=3.0, **about), draws=48)
    compared = spreads(sim, sim.truth.spread.mean(axis=(0, 1)))
    compared.check()


def spreads(sim: SimulatedDesign, expected: NDArray[Any]) -> Comparison:
    """N times the covariance of whole trials of the first hypothesis, beside `expected`."""
    trials = sim.trials[:, 0].reshape(-1, sim.trials.shape[-1])
    trials = trials[~np.isnan(trials).any(axis=1)]
    found = sim.patients * np.cov(trials.T)
    size = np.diag(expected)
    compared = Comparison(title="spread")
    for i in range(len(expected)):
        for j in range(i + 1):
            error = math.sqrt((size[i] * size[j] + expected[i, j] ** 2) / len(trials))
            compared.mean(f"{i}, {j}", float(found[i, j]), error, float(expected[i, j]))
    return compared


def test_a_spread_that_counts_differences_between_sequences_is_seen() -> None:
    """Allocated in fixed numbers, sequences add nothing to the variance, although their means differ."""
    about = DESIGNS["balaam with a period effect"]
    sim = simulate(trial([{"A": 0.0, "B": 0.0}] * 2, between=3.0, **about), draws=48)
    wrong = sim.truth.spread.mean(axis=(0, 1)) + np.diag([6.0, 6.0])
    with pytest.raises(TooFarApart):
        spreads(sim, wrong).check()


def test_spread_of_sds_and_correlations() -> None:
    scenario = trial([{"A": 0.0, "B": 0.0}] * 2, between=3.0, patients=400)
    sim = simulate(scenario, draws=24, kinds=("means", "sds", "correlations"))
    spreads(sim, sim.truth.spread.mean(axis=(0, 1))).check()
    assert sim.truth.mean[:, 0, 2:].mean(axis=0) == pytest.approx([5.0, 5.0, 9 / 25], abs=0.01)
    sd, r = 5.0 / math.sqrt(2.0), 1.0 - (9 / 25) ** 2  # of normal data, times the root of N
    assert np.sqrt(np.diag(sim.truth.spread.mean(axis=(0, 1)))[2:]) == pytest.approx([sd, sd, r], rel=0.03)


def test_summaries_by_hand() -> None:
    """Arm means of a few patients, with missing values and a treatment given twice."""
    from planner.questions.discriminate.summaries import by_arm, periods_of, summary_values

    scenario = trial([{"A": 0.0, "B": 0.0}] * 2, sequences=("A B B", "B A A"), patients=4)
    values = np.array(
        [[1.0, 2.0, 4.0], [5.0, np.nan, np.nan], [10.0, 20.0, 40.0], [7.0, 8.0, np.nan]]
    ).reshape(4, 1, 3, 1)
    y = by_arm(values, np.array([0, 0, 1, 1]), periods_of(scenario))
    found = summary_values(summaries_of(scenario, ["h0", "h1"], ("means",)).columns, y)
    assert found.tolist() == [[(1 + 5 + 30 + 8) / 4, (3 + 10 + 7) / 3]]


# The method as a whole


def designs(draws: int, patients: Sequence[int]) -> Discrimination:
    names = ("ab-ba", "two-by-two", "two-by-two-and-probes")
    plans = [read(FOLDER / f"{name}.toml") for name in names]
    return discriminate(plans, draws=draws, seed=5, patients=patients)


def test_more_arms_tell_more_and_no_number_of_patients_replaces_them() -> None:
    """The order that an independent sketch found: .40, .58, .80 at 24 patients, ceilings .52, .70, .96."""
    abba, square, probes = (each.to_json() for each in designs(48, [12, 96]).designs)
    at_24 = [each["p_right"]["estimate"] for each in (abba, square, probes)]
    ceiling = [each["ceiling"]["estimate"] for each in (abba, square, probes)]
    assert at_24 == pytest.approx([0.40, 0.58, 0.80], abs=0.06)
    assert ceiling == pytest.approx([0.52, 0.70, 0.96], abs=0.08)
    assert abba["curve"][-1]["p_right"]["estimate"] < square["p_right"]["estimate"]
    for each in (abba, square, probes):
        rise = [point["p_right"]["estimate"] for point in each["curve"]]
        assert rise == sorted(rise)
        assert rise[-1] <= each["ceiling"]["estimate"] + 0.02
        assert not each["check"]["differs"]
        assert sum(map(sum, each["confusion"])) == pytest.approx(10.0, abs=1e-4)
    assert ["direct-opioid", "indirect-opioid", "synergy"] in square["classes"]
    assert probes["fixed"]["p_right"]["estimate"] > probes["p_right"]["estimate"] + 0.1
    assert [len(group) for group in probes["classes"]] == [1] * 10
    assert [each["equal_visits"]["visits"] for each in (abba, square, probes)] == [144, 144, 144]


@pytest.mark.long
def test_the_figures_of_the_sketch() -> None:
    """P(right) within what its 400 trials of 150 draws leave open, and what the steps of a scale change.

    Its figures have two digits and a standard error of about .01 each, ours of .006: .03 is 2.5 of both.
    """
    found = designs(512, [24]).designs
    assert [each.answers.rates.p_right.estimate for each in found] == pytest.approx(
        [0.40, 0.58, 0.80], abs=0.03
    )
    # Its ceilings are what one normal distribution for each mechanism reaches: no more than can be reached,
    # but for what its 400 trials of each mechanism leave open.
    for each, sketched in zip(found, (0.52, 0.70, 0.96), strict=True):
        assert sketched - 0.04 < each.answers.ceiling.estimate < sketched + 0.08


def test_the_same_seed_gives_the_same_numbers_for_any_number_of_threads() -> None:
    scenario = read(FOLDER / "ab-ba.toml")
    found = [
        discriminate(scenario, draws=32, seed=seed, threads=n, patients=[24]).designs
        for seed, n in ((5, 1), (5, 3), (6, 2))
    ]
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_draws_are_the_first_of_more() -> None:
    """What a draw shows does not depend on how many there are."""
    few, many = simulate(three(), draws=32), simulate(three(), draws=48)
    assert np.array_equal(few.truth.mean, many.truth.mean[:16])
    assert np.allclose(normal_data(few, 12, 8, 1), normal_data(many, 12, 8, 1)[:16], atol=1e-6)


def test_further_summaries_add_what_they_know() -> None:
    """Two hypotheses with the same means and other SDs: means are no help, SDs are."""
    hypotheses = {
        f"h{i}": {"means": {"A": 0, "B": 0}, "sd_within": sd, "sd_between": 0} for i, sd in enumerate((2, 4))
    }
    scenario = read_text(scenario_text(patients=24, hypotheses=hypotheses))
    found = told(scenario, summaries=["means", "sds"])
    first, second = found["added"]
    assert first["summaries"] == ["means"]
    assert second["summaries"] == ["means", "sds"]
    assert first["p_right"]["estimate"] < 0.8 < 0.95 < second["p_right"]["estimate"]
    assert second["p_right"] == found["p_right"]
    assert [each["what"] for each in found["summaries"]] == ["mean score"] * 2 + ["SD of the score"] * 2


def test_shares_of_few_patients_are_told_to_be_not_normal() -> None:
    """With 6 patients and rates near 0 the normal distribution is wrong, and the check says so."""
    hypotheses = {
        f"h{i}": {"rates": {"A": a, "B": 0.05}, "correlation": 0.0} for i, a in enumerate((0.05, 0.35))
    }
    scenario = read_text(scenario_text(patients=6, hypotheses=hypotheses))
    found = discriminate(scenario, draws=64, seed=1)
    assert found.designs[0].answers.check.differs
    assert any("normal approximation" in said for said in found.warnings)


def test_the_mixture_is_better_where_the_means_are_not_normal() -> None:
    """Two far modes around a known mean: one normal distribution covers what lies between them as well."""
    known = {"means": {"A": 0, "B": 0}, "sd_within": 3, "sd_between": 0}
    text = scenario_text(patients=24, hypotheses={"h0": known, "h1": known})
    text += '[hypotheses.h0.uncertainty]\n"means.A" = { low = -6, high = 6, beta = [0.1, 0.1] }\n'
    normal, mixed = (told(read_text(text), draws=128, likelihood=kind) for kind in ("gaussian", "mixture"))
    assert mixed["information_bits"]["estimate"] > normal["information_bits"]["estimate"] + 0.02


def test_classes_grow_along_pairs() -> None:
    assert join(5, [(0, 3), (3, 4)]) == ((0, 3, 4), (1,), (2,))
    ceiling = np.full((3, 3), 0.9)
    ceiling[0, 2] = ceiling[2, 0] = 0.59
    assert practical_classes(ceiling) == ((0, 2), (1,))


def test_a_share_that_never_varies_has_an_error() -> None:
    assert probability(np.ones(16), 160).error > 0.0
    figure = probability(np.array([0.2, 0.4, 0.3, 0.3]), 4)
    low, high = figure.interval
    assert figure.estimate == pytest.approx(0.3)
    assert figure.mcse == pytest.approx(math.sqrt(0.02 / 3 / 4))
    assert 0.0 <= low < 0.3 < high <= 1.0


# Questions without an answer


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hypotheses": ["h0"]}, "it takes two hypotheses"),
        ({"decisive": 0.4}, "decisive weight"),
        ({"draws": 3}, "from 32 to 4096"),
        ({"summaries": ["medians"]}, "'medians' is not one of"),
        ({"summaries": []}, "no summaries"),
        ({"summaries": ["means", "days"]}, "no summary of the kind days"),
        ({"summaries": ["responses"]}, "says nothing of the share with response in A"),
        ({"likelihood": "cauchy"}, "'cauchy' is not one of"),
    ],
)
def test_questions_without_an_answer(options: Json, message: str) -> None:
    scenario = trial([{"A": 0, "B": 0}, {"A": 2, "B": 0}])
    with pytest.raises(DiscriminationError, match=message):
        discriminate(scenario, **({"draws": 32} | options))


def test_nothing_uncertain_is_warned_of() -> None:
    found = discriminate(trial([{"A": 0, "B": 0}, {"A": 2, "B": 0}]), draws=32)
    assert any("no number is uncertain" in said for said in found.warnings)
    assert not discriminate(uncertain_pair(), draws=32).warnings


def test_summaries_of_mechanisms_have_second_outcomes() -> None:
    scenario = read(FOLDER / "ab-ba.toml")
    names = tuple(scenario.hypotheses)

    def what(*kinds: str) -> list[tuple[str, str]]:
        found: Summaries = summaries_of(scenario, names, kinds)
        return [(each.what, each.arms[0]) for each in found.descriptions()]

    change = [("mean change", "K"), ("mean change", "KN")]
    dissociation = [("mean dissociation", "K"), ("mean dissociation", "KN")]
    assert what("means") == change + dissociation
    assert what("endpoint") == change
    assert what("endpoint", "means") == change + dissociation
    assert [each.kind for each in summaries_of(scenario, names, ("endpoint", "means")).descriptions()] == [
        "endpoint",
        "endpoint",
        "means",
        "means",
    ]
