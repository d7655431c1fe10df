"""`planner cite` and `planner methods`: what to cite, and what every name stands for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from planner._version import __version__
from planner.analyses import info
from planner.cli import main
from planner.report import citations as citing
from planner.report.methods import methods
from planner.scenario.reading.read import read, read_text
from planner.scenario.regulators import SCALINGS
from planner.scenario.stopping_rules import EFFICACY_RULES, FUTILITY_RULES
from planner.scenario.two_stage_rules import RULES as TWO_STAGE_RULES
from planner.scenario.vocabulary import DESIGNS, MARGIN_TESTS, METHODS
from tests.support.paths import ROOT

Cli = Callable[..., tuple[int, str, str]]

HOSTILE = """\
schema_version = 1
title = "[red]x[/red] \\u001b[31m"
design = { sequences = ["A B", "B A"], patients = 24 }
hypotheses.h = { means = { A = 5.0, B = 0.0 }, sd_difference = 8.0 }
[[citations]]
key = "50 % {of} \\\\ all_|"
text = "Müller & Söhne 1999 \\u001b]0;t\\u0007 [bold]50 %[/bold] {\\\\input{x}} $x_1$"
supports = ["hypotheses"]
[[citations]]
key = "50 % {of} \\\\ ALL_|"
text = "The same key, nearly"
"""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.chdir(tmp_path)
    Path("hostile.toml").write_text(HOSTILE)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


# cite


def test_cite_names_sources_methods_and_planner(cli: Cli) -> None:
    code, out, err = cli("cite", "williams-2018")
    assert (code, err) == (0, "")
    text = " ".join(out.split())
    for words in (
        "Am J Psychiatry 2018;175:1205-1215 doi:10.1176/appi.ajp.2018.18020138 (for treatments,",
        "weerts-2008",  # from the library
        "Hills M, Armitage P. Br J Clin Pharmacol 1979;8:7-20 (for analysis change)",
        "Biometrika 1983;70:659-663 (for stopping for efficacy)",
        "Monte Carlo standard errors",
        f"Version {__version__}",
        "Without a source, hence not to be cited: components,",
    ):
        assert words in text


def test_only_what_is_used_is_cited() -> None:
    one_look = read_text(HOSTILE)
    assert [e.key for e in citing.to_cite(one_look) if e.kind == citing.METHOD] == [
        "hills-armitage",
        "monte-carlo-error",
    ]
    keys = [entry.key for entry in citing.to_cite(read("abdallah-2020"))]
    assert keys.count("hills-armitage") == 1  # of two analyses
    assert "mcnemar-exact" in keys


def test_a_two_stage_rule_is_cited_and_no_limits_at_looks() -> None:
    """The rule of stage 2 says when such a trial stops; there are no group-sequential limits."""
    adaptive = read("two-stage").monitoring.adaptive
    keys = [each.key for each in citing.to_cite(read("two-stage")) if each.kind == citing.METHOD]
    assert adaptive is not None
    assert adaptive.rule in keys
    assert "group-sequential" not in keys
    assert "group-sequential" in [each.key for each in citing.to_cite(read("williams-2018"))]


def test_cite_json_and_formats(cli: Cli) -> None:
    result = json.loads(cli("cite", "williams-2018", "--json")[1])
    assert result["schema"] == "planner.cite/1"
    assert result["entries"][0]["supports"][0] == "treatments"
    assert result["entries"][-1]["kind"] == "software"
    assert cli("cite", "williams-2018", "--format", "md")[1].startswith("## What to cite")
    assert cli("cite", "williams-2018", "-o", "a.bib", "-q")[:2] == (0, "")
    assert Path("a.bib").read_text() == cli("cite", "williams-2018", "--format", "bibtex")[1]
    assert cli("cite", "williams-2018", "-o", "a.bib")[0] == 2
    assert cli("cite", "williams-2018", "--json", "--format", "bibtex")[0] == 2
    assert cli("cite", "nowhere")[0] == 3


def test_bibtex_is_well_formed_for_any_text(cli: Cli) -> None:
    _, out, _ = cli("cite", "hostile.toml", "--format", "bibtex")
    keys = re.findall(r"^@misc\{([A-Za-z0-9:.-]+),$", out, re.M)
    assert len(keys) == len(set(map(str.lower, keys))) == 5
    assert out.count("@misc") == 5
    bare = out.replace("\\{", "").replace("\\}", "")
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"(?<!\\)[%&#$_]", bare)
    assert "\\input" not in out
    assert "year = {1999}" in out
    assert not set(out) & {"\x1b", "\x07", "\u202e"}


@pytest.mark.parametrize("shape", ["table", "md", "json", "bibtex"])
def test_hostile_citations_are_shown_literally(cli: Cli, shape: str) -> None:
    code, out, _ = cli("cite", "hostile.toml", "--format", shape)
    assert code == 0
    assert not set(out) & {"\x1b", "\x07", "\x9b", "\u202e"}
    if shape == "table":
        assert "[bold]50 %[/bold]" in out


def test_what_is_said_of_planner_is_what_its_citation_file_says() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    fields = dict(re.findall(r"^(\w[\w-]*): (.+)$", text, re.M))
    assert fields["title"].strip('"') == citing.TITLE
    assert fields["license"] == citing.LICENSE
    assert fields["version"] == __version__
    assert tuple(re.findall(r'- name: "(.+)"', text)) == citing.AUTHORS


# methods


def test_every_name_is_explained() -> None:
    found = {(method.kind, method.name) for method in methods()}
    tables = (METHODS, MARGIN_TESTS, SCALINGS, EFFICACY_RULES, FUTILITY_RULES, TWO_STAGE_RULES, DESIGNS)
    kinds = ("analysis", "alternative", "rule of scaling", "efficacy rule", "futility rule", "two-stage rule")
    kinds += ("design",)
    assert found == {(k, name) for k, table in zip(kinds, tables, strict=True) for name in table}
    for method in methods():
        assert method.title
        assert method.explanation, f"{method.kind} {method.name} has no docstring"
        for meaning in method.parameters.values():
            assert meaning


@pytest.mark.parametrize("name", METHODS)
def test_an_analysis_has_formula_assumptions_and_source(cli: Cli, name: str) -> None:
    code, out, _ = cli("methods", name)
    assert code == 0
    assert " = " in out
    assert "Assumes" in out
    assert info(name).citation.split(". doi")[0] in " ".join(out.split())
    assert "Needs " in out


def test_the_text_is_the_docstring(cli: Cli) -> None:
    from planner.analyses import paired_t

    assert next(m for m in methods() if m.name == "paired-t").explanation == (paired_t.__doc__ or "").strip()
    _, out, _ = cli("methods", "kim-demets")
    assert out.count("total t^rho") == 2  # for efficacy and for futility
    assert "Stopping for efficacy" in out
    assert "Stopping for futility" in out


def test_explaining_compiles_nothing() -> None:
    import subprocess
    import sys

    code = (
        "from planner.report.methods import methods; methods(); import sys; sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_methods_formats_and_unknown_names(cli: Cli) -> None:
    rows = json.loads(cli("methods", "--json")[1])
    assert rows["schema"] == "planner.methods/1"
    assert {row["name"] for row in rows["methods"]} >= {"hills-armitage", "williams", "pocock"}
    assert cli("methods", "AB/ba")[0] == 0
    assert cli("methods", "--format", "md")[1].startswith("## Analyses\n")
    code, out, err = cli("methods", "hills-armitag")
    assert (code, out) == (2, "")
    assert "did you mean hills-armitage?" in err
    assert cli("methods", "\x1b[31m")[2].isprintable() is False  # ends of lines
    assert "\x1b" not in cli("methods", "\x1b[31m")[2]
