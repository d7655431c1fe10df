"""Settings of an analysis: method, contrast, alpha."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import PrivateAttr

from planner.scenario import contrasts, vocabulary
from planner.scenario.endpoint import MEASURE
from planner.scenario.fields import (
    Days,
    Flag,
    Name,
    Number,
    PairOrWeights,
    Points,
    Settings,
    about,
)
from planner.scenario.own_methods import MethodName, OwnMethod, own_methods_in


class PlannedAnalysis(Settings):
    name: Annotated[Name, about("Name of the analysis in the results; its method if not given")] = ""
    method: Annotated[str, MethodName("analysis", vocabulary.METHODS), about("How the trial is analysed")] = (
        ""
    )
    contrast: Annotated[
        PairOrWeights, about("Two treatments, first minus second; or the weight of each treatment, 0 in all")
    ] = ()
    alpha: Annotated[
        Number, about("Significance level, of both sides together if two-sided", gt=0, lt=0.5)
    ] = 0.05
    alternative: Annotated[
        Literal["two-sided", "greater", "less", "better", "worse"], about("Direction of the test")
    ] = "two-sided"
    role: Annotated[
        Literal["primary"], about("A primary analysis drives its own stopping", example="primary")
    ] = "primary"
    planned_effect: Annotated[
        Points | None, about("Difference that planning assumed, first minus second", "points")
    ] = None
    outcome: Annotated[
        str,
        about("The secondary outcome that is analysed; the endpoint if not given", example="dissociation"),
    ] = ""
    measure: Annotated[str, MEASURE, about("What is analysed; the endpoint's measure if not given")] = ""
    day: Annotated[Days | None, about("Day that is analysed; the endpoint's day if not given", "days")] = None
    planned_sd_difference: Annotated[
        Points | None,
        about("SD of one patient's difference that planning assumed", "points", gt=0, example=8.0),
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
    def weights(self) -> dict[str, float]:
        """The weight of each treatment in the contrast."""
        return contrasts.weights(self.contrast)
