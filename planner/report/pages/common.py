"""What the pages of results share: title and header, how to read the figures, the command at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planner.report.blocks import Block, Code, Heading, Items, Prose
from planner.report.context import PageContext
from planner.report.pages.parts.alternatives import in_words as alternative_in_words
from planner.results.figures import Figure
from planner.results.number_text import estimated
from planner.scenario.text import listed

Pairs = list[tuple[str, str]]

ERRORS = (
    "± is the Monte Carlo standard error: how far a figure would move with other random numbers. It says "
    "nothing about how true the assumptions are."
)
NO_SOURCE = "The scenario names no source: all its numbers are assumptions."


def title(name: str, of_scenario: str) -> Heading:
    """The title of the scenario, or its name."""
    return Heading(of_scenario or name, 1)


def interruption(done: str) -> Prose:
    """That a result was not finished; `done`: what was."""
    return Prose(f"PARTIAL: interrupted after {done}; all figures are of these.", True)


def question(context: PageContext) -> Pairs:
    """The question of the scenario, where it states one."""
    return [("Question", context.question)] if context.question else []


def identity(name: str, digest: str) -> tuple[str, str]:
    """Which scenario this is the result of."""
    return "Scenario", f"{name}, digest {digest[:12]}"


def analyses(of_rows: Iterable[str], context: PageContext) -> Pairs:
    """The analyses of the rows of a page, each in one line."""
    names = list(dict.fromkeys(of_rows))
    return [("Analysis" if len(names) == 1 else f"Analysis {name}", context.analyses[name]) for name in names]


def how_to_read(items: Sequence[str]) -> list[Block]:
    """The section that explains the tables."""
    return [Heading("How to read this"), Items(items)]


def again(command: str, *, partial: bool = False) -> list[Block]:
    """The command that gives this result, to be copied; nothing where no command gave it."""
    if not command:
        return []
    return [Heading("To run it to its end" if partial else "The same result again"), Code(command, "sh")]


def sources(context: PageContext) -> list[str]:
    """Which numbers of the scenario have no source."""
    if not context.sourced:
        return [NO_SOURCE]
    return [f"Assumed, without a source: {listed(list(context.assumed))}."] if context.assumed else []


def completers(context: PageContext, names: Sequence[str]) -> str:
    """Whom completers counts; `names`: the analyses of the page."""
    partial = [name for name in context.partial if name in names]
    return "Expected completers counts patients who finished every period" + (
        f"; in the rows of {listed(partial)} all who have what is compared, even if they missed a period."
        if partial
        else "."
    )


def sentence(text: str) -> str:
    """A warning as a sentence; a name or path that it begins with stays as it is."""
    word = text.partition(" ")[0]
    begin = text[:1].upper() if word.rstrip(",").isalpha() else text[:1]
    return f"{begin}{text[1:]}."


def false_alarm(alternatives: Iterable[str]) -> str:
    """What a type I error is, with these alternatives."""
    reasons = list(dict.fromkeys(alternative_in_words(each).reason for each in alternatives))
    return f"Type I error: {listed(reasons, 'or')}: a significant trial is a false alarm."


def power_or_error(power: Figure, is_null: bool) -> str:
    """The power, or the type I error where the null hypothesis is true."""
    share = estimated(power, percent=True)
    return f"type I error\n{share}" if is_null else share
