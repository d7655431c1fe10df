"""When a trial is looked at before its end, and what stops it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal, cast

from pydantic import Field, PrivateAttr, Strict, create_model

from planner.scenario.adaptive import Adaptive
from planner.scenario.fields import AlsoWritten, Flag, Number, OneOf, Settings, about, by_text, spelt_schema
from planner.scenario.stopping_rules import (
    EFFICACY_RULES,
    FUTILITY_RULES,
    Parameter,
    StoppingRule,
    parameters_of,
)
from planner.scenario.tree import Tree
from planner.scenario.two_stage_rules import RULES

MAX_LOOKS = 20


class RuleSettings(Settings):
    rule: str

    def stated(self) -> Tree:
        """The parameters that are stated, by name: numbers, tuples of numbers, or the name of a choice."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        own = {key: value for key, value in values.items() if key not in ("rule", "binding")}
        return {key: value for key, value in own.items() if value is not None and value != ()}

    def lists(self) -> dict[str, tuple[float, ...]]:
        """The stated lists, of one number for each look."""
        return {key: value for key, value in self.stated().items() if isinstance(value, tuple)}


def _field(parameter: Parameter) -> tuple[object, object]:
    """The type and the default of the setting for a parameter."""
    ends = () if parameter.range is None else zip(("ge", "le"), parameter.range, strict=True)
    limits: Tree = dict(ends if parameter.schema is None else parameter.schema)
    numbers = tuple(float(number) for number in parameter.example.split(",") if number)
    match parameter.kind:
        case "number":
            described = about(parameter.help, since=parameter.since, example=numbers[0], **limits)
            return Annotated[Number | None, described], None
        case "list":
            element = Annotated[float, Strict(), Field(**limits)]
            described = about(parameter.help, since=parameter.since, example=list(numbers), min_length=1)
            return Annotated[tuple[element, ...], described], ()
        case "choice":
            choices = tuple(parameter.choices or ())
            described = about(parameter.help, since=parameter.since, example=choices[-1])
            return Annotated[Literal[choices] | None, described], None


def _with_parameters(rules: Mapping[str, StoppingRule]) -> object:
    """The settings of the rules of a table."""
    fields = {each.name: _field(each) for each in parameters_of(rules) if each.in_scenario}
    return create_model("RuleParameters", __base__=RuleSettings, **cast(Any, fields))


_EfficacyParameters: Any = _with_parameters(EFFICACY_RULES)
_FutilityParameters: Any = _with_parameters(FUTILITY_RULES)


class Efficacy(_EfficacyParameters):  # type: ignore[misc]  # the fields of the rows
    rule: Annotated[str, OneOf("efficacy rule", EFFICACY_RULES), about("Rule for stopping early")]


class Futility(_FutilityParameters):  # type: ignore[misc]  # the fields of the rows
    rule: Annotated[
        str,
        OneOf("futility rule", FUTILITY_RULES),
        about("Rule for giving up early", example="conditional-power"),
    ]
    binding: Annotated[
        Flag, about("Whether the efficacy limits count on the futility rule", example=True)
    ] = False


class Monitoring(Settings):
    looks: Annotated[
        tuple[Annotated[float, Strict(), Field(gt=0)], ...],
        about(
            "Patients finished at each look, or fractions of all; the last is everybody",
            min_length=1,
            max_length=MAX_LOOKS,
        ),
    ] = ()
    efficacy: Annotated[
        Efficacy | None,
        AlsoWritten(**spelt_schema(EFFICACY_RULES)),
        about("Stopping because the treatment works"),
    ] = None
    futility: Annotated[
        Futility | None,
        AlsoWritten(**spelt_schema(FUTILITY_RULES)),
        about(
            "Stopping because it will not be shown to work",
            example={"rule": "conditional-power", "at_most": 0.2},
        ),
    ] = None

    adaptive: Annotated[
        Adaptive | None,
        AlsoWritten(**spelt_schema(RULES)),
        by_text("rule"),
        about(
            "A second stage whose patients are planned after the first, for bioequivalence in a 2x2 "
            "crossover; looks = [patients of stage 1]",
            since="0.2.0",
            example={"rule": "potvin-b", "max": 120},
        ),
    ] = None

    _shares: tuple[Fraction, ...] = PrivateAttr(default=())

    @property
    def counts(self) -> tuple[int, ...]:
        """Patients finished at each look of a complete scenario."""
        return tuple(int(look) for look in self.looks)

    @property
    def shares(self) -> tuple[Fraction, ...]:
        """Share of the patients at each look, as it was stated before it was rounded to whole patients."""
        return self._shares or tuple(Fraction(m, self.counts[-1]) for m in self.counts)
