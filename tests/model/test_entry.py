"""Who is enrolled: the two meanings of the entry threshold against an independent simulation with NumPy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.cli import main
from planner.engine.generators import generators_of
from planner.engine.potential_outcomes import potential_means
from planner.kernels.tables import Floats, W
from planner.model.allocation import allocation_plan
from planner.model.entry import enrolment
from planner.model.readings import BASELINE, Reading
from planner.questions.predict import predict
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.harness import Comparison, TooFarApart

MEAN, SD, RATING, LEAST, HIGH = 18.0, 4.0, 4.0, 20.0, 52.0


def text(entry: str = "", effect: float = 0.0, endpoint: str = "", extra: str = "", method: str = "") -> str:
    """Baseline 18, SD 4, rating SD 4, threshold 20, 0 to 52 in whole points; `effect` of the drug."""
    stated = f'entry = "{entry}"' if entry else ""
    return f"""
        schema_version = 1
        [agents]
        d = {{}}
        [treatments]
        P = {{ agents = [] }}
        Q = {{ agents = ["d"] }}
        [design]
        sequences = ["P Q", "Q P"]
        patients = 40
        washout_days = 14
        {extra}
        [population]
        baseline = {{ mean = {MEAN}, sd = {SD}, at_least = {LEAST} }}
        rating_sd = {RATING}
        {stated}
        [endpoint]
        scale = {{ low = 0, high = {HIGH}, step = 1, better = "lower", response = 0.25 }}
        {endpoint}
        [signals]
        s = {{ activated_by = {{ d = 1 }} }}
        [components.c]
        size = {{ mean = {effect}, sd = 0.0 }}
        half_life_days = 0.1
        [hypotheses.h]
        terms = [{{ component = "c", needs = ["s"] }}]
        {method}
    """


def naive(patients: int, seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    """By rejection: (rating that enrolled, another baseline, first score, severity) of those enrolled."""
    rng = np.random.default_rng(seed)
    severity = MEAN + SD * rng.normal(size=patients)

    def rated() -> Floats:
        seen = severity + RATING * rng.normal(size=patients)
        return np.clip(np.floor(seen + 0.5), 0.0, HIGH)

    screening, baseline, score = rated(), rated(), rated()
    enrolled = screening >= LEAST
    return screening[enrolled], baseline[enrolled], score[enrolled], severity[enrolled]


def test_the_figures_of_show_are_those_of_a_simulation() -> None:
    """Two million patients: the fall of -2.77, and 41 % whose next rating is below the threshold."""
    first, again, _, _ = naive(2_000_000, 1)
    fall, below = again - first, again < LEAST
    n = first.size
    for entry in ("screening", "baseline"):
        found = enrolment(read_text(text(entry)))
        assert found is not None
        with Comparison(title=f"enrolment, {entry}") as compared:
            compared.mean("fall", float(fall.mean()), float(fall.std()) / n**0.5, found.fall)
            share = found.first_baseline_below if entry == "screening" else below.mean()
            compared.mean("below", float(below.mean()), float(below.std()) / n**0.5, float(share))
            reached = n / 2_000_000
            error = (reached * (1 - reached) / 2_000_000) ** 0.5
            compared.mean("reached", reached, error, found.share_of_screened)
        assert found.fall == pytest.approx(-2.77, abs=0.005)
        assert found.untreated_change == (found.fall if entry == "baseline" else 0.0)
    assert found.first_baseline_below == 0.0
    wrong = Comparison()
    wrong.mean("fall", float(fall.mean()), float(fall.std()) / n**0.5, found.fall * 1.02)
    with pytest.raises(TooFarApart):
        wrong.check()


def test_a_scale_without_steps_or_limits() -> None:
    """The truncated normal in closed form: mean sd x hazard above the mean, of which half is lost again."""
    from math import erfc, exp, pi, sqrt

    plain = text("baseline").replace(f"low = 0, high = {HIGH}, step = 1, ", "")
    found = enrolment(read_text(plain))
    assert found is not None
    sd = sqrt(SD**2 + RATING**2)
    z = (LEAST - MEAN) / sd
    hazard = exp(-z * z / 2) / sqrt(2 * pi) / (0.5 * erfc(z / sqrt(2)))
    assert found.fall == pytest.approx(-(RATING**2 / sd) * hazard, rel=1e-9)


def drawn(scenario: Scenario, measures: tuple[str, ...]) -> Any:
    readings = [*(Reading(measure, 1.0) for measure in measures), BASELINE]
    return potential_means(scenario, ["h"], readings, ["P", "Q"], 5, tiles=1024)


@pytest.mark.parametrize("entry", ["screening", "baseline"])
@pytest.mark.parametrize("effect", [0.0, 0.4])
def test_first_periods_against_numpy(entry: str, effect: float) -> None:
    """Change, percent change, response and baseline under both treatments."""
    screening, baseline, score, severity = naive(400_000, 2)
    first = screening if entry == "baseline" else baseline
    n = first.size
    noise = np.random.default_rng(3).normal(size=n) * RATING
    treated = np.clip(np.floor(severity * (1 - effect) + noise + 0.5), 0.0, HIGH)
    found = drawn(read_text(text(entry, effect)), ("change", "percent-change", "response", "score"))
    with np.errstate(divide="ignore", invalid="ignore"), Comparison(title=entry) as compared:
        for t, y in enumerate((score, treated)):
            percent = np.where(first > 0, 100.0 * (y - first) / first, 0.0)
            for r, x in enumerate((y - first, percent, (y <= 0.75 * first) * 1.0, y, first)):
                variance = float(found.covariance[0, r, t, t]) + float(x.var()) / n
                what = f"{('change', 'percent', 'response', 'score', 'baseline')[r]} under {'PQ'[t]}"
                compared.mean(what, float(found.mean[0, r, t]), variance**0.5, float(x.mean()))


def test_nobody_has_a_first_baseline_below_the_threshold() -> None:
    for entry, below in (("baseline", False), ("screening", True)):
        trial = simulate_trial(text(entry))
        lows = [row["baseline"] < LEAST for row in trial if row["period"] == 1]
        assert any(lows) == below
        assert any(row["baseline"] < LEAST for row in trial if row["period"] == 2)


def simulate_trial(scenario: str) -> list[dict[str, Any]]:
    from planner.questions.replay.replay import replay

    return replay(read_text(scenario), 7).rows()


@pytest.mark.parametrize("entry", ["screening", "baseline"])
@pytest.mark.parametrize("which", ["period", "first"])
def test_later_baselines_are_rated_afresh(entry: str, which: str) -> None:
    """Change in the first period falls by 2.77, in the second only if it refers to the first baseline."""
    scenario = read_text(text(entry, 0.0, f'baseline = "{which}"'))
    readings = [Reading("change", 1.0)]
    (group,) = generators_of(scenario, ["h"], readings)
    tiles = 400
    values = np.full((tiles, 2, 1, 1, 2 * W), np.nan)
    order = np.tile(np.arange(2), (tiles, 1))
    group.generate(0, np.uint64(3), allocation_plan(scenario), group.tables, order, values)
    change = values.reshape(tiles * 2, 2, W).transpose(1, 0, 2).reshape(2, -1)
    first, again, score, _ = naive(400_000, 6)
    first = first if entry == "baseline" else again
    falls = {True: float((score - first).mean()), False: 0.0}
    with Comparison(title=f"{entry}, {which}") as compared:
        for k, x in enumerate(change):
            selected = entry == "baseline" and (k == 0 or which == "first")
            error = float(x.std()) * (1.0 / x.size + 1.0 / first.size) ** 0.5
            compared.mean(f"change in period {k + 1}", float(x.mean()), error, falls[selected])


def test_a_change_is_the_score_less_the_baseline() -> None:
    for which in ("period", "first"):
        rows = simulate_trial(text("baseline", 0.3, f'baseline = "{which}"'))
        assert all(row["value"] == row["score"] - row["baseline"] for row in rows)
        by_subject = {row["subject"]: row["baseline"] for row in rows if row["period"] == 1}
        same = [row["baseline"] == by_subject[row["subject"]] for row in rows if row["period"] == 2]
        assert all(same) == (which == "first")


def test_regression_to_the_mean_is_no_improvement_that_is_left() -> None:
    for entry in ("screening", "baseline"):
        found = predict(read_text(text(entry)), tiles=512)
        for row in found.remaining:
            assert abs(row.points.estimate) < 5 * row.points.mcse + 1e-9
        mean = found.predictions[0].mean
        assert mean is not None
        wanted = -2.77 if entry == "baseline" else 0.0
        assert mean.estimate == pytest.approx(wanted, abs=5 * mean.mcse + 0.005)


def test_the_return_to_baseline_rule_refers_to_the_first_baseline() -> None:
    """A first baseline that enrolled is high by luck: fewer reach it again. Shares by NumPy."""
    rule = "return_to_baseline = { share = 1.0, recheck_days = 1, at_most_days = 0 }"
    screening, baseline, again, _ = naive(400_000, 4)
    for entry, first in (("screening", baseline), ("baseline", screening)):
        wanted = float((again < first).mean())
        run = simulate(read_text(text(entry, extra=rule)), trials=5_000, seed=3)
        cell = as_json(run.cells())[0]
        left = cell["dropout"]
        assert left["estimate"] == pytest.approx(wanted, abs=5 * left["mcse"] + 0.003)


def test_the_default_changes_no_digest_and_no_patient() -> None:
    plain, screening, baseline = (read_text(text(entry)) for entry in ("", "screening", "baseline"))
    assert digest(plain) == digest(screening) != digest(baseline)
    assert resolve(plain)["population"]["entry"] == "screening"
    assert read_text(to_toml(baseline)).population.entry == "baseline"
    runs = [as_json(simulate(each, trials=256, seed=1).cells())[0] for each in (plain, screening, baseline)]
    assert runs[0] == runs[1] != runs[2]


def test_responses_by_a_selected_first_baseline_take_the_test_that_allows_for_periods() -> None:
    response = 'measure = "response"'
    assert read_text(text("screening", endpoint=response)).analyses[0].method == "mcnemar-mid-p"
    assert read_text(text("baseline", endpoint=response)).analyses[0].method == "prescott"


def test_show_says_which_meaning_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for entry, words in (
        ("screening", ("at least 20 at screening", "below 20 in 40.5 % of those", "by 0 points", "-2.77")),
        ("baseline", ("whose first baseline is at least 20", "change by -2.77 points on average")),
    ):
        file = tmp_path / f"{entry}.toml"
        file.write_text(text(entry))
        assert main(["show", str(file)]) == 0
        page = " ".join(capsys.readouterr().out.split())
        for word in words:
            assert word in page, word
        assert main(["show", str(file), "--json"]) == 0
        said = json.loads(capsys.readouterr().out)["plan"]["enrolment"]
        assert (said["entry"], said["at_least"]) == (entry, LEAST)
        assert said["untreated_change"] == pytest.approx(0.0 if entry == "screening" else -2.77, abs=0.005)


def test_run_and_check_say_it_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(text("baseline"))
    said = "enrolled by the first baseline of at least 20; regression to the mean of untreated patients after"
    for command in (["run", str(file), "--trials", "256"], ["check", str(file)]):
        assert main([*command, "-v"]) == 0
        assert f"{said} the first baseline: -2.77 points" in " ".join(capsys.readouterr().err.split())
        assert main(command) == 0
        assert said not in " ".join(capsys.readouterr().err.split())
