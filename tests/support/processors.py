"""Other processors than this one: what is hidden from libraries and what code is compiled for, for tests."""

from __future__ import annotations

import platform
from pathlib import Path

X86 = platform.machine().lower() in ("x86_64", "amd64")


# Other processors. NUMBA_CPU_NAME compiles for an older one; GLIBC_TUNABLES and NPY_DISABLE_CPU_FEATURES make
# the C library and NumPy take the code they would take there.


def processor_flags() -> set[str]:
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    return {flag for line in lines if line.startswith("flags") for flag in line.split(":")[1].split()}


HIDDEN = "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX,-AVX2,-AVX512F,-AVX2_Usable,-FMA_Usable,-AVX512F_Usable"
NUMPY_HIDDEN = (
    "AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR AVX512F AVX512CD AVX2 FMA3 F16C X86_V3 X86_V4"
)
TARGETS = {
    "generic": "sse2",
    "x86-64": "sse2",
    "nehalem": "sse4_2",
    "haswell": "avx2",
    "skylake-avx512": "avx512f",
}


def compiled_for(cpu: str) -> dict[str, str]:
    # Without NUMBA_CPU_FEATURES the features of this machine would be added again.
    return {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": ""}


def hidden() -> dict[str, str]:
    names = " ".join(name for name in NUMPY_HIDDEN.split() if name in _numpy_features())
    return {"GLIBC_TUNABLES": HIDDEN, "NPY_DISABLE_CPU_FEATURES": names}


def _numpy_features() -> set[str]:
    """The features that this NumPy chooses code by; others may not be named."""
    from numpy._core import _multiarray_umath as core

    return set(core.__cpu_dispatch__)
