"""What every result offers, whatever was asked: its figures as JSON, a table, a page, a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from planner.results.contract import Json
from planner.results.figures import Figure
from planner.results.number_text import estimated

if TYPE_CHECKING:
    import polars

_LINES = 8  # of a result where it is printed; of more, how many are left


@runtime_checkable
class Result(Protocol):
    """The answer to a question."""

    def digest(self) -> str:
        """Name of the answer: of what was asked, and of every number from which the answer was made."""

    def to_json(self) -> Json:
        """The object of the JSON contract."""

    def frame(self) -> polars.DataFrame:
        """The figures as a table."""

    def document(self) -> Sequence[object]:
        """The page of the answer as blocks of planner.report.blocks, which renderers lay out."""

    def _repr_html_(self) -> str:
        """For notebooks."""


class QuestionResult:
    """What results have in common; a dataclass below it is declared with repr=False.

    `question`: the name of its row in planner.report.documents.
    """

    question: ClassVar[str]

    def digest(self) -> str:
        """Name of the answer: of what was asked, and of every number from which the answer was made."""
        raise NotImplementedError

    def to_json(self) -> Json:
        """The object of the JSON contract."""
        raise NotImplementedError

    def frame(self) -> polars.DataFrame:
        """The figures as a table."""
        raise NotImplementedError

    def document(self) -> Sequence[object]:
        """The page of the answer as blocks; it stands in `report`, which is loaded when a page is wanted."""
        blocks: Sequence[object] = import_module("planner.report.documents").document(self)
        return blocks

    def _repr_html_(self) -> str:
        html: str = self.frame()._repr_html_()
        return html

    def __repr__(self) -> str:
        """What it is of, its digest, and its main figures, in a few lines."""
        lines = list(islice(self._lines(), _LINES + 1))
        if len(lines) > _LINES:
            lines[_LINES:] = ["..."]
        head = f"{type(self).__name__} of {self._about()}, digest {self.digest()[:12]}"
        return "\n".join([head, *(f"  {line}" for line in lines)])

    def _about(self) -> str:
        """The scenario by name, and how much was simulated: `asthma-ab-ba, 10,000 trials`."""
        raise NotImplementedError

    def _lines(self) -> Iterator[str]:
        """The main figures, each with its Monte Carlo standard error."""
        raise NotImplementedError


def power_line(where: str, power: Figure, is_null: bool) -> str:
    """The power, or where the null hypothesis is true the type I error, of what is named."""
    return f"{where}: {'type I error' if is_null else 'power'} {estimated(power, percent=True)}"
