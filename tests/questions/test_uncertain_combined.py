"""--uncertain with --precision and with swept settings: against quadrature, and against runs one by one."""

from __future__ import annotations

import json
import os
import shlex
import signal
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from planner.engine.run import tally_of
from planner.errors import UncertaintyError
from planner.questions.run import assurance
from planner.questions.run import precision as precision_module
from planner.questions.run import simulate as simulating
from planner.questions.run.assurance import VARIANT_TRIALS, AssurancePass, simulate_variants
from planner.questions.run.precision import PrecisionError, largest_error
from planner.questions.run.simulate import FIRST_VARIANTS, Amount, simulate
from planner.questions.sweep.axes import Point, SweepError, points_of, split_settings
from planner.questions.sweep.sweep import Sweep, simulate_points
from planner.results.contract import as_json
from planner.results.run import Run
from planner.scenario.reading.read import read_text
from tests.support.harness import Comparison, TooFarApart
from tests.support.uncertain_means import averaged, command, exact, text

Json = dict[str, Any]
STEPS = [FIRST_VARIANTS * 2**k for k in range(10)]


def largest(run: Run | Sweep) -> float:
    return max(cell[name]["mcse"] for cell in as_json(run.cells()) for name in ("power", "stopped_early"))


def variants_of(run: Run | Sweep) -> int:
    return int(run.to_json()["run"]["variants"])


# To a precision


def precise(precision: float, **how: Any) -> Run:
    return simulate(read_text(text()), precision=precision, uncertain=True, **how)


