"""Completion in shells: what is offered where, and that nothing of it can do harm."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from planner.cli.app import build
from planner.cli.scripts import SHELLS
from planner.scenario.catalogue import names
from planner.scenario.stopping_rules import EFFICACY_RULES
from planner.scenario.vocabulary import METHODS
from tests.support.commands import HOSTILE, Cli, cli, command

__all__ = ["cli"]

Complete = Callable[..., list[str]]

EVIL = """\
[hypotheses."$(touch owned)"]
[hypotheses."\\\\$(touch owned)"]
[hypotheses."`touch owned`"]
[hypotheses."x; touch owned"]
[hypotheses."x' 'y"]
[hypotheses."*"]
[hypotheses."-rf"]
[hypotheses."with blank"]
[hypotheses.good]
label = "$(touch owned)"
"""


@pytest.fixture
def complete(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """What a shell is offered for the last of the words; without an error, whatever they are."""

    def offered(*words: str, shell: str = "bash") -> list[str]:
        monkeypatch.setenv("_PLANNER_COMPLETE", f"complete_{shell}")
        monkeypatch.setenv("COMP_WORDS", "\n".join(["planner", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", " ".join(["planner", *words]))
        monkeypatch.setenv("_TYPER_COMPLETE_WORD_TO_COMPLETE", words[-1])
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        code, out, err = cli()
        assert (code, err) == (0, "")
        return out.splitlines()

    return offered


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["sho"], ["show"]),
        (["--sh"], ["--show-completion"]),
        (["--show-completion", "z"], ["zsh"]),
        (["run", "--prec"], ["--precision"]),
        (["run", "small.toml", "--format", "j"], ["json"]),
        (["run", "small.toml", "--format", "=", "j"], ["json"]),  # as bash takes --format=j apart
        (["cite", "small.toml", "--format", "b"], ["bibtex"]),
        (["run", "asthma"], ["asthma-ab-ba"]),
        (["run", "sma"], ["small.toml"]),
        (["run", "deep"], ["deep/er/inner.toml"]),
        (["compare", "small.toml", "sta"], ["staged.toml"]),
        (["run", "small.toml", "--hypothesis", ""], ["expected", "none"]),
        (["run", "small.toml", "--hypothesis", "expected,"], ["expected,none"]),
        (["compare", "small.toml", "staged.toml", "--hypothesis", "n"], ["none"]),
        (["run", "heir.toml", "--hypothesis", ""], ["expected", "none", "more"]),
        (["trial", "small.toml", "--hypothesis", "e"], ["expected"]),
        (["trial", "asthma-ab-ba", "--find", "w"], ["wrong-sign"]),
        (["run", "small.toml", "--set", "design."], ["design.sequences", "design.patients"]),
        (["run", "small.toml", "--set", "design.pat"], ["design.patients=", "design.patients=24"]),
        (["run", "small.toml", "--set", "design.patients", "="], ["24"]),
        (["run", "small.toml", "--set", "design.patients=24", "--set", "monitoring"], []),
        (["methods", "hills"], ["hills-armitage"]),
        (["new", "x.toml", "--from", "mig"], ["migraine-williams-3"]),
        (["boundaries", "--rule", "pocock,obrien-fleming-"], ["pocock,obrien-fleming-spending"]),
        (["boundaries", "--futility", "kim"], ["kim-demets"]),
        (["boundaries", "--plot", "sp"], ["spending"]),
        (["size", "small.toml", "--find", "e"], ["effect"]),
        (["discriminate", "small.toml", "--likelihood", "g"], ["gaussian"]),
        (["run", "small.toml", "--seed", ""], []),
        (["run", "small.toml", "-o", "sm"], []),  # the shell itself knows files
        (["fly", ""], []),
        (["run", "nowhere.toml", "--hypothesis", ""], []),
        (["run", "broken.toml", "--hypothesis", ""], []),
        (["run", "circle.toml", "--set", ""], []),
        (["run", ".", "--hypothesis", ""], []),
        (["run", "nowhere/"], []),
        (["run", "small.toml", "--trials", "5", "--trials", ""], []),
        (["run", "small.toml", "--json", "--js"], []),  # what has been given
        (
            ["run", "small.toml", "--set", "x=1", "--se"],
            ["--set", "--sensitivity", "--sensitivity-step", "--seed"],
        ),
        (["run", "small.toml", "--nonsense", "--hypothesis", "e"], ["expected"]),
    ],
    ids=lambda each: " ".join(each) or "-",
)
def test_what_is_offered(complete: Complete, typed: list[str], expected: list[str]) -> None:
    Path("broken.toml").write_text("x = [")
    Path("circle.toml").write_text('extends = "circle.toml"')
    Path("heir.toml").write_text('extends = "small.toml"\n[hypotheses.more]\nlabel = "more"\n')
    Path("deep/er").mkdir(parents=True)
    Path("deep/er/inner.toml").write_text("")
    assert complete(*typed) == expected


def test_whatever_takes_one_of_a_few_words_offers_them(complete: Complete) -> None:
    """The help of an option names them: --plot z|p|spending|none."""
    seen = 0
    for name, each in build().commands.items():
        for option in each.params:
            if option.param_type_name == "option" and "|" in (option.metavar or ""):
                seen += 1
                assert complete(name, option.opts[-1], "") == option.metavar.split("|"), (name, option.opts)
    assert seen > 10


@pytest.mark.parametrize(
    ("stated", "names"),
    [
        ('analyses = "paired-t"', ["paired-t"]),
        ('analyses = ["paired-t", "mcnemar"]', ["paired-t", "mcnemar"]),
        ('[analyses]\nmethod = "paired-t"', ["paired-t"]),
        ('[[analyses]]\nname = "main"\nmethod = "paired-t"', ["main"]),
        ("analyses = 3", []),
    ],
)
def test_analyses_in_each_form(complete: Complete, stated: str, names: list[str]) -> None:
    Path("some.toml").write_text(stated)
    assert complete("trial", "some.toml", "--analysis", "") == names


def test_the_home_folder_is_known(
    complete: Complete, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert complete("run", "~/small.toml", "--hypothesis", "e") == ["expected"]


def test_all_names_are_offered(complete: Complete) -> None:
    assert set(names()) | {"small.toml", "staged.toml", "hostile.toml"} == set(complete("run", ""))
    assert set(complete("methods", "")) >= set(METHODS) | set(EFFICACY_RULES)
    assert complete("boundaries", "--rule", "") == list(EFFICACY_RULES)


def test_a_link_that_leads_in_a_circle_hides_nothing_else(complete: Complete) -> None:
    Path("circle.toml").symlink_to("circle.toml")
    offers = complete("run", "")
    assert "small.toml" in offers
    assert "circle.toml" not in offers


@pytest.mark.parametrize("shell", SHELLS)
def test_names_that_a_shell_would_obey_are_never_offered(complete: Complete, shell: str) -> None:
    Path("evil.toml").write_text(EVIL)
    Path("$(touch owned).toml").write_text("")
    expected = {
        "bash": ["with\\ blank", "good"],
        "zsh": ['_arguments \'*: :(("with blank"', '"good"))\''],
        "fish": ["with blank", "good"],
    }.get(shell, ["'with blank'::: ", "good::: "])
    assert complete("run", "evil.toml", "--hypothesis", "", shell=shell) == expected
    assert not any("touch" in line for line in complete("run", "", shell=shell))
    Path("hostile.toml").write_text(HOSTILE)
    nothing = ["_files"] if shell == "zsh" else []
    assert complete("run", "hostile.toml", "--hypothesis", "", shell=shell) == nothing


@pytest.mark.parametrize("typed", ["wi", '"wi', "'wi", "with\\ b"])
def test_a_blank_is_quoted_where_nobody_has_done_so(complete: Complete, typed: str) -> None:
    Path("evil.toml").write_text(EVIL)
    expected = "with blank" if typed[0] in "\"'" else "with\\ blank"
    assert complete("run", "evil.toml", "--hypothesis", typed) == [expected]


def test_shells_that_show_it_get_the_help_in_harmless_letters(complete: Complete) -> None:
    assert complete("sho", shell="zsh") == [
        """_arguments '*: :(("show":"Describe a scenario in plain English."))'"""
    ]
    assert complete("sho", shell="fish") == ["show\tDescribe a scenario in plain English."]
    assert complete("sho", shell="powershell") == ["show:::Describe a scenario in plain English."]
    helps = "".join(complete("run", "x", "-", shell="zsh"))
    assert "in place of the scenario’s" in "".join(complete("trial", "x", "-", shell="zsh"))
    assert helps.count("'") == 2
    assert not set(helps) & set("$`\\&|<>")


def test_fish_is_answered_whether_there_is_anything(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_PLANNER_COMPLETE", "complete_fish")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "is-args")
    for typed, code in (("planner sho", 0), ("planner run x --seed ", 1)):
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", typed)
        assert cli() == (code, "", "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_itself_takes_the_offers_word_by_word(cli: Cli, tmp_path: Path) -> None:
    """The script in a real bash: blanks stay in their word, and nothing is run or expanded."""
    Path("evil.toml").write_text(EVIL)
    planner = tmp_path / "planner"
    words = " ".join(f"'{word}'" for word in command())
    planner.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    planner.chmod(0o755)
    script = """
        source /dev/stdin <<< "$(./planner --show-completion bash)"
        COMP_WORDS=(planner run evil.toml --hypothesis '') COMP_CWORD=4
        _planner_completion ./planner
        printf '<%s>' "${COMPREPLY[@]}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "<with\\ blank><good>"
    assert done.stderr == ""
    assert not Path("owned").exists()


