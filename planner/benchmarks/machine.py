"""This machine and what is installed on it: what a measured speed depends on. Nothing is compiled here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata

from planner._platform import (
    allowed_cores,
    load_average,
    machine_cores,
    processor_name,
    python_version,
    stolen_time,
    system,
    usable_cores,
)
from planner._version import __version__
from planner.results.contract import Json, Written

PACKAGES = (
    "numpy",
    "numba",
    "llvmlite",
    "platformdirs",
    "polars",
    "scipy",
    "pydantic",
    "typer",
    "rich",
    "shellingham",
)


def versions() -> dict[str, str | None]:
    """Version of planner, Python and every package it needs; None where one is missing."""
    own: dict[str, str | None] = {"planner": __version__, "python": python_version()}
    return own | {name: installed_version(name) for name in PACKAGES}


def installed_version(package: str) -> str | None:
    """The installed version of a package, without importing it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def extras() -> dict[str, dict[str, str | None]]:
    """The optional parts of planner, each with its packages and their versions (None: not installed)."""
    try:
        needs = metadata.requires("planner") or []
    except metadata.PackageNotFoundError:  # used from a checkout, not installed
        needs = []
    packages: dict[str, dict[str, str | None]] = {}
    for need in needs:
        extra = re.search(r"extra\s*==\s*['\"]([\w.-]+)['\"]", need)
        name = re.match(r"[\w.-]+", need)
        if extra and name:
            packages.setdefault(extra[1], {})[name[0]] = installed_version(name[0])
    return packages


def cores() -> dict[str, float | None]:
    """Processors of the machine, those this process may use, and the processor time it is allowed at once.

    The last is a limit of a container (its control group), None without one.
    """
    return {"machine": machine_cores(), "usable": usable_cores(), "allowed": allowed_cores()}


@dataclass(frozen=True, slots=True)
class Load(Written):
    """How busy the machine is, by its load average: the processes that wanted a core, over the last minute.

    `busy`: they wanted half of the cores or more, so that what is timed by the clock suffers. Processes of
    others and of your own count alike, one that has just ended too.
    """

    average: float | None  # None where the system does not say
    cores: int  # of the machine: the average is of all of them
    busy: bool

    def __str__(self) -> str:
        return (
            f"the machine is busy (load average of the last minute {self.average:.1f} on {self.cores} cores)"
        )


def load_now() -> Load:
    """The load before anything is measured."""
    average, count = load_average(), machine_cores()
    return Load(average, count, average is not None and average >= 0.5 * count)


class Watch:
    """From its making on: what share of the cores' time other virtual machines on the same host took.

    The load average does not show that. Some per cent make all seconds too long, of processor time too.
    """

    MUCH = 0.05

    def __init__(self) -> None:
        self._before = stolen_time()

    def share(self) -> float | None:
        """The share so far; None where the system does not tell."""
        before, now = self._before, stolen_time()
        if before is None or now is None or now[1] <= before[1]:
            return None
        return (now[0] - before[0]) / (now[1] - before[1])

    def warning(self) -> str:
        """What to say of it; empty where it is little."""
        share = self.share()
        if share is None or share <= self.MUCH:
            return ""
        return (
            f"other virtual machines on the same host took {100 * share:.0f} % of the cores' time meanwhile: "
            "all seconds and rates are doubtful, ratios less so"
        )


def description() -> Json:
    """The machine in a few facts, to stand beside what was measured on it."""
    from planner.kernels.host import host

    return {
        "processor": processor_name(),
        "compiled_for": host().cpu,
        "vector_bits": host().vector_bits,
        "cores": cores()["usable"],
        "system": system(),
        "load": load_average(),
    }
