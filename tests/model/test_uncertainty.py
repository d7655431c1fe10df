"""Uncertain numbers: draws against SciPy's distributions, variants against the same numbers by hand."""

from __future__ import annotations

import time
from math import log, sqrt
from typing import Any

import pytest
from scipy import stats

from planner.model.parameter_draws import (
    is_uncertain,
    parameter_draws,
    uncertain_parameters,
    variants,
)
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.uncertain_scenarios import OWN, PLAIN, SHARED, scenario


def one(path: str, distribution: str, hypothesis: str = "") -> Scenario:
    above = f"hypotheses.{hypothesis}." if hypothesis else ""
    return scenario(f'[{above}uncertainty]\n"{path}" = {distribution}\n')


def drawn(made: Scenario, path: str, count: int = 2000) -> list[float]:
    """What a path of the full form holds in the variants."""
    found = []
    for each in variants(made, count, 5):
        node: Any = resolve(each)
        for part in path.split("."):
            node = node[int(part)] if isinstance(node, list) else node[part]
        found.append(float(node))
    return found


def truncated(mean: float, sd: float, low: float, high: float) -> Any:
    return stats.truncnorm((low - mean) / sd, (high - mean) / sd, mean, sd)


@pytest.mark.long
@pytest.mark.parametrize(
    ("path", "distribution", "reference"),
    [
        ("components.specific.share", "{ low = 0.2, high = 0.9 }", stats.uniform(0.2, 0.7)),
        ("components.specific.share", "{ mean = 0.8, sd = 0.3 }", truncated(0.8, 0.3, 0.0, 1.0)),
        ("components.specific.share", "{ beta = [7, 5] }", stats.beta(7, 5)),
        ("components.specific.share", "{ beta = [2, 5], low = 0.5, high = 0.9 }", stats.beta(2, 5, 0.5, 0.4)),
        ("components.specific.size.mean", "{ mean = -0.2, sd = 0.3 }", stats.norm(-0.2, 0.3)),
        (
            "components.specific.half_life_days.median",
            "{ median = 8, log_sd = 0.5 }",
            stats.lognorm(0.5, 0, 8),
        ),
        (
            "components.specific.share",
            "{ low = 0.8, high = 1.4, relative = true }",
            stats.uniform(0.4, 0.3),
        ),
    ],
)
def test_draws_follow_the_distribution(path: str, distribution: str, reference: Any) -> None:
    """Kolmogorov-Smirnov against SciPy; with draws 20 % off it refuses."""
    values = drawn(one(path, distribution), path)
    assert stats.kstest(values, reference.cdf).pvalue > 1e-4
    assert stats.kstest([1.2 * x for x in values], reference.cdf).pvalue < 1e-4


def test_a_cut_normal_stays_inside_its_setting() -> None:
    values = drawn(one("components.specific.share", "{ mean = 0.99, sd = 5 }"), "components.specific.share")
    assert 0.0 <= min(values) < 0.01
    assert 0.99 < max(values) <= 1.0


def test_a_lognormal_is_cut_too() -> None:
    values = drawn(
        one("components.specific.share", "{ median = 0.9, log_sd = 1 }"), "components.specific.share"
    )
    assert max(values) <= 1.0
    reference = truncated(log(0.9), 1.0, -40.0, 0.0)
    assert stats.kstest([log(x) for x in values], reference.cdf).pvalue > 1e-4


def test_shared_numbers_are_the_same_for_all_and_own_ones_are_not() -> None:
    made = scenario(SHARED, OWN)
    known = [
        'components.specific.share', 'agents.naltrexone.occupancy', 'signals.cue.activated_by.midazolam'
    ]  # fmt: skip
    for each in variants(made, 20, 1):
        own, common = each.hypotheses["specific"], each.hypotheses["permissive"]
        assert own.components["specific"].share == each.components["specific"].share
        assert own.components["specific"].size.mean != each.components["specific"].size.mean == 0.5
        assert not common.components
        assert not common.signals
        assert own.terms[1].needs[1].gate <= 0.3
        assert common.terms[1].needs[1].gate == 1.0
    assert all(len(set(drawn(made, path, 20))) == 20 for path in known)


def test_variants_are_complete_scenarios() -> None:
    """Each reads again as itself, and nothing in it is uncertain."""
    made = scenario(SHARED, OWN)
    assert is_uncertain(made)
    for each in variants(made, 5, 1):
        assert not is_uncertain(each)
        assert "uncertainty" not in to_toml(each)
        assert digest(read_text(to_toml(each))) == digest(each)


def test_a_variant_is_what_its_numbers_written_by_hand_give() -> None:
    made = scenario(SHARED, OWN)
    (each,) = variants(made, 1, 1, first=7)
    full = resolve(each)
    own = full["hypotheses"]["specific"]
    by_hand = scenario(
        set=(
            f"components.specific.share={full['components']['specific']['share']}",
            f"agents.naltrexone.occupancy={full['agents']['naltrexone']['occupancy']}",
            f"agents.naltrexone.half_life_days={full['agents']['naltrexone']['half_life_days']}",
            f"signals.cue.activated_by.midazolam={full['signals']['cue']['activated_by']['midazolam']}",
            f"population.dropout.per_period={full['population']['dropout']['per_period'][0]}",
            f"hypotheses.specific.terms.1.needs.1.gate={own['terms'][1]['needs'][1]['gate']}",
            "hypotheses.specific.components.specific={ share = "
            f"{full['components']['specific']['share']}, size = {{ mean = "
            f"{own['components']['specific']['size']['mean']}, sd = 0.1 }}, otherwise = 0.05, "
            "half_life_days = 8 }",
        )
    )
    assert digest(by_hand) == digest(each)


