"""What is warned of stands on the page too, once and in its words; alike notes are told together."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from planner.report.pages.parts.limits import about_limits
from planner.results.irregular_trials import WHY, undefined_in_any, warnings
from tests.support.commands import FEW, Cli, cli
from tests.support.early_looks import text
from tests.support.typed import cell_of

__all__ = ["cli"]


def one_line(page: str) -> str:
    return " ".join(page.split())


def test_the_page_has_the_warning_of_a_look(cli: Cli) -> None:
    Path("early.toml").write_text(text())
    assert cli("run", "early.toml", *FEW, "-o", "page.md")[0] == 0
    page = Path("page.md").read_text()
    assert page.count("Look 1, at 2 finished patients, cannot stop the trial") == 1
    out, err = cli("run", "early.toml", *FEW)[1:]
    assert "warning: Look 1, at 2 finished patients, cannot stop the trial" in one_line(out)
    assert "warning: look 1, at 2 finished patients, cannot stop the trial" in one_line(err)


@pytest.mark.parametrize(
    "words",
    [
        ["run", "early.toml", "--set", "hypotheses.h1.sd_within=0.25,0.3"],
        ["run", "early.toml", "--sensitivity", "--hypothesis", "h1"],
    ],
    ids=["sweep", "sensitivity"],
)
def test_other_pages_have_it_too(cli: Cli, words: list[str]) -> None:
    Path("early.toml").write_text(text())
    code, out, _ = cli(*words, *FEW)
    assert code == 0
    said = [one_line(each) for each in out.split("\n\n") if each.startswith("warning: ")]
    assert any("look 1, at 2 finished patients, cannot stop the trial" in each.lower() for each in said)
    assert not any("Hypotheses." in each for each in said)


def test_dropout_that_leaves_too_few_is_on_the_page(cli: Cli) -> None:
    out = one_line(cli("run", "williams-2018", *FEW)[1])
    assert "has too few of them for mcnemar-exact to be significant in 84 % of trials" in out


def test_a_terminal_shows_each_warning_once(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("early.toml").write_text(text())
    piped = cli("run", "early.toml", *FEW)
    assert "cannot stop the trial" in piped[2]
    assert "could not be computed" in piped[2]
    monkeypatch.setattr("planner.cli.terminal.on_terminal", lambda stream: stream is sys.stdout)
    monkeypatch.setenv("NO_COLOR", "1")
    out, err = cli("run", "early.toml", *FEW)[1:]
    assert one_line(out).count("cannot stop the trial") == 1
    assert "warning" not in err
    # elsewhere nobody sees the page
    assert "cannot stop the trial" in cli("run", "early.toml", *FEW, "-o", "page.md")[2]
    assert "cannot stop the trial" in cli("run", "early.toml", *FEW, "--json")[2]
    out, err = cli("run", "williams-2018", *FEW)[1:]
    assert one_line(out).count("Carryover biases the estimate of response") == 1
    assert "carryover" not in err


def test_remarks_use_the_labels_of_the_page(cli: Cli) -> None:
    out, err = cli("run", "williams-2018", *FEW, "--json")[1:]
    assert "under “Direct mu-opioid agonism” = “Indirect: release of opioids”" in err
    assert "direct-opioid" not in err
    assert any("under direct-opioid = indirect-opioid" in said for said in json.loads(out)["warnings"])


def test_a_look_that_cannot_stop_has_no_figure(cli: Cli) -> None:
    Path("early.toml").write_text(text())
    out = cli("run", "early.toml", *FEW)[1]
    (row,) = [line for line in out.splitlines() if line.startswith("A is better") and " 1  " in line]
    assert row.split()[-3:] == ["–", "–", "–"]
    assert "– at a look: it cannot stop for that reason, whatever the data are." in one_line(out)
    Path("late.toml").write_text(text(looks="[20, 40]"))
    out = cli("run", "late.toml", *FEW)[1]
    (row,) = [line for line in out.splitlines() if line.startswith("A is better") and " 1  " in line]
    assert "–" not in row
    assert "– at a look" not in one_line(out)


def test_each_table_of_a_trial_names_its_analysis(cli: Cli) -> None:
    out = cli("trial", "williams-2018", "--replay", "3")[1]
    lines = [line for line in out.splitlines() if line.strip()]
    heads = [i for i, line in enumerate(lines) if line.lstrip().startswith("Look ")]
    assert [lines[i - 1] for i in heads] == ["change:", "response:"]


# Alike notes


def cell(hypothesis: str, early: float, end: float = 0.0, analysis: str = "t", beyond: float = 0.0) -> Any:
    document = {
        "hypothesis": hypothesis,
        "analysis": analysis,
        "looks": [
            {"look": 1, "undefined": {"estimate": early}},
            {"look": 2, "undefined": {"estimate": end}},
        ],
        "undefined": {"estimate": end},
        "estimate": {
            "beyond_range": {"estimate": beyond},
            "error_range": 8.0,
            "empirical_se_is_rough": False,
        },
    }
    return cell_of(document)


def under(*cells: Any) -> list[tuple[Any, str]]:
    return [(each, each.hypothesis) for each in cells]


def test_one_line_an_analysis_with_the_range_over_hypotheses() -> None:
    found = under(cell("a", 0.01), cell("b", 0.03), cell("c", 0.02), cell("a", 0.0, 0.5, "u"))
    assert undefined_in_any(found) == [
        f"t: At look 1 the test was undefined in 1 % to 3 % of the trials: they go on. {WHY}",
        f"u: The test was undefined in 50 % of the trials: not significant. {WHY}",
    ]
    assert warnings(found) == [
        "t could not be computed at look 1 in 1 % to 3 % of the trials; they go on",
        "u could not be computed in 50 % of the trials; they count as not significant",
    ]


def test_hypotheses_are_named_where_it_happens_under_few_of_them() -> None:
    found = under(cell("a", 0.01), cell("b", 0.0), cell("c", 0.04))
    assert warnings(found) == [
        "t could not be computed at look 1 under a and c in 1 % to 4 % of the trials; they go on"
    ]
    many = under(*(cell(str(k), 0.01) for k in range(5)), cell("never", 0.0), cell("more", 0.02))
    assert warnings(many) == ["t could not be computed at look 1 in up to 2 % of the trials; they go on"]
    rare = under(cell("a", 0.00001), cell("b", 0.00002))
    assert warnings(rare) == [
        "t could not be computed at look 1 in less than 0.01 % of the trials; they go on"
    ]
    assert warnings(under(cell("a", 0.0))) == undefined_in_any(under(cell("a", 0.0))) == []


def test_estimates_that_are_too_far_off_are_told_in_one_line() -> None:
    (said,) = warnings(under(cell("a", 0.0, beyond=0.01), cell("b", 0.0, beyond=0.02)))
    assert said.startswith("t: in 1 % to 2 % of the trials the estimate is farther from the truth than 8")


def test_undefined_is_on_the_page_once(cli: Cli) -> None:
    Path("early.toml").write_text(text())
    out, err = cli("run", "early.toml", *FEW)[1:]
    assert one_line(out).count("At look 1 the test was undefined in 100 % of the trials") == 1
    assert err.count("could not be computed at look 1") == 1


def test_type_one_errors_that_are_alike_are_joined(cli: Cli) -> None:
    def held(analysis: str, error: float) -> Any:
        return SimpleNamespace(analysis=analysis, alpha=0.05, type_one_error=error, early_efficacy=True)

    (said,) = about_limits([held("N-S", 0.0505), held("N-P", 0.0505)])
    assert "5.05 % (each analysis) where alpha is 5 %, computed" in said
    (said,) = about_limits([held("N-S", 0.0505), held("N-P", 0.0505), held("S-P", 0.0511)])
    assert "5.05 % (N-S and N-P) where alpha is 5 % and 5.11 % (S-P) where alpha is 5 %" in said
    base = text(looks="[20, 40]", leave="0")
    again = "\n".join(base[base.index("[hypotheses.h0]") :].replace("h0", f"n{k}") for k in range(2))
    few = base + again.replace("No difference", "None either").replace(
        "[hypotheses.n1]\nlabel", "[hypotheses.n1]\nlabel"
    )
    Path("few.toml").write_text(few.replace("sd_within = 0.25", "sd_within = 0.26", 1))
    out = one_line(cli("run", "few.toml", *FEW)[1])
    assert out.count("despite futility") == 1
