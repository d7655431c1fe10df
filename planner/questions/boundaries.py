"""Stopping boundaries as an answer: their JSON contract, their digest, and what a t test makes of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from planner._version import __version__
from planner.monitoring.boundaries import Boundary
from planner.monitoring.t_looks import TLook, type_one_error
from planner.results.contract import Json, Written
from planner.results.digest import answer_digest
from planner.results.number_text import plain
from planner.results.result import QuestionResult
from planner.scenario.text import listed

if TYPE_CHECKING:
    import polars

_T_LOOKS = 20
_SEQUENCES = 2  # of an AB/BA trial: patients less so many are the df of its t test


@dataclass(frozen=True, repr=False)
class Boundaries(QuestionResult):
    """Solved boundaries, one or several side by side.

    `patients`: at each look, where the looks were given so; then with what a t test makes of the limits.
    """

    question: ClassVar = "boundaries"

    solved: tuple[Boundary, ...]
    patients: tuple[int, ...] | None = None

    def digest(self) -> str:
        """Name of the answer: the same rules at the same looks give the same digest, with the same solver.

        The figures count to 9 digits, to which they are right on every machine.
        """
        rules = [[one.efficacy, one.futility, one.binding, _rounded(one.to_json())] for one in self.solved]
        return answer_digest("boundaries", "", [], hypotheses=None, seed=0, trials=0, options={}, sums=rules)

    def to_json(self) -> Json:
        """The `planner.boundaries/1` object: the boundary itself, or several under their rules' names."""
        each = [_figures(one, self.patients) for one in self.solved]
        head = {"schema": "planner.boundaries/1"}
        run = {"planner": __version__, "digest": self.digest()}
        warnings = [warning for one in self.solved for warning in warnings_of(one)]
        if len(each) == 1:
            return {**head, **each[0], "run": run, "warnings": warnings}
        rules = [{"rule": one.efficacy, **its} for one, its in zip(self.solved, each, strict=True)]
        return {**head, "boundaries": rules, "run": run, "warnings": warnings}

    def frame(self) -> polars.DataFrame:
        """One row for each look of each boundary, under its rule for efficacy."""
        import polars

        rows = [{"rule": one.efficacy, **look} for one in self.solved for look in one.to_json()["looks"]]
        return polars.DataFrame(rows, infer_schema_length=None)

    def _about(self) -> str:
        return listed([one.efficacy for one in self.solved])

    def _lines(self) -> Iterator[str]:
        for one in self.solved:
            limits = ", ".join(plain(z) for z in one.efficacy_z)
            yield f"{one.efficacy}, alpha {plain(one.alpha)}: z {limits}; futility {one.futility}"


@dataclass(frozen=True, slots=True)
class TestedByT(Written):
    """The two-sample t test of an AB/BA trial held to the limits: df at each look, and type I error."""

    df: list[int]
    type_one_error: float


def _figures(one: Boundary, patients: Sequence[int] | None) -> Json:
    """The figures of a boundary and of its t test."""
    tested = t_test(one, patients)
    return one.to_json() | ({} if tested is None else {"t_test": tested.to_json()})


def _rounded(value: object) -> object:
    """Nested figures with every number to 9 digits."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return f"{value:.9g}" if isinstance(value, float) else value


def t_test(one: Boundary, patients: Sequence[int] | None) -> TestedByT | None:
    """What a t test makes of the limits, whose nominal levels its own have.

    None where no patients are given, a look is too small, or
    there are so many looks that it would take seconds.
    """
    if patients is None or patients[0] <= _SEQUENCES or len(patients) > _T_LOOKS:
        return None
    df = [n - _SEQUENCES for n in patients]
    low = one.futility_z if one.binding else (-math.inf,) * len(df)
    rows = zip(patients, df, one.efficacy_z, low, strict=True)
    error = type_one_error([TLook(n / patients[-1], d, z, f) for n, d, z, f in rows], one.sided)
    return TestedByT(df, error) if math.isfinite(error) else None


def warnings_of(one: Boundary) -> list[str]:
    """What must not be overlooked: limits that spend another alpha, or at other looks, than asked for."""
    spent = one.alpha_spent[-1]
    late = [
        f"look {k + 1}: {left}; --futility-overlap spend gives it a limit"
        for k in range(len(one.fractions))
        if (left := one.left_to_later(k))
    ]
    if abs(spent - one.alpha) <= 1e-6 * one.alpha:
        return late
    return [f"{one.efficacy}: these limits spend alpha {spent:.4g}, not {one.alpha:g}", *late]
