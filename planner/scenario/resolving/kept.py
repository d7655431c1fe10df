"""What the scenarios of one file have in common, so that it is worked out once for all of them.

A setting that is swept leaves most of a file as it was: the tables that it does not reach are the same
objects in every scenario, because nobody changes them, and what is resolved from them is equal.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class _Answer(NamedTuple):
    same: tuple[object, ...]
    equal: tuple[object, ...]
    value: object


class Kept:
    """The answers of the last scenario for which nothing was wrong, by what was asked."""

    def __init__(self) -> None:
        self._answers: dict[str, _Answer] = {}

    def answer(self, question: str, same: tuple[object, ...], equal: tuple[object, ...] = ()) -> Any:
        """The answer that was kept for the very objects `same` and for parts `equal` to these; else None."""
        kept = self._answers.get(question)
        if kept is None or len(kept.same) != len(same):
            return None
        holds = all(a is b for a, b in zip(kept.same, same, strict=True)) and kept.equal == equal
        return kept.value if holds else None

    def keep(self, question: str, same: tuple[object, ...], equal: tuple[object, ...], value: object) -> None:
        """Keep an answer in place of the earlier one."""
        self._answers[question] = _Answer(same, equal, value)
