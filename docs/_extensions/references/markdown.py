"""Pieces of Markdown: what comes from code must not be taken for markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

WIDEST = 84
"""Characters of a line of a formula that a page shows without cutting it."""


def text(words: str) -> str:
    """Plain text; what stands in backticks stays code, and options become code."""
    parts = re.split(r"(`[^`]*`)", re.sub(_OPTION, r"`\1`", words))
    return "".join(part if part.startswith("`") else re.sub(_MARKUP, r"\\\1", part) for part in parts)


_OPTION = re.compile(r"(?<![\w`-])(--[a-z]+(?:-[a-z]+)*|-[a-zA-Z])(?![\w`-])")
_MARKUP = re.compile(r"([\\*_<>\[\]|$#{}~])")


def code(words: str) -> str:
    """As code; with double backticks where it has one."""
    return f"`` {words} ``" if "`" in words else f"`{words}`"


def cell(words: str) -> str:
    """In a table a bar would end the cell, also in code."""
    return re.sub(r"(?<!\\)\|", r"\\|", words).replace("\n", " ")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def fence(kind: str, body: str, ticks: int = 3) -> str:
    """A block of code."""
    return f"{'`' * ticks}{kind}\n{body}\n{'`' * ticks}"


def toctree(pages: Iterable[str]) -> str:
    """The pages below this one."""
    return fence("{toctree}", ":maxdepth: 1\n\n" + "\n".join(pages))


def anchor(path: str) -> str:
    """A label of Sphinx for what is called so."""
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")


def prose(docstring: str) -> str:
    """A docstring: paragraphs are text, indented ones formulas, those with a prompt sessions of Python."""
    return "\n\n".join(_paragraph(part) for part in paragraphs(docstring))


def paragraphs(docstring: str) -> list[str]:
    """The paragraphs of a text, those that follow each other indented taken as one block."""
    merged: list[str] = []
    for part in re.split(r"\n\s*\n", docstring.strip("\n")):
        joins = merged and part.startswith("    ") and merged[-1].startswith("    ")
        if joins or (merged and part.startswith(">>>") and merged[-1].startswith(">>>")):
            merged[-1] += "\n\n" + part
        else:
            merged.append(part)
    return merged


def _paragraph(part: str) -> str:
    if part.startswith(">>>"):
        return fence("pycon", part.replace("<BLANKLINE>", ""))
    if part.startswith("    "):
        return fence("text", formula(part))
    return text(" ".join(part.split("\n")).replace("::", ":"))


def formula(block: str) -> str:
    """Lines of a formula, the longer ones broken where there are gaps, else between words."""
    indent = min(len(line) - len(line.lstrip()) for line in block.split("\n") if line.strip())
    return "\n".join(_broken(line[indent:].rstrip()) for line in block.split("\n"))


def _broken(line: str) -> str:
    if len(line) <= WIDEST:
        return line
    start = " " * (len(line) - len(line.lstrip()))
    pieces = re.split(r"(?<=[,\w)\]])\s{3,}(?=[^\s=])", line.strip())
    lines = [start + pieces[0], *(f"{start}    {piece}" for piece in pieces[1:])]
    return "\n".join(shorter for each in lines for shorter in _wrapped(each))


def _wrapped(line: str) -> list[str]:
    """Cut between words, the rest indented once more."""
    start = " " * (len(line) - len(line.lstrip()))
    lines = [""]
    for word in re.findall(r"\s*\S+", line):
        if len(lines[-1]) + len(word) > WIDEST:
            lines.append(f"{start}    {word.strip()}")
        else:
            lines[-1] += word
    return lines
