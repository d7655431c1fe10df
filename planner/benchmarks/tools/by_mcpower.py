"""The power of a two-sample t test by MCPower, whose engine is written in Rust: one binary predictor.

Each patient's group is drawn at random, so that groups are hardly ever equal.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import version
from typing import Any

from mcpower import MCPower


@cache
def _model(shift: float) -> Any:
    model = MCPower("y = treatment")
    model.set_variable_type("treatment=binary")
    model.set_effects(f"treatment={shift}")
    return model


def power(trials: int, seed: int, group: float, shift: float) -> float:
    """Share of significant trials of 2 `group` patients, `shift` standard deviations apart."""
    result = _model(shift).find_power(
        sample_size=2 * int(group),
        target_test="treatment",
        n_sims=trials,
        seed=seed,
        progress_callback=False,
        verbose=False,
    )
    return float(result["power_uncorrected"][0][0])


if __name__ == "__main__":
    print(version("mcpower"), power(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:])))
