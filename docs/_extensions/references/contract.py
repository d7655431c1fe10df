"""The JSON reference: a page for each document, with every key and what it means, from lists in `json/`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from .markdown import code, table, text, toctree

FOLDER = Path(__file__).parent / "json"
COMMON = "common"

FROM = {
    "run": "`planner run --json`, also of a sweep; `Run.to_json()`, `Sweep.to_json()`",
    "sensitivity": "`planner run --sensitivity --json`; `Sensitivity.to_json()`",
    "size": "`planner size --json`; `Sizing.to_json()`",
    "compare": "`planner compare --json`; `Comparison.to_json()`",
    "discriminate": "`planner discriminate --json`; `Discrimination.to_json()`",
    "weigh": "`planner weigh --json`; `Weighing.to_json()`",
    "trial": "`planner trial --json`; `Trial.to_json()`",
    "boundaries": "`planner boundaries --json`: one boundary, or several under `boundaries`",
    "cv": "`planner cv --json`; `Variation.to_json()`",
    "show": "`planner show --json`",
    "check": "`planner check --json`",
    "scenarios": "`planner scenarios --json`",
    "cite": "`planner cite --json`",
    "methods": "`planner methods --json`",
    "bench": "`planner bench --json`",
    "doctor": "`planner doctor --json`",
    "dry-run": "any command with `--dry-run --json`",
}
"""What gives each document."""

_PREFACE = """\
Every command with `--json` prints one object, the same that `to_json()` of a result gives. `[]` stands for
each element of a list, `NAME` for a name of a treatment, a hypothesis or a path. A **figure** is an object
with `estimate`, `mcse` (its Monte Carlo standard error), and `low` and `high` (its 95 % interval); what is
unknown in it is null. A difference of two figures also has `mcse_unpaired`, the error of independent trials.
Keys stay; new ones may be added."""


@cache
def meanings() -> dict[str, str]:
    """By the last name of a key, or by its last two."""
    return dict(_read(COMMON))


def documents() -> dict[str, dict[str, Any]]:
    """The list of every document, by its name."""
    return {name: _read(name) for name in FROM}


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def meaning(path: str, own: dict[str, str]) -> str:
    """What a key means: in its document, by its last two names, by its last; empty if nothing says it."""
    names = path.replace("[]", "").split(".")
    last = names[-1]
    known = own.get(path) or meanings().get(".".join(names[-2:])) or meanings().get(last)
    if known is None and last.endswith("_mcse"):
        return f"Monte Carlo standard error of `{last.removesuffix('_mcse')}`"
    return known or ""


def pages() -> dict[str, str]:
    """The index, and a page a document."""
    made = {name: _page(name, document) for name, document in documents().items()}
    rows = [[f"[`planner.{name}/1`]({name}.md)", text(where)] for name, where in FROM.items()]
    index = ["# JSON", _PREFACE, table(["Document", "What gives it"], rows), toctree(FROM)]
    return {"index": "\n\n".join(index) + "\n", **made}


def _page(name: str, document: dict[str, Any]) -> str:
    own, figures = document.get("meanings", {}), set(document["figures"])
    rows = [
        [code(path), ("figure: " if path in figures else "") + text(meaning(path, own))]
        for path in document["keys"]
    ]
    parts = [f"# `{document['schema']}`", f"{text(FROM[name])}.", table(["Key", "What it is"], rows)]
    return "\n\n".join(parts) + "\n"