def test_a_precision_adds_variants_until_it_is_reached() -> None:
    run = precise(0.016, threads=2)
    number = variants_of(run)
    assert number in STEPS[1:]
    assert run.trials == number * VARIANT_TRIALS
    assert (
        largest(run)
        <= 0.016
        < largest(simulate_variants(run.scenario, trials=run.trials // 2, count=number // 2))
    )
    assert run.remarks == ()
    power, law = exact("paired-t", "two-sided", 24), stats.norm(5, 3)
    shown = as_json(run.cells())[0]["power"]
    with Comparison(title="assurance to a precision") as compare:
        expected = averaged(lambda effect: power(effect, 8.0), law.ppf)
        compare.mean("assurance", shown["estimate"], shown["mcse"], expected)
    wrong = Comparison(title="negative control: as if all trials were independent")
    alone = (shown["estimate"] * (1 - shown["estimate"]) / run.trials) ** 0.5
    wrong.mean("power", shown["estimate"], alone, expected)
    with pytest.raises(TooFarApart):
        wrong.check()


@pytest.mark.long
def test_a_precision_gives_the_bits_of_a_run_of_so_many_variants() -> None:
    one, other = precise(0.02, threads=1), precise(0.02, threads=3)
    same = simulate_variants(one.scenario, trials=one.trials, count=variants_of(one))
    assert one.digest() == other.digest() == same.digest()
    assert one.cells() == same.cells()
    assert as_json(one.cells()) != as_json(
        simulate_variants(one.scenario, trials=one.trials, count=variants_of(one) - 1).cells()
    )


def test_more_trials_of_the_same_variants_would_not_do() -> None:
    """Why variants are added: the error between them stays, however many trials each of them has."""
    made = read_text(text())
    few, many = (
        simulate_variants(made, trials=n * 60, count=60) for n in (VARIANT_TRIALS, 8 * VARIANT_TRIALS)
    )
    assert largest(many) > 0.95 * largest(few)
    assert largest(precise(0.7 * largest(few))) <= 0.7 * largest(few)


def test_only_new_variants_are_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    each = tally_of

    def watched(job: Any, first: int, trials: int, *rest: Any) -> Any:
        seen.append((first, trials))
        return each(job, first, trials, *rest)

    monkeypatch.setattr(assurance, "tally_of", watched)
    number = variants_of(precise(0.016))
    assert sorted(seen) == [(i * VARIANT_TRIALS, VARIANT_TRIALS) for i in range(number)]


def test_variants_are_the_most() -> None:
    run = precise(0.001, variants=150)
    assert variants_of(run) == 150
    assert run.digest() == simulate_variants(run.scenario, trials=150 * VARIANT_TRIALS, count=150).digest()
    said = run.to_json()["warnings"][0]
    assert "the precision of 0.001 is not reached: after 153,600 trials of 150 variants" in said
    assert variants_of(precise(0.001, variants=20)) == 20


@pytest.mark.parametrize("precision", [0.0, 0.5, float("nan")])
def test_senseless_precisions_are_refused(precision: float) -> None:
    with pytest.raises(PrecisionError):
        precise(precision)


def test_where_nothing_varies_the_precision_is_that_of_the_trials() -> None:
    own = '[hypotheses.effect.uncertainty]\n"means.A" = { low = 5, high = 5 }\n'
    run = simulate(read_text(text(uncertainty=own)), precision=0.004, uncertain=True)
    assert variants_of(run) == FIRST_VARIANTS
    plain = simulate(run.scenario, trials=run.trials)
    assert as_json(run.cells())[0]["power"]["estimate"] == as_json(plain.cells())[0]["power"]["estimate"]


def ctrl_c(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def partial_of_variants(run: Run) -> bool:
    assert run.trials == variants_of(run) * VARIANT_TRIALS > 0
    return run.partial and any("interrupted" in warning for warning in run.to_json()["warnings"])


def test_ctrl_c_gives_the_variants_that_are_finished() -> None:
    def late(done: int, _: int) -> None:
        if done > 200 * VARIANT_TRIALS:
            ctrl_c()

    run = precise(1e-4, progress=late)
    assert partial_of_variants(run)
    assert 200 <= variants_of(run) < 1_000


def test_ctrl_c_while_the_errors_are_looked_at_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """And where they turn out small enough, it came too late."""
    looks: list[float] = []

    def looked_at(run: Run) -> float:
        looks.append(largest_error(run))
        if len(looks) == 2:
            ctrl_c()
        return looks[-1]

    monkeypatch.setattr(precision_module, "largest_error", looked_at)
    run = precise(1e-4)
    assert partial_of_variants(run)
    assert variants_of(run) == STEPS[1]
    wanted = looks[1]
    looks.clear()
    assert not partial_of_variants(precise(wanted))
    assert looks[1:] == [wanted]


# Swept settings


def swept(tmp_path: Path, *settings: str, source: str | None = None) -> list[Point]:
    file = tmp_path / "t.toml"
    file.write_text(text() if source is None else source)
    plain, axes = split_settings(list(settings))
    return points_of(file, plain, axes)


def test_a_sweep_against_quadrature_and_against_each_point_alone(tmp_path: Path) -> None:
    """Patients are one pass, the SD two: both have the variants of a run of that point alone."""
    grid = swept(tmp_path, "design.patients=12,24,40", "hypotheses.effect.sd_difference=6,10")
    how: Json = {"trials": 128 * 300, "variants": 300}
    found = simulate_points(grid, uncertain=True, threads=2, **how)
    law = stats.norm(5, 3)
    with Comparison(title="assurance at each point") as compare:
        for point, cell in zip(grid, as_json(found.cells()), strict=True):
            n, sd = point.values["design.patients"], point.values["hypotheses.effect.sd_difference"]
            power = exact("paired-t", "two-sided", n)
            expected = averaged(lambda effect, power=power, sd=sd: power(effect, sd), law.ppf)
            shown = cell["power"]
            compare.mean(f"{n} patients, SD {sd}", shown["estimate"], shown["mcse"], expected)
            (alone,) = as_json(simulate(point.scenario, uncertain=True, **how).cells())
            assert {**cell, "sweep": {}} == alone
            assert cell["sweep"] == point.values
    wrong = Comparison(title="negative control: the power at another SD")
    wrong.mean("power", shown["estimate"], shown["mcse"], averaged(lambda e: power(e, 6.0), law.ppf))
    with pytest.raises(TooFarApart):
        wrong.check()
    document = found.to_json()
    assert document["run"]["variants"] == 300
    assert [row["path"] for row in document["uncertain"]] == ["means.A"]
    assert found.digest() == simulate_points(grid, uncertain=True, threads=1, **how).digest()
    plain = simulate_points(grid, trials=1280).to_json()
    assert "variants" not in plain["run"]
    assert "uncertain" not in plain


def test_what_is_uncertain_may_be_swept_itself(tmp_path: Path) -> None:
    path = "hypotheses.effect.uncertainty.'means.A'"
    grid = swept(tmp_path, f"{path}={{mean=5,sd=1}},{{mean=5,sd=6}}")
    found = simulate_points(grid, uncertain=True, trials=128 * 400, variants=400)
    power = exact("paired-t", "two-sided", 24)
    with Comparison(title="SD of the mean 1 and 6") as compare:
        for sd, cell in zip((1.0, 6.0), as_json(found.cells()), strict=True):
            expected = averaged(lambda effect: power(effect, 8.0), stats.norm(5, sd).ppf, 200)
            compare.mean(f"{sd}", cell["power"]["estimate"], cell["power"]["mcse"], expected)


def test_a_number_whose_values_are_drawn_cannot_be_swept(tmp_path: Path) -> None:
    grid = swept(tmp_path, "hypotheses.effect.means.A=4,6", "design.patients=12,24")
    with pytest.raises(SweepError, match=r"hypotheses\.effect\.means\.A: swept and uncertain at once"):
        simulate_points(grid, uncertain=True, trials=1280)
    times = '"means.A" = { low = 0.5, high = 1.5, relative = true }'
    relative = text(uncertainty=f"[hypotheses.effect.uncertainty]\n{times}\n")
    grid = swept(tmp_path, "hypotheses.effect.means.A=4,6", source=relative)
    low, high = as_json(simulate_points(grid, uncertain=True, trials=12_800, variants=100).cells())
    assert high["true_effect"] == pytest.approx(1.5 * low["true_effect"])


def test_nothing_uncertain_at_a_point_is_refused(tmp_path: Path) -> None:
    grid = swept(tmp_path, "design.patients=12,24", source=text(uncertainty=""))
    with pytest.raises(UncertaintyError, match="no number of this scenario is uncertain"):
        simulate_points(grid, uncertain=True, trials=1280)


def test_a_sweep_to_a_precision(tmp_path: Path) -> None:
    grid = swept(tmp_path, "design.patients=12,24", "hypotheses.effect.sd_difference=8,20")
    found = simulate_points(grid, uncertain=True, precision=0.025)
    assert largest(found) <= 0.025
    number = variants_of(found)
    assert number in STEPS
    assert found.trials == number * VARIANT_TRIALS
    if number > FIRST_VARIANTS:
        half = simulate_points(grid, uncertain=True, trials=found.trials // 2, variants=number // 2)
        assert largest(half) > 0.025
    again = simulate_points(grid, uncertain=True, trials=found.trials, variants=number)
    assert again.digest() == found.digest()


def test_how_much_is_simulated() -> None:
    assert Amount(None, 0.01, True).steps.most == 100_000 * VARIANT_TRIALS
    assert Amount(None, 0.01, True, 500).steps == (128 * 1024, 500 * 1024, 1024)
    assert list(Amount(None, 0.01, True, 500).steps.totals()) == [1024 * n for n in (128, 256, 500)]
    assert Amount(None, 0.01).steps.most == 100_000_000
    assert Amount(5_000, 0.01).steps.most == 5_000


def test_what_is_kept_of_the_variants_stays_within_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A precision adds no more variants than fit; a sweep of more is refused before it begins."""
    made = read_text(text())
    each = AssurancePass(made, None).variant_bytes
    monkeypatch.setattr(simulating, "MOST_BYTES", 140 * each)
    run = precise(0.001)
    assert variants_of(run) == 140
    assert "of 140 variants" in run.remarks[0]
    grid = swept(tmp_path, "hypotheses.effect.sd_difference=8,9,10,11")
    simulate_points(grid, uncertain=True, trials=1280, variants=35)
    with pytest.raises(SweepError, match="36 variants at each of 4 settings do not fit"):
        simulate_points(grid, uncertain=True, trials=128 * 36, variants=36)


# The command


@pytest.mark.long
@pytest.mark.parametrize(
    "words",
    [
        ["--precision", "0.03"],
        ["--precision", "0.04", "--set", "design.patients=12,24"],
        ["--trials", "5000", "--variants", "20", "--set", "design.patients=12,24"],
    ],
)
def test_the_same_result_again(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.toml").write_text(text())
    code, out, err = command(capsys, "run", "t.toml", "--uncertain", *words, "-q")
    assert (code, err) == (0, "")
    assert "Assurance" in out
    assert "What was uncertain" in out
    assert "variants of what is uncertain" in " ".join(out.split())
    (line,) = [line.strip() for line in out.splitlines() if line.strip().startswith("planner run")]
    first = json.loads(command(capsys, "run", "t.toml", "--uncertain", *words, "-q", "--json")[1])
    second = json.loads(command(capsys, *shlex.split(line)[1:], "-q", "--json")[1])
    assert first["cells"] == second["cells"]
    assert first["run"]["digest"] == second["run"]["digest"]
    rows = command(capsys, *shlex.split(line)[1:], "-q", "--format", "csv")[1].splitlines()
    assert "uncertainty_power_quantiles_p50_estimate" in rows[0]
    assert len(rows) == 1 + len(first["cells"])


@pytest.mark.long
def test_dry_runs_tell_the_variants(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.toml").write_text(text())
    dry = ("run", "t.toml", "--uncertain", "--dry-run")
    said = " ".join(command(capsys, *dry, "--precision", "0.02")[1].split())
    assert (
        "as many as a Monte Carlo standard error of 0.02 needs, at most 102,400,000 of 100,000 variants"
        in said
    )
    assert "Variants at most 100,000 of what is uncertain" in said
    sweep = ("--set", "design.patients=12,24", "--set", "hypotheses.effect.sd_difference=8,9")
    said = " ".join(command(capsys, *dry, *sweep)[1].split())
    assert "Variants 500 of what is uncertain" in said
    document = json.loads(
        command(capsys, *dry, *sweep, "--precision", "0.1", "--variants", "99", "--json")[1]
    )
    assert document["run"]["variants"] == 99
    assert document["estimate"]["at_most"]


@pytest.mark.parametrize("words", [["run", "t.toml", "--trials", "1280"], ["size", "t.toml"]])
def test_a_setting_that_draws_replace_is_told(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.toml").write_text(text())
    words = [*words, "--uncertain", "--variants", "10", "-q", "--json"]
    useful = ["--set", "hypotheses.effect.sd_difference=7", "--set", "hypotheses.effect.means.B=1"]
    code, out, err = command(capsys, *words, *useful)
    assert (code, err) == (0, "")
    plain = json.loads(out)
    code, out, err = command(capsys, *words, *useful, "--set", "hypotheses.effect.means.A=9")
    assert code == 0
    said = "--set hypotheses.effect.means.A has no effect with --uncertain: drawn values or a tie replace it"
    assert said in json.loads(out)["warnings"]
    assert f"warning: {said}" in " ".join(err.split())
    for key in ("cells", "answers"):  # it says nothing indeed
        assert json.loads(out).get(key) == plain.get(key)


def test_the_command_refuses_what_draws_replace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.toml").write_text(text())
    code, out, err = command(capsys, "run", "t.toml", "--uncertain", "--set", "hypotheses.effect.means.A=4,6")
    assert (code, out) == (2, "")
    assert "swept and uncertain at once" in err
    assert "sweep the parameters of the distribution" in err
