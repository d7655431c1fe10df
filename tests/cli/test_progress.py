"""How far work has come: one way from nothing to all, on one line, and a line a minute in a log."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial

import pytest

import planner
from planner import _interruption as interruption
from planner.cli import progress as module
from planner.cli.progress import Heartbeat, Pace, bar_line
from tests.support.commands import FEW, SCENARIO, Cli, cli, on_terminal, written_to_terminal

__all__ = ["cli"]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_each_number_says_what_it_is(clock: Clock) -> None:
    pace = Pace("trials", clock)
    clock.now += 10.0
    assert bar_line("Simulating", pace, 79) == "Simulating: compiling or loading code, 10 s so far"
    pace.advance(128, 10_128)
    assert bar_line("Simulating", pace, 79).endswith("··· 1 %, 10 s so far")  # too early for a rate
    clock.now += 20.0
    pace.advance(4_128, 10_128)
    line = bar_line("Simulating", pace, 79)
    # Since the first trials were counted, when the kernels were there: 4,000 in 20 s, so 6,000 in 30 s.
    assert line.endswith(" 40 %, 200 trials/s, 30 s so far, 30 s left")
    assert line.startswith("Simulating ━━")
    assert len(line) == 79
    bar = re.search("━+·+", line)
    assert bar is not None
    assert bar[0].count("━") == int(0.4 * len(bar[0]))
    assert bar_line("Simulating", pace, 79, symbols=False).isascii()


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (120, "Simulating: compiling 3 of 5 kernels, once on this machine, 10 s so far"),
        (80, "Simulating: compiling 3 of 5 kernels, once on this machine, 10 s so far"),
        (60, "Simulating: compiling 3 of 5 kernels, once on this machine"),
        (40, "Simulating: compiling 3 of 5 kernels"),
        (30, "Simulating: 10 s so far"),
    ],
)
def test_kernels_that_are_compiled_are_counted(clock: Clock, width: int, line: str) -> None:
    pace = Pace("trials", clock)
    pace.compiled(2, 5)
    clock.now += 10.0
    assert bar_line("Simulating", pace, width) == line
    pace.compiled(0, 1)
    assert "compiling 1 kernel" in bar_line("Simulating", pace, width)
    pace.compiled(5, 5)
    assert "kernels" not in bar_line("Simulating", pace, width)


def test_once_is_said_where_kernels_are_kept_alone(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr("planner.kernels.jit.cache_folder", lambda: None)
    pace = Pace("trials", clock)
    pace.compiled(2, 5)
    assert bar_line("Simulating", pace, 120) == "Simulating: compiling 3 of 5 kernels, 1 s so far"


def test_ctrl_c_is_acknowledged_while_a_kernel_is_compiled(clock: Clock) -> None:
    pace = Pace("trials", clock)
    with interruption.deferred():
        interruption.request()
        assert "compiling or loading code" in bar_line("Simulating", pace, 79)
        pace.compiled(2, 5)
        assert bar_line("Simulating", pace, 79) == "Simulating: stopping after this kernel, 1 s so far"
        assert bar_line("Simulating", pace, 40) == "Simulating: stopping after this kernel"
        interruption.request(False)
    assert "compiling 3 of 5" in bar_line("Simulating", pace, 79)


COMPILING = """
import sys, time
from planner.cli.progress import progress
from planner.engine.compiling import compile_missing

class Slow:
    overloads, _cache = (), None
    def compile(self, types):
        time.sleep(0.15)  # longer than from one picture to the next

with progress("Simulating", quiet=sys.argv[1] == "quiet"):
    compile_missing([(Slow(), ()), (Slow(), ())])
