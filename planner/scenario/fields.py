"""How a setting is declared: its type, range, unit, help, and whether it is a mere label.

The types know what a TOML file may say: a truth value is no number, a text is no list, nothing is infinite.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    Tag,
)
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_after_validator_function

from planner.scenario.tree import Tree, is_number

LARGEST = 1e9
"""Of a score, mean or SD, in points: beyond any scale, and far from where squares lose digits."""

MAX_DAYS = 100_000


def about(
    help: str, unit: str = "", label: bool = False, since: str = "", example: object = None, **limits: Any
) -> object:
    """Describe one setting.

    `label`: it alters no virtual trial and is left out of the digest. `since`: the version that brought it,
    if later than 0.1.0; while it has its default, which must be what was done before, the digest is the one
    that the scenario had without it. `example`: a value of it, where no trial of the catalogue has one.
    """
    extra: Tree = ({"unit": unit} if unit else {}) | ({"digest": False} if label else {})
    extra |= {"since": since} if since else {}
    examples = None if example is None else [example]
    return Field(description=help, json_schema_extra=extra or None, examples=examples, **limits)


class AlsoWritten:
    """A second spelling of a setting, for the JSON Schema; a BeforeValidator does the translation."""

    def __init__(self, **schema: object) -> None:
        self.schema = schema

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> Tree:
        return {"anyOf": [self.schema, handler(core)]}


_BETWEEN = " _.'`\u2019\u2010\u2013-"


def spelling(name: str) -> str:
    """What is the same in all spellings of a name: its letters, digits and slashes, in small letters.

    Capitals, blanks, hyphens, dots and apostrophes make no difference: "O'Brien-Fleming" is obrien-fleming.
    A multiplication sign is an x: "2×2" is 2x2.
    """
    return "".join(c for c in name.casefold().replace("×", "x") if c not in _BETWEEN)


def as_spelt(value: str, names: Iterable[str]) -> str | None:
    """The one of the names that a text is in some spelling; None if it is none of them."""
    known = list(names)
    if value in known:
        return value
    alike = [name for name in known if spelling(name) == spelling(value)]
    return alike[0] if len(alike) == 1 else None


def spelt_schema(names: Iterable[str]) -> Tree:
    """The JSON Schema of a name in whatever spelling; editors complete the usual one."""
    known, between = list(names), f"[{_BETWEEN}]*"
    forms = "|".join(between.join(_either_case(c) for c in spelling(name)) for name in known)
    return {"type": "string", "anyOf": [{"enum": known}, {"pattern": f"^{between}(?:{forms}){between}$"}]}


def _either_case(letter: str) -> str:
    if letter == "x":
        return "[xX×]"
    return f"[{letter}{letter.upper()}]" if letter.isalpha() else letter


class OneOf:
    """The setting is the name of a row of a vocabulary table, in whatever spelling (see `spelling`)."""

    def __init__(self, kind: str, table: Mapping[str, object]) -> None:
        self.kind, self.table = kind, table

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, core: object, handler: GetJsonSchemaHandler) -> Tree:
        return spelt_schema(self.table)

    def check(self, value: str | None) -> str | None:
        if value is None:
            return value
        name = as_spelt(value, self.table)
        if name is None:
            context: Tree = {"kind": self.kind, "known": tuple(self.table)}
            raise PydanticCustomError("unknown_name", "is not a known {kind}", context)
        return name


class PrintedName:
    """A name made of characters that print, so that it looks the same wherever it is shown."""

    def __init__(self, longest: int, blanks: bool) -> None:
        self.longest, self.blanks = longest, blanks

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, core: object, handler: GetJsonSchemaHandler) -> Tree:
        limits: Tree = {"minLength": 1, "maxLength": self.longest}
        return {"type": "string", **limits, **({} if self.blanks else {"pattern": r"^\S+$"})}

    def check(self, value: str) -> str:
        sound = 0 < len(value) <= self.longest and value.isprintable() and value.strip() == value
        if not sound or (" " in value and not self.blanks):
            rule = {"longest": self.longest, "blanks": "" if self.blanks else " and no blanks"}
            raise PydanticCustomError("bad_name", "cannot be a name", rule)
        return value


class PositiveText:
    """A number above 0 as the key of a table."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, core: object, handler: GetJsonSchemaHandler) -> Tree:
        return {"type": "string", "pattern": r"^[0-9]*\.?[0-9]+$"}

    def check(self, value: str) -> str:
        if re.fullmatch(r"[0-9]{0,9}\.?[0-9]{1,9}", value) is None or float(value) == 0.0:
            raise PydanticCustomError("bad_dose", "cannot be a dose")
        return value


def split_text(value: object) -> object:
    """ "A B" is short for ["A", "B"]."""
    return value.split() if isinstance(value, str) else value


def by_number(key: str, **rest: float) -> BeforeValidator:
    """A number is short for a table with that number under `key`, and the `rest`."""
    return BeforeValidator(lambda value: {key: value, **rest} if is_number(value) else value)


def by_text(key: str) -> BeforeValidator:
    """A bare name is short for a table with that name under `key`."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


def as_list(value: object) -> object:
    """A number is short for a list of it."""
    return [value] if isinstance(value, int | float) else value


def for_every(value: object) -> object:
    """A number is short for a table with the same number for every treatment."""
    return {EVERY: value} if isinstance(value, int | float) else value


EVERY = "*"
"""Key of a table by treatment that stands for every treatment not named."""

Number = Annotated[float, Strict()]
Whole = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Points = Annotated[float, Strict(), Field(ge=-LARGEST, le=LARGEST)]
Sd = Annotated[float, Strict(), Field(ge=0, le=LARGEST)]
Days = Annotated[float, Strict(), Field(ge=0, le=MAX_DAYS)]
Probability = Annotated[float, Strict(), Field(ge=0, le=1)]
Correlation = Annotated[float, Strict(), Field(ge=-1, le=1)]
PathText = Annotated[str, Field(min_length=1)]
Symbol = Annotated[str, PrintedName(40, blanks=False)]
Name = Annotated[str, PrintedName(80, blanks=True)]
DoseText = Annotated[str, PositiveText()]
A_NUMBER = AlsoWritten(type="number")
A_TEXT = AlsoWritten(type="string")

_Weight = Annotated[float, Strict(), Field(ge=-100, le=100)]
PairOrWeights = Annotated[
    Annotated[tuple[Symbol, ...], Field(min_length=2, max_length=2), Tag("pair")]
    | Annotated[Mapping[Symbol, _Weight], Tag("weights")],
    Discriminator(lambda value: "weights" if isinstance(value, Mapping) else "pair"),
]
"""Two treatments, or a table of weights."""


class Settings(BaseModel):
    """A table of settings: nothing changes after reading, unknown keys and infinite numbers are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
