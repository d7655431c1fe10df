"""Several analyses of one trial: any, all, the family-wise error, against theory and against plain NumPy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner import simulate
from planner.engine.blocks import records_of
from planner.engine.job import job_of
from planner.engine.run import run_job
from planner.kernels.tables import ALL, ANY, COUNT, FALSE_ALARM, JOINTS
from planner.scenario.reading.read import read_text
from tests.support.commands import Cli, cli
from tests.support.harness import binomial_z

__all__ = ["cli"]

# Four treatments, two comparisons without a treatment in common: with unbounded scores they are independent.
APART = """
schema_version = 1
[design]
name = "williams"
arms = ["A", "B", "C", "D"]
patients = 24
[hypotheses.none]
means = { A = 0, B = 0, C = 0, D = 0 }
sd_within = 5
sd_between = 4
[hypotheses.one]
means = { A = 4, B = 0, C = 0, D = 0 }
sd_within = 5
sd_between = 4
[hypotheses.both]
means = { A = 4, B = 0, C = 3, D = 0 }
sd_within = 5
sd_between = 4
[monitoring]
looks = [12, 24]
efficacy = { rule = "pocock" }
[[analyses]]
name = "first"
method = "subject-contrast"
contrast = ["A", "B"]
[[analyses]]
name = "second"
method = "subject-contrast"
contrast = ["C", "D"]
"""

CROSSED = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = PATIENTS
[population]
period_effect = [0, SHIFT]
[hypotheses.effect]
means = { A = 4, B = 0 }
sd_within = 5
sd_between = 4
[hypotheses.none]
means = { A = 0, B = 0 }
sd_within = 5
sd_between = 4
[[analyses]]
name = "whole"
method = "hills-armitage"
contrast = ["A", "B"]
[[analyses]]
name = "first-period"
method = "period-one"
contrast = ["A", "B"]
"""


def crossed(patients: int, shift: float, method: str = "hills-armitage") -> str:
    text = CROSSED.replace("PATIENTS", str(patients)).replace("SHIFT", str(shift))
    return text.replace("hills-armitage", method)


def of(document: dict[str, Any], hypothesis: str) -> dict[str, Any]:
    return next(each for each in document["trial"] if each["hypothesis"] == hypothesis)


def powers(document: dict[str, Any], hypothesis: str) -> list[float]:
    return [cell["power"]["estimate"] for cell in document["cells"] if cell["hypothesis"] == hypothesis]


@pytest.fixture(scope="module")
def apart() -> dict[str, Any]:
    return simulate(read_text(APART), trials=40_000).to_json()


@pytest.mark.parametrize("hypothesis", ["none", "one", "both"])
def test_independent_analyses_multiply(apart: dict[str, Any], hypothesis: str) -> None:
    """Looks included: each analysis stops by itself, and knows nothing of the other."""
    a, b = powers(apart, hypothesis)
    found = of(apart, hypothesis)
    n = apart["run"]["trials"]
    # What chance makes of the powers themselves is at most as large again.
    for name, want in (("any", 1 - (1 - a) * (1 - b)), ("all", a * b)):
        count = round(found[name]["estimate"] * n)
        assert abs(binomial_z(count, n, want)) < 4 * np.sqrt(2), name


def test_the_family_wise_error_counts_true_nulls_alone(apart: dict[str, Any]) -> None:
    both, one, none = (of(apart, name)["familywise_error"] for name in ("both", "one", "none"))
    assert both is None  # there is no error to be made
    assert one["estimate"] == powers(apart, "one")[1]  # of the second analysis alone
    assert none["estimate"] == of(apart, "none")["any"]["estimate"]
    n = apart["run"]["trials"]
    level = [powers(apart, "none")[i] for i in (0, 1)]
    assert abs(binomial_z(round(none["estimate"] * n), n, 1 - (1 - 0.05) ** 2)) < 6, level


def test_the_form(apart: dict[str, Any]) -> None:
    for each in apart["trial"]:
        assert each["procedure"] == "none"
        assert each["success"] is None
        assert each["looks"] is None
        assert each["expected_patients"] is None
        assert each["analyses"] == ["first", "second"]
        assert "No procedure" in each["note"]
        for name in ("any", "all"):
            assert set(each[name]) == {"estimate", "mcse", "low", "high"}
            assert each[name]["low"] <= each[name]["estimate"] <= each[name]["high"]


