"""Scenario files that extend others: what comes from where, and faults in the file that they stand in."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.scenario import catalogue
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.faults import Fault, ScenarioError
from planner.scenario.reading.read import open_source, read, read_text
from planner.scenario.scenario import Scenario

PARENT = """
schema_version = 1
title = "Parent"
assumed = ["agents.drug", "signals", "design.patients", "components.main.size.mean", "hypotheses"]

[[citations]]
key = "both"
text = "In both files"
supports = ["design"]

[[citations]]
key = "of-agents"
text = "Occupancy and half-life"
supports = ["agents.drug.occupancy", "agents.drug.half_life_days"]

[[citations]]
key = "of-patients"
text = "How many"
supports = ["design.patients"]

[agents.drug]
label = "the drug"
occupancy = 0.9
half_life_days = 3

[agents.blocker]

[treatments]
D = { agents = ["drug"] }
DB = { agents = ["drug", "blocker"] }

[design]
sequences = ["D DB", "DB D"]
patients = 20
washout_days = 14

[population]
baseline = { mean = 26, sd = 3.5 }

[signals]
main = { activated_by = { drug = 1 }, blocked_by = { blocker = 1 } }

[components.main]
share = 0.5
size = { mean = 0.5, sd = 0.1 }
half_life_days = 8

[hypotheses.direct]
terms = [{ component = "main", needs = ["main"] }]

[[analyses]]
name = "first"

[[analyses]]
name = "second"
method = "paired-t"
"""

CHILD = """
extends = "parent.toml"
title = "Child"
assumed = ["components.main.share"]

[[citations]]
key = "both"
text = "The later one"
supports = ["design.patients"]

[agents.drug]
half_life_days = 4

[components.main]
share = 0.7

[design]
patients = 30

[[analyses]]
alpha = 0.01
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parent.toml").write_text(PARENT, encoding="utf-8")
    (tmp_path / "child.toml").write_text(CHILD, encoding="utf-8")
    return tmp_path


def child(folder: Path, change: tuple[str, str] = ("", ""), *settings: str) -> Scenario:
    text = CHILD.replace(*change) if change[0] else CHILD
    (folder / "child.toml").write_text(text, encoding="utf-8")
    return read(folder / "child.toml", settings)


def faults(folder: Path, change: tuple[str, str] = ("", ""), *settings: str) -> list[Fault]:
    with pytest.raises(ScenarioError) as caught:
        child(folder, change, *settings)
    return caught.value.faults


def test_tables_merge_and_lists_replace(folder: Path) -> None:
    scenario = child(folder)
    assert (scenario.name, scenario.title) == ("child", "Child")
    assert scenario.agents["drug"].occupancy == 0.9
    assert scenario.agents["drug"].half_life_days == 4.0
    assert scenario.components["main"].share == 0.7
    assert scenario.components["main"].size.mean == 0.5
    assert (scenario.design.patients, scenario.design.washout_days) == (30, 14.0)
    assert [(a.name, a.alpha) for a in scenario.analyses] == [("hills-armitage", 0.01)]
    assert isinstance(scenario.hypotheses["direct"], MechanismHypothesis)


def test_full_form_extends_nothing_and_stays_as_it_is(folder: Path) -> None:
    scenario = child(folder)
    text = to_toml(scenario)
    assert "extends" not in text
    again = read_text(text)
    assert resolve(again) == resolve(scenario)
    assert digest(again) == digest(scenario)


def test_sources_are_put_together(folder: Path) -> None:
    """The later file's own first; what it sets anew is no longer covered by the earlier file's words."""
    scenario = child(folder)
    assert [(c.key, c.text, c.supports) for c in scenario.citations] == [
        ("both", "The later one", ("design.patients",)),
        ("of-agents", "Occupancy and half-life", ("agents.drug.occupancy",)),
    ]
    assert scenario.assumed == (
        "components.main.share",
        "agents.drug.occupancy",
        "signals",
        "components.main.size.mean",
        "hypotheses",
    )


def test_what_is_assumed_again_is_said_once(folder: Path) -> None:
    scenario = child(folder, ('"components.main.share"', '"components", "signals"'))
    assert scenario.assumed == ("components", "signals", "agents.drug.occupancy", "hypotheses")


