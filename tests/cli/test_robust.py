"""Odd surroundings: two starts at once, forks, threads, nothing writable, old encodings, hostile names."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example
from hypothesis import strategies as st

from planner.cli import main
from planner.questions.run.simulate import simulate
from planner.scenario.reading.read import read_text
from tests.support.near_scenarios import NESTED, OF_MECHANISMS, PATHS, as_setting
from tests.support.paths import INPUTS
from tests.support.sample_trials import environment, trial
from tests.support.toml_documents import examples

VALID = INPUTS / "valid"
SMALL = """\
schema_version = 1
title = "Schizophrénie σ 日本 – a trial"
[design]
sequences = ["A B", "B A"]
patients = 24
[hypotheses."µ–σ"]
means = { A = 5.0, B = 0.0 }
sd_difference = 8.0
"""
UNSEEN = "\x1b\x07\x9b\u202e\u2028\x00"
EVIL = "<script>alert(1)</script>[red]x[/red]\x1b[31m\x9b\u202e`|*"


def planner(*arguments: str, **changes: str) -> subprocess.Popen[str]:
    """A command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "planner", *arguments],
        env={k: v for k, v in environment(**changes).items() if k != "PYTHONWARNINGS"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


@pytest.fixture
def small(tmp_path: Path) -> str:
    file = tmp_path / "small.toml"
    file.write_text(SMALL, encoding="utf-8")
    return str(file)


class Screen(io.TextIOWrapper):
    """A terminal, or a stream with an encoding of old, in memory."""

    def __init__(self, encoding: str = "utf-8", terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


def shown(*arguments: str, encoding: str = "utf-8", terminal: bool = False) -> tuple[int, str, str]:
    """Exit code, output and remarks of a command in this process."""
    out, err = Screen(encoding, terminal), Screen(encoding)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(arguments))
    return code, out.text(), err.text()


# The folder of compiled code


@pytest.mark.long
def test_processes_that_compile_at_once_into_an_empty_folder(small: str, tmp_path: Path) -> None:
    """Neither spoils the other's files, and the next one finds them whole."""
    surroundings = {"PLANNER_CACHE": str(tmp_path / "cache")}
    job = ("run", small, "--trials", "2000", "--json", "-q")
    answers = [finished(child) for child in [planner(*job, **surroundings) for _ in range(3)]]
    digests = {json.loads(out)["run"]["digest"] for _, out, _ in answers}
    assert [(code, err) for code, _, err in answers] == [(0, "")] * 3
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "cache").rglob("*.nb?")}
    assert before
    code, out, err = finished(planner(*job, **surroundings))
    assert (code, err) == (0, "")
    assert {json.loads(out)["run"]["digest"]} == digests
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "cache").rglob("*.nb?")} == before


@pytest.mark.long
def test_where_nothing_is_writable_it_runs_and_says_so_once(small: str) -> None:
    nowhere = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/x", "PLANNER_CACHE": "/dev/null/y"}
    code, out, err = finished(planner("run", small, "--trials", "2000", "--json", "-q", **nowhere))
    assert code == 0
    assert err.count("warning: ") == err.count("\n") == 1
    assert "PLANNER_CACHE" in err
    _, _, told = finished(planner("run", small, "--trials", "128", "--json", **nowhere))
    assert "note: compiling the kernels\n" in told
    assert "once" not in told
    _, here, _ = finished(planner("run", small, "--trials", "2000", "--json", "-q"))
    assert json.loads(out)["run"]["digest"] == json.loads(here)["run"]["digest"]


@pytest.mark.skipif(os.name != "posix", reason="folders as on Unix")
def test_an_unwritable_home_is_replaced_by_a_temporary_folder(tmp_path: Path) -> None:
    changes = {"HOME": "/dev/null", "XDG_CACHE_HOME": "", "PLANNER_CACHE": "", "TMPDIR": str(tmp_path)}
    code, out, err = finished(planner("doctor", "--json", **changes))
    assert (code, err) == (0, "")
    assert json.loads(out)["cache"]["folder"].startswith(str(tmp_path))


# Forks and threads

