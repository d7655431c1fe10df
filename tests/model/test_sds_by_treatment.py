"""SDs by treatment, correlations below 0, discordant shares alone: published, exact, by NumPy."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.engine.generators import generators_of
from planner.engine.potential_outcomes import truths
from planner.kernels.tables import Floats, W
from planner.model.allocation import allocation_plan
from planner.model.readings import readings_of
from planner.questions.exact import theory
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.harness import Comparison, TooFarApart, run
from tests.support.refused import faults_in_words

# SAS/STAT 15.1 User's Guide, The POWER Procedure, Example 77.3: means 330 and 310, SDs 40 and 55, corr .3.
BRONCHODILATORS = """
schema_version = 1
endpoint = { unit = "l/min", scale = { better = "higher" } }
[design]
sequences = ["X B", "B X"]
patients = 100
[hypotheses.h]
means = { X = 330.0, B = 310.0 }
sd = { X = 40.0, B = 55.0 }
correlation = 0.3
[[analyses]]
name = "two"
method = "paired-t"
alpha = 0.01
[[analyses]]
name = "one"
method = "paired-t"
alpha = 0.01
alternative = "greater"
[[analyses]]
name = "both orders"
alpha = 0.01
"""


def opposed(periods: int, correlation: float, sd: str = "2.0") -> str:
    sequences = {2: '"A B", "B A"', 3: '"A B A", "B A B", "A A B"', 4: '"A B B A", "B A A B"'}[periods]
    return f"""
        schema_version = 1
        [design]
        sequences = [{sequences}]
        patients = 24
        [hypotheses.h]
        means = {{ A = 1.0, B = 0.0 }}
        sd = {sd}
        correlation = {correlation}
        [[analyses]]
        method = "fixed-subject"
    """


def scores(scenario: Scenario, tiles: int = 600) -> tuple[Floats, Any]:
    """(trial, period) of one patient of each sequence in turn, and the sequences."""
    readings = readings_of(scenario)
    (group,) = generators_of(scenario, ["h"], readings)
    sequences = scenario.design.sequences
    values = np.full((tiles, len(sequences), 1, len(readings), scenario.design.periods * W), np.nan)
    order = np.tile(np.arange(len(sequences)), (tiles, 1))
    group.generate(0, np.uint64(11), allocation_plan(scenario), group.tables, order, values)
    shaped = values[:, :, 0, 0].reshape(tiles, len(sequences), scenario.design.periods, W)
    return shaped.transpose(1, 0, 3, 2).reshape(len(sequences), tiles * W, -1), sequences


def covariances_agree(text: str, sd: dict[str, float], correlation: float) -> None:
    """Every variance and covariance of the periods of every sequence, of 76,800 patients each."""
    found, sequences = scores(read_text(text))
    n = found.shape[1]
    with Comparison(title=f"covariances, {correlation:g}") as compared:
        for y, sequence in zip(found, sequences, strict=True):
            seen = np.cov(y.T)
            for i, j in product(range(len(sequence)), repeat=2):
                a, b = sd[sequence[i]], sd[sequence[j]]
                wanted = a * b * (1.0 if i == j else correlation)
                error = math.sqrt((a * a * b * b + wanted * wanted) / n)
                compared.mean(f"{sequence} {i} {j}", float(seen[i, j]), error, wanted)


@pytest.mark.parametrize("correlation", [0.3, 0.0, -0.5])
def test_covariances_with_sds_by_treatment(correlation: float) -> None:
    text = BRONCHODILATORS.replace("correlation = 0.3", f"correlation = {correlation}")
    covariances_agree(text, {"X": 40.0, "B": 55.0}, correlation)


@pytest.mark.parametrize(("periods", "correlation"), [(2, -0.99), (3, -0.5), (3, -0.2), (4, -1 / 3)])
def test_covariances_below_zero(periods: int, correlation: float) -> None:
    covariances_agree(opposed(periods, correlation), {"A": 2.0, "B": 2.0}, correlation)


def test_the_comparison_would_see_another_correlation() -> None:
    with pytest.raises(TooFarApart):
        covariances_agree(opposed(3, -0.2), {"A": 2.0, "B": 2.0}, -0.22)


def test_power_of_the_published_example() -> None:
    """Two-sided .8008, one-sided .8654; Hills and Armitage's test has one df less."""
    scenario = read_text(BRONCHODILATORS)
    assert scenario.hypotheses["h"].spread.difference("X", "B") == pytest.approx(57.4891294072)  # type: ignore[union-attr]
    exact = [float(theory.power(scenario, "h", a, [100])[0]) for a in scenario.analyses]  # type: ignore[index]
    assert exact[0] == pytest.approx(0.800835297848, abs=1e-8)
    assert exact[1] == pytest.approx(0.865379544828, abs=1e-8)
    trials = 40_000
    cells = run(BRONCHODILATORS, trials)
    with Comparison(title="bronchodilators") as compared:
        for a, wanted in zip(scenario.analyses, exact, strict=True):
            cell = cells(analysis=a.name)
            compared.probability(a.name, cell["power"], trials, wanted)


