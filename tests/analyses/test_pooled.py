"""Least squares from the scores after two treatments alone, against an ordinary fit of these scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from planner.analyses import statistic
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, STATISTICS, W
from planner.model.contrast_tables import contrast_table
from planner.model.degrees_of_freedom import planned_df
from planner.questions.exact import theory
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.harness import Comparison, TooFarApart, run, scenario_text

Floats = NDArray[np.float64]

WILLIAMS = ("A B C", "B C A", "C A B", "A C B", "B A C", "C B A")
INCOMPLETE = ("A B", "B A", "A C", "C A", "B C", "C B")
REPLICATE = ("A B C A", "B C A B", "C A B C")
DESIGNS = {"williams": WILLIAMS, "incomplete": INCOMPLETE, "replicate": REPLICATE}


def scenario(sequences: tuple[str, ...], patients: int, **analysis: Any) -> Scenario:
    return read_text(text(sequences, patients, **analysis))


def text(sequences: tuple[str, ...], patients: int, **analysis: Any) -> str:
    spread = {"sd_within": 2.0, "sd_between": 3.0}
    about = {"method": "fixed-subject", "contrast": ["A", "B"], "pooled": "pair"}
    hypotheses = {"h": {"means": {"A": 1.5, "B": 0.0, "C": 4.0}, **spread}}
    return scenario_text(sequences, patients, hypotheses=hypotheses, analyses=[about | analysis])


def fitted(plan: Scenario, y: Floats, order: NDArray[np.int64], *, pair: bool) -> tuple[float, ...]:
    """(estimate, se, df, patients) of y f64[patient, period] by a dense fit; NaN is missing."""
    sequences = plan.design.sequences
    rows, scores = [], []
    for p, s in enumerate(order):
        for k, treatment in enumerate(sequences[s]):
            if np.isnan(y[p, k]) or (pair and treatment not in ("A", "B")):
                continue
            patient = np.zeros(len(order))
            patient[p] = 1.0
            period = [float(k == j) for j in range(1, len(sequences[0]))]
            rows.append([*patient, *period, float(treatment == "A"), float(treatment == "C")])
            scores.append(y[p, k])
    x, target = np.array(rows), np.array(scores)
    inverse = np.linalg.pinv(x.T @ x)
    rank = np.linalg.matrix_rank(x)
    coefficients = inverse @ x.T @ target
    df = len(target) - int(rank)
    residual = float(((target - x @ coefficients) ** 2).sum())
    used = sum(int((x[:, p] > 0).sum() > 1) for p in range(len(order)))
    return float(coefficients[-2]), float(np.sqrt(residual / df * inverse[-2, -2])), df, used


def computed(plan: Scenario, y: Floats, order: NDArray[np.int64]) -> Floats:
    """The statistics (STATISTICS,) of one trial, which fills every lane."""
    stat = np.full((1, 1, STATISTICS * W), np.nan)
    values = np.repeat(y[None, :, None, None, :, None], W, axis=-1).reshape(1, len(y), 1, 1, -1)
    table = contrast_table(plan, plan.analyses[0])
    statistic("fixed-subject")(values, 0, 0, order[None], table, 0.0, np.array([len(y)]), stat)
    rows = stat.reshape(STATISTICS, W)
    assert (rows == rows[:, :1]).all()
    return np.asarray(rows[:, 0])


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_the_fit_is_that_of_two_treatments(design: str, missing: float) -> None:
    sequences = DESIGNS[design]
    plan = scenario(sequences, 3 * len(sequences))
    rng = np.random.default_rng(11)
    order = np.arange(plan.design.patients) % len(sequences)
    y = rng.normal(5.0, 2.0, (len(order), plan.design.periods))
    y[rng.random(y.shape) < missing] = np.nan
    found = computed(plan, y, order)[[ESTIMATE, SE, DF, COMPLETERS]]
    assert found == pytest.approx(fitted(plan, y, order, pair=True), rel=1e-10)
    every = scenario(sequences, 3 * len(sequences), pooled="all")  # negative control
    other = computed(every, y, order)[[ESTIMATE, SE, DF, COMPLETERS]]
    assert other == pytest.approx(fitted(plan, y, order, pair=False), rel=1e-10)
    assert abs(other[1] / found[1] - 1.0) > 1e-3


def test_degrees_of_freedom_of_seventeen_patients() -> None:
    """Two at a time: 34 scores less 17 patients, 2 periods, 1 treatment; of all 51 less 17, 2 and 2."""
    for pooled, df in (("pair", 14), ("all", 30)):
        plan = scenario(WILLIAMS, 17, pooled=pooled)
        assert planned_df(plan, plan.analyses[0], 17) == df
        order = np.arange(17) % 6
        y = np.random.default_rng(3).normal(size=(17, 3))
        assert computed(plan, y, order)[DF] == df


@pytest.mark.parametrize("design", DESIGNS)
def test_simulated_power_is_the_exact_one(design: str) -> None:
    trials = 100_000
    plan = scenario(DESIGNS[design], 12)
    exact = theory.power(plan, "h", plan.analyses[0], [12])
    assert exact is not None
    comparison = Comparison()
    cell = run(text(DESIGNS[design], 12), trials)(hypothesis="h")
    comparison.probability("power", cell["power"], trials, float(exact[0]))
    comparison.check()
    every = run(text(DESIGNS[design], 12, pooled="all"), trials)(hypothesis="h")
    comparison.probability("of all", every["power"], trials, float(exact[0]))
    with pytest.raises(TooFarApart):  # negative control
        comparison.check()


def test_all_is_the_default_and_another_digest() -> None:
    from planner.scenario.canonical.resolved import digest

    plain = scenario(WILLIAMS, 12, pooled="all")
    assert plain.analyses[0].pooled is None
    assert digest(plain) == digest(read_text(text(WILLIAMS, 12).replace('pooled = "pair"\n', "")))
    assert digest(plain) != digest(scenario(WILLIAMS, 12))


def test_a_pair_that_nobody_gets_is_refused() -> None:
    with pytest.raises(ScenarioError) as refused:
        scenario(("A C", "C A", "B C", "C B"), 12)
    (fault,) = refused.value.faults
    assert (fault.path, fault.hint) == ("analyses.0.pooled", 'pooled = "all"')
