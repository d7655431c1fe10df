"""A stopping rule is one row and one function: rows, functions, settings and options, compared both ways."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

from planner.cli.boundaries import boundaries
from planner.cli.rule_options import argument_of, option_of
from planner.monitoring import efficacy_rules, futility_rules, spending
from planner.monitoring.boundaries import boundary
from planner.report.methods import methods
from planner.scenario.monitoring import Efficacy, Futility, RuleSettings
from planner.scenario.stopping_rules import (
    BETA,
    EFFICACY_RULES,
    RULES,
    SPENDING_FUNCTIONS,
    Parameter,
    SpendingFunction,
    StoppingRule,
    parameters_of,
)

MODULES = {"efficacy": efficacy_rules, "futility": futility_rules}
SETTINGS = {"efficacy": Efficacy, "futility": Futility}
OWN = {"looks", "rule", "alpha", "sided", "power", "beta", "drift", "efficacy-looks", "futility", "binding"}
OWN |= {"patients", "plot", "format", "json", "output", "force", "quiet", "verbose"}
"""The options of the command itself; beta is 1 - power, and a parameter."""
NUMBER = Parameter("shape", "A shape", range=(0, 5))


def functions(module: Any) -> dict[str, Any]:
    """The public functions that a module defines."""
    return {
        name: function
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and not name.startswith("_")
        and function.__module__ == module.__name__
    }


def arguments(function: Any, given: int) -> list[str]:
    """What a function takes after the first `given` arguments, without the `**shape` of all of a kind."""
    taken = list(inspect.signature(function).parameters.values())[given:]
    return [each.name for each in taken if each.kind is not inspect.Parameter.VAR_KEYWORD]


def apart(rules: Mapping[str, StoppingRule], module: Any) -> Iterator[str]:
    """Where the rows of a table and the functions of its module do not belong to each other."""
    rows = {name.replace("-", "_"): rule for name, rule in rules.items() if not rule.spends}
    defined = functions(module)
    for name in rows.keys() ^ (defined.keys() - {"by_function"}):
        yield f"{name} has no {'row' if name in defined else 'function'}"
    for name in rows.keys() & defined.keys():
        if (takes := arguments(defined[name], 1)) != [each.name for each in rows[name].parameters]:
            yield f"{name} takes {takes}"


def spending_apart(rows: Mapping[str, SpendingFunction], module: Any) -> Iterator[str]:
    """As `apart`, of spending functions."""
    named = {name.replace("-", "_"): row for name, row in rows.items()}
    defined = functions(module)
    for name in named.keys() ^ defined.keys():
        yield f"{name} has no {'row' if name in defined else 'function'}"
    for name in named.keys() & defined.keys():
        if (takes := arguments(defined[name], 2)) != [each.name for each in named[name].parameters]:
            yield f"{name} takes {takes}"


def limits_of(field: FieldInfo) -> tuple[Any, dict[str, float], bool]:
    """Inner type, limits of a number or of each in a list, and whether an empty list is refused."""
    inner = next((arg for arg in get_args(field.annotation) if arg is not type(None)), field.annotation)
    metadata = list(field.metadata)
    if get_origin(field.annotation) is tuple:
        inner = get_args(field.annotation)[0]
        metadata += [each for extra in inner.__metadata__ for each in getattr(extra, "metadata", [extra])]
    names = {Ge: "ge", Gt: "gt", Le: "le", Lt: "lt"}
    limits = {names[type(each)]: getattr(each, names[type(each)]) for each in metadata if type(each) in names}
    return inner, limits, any(isinstance(each, MinLen) for each in metadata)


def settings_apart(rules: Mapping[str, StoppingRule], fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    """Where the settings of a scenario are not those of the rows."""
    parameters = {each.name: each for each in parameters_of(rules) if each.in_scenario}
    for name in parameters.keys() ^ (fields.keys() - {"rule", "binding"}):
        yield f"{name} has no {'parameter' if name in fields else 'setting'}"
    for name in parameters.keys() & fields.keys():
        parameter, field = parameters[name], fields[name]
        inner, limits, listed = limits_of(field)
        if field.description != parameter.help:
            yield f"{name} is explained otherwise"
        low, high = parameter.range or (None, None)
        if limits != (parameter.schema if parameter.schema is not None else {"ge": low, "le": high}) and (
            parameter.kind != "choice"
        ):
            yield f"{name} is limited to {limits}"
        if listed != (parameter.kind == "list"):
            yield f"{name} is no list, or should be none"
        if parameter.kind == "choice" and inner != Literal[tuple(parameter.choices or ())]:
            yield f"{name} is one of {inner}"


def options_of_boundaries() -> dict[str, Any]:
    """Type and declaration of the options of `planner boundaries`, by the last spelling without dashes."""
    declared = [get_args(each.annotation) for each in inspect.signature(boundaries).parameters.values()]
    spelt = {[option.default, *(option.param_decls or ())][-1]: (kind, option) for kind, option in declared}
    return {spelling.lstrip("-"): each for spelling, each in spelt.items()}


def options_apart(
    tables: Mapping[str, Mapping[str, StoppingRule]], options: Mapping[str, Any]
) -> Iterator[str]:
    """Where the options of the command are not those of the rows."""
    wanted = {
        option_of(kind, parameter).lstrip("-"): parameter
        for kind, rules in tables.items()
        for parameter in parameters_of(rules)
    }
    for name in wanted.keys() ^ (options.keys() - OWN | {"beta"}):
        yield f"{name} has no {'parameter' if name in options else 'option'}"
    for name in wanted.keys() & options.keys():
        parameter, (kind, option) = wanted[name], options[name]
        if parameter is not BETA and parameter.help not in option.help:
            yield f"--{name} is explained otherwise"
        if (kind == float | None) != (parameter.kind == "number"):
            yield f"--{name} is a {kind}"


def taken(tables: Mapping[str, Mapping[str, StoppingRule]]) -> Iterator[str]:
    """Parameters whose option, or whose setting, is something else already."""
    every = [(kind, each) for kind, rules in tables.items() for each in parameters_of(rules)]
    options: dict[str, str] = {}
    for kind, parameter in every:
        option = option_of(kind, parameter).lstrip("-")
        if option in OWN and parameter is not BETA:
            yield f"{parameter.name}: --{option} is an option of planner boundaries; give it another name"
        elif option in options:
            yield f"{parameter.name}: --{option} is the option of {options[option]}; give it another name"
        options[option] = f"{kind} {parameter.name}"
        if parameter.name in ("rule", "binding") or hasattr(RuleSettings, parameter.name):
            yield f"{parameter.name}: that is part of the settings of every rule; give it another name"


def test_no_parameter_takes_a_name_that_is_in_use() -> None:
    assert list(taken(RULES)) == []
    for name in ("power", "looks", "efficacy_looks", "plot", "rule", "stated"):
        rules = added(EFFICACY_RULES, "new", NUMBER._replace(name=name))
        clash = list(taken({**RULES, "efficacy": rules}))
        assert clash, name
        assert all(each.startswith(f"{name}: ") for each in clash)
    both = added(EFFICACY_RULES, "new", NUMBER._replace(name="futility_under"))
    assert "option of efficacy futility_under" in next(taken({**RULES, "efficacy": both}))
    assert (
        list(taken({**RULES, "efficacy": added(EFFICACY_RULES, "new", NUMBER._replace(name="scale"))})) == []
    )


def test_no_argument_of_the_command_is_that_of_a_parameter() -> None:
    """An argument `scale` of the command, which is --plot, would else keep every command from starting."""
    own = set(inspect.signature(boundaries).parameters)
    derived = {argument_of(kind, each) for kind, rules in RULES.items() for each in parameters_of(rules)}
    assert {name for name in own if "_rule_" in name} == derived - {"beta"}


@pytest.mark.parametrize("kind", RULES)
def test_every_rule_has_its_function_and_its_settings(kind: str) -> None:
    assert list(apart(RULES[kind], MODULES[kind])) == []
    assert list(settings_apart(RULES[kind], SETTINGS[kind].model_fields)) == []


def test_every_spending_function_is_an_efficacy_and_a_futility_rule() -> None:
    assert list(spending_apart(SPENDING_FUNCTIONS, spending)) == []
    for rules in RULES.values():
        assert [name for name, rule in rules.items() if rule.spends] == list(SPENDING_FUNCTIONS)


def test_every_parameter_has_its_option() -> None:
    assert list(options_apart(RULES, options_of_boundaries())) == []


def test_every_rule_is_explained_with_what_it_takes() -> None:
    explained = {(method.kind, method.name): method for method in methods()}
    for kind, rules in RULES.items():
        for name, rule in rules.items():
            method = explained[f"{kind} rule", name]
            assert method.title == rule.title
            assert list(method.parameters) == [each.name for each in rule.parameters]


@pytest.mark.parametrize("kind", RULES)
def test_a_name_means_one_setting_in_all_rules_of_a_table(kind: str) -> None:
    every = [each for rule in RULES[kind].values() for each in rule.parameters if each.in_scenario]
    assert {each.name: each for each in every} == {each.name: each for each in reversed(every)}
    for each in parameters_of(RULES[kind]):
        assert each.example or not each.required
        assert (each.kind == "choice") == bool(each.choices)


def added(rules: Mapping[str, StoppingRule], name: str, *parameters: Parameter) -> dict[str, StoppingRule]:
    return {**rules, name: StoppingRule("New", parameters)}


def test_what_is_missing_or_too_much_is_found() -> None:
    def new(plan: Any, shape: float) -> None: ...
    def other(plan: Any, mu: float) -> None: ...

    module = ModuleType("new_rules")
    for function in (new, other):
        function.__module__ = "new_rules"
    assert list(apart({}, module)) == []
    assert list(apart(added({}, "new", NUMBER), module)) == ["new has no function"]
    module.new = new  # type: ignore[attr-defined]
    assert list(apart(added({}, "new", NUMBER), module)) == []
    assert list(apart({}, module)) == ["new has no row"]
    module.new = other  # type: ignore[attr-defined]
    assert list(apart(added({}, "new", NUMBER), module)) == ["new takes ['mu']"]
    row = SpendingFunction("New", "N 2030", "", (NUMBER,))
    assert list(spending_apart({**SPENDING_FUNCTIONS, "new": row}, spending)) == ["new has no function"]
    rules = added(EFFICACY_RULES, "new", NUMBER)
    assert list(settings_apart(rules, Efficacy.model_fields)) == ["shape has no setting"]
    assert list(settings_apart({}, {"shape": FieldInfo()})) == ["shape has no parameter"]
    wider = NUMBER._replace(name="gamma", help="Shape of Hwang-Shih-DeCani spending")
    changed = {"hwang-shih-decani": StoppingRule("", (wider,))}
    field = {"gamma": Efficacy.model_fields["gamma"]}
    assert list(settings_apart(changed, field)) == ["gamma is limited to {'ge': -40, 'le': 40}"]
    options = options_of_boundaries()
    assert list(options_apart({**RULES, "efficacy": rules}, options)) == ["shape has no option"]
    unknown = {**options, "futility-shape": options["gamma"]}
    assert list(options_apart(RULES, unknown)) == ["futility-shape has no parameter"]


@pytest.mark.parametrize("kind", RULES)
def test_a_number_out_of_range_is_refused_with_what_its_values_mean(kind: str) -> None:
    for name, rule in RULES[kind].items():
        for parameter in rule.parameters:
            if parameter.range is not None:
                values = {each.name: float(each.example.split(",")[0]) for each in rule.required}
                values[parameter.name] = parameter.range[1] + 1
                plan: dict[str, Any] = {kind: name, f"{kind}_parameters": values}
                with pytest.raises(ValueError, match=f"{parameter.name} is .* must lie between") as error:
                    boundary((0.5, 1), **plan)
                assert parameter.values in str(error.value)


def test_the_examples_of_the_rows_can_be_solved() -> None:
    """The numbers of an example are sound at two looks."""
    for kind, rules in RULES.items():
        for name, rule in rules.items():
            values: dict[str, Any] = {}
            for each in rule.required:
                numbers = [float(number) for number in each.example.split(",")]
                values[each.name] = numbers if each.kind == "list" else numbers[0]
            plan: dict[str, Any] = {kind: name, f"{kind}_parameters": values}
            assert boundary((0.5, 1), **plan).alpha_spent[-1] > 0
