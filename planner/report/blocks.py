"""What there is to say, before anyone decides how it looks: headings, prose, facts, tables, code.

A result is put into words once, as a list of these blocks; `render.terminal` lays them out for a terminal
and `render.markdown` for a protocol. Strings are kept as they came: each renderer escapes for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Heading:
    """A title (level 1) or the title of a section (level 2)."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Prose:
    """A paragraph. `warning` marks what must not be overlooked; the words say so, too."""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Items:
    """Short sentences, one a line."""

    items: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """Names and what they stand for, side by side."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Column:
    """A column of a table; numbers stand at the right and are never broken over two lines."""

    title: str
    number: bool = True


@dataclass(frozen=True)
class Sheet:
    """A table. Names stand in its first columns. A line break in a cell says where it may best be broken.

    A row marked in `loud` is emphasised, in addition to what its words say.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    loud: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Code:
    """Lines to be copied as they are."""

    text: str
    language: str = ""


Block = Heading | Prose | Items | Facts | Sheet | Code
