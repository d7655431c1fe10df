"""The digest of a scenario: what it leaves out, and that later settings change no earlier digest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from planner import read
from planner.scenario import catalogue
from planner.scenario.canonical.resolved import _plain, digest
from planner.scenario.fields import Number, Settings, about
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.commands import SCENARIO, Cli, cli
from tests.support.paths import NUMBERS

__all__ = ["cli"]

DATA = NUMBERS
WITH_OBSERVED = SCENARIO + "\n[observed]\nmeans = { A = { mean = 4, n = 20 }, B = { mean = 0, n = 20 } }\n"


@pytest.mark.parametrize(
    "setting",
    [
        "title=Other",
        "question='Why?'",
        "treatments.A.label=other",
        "hypotheses.expected.label=other",
        "hypotheses.expected.prior=3",
        'simulation.hypotheses=["expected"]',
        "simulation.trials=7",
        "simulation.seed=8",
        "observed.means.A.mean=5",
        'observed.citation="x"',
        'assumed=["design"]',
        "sweep={ 'design.patients' = [12, 24] }",
    ],
)
def test_what_is_no_part_of_what_is_simulated(setting: str) -> None:
    source = WITH_OBSERVED
    if "citation" in setting:
        source += '\n[[citations]]\nkey = "x"\ntext = "A source"\n'
    assert digest(read_text(source, set=[setting])) == digest(read_text(WITH_OBSERVED))
    assert digest(read_text(WITH_OBSERVED)) == digest(read_text(SCENARIO))


def test_what_is_simulated_is_in_it() -> None:
    for setting in ("design.patients=26", "hypotheses.expected.means.A=6", "analyses.0.alpha=0.04"):
        assert digest(read_text(SCENARIO, set=[setting])) != digest(read_text(SCENARIO))


def test_every_command_names_a_file_alike(cli: Cli) -> None:
    """Before: `--hypothesis` gave `run` and `size` another digest than each other, and than `weigh`."""
    Path("both.toml").write_text(WITH_OBSERVED)
    few = ["--trials", "200"]
    words = [
        ["run", *few, "--hypothesis", "expected"],
        ["run", *few],
        ["run", *few, "--sensitivity", "--hypothesis", "expected"],
        ["size", *few, "--power", ".2", "--hypothesis", "expected"],
        ["weigh", "--prior", "expected=2", "--virtual-patients", "128"],
        ["trial", "--hypothesis", "none"],
    ]
    found = {
        json.loads(cli(name, "both.toml", *rest, "-q", "--json")[1])["scenario"]["digest"]
        for name, *rest in words
    }
    assert found == {digest(read("both.toml"))}


def test_digests_of_the_catalogue_stay() -> None:
    """Adding a setting changes none; whoever changes what a file says of a trial says so here too."""
    known = json.loads((DATA / "scenario_digests.json").read_text(encoding="utf-8"))
    assert {name: digest(read(name)) for name in catalogue.names()} == known


# Settings of later versions


class Inner(Settings):
    old: Annotated[Number, about("Of the first version")] = 1.0
    new: Annotated[Number, about("Of a later version", since="0.2.0")] = 5.0


class Outer(Settings):
    inner: Annotated[Inner, about("A table")] = Inner()
    several: Annotated[tuple[Inner, ...], about("Tables")] = ()
    table: Annotated[Inner, about("A table of a later version", since="0.2.0")] = Inner()


def test_a_later_setting_counts_only_where_it_is_not_as_it_was_before() -> None:
    def counted(value: Outer) -> Any:
        return _plain(value, labels=False)

    usual = Outer(inner=Inner(old=2.0), several=(Inner(),))
    assert counted(usual) == {"inner": {"old": 2.0}, "several": [{"old": 1.0}]}
    stated = Outer(inner=Inner(old=2.0, new=5.0), several=(Inner(new=5.0),), table=Inner(old=1.0))
    assert counted(stated) == counted(usual)  # whether it was written makes no difference
    other = Outer(inner=Inner(new=6.0), table=Inner(old=3.0))
    assert counted(other) == {"inner": {"old": 1.0, "new": 6.0}, "table": {"old": 3.0}}
    assert _plain(usual, labels=True)["inner"]["new"] == 5.0  # the full form tells every setting


CALLED = {
    "EndpointScale": "Scale",
    "MechanismHypothesis": "Terms",
    "ObservedPairs": "Pairs",
    "PlannedAnalysis": "Analysis",
    "Scale": "OutcomeScale",
    "SecondaryOutcome": "Outcome",
    "SimulationSettings": "Simulation",
    "SizeSpread": "Spread",
}
"""What the tables of settings were called in version 0.1.0, where that was another name."""


def settings_of(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[tuple[str, Any]]:
    """`Design.patients` and how it is declared, of a table and of all the tables in it."""
    if model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        yield f"{CALLED.get(model.__name__, model.__name__)}.{name}", field
        for part in tables_in(field.annotation):
            yield from settings_of(part, seen)


def tables_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in (*getattr(annotation, "__args__", ()), *getattr(annotation, "__metadata__", ())):
        yield from tables_in(part)


def test_every_later_setting_says_so() -> None:
    """A setting that version 0.1.0 did not have needs `since` and a default, or earlier digests change."""
    first = set(json.loads((DATA / "settings_of_0_1_0.json").read_text(encoding="utf-8")))
    now = dict(settings_of(Scenario, set()))
    assert first <= now.keys()
    for path in now.keys() - first:
        table, _ = path.split(".")
        if not any(known.startswith(f"{table}.") for known in first):
            continue  # in a table that is new itself, and is left out as a whole
        extra = now[path].json_schema_extra or {}
        if extra.get("digest") is False:
            continue  # a label
        assert re.fullmatch(r"\d+\.\d+(\.\d+)?", extra.get("since", "")), path
        assert not now[path].is_required(), path
