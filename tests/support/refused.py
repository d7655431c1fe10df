"""What is wrong with a scenario that is refused, for tests."""

from __future__ import annotations

import pytest

from planner.scenario.faults import Fault, ScenarioError
from planner.scenario.reading.read import read_text


def faults(text: str, *settings: str) -> list[Fault]:
    """Everything that is wrong with the text as `trial.toml`; it must be refused."""
    with pytest.raises(ScenarioError) as caught:
        read_text(text, "trial.toml", settings)
    return caught.value.faults


def faults_in_words(text: str) -> list[str]:
    """The same, each with its place and what to do."""
    return [f"{fault.path}: {fault.message} -> {fault.hint}" for fault in faults(text)]
