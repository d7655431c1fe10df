"""The names that a scenario may use: analyses, families, designs and scales. Imports nothing.

Everything that a user can name is one row of a table here, or of `planner.scenario.stopping_rules`. What a
row does lives elsewhere and is loaded when it is used, so that a misspelt name is found without importing a
kernel.
"""

from __future__ import annotations

from typing import NamedTuple


class DefaultMethod(NamedTuple):
    """Of an analysis that a scenario may be given without naming it: its place among these, and when."""

    place: int  # the first that fits is taken; those of responses come before the others
    only: str = ""  # where alone: a key of planner.scenario.resolving.analyses; empty: wherever it fits


IGNORING_PERIODS = ("within", "pairs")
"""What analyses need (keys of NEEDS) that compare a patient's periods as if time changed nothing."""


class NamedMethod(NamedTuple):
    """An analysis of the finished trial: what must be known of it before a kernel is loaded.

    The rest is the INFO of its module: see planner.analyses.
    """

    title: str
    module: str  # of planner.analyses
    needs: str  # what the design must offer: a key of NEEDS
    binary: bool = False  # whether it analyses responses (0 or 1)
    weights: bool = False  # whether it takes any contrast of treatment means, not only two treatments
    baseline: str = ""  # what has to be measured: a baseline before the "first" or before every "period"
    carryover: bool = False  # whether its model can have effects of the treatment before
    pools: bool = (
        False  # whether scores after other treatments than the compared ones help to estimate its error
    )
    default: DefaultMethod | None = None  # whether it is taken where none is named
    scales: str = ""  # the `method` of rules with scaled limits (planner.scenario.regulators) that it is


NEEDS = {
    "ab/ba": "two sequences of two periods, each giving both treatments of the contrast, in opposite orders",
    "within": "every sequence gives every treatment of the contrast",
    "pairs": "every sequence gives both treatments of the contrast, each in one period",
    "balanced": "sequences that give every treatment of the contrast, in orders in which period effects "
    "cancel",
    "balanced or parallel": "sequences that give every treatment of the contrast, in orders in which period "
    "effects cancel; or one period, in which every treatment of the contrast is given",
    "first": "every treatment of the contrast is given in the first period of a sequence",
    "estimable": "patients who get several treatments, from whom the contrast can be told apart from the "
    "periods",
}

IN_FIRST_PERIOD = "first"
"""What analyses need (a key of NEEDS) that compare patients with each other, in their first period."""

WHOLE = ("ab/ba", "within", "pairs")
"""Needs of the methods that use who has finished every period; the others use who has what they compare."""

METHODS: dict[str, NamedMethod] = {
    "hills-armitage": NamedMethod(
        "Two-sample t test on the period differences of the two sequences",
        "hills_armitage",
        "ab/ba",
        default=DefaultMethod(1),
    ),
    "subject-contrast": NamedMethod(
        "t test of the patients' own contrasts, allowing for their sequences",
        "subject_contrast",
        "balanced",
        weights=True,
        default=DefaultMethod(2, "whole contrasts"),
        scales="own contrasts",
    ),
    "fixed-subject": NamedMethod(
        "Least squares with effects of patients, periods and treatments",
        "fixed_subject",
        "estimable",
        weights=True,
        carryover=True,
        pools=True,
        default=DefaultMethod(3),
        scales="least squares",
    ),
    "paired-t": NamedMethod(
        "Paired t test on the treatment differences, ignoring periods",
        "paired_t",
        "within",
        weights=True,
        default=DefaultMethod(4),
    ),
    "period-one": NamedMethod(
        "Two-sample t test of the first period, as in a parallel trial",
        "period_one",
        "first",
        weights=True,
        default=DefaultMethod(5, "one period"),
    ),
    "welch": NamedMethod(
        "Welch's t test: a variance for each sequence, in one period for each treatment",
        "welch",
        "balanced or parallel",
        weights=True,
    ),
    "period-one-welch": NamedMethod(
        "Welch's t test of the first period: a variance for each treatment", "welch", "first", weights=True
    ),
    "baseline-adjusted": NamedMethod(
        "t test of the patients' own contrasts, adjusted for those of the baselines",
        "baseline_adjusted",
        "balanced",
        weights=True,
        baseline="period",
    ),
    "parallel-ancova": NamedMethod(
        "Analysis of covariance of the first period, adjusted for the baseline, as in a parallel trial",
        "baseline_adjusted",
        "first",
        weights=True,
        baseline="first",
    ),
    "mcnemar-mid-p": NamedMethod(
        "McNemar's test of paired responses, mid-p", "mcnemar", "pairs", binary=True, default=DefaultMethod(2)
    ),
    "mcnemar-exact": NamedMethod(
        "McNemar's test of paired responses, exact", "mcnemar", "pairs", binary=True
    ),
    "mcnemar-asymptotic": NamedMethod(
        "McNemar's test of paired responses, normal approximation", "mcnemar", "pairs", binary=True
    ),
    "prescott": NamedMethod(
        "Prescott's test of paired responses, allowing for a period effect, exact",
        "prescott",
        "ab/ba",
        binary=True,
        default=DefaultMethod(1, "period effect"),
    ),
    "mainland-gart": NamedMethod(
        "Mainland and Gart's test of paired responses, allowing for a period effect, exact",
        "prescott",
        "ab/ba",
        binary=True,
    ),
    "fisher": NamedMethod(
        "Fisher's exact test of the responses in the first period, as in a parallel trial",
        "fisher",
        "first",
        binary=True,
        default=DefaultMethod(3, "one period"),
    ),
}


