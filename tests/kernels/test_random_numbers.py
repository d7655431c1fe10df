"""The random numbers: known answers, accuracy, moments, tails, independence, addresses."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import chi2

from planner.kernels.jit import fma, kernel
from planner.kernels.random import streams
from planner.kernels.random.draw import draw
from planner.kernels.random.normals import minus_log, normal_pair, normals, unit
from planner.kernels.random.philox import LOW, SHIFT, STREAM, U, philox
from planner.kernels.tables import W
from tests.support.harness import Z_LIMIT
from tests.support.sample_trials import SEED

STREAMS = (
    streams.PATIENT,
    streams.COMPONENT,
    streams.PERIOD,
    streams.VISIT,
    streams.ALLOCATION,
    streams.TREATMENT,
)


@kernel
def _philox(counter, key, out):
    out[0], out[1], out[2], out[3] = philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1])


@kernel
def _minus_logs(y, out):
    for i in range(y.size):
        out[i] = minus_log(y[i])


@kernel
def _units(words, out):
    for i in range(words.size):
        out[i] = unit(words[i])


@kernel
def _pairs(a, b, first, second):
    for i in range(a.size):
        first[i], second[i] = normal_pair(a[i], b[i])


def words(a: Any) -> NDArray[np.uint64]:
    return np.array(a, np.uint64)


def of_pairs(a: Any, b: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.empty(len(a)), np.empty(len(a))
    _pairs(words(a), words(b), first, second)
    return first, second


# The known answers that Salmon et al. publish with Random123 (philox4x32, 10 rounds): counter, key, words.
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN, ids=["zeros", "ones", "pi"])
def test_philox_known_answers(counter: str, key: str, answer: str) -> None:
    out = np.zeros(4, np.uint64)
    _philox(*[words([int(x, 16) for x in text.split()]) for text in (counter, key)], out)
    assert [f"{int(x):08x}" for x in out] == answer.split()


def test_units_are_the_middles_of_their_cells() -> None:
    out = np.empty(4)
    _units(words([0, 1, 2**31, 2**32 - 1]), out)
    assert out.tolist() == [2.0**-33, 1.5 * 2.0**-32, 0.5 + 2.0**-33, 1.0 - 2.0**-33]


def test_logarithm_is_as_accurate_as_stated() -> None:
    """1e-11 relative, against the C library's, whose own error is far below that; near 1 against log1p."""
    grid = np.concatenate(
        [
            np.geomspace(2.0**-33, 1.0, 100_000, endpoint=False),
            1.0 - (np.arange(1, 50_000) - 0.5) * 2.0**-32,  # the words next to the largest
            (np.arange(50_000) + 0.5) * 2.0**-32,  # the smallest words
            math.sqrt(0.5) * (1.0 + np.linspace(-1e-9, 1e-9, 1001)),  # where the exponent changes
        ]
    )
    out = np.empty(grid.size)
    _minus_logs(grid, out)
    exact = np.array([-math.log1p(y - 1.0) if y > 0.5 else -math.log(y) for y in grid])
    assert np.abs(out / exact - 1.0).max() < 1e-11


def test_radius_is_as_accurate_as_stated() -> None:
    """To 5e-9: half of the error of its logarithm, times the largest radius."""
    inner = np.concatenate(
        [np.arange(20_000), 2**32 - np.arange(1, 20_001), np.arange(2**31, 2**31 + 20_000)]
    )
    inner = np.concatenate([inner, np.random.default_rng(1).integers(0, 2**32, 50_000)])
    first, second = of_pairs(inner, np.full(inner.size, 2**29))
    exact = np.array([math.sqrt(-2.0 * math.log((w + 0.5) * 2.0**-32)) for w in inner.tolist()])
    assert np.abs(np.hypot(first, second) - exact).max() < 5e-9


