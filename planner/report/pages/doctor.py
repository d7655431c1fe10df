"""`planner doctor` in words."""

from __future__ import annotations

from collections.abc import Mapping

from planner._platform import INTENDED, TESTED
from planner.benchmarks.doctor import CacheFolder, Diagnosis
from planner.benchmarks.machine import Load
from planner.report.blocks import Block, Facts, Heading, Items, Prose
from planner.results.number_text import fixed
from planner.scenario.text import count


def doctor_page(result: Diagnosis) -> list[Block]:
    """The page of `planner doctor`: the verdict first."""
    blocks: list[Block] = [Heading("Is everything here that planner needs?", 1), *_verdict(result)]
    processor, cores = result.processor, result.cores
    features = ", ".join(processor.features) or "none"
    limit = "" if cores["allowed"] is None else f"; time of {cores['allowed']:g} of them allowed"
    if result.system.tested:
        tested = f"tested ({INTENDED} are intended and untested)"
    else:
        tested = f"untested (tested is {TESTED})"
    facts = [
        ("System", f"{result.system.system}, {tested}"),
        ("Processor", processor.name),
        ("Cores", f"{cores['usable']:g} usable of {cores['machine']:g}{limit}"),
        ("Load", _load(result.load)),
        ("Kernels", f"compiled for {processor.compiled_for}, vectors of {processor.vector_bits} bits"),
        ("Features", features),
        ("Compiled", _cache(result.cache)),
    ]
    blocks += [Heading("Machine"), Facts(facts)]
    blocks += [
        Heading("Versions"),
        Facts([(name, version or "missing") for name, version in result.versions.items()]),
    ]
    if result.extras:
        blocks += [Heading("Optional parts"), Facts([(n, _extra(n, e)) for n, e in result.extras.items()])]
    return blocks


def _verdict(result: Diagnosis) -> list[Block]:
    if not result.findings:
        return [Prose("Yes. Nothing hinders results or speed.")]
    first = "Yes, with remarks." if result.healthy else "No: something hinders results or speed seriously."
    verdict: list[Block] = [Prose(first, not result.healthy)]
    lines = [
        f"{'Serious: ' if finding.serious else ''}{finding.what}. {_sentence(finding.hint)}"
        for finding in result.findings
    ]
    return [*verdict, Items(lines)]


def _sentence(hint: str) -> str:
    return f"{hint[:1].upper()}{hint[1:]}."


def _load(load: Load) -> str:
    if load.average is None:
        return "the system does not say"
    return f"{load.average:.1f} processes wanted a core during the last minute{', busy' if load.busy else ''}"


def _cache(cache: CacheFolder) -> str:
    if cache.folder is None:
        return "nowhere"
    kept = count(cache.kernels, "kernel") if cache.kernels else "no kernels yet"
    text = f"{cache.folder}: {kept}, {_megabytes(cache.bytes)}"
    if cache.older_folders:
        older = count(cache.older_folders, "folder")
        text += f"; {older} of other versions beside it, {_megabytes(cache.older_bytes)}, may be deleted"
    return text


def _megabytes(size: int) -> str:
    return f"{fixed(size / 1e6, 1)} MB"


def _extra(name: str, packages: Mapping[str, str | None]) -> str:
    missing = [package for package, version in packages.items() if version is None]
    if missing:
        return f"missing {', '.join(missing)}: pip install 'planner[{name}]'"
    return ", ".join(f"{package} {version}" for package, version in packages.items())
