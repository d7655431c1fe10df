"""A scenario told in plain English: mechanisms in words, predictions, what a design cannot tell apart."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from planner.cli import main
from planner.engine.potential_outcomes import TILES, potential_means
from planner.model.carryover import unequal_carryover
from planner.model.distinguishable import indistinguishable
from planner.questions import predict as predicted
from planner.questions.plan import plan_trial
from planner.questions.predict import HypothesisPredictions, predict
from planner.report.render.markdown import Markdown
from planner.report.render.renderer import Medium
from planner.report.render.terminal import Terminal
from planner.report.scenario.context import page_context
from planner.report.scenario.defaults import default_lines
from planner.report.scenario.scenario import scenario_blocks
from planner.results.contract import as_json
from planner.results.effect_scale import Unit
from planner.scenario.reading.read import read, read_text
from planner.scenario.scenario import Scenario

MECHANISMS = """\
schema_version = 1
title = "A and B"

[agents]
d = { label = "drug", dose = "10 mg" }
x = { label = "blocker", occupancy = 0.8, half_life_days = 7.0 }
slow = { label = "slow release", prolongs = { "*" = 4 } }

[treatments]
A = { label = "drug alone", agents = ["d"] }
B = { label = "drug and blocker", agents = ["d", "x"] }

[design]
sequences = ["A B", "B A"]
patients = 24
washout_days = 14
assessment_days = [1, 7]

[population]
baseline = { mean = 30.0, sd = 4.0 }

[endpoint]
scale = "MADRS"
day = 1

[signals]
key = { label = "key receptor", activated_by = { d = 1.0 }, blocked_by = { x = 1.0 } }
relay = { label = "relay", activated_by_signal = { key = 0.5 } }
tone = { label = "tone", base = 1.0, blocked_by = { x = 0.5 } }
unused = { label = "unused signal", activated_by = { slow = 1.0 } }

[components.gain]
label = "gain"
share = 0.6
size = { mean = 0.5, sd = 0.1 }
half_life_days = { median = 8.0, log_sd = 1.0 }

[hypotheses.direct]
label = "Direct"
terms = [{ component = "gain", needs = ["key"] }]

[hypotheses.twin]
label = "Twin"
terms = [{ component = "gain", needs = ["key"] }]

[hypotheses.partial]
label = "Partial"
terms = [{ component = "gain", needs = [{ signal = "tone", gate = 0.4 }] }]

[hypotheses.relayed]
terms = [{ component = "gain", needs = ["relay", "key"] }]

[hypotheses.nothing]
terms = [{ component = "gain" }]