def test_angle_is_as_accurate_as_stated() -> None:
    """Radius times cosine and sine of the angle, to 6e-11 of the radius: every quarter, both ends of each."""
    inner = np.concatenate([np.arange(2_000), 2**29 + np.arange(-2_000, 2_000), 2**30 - np.arange(1, 2_001)])
    inner = np.concatenate([inner, np.random.default_rng(0).integers(0, 2**30, 50_000)])
    for quarter in range(4):
        first, second = of_pairs(np.full(inner.size, 2**31), inner + quarter * 2**30)
        radius = np.hypot(first, second)
        assert np.ptp(radius / radius[0]) < 1.5e-10
        angle = ((inner - 2**29).astype(float) * 2.0**-30 + 2.0**-31 + 0.5) * (math.pi / 2.0)
        signs = (-1.0 if quarter & 2 else 1.0, -1.0 if quarter & 1 else 1.0)
        exact = math.sqrt(-2.0 * math.log(0.5 + 2.0**-33))
        assert np.abs(first / exact - signs[0] * np.cos(angle)).max() < 1e-9
        assert np.abs(second / exact - signs[1] * np.sin(angle)).max() < 1e-9


def test_angle_is_uniform_over_the_whole_turn() -> None:
    """The four quarters tile the circle: the angles of an even grid of words are an even grid of angles.

    Quarters are mirror images, so that the grid is off by one of 2^32 cells where they meet.
    """
    b = np.arange(2**14) * 2**18 + 2**17
    first, second = of_pairs(np.full(b.size, 12345), b)
    turn = np.sort(np.arctan2(second, first))
    assert np.diff(turn) == pytest.approx(2.0 * math.pi / b.size, rel=5e-6)


def test_largest_normal() -> None:
    """The radius ends at sqrt(66 log 2) = 6.76: beyond it lies 1.4e-11 of a normal's weight."""
    first, second = of_pairs([0] * 4, [0, 2**30, 2**31, 3 * 2**30])
    largest = math.sqrt(66.0 * math.log(2.0))
    assert np.hypot(first, second) == pytest.approx(largest)
    first, second = of_pairs([2**32 - 1] * 4, [2**29, 2**30, 2**31, 3 * 2**30])
    assert np.hypot(first, second) == pytest.approx(math.sqrt(2.0**-32), rel=1e-6)


def test_fused_multiply_add_rounds_once() -> None:
    """Also where the kernels are plain Python; a product rounded by itself would give another answer."""
    from planner.kernels.jit import _plain_fma

    @kernel
    def each(x, y, z, out):
        for i in range(x.size):
            out[i] = fma(x[i], y[i], z[i])

    source = np.random.default_rng(1)
    x, y = source.standard_normal((2, 2_000))
    z = -x * y * (1.0 + source.choice([0.0, 2.0**-52, 1e-3], 2_000))
    special = np.array([0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan])
    x, y, z = (
        np.concatenate([a, np.array(b).ravel()])
        for a, b in zip((x, y, z), np.meshgrid(*[special] * 3), strict=True)
    )
    out = np.empty(x.size)
    each(x, y, z, out)
    plain = np.array([_plain_fma(*args) for args in zip(x, y, z, strict=True)])
    assert np.array_equal(plain, out, equal_nan=True)
    number = ~np.isnan(out)
    assert np.array_equal(np.signbit(plain[number]), np.signbit(out[number]))
    with np.errstate(invalid="ignore"):
        assert not np.array_equal(x * y + z, out, equal_nan=True)


# Normals as the simulation addresses them: trials first .. first + W, patients, one place.

_EDGES = 2_000  # cells of equal width on -6 .. 6 in the comparison of the whole distribution


