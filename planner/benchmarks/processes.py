"""A process of its own, of which nothing is left when we are interrupted."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence


def run_to_end(command: Sequence[str], timeout: float | None = None) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run`, but that after any exception, Ctrl-C included, the process has ended."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            out, err = child.communicate(timeout=timeout)
        except BaseException:
            child.kill()
            child.wait()
            raise
    return subprocess.CompletedProcess(list(command), child.returncode, out, err)
