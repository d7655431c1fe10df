"""What a renderer is: one method for each block, and what it may ask of the place where its page goes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import assert_never

from planner.report.blocks import Block, Code, Facts, Heading, Items, Panels, Plot, Prose, Sheet
from planner.scenario.text import visible

PROSE = 80  # columns of running text where nothing else is known


@dataclass(frozen=True)
class Medium:
    """What the place where a page goes can show. By default: a file."""

    columns: int = PROSE  # of running text
    wide: bool = True  # whether a table may be as wide as it is, beyond the columns
    colour: bool = False
    symbols: bool = True  # signs such as ± and ≥, lines such as ─; else their nearest spelling in ASCII
    braille: bool = True  # Braille dots


class Renderer(ABC):
    """Blocks in one form, for one medium.

    Strings come as people wrote them: each method escapes for itself, as `escaped` says.
    """

    def __init__(self, medium: Medium | None = None) -> None:
        self.medium = medium or Medium()

    @staticmethod
    def escaped(text: str) -> str:
        """One line of text as it stands in a page of this form; here as it is, but for control characters."""
        return visible(text)

    @abstractmethod
    def page(self, blocks: Sequence[Block]) -> str:
        """The whole page."""

    @abstractmethod
    def heading(self, block: Heading) -> str:
        """A title."""

    @abstractmethod
    def prose(self, block: Prose) -> str:
        """A paragraph, perhaps a warning."""

    @abstractmethod
    def items(self, block: Items) -> str:
        """Short sentences."""

    @abstractmethod
    def facts(self, block: Facts) -> str:
        """Names and what they stand for."""

    @abstractmethod
    def sheet(self, block: Sheet) -> str:
        """A table."""

    @abstractmethod
    def code(self, block: Code) -> str:
        """Lines to be copied."""

    @abstractmethod
    def lines(self, block: Plot) -> str:
        """A plot of lines."""

    @abstractmethod
    def bars(self, block: Plot) -> str:
        """A plot of bars."""

    @abstractmethod
    def panels(self, block: Panels) -> str:
        """Small plots side by side."""

    def block(self, block: Block) -> str:
        """One block, by the method of its kind."""
        match block:
            case Heading():
                return self.heading(block)
            case Prose():
                return self.prose(block)
            case Items():
                return self.items(block)
            case Facts():
                return self.facts(block)
            case Sheet():
                return self.sheet(block)
            case Code():
                return self.code(block)
            case Plot():
                return self.plot(block)
            case Panels():
                return self.panels(block)
            case _:
                assert_never(block)

    def plot(self, block: Plot) -> str:
        """A plot, by the method of its kind."""
        match block.kind:
            case "lines":
                return self.lines(block)
            case "bars":
                return self.bars(block)
            case _:
                assert_never(block.kind)


def renderer(module: str, medium: Medium | None = None) -> Renderer:
    """The renderer of a module of this package, loaded when it is first used."""
    made: Renderer = import_module(f"planner.report.render.{module}").RENDERER(medium)
    return made