def test_faults_stand_in_the_file_that_has_them(folder: Path) -> None:
    parent = PARENT.replace("sd = 0.1", "sd = -0.1").replace('needs = ["main"]', 'needs = ["mian"]')
    parent = parent.replace('"signals", "design.patients"', '"signls", "design.patients"')
    (folder / "parent.toml").write_text(parent, encoding="utf-8")
    found = faults(folder, ("alpha = 0.01", "alpha = 5\nday = 1"), "design.block=0")
    assert [(Path(f.file).name, f.line, f.column, f.path) for f in found] == [
        ("child.toml", 21, 9, "analyses.0.alpha"),
        ("parent.toml", 4, 27, "assumed.1"),
        ("parent.toml", 45, 27, "components.main.size.sd"),
        ("parent.toml", 49, 41, "hypotheses.direct.terms.0.needs.0"),
        ("--set", 1, 14, "design.block"),
    ]
    assert found[1].file == str(folder / "parent.toml")
    assert found[2].source_line == "size = { mean = 0.5, sd = -0.1 }"
    assert found[3].hint == "did you mean main?"


def test_missing_setting_is_looked_for_where_its_table_begins(folder: Path) -> None:
    (folder / "parent.toml").write_text(PARENT.replace("half_life_days = 8\n", ""), encoding="utf-8")
    (found,) = faults(folder)
    assert (Path(found.file).name, found.line, found.path) == ("child.toml", 14, "components.main")


def test_source_of_the_parent_that_supports_nothing(folder: Path) -> None:
    parent = PARENT.replace('_life_days"]', '_life_days", "agents.drug.halflife"]')
    (folder / "parent.toml").write_text(parent, encoding="utf-8")
    (found,) = faults(folder)
    assert (Path(found.file).name, found.line, found.path) == ("parent.toml", 14, "citations.1.supports.2")
    assert found.source_line[found.column - 1 :].startswith('"agents.drug.halflife"')


def test_syntax_fault_of_the_parent(folder: Path) -> None:
    (folder / "parent.toml").write_text(PARENT + "\nx = = 1\n", encoding="utf-8")
    (found,) = faults(folder)
    assert Path(found.file).name == "parent.toml"
    assert "not valid TOML" in found.message


