"""Variants have blocks as large as their trials, and the sums that blocks of any size give."""

from __future__ import annotations

import numpy as np
import pytest

import planner
from planner.engine.workspace import block_size, new_workspace
from planner.questions.run.assurance import AssurancePass, Pool, VariantWork, shares


@pytest.mark.parametrize(("trials", "tiles"), [(4 * 128, 1), (4 * 256, 2), (4 * 8_192, 8)])
def test_blocks_are_no_larger_than_what_variants_simulate(trials: int, tiles: int) -> None:
    scenario = planner.read("williams-2018", set=["simulation.hypotheses=['permissive']"])
    names = scenario.simulated_hypotheses
    work = AssurancePass(scenario, 4).work
    assert block_size(work) == 8
    variants = VariantWork(work, Pool(scenario, 1, names), tuple(shares(trials, 4)))
    assert variants.space().tiles == tiles
    small = variants.do(1, 1, variants.space(), lambda _: True)
    large = variants.do(1, 1, new_workspace(work, 5), lambda _: True)
    for name, sums in small[1].tally.sums().items():
        assert np.array_equal(sums, large[1].tally.sums()[name]), name
    assert small[1].tally.ends.any()
