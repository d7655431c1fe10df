"""The type I error of t tests at several looks, each held to the nominal level of a normal statistic's limit.

A limit on the z scale becomes the t limit with the same tail area (planner.model.looks). Each look then has
its level, but t statistics of growing data depend on each other otherwise than normal ones do, so that
together they reject a true null hypothesis more often than alpha. Here that is computed, not simulated.

Law. Of normal data without effect a look k sees a vector of df_k + 1 dimensions, what is left when all other
parameters are swept out; its t is sqrt(df_k) c / sqrt(1 - c^2), c the cosine of the angle to the direction of
the effect. With r^2 the share of the next look's information that this one has, and m = df_{k+1} - df_k new
dimensions,

    c_{k+1} = r c_k sqrt(q) + sqrt(1 - r^2) sqrt(1 - q) s,    q ~ Beta((df_k + 1) / 2, m / 2),

s the cosine of a random direction of m dimensions to a fixed one; q, s and c_1 .. c_k are independent (by
Basu's theorem, as the length of the vector is independent of its direction). One number is carried from look
to look, whatever the unknown variance is. It holds for every test by least squares whose information grows
as planned: Hills and Armitage's, each patient's own contrast, the paired t test, the first period, patients
and periods in the model. Such limits: Jennison and Turnbull 2000, section 4.4.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner._special import betainc, betaincinv, betaln, ndtr, stdtrit

Array = NDArray[np.float64]
Interval = tuple[float, float]


class _Quadrature(NamedTuple):
    """A Gauss-Legendre rule on [-1, 1], and what takes values at its nodes to Legendre coefficients."""

    x: Array
    w: Array
    to_legendre: Array


def _quadrature(nodes: int) -> _Quadrature:
    x, w = np.polynomial.legendre.leggauss(nodes)
    return _Quadrature(x, w, np.asarray(np.linalg.inv(np.polynomial.legendre.legvander(x, nodes - 1)), float))


_WHOLE, _PART = _quadrature(32), _quadrature(14)  # of an interval in one piece, and of one cut into several
_X, _W = _WHOLE.x, _WHOLE.w
_FEW_X, _FEW_W = np.polynomial.legendre.leggauss(8)
_CUT = 1e-11  # of the probability of the length ratio, left out on either side
_FEW, _FEWER = 4, 1  # new dimensions up to which bends are minded: of two looks, and of more
_CLOSE = 0.1  # share of the information that is new, below which looks are close
_NEAR = (2.0, 8.0)  # SDs of the next look's t, seen from a limit, at which the grid is cut
_REACH = 8.0  # SDs of the cosine of a random direction


class TLook(NamedTuple):
    """A look at which a t test is held to limits."""

    information: float  # share of all
    df: int  # at least 1
    efficacy_z: float
    futility_z: float  # -inf where the look does not stop for futility, or such stops do not count


def type_one_error(looks: Sequence[TLook], sided: int) -> float:
    """P(any look rejects) without effect, of both sides if two-sided; absolute error below 2e-5.

    Looks without an efficacy limit are passed over unless they stop for futility.
    """
    kept = [look for look in looks if look.efficacy_z < math.inf or look.futility_z > -math.inf]
    return _type_one_error(tuple(kept), sided) if kept else 0.0


@lru_cache(maxsize=256)
def _type_one_error(looks: tuple[TLook, ...], sided: int) -> float:
    later: list[_Piece] = []
    few = _FEW if len(looks) == 2 else _FEWER
    for look, after in zip(looks[-2::-1], looks[:0:-1], strict=True):
        ends = {x for low, high in _continuation(after, sided) for x in (low, high) if abs(x) < math.pi / 2}
        ends |= {_angle(after.efficacy_z, after.df)}
        ends = ends if after.df - look.df <= few else set()
        pieces = []
        parts = _parts(look, after, sided, ends)
        rule = _WHOLE if len(parts) <= sided else _PART
        for low, high in parts:
            angle = (low + high) / 2 + (high - low) / 2 * rule.x
            value = _rejection_probability(np.sin(angle), look, after, sided, ends, later)
            pieces.append(_Piece(low, high, rule, value))
        later = pieces
    first = looks[0]
    total = sided * float(ndtr(-first.efficacy_z))
    for piece in later:
        half = (piece.high - piece.low) / 2
        angle = (piece.low + piece.high) / 2 + half * piece.rule.x
        density = np.exp((first.df - 1) * np.log(np.cos(angle)) - betaln(0.5, first.df / 2))
        total += half * float(piece.rule.w @ (density * piece.value))
    return total


class _Piece(NamedTuple):
    """P(a later look rejects) at the Gauss-Legendre nodes of an interval of angles where a trial goes on."""

    low: float
    high: float
    rule: _Quadrature
    value: Array

    def at(self, angle: Array) -> Array:
        place = np.clip((2 * angle - self.low - self.high) / (self.high - self.low), -1.0, 1.0)
        return np.asarray(np.polynomial.legendre.legval(place, self.rule.to_legendre @ self.value))


def _angle(z: float, df: int) -> float:
    """The angle at which t has the tail area of z."""
    if math.isinf(z):
        return math.copysign(math.pi / 2, z)
    t = math.copysign(float(-stdtrit(df, ndtr(-abs(z)))), z)
    return math.atan(t / math.sqrt(df))


def _continuation(look: TLook, sided: int) -> list[Interval]:
    """The angles with which a trial goes on."""
    high, low = _angle(look.efficacy_z, look.df), _angle(look.futility_z, look.df)
    if sided == 1:
        low = max(low, -math.acos(_CUT ** (1 / (look.df - 1))) if look.df > 1 else low)
        return [(low, high)] if low < high else []
    if math.isinf(look.futility_z):
        return [(-high, high)]
    return [(-high, -low), (low, high)] if low < high else []


def _parts(look: TLook, after: TLook, sided: int, ends: Collection[float]) -> list[Interval]:
    """Where a trial goes on, cut where the next look can just get to an angle at which something changes."""
    cuts: list[float] = []
    share = look.information / after.information
    for end in ends:
        square = (math.sin(end) ** 2 - (1 - share)) / share
        if 0 < square < 1:
            cuts += [-math.asin(math.sqrt(square)), math.asin(math.sqrt(square))]
    # Close looks: what the next one may still do changes over a short way before this one's limits.
    near = math.sqrt((1 - share) / after.df)
    limits = {x for part in _continuation(look, sided) for x in part if abs(x) < math.pi / 2}
    for limit in limits if 1 - share < _CLOSE else ():
        cuts += [limit + side * times * near for side in (-1, 1) for times in _NEAR]
    parts = []
    for low, high in _continuation(look, sided):
        inside = sorted({low, *(cut for cut in cuts if low < cut < high), high})
        parts += list(pairwise(inside))
    return parts


def _rejection_probability(
    c: Array, look: TLook, after: TLook, sided: int, ends: Collection[float], later: Sequence[_Piece]
) -> Array:
    """P(the next look or a later one rejects), for each cosine of this one."""
    old, new = look.df + 1, after.df - look.df
    share = look.information / after.information
    near, far = (betaincinv(old / 2, new / 2, p) for p in (1 - _CUT, _CUT))
    # q = cos^2 of an angle from 0 to pi/2, so that the integrand has no root at either end
    first, last = max(math.acos(math.sqrt(near)), 1e-9), math.acos(math.sqrt(far))
    limit = _angle(after.efficacy_z, after.df)
    cuts = _bends(c, share, ends, first, last) if ends else np.array([[first, last]])
    half = (cuts[:, 1:] - cuts[:, :-1]) / 2
    x, w = (_X, _W) if len(cuts) == 1 else (_FEW_X, _FEW_W)
    turn = ((cuts[:, 1:] + cuts[:, :-1]) / 2)[:, :, None] + half[:, :, None] * x
    turn, weight = (part.reshape(len(cuts), -1) for part in (turn, half[:, :, None] * w))
    density = 2 * np.exp(
        (old - 1) * np.log(np.cos(turn)) + (new - 1) * np.log(np.sin(turn)) - betaln(old / 2, new / 2)
    )
    start = math.sqrt(share) * c[:, None] * np.cos(turn)
    scale = math.sqrt(1 - share) * np.sin(turn)

    def cosine_at(angle: float) -> Array:
        """The cosine of the new direction at which the next look is at this angle."""
        return np.clip((math.sin(angle) - start) / scale, -1.0, 1.0)

    chance = 1 - _below(cosine_at(limit), new)
    if sided == 2:
        chance = chance + _below(cosine_at(-limit), new)
    for piece in later:
        chance = chance + _within(start, scale, cosine_at(piece.low), cosine_at(piece.high), new, piece)
    return np.asarray((chance * density * weight).sum(axis=1))


def _bends(c: Array, share: float, ends: Collection[float], first: float, last: float) -> Array:
    """Where the next look's angle can just be one of `ends`: cuts of [first, last], one row for each cosine.

    With few new dimensions the chance to get there bends sharply at these angles, or jumps. They solve
    sqrt(share) c cos x +- sqrt(1 - share) sin x = sin end.
    """
    size = np.sqrt(share * c * c + 1 - share)
    phase = np.arctan2(math.sqrt(1 - share), math.sqrt(share) * c)
    cuts = [np.full(c.size, first), np.full(c.size, last)]
    for end in ends:
        aside = np.arccos(np.clip(math.sin(end) / size, -1.0, 1.0))
        cuts += [
            np.clip(x, first, last) for x in (phase + aside, phase - aside, aside - phase, -aside - phase)
        ]
    return np.sort(np.array(cuts).T, axis=1)


def _below(s: Array, dimensions: int) -> Array:
    """P(cosine of a random direction to a fixed one < s)."""
    if dimensions == 1:  # either way along the line
        return np.where(s >= 1.0, 1.0, np.where(s > -1.0, 0.5, 0.0))
    return np.asarray(0.5 * (1.0 + np.sign(s) * betainc(0.5, (dimensions - 1) / 2, s * s)))


def _within(start: Array, scale: Array, low: Array, high: Array, dimensions: int, piece: _Piece) -> Array:
    """Mean of the chances of a piece over the cosines of a random direction between two."""
    if dimensions == 1:
        ends = ((-1.0, (low <= -1.0) & (high > -1.0)), (1.0, (low < 1.0) & (high >= 1.0)))
        both = (
            0.5 * inside * piece.at(np.arcsin(np.clip(start + scale * s, -1.0, 1.0))) for s, inside in ends
        )
        return np.asarray(sum(both))
    reach = min(math.pi / 2, _REACH / math.sqrt(dimensions))
    a, b = (np.clip(np.arcsin(end), -reach, reach)[..., None] for end in (low, high))
    angle = (a + b) / 2 + (b - a) / 2 * piece.rule.x
    density = np.exp(
        (dimensions - 2) * np.log(np.maximum(np.cos(angle), 1e-300)) - betaln(0.5, (dimensions - 1) / 2)
    )
    cosine = start[..., None] + scale[..., None] * np.sin(angle)
    value = piece.at(np.arcsin(np.clip(cosine, -1.0, 1.0)))
    return np.asarray(((density * value) @ piece.rule.w) * (b - a)[..., 0] / 2)
