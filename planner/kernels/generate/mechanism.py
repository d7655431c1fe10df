"""Family `mechanism`: draws, patient features, improvements, scores. It knows numbers, no pharmacology.

    R     = sum over features of coef x feature,  feature = size of the patient's component x 2^(-days x rate)
    score = clip(round(severity (1 - min(1, R) + occasion) + rating error + period effect))

and before dosing severity (1 - min(1, R)) + rating error, R then being what earlier periods have left. What
needs a logarithm or a power is computed once for a patient (kernels.generate.patient); each hypothesis is a
small matrix over the features.
"""

from __future__ import annotations

import numpy as np

from planner.kernels.generate.blinding import guess_now, improve_as_guessed
from planner.kernels.generate.course import CourseSoFar, Visit
from planner.kernels.generate.dropout import clear, drive, leave_after
from planner.kernels.generate.patient import Patient, draw_patient, feature_rows
from planner.kernels.generate.readings import (
    observe,
    observe_eight,
    observe_entry,
    observe_four,
    observe_two,
    read,
)
from planner.kernels.generate.return_to_baseline import wait, wait_for_secondary
from planner.kernels.generate.secondary_outcomes import observe_secondary
from planner.kernels.jit import fma, kernel, lanes
from planner.kernels.random.draw import copy, normal_rows
from planner.kernels.random.philox import LOW, SHIFT, U
from planner.kernels.tables import W


@lanes
def _improvement(f, c, width, r):
    """r f64[W] = sum of coef x feature, any number of features."""
    for i in range(W):
        r[i] = 0.0
    for k in range(width):
        w = c[k]
        row = f[k * W : (k + 1) * W]
        for i in range(W):
            r[i] = fma(w, row[i], r[i])


@lanes
def _score(tables, at, patient, course, out):
    """out f64[W]: the scores of a visit as if nobody had waited."""
    h, s, k, v = at.h, at.s, at.k, at.v
    low, high, step, rounded = tables.scale[0], tables.scale[1], tables.scale[2], tables.scale[3] > 0.0
    so, se = tables.noise[0], tables.noise[1]
    whole = rounded and step == 1.0
    start, width = tables.span[h, k, v, 0], tables.span[h, k, v, 1]
    c = tables.coef[h, s, k, v]
    first = (v * feature_rows(tables) + start) * W
    f = patient.feature[first : first + width * W]
    true, o, e, shift = patient.true, at.occasion, at.error, at.shift
    if tables.blinding.coef.size > 0:
        yes, ago = tables.blinding.coef[h, s, k, v], tables.blinding.ago[start:]
        improve_as_guessed(f, c, yes, ago, k, width, course.guess, course.r)
        observe(course.r, true, o, e, so, se, shift, low, high, step, rounded, out)
    elif whole and width == 0:
        observe_entry(true, e, se, low, high, out)
    elif whole and width == 2:
        observe_two(f, c, true, o, e, so, se, shift, low, high, out)
    elif whole and width == 4:
        observe_four(f, c, true, o, e, so, se, shift, low, high, out)
    elif whole and width == 8:
        observe_eight(f, c, true, o, e, so, se, shift, low, high, out)
    else:
        _improvement(f, c, width, course.r)
        observe(course.r, true, o, e, so, se, shift, low, high, step, rounded, out)


@lanes
def _before_improvement(tables, at, patient, course):
    """When the dosing has come: secondary outcomes, and what the patient guesses."""
    visits, outcomes = tables.feature.shape[1] - 1, tables.secondary.span.shape[0]
    y = course.y[visits * W :]
    if outcomes > 0:
        observe_secondary(tables.secondary, at.h, at.s, at.k, patient.feature, patient.normal, y)
        wait_for_secondary(tables.return_to_baseline, (tables, at, patient, course, y))
    if tables.blinding.odds.size > 0:
        guess_now(tables.blinding, at.k, patient.word, y, patient.none, course.felt, course.guess)
        copy(course.guess[at.k * W : (at.k + 1) * W], y[2 * outcomes * W :])


@lanes
def _read(tables, k, baseline, patient, course, stored):
    """Every reading of period k, into stored f64[reading, period * W]."""
    visits, y = tables.feature.shape[1] - 1, course.y
    for j in range(tables.readings.shape[0]):
        v = np.int64(tables.readings[j, 1])
        here = patient.gone[(k + 1) * W : (k + 2) * W]
        before = baseline if v < visits else y[(v + 1) * W : (v + 2) * W]
        read(tables.readings[j], y[v * W : (v + 1) * W], before, here, stored[j, k * W : (k + 1) * W])


