"""`show` says every number of the population, whatever the family; labels say what things are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planner.cli import main
from planner.model.allocation import retention
from planner.model.entry import enrolment
from planner.questions.plan import plan_trial
from planner.questions.replay.replay import replay
from planner.report.render.markdown import Markdown
from planner.report.scenario.context import page_context
from planner.report.scenario.dropout import leavers, returners
from planner.report.scenario.population import patients
from planner.results.number_text import percent, plain, signed
from planner.scenario.canonical.resolved import resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.faults import ScenarioError, dotted
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario

POPULATION = """
[population]
baseline = { mean = 21.3, sd = 4.7, at_least = 19.0 }
entry = "baseline"
rating_sd = 2.9
occasion_sd = 0.13
period_effect = [0.31, -0.77]
dropout = { per_period = 0.07, before_first = 0.03 }
"""
DESIGN = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 40
washout_days = 14
"""
MECHANISM = """
[agents]
d = {}
[treatments]
A = { agents = ["d"] }
B = {}
[signals]
s = { activated_by = { d = 1 } }
[components.c]
size = { mean = 0.4, sd = 0.1 }
half_life_days = 2.0
[hypotheses.h]
terms = [{ component = "c", needs = ["s"] }]
"""
FAMILIES = {
    "means": DESIGN
    + POPULATION
    + "sequence_effect = [0.0, 1.9]\n[hypotheses.h]\nmeans = { A = 17.0, B = 20.0 }\n"
    + "sd_within = 4.0\nsd_between = 5.0\n",
    "means with baselines": DESIGN
    + 'baselines = "period"\n'
    + POPULATION
    + "[hypotheses.h]\nmeans = { A = 17.0, B = 20.0 }\nsd_within = 4.0\nsd_between = 5.0\n"
    + "baseline_correlation = { own = 0.5, cross = 0.4, between = 0.4 }\n",
    "rates": DESIGN + POPULATION + "[hypotheses.h]\nrates = { A = 0.5, B = 0.3 }\ncorrelation = 0.2\n",
    "terms": DESIGN + MECHANISM + POPULATION,
    "terms, who leaves": DESIGN
    + MECHANISM
    + POPULATION.replace(
        "before_first = 0.03 }",
        "before_first = 0.03, odds_ratio = { improvement = 0.83, treatment = { A = 1.37 }, "
        "endpoint = { ratio = 1.21, per = 2.3, around = -5.7 } } }",
    ),
}


def told(scenario: Scenario) -> str:
    """All that is said of the population and of who leaves, without anything that is simulated."""
    enrolled = enrolment(scenario) if "terms" in str(type(scenario.hypotheses["h"])).casefold() else None
    lines = [*returners(scenario), *leavers(scenario, retention(scenario))]
    return "\n".join([Markdown().page(patients(scenario, enrolled)), *lines]).replace("\\", "")


