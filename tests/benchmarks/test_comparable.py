"""A bench against an earlier one: slower beyond noise; what is not the same job is not compared."""

from __future__ import annotations

import copy
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from planner.benchmarks import definitions, jobs
from planner.benchmarks.jobs import STANDARD
from planner.benchmarks.regression import SAME_CODE, NotComparable, check, comparison, reasons
from planner.report.pages.bench import bench_page
from planner.scenario.reading.read import read_text
from tests.support.benches import BY_HAND, SHARES, Json, changed, document, put
from tests.support.marks import repeated

__all__ = ["document"]


@pytest.mark.parametrize(
    ("factor", "spread", "slower"),
    [
        (0.90, 0.01, True),  # a tenth slower, and surely
        (0.90, 0.10, False),  # a tenth slower, within noise
        (0.97, 0.001, False),  # surely slower, but by next to nothing
        (1.20, 0.01, False),
    ],
)
def test_slower_beyond_noise(document: Json, factor: float, spread: float, slower: bool) -> None:
    full = {**document, "quick": False}
    before, now = changed(full, 1.0, spread), changed(full, factor, spread)
    found = comparison(now, before, "x.json")
    assert found["slower"] is slower
    rows = [row for row in found["figures"] if "bound" in row["figure"]]
    assert len(rows) == len(STANDARD)
    assert all(row["change"] == pytest.approx(factor - 1.0) for row in rows)
    assert not comparison({**now, "quick": True}, before, "x.json")["slower"]


@pytest.mark.parametrize(
    ("path", "value", "left_out", "reason"),
    [
        ("bound.version", "x", SHARES, "another bound"),
        ("bound.definition", "x", SHARES, "another bound"),
        ("jobs.1.definition.draws", "x", {"williams: share of the bound"}, "another bound: the job williams"),
        ("jobs.2.definition.scenario", "x", {"curve: share of the bound"}, "another trial"),
        ("jobs.2.definition.sizes", [30], {"curve: share of the bound"}, "other numbers of patients"),
        ("jobs.0.definition.scenario", "x", {"small: share of the bound"} | BY_HAND, "another trial"),
        ("jobs.3.job", "new", {f"{x}: share of the bound" for x in ("ten", "new")}, "not in the file"),
        ("versions.numba", "0.1", BY_HAND, "another version: numba"),
        ("rivals.0.definition", "x", {min(BY_HAND, key=lambda x: "NumPy" not in x)}, "in another way"),
        ("rivals.0.same_trial", False, {min(BY_HAND, key=lambda x: "NumPy" not in x)}, "the same trial"),
    ],
)
def test_a_ratio_of_something_else_is_not_compared(
    document: Json, path: str, value: Any, left_out: set[str], reason: str
) -> None:
    """A file a thousand times as fast: what is compared is slower, what is not cannot be."""
    fast = changed(document, 1e3)
    for each in fast["rivals"]:
        each["times_as_fast"] = {key: 1e3 * x for key, x in each["times_as_fast"].items()}
    whole = comparison(document, fast, "x.json")
    assert whole["left_out"] == whole["notes"] == []
    assert {row["figure"] for row in whole["figures"]} == SHARES | BY_HAND
    before = put(fast, path, value)
    check(before, document)
    found = comparison(document, before, "x.json")
    assert {each["figure"] for each in found["left_out"]} == left_out
    assert any(reason in each["reason"] for each in found["left_out"])
    assert {row["figure"] for row in found["figures"]} == (SHARES | BY_HAND) - left_out
    assert all(row["slower"] for row in found["figures"])
    from planner.report.render.terminal import Terminal

    text = " ".join(Terminal().page(bench_page({**document, "comparison": found})).split())
    assert f"{len(left_out)} of {len(left_out) + len(found['figures'])} ratios are not compared" in text
    assert reason[1:] in text


