"""A scenario in plain English: what will be done to whom, what may be true, and what stops the trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from planner.model.estimand import Truth
from planner.model.period_confounding import period_remarks
from planner.questions.plan import AnalysisPlan, TrialPlan
from planner.questions.predict import HypothesisPredictions
from planner.report.blocks import Block, Facts, Heading, Items, Prose
from planner.report.pages.common import NO_SOURCE
from planner.report.pages.parts.alternatives import in_words as alternative_in_words
from planner.report.pages.parts.observed import observed_sentences
from planner.report.pages.parts.uncertain import what_is_uncertain
from planner.report.pages.run_tables import warning
from planner.report.scenario.allocation import design_line
from planner.report.scenario.analyses import analyses_blocks
from planner.report.scenario.blinding import blinding_blocks
from planner.report.scenario.design_table import design_blocks
from planner.report.scenario.dropout import leavers, returners
from planner.report.scenario.endpoint import endpoint_sentences, measure_and_unit
from planner.report.scenario.family import in_words_of
from planner.report.scenario.names import in_days
from planner.report.scenario.population import patients
from planner.report.scenario.predictions import predictions
from planner.report.scenario.secondary_outcomes import secondary_outcomes_blocks
from planner.results.effect_scale import RATIO, effect_unit
from planner.results.number_text import plain
from planner.results.uncertain_numbers import uncertain_numbers
from planner.scenario.canonical.resolved import digest
from planner.scenario.contrasts import Contrast, formula, weights
from planner.scenario.families.base import FamilySettings
from planner.scenario.scenario import Scenario
from planner.scenario.text import count, listed
from planner.scenario.vocabulary import FAMILIES


def scenario_blocks(
    scenario: Scenario, plan: TrialPlan, outlook: HypothesisPredictions, defaults: Sequence[tuple[str, str]]
) -> list[Block]:
    """The whole scenario as blocks, in the order of a protocol."""
    blocks: list[Block] = [Heading(scenario.title or "A crossover trial", 1)]
    blocks += [Prose(text.strip()) for text in (scenario.question, scenario.notes) if text.strip()]
    blocks.append(Facts([("Scenario", f"{scenario.name}, digest {digest(scenario)[:12]}")]))
    blocks += [Heading("Design"), Prose(" ".join(_design(scenario, plan)))]
    blocks += [Facts(labelled)] if (labelled := _labelled_treatments(scenario)) else []
    blocks += [Heading("One patient's time"), Items(_timeline(scenario, plan))]
    blocks += patients(scenario, plan.enrolment)
    blocks += [Heading("Endpoint"), Items(endpoint_sentences(scenario)), *secondary_outcomes_blocks(scenario)]
    blocks += blinding_blocks(scenario)
    blocks += _what_may_be_true(scenario, plan, outlook)
    blocks += predictions(scenario, outlook)
    blocks += _uncertain(scenario)
    blocks += analyses_blocks(scenario, plan)
    blocks += [warning(remark) for remark in period_remarks(scenario)]
    blocks += design_blocks(scenario, plan.design_table)
    if scenario.observed is not None:
        blocks += [
            Heading("What was observed"),
            Items(observed_sentences(scenario.observed, *measure_and_unit(scenario))),
        ]
    if scenario.assumed:
        blocks += [Heading("Assumed, without a source"), Prose(f"{listed(list(scenario.assumed))}.")]
    if defaults:
        blocks += [Heading("Not stated: defaults and derived values"), Facts(defaults)]
    if not scenario.citations:
        blocks.append(Prose(NO_SOURCE))
    else:
        blocks += [Heading("Sources"), Facts([(c.key, _source(c)) for c in scenario.citations])]
    return blocks


def _design(scenario: Scenario, plan: TrialPlan) -> list[str]:
    """Who is randomised to what, and what the field calls such sequences."""
    names = list(plan.design_names)
    called = [f"Such a design is called {listed(names, 'or')}."] if names else []
    return [f"{design_line(scenario, plan)}.", *called]


def _labelled_treatments(scenario: Scenario) -> list[tuple[str, str]]:
    """All treatments with what they are, where that is said of any beyond its name."""
    names = scenario.design.treatments
    known = {name: scenario.treatments[name].label for name in names if name in scenario.treatments}
    labels = [known.get(name) or name for name in names]
    return list(zip(names, labels, strict=True)) if labels != list(names) else []


def _timeline(scenario: Scenario, plan: TrialPlan) -> list[str]:
    """When a patient is dosed and when the patient has finished, in days from the first dose."""
    design = scenario.design
    length, washout = design.period_days, design.washout_days
    lines = []
    for period in range(design.periods if length or washout else 0):
        begin = period * (length + washout)
        lines.append(f"Day {plain(begin)}: {_baseline(scenario, period)}dosing of period {period + 1}.")
        if length:
            lines.append(f"Day {plain(begin + length)}: period {period + 1} ends.")
        if period + 1 < design.periods:
            lines.append(f"Washout of {in_days(washout)}." if washout else "No washout.")
    if not lines:
        lines.append(
            f"{count(design.periods, 'period')}; how long they and their washouts last is not stated."
        )
    for treatment in design.treatments:
        for each in scenario.treatments[treatment].agents if treatment in scenario.treatments else ():
            if each.at_days is not None:
                agent = scenario.agents.get(each.agent)
                called = (agent.label if agent is not None else "") or each.agent
                day = f"With {treatment}, day {plain(each.at_days)} of the period"
                lines.append(f"{day}: assessment if there is one, then {called}.")
    lines.append("A patient who is through the last period has finished and is a completer.")
    return lines + returners(scenario) + leavers(scenario, plan.retention)


def _baseline(scenario: Scenario, period: int) -> str:
    when = scenario.design.baselines
    return "baseline, then " if when == "period" or (when == "first" and period == 0) else ""


def _what_may_be_true(scenario: Scenario, plan: TrialPlan, outlook: HypothesisPredictions) -> list[Block]:
    """The hypotheses, each with its true effects; before them what they are made of."""
    hypotheses = {name: scenario.hypotheses[name] for name in outlook.hypotheses}
    blocks: list[Block] = []
    for family in FAMILIES:
        if own := [each for each in hypotheses.values() if each.kind == family]:
            blocks += in_words_of(family).made_of(scenario, own)
    blocks.append(Heading("What may be true"))
    hypotheses_text = [
        (name, " ".join(_hypothesis(name, h, scenario, plan))) for name, h in hypotheses.items()
    ]
    blocks.append(Facts(hypotheses_text))
    others = [name for name in scenario.hypotheses if name not in hypotheses]
    if others:
        blocks.append(Prose(f"Also described, but not simulated here: {listed(others)}."))
    return blocks


def _hypothesis(name: str, hypothesis: FamilySettings, scenario: Scenario, plan: TrialPlan) -> list[str]:
    """What a hypothesis says, what follows from it, and the true effects that power refers to."""
    sentences = [f"{hypothesis.label}."] if hypothesis.label and hypothesis.label != name else []
    sentences += in_words_of(hypothesis.kind).sentences(scenario, hypothesis, plan)
    return sentences + [_effects(name, contrast, scenario, plan) for contrast in plan.contrasts]


def _effects(name: str, contrast: Contrast, scenario: Scenario, plan: TrialPlan) -> str:
    """The true effects of a contrast, one for each measure and day that is analysed."""
    rows = {
        (a.measure, a.day, a.outcome, a.limits, a.margin): a
        for a in reversed(plan.analyses)
        if a.contrast == contrast
    }
    analyses = list(rows.values())[::-1]
    truths = [analysis.true_effects[name] for analysis in analyses]
    ratio = all(effect_unit(scenario, a.measure, a.outcome).ratio for a in analyses)
    head = f"True {RATIO if ratio else 'effect'} {formula(contrast, ratio=ratio)}:"
    if all(truth.is_null and truth.effect == 0 for truth in truths):
        none = "100.0 %, no difference" if ratio else "none"
        return f"{head} {none}, so that significant trials are type I errors."
    sentences = []
    for analysis, truth in zip(analyses, truths, strict=True):
        what = [scenario.outcomes[analysis.outcome].label] if analysis.outcome else []
        if len({a.measure for a in analyses}) > 1 or analysis.measure != scenario.endpoint.measure:
            what += [analysis.measure] if not analysis.outcome or analysis.measure != "score" else []
        if len({a.day for a in analyses if not a.outcome}) > 1 and not analysis.outcome:
            what.append(f"on day {plain(analysis.day)}")
        sentences.append(" ".join([*what, _effect(name, analysis, truth, scenario)]))
    return f"{head} {'; '.join(sentences)}."


def _effect(name: str, analysis: AnalysisPlan, truth: Truth, scenario: Scenario) -> str:
    if truth.is_null and truth.effect == 0:
        return "none"
    unit = effect_unit(scenario, analysis.measure, analysis.outcome)
    given = unit.truth(truth)
    effect = unit.effect_text(given.effect, given.mcse, with_name=True)
    why_null = "not what the test looks for"
    if analysis.limits or analysis.margin is not None:
        why_null = alternative_in_words(analysis.alternative).null.replace("the true effect is ", "")
    wrong = f" ({why_null}: significant trials are type I errors)" if truth.is_null else ""
    hypothesis = scenario.hypotheses[name]
    words = in_words_of(hypothesis.kind)
    why = words.moved_by_scale(scenario, hypothesis, weights(analysis.contrast))
    return f"{effect}{wrong}{f' ({why})' if why else ''}"


def _uncertain(scenario: Scenario) -> list[Block]:
    """The numbers that may be otherwise than stated."""
    rows = uncertain_numbers(scenario)
    if not rows:
        return []
    every = list(scenario.simulated_hypotheses)
    return [
        Heading("What is uncertain"),
        Prose(
            "What is stated counts, unless --uncertain averages over what the numbers may be. Normal and "
            "lognormal distributions are cut at the limits of their setting."
        ),
        *what_is_uncertain(rows, every),
    ]


def _source(citation: Any) -> str:
    where = f" doi:{citation.doi}" if citation.doi else f" {citation.url}" if citation.url else ""
    return f"{citation.text}{where}"
