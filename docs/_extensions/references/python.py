"""The Python reference: every public name of `planner`, from its signature and its docstring."""

from __future__ import annotations

import dataclasses
import inspect
from importlib import import_module
from typing import Any

import planner
from planner.results.contract import Written
from planner.results.result import QuestionResult

from .contract import meaning
from .fields import comments
from .markdown import code, fence, prose, table, text, toctree
from .python_prose import PRINTING

FIRST = (
    "read",
    "read_text",
    "simulate",
    "size",
    "sweep",
    "compare",
    "Run",
    "Sizing",
    "Sweep",
    "Comparison",
    "PlannerError",
)
"""Names that stand before the others of their page."""

PAGES = {
    "questions": ("Scenarios and questions", "Read a scenario, then ask something of it."),
    "results": ("Results", "What the questions answer with."),
    "own": ("Analyses of your own", "See also [An analysis of your own](../../own-analysis.md)."),
    "errors": (
        "Errors",
        "Each is a PlannerError with `message` and `hint`; catch that, and you catch any.",
    ),
}
"""The title of each page of public names, and what is said there before them."""


def names_of(page: str) -> list[str]:
    """The public names that stand on a page."""
    names = [name for name in dir(planner) if name != "__version__" and _page_of(name) == page]
    return sorted(names, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))


def _page_of(name: str) -> str:
    named = getattr(planner, name)
    if named.__module__.startswith("planner.analyses.own"):
        return "own"
    if not inspect.isclass(named):
        return "questions"
    return "errors" if issubclass(named, Exception) else "results"


BEYOND = {
    "parts": (
        "Parts of results",
        "What results are made of. Every part has `to_json()`, the object that stands in the JSON.",
        (
            "planner.results.figures.Figure",
            "planner.results.cells.Cell",
            "planner.results.cells.LookFigures",
            "planner.results.cells.EstimateFigures",
            "planner.results.cells.WholeTrial",
            "planner.results.cells.CarryoverFigures",
            "planner.results.cells.VariantFigures",
            "planner.questions.size.size_figures.SizeAnswer",
            "planner.questions.size.size_figures.CurvePoint",
            "planner.questions.weigh.weigh_figures.HypothesisWeight",
            "planner.questions.discriminate.design_figures.DesignFigures",
            "planner.questions.replay.trial.VirtualPatient",
            "planner.questions.replay.trial.LookResult",
            "planner.monitoring.boundaries.Boundary",
            "planner.monitoring.boundaries.BoundaryLook",
            "planner.scenario.faults.Fault",
        ),
    ),
    "work": (
        "Where work is done",
        "Threads do it unless you say otherwise; who has other machines writes an executor.",
        (
            "planner.engine.executors.using",
            "planner.engine.executors.Executor",
            "planner.engine.executors.Threads",
            "planner.engine.executors.PieceWork",
            "planner.engine.executors.PieceSum",
        ),
    ),
}
"""Names that are imported from their modules."""


def pages() -> dict[str, str]:
    """The index, and a page for each group of names."""
    made = {
        page: _page(title, about, [(f"planner.{name}", getattr(planner, name)) for name in names_of(page)])
        for page, (title, about) in PAGES.items()
    }
    made |= {
        page: _page(title, about, [(path, _loaded(path)) for path in paths])
        for page, (title, about, paths) in BEYOND.items()
    }
    return {"index": _index(), **made}


def _loaded(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _index() -> str:
    parts = ["# Python", PRINTING]
    for page, (title, about) in PAGES.items():
        rows = [
            [f"[`planner.{name}`](#planner.{name})", text(_first(getattr(planner, name)))]
            for name in names_of(page)
        ]
        parts += [
            f"## {title}",
            text(about) if "](" not in about else "",
            table(["Name", "What it is"], rows),
        ]
    parts.append(toctree([*PAGES, *BEYOND]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _first(named: object) -> str:
    return " ".join((inspect.getdoc(named) or "").partition("\n\n")[0].split())


def _page(title: str, about: str, named: list[tuple[str, Any]]) -> str:
    return "\n\n".join([f"# {title}", about, *(_entry(path, each) for path, each in named)]) + "\n"


def _entry(path: str, named: Any) -> str:
    is_class = inspect.isclass(named)
    kind = "py:class" if is_class else "py:function"
    body = [prose(inspect.getdoc(named) or "")]
    if is_class:
        body += [_fields(named), _methods(path, named)]
    inner = "\n\n".join(part for part in body if part)
    return f"## `{path.rpartition('.')[2]}`\n\n" + fence(f"{{{kind}}} {path}{_signature(named)}", inner, 6)


def _signature(named: Any) -> str:
    """As it is called; of results, which nobody makes by hand, and of protocols nothing."""
    made = inspect.isclass(named) and (
        dataclasses.is_dataclass(named) or getattr(named, "_is_protocol", False)
    )
    if made and not named.__module__.startswith("planner.analyses.own"):
        return ""
    try:
        return _plain(inspect.signature(named))
    except ValueError:
        return ""


class _Bare:
    """An annotation without quotation marks."""

    def __init__(self, words: object) -> None:
        self.words = words

    def __repr__(self) -> str:
        return str(self.words)


def _plain(signature: inspect.Signature) -> str:
    """The signature as it stands in the source."""
    parameters = [
        each.replace(annotation=_Bare(each.annotation)) if isinstance(each.annotation, str) else each
        for each in signature.parameters.values()
    ]
    answer = signature.return_annotation
    answer = (
        signature.empty if answer in ("None", None) else _Bare(answer) if isinstance(answer, str) else answer
    )
    return str(signature.replace(parameters=parameters, return_annotation=answer)).replace(
        "<class 'str'>", "str"
    )


def _fields(model: Any) -> str:
    """The fields of a dataclass, with what their comments say."""
    if not dataclasses.is_dataclass(model) or model.__module__.startswith("planner.analyses.own"):
        return ""
    meanings = comments(model)
    rows = [
        [code(each.name), code(str(each.type)), text(meanings.get(each.name) or _by_name(model, each.name))]
        for each in dataclasses.fields(model)
        if not each.name.startswith("_")
    ]
    return table(["Field", "Type", "What it is"], rows) if rows else ""


def _by_name(model: Any, name: str) -> str:
    """What a field of a result means that has no comment: what the key of its name means in JSON."""
    return meaning(name, {}) if issubclass(model, Written | QuestionResult) else ""


def _methods(path: str, model: Any) -> str:
    parts = []
    for name, member in inspect.getmembers(model):
        public = not name.startswith("_") and getattr(model, "__doc__", None)
        home = getattr(inspect.unwrap(getattr(member, "fget", member) or member), "__module__", "") or ""
        if not public or not (inspect.getdoc(member) or "").strip():
            continue
        if inspect.isfunction(member) and home.startswith("planner"):
            said = fence(
                f"{{py:method}} {path}.{name}{_of_method(member)}", prose(inspect.getdoc(member) or ""), 5
            )
            parts.append(said)
        elif isinstance(member, property) or type(member).__name__ == "cached_property":
            said = fence(f"{{py:property}} {path}.{name}", prose(inspect.getdoc(member) or ""), 5)
            parts.append(said)
    return "\n\n".join(parts)


def _of_method(function: Any) -> str:
    signature = inspect.signature(function)
    inner = list(signature.parameters.values())[1:]
    return _plain(signature.replace(parameters=inner))
