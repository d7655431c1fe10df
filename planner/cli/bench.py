"""`planner bench` and `planner doctor`: how fast this machine simulates, and what hinders it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli import options
from planner.cli.exit import CHECK_FAILED, INVALID, OK, Problem
from planner.results.contract import Json


def bench(
    quick: Annotated[
        bool, typer.Option("--quick", help="A rough answer within 15 seconds, not three minutes.")
    ] = False,
    compare: Annotated[
        Path | None,
        typer.Option("--compare", metavar="FILE", help="JSON of an earlier bench: slower than then?"),
    ] = None,
    threads: options.Threads = None,
    output_format: options.AsFormat = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """How fast this machine simulates: standard jobs, the bound, and rivals on the same job.

    Everything is measured by turns in one process, as ratios: to the time that drawing the random numbers
    alone takes, and to NumPy, Numba, SciPy, mcpower, statsmodels, R and its rpact and nlme, those that are
    installed. The rivals' results are checked: they simulate the same trial. What people wait for is measured
    in new processes: the first answer of a fresh install (not with --quick), and a later one.

    With --compare the exit code is 5 where a ratio has become worse beyond noise: by more than 8 % (20 %
    for what is measured in one process only, as all is with --quick) and with quartiles that do not
    overlap. A ratio is left out, with a remark, where it means something else than then: another trial,
    other draws or other code of the bound. A file without any ratio that means the same, as one of another
    processor, is refused.

    Takes at most three minutes, with --quick 15 seconds: a machine that is slow or busy does fewer rounds in
    that time. It takes longer only where that is too short for two rounds, or kernels must be compiled first.

    \b
    Examples:
      planner bench --quick
      planner bench -o before.json
      planner bench --compare before.json
    """
    from planner.cli.output import as_csv, target_of
    from planner.kernels.jit import COMPILED
    from planner.report.pages.bench import bench_page, bench_rows

    target = target_of(output_format, json, output, force, quiet)
    if not COMPILED:
        raise Problem(
            "the kernels are not compiled under NUMBA_DISABLE_JIT, so there is nothing to measure",
            hint="unset NUMBA_DISABLE_JIT",
        )
    earlier = None if compare is None else _read(compare)
    document = _measure(quick, threads, earlier, compare, quiet)
    header = ["subject", "figure", "median", "low", "high"]
    target.write(document, lambda: bench_page(document), lambda: as_csv(header, bench_rows(document)))
    comparison = document["comparison"]
    return CHECK_FAILED if comparison is not None and comparison["slower"] else OK


def _read(file: Path) -> object:
    """The earlier result; read before anything is measured, so that a wrong file costs no minutes."""
    from planner.benchmarks.definitions import conditions
    from planner.benchmarks.regression import NotComparable, check

    hint = "write one here with planner bench -o FILE.json"
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Problem(f"{file} cannot be read: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError as error:
        raise Problem(f"{file} is no text", hint=hint, code=INVALID) from error
    result = _parse(file, text, hint)
    try:
        check(result, conditions())
    except NotComparable as error:
        raise Problem(f"{file} cannot be compared with: {error}", hint=hint, code=INVALID) from error
    return result


def _parse(file: Path, text: str, hint: str) -> object:
    from json import JSONDecodeError, loads

    try:
        return loads(text)
    except JSONDecodeError as error:
        reason = f"line {error.lineno}, column {error.colno}: {error.msg}" if text.strip() else "it is empty"
        raise Problem(f"{file} is no JSON: {reason}", hint=hint, code=INVALID) from error
    except (RecursionError, ValueError) as error:  # tables within tables without end, or endless digits
        raise Problem(f"{file} is no JSON that could be read", hint=hint, code=INVALID) from error


def _measure(quick: bool, threads: int | None, earlier: object, compare: Path | None, quiet: bool) -> Json:
    import sys

    from planner.benchmarks import measuring
    from planner.benchmarks.regression import comparison
    from planner.cli.common import note_compiling
    from planner.cli.terminal import note, on_terminal

    note_compiling(quiet)
    tell = note if on_terminal(sys.stderr) and not quiet else lambda text: None
    document = measuring.bench(quick=quick, threads=threads, say=tell)
    if earlier is not None:
        document["comparison"] = comparison(document, earlier, str(compare))
    return document


def doctor(
    output_format: options.AsPage = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Is everything here that planner needs, and does anything make it slow?

    Lists versions, cores and how busy they are, vector units, the folder of compiled kernels and the optional
    parts. Compiles and simulates nothing. The exit code is 5 where something hinders results or speed
    seriously.

    \b
    Examples:
      planner doctor
      planner doctor --json
    """
    from planner.benchmarks.doctor import diagnose
    from planner.cli.output import target_of
    from planner.report.pages.doctor import doctor_page

    no_csv = ("a diagnosis has no CSV form", "--format md or json")
    target = target_of(output_format, json, output, force, quiet, no_csv=no_csv)
    diagnosis = diagnose()
    target.write(diagnosis.to_json(), lambda: doctor_page(diagnosis))
    return OK if diagnosis.healthy else CHECK_FAILED
