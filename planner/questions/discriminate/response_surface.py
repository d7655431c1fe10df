"""A likelihood of many parts from few draws: what a hypothesis predicts, as a function of its numbers.

    summaries of N patients | H, numbers  ~  Normal(f, R + S / N)

The means f and the spread S of the summaries are polynomials of the uncertain numbers (a response surface:
Box and Wilson 1951, J R Stat Soc B 13:1), fitted to the draws that were simulated: f of second degree, S
through the logarithms and ratios of its triangular root, which keep it a covariance, of first degree. R is
the covariance of what the fit of the means leaves. The likelihood averages over more draws than these.

With many patients the parts would stand alone: each is then made wider, by Silverman's rule, and drawn
towards the middle as much, so that mean and covariance of the whole remain (West 1993, J R Stat Soc B
55:409).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.engine.cohort import Call, plainly
from planner.kernels.mixture_density import PARTS, TERMS, total_power
from planner.kernels.tables import Floats, W

_LOG2_E = math.log2(math.e)
_NOTHING = -1e300  # log2 of the density of a part that fills up: less than of any other, however far
_DRAWS_A_TERM = 3  # simulated draws for each term of a polynomial, at least


@dataclass(frozen=True)
class ResponseSurface:
    """Equal parts of Normal(f, R + S / N)."""

    mean: Floats  # (part, summary) f
    left: Floats  # (summary, summary) R
    spread: Floats  # (part, summary, summary) S

    def log(self, y: Floats, patients: float) -> Floats:
        """Log density f64[...] of summaries f64[..., summary] of a trial of so many patients."""
        centre = self.mean.mean(axis=0)
        typical = np.linalg.cholesky(self.left + self.spread.mean(axis=0) / patients)
        scale = np.linalg.inv(typical)
        at = (self.mean - centre) @ scale.T
        size, turned = np.linalg.eigh(at.T @ at / len(at))
        size = np.maximum(size, 0.0)
        wider = _wider(size, len(at))
        scale = turned.T @ scale  # from here on parts lie along the axes
        at = (self.mean - centre) @ scale.T * np.sqrt(1.0 - wider)
        own = scale @ (self.left + self.spread / patients) @ scale.T + np.diag(wider * size)
        log = _equal_parts((y - centre).reshape(-1, y.shape[-1]) @ scale.T, at, own)
        density: Floats = (log - np.log(np.diag(typical)).sum()).reshape(y.shape[:-1])
        return density


def _wider(size: Floats, count: int) -> Floats:
    """b^2 by direction: a part's variance grows by b^2 of that between parts, which are drawn nearer as much.

    size f64[summary]: variance between parts in units of a part's own. Silverman's rule in as many dimensions
    as there are in which parts are told apart; a part's own width counts.
    """
    d = max(float((size / (1.0 + size)).sum()), 1.0)
    rule = min((4.0 / (d + 2.0) / count) ** (2.0 / (d + 4.0)), 1.0)
    factor: Floats = np.maximum(rule - (1.0 - rule) / np.maximum(size, 1e-12), 0.0)
    return factor


def _equal_parts(y: Floats, mean: Floats, covariance: Floats, call: Call = plainly) -> Floats:
    """Log density f64[row] at y f64[row, axis] of equal parts with these means and covariances, less pi's.

    The exponents are a product of two matrices: squares and products of y with what belongs to each part.
    """
    rows, axes = y.shape
    inverse = np.linalg.inv(covariance)
    to = np.einsum("pij,pj->pi", inverse, mean)
    one, other = np.triu_indices(axes)
    twice = np.where(one == other, 0.5, 1.0)
    weight = np.concatenate([-twice * inverse[:, one, other], to], axis=1) * _LOG2_E
    height = -0.5 * ((to * mean).sum(axis=1) + np.linalg.slogdet(covariance)[1]) * _LOG2_E
    idle, empty = -weight.shape[1] % TERMS, -len(mean) % PARTS
    parts = np.pad(weight, ((0, empty), (0, idle)))
    constant = np.pad(height, (0, empty), constant_values=_NOTHING)
    blocks = -(-rows // W)
    lanes = np.zeros((blocks * W, axes))
    lanes[:rows] = y
    lanes = np.ascontiguousarray(lanes.reshape(blocks, W, axes).transpose(0, 2, 1))
    most, total = np.zeros((blocks, W)), np.ones((blocks, W))
    call(total_power, 0, lanes, parts, constant, most, total)
    density: Floats = (most + np.log2(total)).ravel()[:rows] * math.log(2.0) - math.log(len(mean))
    return density


def list_surface_kernels(call: Call) -> None:
    """Calls what `ResponseSurface.log` calls, of one part, one axis and one row."""
    one = np.ones((1, 1))
    _equal_parts(one, one, one[None], call)


def response_surface(mean: Floats, spread: Floats, numbers: Floats, further: Floats) -> ResponseSurface:
    """Fitted to simulated draws, evaluated at more of them.

    mean f64[draw, summary], spread f64[draw, summary, summary], numbers f64[draw, number], further f64[part,
    number]: as many parts.
    """
    varied = numbers.std(axis=0) > 0.0
    middle, scale = numbers.mean(axis=0), np.where(varied, numbers.std(axis=0), 1.0)
    simulated, others = (((x - middle) / scale)[:, varied] for x in (numbers, further))
    others = np.clip(others, simulated.min(axis=0, initial=0.0), simulated.max(axis=0, initial=0.0))
    root = np.linalg.cholesky(spread.mean(axis=0))
    slope = simulated.T @ np.linalg.solve(root, (mean - mean.mean(axis=0)).T).T
    order = np.argsort(-(slope * slope).sum(axis=1), kind="stable").tolist()
    most = len(simulated) // _DRAWS_A_TERM - 1
    lines = [(i,) for i in order][:most]
    bends = [*lines, *((i, i) for i in order)]
    bends += [(order[a], order[b]) for b in range(len(order)) for a in range(b)]
    terms = _terms(simulated, bends[:most])
    fitted, _, rank, _ = np.linalg.lstsq(terms, mean, rcond=None)
    error = mean - terms @ fitted
    left = error.T @ error / (len(simulated) - int(rank))
    slopes = np.linalg.lstsq(_terms(simulated, lines), _free(spread), rcond=None)[0]
    return ResponseSurface(
        _terms(others, bends[:most]) @ fitted, left, _covariance(_terms(others, lines) @ slopes)
    )


def _terms(numbers: Floats, products: Sequence[tuple[int, ...]]) -> Floats:
    """1 and the products of these numbers, f64[draw, term]."""
    return np.column_stack(
        [np.ones(len(numbers)), *(numbers[:, i].prod(axis=1) for i in map(list, products))]
    )


def _free(spread: Floats) -> Floats:
    """Covariances f64[draw, i, j] as numbers that may take any value, f64[draw, number]."""
    root = np.linalg.cholesky(spread)
    size = np.einsum("qii->qi", root)
    row, column = np.tril_indices(root.shape[1], -1)
    return np.concatenate([np.log(size), root[:, row, column] / size[:, row]], axis=1)


def _covariance(free: Floats) -> Floats:
    """The covariances that `_free` was made of."""
    count = math.isqrt(2 * free.shape[1])
    size = np.exp(free[:, :count])
    row, column = np.tril_indices(count, -1)
    root = np.zeros((len(free), count, count))
    root[:, np.arange(count), np.arange(count)] = size
    root[:, row, column] = free[:, count:] * size[:, row]
    return root @ root.transpose(0, 2, 1)
