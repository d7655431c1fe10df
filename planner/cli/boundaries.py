"""`planner boundaries`: stopping boundaries without simulation."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli import options
from planner.cli.exit import NO_ANSWER, OK, USAGE, Problem

if TYPE_CHECKING:
    from planner.monitoring.boundaries import Boundary
    from planner.report.blocks import Block
    from planner.scenario.vocabulary import NamedRule

DEFAULT_RULE = "obrien-fleming-spending"
DEFAULT_POWER = 0.8
MOST_LOOKS = 100
_LISTS = ("z", "spent")


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
        help=f"Efficacy rule, {DEFAULT_RULE} if not given. Repeat it to compare rules.",
    ),
]
Alpha = Annotated[float, typer.Option("--alpha", help="Type I error, of both sides together.")]
Sided = Annotated[int, typer.Option("--sided", min=1, max=2, help="1 or 2 sides.")]
Power = Annotated[
    float | None,
    typer.Option("--power", help=f"Power that the drift is solved for, {DEFAULT_POWER} if not given."),
]
Beta = Annotated[
    float | None,
    typer.Option("--beta", help="Type II error: 1 - power, and what a beta-spending rule spends."),
]
Drift = Annotated[
    float | None,
    typer.Option("--drift", help="Evaluate under this effect over its standard error, instead of --power."),
]
Number = float | None
Delta = Annotated[Number, typer.Option("--delta", help="Shape of wang-tsiatis.")]
Gamma = Annotated[Number, typer.Option("--gamma", help="Shape of hwang-shih-decani.")]
Rho = Annotated[Number, typer.Option("--rho", help="Shape of kim-demets.")]
Z = Annotated[
    str | None,
    typer.Option("--z", metavar="LIST", help="Limits of rule z, one per look; of haybittle-peto, one (3)."),
]
Spent = Annotated[
    str | None,
    typer.Option("--spent", metavar="LIST", help="Cumulative alpha of user-spending, one per look."),
]
EfficacyLooks = Annotated[
    str | None,
    typer.Option(
        "--efficacy-looks",
        metavar="LIST",
        help="Only these looks may stop for efficacy; the last always tests.",
    ),
]
Futility = Annotated[str, typer.Option("--futility", metavar="NAME", help="Futility rule.")]
FutilityGamma = Annotated[Number, typer.Option("--futility-gamma", help="Shape of hwang-shih-decani.")]
FutilityRho = Annotated[Number, typer.Option("--futility-rho", help="Shape of kim-demets.")]
FutilityZ = Annotated[
    str | None,
    typer.Option("--futility-z", metavar="LIST", help="Limits of rule z, one per look before the last."),
]
FutilitySpent = Annotated[
    str | None,
    typer.Option("--futility-spent", metavar="LIST", help="Cumulative beta of user-spending, one per look."),
]
FutilityAtMost = Annotated[
    Number, typer.Option("--futility-at-most", help="Conditional power at which conditional-power stops.")
]
FutilityUnder = Annotated[
    str | None,
    typer.Option(
        "--futility-under",
        metavar="estimate|null|planned",
        help="Effect that conditional power assumes; planned is that of --drift.",
    ),
]
FutilityOverlap = Annotated[
    str | None,
    typer.Option(
        "--futility-overlap",
        metavar="skip|spend",
        help="Two-sided beta spending where the two one-sided tests do not overlap: no stop, and later looks "
        "share the beta (skip, as in SAS and rpact), or the limit that spends it (spend).",
    ),
]
Binding = Annotated[
    bool, typer.Option("--binding", help="Futility must be obeyed, which lowers the efficacy limits.")
]
Plot = Annotated[PlotScale, typer.Option("--plot", metavar="z|p|spending|none", help="Scale of the plot.")]


def boundaries(
    looks: Looks = "0.5,1",
    rule: Rules = None,
    alpha: Alpha = 0.025,
    sided: Sided = 1,
    power: Power = None,
    beta: Beta = None,
    drift: Drift = None,
    delta: Delta = None,
    gamma: Gamma = None,
    rho: Rho = None,
    z: Z = None,
    spent: Spent = None,
    efficacy_looks: EfficacyLooks = None,
    futility: Futility = "none",
    futility_gamma: FutilityGamma = None,
    futility_rho: FutilityRho = None,
    futility_z: FutilityZ = None,
    futility_spent: FutilitySpent = None,
    futility_at_most: FutilityAtMost = None,
    futility_under: FutilityUnder = None,
    futility_overlap: FutilityOverlap = None,
    binding: Binding = False,
    scale: Plot = PlotScale.z,
    output_format: options.AsFormat = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Stopping boundaries without simulation: limits, error spent, power, expected size.

    Exact for a normal statistic (known variance). With patients at each look it also gives the type I error
    of the t test of an AB/BA trial held to the same nominal levels: it rejects a little too often. Futility
    is non-binding unless --binding.

    Efficacy rules: none, obrien-fleming, pocock, wang-tsiatis (--delta), haybittle-peto,
    obrien-fleming-spending, pocock-spending, hwang-shih-decani (--gamma), kim-demets (--rho),
    user-spending (--spent), z (--z).

    Futility rules: none, z, conditional-power, user-spending, and beta spending by obrien-fleming-spending,
    pocock-spending, hwang-shih-decani, kim-demets.

    \b
    Examples:
      planner boundaries --looks 12,30
      planner boundaries --looks 3 --rule obrien-fleming --rule pocock --sided 2 --alpha 0.05
      planner boundaries --looks 0.4,1 --rule hwang-shih-decani --gamma -4 --power 0.9
      planner boundaries --looks 3 --futility kim-demets --futility-rho 2 --beta 0.1
      planner boundaries --looks 3 --efficacy-looks 3 --futility z --futility-z 0,0.5 --json
    """
    from planner.cli.output import target_of
    from planner.questions.boundaries import document
    from planner.scenario.vocabulary import EFFICACY_RULES, FUTILITY_RULES

    target = target_of(output_format, json, output, force, quiet)
    names = list(dict.fromkeys(name for part in rule or [DEFAULT_RULE] for name in part.split(",")))
    stated = {"delta": delta, "gamma": gamma, "rho": rho, "z": z, "spent": spent}
    parameters = _parameters(names, EFFICACY_RULES, stated, "")
    power, beta = _power_and_beta(power, beta, drift, spends="beta" in _needs(futility, FUTILITY_RULES))
    stopping = {
        "gamma": futility_gamma,
        "rho": futility_rho,
        "z": futility_z,
        "spent": futility_spent,
        "at_most": futility_at_most,
        "under": futility_under,
        "overlap": futility_overlap,
        "beta": beta if "beta" in _needs(futility, FUTILITY_RULES) else None,
    }
    if futility_under == "planned" and drift is None:
        raise Problem("the planned effect is not given", hint="add --drift, or use --futility-under estimate")
    fractions, patients = _fractions(looks)
    common = {
        "alpha": alpha,
        "sided": sided,
        "efficacy_looks": _whole(efficacy_looks, "--efficacy-looks"),
        "futility": futility,
        "futility_parameters": _parameters([futility], FUTILITY_RULES, stopping, "futility-")[futility],
        "binding": binding,
        "power": power,
        "drift": drift,
    }
    solved = [_solve(fractions, name, parameters[name], common) for name in names]
    _warn(solved)

    def blocks() -> list[Block]:
        from planner.report.pages.boundaries import boundaries_page

        plot = None if scale is PlotScale.none else scale.value
        return boundaries_page(
            _sections(solved, patients), patients=patients, scale=plot, ascii_only=target.ascii_only
        )

    target.write(document(solved, patients), blocks, lambda: _csv(solved))
    return OK


