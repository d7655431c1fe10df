"""The processor as the compiler of the kernels sees it. Nothing is compiled here."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
from llvmlite import binding

from planner._platform import architecture

_WIDTHS = {"avx512f": 512, "sve": 512, "avx2": 256, "avx": 256, "neon": 128, "sse2": 128}
_ALWAYS = {"x86_64": "sse2", "AMD64": "sse2", "aarch64": "neon", "arm64": "neon"}
_FEATURES = ("sse4.2", "avx", "avx2", "fma", "avx512f", "avx512dq", "avx512vl", "neon", "sve", "sve2")


class Host(NamedTuple):
    """What kernels are compiled for: LLVM's name, the telling vector features, bits of a vector (0: none).

    Without `fma`, multiplications and additions that are rounded once are done in software.
    """

    cpu: str
    features: tuple[str, ...]
    vector_bits: int
    fma: bool


def host() -> Host:
    """As Numba will ask: its settings win over what the processor has."""
    config: Any = numba.config
    if config.CPU_FEATURES is not None:
        words = str(config.CPU_FEATURES).split(",")
        have = {word[1:]: word.startswith("+") for word in words if word}
    else:
        have = dict(binding.get_host_cpu_features())
        if not config.ENABLE_AVX:
            have = {name: on and not name.startswith("avx") for name, on in have.items()}
    have |= {_ALWAYS.get(architecture(), ""): True}
    widths = [bits for name, bits in _WIDTHS.items() if have.get(name)]
    features = tuple(name for name in _FEATURES if have.get(name))
    return Host(
        config.CPU_NAME or binding.get_host_cpu_name(),
        features,
        max(widths, default=0),
        bool(have.get("fma") or have.get("neon")),
    )


def slowing() -> dict[str, str]:
    """Numba's settings in force that make compiled code slow or absent, and what each does."""
    config: Any = numba.config
    settings = {}
    if config.DISABLE_JIT:
        settings["NUMBA_DISABLE_JIT"] = "the kernels run as plain Python, hundreds of times slower"
    elif int(config.OPT) < 3:
        settings["NUMBA_OPT"] = "the kernels are compiled with less optimisation"
    if config.DEBUGINFO_DEFAULT:
        settings["NUMBA_DEBUGINFO"] = "the kernels are compiled without optimisation of loops"
    if config.BOUNDSCHECK:
        settings["NUMBA_BOUNDSCHECK"] = "every access to an array is checked"
    return settings
