"""`planner show`: a scenario in plain English, nothing simulated."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from planner.cli import options as given
from planner.cli.problems import OK, Problem


def show(
    scenario: given.Scenario,
    settings: given.Set = None,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Print the scenario as TOML, every default filled in.")
    ] = False,
    output_format: given.AsFormat = None,
    json: given.Json = False,
    output: given.Output = None,
    force: given.Force = False,
    quiet: given.Quiet = False,
    verbose: given.Verbose = False,
) -> int:
    """Tell a scenario in plain English: the design, the hypotheses, the limits at every look.

    \b
    Examples:
      planner show asthma-ab-ba
      planner show my-trial.toml --resolved
    """
    from planner.cli import files
    from planner.explain import as_json, explained
    from planner.reading import read, resolve, to_toml

    wanted = given.Format.table if resolved and not json else files.chosen_format(output_format, json, output)
    if wanted is given.Format.csv:
        raise Problem("a scenario has no CSV form", hint="--format md, --json, or --resolved for TOML")
    files.check_writable(output, force)
    plan = read(scenario, set=settings or [])
    if resolved and not json:
        files.deliver(files.verbatim(to_toml(plan), output), output, force)
    elif wanted is given.Format.json:
        files.deliver(
            files.as_json(as_json(plan, files.worked_out(plan, scenario, effects=True))), output, force
        )
    else:
        defaults = _defaults(resolve(plan), scenario, settings or [])
        files.deliver(
            files.as_text(
                explained(plan, files.worked_out(plan, scenario, effects=True), defaults), wanted, output
            ),
            output,
            force,
        )
    files.say_written(output, quiet)
    return OK


def _defaults(resolved: dict[str, Any], source: str, settings: list[str]) -> list[tuple[str, str]]:
    """The settings that the file and the overrides leave out, with the values that they take."""
    from planner.faults import dotted
    from planner.reading import written as written_in

    written = set(_leaves(written_in(source, settings)))
    stated = {path[:n] for path in written for n in range(1, len(path) + 1)}
    left_out = {
        path: _value(value)
        for path, value in _leaves(resolved).items()
        if path not in stated and not any(path[:n] in written for n in range(1, len(path)))
        if not (path[0] == "analyses" and resolved["endpoint"].get(path[-1]) == value)  # as the endpoint is
    }
    return [
        (dotted(path).replace('"*"', "*"), value)
        for path, value in _gathered(left_out, len(resolved["hypotheses"])).items()
    ]


def _gathered(settings: dict[tuple[Any, ...], str], hypotheses: int) -> dict[tuple[Any, ...], str]:
    """Without labels, and with what all hypotheses have in common said once, as `hypotheses.*.setting`."""
    from collections import Counter

    def common(path: tuple[Any, ...]) -> tuple[Any, ...]:
        return ("hypotheses", "*", *path[2:]) if path[0] == "hypotheses" else path

    shared = Counter((common(path), value) for path, value in settings.items() if path[0] == "hypotheses")
    return {
        common(path) if shared[common(path), value] == hypotheses else path: value
        for path, value in settings.items()
        if path[-1] != "label"
    }


def _leaves(node: Any, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    """Every setting by its path; a list of plain values is one setting."""
    if isinstance(node, dict):
        pairs = list(node.items())
    elif isinstance(node, list) and any(isinstance(item, dict) for item in node):
        pairs = list(enumerate(node))
    else:
        return {path: node}
    return {leaf: value for key, item in pairs for leaf, value in _leaves(item, (*path, key)).items()}


def _value(value: Any) -> str:
    from planner.figures import plain

    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_value(item) for item in value) or "none"
        case int() | float():
            return plain(float(value), 17)
    return str(value)
