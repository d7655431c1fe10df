"""The smallest effect that a trial of a given size finds."""

from __future__ import annotations

import pytest
from scipy.optimize import brentq

from planner.questions.size.size import SizingError, size
from tests.support.exact import hills_armitage_power, over_both
from tests.support.sizes import answer, trial

# Effects


def test_the_effect_that_a_trial_finds_is_exact_where_it_can_be() -> None:
    found = size(trial(effects=(0.3, 0.0)), find="effect", patients=24, power=[0.8, 0.9])
    for target in (0.8, 0.9):
        want = brentq(lambda e, p=target: hills_armitage_power(12, 12, e, 2**0.5, 0.05) - p, 0.1, 3)
        for name in ("0.3", "0"):
            row = answer(found, target, hypothesis=name)
            assert row["effect"] == pytest.approx(want, abs=1e-8)
            assert row["exact"]
            assert row["power"]["estimate"] == pytest.approx(target, abs=4 * row["power"]["mcse"])


def test_the_effect_that_a_trial_with_dropout_finds() -> None:
    """By simulation, in the direction of the test, beside the exact answer."""
    plan = trial(
        population={"dropout": {"per_period": 0.2}},
        analyses=[{"method": "hills-armitage", "alternative": "less", "alpha": 0.025}],
    )
    found = size(plan, find="effect", patients=20, power=[0.6, 0.9], trials=200_000)
    for target in (0.6, 0.9):

        def short(effect: float, p: float = target) -> float:
            law = lambda a, b: hills_armitage_power(a, b, effect, 2**0.5, 0.025, "greater")  # noqa: E731
            return over_both(10, 10, 0.8, law) - p

        want = -brentq(short, 0.1, 3)
        row = answer(found, target)
        assert row["range"][0] - 0.01 <= want <= row["range"][1] + 0.01
        assert row["effect"] == pytest.approx(want, rel=0.02)


def test_the_effect_on_a_bounded_scale_is_the_true_one() -> None:
    plan = trial(
        scale={"low": 0.0, "step": 1.0, "better": "lower"},
        hypotheses={"h": {"means": {"A": 12.0, "B": 10.0}, "sd_within": 4.0, "sd_between": 3.0}},
    )
    (row,) = size(plan, find="effect", patients=24, power=0.8, trials=50_000).to_json()["answers"]
    assert 3.0 < row["effect"] < 3.8
    assert row["range"][0] <= row["effect"] + 0.1
    assert row["power"]["estimate"] == pytest.approx(0.8, abs=0.02)


def test_an_effect_that_no_size_reaches_is_refused() -> None:
    plan = trial(population={"dropout": {"before_first": 0.9}})
    (row,) = size(plan, find="effect", patients=4, trials=2000).to_json()["answers"]
    assert row["effect"] is None
    assert "No effect up to" in row["note"]
    assert "of the trials the test cannot be computed: too few patients complete" in row["note"]


def test_effects_of_rates_have_no_meaning() -> None:
    rates = {"family": "rates", "rates": {"A": 0.6, "B": 0.2}, "correlation": 0.2}
    with pytest.raises(SizingError, match="difference of two means"):
        size(trial(hypotheses={"h": rates}), find="effect")
