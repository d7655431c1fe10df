"""A scenario in plain English: what will be done to whom, what may be true, and what stops the trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.engine.potential_outcomes import Truth
from planner.model.distinguishable import classes
from planner.model.stopping.remarks import remarks
from planner.questions.plan import AnalysisPlan, Plan
from planner.questions.predict import Outlook
from planner.report.blocks import Block, Facts, Heading, Items, Prose
from planner.report.context import Setting, Unit
from planner.report.pages.parts.uncertain import what_is_uncertain
from planner.report.pages.parts.whole_trial import EACH_ALONE
from planner.report.pages.run import sidedness
from planner.report.pages.weigh import found
from planner.report.scenario.allocation import design_line, moved, moved_effects
from planner.report.scenario.blinding import guessing
from planner.report.scenario.design_table import design_told
from planner.report.scenario.dropout import leavers, returners
from planner.report.scenario.looks import looks_and_limits
from planner.report.scenario.mechanism import agents, components, percent, told
from planner.report.scenario.population import patients
from planner.report.scenario.predictions import carried, foretold
from planner.report.scenario.secondary_outcomes import own_outcomes, reading_told, second_outcomes
from planner.results.numbers import plain, plus_minus, signed
from planner.results.uncertain import unknowns
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.contrasts import Contrast, formula, in_words, weights
from planner.scenario.families.means import Means
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.families.rates import Rates
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario
from planner.scenario.text import count, listed
from planner.scenario.vocabulary import BINARY_MEASURES, METHODS, WHOLE


def explained(
    scenario: Scenario, plan: Plan, outlook: Outlook, defaults: Sequence[tuple[str, str]]
) -> list[Block]:
    """The whole scenario as blocks, in the order in which a protocol would tell it."""
    blocks: list[Block] = [Heading(scenario.title or "A crossover trial", 1)]
    blocks += [Prose(text.strip()) for text in (scenario.question, scenario.notes) if text.strip()]
    blocks.append(Facts([("Scenario", f"{scenario.name}, digest {digest(scenario)[:12]}")]))
    blocks += [Heading("Design"), Prose(design_line(scenario, plan) + ".")]
    blocks += [Facts(_treatments(scenario)), Heading("One patient's time"), Items(_timeline(scenario, plan))]
    blocks += patients(scenario, plan.enrolment)
    blocks += [Heading("Endpoint"), Items(_endpoint(scenario)), *second_outcomes(scenario)]
    blocks += guessing(scenario)
    blocks += _what_may_be_true(scenario, plan, outlook)
    blocks += foretold(scenario, outlook)
    blocks += _uncertain(scenario)
    blocks += _analyses(scenario, plan)
    blocks += design_told(scenario, plan.design_table)
    if scenario.observed is not None:
        blocks += [Heading("What was found"), Items(found(scenario.observed, *_endpoint_read(scenario)))]
    if scenario.assumed:
        blocks += [Heading("Assumed, without a source"), Prose(f"{listed(list(scenario.assumed))}.")]
    if defaults:
        blocks += [Heading("Not stated, hence taken as or derived"), Facts(defaults)]
    if not scenario.citations:
        blocks.append(Prose("The scenario names no source: all its numbers are assumptions."))
    else:
        blocks += [Heading("Sources"), Facts([(c.key, _source(c)) for c in scenario.citations])]
    return blocks


def setting(scenario: Scenario, plan: Plan, command: str) -> Setting:
    """What the tables of a run need to know of its scenario."""
    return Setting(
        question=scenario.question,
        design=design_line(scenario, plan, short=True),
        endpoint=_endpoint(scenario)[0].rstrip("."),
        units={a.name: unit_of(scenario, a.measure, a.outcome) for a in plan.analyses},
        hypotheses={name: hypothesis.label or name for name, hypothesis in scenario.hypotheses.items()},
        analyses={a.name: _described(scenario, a) for a in plan.analyses},
        futility=(rule := scenario.monitoring.futility) is not None and rule.rule != "none",
        assumed=scenario.assumed,
        sourced=bool(scenario.citations),
        command=command,
        unit=_endpoint_read(scenario)[1],
        classes=classes(scenario, list(scenario.hypotheses)),
        carryover={name: reason for name in scenario.hypotheses if (reason := carried(scenario, name))},
        partial=[a.name for a in plan.analyses if METHODS[a.method].needs not in WHOLE],
        moved=moved_effects(scenario),
        warnings=[*scenario.remarks, *remarks(scenario)],
    )


def _treatments(scenario: Scenario) -> list[tuple[str, str]]:
    return [
        (name, scenario.treatments[name].label or name if name in scenario.treatments else name)
        for name in scenario.design.treatments
    ]


def _timeline(scenario: Scenario, plan: Plan) -> list[str]:
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
            lines.append(f"Washout of {_days(washout)}." if washout else "No washout.")
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


def _days(days: float) -> str:
    return f"{plain(days)} day" if days == 1 else f"{plain(days)} days"


def _endpoint(scenario: Scenario) -> list[str]:
    scale = scenario.endpoint.scale
    lines = [_measured(scenario)]
    if scale.low is not None and scale.high is not None:
        lines.append(f"Scores go from {plain(scale.low)} to {plain(scale.high)}.")
    elif scale.low is not None or scale.high is not None:
        side, limit = ("least", scale.low) if scale.low is not None else ("most", scale.high)
        lines.append(f"Scores are at {side} {plain(limit)}.")
    if scale.step is not None:
        lines.append(f"Scores are multiples of {plain(scale.step)}.")
    return lines


def _measured(scenario: Scenario) -> str:
    """What is analysed, in one sentence: `Score (points), as change from baseline; lower is better.`"""
    endpoint, scale = scenario.endpoint, scenario.endpoint.scale
    name, measure = endpoint.label or scale.name or "the score", endpoint.measure
    if measure in BINARY_MEASURES and all(isinstance(h, Rates) for h in scenario.hypotheses.values()):
        said = name if name.casefold() == measure else f"{name}: {measure}"
        return f"{said}, yes or no; the more patients, the better."
    better = f"; {scale.better} is better" if scale.better else ""
    if measure == "response" and scale.response is not None:
        fall = f"a fall by {percent(scale.response)} of the baseline or more"
        return f"{name} ({endpoint.unit}{better}), as response: {fall}."
    if measure == "remission" and scale.remission_at_most is not None:
        return f"{name} ({endpoint.unit}{better}), as remission: {plain(scale.remission_at_most)} or less."
    read = {"change": ", as change from baseline", "percent-change": ", as percent change from baseline"}
    return f"{name} ({endpoint.unit}){read.get(measure, '')}{better}."


def unit_of(scenario: Scenario, measure: str, outcome: str = "") -> Unit:
    """The unit in which effects on a measure are shown, of the endpoint or of a second outcome."""
    if outcome:
        return Unit(scenario.outcomes[outcome].unit)
    if measure in BINARY_MEASURES:
        return Unit("percentage points", 100.0)
    return Unit("%" if measure == "percent-change" else scenario.endpoint.unit)


def _endpoint_read(scenario: Scenario) -> tuple[str, str]:
    """The measure of the endpoint, and the unit of its values."""
    measure = scenario.endpoint.measure
    return measure, unit_of(scenario, measure).name


def _what_may_be_true(scenario: Scenario, plan: Plan, outlook: Outlook) -> list[Block]:
    """The hypotheses, each with its true effects; of mechanisms first what they are made of."""
    hypotheses = {name: scenario.hypotheses[name] for name in outlook.hypotheses}
    mechanisms = [h for h in hypotheses.values() if isinstance(h, MechanismHypothesis)]
    blocks: list[Block] = []
    if mechanisms:
        blocks += [Heading("What is given"), Facts(agents(scenario, mechanisms))]
        parts = components(scenario, mechanisms)
        blocks += [Heading("What improvement is made of"), Facts(parts)] if parts else []
    blocks.append(Heading("What may be true"))
    said = [(name, " ".join(_hypothesis(name, h, scenario, plan))) for name, h in hypotheses.items()]
    blocks.append(Facts(said))
    others = [name for name in scenario.hypotheses if name not in hypotheses]
    if others:
        blocks.append(Prose(f"Also described, but not simulated here: {listed(others)}."))
    return blocks


def _hypothesis(name: str, hypothesis: Hypothesis, scenario: Scenario, plan: Plan) -> list[str]:
    """What a hypothesis says, what follows from it, and the true effects that power refers to."""
    said = [f"{hypothesis.label}."] if hypothesis.label and hypothesis.label != name else []
    match hypothesis:
        case Means():
            said += _means(hypothesis, scenario, plan)
        case Rates():
            said += _rates(hypothesis)
        case MechanismHypothesis():
            said += told(scenario, hypothesis) + own_outcomes(scenario, hypothesis)
    return said + [_effects(name, contrast, scenario, plan) for contrast in _contrasts(plan)]


def _contrasts(plan: Plan) -> list[Contrast]:
    """The contrasts of the analyses, each once."""
    return list({formula(analysis.contrast): analysis.contrast for analysis in plan.analyses}.values())


def _means(hypothesis: Means, scenario: Scenario, plan: Plan) -> list[str]:
    """Means, and the spreads that the stated ones imply."""
    spread = hypothesis.spread
    means = [f"{plain(mean)} on {treatment}" for treatment, mean in hypothesis.means.items()]
    said = [f"Means: {listed(means)} ({scenario.endpoint.unit})."]
    within = sorted(set(spread.within.values()))
    each = [f"{plain(sd)} on {treatment}" for treatment, sd in spread.within.items()]
    spreads = f"SD within patients {plain(within[0]) if len(within) == 1 else listed(each)}"
    if spread.sign < 0:
        totals = {a: plain(spread.total(a)) for a in spread.level}
        each = [f"{sd} on {a}" for a, sd in totals.items()]
        same = len(set(totals.values())) == 1
        spreads = f"SD of the scores of different patients {each[0].split()[0] if same else listed(each)}"
    elif spread.common:
        spreads += f", between patients {plain(spread.between)}"
    else:
        spreads += f", between patients {listed([f'{plain(sd)} on {a}' for a, sd in spread.level.items()])}"
    if spread.interaction:
        spreads += f", patient-by-treatment {plain(spread.interaction)}"
    for contrast in _contrasts(plan):
        what = "contrast" if isinstance(contrast, Mapping) else "difference"
        sd = plain(spread.contrast(weights(contrast)))
        spreads += f"; hence one patient's {what} {formula(contrast)} has SD {sd}"
        if not isinstance(contrast, Mapping):
            spreads += f", and the two scores correlate {plain(spread.correlation(*contrast), 2)}"
    said.append(f"{spreads}.")
    left = {k: v for k, v in hypothesis.carryover.items() if v}
    if not left:
        return [*said, "No carryover."]
    reach = "all later periods" if hypothesis.carryover_lasts == "lasting" else "the next period"
    carried = [f"{signed(v)} from {k}" for k, v in left.items()]
    return [*said, f"Carried over into {reach}: {listed(carried)}."]


def _rates(hypothesis: Rates) -> list[str]:
    """Shares of responders, and how a patient's responses hang together."""
    said = []
    if hypothesis.rates:
        said.append(f"Responders: {listed([f'{percent(r)} on {a}' for a, r in hypothesis.rates.items()])}.")
    if hypothesis.discordant:
        respond = "" if hypothesis.rates else "respond "
        only = [f"{percent(share)} {respond}only on {a}" for a, share in hypothesis.discordant.items()]
        said.append(f"Of all patients {listed(only)}.")
    if not hypothesis.rates:
        rates = listed([f"{percent(rate)} on {a}" for a, rate in hypothesis.shares.items()])
        said.append(
            "Of the others half are taken to respond to both and half to neither, since that is not stated "
            f"(responders: {rates}). No analysis of this file depends on it: they compare each patient's own "
            "two responses, and patients who respond alike count alike."
        )
    if hypothesis.correlation is not None:
        said.append(f"A patient's responses correlate {plain(hypothesis.correlation)} on the latent scale.")
    return said


