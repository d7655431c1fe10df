"""`planner cv`: the same figures as another program, every form of output, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

import planner
from tests.support.commands import Cli, cli
from tests.support.paths import NUMBERS

__all__ = ["cli"]

TABLES: dict[str, Any] = json.loads((NUMBERS / "cv.json").read_text())


def parsed(cli: Cli, *arguments: str) -> Any:
    code, out, err = cli("cv", *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


@pytest.mark.parametrize("case", TABLES["CVfromCI"], ids=lambda case: case["design"])
def test_the_cv_of_an_interval(case: dict[str, Any], cli: Cli) -> None:
    interval = f"{case['lower']},{case['upper']}"
    document = parsed(cli, "--interval", interval, "--patients", str(case["n"]), "--design", case["design"])
    assert document["cv"] == pytest.approx(case["CV"], abs=1e-12)
    assert document["within_patients"] == (case["design"] != "parallel")
    assert (document["sd_log_difference"] is None) == (case["design"] == "parallel")
    wider = parsed(cli, "--interval", interval, "--patients", "40", "--design", "2x2", "--level", ".95")
    assert wider["cv"] != pytest.approx(case["CV"], abs=1e-3), "a negative control"


def test_studies_pooled(cli: Cli) -> None:
    case = TABLES["CVpooled"]
    studies = [f"{each['CV']},{each['n']},{each['design']}" for each in case["inputs"]]
    words = [word for study in studies for word in ("--pool", study)]
    document = parsed(cli, *words, "--upper", str(1 - case["alpha"]))
    assert (document["cv"], document["df"]) == pytest.approx((case["CV"], case["df"]), abs=1e-12)
    assert document["upper"]["cv"] == pytest.approx(case["upper"], abs=1e-12)
    assert document["upper"]["cv"] > document["cv"]


def test_patients_of_each_sequence(cli: Cli) -> None:
    """Unequal sequences make an interval wider, so that the same interval tells a smaller CV."""
    equal, unequal = (parsed(cli, "--interval", ".9,1.2", "--patients", n)["cv"] for n in ("24", "16,8"))
    assert unequal < equal
    assert parsed(cli, "--pool", ".3,16+8,2x2")["studies"][0]["groups"] == [16, 8]


def test_per_cent_is_a_hundredth(cli: Cli) -> None:
    words = ("--patients", "24", "--pool")
    plain = parsed(cli, "--interval", ".91,1.15", *words, ".3,24,2x2")
    assert parsed(cli, "--interval", "91%,115%", *words, "30%,24,2x2") == plain


def test_a_page_a_table_and_python_say_the_same(cli: Cli) -> None:
    words = ("cv", "--interval", ".91,1.15", "--patients", "24")
    page, rows = cli(*words)[1], cli(*words, "--format", "csv")[1]
    answer = planner.cv((0.91, 1.15), 24)
    assert "The CV within patients is 23.94 %" in page
    assert "0.2361" in page
    assert [row["of"] for row in csv.DictReader(io.StringIO(rows))] == ["study", "upper limit"]
    assert answer.frame().height == 2
    assert answer.to_json() == parsed(cli, *words[1:])
    assert "CV 23.94 %" in repr(answer)
    assert "24 patients" in str(answer.document())


def test_the_digest_is_of_studies_and_answer() -> None:
    same = {planner.cv((0.91, 1.15), n).digest() for n in (24, 24)}
    other = {planner.cv((0.91, 1.15), [13, 11]).digest(), planner.cv((0.91, 1.15), 24, upper=0.9).digest()}
    assert len(same) == 1
    assert len(same | other) == 3


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ("", "no study is given", "--interval .91,1.15 --patients 24"),
        ("--interval 1.15,.91 --patients 24", "1.15 and 0.91 of a ratio are not in order", "0.91 and 1.15"),
        ("--interval -.1,.1 --patients 24", "are not above 0", "0.91 and 1.15"),
        ("--interval .9,.9 --patients 24", "not in order", ""),
        ("--interval .9 --patients 24", "two limits", ".91,1.15"),
        ("--interval .9,1.1", "goes with --patients", "--patients 24"),
        ("--patients 24 --pool .3,24,2x2", "--patients 24 goes with --interval", "--pool"),
        ("--interval .9,1.1 --patients 2", "2 patients are too few for 2x2", "3 or more"),
        ("--interval .9,1.1 --patients 2 --design 2x3x3", "too few for 2x3x3", "3 or more"),
        ("--interval .9,1.1 --patients 8,8,8", "2x2 has 2 sequences", "2 joined by commas"),
        ("--interval .9,1.1 --patients 0", "from 1 to 10,000", "13,11"),
        ("--interval .9,1.1 --patients 24 --design 2x5", "no design 2x5", "2x2x4"),
        ("--interval .9,1.1 --patients 24 --level 1", "--level", "--help"),
        ("--pool .3,24", "a CV, patients and a design", ".3,24,2x2"),
        ("--pool .3,24,2x9", "--pool .3,24,2x9: there is no design 2x9", "2x2x4"),
        ("--pool 0,24,2x2", "a CV is 0", "0.3 stands for 30 %"),
        ("--pool .3,24,2x2 --pool .3,24,parallel", "within patients", "one kind"),
        ("--pool .3,3,2x2 --upper .9999", "too large for a CV", "lower confidence"),
    ],
)
def test_what_is_refused(arguments: str, message: str, hint: str, cli: Cli) -> None:
    code, out, err = cli("cv", *arguments.split())
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err.partition("hint: ")[2]


def test_python_refuses_the_same() -> None:
    with pytest.raises(planner.RequestError, match="no study"):
        planner.cv()
    with pytest.raises(planner.RequestError, match="patients of the interval"):
        planner.cv((0.9, 1.1))
    with pytest.raises(planner.RequestError, match="no interval of theirs"):
        planner.cv(patients=24, pool=[(0.3, 24, "2x2")])
    with pytest.raises(planner.UnknownNameError, match="no design"):
        planner.cv((0.9, 1.1), 24, "2x5")
    with pytest.raises(planner.RequestError, match="20,000 patients"):
        planner.cv((0.9, 1.1), 20_000)
