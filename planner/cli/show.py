"""`planner show`: a scenario in plain English, nothing simulated."""

from __future__ import annotations

from typing import Annotated

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

    Of hypotheses that are mechanisms it also says what each predicts for each treatment, which of them the
    design cannot tell apart, and what is left of a treatment when the next period begins.

    \b
    Examples:
      planner show williams-2018
      planner show my-trial.toml --resolved
    """
    from planner.cli import files
    from planner.explain import as_json, explained
    from planner.predicted import outlook
    from planner.reading import read, resolve, to_toml, written
    from planner.unstated import unstated

    wanted = given.Format.table if resolved and not json else files.chosen_format(output_format, json, output)
    if wanted is given.Format.csv:
        raise Problem("a scenario has no CSV form", hint="--format md, --json, or --resolved for TOML")
    files.check_writable(output, force)
    plan = read(scenario, set=settings or [])
    if resolved and not json:
        text = files.verbatim(to_toml(plan), output)
    else:
        follows = files.worked_out(plan, scenario, effects=True)
        if wanted is given.Format.json:
            text = files.as_json(as_json(plan, follows, outlook(plan)))
        else:
            defaults = unstated(resolve(plan), written(scenario, settings or []))
            text = files.as_text(explained(plan, follows, outlook(plan), defaults), wanted, output)
    files.deliver(text, output, force)
    files.say_written(output, quiet)
    return OK
