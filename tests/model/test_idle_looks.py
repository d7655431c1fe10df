"""Looks that cannot stop a trial: found by brute force over all data; what is suggested can stop."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact, norm

import planner
from planner.model.looks import look_counts, monitoring_plan
from planner.model.stopping import reachable
from planner.scenario.scenario import Scenario
from tests.support.idle_looks import BINARY

SCORES = """\
schema_version = 1
monitoring = {{ looks = {looks}, efficacy = {{ rule = "{rule}" }} }}
[design]
sequences = {sequences}
patients = {patients}
{baselines}
{dropout}
[hypotheses.none]
means = {{ A = 0.0, B = 0.0 }}
sd_within = 1
sd_between = 1
{correlation}
[[analyses]]
method = "{method}"
"""

BASELINES = {
    "baselines": 'baselines = "period"',
    "dropout": "[population.baseline]\nmean = 20.0\nsd = 4.0",
    "correlation": "baseline_correlation = { own = 0.5, cross = 0.4, between = 0.4 }",
}


def binary(
    tmp_path: Path, looks: list[int], method: str, alternative: str = "two-sided", **more: str
) -> Scenario:
    said = {"rule": "obrien-fleming-spending", "dropout": ""} | more
    text = BINARY.format(looks=looks, patients=looks[-1], method=method, alternative=alternative, **said)
    (tmp_path / "binary.toml").write_text(text)
    return planner.read(str(tmp_path / "binary.toml"))


def scores(tmp_path: Path, looks: list[int], method: str, **more: str) -> Scenario:
    said = {
        "rule": "pocock",
        "dropout": "",
        "baselines": "",
        "sequences": '["A B", "B A"]',
        "correlation": "",
    } | more
    text = SCORES.format(looks=looks, patients=looks[-1], method=method, **said)
    (tmp_path / "scores.toml").write_text(text)
    return planner.read(str(tmp_path / "scores.toml"))


def idle(scenario: Scenario) -> list[int]:
    analysis = scenario.analyses[0]
    plan = monitoring_plan(scenario, analysis, scenario.design.patients)
    return [each.look for each in reachable.idle_looks(scenario, analysis, plan)]


# The smallest p value of every possible data set, by enumeration


def mcnemar(b: int, c: int, sided: int, share: float) -> float:
    """Of b patients who respond under A alone and c under B alone; `share` of the result itself counts."""
    n, most = b + c, b if sided == 1 else max(b, c)
    tail = binom.sf(most, n, 0.5) + share * binom.pmf(most, n, 0.5)
    return float(min(1.0, sided * tail))


def prescott(first: tuple[int, ...], second: tuple[int, ...], sided: int) -> float:
    """Preferences for a period (1, 0, -1) of the patients of both sequences, all divisions enumerated."""
    pool = (*first, *second)
    total = sum(first)
    mean = Fraction(sum(pool) * len(first), len(pool))
    sums = [sum(chosen) for chosen in itertools.combinations(pool, len(first))]
    if sided == 1:
        return sum(s >= total for s in sums) / len(sums)
    return sum(abs(s - mean) >= abs(total - mean) for s in sums) / len(sums)


def smallest(method: str, n: int, sided: int) -> float:
    """The smallest p of n patients, half in each sequence."""
    half = n // 2
    two = "two-sided" if sided == 2 else "greater"
    if method in ("mcnemar-exact", "mcnemar-mid-p"):
        share = 1.0 if method == "mcnemar-exact" else 0.5
        pairs = ((b, c) for b in range(n + 1) for c in range(n + 1 - b) if b + c)
        return min(mcnemar(b, c, sided, share) for b, c in pairs)
    if method == "mcnemar-asymptotic":
        pairs = ((b, c) for b in range(n + 1) for c in range(n + 1 - b) if b + c)
        return min(sided * float(norm.sf((b - c) / math.sqrt(b + c))) for b, c in pairs)
    if method == "prescott":
        every = list(itertools.combinations_with_replacement((1, 0, -1), half))
        return min(prescott(a, b, sided) for a in every for b in every)
    tables = itertools.product(range(half + 1), repeat=2)
    if method == "fisher":
        return min(fisher_exact([[x, half - x], [y, half - y]], two)[1] for x, y in tables)
    counts = [(a, b) for a in range(half + 1) for b in range(half + 1 - a) if a + b]
    return min(fisher_exact([a, b], two)[1] for a in counts for b in counts)


EXACT = ("mcnemar-exact", "mcnemar-mid-p", "mcnemar-asymptotic", "prescott", "mainland-gart", "fisher")


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_exact_tests_can_pass_exactly_from_their_smallest_p_on(
    method: str, alternative: str, tmp_path: Path
) -> None:
    sided = 2 if alternative == "two-sided" else 1
    scenario = binary(tmp_path, [24], method, alternative)
    for n in (2, 4, 6, 8):
        p = smallest(method, n, sided)
        for level, can in ((p * (1 + 1e-6), True), (p * (1 - 1e-6), False)):
            z = float(norm.isf(level / sided))
            found = reachable.why_impossible(scenario, scenario.analyses[0], n, z, sided)
            assert (found is None) is can, (n, p, level)


def test_unequal_groups_have_no_mirror_image(tmp_path: Path) -> None:
    """Fisher's test of 2 against 4: one of 15 tables, and the opposite one is not as extreme."""
    scenario = binary(tmp_path, [24], "fisher")
    design = scenario.design.model_copy(update={"allocation": (1, 2)})
    scenario = scenario.model_copy(update={"design": design})
    p = min(fisher_exact([[x, 2 - x], [y, 4 - y]])[1] for x in range(3) for y in range(5))
    assert p == pytest.approx(1 / 15)
    for level, can in ((p * 1.001, True), (p * 0.999, False)):
        z = float(norm.isf(level / 2))
        assert (reachable.why_impossible(scenario, scenario.analyses[0], 6, z, 2) is None) is can