@kernel
def _normal_sums(first, tiles, patients, k0, k1, moments, products, histogram):
    """Sums over tiles * patients * W * 4 normals of the stream of periods, and of their products."""
    trial = np.empty(W, np.uint64)
    word = np.empty((4, W), np.uint64)
    z = np.empty((4, W))
    before = np.zeros(W)
    for tile in range(tiles):
        for i in range(W):
            trial[i] = U(first + tile * W + i)
        before[:] = 0.0
        for p in range(patients):
            draw(trial, k0, k1, U(p), U(streams.PERIOD) << STREAM, word.reshape(-1))
            normals(word[0], word[1], z[0], z[1])
            normals(word[2], word[3], z[2], z[3])
            for i in range(W):
                a, b, c, d = z[0, i], z[1, i], z[2, i], z[3, i]
                products[0] += a * b  # the two of a pair
                products[1] += a * c
                products[2] += b * d
                products[3] += a * before[i]  # the patient before
                products[4] += (a * a - 1.0) * (b * b - 1.0)
                products[5] += (a * a - 1.0) * (c * c - 1.0)
                products[6] += (b * b - 1.0) * (d * d - 1.0)
                products[7] += a * z[0, (i + 1) % W]  # the next trial
                products[8] += a * b * b
                before[i] = d
                for j in range(4):
                    x = z[j, i]
                    moments[0] += x
                    moments[1] += x * x
                    moments[2] += x * x * x
                    moments[3] += x * x * x * x
                    cell = np.int64((x + 6.0) * (histogram.size / 12.0))
                    histogram[min(max(cell, 0), histogram.size - 1)] += 1


def _check_normals(total: float) -> None:
    patients = 25
    tiles = round(total / (4 * W * patients))
    n = tiles * W * patients * 4
    moments, products, histogram = np.zeros(4), np.zeros(9), np.zeros(_EDGES, np.int64)
    seed = np.uint64(SEED)
    _normal_sums(0, tiles, patients, seed & LOW, seed >> SHIFT, moments, products, histogram)
    z = (moments / n - [0.0, 1.0, 0.0, 3.0]) / np.sqrt(np.array([1.0, 2.0, 15.0, 96.0]) / n)
    spread = np.sqrt(np.array([1.0, 1.0, 1.0, 1.0, 4.0, 4.0, 4.0, 1.0, 3.0]) * (n / 4))
    together = products / spread
    print("moments 1 to 4:", np.round(z, 2), "products:", np.round(together, 2))
    assert np.abs(z).max() < Z_LIMIT
    assert np.abs(together).max() < Z_LIMIT
    edges = np.linspace(-6.0, 6.0, _EDGES + 1)
    weight = np.diff(ndtr(edges))
    weight[0] += ndtr(-6.0)
    weight[-1] += ndtr(-6.0)
    expected = weight * n
    enough = expected > 25.0
    surprise = float(((histogram - expected)[enough] ** 2 / expected[enough]).sum())
    print(f"chi-squared {surprise:.0f} on {enough.sum()} cells")
    assert 1e-6 < chi2.sf(surprise, enough.sum()) < 1.0 - 1e-6
    for limit in (2.4, 3.0, 3.6, 4.2, 4.8):
        beyond = 2.0 * float(ndtr(-limit)) * n
        if beyond > 25.0:
            seen = int(histogram[np.abs(edges[:-1] + 0.003) > limit].sum())
            print(f"|z| > {limit}: {seen}, expected {beyond:.1f}")
            assert abs(seen - beyond) < Z_LIMIT * math.sqrt(beyond)


def test_normals() -> None:
    _check_normals(1e7)


@pytest.mark.long
def test_normals_at_length() -> None:
    _check_normals(1e8)


# Addresses


def test_streams_have_numbers_of_their_own() -> None:
    assert len(set(STREAMS)) == len(STREAMS)
    assert (
        streams.PATIENT,
        streams.COMPONENT,
        streams.PERIOD,
        streams.VISIT,
        streams.ALLOCATION,
        streams.TREATMENT,
    ) == (
        0,
        1,
        2,
        3,
        4,
        5,
    )


def test_no_word_is_used_twice() -> None:
    """Every address of a small trial has words of its own."""
    out = np.zeros(4, np.uint64)
    seen: Counter[tuple[int, ...]] = Counter()
    key = words([SEED & 0xFFFFFFFF, SEED >> 32])
    for number in range(6):
        for patient in range(5):
            for stream in STREAMS:
                for index in range(4):
                    _philox(words([number, 0, patient, (stream << 16) + index]), key, out)
                    seen[tuple(int(x) for x in out)] += 1
    assert len(seen) == 6 * 5 * len(STREAMS) * 4
