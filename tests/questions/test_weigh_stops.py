"""The stopping rule of a trial whose result is weighed: where it cancels, and where it is multiplied."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from planner.engine.job import job_of
from planner.engine.workspace import virtual_patients
from planner.model.estimand import Truth
from planner.questions.weigh.stopping_probability import draw_cells
from planner.questions.weigh.weigh import weigh
from planner.scenario.reading.read import read

PLAIN = [
    "uncertainty={}",
    "hypotheses.permissive.uncertainty={}",
    "population.dropout.per_period=0",
    "observed.use=responders",
]
ONE = 'simulation.hypotheses=["permissive"]'


def ended(*settings: str) -> tuple[float, float]:
    """Chance to end at the look given the counts of williams-2018, and the likelihood of both."""
    found = weigh(read("williams-2018", set=[*PLAIN, ONE, *settings])).to_json()
    return found["stopping"]["chance"]["permissive"], found["hypotheses"][0]["likelihood"]["estimate"]


def test_the_chance_to_end_is_that_of_trials_with_the_same_counts() -> None:
    """Whole trials by the engine, of which those with 7 and 0 responders of 12 are kept."""
    scenario = read("williams-2018", set=[*PLAIN, ONE])
    truth = Truth(0.0, 0.0, True)
    work = job_of(scenario, given_truths={"permissive": [truth, truth]})
    kept, stops, others, stopped = 0, 0, 0, 0
    # Lan and DeMets's O'Brien-Fleming-type spending at 12 of 30, both sides together
    spent = 4 * stats.norm.sf(stats.norm.isf(0.05 / 4) / math.sqrt(12 / 30))
    for first in range(0, 40_960, 1024):
        sequence, values = virtual_patients(work, first, 8)
        y = values[:, :12, 0].reshape(8, 12, 2, 2, 128)  # tile, patient, reading, period, lane
        k_first = (sequence[:, :12] == 0)[:, :, None, None]
        change, response = (np.where(k_first, y[:, :, r], y[:, :, r, ::-1]) for r in (0, 1))
        agree = (response[:, :, 0].sum(axis=1) == 7) & (response[:, :, 1].sum(axis=1) == 0)
        d = change[:, :, 0] - change[:, :, 1]
        in_first = k_first[:, :, 0]
        n1, n2 = in_first.sum(axis=1), (~in_first).sum(axis=1)
        m1, m2 = (np.where(g, d, 0).sum(axis=1) / n for g, n in ((in_first, n1), (~in_first, n2)))
        rest = np.where(in_first, d - m1[:, None], d - m2[:, None])
        variance = (rest**2).sum(axis=1) / 10
        t = 0.5 * (m1 + m2) / np.sqrt(0.25 * variance * (1 / n1 + 1 / n2))
        kept += int(agree.sum())
        beyond = np.abs(t) >= stats.t.isf(spent / 2, 10)
        stops += int((agree & beyond).sum())
        few = response[:, :, 0].sum(axis=1) < 6
        others += int(few.sum())
        stopped += int((few & beyond).sum())
    assert kept > 3000
    chance, both = ended("observed.stopped_at=1", "observed.stopped_by=change")
    share = stops / kept
    assert abs(chance - share) < 4 * math.sqrt(share * (1 - share) * (1 / kept + 1 / 4096))
    # The likelihood is that of the counts times this chance; the counts alone by the same trials:
    assert both == pytest.approx(kept / 40_960 * share, rel=0.12)
    # Negative control: trials with other counts end there less often.
    assert share - stopped / others > 6 * math.sqrt(share * (1 - share) / kept)


def test_the_last_look_is_what_is_left() -> None:
    early, _ = ended("observed.stopped_at=1", "observed.stopped_by=change")
    last, _ = ended("observed.stopped_at=2", "observed.stopped_by=change", "monitoring.looks=[12, 30]")
    assert 0.0 < early < 1.0
    assert 0.0 < last < 1.0


def test_a_rule_that_sees_only_the_counts_cancels() -> None:
    settings = ["observed.stopped_at=2", "observed.stopped_by=response"]
    with_rule = weigh(read("williams-2018", set=[*PLAIN, *settings]), variants=40, patients=1024)
    without = weigh(read("williams-2018", set=PLAIN), variants=40, patients=1024)
    assert with_rule.stopping.treatment == "cancels"
    assert with_rule.to_json()["hypotheses"] == without.to_json()["hypotheses"]


def test_a_look_that_the_counts_cannot_explain_is_told() -> None:
    settings = ["observed.stopped_at=1", "observed.stopped_by=response"]
    found = weigh(read("williams-2018", set=[*PLAIN, *settings, ONE]), variants=40, patients=1024)
    assert found.stopping.treatment == "ignored"
    assert "would not have ended it there" in found.stopping.note
    enough = ["observed.responders={K=[12,12],KN=[0,12]}", "observed.remitters={}"]
    found = weigh(read("williams-2018", set=[*PLAIN, *settings, *enough, ONE]), variants=40, patients=1024)
    assert found.stopping.treatment == "cancels"


def test_patients_are_drawn_given_their_counts() -> None:
    """Cells of three patients with one yes among the first questions: enumerated by hand."""
    adds = np.array([[0], [1]])
    share = [np.array([0.9, 0.1]), np.array([0.5, 0.5]), np.array([0.2, 0.8])]
    rng = np.random.default_rng(1)
    counts = np.zeros(3)
    for _ in range(60):
        cells = draw_cells(share, adds, [1], rng)
        assert cells is not None
        assert (cells.sum(axis=0) == 1).all()
        counts += cells.sum(axis=1)
    exact = np.array([0.1 * 0.5 * 0.2, 0.9 * 0.5 * 0.2, 0.9 * 0.5 * 0.8])
    exact /= exact.sum()
    n = counts.sum()
    assert (np.abs(counts / n - exact) < 4 * np.sqrt(exact * (1 - exact) / n)).all()
    assert draw_cells([np.array([1.0, 0.0])] * 3, adds, [1], rng) is None
