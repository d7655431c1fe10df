"""What a scenario states, as a key: equal keys, equal answers before anything is simulated."""

from __future__ import annotations

import hashlib

from planner.scenario.scenario import Scenario

_ASIDE = {"title", "question", "notes", "citations", "assumed", "simulation", "sweep", "observed"}


def stated_key(scenario: Scenario) -> str:
    """SHA-256 of all that a design and its hypotheses state, but not of the code of a user's own analysis."""
    return hashlib.sha256(scenario.model_dump_json(exclude=_ASIDE).encode()).hexdigest()
