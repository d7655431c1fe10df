"""Whole pages of every command, as they were when somebody last read them.

How pages are renewed is said by `tests.support.pages.HOW`, and by a test that fails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.support.pages import TextFile, check, page_of

FEW = ("--trials", "512", "-q")
PAGES = {
    "run-means": ("run", "means.toml", *FEW),
    "run-null": ("run", "means.toml", "--hypothesis", "none", *FEW),
    "run-rates": ("run", "rates.toml", *FEW),
    "run-looks": ("run", "looks.toml", *FEW),
    "run-warned": ("run", "warned.toml", *FEW),
}


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> Any:
    return snapshot.use_extension(TextFile)


@pytest.mark.parametrize("name", PAGES)
def test_page(name: str, snapshot: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(page_of(PAGES[name], tmp_path, capsys).forms(), snapshot)
