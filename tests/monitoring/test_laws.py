"""Laws that any boundary obeys, exact integrals by another method, and what wrong plans are told."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import norm

from planner.monitoring.boundaries import boundary, crossing
from planner.monitoring.conditional_power import conditional_power, conditional_power_limits
from planner.monitoring.errors import BoundaryError, UnreachableError
from planner.monitoring.rules import spending_function
from planner.scenario.stopping_rules import EFFICACY_RULES, SPENDING_FUNCTIONS

SHAPED = {
    "wang-tsiatis": ("delta", 0.0, 0.5),
    "hwang-shih-decani": ("gamma", -8.0, 4.0),
    "kim-demets": ("rho", 0.5, 5.0),
}
EXACT = [name for name in EFFICACY_RULES if name not in ("z", "user-spending")]
SPENDING = list(SPENDING_FUNCTIONS)


@st.composite
def fractions(draw: st.DrawFn, most: int = 5) -> tuple[float, ...]:
    """Unequal looks at least .02 apart."""
    early = draw(st.lists(st.integers(5, 49), max_size=most - 1, unique=True))
    return (*(look / 50 for look in sorted(early)), 1.0)


@st.composite
def plans(draw: st.DrawFn, rules: list[str] = EXACT) -> dict[str, Any]:
    looks = draw(fractions())
    efficacy = draw(st.sampled_from(rules))
    parameters = {}
    if efficacy in SHAPED:
        name, low, high = SHAPED[efficacy]
        parameters[name] = draw(st.floats(low, high))
    return {
        "fractions": looks,
        "alpha": draw(st.sampled_from([0.01, 0.025, 0.05, 0.1])),
        "sided": draw(st.sampled_from([1, 2])),
        "efficacy": efficacy,
        "efficacy_parameters": parameters,
        "efficacy_looks": draw(st.none() | st.sets(st.integers(1, len(looks)))),
    }


@given(plans())
@settings(max_examples=60, deadline=None)
def test_alpha_is_spent_exactly(plan: dict[str, Any]) -> None:
    solved = boundary(**plan)
    assert solved.alpha_spent[-1] == pytest.approx(plan["alpha"], abs=1e-11)
    assert all(a <= b + 1e-15 for a, b in pairwise(solved.alpha_spent))
    if plan["efficacy_looks"] is not None:
        off = set(range(1, len(plan["fractions"]))) - plan["efficacy_looks"]
        assert all(solved.efficacy_z[look - 1] == math.inf for look in off)


@given(plans(), st.sampled_from(SPENDING), st.floats(0.05, 0.4), st.booleans())
@settings(max_examples=30, deadline=None)
def test_beta_is_spent_exactly(plan: dict[str, Any], rule: str, beta: float, binding: bool) -> None:
    shape = {each.name: float(each.example) for each in SPENDING_FUNCTIONS[rule].parameters}
    parameters = {"beta": beta, **shape}
    solved = boundary(**plan, futility=rule, futility_parameters=parameters, binding=binding)
    assert solved.power == pytest.approx(1 - beta, abs=1e-11)
    assert solved.alpha_spent[-1] == pytest.approx(plan["alpha"], abs=1e-11)
    assert solved.drift is not None
    stops = crossing(solved, solved.drift)
    total = sum(map(sum, stops))
    assert total <= 1 + 1e-12
    if plan["sided"] == 1:
        planned = [spending_function(rule)(beta, t, **shape) for t in plan["fractions"][:-1]]
        assert solved.beta_spent is not None
        assert solved.beta_spent[:-1] == pytest.approx(planned, abs=1e-10)


@given(plans(), st.floats(0.0, 6.0))
@settings(max_examples=40, deadline=None)
def test_crossing_mirrors_and_grows_with_the_drift(plan: dict[str, Any], drift: float) -> None:
    solved = boundary(**plan)
    stops, mirrored = crossing(solved, drift), crossing(solved, -drift)
    if plan["sided"] == 2:
        assert stops.efficacy_up == pytest.approx(mirrored.efficacy_down, abs=1e-12)
    assert sum(crossing(solved, drift + 0.1).efficacy_up) > sum(stops.efficacy_up) - 1e-12
    assert sum(map(sum, stops)) <= 1 + 1e-12


@given(plans(rules=SPENDING), st.floats(0.02, 0.98))
@settings(max_examples=40, deadline=None)
def test_a_look_that_spends_nothing_changes_nothing(plan: dict[str, Any], extra: float) -> None:
    """A look that is switched off leaves the other limits as they were."""
    looks = plan["fractions"]
    if any(abs(extra - t) < 0.005 for t in looks):
        return
    plan |= {"efficacy_looks": None}
    more = tuple(sorted((*looks, extra)))
    on = [number for number, t in enumerate(more, start=1) if t != extra]
    before = boundary(**plan)
    after = boundary(**(plan | {"fractions": more, "efficacy_looks": on}))
    kept = [z for z, t in zip(after.efficacy_z, more, strict=True) if t != extra]
    assert kept == pytest.approx(before.efficacy_z, abs=1e-10)


@given(fractions(), st.floats(-6.0, 3.0), st.floats(0.1, 2.0))
@settings(max_examples=25, deadline=None)
def test_spending_earlier_lowers_the_first_limit_and_raises_the_last(
    looks: tuple[float, ...], gamma: float, more: float
) -> None:
    if len(looks) == 1:
        return
    late, early = (
        boundary(looks, efficacy="hwang-shih-decani", efficacy_parameters={"gamma": g}).efficacy_z
        for g in (gamma, gamma + more)
    )
    assert early[0] < late[0]
    assert early[-1] > late[-1]


@given(plans(), st.floats(0.02, 0.6), st.sampled_from(["estimate", "null", "planned"]))
@settings(max_examples=30, deadline=None)
def test_conditional_power_at_its_limit(plan: dict[str, Any], at_most: float, under: str) -> None:
    solved = boundary(**plan)
    limits = conditional_power_limits(solved, at_most, under, 2.8 if under == "planned" else None)
    for look, (t, limit) in enumerate(zip(solved.fractions, limits, strict=False), start=1):
        z = 0.0 if math.isinf(limit) else limit
        drift = {"estimate": z / math.sqrt(t), "null": 0.0, "planned": 2.8}[under]
        power = conditional_power(solved, look, z, drift)
        if math.isinf(limit):  # two-sided: even z = 0 leaves more
            assert power > at_most
        else:
            assert power == pytest.approx(at_most, abs=1e-9)


@pytest.mark.parametrize("drift", [-1.0, 0.0, 2.8])
@pytest.mark.parametrize("first", [0.1, 0.4, 0.95, 0.999])
def test_two_looks_against_adaptive_quadrature(first: float, drift: float) -> None:
    solved = boundary((first, 1), futility="z", futility_parameters={"z": [-0.5]}, efficacy="pocock")
    limit, left = solved.efficacy_z[1], 1 - first

    def later(z: float) -> float:
        rejects = ndtr((drift * left + z * math.sqrt(first) - limit) / math.sqrt(left))
        return float(norm.pdf(z - drift * math.sqrt(first)) * rejects)

    # Split where the integrand turns, which is sharp when the looks are close.
    turn = (limit - drift * left) / math.sqrt(first)
    cuts = sorted({-0.5, solved.efficacy_z[0], *(x for x in (turn,) if -0.5 < x < solved.efficacy_z[0])})
    truth = sum(quad(later, a, b, epsabs=1e-13, epsrel=1e-13, limit=500)[0] for a, b in pairwise(cuts))
    assert crossing(solved, drift).efficacy_up[1] == pytest.approx(truth, abs=1e-11)


WRONG = [
    ({"fractions": ()}, "no looks"),
    ({"fractions": (0.5, 0.5, 1)}, "more information than the one before"),
    ({"fractions": (12, 30)}, "divide the patients"),
    ({"fractions": (math.nan, 1)}, "above 0"),
    ({"alpha": 0.6}, "alpha is 0.6"),
    ({"sided": 3}, "1 or 2"),
    ({"power": 0.8, "drift": 3.0}, "give one"),
    ({"power": 1.0}, "power is 1"),
    ({"drift": math.inf}, "drift is inf"),
    ({"efficacy": "obrien"}, "choose one of"),
    ({"efficacy": "wang-tsiatis"}, "needs delta"),
    ({"efficacy": "wang-tsiatis", "efficacy_parameters": {"delta": 3}}, "between -0.5 and 1"),
    ({"efficacy": "kim-demets", "efficacy_parameters": {"rho": 0}}, "between 0.1 and 40"),
    ({"efficacy": "hwang-shih-decani", "efficacy_parameters": {"gamma": math.nan}}, "one number"),
    ({"efficacy": "pocock", "efficacy_parameters": {"delta": 0.1}}, "takes no delta"),
    ({"efficacy": "user-spending", "efficacy_parameters": {"spent": [0.02, 0.01]}}, "decrease"),
    ({"efficacy": "user-spending", "efficacy_parameters": {"spent": [0.02, 0.03]}}, "more than alpha"),
    ({"efficacy": "user-spending", "efficacy_parameters": {"spent": [0.025]}}, "must have 2"),
    ({"efficacy": "haybittle-peto", "efficacy_parameters": {"z": 1.5}}, "already spend"),
    ({"efficacy": "z", "efficacy_parameters": {"z": [2, -2]}, "sided": 2}, "above 0"),
    ({"efficacy_looks": [3]}, "counted from 1 to 2"),
    ({"futility": "kim-demets", "futility_parameters": {"rho": 2}}, "needs beta"),
    ({"futility": "kim-demets", "futility_parameters": {"rho": 2, "beta": 0.99}}, "beta is 0.99"),
    ({"futility": "z", "futility_parameters": {"z": [4]}}, "no trial goes on"),
    ({"futility": "z", "futility_parameters": {"z": [2.9]}, "binding": True}, "alpha cannot be spent"),
    ({"futility": "z", "futility_parameters": {"z": [-1]}, "sided": 2}, "0 or more"),
    ({"futility": "conditional-power"}, "needs at_most"),
    ({"futility": "conditional-power", "futility_parameters": {"at_most": 2}}, "probability"),
    ({"futility": "conditional-power", "futility_parameters": {"at_most": 0.2, "under": "hope"}}, "one of"),
    (
        {"futility": "conditional-power", "futility_parameters": {"at_most": 0.2, "under": "planned"}},
        "state it",
    ),
]


@pytest.mark.parametrize(("plan", "message"), WRONG)
def test_wrong_plans_say_why(plan: dict[str, Any], message: str) -> None:
    with pytest.raises(BoundaryError, match=message) as error:
        boundary(**({"fractions": (0.5, 1)} | plan))
    assert not isinstance(error.value, UnreachableError)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"power": 0.02}, "not above the 0.025"),
        ({"power": 0.9, "efficacy": "z", "efficacy_parameters": {"z": [math.inf, math.inf]}}, "no effect"),
    ],
)
def test_questions_without_an_answer(plan: dict[str, Any], message: str) -> None:
    with pytest.raises(UnreachableError, match=message):
        boundary((0.5, 1), **plan)
