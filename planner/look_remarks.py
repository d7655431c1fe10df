"""What must be said of looks before anything is simulated: which cannot stop, what it costs, what would help.

The sentences are warnings of `check`, `show`, `run` and `size`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from planner import reachable
from planner.boundaries import BoundaryError
from planner.faults import listed
from planner.monitoring import Looks, looks
from planner.reachable import Idle, small
from planner.scenario import Analysis, Efficacy, Futility, Scenario
from planner.sequential import power_at, root
from planner.vocabulary import METHODS

_TOLD = 0.05  # share of trials that dropout leaves without a test at a look, from which it is told
_POWER = 0.8  # at which the power of two sets of looks is compared
_WORTH = 0.002  # differences of power from which they are told
_QUICK = 60  # looks before the last, over all analyses and numbers of patients, computed in a second or two
_SEVERAL = 6  # numbers of patients that are listed


@dataclass(frozen=True, slots=True)
class Held:
    """An analysis at one number of patients: what its limits can do."""

    analysis: str
    patients: int
    alpha: float
    type_one_error: float | None  # None where the law of the test is not known
    early_efficacy: bool  # whether a look before the last can stop for efficacy
    idle: tuple[Idle, ...]

    def to_json(self) -> dict[str, Any]:
        """One element of `limits` in the JSON of a run."""
        return {
            "analysis": self.analysis,
            "patients": self.patients,
            "alpha": self.alpha,
            "type_one_error": self.type_one_error,
            "early_efficacy": self.early_efficacy,
            "cannot_stop": [
                {"look": each.look, "patients": each.patients, "reason": each.why} for each in self.idle
            ],
        }


def held(scenario: Scenario, analysis: Analysis, plan: Looks, *, error_too: bool = True) -> Held:
    """What the limits of an analysis can do; without `error_too` no type I error, which takes longest."""
    idle = tuple(reachable.idle(scenario, analysis, plan))
    error = reachable.type_one_error(scenario, analysis, plan) if error_too else None
    out = {each.look for each in idle}
    early = any(z < math.inf and k not in out for k, z in enumerate(plan.boundary.efficacy_z[:-1], start=1))
    return Held(analysis.name, plan.patients, analysis.alpha, error, early, idle)


def held_at(scenario: Scenario, plans: Sequence[tuple[Analysis, Sequence[Looks]]]) -> list[Held]:
    """The same at several numbers of patients; of very many, type I errors at the first and the last only."""
    many = sum(len(plan.counts) - 1 for _, each in plans for plan in each) > _QUICK
    return [
        held(scenario, analysis, plan, error_too=not many or d in (0, len(each) - 1))
        for analysis, each in plans
        for d, plan in enumerate(each)
    ]


def remarks(scenario: Scenario, patients: int | None = None) -> list[str]:
    """Everything that must be said of the looks of a scenario, at its own or another number of patients."""
    number = scenario.design.patients if patients is None else patients
    return at_one(scenario, [(a, looks(scenario, a, number)) for a in scenario.analyses])


def at_one(scenario: Scenario, plans: Sequence[tuple[Analysis, Looks]]) -> list[str]:
    """The same, of looks that are solved."""
    said: list[str] = []
    for analysis, plan in plans:
        said += _told(
            analysis, scenario, [*_idle(scenario, analysis, plan), *_left(scenario, analysis, plan)]
        )
        said += _told(analysis, scenario, _beta(plan))
    return list(dict.fromkeys(said))


def at_several(scenario: Scenario, plans: Sequence[tuple[Analysis, Sequence[Looks]]]) -> list[str]:
    """The same at several numbers of patients, in a line for each look that cannot stop at some of them."""
    said: list[str] = []
    for analysis, each in plans:
        found: dict[int, list[int]] = {}
        for plan in each:
            for idle in reachable.idle(scenario, analysis, plan):
                found.setdefault(idle.look if idle.patients < plan.patients else 0, []).append(plan.patients)
        lines = []
        for look, numbers in sorted(found.items()):
            numbers = sorted(set(numbers))
            shown = [f"{n:,}" for n in numbers[:_SEVERAL]]
            rest = [f"{len(numbers) - _SEVERAL:,} more numbers"] if len(numbers) > _SEVERAL else []
            which = f"look {look}" if look else "the last look"
            lines.append(
                f"{which} cannot stop for efficacy in trials of {listed([*shown, *rest], 'and')} patients, "
                "which have too few at that look; `planner check` with one of these numbers says what it "
                "costs and which looks would do"
            )
        said += _told(analysis, scenario, lines)
    return said


def at_answers(scenario: Scenario, numbers: Iterable[int]) -> tuple[list[dict[str, Any]], list[str]]:
    """`limits` of the JSON and warnings, at the numbers of patients that a search has found."""
    limits, said = [], []
    for n in sorted(numbers):
        plans = [(analysis, looks(scenario, analysis, n)) for analysis in scenario.analyses]
        limits += [held(scenario, analysis, plan).to_json() for analysis, plan in plans]
        said += [f"with {n:,} patients: {remark}" for remark in at_one(scenario, plans)]
    return limits, said


def _told(analysis: Analysis, scenario: Scenario, lines: Iterable[str]) -> list[str]:
    return [f"{analysis.name}: {line}" if len(scenario.analyses) > 1 else line for line in lines]


# Looks that cannot stop


def _idle(scenario: Scenario, analysis: Analysis, plan: Looks) -> list[str]:
    """Looks that cannot stop for efficacy, what that costs and what would do instead."""
    found = reachable.idle(scenario, analysis, plan)
    if not found:
        return []
    if len(found) == sum(z < math.inf for z in plan.boundary.efficacy_z):
        return [_none(scenario, analysis, plan, found[-1])]
    lines = []
    for each in found:
        what = "stop for efficacy" if each.computed else "stop the trial"
        lines.append(f"look {each.look}, at {each.patients:,} finished patients, cannot {what}: {each.why}")
    cost = f"{'; '.join(lines)}. {_cost(scenario, analysis, plan, found)}"
    options = (_without(scenario, analysis, plan), _later(scenario, analysis, plan))
    instead = {each.counts: each for each in options if each is not None}
    if not instead:
        return [f"{cost}. No looks near these would do: leave the early ones out, or plan more patients"]
    power = _power_lost(plan, found, next(iter(instead.values())))
    return [f"{cost}{power}. Looks that would do: {' or '.join(map(_written, instead))}"]


def _none(scenario: Scenario, analysis: Analysis, plan: Looks, last: Idle) -> str:
    """Nothing can ever be significant."""
    z, sided, unit = plan.boundary.efficacy_z[-1], plan.boundary.sided, scenario.design.unit
    fewest = reachable.first(
        lambda n: reachable.unable(scenario, analysis, n, z, sided) is None,
        plan.patients,
        64 * plan.patients,
        unit,
    )
    said = f"no trial of {last.patients:,} patients can be significant: {last.why}"
    return said if fewest is None else f"{said}; with {fewest:,} patients one can be"


def _cost(scenario: Scenario, analysis: Analysis, plan: Looks, found: Sequence[Idle]) -> str:
    """The alpha that is lost."""
    without = [each.look for each in found]
    share = sum(plan.boundary.p_efficacy_null[k - 1] for k in without)
    error = reachable.type_one_error(scenario, analysis, plan)
    most = "" if error is not None else "at most about "
    error = reachable.alpha_reached(plan, without) if error is None else error
    return (
        f"The alpha spent there, {small(share)} of {plan.boundary.alpha_spent[-1]:.4g}, is lost to the later "
        f"looks: the type I error of the trial is {most}{error:.4f}"
    )


def _power_lost(plan: Looks, found: Sequence[Idle], instead: Looks) -> str:
    """The power of the looks where others have a power of .8, for a normal statistic."""
    other, own = instead.boundary, plan.boundary
    without = {each.look for each in found}
    high = [math.inf if k in without else z for k, z in enumerate(own.efficacy_z, start=1)]
    at = power_at(other.fractions, other.sided, other.efficacy_z, other.futility_z)
    drift = root(lambda drift: at(drift) - _POWER, guess=3.0, most=20.0)
    if drift is None:
        return ""
    power = power_at(own.fractions, own.sided, high, own.futility_z)(drift)
    if abs(power - _POWER) < _WORTH:
        return ""
    return (
        f", and its power about {100 * power:.1f} % where looks "
        f"[{', '.join(str(m) for m in instead.counts)}] have {100 * _POWER:.0f} %"
    )


def _written(counts: Sequence[int]) -> str:
    shares = ", ".join(f"{m / counts[-1]:.3g}" for m in counts)
    return f"[{', '.join(str(m) for m in counts)}] (as fractions {shares})"


def _without(scenario: Scenario, analysis: Analysis, plan: Looks) -> Looks | None:
    """The looks without those that cannot stop; None if nothing would be left."""
    counts, part = plan.counts, scenario
    while True:
        solved = _solved(part, analysis, counts)
        if solved is None:
            return None
        out = {each.look for each in reachable.idle(part, analysis, solved)}
        if not out:
            return solved
        if len(counts) in out:
            return None
        part = _leaving_out(part, out)
        counts = tuple(m for k, m in enumerate(counts, start=1) if k not in out)


def _later(scenario: Scenario, analysis: Analysis, plan: Looks) -> Looks | None:
    """The looks, those that cannot stop moved to the next number of patients at which they can.

    A look that cannot stop anywhere before the next one is left out.
    """
    counts, part, unit, k = plan.counts, scenario, scenario.design.unit, 0
    while k < len(counts) - 1:
        can = partial(_can, part, analysis, counts, k)
        found = counts[k] if can(counts[k]) else reachable.first(can, counts[k], counts[k + 1] - 1, unit)
        if found is None:
            part, counts = _leaving_out(part, {k + 1}), (*counts[:k], *counts[k + 1 :])
        else:
            counts, k = (*counts[:k], found, *counts[k + 1 :]), k + 1
    solved = _solved(part, analysis, counts)
    return None if solved is None or reachable.idle(part, analysis, solved) else solved


def _can(scenario: Scenario, analysis: Analysis, counts: Sequence[int], k: int, count: int) -> bool:
    """Whether look k (from 0) can stop if it is at another number of patients."""
    solved = _solved(scenario, analysis, (*counts[:k], count, *counts[k + 1 :]))
    if solved is None:
        return False
    return all(each.look != k + 1 for each in reachable.idle(scenario, analysis, solved))


def _solved(scenario: Scenario, analysis: Analysis, counts: Sequence[int]) -> Looks | None:
    """The limits with other looks; None where there are none."""
    monitoring = scenario.monitoring.model_copy(update={"looks": tuple(float(m) for m in counts)})
    design = scenario.design.model_copy(update={"patients": counts[-1]})
    part = scenario.model_copy(update={"monitoring": monitoring, "design": design})
    try:
        return looks(part, analysis, counts[-1])
    except BoundaryError:
        return None


def _leaving_out(scenario: Scenario, out: set[int]) -> Scenario:
    """The scenario whose rules have no number for some looks."""

    def kept(rule: Efficacy | Futility | None) -> Any:
        lists = {} if rule is None else {name: getattr(rule, name) for name in ("z", "spent")}
        short = {
            name: tuple(x for k, x in enumerate(values, start=1) if k not in out)
            for name, values in lists.items()
            if values
        }
        return rule if rule is None else rule.model_copy(update=short)

    monitoring = scenario.monitoring
    update = {"efficacy": kept(monitoring.efficacy), "futility": kept(monitoring.futility)}
    return scenario.model_copy(update={"monitoring": monitoring.model_copy(update=update)})


# Looks that dropout may leave too few patients, and beta that is left to later looks


def _left(scenario: Scenario, analysis: Analysis, plan: Looks) -> list[str]:
    """Looks that can stop if nobody leaves, but often not with the planned dropout."""
    out = {each.look for each in reachable.idle(scenario, analysis, plan)}
    stays = reachable.stays(scenario, analysis)
    lines = []
    for k, (count, z) in enumerate(zip(plan.counts, plan.boundary.efficacy_z, strict=True), start=1):
        if k in out or z == math.inf or stays is None:
            continue
        share = reachable.thwarted(scenario, analysis, count, z, plan.boundary.sided)
        if share >= _TOLD:
            which = "the last look" if k == len(plan.counts) else f"look {k}"
            computed = METHODS[analysis.method].reference in ("t", "fractional-t")
            cannot = "computed" if computed else "significant"
            lines.append(
                f"{which}, at {count:,} finished patients of whom {count * stays:.3g} are expected to be "
                f"completers, has too few of them for {analysis.method} to be {cannot} in "
                f"{100 * share:.2g} % of trials"
            )
    return lines


def _beta(plan: Looks) -> list[str]:
    """Looks at which two-sided beta spending does not spend what its function says."""
    return [
        f'look {k + 1}: {left}; monitoring.futility.overlap = "spend" gives it a limit'
        for k in range(len(plan.counts))
        if (left := plan.boundary.left_to_later(k))
    ]
