"""The setting `scaling` of an analysis: limits of bioequivalence that depend on how the reference varies."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Strict

from planner.scenario.fields import Flag, Number, OneOf, Settings, about
from planner.scenario.regulators import SCALED_RULES, SCALINGS, ScaledRule, scaled_rule

_Ratio = Annotated[float, Strict(), Field(gt=0, le=100)]


class Scaling(Settings):
    """A rule and its numbers; in a complete scenario every number that the rule has is filled in."""

    rule: Annotated[
        str,
        OneOf("rule of scaling", SCALINGS),
        about(
            "Rule by which limits depend on the within-patient variability of the reference, the second "
            "treatment of the contrast; if not given, that of the regulator for highly variable drugs",
            example="abel",
        ),
    ] = ""
    regulator: Annotated[
        str,
        OneOf("regulator", SCALED_RULES),
        about(
            "Whose numbers and analysis the rule has; if not given, ema for abel and fda for the others",
            example="ema",
        ),
    ] = ""
    switch_cv: Annotated[
        Number | None,
        about("CV of the reference within patients above which limits are scaled", gt=0, le=10, example=0.3),
    ] = None
    switch_s: Annotated[
        Number | None,
        about(
            "SD of its logarithms, at or above which limits are scaled; wins over switch_cv",
            ge=0,
            le=10,
            example=0.294,
        ),
    ] = None
    constant: Annotated[
        Number | None,
        about(
            "Logarithm of the upper limit over the within-patient SD of the reference",
            gt=0,
            le=10,
            example=0.76,
        ),
    ] = None
    cap_cv: Annotated[
        Number | None,
        about("CV of the reference above which limits widen no further", gt=0, le=10, example=0.5),
    ] = None
    estimate_within: Annotated[
        tuple[_Ratio, ...],
        Field(min_length=2, max_length=2),
        about("Lowest and highest estimate of the ratio that still passes", example=[0.8, 1.25]),
    ] = ()
    adjust_alpha: Annotated[
        Flag,
        about(
            "Whether alpha is lowered until the type I error at the widened limit is at most alpha, at the "
            "stated variability; of abel",
            example=True,
        ),
    ] = False

    @property
    def scaled_rule(self) -> ScaledRule:
        """The rule in plain numbers, of a complete scenario."""
        within = self.estimate_within
        return scaled_rule(
            self.regulator,
            self.rule,
            switch_cv=self.switch_cv,
            switch_s=self.switch_s,
            constant=self.constant,
            cap_cv=self.cap_cv,
            estimate_within=(within[0], within[1]) if within else None,
        )
