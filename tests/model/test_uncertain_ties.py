"""Uncertain numbers that are tied, written in every form, replaced and overridden."""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from planner.engine.potential_outcomes import potential_means
from planner.model.families.mechanism.signals import Mechanism, onsets_of_period
from planner.model.parameter_draws import (
    UncertaintyError,
    is_uncertain,
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
from tests.support.uncertain_scenarios import OWN, PLAIN, SHARED, TIE, scenario


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