FORKS = """
import json, multiprocessing, sys
from tests.support.sample_trials import trial
from planner.questions.run.simulate import simulate

def digest(threads):
    return simulate(trial("whole-points"), trials=3000, threads=threads).digest()

before = digest(2)
with multiprocessing.get_context("fork").Pool(3) as pool:
    forked = pool.map(digest, [1, 2, 3])
print(json.dumps([before, *forked, digest(2)]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forks_of_a_process_that_has_simulated() -> None:
    """No thread, lock or compiled state is left half in a child."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS],
        env={k: v for k, v in environment().items() if k != "PYTHONWARNINGS"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    digests = json.loads(done.stdout)
    assert len(digests) == 5
    assert len(set(digests)) == 1


def test_simulations_in_several_threads_at_once() -> None:
    names = ("whole-points", "unbounded", "futility", "whole-points")
    want = [simulate(trial(name), trials=3000).digest() for name in names]
    found: list[str] = [""] * len(names)

    def work(i: int) -> None:
        found[i] = simulate(trial(names[i]), trials=3000, threads=2).digest()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(names))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == want


# Memory

MEMORY = """
import re, sys
from pathlib import Path
from tests.support.sample_trials import trial
from planner.questions.run.simulate import simulate

def peak():  # of this program alone; getrusage also counts the one that started it
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

scenario = trial(sys.argv[1])
simulate(scenario, trials=10_000).to_json()
before = peak()
simulate(scenario, trials=int(sys.argv[2])).to_json()
print(peak() - before)
"""


