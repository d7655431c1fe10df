"""Broken scenario files, each with the faults that must be found in it, word for word."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read
from tests.support.invalid_scenarios import FOLDER, MARK, compare, expected

FILES = sorted(FOLDER.glob("*.toml"))


def test_there_are_many_kinds() -> None:
    assert len(FILES) >= 25


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_faults_are_those_stated(path: Path) -> None:
    compare(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_wrong_statement_fails(path: Path, tmp_path: Path) -> None:
    """Negative control: with one character changed, one fault fewer or one more, the comparison fails."""
    stated = expected(path)
    for wrong in ([*stated[:-1], stated[-1] + "x"], stated[:-1], [*stated, stated[-1]]):
        copy = tmp_path / path.name
        shutil.copy(path, copy)
        copy.with_suffix(".expected").write_text(
            "".join(f"{MARK}{line}\n" for line in wrong), encoding="utf-8"
        )
        with pytest.raises(AssertionError):
            compare(copy)


def test_sound_file_fails_the_comparison(tmp_path: Path) -> None:
    """Negative control: a file without faults is not taken for a broken one."""
    copy = tmp_path / "sound.toml"
    sound = (FOLDER.parent / "valid" / "minimal.toml").read_text(encoding="utf-8")
    copy.write_text(f"{sound}\n{MARK}5:12 |24| design.patients: is wrong\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        compare(copy)


def test_text_form() -> None:
    with pytest.raises(ScenarioError) as caught:
        read(FOLDER / "unknown-key.toml")
    assert str(caught.value) == (
        f"{FOLDER}/unknown-key.toml:5:1: error: design.patiens: is not a known setting\n"
        "    5 | patiens = 24\n"
        "      | ^^^^^^^\n"
        "hint: did you mean patients?"
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_messages_print(path: Path) -> None:
    """Nothing that a file contains reaches the terminal as a control character."""
    with pytest.raises(ScenarioError) as caught:
        read(path)
    for line in str(caught.value).split("\n"):
        assert line.isprintable()
