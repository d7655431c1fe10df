"""What to cite: the sources of a scenario's numbers, the methods that it uses, and planner itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from planner._version import __version__
from planner.analyses import info_of
from planner.report.blocks import Block, Facts, Heading, Prose
from planner.report.pages.common import NO_SOURCE
from planner.results.contract import Json
from planner.scenario.regulators import REGULATORS
from planner.scenario.scenario import Scenario
from planner.scenario.stopping_rules import EFFICACY_RULES, FUTILITY_RULES
from planner.scenario.text import listed, visible
from planner.scenario.two_stage_rules import RULES as TWO_STAGE_RULES
from planner.scenario.vocabulary import MARGIN_TESTS

# As in CITATION.cff, which an installed package does not contain; tests compare the two.
TITLE = "planner: a Monte Carlo trial-design planner for crossover trials"
AUTHORS = ("The planner developers",)
LICENSE = "MIT"

_MONTE_CARLO = "Morris TP, White IR, Crowther MJ. Stat Med 2019;38:2074-2102. doi:10.1002/sim.8086"
_LIMITS = "Jennison C, Turnbull BW. Group Sequential Methods with Applications to Clinical Trials. 2000"

SOURCE, METHOD, SOFTWARE = "source", "method", "software"


class CitationEntry(NamedTuple):
    """One thing to cite, and what for."""

    kind: str
    key: str
    text: str
    doi: str
    url: str
    supports: tuple[str, ...]

    def to_json(self) -> Json:
        return {**self._asdict(), "supports": list(self.supports)}


def to_cite(scenario: Scenario) -> list[CitationEntry]:
    """Sources in the scenario's order, then methods, then planner."""
    sources = [
        CitationEntry(SOURCE, c.key, c.text, c.doi, c.url, tuple(c.supports)) for c in scenario.citations
    ]
    return [*sources, *_methods(scenario), _planner()]


def _methods(scenario: Scenario) -> list[CitationEntry]:
    """The publications behind the analyses, the stopping rules and the figures of a run."""
    used: dict[str, tuple[str, list[str]]] = {}

    def use(key: str, citation: str, what: str) -> None:
        if citation:
            used.setdefault(citation, (key, []))[1].append(what)

    for analysis in scenario.analyses:
        use(analysis.method, info_of(analysis).citation, f"analysis {analysis.name}")
        if analysis.against_margins:
            stated = analysis.alternative
            use(stated, MARGIN_TESTS[stated].citation, f"{stated} in analysis {analysis.name}")
        if analysis.scaling is not None:
            scaling = analysis.scaling
            guidance = REGULATORS[scaling.regulator].guidances[scaling.rule]
            use(f"{scaling.regulator}-{scaling.rule}", guidance, f"limits of analysis {analysis.name}")
    efficacy, futility = scenario.monitoring.efficacy, scenario.monitoring.futility
    if (adaptive := scenario.monitoring.adaptive) is not None:
        use(adaptive.rule, TWO_STAGE_RULES[adaptive.rule].citation, "stage 2")
    elif len(scenario.monitoring.looks) > 1:
        if efficacy is not None:
            use(efficacy.rule, EFFICACY_RULES[efficacy.rule].citation, "stopping for efficacy")
        if futility is not None:
            use(f"futility-{futility.rule}", FUTILITY_RULES[futility.rule].citation, "stopping for futility")
        use("group-sequential", _LIMITS, "limits at the looks")
    use("monte-carlo-error", _MONTE_CARLO, "Monte Carlo standard errors")
    return [_method(key, citation, tuple(what)) for citation, (key, what) in used.items()]


def _method(key: str, citation: str, supports: tuple[str, ...]) -> CitationEntry:
    text, _, doi = citation.partition(". doi:")
    return CitationEntry(METHOD, key, text, doi, "", supports)


def _planner() -> CitationEntry:
    text = f"{', '.join(AUTHORS)}. {TITLE}. Version {__version__}. Licence {LICENSE}"
    return CitationEntry(SOFTWARE, "planner", text, "", "", ("the simulation",))


def citation_blocks(entries: Sequence[CitationEntry], scenario: Scenario) -> list[Block]:
    """The entries as text."""
    blocks: list[Block] = [Heading(f"What to cite: {scenario.title or scenario.name}", 1)]
    for kind, title in (
        (SOURCE, "Sources of the scenario's numbers"),
        (METHOD, "Methods"),
        (SOFTWARE, "Software"),
    ):
        chosen = [entry for entry in entries if entry.kind == kind]
        if chosen:
            blocks += [Heading(title), Facts([(entry.key, _entry_text(entry)) for entry in chosen])]
    if not scenario.citations:
        blocks.append(Prose(NO_SOURCE))
    elif scenario.assumed:
        blocks.append(Prose(f"Without a source, hence not to be cited: {listed(list(scenario.assumed))}."))
    return blocks


def _entry_text(entry: CitationEntry) -> str:
    where = f" doi:{entry.doi}" if entry.doi else f" {entry.url}" if entry.url else ""
    return f"{entry.text}{where}" + (f" (for {listed(list(entry.supports))})" if entry.supports else "")


def bibtex(entries: Sequence[CitationEntry]) -> str:
    """The entries as BibTeX. A source is one text, so that each is @misc with that text as its title."""
    keys: set[str] = set()
    blocks = []
    for entry in entries:
        fields = {"title": f"{{{_tex(entry.text)}}}"}
        if year := re.search(r"\b(?:19|20)\d\d\b", entry.text):
            fields["year"] = year[0]
        fields |= {name: _tex(value) for name, value in (("doi", entry.doi), ("url", entry.url)) if value}
        if entry.kind == SOFTWARE:
            fields = {
                "author": " and ".join(f"{{{author}}}" for author in AUTHORS),
                "title": f"{{{TITLE}}}",
                "note": f"Version {__version__}, licence {LICENSE}",
            }
        if entry.supports:
            fields["annote"] = _tex(f"For {listed(list(entry.supports))}")
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
        blocks.append(f"@misc{{{_key(entry.key, keys)},\n{lines}}}\n")
    return "\n".join(blocks)


_TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "{}%&#_$"},
}


def _tex(text: str) -> str:
    """Text that TeX prints literally, on one line."""
    return "".join(_TEX.get(character, character) for character in visible(" ".join(text.split())))


def _key(name: str, taken: set[str]) -> str:
    """A key that BibTeX accepts and that no other entry has."""
    base = re.sub(r"[^A-Za-z0-9:.-]+", "-", name).strip("-") or "source"
    key, number = base, 1
    while key.lower() in taken:
        number += 1
        key = f"{base}-{number}"
    taken.add(key.lower())
    return key
