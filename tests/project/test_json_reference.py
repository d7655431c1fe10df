"""The JSON reference has the keys that commands give, and no others; each has a meaning."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from planner.cli import main
from tests.support.json_documents import FAST, LONG, OF_THE_MACHINE, paths
from tests.support.paths import INPUTS, ROOT


@pytest.fixture(scope="module")
def contract() -> Any:
    """The module that makes the pages."""
    sys.path.insert(0, str(ROOT / "docs" / "_extensions"))
    try:
        from references import contract

        return contract
    finally:
        sys.path.pop(0)


def listed(contract: Any) -> dict[str, dict[str, Any]]:
    """The lists by the schema of the document."""
    return {each["schema"]: each for each in contract.documents().values()}


def keys_of(command: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, str]]:
    """The schema and the keys of what a command prints."""
    main([*command.split(), "--json"])
    document = json.loads(capsys.readouterr().out)
    return document["schema"], paths(document)


@pytest.mark.parametrize("command", FAST)
def test_what_a_command_gives_is_listed(command, contract, capsys):
    schema, keys = keys_of(command, capsys)
    assert [key for key in keys if key not in listed(contract)[schema]["keys"]] == []
    figures = listed(contract)[schema]["figures"]
    assert [key for key, kind in keys.items() if kind == "figure" and key not in figures] == []


@pytest.mark.long
def test_all_that_is_listed_comes_out(contract, capsys, tmp_path: Path, monkeypatch):
    for name in ("mechanisms", "second-outcomes", "equivalence", "scaled", "two-stage"):
        shutil.copy(INPUTS / "valid" / f"{name}.toml", tmp_path)
    monkeypatch.chdir(tmp_path)
    given: dict[str, dict[str, str]] = {schema: {} for schema in listed(contract)}
    for command in (*FAST, *LONG):
        schema, keys = keys_of(command, capsys)
        given[schema] |= {key: kind or given[schema].get(key, "") for key, kind in keys.items()}
    for schema, document in listed(contract).items():
        some = OF_THE_MACHINE.get(schema, set())
        assert set(document["keys"]) - some == given[schema].keys() - some, schema
        assert set(document["figures"]) == {key for key, kind in given[schema].items() if kind}, schema


def test_every_key_has_a_meaning_and_stands_on_its_page(contract):
    pages = contract.pages()
    for name, document in contract.documents().items():
        own = document.get("meanings", {})
        assert [key for key in document["keys"] if not contract.meaning(key, own)] == [], name
        assert [key for key in document["keys"] if f"| `{key}` |" not in pages[name]] == [], name
        assert own.keys() <= set(document["keys"]), name
    assert contract.meaning("cells[].no_such_key", {}) == ""


def test_every_document_of_the_code_has_a_page(contract):
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "planner").rglob("*.py")]
    named = {name for text in sources for name in re.findall(r"\"(planner\.[a-z-]+/1)\"", text)}
    assert named == listed(contract).keys()


def test_no_meaning_is_of_a_key_that_is_gone(contract):
    names = set()
    for document in contract.documents().values():
        for key in document["keys"]:
            parts = key.replace("[]", "").split(".")
            names |= {parts[-1], ".".join(parts[-2:])}
    assert [name for name in contract.meanings() if name not in names] == []


def test_paths_of_a_document():
    figure = {"estimate": 1.0, "mcse": 0.1, "low": 0.8, "high": 1.2}
    document = {"schema": "x/1", "cells": [{"power": figure, "sweep": {"design.patients": 3}}, {"note": ""}]}
    assert paths(document) == {
        "schema": "",
        "cells": "",
        "cells[].power": "figure",
        "cells[].sweep": "",
        "cells[].note": "",
    }
