"""Variants made once, for some hypotheses only, and kept: the same as variants made anew for all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from planner.engine.generators import generators_of
from planner.engine.potential_outcomes import truths
from planner.model.families.kept import keeping
from planner.model.families.mechanism.signals import Mechanism, onsets_of_period
from planner.model.parameter_draws import Variants, variants
from planner.model.readings import readings_of
from planner.questions.run.assurance import AssurancePass, Pool
from planner.results.contract import as_json
from planner.scenario.scenario import Scenario
from tests.support.uncertain_scenarios import OWN, SHARED, TIE, scenario

_ANALYSES = """
[[analyses]]
name = "change"
method = "hills-armitage"
contrast = ["K", "KN"]
[[analyses]]
name = "other"
method = "paired-t"
contrast = ["KN", "K"]
alternative = "less"
"""


@pytest.fixture(scope="module")
def made() -> Scenario:
    return scenario(SHARED, OWN, TIE, _ANALYSES)


def same(a: Any, b: Any) -> bool:
    """Whether two tables of a kernel are the same to the last bit, whatever they nest."""
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return np.array_equal(a, b, equal_nan=True) if isinstance(a, np.ndarray) else a == b


def lowered(variant: Scenario, names: tuple[str, ...]) -> Any:
    """Tables of the kernels, the compiled generators apart."""
    return [group.tables for group in generators_of(variant, names, readings_of(variant))]


@pytest.mark.parametrize("name", ["specific", "permissive", "expectancy"])
def test_a_hypothesis_alone_has_the_draws_that_it_has_among_all(made: Scenario, name: str) -> None:
    """Also what it is tied to is drawn; the other hypotheses keep what is stated."""
    some = Variants(made, 7, [name])
    for i, every in enumerate(variants(made, 130, 7)):
        assert some[i].hypotheses[name] == every.hypotheses[name]
        assert some[i].components == every.components
        assert some[i].population == every.population
    stated = made.hypotheses["specific"].components
    assert (some[3].hypotheses["specific"].components == stated) == (name == "permissive")


def test_variants_in_any_order_are_the_same(made: Scenario) -> None:
    every, some = list(variants(made, 200, 7)), Variants(made, 7)
    for i in (199, 0, 64, 63, 150, 1):
        assert some[i] == every[i]
    assert some[1] != every[2]


def test_a_pool_is_the_variants_lowered_one_by_one(made: Scenario) -> None:
    names = tuple(made.hypotheses)
    pool = Pool(made, 7, names)
    for i, variant in enumerate(variants(made, 12, 7)):
        assert same([each.tables for each in pool[i].generators], lowered(variant, names))
        known = truths(variant, names, 7, 16, first=(i + 1) * 16)
        assert pool[i].truths == known
        assert pool[i] is pool[i]
    assert not same([each.tables for each in pool[0].generators], lowered(next(variants(made, 1, 8)), names))


def test_a_pool_serves_other_numbers_of_patients(made: Scenario) -> None:
    names = ("specific",)
    only = made.simulation.model_copy(update={"hypotheses": names})
    alone = made.model_copy(update={"simulation": only})
    pool = Pool(alone, 7, names)
    for patients in ([24], [12, 40]):
        found = []
        for known in (pool, None):
            part = AssurancePass(alone, 20, seed=7, patients=patients, pool=known)
            part.grow(20 * 128, 2, None)
            found.append(as_json(part.result().cells()))
        assert found[0] == found[1]


def test_analyses_of_the_same_treatments_share_a_pass(made: Scenario) -> None:
    """Each analysis alone has the truths that it has beside another."""
    names = tuple(made.hypotheses)
    together = truths(made, names, 7, 64)
    for a, analysis in enumerate(made.analyses):
        alone = truths(made.model_copy(update={"analyses": (analysis,)}), names, 7, 64)
        assert {name: [each[a]] for name, each in together.items()} == alone
    effects = [each.effect for each in together["permissive"]]
    assert effects[0] == pytest.approx(-effects[1], rel=1e-9)
    assert effects[0] != 0.0


def test_what_is_shared_is_of_the_same_settings_only(made: Scenario) -> None:
    hypothesis = made.hypotheses["permissive"]
    other = scenario(SHARED, OWN, TIE, set=("agents.naltrexone.occupancy=0.5",))

    def gates(of: Scenario) -> Any:
        m = Mechanism.of(of, hypothesis)
        return onsets_of_period(m, of, ["KN"], 0, hypothesis.terms)

    apart = gates(made), gates(other)
    with keeping():
        assert (gates(made), gates(other)) == apart
        assert Mechanism.of(made, hypothesis) is Mechanism.of(made, hypothesis)
        shorter = made.model_copy(update={"design": made.design.model_copy(update={"washout_days": 3.0})})
        assert Mechanism.of(shorter, hypothesis) is not Mechanism.of(made, hypothesis)
    assert apart[0] != apart[1]
    assert Mechanism.of(made, hypothesis) is not Mechanism.of(made, hypothesis)