def test_draws_depend_on_nothing_else() -> None:
    """Neither on the order of the entries, nor on other entries, nor on where the counting starts."""
    lines = SHARED.strip().splitlines()
    turned = "\n".join([lines[0], *lines[:0:-1]])
    one_way, other_way = scenario(SHARED, OWN), scenario(turned, OWN)
    assert digest(one_way) == digest(other_way)
    many = [digest(each) for each in variants(one_way, 12, 3)]
    assert many == [digest(each) for each in variants(other_way, 12, 3)]
    assert many[5:9] == [digest(each) for each in variants(one_way, 4, 3, first=5)]
    alone = one("components.specific.share", "{ low = 0.2, high = 0.9 }")
    path = "components.specific.share"
    assert drawn(alone, path, 10) == drawn(one_way, path, 10)
    assert many != [digest(each) for each in variants(one_way, 12, 4)]


def test_the_first_draws_stay_what_they_are() -> None:
    """Written down: SHA-256 gives the same on every machine, and results rest on it."""
    (entry,) = uncertain_parameters(one("components.specific.share", "{ low = 0, high = 1 }"))
    assert parameter_draws(entry, 1, 0, 3) == [0.161314881970, 0.579860392970, 0.185499310840]


def test_numbers_joined_by_a_comma_vary_together() -> None:
    made = one(
        "components.expectancy.size, components.expectancy.otherwise",
        "{ low = 0.5, high = 2, relative = true }",
    )
    for each in variants(made, 10, 1):
        c = each.components["expectancy"]
        factor = c.size.mean / 0.4
        assert c.size.sd == pytest.approx(0.1 * factor, rel=1e-12)
        assert c.otherwise.mean == pytest.approx(0.1 * factor, rel=1e-12)
        assert 0.5 <= factor <= 2.0


def test_a_factor_is_on_what_is_stated() -> None:
    """Not on what another draw has made of it: a hypothesis's factor is on the plain value."""
    made = scenario(
        '[uncertainty]\n"components.specific.size.mean" = { low = 0.1, high = 0.2 }\n'
        '[hypotheses.specific.uncertainty]\n"components.specific.size.mean" = '
        "{ low = 1, high = 1.2, relative = true }\n"
    )
    for each in variants(made, 5, 1):
        assert 0.5 <= each.hypotheses["specific"].components["specific"].size.mean <= 0.6
        assert each.components["specific"].size.mean <= 0.2


def test_one_number_for_every_gap_of_the_dropout() -> None:
    made = scenario(
        '[uncertainty]\n"population.dropout.per_period" = { low = 0.1, high = 0.3 }\n',
        set=('design.sequences=["K KN K", "KN K KN"]',),
    )
    for each in variants(made, 5, 1):
        assert len(set(each.population.dropout.per_period)) == 1
        assert len(each.population.dropout.per_period) == 2


MEANS = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 24
[hypotheses.effect]
means = { A = -14, B = -8 }
sd_difference = 6
[hypotheses.effect.uncertainty]
"means.A" = { mean = -14, sd = 2 }
"sd_difference" = { low = 4, high = 9 }
"""


def test_an_sd_of_the_difference() -> None:
    """It becomes the SD within patients, smaller by the root of 2; the SD between patients stays."""
    made = read_text(MEANS)
    assert digest(read_text(to_toml(made))) == digest(made)
    values = []
    for each in variants(made, 2000, 1):
        spread = each.hypotheses["effect"].spread
        values.append(spread.difference("A", "B"))
        assert spread.between == pytest.approx(6 / sqrt(2))
    assert stats.kstest(values, stats.uniform(4, 5).cdf).pvalue > 1e-4


def test_rates() -> None:
    made = read_text(
        'schema_version = 1\n[design]\nsequences = ["A B", "B A"]\npatients = 24\n'
        "[hypotheses.effect]\nrates = { A = 0.6, B = 0.3 }\ncorrelation = 0.3\n"
        '[hypotheses.effect.uncertainty]\n"rates.A" = { beta = [6, 4] }\n'
    )
    assert stats.kstest(drawn(made, "hypotheses.effect.rates.A"), stats.beta(6, 4).cdf).pvalue > 1e-4


def test_variants_are_quick() -> None:
    """Ten hypotheses, each with numbers of its own: some milliseconds each at the very most."""
    made = read_text(
        PLAIN
        + SHARED
        + "".join(
            f'[hypotheses.h{i}]\nterms = [{{ component = "specific", needs = ["nmda", "tone"] }}]\n'
            f'[hypotheses.h{i}.uncertainty]\n"terms.specific.needs.tone.gate" = {{ low = 0, high = 1 }}\n'
            '"components.specific.size" = { low = 0.6, high = 1.4, relative = true }\n'
            '"signals.cue.activated_by.ketamine" = { low = 0.6, high = 1 }\n'
            for i in range(10)
        )
    )
    times = []
    for _ in range(3):
        began = time.process_time()
        assert len(list(variants(made, 100, 1))) == 100
        times.append(time.process_time() - began)
    assert min(times) < 1.0
