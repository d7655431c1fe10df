"""`planner doctor`: is everything here that planner needs, and does anything make it slow or wrong?

Looks, and changes nothing but the folder for compiled code, which it makes if it is not there. Compiles
nothing, so that it answers at once also where compiling is what fails.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

from planner._platform import (
    PYTHONS,
    TESTED,
    is_python_tested,
    is_tested,
    processor_name,
    python_version,
    system,
)
from planner.benchmarks import machine
from planner.results.contract import Json

# What is tested; older ones may work.
_LEAST = {"numpy": "2.0", "numba": "0.61", "polars": "1.20", "pydantic": "2.10", "scipy": "1.14"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that hinders: what, what to do about it, and whether results or speed suffer seriously."""

    what: str
    hint: str
    serious: bool


def diagnose() -> Json:
    """The document of `planner doctor`: facts, findings, and `healthy` where no finding is serious."""
    from planner.kernels.host import host, slowing

    versions, cores, compiler, cache = machine.versions(), machine.cores(), host(), _cache()
    settings = slowing()
    findings = [
        *_of_versions(versions),
        *_of_platform(system(), is_tested(), python_version(), is_python_tested()),
        *_of_processor(cores, compiler.vector_bits, compiler.fma),
        *_of_settings(settings),
        *_of_cache(cache),
    ]
    return {
        "schema": "planner.doctor/1",
        "healthy": not any(finding.serious for finding in findings),
        "versions": versions,
        "platform": {"system": system(), "tested": is_tested(), "python_tested": is_python_tested()},
        "cores": cores,
        "processor": {
            "name": processor_name(),
            "compiled_for": compiler.cpu,
            "vector_bits": compiler.vector_bits,
            "features": list(compiler.features),
        },
        "cache": cache,
        "extras": machine.extras(),
        "findings": [asdict(finding) for finding in findings],
        "warnings": [finding.what for finding in findings],
    }


def _cache() -> Json:
    """The folder of compiled kernels (null where none will do), its size, and that of older ones.

    `problems`: what is wrong with the folders that come before it.
    """
    from planner.kernels.jit import cache_place

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it becomes a finding
        folder, problems = cache_place()
    facts = {"folder": None, "bytes": 0, "kernels": 0, "older_folders": 0, "older_bytes": 0}
    if folder is None:
        return {**facts, "problems": problems}
    older = [each for each in _folders(folder.parent) if each != folder]
    return {
        "folder": str(folder),
        "bytes": _size(folder),
        "kernels": sum(1 for _ in folder.rglob("*.nbc")),
        "older_folders": len(older),
        "older_bytes": sum(map(_size, older)),
        "problems": problems,
    }


def _folders(parent: Path) -> list[Path]:
    """Folders of compiled code: named after a fingerprint, as nothing else there is."""
    return [each for each in parent.iterdir() if re.fullmatch(r"[0-9a-f]{16}", each.name) and each.is_dir()]


def _size(folder: Path) -> int:
    """Bytes of its files; another process may take one away meanwhile."""
    total = 0
    for each in folder.rglob("*"):
        try:
            total += each.stat().st_size if each.is_file() else 0
        except OSError:
            continue
    return total


def _of_versions(versions: dict[str, str | None]) -> list[Finding]:
    findings = []
    for name, version in versions.items():
        least = _LEAST.get(name)
        if version is None:
            findings.append(Finding(f"{name} is not installed", "install planner again", True))
        elif least is not None and _numbers(version) < _numbers(least):
            hint = f"pip install '{name}>={least}'"
            findings.append(Finding(f"{name} {version} is older than {least}", hint, True))
    return findings


def _of_platform(system: str, tested: bool, python: str, python_tested: bool) -> list[Finding]:
    findings = []
    if not tested:
        what = f"planner is made for {system} too, but tested on {' '.join(TESTED)} only"
        findings.append(Finding(what, "run its tests here: pytest, in a checkout", False))
    if not python_tested:
        first, last = (".".join(map(str, version)) for version in PYTHONS)
        what = f"Python {python} is not one of those that planner is made for, {first} to {last}"
        findings.append(Finding(what, f"use Python {last}", False))
    return findings


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _of_processor(cores: dict[str, float | None], bits: int, fma: bool) -> list[Finding]:
    findings = []
    usable, allowed = cores["usable"] or 1, cores["allowed"]
    if usable == 1:
        findings.append(
            Finding("one core: no two trials run at once", "speed only; results are equal", False)
        )
    if allowed is not None and allowed < usable:
        what = f"this container may use {allowed:g} cores' worth of time, but shows {usable:g} cores"
        findings.append(Finding(what, f"planner run --threads {max(1, round(allowed))}", False))
    if bits == 0:
        what = "no vector units that the compiler knows of: several times slower"
        findings.append(Finding(what, "use a processor with AVX2, AVX-512 or NEON", True))
    elif not fma:
        what = "no fused multiply-add: it is done in software, many times slower"
        findings.append(Finding(what, "use a newer processor, or unset NUMBA_CPU_NAME and _FEATURES", True))
    return findings


def _of_settings(settings: dict[str, str]) -> list[Finding]:
    return [Finding(f"{name} is set: {what}", f"unset {name}", True) for name, what in settings.items()]


def _of_cache(cache: Json) -> list[Finding]:
    hint = "set PLANNER_CACHE to a folder of your own that nobody else can write to"
    if cache["folder"] is not None:
        return [
            Finding(f"compiled code is not kept where it should be: {each}", hint, False)
            for each in cache["problems"]
        ]
    what = "compiled code cannot be kept, so every start compiles again: " + "; ".join(cache["problems"])
    return [Finding(what, hint, True)]
