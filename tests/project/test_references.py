"""The reference pages: made of the code itself, and nothing of it is left out."""

from __future__ import annotations

import doctest
import inspect
import re
import sys

import pytest
from pydantic import TypeAdapter

import planner
from planner.cli.app import COMMANDS, build
from planner.report.methods import methods
from planner.scenario.canonical.json_schema import schema
from planner.scenario.fields import Settings
from planner.scenario.reading.short_forms import SHORT_FORMS
from planner.scenario.stopping_rules import SPENDING_FUNCTIONS
from tests.support.paths import ROOT

WIDEST = 84


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Every page by its path, as Sphinx gets it."""
    sys.path.insert(0, str(ROOT / "docs" / "_extensions"))
    try:
        from references.pages import pages

        return pages()
    finally:
        sys.path.pop(0)


def headings(made: dict[str, str], folder: str) -> dict[str, str]:
    """What stands below each heading of code in a folder, up to the next one."""
    text = "\n".join(page for name, page in made.items() if name.startswith(f"{folder}/"))
    parts = re.split(r"^##? `([^`]+)`$", text, flags=re.MULTILINE)
    below: dict[str, str] = {}
    for path, said in zip(parts[1::2], parts[2::2], strict=True):  # families of hypotheses share some paths
        below[path] = below.get(path, "") + said
    return below


def test_every_key_of_the_schema_has_an_entry_with_what_it_means(made):
    entries = headings(made, "scenario")
    keys = [
        (name, node)
        for definition in _reachable(schema()["$defs"], "Scenario")
        for name, node in definition["properties"].items()
    ]
    assert len(keys) > 150
    assert not [name for name, node in keys if not _has_entry(entries, name, node)]
    less = {path: said for path, said in entries.items() if not path.endswith(".washout_days")}
    assert [name for name, node in keys if not _has_entry(less, name, node)] == ["washout_days"]


def _reachable(definitions, name, seen=None):
    """The tables of a scenario file, which a part of one repeats."""
    seen = set() if seen is None else seen
    if name in seen:
        return
    seen.add(name)
    yield definitions[name]
    for other in re.findall(r"#/\$defs/(\w+)", str(definitions[name])):
        yield from _reachable(definitions, other, seen)


SECTIONS = {"citations", "agents", "treatments", "design", "population", "endpoint", "signals", "components"}
SECTIONS |= {"outcomes", "blinding", "hypotheses", "uncertainty", "analyses", "monitoring", "observed"}
SECTIONS |= {"simulation"}
"""They have a page each."""


def _has_entry(entries, name, node):
    said = str(node.get("description", "")).replace("`", "").rstrip(".")
    return name in SECTIONS or any(
        path.rpartition(".")[2] == name and said in re.sub(r"[\\`]", "", below)
        for path, below in entries.items()
    )


def test_sections_have_a_page_and_the_index_of_keys_has_every_entry(made):
    names = {name.removeprefix("scenario/").partition("-")[0].removesuffix(".md") for name in made}
    assert names >= SECTIONS
    indexed = set(re.findall(r"^\| \[`([^`]+)`\]", made["scenario/keys.md"], re.MULTILINE))
    titles = {path for path in headings(made, "scenario") if path.startswith("[")}
    assert indexed == headings(made, "scenario").keys() - titles


def test_an_entry_says_type_range_unit_default_version_short_form_and_example(made):
    entries = headings(made, "scenario")
    assert "number from 0 to 100,000." in entries["design.washout_days"]
    assert "Unit: days." in entries["design.washout_days"]
    assert "Default: `0.0`." in entries["design.washout_days"]
    assert "It must be given." in entries["schema_version"]
    assert "It may be left out." in entries["design.patients"]  # beside a second stage
    assert "`washout_days = 14` (abdallah-2020)" in entries["design.washout_days"]
    assert "Since planner 0.2.0." in entries["population.entry"]
    assert "Short form: `0.5` for `{ mean = 0.5 }`." in entries["components.NAME.size"]
    assert "above 0" in entries["components.NAME.half_life_days.median"]


def test_every_short_form_stands_at_its_setting(made):
    entries = headings(made, "scenario")
    whole = "".join(page for name, page in made.items() if name.startswith("scenario/"))
    for form in SHORT_FORMS:
        assert f"Short form: `{form.short}` for `{form.full}`" in whole, form.setting
    assert "two periods" in entries["population.dropout"]
    assert "as an element" in entries["design.sequences"]


def test_examples_of_the_schema_are_values_of_their_setting():
    fields = [
        (model, name, field) for model in _models(Settings) for name, field in model.model_fields.items()
    ]
    examples = [(model, name, field) for model, name, field in fields if field.examples]
    assert len(examples) > 80
    for model, name, field in examples:
        read = TypeAdapter(model).validate_python
        assert _accepted(read, name, field.examples[0]), (model.__name__, name)
    assert not _accepted(read, name, {"no": "example"})


def _models(model):
    for each in model.__subclasses__():
        yield each
        yield from _models(each)


def _accepted(read, name, value):
    """Whether a table with this value has nothing wrong but what it lacks."""
    from pydantic import ValidationError

    try:
        read({name: value})
    except ValidationError as error:
        return not [fault for fault in error.errors() if name in fault["loc"] and fault["type"] != "missing"]
    return True


def test_every_method_has_an_entry_with_its_source(made):
    entries = headings(made, "methods")
    assert not [each.name for each in methods() if each.name not in entries]
    assert not [name for name in SPENDING_FUNCTIONS if name not in made["methods/spending.md"]]
    assert "Br J Clin Pharmacol 1979;8:7-20" in entries["hills-armitage"]


def test_formulas_fit_the_page(made):
    blocks = [
        block
        for name, page in made.items()
        if name.startswith("methods/")
        for block in re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    ]
    assert len(blocks) > 30
    assert max(len(line) for block in blocks for line in block.split("\n")) <= WIDEST
    assert max(len(line) for each in methods() for line in each.explanation.split("\n")) > WIDEST


def test_every_command_has_a_page_with_all_its_options_and_examples(made):
    for name in COMMANDS:
        page, command = made[f"commands/{name}.md"], build().commands[name]
        assert f"| [`{name}`]({name}.md) |" in made["commands/index.md"]
        shown = [each for each in command.params if not getattr(each, "hidden", False)]
        spellings = {spelling for each in shown for spelling in each.opts if spelling[0] == "-"}
        assert not [each for each in spellings if each not in page], name
        examples = re.findall(r"^  planner .*$", command.help.partition("Examples:")[2], re.MULTILINE)
        assert not [each for each in examples if f"\n{each.strip()}\n" not in page], name


def test_every_public_name_of_python_has_an_entry_with_its_docstring_and_example(made):
    names = [name for name in planner.__all__ if name != "__version__"]
    pages = "".join(page for name, page in made.items() if name.startswith("python/"))
    for name in names:
        kind = "class" if inspect.isclass(getattr(planner, name)) else "function"
        entry = re.search(
            rf"^`{{6}}{{py:{kind}}} planner\.{name}\b.*?^`{{6}}$", pages, re.DOTALL | re.MULTILINE
        )
        assert entry, name
        assert "```pycon\n>>> import planner" in entry[0], name
        assert f"[`planner.{name}`](#planner.{name})" in made["python/index.md"]
    run = made["python/results.md"].partition("`Sizing`")[0]
    for member in ("to_json()", "frame()", "document()", "cells()", "digest()", "partial", "limits"):
        assert f"planner.Run.{member}" in run


def test_what_the_python_page_shows_comes_out(made):
    blocks = re.findall(r"```pycon\n(.*?)```", made["python/index.md"], re.DOTALL)
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "python", None, 0)
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(session, out=report.append)
    assert len(session.examples) > 6
    assert report == []


def test_exit_codes_are_listed(made):
    from planner.cli import exit as codes

    numbers = {value for name, value in vars(codes).items() if name.isupper() and isinstance(value, int)}
    listed = re.findall(r"^\| (\d+) \|", made["commands/index.md"], re.MULTILINE)
    assert {int(number) for number in listed} == numbers


def test_pages_are_written_once_and_old_ones_taken_away(made, tmp_path):
    sys.path.insert(0, str(ROOT / "docs" / "_extensions"))
    from references.pages import write

    sys.path.pop(0)
    (tmp_path / "gone.md").write_text("a page of before")
    write(tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.md")} == made.keys()
    page = tmp_path / "scenario" / "design.md"
    before = page.stat().st_mtime_ns
    write(tmp_path)
    assert page.stat().st_mtime_ns == before