def _effects(name: str, contrast: Contrast, scenario: Scenario, plan: Plan) -> str:
    """The true effects of a contrast, one for each measure and day that is analysed."""
    rows = {(a.measure, a.day, a.outcome): a for a in reversed(plan.analyses) if a.contrast == contrast}
    analyses = list(rows.values())[::-1]
    truths = [analysis.true_effects[name] for analysis in analyses]
    head = f"True effect {formula(contrast)}:"
    if all(truth.is_null and truth.effect == 0 for truth in truths):
        return f"{head} none, so that significant trials are type I errors."
    said = []
    for analysis, truth in zip(analyses, truths, strict=True):
        what = [scenario.outcomes[analysis.outcome].label] if analysis.outcome else []
        if len({a.measure for a in analyses}) > 1 or analysis.measure != scenario.endpoint.measure:
            what += [analysis.measure] if not analysis.outcome or analysis.measure != "score" else []
        if len({a.day for a in analyses if not a.outcome}) > 1 and not analysis.outcome:
            what.append(f"on day {plain(analysis.day)}")
        said.append(" ".join([*what, _effect(name, analysis, truth, scenario)]))
    return f"{head} {'; '.join(said)}."


def _effect(name: str, analysis: AnalysisPlan, truth: Truth, scenario: Scenario) -> str:
    if truth.is_null and truth.effect == 0:
        return "none"
    unit = unit_of(scenario, analysis.measure, analysis.outcome)
    effect = signed(truth.effect * unit.factor)
    if truth.mcse:
        effect = plus_minus(truth.effect * unit.factor, truth.mcse * unit.factor, sign=True)
    wrong = " (not what the test looks for: significant trials are type I errors)" if truth.is_null else ""
    hypothesis = scenario.hypotheses[name]
    why = moved(scenario, hypothesis, weights(analysis.contrast)) if isinstance(hypothesis, Means) else ""
    return f"{effect} {unit.name}{wrong}{f' ({why})' if why else ''}"


