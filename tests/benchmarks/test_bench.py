"""`planner bench`: figures that hang together, equal trials, the command."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from planner.benchmarks import measuring, others, rivals
from planner.benchmarks.jobs import STANDARD
from planner.benchmarks.regression import comparison
from planner.benchmarks.timing import Budget, Times, spread
from planner.cli import main
from planner.report.pages.bench import bench_page, bench_rows
from tests.support.benches import BY_HAND, HASTE, SHARES, Json, changed, document, put

__all__ = ["document"]


# Timing


def test_spread_is_median_and_quartiles() -> None:
    found = spread([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found == (3.0, 2.0, 4.0)
    assert found.inverse() == (1 / 3, 0.25, 0.5)
    assert found.times(2.0) == (6.0, 4.0, 8.0)


def test_jobs_take_turns_and_ratios_are_of_one_round() -> None:
    now, order = [0.0], []

    def job(name: str, seconds: float) -> Callable[[], None]:
        def run() -> None:
            order.append(name)
            now[0] += seconds * (1.0 + len(order))  # the machine becomes slower and slower

        return run

    times = Times({"a": job("a", 1.0), "b": job("b", 2.0)}, 4, lambda: now[0])
    assert order == ["a", "b", *"abbaabba"]
    assert 1.7 < times.ratio("b", "a").median < 2.3


# The document


def test_every_standard_job_is_measured(document: Json) -> None:
    assert document["schema"] == "planner.bench/1"
    assert [job["job"] for job in document["jobs"]] == [job.name for job in STANDARD]
    for job in document["jobs"]:
        assert [each["threads"] for each in job["threads"]] == [1, 2, 3]
        assert job["threads"][0]["scaling"] == 1.0
        rate = job["trials_per_core_second"]["median"]
        per_patient = 1e9 / (rate * job["patients"] * job["hypotheses"])
        assert job["ns_per_patient"]["median"] == pytest.approx(per_patient, rel=0.5)  # medians of few
        for name in ("of_the_bound", "ns_per_patient", "trials_per_core_second"):
            assert 0.0 < job[name]["low"] <= job[name]["median"] <= job[name]["high"]
        assert job["of_the_bound"]["median"] < 2.0  # 1, but for what else the machine does
    json.dumps(document, allow_nan=False)


def test_rivals_simulate_the_same_trial(document: Json) -> None:
    found = {each["rival"]: each for each in document["rivals"]}
    assert {"NumPy, vectorised", "Numba, scalar loop"} == set(found)
    assert {each["rival"] for each in document["skipped"]} == {
        tool.name for tool in others.ALL if tool.job in rivals.JOBS
    }
    for each in document["rivals"]:
        assert each["same_trial"], each
        assert each["times_as_fast"]["median"] > 1.0


def test_a_process_of_its_own() -> None:
    found = measuring._in_a_process("small", HASTE, Budget(1.0, 1))
    assert 0.0 < found["first_call_seconds"] < found["process_seconds"]
    assert [len(found["rounds"][name]) for name in ("engine", "bound")] == [HASTE.rounds] * 2
    cold = {"process_seconds": 9.0, "first_call_seconds": 8.0, "compiled": True}
    ready = {"process_seconds": 2.0, "first_call_seconds": 1.0, "compiled": False}
    assert measuring._cold([cold, ready]) == ready
    assert measuring._cold([cold]) == cold
    assert measuring._cold([]) is None


def test_it_is_shown_in_words_and_as_rows(document: Json) -> None:
    from planner.report.render.terminal import Terminal

    result = {**document, "comparison": comparison(document, document, "before.json")}
    text = Terminal().page(bench_page(result))
    for job in STANDARD:
        assert job.title in " ".join(text.split())
    assert "Not slower" in text
    assert all(len(row) == 5 for row in bench_rows(document))


# The command


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(measuring, "QUICK", HASTE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.long
def test_bench_writes_and_compares(hasty: Path, document: Json, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--quick", "--threads", "1", "--json", "-q"]) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out)["schema"], err) == ("planner.bench/1", "")
    Path("fast.json").write_text(json.dumps(changed(document, 1e3)))
    compare = ["--compare", "fast.json", "--format", "md", "-o", "x.md", "-q"]
    assert main(["bench", "--quick", "--threads", "1", *compare]) == 5
    assert "SLOWER" in Path("x.md").read_text()
    other = put(changed(document, 1e3), "bound.version", "other")
    Path("other.json").write_text(json.dumps(other))
    compare = ["--compare", "other.json", "-o", "x.json", "-q"]
    code = main(["bench", "--quick", "--threads", "1", *compare])
    found = json.loads(Path("x.json").read_text())["comparison"]
    assert {each["figure"] for each in found["left_out"]} == SHARES
    assert {row["figure"] for row in found["figures"]} == BY_HAND
    assert code == (5 if found["slower"] else 0)


def test_figures_as_csv(document: Json) -> None:
    from planner.cli.output import as_csv

    text = as_csv(["subject", "figure", "median", "low", "high"], bench_rows(document))
    rows = list(csv.DictReader(io.StringIO(text)))
    (found,) = [r for r in rows if (r["subject"], r["figure"]) == ("small", "of_the_bound")]
    assert float(found["median"]) == document["jobs"][0]["of_the_bound"]["median"]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("{", 3, "is no JSON: line 1, column 2"),
        ("", 3, "is no JSON: it is empty"),
        (" \n", 3, "it is empty"),
        ("[]", 3, "it is no JSON object"),
        ("[" * 100_000, 3, "is no JSON that could be read"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}".encode("latin-1"), 3, "is no text"),
        ('{"schema":"planner.run/1"}', 3, 'its schema is "planner.run/1"'),
        ("other machine", 3, "none of its ratios means the same here: another processor"),
        (None, 2, "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_before_anything_is_measured(
    text: str | bytes | None,
    code: int,
    words: str,
    document: Json,
    hasty: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("planner.benchmarks.measuring.bench", lambda **_: pytest.fail("measured"))
    if text == "other machine":
        text = json.dumps(put(document, "machine.processor", "\x1b[31mother"))
    if text is not None:
        Path("x.json").write_bytes(text.encode() if isinstance(text, str) else text)
    assert main(["bench", "--compare", "x.json"]) == code
    out, err = capsys.readouterr()
    assert (out, err[:6]) == ("", "error:")
    assert words in " ".join(err.split())
    assert "hint:" in err
    assert "\x1b" not in err
