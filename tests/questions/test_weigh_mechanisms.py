"""Weighing mechanisms: against the figures of an independent sketch, and calibrated on trials of its own."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from planner.model.distinguishable import inseparable
from planner.model.parameter_draws import variants
from planner.questions.weigh.cohort import cohort
from planner.questions.weigh.count_evidence import CountEvidence
from planner.questions.weigh.posterior import Posterior
from planner.questions.weigh.weigh import weigh
from planner.scenario.reading.read import read, read_text
from tests.support.weighed import worst_z

# Likelihood of 7 against 0 responders of 12, relative to the best hypothesis: output of a research sketch
# under stated assumptions, no data. Its ranges of what is uncertain are those of the library; it has endless
# washout and no dropout, and expectancy alone is of as many patients as beside a specific effect.
USUAL = {
    "permissive": 1.0,
    "opioid-expectancy": 0.22,
    "indirect-opioid": 0.20,
    "synergy": 0.18,
    "direct-opioid": 0.16,
    "mtor-crosstalk": 0.10,
    "naltrexone-aversive": 0.07,
    "pharmacokinetic": 0.04,
}
LITTLE = {  # with three tenths of the usual expectancy
    "direct-opioid": 1.0,
    "indirect-opioid": 0.97,
    "synergy": 0.94,
    "permissive": 0.62,
    "mtor-crosstalk": 0.49,
    "pharmacokinetic": 0.25,
    "naltrexone-aversive": 0.10,
}
FREE = ("nmda-only", "expectancy")  # of opioids: below 0.001 in both
SKETCH = """
schema_version = 1
extends = "library/ketamine-opioid.toml"
[treatments]
K = { agents = ["ketamine"] }
KN = { agents = ["ketamine", "naltrexone"] }
[design]
sequences = ["K KN", "KN K"]
patients = 30
washout_days = 1000
[population]
baseline = { mean = 26.0, sd = 3.5, at_least = 20 }
[endpoint]
scale = "HAM-D17"
measure = "change"
[observed]
responders = { K = [7, 12], KN = [0, 12] }
"""
AS_THERE = [
    f"hypotheses.{name}.components.expectancy.{setting}"
    for name in ("expectancy", "opioid-expectancy")
    for setting in ("share=0.28", "size={mean=1.12,sd=0.31}", "otherwise={mean=0.16,sd=0.16}")
]


def relative(*settings: str) -> dict[str, float]:
    """Likelihoods against the largest."""
    found = weigh(read_text(SKETCH, set=[*AS_THERE, *settings]), variants=200, patients=2048).to_json()[
        "hypotheses"
    ]
    return {row["hypothesis"]: row["bayes_factor"]["estimate"] for row in found}


@pytest.mark.long
def test_with_the_usual_placebo_response_opioid_tone_leads() -> None:
    found = relative()
    assert max(found, key=lambda name: found[name]) == "permissive"
    for name, expected in USUAL.items():
        assert found[name] == pytest.approx(expected, rel=0.5), name
    assert all(found[name] < 0.001 for name in FREE)
    groups = ["permissive"], ["indirect-opioid", "synergy", "direct-opioid"], ["mtor-crosstalk"]
    rest = ["naltrexone-aversive"], ["pharmacokinetic"], list(FREE)
    means = [np.mean([found[name] for name in group]) for group in (*groups, *rest)]
    assert means == sorted(means, reverse=True)


@pytest.mark.long
def test_with_little_placebo_response_direct_action_leads() -> None:
    scaled = [
        f"components.expectancy.{key}"
        for key in ("size={mean=0.165,sd=0.045}", "otherwise={mean=0.024,sd=0.024}")
    ]
    found = relative(*scaled)
    for name, expected in LITTLE.items():
        assert found[name] == pytest.approx(expected, rel=0.5), name
    assert found["direct-opioid"] > found["permissive"] > found["mtor-crosstalk"] > found["pharmacokinetic"]
    assert found["pharmacokinetic"] > found["naltrexone-aversive"]
    assert all(found[name] < 0.001 for name in FREE)


@pytest.mark.long
def test_weights_of_mechanisms_are_chances() -> None:
    """Trials of other variants and patients, weighed by their counts: a weight w is right in a share w."""
    names = ["nmda-only", "direct-opioid", "permissive", "pharmacokinetic"]
    scenario = read(
        "williams-2018", set=[f"simulation.hypotheses={names}".replace("'", '"'), "observed.use=responders"]
    )
    found = weigh(scenario, variants=120, patients=1024)
    assert isinstance(found.evidence, CountEvidence)
    weight: dict[tuple[int, int], Any] = {}
    for x, y in product(range(13), repeat=2):
        sums = tuple(replace(each, count=n) for each, n in zip(found.evidence.sums, (x, y), strict=True))
        likelihood = replace(found.evidence, sums=sums).likelihood(found.measured)
        weight[x, y] = Posterior(likelihood, np.ones(4), found.posterior.groups).weights()[0]
    claimed, right = [], []
    for number, variant in enumerate(variants(scenario, 160, 99)):
        patients = cohort(variant, names, found.evidence.readings, 99, number, 1024)
        parts = [patients.seen(sequence, ("K", "KN"))[:, 0] for sequence in variant.design.sequences]
        for h in range(4):
            here = [part[h][:, ~np.isnan(part[h]).any(axis=0)] for part in parts]
            for trial in range(8):
                k, kn = sum(part[:, 6 * trial : 6 * trial + 6].sum(axis=1) for part in here).astype(int)
                claimed.append(weight[k, kn])
                right.append(np.eye(4)[h])
    assert worst_z(np.array(claimed), np.array(right)) < 5.0  # eight trials share the numbers of a variant
    shuffled = np.random.default_rng(0).permutation(np.array(right))
    assert worst_z(np.array(claimed), shuffled) > 20.0


def test_hypotheses_that_draw_the_same_each_for_itself_are_one_class() -> None:
    scenario = read_text(SKETCH)
    names = tuple(scenario.hypotheses)
    found = [[names[h] for h in group] for group in inseparable(scenario, names, 1)]
    assert [group for group in found if len(group) > 1] == [["direct-opioid", "indirect-opioid", "synergy"]]
    wider = read_text(
        SKETCH, set=['hypotheses.synergy.uncertainty."terms.expectancy.needs.opioid_tone.gate".high=0.4']
    )
    apart = [[names[h] for h in group] for group in inseparable(wider, names, 1)]
    assert ["direct-opioid", "indirect-opioid"] in apart


def test_numbers_that_do_nothing_in_this_design_are_left_out() -> None:
    found = weigh(read_text(SKETCH), variants=30, patients=256)
    paths = {row["path"] for row in found.to_json()["sensitivity"]}
    assert "agents.naltrexone.occupancy" in paths
    assert "components.specific.otherwise, components.specific.size" in paths
    for agent in ("rapamycin", "midazolam", "saline", "opioid-agonist", "nmda-antagonist"):
        assert not any(agent in path for path in paths)
    assert not any(path.startswith("outcomes") for path in paths)
