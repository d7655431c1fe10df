"""Where a result comes from: of which scenario, by which version, how fast, and the name of the answer."""

from __future__ import annotations

from planner._version import __version__
from planner.results.contract import Json
from planner.scenario.canonical.resolved import digest
from planner.scenario.scenario import Scenario

ENGINE = "2"
"""Changes when the same scenario and seed give other trials."""


def scenario_named(name: str, scenario: Scenario) -> Json:
    """The `scenario` of a result; with the user's own analyses, where it uses any."""
    named: Json = {"name": name, "title": scenario.title, "digest": digest(scenario)}
    if scenario.own_methods:
        named["methods"] = {
            method: {"title": own.row.title, "sha256": own.digest}
            for method, own in scenario.own_methods.items()
        }
    return named


def provenance(
    answer: str,
    settings: Json,
    *,
    seconds: float | None = None,
    simulated: int | None = None,
    search: Json | None = None,
) -> Json:
    """The `run` of a result: its settings, who made it, how long that took, and its digest.

    answer: the digest. `simulated`: trials of all that was simulated, where a rate of them has a meaning.
    `search`: what a search adds.
    """
    run: Json = {**settings, "planner": __version__, "engine": ENGINE}
    if seconds is not None:
        run["seconds"] = seconds
    if seconds is not None and simulated is not None:
        run["trials_per_second"] = simulated / seconds if seconds > 0 else None
    return {**run, **(search or {}), "digest": answer}
