"""The type I error of t tests at several looks: against quadrature of another kind, and plain simulation."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from scipy.special import ndtr, stdtrit

from planner.monitoring.boundaries import boundary
from planner.monitoring.t_looks import TLook as Look
from planner.monitoring.t_looks import type_one_error

# Two looks of a balanced AB/BA trial: numerical integration over the means and the spread (chi-square),
# tolerance 1e-8 of the level; independent of the law used here.
KNOWN = [
    ((12, 30), (3.3568693560910097, 1.9622681971022755), 1, 0.025087762041408068),
    ((6, 12), (2.7499659318352183, 1.981131471741329), 1, 0.025831033988909916),
    ((12, 24), (2.9625880427275666, 1.9685956405936567), 2, 0.05055435953184069),
]
TRIALS = 200_000


def looks(counts: tuple[int, ...], z: tuple[float, ...], lost: int = 2) -> list[Look]:
    return [Look(n / counts[-1], n - lost, limit, -math.inf) for n, limit in zip(counts, z, strict=True)]


@pytest.mark.parametrize(("counts", "z", "sided", "error"), KNOWN)
def test_two_looks_against_quadrature(
    counts: tuple[int, ...], z: tuple[float, ...], sided: int, error: float
) -> None:
    assert type_one_error(looks(counts, z), sided) == pytest.approx(error, abs=1e-6)


@pytest.mark.parametrize(("counts", "z", "sided", "error"), KNOWN)
def test_the_comparison_notices_a_degree_of_freedom(
    counts: tuple[int, ...], z: tuple[float, ...], sided: int, error: float
) -> None:
    """Negative control: one degree of freedom less than there is must not pass."""
    assert type_one_error(looks(counts, z, lost=3), sided) != pytest.approx(error, abs=1e-6)


def simulated(
    counts: tuple[int, ...], z: tuple[float, ...], sided: int, sequences: int, adjusts: bool
) -> float:
    """Share of trials without effect that reject: contrasts by sequence, least squares by hand."""
    rng = np.random.default_rng(20_261_130)
    rejected = 0
    for _ in range(TRIALS // 20_000):
        shape = (20_000, counts[-1] // sequences, sequences)
        x, b = rng.standard_normal(shape), rng.standard_normal(shape)
        done = np.zeros(20_000, bool)
        for n, limit in zip(counts, z, strict=True):
            xs, bs = x[:, : n // sequences], b[:, : n // sequences]
            dx, db = xs - xs.mean(1, keepdims=True), bs - bs.mean(1, keepdims=True)
            sxx, sxb, sbb = ((u * v).sum((1, 2)) for u, v in ((dx, dx), (dx, db), (db, db)))
            mean, base = xs.mean((1, 2)), bs.mean((1, 2))
            df, variance = n - sequences, np.full(20_000, 1 / n)
            if adjusts:
                slope = sxb / sbb
                mean, sxx, df = mean - slope * base, sxx - slope * sxb, df - 1
                variance = variance + base**2 / sbb
            t = mean / np.sqrt(sxx / df * variance)
            critical = -stdtrit(df, ndtr(-limit))
            done |= (np.abs(t) if sided == 2 else t) >= critical
        rejected += int(done.sum())
    return rejected / TRIALS


@pytest.mark.long
@pytest.mark.parametrize(
    ("counts", "sided", "sequences", "adjusts"),
    [
        ((4, 8, 12), 2, 2, False),
        ((4, 8, 12), 1, 2, False),
        ((4, 8, 12), 2, 2, True),
        ((6, 12), 2, 2, True),
        ((12, 18, 24), 2, 6, False),
        ((4, 6, 8, 12), 2, 1, False),
        ((9, 10, 11), 1, 1, False),
    ],
)
def test_against_plain_simulation(counts: tuple[int, ...], sided: int, sequences: int, adjusts: bool) -> None:
    """Also with a baseline in the model, whose chance imbalance takes information."""
    alpha = 0.05 if sided == 2 else 0.025
    z = boundary([n / counts[-1] for n in counts], alpha=alpha, sided=sided, efficacy="pocock").efficacy_z
    df = [n - sequences - adjusts for n in counts]
    weight = [n * (d + 1) / (d + 2) if adjusts else n for n, d in zip(counts, df, strict=True)]
    found = type_one_error(
        [Look(w / weight[-1], d, limit, -math.inf) for w, d, limit in zip(weight, df, z, strict=True)], sided
    )
    share = simulated(counts, z, sided, sequences, adjusts)
    assert abs(found - share) < 4 * math.sqrt(share / TRIALS)
    assert found > alpha


@pytest.mark.parametrize(
    "fractions", [(0.5, 1.0), (0.5, 0.5002, 1.0), (0.2, 0.4, 0.6, 0.8, 1.0), (0.98, 0.99, 1.0)]
)
@pytest.mark.parametrize("sided", [1, 2])
def test_with_many_patients_it_is_alpha(fractions: tuple[float, ...], sided: int) -> None:
    z = boundary(fractions, alpha=0.05, sided=sided, efficacy="pocock").efficacy_z
    patients = 1_000_000
    found = [Look(f, round(f * patients), limit, -math.inf) for f, limit in zip(fractions, z, strict=True)]
    assert type_one_error(found, sided) == pytest.approx(0.05, abs=1e-5)


def test_one_look_has_its_own_level() -> None:
    assert type_one_error([Look(1.0, 3, 1.959963984540054, -math.inf)], 2) == pytest.approx(0.05, abs=1e-12)


def test_binding_futility_takes_rejections_away() -> None:
    """Against simulation: a trial that stopped for futility never rejects."""
    counts, z = (6, 12), (2.5, 1.98)
    with_futility = [
        Look(0.5, 4, z[0], 0.0),
        Look(1.0, 10, z[1], -math.inf),
    ]
    rng = np.random.default_rng(5)
    x = rng.standard_normal((400_000, 6, 2))
    t = []
    for n in counts:
        xs = x[:, : n // 2]
        rest = ((xs - xs.mean(1, keepdims=True)) ** 2).sum((1, 2))
        t.append(xs.mean((1, 2)) / np.sqrt(rest / (n - 2) / n))
    first = t[0] >= -stdtrit(4, ndtr(-z[0]))
    last = (t[1] >= -stdtrit(10, ndtr(-z[1]))) & (t[0] > 0)
    share = float((first | last).mean())
    assert abs(type_one_error(with_futility, 1) - share) < 4 * math.sqrt(share / 400_000)
    assert type_one_error(with_futility, 1) < type_one_error(looks(counts, z), 1)


def test_it_is_quick() -> None:
    """Three looks take a small part of a second, so that every run can say it."""
    z = boundary((1 / 3, 2 / 3, 1), alpha=0.05, sided=2, efficacy="pocock").efficacy_z
    begun = time.process_time()
    type_one_error(looks((16, 32, 48), z), 2)
    assert time.process_time() - begun < 1.0