def _uncertain(scenario: Scenario) -> list[Block]:
    """The numbers that may be otherwise than stated."""
    rows = unknowns(scenario)
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


def _analyses(scenario: Scenario, plan: Plan) -> list[Block]:
    blocks: list[Block] = [Heading("Analysis" if len(plan.analyses) == 1 else "Analyses")]
    described = []
    for analysis in plan.analyses:
        lines = [f"{_method(analysis)}.", f"{in_words(analysis.contrast)}; {_level(analysis)}."]
        if analysis.planned_effect is not None:
            lines.append(
                f"Planned for a difference of {signed(analysis.planned_effect)} {scenario.endpoint.unit}."
            )
        if analysis.outcome:
            lines.append(f"It analyses {reading_told(scenario, analysis)}.")
        elif analysis.measure != scenario.endpoint.measure or analysis.day != scenario.endpoint.day:
            lines.append(f"It analyses {analysis.measure} on day {plain(analysis.day)}.")
        if analysis.method == "subject-contrast" and _leave(scenario):
            lines.append(
                "Patients who miss a period that it compares are left out whole; fixed-subject would use "
                "what there is of them."
            )
        lines.append(f"Source: {METHODS[analysis.method].citation}")
        described.append((analysis.name, " ".join(lines)))
    alone = [Prose(EACH_ALONE)] if len(plan.analyses) > 1 else []
    return [*blocks, Facts(described), *alone, *looks_and_limits(scenario, plan)]


