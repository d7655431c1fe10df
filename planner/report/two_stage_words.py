"""What a two-stage rule decides, in words with every number: of a scenario, and of the rule by itself."""

from __future__ import annotations

from planner.equivalence.two_stage.plan import TwoStagePlan
from planner.results.number_text import percent, plain
from planner.scenario.text import listed


def what_is_decided(plan: TwoStagePlan, planned: str) -> list[str]:
    """After stage 1, of stage 2, and by both; `planned`: what for, as `a ratio of 0.95`."""
    return (_combining if plan.combines else _pooling)(plan, planned)


def _combining(plan: TwoStagePlan, planned: str) -> list[str]:
    """Where p values of the stages are combined."""
    level, weights = plain(plan.second_level, 4), listed([plain(each) for each in plan.row.weights])
    return [
        f"After stage 1: equivalent if both one-sided tests pass at {level}. Else, if stage 1 has a power of "
        f"{percent(plan.power)} or more for {planned}, the trial stops without showing it.",
        "Stage 2: as many patients as give the power that is still wanted at the conditional error levels of "
        f"both tests, at least {plan.least_second}, with the variance found in stage 1 and the ratio on the "
        "side of its estimate.",
        f"Both stages: p values of each stage by itself, combined with weights {weights} of stage 1 (the "
        f"larger of the combinations); equivalent if both scores are above {plain(plan.critical, 5)}.",
    ]


def _pooling(plan: TwoStagePlan, planned: str) -> list[str]:
    """Where all patients are tested together."""
    level, power, first = plain(plan.second_level), percent(plan.power), plain(plan.first_level)
    power_there = f"the power at {plain(plan.power_level)} for {planned}, with the variance found,"
    enough = f"if {power_there} is {power} or more"
    if plan.row.full_level is not None:
        after = (
            f"{enough}, both tests are made at {plain(plan.row.full_level)} and the trial stops. Else it is "
            f"equivalent, and stops, if both pass at {first}."
        )
    else:
        last = "the trial stops without showing it"
        if plan.first_level != plan.second_level:
            last = f"the trial stops, and both tests at {level} decide"
        after = f"equivalent if both one-sided tests pass at {first}. Else, {enough}, {last}."
    return [
        f"After stage 1: {after}",
        f"Stage 2: as many patients as all together need for {power} power at {level}, rounded up to an even "
        "number, half in each sequence.",
        "Both stages: all patients by least squares with patient, period within stage, treatment and stage "
        f"(degrees of freedom N - 3), both tests at {level}.",
    ]
