"""The result of `size`: answers, power curves, and what must not be overlooked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from planner.model.stopping.remarks import LimitReport
from planner.questions.size.size_figures import CurvePoint, SizeAnswer
from planner.results.carryover_sentences import BEGIN, Carried, bias_sentences, place
from planner.results.contract import Json, as_json
from planner.results.digest import answer_digest
from planner.results.effect_scale import unit_of
from planner.results.frames import flatten
from planner.results.number_text import DASH, estimated
from planner.results.provenance import ENGINE, provenance, scenario_named
from planner.results.result import QuestionResult
from planner.results.uncertain_numbers import uncertain_numbers
from planner.scenario.scenario import Scenario
from planner.scenario.text import count

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True, repr=False)
class Sizing(QuestionResult):
    """The result of `size`.

    >>> import planner
    >>> one = ["simulation.hypotheses=['published']"]
    >>> scenario = planner.read("asthma-ab-ba", set=one)
    >>> sizing = planner.size(scenario, power=0.8, max_patients=40, trials=2_048)
    >>> sizing.answers[0].patients, sizing.answers[0].range
    (10, (10, 10))
    >>> sizing.curve[0].patients
    2
    """

    question: ClassVar = "size"

    scenario: Scenario
    name: str
    find: str  # patients or effect
    answers: list[SizeAnswer]  # one for each hypothesis, analysis and target
    curve: list[CurvePoint]  # every point of every power curve that was evaluated
    partial: bool
    seed: int
    trials: int  # of all passes together, each counted whole
    simulated: int  # of these, once each: a pass goes on from what an earlier one has simulated
    most_patients: int
    seconds: float
    warnings: list[str] = field(default_factory=list)
    limits: list[LimitReport] = field(default_factory=list)  # at the numbers that answer
    variants: int | None = None  # of what is uncertain, at most
    most_trials: int | None = None  # in one pass, if it was asked for
    passes: tuple[str, ...] = ()  # digest of each pass over the patients, in turn

    def digest(self) -> str:
        """Name of the result: the same question, seed and engine give the same digest everywhere."""
        return answer_digest(
            "size",
            ENGINE,
            [self.scenario],
            hypotheses=list(dict.fromkeys(each.hypothesis for each in self.answers)),
            seed=self.seed,
            trials=self.trials,
            options={
                "find": self.find,
                "targets": list(dict.fromkeys(each.target for each in self.answers)),
                "patients": self.most_patients,
                "trials": self.most_trials,
                "variants": self.variants,
            }
            | ({"minimum": self.scenario.design.minimum} if self.scenario.design.minimum else {}),
            sums=self.passes,
        )

    def to_json(self) -> Json:
        """The `planner.size/1` object."""
        return {
            "schema": "planner.size/1",
            "find": self.find,
            "scenario": scenario_named(self.name, self.scenario),
            "run": provenance(
                self.digest(),
                {"trials": self.trials, "seed": self.seed},
                seconds=self.seconds,
                simulated=self.simulated,
                search={"most_patients": self.most_patients},
            )
            | ({"variants": self.variants} if self.variants is not None else {}),
            "answers": [each.to_json() for each in self.answers],
            "curve": [each.to_json() for each in self.curve],
            "limits": [each.to_json() for each in self.limits],
            "partial": self.partial,
            "warnings": self.warnings,
            **({"uncertain": as_json(uncertain_numbers(self.scenario))} if self.variants is not None else {}),
        }

    @property
    def biased(self) -> list[tuple[SizeAnswer, str]]:
        """The answers that carryover biases, and where that is."""
        return [(each, place(each.patients or 0)) for each in self.answers if each.carryover is not None]

    def warnings_with(self, label: Callable[[str], str]) -> list[str]:
        """The warnings, with hypotheses called by their labels."""
        carryover = carryover_warnings(self.scenario, self.answers, label)
        return [*carryover, *(warning for warning in self.warnings if not warning.startswith(BEGIN))]

    def frame(self) -> polars.DataFrame:
        """The power curves as a table, one row a point; `answers` names the targets that it answers."""
        import polars

        rows = []
        for each in self.curve:
            targets = [
                f"{answer.target:g}"
                for answer in self.answers
                if answer.key == each.key and answer.sought == each.sought
            ]
            rows.append(flatten(each) | {"answers": ";".join(targets)})
        return polars.DataFrame(rows, infer_schema_length=None)

    def answers_frame(self) -> polars.DataFrame:
        """The answers as a table, one row each."""
        import polars

        return polars.DataFrame([_answer_row(answer) for answer in self.answers], infer_schema_length=None)

    def _repr_html_(self) -> str:
        html: str = self.answers_frame()._repr_html_()
        return html

    def _about(self) -> str:
        return f"{self.name}, {count(self.trials, 'trial')}{', interrupted' if self.partial else ''}"

    def _lines(self) -> Iterator[str]:
        for each in self.answers:
            where = f"{each.hypothesis}, {each.analysis}, power {each.target:g}"
            if each.sought is None or each.range is None:
                yield f"{where}: no answer"
                continue
            low, high = (DASH if end is None else f"{end:g}" for end in each.range)
            power = estimated(each.power, percent=True)
            yield f"{where}: {self.find} {each.sought:g} ({low} to {high}), {power}"


def carryover_warnings(
    scenario: Scenario, answers: Sequence[SizeAnswer], label: Callable[[str], str]
) -> list[str]:
    """A sentence for each analysis that carryover biases at an answer."""
    return bias_sentences(
        Carried(
            answer.analysis,
            label(answer.hypothesis),
            place(answer.patients or 0),
            unit_of(scenario, answer.analysis),
            answer.carryover,
        )
        for answer in answers
    )


def _answer_row(answer: SizeAnswer) -> Json:
    """An answer as a row of a table; of its range, `range_low` and `range_high`."""
    low, high = answer.range or (None, None)
    return flatten({**answer.to_json(), "range": {"low": low, "high": high}})
