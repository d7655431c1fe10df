"""`planner show`: a scenario in plain English, nothing simulated."""

from __future__ import annotations

from typing import Annotated

import typer

from planner.cli import options
from planner.cli.exit import OK


def show(
    scenario: options.Scenario,
    settings: options.Set = None,
    patients: options.Patients = None,
    hypothesis: options.Hypothesis = None,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Print the scenario as TOML, every default filled in.")
    ] = False,
    output_format: options.AsPage = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Describe a scenario in plain English: design, patients, hypotheses, the limits at every look.

    A table gives the variance of each comparison with and without carryover in the model, and how carryover
    biases it. Of hypotheses that are mechanisms it says what each predicts for each treatment, which of them
    the design cannot tell apart, and what is left of a treatment when the next period begins.

    \b
    Examples:
      planner show williams-2018
      planner show my-trial.toml --resolved
    """
    from planner.cli.common import hypotheses_of, hypotheses_setting, work_out
    from planner.cli.output import target_of, verbatim
    from planner.cli.patients import settings_with
    from planner.cli.terminal import warn
    from planner.questions.predict import predict, show_json
    from planner.report.scenario.defaults import default_lines
    from planner.report.scenario.scenario import scenario_blocks
    from planner.scenario.canonical.resolved import resolve
    from planner.scenario.canonical.toml import to_toml
    from planner.scenario.reading.read import open_source

    no_csv = ("a scenario has no CSV form", "--format md, --json, or --resolved for TOML")
    as_toml = resolved and not json
    wanted = options.Format.table if as_toml else output_format
    target = target_of(wanted, json, output, force, quiet, no_csv=no_csv)
    source = open_source(scenario)
    stated = settings_with(patients, settings, "planner show")
    stated += hypotheses_setting(hypotheses_of(hypothesis, source, settings))
    plan = source.scenario(stated)
    for remark in plan.remarks:
        warn(remark)
    if as_toml:
        target.write_text(verbatim(to_toml(plan), output))
        return OK
    follows, ahead = work_out(plan, scenario, effects=True), predict(plan)
    defaults = default_lines(resolve(plan), source.written(stated))
    target.write(show_json(plan, follows, ahead), lambda: scenario_blocks(plan, follows, ahead, defaults))
    return OK
