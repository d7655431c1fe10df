"""Corners of the boundary solver: looks that nearly coincide, many looks, binding futility."""

from __future__ import annotations

import math
import time
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import norm

from planner.monitoring import recursion as sequential
from planner.monitoring.boundaries import boundary, crossing
from planner.monitoring.conditional_power import conditional_power
from planner.monitoring.errors import BoundaryError
from tests.support.marks import repeated

PATIENCE = 3.0  # seconds of work; the worst of these took 80 without the graded grid
TWENTY = [k / 20 for k in range(1, 21)]
HUNDRED = [k / 100 for k in range(1, 101)]


def by_hand(t: tuple[float, float], z: tuple[float, float, float], drift: float) -> list[float]:
    """P(first crossing of the upper limits at looks 1, 2 and 3), the last at information 1.

    Given the score x of look 2, that of look 1 is normal with mean x t1 / t2 and variance t1 (t2 - t1) / t2:
    no density has to be carried from look to look.
    """
    t1, t2 = t
    b1, b2, b3 = z[0] * math.sqrt(t1), z[1] * math.sqrt(t2), z[2]
    spread = math.sqrt(t1 * (t2 - t1) / t2)

    def density(x: float) -> float:
        below = float(ndtr((b1 - x * t1 / t2) / spread))
        return float(norm.pdf((x - drift * t2) / math.sqrt(t2))) / math.sqrt(t2) * below

    def integral(f: Any, low: float, high: float) -> float:
        near = b1 * t2 / t1
        cuts = [near + k * spread for k in (-9, -3, -1, 0, 1, 3, 9)]
        cuts = sorted({low, high, *(c for c in cuts if low < c < high)})
        pieces = pairwise(cuts)
        return math.fsum(quad(f, a, b, epsabs=1e-14, epsrel=1e-12, limit=200)[0] for a, b in pieces)

    far = 12 * math.sqrt(t2)
    last = 1 - t2
    return [
        float(norm.sf(z[0] - drift * math.sqrt(t1))),
        integral(density, b2, drift * t2 + far + b2),
        integral(
            lambda x: density(x) * float(norm.sf((b3 - x - drift * last) / math.sqrt(last))),
            drift * t2 - far,
            b2,
        ),
    ]


@pytest.mark.parametrize("apart", [1e-3, 1e-4, 1e-6, 1e-8])
@pytest.mark.parametrize("drift", [0.0, 3.0])
@pytest.mark.parametrize("efficacy", ["pocock", "obrien-fleming-spending"])
def test_close_looks_against_integrals_by_hand(apart: float, drift: float, efficacy: str) -> None:
    begun = time.process_time()
    fractions = (0.5, 0.5 + apart, 1.0)
    solved = boundary(fractions, efficacy=efficacy, drift=drift)
    assert time.process_time() - begun < PATIENCE
    z = (solved.efficacy_z[0], solved.efficacy_z[1], solved.efficacy_z[2])
    wanted = by_hand((fractions[0], fractions[1]), z, drift)
    assert crossing(solved, drift).efficacy_up == pytest.approx(wanted, abs=1e-10)
    if drift == 0.0:
        assert math.fsum(wanted) == pytest.approx(0.025, abs=1e-10)


@pytest.mark.parametrize("efficacy", ["pocock", "obrien-fleming-spending"])
def test_close_looks_are_quick(efficacy: str) -> None:
    """Power solved for; 3 to 11 seconds on a grid as fine as the looks are close."""
    begun = time.process_time()
    boundary((0.5, 0.500001, 1.0), efficacy=efficacy, power=0.8)
    assert time.process_time() - begun < 1.0


def test_the_comparison_by_hand_notices_a_limit() -> None:
    """Negative control: one limit moved by a millionth."""
    solved = boundary((0.5, 0.5001, 1.0), efficacy="pocock", drift=0.0)
    z = solved.efficacy_z
    wanted = by_hand((0.5, 0.5001), (z[0], z[1] + 1e-6, z[2]), 0.0)
    assert crossing(solved, 0.0).efficacy_up != pytest.approx(wanted, abs=1e-10)


