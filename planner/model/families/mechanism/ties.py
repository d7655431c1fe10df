"""Ties: sizes that follow from another hypothesis, so that the two differ in mechanism and not in size.

The sizes of some components are scaled by one factor, so that the expected improvement under a treatment of
the tie's agents, at the peak and before it is cut at 1, is that under the other hypothesis:

    factor = (E[R | other] - E[R | all but these components]) / E[R | these components]
"""

from __future__ import annotations

import math

from planner.errors import UncertaintyError
from planner.model.families.mechanism.signals import Mechanism, gates_at_assessment, onsets_of_period
from planner.monitoring.numerics import to_12_digits
from planner.scenario.components import Component, GivenAgent, SizeSpread, TreatmentAgent
from planner.scenario.design import Treatment
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.scenario import Scenario
from planner.scenario.text import printable
from planner.scenario.uncertainty import Tie

_TIED = "tied"  # name of the treatment of a tie, which the scenario does not have


def tied(scenario: Scenario, name: str, tie: Tie) -> MechanismHypothesis:
    """The hypothesis of this name with its sizes. Raises UncertaintyError where no factor can do it."""
    hypothesis, other = scenario.hypotheses[name], scenario.hypotheses[tie.to]
    assert isinstance(hypothesis, MechanismHypothesis)
    assert isinstance(other, MechanismHypothesis)
    given = tuple(GivenAgent(agent=agent) for agent in tie.agents)
    goal = math.fsum(_expected_improvement(scenario, other, given).values())
    parts = _expected_improvement(scenario, hypothesis, given)
    own = math.fsum(parts.get(component, 0.0) for component in tie.by)
    rest = math.fsum(x for component, x in parts.items() if component not in tie.by)
    if own == 0.0:
        raise UncertaintyError(
            f"the hypothesis {printable(name)} cannot be tied to {printable(tie.to)}: its components "
            f"{', '.join(tie.by)} improve nothing under {', '.join(tie.agents)}",
            f"hypotheses.{printable(name)}.tie: name other agents or components",
        )
    factor = to_12_digits((goal - rest) / own)
    components = {**scenario.components, **hypothesis.components}
    sizes = {component: _scale_component(components[component], factor) for component in tie.by}
    return hypothesis.model_copy(update={"components": {**hypothesis.components, **sizes}})


def _expected_improvement(
    scenario: Scenario, hypothesis: MechanismHypothesis, given: tuple[TreatmentAgent, ...]
) -> dict[str, float]:
    """Mean improvement at the peak by each component, before it is cut at 1, under a treatment of agents."""
    treated = scenario.model_copy(update={"treatments": {_TIED: Treatment(agents=given)}})
    m = Mechanism.of(treated, hypothesis)
    terms = hypothesis.terms
    (_, opened), *_ = onsets_of_period(m, treated, [_TIED], 0, terms)
    stays = gates_at_assessment(m, treated, [_TIED], 0, 0.0, terms)
    means: dict[str, float] = {}
    for term, gate, stay in zip(terms, opened, stays, strict=True):
        c = m.components[term.component]
        size = c.share * c.size.mean + (1.0 - c.share) * c.otherwise.mean
        means[term.component] = means.get(term.component, 0.0) + gate * stay * size
    return means


def _scale_component(component: Component, factor: float) -> Component:
    """A component whose sizes are multiplied, those of patients who are not susceptible too."""

    def times(spread: SizeSpread) -> SizeSpread:
        return spread.model_copy(update={"mean": spread.mean * factor, "sd": spread.sd * abs(factor)})

    update = {"size": times(component.size), "otherwise": times(component.otherwise)}
    return component.model_copy(update=update)