def numpy_trials(patients: int, effect: float, trials: int, seed: int) -> tuple[Any, Any]:
    """Whether the t test of period differences, and that of the first period, reject: bool[trial] each."""
    rng = np.random.default_rng(seed)
    half = patients // 2
    level = 4.0 * rng.normal(size=(2, trials, half))
    first = level + np.array([effect, 0.0])[:, None, None] + 5.0 * rng.normal(size=level.shape)
    second = level + np.array([0.0, effect])[:, None, None] + 5.0 * rng.normal(size=level.shape)
    d = first - second
    p = stats.ttest_ind(d[0], d[1], axis=1).pvalue
    q = stats.ttest_ind(first[0], first[1], axis=1).pvalue
    return p <= 0.05, q <= 0.05


@pytest.mark.parametrize(("hypothesis", "effect"), [("effect", 4.0), ("none", 0.0)])
def test_dependent_analyses_against_numpy(hypothesis: str, effect: float) -> None:
    n, m = 40_000, 40_000
    document = simulate(read_text(crossed(16, 0.0)), trials=n).to_json()
    found = of(document, hypothesis)
    p, q = numpy_trials(16, effect, m, seed=3)
    for name, want in (("any", (p | q).mean()), ("all", (p & q).mean())):
        error = np.sqrt(want * (1 - want) * (1 / n + 1 / m))
        assert abs(found[name]["estimate"] - want) < 4 * error, name
    # The comparison can fail: independence would say something else.
    a, b = p.mean(), q.mean()
    assert abs((p & q).mean() - a * b) > 8 * np.sqrt(a * b / m)


def test_the_counts_are_those_of_the_single_trials() -> None:
    """Of every trial, from the records of how it ended; the last tile is a part of one."""
    work = job_of(read_text(APART), patients=[24, 12])
    found = run_job(work, 1_000, threads=2, block_tiles=3).tally.joint[..., COUNT]
    records = records_of(work, 0, 8)
    rejected = (records.end <= 1)[..., :1_000]  # (hypothesis, analysis, design, trial)
    null = np.array([[test.truth.is_null for test in row] for row in work.cells.tests])
    want = np.zeros((3, 2, JOINTS), int)
    want[..., ANY] = rejected.any(axis=1).sum(axis=-1)
    want[..., ALL] = rejected.all(axis=1).sum(axis=-1)
    want[..., FALSE_ALARM] = (rejected & null[:, :, None, None]).any(axis=1).sum(axis=-1)
    assert (found == want).all()


def test_one_analysis_is_the_whole_trial() -> None:
    one = read_text(APART.split('[[analyses]]\nname = "second"')[0])
    document = simulate(one, trials=2_000).to_json()
    for each in document["trial"]:
        (power,) = [cell["power"] for cell in document["cells"] if cell["hypothesis"] == each["hypothesis"]]
        assert each["any"] == each["all"] == power
        assert each["familywise_error"] == (power if each["hypothesis"] == "none" else None)
        assert each["note"] == ""


def test_one_analysis_costs_nothing() -> None:
    work = job_of(read_text(APART.split('[[analyses]]\nname = "second"')[0]))
    assert work.cells.primary == ()
    assert work.cells.empty().joint.size == 0


def test_errors_allow_for_the_shared_list() -> None:
    """A trial ends within a block of 24, with a large period effect: the list of a tile decides how far the
    sequences are out of balance.

    Over seeds, the SD of `any` is what is printed; that of independent trials would be far too small.
    """
    text = crossed(12, 12.0, "paired-t").replace("patients = 12", "patients = 12\nblock = 12")
    scenario = read_text(text.replace("sd_within = 5", "sd_within = 2"))
    runs = [simulate(scenario, trials=12 * 128 + 50, seed=seed).to_json() for seed in range(40)]
    for name in ("any", "all"):
        figures = [of(run, "effect")[name] for run in runs]
        spread = np.std([figure["estimate"] for figure in figures], ddof=1)
        printed = np.mean([figure["mcse"] for figure in figures])
        assert 0.65 < printed / spread < 1.5, name
    p = np.mean([of(run, "effect")["any"]["estimate"] for run in runs])
    alone = np.sqrt(p * (1 - p) / (12 * 128 + 50))
    spread = np.std([of(run, "effect")["any"]["estimate"] for run in runs], ddof=1)
    assert alone / spread < 0.5  # the check can fail


