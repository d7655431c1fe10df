"""Patients to sequences, in blocks of random order."""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import kernel
from planner.kernels.random.philox import LOW, SHIFT, STREAM, U, philox
from planner.kernels.random.streams import ALLOCATION
from planner.kernels.tables import W

_I32 = np.int64(32)


@kernel
def allocate(first, seed, unit, sequence):
    """sequence i64[tile, patient]: permuted blocks of `unit` (block,), one list for the trials of a tile.

    Fisher and Yates's shuffle within each block: place i of a block changes with place w (i + 1) >> 32, w
    being the word of the patient at i (bias below 1e-8). A patient's place never depends on how many
    follow.
    """
    tiles, patients = sequence.shape
    size = unit.size
    k0 = seed & LOW
    k1 = seed >> SHIFT
    word = np.empty((patients + size - 1) // size * size, np.int64)
    place = np.empty(word.size, np.int64)
    for tile in range(tiles):
        number = U(first // W + tile)
        for p in range(word.size):
            w, _, _, _ = philox(number & LOW, number >> SHIFT, U(p), U(ALLOCATION) << STREAM, k0, k1)
            word[p] = np.int64(w)
        for start in range(0, word.size, size):
            for i in range(size):
                place[start + i] = unit[i]
            for i in range(size - 1, 0, -1):
                j = (word[start + i] * (i + 1)) >> _I32
                place[start + i], place[start + j] = place[start + j], place[start + i]
        for p in range(patients):
            sequence[tile, p] = place[p]
