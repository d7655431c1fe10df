"""One meaning for an option everywhere: which commands have which, in one spelling with one help, and each
format that is offered can be written."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from planner.cli.app import COMMANDS, build
from tests.support.commands import SCENARIO, Cli, cli
from tests.support.marks import repeated

__all__ = ["cli"]

OUTPUT = "-o/--output --force -q/--quiet"
WRITTEN = f"--format --json {OUTPUT}"
SIMULATED = f"--set --hypothesis --seed --memory --dry-run {WRITTEN}"
TABLE = {
    "run": f"{SIMULATED} --patients --trials --threads --variants --uncertain",
    "size": f"{SIMULATED} --patients --trials --threads --variants --uncertain",
    "compare": f"{SIMULATED} --patients --trials --threads",
    "discriminate": f"{SIMULATED} --patients --threads",
    "trial": f"{SIMULATED} --patients --trials",
    "weigh": f"{SIMULATED} --threads --variants",
    "show": f"--set --hypothesis --patients {WRITTEN}",
    "check": f"--set --hypothesis --patients {WRITTEN}",
    "boundaries": f"--patients {WRITTEN}",
    "cv": f"--patients {WRITTEN}",
    "cite": f"--set {WRITTEN}",
    "methods": WRITTEN,
    "scenarios": WRITTEN,
    "doctor": WRITTEN,
    "bench": f"--threads {WRITTEN}",
    "schema": OUTPUT,
    "new": "--force -q/--quiet",
}
"""The options that several commands have; -v and those of one command alone are not listed."""

OF_TWO_MEANINGS = {
    ("cite", "--format"): "bibtex beside the others",
    ("trial", "--find"): "a kind of trial, where size seeks patients or an effect",
    ("cv", "--patients"): "of a study that was done, and of each sequence",
    ("boundaries", "--power"): "one power, where size takes several",
}


def options() -> dict[str, dict[str, Any]]:
    """Of each command its options in sight, by their spellings."""
    commands = build().commands
    return {
        name: {
            "/".join(each.opts): each
            for each in commands[name].params
            if each.opts[0].startswith("-") and not getattr(each, "hidden", False)
        }
        for name in COMMANDS
    }


def test_which_commands_have_which_options() -> None:
    commands = defaultdict(list)
    for name, own in options().items():
        for spelling in own:
            commands[spelling].append(name)
    shared = {spelling for row in TABLE.values() for spelling in row.split()}
    found = {name: {spelling for spelling in own if spelling in shared} for name, own in options().items()}
    assert found == {name: set(row.split()) for name, row in TABLE.items()}
    assert all("-v/--verbose" in own for own in options().values())
    assert {spelling for spelling, names in commands.items() if len(names) > 2} - shared <= {"-v/--verbose"}


def test_an_option_has_one_help_wherever_it_is() -> None:
    declared: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, own in options().items():
        for spelling, option in own.items():
            if (name, spelling) not in OF_TWO_MEANINGS:
                declared[spelling][option.help].append(name)
    assert {spelling: dict(helps) for spelling, helps in declared.items() if len(helps) > 1} == {}


FEW = ("--trials", "256", "-q")
WORDS: dict[str, tuple[str, ...]] = {
    "run": ("small.toml", *FEW),
    "size": ("small.toml", "--power", ".3", "--max-patients", "40", "--hypothesis", "expected", *FEW),
    "compare": ("small.toml", "staged.toml", *FEW),
    "discriminate": ("small.toml", "--draws", "32", "-q"),
    "weigh": ("observed.toml", "-q"),
    "trial": ("small.toml", "-q"),
    "show": ("small.toml",),
    "check": ("small.toml",),
    "boundaries": ("--looks", "2"),
    "cv": ("--pool", ".3,24,2x2"),
    "cite": ("small.toml",),
    "methods": ("pocock",),
    "scenarios": (),
    "doctor": (),
}


@pytest.mark.parametrize("name", repeated(WORDS))
def test_each_format_that_is_offered_is_written(name: str, cli: Cli) -> None:
    """Off a terminal, in a file, and by the ending of the file."""
    observed = "\n[observed]\nmeans = { A = { mean = 3, n = 20 }, B = { mean = 0, n = 20 } }\n"
    Path("observed.toml").write_text(SCENARIO + observed)
    wanted = options()[name]["--format"].metavar.split("|")
    assert {"table", "json", "md"} <= set(wanted)
    for form in wanted:
        code, out, err = cli(name, *WORDS[name], "--format", form)
        assert (code, "error:" in err) == (0, False), (form, err)
        assert out, form
        if form == "json":
            json.loads(out)
    table = {"table": "txt", "bibtex": "bib"}
    for form in wanted[:1] + wanted[-1:]:
        file = f"out.{table.get(form, form)}"
        assert cli(name, *WORDS[name], "-o", file, "-q")[:2] == (0, ""), form
        assert Path(file).read_text(), form
        assert cli(name, *WORDS[name], "-o", file, "-q")[0] == 2, "a file that exists is left as it is"
        assert cli(name, *WORDS[name], "-o", file, "--force", "-q")[0] == 0


def test_the_schema_is_written_to_a_file_too(cli: Cli) -> None:
    assert cli("schema", "-o", "schema.json")[1:] == ("", "note: wrote schema.json\n")
    assert json.loads(Path("schema.json").read_text()) == json.loads(cli("schema")[1])
    assert cli("schema", "-o", "schema.json")[0] == 2


def test_faults_of_files_as_rows(cli: Cli) -> None:
    code, out, err = cli("check", "small.toml", "--set", "design.patientz=3", "--format", "csv")
    assert (code, err) == (3, "")
    assert out.splitlines()[0] == "file,line,column,path,message,hint"
    assert "design.patientz,is not a known setting,did you mean patients?" in out
    assert (
        "did you mean patients?"
        in cli("check", "small.toml", "--set", "design.patientz=3", "--format", "md")[1]
    )