def test_power_below_zero_is_that_of_the_wider_difference() -> None:
    """SD of the difference sqrt(2 x 4 x 1.5); Hills and Armitage's test by scipy's noncentral t."""
    text = opposed(2, -0.5).replace('method = "fixed-subject"', 'method = "hills-armitage"')
    shift, df = math.sqrt(24 / 12.0), 22
    limit = stats.t.isf(0.025, df)
    wanted = float(stats.nct.sf(limit, df, shift) + stats.nct.cdf(-limit, df, shift))
    with Comparison(title="negative correlation") as compared:
        compared.probability("power", run(text, 40_000).cells[0]["power"], 40_000, wanted)


@pytest.mark.parametrize("sd", ["2.0", "{ A = 2.0, B = 3.0 }"])
@pytest.mark.parametrize("correlation", [0.4, -0.3])
def test_the_full_form_says_the_same(sd: str, correlation: float) -> None:
    scenario = read_text(opposed(3, correlation, sd))
    again = read_text(to_toml(scenario))
    assert resolve(again) == resolve(scenario)
    assert digest(again) == digest(scenario)
    one, other = (each.hypotheses["h"].spread for each in (scenario, again))  # type: ignore[union-attr]
    assert one.covariance("A", "B") == pytest.approx(other.covariance("A", "B"))
    assert one.total("B") == pytest.approx(2.0 if sd == "2.0" else 3.0)


def test_one_sd_for_all_treatments_has_the_digest_that_it_had() -> None:
    """`sd_between` stays one number in the full form, whichever way the SDs are written."""
    written = read_text(opposed(2, 0.4, "{ A = 2.0, B = 2.0 }"))
    assert isinstance(resolve(written)["hypotheses"]["h"]["sd_between"], float)
    assert digest(written) == digest(read_text(opposed(2, 0.4)))


def test_sds_between_patients_by_treatment() -> None:
    text = opposed(2, 0.4).replace(
        "sd = 2.0\n        correlation = 0.4",
        "sd_within = { A = 1.0, B = 2.0 }\n        sd_between = { A = 3.0, B = 1.0 }",
    )
    found, sequences = scores(read_text(text))
    n = found.shape[1]
    wanted = {"A": 10.0, "B": 5.0}
    with Comparison(title="levels by treatment") as compared:
        for y, sequence in zip(found, sequences, strict=True):
            seen = np.cov(y.T)
            error = math.sqrt((10.0 * 5.0 + 9.0) / n)
            compared.mean("covariance", float(seen[0, 1]), error, 3.0)
            for k, a in enumerate(sequence):
                compared.mean(a, float(seen[k, k]), wanted[a] * math.sqrt(2.0 / n), wanted[a])


def test_what_is_refused_says_what_is_possible() -> None:
    (fault,) = faults_in_words(opposed(3, -0.6))
    assert fault.startswith("hypotheses.h.correlation: cannot be below -0.5: 3 scores")
    (fault,) = faults_in_words(opposed(2, 0.3, "{ A = 2.0 }"))
    assert fault == "hypotheses.h.sd: says nothing of B -> one SD per treatment, or one number for all"
    (fault,) = faults_in_words(opposed(2, -0.3).replace("sd = 2.0", "sd = 2.0\n        sd_interaction = 1.0"))
    assert fault.startswith("hypotheses.h.sd_interaction: cannot be combined with a correlation below 0")
    (fault,) = faults_in_words(opposed(2, 0.3, "-1.0"))
    assert fault == "hypotheses.h.sd: must be above 0, not -1.0 -> "
    (fault,) = faults_in_words(opposed(2, 0.3, '"wide"'))
    assert fault.startswith("hypotheses.h.sd: must be a table by treatment or a number")


def test_one_period_needs_no_correlation() -> None:
    text = """
        schema_version = 1
        [design]
        name = "parallel"
        arms = ["A", "B"]
        patients = 40
        [hypotheses.h]
        means = { A = 1.0, B = 0.0 }
        sd = 1.5
    """
    scenario = read_text(text)
    shift, df = 1.0 / (1.5 * math.sqrt(4 / 40)), 38
    limit = stats.t.isf(0.025, df)
    wanted = float(stats.nct.sf(limit, df, shift) + stats.nct.cdf(-limit, df, shift))
    found = theory.power(scenario, "h", scenario.analyses[0], [40])
    assert found is not None
    assert found[0] == pytest.approx(wanted, abs=1e-8)
    assert len(faults_in_words(text.replace('"parallel"', '"AB/BA"'))) == 1


