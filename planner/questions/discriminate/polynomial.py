"""What a hypothesis predicts as a sparse polynomial of its uncertain numbers.

Terms are products of Legendre polynomials of up to three degrees in all, taken one by one, each the one that
explains most of what the others leave (orthogonal matching pursuit: Pati, Rezaiifar and Krishnaprasad 1993,
27th Asilomar Conf 40; for responses of uncertain numbers Blatman and Sudret 2011, J Comput Phys 230:2345). A
product enters the choice once one of its factors is in. How many terms there are is chosen by generalised
cross-validation (Craven and Wahba 1979, Numer Math 31:377), each term counting twice, because it was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.kernels.tables import Floats, Ints

Term = tuple[tuple[int, int], ...]  # (number, degree) of each factor; () is the constant

_DEGREE = 3
_SHARE = 3  # draws for each term, at least
_MOST = 120  # terms
_COUNTS = 2.0  # degrees of freedom that a chosen term takes
_GONE = 1e-7  # of the length of a candidate: it is made of others


@dataclass(frozen=True)
class Polynomial:
    """Means of the summaries as a function of the numbers that matter."""

    numbers: Ints  # those that matter, among all
    terms: tuple[Term, ...]  # of the numbers that matter
    weight: Floats  # (term, summary)
    left: Floats  # (summary, summary) covariance of what is left, for numbers that were not fitted

    def value(self, x: Floats) -> Floats:
        """f64[row, summary] of numbers f64[row, number that matters]."""
        value: Floats = _products(x, self.terms) @ self.weight
        return value

    def slope(self, x: Floats) -> Floats:
        """Derivatives f64[row, summary, number] of the summaries."""
        level, steep = _legendre(x), _steep(x)
        slope = np.zeros((len(x), self.weight.shape[1], x.shape[1]))
        for j in range(x.shape[1]):
            with_it = [t for t, term in enumerate(self.terms) if any(number == j for number, _ in term)]
            part = np.ones((len(x), len(with_it)))
            for column, t in enumerate(with_it):
                for number, degree in self.terms[t]:
                    part[:, column] *= (steep if number == j else level)[degree][:, number]
            slope[:, :, j] = part @ self.weight[with_it]
        return slope


def _legendre(x: Floats) -> list[Floats]:
    return [np.ones_like(x), x, 1.5 * x * x - 0.5, 2.5 * x**3 - 1.5 * x]


def _steep(x: Floats) -> list[Floats]:
    return [np.zeros_like(x), np.ones_like(x), 3.0 * x, 7.5 * x * x - 1.5]


def _products(x: Floats, terms: tuple[Term, ...]) -> Floats:
    level = _legendre(x)
    products = np.ones((len(x), len(terms)))
    for column, term in enumerate(terms):
        for number, degree in term:
            products[:, column] *= level[degree][:, number]
    return products


def fit_polynomial(numbers: Floats, mean: Floats, scale: Floats) -> Polynomial:
    """Fitted to means f64[draw, summary] at numbers f64[draw, number].

    scale f64[summary, summary]: what the summaries are multiplied by, to count the same in the choice.
    """
    draws = len(mean)
    y = mean @ scale
    terms: list[Term] = [()]
    basis = np.full((draws, 1), 1.0 / np.sqrt(draws))
    y = y - basis @ (basis.T @ y)
    waiting = _Candidates(numbers, basis)
    waiting.add([((j, 1),) for j in range(numbers.shape[1])], basis)
    most = min(_MOST, draws // _SHARE)
    best, chosen = _cross_validation(y, 1), 1
    while len(terms) < most and (picked := waiting.pick(y)) is not None:
        term, q = picked
        terms.append(term)
        basis = np.column_stack([basis, q])
        y = y - np.outer(q, q @ y)
        waiting.remove(q)
        waiting.add(_products_with(term, terms), basis)
        if (score := _cross_validation(y, len(terms))) < best:
            best, chosen = score, len(terms)
    kept = terms[:chosen]
    used = sorted({j for term in kept for j, _ in term})
    at = {j: i for i, j in enumerate(used)}
    own = tuple(tuple((at[j], degree) for j, degree in term) for term in kept)
    products = _products(numbers[:, used], own)
    weight: Floats = np.asarray(np.linalg.lstsq(products, mean, rcond=None)[0], np.float64)
    error = mean - products @ weight
    free = max(draws - _COUNTS * len(kept), 0.2 * draws)
    return Polynomial(np.array(used, np.int64), own, weight, error.T @ error / free)


def _cross_validation(left: Floats, terms: int) -> float:
    """Generalised cross-validation; rounding alone is no reason for a further term."""
    free = max(len(left) - _COUNTS * terms, 1.0)
    return float(np.log((left**2).sum(axis=0) / free**2 + 1e-16).sum())


def _products_with(term: Term, terms: list[Term]) -> list[Term]:
    """Products that a new term makes possible."""
    single = [each[0][0] for each in terms if len(each) == 1 and each[0][1] == 1]
    if len(term) == 1 and term[0][1] == 1:
        old = [_times(each, term[0][0]) for each in terms if each]
    else:
        old = []
    return [each for each in [*(_times(term, j) for j in single), *old] if _order(each) <= _DEGREE]


def _times(term: Term, number: int) -> Term:
    degrees = dict(term)
    degrees[number] = degrees.get(number, 0) + 1
    return tuple(sorted(degrees.items()))


def _order(term: Term) -> int:
    return sum(degree for _, degree in term)


class _Candidates:
    """Terms that may be chosen, without what the chosen ones have of them."""

    def __init__(self, numbers: Floats, basis: Floats) -> None:
        self._numbers, self._terms = numbers, list[Term]()
        self._offered: set[Term] = {()}
        self._columns = np.empty((len(numbers), 0))
        self._length = np.empty(0)

    def add(self, terms: list[Term], basis: Floats) -> None:
        new = [term for term in dict.fromkeys(terms) if term not in self._offered]
        if not new:
            return
        self._offered |= set(new)
        columns = _products(self._numbers, tuple(new))
        self._length = np.append(self._length, np.sqrt((columns**2).sum(axis=0)))
        for _ in range(2):
            columns = columns - basis @ (basis.T @ columns)
        self._terms += new
        self._columns = np.concatenate([self._columns, columns], axis=1)

    def pick(self, y: Floats) -> tuple[Term, Floats] | None:
        """The term that explains most, and its direction; None if none is left."""
        size = np.sqrt((self._columns**2).sum(axis=0))
        usable = size > np.maximum(_GONE * self._length, 1e-300)
        if not usable.any():
            return None
        explained = ((self._columns.T @ y) ** 2).sum(axis=1) / np.where(usable, size, np.inf) ** 2
        k = int(explained.argmax())
        term, direction = self._terms.pop(k), self._columns[:, k] / size[k]
        self._columns = np.delete(self._columns, k, axis=1)
        self._length = np.delete(self._length, k)
        return term, direction

    def remove(self, direction: Floats) -> None:
        self._columns = self._columns - np.outer(direction, direction @ self._columns)
