"""Words and names as people read them: counted, listed, made harmless."""

from __future__ import annotations

import unicodedata


def visible(text: object) -> str:
    """The text with control and formatting characters spelt out.

    A name from a scenario file may hold an escape sequence that recolours a terminal, or a character that
    reverses the reading direction; shown as `\\x1b` or `\\u202e` it can do neither.
    """
    return "".join(c if unicodedata.category(c) not in _UNSEEN else _spelt(c) for c in str(text))


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def _spelt(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 patient`, `24 patients`, `100,000 trials`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: list[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