LIMIT_S = 0.4  # on an idle machine; the test allows for a busy one
SLACK = 5


def test_an_offer_comes_at_once_and_imports_nothing_heavy(cli: Cli) -> None:
    code = (
        "import sys; from planner.cli import main; code = main();"
        "heavy = {'numpy', 'scipy', 'numba', 'polars', 'rich', 'pydantic'} & set(sys.modules);"
        "print(heavy, file=sys.stderr)"
    )
    asked = {
        "_PLANNER_COMPLETE": "complete_bash",
        "COMP_WORDS": "planner\nrun\nwilliams-2018\n--hypothesis\nnmda",
        "COMP_CWORD": "4",
    }
    best = float("inf")
    for _ in range(2):
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | asked, timeout=60
        )
        best = min(best, time.perf_counter() - begun)
        assert (done.stdout, done.stderr) == ("nmda-only\n", "set()\n")
    assert best < LIMIT_S * SLACK, f"{best:.3f} s"


def test_completion_is_installed_where_it_is_said(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for shell in ("bash", "zsh", "fish"):
        code, out, err = cli("--install-completion", shell)
        assert (code, out) == (0, "")
        path = Path(" ".join(err.split()).partition(" is installed in ")[2].partition(";")[0])
        assert path.read_text().strip() == cli("--show-completion", shell)[1].strip()
    assert "_PLANNER_COMPLETE=complete_bash" in (tmp_path / ".bash_completions/planner.sh").read_text()
    assert "planner.sh" in (tmp_path / ".bashrc").read_text()


def test_a_shell_that_is_not_recognised_has_to_be_named(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import shellingham  # type: ignore[import-untyped]

    def unseen() -> None:
        raise shellingham.ShellDetectionFailure

    monkeypatch.setattr(shellingham, "detect_shell", unseen)
    for option in ("--show-completion", "--install-completion"):
        code, out, err = cli(option)
        assert (code, out) == (2, "")
        assert err.startswith("error: no shell was recognised around this command\nhint:")
        assert all(shell in err for shell in SHELLS)
    code, _, err = cli("--show-completion", "tcsh")
    assert (code, "there is no completion for the shell 'tcsh'" in err) == (2, True)
    monkeypatch.setattr(shellingham, "detect_shell", lambda: ("fish", "/usr/bin/fish"))
    assert cli("--show-completion")[1].startswith("complete --command planner")
