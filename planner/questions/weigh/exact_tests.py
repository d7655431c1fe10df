"""The plain test of what was observed, beside the weights: the planned one where the result allows it.

Counts of pairs allow every form of McNemar's test, those of a parallel design Fisher's. Where the scenario
plans another test (Prescott's needs to know who responded in which sequence), or none, the exact one of the
two is given and noted not to be the planned one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from planner._special import ndtr, stdtr
from planner.analyses import info_of
from planner.model.estimand import alternative_direction
from planner.model.readings import reading_of
from planner.monitoring.p_values import p_value
from planner.questions.weigh.count_evidence import CountEvidence
from planner.questions.weigh.normal_evidence import DifferenceEvidence, MeanEvidence
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scenario import Scenario

Only = tuple[int, int]
"""Patients who respond to the first of two treatments only, and to the second only."""


@dataclass(frozen=True)
class ObservedTest:
    """A test; `p_high` is another p where the counts leave the pairs open.

    alternative: two-sided, greater or less, of the first treatment minus the second. planned: whether an
    analysis of the scenario is this test; None for a statistic that was reported as it is. note: of counts,
    which analysis plans it, or what is planned instead.
    """

    what: str
    method: str
    p: float
    p_high: float
    alternative: str = "two-sided"
    planned: bool | None = None
    note: str = ""


def tests(
    scenario: Scenario, evidence: CountEvidence | MeanEvidence | DifferenceEvidence
) -> list[ObservedTest]:
    """Those of each measure counted under two treatments, or that of the difference."""
    if isinstance(evidence, CountEvidence):
        measures = range(len(evidence.readings))
        return [test for r in measures for test in _count_tests(scenario, evidence, r)]
    test = _difference_test(evidence) if isinstance(evidence, DifferenceEvidence) else None
    return [] if test is None else [test]


def _count_tests(scenario: Scenario, counts: CountEvidence, r: int) -> list[ObservedTest]:
    """The tests of one measure: all planned ones that the counts allow, or else an exact one."""
    pairs = [s for s in counts.sums if s.key[:2] == ("pairs", "only")] if r == 0 else []
    margins = {a: s.count for s in counts.sums for (bit, a) in s.pattern if len(s.pattern) == 1 and bit == r}
    if pairs:
        a, b = (s.key[2] for s in pairs)
        return _mcnemar_tests(scenario, counts, r, (a, b), [(pairs[0].count, pairs[1].count)])
    sizes = {a: sum(g.patients for g in counts.groups if a in g.treatments) for a in margins}
    if len(margins) != 2:
        return []
    (a, x), (b, y) = margins.items()
    seen_twice = [g for g in counts.groups if {a, b} <= set(g.treatments)]
    if len(counts.groups) == len(seen_twice):
        n = sizes[a]
        only = [(x - both, y - both) for both in range(max(0, x + y - n), min(x, y) + 1)]
        return _mcnemar_tests(scenario, counts, r, (a, b), only)
    measure, planned = counts.readings[r].measure, _planned_analyses(scenario, counts, r, (a, b))
    rows = []
    for each in planned if not seen_twice else []:
        if info_of(each).decisive == "responders":
            direction = alternative_direction(each, scenario.scale_of(each))
            first, second = each.contrast
            p = fisher(margins[first], sizes[first], margins[second], sizes[second], direction)
            rows.append(ObservedTest(measure, "Fisher's exact test", p, p, direction, True, _plan_note(each)))
    if rows:
        return rows
    p = fisher(x, sizes[a], y, sizes[b])
    of_pairs = ", as if nobody had been seen under both" if seen_twice else ""
    method, note = f"Fisher's exact test{of_pairs}", _substitute_note(planned, measure)
    return [ObservedTest(measure, method, p, p, planned=False, note=note)]


def _mcnemar_tests(
    scenario: Scenario, counts: CountEvidence, r: int, pair: tuple[str, str], only: Sequence[Only]
) -> list[ObservedTest]:
    """Forms of McNemar's test; `only`: what the counts of the pair leave possible."""
    measure, planned = counts.readings[r].measure, _planned_analyses(scenario, counts, r, pair)
    rows = []
    for each in planned:
        if info_of(each).decisive == "discordant pairs":
            turned = [(x, y) if each.contrast == pair else (y, x) for x, y in only]
            direction = alternative_direction(each, scenario.scale_of(each))
            ps = [mcnemar(x, y, info_of(each).reference, direction) for x, y in turned]
            title = each.row.title.replace(" of paired responses", "")
            rows.append(ObservedTest(measure, title, min(ps), max(ps), direction, True, _plan_note(each)))
    if rows:
        return rows
    ps = [mcnemar(*each) for each in only]
    note = _substitute_note(planned, measure)
    return [ObservedTest(measure, "McNemar's test, exact", min(ps), max(ps), planned=False, note=note)]