DISCORDANT = """
schema_version = 1
[endpoint]
measure = "response"
[design]
sequences = ["A B", "B A"]
patients = 12
[hypotheses.h]
discordant = { A = 0.5, B = 0.1 }
"""
TESTS = ("mcnemar-exact", "mcnemar-mid-p", "mcnemar-asymptotic", "prescott", "mainland-gart")
DISCORDANT_TESTS = DISCORDANT + "".join(
    f'[[analyses]]\nmethod = "{name}"\ncontrast = ["A", "B"]\n' for name in TESTS
)


def exact_power(p: float, q: float, n: int, rejects: Any) -> float:
    """Sum over all trinomial tables of n patients: p respond to the first only, q to the second only."""
    total = 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            if rejects(b, c):
                total += float(stats.multinomial.pmf([b, c, n - b - c], n, [p, q, 1.0 - p - q]))
    return total


def test_discordant_shares_alone_decide_mcnemars_tests() -> None:
    """Exact .2889, by the binomial distribution of the discordant patients."""

    def exact(b: int, c: int) -> bool:
        return b + c > 0 and stats.binomtest(b, b + c, 0.5).pvalue <= 0.05

    def mid(b: int, c: int) -> bool:
        point = stats.binom.pmf(max(b, c), b + c, 0.5)
        return b != c and 2 * (stats.binom.sf(max(b, c), b + c, 0.5) + 0.5 * point) <= 0.05

    def asymptotic(b: int, c: int) -> bool:
        return b + c > 0 and abs(b - c) / math.sqrt(b + c) >= 1.959963984540054

    assert exact_power(0.5, 0.1, 12, exact) == pytest.approx(0.2889, abs=5e-5)
    trials = 40_000
    cells = run(DISCORDANT_TESTS, trials)
    with Comparison(title="discordant shares alone") as compared:
        for name, rule in zip(TESTS, (exact, mid, asymptotic), strict=False):
            wanted = exact_power(0.5, 0.1, 12, rule)
            compared.probability(name, cells(analysis=name)["power"], trials, wanted)


@pytest.mark.parametrize("both", [0.0, 0.13, 0.2, 0.37, 0.4])
def test_how_many_respond_to_both_matters_to_no_test_that_is_allowed(both: float) -> None:
    """The same tests where the rates are stated: other patients, the same power, exactly the same truth."""
    rates = f"rates = {{ A = {0.5 + both}, B = {0.1 + both} }}\ndiscordant"
    stated, left_open = DISCORDANT_TESTS.replace("discordant", rates), DISCORDANT_TESTS
    trials = 20_000
    one, other = run(stated, trials, seed=1), run(left_open, trials, seed=2)
    for name in TESTS:
        p, q = (cells(analysis=name)["power"]["estimate"] for cells in (one, other))
        assert abs(p - q) < 4.5 * math.sqrt(2 * 0.25 / trials), name
        assert one(analysis=name)["true_effect"] == pytest.approx(other(analysis=name)["true_effect"])


def test_where_it_would_matter_the_rates_must_be_stated() -> None:
    cases = {
        "analyses.0.method": DISCORDANT + '[[analyses]]\nmethod = "fisher"\n',
        "hypotheses.h.discordant": DISCORDANT + "[population]\nperiod_effect = [0.0, 0.3]\n",
        "observed": DISCORDANT + "[observed]\nresponders = { A = [7, 12], B = [0, 12] }\n",
    }
    for path, text in cases.items():
        (fault,) = faults_in_words(text)
        assert fault.startswith(f"{path}: ")
        assert fault.endswith("add rates = { A = share who respond to A, B = ... }")
        both = text.replace("discordant", "rates = { A = 0.7, B = 0.3 }\ndiscordant")
        assert read_text(both).hypotheses["h"].shares == {"A": 0.7, "B": 0.3}  # type: ignore[union-attr]
    (fault,) = faults_in_words(DISCORDANT.replace('"A B", "B A"', '"A B B", "B A A"'))
    assert "does not give every patient both treatments once" in fault
    (fault,) = faults_in_words(DISCORDANT.replace("A = 0.5", "A = 0.95"))
    assert "add up to 1.05" in fault


def test_weigh_and_discriminate_need_the_rates() -> None:
    from planner.questions.discriminate.discriminate import discriminate
    from planner.questions.discriminate.simulating import DiscriminationError

    text = DISCORDANT + "[hypotheses.other]\ndiscordant = { A = 0.2, B = 0.2 }\n"
    with pytest.raises(DiscriminationError, match="does not say how many respond"):
        discriminate(read_text(text))


def test_the_true_effect_is_the_difference_of_the_discordant_shares() -> None:
    (truth,) = truths(read_text(DISCORDANT), ["h"], 1)["h"]
    assert truth.effect == pytest.approx(0.4)
    (truth,) = truths(read_text(DISCORDANT.replace("0.5", "0.1")), ["h"], 1)["h"]
    assert truth.is_null
