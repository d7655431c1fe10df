"""Sizes against the noncentral t, against quadrature of two looks and against enumeration of responses."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

import planner
from planner.model import looks as monitoring
from planner.questions.size import curves
from planner.questions.size.curves import first_enough, grid, span
from planner.questions.size.result import Sizing
from planner.questions.size.size import SizingError, size
from planner.results.contract import as_json
from planner.results.figures import Figure
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.exact import hills_armitage_power
from tests.support.exact_sizes import mcnemar_exact, smallest, two_looks
from tests.support.harness import Comparison, TooFarApart, scenario_text
from tests.support.sizes import SD, answer, trial

KNOWN = {0.5: (66, 88), 0.8: (28, 36), 1.0: (18, 24), 1.5: (10, 12)}  # for 80 and 90 %


# One look


def test_known_sizes_are_found_and_called_exact() -> None:
    found = size(trial(KNOWN), power=[0.8, 0.9])
    for effect, sizes in KNOWN.items():
        for target, n in zip((0.8, 0.9), sizes, strict=True):
            row = answer(found, target, hypothesis=f"{effect:g}")
            assert (row["patients"], row["range"], row["exact"]) == (n, [n, n], True)
            exact = hills_armitage_power(n // 2, n // 2, effect, 2**0.5, 0.05)
            assert row["exact_power"] == pytest.approx(exact, abs=1e-9)
            assert row["power"]["estimate"] == pytest.approx(exact, abs=4 * row["power"]["mcse"])


@pytest.mark.long
def test_known_sizes_are_found_without_the_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation alone leaves one number, the right one, or says that two are open.

    At 86 patients the power of 0.5 SD is 0.89991: a million trials cannot tell that from 90 %.
    """
    monkeypatch.setattr("planner.questions.exact.theory.power", lambda *_: None)
    found = size(trial(KNOWN), power=[0.8, 0.9])
    for effect, sizes in KNOWN.items():
        for target, n in zip((0.8, 0.9), sizes, strict=True):
            row = answer(found, target, hypothesis=f"{effect:g}")
            assert row["range"][0] <= n <= row["range"][1]
            assert row["range"][1] - row["range"][0] <= (2 if n == 88 else 0)
            assert abs(row["patients"] - n) <= row["range"][1] - row["range"][0]
            assert not row["exact"]


