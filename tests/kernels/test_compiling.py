"""Compiled code: it works on vectors, and the folder that keeps it never answers with an older formula."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from planner.kernels import cache, jit, mixture_density, near_density
from planner.kernels.analyse import sums
from planner.kernels.generate import means
from planner.kernels.jit import fma, lanes
from planner.kernels.random.draw import draw
from planner.kernels.random.normals import normals
from planner.kernels.random.philox import STREAM, U
from planner.kernels.tables import W
from tests.support.sample_trials import environment

PACKAGE = Path(jit.__file__).parents[1]
MACHINE = platform.machine().lower()
X86 = MACHINE in ("x86_64", "amd64")

# Square roots, products of words, roundings and limits of whole vectors; a loop left scalar has none of them.
PACKED = {
    "root": r"v?sqrtpd|fsqrt\s+[vz]\d+\.",
    "multiply-add": r"vfn?m(add|sub)\d+pd|fml[as]\s+[vz]\d+\.",
    "product of words": r"v?pmu(l|lu)dq|v?pmullq|umull2?\s+v\d+\.|mul\s+z\d+\.",
    "maximum": r"v?maxpd|fmax(nm)?\s+[vz]\d+\.|fcmgt?\s+v\d+\.",
    "floor": r"vr(nd|ound)(scale)?pd|frintm\s+[vz]\d+\.",
}


def packed(text: str) -> dict[str, int]:
    """How many instructions of each kind an assembly text has that work on vectors."""
    return {
        kind: len(re.findall(rf"^\s+(?:{pattern})", text, re.MULTILINE)) for kind, pattern in PACKED.items()
    }


def assembly(function: Any, *arguments: Any) -> str:
    """Of a function compiled anew, for the types of the arguments."""
    compiled = numba.njit(nogil=True, **jit._FLAGS)(getattr(function, "py_func", function))
    compiled(*arguments)
    return "".join(compiled.inspect_asm().values())


def _has_vectors() -> bool:
    if MACHINE in ("aarch64", "arm64"):
        return True
    features = numba.core.codegen.get_host_cpu_features().split(",") if X86 else []
    return {"+avx2", "+fma"} <= set(features)


needs_vectors = pytest.mark.skipif(
    not jit.COMPILED or not _has_vectors(), reason="no fused multiply-add on vectors here"
)


def _draw_normals(trial, word, z):
    """The two loops in which most of the time of a simulation goes."""
    draw(trial, U(1), U(2), U(3), U(4) << STREAM, word.reshape(-1))
    normals(word[0], word[1], z[0], z[1])


def _scores(c, z, gone, out):
    means._score(c, 0.0, 52.0, 1.0, z[0], z[1], gone, out)


def _sums(y, to):
    sums._add_four(y[0], y[1], y[2], y[3], 1.0, -1.0, 0.5, to)


def _near(turn, size, each, off, along):
    near_density._along(turn, size[:2], each, off, along, each)


def _mixture(point, parts, x, out):
    mixture_density._exponents(point, parts, parts[0], x, out)
    mixture_density._add_powers(x, out, out)


def _small() -> dict[str, Any]:
    z = np.zeros((2, W))
    return {
        "trial": np.arange(W, dtype=np.uint64),
        "word": np.zeros((4, W), np.uint64),
        "z": z,
        "c": np.zeros(8),
        "gone": np.zeros(W),
        "out": np.zeros(W),
        "y": np.zeros((4, 2 * W)),
        "to": np.zeros(3 * W),
        "turn": np.zeros((2, near_density.TERMS)),
        "near": np.zeros(near_density.TERMS * near_density.ABREAST),
        "along": np.zeros(2 * near_density.ABREAST),
        "each": np.zeros(near_density.ABREAST),
        "point": np.zeros(2 * mixture_density.TERMS * W),
        "parts": np.zeros((mixture_density.PARTS, 2 * mixture_density.TERMS)),
        "x": np.zeros(mixture_density.PARTS * W),
    }


@needs_vectors
@pytest.mark.parametrize(
    ("function", "arguments", "kinds"),
    [
        (_draw_normals, "trial word z", ["root", "multiply-add", "product of words"]),
        (_scores, "c z gone out", ["multiply-add", "maximum", "floor"]),
        (_sums, "y to", ["multiply-add"]),
        (_near, "turn c each near along", ["multiply-add"]),
        (_mixture, "point parts x out", ["multiply-add", "maximum"]),
    ],
    ids=["draws", "scores", "sums", "near", "mixture"],
)
def test_hot_loops_work_on_vectors(function: Any, arguments: str, kinds: list[str]) -> None:
    data = _small()
    found = packed(assembly(function, *[data[name] for name in arguments.split()]))
    print(found)
    assert all(found[kind] > 0 for kind in kinds)


@lanes
def _normals_one_after_another(w0, w1, z0, z1):
    """As `normals`, but each depends on the one before: no vector can hold them."""
    last = 0.0
    for i in range(W):
        last = fma(np.sqrt(abs(last) + np.float64(np.int64(w0[i]))), 0.5, np.float64(np.int64(w1[i])))
        z0[i] = last
        z1[i] = -last


def _draw_dependent(word, z):
    _normals_one_after_another(word[0], word[1], z[0], z[1])


@needs_vectors
def test_a_loop_that_cannot_be_vectorised_is_noticed() -> None:
    data = _small()
    found = packed(assembly(_draw_dependent, data["word"], data["z"]))
    assert found["root"] == 0
    assert found["multiply-add"] == 0


GENERATE = """
from tests.support.sample_trials import trial, virtual_patients
from planner.engine.job import job_of
work = job_of(trial("whole-points"))
virtual_patients(work, 0, 1)
print("".join(work.generators[0].generate.inspect_asm().values()))
"""


@pytest.mark.long
@needs_vectors
def test_a_whole_kernel_works_on_vectors(tmp_path: Path) -> None:
    """As the engine compiles it: one loop draws words, one makes normals (with a root), others scores."""
    found = packed(_child(GENERATE, PLANNER_CACHE=str(tmp_path)))
    print(found)
    assert found["root"] >= 1
    assert found["product of words"] >= 18  # two a round, but for the first whose factors are known
    assert found["maximum"] > 0
    assert found["floor"] > 0


def _child(code: str, **changes: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(**changes), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# The folder of compiled code

SMALL_KERNEL = """
import numpy as np
from planner.kernels.jit import kernel
from planner.kernels.random.normals import minus_log