def _leave(scenario: Scenario) -> bool:
    """Whether patients are expected to leave between periods."""
    return any(scenario.population.dropout.per_period) or scenario.design.return_to_baseline is not None


def _described(scenario: Scenario, analysis: AnalysisPlan) -> str:
    """An analysis in one line: what it reads if not the endpoint, how, and at which level."""
    read = f"{reading_told(scenario, analysis)}; " if analysis.outcome else ""
    return f"{read}{_method(analysis)}; {in_words(analysis.contrast)}; {_level(analysis)}"


def _method(analysis: AnalysisPlan) -> str:
    adjusted = ", and of the treatment before (carryover)" if analysis.carryover else ""
    return f"{METHODS[analysis.method].title}{adjusted}"


def _level(analysis: AnalysisPlan) -> str:
    return f"alpha {plain(analysis.alpha)}, {sidedness(analysis.alternative)}"


def _source(citation: Any) -> str:
    where = f" doi:{citation.doi}" if citation.doi else f" {citation.url}" if citation.url else ""
    return f"{citation.text}{where}"


def as_json(scenario: Scenario, plan: Plan, outlook: Outlook) -> dict[str, Any]:
    """The explanation as one object: the resolved scenario, and what follows from it."""
    return {
        "schema": "planner.show/1",
        "digest": digest(scenario),
        "scenario": resolve(scenario),
        **({"uncertain": rows} if (rows := unknowns(scenario)) else {}),
        "plan": plan.to_json(),
        **outlook.to_json(),
        "warnings": [*scenario.remarks, *remarks(scenario)],
    }