def test_a_number_of_patients_is_a_whole_number_of_allocation_units() -> None:
    found = size(trial(allocation=[1, 2], patients=12), power=0.9)
    (row,) = found.to_json()["answers"]
    want = smallest(
        lambda n: hills_armitage_power(n // 3, 2 * n // 3, 1.0, 2**0.5, 0.05), 0.9, range(3, 60, 3)
    )
    assert row["patients"] == want
    assert all(each["patients"] % 3 == 0 for each in found.to_json()["curve"])


def test_a_point_of_the_curve_is_what_a_run_of_that_size_gives() -> None:
    plan = trial(patients=30, looks=[12, 30], population={"dropout": {"per_period": 0.1}})
    found = size(plan, power=0.8, trials=3000, seed=11)
    points = found.to_json()["curve"][::7]
    assert len(points) > 2
    for each in points:
        run = planner.simulate(plan, trials=each["trials"], seed=11, patients=[each["patients"]])
        (cell,) = as_json(run.cells())
        assert {key: cell[key] for key in ("power", "stopped_early", "expected_completers")} == {
            key: each[key] for key in ("power", "stopped_early", "expected_completers")
        }


# Two looks


def limits(plan: Scenario, patients: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
    looks = monitoring.monitoring_plan(plan, plan.analyses[0], patients)
    return looks.counts, tuple(looks.boundary.efficacy_z)


def compare_two_looks(found: Sizing, plan: Scenario, sd: float, **law: Any) -> Comparison:
    comparison = Comparison(title="power curve with two looks")
    for each in found.to_json()["curve"]:
        counts, z = limits(plan, each["patients"])
        if len(counts) == 2 and counts[0] > 3 and each["trials"] > 20_000:
            exact = two_looks(*counts, z, 1.0 / sd, 2, **law)
            comparison.probability(f"{counts}", each["power"], each["trials"], exact)
    assert len(comparison.pairs) >= 8
    return comparison


@pytest.mark.long
def test_two_looks_agree_with_quadrature() -> None:
    plan = trial(patients=30, looks=[12, 30])
    found = size(plan, power=[0.8, 0.9])
    compare_two_looks(found, plan, 2**0.5).check()

    def power(n: int) -> float:
        counts, z = limits(plan, n)
        return two_looks(*counts, z, 0.5**0.5, 2)

    for target in (0.8, 0.9):
        row = answer(found, target)
        assert row["patients"] == smallest(power, target, range(10, 34, 2))
        assert row["range"] == [row["patients"]] * 2
        assert not row["exact"]


def test_a_curve_without_its_first_look_is_not_the_same() -> None:
    """Negative control: leaving out the first look's rejections is seen."""
    plan = trial(patients=30, looks=[20, 30])
    found = size(plan, power=0.9)
    compare_two_looks(found, plan, 2**0.5).check()
    with pytest.raises(TooFarApart):
        compare_two_looks(found, plan, 2**0.5 * 1.02).check()


# Responses

RESPONSES = [  # lrstat's exact power, one-sided level .025
    {"n": 12, "p10": 0.45, "p01": 0.05, "exact_test": 0.320129114945},
    {"n": 20, "p10": 0.45, "p01": 0.05, "exact_test": 0.693716273691},
    {"n": 30, "p10": 0.45, "p01": 0.05, "exact_test": 0.899947986738},
    {"n": 60, "p10": 0.45, "p01": 0.05, "exact_test": 0.998113031954},
]


def test_enumeration_gives_the_published_powers() -> None:
    for row in RESPONSES:
        assert mcnemar_exact(row["n"], row["p10"], row["p01"], 0.05) == pytest.approx(
            row["exact_test"],
            abs=1e-6,  # the reference leaves out the far tail
        )


def test_responses_agree_with_enumeration() -> None:
    """Discrete: power zigzags, and the answer is where it stays, not where it first arrives."""
    plan = read_text(
        scenario_text(
            hypotheses={
                "h": {
                    "family": "rates",
                    "rates": {"A": 0.6, "B": 0.2},
                    "discordant": {"A": 0.45, "B": 0.05},
                }
            },
            analyses=[{"method": "mcnemar-exact"}],
        )
    )
    found = size(plan, power=[0.7, 0.9])
    with Comparison(title="McNemar's exact test") as comparison:
        for each in found.to_json()["curve"]:
            n = each["patients"]
            exact = mcnemar_exact(n, 0.45, 0.05, 0.05)
            comparison.probability(f"n {n}", each["power"], each["trials"], exact)
    for target in (0.7, 0.9):
        row = answer(found, target)
        want = smallest(lambda n: mcnemar_exact(n, 0.45, 0.05, 0.05), target, range(2, 60, 2))
        assert want is not None
        assert row["range"][0] <= want <= row["range"][1]
        if row["range"][0] == row["range"][1]:
            assert row["patients"] == want


# What an answer means


def points(*powers: float, mcse: float = 0.01) -> dict[int, Any]:
    """A made-up curve at 2, 4, 6, ..."""
    return {
        2 * k: SimpleNamespace(power=Figure(p, mcse, p - 2 * mcse, p + 2 * mcse))
        for k, p in enumerate(powers, 1)
    }


def test_power_must_stay_at_the_target() -> None:
    assert first_enough(points(0.5, 0.82, 0.78, 0.85, 0.9), 0.8) == 8
    assert first_enough(points(0.5, 0.82, 0.85), 0.8) == 4
    assert first_enough(points(0.5, 0.82, 0.79), 0.8) is None


def test_what_chance_leaves_open() -> None:
    assert span(points(0.5, 0.79, 0.81, 0.9), 0.8) == (2, 8)
    assert span(points(0.5, 0.7, 0.9, 0.95), 0.8) == (4, 6)
    assert span(points(0.5, 0.9, 0.79, 0.95), 0.8) == (2, 8)
    assert span(points(0.5, 0.6), 0.8) == (4, None)
    assert span(points(0.5, 0.79, 0.83, 0.9), 0.8, errors=4.0) == (2, 8)


def test_the_grid_has_multiples_only() -> None:
    assert grid(0, 32, 2)[:5] == [2, 4, 6, 8, 10]
    assert grid(0, 34, 3)[-1] == 34  # the end itself is always tried; callers give a multiple
    assert all(n % 6 == 0 for n in grid(0, 600, 6))


def test_more_trials_close_what_is_open() -> None:
    plan = trial(patients=30, looks=[12, 30])
    rough, fine = (size(plan, power=0.9, trials=trials) for trials in (1000, 300_000))
    (a,), (b,) = rough.to_json()["answers"], fine.to_json()["answers"]
    assert a["range"][1] > a["range"][0]
    assert "1,000 trials" in a["note"]
    assert a["range"][0] <= b["patients"] <= a["range"][1]
    assert b["range"] == [24, 24]


# No answer


def why(found: Sizing) -> str:
    (row,) = found.to_json()["answers"]
    assert row["patients"] is None
    assert row["power"] is None
    return str(row["note"])


def carrying(amount: float) -> dict[str, Any]:
    return {"h": {"means": {"A": 1.0, "B": 0.0}, "carryover": {"A": amount}, **SD}}


def test_carryover_that_cancels_the_effect_is_named() -> None:
    found = size(trial(hypotheses=carrying(2.0)), max_patients=400)
    assert "cancels the effect" in why(found)
    assert found.to_json()["answers"][0]["best"]["power"]["estimate"] < 0.1


def test_a_ceiling_is_named() -> None:
    """Nearly nobody completes: the test cannot be computed, and power does not grow beyond that."""
    plan = trial(effects=(30.0,), population={"dropout": {"before_first": 0.97}}, patients=12)
    note = why(size(plan, max_patients=60))
    assert "cannot be computed" in note
    plan = trial(
        patients=20,
        looks=[10, 20],
        futility={"rule": "z", "z": [1.0], "binding": False},
        effects=(0.05,),
    )
    assert "stop for futility" in why(size(plan, max_patients=60))


def test_the_largest_number_tried_is_named() -> None:
    note = why(size(trial(effects=(0.3,)), max_patients=100))
    assert "up to 100 " in note
    assert "Power still grows" in note
    assert size(trial(effects=(0.3,)), power=0.8, max_patients=400).to_json()["answers"][0]["patients"] == 178


def test_a_true_null_hypothesis_has_no_answer() -> None:
    assert "type I error" in why(size(trial(effects=(0.0,))))
    less = trial(analyses=[{"method": "hills-armitage", "alternative": "less"}])
    assert "type I error" in why(size(less))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"power": 90}, "between 0 and 1"),
        ({"power": []}, "no target"),
        ({"max_patients": 20_000}, "10,000"),
        ({"hypotheses": ["nobody"]}, "nobody"),
        ({"patients": 12}, "patients"),
        ({"find": "effect", "patients": 10_001}, "from 1 to 10,000"),
        ({"find": "miracle"}, "miracle"),
    ],
)
def test_questions_without_meaning_are_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(SizingError, match=words):
        size(trial(), **wrong)


