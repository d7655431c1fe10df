"""The full form is a fixed point, the digest sees every setting and no label, the schema fits the files."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from planner.scenario import catalogue, vocabulary
from planner.scenario.canonical.json_schema import schema
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.faults import ScenarioError, dotted
from planner.scenario.reading.read import read, read_text
from tests.support.paths import INPUTS

TESTS = INPUTS
VALID = sorted((TESTS / "valid").glob("*.toml"))
SHIPPED = sorted(catalogue.folder().glob("*.toml"))
EVERYTHING = TESTS / "valid" / "everything.toml"
MECHANISMS = TESTS / "valid" / "mechanisms.toml"
SECONDS = TESTS / "valid" / "second-outcomes.toml"


@pytest.mark.parametrize("path", VALID + SHIPPED, ids=lambda path: path.stem)
def test_full_form_is_a_fixed_point(path: Path) -> None:
    scenario = read(path)
    text = to_toml(scenario)
    again = read_text(text, path.name)
    assert resolve(again) == resolve(scenario) == tomllib.loads(text)
    assert to_toml(again) == text
    assert digest(again) == digest(scenario)
    assert again == scenario


def leaves(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every plain value of a resolved scenario."""
    inside = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if inside is None:
        return [above]
    return [path for part, item in inside for path in leaves(item, (*above, part))]


# What may change without changing the results of a trial.
LABELS = {"title", "question", "notes", "citations", "assumed"}


def is_label(path: tuple[Any, ...]) -> bool:
    return (
        path[0] in LABELS
        or path[-1] in ("label", "dose")
        or path == ("endpoint", "scale", "name")
        or path in (("simulation", "trials"), ("simulation", "seed"))
    )


# Another sound value where a little more of a number or another text is none; None: there is no other.
OTHER: dict[tuple[Any, ...], str | None] = {
    ("schema_version",): None,
    ("blinding", "expectancy", "combine"): '"replace"',
    ("design", "baselines"): '"first"',
    ("endpoint", "measure"): None,
    ("endpoint", "baseline"): None,
    ("endpoint", "scale", "better"): '"higher"',
    ("monitoring", "futility", "under"): '"null"',
    # These move other settings with them and have tests of their own below.
    ("analyses", 0, "carryover"): None,
    ("analyses", 1, "carryover"): None,
    ("analyses", 2, "carryover"): None,
    ("design", "patients"): None,
    ("monitoring", "looks", 2): None,
    ("monitoring", "efficacy", "rule"): None,
    ("monitoring", "futility", "rule"): None,
}
BY_NAME: dict[str, str | None] = {
    "family": None,
    "role": None,
    "method": None,
    "contrast": None,
    "sequences": None,
    "hypotheses": None,
    "assumed": None,
    "supports": None,
    "agent": None,
    "component": None,
    "signal": None,
    "outcome": None,
    "active": None,
    "distribution": '"normal"',
    "better": '"higher"',
    "combine": '"max"',
    "base": "0.25",
    "when": '"onset"',
    "assessment_days": None,
    "day": None,
    "measure": None,
    "entry": None,
    "carryover_lasts": '"lasting"',
    "alternative": '"two-sided"',
}


def another(path: tuple[Any, ...], old: Any) -> str | None:
    """Another value for the setting, as TOML; None where there is no other."""
    name = next(part for part in path[::-1] if isinstance(part, str))
    if path in OTHER or name in BY_NAME:
        new = OTHER.get(path, BY_NAME.get(name))
    elif isinstance(old, bool):
        new = str(not old).lower()
    elif isinstance(old, str):
        new = f'"{name}x"'
    else:
        step = -1 if old > 2**62 else 1
        new = str(old + step if isinstance(old, int) else 0.97 * old + 0.004)
    return None if new == f'"{old}"' else new


# Settings of the files of mechanisms that leave no choice.
FIXED = [("population", "sequence_effect"), ("endpoint", "scale", "better"), ("monitoring", "looks", 1)]


