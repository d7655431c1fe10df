"""What pydantic refuses, said in words for a clinician."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from planner.completing import Problem
from planner.faults import MAX_FAULTS, Path, did_you_mean, listed, nearest, shown
from planner.scenario import Scenario
from planner.settings import EVERY, AlsoWritten

# Words of other planners and of everyday speech, and what the setting is called here.
SYNONYMS = {
    "n": "patients",
    "subjects": "patients",
    "participants": "patients",
    "sample_size": "patients",
    "washout": "washout_days",
    "period": "period_days",
    "sided": "alternative",
    "test": "method",
    "effect": "planned_effect",
    "delta": "planned_effect",
    "mean": "means",
    "sigma": "sd_within",
    "rho": "correlation",
    "icc": "correlation",
    "cv": "sd_within",
    "interim": "looks",
    "interims": "looks",
    "runs": "trials",
    "replications": "trials",
    "arms": "treatments",
}


def problems(error: ValidationError) -> list[Problem]:
    """Every error of a validation as a problem with its path, but none that follows from another."""
    errors = error.errors(include_url=False)
    places = {details["loc"] for details in errors}
    above = {loc[:depth] for loc in places for depth in range(len(loc))}
    strangers = {loc[:-1] for loc in places if loc[-1:] == ("family",)}
    found: list[Problem] = []
    for details in errors:
        loc = details["loc"]
        if details["type"] == "too_short" and loc in above:
            continue  # entries with faults of their own are not counted
        if loc[:2] in strangers and loc[2:] != ("family",):
            continue  # settings of another kind of hypothesis
        found.append(_problem(details, advise=len(found) < _ADVISED))
    meant = {(*p.path[:-1], p.hint.removeprefix("did you mean ").rstrip("?")) for p in found if p.at_key}
    missing = {id(p): (*p.path, p.message.split("`")[1]) for p in found if p.message.startswith("`")}
    return [problem for problem in found if missing.get(id(problem)) not in meant]


# Looking for what the user may have meant takes time; nobody reads on after so many faults.
_ADVISED = 2 * MAX_FAULTS


def _problem(details: ErrorDetails, advise: bool) -> Problem:
    path: Path = details["loc"]
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if path and path[-1] == EVERY and kind != "extra_forbidden":  # one number for all treatments was written
        path = path[:-1]
    if kind == "bad_name":
        key = path[-1] == "[key]"
        hint = f"a name here has 1 to {context['longest']} printing characters{context['blanks']}"
        return Problem(path[:-1] if key else path, f"{shown(value)} cannot be a name", hint, at_key=key)
    if kind == "missing":
        return _missing(path)
    if kind == "extra_forbidden":
        return Problem(path, "is not a known setting", _unknown(path) if advise else "", at_key=True)
    if kind == "unknown_name":
        known = context["known"]
        return Problem(
            path, f"{shown(value)} is not a known {context['kind']}", did_you_mean(str(value), known)
        )
    if kind == "literal_error":
        return _literal(path, value, str(context["expected"]))
    message, hint = _limits(kind, value, context)
    if kind.endswith("_type"):
        message = message.replace("must be ", f"must be {_other_spelling(path)}", 1)
    return Problem(path, message, hint)


def _other_spelling(path: Path) -> str:
    """`a number or ` where a short form is allowed beside the table or list that pydantic asks for."""
    if path[:2] == ("design", "sequences") and len(path) == 3:
        return 'text such as "A B", or '
    model = model_at(path[:-1])
    field = model.model_fields.get(str(path[-1])) if model is not None else None
    for extra in field.metadata if field is not None else ():
        if isinstance(extra, AlsoWritten):
            return {"number": "a number or ", "string": "a known name or "}[extra.schema["type"]]
    return ""


_KINDS = {
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "mapping": "a table",
    "dict": "a table",
    "model": "a table",
}


def _limits(kind: str, value: object, context: Mapping[str, Any]) -> tuple[str, str]:
    """Message and hint for a value of the wrong type, size or length."""
    given = shown(value)
    match kind:
        case "finite_number":
            return f"must be a finite number, not {given}", ""
        case "int_from_float":
            return f"must be a whole number, not {given}", ""
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            limit = context.get("gt", context.get("ge", context.get("lt", context.get("le"))))
            words = {"greater_than": "above", "less_than": "below", "less_than_equal": "at most"}
            message = f"must be {words.get(kind, 'at least')} {_limit(limit)}, not {given}"
            return message, _percent(value, limit)
        case "too_short":
            return "is empty" if not value else f"has too few entries: at least {context['min_length']}", ""
        case "too_long":
            actual = context.get("actual_length") or "too many"
            return f"has {actual} entries; at most {context['max_length']} are allowed", ""
        case "string_too_long":
            return f"is longer than {context['max_length']} characters", ""
        case "string_too_short":
            return "is empty", ""
    wanted = _KINDS.get(kind.removesuffix("_type").removesuffix("_parsing"), "")
    if wanted:
        hint = "write the number without quotation marks" if _is_number(value) and "number" in wanted else ""
        return f"must be {wanted}, not {given}", hint
    return f"cannot be {given}", ""


def _limit(limit: Any) -> str:
    return f"{limit:,}" if isinstance(limit, int) else f"{limit:,.15g}"


def _is_number(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\s*[-+]?[\d.]+\s*", value) is not None


def _percent(value: object, limit: object) -> str:
    """Somebody who writes 5 for a probability or a level means 5 %."""
    if limit in (1, 0.5) and isinstance(value, int | float) and 1 < value <= 100:
        return f"a share, not a percentage: {value:g} % is {value / 100:g}"
    return ""


def _literal(path: Path, value: object, expected: str) -> Problem:
    if path == ("schema_version",):
        message = f"{shown(value)} cannot be read: this version of planner reads schema_version = 1"
        return Problem(path, message)
    known = re.findall(r"'([^']*)'", expected)
    choices = listed([f'"{name}"' for name in known])
    near = nearest(value, known) if isinstance(value, str) else None
    hint = f"did you mean {near}?" if near else ""
    return Problem(path, f"must be {choices}, not {shown(value)}", hint)


def _missing(path: Path) -> Problem:
    model = model_at(path[:-1])
    field = model.model_fields.get(str(path[-1])) if model is not None else None
    help = f": {field.description}" if field is not None and field.description else ""
    hints: dict[Path, str] = {
        ("schema_version",): "schema_version = 1",
        ("design",): '[design] sequences = ["A B", "B A"] and patients = 24',
        ("hypotheses",): "[hypotheses.NAME] means = { A = ..., B = ... }",
    }
    return Problem(path[:-1], f"`{path[-1]}` is missing{help}", hints.get(path, ""), at_key=True)


def _unknown(path: Path) -> str:
    """What the user may have meant by a key that is not a setting."""
    key, model = str(path[-1]), model_at(path[:-1])
    known = list(model.model_fields) if model is not None else []
    homes, synonym = _homes(), SYNONYMS.get(key.casefold(), "")
    here = nearest(key, known, 0.85) or (synonym if synonym in known else None)
    elsewhere = homes.get(key) or homes.get(synonym)
    if here is None and elsewhere:
        return f"did you mean {listed(elsewhere[:4])}?"
    here = here or nearest(key, known, 0.7)
    if here is not None:
        return f"did you mean {here}?"
    return f"settings here: {listed(known, 'and')}" if known else ""


@cache
def _homes() -> dict[str, list[str]]:
    """Where in a scenario each setting belongs: {"patients": ["design.patients"]}."""
    homes: dict[str, list[str]] = {}

    def walk(model: type[BaseModel], above: str) -> None:
        for name, field in model.model_fields.items():
            inner, kind = _inner(field.annotation)
            section = not above and inner is not None
            homes.setdefault(name, []).append(f"[{name}]" if section else above + name)
            if inner is not None:
                step = {"table": "NAME.", "list": "0.", "": ""}[kind]
                walk(inner, f"{above}{name}.{step}")

    walk(Scenario, "")
    return homes


def model_at(path: Path) -> type[BaseModel] | None:
    """The model that declares the settings of the table at `path`, None where there is none."""
    model: type[BaseModel] | None = Scenario
    parts = list(path)
    while parts and model is not None:
        field = model.model_fields.get(str(parts.pop(0)))
        if field is None:
            return None
        model, kind = _inner(field.annotation)
        if kind and parts:
            parts.pop(0)
        elif kind:
            return None
    return model


def _inner(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The model inside a type, and whether it stands in a "table" by name, a "list" or by itself."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    for argument in get_args(annotation):
        found, _ = _inner(argument)
        if found is not None:
            origin = getattr(annotation, "__origin__", None)
            kind = "list" if origin is tuple else "table" if origin is Mapping else ""
            return found, kind
    return None, ""
