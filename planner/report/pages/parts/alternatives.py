"""What is to be shown, in words: a difference, equivalence, non-inferiority, superiority by a margin."""

from __future__ import annotations

from typing import NamedTuple


class Alternative(NamedTuple):
    """What a test shows, and where its null hypothesis holds."""

    shows: str  # what a trial does that is significant: `finds the difference`
    true: str  # where that is right, after "where"
    null: str  # where it is wrong
    reason: str  # why a significant trial is then a false alarm


_DIFFERENCE = Alternative(
    "finds the difference",
    "there is a true difference",
    "there is no true difference",
    "the treatments do not differ under this hypothesis",
)
_AT_MARGIN = "the true effect is at the margin or on its wrong side"
_BY_NAME = {
    "equivalence": Alternative(
        "shows equivalence",
        "the true effect lies within the limits",
        "the true effect is at a limit or beyond it",
        "the true effect is at a limit or beyond it under this hypothesis",
    ),
    "non-inferiority": Alternative(
        "shows non-inferiority",
        "the true effect is on the right side of the margin",
        _AT_MARGIN,
        f"{_AT_MARGIN} under this hypothesis",
    ),
    "superiority-by-margin": Alternative(
        "shows superiority by the margin",
        "the true effect is on the right side of the margin",
        _AT_MARGIN,
        f"{_AT_MARGIN} under this hypothesis",
    ),
}


def in_words(alternative: str) -> Alternative:
    """Of an analysis by the `alternative` that it states."""
    return _BY_NAME.get(alternative, _DIFFERENCE)


ABOUT_EQUIVALENCE = (
    "Equivalent: the interval of level 1 - 2 alpha lies within the limits, touching them included; its share "
    "of the trials is the power. Not equivalent: all other trials. Of these, shown different: the interval "
    "lies outside the limits, on either side, at the last look; undefined: there is no test."
)
