"""What people call things by: their name, or their label where no other has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from planner.errors import UnknownNameError
from planner.scenario.text import count, listed, nearest, perhaps, printable

Labels = Mapping[str, Sequence[str]]
"""Names, each with its labels: none or one, or several where it has others in other scenarios."""

_FEW = 12  # names that are listed where none is near


def labels_of(*tables: object) -> dict[str, list[str]]:
    """The labels in tables by name: of the hypotheses of scenarios, or of a file as it is written."""
    labels: dict[str, list[str]] = {}
    for table in tables:
        for name, row in table.items() if isinstance(table, Mapping) else ():
            label = row.get("label") if isinstance(row, Mapping) else getattr(row, "label", "")
            known = labels.setdefault(str(name), [])
            if isinstance(label, str) and label and label not in known:
                known.append(label)
    return labels


def name_called(word: str, labels: Labels, kind: str = "hypothesis", kinds: str = "hypotheses") -> str:
    """The name that a word is, or of which it is the label; blanks and letters of a label may be others.

    Raises UnknownNameError where there is none, or more than one.
    """
    if word in labels:
        return word
    names = [name for name, own in labels.items() if _folded(word) in map(_folded, own)]
    if len(names) == 1:
        return names[0]
    if names:
        raise UnknownNameError(
            f"{count(len(names), kind, kinds)} have the label {printable(word)}",
            f"give a name: {listed(names, 'or')}",
            several=True,
        )
    raise UnknownNameError(f"there is no {kind} {printable(word)}", _near(word, labels))


def names_called(words: Iterable[str], labels: Labels) -> list[str]:
    """The names of hypotheses that words are or of which they are the labels, each once."""
    return list(dict.fromkeys(name_called(word, labels) for word in words))


def words_called(texts: Iterable[str], labels: Labels) -> list[str]:
    """The words of texts like `a,b` and `c`, without the blanks around them; labels may have commas."""
    known = {_folded(name) for name in (*labels, *(label for own in labels.values() for label in own))}
    longest = 1 + max((name.count(",") for name in known), default=0)  # parts of a name
    words: list[str] = []
    for text in texts:
        parts, start = text.split(","), 0
        while start < len(parts):
            ends = range(min(len(parts), start + longest), start + 1, -1)
            end = next((e for e in ends if _folded(",".join(parts[start:e])) in known), start + 1)
            words.append(",".join(parts[start:end]).strip())
            start = end
    return words


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace(",", ", ").split())


def _near(word: str, labels: Labels) -> str:
    """`did you mean X (its label)?`, without the label where the name is nearer; all names where none is near
    and there are few.
    """
    by_text = {text: name for name, own in labels.items() for text in (*own, name)}
    near = {by_text[text]: text for text in reversed(nearest(word, by_text))}  # of each the nearest text
    names = [name if text == name else f"{name} ({text})" for name, text in reversed(near.items())]
    return perhaps(names) or (f"known: {listed(labels)}" if 0 < len(labels) <= _FEW else "")
