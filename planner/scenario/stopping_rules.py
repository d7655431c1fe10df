"""The stopping rules that a scenario may name, and the numbers that each takes. Imports nothing.

A rule is one row here and one function in `planner.monitoring`, found by the rule's name; the settings of a
scenario, the options of `planner boundaries`, their help and errors, and `planner methods` follow from the
row. See docs/contributing/rule.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal["number", "list", "choice"]


class Parameter(NamedTuple):
    """A number, list of numbers or choice that a rule takes. Rules that share a name share the setting."""

    name: str
    help: str  # what it is, of a list also what each number stands for
    kind: Kind = "number"
    values: str = ""  # what its values mean
    example: str = ""
    range: tuple[float, float] | None = None  # what can be solved; None: the rule's function sees to that
    schema: Mapping[str, float] | None = None  # what a scenario may state, if not `range`; of a list each
    last: bool = True  # of a list: whether the last look has a number, too
    cumulative: bool = False  # of a list: whether it can never fall
    choices: Mapping[str, str] | None = None  # each with what a page says of it, empty where nothing
    default: float | str | None = None  # of what may be left out
    since: str = ""  # the version that brought it, if later than 0.1.0: see `planner.scenario.fields.about`
    in_scenario: bool = True  # False: an option of `planner boundaries`, and no setting of a scenario

    @property
    def required(self) -> bool:
        """Whether a rule cannot do without it."""
        return self.default is None

    @property
    def per(self) -> str:
        """What each number of a list stands for."""
        return "look" if self.last else "look before the last"

    def count(self, looks: int) -> int:
        """How many numbers a list has."""
        return looks if self.last else looks - 1


class StoppingRule(NamedTuple):
    """A stopping rule: its function in `planner.monitoring` has its name, with _ for -."""

    title: str
    parameters: tuple[Parameter, ...] = ()
    citation: str = ""
    spends: bool = False  # whether it is a spending function, of `planner.monitoring.spending`
    alpha: Literal["all", "at most", "any"] = "all"  # what efficacy limits spend of the alpha asked for
    explained_in: str = ""  # module of planner.monitoring whose docstring says more

    @property
    def required(self) -> tuple[Parameter, ...]:
        """What it cannot do without."""
        return tuple(each for each in self.parameters if each.required)


class SpendingFunction(NamedTuple):
    """A row that is two rules: it spends alpha for efficacy, and beta for futility."""

    title: str
    source: str
    citation: str
    parameters: tuple[Parameter, ...] = ()


_Z = {"ge": -100, "le": 100}
_PROBABILITY = {"ge": 0, "le": 1}
_INSIDE = {"gt": 0, "lt": 1}
SKIP, SPEND = "skip", "spend"

_DELTA = Parameter(
    "delta",
    "Shape of the Wang-Tsiatis limits",
    values="0 gives O'Brien-Fleming limits, 0.5 Pocock limits",
    example="0.25",
    range=(-0.5, 1),
    schema={"ge": -10, "le": 0.5},
)
# Outside the ranges of gamma and rho all the error is spent at the first look, or at the last, to within
# rounding.
_GAMMA = Parameter(
    "gamma",
    "Shape of Hwang-Shih-DeCani spending",
    values="-4 is close to O'Brien-Fleming, 1 to Pocock; larger values spend earlier",
    example="-4",
    range=(-40, 40),
)
_RHO = Parameter(
    "rho",
    "Power of Kim-DeMets spending",
    values="3 is close to O'Brien-Fleming, 1 to Pocock; larger values spend later",
    example="2",
    range=(0.1, 40),
    schema={"gt": 0, "le": 50},
)
_Z_LIMITS = Parameter("z", "Limit on the z scale, one per look", "list", example="2.8,2", schema=_Z)
_Z_FUTILITY = Parameter(
    "z", "Limit on the z scale, one per look before the last", "list", example="0", schema=_Z, last=False
)
_Z_EARLY = Parameter(
    "z", "Limit on the z scale before the last look, 3 if not given", default=3.0, in_scenario=False
)
_ALPHA_SPENT = Parameter(
    "spent",
    "Cumulative alpha spent, one per look",
    "list",
    example="0.01,0.025",
    schema=_PROBABILITY,
    cumulative=True,
)
_BETA_SPENT = _ALPHA_SPENT._replace(help="Cumulative beta spent, one per look", example="0.05,0.2")
BETA = Parameter("beta", "Total beta to spend", example="0.2", schema=_INSIDE)
"""The type II error: 1 - power where a power is given and no beta."""
_OVERLAP = Parameter(
    "overlap",
    "Two-sided beta spending where the two one-sided tests do not overlap: no stop there, and later looks "
    "share the beta (skip, if not given), or the limit that spends it (spend)",
    "choice",
    choices={SKIP: "", SPEND: ""},
    default=SKIP,
    since="0.2.0",
)
_AT_MOST = Parameter("at_most", "Conditional power at which to stop", example="0.2", schema=_INSIDE)
UNDER = Parameter(
    "under",
    "The effect under which conditional power is computed; estimate if not given",
    "choice",
    values="planned is the drift that is given",
    choices={
        "estimate": "if the true effect is what the look itself estimates",
        "planned": "if the true effect is the planned one",
        "null": "if there is no true effect",
    },
    default="estimate",
)

_LAN_DEMETS = "Lan KKG, DeMets DL. Biometrika 1983;70:659-663"
_PAMPALLONA = "Pampallona S, Tsiatis AA, Kim K. Drug Inf J 2001;35:1113-1121"

SPENDING_FUNCTIONS: dict[str, SpendingFunction] = {
    "obrien-fleming-spending": SpendingFunction("O'Brien-Fleming-type", "Lan and DeMets 1983", _LAN_DEMETS),
    "pocock-spending": SpendingFunction("Pocock-type", "Lan and DeMets 1983", _LAN_DEMETS),
    "hwang-shih-decani": SpendingFunction(
        "gamma-family",
        "Hwang, Shih and DeCani 1990",
        "Hwang IK, Shih WJ, De Cani JS. Stat Med 1990;9:1439-1445",
        (_GAMMA,),
    ),
    "kim-demets": SpendingFunction(
        "power-family", "Kim and DeMets 1987", "Kim K, DeMets DL. Biometrika 1987;74:149-154", (_RHO,)
    ),
}

EFFICACY_RULES: dict[str, StoppingRule] = {
    "none": StoppingRule("No early stop for efficacy"),
    "obrien-fleming": StoppingRule(
        "O'Brien and Fleming 1979: limits proportional to 1/sqrt(information)",
        citation="O'Brien PC, Fleming TR. Biometrics 1979;35:549-556. doi:10.2307/2530245",
    ),
    "pocock": StoppingRule(
        "Pocock 1977: the same limit at every look",
        citation="Pocock SJ. Biometrika 1977;64:191-199. doi:10.1093/biomet/64.2.191",
    ),
    "wang-tsiatis": StoppingRule(
        "Wang and Tsiatis 1987: limits proportional to information^(delta - 1/2)",
        (_DELTA,),
        "Wang SK, Tsiatis AA. Biometrics 1987;43:193-199. doi:10.2307/2531959",
    ),
    "haybittle-peto": StoppingRule(
        "Haybittle 1971, Peto 1976: a fixed high limit (z = 3) before the last look",
        (_Z_EARLY,),
        "Haybittle JL. Br J Radiol 1971;44:793-797; Peto R et al. Br J Cancer 1976;34:585-612",
    ),
    **{
        name: StoppingRule(
            f"{row.source}: {row.title} alpha spending", row.parameters, row.citation, spends=True
        )
        for name, row in SPENDING_FUNCTIONS.items()
    },
    "user-spending": StoppingRule(
        "Cumulative alpha stated by the user, one number per look",
        (_ALPHA_SPENT,),
        _LAN_DEMETS,
        alpha="at most",
    ),
    "z": StoppingRule(
        "Limits on the z scale stated by the user, one number per look", (_Z_LIMITS,), alpha="any"
    ),
}

FUTILITY_RULES: dict[str, StoppingRule] = {
    "none": StoppingRule("No stop for futility"),
    "conditional-power": StoppingRule(
        "Stop when conditional power is low",
        (_AT_MOST, UNDER),
        "Lachin JM. Stat Med 2005;24:2747-2764. doi:10.1002/sim.2151",
        explained_in="conditional_power",
    ),
    "z": StoppingRule(
        "Limits on the z scale stated by the user, one number per look before the last", (_Z_FUTILITY,)
    ),
    **{
        name: StoppingRule(
            f"{row.title[0].upper()}{row.title[1:]} beta spending",
            (BETA, *row.parameters, _OVERLAP),
            _PAMPALLONA,
            spends=True,
        )
        for name, row in SPENDING_FUNCTIONS.items()
    },
    "user-spending": StoppingRule(
        "Cumulative beta stated by the user, one number per look", (_BETA_SPENT, _OVERLAP), _PAMPALLONA
    ),
}

RULES: dict[str, dict[str, StoppingRule]] = {"efficacy": EFFICACY_RULES, "futility": FUTILITY_RULES}


def parameters_of(rules: Mapping[str, StoppingRule]) -> list[Parameter]:
    """What the rules of a table take, each name once: first what a rule needs, then what may be left out."""
    every = [each for rule in rules.values() for each in rule.parameters]
    first: dict[str, Parameter] = {}
    for parameter in sorted(every, key=lambda each: not each.required):
        first.setdefault(parameter.name, parameter)
    return list(first.values())
