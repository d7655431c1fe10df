"""What a user's analysis computes with is in its SHA-256, or it is refused: other figures, another digest."""

from __future__ import annotations

import functools
import importlib
import math
import statistics
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numba
import numpy as np
import pytest

from planner.analyses.own.analysis import Analysis
from planner.analyses.own.source import fingerprint
from planner.errors import AnalysisError
from tests.support import own_analyses
from tests.support.harness import scenario_text

Imported = Callable[..., types.ModuleType]
HEAD = "def test(outcomes, treatments, contrast):\n"


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Imported]:
    """Writes modules, name by name, and imports the last; another call writes and imports them anew."""
    names: set[str] = set()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(**texts: str) -> types.ModuleType:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        monkeypatch.syspath_prepend(str(folder))
        for name, text in texts.items():
            (folder / f"{name}.py").write_text(text)
            sys.modules.pop(name, None)
            names.add(name)
        return importlib.import_module(list(texts)[-1])

    yield write
    for name in names:
        sys.modules.pop(name, None)


def answer(module: types.ModuleType) -> Any:
    return module.test(np.ones((2, 2)), None, None)[0]


# --- What is followed -------------------------------------------------------------------------------------

DEEP = "K = {}\n"
MID = "import deep\n\ndef scale(x):\n    return x * deep.K\n"
USER = f"import mid\n\n{HEAD}    return mid.scale(1.0), 1.0, 5\n"
WRAPPED = f"""import functools

def wrapper(function):
    @functools.wraps(function)
    def inner(*given):
        return function(*given)[0] * {{}}, 1.0, 5
    return inner

@wrapper
{HEAD}    return {{}}, 1.0, 5
"""
NESTED = f"import mid\n\n{HEAD}    return sum(mid.scale(i) for i in range(3)), 1.0, 5\n"
TWICE = f"""def one():
    return 1.0

def two():
    return 2.0

first, second, third = one, two, {{}}

{HEAD}    return first() + 10.0 * second() + 100.0 * third(), 1.0, 5
"""


@pytest.mark.parametrize(
    "versions",
    [
        [{"deep": DEEP.format(k), "mid": MID, "user": USER} for k in (0.5, 2.0)],
        [{"deep": DEEP.format(k), "mid": MID, "user": NESTED} for k in (0.5, 2.0)],
        [
            {
                "mid": f"def scale(x):\n    return helper(x)\n\ndef helper(x):\n    return x * {k}\n",
                "user": USER,
            }
            for k in (0.5, 2.0)
        ],
        [{"user": WRAPPED.format(*k)} for k in ((1.0, 2.0), (1.0, 3.0), (4.0, 2.0))],
        [{"user": TWICE.format(name)} for name in ("one", "two")],
    ],
    ids=["imported by imported", "in a comprehension", "called by called", "wrapper", "the same twice"],
)
def test_other_answers_have_another_source(imported: Imported, versions: list[dict[str, str]]) -> None:
    answers, prints = [], []
    for texts in [*versions, versions[0]]:
        user = imported(**texts)
        answers.append(answer(user))
        prints.append(fingerprint(user.test))
    assert len(set(answers)) == len(set(prints)) == len(versions)
    assert prints[0] == prints[-1]


def test_a_module_changed_while_python_runs_is_noticed(imported: Imported) -> None:
    user = imported(deep=DEEP.format(1), mid=MID, user=USER)
    own = Analysis(user.test, title="Changing", needs="within")
    own.check_unchanged()
    sys.modules["deep"].K = 2  # type: ignore[attr-defined]
    with pytest.raises(AnalysisError, match="has changed since"):
        own.check_unchanged()
    sys.modules["deep"].K = 1  # type: ignore[attr-defined]
    own.check_unchanged()
    sys.modules["deep"].K = 1.0  # type: ignore[attr-defined]
    with pytest.raises(AnalysisError, match="has changed since"):
        own.check_unchanged()
    del sys.modules["deep"].K  # type: ignore[attr-defined]
    with pytest.raises(AnalysisError, match="has changed since"):
        own.check_unchanged()


KERNEL = """import sys
import planner, user
own = planner.Analysis(user.paired_kernel, title="T", needs="within")
s = planner.read_text({text!r}, methods={{"mine": own}})
run = planner.simulate(s, trials=128)
hits = sum(own.function.stats.cache_hits.values())
print(run.digest(), run.to_json()["cells"][0]["power"]["estimate"], hits)
"""


