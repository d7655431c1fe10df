"""What tests of kept compiled code share."""

from __future__ import annotations

import os

import pytest

from planner.kernels import jit

needs_compiler = pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled")
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two other users"
)
