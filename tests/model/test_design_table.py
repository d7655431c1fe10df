"""The design table against R's linear algebra, for every design there, and what `show` says of it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.cli import main
from planner.model.design_table import DesignRow, design_table
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.paths import NUMBERS

REFERENCE = json.loads((NUMBERS / "carryover_models.json").read_text())["designs"]


def scenario(sequences: list[str], pairs: list[tuple[str, str]]) -> Scenario:
    """A design with one hypothesis for each ratio of variances that R has, and a contrast for each pair."""
    means = {a: 0.0 for word in sequences for a in word}
    given = ", ".join(f"{a} = {x}" for a, x in means.items())
    text = "schema_version = 1\n[design]\npatients = 48\nsequences = ["
    text += ", ".join(f'"{" ".join(word)}"' for word in sequences) + "]\n"
    for g in (0.0, 0.5, 1.0, 2.0, 4.0):
        text += f'[hypotheses."g={g:g}"]\nmeans = {{ {given} }}\nsd_within = 2.0\nsd_between = {2 * g**0.5}\n'
    method = "period-one" if len(sequences[0]) == 1 else "fixed-subject"
    for a, b in pairs:
        text += f'[[analyses]]\nname = "{a}-{b}"\nmethod = "{method}"\ncontrast = ["{a}", "{b}"]\n'
    return read_text(text)


def compare(reference: dict[str, Any]) -> int:
    """Fail unless the table says what R does; answers how many numbers were compared."""
    first = reference["random"]["g=0"]
    pairs = [tuple(key.split("-")) for key in first]
    pairs += [("A", "B")] if "bias" in reference else []
    rows = {
        ("-".join(row.contrast), row.carryover): row  # type: ignore[arg-type]
        for row in design_table(scenario(reference["sequences"], list(dict.fromkeys(pairs))))
    }
    seen = 0
    for (contrast, carryover), row in rows.items():
        if contrast not in first:
            continue
        suffix = "_carryover" if carryover else ""
        seen += _same(row.variance_factor, reference.get(f"fixed{suffix}", {}).get(contrast))
        assert row.estimable == (row.variance_factor is not None)
        if row.estimable:
            assert row.efficiency == pytest.approx(2.0 / row.variance_factor)
        for g, factors in reference.get(f"random{suffix}", {}).items():
            (other,) = (each for each in row.random if g in each.hypotheses)
            seen += _same(other.variance_factor, factors[contrast])
            if other.variance_factor is not None:
                # Parallel groups: 2 groups of N / 2, variance 4 (1 + g) sigma^2 / N.
                parallel = 4.0 * (1.0 + other.ratio) / other.variance_factor
                assert other.efficiency_parallel == pytest.approx(parallel)
    if "bias" in reference:
        row = rows["A-B", False]
        (other,) = (each for each in row.random if "g=1" in each.hypotheses)
        for found, wanted in ((row, reference["bias"]), (other, reference["bias_random_1"])):
            seen += _same(found.bias_first_order, wanted["first_order"])
            seen += _same(found.bias_lasting, wanted["lasting"])
    return seen


def _same(found: float | None, wanted: float | None) -> int:
    if wanted is None:
        assert found is None
    else:
        assert found == pytest.approx(wanted, rel=1e-8, abs=1e-9)
    return 1


@pytest.mark.parametrize("name", REFERENCE)
def test_every_design_of_r(name: str) -> None:
    assert compare(REFERENCE[name]) >= 5


def test_the_comparison_would_see_another_number() -> None:
    for key, change in (("fixed_carryover", 1.2), ("random", 1.2)):
        wrong = copy.deepcopy(REFERENCE["ABBA/BAAB"])
        table = wrong[key] if key == "fixed_carryover" else wrong[key]["g=1"]
        table["B-A"] = change
        with pytest.raises(AssertionError):
            compare(wrong)


def test_what_r_says_of_the_known_designs() -> None:
    """The numbers that people quote: Balaam 8 for 4, ABBA/BAAB 1.1 for 1, AB/BA not estimable."""
    for name, without, with_it in (("Balaam AA/BB/AB/BA", 4, 8), ("ABBA/BAAB", 1, 1.1), ("AB/BA", 2, None)):
        rows = design_table(scenario(REFERENCE[name]["sequences"], [("A", "B")]))
        assert [row.variance_factor for row in rows] == pytest.approx(
            [without, with_it] if with_it else [2, None]
        )


def test_biases_by_treatment_are_those_of_plain_least_squares() -> None:
    """Unequal allocation, three treatments, a weighted contrast: each treatment's bias by NumPy's lstsq."""
    text = """
        schema_version = 1
        [design]
        sequences = ["A B C A", "B A C C", "C C B A", "A C B B"]
        allocation = [1, 2, 1, 3]
        patients = 14
        [hypotheses.h]
        means = { A = 0.0, B = 0.0, C = 0.0 }
        sd_within = 2.0
        sd_between = 2.0
        [[analyses]]
        method = "fixed-subject"
        contrast = { A = 1, B = -0.5, C = -0.5 }
    """
    read = read_text(text)
    units = [s for s, n in enumerate(read.design.allocation) for _ in range(n)]
    rows = design_table(read)
    assert [row.carryover for row in rows] == [False, True]
    for row in rows:
        columns = []
        for i, s in enumerate(units):
            given = read.design.sequences[s]
            for k, a in enumerate(given):
                patient, period = np.eye(len(units))[i], np.eye(4)[k]
                treatment = [float(a == b) for b in "ABC"]
                before = [float(k > 0 and given[k - 1] == b) for b in "ABC"]
                columns.append([*patient, *period, *treatment, *(before if row.carryover else ())])
        x = np.array(columns)
        c = np.zeros(x.shape[1])
        c[len(units) + 4 : len(units) + 7] = [1.0, -0.5, -0.5]
        inverse = np.linalg.pinv(x.T @ x)
        assert row.variance_factor == pytest.approx(float(c @ inverse @ c) * len(units))
        for treatment, bias in row.bias_by_treatment.items():
            following = [
                [float(k > 0 and s[k - 1] == treatment) for k in range(4)]
                for s in (read.design.sequences[i] for i in units)
            ]
            later = [
                [float(treatment in s[:k]) for k in range(4)]
                for s in (read.design.sequences[i] for i in units)
            ]
            assert bias.first_order == pytest.approx(float(c @ inverse @ x.T @ np.ravel(following)), abs=1e-9)
            assert bias.lasting == pytest.approx(float(c @ inverse @ x.T @ np.ravel(later)), abs=1e-9)


def shown(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["show", str(path), *options]) == 0
    return capsys.readouterr().out


BALAAM = """
schema_version = 1
[design]
name = "{design}"
arms = ["A", "B"]
patients = 24
[hypotheses.h]
means = {{ A = 1.0, B = 0.0 }}
sd_within = 2.0
sd_between = 2.0
"""


def test_show_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    file = tmp_path / "t.toml"
    file.write_text(BALAAM.format(design="balaam"))
    page = shown(file, capsys)
    assert "Precision of comparisons of scores in this design, and their bias" in page
    lines = {line.split()[3]: line.split() for line in page.splitlines() if line.startswith("A - B  ")}
    assert lines["left"][-5:] == ["4", "50", "%", "-0.5", "-0.5"]
    assert lines["in"][-5:] == ["8", "25", "%", "0", "0"]
    assert "factor 3 without carryover" in " ".join(page.split())  # R: g = 1
    assert all(len(line) <= 80 for line in page.splitlines())
    file.write_text(BALAAM.format(design="AB/BA"))
    assert "not within patients" in shown(file, capsys)


def test_show_json_has_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "t.toml"
    file.write_text(BALAAM.format(design="ABBA/BAAB"))
    table = json.loads(shown(file, capsys, "--json"))["plan"]["design_table"]
    assert [set(DesignRow.__dataclass_fields__) == set(row) for row in table] == [True, True]
    for row, carryover, factor, lasting in zip(table, (False, True), (1.0, 1.1), (-0.25, None), strict=True):
        assert (row["contrast"], row["carryover"], row["estimable"]) == (["A", "B"], carryover, True)
        assert row["variance_factor"] == pytest.approx(factor)
        assert row["efficiency"] == pytest.approx(2.0 / factor)
        assert row["bias_first_order"] == pytest.approx(0.0 if carryover else -0.25)
        assert lasting is None or row["bias_lasting"] == pytest.approx(lasting)
        assert abs(row["bias_lasting"]) > 0.1, "no design with carryover in the model is proof against it"


@pytest.mark.parametrize("name", ["williams-2018", "yoon-2025", "migraine-williams-3", "full-discriminator"])
def test_every_kind_of_design_of_the_catalogue(name: str) -> None:
    from planner.report.scenario.design_table import design_blocks
    from planner.scenario.reading.read import read

    found = read(name)
    rows = design_table(found)
    assert {row.carryover for row in rows} == ({False} if found.design.periods == 1 else {False, True})
    blocks = design_blocks(found, rows)
    if name == "yoon-2025":  # nothing but tests of responses: an SD within patients says nothing of them
        assert blocks == []
    else:
        assert len(blocks) >= 2
