"""`planner weigh`: the published results of the catalogue, what is told and how, and what is refused."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.questions.weigh.weigh import weigh
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read
from tests.support.commands import Cli, cli
from tests.support.naive_terms import course
from tests.support.naive_weighing import margins

__all__ = ["cli"]  # the fixture
ALIKE = ["direct-opioid", "indirect-opioid", "synergy"]


@pytest.fixture(scope="module")
def williams() -> dict[str, Any]:
    document: dict[str, Any] = weigh(read("williams-2018"), variants=150, name="williams-2018").to_json()
    return document


def of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["hypothesis"]: row for row in document["hypotheses"]}


@pytest.mark.long
def test_williams_speaks_against_all_that_is_free_of_opioids(williams: dict[str, Any]) -> None:
    rows = of(williams)
    ranked = sorted(rows, key=lambda name: rows[name]["weight"]["estimate"])
    assert set(ranked[:2]) == {"nmda-only", "expectancy"}
    for name in ranked[:2]:
        assert rows[name]["bayes_factor"]["estimate"] < 1e-3
    assert [name for name in rows if rows[name]["class"] == rows["synergy"]["class"]] == ALIKE
    assert sum(row["weight"]["estimate"] for row in rows.values()) == pytest.approx(1.0)
    assert [(test["p"], test["p_high"]) for test in williams["tests"]] == [(0.015625,) * 2, (0.0625,) * 2]
    most = williams["sensitivity"][0]  # the assumed placebo response: from little to the usual one
    assert most["path"] == "components.expectancy.otherwise, components.expectancy.size"
    assert most["beyond_chance"]
    assert most["moved"] > 0.1
    low, high = ([weight["estimate"] for weight in most[side]["class_weights"]] for side in ("low", "high"))
    by_name = {names[0]: i for i, names in enumerate(row["hypotheses"] for row in williams["classes"])}
    like_direct, permissive = by_name["direct-opioid"], by_name["permissive"]
    assert low[like_direct] > high[like_direct]
    assert low[permissive] < high[permissive]
    assert williams["schema"] == "planner.weigh/1"
    assert williams["stopping"]["treatment"] == "ignored"


def test_the_chances_of_a_mechanism_are_those_of_an_independent_simulation() -> None:
    """Cells of (response, remission) under K and KN by the naive model, then every table of 12 patients."""
    settings = ['simulation.hypotheses=["permissive"]', "observed.use=responders", "uncertainty={}"]
    scenario = read("williams-2018", set=settings)
    scenario = scenario.model_copy(
        update={
            "uncertainty": {},
            "hypotheses": {
                name: each.model_copy(update={"uncertainty": {}})
                for name, each in scenario.hypotheses.items()
            },
        }
    )
    found = weigh(scenario).to_json()["hypotheses"][0]["likelihood"]
    rng, n = np.random.default_rng(8), 60_000
    values = []
    for _ in range(8):
        cells = dict.fromkeys([(1, 1), (1, 0), (0, 1), (0, 0)], 0.0)
        for sequence in (("K", "KN"), ("KN", "K")):
            seen = course(scenario, "permissive", sequence, n // 16, [1.0], rng).reading(
                scenario, "response", 1.0
            )
            for row in seen.astype(int):
                k, kn = row if sequence[0] == "K" else row[::-1]
                cells[int(k), int(kn)] += 1 / (n // 8)
        values.append(margins(12, cells, (7, 0)))
    error = np.hypot(np.std(values, ddof=1) / np.sqrt(8), found["mcse"])
    assert abs(np.mean(values) - found["estimate"]) < 4 * error
    assert error < 0.02 * found["estimate"]


def test_jelen_is_weighed_by_its_statistic() -> None:
    document = weigh(read("jelen-2025"), variants=100).to_json()
    assert document["evidence"]["kind"] == "difference"
    assert document["tests"][0]["p"] == pytest.approx(0.023, abs=5e-4)  # as published
    rows = of(document)
    assert rows["nmda-only"]["bayes_factor"]["estimate"] < 0.3
    # Without opioids only what expectancy owes to them (up to 0.3 of it) can be lost.
    assert -1.5 < rows["nmda-only"]["expected"][0]["mean"] < 0.0


def test_abdallah_leaves_open_who_was_seen_twice() -> None:
    document = weigh(read("abdallah-2020"), variants=100).to_json()
    assert [(g["treatments"], g["patients"]) for g in document["evidence"]["groups"]] == [
        (["KR", "K"], 15),
        (["KR"], 2),
    ]
    row = next(row for row in document["sensitivity"] if row["path"] == "observed.paired")
    assert (row["low"]["value"], row["high"]["value"]) == (12.0, 15.0)
    rows = of(document)
    weights = {name: row["weight"]["estimate"] for name, row in rows.items()}
    assert min(weights, key=lambda name: weights[name]) == "rapamycin-inert"


@pytest.mark.long
def test_table_json_csv_and_markdown_say_the_same(cli: Cli, tmp_path: Path) -> None:
    options = ["weigh", "williams-2018", "--variants", "10", "--virtual-patients", "128", "-q"]
    code, table, _ = cli(*options)
    found = json.loads(cli(*options, "--json")[1])
    assert code == 0
    assert "How probable is the result" in table
    assert "NMDA block only" in table
    rows = list(csv.DictReader(io.StringIO(cli(*options, "--format", "csv")[1])))
    assert [row["hypothesis"] for row in rows] == [row["hypothesis"] for row in found["hypotheses"]]
    assert float(rows[3]["weight_estimate"]) == found["hypotheses"][3]["weight"]["estimate"]
    assert cli(*options, "-o", str(tmp_path / "w.md"))[0] == 0
    assert "| Permissive opioid tone" in (tmp_path / "w.md").read_text(encoding="utf-8")
    again = table.rstrip().split("\n")[-1].strip().removeprefix("planner ").split()
    assert cli(*again, "-q")[1] == table


def test_hypotheses_that_share_their_figures_stand_below_one_another(cli: Cli) -> None:
    """No line of a table is much wider than a page, piped or pasted."""
    options = ["weigh", "williams-2018", "--variants", "12", "--virtual-patients", "256", "-q"]
    table = cli(*options)[1].split("\n")
    assert max(map(len, table)) <= 88
    assert sum(line == "= NMDA and mu in synergy" for line in table) == 3
    observed = table[table.index("What each predicts") + 4].split()
    assert " ".join(observed) == "Observed 7 of 12 5 of 12 0 of 12 0 of 12"
    pasted = cli(*options, "--format", "md")[1].split("\n")
    assert sum(line.startswith("| = NMDA and mu in synergy ") for line in pasted) == 3
    assert not any(line.startswith("| ") and len(line) > 100 for line in pasted)
    means = cli("weigh", "jelen-2025", "--variants", "20", "--virtual-patients", "256", "-q")[1]
    assert "Observed " not in means.partition("What each predicts")[2]  # only a test statistic was reported


def test_priors_are_taken_and_refused(cli: Cli) -> None:
    options = ["weigh", "abdallah-2020", "--variants", "40", "--virtual-patients", "128", "-q", "--json"]
    even = of(json.loads(cli(*options)[1]))
    more = of(json.loads(cli(*options, "--prior", "nmda-only=3, expectancy=1")[1]))
    first, second = (
        rows["nmda-only"]["weight"]["estimate"] / rows["expectancy"]["weight"]["estimate"]
        for rows in (even, more)
    )
    assert second == pytest.approx(3 * first)
    for wrong in ("nmda-only", "nmda-only=x", "=2", "nobody=2", "nmda-only=-1"):
        code, out, err = cli(*options, "--prior", wrong)
        assert (code, out) == (2, "")
        assert "error:" in err


def test_a_scenario_without_a_result_is_refused(cli: Cli) -> None:
    code, out, err = cli("weigh", "asthma-ab-ba")
    assert (code, out) == (2, "")
    assert "states no observed result" in err


@pytest.mark.parametrize(
    ("setting", "path", "message"),
    [
        ("observed.responders.K=[13,12]", "observed.responders.K", "13 of 12 cannot be"),
        ("observed.remitters.K=[5,11]", "observed.remitters.K", "is of 11 patients"),
        ("observed.stopped_at=3", "observed.stopped_at", "2 looks are planned"),
        ("observed.day=2", "observed.day", "nobody is assessed on day 2"),
        ("observed.use=means", "observed.use", "there are no means"),
        ("observed.paired=13", "observed.paired", "more than the 12"),
        ("observed.citation=nobody", "observed.citation", "no citation nobody"),
        ("observed.pairs={both=1,only={K=6,KN=0},neither=5}", "observed.pairs", "`responders` 0 of 12"),
        ('observed.difference={contrast=["K","KN"]}', "observed.difference", "says no result"),
        ('observed.difference={contrast=["K","KN"],t=2}', "observed.difference", "`df` is missing"),
        ('observed.difference={contrast=["K","K"],t=2,df=9}', "observed.difference.contrast", "with itself"),
        (
            'observed.difference={contrast=["K","KN"],estimate=-3,interval=[-2,-1]}',
            "observed.difference.interval",
            "does not contain the estimate",
        ),
    ],
)
def test_contradictions_are_told_with_their_place(setting: str, path: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read("williams-2018", set=[setting])
    faults = [fault for fault in caught.value.faults if fault.path == path]
    assert any(message in fault.message for fault in faults), caught.value
