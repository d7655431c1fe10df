"""One module asks the operating system, and planner runs where it has little to answer."""

from __future__ import annotations

import ast
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from planner import _platform
from planner.benchmarks import doctor
from tests.support.paths import ROOT

ROOT = ROOT
PACKAGE = ROOT / "planner"
ONLY_THERE = {"platform", "resource", "fcntl", "termios", "tty", "pty", "pwd", "grp", "select", "msvcrt"}
EVERYWHERE = {
    *("environ", "path", "devnull", "access", "W_OK", "readlink", "getcwd", "replace"),
    *("open", "close", "dup2", "fstat", "O_RDWR", "O_WRONLY"),
}
"""What `os` has on every system that is meant."""


def asks(tree: ast.AST) -> set[str]:
    """What a module asks of the system, other than what every system has."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & ONLY_THERE
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or ""} & (ONLY_THERE | {"os"})
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "os" and node.attr not in EVERYWHERE:
                found.add(f"os.{node.attr}")
            elif node.value.id == "sys" and node.attr in ("platform", "getwindowsversion"):
                found.add(f"sys.{node.attr}")
        elif isinstance(node, ast.Constant) and re.fullmatch(r"/(proc|sys)(/\S*)?", str(node.value)):
            found.add(str(node.value))
    return found


def test_one_module_asks_the_system() -> None:
    asking = {
        str(path.relative_to(PACKAGE)): found
        for path in PACKAGE.rglob("*.py")
        if path.name != "_platform.py" and (found := asks(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert asking == {}
    assert {"platform", "select", "resource", "os.umask", "/proc"} <= asks(
        ast.parse((PACKAGE / "_platform.py").read_text(encoding="utf-8"))
    )


def test_another_module_that_asks_is_noticed() -> None:
    for text, asked in (
        ("import resource", {"resource"}),
        ("def f():\n    import os\n    return os.getloadavg()", {"os.getloadavg"}),
        ("from os import getuid", {"os"}),
        ("open('/proc/cpuinfo')", {"/proc/cpuinfo"}),
        ("import sys\nsys.platform", {"sys.platform"}),
        ("import os\nos.path.exists(os.devnull)", set()),
    ):
        assert asks(ast.parse(text)) == asked


MISSING = ("sched_getaffinity", "sysconf", "getloadavg", "geteuid", "O_TMPFILE", "fchmod", "O_NONBLOCK")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A system without Linux's files and without the calls that not every system has."""
    monkeypatch.setattr(_platform, "_PROCESSES", tmp_path / "no processes")
    monkeypatch.setattr(_platform, "_GROUPS", tmp_path / "no groups")
    monkeypatch.setitem(sys.modules, "resource", None)
    for name in MISSING:
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.delattr(signal, "SIGHUP", raising=False)
    return monkeypatch


def test_what_is_not_there_has_an_answer_all_the_same(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert _platform.usable_cores() == _platform.machine_cores() >= 1
    assert _platform.allowed_cores() is None
    assert _platform.load_average() is None
    assert _platform.free_memory() == 2**31
    assert _platform.peak_memory() is None
    assert _platform.user_number() is None
    assert _platform.processor_name()
    assert _platform.signals_of("SIGINT", "SIGHUP") == {2: "SIGINT"}
    bare.setattr(os, "cpu_count", lambda: None)
    assert _platform.usable_cores() == 1


def test_a_file_is_written_whole_all_the_same(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = tmp_path / "result.txt"
    _platform.write_whole(target, b"one", replaces=False)
    with pytest.raises(FileExistsError):
        _platform.write_whole(target, b"two", replaces=False)
    assert target.read_bytes() == b"one"
    _platform.write_whole(target, b"two", replaces=True)
    assert target.read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["result.txt"]


def test_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "result.txt"
    target.write_text("before")
    target.chmod(0o640)
    _platform.write_whole(target, b"after", replaces=True)
    assert target.stat().st_mode & 0o777 == 0o640


def groups(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "cores", "memory"),
    [
        (
            {"cpu.max": "150000 100000\n", "memory.max": "3000000\n", "memory.current": "1000000\n"},
            1.5,
            2_000_000,
        ),
        ({"cpu.max": "max 100000\n", "memory.max": "max\n", "memory.current": "1\n"}, None, 2**31),
        (
            {
                "cpu/cpu.cfs_quota_us": "400000\n",
                "cpu/cpu.cfs_period_us": "100000\n",
                "memory/memory.limit_in_bytes": "5000000\n",
                "memory/memory.usage_in_bytes": "1000000\n",
            },
            4.0,
            4_000_000,
        ),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None, 2**31),
    ],
    ids=["version 2", "no limit", "version 1", "version 1, no limit"],
)
def test_limits_of_control_groups(
    bare: pytest.MonkeyPatch, tmp_path: Path, files: dict[str, str], cores: float | None, memory: int
) -> None:
    bare.setattr(_platform, "_GROUPS", groups(tmp_path / "groups", files))
    assert _platform.allowed_cores() == cores
    assert _platform.free_memory() == memory


BARE = """
import os, signal, sys, pathlib
sys.modules["resource"] = None
for name in MISSING:
    if hasattr(os, name):
        delattr(os, name)
del signal.SIGHUP
before = pathlib.Path.read_text
def read_text(path, *a, **k):
    if str(path).startswith(("/proc", "/sys")):
        raise FileNotFoundError(2, "no such file", str(path))
    return before(path, *a, **k)
pathlib.Path.read_text = read_text
from planner.cli import main
sys.exit(main(sys.argv[1:]))
""".replace("MISSING", repr(MISSING))


def digest(code: str, folder: Path, *more: str) -> str:
    command = ["run", "asthma-ab-ba", "--trials", "2000", "--json", "-q", *more]
    done = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    text = (folder / more[1]).read_text() if more else done.stdout
    named: str = json.loads(text)["run"]["digest"]
    return named


@pytest.mark.long
def test_a_run_on_a_system_with_little_has_the_same_digest(tmp_path: Path) -> None:
    plain = "import sys; from planner.cli import main; sys.exit(main(sys.argv[1:]))"
    assert digest(BARE, tmp_path) == digest(plain, tmp_path) == digest(BARE, tmp_path, "-o", "run.json")


def test_the_doctor_says_what_is_not_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor._of_platform("Linux x86_64", True, "3.11.7", True) == []
    (other,) = doctor._of_platform("Darwin arm64", False, "3.13.0", True)
    assert not other.serious
    assert "Darwin arm64" in other.what
    assert "Linux x86_64 only" in other.what
    (newer,) = doctor._of_platform("Linux x86_64", True, "3.15.0", False)
    assert "3.11 to 3.13" in newer.what
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    assert not _platform.is_tested()
    assert _platform.system().startswith("Windows ")
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    assert not _platform.is_python_tested()


def test_the_versions_of_python_are_stated_alike() -> None:
    """In the package, its metadata, the front page and the check of every version."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (_, first), (_, last) = _platform.PYTHONS
    versions = [f"3.{minor}" for minor in range(first, last + 1)]
    kept = [each.rsplit(" ", 1)[1] for each in project["classifiers"] if " :: Python :: 3." in each]
    assert kept == versions
    assert project["requires-python"] == f">={versions[0]}"
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"needs Python {', '.join(versions[:-1])} or {versions[-1]}" in text
    assert f'made_for="{" ".join(versions)}"' in (ROOT / ".ci" / "bounds").read_text()
