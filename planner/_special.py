"""Special functions: the compiled ones of scipy.special, without the rest of that package.

The package wraps them for other array libraries, and its start brings numpy.f2py, numpy.testing and more:
as much time as all of NumPy takes, in every process that plans a trial. They are the same functions, so
that every figure has the same bits.

>>> import scipy.special
>>> ndtr is scipy.special.ndtr
True
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

_PACKAGE = "scipy.special"
_NAMES = (
    "bdtr bdtrc betainc betaincinv betaln chdtr chdtri gammaln ndtr ndtri owens_t stdtr stdtrit xlog1py xlogy"
)


def _functions() -> Any:
    """Whatever has the functions: the compiled module where it can be had alone, else the package.

    While it is loaded an empty package stands in for the real one, which no other thread may meet.
    """
    if _PACKAGE not in sys.modules and threading.active_count() == 1:
        with suppress(Exception):  # of another version, in which the module has other needs or another name
            spec = find_spec(_PACKAGE)
            assert spec is not None
            sys.modules[_PACKAGE] = module_from_spec(spec)
            try:
                compiled = import_module(f"{_PACKAGE}._ufuncs")
            finally:
                del sys.modules[_PACKAGE]
            if all(hasattr(compiled, name) for name in _NAMES.split()):
                return compiled
    return import_module(_PACKAGE)


_from: Any = _functions()
bdtr, bdtrc = _from.bdtr, _from.bdtrc
betainc, betaincinv, betaln = _from.betainc, _from.betaincinv, _from.betaln
chdtr, chdtri = _from.chdtr, _from.chdtri
gammaln = _from.gammaln
ndtr, ndtri = _from.ndtr, _from.ndtri
owens_t = _from.owens_t
stdtr, stdtrit = _from.stdtr, _from.stdtrit
xlog1py, xlogy = _from.xlog1py, _from.xlogy