def growth(name: str, trials: int) -> float:
    """MiB by which peak memory grows from 10^4 trials to so many."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, name, str(trials)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=1500,
        check=True,
    )
    return float(done.stdout)


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize(
    ("name", "trials"),
    [("whole-points", 1_000_000), pytest.param("whole-points", 100_000_000, marks=pytest.mark.long)],
)
def test_memory_stays_flat(name: str, trials: int) -> None:
    grown = growth(name, trials)
    print(f"{grown:.1f} MiB more for {trials:,} trials")
    assert grown < 5.0


# Encodings, colours, widths


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "utf-8"])
@pytest.mark.parametrize("command", ["run", "show", "check", "trial", "size"])
def test_every_encoding_gets_something_readable(encoding: str, command: str, small: str) -> None:
    few = {"run": ["--trials", "500", "-q"], "size": ["--trials", "2000", "-q"]}.get(command, [])
    code, out, err = shown(command, small, *few, encoding=encoding)
    assert (code, err) == (0, "")
    assert out
    if encoding == "utf-8" and command != "check":
        assert "µ–σ" in out
    if encoding == "ascii":
        assert "\\x" not in out.replace("\\xe9", "")  # ours are spelt out; the é of the title is the user's


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_errors_too(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "日本.toml"
    file.write_text(SMALL.replace("patients", "patientß"), encoding="utf-8")
    code, out, err = shown("check", str(file), encoding=encoding)
    assert (code, out) == (3, "")
    assert err.startswith("error: ")


COMMANDS: list[Sequence[str]] = [
    ["run", "williams-2018", "--trials", "200", "-q"],
    ["show", "williams-2018"],
    ["size", "asthma-ab-ba", "--trials", "2000", "-q"],
    ["compare", "asthma-ab-ba", "williams-2018", "--trials", "200", "-q"],
    ["trial", "asthma-ab-ba", "-q"],
    ["boundaries", "--looks", "0.4,1"],
    ["scenarios"],
    ["doctor"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_eighty_columns_and_no_colour(command: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer are only what must not be broken: addresses, and commands to be copied."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    code, out, _ = shown(*command, terminal=True)
    assert code in (0, 5)  # 5: doctor may have found something
    assert "\x1b" not in out
    long = [line for line in out.split("\n") if len(line) > 80]
    assert [line for line in long if " " in line.strip() and not line.startswith("  planner ")] == []
    monkeypatch.delenv("NO_COLOR")
    coloured = re.sub(r"\x1b\[[0-9;]*m", "", shown(*command, terminal=True)[1])
    assert [line.rstrip() for line in coloured.split("\n")] == out.split("\n")


# Hostile names


def hostile(tmp_path: Path) -> str:
    """A scenario whose every text tries to be something else; names have to be printing characters."""
    text, name = json.dumps(EVIL), json.dumps(EVIL.split("\x1b")[0] + "`|*")
    file = tmp_path / "evil.toml"
    file.write_text(
        f"schema_version = 1\ntitle = {text}\nquestion = {text}\n"
        f"[treatments]\nA = {{ label = {text} }}\nB = {{ label = {text} }}\n"
        "[design]\nsequences = ['A B', 'B A']\npatients = 24\n"
        f"[endpoint]\nunit = {json.dumps('<script>[red]')}\n"
        f"[monitoring]\nlooks = [12, 24]\n[hypotheses.{name}]\nlabel = {text}\n"
        f"means = {{ A = 5.0, B = 0.0 }}\nsd_difference = 8.0\n[hypotheses.other]\nlabel = {text}\n"
        "means = { A = 5.0, B = 5.0 }\nsd_difference = 8.0\n"
        f"[[analyses]]\nname = {name}\nmethod = 'hills-armitage'\n",
        encoding="utf-8",
    )
    return str(file)


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize(
    "command",
    [
        *(["run", "--trials", "500", "-q", "--format", shape] for shape in ("table", "md", "json")),
        ["run", "--dry-run"],
        ["show"],
        ["show", "--json"],
        ["check"],
        ["check", "--json"],
        ["trial", "-q"],
        ["size", "--trials", "2000", "-q"],
        ["size", "--trials", "2000", "-q", "--format", "md"],
        ["cite"],
    ],
    ids=" ".join,
)
def test_hostile_names_do_nothing(command: list[str], terminal: bool, tmp_path: Path) -> None:
    code, out, err = shown(command[0], hostile(tmp_path), *command[1:], terminal=terminal)
    assert (code, err) == (0, "")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out) if terminal else out  # our own colours
    assert not set(plain) & set(UNSEEN)
    assert "\x1b[31m" not in out
    if "md" in command:
        assert "<script>" not in out


def test_hostile_names_in_a_notebook(tmp_path: Path) -> None:
    run = simulate(read_text(Path(hostile(tmp_path)).read_text()), trials=500)
    assert "<script>" not in run._repr_html_()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", f"{EVIL}.toml".replace("/", "")],
        ["run", "asthma-ab-ba", "--set", f"{EVIL}=3"],
        ["run", "asthma-ab-ba", "--set", EVIL],
        ["run", "asthma-ab-ba", "--hypothesis", EVIL],
        ["run", "asthma-ab-ba", "-o", f"{EVIL}/x.json"],
        ["run", "asthma-ab-ba", f"--{EVIL}"],
        [EVIL],
        ["new", EVIL],
        ["bench", "--compare", EVIL.replace("/", "")],
    ],
    ids=["file", "path", "set", "hypothesis", "output", "option", "command", "new", "compare"],
)
def test_hostile_arguments_do_nothing(arguments: list[str], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [argument.replace("\x00", "") for argument in arguments]
    code, out, err = shown(*arguments)
    assert code in (2, 3)
    assert out == ""
    assert err.startswith("error: ")
    assert not set(err) & set(UNSEEN)


# Any setting at all

ANY_SETTING = st.one_of(
    st.text(max_size=30),
    st.tuples(st.sampled_from(PATHS + OF_MECHANISMS), NESTED).map(lambda pair: as_setting(*pair)),
    st.tuples(st.sampled_from(PATHS), st.text(max_size=12)).map(
        lambda pair: f"{'.'.join(map(str, pair[0]))}={pair[1]}"
    ),
)
FEW = {"run": ["--trials", "1", "-q", "--json"], "show": [], "check": ["--json"], "trial": ["-q"]}


@examples(
    st.sampled_from(sorted(FEW)),
    st.sampled_from(["everything.toml", "mechanisms.toml", "minimal.toml", "rates-and-mechanisms.toml"]),
    st.lists(ANY_SETTING, min_size=1, max_size=3),
    fast=25,
    long=75,
)
@example("run", "minimal.toml", ["design.patients=99999999999999999999"])
@example("run", "minimal.toml", ["hypotheses=1"])
@example("run", "minimal.toml", ["="])
@example("show", "minimal.toml", ["\ud800=1"])
@example("check", "minimal.toml", ["a.\x00=1"])
@example("run", "minimal.toml", ["simulation.seed=-1"])
@example("run", "minimal.toml", ["simulation.trials=1e400"])
def test_any_setting_is_answered(command: str, file: str, overrides: list[str]) -> None:
    """A result or an explained error, whatever --set says."""
    given = [word for override in overrides for word in ("--set", override)]
    code, out, err = shown(command, str(VALID / file), *given, *FEW[command])
    assert code in (0, 2, 3, 4), err
    assert "Traceback" not in err
    assert "internal error" not in err
    if command in ("run", "check") and out:
        json.loads(out)
    if code != 0 and command != "check":
        assert out == ""
        assert err.startswith(("error: ", "warning: "))
