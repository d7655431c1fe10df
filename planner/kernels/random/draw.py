"""Random numbers addressed by what they are for, never by when they are drawn.

A draw is four 32-bit words of Philox4x32-10 under the key `seed` at the counter (trial low, trial high,
patient, stream * 2^16 + index).
"""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import lanes
from planner.kernels.random.normals import normals
from planner.kernels.random.philox import LOW, SHIFT, U, four
from planner.kernels.tables import W

_HALF, _QUARTER = W // 2, W // 4


@lanes
def _keep(words, to, i):
    """Lane i of four rows behind each other."""
    to[i] = words[0] & LOW
    to[i + W] = words[1] & LOW
    to[i + 2 * W] = words[2] & LOW
    to[i + 3 * W] = words[3] & LOW


@lanes
def draw(trial, k0, k1, patient, place, word):
    """word u64[4 * W]: the four words of all lanes; place = stream * 2^16 + index.

    trial u64[W] are those of a tile, whose high halves are the same.
    """
    high = trial[0] >> SHIFT
    for i in range(_QUARTER):
        j, k, m = i + _QUARTER, i + 2 * _QUARTER, i + 3 * _QUARTER
        a, b = (trial[i], high, patient, place), (trial[j], high, patient, place)
        c, d = (trial[k], high, patient, place), (trial[m], high, patient, place)
        a, b, c, d = four(a, b, c, d, k0, k1)
        _keep(a, word, i)
        _keep(b, word, j)
        _keep(c, word, k)
        _keep(d, word, m)


@lanes
def draw_two(trial, k0, k1, patient, place, other, word):
    """word u64[8 * W]: the words of two places, in one pass."""
    high = trial[0] >> SHIFT
    for i in range(_HALF):
        j = i + _HALF
        a, b = (trial[i], high, patient, place), (trial[i], high, patient, other)
        c, d = (trial[j], high, patient, place), (trial[j], high, patient, other)
        a, b, c, d = four(a, b, c, d, k0, k1)
        _keep(a, word, i)
        _keep(b, word, i + 4 * W)
        _keep(c, word, j)
        _keep(d, word, j + 4 * W)


@lanes
def copy(row, out):
    for i in range(W):
        out[i] = row[i]


@lanes
def draw_words(trial, k0, k1, patient, draws, word):
    """word u64[4 * draw * W]: every word of one patient of all lanes."""
    places = draws.place.size
    for d in range(0, places - 1, 2):
        to = word[4 * d * W : (4 * d + 8) * W]
        draw_two(trial, k0, k1, U(patient), draws.place[d], draws.place[d + 1], to)
    if places % 2 == 1:
        last = places - 1
        draw(trial, k0, k1, U(patient), draws.place[last], word[4 * last * W : (4 * last + 4) * W])


@lanes
def normal_rows(draws):
    """Rows of normals that `draw_all` fills."""
    last = np.int64(0)
    for j in range(draws.pair.shape[0]):
        last = max(last, draws.pair[j, 2])
    return last + 2


@lanes
def draw_all(trial, k0, k1, patient, draws, word, normal):
    """Everything random about one patient of all lanes.

    word u64[4 * draw * W] and normal f64[row * W] are filled.
    """
    draw_words(trial, k0, k1, patient, draws, word)
    for j in range(draws.pair.shape[0]):
        a, b, to = draws.pair[j, 0] * W, draws.pair[j, 1] * W, draws.pair[j, 2] * W
        normals(word[a:], word[b:], normal[to:], normal[to + W :])
