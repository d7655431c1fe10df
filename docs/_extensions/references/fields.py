"""What the fields of a dataclass mean: the comment after each, in the source."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from functools import cache
from pathlib import Path
from typing import Any


def comments(model: Any) -> dict[str, str]:
    """The comment of every field, those of the classes above it included."""
    made: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if each.__module__.startswith("planner"):
            made |= _of_class(inspect.getsourcefile(each) or "", each.__name__)
    return made


@cache
def _of_class(file: str, name: str) -> dict[str, str]:
    source = Path(file).read_text(encoding="utf-8")
    lines = _by_line(source)
    body = next(
        (
            node.body
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.ClassDef) and node.name == name
        ),
        [],
    )
    return {
        node.target.id: " ".join(
            lines[line] for line in range(node.lineno, node.end_lineno + 1) if line in lines
        )
        for node in body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.end_lineno is not None
    }


def _by_line(source: str) -> dict[int, str]:
    """Comments by the line that they stand on."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {each.start[0]: each.string.lstrip("# ") for each in tokens if each.type == tokenize.COMMENT}
