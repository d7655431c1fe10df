"""What may have been meant by a command, an option or a choice that does not exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, TypeVar

import typer
from typer.core import TyperGroup

from planner.cli.exit import Problem
from planner.scenario.text import listed, nearest, perhaps

_MANY = 7  # commands that have an option: too many to be a hint

Choice = TypeVar("Choice", bound=StrEnum)


class Commands(TyperGroup):
    """The group of all commands, which knows what may have been meant by another word."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first word names; a Problem where there is none."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise Problem(f"there is no command {args[0]}", hint=self._meant(args[0]))
        return super().resolve_command(ctx, args)

    def _meant(self, word: str) -> str:
        from planner.scenario import catalogue

        if word.endswith(".toml") or word in catalogue.names():
            return f"planner run {word} simulates it, planner show {word} describes it"
        return perhaps(nearest(word, self.commands)) or "planner --help lists them"


def option_meant(option: str, context: Any, every: Callable[[], Any]) -> str:
    """What may have been meant by an option that the command of this context does not have.

    Empty where nothing is near, and no other command has it. `every` makes the group of all commands.
    """
    options = _options(context.command)
    near = nearest(option.lstrip("-"), [each.lstrip("-") for each in options if each.startswith("--")])
    if near:
        return perhaps([f"--{each}" for each in near])
    if context.parent is None:
        return "options follow the command: planner run SCENARIO -q"
    others = [f"planner {name}" for name, command in every().commands.items() if option in _options(command)]
    return f"{listed(others)} {'has' if len(others) == 1 else 'have'} it" if 0 < len(others) < _MANY else ""


def _options(command: Any) -> list[str]:
    """The spellings of all options of a command that are shown in its help."""
    return [
        spelling
        for parameter in command.params
        if not getattr(parameter, "hidden", False)
        for spelling in parameter.opts
        if spelling.startswith("-")
    ]


class NoChoice(typer.BadParameter):
    """A word that an option does not take. `suggestion`: what may have been meant."""

    def __init__(self, message: str, suggestion: str) -> None:
        super().__init__(message)
        self.suggestion = suggestion


def one_of(choices: type[Choice], only: Sequence[Choice] = ()) -> Callable[[str], Choice]:
    """A reader of one of these words; `only`: those that are taken, all if not given."""
    words = [each.value for each in only or choices]

    def choice(text: str) -> Choice:
        if text not in words:
            raise NoChoice(f"{text!r} is not {listed(words, 'or')}", perhaps(nearest(text, words)))
        return choices(text)

    return choice
