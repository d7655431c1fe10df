"""Analyses that a user brings, as far as a scenario knows them: their names are read, their code is not.

They come from Python alone: a file names one, and whoever reads the file gives it. See planner.analyses.own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema
from pydantic_core.core_schema import with_info_after_validator_function

from planner.errors import AnalysisError
from planner.scenario.fields import OneOf
from planner.scenario.text import brief, did_you_mean, printable
from planner.scenario.tree import Tree
from planner.scenario.vocabulary import METHODS, NamedMethod

LONGEST = 40
"""Characters of a name."""

FROM_PYTHON = (
    'an analysis of your own is given from Python: planner.read(..., methods={"NAME": Analysis(...)})'
)

_KEY = "methods"


class OwnMethod(Protocol):
    """A `planner.Analysis`."""

    @property
    def row(self) -> NamedMethod:
        """What must be known of it to settle a scenario."""
        ...

    @property
    def info(self) -> Any:
        """Its AnalysisInfo."""
        ...

    @property
    def explanation(self) -> str:
        """What its function says of itself."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of all that its figures depend on."""
        ...


OwnMethods = Mapping[str, OwnMethod]
"""By the name that a scenario uses."""


class MethodName(OneOf):
    """A row of the table, or an analysis that was given with the scenario."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return with_info_after_validator_function(self._check, handler(source))

    def _check(self, value: str, info: ValidationInfo) -> str | None:
        return value if value == "" or value in own_methods_in(info.context) else self.check(value)


def context_of(methods: OwnMethods | None) -> Tree:
    """What is handed to the validation of a scenario. Raises AnalysisError for what cannot be given."""
    if methods is not None and not isinstance(methods, Mapping):
        raise AnalysisError(f"methods: {brief(methods)} is no dictionary", '{"NAME": Analysis(...)}')
    for name, method in (methods or {}).items():
        check_name(name)
        if isinstance(method, type) or not all(hasattr(method, each) for each in ("row", "info", "digest")):
            kind = "class" if isinstance(method, type) else type(method).__name__
            hint = 'planner.Analysis(function, title="...", needs="...")'
            raise AnalysisError(f"{printable(name)} is a {kind}, and not a planner.Analysis", hint)
    return {_KEY: dict(methods or {})}


def own_methods_in(context: Any) -> OwnMethods:
    """What `context_of` has put there."""
    methods: OwnMethods = (context or {}).get(_KEY, {})
    return methods


def check_name(name: object) -> None:
    """Raise AnalysisError for what cannot be the name of an analysis, or is the name of one of planner."""
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST or not name.isprintable() or " " in name:
        rule = f"a name has 1 to {LONGEST} printing characters and no blanks"
        raise AnalysisError(f"{brief(name)} cannot name an analysis", rule)
    if name in METHODS:
        raise AnalysisError(f"{name} is an analysis of planner", "give yours another name")


def unused(name: str, used: list[str]) -> AnalysisError:
    """That a scenario does not use an analysis that is given."""
    hint = did_you_mean(name, used) or f'read it with methods= and set=["analyses.0.method={name}"]'
    return AnalysisError(f"no analysis of the scenario uses {printable(name)}", hint)
