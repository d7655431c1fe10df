"""Commands in processes of their own, in a folder with a sound and a broken scenario, for tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import FEW, SCENARIO, command
from tests.support.sample_trials import environment

RUN = ("run", "small.toml", *FEW)
BROKEN = "schema_version = 1\nnonsense = 2\n"


def end(*arguments: str, folder: Path, **streams: Any) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, in this folder."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.run(
        command(*arguments), cwd=folder, env=environment(), text=True, timeout=300, **streams
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(SCENARIO)
    (tmp_path / "broken.toml").write_text(BROKEN)
    return tmp_path


# Streams that are closed, or that nobody reads


def in_shell(line: str, folder: Path) -> tuple[int, str, str]:
    """The exit code of a shell line with `planner`, and what it wrote."""
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("no bash")
    called = f'planner() {{ "{sys.executable}" -m planner "$@"; }}; set -o pipefail; {line}'
    done = subprocess.run(
        [shell, "-c", called], cwd=folder, env=environment(), capture_output=True, text=True, timeout=300
    )
    return done.returncode, done.stdout, done.stderr
