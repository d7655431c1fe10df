"""The result of telling hypotheses apart, in the form of the JSON contract: `planner.discriminate/1`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from planner.questions.discriminate.design_figures import DesignFigures
from planner.results.contract import Json
from planner.results.digest import answer_digest
from planner.results.frames import flatten
from planner.results.number_text import estimated
from planner.results.provenance import ENGINE, provenance
from planner.results.result import QuestionResult
from planner.scenario.scenario import Scenario
from planner.scenario.text import count, listed

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True, repr=False)
class Discrimination(QuestionResult):
    """The result of `discriminate`.

    >>> import planner
    >>> result = planner.discriminate(planner.read("asthma-ab-ba"), draws=32)
    >>> result.designs[0].hypotheses
    ('published', 'minimal-important', 'no-difference')
    >>> result.frame().columns[:3]
    ['design', 'periods', 'patients']
    """

    question: ClassVar = "discriminate"

    scenarios: tuple[Scenario, ...]
    names: tuple[str, ...]  # of the designs, each once
    designs: tuple[DesignFigures, ...]
    draws: int
    seed: int
    decisive: float
    likelihood: str
    seconds: float
    partial: bool
    warnings: tuple[str, ...]

    def digest(self) -> str:
        """Name of the answer, on one machine: it covers all figures of the designs but not their names."""
        documents = [each.to_json() for each in self.designs]
        sums = [{k: v for k, v in each.items() if k not in ("design", "title")} for each in documents]
        options = {"draws": self.draws, "decisive": self.decisive, "likelihood": self.likelihood}
        question: Json = {"hypotheses": [each["hypotheses"] for each in sums], "seed": self.seed, "trials": 0}
        return answer_digest("discriminate", ENGINE, self.scenarios, **question, options=options, sums=sums)

    def frame(self) -> polars.DataFrame:
        """A row for each design and number of patients, keys flattened with an underscore."""
        import polars

        rows = []
        for design in self.designs:
            head = {"design": design.design, "periods": design.periods}
            tail = flatten({"ceiling": design.answers.ceiling})
            rows += [{**head, **flatten(point), **tail} for point in design.answers.curve]
        return polars.DataFrame(rows, infer_schema_length=None)

    def _about(self) -> str:
        return f"{listed(list(self.names))}, {count(self.draws, 'draw')}"

    def _lines(self) -> Iterator[str]:
        for design in self.designs:
            reached = (design.answers.rates.p_right, design.answers.ceiling)
            right, most = (estimated(each, percent=True) for each in reached)
            where = f"{design.design}, {count(design.patients, 'patient')}"
            yield f"{where}: right {right}, without end {most}"

    def to_json(self) -> Json:
        """The `planner.discriminate/1` object."""
        return {
            "schema": "planner.discriminate/1",
            "designs": [each.to_json() for each in self.designs],
            "run": provenance(
                self.digest(),
                {
                    "draws": self.draws,
                    "trials": self.designs[0].answers.check.trials,
                    "seed": self.seed,
                    "decisive": self.decisive,
                    "likelihood": self.likelihood,
                },
                seconds=self.seconds,
            ),
            "partial": self.partial,
            "warnings": list(self.warnings),
        }
