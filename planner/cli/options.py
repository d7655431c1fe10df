"""The options that commands share, each declared once: its spelling, what it accepts, its help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from planner.cli import offers
from planner.cli.meant import one_of
from planner.cli.numbers import number, whole
from planner.scenario.caps import MAX_SEED, MAX_THREADS, MAX_TRIALS, MAX_VARIANTS


class Format(StrEnum):
    """How a result is written; a format for people names its module in `report/render`."""

    ending: str  # of a file in this format
    renderer: str  # "" for what programs read

    table = "table", ".txt", "terminal"
    json = "json", ".json", ""
    csv = "csv", ".csv", ""
    md = "md", ".md", "markdown"

    def __new__(cls, value: str, ending: str = "", renderer: str = "") -> Format:
        made = str.__new__(cls, value)
        made._value_, made.ending, made.renderer = value, ending, renderer
        return made


Scenario = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        help="A scenario file (.toml) or a name of the catalogue.",
        autocompletion=offers.scenarios,
    ),
]
Scenarios = Annotated[
    list[str],
    typer.Argument(
        metavar="SCENARIO...",
        help="Scenario files (.toml) or names of the catalogue.",
        autocompletion=offers.scenarios,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        autocompletion=offers.settings,
        help="Replace one setting of the scenario, for instance design.patients=30. May be repeated. "
        "Looks stated in patients are scaled with design.patients.",
    ),
]
Patients = Annotated[
    list[str] | None,
    typer.Option(
        "--patients",
        metavar="N",
        help="Patients of the trial, all that are randomised, in place of the scenario's; looks stated in "
        "patients are scaled. run and discriminate take several: 12,24,48 or from:to:step.",
    ),
]
Trials = Annotated[
    int | None,
    typer.Option(
        "--trials",
        metavar="N",
        parser=whole(1, MAX_TRIALS),
        help="Virtual trials per hypothesis, such as 1e6; the most, where fewer settle the answer.",
    ),
]
Precision = Annotated[
    float | None,
    typer.Option(
        "--precision",
        metavar="SE",
        parser=number(),
        help="Add trials until power and early stops have this Monte Carlo standard error, such as 0.001.",
    ),
]
Sensitivity = Annotated[
    bool,
    typer.Option(
        "--sensitivity", help="Show how the power changes where one assumption is off, each in turn."
    ),
]
SensitivityStep = Annotated[
    float,
    typer.Option(
        "--sensitivity-step",
        metavar="SHARE",
        parser=number(),
        help="How far off, as a share of the assumption.",
    ),
]
AtLimit = Annotated[
    bool,
    typer.Option(
        "--at-limit",
        help="Move the means to the worse limit of equivalence, or to the margin: power is the type I error.",
    ),
]
Uncertain = Annotated[
    bool,
    typer.Option(
        "--uncertain", help="Average over the numbers that the scenario calls uncertain: power is assurance."
    ),
]
Variants = Annotated[
    int | None,
    typer.Option(
        "--variants",
        metavar="N",
        parser=whole(10, MAX_VARIANTS),
        help="How many values are drawn of every uncertain number, 10 to 100,000; by run and size with "
        "--uncertain.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        parser=whole(0, MAX_SEED),
        help="The same seed gives the same virtual patients; from 0 to 2^64 - 1.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        metavar="N",
        parser=whole(1, MAX_THREADS),
        help="Threads; all cores if not given. Never alters a result.",
    ),
]


def _memory(text: str | None) -> str | None:
    from planner.engine import memory

    try:
        memory.choose(None if text is None else memory.parse(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return text


Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        callback=_memory,
        help="Most memory to take, such as 4G; half of what is free if not given. Never alters a result.",
    ),
]
Hypothesis = Annotated[
    list[str] | None,
    typer.Option(
        "--hypothesis",
        metavar="NAME",
        autocompletion=offers.hypotheses,
        help="Only these hypotheses, by name or label. May be repeated, or joined by commas; trial takes "
        "one.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
_AS_FORMAT = "How to write the result. From the ending of -o, else table."
AsFormat = Annotated[
    Format | None,
    typer.Option(
        "--format",
        metavar="|".join(Format),
        parser=one_of(Format),
        autocompletion=offers.one_of(*Format),
        help=_AS_FORMAT,
    ),
]
_PAGES = [each for each in Format if each is not Format.csv]
AsPage = Annotated[
    Format | None,
    typer.Option(
        "--format",
        metavar="|".join(_PAGES),
        parser=one_of(Format, _PAGES),
        autocompletion=offers.one_of(*_PAGES),
        help=_AS_FORMAT,
    ),
]
"""Of what is no table."""
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write the result to a file, not to the terminal."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")]
Quiet = Annotated[
    bool, typer.Option("-q", "--quiet", help="No progress and no notes; warnings and errors remain.")
]
Verbose = Annotated[
    bool,
    typer.Option("-v", "--verbose", help="Say more: the speed of a run, the traceback of an internal error."),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Show what would be simulated, with time and memory estimated from a short sample."
    ),
]
