"""In plain English: the patients, how they are enrolled, how their scores vary, what happens to all."""

from __future__ import annotations

from planner.model.entry import Enrolment, enrolment
from planner.report.blocks import Block, Heading, Items
from planner.report.scenario.family import in_words_of
from planner.results.number_text import factor, fixed, percent, plain, signed
from planner.scenario.population import Population
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed


def patients(scenario: Scenario, enrolled: Enrolment | None) -> list[Block]:
    """Every number of the population section but dropout, which belongs to a patient's time."""
    population = scenario.population
    severity = any(each.has_severity for each in scenario.hypotheses.values())
    lines = _baseline(scenario, severity) + _entry(scenario, enrolled, severity)
    lines += _noise(scenario, population, severity) + _effects(scenario)
    return [Heading("Patients"), Items(lines)] if lines else []


def _baseline(scenario: Scenario, severity: bool) -> list[str]:
    baseline, unit = scenario.population.baseline, scenario.endpoint.unit
    if baseline is None:
        return []
    numbers = f"mean {plain(baseline.mean)}, SD {plain(baseline.sd)} between patients ({unit})"
    if severity:
        enrolment = " before anybody is selected" if baseline.at_least is not None else ""
        return [f"True severity at baseline: {numbers}{enrolment}."]
    if scenario.design.baselines == "none":
        return [f"Baseline: {numbers}; it is not measured in this design, and nothing depends on it."]
    return [f"Baseline: {numbers}."]


def _entry(scenario: Scenario, enrolled: Enrolment | None, severity: bool) -> list[str]:
    """Who is enrolled, by which rating, and what that does to scores although nobody is treated."""
    population, unit = scenario.population, scenario.endpoint.unit
    least = population.baseline.at_least if population.baseline is not None else None
    by_first = population.entry == "baseline"
    if least is None:
        without = (
            'Entry is by the first baseline (entry = "baseline"), but no score is needed: it changes nothing.'
        )
        return [without] if by_first else []
    if not severity:
        by = "the first baseline" if by_first else "a screening rating"
        return [
            f"A score of at least {plain(least)} in {by} would be needed to be enrolled; it acts on "
            "mechanisms, of which no hypothesis has any."
        ]
    if enrolled is None:
        return [
            f"Everybody is enrolled: every score is at least {plain(least)} (entry by {population.entry})."
        ]
    reached = f"{percent(enrolled.share_of_screened)} of those who are rated reach it"
    if by_first:
        return [
            f"Patients are enrolled whose first baseline is at least {plain(least)} (entry by baseline; "
            f"{reached}).",
            _regression(scenario, enrolled),
        ]
    return [
        f"Patients are enrolled who are rated at least {plain(least)} at screening ({reached}); the first "
        f"baseline is another rating, and below {plain(least)} in {percent(enrolled.first_baseline_below)} "
        "of those enrolled (entry by screening).",
        "Regression to the mean is over before the first baseline: on average untreated patients change by "
        f"{_points(enrolled.untreated_change)} {unit} from it, by {_points(enrolled.fall)} from screening. "
        "If the rating that enrols is the first baseline, as in most trials, state "
        'population.entry = "baseline".',
    ]


def entry_in_short(scenario: Scenario) -> str:
    """Which rating enrols and what untreated patients then seem to do, in one line; empty where all enter."""
    if not any(each.has_severity for each in scenario.hypotheses.values()):
        return ""
    enrolled = enrolment(scenario)
    if enrolled is None:
        return ""
    by = "the first baseline" if enrolled.entry == "baseline" else "a rating at screening"
    return (
        f"enrolled by {by} of at least {plain(enrolled.at_least)}; regression to the mean of untreated "
        f"patients after the first baseline: {_points(enrolled.untreated_change)} {scenario.endpoint.unit}"
    )


def _regression(scenario: Scenario, enrolled: Enrolment) -> str:
    unit, own = scenario.endpoint.unit, scenario.endpoint.baseline == "period"
    change = f"{_points(enrolled.untreated_change)} {unit} on average"
    text = f"Regression to the mean: untreated patients change by {change} from that rating to the next."
    if scenario.design.periods == 1:
        return f"{text} It is part of the change under every treatment alike."
    if own:
        return (
            f"{text} It is part of the change in the first period, under every treatment alike, and no part "
            "of it in later periods, whose baselines are rated afresh: like a period effect, which an "
            "analysis must allow for."
        )
    return f"{text} It is part of the change in every period, under every treatment alike."


def _points(x: float) -> str:
    return fixed(x, 2) if x else "0"


def _noise(scenario: Scenario, population: Population, severity: bool) -> list[str]:
    lines = []
    idle = "" if severity else "; it acts on mechanisms, of which no hypothesis has any"
    if severity or population.rating_sd:
        size = (
            f"SD {plain(population.rating_sd)} {scenario.endpoint.unit}" if population.rating_sd else "none"
        )
        lines.append(f"Error of one rating: {size}{idle}.")
    if severity or population.occasion_sd:
        size = percent(population.occasion_sd) + " of the severity (SD)" if population.occasion_sd else "none"
        lines.append(f"Swings of a patient from period to period: {size}{idle}.")
    return lines


def _effects(scenario: Scenario) -> list[str]:
    """Effects of periods and sequences, each with its unit."""
    population, unit = scenario.population, scenario.endpoint.unit
    families = list(scenario.hypotheses.values())
    lines = []
    ratios, none = scenario.endpoint.on_logs, scenario.endpoint.no_effect
    number = factor if ratios else signed
    rows = [(effect, k) for k, effect in enumerate(population.period_effect, 1) if effect != none]
    if rows:
        added = listed([f"{number(effect)} in period {k}" for effect, k in rows])
        lines.append(in_words_of(families[0].kind).period_effects(scenario, added))
    sequences = zip(population.sequence_effect, scenario.design.sequences, strict=True)
    if by_sequence := [(effect, sequence) for effect, sequence in sequences if effect != none]:
        added = listed([f"{number(effect)} in {' '.join(sequence)}" for effect, sequence in by_sequence])
        only = "" if all(each.has_sequence_effects for each in families) else ", where means are stated"
        lines.append(f"Sequence effects: {added}{'' if ratios else f' ({unit}{only})'}.")
    return lines
