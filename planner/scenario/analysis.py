"""Settings of an analysis: method, contrast, alpha."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PrivateAttr

from planner.scenario import contrasts, vocabulary
from planner.scenario.endpoint import MEASURE
from planner.scenario.fields import (
    A_NUMBER,
    AlsoWritten,
    Days,
    Flag,
    Name,
    Number,
    PairOrWeights,
    Points,
    Settings,
    about,
    as_list,
    spelt_schema,
)
from planner.scenario.own_methods import MethodName, OwnMethod, own_methods_in
from planner.scenario.regulators import SCALINGS
from planner.scenario.scaling import Scaling


class PlannedAnalysis(Settings):
    name: Annotated[Name, about("Name of the analysis in the results; its method if not given")] = ""
    method: Annotated[str, MethodName("analysis", vocabulary.METHODS), about("How the trial is analysed")] = (
        ""
    )
    contrast: Annotated[
        PairOrWeights, about("Two treatments, first minus second; or the weight of each treatment, 0 in all")
    ] = ()
    alpha: Annotated[
        Number,
        about(
            "Significance level, of both sides together if two-sided; 0.05 if not given, 0.025 against one "
            "margin",
            gt=0,
            lt=0.5,
        ),
    ] = 0.05
    alternative: Annotated[
        Literal[
            "two-sided",
            "greater",
            "less",
            "better",
            "worse",
            "equivalence",
            "non-inferiority",
            "superiority-by-margin",
        ],
        about("Direction of the test, or what is to be shown against margins"),
    ] = "two-sided"
    limits: Annotated[
        tuple[Points, ...],
        Field(min_length=1, max_length=2),
        BeforeValidator(as_list),
        A_NUMBER,
        about(
            "For equivalence: the lowest and the highest difference that still counts as none, first minus "
            "second; one number m stands for [-m, m]. Of a log-normal endpoint ratios, 0.8 to 1.25 if not "
            "given; one number m stands for m and 1 / m",
            "points",
            since="0.2.0",
            example=[-2.0, 2.0],
        ),
    ] = ()
    margin: Annotated[
        Points | None,
        about(
            "For non-inferiority: the difference, first minus second, that would be too bad; for superiority "
            "by a margin: the one that has to be exceeded. Of a log-normal endpoint a ratio",
            "points",
            since="0.2.0",
            example=-2.0,
        ),
    ] = None
    scaling: Annotated[
        Scaling | None,
        AlsoWritten(**spelt_schema(SCALINGS)),
        about(
            "For the equivalence of a log-normal endpoint: limits that depend on how the reference, the "
            "second treatment of the contrast, varies within patients, who get it twice",
            since="0.2.0",
            example={"rule": "abel", "regulator": "ema"},
        ),
    ] = None
    metric: Annotated[
        Literal["auc", "cmax"] | None,
        about(
            "What the endpoint is of a concentration over time: regulators scale limits of one of them only",
            label=True,
            since="0.2.0",
            example="cmax",
        ),
    ] = None
    role: Annotated[
        Literal["primary"], about("A primary analysis drives its own stopping", example="primary")
    ] = "primary"
    planned_effect: Annotated[
        Points | None,
        about(
            "Difference that planning assumed, first minus second; of a log-normal endpoint the ratio, first "
            "over second",
            "points",
        ),
    ] = None
    outcome: Annotated[
        str,
        about("The secondary outcome that is analysed; the endpoint if not given", example="dissociation"),
    ] = ""
    measure: Annotated[str, MEASURE, about("What is analysed; the endpoint's measure if not given")] = ""
    day: Annotated[Days | None, about("Day that is analysed; the endpoint's day if not given", "days")] = None
    planned_sd_difference: Annotated[
        Points | None,
        about(
            "SD of one patient's difference that planning assumed; of a log-normal endpoint that of the "
            "difference of logarithms",
            "points",
            gt=0,
            example=8.0,
        ),
    ] = None
    carryover: Annotated[
        Flag,
        about(
            "Whether the model allows for what the previous treatment adds (first-order carryover); for "
            "methods that fit a model of all periods",
            since="0.2.0",
            example=True,
        ),
    ] = False
    pooled: Annotated[
        Literal["all", "pair"] | None,
        about(
            "Whether the error is estimated from the scores after all treatments, or after those of the "
            "contrast alone; for methods that fit a model of all periods; all if not given, pair for the "
            "equivalence of a log-normal endpoint",
            since="0.2.0",
            example="pair",
        ),
    ] = None

    _own: OwnMethod | None = PrivateAttr(default=None)

    def model_post_init(self, context: object) -> None:
        """Take the user's analysis of that name, where the scenario is read with one."""
        self._own = own_methods_in(context).get(self.method)

    @property
    def own(self) -> OwnMethod | None:
        """The user's analysis; None for one of planner."""
        return self._own

    def with_own(self, method: OwnMethod | None) -> PlannedAnalysis:
        """The same with this analysis of the user's own; as it is without one."""
        if method is None or self._own is None:
            return self
        copy = self.model_copy()
        copy._own = method
        return copy

    @property
    def row(self) -> vocabulary.NamedMethod:
        """Its row of the vocabulary. Raises KeyError while no method is settled."""
        return vocabulary.METHODS[self.method] if self._own is None else self._own.row

    @property
    def tests_equivalence(self) -> bool:
        """Whether an effect between two limits is to be shown."""
        return self.against_margins and vocabulary.MARGIN_TESTS[self.alternative].takes == "limits"

    @property
    def against_margins(self) -> bool:
        """Whether the effect is told from margins, and not from none."""
        return self.alternative in vocabulary.MARGIN_TESTS

    @property
    def only(self) -> tuple[str, ...] | None:
        """The treatments whose scores alone its model has; None: all."""
        return tuple(self.weights) if self.pooled == "pair" else None

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each treatment in the contrast."""
        return contrasts.weights(self.contrast)
