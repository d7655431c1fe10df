"""Trials of hypotheses that differ in known ways, and what is concluded of them, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.questions.discriminate import simulating
from planner.questions.discriminate.discriminate import discriminate
from planner.questions.discriminate.simulating import SimulatedDesign, Task
from planner.questions.discriminate.summaries import summaries_of
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.harness import Comparison, scenario_text
from tests.support.paths import INPUTS

Json = dict[str, Any]
FOLDER = INPUTS / "discriminate"
DRAWS = 64


def trial(
    means: Sequence[Mapping[str, float]],
    *,
    sequences: Sequence[str] = ("A B", "B A"),
    patients: int = 12,
    within: float = 4.0,
    between: float = 0.0,
    uncertain: Sequence[Mapping[str, Any]] = (),
    prior: Sequence[float] = (),
    **more: Any,
) -> Scenario:
    """Hypotheses h0, h1, ... that state means."""
    hypotheses: dict[str, Any] = {}
    for i, each in enumerate(means):
        hypotheses[f"h{i}"] = {"means": each, "sd_within": within, "sd_between": between}
        if prior:
            hypotheses[f"h{i}"]["prior"] = prior[i]
    arms = list(means[0])
    text = scenario_text((" ".join(arms), " ".join(arms[::-1])), 2, hypotheses=hypotheses)
    for i, each in enumerate(uncertain):
        lines = [f'"{path}" = {{ mean = {d[0]}, sd = {d[1]} }}' for path, d in each.items()]
        text += "\n".join([f"[hypotheses.h{i}.uncertainty]", *lines, ""])
    return of_design(read_text(text), sequences, patients, **more)


def of_design(
    scenario: Scenario,
    sequences: Sequence[str],
    patients: int,
    allocation: Sequence[int] = (),
    period_effect: Sequence[float] = (),
    dropout: Sequence[float] = (),
) -> Scenario:
    """The scenario with another design, for which there need be no analysis."""
    periods = len(sequences[0].split())
    design = {
        "sequences": tuple(tuple(sequence.split()) for sequence in sequences),
        "allocation": tuple(allocation or [1] * len(sequences)),
        "patients": patients,
    }
    population = {
        "period_effect": tuple(period_effect or [0.0] * periods),
        "sequence_effect": (0.0,) * len(sequences),
        "dropout": scenario.population.dropout.model_copy(
            update={"per_period": tuple(dropout or [0.0] * (periods - 1))}
        ),
    }
    update = {
        "design": scenario.design.model_copy(update=design),
        "population": scenario.population.model_copy(update=population),
    }
    return scenario.model_copy(update=update)


def told(scenario: Scenario, **options: Any) -> Json:
    """The only design of a result."""
    (design,) = discriminate(scenario, **({"draws": DRAWS, "seed": 7} | options)).designs
    return design.to_json()


def check(compared: Comparison, what: str, figure: Json, expected: float) -> None:
    compared.mean(what, figure["estimate"], figure["mcse"], expected)


def simulate(scenario: Scenario, draws: int = DRAWS, kinds: Sequence[str] = ("means",)) -> SimulatedDesign:
    from planner.model.parameter_draws import variants

    names = tuple(scenario.hypotheses)
    read_of = summaries_of(scenario, names, kinds)
    n = scenario.design.patients
    (found,), _ = simulating.simulate(
        [Task(scenario, list(variants(scenario, draws, 3)), names, read_of, n, n)], 3
    )
    return found
