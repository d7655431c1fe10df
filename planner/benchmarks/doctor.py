"""`planner doctor`: is everything here that planner needs, and does anything make it slow or wrong?

Looks, and changes nothing but the folder for compiled code, which it makes if it is not there. Compiles
nothing, so that it answers at once also where compiling is what fails.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
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
from planner.results.contract import Json, Written

# What is tested; older ones may work.
_LEAST = {"numpy": "2.0", "numba": "0.61", "polars": "1.20", "pydantic": "2.10", "scipy": "1.14"}


@dataclass(frozen=True, slots=True)
class Finding(Written):
    """Something that hinders: what, what to do about it, and whether results or speed suffer seriously."""

    what: str
    hint: str
    serious: bool


@dataclass(frozen=True, slots=True)
class SystemFacts(Written):
    """The operating system, and whether planner is tested on it and on this Python."""

    system: str
    tested: bool
    python_tested: bool


@dataclass(frozen=True, slots=True)
class Processor(Written):
    """The processor, and what kernels are compiled for."""

    name: str
    compiled_for: str
    vector_bits: int
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CacheFolder(Written):
    """The folder of compiled kernels (None where none will do), its size, and that of older ones.

    `problems`: what is wrong with the folders that come before it.
    """

    folder: str | None
    bytes: int
    kernels: int
    older_folders: int
    older_bytes: int
    problems: Sequence[str]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer of `planner doctor`: facts and findings."""

    versions: dict[str, str | None]
    system: SystemFacts
    cores: dict[str, float | None]
    processor: Processor
    cache: CacheFolder
    extras: dict[str, dict[str, str | None]]
    load: machine.Load
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether no finding is serious."""
        return not any(finding.serious for finding in self.findings)

    def to_json(self) -> Json:
        """The `planner.doctor/1` object."""
        return {
            "schema": "planner.doctor/1",
            "healthy": self.healthy,
            "versions": self.versions,
            "platform": self.system.to_json(),
            "cores": self.cores,
            "processor": self.processor.to_json(),
            "cache": self.cache.to_json(),
            "extras": self.extras,
            "load": self.load.to_json(),
            "findings": [finding.to_json() for finding in self.findings],
            "warnings": [finding.what for finding in self.findings],
        }


def diagnose() -> Diagnosis:
    """Look at everything; see the module."""
    from planner.kernels.host import host, slowing

    versions, cores, compiler, cache = machine.versions(), machine.cores(), host(), _cache()
    load = machine.load_now()
    findings = (
        *_of_versions(versions),
        *_of_platform(system(), is_tested(), python_version(), is_python_tested()),
        *_of_processor(cores, compiler.vector_bits, compiler.fma),
        *_of_settings(slowing()),
        *_of_cache(cache),
        *_of_load(load),
    )
    return Diagnosis(
        versions,
        SystemFacts(system(), is_tested(), is_python_tested()),
        cores,
        Processor(processor_name(), compiler.cpu, compiler.vector_bits, tuple(compiler.features)),
        cache,
        machine.extras(),
        load,
        findings,
    )


def _cache() -> CacheFolder:
    """The folder of compiled code, as it is."""
    from planner.kernels.jit import cache_place

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it becomes a finding
        folder, problems = cache_place()
    if folder is None:
        return CacheFolder(None, 0, 0, 0, 0, problems)
    older = [each for each in _folders(folder.parent) if each != folder]
    kernels = sum(1 for _ in folder.rglob("*.nbc"))
    return CacheFolder(str(folder), _size(folder), kernels, len(older), sum(map(_size, older)), problems)


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
        what = f"planner is made for {system} too, but tested on {TESTED} only"
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


def _of_load(load: machine.Load) -> list[Finding]:
    hint = "speed only; results are equal: wait, or end what else runs"
    return [Finding(str(load), hint, False)] if load.busy else []


def _of_cache(cache: CacheFolder) -> list[Finding]:
    hint = "set PLANNER_CACHE to a folder of your own that nobody else can write to"
    if cache.folder is not None:
        return [
            Finding(f"compiled code is not kept where it should be: {each}", hint, False)
            for each in cache.problems
        ]
    what = "compiled code cannot be kept, so every start compiles again: " + "; ".join(cache.problems)
    return [Finding(what, hint, True)]
