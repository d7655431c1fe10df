"""What a crossover trial is: every setting of a scenario, declared once.

A declaration carries the type, the range, the unit and one sentence of help. Error messages, `show`, `--set`,
the JSON Schema and the digest are all derived from it. `scenario.reading.read` turns a file into a complete
`Scenario`: every default filled in, every look a count, so that nothing downstream knows a default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import PrivateAttr

from planner.errors import AnalysisError
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.blinding import Blinding
from planner.scenario.components import Agent, Component, Signal
from planner.scenario.design import MAX_TREATMENTS, Design, Treatment
from planner.scenario.endpoint import Endpoint
from planner.scenario.fields import (
    A_TEXT,
    AlsoWritten,
    Name,
    PathText,
    Settings,
    Symbol,
    about,
    spelt_schema,
)
from planner.scenario.hypotheses import AnyHypothesis, OfEndpoint
from planner.scenario.logs import ln
from planner.scenario.monitoring import Monitoring
from planner.scenario.observed import Observed
from planner.scenario.own_methods import OwnMethods, context_of, unused
from planner.scenario.population import Population
from planner.scenario.scale import Scale
from planner.scenario.secondary_outcomes import MAX_OUTCOMES, SecondaryOutcome
from planner.scenario.simulation import SimulationSettings
from planner.scenario.text import count, listed
from planner.scenario.uncertainty import BY_PATH, Distribution
from planner.scenario.vocabulary import METHODS, SCALES

MAX_HYPOTHESES = 100
MAX_ANALYSES = 20
MAX_NAMES = 100
"""Of agents, of signals and of components."""


_NAMED, _WIDEST = 4, 100  # names that are listed in a line of a scenario's repr, and its characters


def _some(names: Sequence[str]) -> str:
    """The first few names, and how many there are besides."""
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return listed([*names[:_NAMED], *more])


class Citation(Settings):
    key: Annotated[Name, about("Short name of the source", label=True)]
    text: Annotated[
        str,
        about(
            "The source as it is printed",
            label=True,
            example="Graff-Lonnevig V, Browaldh L. Clin Exp Allergy 1990;20:429-432",
        ),
    ]
    doi: Annotated[str, about("Digital object identifier", label=True)] = ""
    url: Annotated[str, about("Where the source can be read", label=True)] = ""
    supports: Annotated[
        tuple[PathText, ...], about("Paths of the settings that the source supports", label=True)
    ] = ()


class Scenario(Settings):
    schema_version: Annotated[Literal[1], about("Version of the scenario format")]
    extends: Annotated[
        str, about("Another scenario file, of the same folder or the catalogue, that this one adds to")
    ] = ""
    title: Annotated[str, about("One line that names the trial", label=True)] = ""
    question: Annotated[str, about("The question that the trial asks", label=True)] = ""
    notes: Annotated[str, about("Anything else that a reader should know", label=True)] = ""
    citations: Annotated[tuple[Citation, ...], about("Sources of the numbers", label=True)] = ()
    assumed: Annotated[
        tuple[PathText, ...], about("Paths of settings that rest on no source", label=True)
    ] = ()
    agents: Annotated[Mapping[Symbol, Agent], about("What treatments are made of", max_length=MAX_NAMES)] = {}
    treatments: Annotated[
        Mapping[Symbol, Annotated[Treatment, A_TEXT]],
        AlsoWritten(type="array", items={"type": "string"}),
        about("The treatments", max_length=MAX_TREATMENTS),
    ] = {}
    design: Annotated[Design, about("Sequences, patients and times")]
    population: Annotated[Population, about("The patients, and what happens to all of them")] = Population()
    endpoint: Annotated[Endpoint, AlsoWritten(**spelt_schema(SCALES)), about("What is measured")] = Endpoint()
    signals: Annotated[
        Mapping[Symbol, Signal], about("What agents activate or block in a patient", max_length=MAX_NAMES)
    ] = {}
    components: Annotated[
        Mapping[Symbol, Component], about("The parts of which improvement is made", max_length=MAX_NAMES)
    ] = {}
    outcomes: Annotated[
        Mapping[Symbol, SecondaryOutcome],
        about("What is measured beside the endpoint", max_length=MAX_OUTCOMES),
    ] = {}
    blinding: Annotated[
        Blinding | None, about("What patients guess after each period, and what the guess does")
    ] = None
    hypotheses: Annotated[
        Mapping[Name, AnyHypothesis],
        about("What may be true", min_length=1, max_length=MAX_HYPOTHESES),
        OfEndpoint(),
    ]
    uncertainty: Annotated[Mapping[PathText, Distribution], BY_PATH] = {}
    analyses: Annotated[
        tuple[Annotated[PlannedAnalysis, AlsoWritten(**spelt_schema(METHODS))], ...],
        AlsoWritten(type=["object", "string"]),
        about("How the trial is analysed", min_length=1, max_length=MAX_ANALYSES),
    ] = ()
    monitoring: Annotated[Monitoring, about("When the data are looked at, and when to stop")] = Monitoring()
    observed: Annotated[
        Observed | None, about("What a trial has found, for `weigh`; it alters no simulation", label=True)
    ] = None
    simulation: Annotated[SimulationSettings, about("How the trial is simulated")] = SimulationSettings()
    sweep: Annotated[
        Mapping[PathText, tuple[Any, ...]],
        about(
            "Settings that `run` varies: the path of each, and its values; paths joined by a comma vary "
            "together, with a list of their values for each step",
            label=True,
            example={"design.washout_days": [7, 14, 30]},
        ),
    ] = {}
    _name: str = PrivateAttr(default="scenario")
    _remarks: tuple[str, ...] = PrivateAttr(default=())

    @property
    def name(self) -> str:
        """Name of the file or of the entry of the catalogue; not a setting."""
        return self._name

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on what follows from a setting for whoever set it; every result repeats them."""
        return self._remarks

    def with_remarks(self, *remarks: str) -> Scenario:
        """The same with more of them."""
        copy = self.model_copy()
        copy._remarks = (*self._remarks, *remarks)
        return copy

    def __repr__(self) -> str:
        """Its name, design, hypotheses and analyses, in a few lines; `planner show` says the rest."""
        sequences = [" ".join(sequence) for sequence in self.design.sequences]
        methods = [f"{each.name} ({each.method})" for each in self.analyses]
        facts = {
            "design": f"{count(self.design.patients, 'patient')}, sequences {_some(sequences)}",
            "hypotheses": _some(list(self.hypotheses)),
            "analyses": _some(methods),
        }
        title = f": {self.title}" if self.title else ""
        lines = [f"Scenario {self.name}{title}", *(f"  {what}: {text}" for what, text in facts.items())]
        return "\n".join(line if len(line) <= _WIDEST else f"{line[: _WIDEST - 3]}..." for line in lines)

    __str__ = __repr__

    @property
    def own_methods(self) -> OwnMethods:
        """The user's analyses that it uses, by name."""
        return {each.method: each.own for each in self.analyses if each.own is not None}

    def with_methods(self, methods: OwnMethods | None) -> Scenario:
        """The scenario with these analyses of the user's own in place of those that it was read with.

        Raises AnalysisError where it uses none of them, or where one needs another design than the one that
        the scenario was read with.
        """
        context_of(methods)
        if not methods:
            return self
        used = self.own_methods
        if not set(methods) & set(used):
            raise unused(next(iter(methods)), list(used))
        for name in set(methods) & set(used):
            if methods[name].row[1:] != used[name].row[1:]:
                hint = "read the scenario again with this one"
                raise AnalysisError(f"the scenario was read with another {name}, of other needs", hint)
        analyses = tuple(each.with_own(methods.get(each.method)) for each in self.analyses)
        return self.model_copy(update={"analyses": analyses})

    def scale_of(self, analysis: PlannedAnalysis) -> Scale:
        """The scale of what an analysis reads: the endpoint's, or that of a secondary outcome."""
        return self.outcomes[analysis.outcome].scale if analysis.outcome else self.endpoint.scale

    def as_analysed(self, effect: float, analysis: PlannedAnalysis) -> float:
        """An effect that an analysis states, on the scale of the analysis: of a ratio its logarithm."""
        return ln(effect) if self.gives_ratio(analysis) else effect

    def gives_ratio(self, analysis: PlannedAnalysis) -> bool:
        """Whether an analysis compares by a ratio of geometric means."""
        return self.endpoint.on_logs and not analysis.outcome

    @property
    def period_shifts(self) -> tuple[float, ...]:
        """What each period adds to the scores that are analysed: of a ratio, its logarithm."""
        return self._shifts(self.population.period_effect)

    @property
    def sequence_shifts(self) -> tuple[float, ...]:
        """What each sequence adds to the scores that are analysed: of a ratio, its logarithm."""
        return self._shifts(self.population.sequence_effect)

    def _shifts(self, effects: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(map(ln, effects)) if self.endpoint.on_logs else effects

    @property
    def simulated_hypotheses(self) -> tuple[str, ...]:
        """Names of the hypotheses to simulate: those that were chosen, else all."""
        return self.simulation.hypotheses or tuple(self.hypotheses)