@pytest.mark.long
def test_compiled_code_is_not_kept_where_a_module_of_a_module_changes(tmp_path: Path) -> None:
    (tmp_path / "mid.py").write_text(
        "import numba\nimport deep\n\n@numba.njit\ndef scale(x):\n    return x * deep.K\n"
    )
    kernel = Path(own_analyses.__file__).read_text().split("@planner.kernel\ndef raising")[0]
    kernel = kernel.replace("import planner\n", "import mid\nimport planner\n")
    kernel = kernel.replace("= (mean + centre) / se", "= mid.scale(mean + centre) / se")
    kernel = kernel.replace("t test, compiled", str(uuid4()))  # no run before has compiled it
    (tmp_path / "user.py").write_text(kernel)
    effect = {"means": {"A": 2.0, "B": 0.0}, "sd_within": 2.0, "sd_between": 3.0}
    text = scenario_text(patients=12, hypotheses={"h": effect}, analyses=[{"method": "mine"}])
    outputs = []
    for k in ("1.0", "0.5", "1.0"):
        (tmp_path / "deep.py").write_text(f"K = {k}\n")
        command = [sys.executable, "-B", "-c", KERNEL.format(text=text)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout.split())
    first, second, third = outputs
    assert first[:2] == third[:2]
    assert first[0] != second[0]
    assert float(second[1]) < float(first[1])
    assert [each[2] for each in outputs] == ["0", "0", "1"]


def test_what_numba_compiled_with_other_values_is_refused(imported: Imported) -> None:
    jitted = MID.replace("def scale", "@numba.njit\ndef scale").replace("import deep", "import deep, numba")
    user = imported(deep=DEEP.format(1.0), mid=jitted, user=USER)
    deep: Any = sys.modules["deep"]
    fingerprint(user.test)
    assert answer(user) == 1.0
    fingerprint(user.test)
    deep.K = 2.0
    assert answer(user) == 1.0  # Numba keeps the value
    with pytest.raises(AnalysisError, match="has changed since it was compiled"):
        fingerprint(user.test)
    user = imported(deep=DEEP.format(1.0), mid=jitted, user=USER)
    answer(user)
    with pytest.raises(AnalysisError, match="compiled before, with values that are not known"):
        fingerprint(user.test)
    user = imported(deep=DEEP.format(1.0), mid=jitted.replace("njit", "njit(cache=True)"), user=USER)
    with pytest.raises(AnalysisError, match="keeps without looking at what it uses"):
        fingerprint(user.test)


def test_a_function_that_calls_itself_is_followed(imported: Imported) -> None:
    text = "import numba\n\n@numba.njit\ndef f(n):\n    return n if n < {} else f(n - 1)\n\n"
    prints = [
        fingerprint(imported(user=f"{text.format(k)}{HEAD}    return f(5), 1.0, 5\n").test) for k in (1, 2, 1)
    ]
    assert prints[0] == prints[2] != prints[1]


# --- What is refused --------------------------------------------------------------------------------------

BODIES = {
    "import": ("", "    import deep\n    return deep.K, 1.0, 5", "imports deep while it runs"),
    "module": ("import deep", "    return getattr(deep, 'K'), 1.0, 5", "hands on the module deep as a value"),
    "other name": ("import deep", "    d = deep\n    return d.K, 1.0, 5", "hands on the module deep"),
    "submodule": ("import numpy as np", "    return getattr(np.linalg, 'norm'), 1.0, 5", "module np.linalg"),
    "dict of module": ("import deep", "    return deep.__dict__['K'], 1.0, 5", "cannot be followed"),
    "list of module": ("import deep", "    return deep.L[0], 1.0, 5", "uses deep.L, a list"),
    "eval": ("", "    return eval('K'), 1.0, 5", "uses eval, which finds or changes names"),
    "exec": ("", "    exec('x = 1')\n    return 1.0, 1.0, 5", "uses exec"),
    "globals": ("", "    return globals()['K'], 1.0, 5", "uses globals"),
    "other eval": ("look = eval", "    return look('K'), 1.0, 5", "uses look, which finds or changes names"),
    "globals of": ("", "    return test.__globals__['K'], 1.0, 5", "test.__globals__"),
    "__import__": ("", "    return __import__('deep').K, 1.0, 5", "uses __import__"),
    "importlib": ("import importlib", "    return importlib.import_module('deep').K, 1.0, 5", "of importlib"),
    "sys": ("import sys", "    return sys.modules['deep'].K, 1.0, 5", "of sys"),
    "state": ("K = 0", "    global K\n    K += 1\n    return K, 1.0, 5", "changes K"),
    "state of module": ("import deep", "    deep.K = 2\n    return 1.0, 1.0, 5", "changes deep.K"),
    "random": ("import random", "    return random.random(), 1.0, 5", "uses random, of random numbers"),
    "from random": ("from random import gauss", "    return gauss(0, 1), 1.0, 5", "of random numbers"),
    "np.random": (
        "import numpy as np",
        "    return np.random.normal(), 1.0, 5",
        "np.random, of random",
    ),
    "generator": (
        "from numpy.random import default_rng",
        "    return default_rng(1).normal(), 1.0, 5",
        "uses default_rng, of random numbers",
    ),
    "rvs": ("from scipy import stats", "    return stats.norm.rvs(), 1.0, 5", "norm.rvs, of random numbers"),
    "bootstrap": ("from scipy import stats", "    return stats.bootstrap(1), 1.0, 5", "of random numbers"),
    "clock": ("from time import time", "    return time(), 1.0, 5", "of time, which need not be the same"),
    "file": ("import numpy as np", "    return np.loadtxt('k'), 1.0, 5", "which reads a file"),
    "open": ("", "    return float(open('k').read()), 1.0, 5", "uses open"),
    "class": ("class C:\n    K = 1.0", "    return C.K, 1.0, 5", "uses C, a type"),
    "attribute": ("", "    return test.k, 1.0, 5\n\ntest.k = 1.0", "has the attribute k|uses test.k"),
    "of another": (
        "def f():\n    return f\n\nf.k = 1.0\n",
        "    return f().k, 1.0, 5",
        "f has the attribute k, which can change",
    ),
}