@lanes
def _leave(tables, s, k, baseline, patient, course):
    """Who leaves after period k, by its scores."""
    x, eta = course.r, course.eta
    clear(eta)
    for d in range(tables.dropout.driver.shape[0]):
        v = np.int64(tables.dropout.driver[d, 1])
        read(tables.dropout.driver[d], course.y[v * W : (v + 1) * W], baseline, patient.none, x)
        drive(tables.dropout.driver[d], x, eta)
    leave_after(tables.dropout, s, k, patient.word, tables.rows[0], eta, patient.gone)


@lanes
def _simulate(trial, k0, k1, plan, tables, sequence, patient, course, values):
    """All patients of a tile: sequence i64[patient]; values f64[patient, hypothesis, reading, period * W].

    The loops stand in one function: each level of helpers is compiled, and optimised, with all below it.
    """
    readings, visits, periods = values.shape[2], tables.feature.shape[1] - 1, plan.leave.size
    kept = readings > tables.readings.shape[0]
    depends = tables.dropout.chance.shape[0] > 0
    y, normal = course.y, patient.normal
    for p in range(values.shape[0]):
        draw_patient(trial, k0, k1, p, plan, tables, patient)
        s = sequence[p]
        for h in range(tables.place.size):
            stored = values[p, tables.place[h]]
            waits = stored[readings - 1] if kept else course.unread
            for k in range(periods):
                twin = tables.twin[h, s, k]
                if twin < h:
                    for j in range(readings):
                        same = values[p, tables.place[twin], j, k * W : (k + 1) * W]
                        copy(same, stored[j, k * W : (k + 1) * W])
                    continue
                for v in range(visits):
                    row, occasion = (tables.errors[v] + k * tables.rows[2]) * W, (tables.rows[1] + k) * W
                    o = normal[occasion : occasion + W] if v > 0 else patient.none
                    at = Visit(h, s, k, v, o, normal[row : row + W], tables.shift[k] if v > 0 else 0.0)
                    out = y[v * W : (v + 1) * W]
                    _score(tables, at, patient, course, out)
                    wait(tables.return_to_baseline, (tables, at, patient, course, out, waits))
                    if v == 0:
                        _before_improvement(tables, at, patient, course)
                if k == 0:
                    copy(y[:W], course.entered)  # before the first dose all hypotheses agree
                baseline = course.entered if tables.first else y[:W]
                _read(tables, k, baseline, patient, course, stored)
                if depends and k + 1 < periods:
                    _leave(tables, s, k, baseline, patient, course)


@kernel
def generate(first, seed, plan, tables, sequence, values):
    """values f64[tile, patient, hypothesis, reading, period * W] of the trials first .. first + tiles * W."""
    periods, visits = plan.leave.size, tables.feature.shape[1] - 1
    trial = np.empty(W, np.uint64)
    patient = Patient(
        word=np.empty(4 * tables.draws.place.size * W, np.uint64),
        normal=np.zeros(normal_rows(tables.draws) * W),
        true=np.empty(W),
        size=np.empty(tables.source.shape[0] * W),
        rate=np.empty(tables.rates.shape[0] * W),
        left=np.empty((tables.decays.shape[0] + 1) * W),
        feature=np.zeros(visits * feature_rows(tables) * W),
        gone=np.zeros((periods + 1) * W),
        none=np.zeros(W),
    )
    course = CourseSoFar(
        y=np.zeros((visits + 2 * tables.secondary.span.shape[0] + 2) * W),
        entered=np.empty(W),
        guess=np.empty(periods * W),
        felt=np.empty(W),
        waited=np.zeros(periods * W),
        history=np.zeros(W, np.int64),
        r=np.empty(W),
        eta=np.empty(W),
        scratch=np.empty(3 * W),
        unread=np.empty(periods * W),
    )
    k0, k1 = seed & LOW, seed >> SHIFT
    for tile in range(values.shape[0]):
        for i in range(W):
            trial[i] = U(first + tile * W + i)
        _simulate(trial, k0, k1, plan, tables, sequence[tile], patient, course, values[tile])
