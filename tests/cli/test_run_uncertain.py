"""`planner run --uncertain` and what `run --dry-run` and `show` tell of uncertain numbers."""

from __future__ import annotations

import json

import pytest

from planner.questions.run.assurance import AssurancePass
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.scenario.reading.read import read
from tests.support.uncertain_means import command
from tests.support.uncertain_scenarios import OWN, SHARED, TIE, scenario

FEW = ("--trials", "3000", "--variants", "12", "-q", "--hypothesis", "permissive,expectancy")


def test_run_uncertain(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = command(capsys, "run", "williams-2018", "--uncertain", *FEW)
    assert code == 0, err
    assert "Assurance" in out
    assert "in 12 variants of what is uncertain" in " ".join(out.split())
    assert "How much hangs on what is uncertain?" in out
    assert "terms.specific.needs.opioid_tone.gate" in out
    assert "9 more numbers of agents that this trial does not give" in " ".join(out.split())
    assert "planner run williams-2018" in out
    assert "--uncertain --variants 12" in out


def test_run_uncertain_as_json_and_csv(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = command(capsys, "run", "williams-2018", "--uncertain", *FEW, "--json")
    assert code == 0
    document = json.loads(out)
    assert document["schema"] == "planner.run/1"
    assert document["run"]["variants"] == 12
    assert document["run"]["trials"] == 3000
    paths = {row["path"] for row in document["uncertain"]}
    assert "agents.naltrexone.occupancy" in paths
    for cell in document["cells"]:
        about = cell["uncertainty"]
        assert about["variants"] == 12
        assert list(about["power_quantiles"]) == ["p5", "p25", "p50", "p75", "p95"]
    code, out, _ = command(capsys, "run", "williams-2018", "--uncertain", *FEW, "--format", "csv")
    assert code == 0
    assert "uncertainty_power_quantiles_p50_estimate" in out.splitlines()[0]


@pytest.mark.long
def test_dry_run_tells_the_variants(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = command(capsys, "run", "williams-2018", "--uncertain", "--dry-run")
    assert code == 0
    assert "500 of what is uncertain" in out
    code, out, _ = command(capsys, "run", "williams-2018", "--uncertain", "--dry-run", "--json")
    assert json.loads(out)["run"]["variants"] == 500


@pytest.mark.long
def test_dry_run_counts_what_is_kept_of_the_variants(capsys: pytest.CaptureFixture[str]) -> None:
    """The peak so far and the sums of all variants, by the size of the arrays of one."""
    tally = AssurancePass(read("williams-2018"), None).work.cells.empty()
    kept = tally.ends, tally.free, tally.irregular, tally.followed, tally.guessed
    sums = sum(each.nbytes for each in kept)
    found = []
    for number, trials in ((1_000, 128_000), (50_000, 6_400_000), (50_000, 128_000)):
        words = ("--variants", str(number), "--trials", str(trials), "--dry-run", "--json")
        _, out, _ = command(capsys, "run", "williams-2018", "--uncertain", *words)
        found.append(json.loads(out)["estimate"]["memory_bytes"])
    kept = found[1] - found[0]
    assert 49_000 * sums < kept < 4 * 49_000 * sums
    assert abs(found[2] - found[0]) < 1_000 * sums  # too few trials for more than 1,000 variants


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["williams-2018", "--variants", "100"], "--variants goes with --uncertain"),
        (
            ["williams-2018", "--uncertain", "--precision", "0.01", "--trials", "9000"],
            "--trials cannot be combined with --uncertain and --precision",
        ),
        (["williams-2018", "--uncertain", "--sensitivity"], "--uncertain cannot be combined"),
        (["asthma-ab-ba", "--uncertain", "--set", "design.patients=20,30"], "no number of this scenario"),
        (["asthma-ab-ba", "--uncertain"], "no number of this scenario is uncertain"),
        (["williams-2018", "--uncertain", "--variants", "3"], "variants"),
    ],
)
def test_what_cannot_be_asked(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = command(capsys, "run", *words)
    assert code == 2
    assert said in err


def test_a_plain_run_does_not_change(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --uncertain the same trials, whether or not a scenario says what is uncertain."""
    made = scenario(SHARED, OWN, TIE)
    one = as_json(simulate(made, trials=2_000).cells())
    assert one == as_json(simulate(scenario(), trials=2_000).cells())
    assert "uncertainty" not in one[0]
    code, out, _ = command(capsys, "run", "williams-2018", "--trials", "500", "--json", "-q")
    assert code == 0
    assert "uncertain" not in json.loads(out)


def test_show_lists_what_is_uncertain(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = command(capsys, "show", "williams-2018")
    assert code == 0
    said = " ".join(out.split())
    assert "agents.naltrexone.occupancy 0.85 to 0.98 (stated: 0.95)" in said
    assert "components.expectancy: otherwise, size 0.6 to 3.33 times" in said
    assert "scaled until ketamine improves as much as under “NMDA block only”" in said
    code, out, _ = command(capsys, "show", "williams-2018", "--json")
    assert len(json.loads(out)["uncertain"]) > 20
