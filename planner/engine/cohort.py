"""Virtual patients: who has which sequence, and what each shows under every hypothesis.

The one place where the kernels that randomise and generate are called. A tile is 128 trials side by
side: sequence i64[tile, patient], values f64[tile, patient, hypothesis, reading, period * 128].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from planner.engine.compiling import Listing, compile_missing, is_watched
from planner.engine.generators import Generator
from planner.kernels.generate.randomise import allocate
from planner.kernels.tables import Floats, Ints, Plan, W

Call = Callable[..., None]
"""How a kernel is called: the kernel, its number among those of its kind, its arguments."""


def plainly(kernel: Any, number: int, *arguments: Any) -> None:
    """Calls the kernel."""
    kernel(*arguments)


def no_values(tiles: int, patients: int, hypotheses: int, readings: int, periods: int) -> Floats:
    """Values of patients before they are generated: NaN, which stays where a hypothesis predicts nothing."""
    return np.full((tiles, patients, hypotheses, readings, periods * W), np.nan)


def generate(
    first: int,
    seed: int,
    plan: Plan,
    generators: Sequence[Generator],
    sequence: Ints,
    values: Floats,
    call: Call = plainly,
) -> None:
    """Fill in the values of the patients of these sequences, in the trials from `first` (of 128) on."""
    for number, each in enumerate(generators):
        call(each.generate, number, first, np.uint64(seed), plan, each.tables, sequence, values)


def enrol(
    first: int,
    seed: int,
    plan: Plan,
    generators: Sequence[Generator],
    sequence: Ints,
    values: Floats,
    call: Call = plainly,
) -> None:
    """Fill in sequences and values, in the trials from `first` (a multiple of 128) on."""
    call(allocate, 0, first, np.uint64(seed), plan.block, sequence)
    generate(first, seed, plan, generators, sequence, values, call)


def new_patients(
    first: int,
    seed: int,
    plan: Plan,
    generators: Sequence[Generator],
    shape: tuple[int, int, int, int],
) -> tuple[Ints, Floats]:
    """Sequences and values of new patients; shape: tiles, patients of a trial, hypotheses, readings."""
    sequence = np.zeros(shape[:2], np.int64)
    values = no_values(*shape, plan.leave.size)
    if is_watched():
        listing = Listing()
        enrol(first, seed, plan, generators, sequence, values, listing.call)
        compile_missing(listing.uses)
    enrol(first, seed, plan, generators, sequence, values)
    return sequence, values
