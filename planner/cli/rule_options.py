"""The options for the parameters of stopping rules, as the rows of the rules have them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer

from planner.cli import offers
from planner.cli.exit import Problem
from planner.cli.numbers import number, numbers
from planner.results.contract import Json
from planner.scenario.stopping_rules import BETA, RULES, Parameter, StoppingRule, parameters_of
from planner.scenario.text import listed, nearest, perhaps

_AFTER = {"efficacy": "drift", "futility": "futility"}
"""The option of the command that those of a kind of rule follow."""

_SPELT = {"efficacy": "--rule", "futility": "--futility"}
"""The option that names rules of a kind."""

Command = TypeVar("Command", bound=Callable[..., Any])


def argument_of(kind: str, parameter: Parameter) -> str:
    """The argument of the command for a parameter, which no argument of its own can be called.

    Beta is an option of the command: it is 1 - power.
    """
    return parameter.name if parameter is BETA else f"{kind}_rule_{parameter.name}"


def option_of(kind: str, parameter: Parameter) -> str:
    """The option for a parameter."""
    name = parameter.name if kind == "efficacy" or parameter is BETA else f"{kind}_{parameter.name}"
    return f"--{name.replace('_', '-')}"


def with_rule_options(command: Command) -> Command:
    """A command that takes `**stated`, with an option for each parameter in place of it.

    In its docstring {efficacy rules} and {futility rules} become the rules with the options they need.
    """
    declared = inspect.signature(command, eval_str=True).parameters.values()
    options = []
    for argument in declared:
        if argument.kind is not inspect.Parameter.VAR_KEYWORD:
            options.append(argument.replace(kind=inspect.Parameter.KEYWORD_ONLY))
        for kind, place in _AFTER.items():
            options += _options(kind) if argument.name == place else []
    command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    text = command.__doc__ or ""
    for kind, rules in RULES.items():
        text = text.replace(f"{{{kind} rules}}", ", ".join(_in_words(kind, *row) for row in rules.items()))
    command.__doc__ = text
    return command


def _options(kind: str) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(
            argument_of(kind, parameter),
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=_declared(kind, parameter),
        )
        for parameter in parameters_of(RULES[kind])
        if parameter is not BETA
    ]


def _declared(kind: str, parameter: Parameter) -> object:
    """The type of an option, its spelling and its help."""
    metavar = {"number": "NUMBER", "list": "LIST", "choice": "|".join(parameter.choices or ())}[
        parameter.kind
    ]
    value = float if parameter.kind == "number" else str
    option = typer.Option(
        option_of(kind, parameter),
        metavar=metavar,
        parser=number() if parameter.kind == "number" else None,
        autocompletion=offers.one_of(*(parameter.choices or ())),
        help=_help(kind, parameter.name),
    )
    return Annotated[value | None, option]


def _help(kind: str, name: str) -> str:
    """What the parameter is, for each of the rules that mean another thing by it."""
    rules: dict[str, list[str]] = {}
    for rule, row in RULES[kind].items():
        for parameter in row.parameters:
            if parameter.name == name:
                text = f"{parameter.help}; {parameter.values}" if parameter.values else parameter.help
                rules.setdefault(text, []).append(rule)
    if len(rules) == 1:
        return f"{next(iter(rules))}."
    return " ".join(f"{text} ({', '.join(names)})." for text, names in rules.items())


def _in_words(kind: str, name: str, rule: StoppingRule) -> str:
    """A rule and the options that it cannot do without."""
    needed = [option_of(kind, parameter) for parameter in rule.required]
    return f"{name} ({', '.join(needed)})" if needed else name


def parameters_given(kind: str, names: Sequence[str], stated: Json) -> dict[str, Json]:
    """The parameters of each rule, out of what the options state.

    A Problem where a name is wrong, and where a parameter is missing or of no use to any of the rules.
    """
    rules = RULES[kind]
    declared = parameters_of(rules)
    values = {
        parameter.name: value
        for parameter in declared
        if (value := stated.get(argument_of(kind, parameter))) is not None
    }
    accepted: dict[str, Json] = {}
    for name in names:
        if name not in rules:
            near = perhaps(nearest(name, rules))
            raise Problem(
                f"{_SPELT[kind]} {name}: no {kind} rule is called so",
                hint=near or f"choose one of {', '.join(rules)}",
            )
        for needed in rules[name].required:
            if needed.name not in values:
                option = option_of(kind, needed)
                raise Problem(f"{kind} rule {name} needs {option}", hint=f"{rules[name].title}; add {option}")
        accepted[name] = {
            parameter.name: _value(kind, parameter, values[parameter.name])
            for parameter in rules[name].parameters
            if parameter.name in values
        }
    for parameter in declared:
        if parameter.name in values and not any(parameter.name in taken for taken in accepted.values()):
            option = option_of(kind, parameter)
            raise Problem(f"{kind} rule {' or '.join(names)} takes no {option}", hint="leave it out")
    return accepted


def _value(kind: str, parameter: Parameter, value: object) -> object:
    """A list option as numbers; as one number for a rule that takes one where others take a list."""
    choices = parameter.choices or ()
    if isinstance(value, str) and choices and value not in choices:
        message = f"{option_of(kind, parameter)}: {value!r} is not {listed(choices, 'or')}"
        raise Problem(message, hint=perhaps(nearest(value, choices)))
    if parameter.kind == "choice" or not isinstance(value, str):
        return value
    given = numbers(value, option_of(kind, parameter))
    return given[0] if parameter.kind == "number" and len(given) == 1 else given
