"""`planner weigh`: the evidence of an observed result for and against each hypothesis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli import options
from planner.cli.exit import INTERRUPTED, INVALID, OK, Problem
from planner.cli.numbers import whole
from planner.errors import UnknownNameError
from planner.results.contract import Json

if TYPE_CHECKING:
    from planner.cli.output import Target
    from planner.questions.weigh.result import Weighing
    from planner.report.blocks import Block
    from planner.scenario.scenario import Scenario

_MANY = whole(128, 1_000_000)


def weigh(
    scenario: options.Scenario,
    settings: options.Set = None,
    hypothesis: options.Hypothesis = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE.csv",
            help="Weigh the patients of this file (subject, sequence, period, treatment, value[, baseline]).",
        ),
    ] = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(
            "--prior",
            metavar="NAME=WEIGHT",
            help="Prior weight of a hypothesis, by name or label; 1 if not given. May be repeated, or joined "
            "by commas.",
        ),
    ] = None,
    variants: options.Variants = None,
    virtual_patients: Annotated[
        int | None,
        typer.Option(
            "--virtual-patients", metavar="N", parser=_MANY, help="Virtual patients of each variant."
        ),
    ] = None,
    patients: Annotated[
        int | None, typer.Option("--patients", metavar="N", parser=_MANY, hidden=True)
    ] = None,
    seed: options.Seed = None,
    threads: options.Threads = None,
    memory: options.Memory = None,
    output_format: options.AsFormat = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    dry_run: options.DryRun = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Weigh the hypotheses of a scenario by the result of a trial.

    The scenario states the result in [observed]: responders, remitters, means, or a difference as it was
    reported; or it is computed from the patients in a file. How probable the result is under each
    hypothesis follows from virtual patients of the same design, with every uncertain number drawn many
    times; the weights follow by Bayes' theorem.

    A file of patients has one line for each patient and period, and names its columns in the first line:
    subject, sequence, period, treatment, value, and baseline where a change is analysed. Cells are parted by
    commas, semicolons or tabs; an empty value is a missing one; lines that begin with # are comments. With
    columns measure and day, the lines of the endpoint's are read. Each sequence counts with the patients
    that it has there.

    Ctrl-C prints what is finished, marked as partial.

    \b
    Examples:
      planner weigh williams-2018
      planner weigh williams-2018 --set observed.responders.KN=[2,12]
      planner weigh williams-2018 --prior permissive=2,nmda-only=0.5
      planner weigh my-trial.toml --data patients.csv
    """
    from planner.cli import again
    from planner.cli.common import hypotheses_of, hypotheses_setting, print_remarks, work_out
    from planner.cli.output import frame_as_csv, target_of
    from planner.scenario.reading.read import open_source

    target = target_of(output_format, json, output, force, quiet)
    source = open_source(scenario)
    chosen = hypotheses_of(hypothesis, source, settings)
    plan = source.scenario([*(settings or []), *hypotheses_setting(chosen)])
    work_out(plan, scenario)
    priors = _priors(prior, plan)
    seed = plan.simulation.seed if seed is None else seed
    plan = _with_data(plan, scenario, data)
    virtual = _virtual_patients(virtual_patients, patients)
    request: Json = {"prior": priors, "variants": variants, "patients": virtual, "seed": seed}
    request["threads"] = threads
    if dry_run:
        return _dry_run(plan, scenario, request, target, data)
    from planner.questions.weigh.weigh import VARIANTS

    result = _weigh(plan, scenario, request, quiet, data)
    document = result.to_json()
    print_remarks(document, verbose)
    command = again.command(
        "weigh",
        [scenario],
        settings=settings,
        hypotheses=chosen,
        data=data,
        prior=[f"{name}={weight!r}" for name, weight in priors.items()],
        variants=(VARIANTS if variants is None else variants) if result.uncertain else None,
        virtual_patients=result.patients,
        seed=seed,
    )

    def blocks() -> list[Block]:
        from planner.report.pages.weigh import weigh_page
        from planner.report.scenario.context import page_context

        described = page_context(result.scenario, work_out(result.scenario, scenario), command)
        return weigh_page(result, described)

    target.write(document, blocks, lambda: frame_as_csv(result.frame()))
    return INTERRUPTED if result.partial else OK


