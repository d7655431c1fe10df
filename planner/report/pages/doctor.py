"""`planner doctor` in words. Works on its JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.report.blocks import Block, Facts, Heading, Items, Prose
from planner.results.numbers import fixed
from planner.scenario.text import count

Json = Mapping[str, Any]


def doctor_document(found: Json) -> list[Block]:
    """The page of `planner doctor`: the verdict first."""
    blocks: list[Block] = [Heading("Is everything here that planner needs?", 1), *_verdict(found)]
    processor, cores = found["processor"], found["cores"]
    features = ", ".join(processor["features"]) or "none"
    limit = "" if cores["allowed"] is None else f"; time of {cores['allowed']:g} of them allowed"
    facts = [
        ("Processor", processor["name"]),
        ("Cores", f"{cores['usable']:g} usable of {cores['machine']:g}{limit}"),
        ("Kernels", f"compiled for {processor['compiled_for']}, vectors of {processor['vector_bits']} bits"),
        ("Features", features),
        ("Compiled", _cache(found["cache"])),
    ]
    blocks += [Heading("Machine"), Facts(facts)]
    blocks += [
        Heading("Versions"),
        Facts([(name, version or "missing") for name, version in found["versions"].items()]),
    ]
    if found["extras"]:
        blocks += [Heading("Optional parts"), Facts([(n, _extra(n, e)) for n, e in found["extras"].items()])]
    return blocks


def _verdict(found: Json) -> list[Block]:
    if not found["findings"]:
        return [Prose("Yes. Nothing hinders results or speed.")]
    first = "Yes, with remarks." if found["healthy"] else "No: something hinders results or speed seriously."
    said: list[Block] = [Prose(first, not found["healthy"])]
    lines = [
        f"{'Serious: ' if finding['serious'] else ''}{finding['what']}. {_sentence(finding['hint'])}"
        for finding in found["findings"]
    ]
    return [*said, Items(lines)]


def _sentence(hint: str) -> str:
    return f"{hint[:1].upper()}{hint[1:]}."


def _cache(cache: Json) -> str:
    if cache["folder"] is None:
        return "nowhere"
    kept = count(cache["kernels"], "kernel") if cache["kernels"] else "no kernels yet"
    text = f"{cache['folder']}: {kept}, {_megabytes(cache['bytes'])}"
    if cache["older_folders"]:
        older = count(cache["older_folders"], "folder")
        text += f"; {older} of other versions beside it, {_megabytes(cache['older_bytes'])}, may be deleted"
    return text


def _megabytes(size: int) -> str:
    return f"{fixed(size / 1e6, 1)} MB"


def _extra(name: str, packages: Mapping[str, str | None]) -> str:
    missing = [package for package, version in packages.items() if version is None]
    if missing:
        return f"missing {', '.join(missing)}: pip install 'planner[{name}]'"
    return ", ".join(f"{package} {version}" for package, version in packages.items())