@kernel
def sample(y):
    return minus_log(y)
"""
USE = """
import sys, warnings
sys.path.insert(0, sys.argv[1])
from planner.kernels import jit
if len(sys.argv) > 2:
    jit._fingerprint = lambda: sys.argv[2]
from planner.kernels.sample import sample
print(sample(0.5), jit.cache_folder().name, sum(sample.stats.cache_hits.values()))
"""


class Copy:
    """The package in a folder of its own with one small kernel more, and a folder for compiled code."""

    def __init__(self, folder: Path) -> None:
        self.root, self.cache = folder / "copy", folder / "cache"
        shutil.copytree(PACKAGE, self.root / "planner", ignore=shutil.ignore_patterns("__pycache__"))
        self.kernels = self.root / "planner" / "kernels"
        (self.kernels / "sample.py").write_text(SMALL_KERNEL)

    def change(self, file: str, old: str, new: str) -> None:
        path = self.kernels / file
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    def start(self, *fixed_name: str, **changes: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", USE, str(self.root), *fixed_name],
            env={**environment(PLANNER_CACHE=str(self.cache), **changes), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def use(self, *fixed_name: str, **changes: str) -> tuple[float, str, int]:
        """The kernel's answer, the name of the folder, and how often compiled code was found there."""
        out, complaints = self.start(*fixed_name, **changes).communicate(timeout=120)
        assert out, complaints
        answer, name, hits = out.split()
        return float(answer), name, int(hits)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


LOG_2 = "_LN2 = 0.6931471805599453"
needs_compiler = pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled")


@needs_compiler
def test_compiled_code_is_kept_and_found_again(copy: Copy) -> None:
    first, again = copy.use(), copy.use()
    assert first[:2] == again[:2]
    assert (first[2], again[2]) == (0, 1)


@pytest.mark.long
@needs_compiler
def test_an_edit_in_another_file_is_compiled(copy: Copy) -> None:
    """The helper that the kernel calls changes; the kernel's own file does not."""
    before = copy.use()
    copy.change("random/normals.py", LOG_2, "_LN2 = 0.5")
    after = copy.use()
    assert before[0] == pytest.approx(0.6931471805599453)
    assert after[0] == pytest.approx(0.5)
    assert after[1] != before[1]
    assert after[2] == 0


