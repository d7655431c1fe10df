"""Uncertain numbers: draws against SciPy's distributions, variants against the same numbers by hand."""

from __future__ import annotations

import time
from math import log, sqrt
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from planner.engine.potential_outcomes import potential_means
from planner.model.families.mechanism.signals import Mechanism, onsets_of_period
from planner.model.parameter_draws import (
    UncertaintyError,
    is_uncertain,
    parameter_draws,
    uncertain_parameters,
    variants,
)
from planner.model.readings import Reading
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read, read_text
from planner.scenario.scenario import Scenario
from tests.support.paths import INPUTS

PLAIN = """
schema_version = 1
title = "Uncertain"
[agents]
ketamine = {}
midazolam = {}
naltrexone = { occupancy = 0.95, half_life_days = 4 }
[treatments]
K = { agents = ["ketamine"] }
KN = { agents = ["ketamine", "naltrexone"] }
[design]
sequences = ["K KN", "KN K"]
patients = 24
washout_days = 14
[population]
baseline = { mean = 26, sd = 4 }
rating_sd = 1.8
dropout = { per_period = 0.1 }
[signals]
nmda = { activated_by = { ketamine = 1 } }
cue = { activated_by = { ketamine = 1, midazolam = 0.6 } }
tone = { base = 1, blocked_by = { naltrexone = 1 } }
[components]
specific = { share = 0.5, size = { mean = 0.5, sd = 0.1 }, otherwise = 0.05, half_life_days = 8 }
expectancy = { share = 0.3, size = { mean = 0.4, sd = 0.1 }, otherwise = 0.1, half_life_days = 8 }
[hypotheses.specific]
terms = [
  { component = "specific", needs = ["nmda"] },
  { component = "expectancy", needs = ["cue", { signal = "tone", gate = 0 }] },
]
[hypotheses.permissive]
terms = [
  { component = "specific", needs = ["nmda", "tone"] },
  { component = "expectancy", needs = ["cue", "tone"] },
]
[hypotheses.expectancy]
terms = [{ component = "expectancy", needs = ["cue"] }]
"""

SHARED = """
[uncertainty]
"components.specific.share" = { low = 0.2, high = 0.9 }
"agents.naltrexone.occupancy" = { mean = 0.9, sd = 0.1 }
"signals.cue.activated_by.midazolam" = { beta = [7, 5], low = 0.2, high = 1 }
"agents.naltrexone.half_life_days" = { median = 4, log_sd = 0.3 }
"population.dropout.per_period" = { low = 0.05, high = 0.3 }
"""

OWN = """
[hypotheses.specific.uncertainty]
"terms.expectancy.needs.tone.gate" = { low = 0, high = 0.3 }
"components.specific.size.mean" = { low = 0.3, high = 0.7 }
"""


def scenario(*parts: str, set: tuple[str, ...] = ()) -> Scenario:
    return read_text(PLAIN + "".join(parts), set=set)


def one(path: str, distribution: str, hypothesis: str = "") -> Scenario:
    above = f"hypotheses.{hypothesis}." if hypothesis else ""
    return scenario(f'[{above}uncertainty]\n"{path}" = {distribution}\n')


def drawn(made: Scenario, path: str, count: int = 4000) -> list[float]:
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


# Ties


TIE = """
[hypotheses.expectancy.tie]
to = "specific"
agents = "ketamine"
by = "expectancy"
"""


def improvement(made: Scenario, name: str, treatment: str) -> float:
    """Expected improvement at the peak, by hand."""
    m = Mechanism.of(made, made.hypotheses[name])
    ((_, opened),) = onsets_of_period(m, made, [treatment], 0, m.hypothesis.terms)
    total = 0.0
    for term, gate in zip(made.hypotheses[name].terms, opened, strict=True):
        c = m.components[term.component]
        total += gate * (c.share * c.size.mean + (1 - c.share) * c.otherwise.mean)
    return total


def test_a_tie_makes_expected_improvements_equal() -> None:
    made, loose = scenario(TIE, SHARED, OWN), scenario(SHARED, OWN)
    plain = made.hypotheses["expectancy"]
    for each, free in zip(variants(made, 10, 1), variants(loose, 10, 1), strict=True):
        assert improvement(each, "expectancy", "K") == pytest.approx(
            improvement(each, "specific", "K"), rel=1e-11
        )
        assert improvement(free, "expectancy", "K") != pytest.approx(
            improvement(free, "specific", "K"), rel=0.01
        )
        tied = each.hypotheses["expectancy"].components["expectancy"]
        assert tied.otherwise.mean / tied.size.mean == pytest.approx(0.1 / 0.4)
        assert each.components == free.components
    assert made.hypotheses["expectancy"] == plain  # the plain scenario is as it is written


