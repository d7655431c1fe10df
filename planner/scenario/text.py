"""Words and names as people read them: made harmless, quoted, counted, listed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def printable(text: str, tabs: bool = False) -> str:
    """Text of a file in a message about it: whatever does not print as itself is spelt out.

    That includes blanks that only look like a blank. `tabs`: a tab becomes one blank.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if tabs and c == "\t" else _spelt(c) for c in text)


def visible(text: str) -> str:
    """Text as part of a page: as it is, with control and formatting characters spelt out.

    A name from a file may hold an escape sequence that recolours a terminal, or a character that reverses the
    reading direction; written as `\\x1b` or `\\u202e` it can do neither.
    """
    if text.isprintable():
        return text
    return "".join(c if unicodedata.category(c) not in _UNSEEN else _spelt(c) for c in text)


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def _spelt(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def quote(value: object) -> str:
    """A value as it stood in the file, short enough for a message."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return '"' + printable(value if len(value) <= 40 else value[:37] + "...") + '"'
        case int() if abs(value) >= 10**20:
            return "a number of more than 20 digits"
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"a list of {len(value)}"
        case dict():
            return "a table"
    return f"{value} (a date or time)"


LONGEST = 200
"""Characters of what a user's code gives or says, in a message about it."""


def brief(value: object) -> str:
    """A value of a user's code as Python writes it, on one short line; or its type."""
    try:
        return _shortened(repr(value))
    except Exception:
        return f"a {type(value).__name__}"


def in_words(error: BaseException) -> str:
    """An error of a user's code, on one short line."""
    try:
        text = str(error)
    except Exception:
        text = ""
    return _shortened(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def _shortened(text: str) -> str:
    line = printable(" ".join(text[: 10 * LONGEST].split()))
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 patient`, `24 patients`, `100,000 trials`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, end = [printable(word) for word in words] or [""]
    return f"{', '.join(most)} {last} {end}" if most else end


def nearest(word: str, names: Iterable[str], likeness: float = 0.6) -> str | None:
    """The name that the user may have meant, upper and lower case alike; `likeness` from 0 to 1."""
    from difflib import get_close_matches

    by_fold = {name.casefold(): name for name in names}
    matches = get_close_matches(word.casefold()[:100], by_fold, 1, likeness)
    return by_fold[matches[0]] if matches else None


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """`did you mean X?`, or all names if there are not many, or nothing."""
    names = list(names)
    near = nearest(word, names)
    if near is not None:
        return f"did you mean {printable(near)}?"
    return f"known: {listed(names)}" if 0 < len(names) <= 12 else ""
