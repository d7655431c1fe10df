"""Pages of the documents as sessions: their files are written, their commands and their Python are run.

The form of a page stands in docs/contributing/documents.md. A page is one session in one empty folder; what
is wrong with it is a `PageError` that names the page and the line.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

LEFT_OUT = "[...]"
SLOW = ("planner weigh", "planner discriminate", "planner size")
"""Commands that take long: tried with the long tests only, unless `<!-- quick -->` is above the block."""
SLOW_PYTHON = ("planner.weigh(", "planner.discriminate(", "planner.size(")
NOT_RUN = ("planner bench", "planner doctor", "planner --install-completion", "planner --show-completion")
"""Commands that measure the machine, or change what is outside the folder: they have tests of their own."""
FENCE = re.compile(r"^( *)(`{3,}|~{3,})\s*(.*?)\s*$")
SAYS = re.compile(r"^<!-- (long|quick) -->$")
NAMED = re.compile(r"^<!-- file: (\S+) -->$")
"""Above a file of a page that is read as plain text too, where a caption would be copied with it."""
UNSEEN = re.compile(r"^(?:\s*>[\s>]*| {4,}| *\t\s*|\s*(?:[-*+]|\d+[.)])\s+)(?:`{3,}|~{3,}|\$ |>>> )")
"""A block in a quotation, set in by four blanks or begun on the line of a list: nothing of it is run."""
CUT = r"(?!(?<=\w)[.,'’\u2212-]?\w|(?<=[\d][.,])\d|(?<=[\u2212-])\w)"
"""Where a printed line may be cut: not inside a word or a number."""
EXIT_CODE = re.compile(r"^# exit code (\d+)$")
Output = Callable[[], tuple[str, str]]


class PageError(AssertionError):
    """What a page shows is not so, or is not in the form of a page."""

    def __init__(self, place: str, message: str):
        super().__init__(f"{place}: {message}")


@dataclass(frozen=True)
class Fenced:
    """One fenced block of a page: what stands between its fences, and what is said of it."""

    page: str
    line: int
    language: str
    caption: str
    text: str
    pace: str  # "long", "quick", or "" where the lists decide

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def slow(self) -> bool:
        """Whether the page says that it is, or one of the lists."""
        if self.pace:
            return self.pace == "long"
        if self.language in ("python", "pycon"):
            return any(call in self.text for call in SLOW_PYTHON)
        return any(each.words.startswith(SLOW) for each in commands(self))


@dataclass(frozen=True)
class Shown:
    """A command of a page with the output that follows it."""

    words: str
    output: str
    code: int
    line: int

    def excerpts(self) -> list[str]:
        """The parts of the output that are shown, without what is left out between them."""
        parts = re.split(rf"^{re.escape(LEFT_OUT)}\n?", self.output, flags=re.M)
        return [part.strip("\n") for part in parts if part.strip()]


def fenced(text: str, page: str) -> list[Fenced]:
    """The fenced blocks of a page, in order."""
    lines = text.split("\n")
    blocks: list[Fenced] = []
    at = 0
    while at < len(lines):
        if UNSEEN.match(lines[at]):
            raise PageError(f"{page}:{at + 1}", "a block in a quotation or set in by four blanks is not run")
        opening = FENCE.match(lines[at])
        if not opening:
            at += 1
            continue
        indent, fence, about = opening.groups()
        end = next((i for i in range(at + 1, len(lines)) if closes(lines[i], fence)), None)
        if end is None:
            raise PageError(f"{page}:{at + 1}", "a block without an end")
        body = [line.removeprefix(indent) for line in lines[at + 1 : end]]
        above = lines[at - 1].strip() if at else ""
        says, named = SAYS.match(above), NAMED.match(above)
        block = _block(page, at + 1, about, body, says.group(1) if says else "")
        blocks.append(replace(block, caption=named.group(1)) if named else block)
        at = end + 1
    return blocks


def closes(line: str, fence: str) -> bool:
    """Whether a line ends the block that this fence began."""
    bare = line.strip()
    return len(bare) >= len(fence) and set(bare) == {fence[0]}


def _block(page: str, line: int, about: str, body: list[str], pace: str) -> Fenced:
    """A block, with its caption where it is a directive that has one."""
    directive = re.match(r"^\{([\w-]+)\}\s*(.*)$", about)
    caption = ""
    while directive and body and (option := re.match(r"^:([\w-]+):\s*(.*)$", body[0])):
        caption = option.group(2) if option.group(1) == "caption" else caption
        del body[0]
    if directive and any(FENCE.match(each) for each in body):
        raise PageError(f"{page}:{line}", "a block inside another is not run: put it outside")
    if directive and directive.group(1) == "code-block":
        if not caption:
            raise PageError(f"{page}:{line}", "a file without :caption:, its name")
        about = directive.group(2)
    return Fenced(page, line, about, caption, "".join(f"{each}\n" for each in body), pace)


def commands(block: Fenced) -> list[Shown]:
    """The commands of a block: those after `$` with their output, or each line of a shell block."""
    if block.language == "sh":
        return list(_typed(block))
    if block.language != "console":
        return []
    lines = block.text.rstrip("\n").split("\n")
    starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
    if not starts or starts[0]:
        raise PageError(block.place, "a console block begins with `$ ` and a command")
    found = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        words, after = _joined(lines, start)
        output = lines[after:end]
        while output and not output[-1]:
            output.pop()
        code = EXIT_CODE.match(output[-1]) if output else None
        text = "".join(f"{line}\n" for line in (output[:-1] if code else output))
        found.append(
            Shown(words.removeprefix("$ "), text, int(code.group(1)) if code else 0, block.line + start + 1)
        )
    return found


def _joined(lines: list[str], start: int) -> tuple[str, int]:
    """A command with the lines that a backslash adds to it, and the number of the line after it."""
    words, at = lines[start], start + 1
    while words.endswith("\\") and at < len(lines):
        words, at = words[:-1].rstrip() + " " + lines[at].strip(), at + 1
    return words, at


def _typed(block: Fenced) -> Iterator[Shown]:
    """The lines of a shell block that begin with `planner`, without comments."""
    lines = block.text.split("\n")
    at = 0
    while at < len(lines):
        line = block.line + at + 1
        words, at = _joined(lines, at)
        words = re.sub(r"\s+#.*$", "", words)
        if words.startswith("planner ") and not words.startswith(NOT_RUN):
            yield Shown(words, "", 0, line)


class LeftOut(doctest.OutputChecker):
    """Compares what Python prints; `[...]` stands for anything, at the start too, where `...` is a prompt."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(want.replace(LEFT_OUT, "..."), got, optionflags)


