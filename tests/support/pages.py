"""Whole pages of commands, each in every form, made from one run of the command; for the snapshots."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from planner._version import __version__
from planner.cli import main
from planner.cli.output import Target
from planner.report.blocks import Block
from planner.report.render.markdown import Markdown
from planner.report.render.renderer import Medium
from planner.report.render.terminal import Terminal
from tests.support.paths import INPUTS

INPUT = INPUTS / "pages"
TERMINALS = {
    "terminal-80": Medium(columns=80, wide=False),
    "terminal-120": Medium(columns=120, wide=False),
    "ascii": Medium(symbols=False, braille=False),
}
HOW = """\
Pages differ from those in tests/snapshots. If they are meant to, write them anew,

    pytest tests/snapshots -n 0 --snapshot-update

read the difference with git diff, and commit the files with the change that caused it.
"""


class TextFile(SingleFileSnapshotExtension):
    """A page, a file of text: a changed word is a changed line."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


@dataclass
class Page:
    """What a command wrote, and what it wrote it from. No blocks and no document: text alone."""

    arguments: tuple[str, ...]
    code: int = 0
    output: str = ""
    remarks: str = ""
    blocks: list[Block] = field(default_factory=list)
    document: Mapping[str, Any] | None = None

    def forms(self) -> dict[str, str]:
        """The page piped, on terminals, in ASCII and in Markdown; and the keys of its JSON."""
        forms = {"piped": self._piped()}
        if self.blocks:
            forms |= {name: Terminal(medium).page(self.blocks) for name, medium in TERMINALS.items()}
            forms["markdown"] = Markdown().page(self.blocks)
        if self.document is not None:
            forms["keys"] = "".join(f"{line}\n" for line in keys(self.document))
        return {name: masked(text) for name, text in forms.items()}

    def _piped(self) -> str:
        parts = [f"$ planner {' '.join(self.arguments)}\n", self.output]
        parts += ["--- standard error\n", self.remarks] if self.remarks else []
        parts += [f"--- exit code {self.code}\n"] if self.code else []
        return "".join(parts)


def masked(text: str) -> str:
    """The text without the version. Nothing else needs it: the clock and the machine are made up."""
    return text.replace(__version__, "X.Y.Z")


def keys(value: object, path: str = "") -> list[str]:
    """Every key of a JSON document with the kinds of its values, in the order of the document."""
    kinds: dict[str, set[str]] = {}
    for place, kind in _leaves(value, path):
        kinds.setdefault(place, set()).add(kind)
    return [f"{place}: {' or '.join(sorted(kind))}" for place, kind in kinds.items()]


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple) and value:
        for each in value:
            yield from _leaves(each, f"{path}[]")
    else:
        kinds = {bool: "true or false", int: "number", float: "number", str: "text", type(None): "null"}
        yield path, kinds.get(type(value), "nothing in it")


@contextmanager
def elsewhere(folder: Path) -> Iterator[pytest.MonkeyPatch]:
    """A folder with the scenario files, and a machine that is always the same: its clock and its memory."""
    with pytest.MonkeyPatch.context() as patch:
        shutil.copytree(INPUT, folder, dirs_exist_ok=True)
        patch.chdir(folder)
        patch.setenv("COLUMNS", "80")
        for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
            patch.delenv(name, raising=False)
        tenths = count()
        patch.setattr(
            "planner.questions.effort.time", SimpleNamespace(perf_counter=lambda: 0.1 * next(tenths))
        )
        patch.setattr("planner.questions.effort.peak_memory", lambda: 200_000_000)
        yield patch


def page_of(arguments: tuple[str, ...], folder: Path, capture: pytest.CaptureFixture[str]) -> Page:
    """The page that a command writes into a pipe."""
    page = Page(arguments)
    write = Target.write

    def watched(target: Target, document: Any, blocks: Any, csv: Any = None) -> None:
        page.document, page.blocks = document, list(blocks())
        write(target, document, lambda: page.blocks, csv)

    with elsewhere(folder) as patch:
        patch.setattr(Target, "write", watched)
        capture.readouterr()
        page.code = main(list(arguments))
    page.output, page.remarks = capture.readouterr()
    return page


def made_page(command: str, blocks: list[Block], document: Mapping[str, Any]) -> Page:
    """A page of figures that are made up."""
    return Page((command,), output=Terminal().page(blocks), blocks=blocks, document=document)


def check(forms: Mapping[str, str], snapshot: Any) -> None:
    """Every form is as it was; fails with the difference of the first that is not, and with what to do."""
    wrong = [name for name, text in forms.items() if text != snapshot(name=name)]
    if wrong:
        kept = snapshot(name=wrong[0])
        assert forms[wrong[0]] == kept, f"{HOW}Changed: {', '.join(wrong)}"
