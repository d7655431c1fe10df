"""Words and names as people read them: made harmless, quoted, counted, listed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence


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


def in_toml(text: str) -> str:
    """A text as a file has it, whole: for what is to be pasted. What does not print is spelt out."""
    return '"' + "".join(map(_in_toml, text)) + '"'


def _in_toml(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    code = ord(character)
    return character if character.isprintable() else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


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


_MOST_NEAR = 3
_AS_NEAR = 0.12  # how much less like the word than the best another name may be
_PREFIX = 3  # letters of a word that stands for a longer one


def nearest(word: str, names: Iterable[str], likeness: float = 0.6) -> list[str]:
    """The names that the user may have meant, best first, at most three; none where all are far away.

    Upper and lower case are alike, as are `-`, `_` and blanks. `likeness` from 0 to 1 is the least that a
    name must have; one that begins with the word has it.
    """
    from difflib import SequenceMatcher

    matcher = SequenceMatcher()
    matcher.set_seq2(wanted := _folded(word)[:100])
    rated: list[tuple[float, str]] = []
    for name in dict.fromkeys(names):
        matcher.set_seq1(folded := _folded(name)[:100])
        begins = len(wanted) >= _PREFIX and folded.startswith(wanted)
        if begins or (matcher.real_quick_ratio() >= likeness and matcher.quick_ratio() >= likeness):
            ratio = max(matcher.ratio(), likeness if begins else 0.0)
            rated += [(ratio, name)] if ratio >= likeness else []
    rated.sort(key=lambda each: -each[0])
    best = rated[0][0] if rated else 0.0
    least = best if best == 1.0 else best - _AS_NEAR
    return [name for ratio, name in rated if ratio >= least][:_MOST_NEAR]


def _folded(text: str) -> str:
    return text.casefold().replace("_", "-").replace(" ", "-")


_MEANT = "did you mean "


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """`did you mean X or Y?`, or all names if there are not many, or nothing."""
    names = list(names)
    if near := nearest(word, names):
        return perhaps(near)
    return f"known: {listed(names)}" if 0 < len(names) <= 12 else ""


def perhaps(near: Sequence[str]) -> str:
    """`did you mean X or Y?`; nothing if there is no name."""
    return f"{_MEANT}{listed(near, 'or')}?" if near else ""


def suggested(hint: str) -> list[str]:
    """The names that such a hint suggests."""
    words = hint.removeprefix(_MEANT).rstrip("?").replace(" or ", ", ").split(", ")
    return words if hint.startswith(_MEANT) else []
