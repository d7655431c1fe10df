"""What is answered to a word that is none of those looked up: what may have been meant, and never something
far away."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.scenario.text import nearest
from tests.support.commands import Cli, cli

__all__ = ["cli"]


@pytest.mark.parametrize(
    ("typed", "says", "hint"),
    [
        ("sizes", "there is no command sizes", "did you mean size?"),
        ("replay", "there is no command replay", "planner --help lists them"),
        ("small.toml", "there is no command small.toml", "planner run small.toml simulates it"),
        ("asthma-ab-ba", "there is no command asthma-ab-ba", "planner run asthma-ab-ba simulates it"),
        ("size small.toml --patient 24", "planner size has no option --patient", "did you mean --patients?"),
        ("size small.toml --powr=.9", "planner size has no option --powr", "did you mean --power?"),
        ("boundaries --precision .1", "has no option --precision", "planner run has it"),
        ("size small.toml --zzz", "has no option --zzz", "planner size --help"),
        ("-q", "planner has no option -q", "options follow the command"),
        ("run small.toml --format jsn", "--format: 'jsn' is not table, json", "did you mean json?"),
        ("cite small.toml --format bibtx", "--format: 'bibtx' is not", "did you mean bibtex?"),
        ("trial small.toml --find eficacy", "--find: 'eficacy' is not", "did you mean efficacy?"),
        ("size small.toml --find patient", "--find: 'patient' is not", "did you mean patients?"),
        ("boundaries --plot spendin", "--plot: 'spendin' is not", "did you mean spending?"),
        ("boundaries --rule obrien", "--rule obrien: no efficacy rule", "did you mean obrien-fleming or obr"),
        ("boundaries --futility kim", "--futility kim: no futility rule", "did you mean kim-demets?"),
        ("methods mcnemar", "is called mcnemar", "mcnemar-mid-p, mcnemar-exact or mcnemar-asymptotic?"),
        ("discriminate small.toml --summaries day", "--summaries: 'day' is not means", "did you mean days?"),
        ("discriminate small.toml --likelihood gauss", "--likelihood: 'gauss'", "did you mean gaussian?"),
        ("run small.toml --set hypotheses.expectd.prior=2", "`means` is missing", "did you mean expected?"),
        ("run small.toml --set design.patients=12:a", "is a list of values", "a range is from:to:step"),
        ("run small.toml --set monitorng.looks=2", "monitorng: is not a known", "did you mean monitoring?"),
        ("run small.toml --set analyses.0.method=pared-t", '"pared-t" is not a', "did you mean paired-t?"),
        ("run small.toml --set design.name=wiliams", '"wiliams" is not a', "did you mean williams?"),
        ("methods anova", "is called anova", "planner methods lists them all"),
        ("run wiliams-2018", "wiliams-2018: there is no such file", "did you mean williams-2018?"),
        ("run Williams-2018", "Williams-2018: there is no such file", "did you mean williams-2018?"),
        ("run smal.toml", "smal.toml: there is no such file", "did you mean small.toml?"),
        ("run small", "small: there is no such file", "did you mean small.toml?"),
        ("run small.tml", "small.tml: there is no such file", "did you mean small.toml?"),
        ("run SMALL.toml", "SMALL.toml: there is no such file", "did you mean small.toml?"),
        ("run x/qqq.toml", "x/qqq.toml: there is no such file", "`planner scenarios` lists the catalogue"),
        ("new own.toml --from williams", "--from williams: no scenario", "did you mean williams-2018?"),
    ],
)
def test_a_word_that_is_none_is_answered_with_what_may_be_meant(
    typed: str, says: str, hint: str, cli: Cli
) -> None:
    code, out, err = cli(*typed.split())
    assert (code, out) in ((2, ""), (3, ""))
    error, _, advice = " ".join(err.split()).partition(" hint: ")
    assert says in error
    assert hint in advice


def test_a_file_is_suggested_by_a_path_that_works(cli: Cli) -> None:
    Path("inside").mkdir()
    Path("inside/plan.toml").write_text(Path("small.toml").read_text())
    assert "did you mean inside/plan.toml?" in cli("check", "inside/Plan")[2]
    assert cli("check", "inside/plan.toml")[0] == 0


def test_several_that_are_as_near_are_named_and_the_same_letters_alone() -> None:
    assert nearest("mean-a", ["mean-b", "mean-c", "spread"]) == ["mean-b", "mean-c"]
    assert nearest("MEAN_B", ["mean-b", "mean-c"]) == ["mean-b"]
    assert nearest("m", ["mean-b"]) == []


@given(
    st.text("abc-", min_size=1, max_size=8), st.lists(st.text("abcxyz-", min_size=1, max_size=8), max_size=6)
)
def test_never_a_name_that_is_far_away(word: str, names: list[str]) -> None:
    """A name shares letters with the word, in their order: at least three fifths of both, or it begins so."""
    for name in nearest(word, names):
        common = _longest_common(word, name)
        assert name.startswith(word) or 2 * common >= 0.6 * (len(word) + len(name))


def _longest_common(a: str, b: str) -> int:
    """Letters of the longest common subsequence, by the recurrence of textbooks."""
    row = [0] * (len(b) + 1)
    for x in a:
        before = 0
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], before + 1 if x == y else max(row[j], row[j - 1])
    return row[-1]
