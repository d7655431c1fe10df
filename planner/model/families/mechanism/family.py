"""Family `terms`: mechanisms, whose effects take a simulation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from planner.kernels.tables import MechanismTables
from planner.model.assumed_numbers import AssumedNumber, numbers_in
from planner.model.families.family import Blockade, Family
from planner.model.families.mechanism import assumptions, carryover, signatures, ties
from planner.model.families.mechanism.lowering import tables_for
from planner.model.families.mechanism.secondary_outcomes import secondary_unit
from planner.model.readings import Reading
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.scenario import Scenario
from planner.scenario.uncertainty import Tie


class MechanismFamily(Family[MechanismHypothesis]):
    """Improvement by components that need signals; patients have a severity of their own."""

    kernel = "mechanism"

    def tables(
        self,
        scenario: Scenario,
        hypotheses: Sequence[MechanismHypothesis],
        readings: Sequence[Reading],
        place: Sequence[int],
    ) -> MechanismTables:
        return tables_for(scenario, hypotheses, readings, place)

    def exact_effect(
        self,
        scenario: Scenario,
        hypothesis: MechanismHypothesis,
        weights: Mapping[str, float],
        reading: Reading,
    ) -> None:
        return None

    def signature(
        self,
        scenario: Scenario,
        hypothesis: MechanismHypothesis,
        treatment: str,
        reading: Reading | None = None,
    ) -> tuple[object, ...]:
        return signatures.signature(scenario, hypothesis, treatment, reading)

    def trial_signature(self, scenario: Scenario, hypothesis: MechanismHypothesis) -> tuple[object, object]:
        return signatures.trial_signature(scenario, hypothesis)

    def typical_size(self, scenario: Scenario, hypothesis: MechanismHypothesis, reading: Reading) -> float:
        if reading.outcome:
            return secondary_unit(scenario, reading.outcome)
        if reading.measure == "percent-change":
            return 100.0
        baseline = scenario.population.baseline
        return (baseline.sd if baseline is not None else 0.0) or 1.0

    def assumed_numbers(
        self, hypothesis: MechanismHypothesis, stated: Mapping[str, object], reference: str
    ) -> Iterator[AssumedNumber]:
        return numbers_in(stated, apart=("uncertainty", *assumptions.OWN))

    def common_numbers(
        self, scenario: Scenario, stated: Mapping[str, object], names: tuple[str, ...]
    ) -> Iterator[tuple[AssumedNumber, tuple[str, ...]]]:
        return assumptions.common_numbers(scenario, stated, names)

    def tied(self, scenario: Scenario, name: str, tie: Tie) -> MechanismHypothesis:
        return ties.tied(scenario, name, tie)

    def carries(self, scenario: Scenario, hypothesis: MechanismHypothesis) -> bool:
        """Anything may outlast a washout: how much does, a simulation says."""
        return True

    def unequal_carryover(self, scenario: Scenario, hypothesis: MechanismHypothesis) -> Mapping[str, float]:
        return carryover.unequal_carryover(scenario, hypothesis)

    def blockades(self, scenario: Scenario, hypothesis: MechanismHypothesis) -> Iterator[Blockade]:
        return carryover.blockades(scenario, hypothesis)


FAMILY = MechanismFamily()
