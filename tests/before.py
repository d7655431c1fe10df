"""Every figure that the commands print of the catalogue, kept from before the modules were moved.

`python tests/before.py` writes the files below data/before. They are written once, from the code as it was;
`test_before` makes every document again and compares it, key by key and to the last bit.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import test_every_command

from planner.cli import main
from planner.scenario import catalogue

FOLDER = Path(__file__).parent / "data" / "before"
FEW = ("--trials", "2000")
SECONDS = {"seconds", "trials_per_second"}
"""What a document says of the time that it took, another each time."""


def names() -> list[str]:
    """Entries of the catalogue, then ways to state a trial that no entry uses, then no scenario at all."""
    return [*catalogue.names(), *(f"stated {name}" for name in test_every_command.STATED), "schema"]


def commands(name: str, patients: int) -> dict[str, tuple[str, ...]]:
    """What is asked of one of them, in a folder that holds its copy with another dropout."""
    if name == "schema":
        return {"schema": ("schema",)}
    if name.startswith("stated "):
        return {
            "run": ("run", "stated.toml", *FEW),
            "show": ("show", "stated.toml"),
            "show --resolved": ("show", "stated.toml", "--resolved"),
        }
    more = patients + patients // 2
    return {
        "run": ("run", name, *FEW),
        "run --uncertain": ("run", name, "--uncertain", "--variants", "10", *FEW),
        "run --sensitivity": ("run", name, "--sensitivity", *FEW),
        "sweep": ("run", name, "--set", f"design.patients={patients},{more}", *FEW),
        "size": ("size", name, "--power", ".8", *FEW),
        "size --uncertain": ("size", name, "--uncertain", "--power", ".5", "--variants", "10"),
        "size --find effect": ("size", name, "--find", "effect", "--power", ".8", *FEW),
        "compare": ("compare", name, "other.toml", *FEW),
        "discriminate": ("discriminate", name, "--draws", "64", "--patients", f"{patients},{more}"),
        "weigh": ("weigh", name, "--variants", "64", "--patients", "128"),
        "trial": ("trial", name, "--replay", "1"),
        "show": ("show", name),
        "show --resolved": ("show", name, "--resolved"),
    }


def documents(name: str) -> dict[str, Any]:
    """Exit code and document of each command; in place of a document the first line of an error."""
    if name == "schema":
        return {key: asked(words) for key, words in commands(name, 0).items()}
    with TemporaryDirectory() as folder, contextlib.chdir(folder):
        if name.startswith("stated "):
            stated = test_every_command.STATED[name.removeprefix("stated ")]
            Path("stated.toml").write_text(test_every_command.HEAD + stated)
            return {key: asked(words) for key, words in commands(name, 0).items()}
        design = asked(("show", name, "--resolved"))["document"]["scenario"]["design"]
        other = f'schema_version = 1\nextends = "{name}.toml"\n'
        if len(design["sequences"][0].split()) > 1:  # where there is a gap between periods to leave in
            other += "[population]\ndropout = { per_period = 0.07 }\n"
        Path("other.toml").write_text(other)
        patients = design["patients"]
        return {key: asked(words) for key, words in commands(name, patients).items()}


def asked(words: tuple[str, ...]) -> dict[str, Any]:
    form = () if words == ("schema",) else ("-q", "--json")
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*words, *form])
    if not out.getvalue():
        return {"code": code, "error": err.getvalue().splitlines()[0]}
    return {"code": code, "document": timeless(json.loads(out.getvalue()))}


def timeless(value: Any) -> Any:
    """The document without the time it took."""
    if isinstance(value, dict):
        return {key: timeless(each) for key, each in value.items() if key not in SECONDS}
    return [timeless(each) for each in value] if isinstance(value, list) else value


def file_of(name: str) -> Path:
    return FOLDER / f"{name.replace(' ', '_')}.json.gz"


def kept(name: str) -> dict[str, Any]:
    documents: dict[str, Any] = json.loads(gzip.decompress(file_of(name).read_bytes()))
    return documents


def differences(was: Any, now: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any, Any]]:
    """Where two documents differ: the path, and both values. A number differs by its last bit or its kind."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in [*was, *(key for key in now if key not in was)]:
            yield from differences(was.get(key, "(absent)"), now.get(key, "(absent)"), (*path, key))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for i, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from differences(one, other, (*path, str(i)))
    elif type(was) is not type(now) or was != now:
        yield "/".join(path), was, now


if __name__ == "__main__":
    os.environ["COLUMNS"] = "100"
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or names():
        text = json.dumps(documents(name), separators=(",", ":"))
        file_of(name).write_bytes(gzip.compress(text.encode(), mtime=0))
        print(name, len(text))
