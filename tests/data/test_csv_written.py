"""CSV that commands write: no cell is a formula to a spreadsheet, and a virtual trial is read back."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.cli import main
from planner.cli.output import as_csv, frame_as_csv
from planner.data.csv_text import harmless, plain
from planner.data.long_format import read_patients
from planner.questions.weigh.data import observed_in
from planner.scenario.reading.read import read
from tests.support.commands import Cli, cli
from tests.support.patient_files import PLAN

__all__ = ["cli"]  # the fixture


def test_second_outcomes_of_a_virtual_trial_are_not_its_endpoint(cli: Cli) -> None:
    """Dissociation is analysed beside the endpoint: every line says of which outcome its value is."""
    analysis = 'analyses=[{contrast=["K","KN"]},{name="felt",outcome="dissociation",contrast=["K","KN"]}]'
    words = ["trial", "jelen-2025", "--set", analysis, "--replay", "2"]
    assert cli(*words, "--format", "csv", "-o", "trial.csv", "-q")[0] == 0
    trial = json.loads(cli(*words, "--json")[1])
    readings = [(r.get("outcome", ""), r["measure"], f"{r['day']:g}") for r in trial["readings"]]
    assert len({outcome for outcome, _, _ in readings}) == 2
    with Path("trial.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for patient in trial["patients"]:
        for reading, values in zip(readings, patient["values"], strict=True):
            for period, value in enumerate(values, 1):
                here = [
                    row
                    for row in rows
                    if row["subject"] == str(patient["subject"])
                    and row["period"] == str(period)
                    and (row["outcome"], row["measure"], f"{float(row['day']):g}") == reading
                ]
                assert [row["value"] for row in here] == ["" if value is None else str(value)]
    means = observed_in(read("jelen-2025", set=[analysis]), "trial.csv").means
    change = readings.index(("", "change", "1"))
    exact = [p["values"][change][p["sequence"].index("K")] for p in trial["patients"]]
    assert means["K"].mean == pytest.approx(sum(exact) / len(exact))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "''=1", "\t=1"])
def test_formulas_are_made_harmless(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert plain(harmless(text)) == text


@given(st.text(max_size=8))
def test_harmless_text_is_read_as_it_was(text: str) -> None:
    assert plain(harmless(text)) == text
    assert harmless(text)[:1] not in tuple("=+-@\t\r")


def test_numbers_are_no_formulas() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(["=a", "b"], [["-x", -5.0], [-3, ["@1", "2"]]]))))
    assert rows == [["'=a", "b"], ["'-x", "-5.0"], ["-3", "'@1;2"]]
    frame = polars.DataFrame(
        {"name": ["=x", "plain", None], "-value": [-1.5, 2.0, None], "flag": [True, False, None]}
    )
    rows = list(csv.reader(io.StringIO(frame_as_csv(frame))))
    assert rows == [
        ["name", "'-value", "flag"], ["'=x", "-1.5", "true"], ["plain", "2.0", "false"], ["", "", ""],
    ]  # fmt: skip


def test_every_command_writes_harmless_text(cli: Cli) -> None:
    """Names that are formulas, in every table that a command writes as CSV."""
    Path("evil.toml").write_text(
        PLAN.replace("hypotheses.eff", 'hypotheses."=1+1"').replace("patients = 6", "patients = 12")
    )
    few = ["--trials", "500", "-q", "--format", "csv"]
    result = ["--set", "observed.means={A={mean=5,n=6},B={mean=3,n=6}}"]
    for words in (
        ["run", "evil.toml", *few],
        ["run", "evil.toml", "--set", "design.patients=12,18", *few],
        ["size", "evil.toml", "--power", "0.5", *few],
        ["compare", "evil.toml", "evil.toml", *few],
        ["weigh", "evil.toml", *result, "-q", "--format", "csv"],
    ):
        code, out, err = cli(*words)
        assert code == 0, err
        cells = [cell for row in csv.reader(io.StringIO(out)) for cell in row]
        assert "'=1+1" in cells
        assert not [cell for cell in cells if cell[:1] in "=@" and cell]


def test_a_virtual_trial_is_read_back(cli: Cli) -> None:
    """Names that are formulas included, and measures that are no plain scores."""
    names = [("A", "B"), ("=A", "-B"), ("@A", "+B")]
    for (a, b), measure in [*((pair, "score") for pair in names), (names[1], "change")]:
        text = PLAN.replace('["A B", "B A"]', json.dumps([f"{a} {b}", f"{b} {a}"]))
        text = text.replace("{ A = 5.0, B = 3.0 }", f'{{ "{a}" = 5.0, "{b}" = 3.0 }}')
        Path("plan.toml").write_text(text + f'\n[endpoint]\nmeasure = "{measure}"\n')
        assert (
            main(
                ["trial", "plan.toml", "--replay", "3", "--format", "csv", "-o", "trial.csv", "--force", "-q"]
            )
            == 0
        )
        trial = json.loads(cli("trial", "plan.toml", "--replay", "3", "--json")[1])
        data = read_patients("trial.csv", measure, 1.0, ((a, b), (b, a)))
        assert [p.sequence for p in data.patients] == [tuple(p["sequence"]) for p in trial["patients"]]
        shown = [p["values"][0] for p in trial["patients"]]
        assert [[p.values[0], p.values[1]] for p in data.patients] == shown
        assert observed_in(read("plan.toml"), "trial.csv").means[a].n == 6