def _needs(name: str, rules: dict[str, NamedRule]) -> tuple[str, ...]:
    return rules[name].parameters if name in rules else ()


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


def _parameters(
    names: list[str], rules: dict[str, NamedRule], stated: dict[str, Any], prefix: str
) -> dict[str, dict[str, Any]]:
    """The parameters of each rule; a Problem where one is missing or of no use to any of the rules."""
    from planner.monitoring.rules import OPTIONAL

    kind = "futility" if prefix else "efficacy"
    values = {key: value for key, value in stated.items() if value is not None}
    accepted: dict[str, dict[str, Any]] = {}
    for name in names:
        if name not in rules:
            raise Problem(f"no {kind} rule is called {name!r}", hint=f"choose one of {', '.join(rules)}")
        for needed in rules[name].parameters:
            if needed not in values:
                option = f"--{prefix}{needed.replace('_', '-')}"
                raise Problem(f"{kind} rule {name} needs {option}", hint=f"{rules[name].title}; add {option}")
        usable = (*rules[name].parameters, *OPTIONAL[kind].get(name, ()))
        accepted[name] = {
            key: _list_value(name, key, value, prefix) for key, value in values.items() if key in usable
        }
    for key in values:
        if not any(key in taken for taken in accepted.values()):
            option = f"--{prefix}{key.replace('_', '-')}"
            raise Problem(f"{kind} rule {' or '.join(names)} takes no {option}", hint="leave it out")
    return accepted