class NamedMarginTest(NamedTuple):
    """An alternative of an analysis that is told from margins, and not from no effect.

    Its explanation is the docstring of the function of its name in planner.model.margins.
    """

    title: str
    takes: str  # the setting that has the margins
    alpha: float  # significance level of each one-sided test, where none is stated
    citation: str = ""


_JULIOUS = "Julious SA. Stat Med 2004;23:1921-1986. doi:10.1002/sim.1783"

MARGIN_TESTS: dict[str, NamedMarginTest] = {
    "equivalence": NamedMarginTest(
        "The effect lies between two limits: two one-sided tests",
        "limits",
        0.05,
        "Schuirmann DJ. J Pharmacokinet Biopharm 1987;15:657-680. doi:10.1007/BF01068419",
    ),
    "non-inferiority": NamedMarginTest("The effect is not worse than a margin", "margin", 0.025, _JULIOUS),
    "superiority-by-margin": NamedMarginTest("The effect is better than a margin", "margin", 0.025, _JULIOUS),
}


class NamedFamily(NamedTuple):
    """A family of outcomes, by the setting that its hypotheses state; and the name of its files.

    These are scenario/families/MODULE.py, scenario/resolving/families/MODULE.py, model/families/MODULE.py (or
    a folder) and report/scenario/MODULE.py.
    """

    title: str
    module: str
    states: str  # what its hypotheses state, in the plural
    measure: str  # what is analysed where the endpoint does not say it
    written: str = ""  # the `family` that hypotheses have in files, where that is not its own name
    distribution: str = "normal"  # of the endpoint: what sets it apart from another one written the same


DISTRIBUTIONS: dict[str, str] = {
    "normal": "Scores are normal, and compared by their difference",
    "log-normal": "Logarithms are normal, and treatments compared by the ratio of their geometric means",
}

FAMILIES: dict[str, NamedFamily] = {
    "means": NamedFamily("The mean of each treatment, and how scores vary", "means", "means", "score"),
    "lognormal": NamedFamily(
        "The geometric mean of each treatment, and how logarithms vary",
        "lognormal",
        "means",
        "score",
        written="means",
        distribution="log-normal",
    ),
    "rates": NamedFamily("The share of responders to each treatment", "rates", "rates", "response"),
    "terms": NamedFamily(
        "A mechanism: which components of improvement need which signals",
        "mechanism",
        "mechanisms",
        "change",
    ),
}
"""A hypothesis that shows no family by its settings is of the first."""


def written_as(family: str) -> str:
    """The `family` that hypotheses of a family have in files."""
    return FAMILIES[family].written or family


def named_family(written: str, distribution: str) -> str:
    """The family that files write so, of an endpoint of this distribution where there is one of its own."""
    return next(
        (k for k, row in FAMILIES.items() if row.written == written and row.distribution == distribution),
        written,
    )


MEASURES = ("score", "change", "percent-change", "response", "remission")
BINARY_MEASURES = ("response", "remission")


class NamedScale(NamedTuple):
    """A rating scale whose limits are known."""

    title: str
    low: float
    high: float
    step: float
    better: str
    remission_at_most: float | None = None


SCALES: dict[str, NamedScale] = {
    "HAM-D17": NamedScale("Hamilton Depression Rating Scale, 17 items", 0, 52, 1, "lower", 7),
    "HAM-D6": NamedScale("Hamilton Depression Rating Scale, 6 items", 0, 22, 1, "lower"),
    "MADRS": NamedScale("Montgomery-Asberg Depression Rating Scale", 0, 60, 1, "lower", 10),
}


