"""Results computed from the data of patients."""

from __future__ import annotations

import csv
from pathlib import Path
from statistics import fmean, stdev

import pytest

from planner.data.long_format import read_patients
from planner.errors import WeighingError
from planner.questions.weigh.data import observed_in
from planner.questions.weigh.weigh import weigh
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read, read_text
from tests.support.commands import Cli, cli
from tests.support.paths import NUMBERS

__all__ = ["cli"]  # the fixture
ASTHMA = NUMBERS / "asthma-formoterol-salbutamol.csv"
RATES = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 12
[endpoint]
measure = "response"
[hypotheses.h]
rates = { A = 0.6, B = 0.3 }
correlation = 0.4
"""
LINES = """subject,sequence,period,treatment,value,baseline
1,A B,1,A,10,24
1,A B,2,B,20,22
2,B A,1,B,15,30
2,B A,2,A,9,20
3,A B,1,A,25,26
3,A B,2,B,11,22
4,B A,1,B,8,28
4,B A,2,A,7,25
5,A B,1,A,6,24
5,A B,2,B,,
"""
SCORES = """
schema_version = 1
[agents]
drug = {}
[treatments]
A = { agents = ["drug"] }
B = {}
[design]
sequences = ["A B", "B A"]
patients = 10
washout_days = 30
[population]
baseline = { mean = 25, sd = 4 }
[endpoint]
scale = "HAM-D17"
[signals]
hit = { activated_by = { drug = 1 } }
[components]
relief = { share = 0.6, size = { mean = 0.6, sd = 0.1 }, half_life_days = 5 }
[hypotheses.works]
terms = [{ component = "relief", needs = ["hit"] }]
"""


def saved(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "patients.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_means_of_real_patients_are_their_means() -> None:
    found = observed_in(read("asthma-ab-ba"), ASTHMA)
    with ASTHMA.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for treatment in ("F", "S"):
        values = [float(row["value"]) for row in rows if row["treatment"] == treatment]
        assert found.means[treatment].mean == pytest.approx(fmean(values))
        assert found.means[treatment].sd == pytest.approx(stdev(values))
        assert found.means[treatment].n == 13
    weights = {
        row["hypothesis"]: row["weight"]["estimate"]
        for row in weigh(read("asthma-ab-ba"), data=ASTHMA).to_json()["hypotheses"]
    }
    assert max(weights, key=lambda name: weights[name]) == "published"


def test_responses_are_kept_in_pairs_and_leavers_are_left_out(tmp_path: Path) -> None:
    path = saved(tmp_path, LINES)
    scenario = read_text(SCORES, set=["endpoint.measure=response"])
    found = observed_in(scenario, path)
    assert found.pairs is not None
    # A only: 1 (10 of 24 against 20 of 22); B only: 3; both: 2 and 4
    assert (found.pairs.both, dict(found.pairs.only), found.pairs.neither) == (2, {"A": 1, "B": 1}, 0)
    assert "4 of 5 patients" in found.note
    changes = observed_in(read_text(SCORES), path).means
    assert changes["A"].mean == pytest.approx(fmean([-14, -11, -1, -18]))
    remitted = observed_in(read_text(SCORES, set=["endpoint.measure=remission"]), path)
    assert dict(remitted.remitters) == {"A": (1, 4), "B": (0, 4)}
    first = observed_in(read_text(SCORES, set=["endpoint.baseline=first"]), path).means
    assert first["B"].mean == pytest.approx(fmean([20 - 24, 15 - 30, 11 - 26, 8 - 28]))


def test_a_virtual_trial_can_be_weighed(cli: Cli, tmp_path: Path) -> None:
    for scenario, more in (("asthma-ab-ba", []), ("williams-2018", ["--hypothesis", "permissive"])):
        path = str(tmp_path / f"{scenario}.csv")
        assert cli("trial", scenario, "--replay", "17", *more, "--format", "csv", "-o", path, "-q")[0] == 0
        code, out, err = cli(
            "weigh", scenario, "--data", path, "--variants", "20", "--virtual-patients", "256", "-q"
        )
        assert (code, err) == (0, "")
        assert f"--data {path}" in out
        assert "Computed from" in out


def test_responses_as_they_are(tmp_path: Path) -> None:
    lines = "subject,sequence,period,treatment,value\n1,A B,1,A,1\n1,A B,2,B,0\n2,B A,1,B,0\n2,B A,2,A,0\n"
    found = observed_in(read_text(RATES), saved(tmp_path, lines))
    assert found.pairs is not None
    assert (dict(found.pairs.only), found.pairs.neither) == ({"A": 1, "B": 0}, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("1,A B,1,A,10,24", "1,A B,1,B,10,24"), ":2:9: error: treatment: the sequence gives A in period 1"),
        (("1,A B,1,A,10,24", "1,A B,1,A,ten,24"), ':2:11: error: value: "ten" is not a number'),
        (("1,A B,1,A,10,24", "1,A B,3,A,10,24"), '"3" is no period of a sequence of 2'),
        (("1,A B,1,A,10,24", "1,A B,1,A,1,0,24"), ":2:1: error: has 7 cells, the first line has 6"),
        (("1,A B,2,B", "1,B A,1,B"), ":3:3: error: sequence: subject 1 had the sequence A B before"),
        (("1,A B,2,B,20,22", "1,A B,1,A,20,22"), "period 1 of subject 1 comes twice"),
        (("1,A B,1,A,10", ",A B,1,A,10"), "the subject is missing"),
        (("1,A B,1,A,10,24\n1,A B,2,B,20,22", "1,A C,1,A,10,24"), '"A C" is no sequence of this design'),
        (("value", "score"), "has no column value"),
        (("baseline", "value"), "has two columns value"),
        ((",", "|"), "has no column subject"),
        ((LINES, "subject,sequence,period,treatment,value\n"), "has no patients"),
        ((LINES, ""), "is empty"),
    ],
)
def test_faults_are_told_with_their_place(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = saved(tmp_path, LINES.replace(*change))
    with pytest.raises(ScenarioError) as caught:
        observed_in(read_text(SCORES), path)
    assert message in str(caught.value).replace(str(path), "")


def test_what_cannot_be_summed_up_is_refused(cli: Cli, tmp_path: Path) -> None:
    Path("rates.toml").write_text(RATES)
    Path("scores.toml").write_text(SCORES)
    path = str(saved(tmp_path, LINES))
    code, out, err = cli("weigh", "rates.toml", "--data", path)
    assert (code, out) == (3, "")
    assert "a response is 0 or 1, not 10" in err
    bare = "\n".join(line.rpartition(",")[0] for line in LINES.splitlines())
    code, _, err = cli("weigh", "scores.toml", "--data", str(saved(tmp_path, bare)))
    assert code == 3
    assert "add a column `baseline`" in err
    assert cli("weigh", "scores.toml", "--data", "nowhere.csv")[0] == 3


def test_lines_of_other_measures_are_passed_over(tmp_path: Path) -> None:
    lines = (
        "subject,sequence,period,treatment,measure,day,value\n1,A B,1,A,change,1,-3\n1,A B,1,A,response,1,0\n"
    )
    data = read_patients(saved(tmp_path, lines), "change", 1.0)
    assert data.measured
    assert [patient.values for patient in data.patients] == [{0: -3.0}]
    with pytest.raises(ScenarioError, match="has no score of day 2"):
        read_patients(saved(tmp_path, lines), "score", 2.0)


def test_means_without_any_spread_are_refused() -> None:
    """Nobody improves without the drug, and nothing else moves a score."""
    for setting in (
        "means={A={mean=-13,n=20},B={mean=-9,n=20}}",
        'difference={contrast=["A","B"],t=2,df=9}',
    ):
        nothing = ["components.relief.share=0", f"observed.{setting}"]
        with pytest.raises(WeighingError, match="without any spread"):
            weigh(read_text(SCORES, set=nothing))


def test_spreads_that_do_not_fit_are_told() -> None:
    text = """
    schema_version = 1
    [design]
    sequences = ["A B", "B A"]
    patients = 24
    [hypotheses.h]
    means = { A = 3, B = 0 }
    sd_within = 3
    sd_between = 4
    [observed]
    means = { A = { mean = 2, n = 24, sd = 5.2 }, B = { mean = 0, n = 24, sd = 11 } }
    difference = { contrast = ["A", "B"], estimate = 2, se = 2.9 }
    """
    (warning,) = weigh(read_text(text)).to_json()["warnings"]
    assert "the reported SD under B, 11, is far from the 5.0" in warning
    (warning,) = weigh(read_text(text, set=["observed.use=difference"])).to_json()["warnings"]
    assert "the reported standard error of the difference, 2.9, is far from the 0.86" in warning