def _list_value(rule: str, key: str, value: Any, prefix: str) -> Any:
    """A list option as numbers; the one z of haybittle-peto as a number."""
    if key not in _LISTS:
        return value
    numbers = _numbers(value, f"--{prefix}{key}")
    if rule == "haybittle-peto" and len(numbers) == 1:
        return numbers[0]
    return numbers


def _numbers(text: str, option: str) -> list[float]:
    from planner.scenario.reading.numbers import numbers_in

    try:
        return numbers_in([text])
    except ValueError:
        raise Problem(
            f"{option} is {text!r}, but must be numbers joined by commas", hint=f"for instance {option} 0.5,1"
        ) from None


def _whole(text: str | None, option: str) -> list[int] | None:
    """Looks by number."""
    if text is None:
        return None
    numbers = _numbers(text, option)
    if not all(number.is_integer() for number in numbers):
        raise Problem(f"{option} is {text!r}, but looks are whole numbers", hint=f"for instance {option} 2,3")
    return [int(number) for number in numbers]


def _fractions(text: str) -> tuple[list[float], list[int] | None]:
    """Information fractions, and the patients at each look where the looks were given so."""
    numbers = _numbers(text, "--looks")
    whole = all(number.is_integer() and number >= 1 for number in numbers)
    if max(len(numbers), numbers[0] if whole and len(numbers) == 1 else 0) > MOST_LOOKS:
        raise Problem(f"--looks {text[:20]} is too many looks", hint=f"at most {MOST_LOOKS} are solved")
    if not whole or numbers == [1.0]:
        return numbers, None
    if len(numbers) == 1:
        return [(look + 1) / numbers[0] for look in range(int(numbers[0]))], None
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise Problem(f"--looks is {text}, but each look must have more patients than the one before")
    return [number / numbers[-1] for number in numbers], [int(number) for number in numbers]


def _solve(fractions: list[float], name: str, parameters: dict[str, Any], common: dict[str, Any]) -> Boundary:
    from planner.monitoring.boundaries import boundary
    from planner.monitoring.spending import BoundaryError, UnreachableError

    try:
        return boundary(fractions, efficacy=name, efficacy_parameters=parameters, **common)
    except BoundaryError as error:
        code = NO_ANSWER if isinstance(error, UnreachableError) else USAGE
        raise Problem(error.message, error.hint or "planner boundaries --help", code=code) from error


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


def _sections(solved: list[Boundary], patients: Sequence[int] | None) -> list[Any]:
    from planner.questions.boundaries import figures
    from planner.report.pages.boundaries import NamedBoundary
    from planner.scenario.vocabulary import EFFICACY_RULES, FUTILITY_RULES

    sections = []
    for index, one in enumerate(solved):
        futility = FUTILITY_RULES[one.futility].title
        if one.futility != "none":
            futility += ", binding" if one.binding else ", non-binding"
        title = EFFICACY_RULES[one.efficacy].title
        letter = chr(ord("A") + index)
        sections.append(NamedBoundary(letter, f"{one.efficacy} ({title})", futility, figures(one, patients)))
    return sections
