"""A family of outcomes is one row and four files of one name; nobody else asks which family it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from planner.model.families.family import family_named
from planner.report.scenario.family import FamilyInWords, in_words_of
from planner.scenario.families.base import FamilySettings
from planner.scenario.hypotheses import SETTINGS
from planner.scenario.resolving.families.resolver import FamilyResolver, resolver_of
from planner.scenario.vocabulary import FAMILIES, MEASURES, named_family
from tests.support.paths import ROOT

PACKAGE = ROOT / "planner"
OFFERS = {
    "scenario/families": "SETTINGS",
    "scenario/resolving/families": "RESOLVER",
    "model/families": "FAMILY",
    "report/scenario": "IN_WORDS",
}
CLASSES = {settings.__name__ for settings in SETTINGS.values()}


# One row, four files


def offering(folder: str, name: str) -> set[str]:
    """The modules of a folder that give `name` a value, each by its name or that of its own folder."""
    root = PACKAGE / folder
    return {
        path.relative_to(root).parts[0].removesuffix(".py")
        for path in root.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.ImportFrom) and name in given(node)
    }


def given(node: ast.Assign | ast.AnnAssign | ast.ImportFrom) -> set[str]:
    """The names that a statement gives a value to."""
    if isinstance(node, ast.ImportFrom):
        return {alias.asname for alias in node.names if alias.asname}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


@pytest.mark.parametrize(("folder", "name"), OFFERS.items())
def test_every_row_has_its_files_and_every_file_its_row(folder: str, name: str) -> None:
    assert offering(folder, name) == {row.module for row in FAMILIES.values()}


def test_a_file_without_a_row_is_seen() -> None:
    assert given(ast.parse("IN_WORDS = Words()").body[0]) == {"IN_WORDS"}  # type: ignore[arg-type]
    assert offering("scenario/resolving", "RESOLVER") != {row.module for row in FAMILIES.values()}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_files_of_a_family_offer_what_its_row_promises(family: str) -> None:
    row, settings = FAMILIES[family], SETTINGS[family]
    assert issubclass(settings, FamilySettings)
    written = row.written or family
    assert settings.model_fields["family"].default == written
    assert written in settings.model_fields, "a family is named by the setting that states it"
    assert settings.distribution == row.distribution
    assert named_family(written, row.distribution) == family
    assert row.measure in settings.measures
    assert set(settings.measures) <= set(MEASURES)
    named = (*settings.by_treatment, *settings.may_be_uncertain, *settings.loose, *settings.renamed)
    assert set(named) <= settings.model_fields.keys()
    assert isinstance(resolver_of(family), FamilyResolver)
    assert isinstance(in_words_of(family), FamilyInWords)
    assert (PACKAGE / f"kernels/generate/{family_named(family).kernel}.py").is_file()


def test_modules_are_named_once() -> None:
    assert len({row.module for row in FAMILIES.values()}) == len(FAMILIES)


# Nobody else asks


def own(path: Path) -> bool:
    """Whether a file belongs to a family."""
    folder = path.relative_to(PACKAGE)
    for place in OFFERS:
        inside = Path(place) in folder.parents
        named = inside and folder.relative_to(place).parts[0].removesuffix(".py")
        if inside and named in {row.module for row in FAMILIES.values()}:
            return True
    return folder == Path("scenario/vocabulary.py")


def asking(source: str) -> Iterator[tuple[int, str]]:
    """Lines that ask which family a hypothesis is of: by its class, or by the name of the family."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if by_class(node) or by_name(node):
            yield node.lineno, ast.unparse(node)  # type: ignore[attr-defined]


def by_class(node: ast.AST) -> bool:
    """The settings of a family in isinstance, issubclass or cast, `case Means():`, `type(h) is Means`, or
    imported."""
    if isinstance(node, ast.ImportFrom):
        of_families = (node.module or "").startswith("planner.scenario.families")
        return of_families and any(alias.name in CLASSES for alias in node.names)
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        return name in ("isinstance", "issubclass", "cast") and any(map(names_class, node.args))
    if isinstance(node, ast.MatchClass):
        return names_class(node.cls)
    if isinstance(node, ast.Compare):
        return any(isinstance(each, ast.Name) and each.id in CLASSES for each in sides(node))
    return False


