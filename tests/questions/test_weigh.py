"""Weighing against direct enumeration, exact densities and its own calibration."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.errors import WeighingError
from planner.questions.weigh.count_probability import Stratum, cost, probability
from planner.questions.weigh.exact_tests import fisher, mcnemar
from planner.questions.weigh.normal_evidence import noncentral_t, student
from planner.questions.weigh.posterior import Posterior
from planner.questions.weigh.sensitivity import NumberDraws, influences
from planner.questions.weigh.weigh import weigh
from planner.scenario.canonical.resolved import digest
from planner.scenario.observed import Observed
from planner.scenario.reading.read import read, read_text
from tests.support.harness import Comparison
from tests.support.naive_weighing import binomial, margins, multinomial, partly_paired, tables, weights

FOUR = np.array(list(product((1, 0), repeat=2)))
RATES = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 30
[endpoint]
measure = "response"
[hypotheses.blocked]
rates = { A = 0.6, B = 0.05 }
discordant = { A = 0.56, B = 0.01 }
[hypotheses.half]
rates = { A = 0.55, B = 0.3 }
discordant = { A = 0.3, B = 0.05 }
[hypotheses.nothing]
rates = { A = 0.4, B = 0.4 }
discordant = { A = 0.1, B = 0.1 }
"""
CELLS = {  # of RATES, by hand: (responds to A, responds to B)
    "blocked": {(1, 1): 0.04, (1, 0): 0.56, (0, 1): 0.01, (0, 0): 0.39},
    "half": {(1, 1): 0.25, (1, 0): 0.30, (0, 1): 0.05, (0, 0): 0.40},
    "nothing": {(1, 1): 0.3, (1, 0): 0.1, (0, 1): 0.1, (0, 0): 0.5},
}
MEANS = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 24
[endpoint]
measure = "change"
[hypotheses.works]
means = { A = -14.0, B = -8.0 }
sd_within = 6.0
sd_between = 5.0
[hypotheses.same]
means = { A = -11.0, B = -11.0 }
sd_within = 6.0
sd_between = 5.0
"""


def rows(text: str, *settings: str, **options: Any) -> dict[str, dict[str, Any]]:
    found = weigh(read_text(text, set=settings), **options)
    return {row["hypothesis"]: row for row in found.to_json()["hypotheses"]}


def likelihoods(text: str, *settings: str, **options: Any) -> dict[str, float]:
    return {name: row["likelihood"]["estimate"] for name, row in rows(text, *settings, **options).items()}


# Counts


@pytest.mark.parametrize(("n", "sums"), [(12, (7, 0)), (12, (7, 2)), (9, (9, 8)), (10, (0, 0)), (7, (4, 5))])
def test_counts_equal_the_sum_over_all_tables(n: int, sums: tuple[int, int]) -> None:
    p = np.random.default_rng(n).dirichlet(np.ones(4), size=(3, 2))
    found = probability([Stratum(n, FOUR)], [p], sums)
    for i, j in product(range(3), range(2)):
        wanted = margins(n, {(int(a), int(b)): x for (a, b), x in zip(FOUR, p[i, j], strict=True)}, sums)
        assert found[i, j] == pytest.approx(wanted, rel=1e-12)


def test_joint_counts_of_responses_and_remissions_equal_the_sum_over_all_tables() -> None:
    sixteen = np.array(list(product((1, 0), repeat=4)))
    p = np.random.default_rng(4).dirichlet(np.ones(16))
    found = probability([Stratum(4, sixteen)], [p], (3, 1, 2, 0))
    cells = {tuple(int(x) for x in cell): float(x) for cell, x in zip(sixteen, p, strict=True)}
    assert found == pytest.approx(margins(4, cells, (3, 1, 2, 0)), rel=1e-12)
    # Negative control: taken as independent they would be something else.
    response = margins(4, merged(cells, (0, 1)), (3, 1))
    remission = margins(4, merged(cells, (2, 3)), (2, 0))
    assert abs(response * remission / float(found) - 1.0) > 0.05


def merged(cells: dict[Any, float], kept: tuple[int, int]) -> dict[tuple[int, ...], float]:
    found: dict[tuple[int, ...], float] = {}
    for cell, p in cells.items():
        key = tuple(cell[k] for k in kept)
        found[key] = found.get(key, 0.0) + p
    return found


def test_counts_of_groups_seen_under_different_treatments_add_up() -> None:
    p = {(1, 1): 0.2, (1, 0): 0.4, (0, 1): 0.1, (0, 0): 0.3}
    groups = [
        Stratum(5, FOUR),
        Stratum(3, np.array([[1, 0], [0, 0]])),
        Stratum(2, np.array([[0, 1], [0, 0]])),
    ]
    cells = [np.array(list(p.values())), np.array([0.7, 0.3]), np.array([0.15, 0.85])]
    found = probability(groups, cells, (4, 2))
    assert found == pytest.approx(partly_paired(5, p, (4, 8, 0.7), (2, 7, 0.15)), rel=1e-12)


def test_all_counts_together_have_probability_one() -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(4))
    groups, cells = [Stratum(6, FOUR), Stratum(2, FOUR[:, [0, 1]])], [p, p]
    total = sum(float(probability(groups, cells, sums)) for sums in product(range(9), repeat=2))
    assert total == pytest.approx(1.0, abs=1e-12)
    assert float(probability(groups, cells, (9, 0))) == 0.0
    assert cost(groups, (4, 4)) > cost(groups, (0, 0))


# Stated rates: exact


@pytest.mark.parametrize("counts", [(7, 0), (12, 12), (3, 5), (0, 0)])
def test_stated_rates_equal_enumeration(counts: tuple[int, int]) -> None:
    found = rows(RATES, f"observed.responders={{A=[{counts[0]},12],B=[{counts[1]},12]}}")
    exact = {name: margins(12, cells, counts) for name, cells in CELLS.items()}
    assert {n: r["likelihood"]["estimate"] for n, r in found.items()} == pytest.approx(exact, rel=1e-9)
    assert {r["likelihood"]["mcse"] for r in found.values()} == {0.0}
    wanted = dict(zip(CELLS, weights(list(exact.values()), [1, 1, 1]), strict=True))
    assert {n: r["weight"]["estimate"] for n, r in found.items()} == pytest.approx(wanted, rel=1e-9)
    best = max(exact.values())
    factors = {name: x / best for name, x in exact.items()}
    assert {n: r["bayes_factor"]["estimate"] for n, r in found.items()} == pytest.approx(factors, rel=1e-9)


def test_pairs_say_more_than_margins() -> None:
    table = (2, 5, 1, 4)  # both, A only, B only, neither
    found = likelihoods(RATES, "observed.pairs={both=2,only={A=5,B=1},neither=4}")
    exact = {name: multinomial(table, list(cells.values())) for name, cells in CELLS.items()}
    assert found == pytest.approx(exact, rel=1e-9)
    margin = likelihoods(RATES, "observed.responders={A=[7,12],B=[3,12]}")
    assert all(margin[name] > exact[name] for name in CELLS)
    both = likelihoods(
        RATES,
        "observed.pairs={both=2,only={A=5,B=1},neither=4}",
        "observed.responders={A=[7,12],B=[3,12]}",
    )
    assert both == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("setting", "both"), [("", 9), ("observed.paired=6", 6)])
def test_unequal_denominators(setting: str, both: int) -> None:
    settings = ["observed.responders={A=[5,11],B=[2,9]}", *([setting] if setting else [])]
    exact = {
        name: partly_paired(
            both, cells, (5, 11, cells[1, 1] + cells[1, 0]), (2, 9, cells[1, 1] + cells[0, 1])
        )
        for name, cells in CELLS.items()
    }
    assert likelihoods(RATES, *settings) == pytest.approx(exact, rel=1e-9)
    document = weigh(read_text(RATES, set=settings)).to_json()
    if not setting:  # 20 readings of at most 30 patients: perhaps nobody was seen twice
        (row,) = document["sensitivity"]
        assert (row["path"], row["low"]["value"], row["high"]["value"]) == ("observed.paired", 0.0, 9.0)
        alone = [
            binomial(5, 11, c[1, 1] + c[1, 0]) * binomial(2, 9, c[1, 1] + c[0, 1]) for c in CELLS.values()
        ]
        low, high = ([w["estimate"] for w in row[side]["class_weights"]] for side in ("low", "high"))
        assert low == pytest.approx(weights(alone, [1, 1, 1]), rel=1e-9)
        assert high == pytest.approx(weights(list(exact.values()), [1, 1, 1]), rel=1e-9)


def parallel(text: str, setting: str) -> dict[str, Any]:
    """Rows of the scenario with one period; no analysis is needed to weigh its result."""
    scenario = read_text(text, set=[setting])
    population = scenario.population.model_copy(update={"period_effect": (0.0,)})
    design = scenario.design.model_copy(update={"sequences": (("A",), ("B",))})
    changed = scenario.model_copy(update={"design": design, "population": population})
    return {row["hypothesis"]: row["likelihood"] for row in weigh(changed).to_json()["hypotheses"]}


def test_parallel_groups_are_independent() -> None:
    found = parallel(RATES, "observed.responders={A=[8,15],B=[3,14]}")
    rates = {"blocked": (0.6, 0.05), "half": (0.55, 0.3), "nothing": (0.4, 0.4)}
    for name, (a, b) in rates.items():
        assert found[name]["estimate"] == pytest.approx(binomial(8, 15, a) * binomial(3, 14, b), rel=1e-9)


def test_a_period_effect_shifts_the_chances_of_each_sequence() -> None:
    text = RATES.replace("[endpoint]", "[population]\nperiod_effect = [0, 0.8]\n[endpoint]")
    scenario = read_text(text, set=["observed.responders={A=[7,12],B=[4,12]}"])
    found = {
        row["hypothesis"]: row["likelihood"]["estimate"] for row in weigh(scenario).to_json()["hypotheses"]
    }
    quantile = stats.norm.ppf
    for name, cells in CELLS.items():
        a, b = quantile(cells[1, 1] + cells[1, 0]), quantile(cells[1, 1] + cells[0, 1])
        rho = _latent(a, b, cells[1, 1])
        groups = []
        for shift in ((0.0, 0.8), (0.8, 0.0)):  # six patients each
            joint = _orthant(a + shift[0], b + shift[1], rho)
            pa, pb = stats.norm.cdf(a + shift[0]), stats.norm.cdf(b + shift[1])
            each = (joint, pa - joint, pb - joint, 1 - pa - pb + joint)
            groups.append({cell: float(p) for cell, p in zip(CELLS[name], each, strict=True)})
        exact = math.fsum(
            margins(6, groups[0], (x, y)) * margins(6, groups[1], (7 - x, 4 - y))
            for x, y in product(range(7), range(5))
        )
        assert found[name] == pytest.approx(exact, rel=1e-4)
        # Negative control: with the sequence of each patient drawn by chance the counts would vary more.
        mixed = {cell: 0.5 * (groups[0][cell] + groups[1][cell]) for cell in CELLS[name]}
        assert abs(margins(12, mixed, (7, 4)) / exact - 1.0) > 0.02


def _orthant(a: float, b: float, rho: float) -> float:
    return float(stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([a, b]))


def _latent(a: float, b: float, joint: float) -> float:
    low, high = -0.999, 0.999
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _orthant(a, b, middle) < joint else (low, middle)
    return 0.5 * (low + high)


def test_a_result_that_cannot_be_is_refused() -> None:
    text = RATES.replace("A = 0.6, B = 0.05", "A = 1, B = 0").replace("A = 0.56, B = 0.01", "A = 1, B = 0")
    scenario = read_text(
        text, set=["observed.responders={A=[11,12],B=[0,12]}", 'simulation.hypotheses=["blocked"]']
    )
    with pytest.raises(WeighingError, match="impossible under every hypothesis"):
        weigh(scenario)


# Priors and classes


def test_prior_weights_multiply() -> None:
    settings = ["observed.responders={A=[7,12],B=[1,12]}", "hypotheses.half.prior=3"]
    exact = [margins(12, cells, (7, 1)) for cells in CELLS.values()]
    found = rows(RATES, *settings)
    assert [r["weight"]["estimate"] for r in found.values()] == pytest.approx(weights(exact, [1, 3, 1]))
    given = rows(RATES, *settings, prior={"half": 0.5, "nothing": 0})
    assert [r["weight"]["estimate"] for r in given.values()] == pytest.approx(weights(exact, [1, 0.5, 0]))
    assert [r["bayes_factor"] for r in given.values()] == [r["bayes_factor"] for r in found.values()]
    for wrong in ({"none": 1.0}, {"half": -1.0}, dict.fromkeys(CELLS, 0.0), {"half": math.inf}):
        with pytest.raises(WeighingError):
            rows(RATES, *settings, prior=wrong)


def test_hypotheses_that_say_the_same_share_a_class() -> None:
    twin = "\n[hypotheses.twin]\nrates = { A = 0.6, B = 0.05 }\ndiscordant = { A = 0.56, B = 0.01 }\n"
    found = weigh(read_text(RATES + twin, set=["observed.responders={A=[7,12],B=[1,12]}"]))
    assert found.classes == [["blocked", "twin"], ["half"], ["nothing"]]
    each = {row["hypothesis"]: row["weight"]["estimate"] for row in found.to_json()["hypotheses"]}
    first = found.to_json()["classes"][0]
    assert first["weight"]["estimate"] == pytest.approx(each["blocked"] + each["twin"])
    assert first["prior"] == pytest.approx(0.5)
    exact = [margins(12, cells, (7, 1)) for cells in CELLS.values()]
    alike = [row["weight_equal_classes"]["estimate"] for row in found.to_json()["classes"]]
    assert alike == pytest.approx(weights(exact, [1, 1, 1]))


def test_errors_of_weights_by_simulation() -> None:
    """Likelihoods of 40 variants with a common part, drawn 4,000 times: the spread is what is stated."""
    rng = np.random.default_rng(3)
    mean, prior = np.array([3.0, 2.0, 0.4]), np.array([1.0, 2.0, 1.0])

    def drawn() -> Posterior:
        common = rng.normal(size=(40, 1))
        part = rng.normal(size=(40, 3))
        return Posterior(mean * (1.0 + 0.15 * common + 0.1 * part), prior, ((0,), (1,), (2,)))

    several = [drawn() for _ in range(4000)]
    for what in ("weights", "factors", "likelihoods"):
        values = np.array([getattr(each, what)()[0] for each in several])
        stated = np.array([getattr(each, what)()[1] for each in several]).mean(axis=0)
        spread = values.std(axis=0)
        assert stated == pytest.approx(spread, rel=0.08, abs=1e-12), what
    # Negative control: without the common part the errors would be too large.
    covariance = several[0].covariance
    assert covariance[0, 1] > 0.5 * math.sqrt(covariance[0, 0] * covariance[1, 1])


def test_effective_number_of_variants() -> None:
    likelihood = np.array([[1.0, 0.0], [1.0, 8.0], [1.0, 0.0], [1.0, 0.0]])
    found = Posterior(likelihood, np.ones(2), ((0,), (1,)))
    assert found.effective().tolist() == [4.0, 1.0]


# Means, differences, statistics


@pytest.mark.parametrize(
    ("t", "df", "ncp"), [(2.3, 74, 1.0), (-2.3, 74, 0.5), (5, 1, 0.5), (0, 3, 0), (2, 900, 1)]
)
def test_densities_of_t(t: float, df: float, ncp: float) -> None:
    assert noncentral_t(t, df, np.array(ncp)) == pytest.approx(stats.nct.pdf(t, df, ncp), rel=1e-9)
    assert student(np.array(t), df) == pytest.approx(stats.t.pdf(t, df), rel=1e-12)


SD_OF_DIFFERENCE = math.sqrt(2) * 6.0


def test_means_and_differences_equal_exact_densities() -> None:
    true = {"works": -6.0, "same": 0.0}
    level = {"works": (-14.0, -8.0), "same": (-11.0, -11.0)}
    covariance = np.array([[61.0, 25.0], [25.0, 61.0]])
    normal = stats.norm.pdf
    cases: dict[str, Any] = {
        "means={A={mean=-13,n=20},B={mean=-9.5,n=20}}": lambda h: stats.multivariate_normal(
            level[h], covariance / 20
        ).pdf([-13, -9.5]),
        "means={A={mean=-13,n=20},B={mean=-9.5,n=12}}": lambda h: stats.multivariate_normal(
            level[h], covariance * np.array([[1 / 20, 1 / 20], [1 / 20, 1 / 12]])
        ).pdf([-13, -9.5]),
        'difference={contrast=["A","B"],estimate=-3.5,se=2}': lambda h: normal(-3.5, true[h], 2),
        'difference={contrast=["B","A"],estimate=3.5,se=2,df=22}': lambda h: stats.t.pdf(
            3.5, 22, -true[h], 2
        ),
        'difference={contrast=["A","B"],estimate=-3.5,interval=[-7.42,0.42]}': lambda h: normal(
            -3.5, true[h], 7.84 / 2 / stats.norm.ppf(0.975)
        ),
        'difference={contrast=["A","B"],estimate=-3.5,interval=[-7,0],df=22,level=0.9}': lambda h: (
            stats.t.pdf(-3.5, 22, true[h], 3.5 / stats.t.ppf(0.95, 22))
        ),
        'difference={contrast=["A","B"],estimate=-3.5,n=18}': lambda h: normal(
            -3.5, true[h], SD_OF_DIFFERENCE / math.sqrt(18)
        ),
        'difference={contrast=["A","B"],t=-1.9,df=22}': lambda h: stats.nct.pdf(
            -1.9, 22, true[h] / SD_OF_DIFFERENCE * math.sqrt(24)
        ),
        'difference={contrast=["A","B"],F=4,df=22,n=26,sign="negative"}': lambda h: stats.nct.pdf(
            -2.0, 22, true[h] / SD_OF_DIFFERENCE * math.sqrt(26)
        ),
        'difference={contrast=["A","B"],F=4,df=22}': lambda h: sum(
            stats.nct.pdf(t, 22, true[h] / SD_OF_DIFFERENCE * math.sqrt(24)) for t in (-2.0, 2.0)
        ),
    }
    with Comparison(title="densities") as comparison:
        for setting, exact in cases.items():
            for name, row in rows(MEANS, f"observed.{setting}").items():
                shown = row["likelihood"]
                comparison.mean(f"{setting} {name}", shown["estimate"], shown["mcse"], float(exact(name)))


def test_a_parallel_difference_has_a_larger_error() -> None:
    found = parallel(MEANS, 'observed.difference={contrast=["A","B"],estimate=-3.5,n=24}')
    with Comparison(title="parallel") as comparison:
        for name, effect in (("works", -6.0), ("same", 0.0)):
            exact = stats.norm.pdf(-3.5, effect, math.sqrt(61 / 12 + 61 / 12))
            shown = found[name]
            comparison.mean(name, shown["estimate"], shown["mcse"], float(exact))


def test_plain_exact_tests() -> None:
    assert mcnemar(7, 0) == pytest.approx(0.015625, rel=1e-12)
    assert mcnemar(0, 5) == pytest.approx(0.0625, rel=1e-12)
    assert mcnemar(3, 3) == mcnemar(0, 0) == 1.0
    for x, n, y, m in [(7, 17, 2, 15), (5, 17, 1, 15), (0, 5, 5, 5), (3, 9, 3, 9)]:
        exact = stats.fisher_exact([[x, n - x], [y, m - y]]).pvalue
        assert fisher(x, n, y, m) == pytest.approx(exact, rel=1e-9)
    found = weigh(read_text(RATES, set=["observed.responders={A=[7,12],B=[2,12]}"]))
    (test,) = found.tests  # both respond in 0, 1 or 2 patients; mid-p is planned where nothing is said
    assert (test.p, test.p_high) == (pytest.approx(0.5**5), pytest.approx(2 * (1 + 9 + 36 / 2) / 2**9))
    plan = ["observed.responders={A=[7,12],B=[2,12]}", "analyses.0.method=mcnemar-exact"]
    (test,) = weigh(read_text(RATES + '[[analyses]]\ncontrast = ["A", "B"]\n', set=plan)).tests
    assert (test.p, test.p_high) == (mcnemar(5, 0), mcnemar(7, 2))


# Calibration


def test_weights_are_chances() -> None:
    """Of results that give a weight near w, the hypothesis is true in a share w of cases."""
    rng, n, cases = np.random.default_rng(11), 12, 20_000
    table: dict[tuple[int, int], list[float]] = {}
    names = list(CELLS)
    truth = rng.integers(0, 3, cases)
    claimed, right = np.empty((cases, 3)), np.zeros((cases, 3))
    for i, h in enumerate(truth):
        both, a, b, _ = rng.multinomial(n, list(CELLS[names[h]].values()))
        key = (int(both + a), int(both + b))
        if key not in table:
            found = rows(RATES, f"observed.responders={{A=[{key[0]},12],B=[{key[1]},12]}}")
            table[key] = [row["weight"]["estimate"] for row in found.values()]
        claimed[i] = table[key]
        right[i, h] = 1.0
    assert worst_z(claimed, right) < 4.0
    assert len(table) > 60
    # Negative control: with the labels permuted the claims are worth nothing.
    assert worst_z(claimed[:, [1, 2, 0]], right) > 20.0
    shuffled = right[rng.permutation(cases)]
    assert abs((shuffled.argmax(axis=1) == claimed.argmax(axis=1)).mean() - 1 / 3) < 0.02


def worst_z(claimed: Any, right: Any) -> float:
    """The largest distance of claimed and true shares in ten bins of the claims, in standard errors."""
    p, x = claimed.ravel(), right.ravel()
    found = []
    for low in np.arange(0.0, 1.0, 0.1):
        here = (p >= low) & (p < low + 0.1 + 1e-12)
        if here.sum() >= 50:
            error = math.sqrt(float((p[here] * (1 - p[here])).sum()) + 1e-9)
            found.append(abs(float(x[here].sum() - p[here].sum())) / error)
    return max(found)


# Sensitivity


def test_a_number_that_matters_is_found() -> None:
    rng = np.random.default_rng(5)
    u, v = rng.random(600), rng.random(600)
    likelihood = np.stack([0.2 + u, np.full(600, 0.5), 0.1 * np.ones(600)], axis=1)
    likelihood *= 1.0 + 0.02 * rng.normal(size=(600, 3))
    found = Posterior(likelihood, np.ones(3), ((0,), (1,), (2,)))
    matters, idle = NumberDraws("u", None, (0, 1, 2), u, False), NumberDraws("v", None, (0, 1, 2), v, True)
    first, second = influences(found, [idle, matters], (0, 1))
    assert (first.path, first.beyond_chance) == ("u", True)
    low, high = (
        likelihood[u < np.quantile(u, 1 / 3)].mean(axis=0),
        likelihood[u > np.quantile(u, 2 / 3)].mean(axis=0),
    )
    assert first.low.classes == pytest.approx(low / low.sum(), rel=1e-2)
    assert first.high.classes == pytest.approx(high / high.sum(), rel=1e-2)
    assert first.high.log_factor == pytest.approx(math.log10(high[0] / high[1]), abs=1e-2)
    assert first.moved == pytest.approx(0.5 * np.abs(high / high.sum() - low / low.sum()).sum(), abs=1e-2)
    assert (second.path, second.beyond_chance) == ("v", False)  # the negative control
    assert second.moved < 0.1 * first.moved


def test_a_number_of_one_hypothesis_leaves_the_others_alone() -> None:
    rng = np.random.default_rng(6)
    u = rng.random(300)
    likelihood = np.stack([1.0 + u, 1.0 + u], axis=1)  # the second varies for another reason
    found = Posterior(likelihood, np.ones(2), ((0,), (1,)))
    (row,) = influences(found, [NumberDraws("x", "H", (0,), u, False)], (0, 1))
    assert row.low.classes[0] == pytest.approx((1 + 1 / 6) / (1 + 1 / 6 + 1.5), rel=0.02)
    assert (
        influences(
            Posterior(likelihood[:20], np.ones(2), ((0,), (1,))),
            [NumberDraws("x", "H", (0,), u[:20], False)],
            (0, 1),
        )
        == []
    )


# The words


def test_what_is_observed_alters_no_simulation() -> None:
    plain, observed = read_text(RATES), read_text(RATES, set=["observed.responders={A=[7,12],B=[1,12]}"])
    assert digest(plain) == digest(observed)
    assert observed.observed == Observed(responders={"A": (7, 12), "B": (1, 12)}, day=1.0, use="counts")


@pytest.mark.parametrize("threads", [1, 3])
def test_an_interruption_keeps_what_is_done(threads: int) -> None:
    """The draws before the first that is missing, whichever others were finished."""

    def stop(done: int, total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    scenario = read("williams-2018")
    found = weigh(scenario, patients=256, variants=400, progress=stop, threads=threads).to_json()
    done = found["run"]["variants"]
    assert found["partial"]
    assert 4 <= done < 400
    assert f"{done} variants that were done" in found["warnings"][0]
    alone = weigh(scenario, patients=256, variants=done).to_json()["hypotheses"]
    assert [row["weight"] for row in found["hypotheses"]] == [row["weight"] for row in alone]

    def at_once(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weigh(scenario, patients=256, variants=40, progress=at_once, threads=threads)


@pytest.mark.parametrize("name", ["williams-2018", "jelen-2025"])
def test_threads_never_alter_a_result(name: str) -> None:
    """Nor where trials that agree with the result are drawn to see whether the rule ends them."""
    stops = ["observed.stopped_at=1"] if name == "williams-2018" else []
    scenario = read(name, set=stops)
    found = [weigh(scenario, patients=512, variants=30, threads=n).to_json() for n in (1, 2, 5)]
    for each in found:
        del each["run"]["seconds"]
    assert found[0] == found[1] == found[2]
    assert found[0]["stopping"]["treatment"] == ("multiplied" if stops else "none")


def test_there_must_be_a_result() -> None:
    with pytest.raises(WeighingError, match="no observed result"):
        weigh(read_text(RATES))


@pytest.mark.parametrize("use", ["responders", "remitters", "pairs"])
def test_one_part_of_the_counts_may_be_used(use: str) -> None:
    parts = {
        "pairs": "pairs={both=0,only={K=7,KN=0},neither=5}",
        "remitters": "remitters={K=[5,12],KN=[0,12]}",
        "responders": "responders={K=[7,12],KN=[0,12]}",
    }
    one = f"observed={{{','.join(parts.values())},use='{use}'}}"
    alone = f"observed={{{parts[use]}}}"
    only = 'simulation.hypotheses=["permissive"]'
    found = [weigh(read("williams-2018", set=[each, only]), patients=1024) for each in (one, alone)]
    assert found[0].to_json()["hypotheses"] == found[1].to_json()["hypotheses"]


def test_patients_are_shared_by_all_hypotheses_and_named_by_seed() -> None:
    scenario = read("williams-2018")
    first, again = (weigh(scenario, patients=512).to_json()["hypotheses"] for _ in range(2))
    assert first == again
    assert weigh(scenario, patients=512, seed=2).to_json()["hypotheses"] != first
    few = read(
        "williams-2018",
        set=['simulation.hypotheses=["permissive"]'],
    )
    alone = weigh(few, patients=512).to_json()["hypotheses"][0]["likelihood"]
    whole = next(row["likelihood"] for row in first if row["hypothesis"] == "permissive")
    assert alone == pytest.approx(whole, rel=1e-12)  # up to the order of summation


def test_tables_are_counted() -> None:
    """The helper of these tests: (n + 3 choose 3) tables of n patients in four cells."""
    assert len(list(tables(12, 4))) == math.comb(15, 3)