def leaves(node: Any, above: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None
    if inside is None:
        return [above]
    return [path for part, item in inside for path in leaves(item, (*above, part))]


def check_all_shown(text: str) -> int:
    """Fail if a number of the population can be changed without a word of it; answers how many there are."""
    scenario = read_text(text)
    full = to_toml(scenario)
    before, seen = told(scenario), 0
    for path in leaves(resolve(scenario)["population"], ("population",)):
        old: Any = resolve(scenario)
        for part in path:
            old = old[part]
        new: Any = "screening" if isinstance(old, str) else 0.0671 if 0 <= old < 1 else old + 0.0137
        try:
            other = read_text(full, set=[f"{dotted(path)}={json.dumps(new)}"])
        except ScenarioError:
            assert path[1] == "sequence_effect", path  # acts on means only, and is refused elsewhere
            continue
        after = told(other)
        assert after != before, f"{dotted(path)} is not shown"
        if not isinstance(new, str):
            assert any(word in after for word in (plain(new), percent(new), signed(new))), dotted(path)
        seen += 1
    return seen


@pytest.mark.parametrize("family", FAMILIES)
def test_every_number_of_the_population_is_shown(family: str) -> None:
    assert check_all_shown(FAMILIES[family]) >= 10


def test_the_check_would_miss_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from planner.report.scenario import population as explain_population

    monkeypatch.setattr(explain_population, "_noise", lambda *_: [])
    with pytest.raises(AssertionError, match="rating_sd"):
        check_all_shown(FAMILIES["terms"])


def page(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    file = tmp_path / "scenario.toml"
    file.write_text(text)
    assert main(["show", str(file)]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_the_page_of_a_mechanism_has_the_patients(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = page(FAMILIES["terms"], tmp_path, capsys)
    for words in (
        "Patients • True severity at baseline: mean 21.3, SD 4.7",
        "Error of one rating: SD 2.9 points",
        "13 % of the severity",
        "first baseline is at least 19",
        "7 % leave between the periods",
        "+0.31 in period 1 and -0.77 in period 2 (points)",
    ):
        assert words in said, words


def test_rates_are_no_score_in_points(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = page(FAMILIES["rates"], tmp_path, capsys)
    assert "Response, yes or no; the more patients, the better." in said
    assert "Score (points)" not in said
    assert "+0.31 in period 1 and -0.77 in period 2, in SDs of the latent normal scale" in said
    remission = FAMILIES["rates"].replace("[hypotheses", '[endpoint]\nmeasure = "remission"\n[hypotheses')
    assert "Remission, yes or no" in page(remission, tmp_path, capsys)
    named = remission.replace("[endpoint]", '[endpoint]\nlabel = "Free of attacks"')
    assert "Free of attacks: remission, yes or no" in page(named, tmp_path, capsys)


def test_what_counts_as_a_response_is_said_with_the_scale() -> None:
    text = FAMILIES["terms"] + '[endpoint]\nscale = "HAM-D17"\nmeasure = "MEASURE"\n'
    found = {}
    for measure in ("response", "remission", "change", "score"):
        scenario = read_text(text.replace("MEASURE", measure))
        found[measure] = page_context(scenario, plan_trial(scenario), "").endpoint
    name = "Hamilton Depression Rating Scale, 17 items (points"
    assert (
        found["response"] == f"{name}; lower is better), as response: a fall by 50 % of the baseline or more"
    )
    assert found["remission"] == f"{name}; lower is better), as remission: 7 or less"
    assert found["change"] == f"{name}), as change from baseline; lower is better"
    assert found["score"] == f"{name}); lower is better"


def test_a_trial_as_data_has_score_and_baseline() -> None:
    """Of every measure the value is made of the score and the baseline that stand beside it."""
    readings = ("change", "percent-change", "response", "remission", "score")
    text = FAMILIES["terms"] + '[endpoint]\nscale = "HAM-D17"\n'
    text += "".join(f'[[analyses]]\nname = "{m}"\nmeasure = "{m}"\ncontrast = ["A", "B"]\n' for m in readings)
    rows = replay(read_text(text), 5).rows()
    seen = 0
    for row in rows:
        y, b = row["score"], row["baseline"]
        if row["value"] is None:
            assert (y, b) == (None, None)
            continue
        made = {
            "change": y - b,
            "percent-change": 100.0 * (y - b) / b if b else 0.0,
            "response": float(y <= 0.5 * b),
            "remission": float(y <= 7),
            "score": y,
        }[row["measure"]]
        assert row["value"] == made
        seen += 1
    assert seen > 300
    assert list(rows[0])[:8] == [
        "subject",
        "sequence",
        "period",
        "treatment",
        "measure",
        "day",
        "value",
        "score",
    ]


def test_families_without_scores_or_baselines_have_no_such_columns() -> None:
    rates, means = (replay(read_text(FAMILIES[family]), 0) for family in ("rates", "means"))
    plain = {"subject", "sequence", "period", "treatment", "value"}
    assert set(rates.rows()[0]) == plain | {"measure", "day"}  # a response, which is no score
    assert all(row["score"] == row["value"] for row in means.rows())
    assert "baseline" not in means.rows()[0]
    assert "scores" not in rates.to_json()["patients"][0]
    measured = replay(read_text(FAMILIES["means with baselines"]), 0)
    assert len({row["baseline"] for row in measured.rows()}) > 40
    assert len(measured.to_json()["patients"][0]["baselines"]) == 2
