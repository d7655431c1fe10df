"""The package against a plain NumPy simulation of the same trials (`naive.py`), cell by cell.

Both have Monte Carlo error; differences are judged by both. The random numbers differ, so that agreement is
agreement on what a trial means: who gets what when, who leaves, what carries over, who is counted at a look.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.support import naive
from tests.support.harness import Comparison, Json, TooFarApart, run, scenario_text
from tests.support.marks import repeated
from tests.support.naive import Trial

TRIALS = 200_000
NAIVE_TRIALS = 30_000
FLAT: dict[str, Any] = {"within": {"A": 2.0, "B": 2.0}, "between": 3.0}


TWO = (("hills-armitage", "two-sided", 0.05), ("paired-t", "greater", 0.025))
OWN = (("subject-contrast", "two-sided", 0.05), ("period-one", "greater", 0.025))


@dataclasses.dataclass(frozen=True)
class Case:
    """A trial, its analyses and its looks."""

    trial: Trial
    analyses: tuple[tuple[str, str, float], ...] = TWO
    looks: tuple[int, ...] = ()
    efficacy: dict[str, Any] | None = None
    futility: dict[str, Any] | None = None
    contrast: tuple[str, str] = ("A", "B")


OF, POCOCK = {"rule": "obrien-fleming-spending"}, {"rule": "pocock"}
PAIRED_ONLY = (("paired-t", "two-sided", 0.05), ("paired-t", "less", 0.05))

CASES = {
    "plain": Case(Trial(("AB", "BA"), 12, {"A": 1.5, "B": 0.0}, **FLAT)),
    "integer bounded": Case(
        Trial(
            ("AB", "BA"), 14, {"A": 4.0, "B": 2.0}, {"A": 3.0, "B": 3.0}, 2.0, low=0.0, high=52.0, step=1.0
        ),
        looks=(8, 14),
        efficacy=POCOCK,
    ),
    "heavily clipped": Case(
        Trial(("AB", "BA"), 10, {"A": 1.0, "B": 0.5}, {"A": 1.0, "B": 1.0}, 1.0, low=0.0, high=2.0),
    ),
    "hardly any spread on whole steps": Case(
        Trial(("AB", "BA"), 8, {"A": 0.6, "B": 0.0}, {"A": 0.3, "B": 0.2}, 0.1, low=-3.0, high=3.0, step=1.0),
        looks=(4, 8),
        efficacy={"rule": "user-spending", "spent": [0.0, 0.02]},
    ),
    "dropout and looks": Case(
        Trial(
            ("AB", "BA"),
            20,
            {"A": 2.0, "B": 0.0},
            **FLAT,
            before_first=0.1,
            leave=(0.25,),
            sequence_effect=(1, -1),
        ),
        looks=(6, 12, 20),
        efficacy=OF,
        futility={"rule": "z", "z": [0.1, 0.4]},
        analyses=(*TWO, *OWN),
    ),
    "losing nearly everybody": Case(
        Trial(("AB", "BA"), 6, {"A": 1.0, "B": 0.0}, **FLAT, leave=(0.6,)), looks=(4, 6), efficacy=POCOCK
    ),
    "conditional power": Case(
        Trial(("AB", "BA"), 24, {"A": 1.0, "B": 0.0}, **FLAT),
        looks=(8, 16, 24),
        efficacy=OF,
        futility={"rule": "conditional-power", "at_most": 0.2},
    ),
    "carryover and a period effect": Case(
        Trial(
            ("AB", "BA"),
            16,
            {"A": 2.0, "B": 0.5},
            **FLAT,
            carryover={"A": 1.0, "B": -0.5},
            period_effect=(0, 1.5),
        ),
        analyses=(("hills-armitage", "two-sided", 0.05), ("paired-t", "two-sided", 0.1)),
    ),
    "unequal spread and interaction": Case(
        Trial(("AB", "BA"), 18, {"A": 2.0, "B": 0.0}, {"A": 3.5, "B": 1.0}, 2.0, interaction=1.5),
        looks=(9, 18),
        efficacy={"rule": "haybittle-peto"},
    ),
    "unequal allocation": Case(
        Trial(
            ("AB", "BA"),
            18,
            {"A": 2.0, "B": 0.0},
            **FLAT,
            allocation=(2, 1),
            period_effect=(1.0, 0.0),
            leave=(0.1,),
        ),
        looks=(6, 18),
        efficacy={"rule": "hwang-shih-decani", "gamma": -2.0},
    ),
    "blocks of three units": Case(
        Trial(("AB", "BA"), 14, {"A": 2.0, "B": 0.0}, **FLAT, block=3, period_effect=(0.0, 1.0)),
        looks=(7, 14),
        efficacy=POCOCK,
    ),
    "three periods, lasting carryover": Case(
        Trial(
            ("ABB", "BAA"),
            12,
            {"A": 1.5, "B": 0.0},
            **FLAT,
            carryover={"A": 1.0, "B": 0.4},
            lasting=True,
            leave=(0.1, 0.2),
            period_effect=(0.0, 0.5, 1.0),
            interaction=1.0,
        ),
        analyses=(*PAIRED_ONLY, *OWN),
        looks=(6, 12),
        efficacy=POCOCK,
    ),
    "three treatments": Case(
        Trial(
            ("ABC", "BCA", "CAB", "ACB", "BAC", "CBA"),
            12,
            {"A": 4.0, "B": 6.0, "C": 3.0},
            {"A": 2.0, "B": 1.0, "C": 3.0},
            2.0,
            allocation=(1,) * 6,
            carryover={"C": 2.0},
            leave=(0.05, 0.15),
            interaction=1.0,
            low=0.0,
            high=12.0,
            step=0.5,
        ),
        analyses=(*PAIRED_ONLY, *OWN),
        contrast=("B", "C"),
    ),
}


def text_of(case: Case) -> str:
    """The same trial as a scenario."""
    trial = case.trial
    periods = len(trial.sequences[0])
    hypothesis = {
        "means": trial.means,
        "sd_within": trial.within,
        "sd_between": trial.between,
        "sd_interaction": trial.interaction,
        "carryover": trial.carryover,
        "carryover_lasts": "lasting" if trial.lasting else "next",
    }
    limits = {"low": trial.low, "high": trial.high, "step": trial.step}
    scale = {key: value for key, value in limits.items() if value is not None and math.isfinite(value)}
    return scenario_text(
        [" ".join(word) for word in trial.sequences],
        trial.patients,
        hypotheses={"h": hypothesis},
        analyses=[
            {
                "name": f"{method} {side}",
                "method": method,
                "alternative": side,
                "alpha": alpha,
                "contrast": case.contrast,
            }
            for method, side, alpha in case.analyses
        ],
        looks=case.looks,
        efficacy=case.efficacy,
        futility=case.futility,
        scale=scale or None,
        population={
            "period_effect": trial.period_effect[:periods],
            "sequence_effect": trial.sequence_effect[: len(trial.sequences)],
            "dropout": {"before_first": trial.before_first, "per_period": trial.leave[: periods - 1]},
        },
        allocation=list(trial.allocation),
        block=trial.block,
    )


def compare_share(comparison: Comparison, what: str, shown: Json | None, flags: np.ndarray) -> None:
    """A share of the trials in both; the standard error from the two taken together."""
    if shown is None:
        assert flags.size == 0
        return
    together = (shown["estimate"] * TRIALS + flags.sum() + 2) / (TRIALS + flags.size + 4)
    se = math.sqrt(together * (1 - together) * (1 / TRIALS + 1 / flags.size))
    comparison.mean(what, shown["estimate"], se, float(flags.mean()))


def compare_mean(comparison: Comparison, what: str, shown: Any, se: Any, values: np.ndarray) -> None:
    """A mean in both."""
    if values.size < 2 or shown is None:
        return
    comparison.mean(
        what, shown, math.hypot(se, values.std(ddof=1) / math.sqrt(values.size)), float(values.mean())
    )


def compare(case: Case, other: Trial | None = None) -> Comparison:
    """The package on a case against the naive simulation of it (or, for the control, of another trial)."""
    cells = run(text_of(case), TRIALS)
    comparison = Comparison()
    for method, side, alpha in case.analyses:
        name = f"{method} {side}"
        cell = cells(analysis=name)
        looks = cell["looks"]
        test = naive.Test(
            method=method,
            looks=tuple(look["patients"] for look in looks),
            efficacy=tuple(look["efficacy_z"] for look in looks),
            futility=tuple(look["futility_z"] for look in looks),
            direction=side,
            alpha=alpha,
            first=case.contrast[0],
            second=case.contrast[1],
            truth=cell["true_effect"],
        )
        compare_cell(
            comparison, name, cell, test, naive.carry_out(other or case.trial, test, NAIVE_TRIALS, 7)
        )
    return comparison


def compare_cell(
    comparison: Comparison, name: str, cell: Json, test: naive.Test, found: naive.Results
) -> None:
    compare_share(comparison, f"{name}: power", cell["power"], found.significant)
    compare_share(comparison, f"{name}: undefined", cell["undefined"], ~found.defined)
    early = found.look < len(test.looks) - 1
    compare_share(comparison, f"{name}: early", cell["stopped_early"], early)
    for k, look in enumerate(cell["looks"]):
        at = found.look == k
        compare_share(
            comparison, f"{name}: efficacy at look {k + 1}", look["efficacy"], at & found.significant
        )
        compare_share(comparison, f"{name}: futility at look {k + 1}", look["futility"], at & found.futile)
    size, done, estimate = cell["expected_patients"], cell["expected_completers"], cell["estimate"]
    reached = np.array(test.looks)[found.look].astype(float)
    compare_mean(comparison, f"{name}: patients", size["estimate"], size["mcse"], reached)
    compare_mean(comparison, f"{name}: completers", done["estimate"], done["mcse"], found.completers)
    error = found.estimate - test.truth
    known = found.defined
    compare_mean(comparison, f"{name}: bias", estimate["bias"], estimate["bias_mcse"], error[known])
    stopped = known & early
    compare_mean(
        comparison,
        f"{name}: bias given early stop",
        estimate["bias_given_early_stop"],
        estimate["bias_given_early_stop_mcse"],
        error[stopped],
    )
    e = error[known]
    spread, square = e.std(ddof=1), float(np.mean(e**2))
    fourth = float(np.mean((e - e.mean()) ** 4))
    se = math.sqrt(max(fourth - spread**4, 0.0) * (1 / e.size + 1 / TRIALS)) / (2 * spread)
    comparison.mean(f"{name}: empirical SE", estimate["empirical_se"], se, spread)
    se = math.sqrt(float(np.var(e**2)) * (1 / e.size + 1 / TRIALS)) / (2 * math.sqrt(square))
    comparison.mean(f"{name}: RMSE", estimate["rmse"], se, math.sqrt(square))
    compare_share(comparison, f"{name}: coverage", estimate["coverage"], found.covered[known])
    wrong = found.below if test.truth > 0 else found.above
    if test.truth != 0 and test.limits is None and found.significant.any():
        compare_share(comparison, f"{name}: wrong sign", estimate["wrong_sign"], wrong[found.significant])


@pytest.mark.parametrize("name", CASES)
def test_cell_by_cell(name: str) -> None:
    comparison = compare(CASES[name])
    comparison.title = name
    comparison.check()


@pytest.mark.parametrize(
    ("name", "change"),
    repeated(
        [
            ("dropout and looks", {"leave": (0.2,)}),
            ("three periods, lasting carryover", {"lasting": False}),
            ("unequal spread and interaction", {"interaction": 1.2}),
            ("integer bounded", {"low": -math.inf}),
            ("unequal allocation", {"allocation": (1, 2)}),
        ],
        fast=2,
    ),
)
def test_another_trial_is_seen(name: str, change: dict[str, Any]) -> None:
    """Negative control: one setting of the naive trial is off."""
    other = dataclasses.replace(CASES[name].trial, **change)
    with pytest.raises(TooFarApart):
        compare(CASES[name], other).check()


def test_the_naive_analyses_are_those_of_scipy() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(0.5, 2.0, size=(20, 11))
    x[rng.random(x.shape) < 0.2] = np.nan
    sequence = rng.permuted(np.tile([0] * 6 + [1] * 5, (20, 1)), axis=1)
    trial = CASES["plain"].trial
    paired, adjusted = (naive.Test(m, (11,), (None,), (None,)) for m in ("paired-t", "hills-armitage"))
    own_contrast = dataclasses.replace(adjusted, method="subject-contrast")
    for row, order in zip(x, sequence, strict=True):
        own = stats.ttest_1samp(row, 0.0, nan_policy="omit")
        estimate, se, df, _ = naive.analysed(trial, paired, row[None], order[None])
        assert (estimate / se)[0] == pytest.approx(own.statistic)
        assert df[0] == own.df
        d = np.where(order == 0, row, -row)  # first period minus second
        own = stats.ttest_ind(d[order == 0], d[order == 1], nan_policy="omit")
        estimate, se, df, _ = naive.analysed(trial, adjusted, row[None], order[None])
        same = naive.analysed(trial, own_contrast, row[None], order[None])
        assert (same[0][0], same[1][0]) == (pytest.approx(estimate[0]), pytest.approx(se[0]))
        assert (estimate / se)[0] == pytest.approx(own.statistic)
        assert df[0] == own.df