class Session:
    """One page in one empty folder: what its blocks before have left is there."""

    def __init__(self, folder: Path, output: Output, *, slow: bool):
        self.folder = folder
        self.output = output
        self.slow = slow
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.broken_off = False  # Python that takes long was left out, and what follows may need its names

    def run(self, text: str, page: str) -> None:
        """Run every block of a page, or those that are quick."""
        for block in fenced(text, page):
            self.do(block)

    def do(self, block: Fenced) -> None:
        """Run one block."""
        if block.caption:
            path = self.folder / block.caption
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language in ("console", "sh"):
            for command in commands(block):
                if self.slow or not (block.slow if block.pace else command.words.startswith(SLOW)):
                    self.command(block, command)
        elif block.language in ("python", "pycon"):
            self.broken_off |= block.slow and not self.slow
            if not self.broken_off:
                self.python(block)

    def command(self, block: Fenced, command: Shown) -> None:
        """Run a command, and look for what is shown of its output, in order."""
        place = f"{block.page}:{command.line}"
        code, out, err = self.printed(place, command.words)
        if code != command.code:
            raise PageError(
                place, f"exit code {code}, not {command.code}, of `{command.words}`\n{out}\n{err}".rstrip()
            )
        left = [out, err]
        together = out.rstrip("\n") + "\n" + err  # as on a terminal
        for excerpt in command.excerpts():
            found = re.compile(f"^{re.escape(excerpt)}{CUT}", re.M)
            ends = [match and match.end() for match in map(found.search, left)]
            stream = next((i for i, end in enumerate(ends) if end is not None), None)
            if stream is not None:
                left[stream] = left[stream][ends[stream] :].partition("\n")[2]
            elif found.search(out) or not found.search(together):
                raise PageError(place, _not_printed(command.words, excerpt, out, err))

    def printed(self, place: str, words: str) -> tuple[int, str, str]:
        """Exit code, output and remarks of a command: in this process, or by a shell where it needs one."""
        if re.search(r"[|<>;&*$]", re.sub(r"'[^']*'|\"[^\"]*\"", "", words)):
            return self.by_shell(words)
        first, *arguments = shlex.split(words)
        if first == "planner":
            from planner.cli import main

            self.output()
            return main(arguments), *self.output()
        if first in ("python", "cat"):
            return self.by_shell(words)
        raise PageError(place, f"only planner, python and cat are run, not `{words}`")

    def by_shell(self, words: str) -> tuple[int, str, str]:
        """The same by a shell, in which `planner` and `python` are those of this process."""
        python = shlex.quote(sys.executable)
        functions = f'planner() {{ {python} -m planner "$@"; }}\npython() {{ {python} "$@"; }}\n'
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", functions + words],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            encoding="utf-8",
            timeout=600,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def python(self, block: Fenced) -> None:
        """Run Python: statements, or statements with what they print."""
        if block.language == "python":
            exec(compile("\n" * block.line + block.text, block.page, "exec"), self.names)
            self.output()
            return
        test = doctest.DocTestParser().get_doctest(block.text, self.names, block.page, block.page, block.line)
        said: list[str] = []
        runner = doctest.DocTestRunner(LeftOut(), optionflags=doctest.ELLIPSIS, verbose=False)
        runner.run(test, out=said.append, clear_globs=False)
        self.names.update(test.globs)
        self.output()
        if said:
            raise PageError(block.place, "".join(said))