@pytest.mark.parametrize(
    ("extends", "message", "hint"),
    [
        ("parnt.toml", "there is no file parnt.toml", "did you mean parent.toml?"),
        ("", "there is no file", ""),
        (".", "there is no file", ""),
        ("a\\u0000b", "there is no file", ""),
        ("x" * 300, "there is no file", ""),
        ("child.toml", "leads back to", ""),
        ("../parent.toml", "must lie in the folder", ""),
        ("sub/../parent.toml", "must lie in the folder", ""),
        ("/etc/passwd", "must lie in the folder", ""),
        ("C:\\\\parent.toml", "must lie in the folder", ""),
        ("..\\\\parent.toml", "must lie in the folder", ""),
        ("link.toml", "is a link to a file outside", ""),
        ("linked/outside.toml", "is a link to a file outside", ""),
        ("library/ketamine-opoid.toml", "there is no file", "did you mean library/ketamine-opioid.toml?"),
    ],
)
def test_what_cannot_be_extended(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, extends: str, message: str, hint: str
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "outside.toml"
    outside.write_text(PARENT, encoding="utf-8")
    (folder / "link.toml").symlink_to(outside)
    (folder / "linked").symlink_to(outside.parent)
    (found,) = faults(folder, ("parent.toml", extends))
    assert (Path(found.file).name, found.line, found.column, found.path) == ("child.toml", 2, 11, "extends")
    assert message in found.message
    assert hint in found.hint


def test_a_link_inside_the_folder_is_followed(folder: Path) -> None:
    (folder / "alias.toml").symlink_to(folder / "parent.toml")
    assert child(folder, ("parent.toml", "alias.toml")).agents["drug"].occupancy == 0.9


def test_chains(folder: Path) -> None:
    """Child of a child of a child; a cycle further on is a fault of the file that closes it."""
    (folder / "low.toml").write_text('extends = "sub/middle.toml"\nagents.drug.occupancy = 0.7', "utf-8")
    (folder / "sub").mkdir()
    (folder / "sub" / "middle.toml").write_text('extends = "top.toml"\ndesign.washout_days = 21', "utf-8")
    (folder / "sub" / "top.toml").write_text(PARENT, "utf-8")
    scenario = child(folder, ("parent.toml", "low.toml"))
    assert (scenario.design.patients, scenario.design.washout_days) == (30, 21.0)
    assert scenario.agents["drug"].occupancy == 0.7
    assert scenario.agents["drug"].half_life_days == 4.0
    (folder / "sub" / "top.toml").write_text('extends = "middle.toml"\n' + PARENT, "utf-8")
    (found,) = faults(folder, ("parent.toml", "low.toml"))
    assert found.file == str(folder / "sub" / "top.toml")
    assert (found.line, found.path) == (1, "extends")


def test_chains_end(folder: Path) -> None:
    for i in range(8):
        (folder / f"{i}.toml").write_text(f'extends = "{i + 1}.toml"', "utf-8")
    (found,) = faults(folder, ("parent.toml", "0.toml"))
    assert "more than 5 files" in found.message


def test_another_version_of_the_format(folder: Path) -> None:
    (folder / "parent.toml").write_text(PARENT.replace("schema_version = 1", "schema_version = 2"), "utf-8")
    (found,) = faults(folder)
    assert (Path(found.file).name, found.line, found.path) == ("parent.toml", 2, "schema_version")


def test_the_catalogue_can_be_extended_from_anywhere(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'extends = "williams-2018.toml"\n[design]\npatients = 40\n[monitoring]\nlooks = [20, 40]\n'
    )
    scenario = read(file)
    assert scenario.design.patients == 40
    assert scenario.agents["naltrexone"].half_life_days == 3.75
    text = file.read_text()
    assert resolve(read_text(text)) == resolve(scenario)


def test_own_folder_comes_before_the_catalogue(folder: Path) -> None:
    (folder / "library").mkdir()
    (folder / "library" / "ketamine-opioid.toml").write_text(PARENT, "utf-8")
    assert "drug" in child(folder, ("parent.toml", "library/ketamine-opioid.toml")).agents


def test_set_reaches_what_is_inherited_and_extends_itself(folder: Path) -> None:
    scenario = child(folder, ("", ""), "agents.drug.occupancy=.5", "treatments.DB.agents=['drug']")
    assert scenario.agents["drug"].occupancy == 0.5
    alone = CHILD.replace('extends = "parent.toml"\n', "")
    (folder / "alone.toml").write_text(alone, "utf-8")
    assert read(folder / "alone.toml", ["extends=parent.toml"]).agents["drug"].occupancy == 0.9
    with pytest.raises(ScenarioError) as caught:
        read(folder / "alone.toml", ["title=x", "extends=nothing.toml"])
    (found,) = caught.value.faults
    assert (found.file, found.line, found.column) == ("--set", 2, 9)


def test_what_the_files_state(folder: Path) -> None:
    stated = open_source(folder / "child.toml").written(["design.block=2"])
    assert stated["design"] == {
        "sequences": ["D DB", "DB D"],
        "patients": 30,
        "washout_days": 14,
        "block": 2,
    }
    assert stated["analyses"] == [{"alpha": 0.01}]


def test_the_library_is_no_trial() -> None:
    assert (catalogue.folder() / "library" / "ketamine-opioid.toml").is_file()
    assert not any("opioid" in name for name in catalogue.names())
    assert catalogue.find("library/ketamine-opioid") is None
    with pytest.raises(ScenarioError) as caught:
        read(catalogue.folder() / "library" / "ketamine-opioid.toml")
    assert "`design` is missing" in str(caught.value)


def test_a_later_file_may_say_the_design_in_the_other_way(tmp_path: Path) -> None:
    """Sequences stand in place of a design's name and arms, and the other way round."""
    named = PARENT.replace('sequences = ["D DB", "DB D"]', 'name = "AB/BA"\narms = ["D", "DB"]')
    analysis = '[[analyses]]\nmethod = "fixed-subject"\ncontrast = ["D", "DB"]\n'
    listed = 'extends = "parent.toml"\n[design]\nsequences = ["D DB DB", "DB D D"]\n'
    (tmp_path / "parent.toml").write_text(named)
    (tmp_path / "child.toml").write_text(listed + analysis)
    assert read(tmp_path / "child.toml").design.sequences == (("D", "DB", "DB"), ("DB", "D", "D"))
    (tmp_path / "parent.toml").write_text(PARENT)
    (tmp_path / "child.toml").write_text(
        'extends = "parent.toml"\n[design]\nname = "balaam"\narms = ["D", "DB"]\n' + analysis
    )
    assert len(read(tmp_path / "child.toml").design.sequences) == 4