@pytest.mark.parametrize(
    ("paths", "reason"),
    repeated(
        [
            ({"machine.processor": "x"}, "another processor"),
            ({"machine.compiled_for": "x"}, "another processor"),
            ({"machine.vector_bits": 8}, "another processor"),
            ({"bound.version": "x", "versions.numpy": "1.0"}, "another bound.*; another version: numpy"),
        ],
        fast=1,
    ),
)
def test_a_file_without_any_common_ratio_is_refused(
    document: Json, paths: dict[str, Any], reason: str
) -> None:
    before = document
    check(before, definitions.conditions())
    for path, value in paths.items():
        before = put(before, path, value)
    with pytest.raises(NotComparable, match=f"none of its ratios.*{reason}"):
        check(before, definitions.conditions())


@pytest.mark.parametrize("key", ["schema", "quick", "jobs", "rivals", "machine", "versions", "bound"])
def test_what_is_no_bench_is_refused(document: Json, key: str) -> None:
    check(document, document)
    with pytest.raises(NotComparable):
        check({k: v for k, v in document.items() if k != key}, document)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("schema", "planner.run/1", 'its schema is "planner.run/1", not planner.bench/1'),
        ("jobs", 3, "jobs is no list"),
        ("jobs", [], "it has no jobs"),
        ("jobs.1", {"job": "williams"}, "jobs.1.definition is missing"),
        ("jobs.1.of_the_bound.low", "0.5", "jobs.1.of_the_bound.low is no positive number"),
        ("jobs.1.of_the_bound.low", float("nan"), "jobs.1.of_the_bound.low is no positive number"),
        ("jobs.1.of_the_bound.high", 10**400, "jobs.1.of_the_bound.high is no positive number"),
        ("jobs.1.of_the_bound.median", True, "no positive number"),
        ("jobs.1.of_the_bound.low", 1e9, "the quartiles of jobs.1.of_the_bound"),
        ("rivals.0.times_as_fast", None, "rivals.0.times_as_fast is no table"),
        ("quick", 1, "quick is of another kind"),
        ("machine.vector_bits", True, "machine.vector_bits is of another kind"),
    ],
)
def test_what_is_broken_is_told(document: Json, path: str, value: Any, words: str) -> None:
    with pytest.raises(NotComparable, match=re.escape(words)):
        check(put(document, path, value), document)
    for other in (None, [], "x"):
        with pytest.raises(NotComparable, match="no JSON object"):
            check(other, document)


def test_a_result_of_before_the_bound_was_defined_is_told_so(document: Json) -> None:
    with pytest.raises(NotComparable, match="does not say what its bound is"):
        check({key: value for key, value in document.items() if key != "bound"}, document)


# What defines a job and the bound