# The same answer everywhere, in bounded memory, and whatever is finished after Ctrl-C


def test_threads_do_not_alter_the_answer() -> None:
    plan = trial((0.7, 1.2), patients=30, looks=[12, 30])
    one, three = (size(plan, power=[0.8, 0.9], trials=100_000, threads=threads) for threads in (1, 3))
    assert one.to_json()["answers"] == three.to_json()["answers"]
    assert one.to_json()["curve"] == three.to_json()["curve"]


def test_a_curve_in_pieces_is_the_same_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = trial((0.5, 1.0), patients=30, looks=[12, 30])
    whole = size(plan, power=0.9, trials=2000)
    largest = []

    def job(*arguments: Any, **settings: Any) -> Any:
        work = made(*arguments, **settings)
        largest.append(work.hypotheses * sum(each.rules.limit.nbytes for each in work.analyses))
        return work

    made = curves.job_of
    monkeypatch.setattr(curves, "job_of", job)
    monkeypatch.setattr(curves, "_BYTES", 2**17)
    pieces = size(plan, power=0.9, trials=2000)
    assert max(largest) <= 2**17
    assert pieces.to_json()["answers"] == whole.to_json()["answers"]
    assert pieces.to_json()["curve"] == whole.to_json()["curve"]


def test_after_an_interruption_there_is_what_was_finished() -> None:
    said: list[int] = []

    def progress(done: int, total: int) -> None:
        said.append(done)
        if done < total and done >= stop:
            raise KeyboardInterrupt

    plan = trial((0.2,), patients=30, looks=[12, 30])
    stop = 100_000
    found = size(plan, power=[0.8, 0.9], progress=progress)
    assert said == sorted(said)
    assert found.partial
    assert found.to_json()["curve"]
    assert found.to_json()["partial"]
    assert "interrupted" in found.warnings[0]
    assert all("nterrupted" in row["note"] for row in found.to_json()["answers"])
    assert answer(found, 0.8)["range"][0] <= 396 <= answer(found, 0.8)["range"][1]


def test_sizes_without_stopping_limits_are_left_out() -> None:
    """Two stated limits do not fit a trial so small that it has one look."""
    plan = trial(patients=30, looks=[12, 30], efficacy={"rule": "z", "z": [3.0, 1.98]})
    found = size(plan, power=0.9, trials=20_000)
    assert 2 not in {each["patients"] for each in found.to_json()["curve"]}
    assert "no stopping limits exist for 2" in found.warnings[0]
    assert found.to_json()["answers"][0]["patients"] == 24


# The result


def test_the_result_keeps_the_contract() -> None:
    found = planner.size(trial((1.0, 0.0)), power=[0.8, 0.9], name="x")
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert {"schema", "scenario", "run", "answers", "curve", "partial", "warnings"} <= set(document)
    assert document["schema"] == "planner.size/1"
    for row in document["answers"]:
        assert {"hypothesis", "analysis", "target", "patients", "power", "range", "note"} <= set(row)
    for row in document["curve"]:
        assert {"hypothesis", "analysis", "patients", "power", "trials"} <= set(row)
        assert set(row["power"]) == {"estimate", "mcse", "low", "high"}
        assert row["hypothesis"] == "1"
    frame = found.frame()
    assert frame.filter(frame["answers"] == "0.9")["patients"].to_list() == [24]
    assert found.answers_frame().height == 4
    assert "<table" in found._repr_html_()