def test_with_few_trials_errors_are_said_to_be_approximate() -> None:
    """Where a look comes within a randomisation block, and there are too few whole tiles."""
    for patients, trials, few in ((12, 1023, False), (13, 1023, True), (13, 1024, False)):
        document = simulate(read_text(crossed(patients, 0.0)), trials=trials).to_json()
        assert ("approximate" in of(document, "effect")["note"]) is few


def test_over_uncertain_numbers() -> None:
    """Errors include the spread between variants, and are larger than those of as many plain trials."""
    more = '\n[hypotheses.both.uncertainty]\n"means.A" = { low = 0.0, high = 8.0 }\n'
    scenario = read_text(APART.replace("[monitoring]", f"{more}[monitoring]"))
    document = simulate(scenario, trials=5_120, uncertain=True, variants=40).to_json()
    found = of(document, "both")
    p, n = found["any"]["estimate"], document["run"]["trials"]
    assert found["any"]["mcse"] > 2 * np.sqrt(p * (1 - p) / n)
    assert found["familywise_error"] is None
    assert of(document, "none")["familywise_error"]["estimate"] == of(document, "none")["any"]["estimate"]


def test_swept_and_several_numbers_of_patients(cli: Cli) -> None:
    Path("apart.toml").write_text(APART)
    words = ["run", "apart.toml", "--trials", "1000", "-q", "--json", "--set"]
    document = json.loads(cli(*words, "design.patients=12,24")[1])
    at = [(each["sweep"]["design.patients"], each["hypothesis"]) for each in document["trial"]]
    assert at == [(n, name) for n in (12, 24) for name in ("none", "one", "both")]
    assert [each["patients"] for each in document["trial"]] == [n for n, _ in at]
    plain = json.loads(cli(*words, "design.patients=24")[1])
    assert [each["any"] for each in document["trial"][3:]] == [each["any"] for each in plain["trial"]]


ALONE = "Each analysis as if it were the only one"
PAGES = {
    "run": ["run", "apart.toml", "--trials", "500"],
    "sweep": ["run", "apart.toml", "--trials", "500", "--set", "design.patients=12,24"],
    "sensitivity": ["run", "apart.toml", "--trials", "500", "--sensitivity", "--hypothesis", "one"],
    "size": ["size", "apart.toml", "--power", ".5", "--trials", "1000", "--hypothesis", "both"],
    "compare": ["compare", "apart.toml", "apart.toml", "--trials", "500"],
    "trial": ["trial", "apart.toml"],
    "show": ["show", "apart.toml"],
}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_that_each_analysis_is_alone(cli: Cli, page: str) -> None:
    Path("apart.toml").write_text(APART)
    code, out, _ = cli(*PAGES[page], *(["-q"] if page != "show" else []))
    assert code == 0
    assert ALONE in " ".join(out.split())
    Path("apart.toml").write_text(APART.split('[[analyses]]\nname = "second"')[0])
    code, out, _ = cli(*PAGES[page], *(["-q"] if page != "show" else []))
    assert code == 0
    assert ALONE not in " ".join(out.split())


def test_the_page_tells_all_together(cli: Cli) -> None:
    Path("apart.toml").write_text(APART)
    out = cli("run", "apart.toml", "--trials", "2000", "-q")[1]
    document = json.loads(cli("run", "apart.toml", "--trials", "2000", "-q", "--json")[1])
    table = out.split("All analyses together")[1].split("How to read this")[0]
    assert "Any significant" in table
    assert "Any false alarm" in table
    line = next(line for line in table.splitlines() if line.startswith("none"))
    assert f"{100 * of(document, 'none')['any']['estimate']:.1f} ±" in line
    assert "family-wise error" in " ".join(table.split())
    both = next(line for line in table.splitlines() if line.startswith("both"))
    assert both.rstrip().endswith("–")