def test_the_code_of_the_bound_is_what_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers and functions deep inside count; what the bound does not use does not."""
    from planner.kernels.random import normals, philox

    before = definitions.of_bound()
    assert definitions.of_bound() == before
    assert before["version"] not in {definitions.code(each) for each in definitions.BY_HAND.values()}
    for module, name, value, matters in [
        (normals, "_N1", -0.6667, True),  # of a normal, three calls down
        (philox, "_four_rounds", philox._round, True),
        (normals, "_E1", 0.7, False),  # of a power of two
        (normals, "power_of_two", normals.minus_log, False),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            assert (definitions.of_bound() != before) is matters, name
    assert definitions.of_bound() == before


def test_comments_do_not_make_another_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "planner_a": "SIZE = 3\ndef f(x: int) -> int:\n    return x + SIZE\n",
        "planner_b": 'SIZE = 3\n\n\ndef f(x):\n    """A sum."""\n    return (x  # here\n        + SIZE)\n',
        "planner_c": "SIZE = 4\ndef f(x):\n    return x + SIZE\n",
    }
    monkeypatch.syspath_prepend(str(tmp_path))
    found = []
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text)
        function = import_module(name).f
        function.__module__ = "planner.sample"
        found.append(definitions.code(function))
    assert found[0] == found[1] != found[2]


BOUND_IN_TWO_MODULES = (
    "import planner_b\nfrom planner_b import Pair, half\nSIZE = 3\n"
    "def f(x, y):\n    return Pair(half(x) + SIZE, [planner_b.half(i) for i in y]).swap()\n",
    "from typing import NamedTuple\nPARTS = 2.0\ndef half(x):\n    return x / PARTS\n"
    "class Pair(NamedTuple):\n    a: float\n    b: float\n"
    "    def swap(self):\n        return Pair(self.b, self.a)\n",
)
MOVED = (
    "import planner_b as other\nfrom planner_b import Both, middle\n"
    "def draw(word, words):\n    return Both(middle(word) + other.ROWS,"
    " [other.middle(each) for each in words]).swap()\n",
    "from typing import NamedTuple\nSHARES = 2.0\nROWS = 3\ndef middle(all):\n    return all / SHARES\n"
    "class Both(NamedTuple):\n    a: float\n    b: float\n"
    "    def swap(own):\n        return Both(own.b, own.a)\n",
)


@pytest.mark.parametrize(
    ("texts", "name", "same"),
    [
        (MOVED, "draw", True),
        ((MOVED[0], MOVED[1].replace("2.0", "2.5")), "draw", False),
        ((MOVED[0], MOVED[1].replace("ROWS = 3", "ROWS = 4")), "draw", False),
        ((MOVED[0], MOVED[1].replace("all / SHARES", "SHARES / all")), "draw", False),
        ((MOVED[0], MOVED[1].replace("own.b, own.a", "own.a, own.b")), "draw", False),
        ((MOVED[0].replace("draw(word, words)", "draw(words, word)"), MOVED[1]), "draw", False),
    ],
)
def test_only_what_code_does_makes_another_code(
    texts: tuple[str, str], name: str, same: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other names, another module for a number: nothing. Another number, another order: another code."""

    def digest(texts: tuple[str, str], name: str) -> str:
        place = tmp_path / name
        place.mkdir()
        with monkeypatch.context() as patch:
            patch.syspath_prepend(str(place))
            for module, text in zip(("planner_a", "planner_b"), texts, strict=True):
                (place / f"{module}.py").write_text(text)
                patch.delitem(sys.modules, module, raising=False)
            code = definitions.code(getattr(import_module("planner_a"), name))
            for module in ("planner_a", "planner_b"):
                del sys.modules[module]
        return code

    assert (digest(BOUND_IN_TWO_MODULES, "f") == digest(texts, name)) is same


def test_a_bench_of_before_the_modules_moved_is_compared(document: Json) -> None:
    """Its digests also counted names, so that all of them are others now."""
    before = copy.deepcopy(document)
    names = {now: then for then, now in SAME_CODE.items()}
    assert len(names) == len(SAME_CODE)
    before["bound"]["version"] = names[document["bound"]["version"]]
    for each in before["rivals"]:
        each["definition"] = each["definition"] and names[each["definition"]]
    assert not any(reasons(document, before).values())
    before["bound"]["version"] = "another"
    assert sum("another bound" in reason for reason in reasons(document, before).values()) == len(STANDARD)


def test_a_job_is_its_trial_its_patients_and_its_draws() -> None:
    small, curve, ten = (jobs.standard(name) for name in ("small", "curve", "ten"))
    found = {each.name: definitions.of_job(each, each.job()) for each in (small, curve, ten)}
    assert found["small"]["scenario"] == found["curve"]["scenario"] != found["ten"]["scenario"]
    assert found["small"]["sizes"] != found["curve"]["sizes"]
    assert found["small"]["draws"] == found["curve"]["draws"] != found["ten"]["draws"]
    looks = jobs.Standard("small", "", lambda: jobs.means(looks=1))
    assert definitions.of_job(looks, looks.job())["scenario"] != found["small"]["scenario"]
    text = jobs._MEANS.replace(f"{jobs.LEAVE}", "0")
    stays = jobs.Standard("small", "", lambda: read_text(text, "bench"))
    assert definitions.of_job(stays, stays.job())["draws"] != found["small"]["draws"]


def test_what_is_known_beforehand_is_what_a_result_says(document: Json) -> None:
    conditions = definitions.conditions()
    for key in ("versions", "bound"):
        assert conditions[key] == document[key]
    for key, name in (("jobs", "job"), ("rivals", "rival")):
        said = {each[name]: each["definition"] for each in document[key] if each["definition"]}
        assert {each[name]: each["definition"] for each in conditions[key]} == said