@pytest.mark.parametrize("what", BODIES)
def test_what_cannot_be_followed_is_refused(imported: Imported, what: str) -> None:
    top, body, message = BODIES[what]
    user = imported(deep="K = 1.0\nL = [1.0]\n", user=f"{top}\n\n{HEAD}{body}\n")
    with pytest.raises(AnalysisError, match=message):
        Analysis(user.test, title="Refused", needs="within")


class Whole(int):
    """A number with state."""


class Real(float):
    """The same."""


class Line(str):
    """The same."""

    __slots__ = ("z",)


class Faked:
    """Calls itself compiled."""

    py_func = own_analyses.paired

    def __call__(self) -> float:
        """Another answer."""
        return 2.0


class Around(ContextDecorator):
    """A wrapper of the standard library's, around a function of the user's."""

    def __enter__(self) -> None:
        """Nothing."""

    def __exit__(self, *error: object) -> None:
        """Nothing."""


@functools.wraps(statistics.fmean)
def forged(x: Any) -> Any:
    """Says that it is the standard library's."""
    return x + 1


def using(value: Any) -> Callable[..., Any]:
    def test(outcomes, treatments, contrast):  # type: ignore[no-untyped-def]
        return value, 1.0, 5

    return test


@pytest.mark.parametrize(
    "value",
    [
        *(Whole(3), Real(3.0), Line("3"), Faked(), (1.0, Whole(3))),
        np.ma.array([1.0, 2.0], mask=[False, True]),
        np.array([1.0]).view(np.recarray),
        np.array([[1.0], 2], dtype=object),
        np.frompyfunc(own_analyses.paired, 3, 1),
        functools.lru_cache(own_analyses.paired),
        Around()(own_analyses.paired),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_with_state_are_refused(value: Any) -> None:
    with pytest.raises(AnalysisError, match="can change"):
        fingerprint(using(value))


def test_a_wrapper_does_not_pass_for_what_it_wraps() -> None:
    prints = {fingerprint(using(each)) for each in (statistics.fmean, np.median, own_analyses.paired)}
    assert len(prints) == 3
    assert fingerprint(using(forged)) not in prints


def test_what_installed_packages_offer_goes_by_its_name() -> None:
    from scipy import special, stats

    offered = (math.sqrt, np.exp, special.ndtr, stats.norm, stats.wilcoxon, np.linalg.norm, ValueError, len)
    assert len({fingerprint(using(each)) for each in offered}) == len(offered)


def test_bits_of_values_count() -> None:
    values = (0.0, -0.0, 0, False, None, "0", b"0", (0,), np.float64(0), np.float32(0), np.zeros(1))
    assert len({fingerprint(using(each)) for each in values}) == len(values)
    jitted = numba.njit(own_analyses.own_differences)
    assert fingerprint(using(jitted)) != fingerprint(using(own_analyses.own_differences))


def test_code_that_is_not_what_its_file_says_is_refused(imported: Imported) -> None:
    user = imported(user=f"{HEAD}    return 1.0, 1.0, 5\n")
    assert user.__file__ is not None
    space: dict[str, Any] = {}
    exec(compile(f"{HEAD}    return 2.0, 1.0, 5\n", user.__file__, "exec"), space)
    with pytest.raises(AnalysisError, match="its file has changed since, or never had it"):
        fingerprint(space["test"])
    Path(user.__file__).write_text(f"{HEAD}    return 3.0, 1.0, 5  # now\n")
    with pytest.raises(AnalysisError, match="its file has changed since"):
        fingerprint(user.test)
