"""Telling mechanisms apart, in words: a verdict, the figures, who is taken for whom, what it all rests on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from planner._version import __version__
from planner.questions.discriminate.design_figures import (
    DesignFigures,
    RatesPoint,
    SummaryDescription,
    WholeTrialsCheck,
)
from planner.questions.discriminate.result import Discrimination
from planner.report.blocks import Block, Facts, Heading, Items, Prose
from planner.report.context import PageContext
from planner.report.pages.common import again, how_to_read, sentence, sources
from planner.report.pages.discriminate_tables import (
    added_summaries,
    curves,
    equal,
    figures,
    key_of,
    matrices,
    same_patients,
    same_visits,
)
from planner.results.figures import Figure
from planner.results.number_text import estimated, percent, plain
from planner.scenario.text import count, listed


def discriminate_page(result: Discrimination, contexts: Sequence[PageContext], command: str) -> list[Block]:
    """The page of `planner discriminate`; `contexts`: of each design, in their order."""
    designs = result.designs
    title = "Would this design tell the mechanisms apart?"
    blocks: list[Block] = [
        Heading(title if len(designs) == 1 else "Which design tells the mechanisms apart?", 1)
    ]
    if result.partial:
        draws = count(result.draws, "draw")
        blocks.append(Prose(f"PARTIAL: interrupted after {draws} of the uncertain numbers.", True))
    for j, (design, context) in enumerate(zip(designs, contexts, strict=True)):
        blocks.append(Prose(verdict(design, context.hypotheses, _number(j, designs))))
    if len(designs) > 1:
        blocks.append(Prose(_best(designs)))
    blocks += [
        Facts(_facts(result, designs, contexts)),
        Heading("Is the right one named? (% of trials)"),
        figures(designs),
    ]
    blocks += [Heading("More patients (% of trials)"), *curves(designs)]
    if len(designs) > 1:
        blocks += [Heading("With the same patients (% of trials)"), equal(designs, same_patients)]
        blocks += [Heading("With the same visits (% of trials)"), equal(designs, same_visits)]
    blocks += matrices(designs, contexts)
    if richer := [design for design in designs if design.answers.added]:
        blocks += [
            Heading("What further summaries add (% of trials)"),
            *(added_summaries(design) for design in richer),
        ]
    blocks += [Heading("What the answer rests on"), Items(_rests(result, designs, contexts))]
    return blocks + how_to_read(_reading(result, designs)) + again(command, partial=result.partial)


def _number(j: int, designs: Sequence[DesignFigures]) -> str:
    return str(j + 1) if len(designs) > 1 else ""


def _rough(figure: Figure) -> str:
    """A share without its error: whole per cent, or one digit of less."""
    share = 100.0 * figure.estimate
    return f"{share:.0f} %" if share >= 0.95 or share == 0.0 else f"{share:.1g} %"


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _so_many(number: int) -> str:
    return _WORDS[number] if number < len(_WORDS) else str(number)


# The verdict


def verdict(design: DesignFigures, labels: Mapping[str, str], number: str = "") -> str:
    """One design in plain English; `labels` of the hypotheses, `number` of the design among several."""
    size, classes = len(design.hypotheses), design.answers.classes
    which = f"Design {number} ({design.design})" if number else "This design"
    right, most = _rough(design.answers.rates.p_right), _rough(design.answers.ceiling)
    sentences = [
        f"{which}, with {count(design.patients, 'patient')}, names the right one of {_so_many(size)} "
        f"mechanisms in {right} of trials (guessing: {percent(max(design.prior), places=0)}): for sure in "
        f"{_rough(design.answers.rates.p_decisive_right)}, while it is sure of a wrong one in "
        f"{_rough(design.answers.rates.p_decisive_wrong)}. "
        + (
            f"Endless patients would name the right one in at least {most}; how much more often stays open."
            if design.answers.ceiling_rests_on.at_least
            else f"Endless patients would name the right one in {most}."
            if most == _rough(Figure(1.0))
            else f"More patients cannot lift the {right} above {most}."
        )
    ]
    sentences += _together(design, labels)
    if 1 < len(classes) < size:
        by = design.answers.by_class.practical
        right, most = _rough(by.rates.p_right), _rough(by.ceiling)
        sentences.append(
            f"Of the {_so_many(len(classes))} classes left it names the right one in {right}, "
            + ("endless patients in at least " if by.ceiling_rests_on.at_least else "at most in ")
            + f"{most}."
        )
    return " ".join(sentences)


def _together(design: DesignFigures, labels: Mapping[str, str]) -> list[str]:
    """What is the same, what is hard to tell apart, and of what that stays open."""

    def named(names: Sequence[str]) -> str:
        return listed([f"“{labels.get(name) or name}”" for name in names])

    same, classes = design.answers.structural_classes, design.answers.classes
    if len(same) == 1:
        return ["It cannot tell any two of them apart."]
    sentences = []
    if alike := [named(group) for group in same if len(group) > 1]:
        sentences.append(f"It cannot tell apart {'; or '.join(alike)}.")
    limit = percent(design.practical_below, places=0)
    joined = [group for group in classes if group not in same]
    if hard := [named(group) for group in joined if group not in design.answers.chained_classes]:
        sentences.append(
            f"It hardly tells apart {'; or '.join(hard)}: even endless patients would name the true one of "
            f"two in less than {limit}."
        )
    if linked := [named(group) for group in joined if group in design.answers.chained_classes]:
        sentences.append(
            f"It hardly tells apart neighbours among {'; or '.join(linked)}, a chain of pairs of which "
            f"endless patients would name the true one in less than {limit}; its ends are further apart."
        )
    alone = _firsts(design, design.answers.open_pairs)
    if unsure := [named(pair) for pair in alone]:
        sentences.append(
            f"Whether endless patients would name the true one in more or less than {limit} stays open for "
            f"{'; and for '.join(unsure)}."
        )
    return sentences


def _firsts(design: DesignFigures, pairs: Sequence[Sequence[str]]) -> list[list[str]]:
    """Pairs of the first ones of hypotheses that are the same, each once."""
    first = {name: group[0] for group in design.answers.structural_classes for name in group}
    return [list(pair) for pair in dict.fromkeys((first[one], first[other]) for one, other in pairs)]


def _best(designs: Sequence[DesignFigures]) -> str:
    """Which of several designs is ahead, for the same number of patients and for the same effort."""

    def ahead(at: Callable[[DesignFigures], RatesPoint]) -> str:
        right = [at(design).rates.p_right for design in designs]
        order = sorted(range(len(designs)), key=lambda j: -right[j].estimate)
        first, second = (right[j] for j in order[:2])
        apart = first.estimate - second.estimate
        sure = apart > 2.0 * math.hypot(first.error, second.error)
        names = [f"{j + 1}" for j in (order[:1] if sure else order[:2])]
        return f"{listed(names)} ({'' if sure else 'both about '}{_rough(first)})"

    patients, visits = same_patients(designs[0]).patients, max(design.visits for design in designs)
    return (
        f"Most often right with {count(patients, 'patient')}: design {ahead(same_patients)}; with "
        f"{count(visits, 'visit')}: design {ahead(same_visits)}."
    )


# Facts and figures


def _facts(
    result: Discrimination, designs: Sequence[DesignFigures], contexts: Sequence[PageContext]
) -> list[tuple[str, str]]:
    facts = []
    for j, (design, context) in enumerate(zip(designs, contexts, strict=True)):
        name = f"Design {_number(j, designs)}".strip()
        facts.append((name, f"{design.design}: {context.design}"))
    summaries = [summaries_text(design.summaries) for design in designs]
    several = len(set(summaries)) > 1
    facts += [
        (f"Summaries {j + 1}" if several else "Summaries", summaries[j])
        for j in range(len(summaries) if several else 1)
    ]
    facts.append(("Before the data", _prior(designs[0])))
    sizes = [f"{size:,}" for size in dict.fromkeys(design.sample for design in designs)]
    facts.append(
        (
            "Simulated",
            f"{result.draws:,} draws of the uncertain numbers, {listed(sizes, 'or')} patients of each "
            f"mechanism in each, and {designs[0].answers.check.trials:,} whole trials of each; "
            f"seed {result.seed}, planner {__version__}",
        )
    )
    return facts


def summaries_text(summaries: Sequence[SummaryDescription]) -> str:
    """`mean change in K, KN and P on day 1`."""
    arms: dict[tuple[str, float], list[str]] = {}
    for each in summaries:
        arms.setdefault((each.what, each.day), []).append(" with ".join(each.arms))
    return "; ".join(f"{what} in {listed(names)} on day {plain(day)}" for (what, day), names in arms.items())


def _prior(design: DesignFigures) -> str:
    prior = design.prior
    if max(prior) - min(prior) < 1e-12:
        every = "both" if len(prior) == 2 else f"all {_so_many(len(prior))}"
        return f"{every} mechanisms weigh the same, 1/{len(prior)}"
    parts = [f"{key_of(i)} {plain(p, 3)}" for i, p in enumerate(prior)]
    return listed(parts)


# What it rests on


def _rests(
    result: Discrimination, designs: Sequence[DesignFigures], contexts: Sequence[PageContext]
) -> list[str]:
    items = []
    for j, design in enumerate(designs):
        who = f"{_number(j, designs)}: " if len(designs) > 1 else ""
        fixed, check = design.answers.fixed, design.answers.check
        if design.uncertain:
            items.append(
                f"{who}Taken as known, the uncertain numbers would have promised "
                f"{estimated(fixed.rates.p_right, percent=True)} right and a ceiling of "
                f"{_rough(fixed.ceiling)}."
            )
        normal = estimated(design.answers.rates.p_right, percent=True)
        agree = "which differs by more than chance" if check.differs else "as the normal approximation"
        items.append(
            f"{who}{check.trials:,} whole virtual trials of each mechanism are judged right in "
            f"{estimated(check.rates.p_right, percent=True)}, {agree} ({normal})"
            f"{_calibrated(check)}."
        )
    return items + sources(contexts[0]) + [sentence(text) for text in result.warnings]


def _calibrated(check: WholeTrialsCheck) -> str:
    """`; of the weights near 0.80, 81 ± 1 % belong to the truth`."""
    bins = (each for each in check.calibration if each.true and each.low < 0.8 < each.high)
    near = next(bins, None)
    if near is None or near.true is None or near.true.error > 0.1:
        return ""
    return (
        f"; a mechanism that is given a weight of about {near.weight:.2f} is the true one in "
        f"{estimated(near.true, percent=True)}"
    )


def _reading(result: Discrimination, designs: Sequence[DesignFigures]) -> list[str]:
    decisive = plain(result.decisive)
    items = [
        "Each virtual trial gives every mechanism a weight, from what was likely before the data and how "
        "well the mechanism predicts the summaries, its uncertain numbers averaged out.",
        "Right: the largest weight belongs to the mechanism that is true. Decisive, or for sure: that "
        f"weight, a posterior probability, is above {decisive}; inconclusive: none is.",
        "Right at most: what endless patients would reach. It belongs to the design, the summaries and the "
        "uncertain numbers together; other summaries or better knowledge can lift it, patients cannot. It is "
        "found between two bounds, half whose distance is in its error; ≥ where only the lower one is known.",
        "Bits: the information that the trial is expected to give, of "
        f"{math.log2(len(designs[0].hypotheses)):.2f} that would settle the question (with equal weights "
        "before); at least so much, as likelihoods are approximate.",
    ]
    if any(len(design.answers.classes) < len(design.hypotheses) for design in designs):
        items.append(
            "Classes: the same mechanisms in all that the design shows, or joined by pairs of which endless "
            f"patients would name the true one in less than {percent(designs[0].practical_below, places=0)}."
        )
    return [
        *items,
        "± is the Monte Carlo standard error; it says nothing about whether the ranges of the uncertain "
        "numbers are right.",
    ]
