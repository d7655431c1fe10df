"""How densely a hypothesis covers the results of endless patients: no bandwidth, edges kept.

With endless patients a trial gives the means f(u) themselves, and the weights follow from their densities

    p(y) = integral of p(u) Normal(y; f(u), E) du

over the uncertain numbers u; E is what the polynomial f leaves, and the noise of _ENDLESS patients. The
integral is a sum over many u near those that give y. A u that gives another f is moved to where the tangent
of f gives y, and counts with the density of the numbers there: none beyond their limits. So what is uniform
stays uniform up to its edge, which kernels would smear, and the width of the neighbourhood matters only where
f bends (the adjustment by regression of Beaumont, Zhang and Balding 2002, Genetics 162:2025, with exact
slopes). For this the u are drawn beyond their limits as far as neighbours reach.

    u' = u + h^2 J' (h^2 J J' + E)^-1 (y - f(u))           J: slope of f at u, h: width of the neighbourhood
    p(y) = mean of  p(u') / q(u)  Normal(y - f(u); 0, h^2 J J' + E)           u from q, numbers in units of SD
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from planner._special import ndtri
from planner.engine.cohort import Call, plainly
from planner.engine.executors import LITTLE_MEMORY, GoOn, Parts, WorkerMemory, in_full, pieces
from planner.kernels.near_density import TERMS, log_totals, near_densities, sort_pairs
from planner.kernels.tables import Floats, Ints
from planner.questions.discriminate.polynomial import Polynomial

_NARROW = 3.0  # directions in which means vary by less than so many SDs of E need no neighbours
_PILOT = 1 << 12
_NEAR, _MOST_NEAR = 48, 128  # neighbours of a point
_RADIUS = 0.6  # SDs of what a hypothesis covers: no neighbourhood need be smaller
_REACH = 0.8  # of the radius of the neighbours, over the root of dimensions + 2: h in units of the spread
_BEYOND = 1.5  # h that the numbers are drawn beyond their limits
_FARTHEST = 0.6  # share of a range that they are drawn beyond it, at most
_AROUND = 8  # neighbours that give how steep f is at a point
_AT_ONCE = 1 << 14  # points
_UNIFORM_SD = 1.0 / math.sqrt(3.0)  # of a number between -1 and 1


@dataclass(frozen=True)
class Numbers:
    """What the numbers that matter are drawn from: uniform between -1 and 1, or standard normal."""

    uniform: Floats  # (number,) 1 or 0

    @property
    def sd(self) -> Floats:
        """f64[number]."""
        return np.where(self.uniform > 0.0, _UNIFORM_SD, 1.0)

    def spread(self, u: Floats, beyond: Floats) -> Floats:
        """Numbers of uniforms f64[row, number] between 0 and 1; uniform ones go beyond their limits."""
        return np.where(self.uniform > 0.0, (2.0 * u - 1.0) * (1.0 + beyond), ndtri(u))


@dataclass(frozen=True)
class LimitDensity:
    """A hypothesis at many values of its numbers."""

    at: Floats  # (part, number)
    mean: Floats  # (part, summary) f, in units of E
    turn: Floats  # (part, direction, summary)
    size: Floats  # (part, direction) variances of f along the directions, in units of E, for h = 1
    back: Floats  # (part, number, direction)
    numbers: Numbers
    root: Floats  # (summary, summary) inverse root of E
    broad: Floats  # (summary, axis) to the space in which neighbours are sought
    near: int  # neighbours of a point
    stretch: Floats  # (part,) how far the numbers move what is sought there, for h = 1
    tree: cKDTree | None
    constant: float

    def log(self, y: Floats) -> Floats:
        """Log density f64[row] at y f64[row, summary], without the constant of the normal distribution."""
        y = y @ self.root.T
        total = np.empty(len(y))
        for a in range(0, len(y), _AT_ONCE):
            self._add_up(y[a : a + _AT_ONCE], total[a : a + _AT_ONCE])
        return np.maximum(total, -1e300) + self.constant

    def _add_up(self, y: Floats, total: Floats, call: Call = plainly) -> None:
        near, h = self._near(y)
        order, first = np.empty(near.size, np.int64), np.empty(len(self.mean) + 1, np.int64)
        call(sort_pairs, 0, near.ravel(), first, order)
        log = np.empty(near.shape)
        y, mean, turn, back = (_filled_up(each) for each in (y, self.mean, self.turn, self.back))
        rest = turn, self.size, back, self.at, self.numbers.uniform
        call(near_densities, 0, order, first, near.shape[1], y, h * h, mean, *rest, log)
        call(log_totals, 0, log, total)

    def _near(self, y: Floats) -> tuple[Ints, Floats]:
        """Places i64[row, neighbour] of the parts near to y, and the width h f64[row]."""
        if self.tree is None:
            return np.zeros((len(y), 1), np.int64), np.zeros(len(y))
        distance, near = self.tree.query(y @ self.broad, self.near)
        width = _width(distance[:, -1], self.broad.shape[1])
        return np.asarray(near, np.int64), width / self.stretch[near[:, :_AROUND]].mean(axis=1)


def _filled_up(x: Floats) -> Floats:
    """The last axis lengthened with 0 to a multiple of TERMS; in C order, as kernels are compiled for one."""
    return np.ascontiguousarray(np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, -x.shape[-1] % TERMS)]))


def list_density_kernels(call: Call) -> None:
    """Calls what `LimitDensity.log` calls, of one part with one number and one summary."""
    one, nowhere = np.zeros((1, 1)), np.empty((1, 0))
    flat = Numbers(np.zeros(1))
    density = LimitDensity(one, one, one[None], one, one[None], flat, one, nowhere, 1, np.ones(1), None, 0.0)
    density._add_up(one, np.empty(1), call)


def _width(radius: Floats, axes: int) -> Floats:
    width: Floats = _REACH * radius / math.sqrt(axes + 2.0)
    return width


def limit_density(
    f: Polynomial, numbers: Numbers, error: Floats, parts: int, generator: np.random.Generator
) -> LimitDensity:
    """What a hypothesis covers. error f64[summary, summary]: E."""
    root = np.linalg.inv(np.linalg.cholesky(error))
    count = len(f.numbers)
    log_root = float(np.log(np.diag(root)).sum())
    nothing = np.zeros(count)
    at = numbers.spread(_uniforms(generator, _PILOT, count), nothing)
    mean = f.value(at) @ root.T
    size, axes = np.linalg.eigh(np.cov(mean.T).reshape(root.shape))
    broad = axes[:, size > _NARROW**2] / np.sqrt(size[size > _NARROW**2])
    if count == 0 or broad.shape[1] == 0:
        return _alone(f, numbers, root, mean, size, axes, log_root)
    near, width = _neighbours(mean @ broad, parts)
    beyond = _beyond(f, numbers, root, at, broad, width)
    at = numbers.spread(_uniforms(generator, parts, count), beyond)
    mean = f.value(at) @ root.T
    slope = np.einsum("nm,pmj->pnj", root, f.slope(at)) * numbers.sd
    variance, turn = np.linalg.eigh(slope @ slope.transpose(0, 2, 1))
    turn = turn.transpose(0, 2, 1)
    back = np.einsum("pmj,pnm->pjn", slope, turn) * numbers.sd[:, None]
    constant = log_root - math.log(parts) + float((np.log1p(beyond) * numbers.uniform).sum())
    size = np.maximum(variance, 0.0)
    across = np.einsum("nb,pnj->pbj", broad, slope)
    stretch = np.sqrt(np.maximum((across**2).sum(axis=(1, 2)) / broad.shape[1], 1e-12))
    return LimitDensity(
        at, mean, turn, size, back, numbers, root, broad, near, stretch, cKDTree(mean @ broad), constant
    )


def _neighbours(z: Floats, parts: int) -> tuple[int, float]:
    """How many of so many parts are neighbours, and the width h, from a few parts z f64[row, axis]."""
    axes, tree = z.shape[1], cKDTree(z)
    inside = float(np.median(tree.query_ball_point(z[:256], _RADIUS, return_length=True)))
    near = int(min(max(inside * parts / len(z), _NEAR), _MOST_NEAR, parts))
    share = min(max(near * len(z) / parts, 8.0), len(z) - 1.0)
    distance = tree.query(z[:256], [round(share)])[0][:, 0]
    scale = (near * len(z) / parts / round(share)) ** (1.0 / axes)
    return near, float(np.median(_width(distance, axes))) * scale


def _beyond(f: Polynomial, numbers: Numbers, root: Floats, at: Floats, broad: Floats, h: float) -> Floats:
    """How far beyond its limits each number is to be drawn, as a share of its half range."""
    some = at[:256]
    slope = np.einsum("bm,pmj->pbj", broad.T @ root, f.slope(some)) * numbers.sd
    share = slope.transpose(0, 2, 1) @ np.linalg.pinv(slope @ slope.transpose(0, 2, 1)) @ slope
    moved = np.sqrt(np.maximum(np.einsum("pjj->pj", share), 0.0).mean(axis=0)) * numbers.sd
    share_beyond: Floats = np.minimum(_BEYOND * h * moved, _FARTHEST) * numbers.uniform
    return share_beyond


def _alone(
    f: Polynomial, numbers: Numbers, root: Floats, mean: Floats, size: Floats, axes: Floats, log_root: float
) -> LimitDensity:
    """One normal distribution: the means hardly vary."""
    turn = axes.T[None]
    constant = log_root - 0.5 * float(np.log1p(np.maximum(size, 0.0)).sum())
    scaled: Floats = turn / np.sqrt(1.0 + np.maximum(size, 0.0))[None, :, None]
    none = np.zeros((1, len(f.numbers)))
    nowhere = np.zeros((1, len(f.numbers), len(size)))
    middle: Floats = mean.mean(axis=0, keepdims=True)
    flat = np.zeros((1, len(size)))
    return LimitDensity(
        none,
        middle,
        scaled,
        flat,
        nowhere,
        numbers,
        root,
        np.empty((len(size), 0)),
        1,
        np.ones(1),
        None,
        constant,
    )


def _uniforms(generator: np.random.Generator, rows: int, columns: int) -> Floats:
    whole = generator.integers(0, 1 << 53, (rows, columns)).astype(np.float64)
    return (whole + 0.5) * 2.0**-53


def limiting_summaries(
    hypotheses: Sequence[tuple[Polynomial, Numbers]],
    errors: Sequence[Floats],
    trials: int,
    seed: int,
    key: int,
) -> Floats:
    """Summaries of endless patients under each hypothesis, f64[hypothesis, trial, summary]."""
    rows = []
    for h, ((f, numbers), error) in enumerate(zip(hypotheses, errors, strict=True)):
        u = _uniforms(_own(seed, key, h, 1), trials, len(f.numbers) + len(error))
        noise = ndtri(u[:, len(f.numbers) :]) @ np.linalg.cholesky(error).T
        at = numbers.spread(u[:, : len(f.numbers)], np.zeros(len(f.numbers)))
        rows.append(f.value(at) + noise)
    return np.array(rows)


def log_densities(
    hypotheses: Sequence[tuple[Polynomial, Numbers]],
    errors: Sequence[Floats],
    y: Floats,
    parts: int,
    seed: int,
    key: int,
    threads: int,
    judged: Sequence[Sequence[int]] | None = None,
) -> Floats:
    """Log densities f64[true, trial, hypothesis] of summaries y f64[true, trial, summary].

    `judged`: of each hypothesis, whose trials alone are wanted; NaN stands for the others.
    """
    everyone = range(len(y))
    rows = [list(each) for each in judged or [everyone] * len(hypotheses)]
    work = _DensityWork(hypotheses, errors, y, rows, parts, seed, key)
    columns = in_full(work, pieces(0, len(hypotheses), 1), threads)
    log = np.full((*y.shape[:2], len(hypotheses)), np.nan)
    for h, row in enumerate(rows):
        log[row, :, h] = columns[h]
    return log


@dataclass(frozen=True, slots=True)
class _DensityWork:
    """Log densities as work for an executor: a piece is some hypotheses, f64[true, trial] of each."""

    hypotheses: Sequence[tuple[Polynomial, Numbers]]
    errors: Sequence[Floats]
    y: Floats
    judged: Sequence[list[int]]
    parts: int
    seed: int
    key: int
    compiles: bool = False
    need: WorkerMemory = LITTLE_MEMORY

    def empty(self) -> Parts[int, Floats]:
        return Parts()

    def space(self) -> None:
        """Nothing is kept from one hypothesis to the next."""

    def do(self, first: int, number: int, space: None, go_on: GoOn) -> Parts[int, Floats]:
        columns = self.empty()
        for h in range(first, first + number):
            f, numbers = self.hypotheses[h]
            own = _own(self.seed, self.key, h, 2)
            y = self.y[self.judged[h]]
            density = limit_density(f, numbers, self.errors[h], self.parts, own)
            columns[h] = density.log(y.reshape(-1, y.shape[-1])).reshape(y.shape[:2])
            if not go_on(1):
                break
        return columns


def _own(seed: int, key: int, h: int, what: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[seed, key], counter=[0, 0, h, what]))
