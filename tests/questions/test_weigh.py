"""Weighing against exact densities and its own calibration; what matters, interruptions, threads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.errors import WeighingError
from planner.questions.weigh.normal_evidence import noncentral_t, student
from planner.questions.weigh.posterior import Posterior
from planner.questions.weigh.sensitivity import NumberDraws, influences
from planner.questions.weigh.weigh import weigh
from planner.scenario.canonical.resolved import digest
from planner.scenario.observed import Observed
from planner.scenario.reading.read import read, read_text
from tests.support.harness import Comparison
from tests.support.marks import repeated
from tests.support.naive_weighing import margins, weights
from tests.support.weighed import CELLS, RATES, parallel, rows, worst_z

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


@pytest.mark.long
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


@pytest.mark.parametrize("threads", repeated([3, 1]))
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


@pytest.mark.parametrize("name", ["williams-2018", pytest.param("jelen-2025", marks=pytest.mark.long)])
def test_threads_never_alter_a_result(name: str) -> None:
    """Nor where trials that agree with the result are drawn to see whether the rule ends them."""
    stops = ["observed.stopped_at=1"] if name == "williams-2018" else []
    scenario = read(name, set=stops)
    found = [weigh(scenario, patients=512, variants=20, threads=n).to_json() for n in (1, 3)]
    for each in found:
        del each["run"]["seconds"]
    assert found[0] == found[1]
    assert found[0]["stopping"]["treatment"] == ("multiplied" if stops else "none")


def test_there_must_be_a_result() -> None:
    with pytest.raises(WeighingError, match="no observed result"):
        weigh(read_text(RATES))


@pytest.mark.long
def test_patients_are_shared_by_all_hypotheses_and_named_by_seed() -> None:
    scenario = read("williams-2018")
    first, again = (weigh(scenario, variants=15, patients=512).to_json()["hypotheses"] for _ in range(2))
    assert first == again
    assert weigh(scenario, variants=15, patients=512, seed=2).to_json()["hypotheses"] != first
    few = read(
        "williams-2018",
        set=['simulation.hypotheses=["permissive"]'],
    )
    alone = weigh(few, variants=15, patients=512).to_json()["hypotheses"][0]["likelihood"]
    whole = next(row["likelihood"] for row in first if row["hypothesis"] == "permissive")
    assert alone == pytest.approx(whole, rel=1e-12)  # up to the order of summation