@pytest.mark.parametrize(
    "plan",
    [
        {"fractions": (0.2, 0.2001, 0.7, 0.7001, 1.0), "efficacy": "pocock", "sided": 2},
        {"fractions": (0.5, 0.5002, 0.5003, 1.0), "efficacy": "obrien-fleming-spending", "alpha": 1e-6},
        {
            "fractions": (0.3, 0.9999, 1.0),
            "efficacy": "obrien-fleming",
            "futility": "kim-demets",
            "futility_parameters": {"rho": 2},
            "binding": True,
        },
    ],
)
def test_graded_and_equal_panels_agree(plan: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The grid for close looks gives what a grid as fine as their distance gives everywhere."""
    coarse = boundary(**plan, power=0.8)
    monkeypatch.setattr(sequential, "_PANELS", 10**6)
    fine = boundary(**plan, power=0.8)
    monkeypatch.setattr(sequential, "_PANELS", 5)
    coarsest = boundary(**plan, power=0.8)
    for other in (coarse, coarsest):
        assert other.efficacy_z == pytest.approx(fine.efficacy_z, abs=1e-11)
        assert other.drift == pytest.approx(fine.drift, abs=1e-11)
        assert other.p_efficacy_alternative == pytest.approx(fine.p_efficacy_alternative, abs=1e-12)


def test_looks_that_are_one_look_are_refused() -> None:
    with pytest.raises(BoundaryError, match="of the information apart, less than 1e-08: leave one"):
        boundary((0.5, 0.5 + 1e-9, 1.0))


HUNDRED_LOOKS: list[dict[str, Any]] = [
    {"efficacy": "pocock", "futility": "kim-demets", "futility_parameters": {"rho": 2}},
    {"efficacy": "pocock"},
    {"efficacy": "obrien-fleming-spending"},
    {
        "efficacy": "obrien-fleming",
        "futility": "kim-demets",
        "futility_parameters": {"rho": 2},
        "binding": True,
    },
]


@pytest.mark.parametrize(("sided", "plan"), repeated(product([1, 2], HUNDRED_LOOKS), fast=1))
def test_a_hundred_looks(sided: int, plan: dict[str, Any]) -> None:
    begun = time.process_time()
    solved = boundary(HUNDRED, sided=sided, power=0.9, **plan)
    assert time.process_time() - begun < 3 * PATIENCE
    assert solved.alpha_spent[-1] == pytest.approx(0.025, abs=1e-10)
    assert solved.power == pytest.approx(0.9, abs=1e-10)


def test_extreme_numbers_are_exact_too() -> None:
    """Tiny alpha at two looks against the bivariate normal by one integral; a drift of 200 always rejects."""
    solved = boundary((0.5, 1.0), alpha=1e-12, efficacy="pocock")
    c = solved.efficacy_z[0]
    assert solved.efficacy_z[1] == pytest.approx(c, rel=1e-12)
    second, _ = quad(
        lambda x: norm.pdf(x) * norm.sf(c * math.sqrt(2) - x), c - 12, c, epsabs=0, epsrel=1e-11, limit=500
    )
    assert norm.sf(c) + second == pytest.approx(1e-12, rel=1e-8)
    assert boundary((0.5, 0.500001, 1.0), drift=200.0).power == pytest.approx(1.0, abs=1e-12)
    assert boundary((0.5, 0.500001, 1.0), drift=-200.0).power == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("looks", "at_most"), repeated([([k / 5 for k in range(1, 6)], 0.4), (TWENTY, 0.2)]))
def test_binding_conditional_power_with_many_looks(looks: list[float], at_most: float) -> None:
    """Both kinds of limits belong to each other: alpha is exact, and conditional power as stated at each."""
    solved = boundary(
        looks,
        futility="conditional-power",
        futility_parameters={"at_most": at_most},
        binding=True,
    )
    assert solved.alpha_spent[-1] == pytest.approx(0.025, abs=1e-10)
    for look, z in enumerate(solved.futility_z[:-1], start=1):
        drift = z / math.sqrt(solved.fractions[look - 1])
        assert conditional_power(solved, look, z, drift) == pytest.approx(at_most, abs=1e-9)


def test_limits_that_spend_too_much_say_so() -> None:
    """Not that power .8 is below what they reject without effect."""
    with pytest.raises(BoundaryError, match=r"already spend 0\.9"):
        boundary(
            (1e-9, 1e-6, 1e-3, 0.999999, 1),
            efficacy="wang-tsiatis",
            efficacy_parameters={"delta": 1},
            power=0.8,
        )


# Two-sided beta spending


def inner_walk(
    fractions: list[float], high: tuple[float, ...], low: tuple[float, ...], drift: float
) -> list[float]:
    """P(stop for futility at each look), |Z| <= low, by plain trapezoid sums over a fixed fine grid."""
    x = np.linspace(-9, 13, 4401)
    step = x[1] - x[0]
    found, before = [], 0.0
    going = np.zeros(0)
    for t, up, futile in zip(fractions, high, low, strict=True):
        gained = t - before
        if before:
            kernel = norm.pdf(np.arange(-4400, 4401) * step, drift * gained, math.sqrt(gained))
            density = np.convolve(going, kernel)[4400 : 4400 + x.size] * step
        else:
            density = norm.pdf(x, drift * gained, math.sqrt(gained))
        z = x / math.sqrt(t)
        inside = (np.abs(z) <= futile).astype(float)
        found.append(float((density * inside).sum() * step))
        going = density * ((np.abs(z) < up) & (np.abs(z) > futile))
        before = t
    return found


TWO_SIDED = {
    "alpha": 0.05,
    "sided": 2,
    "efficacy": "pocock-spending",
    "futility": "pocock-spending",
}
FIVE = [0.2, 0.4, 0.6, 0.8, 1.0]


def pocock_type(t: float) -> float:
    return 0.2 * math.log(1 + (math.e - 1) * t)


@pytest.mark.parametrize("binding", [False, True])
def test_spend_gives_every_look_the_beta_of_its_function(binding: bool) -> None:
    parameters = {"beta": 0.2, "overlap": "spend"}
    solved = boundary(FIVE, futility_parameters=parameters, binding=binding, **TWO_SIDED)
    assert all(z > 0 for z in solved.futility_z[:-1])
    assert solved.beta_left == ()
    assert solved.drift is not None
    # beta is spent at the drift at which no side rejects with probability .2; power counts one side
    stops = inner_walk(FIVE, solved.efficacy_z, solved.futility_z, solved.drift)
    wanted = [pocock_type(FIVE[0])] + [pocock_type(b) - pocock_type(a) for a, b in pairwise(FIVE[:-1])]
    assert stops[:-1] == pytest.approx(wanted, abs=2e-3)
    assert sum(stops[:-1]) == pytest.approx(pocock_type(0.8), abs=2e-3)
    # the first look by hand: Phi(z - m) - Phi(-z - m), to the small difference of the two drifts
    mean, z = solved.drift * math.sqrt(0.2), solved.futility_z[0]
    assert norm.cdf(z - mean) - norm.cdf(-z - mean) == pytest.approx(0.05908, abs=2e-5)
    assert solved.alpha_spent[-1] == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize("overlap", [None, "skip"])
def test_skip_is_the_default_and_says_what_it_leaves(overlap: str | None) -> None:
    parameters = {"beta": 0.2} | ({} if overlap is None else {"overlap": overlap})
    solved = boundary(FIVE, futility_parameters=parameters, **TWO_SIDED)
    assert solved.futility_z[0] == -math.inf
    assert solved.beta_left[0] == pytest.approx(pocock_type(0.2), abs=1e-12)
    note = solved.to_json()["looks"][0]["note"]
    assert "beta 0.05908" in note
    assert "do not overlap" in note
    assert solved.beta_left[1:] == (0.0,) * 4


def test_where_every_look_overlaps_both_are_the_same() -> None:
    late = {"fractions": [0.6, 0.8, 1.0], **TWO_SIDED}
    skip, spend = (
        boundary(futility_parameters={"beta": 0.2, "overlap": overlap}, **late)
        for overlap in ("skip", "spend")
    )
    assert skip.futility_z == spend.futility_z
    assert skip.beta_left == ()


def test_an_unknown_overlap_is_refused() -> None:
    with pytest.raises(BoundaryError, match="overlap is 'ignore'"):
        boundary(FIVE, futility_parameters={"beta": 0.2, "overlap": "ignore"}, **TWO_SIDED)
