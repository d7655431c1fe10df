"""`planner boundaries`: stopping boundaries without simulation."""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli import offers, options
from planner.cli.exit import NO_ANSWER, OK, USAGE, Problem
from planner.cli.meant import one_of
from planner.cli.numbers import number, numbers, whole
from planner.cli.patients import size_in
from planner.cli.rule_options import argument_of, parameters_given, with_rule_options
from planner.results.contract import Json
from planner.scenario.stopping_rules import BETA, FUTILITY_RULES, UNDER

if TYPE_CHECKING:
    from planner.monitoring.boundaries import Boundary
    from planner.report.blocks import Block

DEFAULT_RULE = "obrien-fleming-spending"
DEFAULT_POWER = 0.8
MOST_LOOKS = 100


class PlotScale(StrEnum):
    """What is plotted."""

    z = "z"
    p = "p"
    spending = "spending"
    none = "none"


Looks = Annotated[
    str,
    typer.Option(
        "--looks",
        metavar="LIST",
        help="Information fractions (0.4,1), patients at each look (12,30), or how many equal looks (3).",
    ),
]
Rules = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        metavar="NAME",
        autocompletion=offers.rules("efficacy"),
        help=f"Efficacy rule, {DEFAULT_RULE} if not given. Repeat it to compare rules.",
    ),
]
Alpha = Annotated[
    float,
    typer.Option("--alpha", metavar="NUMBER", parser=number(), help="Type I error, of both sides together."),
]
Sided = Annotated[
    int,
    typer.Option(
        "--sided",
        metavar="1|2",
        parser=whole(1, 2),
        autocompletion=offers.one_of("1", "2"),
        help="1 or 2 sides.",
    ),
]
Power = Annotated[
    float | None,
    typer.Option(
        "--power",
        metavar="NUMBER",
        parser=number(),
        help=f"Power that the drift is solved for, {DEFAULT_POWER} if not given.",
    ),
]
Beta = Annotated[
    float | None,
    typer.Option(
        "--beta",
        metavar="NUMBER",
        parser=number(0, 1),
        help="Type II error: 1 - power, and what a beta-spending rule spends.",
    ),
]
Drift = Annotated[
    float | None,
    typer.Option(
        "--drift",
        metavar="NUMBER",
        parser=number(),
        help="Evaluate under this effect over its standard error, instead of --power.",
    ),
]
EfficacyLooks = Annotated[
    str | None,
    typer.Option(
        "--efficacy-looks",
        metavar="LIST",
        help="Only these looks may stop for efficacy; the last always tests.",
    ),
]
Futility = Annotated[
    str,
    typer.Option(
        "--futility", metavar="NAME", autocompletion=offers.rules("futility"), help="Futility rule."
    ),
]
Binding = Annotated[
    bool, typer.Option("--binding", help="Futility must be obeyed, which lowers the efficacy limits.")
]
Plot = Annotated[
    PlotScale,
    typer.Option(
        "--plot",
        metavar="z|p|spending|none",
        parser=one_of(PlotScale),
        autocompletion=offers.one_of(*PlotScale),
        help="Scale of the plot.",
    ),
]


@with_rule_options
def boundaries(
    looks: Looks = "0.5,1",
    patients: options.Patients = None,
    rule: Rules = None,
    alpha: Alpha = 0.025,
    sided: Sided = 1,
    power: Power = None,
    beta: Beta = None,
    drift: Drift = None,
    efficacy_looks: EfficacyLooks = None,
    futility: Futility = "none",
    binding: Binding = False,
    scale: Plot = PlotScale.z,
    output_format: options.AsFormat = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    **stated: Any,
) -> int:
    """Stopping boundaries without simulation: limits, error spent, power, expected size.

    Exact for a normal statistic (known variance). With patients at each look it also gives the type I error
    of the t test of an AB/BA trial held to the same nominal levels: it rejects a little too often. Futility
    is non-binding unless --binding.

    Efficacy rules: {efficacy rules}.

    Futility rules: {futility rules}.

    \b
    Examples:
      planner boundaries --looks 12,30
      planner boundaries --looks 0.4,1 --patients 30
      planner boundaries --looks 3 --rule obrien-fleming --rule pocock --sided 2 --alpha 0.05
      planner boundaries --looks 0.4,1 --rule hwang-shih-decani --gamma -4 --power 0.9
      planner boundaries --looks 3 --futility kim-demets --futility-rho 2 --beta 0.1
      planner boundaries --looks 3 --efficacy-looks 3 --futility z --futility-z 0,0.5 --json
    """
    from planner.cli.output import target_of
    from planner.questions.boundaries import Boundaries

    target = target_of(output_format, json, output, force, quiet)
    names = list(dict.fromkeys(name for part in rule or [DEFAULT_RULE] for name in part.split(",")))
    parameters = parameters_given("efficacy", names, stated)
    spends = futility in FUTILITY_RULES and BETA in FUTILITY_RULES[futility].parameters
    power, beta = _power_and_beta(power, beta, drift, spends=spends)
    stated["beta"] = beta if spends else None
    if stated.get(argument_of("futility", UNDER)) == "planned" and drift is None:
        raise Problem("the planned effect is not given", hint="add --drift, or use --futility-under estimate")
    fractions, at = _fractions(looks, size_in(patients, "planner boundaries"))
    common = {
        "alpha": alpha,
        "sided": sided,
        "efficacy_looks": _whole(efficacy_looks, "--efficacy-looks"),
        "futility": futility,
        "futility_parameters": parameters_given("futility", [futility], stated)[futility],
        "binding": binding,
        "power": power,
        "drift": drift,
    }
    solved = [_solve(fractions, name, parameters[name], common) for name in names]
    _warn(solved)
    result = Boundaries(tuple(solved), None if at is None else tuple(at))

    def blocks() -> list[Block]:
        from planner.report.pages.boundaries import boundaries_page, sections_of

        plot = None if scale is PlotScale.none else scale.value
        return boundaries_page(sections_of(result), patients=result.patients, scale=plot)

    target.write(result.to_json(), blocks, lambda: _csv(solved))
    return OK


