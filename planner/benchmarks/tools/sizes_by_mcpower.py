"""Patients that a two-sample t test needs, by MCPower, which tries every number from 20 to 60."""

from __future__ import annotations

import sys
from importlib.metadata import version

from mcpower import MCPower


def patients(trials: int, seed: int, shift: float, power: float) -> int:
    """The smallest number of both groups together with that power; groups are drawn at random."""
    model = MCPower("y = treatment")
    model.set_variable_type("treatment=binary")
    model.set_effects(f"treatment={shift}")
    result = model.find_sample_size(
        target_test="treatment",
        target_power=100.0 * power,
        from_size=20,
        to_size=60,
        by=1,
        n_sims=trials,
        seed=seed,
        progress_callback=False,
        verbose=False,
    )
    return int(result["first_achieved"][0])


if __name__ == "__main__":
    print(version("mcpower"), patients(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:])))
