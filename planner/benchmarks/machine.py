"""This machine and what is installed on it: what a measured speed depends on. Nothing is compiled here."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Any

from planner._version import __version__

PACKAGES = ("numpy", "numba", "llvmlite", "platformdirs", "polars", "scipy", "pydantic", "typer", "rich")


def versions() -> dict[str, str | None]:
    """Version of planner, Python and every package it needs; None where one is missing."""
    own: dict[str, str | None] = {"planner": __version__, "python": platform.python_version()}
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

    The last is a limit of a container (its cgroup), None without one.
    """
    machine = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else machine
    return {"machine": machine, "usable": usable, "allowed": _quota()}


def _quota() -> float | None:
    """Processors' worth of time that the cgroup grants (versions 2 and 1 of Linux's interface)."""
    root = Path("/sys/fs/cgroup")
    try:
        quota, period = (root / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (root / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (root / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    limited = quota.isdigit() and period.isdigit() and int(period) > 0
    return int(quota) / int(period) if limited else None


def processor() -> str:
    """The maker's name of the processor, as far as the system gives it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    named = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", text, re.M)
    return named[1].strip() if named else platform.processor() or platform.machine()


def load() -> float | None:
    """Processes that wanted a core during the last minute, on average; None where the system does not say."""
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return None


def description() -> dict[str, Any]:
    """The machine in a few facts, to stand beside what was measured on it."""
    from planner.kernels.host import host

    return {
        "processor": processor(),
        "compiled_for": host().cpu,
        "vector_bits": host().vector_bits,
        "cores": cores()["usable"],
        "system": f"{platform.system()} {platform.machine()}",
        "load": load(),
    }
