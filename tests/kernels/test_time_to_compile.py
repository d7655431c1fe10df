"""What would take long to compile is not compiled: machine code of helpers, and NumPy's texts of errors."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Iterator
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core.caching import NullCache

from planner.kernels import jit
from planner.kernels.jit import kernel, lanes

PACKAGE = Path(jit.__file__).parents[1]
FILES = sorted([*PACKAGE.glob("kernels/**/*.py"), *PACKAGE.glob("analyses/*.py")])
compiled_only = pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled")


@lanes
def _double(row):
    for i in range(row.size):
        row[i] = 2.0 * row[i]


@kernel
def _four_times(row):
    _double(row)
    _double(row)


@compiled_only
def test_machine_code_is_made_of_kernels_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_four_times, "_cache", NullCache())  # what is found on disk has nothing of helpers
    row = np.arange(5.0)
    _four_times(row)
    assert row.tolist() == [0.0, 4.0, 8.0, 12.0, 16.0]
    [helper], [caller] = _double.overloads.values(), _four_times.overloads.values()
    assert helper.library.get_pointer_to_function(helper.fndesc.llvm_func_name) == 0
    assert caller.library.get_pointer_to_function(caller.fndesc.llvm_func_name) != 0


@compiled_only
def test_a_helper_can_be_called_from_python_and_handed_on() -> None:
    """It has no machine code of its own: a whole one is compiled then."""
    row = np.arange(3.0)
    _double(row)
    pickle.loads(pickle.dumps(_double))(row)
    _double.compile((numba.float64[::1],))(row)
    assert row.tolist() == [0.0, 8.0, 16.0]


def slices_set_to_arrays(text: str) -> Iterator[str]:
    """Assignments of anything but a number to a slice: shapes that differ would have to be put into words."""
    for each in ast.walk(ast.parse(text)):
        if not isinstance(each, ast.Assign) or not isinstance(each.targets[0], ast.Subscript):
            continue
        place, numbers = each.targets[0].slice, (ast.Constant, ast.UnaryOp, ast.Call)
        if any(isinstance(part, ast.Slice) for part in ast.walk(place)) and not isinstance(
            each.value, numbers
        ):
            yield ast.unparse(each)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_no_slice_is_set_to_an_array(file: Path) -> None:
    assert list(slices_set_to_arrays(file.read_text())) == []


def test_a_slice_set_to_an_array_is_seen() -> None:
    assert list(slices_set_to_arrays("a[:] = 0.0\nb[1:] = c\nd[0] = e\nf[g, :] = h[0]")) == [
        "b[1:] = c",
        "f[g, :] = h[0]",
    ]
