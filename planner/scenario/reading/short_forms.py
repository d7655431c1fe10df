"""Short forms of settings, each with the full form that it stands for: one table, SHORT_FORMS.

A short form is accepted where it has one meaning only. Some stand for themselves and are read where the
setting is declared (`size = 0.5` is { mean = 0.5 }); others depend on what else the file says, and are
written out before anything is checked (`sequences = ["AB", "BA"]`, where A and B are treatments). Either way
the scenario, its full form and its digest are those of the full form. An override may reach inside:
--set components.specific.size.sd=0.1. Names are read in any spelling: see planner.scenario.fields.spelling.

What has several meanings, or is called otherwise here, is answered: see planner.scenario.reading.guesses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from planner.scenario.faults import Path
from planner.scenario.fields import as_spelt, split_text
from planner.scenario.hypotheses import SETTINGS, distribution_of, family_of
from planner.scenario.reading.messages import model_at
from planner.scenario.regulators import SCALINGS
from planner.scenario.resolving.examples import described, periods, spelt_out
from planner.scenario.stopping_rules import EFFICACY_RULES, FUTILITY_RULES
from planner.scenario.tree import Tree, is_number
from planner.scenario.vocabulary import SCALES


class ShortForm(NamedTuple):
    """A short form. `setting`: its path, * for any name or number in it; `short` and `full`: an example of
    its value and of what that stands for, as TOML; `when`: when it is accepted, or what it is for."""

    setting: str
    short: str
    full: str
    when: str = ""
    expand: Callable[[Any, Tree], object] | None = (
        None  # of the value, and of the whole file; None: see above
    )


def expanded(data: Tree) -> Tree:
    """The settings with every short form of the table written out that depends on the rest of the file.

    What holds none is the same object as before.
    """
    for form in SHORT_FORMS:
        if form.expand is not None:
            data = _changed(data, form.setting.split("."), form.expand, data)
    return data


def _changed(node: Any, route: list[str], expand: Callable[[Any, Tree], object], data: Tree) -> Any:
    """The node with what stands at the end of the route expanded, in copies of all that leads there."""
    if not route:
        return expand(node, data)
    if isinstance(node, dict):
        keys: list[Any] = list(node) if route[0] == "*" else [key for key in route[:1] if key in node]
    else:
        keys = list(range(len(node))) if route[0] == "*" and isinstance(node, list) else []
    copy = None
    for key in keys:
        value = _changed(node[key], route[1:], expand, data)
        if value is not node[key]:
            copy = (dict(node) if isinstance(node, dict) else list(node)) if copy is None else copy
            copy[key] = value
    return node if copy is None else copy


# Each gives the full form of a value, or the value itself where it is no short form.


def _table_of_names(value: Any, _data: Tree) -> object:
    names = value if isinstance(value, list) and all(isinstance(each, str) for each in value) else []
    return {name: {} for name in names} if len(set(names)) == len(names) > 0 else value


def _under(key: str) -> Callable[[Any, Tree], object]:
    """A text is the setting `key` of a table."""
    return lambda value, _data: {key: value} if isinstance(value, str) else value


def _named(key: str, names: Any) -> Callable[[Any, Tree], object]:
    """A known name, in any spelling, is the setting `key` of a table."""
    return lambda value, _data: (
        {key: value} if isinstance(value, str) and as_spelt(value, names) is not None else value
    )


def _list_of_one(value: Any, _data: Tree) -> object:
    return [value] if isinstance(value, dict | str) else value


def _numbers(value: Any, _data: Tree) -> object:
    return [value] if is_number(value) else value


def _words(value: Any, _data: Tree) -> object:
    return split_text(value) if isinstance(value, str) else value


def _letters(value: Any, data: Tree) -> object:
    """`AB`, `A,B` or `A then B` stands for `A B` where A and B are treatments and the whole is none."""
    known = described(data)
    if not isinstance(value, str) or set(value.split()) <= set(known):
        return value
    return spelt_out(value, known) or value


def _between_two_periods(value: Any, data: Tree) -> object:
    """With one gap between periods, to leave per period is to leave at all."""
    one_meaning = is_number(value) and (value == 0 or (0 < value <= 1 and periods(data) == 2))
    return {"per_period": value} if one_meaning else value


SHORT_FORMS: tuple[ShortForm, ...] = (
    ShortForm("treatments", '["A", "B"]', "{ A = {}, B = {} }", expand=_table_of_names),
    ShortForm("treatments.*", '"active"', '{ label = "active" }', expand=_under("label")),
    ShortForm("treatments.*.agents.*", '"ketamine"', '{ agent = "ketamine" }'),
    ShortForm("design.sequences.*", '"A B"', '["A", "B"]'),
    ShortForm(
        "design.sequences.*",
        '"AB"',
        '"A B"',
        "where A and B are treatments that `[treatments]` or a hypothesis names, and AB is none",
        _letters,
    ),
    ShortForm(
        "design.sequences.*", '"A -> B"', '"A B"', "likewise `A then B`, `A,B`, `A-B` and `A/B`", _letters
    ),
    ShortForm("design.arms", '"A B"', '["A", "B"]', expand=_words),
    ShortForm("design.assessment_days", "1", "[1]", expand=_numbers),
    ShortForm(
        "population.dropout",
        "0.15",
        "{ per_period = 0.15 }",
        "where there are two periods; with more it could be per period or over the trial",
        _between_two_periods,
    ),
    ShortForm("population.dropout.per_period", "0.1", "[0.1]", "for every gap between periods"),
    ShortForm("population.dropout.odds_ratio.outcomes.*", "2", "{ ratio = 2, per = 10, around = 0 }"),
    ShortForm(
        "endpoint", '"HAM-D17"', '{ scale = "HAM-D17" }', "if it names a known scale", _named("scale", SCALES)
    ),
    ShortForm(
        "endpoint.scale",
        '"HAM-D17"',
        '{ name = "HAM-D17", low = 0, high = 52, step = 1, better = "lower", remission_at_most = 7 }',
        "if it names a known scale",
    ),
    ShortForm("components.*.size", "0.5", "{ mean = 0.5 }"),
    ShortForm("components.*.otherwise", "0.1", "{ mean = 0.1 }"),
    ShortForm("components.*.half_life_days", "8", "{ median = 8 }"),
    ShortForm("hypotheses.*.terms.*.needs.*", '"cue"', '{ signal = "cue" }'),
    ShortForm("hypotheses.*.tie.agents", '"ketamine"', '["ketamine"]'),
    ShortForm("hypotheses.*.tie.by", '"specific"', '["specific"]'),
    ShortForm("outcomes.*.background", "2", "{ mean = 2 }"),
    ShortForm("outcomes.*.components.*.size", "10", "{ mean = 10 }"),
    ShortForm("outcomes.*.components.*.otherwise", "1", "{ mean = 1 }"),
    ShortForm("outcomes.*.components.*.half_life_days", "0.1", "{ median = 0.1 }"),
    ShortForm("hypotheses.*.sd_within", "5", '{ "*" = 5 }', "for every treatment"),
    ShortForm("hypotheses.*.cv_within", "0.3", '{ "*" = 0.3 }', "for every treatment"),
    ShortForm("analyses", '{ method = "paired-t" }', '[{ method = "paired-t" }]', expand=_list_of_one),
    ShortForm("analyses", '"paired-t"', '[{ method = "paired-t" }]', expand=_list_of_one),
    ShortForm("analyses.*", '"paired-t"', '{ method = "paired-t" }', expand=_under("method")),
    ShortForm(
        "analyses.*.scaling", '"abel"', '{ rule = "abel" }', "if it names a rule", _named("rule", SCALINGS)
    ),
    ShortForm(
        "monitoring.efficacy",
        '"obrien-fleming"',
        '{ rule = "obrien-fleming" }',
        "if it names a rule",
        _named("rule", EFFICACY_RULES),
    ),
    ShortForm(
        "monitoring.futility",
        '"none"',
        '{ rule = "none" }',
        "if it names a rule",
        _named("rule", FUTILITY_RULES),
    ),
    ShortForm("simulation.hypotheses", '"effect"', '["effect"]', expand=_list_of_one),
)
"""Every short form that is accepted. Each of those to be expanded is looked at once, in this order."""


def forms_of(model: type[BaseModel], name: str) -> list[ShortForm]:
    """The short forms of a setting, or of an element of it, by the table that declares it."""
    return [form for form in SHORT_FORMS if any(_declares(model, name, each) for each in _routes(form))]


def _routes(form: ShortForm) -> list[Path]:
    """The ways to the setting as `model_at` takes them: to what holds it, of hypotheses by each family."""
    parts = form.setting.removesuffix(".*").split(".")
    if parts[0] != "hypotheses" or len(parts) < 3:
        return [tuple(parts)]
    return [(*parts[:2], family, *parts[2:]) for family in SETTINGS]


def _declares(model: type[BaseModel], name: str, route: Path) -> bool:
    return route[-1] == name and model_at(route[:-1]) is model


def full_form(data: Tree, path: Path, value: object) -> Tree | None:
    """The table that a value stands for at a path of the settings `data`, None if it is no short form."""
    route = path
    if path[:1] == ("hypotheses",) and len(path) > 2:
        family = family_of(data["hypotheses"][path[1]], distribution_of(data))
        route = (*path[:2], family, *path[2:])
    for form in SHORT_FORMS:
        if form.expand is not None and _stands_at(form, path):
            table = form.expand(value, data)
            if isinstance(table, dict):
                return table
    field, inside = _field_at(route), False
    if field is None:  # an element of a list or table
        field, inside = _field_at(route[:-1]), True
    if field is None:
        return None
    for validator in _validators(field.annotation) if inside else field.metadata:
        if isinstance(validator, BeforeValidator):
            try:
                table = validator.func(value)  # type: ignore[call-arg]
            except PydanticCustomError:
                return None
            return table if isinstance(table, dict) else None
    return None


def _stands_at(form: ShortForm, path: Path) -> bool:
    parts = form.setting.split(".")
    return len(parts) == len(path) and all(
        part in ("*", str(own)) for part, own in zip(parts, path, strict=True)
    )


def _field_at(route: Path) -> FieldInfo | None:
    model = model_at(route[:-1]) if route else None
    return model.model_fields.get(str(route[-1])) if model is not None else None


def _validators(annotation: object) -> Iterator[object]:
    """The validators of the elements of a list."""
    for element in get_args(annotation):
        yield from getattr(element, "__metadata__", ())
