"""The settings of uncertain numbers: where a number stands, and the distribution of what it may be.

`"components.specific.share" = { low = 0.4, high = 0.8 }`. Several numbers that vary together are joined by a
comma. What an earlier trial has estimated is stated by how much it knew: `cv_within = { df = 22 }`,
`ratio = { patients = 24 }`. See scenario.parameters for what a path leads to, model.parameter_draws for what
becomes of it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from planner.scenario.fields import AlsoWritten, Flag, Name, Number, Settings, Symbol, about, split_text

MAX_UNCERTAIN = 200
"""Uncertain entries of the scenario, and of each hypothesis."""

_Shape = Annotated[Number, Field(gt=0, le=1e6)]

FORMS: dict[str, tuple[str, ...]] = {
    "uniform": ("low", "high"),
    "normal": ("mean", "sd"),
    "lognormal": ("median", "log_sd"),
    "beta": ("beta",),
    "variance": ("df",),
    "estimate": ("patients",),
}
"""The settings that each distribution needs; a beta distribution may have limits beside them."""

ESTIMATED = ("variance", "estimate")
"""Forms of what is stated as an earlier trial has estimated it."""


class Distribution(Settings):
    """What an uncertain number may be."""

    low: Annotated[Number | None, about("Lowest value: of a uniform distribution, or to scale a beta")] = None
    high: Annotated[Number | None, about("Highest value")] = None
    mean: Annotated[
        Number | None,
        about("Mean of a normal distribution, which is cut at the limits of the setting", example=130),
    ] = None
    sd: Annotated[Number | None, about("Its standard deviation", ge=0, example=2)] = None
    median: Annotated[
        Number | None, about("Median of a lognormal distribution, which is cut likewise", gt=0, example=1)
    ] = None
    log_sd: Annotated[Number | None, about("SD of its natural logarithm", ge=0, le=10, example=0.3)] = None
    beta: Annotated[
        tuple[_Shape, ...],
        about(
            "The two shapes of a beta distribution, from 0 to 1 or from low to high",
            max_length=2,
            example=[5, 5],
        ),
    ] = ()
    df: Annotated[
        Number | None,
        about(
            "Degrees of freedom with which a stated CV or SD within patients was estimated: the variance is "
            "the stated one times df / chi-square",
            ge=1,
            le=1e6,
            example=22,
            since="0.2.0",
        ),
    ] = None
    patients: Annotated[
        int | None,
        about(
            "Patients of an earlier trial of the same design from which a mean (`ratio`: of the first "
            "treatment of the contrast) is known, as far as it differs from that of the other treatment",
            ge=2,
            le=1e6,
            example=24,
            since="0.2.0",
        ),
    ] = None
    relative: Annotated[
        Flag | None, about("Whether it is a factor on what is stated, in place of the number itself")
    ] = None

    @property
    def form(self) -> str:
        """The name of the distribution of a complete scenario."""
        if self.beta:
            return "beta"
        if self.df is not None:
            return "variance"
        if self.patients is not None:
            return "estimate"
        if self.mean is not None or self.sd is not None:
            return "normal"
        return "uniform" if self.median is None and self.log_sd is None else "lognormal"

    def has(self, form: str) -> bool:
        """Whether any setting of this form is stated; those of a uniform also scale a beta."""
        return any(getattr(self, key) not in (None, ()) for key in FORMS[form])

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest value, without those of the setting; infinite where there is none."""
        match self.form:
            case "uniform" | "beta":
                low, high = 0.0 if self.low is None else self.low, 1.0 if self.high is None else self.high
                return low, high
            case "normal":
                return (-float("inf"), float("inf")) if self.sd else (self.mean or 0.0,) * 2
            case "variance" | "estimate":
                return -float("inf"), float("inf")
        return (0.0, float("inf")) if self.log_sd else (self.median or 0.0,) * 2

    @property
    def in_words(self) -> str:
        """The distribution in words."""
        low, high = self.limits
        between = f"{low:.6g} to {high:.6g}"
        match self.form:
            case "uniform":
                words = between if low < high else f"{low:.6g}"
            case "beta":
                words = f"beta({', '.join(f'{x:.6g}' for x in self.beta)})"
                words += "" if (low, high) == (0.0, 1.0) else f" from {between}"
            case "normal":
                words = f"normal, mean {self.mean:.6g}, SD {self.sd:.6g}"
            case "variance":
                words = (
                    f"as estimated with {self.df:.6g} degrees of freedom (variance: stated x df / chi-square)"
                )
            case "estimate":
                words = f"as estimated in an earlier trial of {self.patients} patients in this design"
            case _:
                words = f"lognormal, median {self.median:.6g}, SD of the logarithm {self.log_sd:.6g}"
        return f"{words} times" if self.relative else words

    @property
    def centre(self) -> float:
        """The mean of a normal, the median of a lognormal, the middle of the others."""
        stated = self.mean if self.form == "normal" else self.median
        return sum(self.limits) / 2.0 if stated is None else stated


BY_PATH = about("Numbers that are uncertain, by their path, and what each may be", max_length=MAX_UNCERTAIN)
"""Of a table of distributions."""


class Tie(Settings):
    """Sizes that follow from another hypothesis, so that the two differ in mechanism and not in size."""

    to: Annotated[Name, about("The hypothesis whose expected improvement is taken over")]
    agents: Annotated[
        tuple[Symbol, ...],
        BeforeValidator(split_text),
        AlsoWritten(type="string"),
        about("Under a treatment of these agents, at its peak", min_length=1, max_length=24),
    ]
    by: Annotated[
        tuple[Symbol, ...],
        BeforeValidator(split_text),
        AlsoWritten(type="string"),
        about("Components whose sizes are scaled until it is the same", min_length=1, max_length=12),
    ]
