"""The numbers of a question: refused before anything is simulated where no answer can come of them."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real

from planner.errors import RequestError
from planner.scenario.caps import (
    MAX_PATIENTS,
    MAX_SEED,
    MAX_THREADS,
    MAX_TRIAL,
    MAX_TRIALS,
    MAX_VARIANTS,
)
from planner.scenario.scenario import Scenario
from planner.scenario.text import brief

LIMITS = {
    "trials": (1, MAX_TRIALS, 100_000),
    "variants": (1, MAX_VARIANTS, 500),
    "seed": (0, MAX_SEED, 1),
    "threads": (1, MAX_THREADS, 2),
    "patients": (1, MAX_PATIENTS, 36),
    "max_patients": (1, MAX_PATIENTS, 200),
    "virtual_patients": (1, MAX_TRIALS, 8192),
    "index": (0, MAX_TRIAL, 17),
    "first": (0, MAX_TRIAL, 1_000),
}
"""The least and the largest of each whole number, and an example."""


def check_whole(error: type[RequestError] = RequestError, /, **given: object) -> None:
    """Raise the error for the first of these that is no whole number within its limits; None is none."""
    for name, value in given.items():
        if value is not None:
            _check(error, name.removeprefix("virtual_"), value, *LIMITS[name])


def check_patients(patients: object) -> None:
    """Raise RequestError for what is no list of numbers of patients; None is none."""
    if patients is None:
        return
    example = "for instance patients=[24, 36]"
    if isinstance(patients, str | bytes) or not isinstance(patients, Iterable):
        hint = f"patients=[{value_in_words(patients, '_')}]" if is_whole(patients) else example
        raise RequestError(
            f"patients is {value_in_words(patients)}, but must be a list of whole numbers", hint
        )
    each = list(patients)
    if not each:
        raise RequestError("patients is an empty list", f"{example}, or leave it out")
    low, high, _ = LIMITS["patients"]
    for value in each:
        if not (is_whole(value) and low <= value <= high):
            message = (
                f"patients has {value_in_words(value)}, but must be whole numbers from {low} to {high:,}"
            )
            raise RequestError(message, example)


def check_numbers(error: type[RequestError] = RequestError, /, **given: object) -> None:
    """Raise the error for the first of these that is no number at all; None is none."""
    for name, value in given.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, Real)):
            hint = f"without the quotes: {name}={value}" if _is_number(value) else ""
            raise error(f"{name} is {value_in_words(value)}, but must be a number", hint)


def is_whole(value: object) -> bool:
    """Whether it is a whole number, of Python or of NumPy; True is none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def value_in_words(value: object, between: str = ",") -> str:
    """A value in a message: thousands of a whole number set apart."""
    if is_whole(value) and abs(value) < 10**20:  # type: ignore[arg-type]
        return format(value, between)
    return "a number of more than 20 digits" if is_whole(value) else brief(value)


def _check(error: type[RequestError], name: str, value: object, low: int, high: int, example: int) -> None:
    if is_whole(value) and low <= value <= high:  # type: ignore[operator]
        return
    hint = f"for instance {name}={example:_}, or leave it out"
    if isinstance(value, str | float) and (meant := _whole_of(value)) is not None and low <= meant <= high:
        hint = f"a whole number: {name}={meant:_}"
    raise error(
        f"{name} is {value_in_words(value)}, but must be a whole number from {low:,} to {high:,}", hint
    )


def _whole_of(value: str | float) -> int | None:
    """The whole number that a text or a float stands for."""
    try:
        number = float(value)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return isinstance(value, str)


def check_one_stage(question: str, *scenarios: Scenario) -> None:
    """Raise RequestError for a question that has no answer where stage 2 is planned after stage 1."""
    if any(each.monitoring.adaptive is not None for each in scenarios):
        raise RequestError(
            f"{question} does not know trials whose second stage is planned after the first "
            "(monitoring.adaptive)",
            "`planner run` does, also at several settings: --set monitoring.adaptive.max=40,60,80",
        )
