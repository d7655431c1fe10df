"""What people read: figures rounded with their error, hostile names made harmless, nothing shredded."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from planner.cli import terminal as console
from planner.cli.progress import progress
from planner.report.blocks import Code, Column, Facts, Heading, Items, Prose, Sheet
from planner.report.context import PageContext
from planner.report.pages.run import run_page
from planner.report.pages.run_tables import too_high
from planner.report.render.markdown import Markdown
from planner.report.render.renderer import Medium
from planner.report.render.terminal import Terminal
from planner.results.effect_scale import Unit
from planner.results.number_text import estimated, fixed, plain, plus_minus, signed
from planner.scenario.text import count, listed, visible
from tests.support.typed import cell_of, run_of

HOSTILE = [
    "[red]x[/red]",
    "\x1b[31mred",
    "a\x00b",
    "tab\there",
    "right\u202eleft",
    "x" * 200,
    "| a | b |",
    "Ünïcödé ±",
]


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.81234, 0.00123, "81.2 ± 0.1 %"),
        (0.81234, 0.00097, "81.2 ± 0.1 %"),
        (0.05, 0.0007, "5.00 ± 0.07 %"),
        (0.0, 0.00002, "0.000 ± 0.002 %"),
        (0.5, 0.05, "50 ± 5 %"),
        (0.5, 0.2, "50 ± 20 %"),
        (1.0, 0.0, "100 %"),
        (None, None, "–"),
    ],
)
def test_estimate_and_error_are_rounded_together(value: float, error: float, text: str) -> None:
    assert plus_minus(value, error, percent=True) == text


def test_numbers() -> None:
    assert plus_minus(-0.0004, 0.01) == "0.00 ± 0.01"
    assert plus_minus(0.31, 0.02, sign=True) == "+0.31 ± 0.02"
    assert plus_minus(-0.31, 0.02, sign=True) == "-0.31 ± 0.02"
    assert fixed(-0.0, 1) == "0.0"
    assert plain(30.0) == "30"
    assert plain(1234567.0) == "1,234,567"
    assert plain(float("nan")) == "–"
    assert plain(0.00079) == "0.00079"
    assert signed(18.8) == "+18.8"
    assert signed(0.0) == "0"
    assert count(1, "patient") == "1 patient"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert estimated(None) == "–"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_reach_no_terminal_unescaped(text: str) -> None:
    blocks = [
        Heading(text, 1),
        Prose(text),
        Items([text]),
        Facts([(text, text)]),
        Sheet([Column(text, number=False), Column("n")], [[text, "1"]]),
        Code(text),
    ]
    for width in (40, 80, 120):
        for colour in (False, True):
            shown = Terminal(Medium(width, wide=False, colour=colour)).page(blocks)
            # Only the escapes of our own styles may be there, and they never follow the user's text.
            assert not re.sub(r"\x1b\[[0-9;]*m", "", shown).translate({10: None}).count("\x1b")
            assert "\x1b[31m" not in shown
            assert not set(shown) & {"\x00", "\t", "\u202e", "\r", "\x9b"}
    assert visible(text) in Terminal().page([Code(text)])


@pytest.mark.parametrize("width", [50, 80, 120])
def test_tables_fit_the_terminal_and_break_no_number(width: int) -> None:
    shown = Terminal(Medium(width, wide=False)).page(run_page(run_of(fake()), SETTING))
    assert max(len(line) for line in shown.splitlines() if "planner run" not in line) <= width
    for number in (
        "81.2 ± 0.1 %",
        "46.03 ± 0.02",
        "42.81 ± 0.02",
        " 5.00 ± 0.07 %",
        "95.01 ± 0.07 %",
        "0.000 ± 0.002 %",
    ):
        assert number in shown
    for word in ("Completers", "Coverage", "Futility", "type I error"):
        assert word.lower() in shown.lower()


@pytest.mark.parametrize("width", range(40, 140, 7))
def test_no_figure_is_lost_at_any_width(width: int) -> None:
    names = ["The smallest change that patients notice, 18.8 L/min", "short", "x" * 70]
    figures = ["100.00000 ± 0.00004 %", "type I error\n51.9218 ± 0.0012", "+46.6", "–"]
    titles = ["Power", "Expected patients", "Exaggeration if significant", "Coverage of the interval"]
    columns = [Column("Hypothesis", number=False), Column("Analysis", number=False), *map(Column, titles * 2)]
    rows = [[name, "hills-armitage", *figures[i:], *figures[:i], *figures] for i, name in enumerate(names)]
    shown = Terminal(Medium(width, wide=False)).page([Sheet(columns, rows)])
    assert max(map(len, shown.splitlines())) <= width
    for text in (line for figure in figures for line in figure.split("\n")):
        assert len(re.findall(rf"(?<!\S){re.escape(text)}(?!\S)", shown)) == 2 * len(rows)


def test_off_a_terminal_every_row_is_one_line() -> None:
    shown = Terminal(Medium(80, wide=True)).page(run_page(run_of(fake()), SETTING))
    row = next(line for line in tables_of(shown).splitlines() if "81.2 ± 0.1 %" in line)
    assert SETTING.hypotheses["effect"] in row


def tables_of(page: str) -> str:
    """The page without the sentences that answer first."""
    return page[page.index("Does the trial find a difference?") :]


def test_markdown_is_a_table_that_shows_names_literally() -> None:
    text = Markdown().page([Sheet([Column("a|b", number=False), Column("n")], [["<script>*x*", "1"]])])
    assert text.splitlines()[0].startswith("| a\\|b")
    assert "\\<script\\>\\*x\\*" in text
    assert re.fullmatch(r"\| -+ \| -+: \|", text.splitlines()[1])


def test_ascii_streams_get_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    console.write("81.2 ± 0.1 % – 12 µg → é ─\n", stream)
    stream.flush()
    assert raw.getvalue() == b"81.2 +/- 0.1 % - 12 ug -> \\xe9 -\n"


def test_type_one_error_is_named_and_flagged() -> None:
    shown = Terminal().page(run_page(run_of(fake()), SETTING))
    assert "type I error 5.00 ± 0.07 %" in shown
    assert "too high" not in shown
    bad = fake()
    bad["cells"][1]["power"] = figure(0.06, 0.0007)
    assert too_high(cell_of(bad["cells"][1]))
    assert "too high" in Terminal().page(run_page(run_of(bad), SETTING))


def test_carryover_is_named_as_the_likely_reason() -> None:
    bad = fake()
    bad["cells"][1]["power"] = figure(0.06, 0.0007)
    guilty = replace(SETTING, carryover={"none": "carryover: 3 points from F", "effect": "carryover: none"})
    shown = " ".join(Terminal().page(run_page(run_of(bad), guilty)).split())
    assert "type I error too high (carryover?) 6.00 ± 0.07 %" in shown
    assert "by more than Monte Carlo error. The likely reason is carryover: 3 points from F." in shown
    fine = Terminal().page(run_page(run_of(fake()), guilty))
    assert "carryover?" not in fine
    assert "likely reason" not in fine


def twins(labels: tuple[str, ...] = ("one", "two", "three", "four")) -> tuple[dict[str, Any], PageContext]:
    """A result in which four hypotheses cannot be separated, and a fifth differs."""
    result = fake()
    first, other = result["cells"]
    result["cells"] = [{**first, "hypothesis": f"h{i}"} for i in range(4)] + [other]
    names = {f"h{i}": label for i, label in enumerate(labels)} | {"none": "No difference"}
    return result, replace(SETTING, hypotheses=names, classes=[[f"h{i}" for i in range(4)], ["none"]])


def test_inseparable_hypotheses_share_their_rows() -> None:
    result, setting = twins()
    for text in (
        Terminal().page(run_page(run_of(result), setting)),
        Markdown().page(run_page(run_of(result), setting)).replace("| ", "").replace(" |", ""),
    ):
        assert tables_of(text).count("81.2 ± 0.1 %") == 1
        assert len(re.findall(r"^= (?:two|three|four)\b", text, re.M)) == 9
        assert "this design cannot separate" in " ".join(text.split())
    for name in ("one", "two", "three", "four"):
        assert Terminal().page(run_page(run_of(result), setting)).count(name) >= 3


def test_equal_results_of_hypotheses_that_differ_stay_apart() -> None:
    """And so do results that differ of hypotheses that should not."""
    result, setting = twins()
    text = Terminal().page(run_page(run_of(result), replace(setting, classes=[])))
    assert tables_of(text).count("81.2 ± 0.1 %") == 4
    result["cells"][2] = {**result["cells"][2], "power": figure(0.7, 0.001)}
    text = Terminal().page(run_page(run_of(result), setting))
    assert tables_of(text).count("81.2 ± 0.1 %") == 1
    assert "70.0 ± 0.1 %" in text


@pytest.mark.parametrize("width", [50, 80, 120])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_of_inseparable_hypotheses(text: str, width: int) -> None:
    result, setting = twins((text, f"{text}!", f"{text}?", f"{text}."))
    shown = Terminal(Medium(width, wide=False)).page(run_page(run_of(result), setting))
    assert not set(shown) & {"\x1b", "\x00", "\t", "\u202e", "\r", "\x9b"}
    assert max(len(line) for line in shown.splitlines() if "planner run" not in line) <= max(width, 203)


def test_units_are_never_mixed_in_a_column() -> None:
    result = fake()
    result["cells"] += [{**cell, "analysis": "response", "true_effect": 0.48} for cell in result["cells"]]
    units = {**SETTING.units, "response": Unit("percentage points", 100.0)}
    lines = {**SETTING.analyses, "response": "McNemar's test"}
    text = Terminal().page(run_page(run_of(result), replace(SETTING, units=units, analyses=lines)))
    assert " or percentage points" not in text
    assert text.count("True effect (L/min)") == text.count("True effect (percentage points)") == 1
    assert text.count("Analysis response, in percentage points:") == 3
    assert "+48 " in text


def test_means_over_few_trials_are_left_out() -> None:
    result = fake()
    cell = result["cells"][0]
    cell["looks"][0]["efficacy"] = figure(0.0004, 0.0001)
    text = Terminal().page(run_page(run_of(result), SETTING))
    assert "+5.32" in text  # of the other hypothesis
    cell = result["cells"][1]
    cell["looks"][0]["efficacy"] = figure(0.0, 0.00001)
    text = Terminal().page(run_page(run_of(result), SETTING))
    assert "+5.32" not in text
    assert "fewer than 50 trials" in text
    assert "fewer than 50 trials" not in Terminal().page(run_page(run_of(fake()), SETTING))


def test_one_look_has_no_stopping_columns() -> None:
    single = fake()
    for cell in single["cells"]:
        cell["looks"] = cell["looks"][-1:]
    shown = Terminal().page(run_page(run_of(single), SETTING))
    assert "Stops early" not in shown
    assert "if stopped" not in shown


def stopping_for_both(futile: float) -> dict[str, Any]:
    """A result in which such a share of the trials stops for futility."""
    result = fake()
    for cell in result["cells"]:
        cell["looks"][0]["futility"] = figure(futile, 0.0009)
        cell["estimate"] |= {"bias_given_futility": -3.127, "bias_given_futility_mcse": 0.05}
    return result


def test_bias_after_a_stop_is_told_by_its_reason() -> None:
    """Efficacy makes an estimate too large, futility too small: their mixture says nothing of either."""
    shown = Terminal().page(run_page(run_of(stopping_for_both(0.1)), SETTING))
    titles = " ".join(shown.split())
    assert "Bias if stopped for efficacy" in titles
    assert "Bias if stopped for futility" in titles
    assert "Bias if stopped early" not in titles
    assert "+5.32 ± 0.04" in shown
    assert "-3.13 ± 0.05" in shown
    assert "4.21" not in shown
    without = Terminal().page(run_page(run_of(fake()), replace(SETTING, futility=False)))
    assert "Bias if stopped for efficacy" in " ".join(without.split())
    assert "for futility" not in without


def test_a_reason_for_which_few_trials_stop_has_no_bias() -> None:
    shown = Terminal().page(run_page(run_of(stopping_for_both(0.0003)), SETTING))
    assert "+5.32 ± 0.04" in shown
    assert "-3.13" not in shown
    assert "fewer than 50 trials" in " ".join(shown.split())


def test_expected_patients_says_what_it_assumes() -> None:
    said = "Expected patients assumes that nobody is randomised while others are in follow-up."
    shown = " ".join(Terminal().page(run_page(run_of(fake()), SETTING)).split())
    assert shown.count(said) == 1
    assert shown.index(said) < shown.index("When does it stop?")  # beside the figure
    single = fake()
    for cell in single["cells"]:
        cell["looks"] = cell["looks"][-1:]
    assert said not in " ".join(Terminal().page(run_page(run_of(single), SETTING)).split())


def test_partial_is_said_first() -> None:
    partial = fake()
    partial["partial"] = True
    shown = Terminal().page(run_page(run_of(partial), SETTING))
    assert "PARTIAL" in shown.split("Does the trial")[0]


def test_progress_is_silent_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Simulating") as advance:
        if advance is not None:  # there is a line a minute
            advance(1, 2)
    assert capsys.readouterr() == ("", "")


SETTING = PageContext(
    question="Does it work?",
    design="52 patients randomised: 26 to F then S and 26 to S then F",
    endpoint="Peak flow (L/min); higher is better",
    units={"hills-armitage": Unit("L/min")},
    hypotheses={"effect": "The published difference, 46.6 L/min", "none": "No difference"},
    analyses={"hills-armitage": "Two-sample t test; F minus S; alpha 0.05, two-sided"},
    futility=True,
    assumed=["population.dropout.per_period"],
    sourced=True,
    command="planner run example --trials 100000 --seed 1",
)


def figure(estimate: float, mcse: float) -> dict[str, float]:
    return {"estimate": estimate, "mcse": mcse, "low": estimate - 2 * mcse, "high": estimate + 2 * mcse}


def fake() -> dict[str, Any]:
    """A result in the form of the JSON contract."""
    estimate = {
        "mean": 46.6312,
        "mean_mcse": 0.02,
        "bias": 0.0312,
        "bias_mcse": 0.02,
        "error_range": 400.0,
        "beyond_range": {"estimate": 0.0, "mcse": 0.0, "low": 0.0, "high": 0.0},
        "empirical_se_is_rough": False,
        "empirical_se": 6.3,
        "empirical_se_mcse": 0.01,
        "rmse": 6.3,
        "rmse_mcse": 0.01,
        "coverage": figure(0.9501, 0.0007),
        "bias_given_early_stop": 4.212,
        "bias_given_early_stop_mcse": 0.03,
        "bias_given_early_efficacy": 5.318,
        "bias_given_early_efficacy_mcse": 0.04,
        "bias_given_futility": None,
        "bias_given_futility_mcse": None,
        "exaggeration_given_efficacy": 1.021,
        "exaggeration_given_efficacy_mcse": 0.002,
        "wrong_sign": figure(0.0, 0.00002),
    }
    effect = {
        "hypothesis": "effect",
        "analysis": "hills-armitage",
        "alpha": 0.05,
        "alternative": "two-sided",
        "patients": 52,
        "true_effect": 46.6,
        "is_null": False,
        "power": figure(0.81234, 0.00123),
        "stopped_early": figure(0.2341, 0.0013),
        "looks": [
            look(1, 26, figure(0.2341, 0.0013), figure(0.0, 0.00002)),
            look(2, 52, figure(0.5782, 0.0016), figure(0.0, 0.00002)),
        ],
        "expected_patients": figure(46.0312, 0.02),
        "expected_completers": figure(42.81, 0.02),
        "estimate": estimate,
        "undefined": figure(0.0, 0.00002),
        "sweep": {},
        "note": "",
    }
    nothing = {**json.loads(json.dumps(effect)), "hypothesis": "none", "true_effect": 0.0, "is_null": True}
    nothing["power"] = figure(0.05, 0.0007)
    nothing["estimate"] |= {"exaggeration_given_efficacy": None, "exaggeration_given_efficacy_mcse": None}
    return {
        "schema": "planner.run/1",
        "scenario": {"name": "example", "title": "An example", "digest": "0123456789abcdef"},
        "run": {
            "trials": 100000,
            "seed": 1,
            "planner": "0.1.0",
            "engine": "1",
            "seconds": 0.1,
            "trials_per_second": 1e6,
        },
        "cells": [effect, nothing],
        "partial": False,
        "warnings": [],
    }


def look(
    number: int, patients: int, efficacy: dict[str, float], futility: dict[str, float]
) -> dict[str, Any]:
    return {
        "look": number,
        "information": patients / 52,
        "patients": patients,
        "efficacy_z": 0.0,
        "futility_z": 0.0,
        "efficacy": efficacy,
        "futility": futility,
    }
