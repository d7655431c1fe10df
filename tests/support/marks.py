"""Cases of which the fast part takes the first few, and the long part those that repeat them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest


def repeated(cases: Iterable[object], fast: int = 1) -> list[object]:
    """The cases of a parametrised test, those after the first `fast` marked as long."""
    values = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [pytest.param(*each, marks=[] if i < fast else pytest.mark.long) for i, each in enumerate(values)]
