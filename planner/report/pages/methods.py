"""Analyses, stopping rules and designs explained, as blocks."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from itertools import groupby

from planner.report.blocks import Block, Code, Facts, Heading, Prose
from planner.report.methods import Method

_TITLES = {
    "analysis": "Analyses",
    "alternative": "Tests against margins",
    "rule of scaling": "Limits that are scaled to how the reference varies",
    "efficacy rule": "Stopping for efficacy",
    "futility rule": "Stopping for futility",
    "two-stage rule": "Second stages that are planned after the first",
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
            lines = inspect.cleandoc(paragraph).split("\n")
            blocks.append(Code("\n".join(part for line in lines for part in _broken(line))))
        else:
            blocks.append(Prose(" ".join(paragraph.split())))
    return blocks


_DEEPEST = 16  # indent of what is continued, below what it continues
_WIDEST = 76  # of a line of a formula, which has two blanks before it


def _broken(line: str) -> list[str]:
    """A line of a formula in parts that fit 80 columns, broken where it has a gap, else at a blank."""
    parts: list[str] = []
    while len(line) > _WIDEST:
        words = line.strip()
        if len(words) <= _WIDEST // 2:  # a source at the right edge
            return [*parts, words.rjust(_WIDEST)]
        begins = re.match(r"\s*\S+(?: += | {2,}|(?<=:) )", line)
        deep = len(line) - len(words) if begins is None else begins.end()
        indent = deep if 0 < deep <= _DEEPEST else 4
        gaps = [each.start() for each in re.finditer(r"(?<=\S) {2,}", line[:_WIDEST])]
        blanks = [each.start() for each in re.finditer(r"(?<=\S) ", line[: _WIDEST + 1])]
        at = next((each for each in (gaps[-1:] or [0]) if each > _WIDEST // 3), blanks[-1])
        parts.append(line[:at])
        line = " " * indent + line[at:].lstrip()
    return [*parts, line]
