"""In plain English: who leaves the trial, and what that depends on."""

from __future__ import annotations

from planner.results.number_text import percent, plain
from planner.scenario.dropout import IMPROVEMENT_STEP, OddsRatios
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed

_EXAMPLE = 50.0  # percent improved, for which the chance of leaving is given as an example


def leavers(scenario: Scenario, retention: float | None) -> list[str]:
    """Who leaves, in words, and what is left at the end."""
    dropout, periods = scenario.population.dropout, scenario.design.periods
    gaps = dropout.per_period
    lines = []
    if dropout.before_first:
        lines.append(f"{percent(dropout.before_first)} leave before the first period.")
    if len(set(gaps)) == 1 and gaps[0]:
        where = "between the periods" if periods == 2 else "between each period and the next"
        lines.append(f"{percent(gaps[0])} leave {where}.")
    elif any(gaps):
        lines.append(f"{listed([percent(p) for p in gaps])} leave after the periods 1 to {periods - 1}.")
    again = scenario.design.return_to_baseline
    if not lines:
        lines = ["Nobody leaves the trial" + (" for any other reason." if again is not None else ".")]
        if retention == 1.0:
            return lines
    if retention is not None:
        expected = scenario.design.patients * retention
        return [*lines, f"So {plain(expected, 3)} of {scenario.design.patients} are expected to complete."]
    if dropout.odds_ratio is not None:
        lines += _depends(scenario, dropout.odds_ratio)
    return [*lines, "How many complete depends on the hypothesis; a run gives the number."]


def returners(scenario: Scenario) -> list[str]:
    """Who may have the next dosing, in words; nothing where everybody may."""
    rule, baseline = scenario.design.return_to_baseline, scenario.population.baseline
    if rule is None or baseline is None:
        return []
    if rule.share is not None:
        needed = f"at least {percent(rule.share)} of the first baseline"
    else:
        needed = f"at least {plain(baseline.at_least)}, as for enrolment"
    line = f"Every later dosing needs a score of {needed}; that rating is the baseline of the period."
    if not rule.rechecks:
        return [f"{line} Who is below it leaves."]
    times = "once more" if rule.rechecks == 1 else f"up to {rule.rechecks} times more"
    days = plain(rule.recheck_days)
    each = f"every {days} days" if rule.rechecks > 1 else f"after {days} days"
    return [
        f"{line} Who is below it waits and is rated {times}, {each}; who never reaches it leaves. What is "
        "left of earlier treatments fades meanwhile."
    ]


def _depends(scenario: Scenario, ratios: OddsRatios) -> list[str]:
    """What multiplies the odds of leaving between periods, each with what it comes to."""
    endpoint, lines = scenario.endpoint, []
    day = f"day {plain(endpoint.day)}"
    if ratios.improvement is not None:
        factor = ratios.improvement ** (_EXAMPLE / IMPROVEMENT_STEP)
        lines.append(
            f"That is without improvement: the odds of leaving are multiplied by {plain(ratios.improvement)} "
            f"for each {plain(IMPROVEMENT_STEP)} percentage points by which the score of {day} has improved "
            f"on its baseline, so that {_at(scenario, factor)} leave of those who improved by "
            f"{plain(_EXAMPLE)} %."
        )
    if ratios.endpoint is not None:
        driver = ratios.endpoint
        each = f"each {plain(driver.per)}" if driver.per != 1.0 else "each 1"
        lines.append(
            f"The odds are multiplied by {plain(driver.ratio)} for {each} by which the endpoint "
            f"({endpoint.measure}, {day}) lies above {plain(driver.around)}, and divided by it below."
        )
    for name, driver in ratios.outcomes.items():
        outcome = scenario.outcomes[name]
        lines.append(
            f"The odds are multiplied by {plain(driver.ratio)} for each {plain(driver.per)} {outcome.unit} "
            f"of {outcome.label or name} above {plain(driver.around)}, and divided by it below."
        )
    for treatment, ratio in ratios.treatment.items():
        if treatment in scenario.design.treatments:
            lines.append(
                f"After {treatment} the odds are multiplied by {plain(ratio)}: "
                f"{_at(scenario, ratio)} leave, all else being equal."
            )
    return lines


def _at(scenario: Scenario, factor: float) -> str:
    """The chances of leaving in the gaps at odds multiplied by a factor."""
    gaps = dict.fromkeys(scenario.population.dropout.per_period)
    return listed([percent(p * factor / (1.0 - p + p * factor)) for p in gaps])
