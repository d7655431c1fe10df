"""What pydantic refuses, said in words for a clinician."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import get_args, get_origin

from pydantic import BaseModel, Discriminator, ValidationError
from pydantic_core import ErrorDetails

from planner.scenario.families.lognormal import MOST_CV
from planner.scenario.faults import MAX_FAULTS, Path
from planner.scenario.fields import EVERY, AlsoWritten
from planner.scenario.hypotheses import SETTINGS
from planner.scenario.own_methods import FROM_PYTHON
from planner.scenario.resolving.draft import Complaint
from planner.scenario.resolving.examples import RULES
from planner.scenario.scenario import Scenario
from planner.scenario.text import did_you_mean, listed, nearest, perhaps, quote, suggested
from planner.scenario.vocabulary import written_as

NOT_KNOWN = "is not a known setting"

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
    "interim": "looks",
    "interims": "looks",
    "runs": "trials",
    "replications": "trials",
    "arms": "treatments",
}


def complaints_of(error: ValidationError) -> list[Complaint]:
    """Every error of a validation as a complaint with its path, but none that follows from another."""
    errors = error.errors(include_url=False)
    places = {details["loc"] for details in errors}
    above = {loc[:depth] for loc in places for depth in range(len(loc))}
    strangers = {loc[:-1] for loc in places if loc[0] == "hypotheses" and loc[3:] == ("family",)}
    noted: list[Complaint] = []
    for details in errors:
        loc = details["loc"]
        if details["type"] == "too_short" and loc in above:
            continue  # entries with faults of their own are not counted
        if loc[:3] in strangers and loc[3:] != ("family",):
            continue  # settings of another kind of hypothesis
        noted.append(_complaint(details, advise=len(noted) < _ADVISED))
    meant = {(*p.path[:-1], name) for p in noted if p.at_key for name in suggested(p.hint)}
    missing = {id(p): (*p.path, p.message.split("`")[1]) for p in noted if p.message.startswith("`")}
    return [complaint for complaint in noted if missing.get(id(complaint)) not in meant]


def _path(route: Path) -> Path:
    """The path of a setting: pydantic's way to it without what it passes: the family of a hypothesis, the
    form of a contrast or of an SD.
    """
    if route[:1] == ("hypotheses",) and len(route) > 2 and route[2] in SETTINGS:
        has_form = len(route) > 3 and route[3] in _of_two_forms(str(route[2]))
        return (*route[:2], *route[3:4], *route[5 if has_form else 4 :])
    if route[:1] == ("analyses",) and route[2:3] == ("contrast",):
        return (*route[:3], *route[4:])
    return route


@cache
def _of_two_forms(family: str) -> frozenset[str]:
    """The settings of a family that are a number or a table, in whose route pydantic says which."""
    return frozenset(
        name
        for name, field in SETTINGS[family].model_fields.items()
        for form in get_args(field.annotation)
        if any(isinstance(each, Discriminator) for each in getattr(form, "__metadata__", ()))
    )


# Looking for what the user may have meant takes time; nobody reads on after so many faults.
_ADVISED = 2 * MAX_FAULTS


def _complaint(details: ErrorDetails, advise: bool) -> Complaint:
    route: Path = details["loc"]
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if route[-1:] == (EVERY,) and route[-2:-1] != ("prolongs",) and kind != "extra_forbidden":
        route = route[:-1]  # one number for all treatments was written
    path = _path(route)
    if kind == "bad_name":
        key = path[-1] == "[key]"
        hint = f"a name here has 1 to {context['longest']} printing characters{context['blanks']}"
        return Complaint(path[:-1] if key else path, f"{quote(value)} cannot be a name", hint, at_key=key)
    if kind == "bad_dose":
        hint = 'a dose is a number above 0: { 5 = 0.49, "7.5" = 0.52 }'
        return Complaint(path[:-1], f"{quote(value)} cannot be a dose", hint, at_key=True)
    if kind == "missing":
        return _missing(route)
    if kind == "extra_forbidden" and "uncertainty" in path[:3] and isinstance(value, dict):
        return Complaint(path, NOT_KNOWN, 'a path is one text: "components.NAME.share"', True)
    if kind == "extra_forbidden":
        return Complaint(path, NOT_KNOWN, _unknown(route) if advise else "", at_key=True)
    if kind == "unknown_name":
        names = context["known"]
        if context["kind"] == "futility rule" and "spending" in str(value):  # of what is not a guess
            return Complaint(path, f"{quote(value)} is not a known futility rule", RULES)
        hint = did_you_mean(str(value), names)
        if context["kind"] == "analysis":
            hint = hint or FROM_PYTHON
        return Complaint(path, f"{quote(value)} is not a known {context['kind']}", hint)
    if kind == "literal_error":
        return _literal(path, value, str(context["expected"]))
    message, hint = _limits(kind, value, context)
    if kind.endswith("_type"):
        message = message.replace("must be ", f"must be {_other_spelling(route)}", 1)
    return Complaint(path, message, hint)


def _other_spelling(route: Path) -> str:
    """`a number or ` where a short form is allowed beside the table or list that pydantic asks for."""
    if route[:2] == ("design", "sequences") and len(route) == 3:
        return 'text such as "A B", or '
    if len(route) > 1 and route[-2] in ("agents", "needs") and isinstance(route[-1], int):
        return "a name or "
    if _path(route) != route and route[-1] == "pair":
        return "a table of weights or "
    if route[:1] == ("hypotheses",) and route[-1] == "number" and len(route) == 5:
        return "a table by treatment or "
    model = model_at(route[:-1])
    field = model.model_fields.get(str(route[-1])) if model is not None else None
    for extra in field.metadata if field is not None else ():
        if isinstance(extra, AlsoWritten):
            known = "a known name or " if "anyOf" in extra.schema else "text or "
            words = {"number": "a number or ", "string": known, "array": "a list of names or "}
            return words.get(str(extra.schema["type"]), "")
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


def _limits(kind: str, value: object, context: Mapping[str, object]) -> tuple[str, str]:
    """Message and hint for a value of the wrong type, size or length."""
    given = quote(value)
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


def _limit(limit: object) -> str:
    return f"{limit:,}" if isinstance(limit, int) else f"{limit:,.15g}"


def _is_number(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\s*[-+]?[\d.]+\s*", value) is not None


def _percent(value: object, limit: object) -> str:
    """Somebody who writes 5 for a probability or a level means 5 %."""
    if limit in (1, 0.5, MOST_CV) and isinstance(value, int | float) and max(limit, 1) < value <= 100:
        return f"a share, not a percentage: {value:g} % is {value / 100:g}"
    return ""


def _literal(path: Path, value: object, expected: str) -> Complaint:
    if path == ("schema_version",):
        message = f"{quote(value)} cannot be read: this version of planner reads schema_version = 1"
        return Complaint(path, message)
    names = re.findall(r"'([^']*)'", expected)
    if path[:1] == ("hypotheses",) and path[2:] == ("family",):
        names = list(dict.fromkeys(map(written_as, SETTINGS)))
    choices = listed([f'"{name}"' for name in names], "or")
    if path[-1:] == ("alternative",) and re.match(r"one|1", str(value).casefold()):
        hint = 'a one-sided test names its direction: "greater", "less", "better" or "worse"'
        return Complaint(path, f"must be {choices}, not {quote(value)}", hint)
    hint = perhaps(nearest(value, names)) if isinstance(value, str) else ""
    return Complaint(path, f"must be {choices}, not {quote(value)}", hint)


def _missing(route: Path) -> Complaint:
    model, path = model_at(route[:-1]), _path(route)
    field = model.model_fields.get(str(path[-1])) if model is not None else None
    help = f": {field.description}" if field is not None and field.description else ""
    hints: dict[Path, str] = {
        ("schema_version",): "schema_version = 1",
        ("design",): 'under [design]: sequences = ["A B", "B A"] and patients = 24',
        ("hypotheses",): "under [hypotheses.NAME]: means = { A = ..., B = ... }",
    }
    return Complaint(path[:-1], f"`{path[-1]}` is missing{help}", hints.get(path, ""), at_key=True)


def _unknown(route: Path) -> str:
    """What the user may have meant by a key that is not a setting."""
    key, model = str(route[-1]), model_at(route[:-1])
    names = list(model.model_fields) if model is not None else []
    others = [family for family, other in SETTINGS.items() if key in other.model_fields]
    if route[:1] == ("hypotheses",) and len(route) == 4 and others:
        return _in_another_family(str(route[2]), others)
    homes, synonym = _homes(), SYNONYMS.get(key.casefold(), "")
    here = nearest(key, names, 0.85) or [name for name in names if name == synonym]
    elsewhere = homes.get(key) or homes.get(synonym)
    if not here and elsewhere:
        return perhaps(elsewhere[:4])
    here = here or nearest(key, names, 0.7)
    if here:
        return perhaps(here)
    return f"settings here: {listed(names)}" if names else ""


def _in_another_family(family: str, others: list[str]) -> str:
    """Which hypotheses can have a setting that one of a family cannot."""
    own, either = written_as(family), list(dict.fromkeys(map(written_as, others)))
    if own in either:  # the endpoint says which it is
        return f'goes with [endpoint] distribution = "{SETTINGS[others[0]].distribution}"'
    return f"a hypothesis of family {own} cannot have it; one of family {listed(either, 'or')} can"


@cache
def _homes() -> dict[str, list[str]]:
    """Where in a scenario each setting belongs: {"patients": ["design.patients"]}."""
    homes: dict[str, list[str]] = {}

    def walk(model: type[BaseModel], above: str) -> None:
        for name, field in model.model_fields.items():
            inner, kind = _inner(field.annotation)
            section = not above and bool(inner)
            home = f"[{name}]" if section else above + name
            if home not in homes.setdefault(name, []):
                homes[name].append(home)
            if above and set(inner) & common:
                continue  # a hypothesis's own agents are described by those of all
            step = {"table": "NAME.", "list": "0.", "": ""}[kind]
            for each in inner:
                walk(each, f"{above}{name}.{step}")

    common = {model for name in _COMMON for model in _inner(Scenario.model_fields[name].annotation)[0]}
    walk(Scenario, "")
    return homes


_COMMON = ("agents", "signals", "components")


def model_at(route: Path) -> type[BaseModel] | None:
    """The model that declares the settings of the table at `route`, None where there is none.

    After the name of a hypothesis a route tells its family.
    """
    model: type[BaseModel] | None = Scenario
    parts = list(route)
    while parts and model is not None:
        field = model.model_fields.get(str(parts.pop(0)))
        if field is None:
            return None
        inner, kind = _inner(field.annotation)
        if kind and not parts:
            return None
        if kind:
            parts.pop(0)
        if len(inner) > 1:
            inner = [SETTINGS[str(parts.pop(0))]] if parts else []
        model = inner[0] if inner else None
    return model


def _inner(annotation: object) -> tuple[list[type[BaseModel]], str]:
    """The models inside a type, and whether they stand in a "table" by name, a "list" or by themselves."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation], ""
    inner: list[type[BaseModel]] = []
    kinds = []
    for argument in get_args(annotation):
        models, kind = _inner(argument)
        inner += models
        kinds += [kind] if models else []
    origin = get_origin(annotation)
    own = "list" if origin is tuple else "table" if origin is Mapping else ""
    return inner, own or (kinds[0] if kinds else "")