class NamedDesign(NamedTuple):
    """A named design: A, B, ... stand for its arms in the order in which the scenario lists them."""

    title: str
    arms: tuple[int, int]  # fewest and most
    pattern: tuple[str, ...] = ()  # one word per sequence; empty: `planner.scenario.designs` generates it
    same_as: str = ""  # the design whose sequences these are, under another name
    field: bool = False  # whether it is a name of the field: treatments x sequences x periods, and such


DESIGNS: dict[str, NamedDesign] = {
    "AB/BA": NamedDesign("Two treatments, two periods, both orders", (2, 2), ("AB", "BA")),
    "ABB/BAA": NamedDesign("Two treatments, three periods, extra period", (2, 2), ("ABB", "BAA")),
    "AAB/BBA": NamedDesign("Two treatments, three periods, early repeat", (2, 2), ("AAB", "BBA")),
    "ABA/BAB": NamedDesign("Two treatments, three periods, switch back", (2, 2), ("ABA", "BAB")),
    "ABBA/BAAB": NamedDesign("Two treatments, four periods", (2, 2), ("ABBA", "BAAB")),
    "AABB/BBAA": NamedDesign("Two treatments, four periods, one switch", (2, 2), ("AABB", "BBAA")),
    "ABAB/BABA": NamedDesign("Two treatments, four periods, alternating", (2, 2), ("ABAB", "BABA")),
    "AABB/BBAA/ABBA/BAAB": NamedDesign(
        "Two treatments, four periods, four sequences", (2, 2), ("AABB", "BBAA", "ABBA", "BAAB")
    ),
    "balaam": NamedDesign(
        "Two treatments, two periods, all four sequences", (2, 2), ("AB", "BA", "AA", "BB")
    ),
    "parallel": NamedDesign("One period, one treatment for each patient", (2, 24)),
    "split": NamedDesign(
        "Two AB/BA trials in one: A against B, and C against D", (4, 4), ("AB", "BA", "CD", "DC")
    ),
    "latin-square": NamedDesign("Every treatment once, and once in each period", (2, 12)),
    "williams": NamedDesign("Every treatment once, each following each other one equally often", (2, 12)),
    "williams-extra-period": NamedDesign(
        "A Williams square whose last treatment is given once more", (2, 11)
    ),
    "3t2p": NamedDesign("Two of three treatments for each patient: incomplete blocks", (3, 3)),
    "4t2p": NamedDesign("Two of four treatments for each patient: incomplete blocks", (4, 4)),
    "4t3p": NamedDesign("Three of four treatments for each patient: incomplete blocks", (4, 4)),
    "2x2": NamedDesign("Two treatments, two sequences, two periods", (2, 2), same_as="AB/BA", field=True),
    "2x2x2": NamedDesign("Two treatments, two sequences, two periods", (2, 2), same_as="AB/BA", field=True),
    "2x2x3": NamedDesign(
        "Full replicate, three periods: TRT, RTR of arms T, R", (2, 2), same_as="ABA/BAB", field=True
    ),
    "2x2x4": NamedDesign(
        "Full replicate, four periods: TRTR, RTRT of arms T, R",
        (2, 2),
        same_as="ABAB/BABA",
        field=True,
    ),
    "2x3x3": NamedDesign(
        "Partial replicate: TRR, RTR, RRT of arms T, R", (2, 2), ("ABB", "BAB", "BBA"), field=True
    ),
    "2x4x4": NamedDesign(
        "Full replicate, four sequences: TRTR, RTRT, TRRT, RTTR of arms T, R",
        (2, 2),
        ("ABAB", "BABA", "ABBA", "BAAB"),
        field=True,
    ),
    "2x4x2": NamedDesign(
        "Balaam's design: TR, RT, TT, RR of arms T, R", (2, 2), same_as="balaam", field=True
    ),
    "2x2x2r": NamedDesign(
        "Liu's design, a 2x2 trial done twice: TRTR, RTRT of arms T, R",
        (2, 2),
        same_as="ABAB/BABA",
        field=True,
    ),
    "3x3": NamedDesign("Three treatments, Latin square", (3, 3), same_as="latin-square", field=True),
    "3x6x3": NamedDesign("Three treatments, Williams square", (3, 3), same_as="williams", field=True),
    "4x4": NamedDesign("Four treatments, Williams square", (4, 4), same_as="williams", field=True),
    "paired": NamedDesign(
        "Two treatments in one order, not told apart from periods", (2, 2), ("AB",), field=True
    ),
}
