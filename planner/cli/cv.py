"""`planner cv`: the coefficient of variation to plan with."""

from __future__ import annotations

from typing import Annotated

import typer

from planner.cli import offers, options
from planner.cli.exit import OK, Problem
from planner.cli.numbers import number
from planner.scenario.caps import MAX_PATIENTS

_EXAMPLE = "--interval .91,1.15 --patients 24 --design 2x2"

IntervalOption = Annotated[
    str | None,
    typer.Option(
        "--interval",
        metavar="LOW,HIGH",
        help="Published confidence limits of the ratio of geometric means, such as .91,1.15.",
    ),
]
Analysed = Annotated[
    str | None,
    typer.Option(
        "--patients",
        metavar="N",
        help="Patients who were analysed for the interval: all, or of each sequence, 13,11.",
    ),
]
DesignOption = Annotated[
    str,
    typer.Option(
        "--design",
        metavar="NAME",
        autocompletion=offers.field_designs,
        help="Design of that study by its name in the field, such as 2x2x4 or parallel.",
    ),
]
Level = Annotated[
    float,
    typer.Option("--level", metavar="SHARE", parser=number(0, 1), help="Confidence of the interval."),
]
Pool = Annotated[
    list[str] | None,
    typer.Option(
        "--pool",
        metavar="CV,N,DESIGN",
        help="A study by its CV, patients and design, such as .3,24,2x2; of each sequence: .3,13+11,2x2. "
        "Repeat it to pool studies.",
    ),
]
Upper = Annotated[
    float,
    typer.Option(
        "--upper", metavar="SHARE", parser=number(0, 1), help="Confidence of the upper limit of the CV."
    ),
]


def cv(
    interval: IntervalOption = None,
    patients: Analysed = None,
    design: DesignOption = "2x2",
    level: Level = 0.9,
    pool: Pool = None,
    upper: Upper = 0.8,
    output_format: options.AsFormat = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """How variable a log-normal outcome is: the CV behind a published interval, or pooled over studies.

    With the SD of logs, the SD of a difference of logs, and an upper limit to plan with, since the CV of a
    small study is itself uncertain.

    \b
    Examples:
      planner cv --interval .91,1.15 --patients 24 --design 2x2
      planner cv --interval .85,1.12 --patients 14,12 --design 2x2x4 --upper .9
      planner cv --pool .25,24,2x2 --pool .3,18,2x2x4 --pool .22,30,2x2
    """
    from planner.cli.output import as_csv, target_of
    from planner.errors import RequestError
    from planner.questions.cv import cv as coefficient
    from planner.report.pages.cv import cv_page

    target = target_of(output_format, json, output, force, quiet)
    limits = None if interval is None else _limits(interval)
    analysed = None if patients is None else _patients(patients, ",", "--patients", patients)
    studies = [_study(text) for text in pool or ()]
    _known(design, f"--design {design}")
    if limits is None and not studies:
        raise Problem("no study is given", hint=f"planner cv {_EXAMPLE}, or --pool .3,24,2x2")
    if limits is not None and analysed is None:
        raise Problem(f"--interval {interval} goes with --patients", hint=f"planner cv {_EXAMPLE}")
    if limits is None and analysed is not None:
        raise Problem(f"--patients {patients} goes with --interval", hint="--pool .3,24,2x2 has its own")
    try:
        result = coefficient(limits, analysed, design, level=level, pool=studies, upper=upper)
    except RequestError as error:
        raise Problem(error.message, error.hint) from error

    def csv() -> str:
        rows = result.rows()
        return as_csv(
            list(rows[0]), [["" if each is None else each for each in row.values()] for row in rows]
        )

    target.write(result.to_json(), lambda: cv_page(result), csv)
    return OK


def _limits(text: str) -> tuple[float, float]:
    values = _shares(text)
    if values is None or len(values) != 2:
        raise Problem(f"--interval {text} has to be two limits", hint="for instance --interval .91,1.15")
    return values[0], values[1]


def _shares(text: str) -> list[float] | None:
    """Numbers joined by commas, 30% as 0.3; None if one is no number."""
    from planner.scenario.reading.numbers import numbers_in

    try:
        return numbers_in([text.replace("%", "e-2")])
    except ValueError:
        return None


def _patients(text: str, between: str, option: str, whole: str) -> int | list[int]:
    """Patients in all, or of each sequence; `whole`: all that was typed for the option."""
    from planner.scenario.reading.numbers import whole_number

    counts = [whole_number(part.strip()) for part in text.split(between)]
    sound = [each for each in counts if each is not None and 1 <= each <= MAX_PATIENTS]
    if len(sound) < len(counts):
        example = between.join(("13", "11"))
        raise Problem(
            f"{option} {whole}: patients are whole numbers from 1 to {MAX_PATIENTS:,}",
            hint=f"24, or of each sequence {example}",
        )
    return sound[0] if len(sound) == 1 else sound


def _study(text: str) -> tuple[float, int | list[int], str]:
    """`0.3,24,2x2`: a CV, the patients and the design."""
    parts = [part.strip() for part in text.split(",")]
    value = _shares(parts[0])
    if len(parts) != 3 or value is None:
        message = f"--pool {text} has to be a CV, patients and a design"
        raise Problem(message, hint="for instance --pool .3,24,2x2")
    _known(parts[2], f"--pool {text}")
    return value[0], _patients(parts[1], "+", "--pool", text), parts[2]


def _known(design: str, option: str) -> None:
    from planner.equivalence.field_designs import field_design
    from planner.errors import UnknownNameError

    try:
        field_design(design)
    except UnknownNameError as error:
        raise Problem(f"{option}: {error.message}", error.hint) from error
