"""The right form of a setting that was written in another one, with the scenario's own treatments."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from planner.scenario.designs import named
from planner.scenario.faults import dotted
from planner.scenario.fields import as_spelt
from planner.scenario.hypotheses import SETTINGS
from planner.scenario.resolving.draft import Complaint
from planner.scenario.resolving.families.resolver import resolver_of
from planner.scenario.stopping_rules import FUTILITY_RULES
from planner.scenario.text import in_toml, quote
from planner.scenario.tree import Tree, is_number
from planner.scenario.vocabulary import DESIGNS, FAMILIES


def with_examples(complaints: list[Complaint], data: Tree) -> list[Complaint]:
    """Problems of a wrong form, with an example of the right one where there is none yet."""
    return [p if p.hint else p._replace(hint=_example(p, data)) for p in complaints]


def _example(complaint: Complaint, data: Tree) -> str:
    """What to write instead; empty if the complaint is not one of form, or nothing better is known."""
    if "must be " not in complaint.message:
        return ""
    path, value = complaint.path, written_at(data, complaint.path)
    names = treatments(data)
    first, second = names[:2] if len(names) > 1 else ("A", "B")
    a, b = dotted((first,)), dotted((second,))
    number = quote(value) if is_number(value) else "0.5"
    if path[:1] == ("hypotheses",) and len(path) == 3:
        examples = (resolver_of(family).example(str(path[2]), a, b, number) for family in FAMILIES)
        return next(filter(None, examples), "")
    match dotted(path):
        case "population.dropout":
            return f"for instance dropout = {{ per_period = {number} }}"
        case "monitoring.looks":
            share = not isinstance(value, int | float) or 0.0 < value < 1.0
            patients = written_at(data, ("design", "patients"))
            last = "1.0" if share else str(patients) if type(patients) is int else "24"
            return f"for instance looks = [{number}, {last}]"
        case "monitoring.futility":
            return f'for instance futility = {{ rule = "conditional-power", at_most = 0.1 }}; {RULES}'
        case "monitoring.efficacy":
            return 'for instance efficacy = { rule = "obrien-fleming-spending" }'
        case "design.sequences":
            designs = {name.casefold(): name for name in DESIGNS}
            named = designs.get(value.casefold()) if isinstance(value, str) else None
            if named is not None:
                arms = ", ".join(in_toml(name) for name in names or ["A", "B"])
                return f'a named design: name = "{named}" and arms = [{arms}], without sequences'
            return (
                f"for instance sequences = [{in_toml(f'{first} {second}')}, {in_toml(f'{second} {first}')}]"
            )
    return ""


RULES = f"rules: {', '.join(FUTILITY_RULES)} (those of spending spend beta)"


def treatments(data: Tree) -> list[str]:
    """The names of the treatments as far as anything in the file states them, each once."""
    names: list[str] = []
    design = data.get("design")
    sequences = design.get("sequences") if isinstance(design, dict) else None
    for sequence in sequences if isinstance(sequences, list) else ():
        parts = sequence.split() if isinstance(sequence, str) else sequence
        names += [x for x in parts if isinstance(x, str)] if isinstance(parts, list) else []
    declared = data.get("treatments")
    if isinstance(declared, dict) and not set(names) <= set(declared):
        names = []  # the sequences are written in some other form
    arms = design.get("arms") if isinstance(design, dict) else None
    names += [x for x in arms if isinstance(x, str)] if isinstance(arms, list) else []
    return list(dict.fromkeys(names or described(data)))


def periods(data: Tree) -> int | None:
    """The periods of the design, as far as it can be seen; None if not."""
    design = data.get("design")
    if not isinstance(design, dict):
        return None
    sequences, name = design.get("sequences"), design.get("name")
    if isinstance(sequences, list) and sequences:
        first = sequences[0]
        return (
            len(first.split() if isinstance(first, str) else first) if isinstance(first, str | list) else None
        )
    known = as_spelt(name, DESIGNS) if isinstance(name, str) else None
    try:
        return len(named(known, treatments(data))[0]) if known is not None else None
    except ValueError:
        return None


def spelt_out(text: str, known: Collection[str]) -> str | None:
    """`AB`, `A,B`, `A then B` or `A -> B` as `A B`, where A and B are known treatments.

    None for anything else, also for `AB/BA`, which is two sequences.
    """
    one_each = all(len(_spelt(part, known)) < 2 for part in re.split("[,;/|]", text))
    parts = _spelt(text, known)
    several = re.search("[,;/|]", text) is not None and not one_each
    return " ".join(parts) if parts and set(parts) <= set(known) and not several else None


def _spelt(text: str, known: Collection[str]) -> list[str]:
    """The treatments of a text, letter by letter where a word is none; without the `then` between them."""
    words = [word for word in re.split(r"[\s,;/>|–-]+", text) if word and (word in known or word != "then")]
    return [letter for word in words for letter in ([word] if word in known else word)]


def described(data: Tree) -> list[str]:
    """The treatments that [treatments] or a hypothesis names, whatever the sequences give."""
    names: list[str] = []
    by_treatment = [key for family in SETTINGS.values() for key in family.by_treatment]
    stated = data.get("treatments")
    names += list(stated) if isinstance(stated, dict) else []
    hypotheses = data.get("hypotheses")
    for hypothesis in hypotheses.values() if isinstance(hypotheses, dict) else ():
        for key in by_treatment:
            table = hypothesis.get(key) if isinstance(hypothesis, dict) else None
            names += list(table) if isinstance(table, dict) else []
    return list(dict.fromkeys(names))


def written_at(data: Any, path: tuple[str | int, ...]) -> object:
    """What stands at the path; None if nothing does."""
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data
