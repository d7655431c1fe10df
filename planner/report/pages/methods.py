"""Analyses, stopping rules and designs explained, as blocks."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from itertools import groupby

from planner.report.blocks import Block, Code, Facts, Heading, Prose
from planner.report.methods import Method

_TITLES = {
    "analysis": "Analyses",
    "efficacy rule": "Stopping for efficacy",
    "futility rule": "Stopping for futility",
    "design": "Designs",
}


def methods_page(methods: Sequence[Method]) -> list[Block]:
    """The methods, by kind."""
    blocks: list[Block] = []
    for kind, group in groupby(methods, key=lambda method: method.kind):
        blocks.append(Heading(_TITLES[kind], 1))
        for method in group:
            blocks += [Heading(method.name), Prose(f"{method.title}.".replace("..", "."))]
            blocks += _paragraphs(method.explanation)
            facts = [(name, f"{meaning}.") for name, meaning in method.parameters.items()]
            facts += [("Needs", f"{method.needs}.")] if method.needs else []
            facts += [("Source", method.source)] if method.source else []
            blocks += [Facts(facts)] if facts else []
    return blocks


def _paragraphs(text: str) -> list[Block]:
    """A docstring as blocks: an indented paragraph is a formula."""
    blocks: list[Block] = []
    for paragraph in filter(None, (part.strip("\n") for part in text.split("\n\n"))):
        if paragraph.startswith("    "):
            blocks.append(Code(inspect.cleandoc(paragraph)))
        else:
            blocks.append(Prose(" ".join(paragraph.split())))
    return blocks