print("answer")
"""


@pytest.mark.parametrize(("width", "colour"), [(80, ""), (120, "1")])
def test_on_a_terminal_each_kernel_is_shown_and_then_nothing(width: int, colour: str) -> None:
    program = [sys.executable, "-c", COMPILING, "shown"]
    text = written_to_terminal(width, program, NO_COLOR=colour)
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", text).replace("\r", "\n").split("\n")
    drawn = [line for line in dict.fromkeys(lines) if line]
    once = ", once on this machine, "
    shown = list(dict.fromkeys(line.split(once)[0] for line in drawn if once in line))
    assert shown == ["Simulating: compiling 1 of 2 kernels", "Simulating: compiling 2 of 2 kernels"]
    assert max(map(len, drawn)) < width
    assert drawn[-1] == "answer"
    assert "\x1b[2K" in text[text.rindex("so far") : text.index("answer")]
    assert ("\x1b[36m" in text) == (not colour)


@pytest.mark.parametrize("how", ["shown", "quiet"])
def test_off_a_terminal_compiling_shows_no_bar(how: str) -> None:
    done = subprocess.run([sys.executable, "-c", COMPILING, how], capture_output=True, text=True, check=True)
    assert done.stdout == "answer\n"
    assert "of 2" not in done.stderr


@pytest.mark.parametrize("width", range(16, 121))
def test_the_bar_is_one_line_that_fits(clock: Clock, width: int) -> None:
    pace = Pace("trials", clock)
    before = bar_line("Telling apart", pace, width)
    assert len(before) <= width
    assert ("code" in before) == (width >= 40)
    pace.advance(1, 10**9)
    clock.now += 3600.0
    pace.advance(123_456_789, 10**9)
    line = bar_line("Telling apart", pace, width)
    assert len(line) <= width
    assert "\n" not in line
    if width >= 40:
        assert "12 %" in line
        assert "7.1 h left" in line


def test_the_way_never_goes_back_and_never_ends_before_the_work(clock: Clock) -> None:
    pace = Pace("trials", clock)
    percents = []
    for done, total in [
        (10, 1000),
        (500, 1000),
        (600, 6000),
        (700, 900),
        (900, 900),
        (900, 2000),
        (2000, 2000),
    ]:
        pace.advance(done, total)
        percents.append(pace.percent)
    assert percents == sorted(percents)
    assert percents[:2] == [1, 50]
    assert percents[-1] == 99
    assert "finishing" in bar_line("Sizing", pace, 79)


@pytest.mark.parametrize(("total", "share"), [(1000, 0.5), (800, 0.625)])
def test_of_a_total_that_stands_the_share_is_what_is_done(total: int, share: float) -> None:
    pace = Pace("trials")
    for done in range(0, 501, 7):
        pace.advance(done, total)
    pace.advance(500, total)
    assert pace.share == pytest.approx(share)


def test_a_log_gets_a_line_a_minute(clock: Clock) -> None:
    lines: list[str] = []
    pace = Pace("trials", clock)
    heart = Heartbeat("Simulating", pace, lines.append, clock)
    for _ in range(59):
        clock.now += 1.0
        heart.beat()
    assert lines == []
    clock.now += 1.0
    heart.beat()
    pace.advance(0, 40_000)
    clock.now += 60.0
    pace.advance(10_000, 40_000)
    heart.beat()
    heart.beat()
    assert lines == [
        "Simulating: compiling or loading code, 60 s so far\n",
        "Simulating: 25 % done, 167 trials/s, 2 min so far, 3 min left\n",
    ]


class Impatient(threading.Event):
    """Waits for nothing."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(0.0 if timeout == 1.0 else timeout)


@pytest.mark.parametrize(("more", "beats"), [([], True), (["-q"], False)], ids=["", "-q"])
def test_a_command_whose_remarks_go_to_a_file_beats(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, more: list[str], beats: bool
) -> None:
    """With minutes that pass at once, there is a line; the page is the same; with -q there is none."""
    page = cli("run", "small.toml", *FEW)[1]
    monkeypatch.setattr(module.threading, "Event", Impatient)
    monkeypatch.setattr(module, "_EVERY", 0.0)
    code, out, err = cli("run", "small.toml", "--trials", "1000", *more)
    assert (code, out) == (0, page)
    assert ("Simulating: " in err) == beats
    monkeypatch.undo()


def test_work_below_a_minute_says_nothing(cli: Cli) -> None:
    cli("run", "small.toml", *FEW)
    assert cli("run", "small.toml", "--trials", "1000")[2] == ""


def test_on_a_terminal_the_bar_leaves_nothing(cli: Cli) -> None:
    """Every line that is drawn fits, and the last thing that is done to it is to wipe it off."""
    width = 40
    text = on_terminal(width, "run", "small.toml", "--trials", "500000")
    head = text[: text.index("A small crossover")]
    drawn = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in re.split(r"[\r\n]", head)]
    assert any("so far" in line for line in drawn)
    assert max(map(len, drawn)) < width
    assert "\x1b[2K" in head[head.rindex("so far") :]


Told = list[tuple[int, int]]


def _shares(told: Told) -> list[float]:
    pace, shares = Pace(""), []
    for done, total in told:
        assert done <= total
        pace.advance(done, total)
        shares.append(pace.share)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    return shares


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> planner.Scenario:
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    path.write_text(
        SCENARIO
        + "[hypotheses.expected.uncertainty]\nsd_difference = { low = 7, high = 9 }\n"
        + "[monitoring]\nlooks = [12, 24]\n"
    )
    return planner.read(path)


Question = Callable[..., object]
QUESTIONS: dict[str, Question] = {
    "size": partial(planner.size, power=[0.8, 0.9], trials=300_000),
    "size of an effect": partial(planner.size, find="effect", hypotheses=["expected"], trials=100_000),
    "size by assurance": partial(
        planner.size, power=0.6, hypotheses=["expected"], uncertain=True, variants=300
    ),
    "precision": partial(planner.simulate, precision=0.002),
    "uncertain": partial(planner.simulate, uncertain=True, variants=100, trials=400_000),
    "discriminate": partial(planner.discriminate, draws=32),
}


SETTLED_EARLY = ("size", "size by assurance")
"""What takes the fewer trials, the clearer the answer is: the last step may be a long one."""


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_goes_one_way_and_not_to_the_end_at_once(plan: planner.Scenario, question: str) -> None:
    """As long as something is left to do, the way is not at its end; then it is."""
    told: Told = []
    QUESTIONS[question](plan, progress=lambda done, total: told.append((done, total)))
    shares = _shares(told)
    assert shares[0] < 0.2
    before = [share for (done, _), share in zip(told, shares, strict=True) if done < told[-1][0]]
    assert len(before) >= 2
    assert max(before) < 1.0
    assert shares[-1] == pytest.approx(1.0, abs=0.5 if question in SETTLED_EARLY else 1e-6)