@needs_compiler
def test_a_folder_of_a_fixed_name_would_answer_with_the_old_formula(copy: Copy) -> None:
    """What the folder's name protects from; if this fails, Numba has learnt to look."""
    before = copy.use("always")
    copy.change("random/normals.py", LOG_2, "_LN2 = 0.5")
    stale = copy.use("always")
    assert stale[0] == before[0]
    assert stale[2] == 1


@pytest.mark.parametrize("folder", ["kernels", "analyses"])
def test_the_name_follows_every_kernel(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file of kernels and of analyses counts, those in folders below too: its text and its name."""
    root = tmp_path / "planner"
    for name in ("kernels", "analyses"):
        shutil.copytree(PACKAGE / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        (root / name / "below" / "deeper").mkdir(parents=True)
        (root / name / "below" / "deeper" / "one.py").write_text("one = 1\n")
    monkeypatch.setattr(jit, "__file__", str(root / "kernels" / "jit.py"))
    names = [jit._fingerprint()]
    for file in sorted((root / folder).rglob("*.py")):
        file.write_text(file.read_text() + "\n# changed\n")
        names.append(jit._fingerprint())
        file.rename(file.with_stem(f"{file.stem}_renamed"))
        names.append(jit._fingerprint())
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("library", [numba, jit.llvmlite, np], ids=lambda library: library.__name__)
def test_the_name_follows_the_compiler(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = jit._fingerprint()
    monkeypatch.setattr(library, "__version__", "0.0.0")
    assert jit._fingerprint() != before


@pytest.mark.long
@needs_compiler
def test_two_processes_compile_at_once(copy: Copy) -> None:
    children = [copy.start() for _ in range(2)]
    ends = [child.communicate(timeout=120) for child in children]
    assert [child.returncode for child in children] == [0, 0], ends
    first, second = (out.split()[:2] for out, _ in ends)
    assert first == second
    assert copy.use()[2] == 1


RUN = 'from tests.support.sample_trials import *; print(fingerprints(("unbounded",), 500)["unbounded"])'


@pytest.mark.long
@needs_compiler
def test_two_simulations_compile_at_once(tmp_path: Path) -> None:
    """From nothing, into the same folder, with the same result as later from the folder."""
    command = [sys.executable, "-c", RUN]
    cache = environment(PLANNER_CACHE=str(tmp_path))
    children = [
        subprocess.Popen(command, env=cache, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ends = [child.communicate(timeout=300) for child in children]
    assert [child.returncode for child in children] == [0, 0, 0], ends
    assert len({out for out, _ in ends} | {_child(RUN, PLANNER_CACHE=str(tmp_path))}) == 1


@needs_compiler
def test_a_folder_that_cannot_be_written_costs_one_warning(copy: Copy, tmp_path: Path) -> None:
    """The answer is the same; a file stands where the folder should be, so nobody can write there."""
    taken = tmp_path / "taken"
    taken.write_text("not a folder")
    code = USE.replace("jit.cache_folder().name", "jit.cache_folder()")
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code, str(copy.root)],
        env=environment(PLANNER_CACHE=str(taken)) | {"PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1] == "None"
    assert float(done.stdout.split()[0]) == pytest.approx(0.6931471805599453)
    assert done.stderr.count("RuntimeWarning") == 1
    assert str(taken) in done.stderr
    assert "PLANNER_CACHE" in done.stderr


def test_without_a_home_the_temporary_folder_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user's cache folder cannot be written, as on some servers: no warning."""
    (tmp_path / "home").write_text("not a folder")
    (tmp_path / "temporary").mkdir()
    monkeypatch.delenv("PLANNER_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folder, _ = jit.cache_place.__wrapped__()
    assert folder is not None
    assert folder.is_relative_to(tmp_path / "temporary")
    assert not [name for name in os.listdir(folder) if not name.endswith(".nbc")]


def test_other_users_of_the_compiler_keep_their_folder() -> None:
    """Decorating a kernel leaves Numba's own setting as it was."""
    before = jit.config.CACHE_DIR
    jit.kernel(_sums)
    assert before == jit.config.CACHE_DIR
