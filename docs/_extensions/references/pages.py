"""All reference pages, by their path below `docs/reference/`."""

from __future__ import annotations

from pathlib import Path

from . import commands, contract, methods, python, scenario
from .markdown import toctree

PARTS = {
    "scenario": scenario.pages,
    "methods": methods.pages,
    "commands": commands.pages,
    "python": python.pages,
    "json": contract.pages,
}


def pages() -> dict[str, str]:
    """Markdown of every page."""
    made = {f"{part}/{name}.md": text for part, of in PARTS.items() for name, text in of().items()}
    return {"index.md": _index(), **made}


def write(folder: Path) -> None:
    """Write them; a page that has not changed is left alone, one that is no more is taken away."""
    made = pages()
    for old in folder.rglob("*.md"):
        if old.relative_to(folder).as_posix() not in made:
            old.unlink()
    for name, text in made.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def _index() -> str:
    return (
        "# Reference\n\nMade from the code itself: every key of a scenario file, every method, every "
        "command, every public name of Python, every key of JSON.\n\n"
        + toctree(f"{part}/index" for part in PARTS)
        + "\n"
    )
