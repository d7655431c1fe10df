"""docs/dependencies.md against the metadata of what is installed: names and licences."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import metadata

import pytest

from tests.support.paths import ROOT

ROOT = ROOT
OTHERWISE = re.compile("extra|sys_platform|platform_system")
"""In the condition of a need: that it is one of an option, or of another system."""
FAMILIES = ("Apache", "BSD", "GPL", "ISC", "MIT", "MPL", "PSF")


def tables() -> list[dict[str, str]]:
    """The licence of each package in the two tables of the page."""
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    parts = re.findall(r"^\| package .*?\n\|[-|]+\n(.*?)(?:\n\n|\Z)", text, re.M | re.S)
    return [{row[0]: row[2] for row in map(cells, each.split("\n"))} for each in parts]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def asked_for() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [name_of(each) for each in project["dependencies"]]


def brought_along() -> set[str]:
    """What is installed of all that planner needs, and of what that needs."""
    known: set[str] = set()
    waiting = asked_for()
    while waiting:
        name = waiting.pop()
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # of another system or an older Python
            continue
        if name not in known:
            known.add(name)
            waiting += [name_of(each) for each in needs if not OTHERWISE.search(each.partition(";")[2])]
    return known


def families(text: str) -> set[str]:
    return {each for each in FAMILIES if each.lower() in text.lower()}


def licence_of(package: str) -> str:
    """What the package says of its licence."""
    about = metadata.metadata(package)
    stated = about.get("License-Expression")
    if stated:
        return str(stated)
    kinds = [each for each in about.get_all("Classifier") or [] if each.startswith("License ::")]
    return "; ".join(kinds) or str(about.get("License"))


def wrong(rows: Mapping[str, str], licences: Mapping[str, str]) -> list[str]:
    """Packages that no row names, or whose licence is of a family that their row does not name."""
    missing = [f"{name} is not listed" for name in licences if name not in rows]
    other = [
        f"{name} says {licence}"
        for name, licence in licences.items()
        if name in rows and not (families(licence) and families(licence) <= families(rows[name]))
    ]
    return missing + other


def test_the_page_lists_what_is_installed_under_its_licence() -> None:
    direct, others = tables()
    assert list(direct) == asked_for()
    assert not direct.keys() & others.keys()
    assert wrong(direct | others, {name: licence_of(name) for name in brought_along()}) == []


@pytest.mark.parametrize(
    ("licences", "says"),
    [
        ({"numba": "BSD-2-Clause"}, []),
        ({"numba": "GPL-3.0"}, ["numba says GPL-3.0"]),
        ({"numba": "unheard of"}, ["numba says unheard of"]),
        ({"left-pad": "MIT"}, ["left-pad is not listed"]),
    ],
)
def test_what_is_wrong_is_noticed(licences: dict[str, str], says: list[str]) -> None:
    assert wrong({"numba": "BSD-2-Clause"}, licences) == says
