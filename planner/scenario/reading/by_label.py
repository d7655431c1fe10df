"""Labels in `--set`: a hypothesis or treatment by what it is called, where the file has its name.

--set 'hypotheses."Nothing works".prior=2'
--set 'analyses.0.contrast=["new drug", "placebo"]'
"""

from __future__ import annotations

from planner.errors import UnknownNameError
from planner.scenario.faults import Path
from planner.scenario.labels import Labels, labels_of, name_called
from planner.scenario.tree import Tree

_TABLES = ("hypotheses", "treatments", "agents", "signals", "components", "outcomes")
_BY_TREATMENT = {
    "hypotheses": ("means", "rates", "sd", "sd_within", "carryover", "discordant"),
    "observed": ("responders", "remitters", "means"),
    "analyses": ("contrast",),
}
"""Settings whose tables and lists go by treatments."""


def named(data: Tree, path: Path, value: object) -> tuple[Path, object]:
    """The path and the value of a setting, with names in place of labels.

    What is no label stays as it is. Raises UnknownNameError for a label that several have.
    """
    if len(path) < 2:
        return path, value
    root, key, *rest = path
    if root in _TABLES:
        key = _name(key, labels_of(data.get(str(root))), str(root))
    place = 1 if root == "observed" else 2
    whole = [root, key, *rest]
    if len(whole) > place and whole[place] in _BY_TREATMENT.get(str(root), ()):
        treatments = labels_of(data.get("treatments"))
        whole[place + 1 :] = [_name(part, treatments, "treatments") for part in whole[place + 1 :]]
        value = _with_names(value, treatments)
    return tuple(whole), value


def _name(part: str | int, labels: Labels, kinds: str) -> str | int:
    """The name of which this is the label; the part itself where it is none."""
    if not isinstance(part, str) or part in labels:
        return part
    try:
        return name_called(part, labels, kinds, kinds)
    except UnknownNameError as error:
        if error.several:
            raise
        return part


def _with_names(value: object, treatments: Labels) -> object:
    """Keys of a table and elements of a list by name."""
    if isinstance(value, dict):
        return {_name(key, treatments, "treatments"): inner for key, inner in value.items()}
    if isinstance(value, list):
        return [_name(each, treatments, "treatments") if isinstance(each, str) else each for each in value]
    return value
