"""What planner asks of the operating system, all of it: processors, memory, users, files, pipes, signals.

Tested on Linux x86-64. Linux on arm64, macOS and Windows are intended: what a system does not have is left
out here, and nobody else asks which system it is.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import select
import signal
import stat
import sys
import tempfile
import time
import uuid
from contextlib import suppress
from pathlib import Path

TESTED = "Linux x86_64"
INTENDED = "Linux on arm64, macOS and Windows"
PYTHONS = ((3, 11), (3, 13))
"""The first and the last version of Python that planner is made for."""

_PROCESSES = Path("/proc")
_GROUPS = Path("/sys/fs/cgroup")  # control groups: a container, a batch job
_UNLIMITED = 2**60  # the limit that control groups of version 1 give where there is none
_AT_ONCE = 1 << 16  # bytes that are read from a pipe

# The system


def system() -> str:
    """Name of the system and its processors: Linux x86_64."""
    return f"{platform.system()} {platform.machine()}"


def is_tested() -> bool:
    """Whether planner is tested on such a system."""
    return system() == TESTED


def python_version() -> str:
    """Of the Python that runs: 3.11.7."""
    return platform.python_version()


def is_python_tested() -> bool:
    """Whether planner is made for this version of Python."""
    return PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]


# Processors


def architecture() -> str:
    """The kind of processor: x86_64, AMD64, aarch64, arm64."""
    return platform.machine()


def processor_name() -> str:
    """The maker's name of the processor, as far as the system gives it."""
    try:
        text = (_PROCESSES / "cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    named = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", text, re.M)
    return named[1].strip() if named else platform.processor() or platform.machine()


def machine_cores() -> int:
    """Cores of the machine."""
    return os.cpu_count() or 1


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return machine_cores()


def allowed_cores() -> float | None:
    """Cores' worth of time that the control group grants (versions 2 and 1); None without such a limit."""
    try:
        quota, period = (_GROUPS / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (_GROUPS / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (_GROUPS / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    limited = quota.isdigit() and period.isdigit() and int(period) > 0
    return int(quota) / int(period) if limited else None


def load_average() -> float | None:
    """Processes that wanted a core during the last minute, on average; None where the system does not say."""
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return None


def stolen_time() -> tuple[float, float] | None:
    """Time of all cores since the start that the host of this virtual machine gave to others, and all time.

    In one and the same unit; None where the system does not tell.
    """
    try:
        kind, *counts = (_PROCESSES / "stat").read_text().splitlines()[0].split()
        user_to_stolen = [float(count) for count in counts[:8]]
    except (OSError, ValueError, IndexError):
        return None
    whole = kind == "cpu" and len(user_to_stolen) == 8
    return (user_to_stolen[7], sum(user_to_stolen)) if whole else None


def children_seconds() -> float | None:
    """Processor time of all ended processes that this one has started, with theirs; None if not reported."""
    try:
        import resource
    except ImportError:
        return None
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# Memory


def free_memory() -> int:
    """Bytes that are free to this process, as far as the system reports it; else 2 GiB."""
    limits = [each for each in (_free_of_machine(), *_left_by_groups(), _left_of_own()) if each is not None]
    return max(min(limits), 0) if limits else 2**31


def _free_of_machine() -> int | None:
    with suppress(OSError):
        for line in (_PROCESSES / "meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return None


def _left_by_groups() -> list[int]:
    """What the control groups leave, by versions 2 and 1 of Linux's interface, from inside or outside."""
    left = []
    own = ""
    with suppress(OSError):
        for line in (_PROCESSES / "self/cgroup").read_text().splitlines():
            _, kinds, path = line.split(":", 2)
            if kinds in ("", "memory"):
                own = path if kinds else own or path
    for folder, most, used in (
        (_GROUPS, "memory.max", "memory.current"),
        (_GROUPS / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        for place in (folder / own.lstrip("/"), folder):
            with suppress(OSError, ValueError):  # "max" is no number
                most_bytes = int((place / most).read_text())
                if most_bytes < _UNLIMITED:
                    left.append(most_bytes - int((place / used).read_text()))
    return left


def address_space() -> int | None:
    """Bytes that ulimit allows this process in all; None without such a limit."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        return int(soft) if soft != resource.RLIM_INFINITY else None
    return None


def _left_of_own() -> int | None:
    """What ulimit leaves of the address space."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        if (limit := address_space()) is not None:
            taken = (_PROCESSES / "self/statm").read_text().split()[0]
            return limit - int(taken) * resource.getpagesize()
    return None


def peak_memory() -> int | None:
    """Most bytes that this process has held so far; None where the system does not report it."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


# Users


def user_number() -> int | None:
    """The user's number; None where files have no owner."""
    return os.geteuid() if hasattr(os, "geteuid") else None


# Files and pipes


def write_whole(target: Path, content: bytes, *, replaces: bool) -> None:
    """Write beside the target, then give it its name in one step, so that no reader sees half a file.

    Until then the file has no name where the system can do that, so that nothing is left of it whatever ends
    the process. The target keeps its permissions. Not `replaces`: FileExistsError where it has appeared.
    """
    handle, temporary = _unnamed(target.parent)
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask()
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), mode)
            if not replaces and target.exists():
                raise FileExistsError(17, "a file of that name has appeared meanwhile")
            if not temporary.name:
                temporary = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex[:12]}")
                # With a folder to start from Python asks the system to follow the link to the file.
                os.link(_PROCESSES / f"self/fd/{file.fileno()}", temporary, src_dir_fd=file.fileno())
        os.replace(temporary, target)
    finally:
        if temporary.name:
            with suppress(FileNotFoundError):
                temporary.unlink()


def _unnamed(folder: Path) -> tuple[int, Path]:
    """A new file to write to in the folder, and its path: an empty one where the file has no name yet."""
    if hasattr(os, "O_TMPFILE") and (_PROCESSES / "self/fd").is_dir():
        with contextlib.suppress(OSError):  # not every file system has files without a name
            return os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600), Path()
    handle, name = tempfile.mkstemp(dir=folder, prefix=".planner.")
    return handle, Path(name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def read_pipe(path: Path, most: int, patience: float) -> bytes:
    """What comes through a named pipe, up to `most` bytes; b"" if nobody writes for so many seconds."""
    raw, end = b"", time.monotonic() + patience
    # Opened otherwise, it would wait for a writer. Only systems that have named pipes in folders come here.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        while len(raw) < most:
            try:
                part = os.read(handle, min(_AT_ONCE, most - len(raw)))
            except BlockingIOError:  # somebody has the other end, and has not written yet
                select.select([handle], [], [])
                continue
            raw += part
            if not part and (raw or time.monotonic() > end):
                break
            if not part:
                time.sleep(0.05)
    finally:
        os.close(handle)
    return raw


# Signals


def signals_of(*names: str) -> dict[int, str]:
    """The signals of these names that the system has, by their numbers."""
    numbers = {getattr(signal, name, None): name for name in names}
    return {int(number): name for number, name in numbers.items() if number is not None}