def _power_and_beta(
    power: float | None, beta: float | None, drift: float | None, *, spends: bool
) -> tuple[float | None, float | None]:
    """Power to solve the drift for, None where the drift is given, and beta for a rule that spends it."""
    if power is not None and beta is not None and abs(power + beta - 1) > 1e-9:
        raise Problem("--power and --beta contradict each other", hint="beta is 1 - power: give one")
    if power is not None and drift is not None:
        raise Problem("--power and --drift are both given", hint="each follows from the other: give one")
    if beta is not None and drift is not None and not spends:
        raise Problem("--beta and --drift are both given", hint="each follows from the other: give one")
    if power is None:
        power = DEFAULT_POWER if beta is None else 1 - beta
    return (None if drift is not None else power), (1 - power if beta is None else beta)


def _whole(text: str | None, option: str) -> list[int] | None:
    """Looks by number."""
    if text is None:
        return None
    values = numbers(text, option)
    if not all(number.is_integer() for number in values):
        raise Problem(f"{option} is {text!r}, but looks are whole numbers", hint=f"for instance {option} 2,3")
    return [int(number) for number in values]


def _fractions(text: str, size: int | None = None) -> tuple[list[float], list[int] | None]:
    """Information fractions, and the patients at each look where the looks or the `size` are given so."""
    fractions, patients = _fractions_stated(text)
    if size is None or (patients is not None and patients[-1] == size):
        return fractions, patients
    if patients is not None:
        raise Problem(f"--looks {text} ends with {patients[-1]} patients, and --patients is {size}")
    if fractions[-1] != 1.0 or any(later <= earlier for earlier, later in pairwise(fractions)):
        return fractions, None  # to be refused as they are
    from fractions import Fraction

    from planner.scenario.look_counts import scaled

    counts = scaled([Fraction(repr(each)) for each in fractions], 2 - size % 2, size)
    if len(counts) < len(fractions) or any(later <= earlier for earlier, later in pairwise(counts)):
        raise Problem(
            f"--patients {size} is too few for --looks {text}", hint="fewer looks, or more patients"
        )
    return [count / size for count in counts], list(counts)


def _fractions_stated(text: str) -> tuple[list[float], list[int] | None]:
    """Information fractions, and the patients at each look where the looks were given so."""
    given = numbers(text, "--looks")
    whole = all(number.is_integer() and number >= 1 for number in given)
    if max(len(given), given[0] if whole and len(given) == 1 else 0) > MOST_LOOKS:
        raise Problem(f"--looks {text[:20]} is too many looks", hint=f"at most {MOST_LOOKS} are solved")
    if not whole or given == [1.0]:
        return given, None
    if len(given) == 1:
        return [(look + 1) / given[0] for look in range(int(given[0]))], None
    if any(later <= earlier for earlier, later in pairwise(given)):
        raise Problem(f"--looks is {text}, but each look must have more patients than the one before")
    return [number / given[-1] for number in given], [int(number) for number in given]


_NAMES = re.compile(r"^(alpha|power|drift|looks)(?= (is|are) )")
"""What an error begins with where it is of the value of an option of that name."""


def _solve(fractions: list[float], name: str, parameters: Json, common: Json) -> Boundary:
    from planner.monitoring.boundaries import boundary
    from planner.monitoring.errors import BoundaryError, UnreachableError

    try:
        return boundary(fractions, efficacy=name, efficacy_parameters=parameters, **common)
    except BoundaryError as error:
        code = NO_ANSWER if isinstance(error, UnreachableError) else USAGE
        message = _NAMES.sub(r"--\1", error.message)
        raise Problem(message, error.hint or "planner boundaries --help", code=code) from error


def _warn(solved: list[Boundary]) -> None:
    from planner.cli.terminal import warn
    from planner.questions.boundaries import warnings_of

    for one in solved:
        for warning in warnings_of(one):
            warn(warning)


def _csv(solved: list[Boundary]) -> str:
    from planner.cli.output import as_csv

    rows = [{"rule": one.efficacy, **look} for one in solved for look in one.to_json()["looks"]]
    header = list(rows[0])
    return as_csv(header, [["" if row[key] is None else row[key] for key in header] for row in rows])