def _not_printed(words: str, excerpt: str, out: str, err: str) -> str:
    """What is shown and not printed, with the first line that is missing, and what is printed."""
    lines = {line for text in (out, err) for line in text.split("\n")}
    missing = [line for line in excerpt.split("\n") if line not in lines]
    first = f"The first line that is not: {missing[0]!r}" if missing else "All lines are, in another order."
    said = f"`{words}` does not print, after what is shown before:\n{excerpt}"
    return f"{said}\n\n{first}\nIt prints:\n{out}\n{err}"


MADE_PAGES = "docs/reference/"


def pages(root: Path, own: tuple[str, ...] = ()) -> list[str]:
    """Every page of the checkout, by its path from the root, but for those that have a test of their own.

    Those in docs/reference are none: docs/_extensions makes them, and tests/project/test_references.py looks.
    """
    own = (*own, MADE_PAGES)
    files = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
    made = {root / "docs" / "_build", root / "docs" / "reference"}  # by the build, of code that is tested
    named = [str(each.relative_to(root)) for each in files if not made.intersection(each.parents)]
    return [each for each in named if not each.startswith(own)]


def anchors(file: Path) -> set[str]:
    """The anchors of the headings of a page, as a forge and MyST make them."""
    text = re.sub(r"^(`{3,}).*?^\1`*$", "", file.read_text(encoding="utf-8"), flags=re.S | re.M)
    headings = re.findall(r"^#+ +(.*?) *$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def dead_links(text: str, file: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    prose = re.sub(r"^(`{3,}).*?^\1`*$", "", text, flags=re.S | re.M)
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        path, _, anchor = target.partition("#")
        if re.match(r"^[a-z]+:", target):
            continue
        there = (file.parent / path) if path else file
        if f"/{MADE_PAGES}" in there.resolve().as_posix():  # the build says which of those are not there
            continue
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            dead.append(target)
    return dead


FOLDERS = ("planner", "tests", "docs", "bench", "scenarios", ".ci")


def missing_paths(text: str, root: Path) -> list[str]:
    """Paths of the checkout and files of tests that a page names in backquotes, and that are not there."""
    prose = re.sub(r"^(`{3,}).*?^\1`*$", "", text, flags=re.S | re.M)
    named = re.findall(rf"`((?:{'|'.join(map(re.escape, FOLDERS))})/[\w./-]+)`", prose)
    tests = {each.name for each in (root / "tests").rglob("test_*.py")}
    unknown = [each for each in re.findall(r"`(test_\w+\.py)`", prose) if each not in tests]
    placeholder = re.compile(r"(^|/)(X|NAME|\.\.\.)(\.|/|$)")
    return [each for each in named if not placeholder.search(each) and not (root / each).exists()] + unknown