def names_class(node: ast.AST) -> bool:
    """Whether the class of a family's settings is part of an expression."""
    return any(
        (each.id if isinstance(each, ast.Name) else each.attr) in CLASSES
        for each in ast.walk(node)
        if isinstance(each, ast.Name | ast.Attribute)
    )


def by_name(node: ast.AST) -> bool:
    """Comparing something of families with the name of one, looking one up, a list of nothing else."""
    if isinstance(node, ast.Compare):
        return any(map(is_name, sides(node))) and any("famil" in ast.unparse(each) for each in sides(node))
    if isinstance(node, ast.Match):
        cases = [each for case in node.cases for each in ast.walk(case.pattern)]
        return "famil" in ast.unparse(node.subject) and any(
            is_name(each.value) for each in cases if isinstance(each, ast.MatchValue)
        )
    if isinstance(node, ast.Subscript):
        return "famil" in ast.unparse(node.value) and is_name(node.slice)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return "famil" in ast.unparse(node.func) and any(map(is_name, node.args))
    if isinstance(node, ast.Dict):
        return lists_names(node.keys)
    return isinstance(node, ast.Tuple | ast.List | ast.Set) and lists_names(node.elts)


def lists_names(parts: Sequence[ast.AST | None]) -> bool:
    """Whether these are two or more names of families and nothing else."""
    return len(parts) > 1 and all(part is not None and is_name(part) for part in parts)


def sides(node: ast.Compare) -> list[ast.expr]:
    """What is compared; of a list of constants its elements."""
    parts = [node.left, *node.comparators]
    return [e for p in parts for e in (p.elts if isinstance(p, ast.Tuple | ast.List | ast.Set) else [p])]


def is_name(node: ast.AST) -> bool:
    """Whether it is the name of a family as a constant."""
    return isinstance(node, ast.Constant) and node.value in FAMILIES


@pytest.mark.parametrize(
    "code",
    [
        "isinstance(h, Means)",
        "isinstance(h, Means | Rates)",
        "isinstance(h, (means.Means, int))",
        "match h:\n    case MechanismHypothesis():\n        pass",
        "type(h) is Rates",
        "from planner.scenario.families.means import Means as M",
        "cast(Means, h)",
        "h.family == 'terms'",
        "h.family in ('terms', 'other')",
        "'terms' in draft.first_of_family",
        "first_of_family['rates']",
        "families.get('means')",
        "match h.family:\n    case 'terms':\n        pass",
        "for family in ('means', 'rates'): pass",
        "x = {'means': 1, 'terms': 2}",
    ],
)
def test_a_question_after_the_family_is_seen(code: str) -> None:
    assert list(asking(code))


@pytest.mark.parametrize(
    "code",
    [
        "isinstance(h, FamilySettings)",
        "from planner.scenario.families.means import BaselineCorrelation",
        "observed.use == 'means'",
        "('responders', 'means', 'rates')",
        "stated['rates']",
        "SETTINGS[h.family].measures",
        "h.family == family",
    ],
)
def test_other_questions_are_none(code: str) -> None:
    assert not list(asking(code))


def others() -> dict[str, list[tuple[int, str]]]:
    """Where files that belong to no family ask which one it is."""
    places = {
        str(path.relative_to(PACKAGE)): list(asking(path.read_text(encoding="utf-8")))
        for path in sorted(PACKAGE.rglob("*.py"))
        if not own(path)
    }
    return {file: lines for file, lines in places.items() if lines}


def test_nobody_else_asks_which_family_it_is() -> None:
    assert others() == {}


def test_the_files_of_families_do_ask() -> None:
    """The search goes through files that it would refuse if they were others'."""
    inside = [path for path in PACKAGE.rglob("*.py") if own(path)]
    assert any(list(asking(path.read_text(encoding="utf-8"))) for path in inside)