def _virtual_patients(given: int | None, before: int | None) -> int | None:
    """The virtual patients of each variant. `before`: as `--patients`, their option in 0.2.0."""
    from planner.cli.terminal import warn

    if before is None:
        return given
    new = f"--virtual-patients {before}"
    if given is not None:
        raise Problem("--patients and --virtual-patients say the same twice", hint=f"{new}, or the other")
    warn(f"--patients is the size of a trial elsewhere; for virtual patients write {new} from now on")
    return before


def _priors(prior: list[str] | None, plan: Scenario) -> dict[str, float]:
    """The weights in `--prior A=2,B=1` by the names of hypotheses."""
    from planner.scenario.labels import labels_of, name_called

    labels = labels_of({name: plan.hypotheses[name] for name in plan.simulated_hypotheses})
    weights: dict[str, float] = {}
    for word, weight, text in _weights(prior or []):
        try:
            weights[name_called(word, labels)] = weight
        except UnknownNameError as error:
            raise Problem(f"--prior {text}: {error.message}", hint=error.hint) from error
    return weights


def _weights(prior: list[str]) -> Iterator[tuple[str, float, str]]:
    """Word, weight and text of each part `NAME=WEIGHT`; a label before the sign may have commas."""
    for texts in prior:
        begun: list[str] = []
        for part in texts.split(","):
            begun.append(part)
            word, sign, value = ",".join(begun).rpartition("=")
            weight = _number(value)
            if sign and weight is not None and word.strip():
                yield word.strip(), weight, ",".join(begun).strip()
                begun = []
            elif sign:
                break
        if begun:
            text = ",".join(begun).strip()
            raise Problem(f"--prior {text}: is not NAME=WEIGHT", hint="for instance --prior permissive=2")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _with_data(plan: Scenario, scenario: str, data: Path | None) -> Scenario:
    """The scenario with the result of the patients in a file."""
    if data is None:
        return plan
    from planner.questions.weigh.data import observed_in

    with _explain(scenario, data):
        return plan.model_copy(update={"observed": observed_in(plan, data)})


def _weigh(plan: Scenario, scenario: str, request: Json, quiet: bool, data: Path | None) -> Weighing:
    from planner.cli.progress import progress
    from planner.questions.weigh.weigh import weigh as weigh_result

    bar = progress("Weighing", quiet=quiet, unit="variants")
    with bar as advance, _explain(scenario, data):
        return weigh_result(plan, progress=advance, **request)


@contextmanager
def _explain(scenario: str, data: Path | None) -> Iterator[None]:
    """A result that cannot be weighed, explained, by the name of what is to be mended.

    A result that cannot be used is invalid input; else the command is not for this scenario, or is misused.
    """
    from planner.errors import WeighingError

    try:
        yield
    except WeighingError as error:
        if error.lies_in == "scenario":
            raise Problem(f"{scenario}: {error}", hint=error.hint) from error
        if error.lies_in == "request":
            raise Problem(str(error), hint=error.hint) from error
        where = f"{scenario}: observed" if data is None else data
        raise Problem(f"{where}: {error}", hint=error.hint, code=INVALID) from error


def _dry_run(plan: Scenario, scenario: str, request: Json, target: Target, data: Path | None) -> int:
    """What would be weighed and simulated, and how long that takes."""
    from planner.cli.dry_run import write_foreseen
    from planner.questions.foreseen import Foreseen, scenario_name
    from planner.questions.weigh.weigh import forecast
    from planner.report.pages.parts.observed import observed_sentences
    from planner.results.effect_scale import measure_unit

    with _explain(scenario, data):
        document, effort = forecast(plan, **request)
    run = document["run"]
    assert plan.observed is not None  # or there would be nothing to weigh
    drawn = f"{run['variants']:,} of what is uncertain" if run["uncertain"] else "no number is uncertain"
    virtual = f"{document['virtual_patients']:,} in all"
    patients = f"{run['patients']:,} under each hypothesis in each" if run["uncertain"] else ""
    virtual = "none: the stated rates give all chances exactly" if run["exact"] else virtual
    patients = "" if run["exact"] else patients
    measure = plan.endpoint.measure
    facts = [
        ("Observed", " ".join(observed_sentences(plan.observed, measure, measure_unit(plan, measure).name))),
        ("Variants", f"{drawn}, seed {run['seed']}"),
        ("Hypotheses", ", ".join(cell["hypothesis"] for cell in document["cells"])),
        ("Virtual patients", f"{patients}, {virtual}" if patients else virtual),
    ]
    document = {"scenario": scenario_name(plan), **document}
    return write_foreseen(target, Foreseen("Would be weighed", document, facts, effort, plan.remarks))
