"""Treatments that a file calls otherwise: by their labels, or several sequences in one text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from planner.errors import UnknownNameError
from planner.scenario.faults import dotted
from planner.scenario.labels import Labels, labels_of, name_called
from planner.scenario.reading.numbers import number_text
from planner.scenario.resolving.draft import Complaint
from planner.scenario.resolving.examples import described, spelt_out, written_at
from planner.scenario.text import in_toml, quote
from planner.scenario.tree import Tree

_SEQUENCES = ("design", "sequences")
_STRANGE = re.compile(".* cannot be a name|.* is not a treatment of this design")


def treatments_answered(complaints: Sequence[Complaint], data: Tree) -> list[Complaint]:
    """The complaints, with one in place of all that follow from treatments that are called otherwise."""
    labels = _labels(data)
    done = [_by_name(complaint, data, labels) for complaint in complaints]
    renamed = {each.path[:-1] for each, was in zip(done, complaints, strict=True) if each is not was}
    done = [
        each for each in done if not (each.path in renamed and each.message.startswith("says nothing of"))
    ]
    meant = _sequences_meant(data, labels)
    if meant is None or not done:
        return done
    follows = re.compile(
        "treatment .* is not declared|says nothing of|give one treatment only|has .* periods"
    )
    own = Complaint(_SEQUENCES, "cannot be read: one text for each sequence, of names of treatments", meant)
    mended = [each for each in done if not follows.match(each.message) and not _STRANGE.match(each.message)]
    renamings = [each for each in done if each.path[:-1] in renamed and each not in mended]
    return [own, *renamings, *mended]


def _labels(data: Tree) -> Labels:
    """The treatments of the file with their labels, also where one stands for the whole table."""
    stated = data.get("treatments")
    table = stated if isinstance(stated, dict) else {}
    return labels_of({name: {"label": row} if isinstance(row, str) else row for name, row in table.items()})


def _by_name(complaint: Complaint, data: Tree, labels: Labels) -> Complaint:
    """A complaint about a treatment that is called by its label, with the line by its name."""
    if complaint.path[:1] in ((), ("treatments",)) or not _STRANGE.fullmatch(complaint.message):
        return complaint
    try:
        name = dotted((name_called(str(complaint.path[-1]), labels, "treatment", "treatments"),))
    except UnknownNameError:
        return complaint
    value = written_at(data, complaint.path)
    return complaint._replace(
        message=f"{quote(str(complaint.path[-1]))} is a label; treatments go by their names here",
        hint=f"{name} = {number_text(value)}" if isinstance(value, int | float) else name,
    )


def _sequences_meant(data: Tree, labels: Labels) -> str | None:
    """The sequences by names, one text each; None where that is what they are, or nothing better is known."""
    written = written_at(data, _SEQUENCES)
    known = list(labels) or described(data)
    if not isinstance(written, list) or not written or not all(isinstance(text, str) for text in written):
        return None
    if all(set(text.split()) <= set(known) or spelt_out(text, known) for text in written):
        return None
    texts = [_with_names(text, labels) for text in written]
    each = [
        [text] if spelt_out(text, known) else [part for part in re.split("[,;/|]", text) if part.strip()]
        for text in texts
    ]
    spelt = [spelt_out(text, known) for parts in each for text in parts]
    if any(sequence is None for sequence in spelt):
        return None
    return f"sequences = [{', '.join(in_toml(sequence or '') for sequence in spelt)}]"


def _with_names(text: str, labels: Labels) -> str:
    """A text with the name of a treatment in place of each label, the longest first."""
    called = [(label, name) for name, own in labels.items() for label in own if name != label]
    for label, name in sorted(called, key=lambda pair: -len(pair[0])):
        pattern = rf"(?<!\w){re.escape(label)}(?!\w)"
        text = re.sub(pattern, lambda _, name=name: f" {name} ", text, flags=re.IGNORECASE)  # type: ignore[misc]
    return text
