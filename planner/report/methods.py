"""What every analysis, stopping rule and design does, in the words of the code that does it.

Titles, needs and sources are the rows of scenario.vocabulary; formulas and assumptions are the docstrings of
the modules and functions behind them. Nothing is written down a second time.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from planner.monitoring import conditional_power, rules, spending
from planner.scenario import designs
from planner.scenario.monitoring import Efficacy, Futility
from planner.scenario.vocabulary import DESIGNS, EFFICACY_RULES, FUTILITY_RULES, METHODS, NEEDS, NamedRule

ANALYSIS, EFFICACY, FUTILITY, DESIGN = "analysis", "efficacy rule", "futility rule", "design"


class Method(NamedTuple):
    """One thing that a scenario can name."""

    kind: str
    name: str
    title: str
    explanation: str  # paragraphs; an indented one is a formula
    needs: str  # what it asks of a design
    parameters: dict[str, str]  # name to meaning
    source: str

    def to_json(self) -> dict[str, Any]:
        return self._asdict()


def methods() -> list[Method]:
    """Everything that a scenario can name, in the order of the vocabulary."""
    return [*_analyses(), *_efficacy(), *_futility(), *_designs()]


def _analyses() -> list[Method]:
    return [
        Method(
            ANALYSIS,
            name,
            row.title,
            _module_text(f"analyses.{row.module}"),
            NEEDS[row.needs],
            {},
            row.citation,
        )
        for name, row in METHODS.items()
    ]


def _module_text(name: str) -> str:
    """The docstring of a module, read without importing it: an analysis would be compiled."""
    spec = find_spec("planner")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0], *name.split(".")).with_suffix(".py")
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _efficacy() -> list[Method]:
    return [
        Method(
            EFFICACY,
            name,
            row.title,
            _rule_text(rules.EFFICACY[name], name),
            "",
            _meanings(row),
            row.citation,
        )
        for name, row in EFFICACY_RULES.items()
    ]


def _futility() -> list[Method]:
    rows = []
    for name, row in FUTILITY_RULES.items():
        text = _rule_text(rules.FUTILITY[name], name)
        if name == "conditional-power":
            text = f"{text}\n\n{inspect.cleandoc(conditional_power.__doc__ or '')}"
        rows.append(Method(FUTILITY, name, row.title, text, "", _meanings(row), row.citation))
    return rows


def _rule_text(function: Callable[..., Any], name: str) -> str:
    """What the function of a rule says, and the spending function that it uses."""
    parts = [_text(function.func if isinstance(function, partial) else function)]
    if isinstance(function, partial):
        parts.append(f"    f(t) = {_text(spending.SPENDING[name].function)}")
    return "\n\n".join(parts)


def _text(function: Callable[..., Any]) -> str:
    return inspect.getdoc(function) or ""


def _meanings(row: NamedRule) -> dict[str, str]:
    """The numbers that a rule takes, as the settings describe them."""
    fields = {**Futility.model_fields, **Efficacy.model_fields}
    hints = {name: f"; {shape.hint}" for name, shape in spending.SHAPES.items()}
    return {name: f"{fields[name].description or ''}{hints.get(name, '')}" for name in row.parameters}


def _designs() -> list[Method]:
    rows = []
    for name, row in DESIGNS.items():
        text = f"    {', '.join(row.pattern)}" if row.pattern else _text(designs.generator(name))
        fewest, most = row.arms
        arms = str(fewest) if fewest == most else f"{fewest} to {most}"
        rows.append(Method(DESIGN, name, row.title, text, f"{arms} arms", {}, ""))
    return rows
