"""The special functions are SciPy's own, however they were loaded."""

from __future__ import annotations

import subprocess
import sys

from planner import _special

STARTS = {
    "alone": ("", True),
    "the package is there": ("import scipy.special", False),
    "another thread": (
        "import threading; done = threading.Event(); threading.Thread(target=done.wait).start()",
        False,
    ),
}


def test_however_they_are_loaded_they_are_those_of_scipy() -> None:
    """And the package that is imported after them is whole."""
    for name, (start, light) in STARTS.items():
        code = f"""
{start}
import sys
from planner import _special
light = "scipy.special" not in sys.modules
import scipy.special
assert all(getattr(_special, each) is getattr(scipy.special, each) for each in {_special._NAMES.split()})
assert scipy.special.expit(0.0) == 0.5 and scipy.special.logsumexp([0.0]) == 0.0
if "done" in globals():
    done.set()
print(light)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert (done.stdout.strip(), done.stderr) == (str(light), ""), name


def test_without_the_compiled_module_the_package_has_them() -> None:
    code = """
import importlib
real = importlib.import_module
def without(name, package=None):
    if name == "scipy.special._ufuncs":
        raise ImportError(name)
    return real(name, package)
importlib.import_module = without
from planner import _special
importlib.import_module = real
import scipy.special
assert _special._from is scipy.special
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
