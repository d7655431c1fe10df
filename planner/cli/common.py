"""What several commands do alike: names of hypotheses, remarks beside a result, uncertain numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from planner.cli.exit import Problem
from planner.errors import PlannerError, UncertaintyError, UnknownNameError
from planner.results.contract import Json

if TYPE_CHECKING:
    from planner.cli.output import Target
    from planner.questions.plan import TrialPlan
    from planner.scenario.labels import Labels
    from planner.scenario.reading.source import Source
    from planner.scenario.scenario import Scenario

_MOST_DESIGNS = 20


def check_few(scenarios: Sequence[str]) -> None:
    """No more scenarios than can be read side by side."""
    if len(scenarios) > _MOST_DESIGNS:
        message = f"{len(scenarios)} scenarios are too many"
        raise Problem(message, hint=f"compare at most {_MOST_DESIGNS} at a time")


def check_variants(uncertain: bool, variants: int | None) -> None:
    """--variants has a meaning only with --uncertain."""
    if variants is not None and not uncertain:
        raise Problem("--variants goes with --uncertain", hint="add --uncertain, or leave --variants out")


def averaged_variants(plan: Scenario, variants: int | None, precision: float | None = None) -> int:
    """How many variants of what is uncertain are averaged over; a Problem where nothing is uncertain."""
    from planner.model.parameter_draws import check_uncertainty
    from planner.questions.run.assurance import MOST_VARIANTS, VARIANTS

    with explain(UncertaintyError, option="--uncertain"):
        check_uncertainty(plan)
    return variants or (VARIANTS if precision is None else MOST_VARIANTS)


def override_warnings(plan: Scenario, source: Source, overrides: list[str], seed: int) -> list[str]:
    """A warning for each setting without effect, because what is drawn or a tie replaces it."""
    from planner.model.parameter_draws import same_first_variant
    from planner.scenario.faults import ScenarioError

    warnings = []
    for i, override in enumerate(overrides):
        try:
            without = source.scenario(overrides[:i] + overrides[i + 1 :])
            if same_first_variant([plan, without], seed) is not None:
                option = getattr(override, "option", "--set " + override.partition("=")[0].strip())
                warnings.append(f"{option} has no effect with --uncertain: drawn values or a tie replace it")
        except (ScenarioError, UncertaintyError):  # without it there is no scenario: it has an effect
            continue
    return warnings


def hypotheses_setting(names: Sequence[str]) -> list[str]:
    """The hypotheses of `--hypothesis` as the setting that it is; its faults name the option."""
    from json import dumps

    from planner.scenario.reading.overrides import Optioned

    if not names:
        return []
    return [Optioned(f"simulation.hypotheses={dumps(names, ensure_ascii=False)}", "--hypothesis")]


def hypotheses_of(hypothesis: list[str] | None, source: Source, settings: Sequence[str] | None) -> list[str]:
    """The names meant by `--hypothesis a,b --hypothesis "Label of c"`, each once.

    What names none stays as it was typed, for the reading of the scenario to refuse.
    """
    from planner.scenario.labels import labels_of

    if not hypothesis:
        return []
    return names_of(hypothesis, labels_of(source.written(settings or ()).get("hypotheses")), strict=False)


def names_of(hypothesis: list[str] | None, labels: Labels, *, strict: bool = True) -> list[str]:
    """The names of hypotheses that are typed, by name or label, each once.

    A Problem for an empty word and, if `strict`, for one that is no name and not the label of one alone; else
    that stays as it was typed.
    """
    from planner.scenario.labels import name_called, words_called

    words = words_called(hypothesis or [], labels)
    if not all(words):
        raise Problem("--hypothesis has an empty name", hint="for instance --hypothesis expected,none")
    names = []
    for word in words:
        try:
            names.append(name_called(word, labels))
        except UnknownNameError as error:
            if strict:
                raise Problem(f"--hypothesis: {error.message}", hint=error.hint) from error
            names.append(word)
    return list(dict.fromkeys(names))


@contextmanager
def explain(*kinds: type[PlannerError], option: str = "", hint: str = "") -> Iterator[None]:
    """Within, errors of these kinds are of whoever typed the command, under the name of the option.

    `hint`: what to do where the error has no hint.
    """
    try:
        yield
    except kinds as error:
        message = f"{option}: {error.message}" if option else error.message
        raise Problem(message, error.hint or hint) from error


def explain_precision() -> AbstractContextManager[None]:
    """Within, a precision that is out of range is explained."""
    from planner.questions.run.precision import PrecisionError

    return explain(PrecisionError, option="--precision", hint="for instance --precision 0.001")


def note_compiling(quiet: bool) -> None:
    """A note on why the first run on a machine takes a while, where no line can show how far it is."""
    from planner.cli.terminal import note

    if not quiet and not _compiled():
        once = once_on_this_machine()
        note(f"compiling the kernels{once}" + ("; later runs of this kind start at once" if once else ""))


def once_on_this_machine() -> str:
    """What follows "compiling": nothing where compiled kernels cannot be kept, which a warning says."""
    from planner.kernels.jit import cache_folder

    return "" if cache_folder() is None else ", once on this machine"


def _compiled() -> bool:
    """Whether compiled kernels of an earlier run are there to be loaded."""
    from planner.kernels.jit import COMPILED, cache_folder

    folder = cache_folder() if COMPILED else None
    return not COMPILED or (folder is not None and any(folder.rglob("*.nbc")))


def print_remarks(
    document: Json,
    verbose: bool,
    warnings: Sequence[str] | None = None,
    target: Target | None = None,
    on_page: Collection[str] | None = None,
) -> None:
    """Warnings, and on request the speed, beside the result.

    `warnings`: in the words of the page (those of the document if not given). Where the page is shown on the
    terminal, those that are `on_page` (all if not given) are not repeated.
    """
    from planner.cli.terminal import note, warn

    warnings = document["warnings"] if warnings is None else warnings
    on_screen = target is not None and target.on_screen
    for warning in warnings:
        if not on_screen or (on_page is not None and warning not in on_page):
            warn(warning)
    if verbose:
        spent = document["run"]
        speed = spent.get("trials_per_second")
        done = f"{spent['trials']:,} trials" if speed is None else f"{speed:,.0f} trials a second"
        note(f"{spent['seconds']:.3g} s, {done}")


def note_entry(plan: Scenario, of: str = "") -> None:
    """On request: by which rating patients are enrolled, where they are selected."""
    from planner.cli.terminal import note
    from planner.report.scenario.population import entry_in_short

    if entry := entry_in_short(plan):
        note(f"{of}: {entry}" if of else entry)


def work_out(scenario: Scenario, source: str, *, effects: bool = False) -> TrialPlan:
    """What follows from the scenario; a ScenarioError where its stopping limits do not exist."""
    from planner.questions.plan import plan_trial

    with explain_limits(source):
        return plan_trial(scenario, effects=effects)


@contextmanager
def explain_limits(source: str) -> Iterator[None]:
    """Within, stopping limits that do not exist are a fault of the scenario."""
    from planner.monitoring.errors import BoundaryError
    from planner.scenario.faults import Fault, ScenarioError

    try:
        yield
    except BoundaryError as error:
        fault = Fault(source, 0, 0, "monitoring", str(error))
        raise ScenarioError([fault]) from error
