"""Names say what they hold: one class for a name, and no name that could hold anything."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from tests.support.paths import ROOT

PACKAGE = ROOT / "planner"
SAY_NOTHING = {"found", "told", "said", "asked", "shown"}


def names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that the tree gives to something: functions, classes, variables, parameters, fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno


def nothing_said(source: str) -> list[tuple[str, int]]:
    """The names in which a part says nothing."""
    return [
        (name, line) for name, line in names(ast.parse(source)) if SAY_NOTHING & set(name.lower().split("_"))
    ]


def test_names_say_what_they_hold() -> None:
    found = {
        str(path.relative_to(PACKAGE)): each
        for path in sorted(PACKAGE.rglob("*.py"))
        if (each := nothing_said(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_the_check_can_fail() -> None:
    assert nothing_said("def f(found):\n    return found")
    assert nothing_said("_told = 1")
    assert not nothing_said("outfoundland = 1")


def test_a_class_has_a_name_of_its_own() -> None:
    count = Counter(
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, times in count.items() if times > 1] == []


def test_documents_are_named_by_their_command() -> None:
    """`planner.run/1` is a name in the JSON contract, and no place in the code."""
    texts = [
        node.value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"/\d+$", node.value)
    ]
    names = {text for text in texts if text.startswith("planner.")}
    assert "planner.run/1" in names
    assert [name for name in names if not re.fullmatch(r"planner\.[a-z-]+/1", name)] == []


BARE = re.compile(r"\{[^{}:\"]+\} (?:trials|draws|variants|combinations)\b")
"""A number of which there are thousands, written without a comma between them."""


def test_warnings_write_thousands_with_commas() -> None:
    places = [PACKAGE / "questions", PACKAGE / "results"]
    bare = [
        (path.name, line)
        for place in places
        for path in place.rglob("*.py")
        for line in BARE.findall(path.read_text(encoding="utf-8"))
    ]
    assert bare == [("design_effect.py", "{W} trials")]  # 128
    assert BARE.search("of the {self.pairs.trials} trials")
    assert not BARE.search("of the {self.pairs.trials:,} trials")