def _planned_analyses(
    scenario: Scenario, counts: CountEvidence, r: int, pair: Sequence[str]
) -> list[PlannedAnalysis]:
    """The analyses of these counts, whether or not the counts alone allow them."""
    return [
        each
        for each in scenario.analyses
        if each.row.binary
        and reading_of(scenario, each) == counts.readings[r]
        and set(each.contrast) == set(pair)
    ]


def _plan_note(analysis: PlannedAnalysis) -> str:
    return f"as planned (analysis {analysis.name})"


def _substitute_note(planned: Sequence[PlannedAnalysis], measure: str) -> str:
    """Why a test is not the planned one."""
    if not planned:
        return f"not a planned test: no analysis of the {measure} compares the two"
    titles = dict.fromkeys(f"“{each.row.title}”" for each in planned)
    which = "which treatment came first" if len(planned) == 1 else "which came first"
    return f"not the planned test, {' or '.join(titles)}: that needs to know {which} for each responder"


def mcnemar(first: int, second: int, reference: str = "binomial", direction: str = "two-sided") -> float:
    """P of so many patients who respond to one treatment only, by one of the three forms.

    reference: binomial (exact), binomial-mid or normal.
    """
    statistic, df = float(first - second), 1.0 + first + second
    if reference == "normal":
        statistic, df = statistic / math.sqrt(max(first + second, 1)), math.inf
    p = p_value(reference, statistic, df, direction)
    assert p is not None  # there are always degrees of freedom
    return p


def fisher(x: int, n: int, y: int, m: int, direction: str = "two-sided") -> float:
    """Exact p of x of n against y of m: of all tables of these margins, those as extreme.

    Two-sided those that are no more probable; `greater` those with as many or more than x, `less` as few.
    """
    total = x + y
    ways = {k: math.comb(n, k) * math.comb(m, total - k) for k in range(max(0, total - m), min(n, total) + 1)}
    extreme = {
        "greater": [k for k in ways if k >= x],
        "less": [k for k in ways if k <= x],
        "two-sided": [k for k in ways if ways[k] <= ways[x]],
    }[direction]
    return sum(ways[k] for k in extreme) / sum(ways.values())


def _difference_test(evidence: DifferenceEvidence) -> ObservedTest | None:
    about = evidence.about
    if about.F is not None:
        statistic, title = math.sqrt(about.F), f"F(1, {about.df:g}) = {about.F:g}"
    elif about.t is not None:
        statistic, title = about.t, f"t({about.df:g}) = {about.t:g}"
    elif evidence.se is not None and about.estimate is not None:
        statistic = about.estimate / evidence.se
        title = f"t({about.df:g}) = {statistic:.3g}" if about.df else f"z = {statistic:.3g}"
    else:
        return None
    tail = ndtr(-abs(statistic)) if about.df is None else stdtr(about.df, -abs(statistic))
    p = 2.0 * float(tail)
    return ObservedTest("difference", title, p, p, note="from the reported figures")
