"""A scenario simulated: plainly, to a precision, or over uncertain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from planner.engine.executors import Progress
from planner.engine.job import job_of
from planner.errors import RequestError
from planner.model.parameter_draws import check_uncertainty
from planner.questions.exact.two_stage import errors_elsewhere, exact_stages
from planner.questions.limit_errors import cell_keys, exact_scaled, limit_errors
from planner.questions.requested import check_numbers, check_patients, check_whole
from planner.questions.run.assurance import MOST_VARIANTS, VARIANT_TRIALS, VARIANTS, AssurancePass
from planner.questions.run.passes import Pass, PlainPass, grow_all
from planner.questions.run.precision import PassResults, Steps, until_precise
from planner.results.run import Run
from planner.scenario.own_methods import OwnMethods
from planner.scenario.scenario import Scenario

FIRST_VARIANTS = 128
"""Variants of the first step to a precision; then twice as many, and so on."""

MOST_BYTES = 2**31
"""Of the sums of all variants, which are kept: a precision adds no more variants than that."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is simulated of each pass.

    `trials`: of each pass, or with a precision the most (default: 10^8 then). `uncertain`: average over
    `variants` (default 500) of what is uncertain; with a precision they are the most (default 100,000), of
    1,024 trials each, and `trials` is none.
    """

    trials: int | None
    precision: float | None = None
    uncertain: bool = False
    variants: int | None = None

    def new_pass(
        self,
        scenario: Scenario,
        seed: int | None,
        *,
        patients: Sequence[int] | None = None,
        sized: Sequence[Scenario] | None = None,
        name: str = "",
    ) -> Pass:
        """A pass of which nothing is simulated yet. Raises UncertaintyError where nothing is uncertain."""
        if not self.uncertain:
            lower = partial(job_of, scenario, seed=seed, patients=patients, sized=sized)
            return PlainPass(scenario, lower, name)
        check_uncertainty(scenario)
        count = None if self.precision is not None else self.variants or VARIANTS
        return AssurancePass(scenario, count, seed=seed, patients=patients, sized=sized, name=name)

    @property
    def steps(self) -> Steps:
        """To a precision."""
        if not self.uncertain:
            return Steps() if self.trials is None else Steps(most=self.trials)
        if self.trials is not None:
            raise RequestError(
                "with a precision over uncertain numbers, `variants` is the most, and not `trials`"
            )
        most = self.variants or MOST_VARIANTS
        return Steps(min(FIRST_VARIANTS, most) * VARIANT_TRIALS, most * VARIANT_TRIALS, VARIANT_TRIALS)

    def fits(self, passes: Sequence[Pass]) -> bool:
        """Whether the sums of all variants of all passes may be kept at once."""
        variants = self.variants or VARIANTS
        return self.precision is not None or _variant_bytes(passes) * variants <= MOST_BYTES

    def simulate(self, passes: Sequence[Pass], threads: int | None, progress: Progress | None) -> PassResults:
        """The results of all passes. Ctrl-C: of those that have any; KeyboardInterrupt if none has."""
        if self.precision is not None:
            steps = self.steps
            if each := _variant_bytes(passes):
                steps = steps.up_to(max(MOST_BYTES // each, 1) * VARIANT_TRIALS)
            return until_precise(passes, self.precision, steps, threads=threads, progress=progress)
        assert self.trials is not None
        grow_all(passes, self.trials, self.trials, threads, progress)
        return PassResults(tuple(each.result() for each in passes if each.trials), ())


def _variant_bytes(passes: Sequence[Pass]) -> int:
    """Bytes of a variant of every pass."""
    return sum(each.variant_bytes for each in passes if isinstance(each, AssurancePass))


def simulate(
    scenario: Scenario,
    *,
    trials: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    patients: Sequence[int] | None = None,
    precision: float | None = None,
    uncertain: bool = False,
    variants: int | None = None,
    methods: OwnMethods | None = None,
    name: str | None = None,
) -> Run:
    """Simulate a scenario and return its operating characteristics.

    `patients`: numbers of patients to evaluate, all from the same virtual patients (default: the scenario's).
    `precision`: add trials until the Monte Carlo standard errors of power and of early stops are at most
    this, or until `trials` are done (default 10^8 then). `progress(done, total)` is called about ten times a
    second. `uncertain`: divide the trials over so many `variants` (default 500) in which every uncertain
    number has a drawn value, so that power is averaged over what is uncertain; with a `precision`, add
    variants of 1,024 trials each, at most so many (default 100,000). `methods`: analyses of your own
    (`planner.Analysis`) by name, in place of those that the scenario was read with; raises AnalysisError for
    one that cannot be used. `name`: what pages call the scenario (default: its own name). Raises RequestError
    for a number that is out of its range, as the other questions do.

    >>> import planner
    >>> scenario = planner.read("asthma-ab-ba", set=["design.patients=36"])
    >>> print(planner.simulate(scenario, trials=1_024))
    Run of asthma-ab-ba, 1,024 trials, digest e62fd2ec1e40
      published, hills-armitage, 36 patients: power 100.0 ± 0.1 %
      minimal-important, hills-armitage, 36 patients: power 75 ± 1 %
      no-difference, hills-armitage, 36 patients: type I error 5.6 ± 0.7 %
    """
    check_whole(trials=trials, seed=seed, threads=threads, variants=variants)
    check_patients(patients)
    check_numbers(precision=precision)
    scenario = scenario.with_methods(methods)
    if precision is None and trials is None:
        trials = scenario.simulation.trials
    amount = Amount(trials, precision, uncertain, variants)
    name = scenario.name if name is None else name
    results = amount.simulate(
        [amount.new_pass(scenario, seed, patients=patients, name=name)], threads, progress
    )
    run = replace(results.runs[0], remarks=(*scenario.remarks, *results.remarks))
    return run if run.partial else _with_limit_errors(run, seed, threads)


def _with_limit_errors(run: Run, seed: int | None, threads: int | None) -> Run:
    """The run with the type I errors of scaled limits; as it is where Ctrl-C comes."""
    keys = cell_keys(run)
    try:
        errors = limit_errors(run.scenario, keys, trials=run.trials, seed=seed, threads=threads)
    except KeyboardInterrupt:
        return run
    if run.variants is not None:
        return replace(run, limit_errors=errors)
    exact, stages = exact_scaled(run.scenario, keys), exact_stages(run.scenario, keys)
    at_limit = any(row[0].two_stage and row[0].truth.is_null for row in run.outcome.cells.tests)
    elsewhere = errors_elsewhere(run.scenario, keys) if at_limit else ()
    return replace(run, limit_errors=errors, exact_scaled=exact, exact_stages=stages, stage_errors=elsewhere)
