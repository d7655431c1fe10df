"""Completion in shells: the answers to their scripts (planner.cli.scripts).

A script sets _PLANNER_COMPLETE=complete_SHELL and what is typed, and calls planner, which answers with what
could stand there. A shell takes some of that as if it had been typed: so only words of harmless letters are
ever offered, and what is wrong is answered by silence.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from planner.cli.exit import OK
from planner.cli.scripts import SHELLS

_HARMLESS = re.compile(r"[\w./][\w./,=+-]*( [\w./,=+-]+)*")
_HARMFUL = re.compile(r"[^\w\s.,/+’-]")


class _Typed(NamedTuple):
    """What stands on the command line before the cursor."""

    words: list[str]  # behind the name of the command, whole
    begun: str  # the word at the cursor
    cut: int = 0  # letters of that word that the shell takes for a word of their own
    quoted: bool = False  # whether it begins with a quotation mark


class _Offer(NamedTuple):
    """What could stand there, and what it is."""

    word: str
    help: str = ""


def complete(instruction: str) -> int:
    """Answer a shell: on the standard output, and never a word about what is wrong."""
    shell = instruction.partition("_")[2]
    whether = shell == "fish" and os.environ.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args"
    try:
        offers = _offers(shell)
        if offers and not whether:
            sys.stdout.write(f"{offers}\n")
    except (Exception, SystemExit):
        return 1 if whether else OK
    return 1 if whether and not offers else OK


def _offers(shell: str) -> str:
    typed = _typed(shell)
    offers = {offer.word: offer for offer in offered(typed.words, typed.begun)}
    behind = [offer._replace(word=offer.word[typed.cut :]) for offer in offers.values()]
    written = "\n".join(_WRITE[shell](offer, typed.quoted) for offer in behind if offer.word)
    if shell == "zsh":
        return f"_arguments '*: :(({written}))'" if written else "_files"
    return written


def _typed(shell: str) -> _Typed:
    """What the script of the shell has left in the environment."""
    if shell == "bash":
        raw = os.environ["COMP_WORDS"].split("\n")[: int(os.environ["COMP_CWORD"]) + 1]
        return _of_bash([*raw, ""] if len(raw) <= int(os.environ["COMP_CWORD"]) else raw)
    line = os.environ["_TYPER_COMPLETE_ARGS"]
    words = [_unquoted(word) for word in _split(line)][1:]
    if shell in ("powershell", "pwsh"):
        begun = os.environ.get("_TYPER_COMPLETE_WORD_TO_COMPLETE", "")
        return _Typed(words[:-1] if begun else words, _unquoted(begun))
    whole = not words or line[-1:].isspace()
    return _Typed(words if whole else words[:-1], "" if whole else words[-1])


def _of_bash(raw: Sequence[str]) -> _Typed:
    """Bash takes = for a word of its own, and completes what stands behind it."""
    words: list[str] = []
    cut, joined = 0, False
    for word in raw:
        if words and (word == "=" or joined):
            cut = len(words[-1]) + (word == "=")
            words[-1] += word
        else:
            cut = 0
            words.append(word)
        joined = word == "="
    return _Typed(
        [_unquoted(word) for word in words[1:-1]], _unquoted(words[-1]), cut, raw[-1].startswith(("'", '"'))
    )


def _split(line: str) -> list[str]:
    """The words of a line, with their quotation marks; the last may lack its second one."""
    return re.findall(r"""(?:[^\s"'\\]|\\.|"[^"]*"?|'[^']*'?|\\$)+""", line)


def _unquoted(word: str) -> str:
    for closed in (word, word + '"', word + "'", word[:-1]):
        try:
            return "".join(shlex.split(closed))
        except ValueError:
            continue
    return word


def offered(words: Sequence[str], begun: str) -> list[_Offer]:
    """What could stand where `begun` was typed behind these words, in the order of the help."""
    from planner.cli.app import COMMANDS, build

    if begun.startswith("--") and "=" in begun:
        option, _, begun = begun.partition("=")
        return [offer._replace(word=f"{option}={offer.word}") for offer in offered([*words, option], begun)]
    name = next((word for word in words if not word.startswith("-")), None)
    if name is None:
        if words[-1:] in (["--install-completion"], ["--show-completion"]):
            return [_Offer(shell) for shell in SHELLS if shell.startswith(begun)]
        if not begun.startswith("-"):
            return [_Offer(word, row.help) for word, row in COMMANDS.items() if word.startswith(begun)]
    group = build(name)
    command = group if name is None else group.commands[name]
    line = _Line(command, [] if name is None else words[words.index(name) + 1 :])
    if line.awaiting is None and (begun.startswith("-") or line.argument is None):
        return [offer for offer in line.options() if offer.word.startswith(begun)]
    items = (line.awaiting or line.argument).shell_complete(line.context, begun)
    return [_Offer(item.value) for item in items if item.type == "plain" and _HARMLESS.fullmatch(item.value)]


class _Line:
    """The words behind a command, as far as completion minds them. Typer would read every value."""

    def __init__(self, command: Any, words: Sequence[str]) -> None:
        import typer

        self.context: Any = typer.Context(command, info_name=command.name)
        self._declared = command.get_params(self.context)
        self._words = words
        by_name = {option: each for each in self._declared for option in each.opts if option.startswith("-")}
        self.awaiting: Any = None
        """The option that has no value yet."""
        values = []
        for word in words:
            option = None if self.awaiting else by_name.get(word)
            if not self.awaiting and not word.startswith("-"):
                values.append(word)
            self.awaiting = option if option is not None and not option.is_flag else None
        self.argument = self._fill(values)
        """The argument that takes the next word."""

    def _fill(self, values: list[str]) -> Any:
        for each in self._declared:
            if each.param_type_name == "argument":
                self.context.params[each.name] = values if each.nargs == -1 else "".join(values[:1])
                if each.nargs == -1 or not values:
                    return each
                values = values[1:]
        return None

    def options(self) -> list[_Offer]:
        """Those that can still be given, in the order of the help."""
        return [
            _Offer(option, each.help or "")
            for each in self._declared
            if each.param_type_name == "option" and not each.hidden
            if each.multiple or not set(each.opts) & set(self._words)
            for option in (*each.opts, *each.secondary_opts)
        ]


def _in_bash(offer: _Offer, quoted: bool) -> str:
    return offer.word if quoted else offer.word.replace(" ", "\\ ")


def _in_zsh(offer: _Offer, _: bool) -> str:
    return f'"{offer.word}":"{_brief(offer.help)}"' if offer.help else f'"{offer.word}"'


def _in_fish(offer: _Offer, _: bool) -> str:
    return f"{offer.word}\t{_brief(offer.help)}" if offer.help else offer.word


def _in_powershell(offer: _Offer, _: bool) -> str:
    word = offer.word if re.fullmatch(r"[\w./-]+", offer.word) else f"'{offer.word}'"
    return f"{word}:::{_brief(offer.help) or ' '}"


_WRITE: dict[str, Callable[[_Offer, bool], str]] = {
    "bash": _in_bash,
    "zsh": _in_zsh,
    "fish": _in_fish,
    "powershell": _in_powershell,
    "pwsh": _in_powershell,
}


def _brief(text: str) -> str:
    """The first sentence, without what a shell could take for more than letters."""
    return _HARMFUL.sub("", " ".join(text.replace("'", "’").split()).partition(". ")[0])