@pytest.mark.parametrize(
    ("counts", "method", "more", "expected"),
    [
        ([2, 6, 8], "hills-armitage", {}, [1]),
        ([4, 6, 8], "hills-armitage", {}, []),
        ([2, 4, 8], "subject-contrast", {}, [1]),
        ([2, 4, 8], "paired-t", {}, []),
        ([2, 4, 8], "welch", {}, [1]),
        ([2, 4, 8], "period-one", {}, [1]),
        ([2, 4, 8], "period-one-welch", {}, [1]),
        ([2, 4, 8], "fixed-subject", {}, [1]),
        ([2, 4, 8], "baseline-adjusted", BASELINES, [1]),
        ([2, 4, 8], "parallel-ancova", BASELINES, [1]),
    ],
)
def test_t_tests_need_a_degree_of_freedom(
    counts: list[int], method: str, more: dict[str, str], expected: list[int], tmp_path: Path
) -> None:
    scenario = scores(tmp_path, counts, method, **more)
    assert idle(scenario) == expected


def test_what_is_suggested_can_stop_at_every_look(tmp_path: Path) -> None:
    """The nearest later look that can: none between it and the one that cannot."""
    from planner.model.stopping.remarks import look_remarks

    scenario = binary(tmp_path, [6, 12, 30], "prescott")
    assert idle(scenario) == [1, 2]
    (said,) = look_remarks(scenario)
    assert "[14, 30]" in said
    assert idle(binary(tmp_path, [14, 30], "prescott")) == []
    assert idle(binary(tmp_path, [12, 30], "prescott")) == [1]
    # .00079 is the two-sided level at 12 of 30, and 2 / C(12, 6) = .0022 the smallest p
    assert "below 0.00216, and its level is 0.000788" in said


@pytest.mark.parametrize(
    ("counts", "method", "wanted"), [([2], "hills-armitage", 4), ([4], "mcnemar-exact", 6)]
)
def test_too_few_patients_for_the_only_look(
    counts: list[int], method: str, wanted: int, tmp_path: Path
) -> None:
    from planner.model.stopping.remarks import look_remarks

    make = scores if method == "hills-armitage" else binary
    (said,) = look_remarks(make(tmp_path, counts, method, rule="none"))
    assert said.startswith(f"no trial of {counts[0]} patients can be significant")
    assert said.endswith(f"with {wanted} patients one can be")
    assert look_remarks(make(tmp_path, [wanted], method, rule="none")) == []


def test_dropout_that_often_leaves_too_few_is_told(tmp_path: Path) -> None:
    """Against simulation of who stays: both sequences need a completer, and there must be three in all."""
    from planner.model.stopping.remarks import look_remarks

    dropout = "[population.dropout]\nper_period = [0.15]"
    scenario = scores(tmp_path, [4, 24], "hills-armitage", dropout=dropout)
    analysis = scenario.analyses[0]
    plan = monitoring_plan(scenario, analysis, 24)
    assert look_counts(scenario, 24) == (4, 24)
    share = reachable.probability_of_too_few(scenario, analysis, 4, plan.boundary.efficacy_z[0], 2)
    stay = np.random.default_rng(3).random((400_000, 2, 2)) < 0.85
    each = stay.sum(2)
    wanted = 1 - float(((each.min(1) >= 1) & (each.sum(1) >= 3)).mean())
    assert abs(share - wanted) < 4 * math.sqrt(wanted / 400_000)
    (said,) = look_remarks(scenario)
    assert "of whom 3.4 are expected to be completers" in said
    assert f"in {100 * share:.2g} % of trials" in said
    assert look_remarks(scores(tmp_path, [12, 24], "hills-armitage", dropout=dropout)) == []


def test_exact_mcnemar_needs_all_twelve(tmp_path: Path) -> None:
    """At 12 of 30 the level .00079 takes 12 discordant patients, all one way: nobody may leave."""
    scenario = binary(tmp_path, [12, 30], "mcnemar-exact", dropout="[population.dropout]\nper_period = [0.1]")
    analysis = scenario.analyses[0]
    z = monitoring_plan(scenario, analysis, 30).boundary.efficacy_z[0]
    assert reachable.least_completers(scenario, analysis, z, 2, 12) == 12
    assert reachable.probability_of_too_few(scenario, analysis, 12, z, 2) == pytest.approx(
        1 - 0.9**12, abs=1e-12
    )


@pytest.mark.parametrize(
    ("size", "chance"), [(1000, 0.93), (1001, 0.93), (5000, 0.5), (10_000, 0.98), (2000, 0.0)]
)
def test_dropout_from_as_many_patients_as_a_scenario_may_have(size: int, chance: float) -> None:
    """Ways to choose some of more than a thousand patients are no floating-point number."""
    law = reachable._binomial(size, chance)
    assert law == pytest.approx(binom.pmf(np.arange(size + 1), size, chance), rel=1e-8, abs=1e-15)
