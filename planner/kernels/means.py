"""Family `means`: draws, then scores. It knows no treatment names.

score[i, k] = constant + level_i + residual_ik + interaction_ia, then rounding and clipping if the scale has
steps and bounds; before dosing a baseline with its own share of the same normals. Missing values are NaN.
"""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import fma, kernel, lanes
from planner.kernels.rng import (
    ALLOCATION,
    LOW,
    PATIENT,
    PERIOD,
    SHIFT,
    STREAM,
    TREATMENT,
    VISIT,
    U,
    W,
    copy,
    draw,
    normals,
    philox,
    stay,
)
from planner.kernels.tables import (
    BASELINE_ERROR,
    BASELINE_LEVEL,
    CONSTANT,
    INTERACTION,
    PATIENT_LEVEL,
    RESIDUAL,
)

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


@lanes
def draw_patient(trial, k0, k1, p, leave, rich, baseline, word, level, residual, gone, error, interaction):
    """Everything random about one patient of all lanes.

    level f64[2, W], residual, error f64[period, W], interaction f64[treatment, W] are filled; word u64[4,
    W] is scratch. gone f64[1 + period, W] is 0, or NaN from the period before which the patient leaves; its
    first row stays 0.
    """
    w0, w1, w2, w3 = word[0], word[1], word[2], word[3]
    draw(trial, k0, k1, U(p), U(PATIENT) << STREAM, w0, w1, w2, w3)
    normals(w1, w2, level[0], level[1])
    periods = leave.size
    for k in range(0, periods, 2):
        draw(trial, k0, k1, U(p), (U(PERIOD) << STREAM) + U(k // 2), w0, w1, w2, w3)
        normals(w2, w3, residual[k], residual[k + 1])
        for j in range(k, min(k + 2, periods)):
            if leave[j] > 0.0:
                stay(word[j - k], leave[j], gone[j], gone[j + 1])
            elif j > 0:
                copy(gone[j], gone[j + 1])
    if baseline:
        for k in range(periods):
            draw(trial, k0, k1, U(p), (U(VISIT) << STREAM) + U(64 * k), w0, w1, w2, w3)
            normals(w0, w1, error[k], interaction[0])
    if rich:
        for a in range(0, interaction.shape[0], 4):
            draw(trial, k0, k1, U(p), (U(TREATMENT) << STREAM) + U(a // 4), w0, w1, w2, w3)
            normals(w0, w1, interaction[a], interaction[a + 1])
            normals(w2, w3, interaction[a + 2], interaction[a + 3])


@lanes
def _score(c, low, high, size, level, residual, gone, out):
    """Level and residual only, in one pass: whole steps, halves up (the constant carries the half),
    clipped.
    """
    constant = c[CONSTANT] + 0.5
    a = c[PATIENT_LEVEL]
    b = c[RESIDUAL]
    for i in range(W):
        x = fma(b, residual[i], fma(a, level[i], constant))
        out[i] = min(max(np.floor(x), low), high) * size + gone[i]


@lanes
def _score_unrounded(c, low, high, level, residual, gone, out):
    constant = c[CONSTANT]
    a = c[PATIENT_LEVEL]
    b = c[RESIDUAL]
    for i in range(W):
        x = fma(b, residual[i], fma(a, level[i], constant))
        out[i] = min(max(x, low), high) + gone[i]


@lanes
def _respond(c, level, residual, gone, out):
    """1 where the latent score is at most 0."""
    constant = c[CONSTANT]
    a = c[PATIENT_LEVEL]
    b = c[RESIDUAL]
    for i in range(W):
        x = fma(b, residual[i], fma(a, level[i], constant))
        out[i] = (1.0 if x <= 0.0 else 0.0) + gone[i]


@lanes
def _score_of_all(c, low, high, size, rounded, level, second, residual, error, interaction, gone, out):
    """Every feature: baselines and patient-by-treatment interaction too."""
    constant = c[CONSTANT]
    c1 = c[PATIENT_LEVEL]
    c2 = c[BASELINE_LEVEL]
    c3 = c[RESIDUAL]
    c4 = c[BASELINE_ERROR]
    c5 = c[INTERACTION]
    for i in range(W):
        x = fma(c2, second[i], fma(c3, residual[i], fma(c1, level[i], constant)))
        x = fma(c5, interaction[i], fma(c4, error[i], x))
        x = np.floor(x + 0.5) if rounded else x
        out[i] = min(max(x, low), high) * size + gone[i]


@kernel
def generate(first, seed, plan, world, sequence, values):
    """values f64[tile, patient, hypothesis, reading, period * W] of the trials first .. first + tiles * W."""
    tiles, patients, _, readings, _ = values.shape
    hypotheses = world.place.size
    periods = plan.leave.size
    k0 = seed & LOW
    k1 = seed >> SHIFT
    coef = world.coef
    visits = world.visits
    low, high, size, steps = world.scale[0], world.scale[1], world.scale[2], world.scale[3]
    rounded = steps > 0.0
    rich = world.interacts > 0
    baseline = False
    for r in range(readings):
        baseline = baseline or visits[r] == 0
    trial = np.empty(W, np.uint64)
    word = np.empty((4, W), np.uint64)
    level = np.zeros((2, W))
    residual = np.zeros((periods + 1, W))
    gone = np.zeros((periods + 1, W))
    error = np.zeros((periods, W))
    interaction = np.zeros(((world.interacts + 3) // 4 * 4 + 4, W))
    for tile in range(tiles):
        for i in range(W):
            trial[i] = U(first + tile * W + i)
        for p in range(patients):
            draw_patient(
                trial, k0, k1, p, plan.leave, rich, baseline, word, level, residual, gone, error, interaction
            )
            s = sequence[tile, p]
            for h in range(hypotheses):
                for k in range(periods):
                    for r in range(readings):
                        if visits[r] < 0:
                            continue
                        c = coef[h, s, k, visits[r]]
                        out = values[tile, p, world.place[h], r, k * W : (k + 1) * W]
                        if world.binary:
                            _respond(c, level[0], residual[k], gone[k + 1], out)
                        elif rich or baseline:
                            _score_of_all(
                                c, low, high, size, rounded, level[0], level[1], residual[k], error[k],
                                interaction[world.treatment[s, k]], gone[k + 1], out,
                            )  # fmt: skip
                        elif rounded:
                            _score(c, low, high, size, level[0], residual[k], gone[k + 1], out)
                        else:
                            _score_unrounded(c, low, high, level[0], residual[k], gone[k + 1], out)