def test_tied_hypotheses_agree_in_simulated_patients() -> None:
    """Where no score is cut, ketamine alone gives the same mean change under both."""
    made = scenario(
        TIE,
        OWN,
        set=(
            "components.specific.size={ mean = 0.25, sd = 0.02 }",
            "hypotheses.specific.uncertainty={ 'components.specific.size.mean' = { low = 0.2, high = 0.3 } }",
        ),
    )
    (each,) = variants(made, 1, 1)
    found = potential_means(each, ["specific", "expectancy"], [Reading("change", 1.0)], ["K"], 1, tiles=1024)
    mean, error = found.mean[:, 0, 0], found.covariance[:, 0, 0, 0] ** 0.5
    assert abs(mean[0] - mean[1]) < 4 * sqrt(sum(error**2)) + 0.02
    assert abs(mean[0]) > 50 * error[0]


def test_a_tie_by_nothing_is_refused() -> None:
    made = scenario(TIE.replace('"ketamine"', '"naltrexone"'), SHARED)
    with pytest.raises(UncertaintyError, match="improve nothing under naltrexone"):
        next(variants(made, 1, 1))


def test_a_tie_is_part_of_the_full_form() -> None:
    made = scenario(TIE)
    assert digest(read_text(to_toml(made))) == digest(made) != digest(scenario())


# Files


def test_a_later_file_replaces_a_whole_distribution(tmp_path: Path) -> None:
    (tmp_path / "first.toml").write_text(PLAIN + SHARED, encoding="utf-8")
    (tmp_path / "second.toml").write_text(
        'schema_version = 1\nextends = "first.toml"\n'
        '[uncertainty]\n"components.specific.share" = { mean = 0.5, sd = 0.1 }\n',
        encoding="utf-8",
    )
    made = read(tmp_path / "second.toml")
    assert made.uncertainty["components.specific.share"].form == "normal"
    assert len(made.uncertainty) == 5


def test_an_override_reaches_inside() -> None:
    made = scenario(SHARED, set=('uncertainty."components.specific.share".high=0.5',))
    assert made.uncertainty["components.specific.share"].limits == (0.2, 0.5)
    with pytest.raises(ScenarioError, match="must be at least 0 and at most 1"):
        scenario(SHARED, set=('uncertainty."components.specific.share".high=1.5',))


def test_nothing_changes_without_uncertain_numbers() -> None:
    made = scenario()
    assert not is_uncertain(made)
    assert "uncertainty" not in resolve(made)
    assert [digest(each) for each in variants(made, 3, 1)] == [digest(made)] * 3


def test_only_uncertain_numbers_of_simulated_hypotheses_count() -> None:
    assert is_uncertain(scenario(OWN, set=('simulation.hypotheses=["specific"]',)))
    assert not is_uncertain(scenario(OWN, set=('simulation.hypotheses=["expectancy"]',)))


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


EVERY_FORM = INPUTS / "valid" / "uncertain.toml"


def test_every_form_of_uncertain_numbers() -> None:
    """Each variant of a scenario that has them all is a scenario that can be read again."""
    made = read(EVERY_FORM)
    assert digest(read_text(to_toml(made))) == digest(made)
    seen: dict[str, set[float]] = {}
    for each in variants(made, 30, 1):
        assert digest(read_text(to_toml(each))) == digest(each)
        for entry in uncertain_parameters(made):
            for number in entry.numbers:
                node: Any = each
                for part in number.route:
                    node = (
                        node[part] if isinstance(part, int) or isinstance(node, dict) else getattr(node, part)
                    )
                assert number.range.has(node)
                seen.setdefault(f"{entry.hypothesis} {number.route}", set()).add(node)
    still = {name for name, values in seen.items() if len(values) == 1}
    assert {name.partition(" ")[2] for name in still} == {"('components', 'expectancy', 'otherwise', 'sd')"}


def test_the_digest_sees_every_number_of_a_distribution() -> None:
    made = read(EVERY_FORM)
    text, before, seen = to_toml(made), digest(made), 0
    tables = {"uncertainty": made.uncertainty}
    tables["hypotheses.specific.uncertainty"] = made.hypotheses["specific"].uncertainty
    for above, table in tables.items():
        for key, distribution in table.items():
            for name, value in distribution.model_dump(exclude_none=True).items():
                if isinstance(value, float):
                    setting = f"{above}.'{key}'.{name}={0.97 * value + 0.004}"
                    assert digest(read_text(text, set=[setting])) != before, setting
                    seen += 1
    assert seen > 25
    for setting in ('hypotheses.expectancy.tie.agents="ketamine naltrexone"',):
        assert digest(read_text(text, set=[setting])) != before


def test_sensitivity_takes_no_notice() -> None:
    """A step off what is stated may leave the range that a factor is allowed to reach: that is no matter."""
    from planner.questions.sensitivity.assumptions import assumptions

    made = scenario(
        '[uncertainty]\n"components.specific.share" = { low = 0.5, high = 1.9, relative = true }\n'
    )
    (share,) = (each for each in assumptions(made) if each.path == "components.specific.share")
    assert all(variant is not None for _, variant in share.variants)
    assert not any("uncertainty" in each.path for each in assumptions(made))
