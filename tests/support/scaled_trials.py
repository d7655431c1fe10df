"""Bioequivalence trials with scaled limits as scenarios, from the words of an independent simulation."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.harness import Json, run, scenario_text
from tests.support.naive_lognormal import LogNormalTrial


@dataclass(frozen=True)
class Case:
    trial: LogNormalTrial
    regulator: str
    rule: str


def planned(case: Case, trials: int, seed: int = 20260101) -> Json:
    trial = case.trial
    text = scenario_text(
        tuple(" ".join(each) for each in trial.sequences),
        trial.patients,
        hypotheses={
            "expected": {
                "family": "means",
                "means": trial.means,
                "cv_within": trial.cv_within,
                "cv_between": trial.cv_between,
            }
        },
        analyses=[
            {
                "contrast": ["T", "R"],
                "alternative": "equivalence",
                "scaling": {"rule": case.rule, "regulator": case.regulator},
            }
        ],
        population={
            "period_effect": list(trial.period_ratio[: len(trial.sequences[0])]),
            "dropout": {"per_period": trial.leave[0]},
        },
        allocation=list(trial.allocation),
    )
    text = text.replace("[design]", '[endpoint]\ndistribution = "log-normal"\n[design]')
    return run(text, trials, seed=seed).cells[0]
