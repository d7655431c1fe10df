"""A file that is written appears whole or not at all, and takes the place of nothing but a file.

A device, a pipe or a link is never replaced: a link is followed to the file it leads to, and one that leads
nowhere is an error, because nobody can say what was meant.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from planner import _interruption as interruption
from planner._platform import write_whole
from planner.cli.exit import Problem

_KINDS = {
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
}


def is_stdout(output: Path | None) -> bool:
    """Whether the result goes to the standard output."""
    return output is None or str(output) == "-"


def check_writable(output: Path | None, force: bool) -> None:
    """Refuse a bad output before any work is done, not after an hour of it."""
    if output is None or is_stdout(output):
        return
    target = _followed(output)
    kind = _kind(target)
    if kind == "a folder":
        raise Problem(f"{output} is a folder", hint="name a file in it")
    if kind not in ("", "a file"):
        raise Problem(
            f"{output} is {kind}: only files are written or replaced",
            hint=f"leave -o out and let the shell write to it: planner ... > {output}",
        )
    if kind and not force:
        raise Problem(f"{output} exists and is left as it is", hint="choose another name, or add --force")
    folder = target.parent
    if not folder.is_dir():
        raise Problem(f"there is no folder {folder}", hint=f"make it first: mkdir -p {folder}")
    if not os.access(folder, os.W_OK):
        raise Problem(f"the folder {folder} cannot be written to", hint="choose another with -o")


def _followed(output: Path) -> Path:
    """What the name leads to."""
    if not os.path.islink(output):
        return output
    target = Path(os.path.realpath(output))
    if not _kind(target) or os.path.islink(target):  # the latter leads in a circle
        raise Problem(
            f"{output} is a link to {os.readlink(output)}, which is not there",
            hint="remove the link, or name the file itself",
        )
    return target


def _kind(path: Path) -> str:
    """What stands there, in a word or two; empty if nothing does. A name that cannot be is a Problem."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return ""
    except NotADirectoryError:
        return ""  # its folder is not there, which the caller finds out
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise Problem(f"{path} cannot be written: {what}", hint="choose another name with -o") from error
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISREG(mode):
        return "a file"
    return _KINDS.get(stat.S_IFMT(mode), "not a file")


def deliver(text: str, output: Path | None, force: bool) -> None:
    """Write the result; a file appears whole or not at all."""
    if output is None or is_stdout(output):
        from planner.cli.terminal import write

        write(text, sys.stdout)
        return
    try:
        check_writable(output, force)  # again: things may have changed while the work was done
        with interruption.deferred():  # it takes no time, and half of it would leave a temporary file
            _write(text, _followed(output), force)
    except (OSError, Problem) as error:
        # The work is done: better on the screen than lost.
        from planner.cli.streams import OutputError
        from planner.cli.terminal import write

        hint = "the result stands above, on the standard output"
        try:
            write(text, sys.stdout)
        except OutputError:
            hint = "nor could the standard output: the result is lost"
        if isinstance(error, Problem):
            what = error.message
        else:
            what = f"{output} could not be written: {error.strerror or error}"
        raise Problem(what, hint=hint) from error


def _write(text: str, target: Path, force: bool) -> None:
    try:
        write_whole(target, text.encode("utf-8"), replaces=force)
    except FileExistsError as error:
        raise FileExistsError(error.errno, f"{error.strerror}; add --force to overwrite it") from error
