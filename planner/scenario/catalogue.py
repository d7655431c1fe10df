"""The scenarios that come with planner: found by name, from a checkout or from an installed package."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

TEMPLATE = "template"
"""The file that a new scenario starts from; it is no entry of the catalogue."""


class CatalogueEntry(NamedTuple):
    """A scenario of the catalogue. The texts are empty where the file has none or cannot be read."""

    name: str
    path: Path
    title: str
    question: str


def folder() -> Path:
    """Where the scenarios lie: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def names() -> list[str]:
    """The names of all scenarios, in alphabetical order."""
    return sorted(path.stem for path in folder().glob("*.toml") if path.stem != TEMPLATE)


def find(name: str) -> Path | None:
    """The file of a scenario by its name, None if there is none. A name is never taken as a path."""
    return folder() / f"{name}.toml" if name in names() or name == TEMPLATE else None


def entries() -> list[CatalogueEntry]:
    """All scenarios with their titles. A file that cannot be read is listed without."""
    return [_entry(name) for name in names()]


def _entry(name: str) -> CatalogueEntry:
    path = folder() / f"{name}.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        data = {}
    title, question = (
        text if isinstance(text := data.get(key), str) else "" for key in ("title", "question")
    )
    return CatalogueEntry(name, path, title, question)


def template() -> str:
    """The text of the template."""
    return (folder() / f"{TEMPLATE}.toml").read_text(encoding="utf-8")