[hypotheses.inert]
terms = [{ component = "gain", needs = ["unused"] }]
"""


def told(scenario: Scenario, foreseen: HypothesisPredictions | None = None) -> str:
    blocks = scenario_blocks(
        scenario, plan_trial(scenario, effects=True), foreseen or predict(scenario, tiles=64), []
    )
    return " ".join(Terminal().page(blocks).split())


@pytest.fixture(scope="module")
def mechanisms() -> str:
    return told(read_text(MECHANISMS))


@pytest.mark.parametrize(
    "words",
    [
        "drug In A and B: 10 mg.",
        "blocker In B. It occupies 80 % of its receptors, half of that after 7 days.",
        "60 % of the patients lose 50 % (SD 10) of their severity, the others nothing.",
        "then half in 8 days (median; 2.9 to 22 in the middle two thirds of the patients)",
        "Direct. Gain needs key receptor, which drug gives and blocker blocks by 80 %.",
        "Gain needs tone, which is there without any drug and blocker blocks by 40 % (in part: without it "
        "60 % of the effect is left).",
        "Gain needs relay, which key receptor (which drug gives and blocker blocks by 80 %) sets off to 50 %",
        "Gain is always there. True effect A - B: none",
        "Gain needs unused signal, which nothing in this trial gives.",
        "“Direct” and “Twin” predict the same for every treatment and period of this design",
        "Under “nothing” and “inert” alike, the treatments do not differ",
        "14 days after a dosing, blocker of B occupies 20 % of its receptors (80 % at the dosing).",
        "Monte Carlo standard errors are at most",
    ],
)
def test_mechanisms_are_told_in_words(mechanisms: str, words: str) -> None:
    assert words.lower() in mechanisms.lower()


def test_nothing_is_told_of_what_the_trial_does_not_give(mechanisms: str) -> None:
    assert "slow release" not in mechanisms


def test_what_a_hypothesis_changes_in_an_agent_is_told() -> None:
    told_of = told(read("abdallah-2020"))
    assert "multiplies the half-life of all improvement of its period by 8" in told_of
    assert "Rapamycin lowers and prolongs nothing." in told_of
    assert "Also described, but not simulated here: direct-opioid" in told_of
    assert "Naltrexone lowers the level of ketamine by 60 %." in told(read("williams-2018"))


def test_every_family_of_hypotheses_is_told_in_words() -> None:
    scenario = read_text(
        'schema_version = 1\ndesign = { sequences = ["A B", "B A"], patients = 24 }\n'
        "hypotheses.m = { means = { A = 5.0, B = 0.0 }, sd_difference = 8.0, carryover = { A = 1.0 } }\n"
    )
    assert "Carried over into the next period: +1 from A." in told(scenario)
    rates = read_text(
        'schema_version = 1\ndesign = { sequences = ["A B", "B A"], patients = 24 }\n'
        "hypotheses.r = { rates = { A = 0.58, B = 0.1 }, correlation = 0.3 }\n"
    )
    words = told(rates)
    assert "Responders: 58 % on A and 10 % on B." in words
    assert "correlate 0.3 on the latent scale" in words
    assert re.search(r"True effect A - B: \+48 percentage points\.", words)
    plan = plan_trial(rates, effects=True)
    assert list(page_context(rates, plan, "planner run x").units.values()) == [
        Unit("percentage points", 100.0)
    ]


def test_no_effect_is_told_once_for_all_analyses() -> None:
    words = told(read("williams-2018"))
    null = words[words.index("NMDA block only.") : words.index("Direct mu-opioid agonism.")]
    assert null.count("True effect") == 1
    assert "change -11.29" in words
    assert "response +54.3" in words


# Predictions


def test_predictions_are_those_of_the_potential_outcomes() -> None:
    from planner.model.readings import Reading

    scenario = read("williams-2018")
    rows = {(p.hypothesis, p.treatment, p.day): p for p in predict(scenario).predictions}
    assert len(rows) == 10 * 2 * 3
    one = rows["synergy", "KN", 3.0]  # simulated once for the four that are alike
    readings = [Reading(measure, 3.0) for measure in ("change", "response", "remission")]
    found = potential_means(scenario, ["synergy"], readings, ["KN"], scenario.simulation.seed)
    for r, figure in enumerate((one.mean, one.response, one.remission)):
        assert figure is not None
        error = 4 * figure.mcse * (1 + predicted.TILES / TILES) ** 0.5
        assert abs(figure.estimate - found.mean[0, r, 0]) < error
    assert one.response is not None
    assert 0 < one.response.mcse < 0.001


def test_stated_means_and_rates_are_exact() -> None:
    foreseen = predict(read("asthma-ab-ba"))
    assert foreseen.patients == 0
    first = foreseen.predictions[0]
    assert first.mean is not None
    assert (first.treatment, first.mean.estimate, first.mean.mcse) == ("F", 333.8, 0.0)
    assert "What the hypotheses predict" not in told(read("asthma-ab-ba"))


def test_rounding_hides_no_digit_that_the_error_reaches() -> None:
    foreseen = predict(read("williams-2018"))
    figures = [f for p in foreseen.predictions for f in (p.response, p.remission) if f]
    assert max(f.mcse for f in figures) < 0.0015  # shares are shown to 0.01
    assert max(p.mean.mcse for p in foreseen.predictions if p.mean) < 0.03  # means to 0.1


def test_batches_alter_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = read("williams-2018")
    whole = predict(scenario, tiles=64)
    monkeypatch.setattr(predicted, "_AT_ONCE", 1)
    assert predict(scenario, tiles=64) == whole


def test_many_days_make_several_tables() -> None:
    scenario = read_text(MECHANISMS, set=["design.assessment_days=[1,2,3,4,5,6,7,8,9]"])
    foreseen = predict(scenario, tiles=64)
    blocks = scenario_blocks(scenario, plan_trial(scenario, effects=True), foreseen, [])
    text = Terminal(Medium(80, wide=False)).page(blocks)
    assert max(map(len, text.splitlines())) <= 80
    assert "days 5 / 6 / 7 / 8" in " ".join(Terminal().page(blocks).split())


def test_stated_rates_and_mechanisms_stand_in_one_table() -> None:
    mixed = MECHANISMS + "\n[hypotheses.stated]\nrates = { A = 0.5, B = 0.25 }\ncorrelation = 0.3\n"
    scenario = read_text(mixed, set=['endpoint.measure="response"'])
    foreseen = predict(scenario, tiles=64)
    stated = {p.treatment: p for p in foreseen.predictions if p.hypothesis == "stated"}
    figure = stated["B"].response
    assert figure is not None
    assert (figure.estimate, figure.mcse, stated["B"].mean) == (0.25, 0.0, None)
    assert re.search(r"stated A – / – 50 / – – / – B – / – 25 / –", told(scenario, foreseen))


# What cannot be told apart


def groups(text: str, *settings: str) -> Sequence[Sequence[str]]:
    scenario = read_text(text, set=list(settings))
    return indistinguishable(scenario, list(scenario.hypotheses))


def test_classes_of_the_ketamine_hypotheses() -> None:
    scenario = read("williams-2018")
    alike = [group for group in indistinguishable(scenario, list(scenario.hypotheses)) if len(group) > 1]
    assert alike == [("direct-opioid", "indirect-opioid", "mtor-crosstalk", "synergy")]


def test_a_treatment_that_separates_splits_the_class() -> None:
    more = [
        'treatments.X={agents=["nmda-antagonist"]}',
        'design.sequences=["K KN X","KN X K","X K KN"]',
        'analyses.0.method="paired-t"',
    ]
    scenario = read("williams-2018", set=more)
    alike = [group for group in indistinguishable(scenario, list(scenario.hypotheses)) if len(group) > 1]
    assert alike == [("direct-opioid", "synergy"), ("indirect-opioid", "mtor-crosstalk")]


def test_a_component_of_another_size_is_another_hypothesis() -> None:
    assert ("direct", "twin") in groups(MECHANISMS)
    own = "hypotheses.twin.components.gain={size=0.2,half_life_days=8}"
    assert ("direct", "twin") not in groups(MECHANISMS, own)
    label = 'hypotheses.twin.label="Other words"'
    assert ("direct", "twin") in groups(MECHANISMS, label)


def test_hypotheses_of_one_class_have_results_identical_to_the_bit() -> None:
    from planner.questions.run.simulate import simulate

    scenario = read("williams-2018")
    cells = as_json(simulate(scenario, trials=512).cells())
    groups = indistinguishable(scenario, list(scenario.hypotheses))
    assert max(len(group) for group in groups) == 4
    for group in groups:
        rows = [
            [{**cell, "hypothesis": ""} for cell in cells if cell["hypothesis"] == name] for name in group
        ]
        assert rows[0]
        assert all(row == rows[0] for row in rows)


# What is left


def test_residual_blockade_halves_with_its_half_life() -> None:
    (row,) = predict(read("williams-2018"), tiles=64).blockade
    assert (row.treatment, row.agent, row.at_dosing) == ("KN", "naltrexone", 0.95)
    assert row.left == pytest.approx(0.95 * 2 ** (-30 / 3.75))


def test_improvement_left_is_what_the_next_baseline_lacks() -> None:
    """Of a component that all patients have in the same size and half-life it can be worked out by hand."""
    exact = MECHANISMS.replace("share = 0.6\n", "").replace("sd = 0.1 }", "sd = 0.0 }")
    exact = exact.replace("log_sd = 1.0", "log_sd = 0.0")
    left = predict(read_text(exact)).remaining
    points = {(row.hypothesis, row.treatment): row.points for row in left}
    known = points["direct", "A"]
    assert abs(known.estimate - 30.0 * 0.5 * 2 ** (-13 / 8)) < 5 * known.mcse + 0.02
    assert abs(points["direct", "B"].estimate - 0.2 * known.estimate) < 0.1


def test_carryover_that_differs_between_treatments() -> None:
    assert unequal_carryover(read("abdallah-2020"), "rapamycin-inert") == {}
    found = unequal_carryover(read("abdallah-2020"), "nmda-only")
    assert found == {"KR": pytest.approx(2 ** (-13 / 64)), "K": pytest.approx(2 ** (-13 / 8))}
    assert unequal_carryover(read("asthma-ab-ba"), "published") == {}


# What is not stated


def test_unstated_settings_are_few_and_no_labels_or_sources() -> None:
    from planner.scenario.canonical.resolved import resolve
    from planner.scenario.reading.read import open_source

    for name in ("williams-2018", "abdallah-2020", "jelen-2025", "asthma-ab-ba"):
        lines = dict(default_lines(resolve(read(name)), open_source(name).written()))
        assert len(lines) <= 10
        assert not set(lines) & {"citations", "assumed", "title"}
        text = " ".join(lines.values())
        for word in ("label", "dose", "supports", "doi", "0.95", "activated_by"):
            assert word not in text
    assert lines["design"].startswith("block 1")


def test_an_override_is_stated() -> None:
    from planner.scenario.canonical.resolved import resolve
    from planner.scenario.reading.read import open_source

    assert (
        "block 1"
        in dict(default_lines(resolve(read("williams-2018")), open_source("williams-2018").written()))[
            "design"
        ]
    )
    changed = ["design.block=2"]
    lines = dict(
        default_lines(
            resolve(read("williams-2018", set=changed)), open_source("williams-2018").written(changed)
        )
    )
    assert "block" not in lines["design"]


# The command


def test_show_json_carries_predictions_and_classes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "williams-2018", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert ["direct-opioid", "indirect-opioid", "mtor-crosstalk", "synergy"] in shown["classes"]
    assert shown["no_difference"] == ["nmda-only", "expectancy"]
    row = shown["predictions"][0]
    assert (row["hypothesis"], row["treatment"], row["day"]) == ("nmda-only", "K", 1.0)
    assert set(row["response"]) == {"estimate", "mcse", "low", "high"}
    assert row["response"]["estimate"] == pytest.approx(0.57, abs=0.01)
    assert shown["next_period"]["days"] == 30


@pytest.mark.parametrize("width", [80, 120])
def test_the_predictions_fit_a_terminal(width: int) -> None:
    scenario = read("williams-2018")
    blocks = scenario_blocks(scenario, plan_trial(scenario, effects=True), predict(scenario), [])
    shown = Terminal(Medium(width, wide=False)).page(blocks)
    lines = [line for line in shown.splitlines() if "http" not in line]
    assert max(map(len, lines)) <= width
    assert "-13.6 / -11.0 / -5.0" in shown


def test_hostile_labels_are_shown_literally(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\\u001b]0;x\\u0007 [bold]z[/bold] \\u202e|<b>"
    text = MECHANISMS
    for label in ("drug", "blocker", "key receptor", "gain", "Direct", "drug alone"):
        text = text.replace(f'label = "{label}"', f'label = "{hostile}"')
    text = text.replace('dose = "10 mg"', f'dose = "{hostile}"')
    path = tmp_path / "hostile.toml"
    path.write_text(text)
    for shape in ("table", "md", "json"):
        assert main(["show", str(path), "--format", shape]) == 0
        assert not set(capsys.readouterr().out) & {"\x1b", "\x07", "\x9b", "\u202e"}
    scenario = read_text(text)
    blocks = scenario_blocks(scenario, plan_trial(scenario, effects=True), predict(scenario, tiles=64), [])
    assert "[bold]z[/bold]" in Terminal().page(blocks)
    assert "<b>" not in Markdown().page(blocks)