@pytest.mark.parametrize("path", [EVERYTHING, MECHANISMS, SECONDS], ids=lambda path: path.stem)
def test_digest_sees_every_setting_and_no_label(path: Path) -> None:
    scenario = read(path)
    text, full, before = to_toml(scenario), resolve(scenario), digest(scenario)
    seen = 0
    for leaf in leaves(full):
        old: Any = full
        for part in leaf:
            old = old[part]
        new = another(leaf, old)
        if new is not None and not (
            path != EVERYTHING and any(leaf[: len(fixed)] == fixed for fixed in FIXED)
        ):
            other = digest(read_text(text, set=[f"{dotted(leaf)}={new}"]))
            assert (other == before) == is_label(leaf), leaf
            seen += 1
    assert seen > 80


@pytest.mark.parametrize(
    "setting",
    [
        'analyses.0.contrast=["placebo", "high"]',
        "monitoring.efficacy={rule='pocock'}",
        "monitoring.futility={rule='none'}",
        "monitoring.looks=[0.3, 0.6, 1]",
        "hypotheses.unequal.sd_interaction=0.5",
        "design.allocation=[1, 1, 1, 1, 2, 1]",
        "design.assessment_days=[1, 3]",
        "endpoint.day=3",
        "endpoint.measure=change",
        "analyses.1.name=other",
        'design.arms=["placebo", "high", "low-dose"]',
    ],
)
def test_digest_sees_changes_of_several_settings(setting: str) -> None:
    assert digest(read(EVERYTHING, set=[setting])) != digest(read(EVERYTHING))


def test_digest_does_not_see_how_it_is_written() -> None:
    text = (TESTS / "valid" / "minimal.toml").read_text(encoding="utf-8")
    wanted = digest(read_text(text))
    other = """
        # Another order, another spelling, defaults written out.
        simulation = { trials = 7, seed = 99 }
        hypotheses.effect = { sd_between = 5.0, sd_within = { B = 4, A = 4 }, means = { B = 20.0, A = 17.0 } }
        title = "Another title"
        schema_version = 1
        monitoring = { looks = [1.0] }
        population = { dropout = { per_period = 0 }, period_effect = [0, -0.0] }
        [treatments]
        B.label = "second"
        A.label = "first"
        [design]
        patients = 24
        name = "AB/BA"
        arms = ["A", "B"]
        [[analyses]]
        method = "hills-armitage"
    """
    assert digest(read_text(other)) == wanted


def test_order_of_hypotheses_is_no_setting() -> None:
    text = EVERYTHING.read_text(encoding="utf-8")
    swapped = text.replace('["unequal", "a.b"]', '["a.b", "unequal"]')
    assert swapped != text
    assert digest(read_text(swapped)) == digest(read_text(text))


def test_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema())


@pytest.mark.parametrize("path", VALID + SHIPPED, ids=lambda path: path.stem)
def test_files_fit_the_schema(path: Path) -> None:
    validator().validate(tomllib.loads(path.read_text(encoding="utf-8")))
    validator().validate(resolve(read(path)))


MEASURES = ["score", "change", "percent-change", "response", "remission"]

# Faults that a schema can see; the others need more than one setting.
SEEN_BY_SCHEMA = [
    "unknown-key",
    "missing-sections",
    "whole-number",
    "percentage",
    "unknown-scale",
    "unknown-rule",
]


@pytest.mark.parametrize("name", SEEN_BY_SCHEMA)
def test_schema_refuses(name: str) -> None:
    """Negative control: the schema is not one that accepts everything."""
    data = tomllib.loads((TESTS / "invalid" / f"{name}.toml").read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        validator().validate(data)


def test_schema_describes_every_setting() -> None:
    def check(node: Any) -> None:
        for name, setting in node.get("properties", {}).items():
            assert setting.get("description"), name

    whole = schema()
    check(whole)
    for definition in whole["$defs"].values():
        check(definition)
    assert whole["$defs"]["Design"]["properties"]["washout_days"]["unit"] == "days"


@pytest.mark.parametrize("model", ["Endpoint", "PlannedAnalysis"])
def test_measures_are_those_of_the_vocabulary(model: str) -> None:
    """The schema offers all of them and no others, and what it does not offer is refused in a file, too."""
    offered, _ = schema()["$defs"][model]["properties"]["measure"]["anyOf"]
    assert offered["enum"] == list(vocabulary.MEASURES) == MEASURES
    path = {"Endpoint": "endpoint", "PlannedAnalysis": "analyses.0"}[model]
    with pytest.raises(ScenarioError, match="miracle"):
        read(EVERYTHING, set=[f"{path}.measure=miracle"])
