"""Which days, outcomes and readings the tables of mechanisms must have, for what is read of the patients."""

from __future__ import annotations

from collections.abc import Sequence

from planner.kernels.tables import AT_MOST, CHANGE, PERCENT, SCORE, MechanismTables
from planner.model.blinding import depends_on_guess
from planner.model.dropout import dropout_outcomes, dropout_tables
from planner.model.families.mechanism.tables import mechanism_tables
from planner.model.readings import BASELINE, GUESS, Reading
from planner.monitoring.numerics import to_12_digits
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.scenario import Scenario

_TIE = 1e-9  # points; a score this close to a limit is at the limit


def tables_for(
    scenario: Scenario,
    hypotheses: Sequence[MechanismHypothesis],
    readings: Sequence[Reading],
    place: Sequence[int],
) -> MechanismTables:
    """Tables with a visit for every day that is read, for an analysis or for dropout."""
    drivers = {name: _whole(scenario, name) for name in dropout_outcomes(scenario)}
    guessing = GUESS in readings or depends_on_guess(scenario)
    needed = [*(r for r in readings if r not in (GUESS, BASELINE)), *drivers.values()]
    days = sorted({reading.day for reading in needed if not reading.outcome})
    names = {reading.outcome for reading in needed}
    names |= {scenario.blinding.outcome} if guessing and scenario.blinding is not None else set()
    outcomes = sorted(names - {""})
    visit = {day: 1 + i for i, day in enumerate(days)}
    secondary = {name: 1 + len(days) + 2 * i for i, name in enumerate(outcomes)}
    guess = (SCORE, 1 + len(days) + 2 * len(outcomes), 0.0, 0.0)

    def row(r: Reading) -> tuple[float, ...]:
        fixed = {GUESS: guess, BASELINE: (SCORE, 0, 0.0, 0.0)}
        return fixed.get(r) or _row(scenario, r, secondary[r.outcome] if r.outcome else visit[r.day])

    leave = dropout_tables(scenario, lambda name: row(drivers[name]))
    rows = [row(r) for r in readings]
    return mechanism_tables(scenario, hypotheses, days, rows, place, leave, outcomes, guessing)


def _whole(scenario: Scenario, outcome: str) -> Reading:
    """The endpoint as it is measured, or the score of a secondary outcome."""
    if outcome:
        return Reading("score", scenario.outcomes[outcome].day, outcome)
    return Reading(scenario.endpoint.measure, scenario.endpoint.day)


def _row(scenario: Scenario, reading: Reading, visit: int) -> tuple[float, ...]:
    """(kind, visit, share of the baseline, cut) of a reading."""
    scale = scenario.endpoint.scale
    if reading.measure == "response":
        share = to_12_digits(1.0 - (0.5 if scale.response is None else scale.response))
        return (AT_MOST, visit, share, _TIE)
    if reading.measure == "remission":
        assert scale.remission_at_most is not None  # a scenario that was read is complete
        return (AT_MOST, visit, 0.0, scale.remission_at_most + _TIE)
    return ({"score": SCORE, "change": CHANGE, "percent-change": PERCENT}[reading.measure], visit, 0.0, 0.0)
