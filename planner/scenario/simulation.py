"""Settings of the simulation: trials, seed, hypotheses."""

from __future__ import annotations

from typing import Annotated

from planner.scenario.caps import MAX_SEED, MAX_TRIALS
from planner.scenario.fields import (
    A_TEXT,
    Name,
    Settings,
    Whole,
    about,
)


class SimulationSettings(Settings):
    trials: Annotated[
        Whole, about("Number of simulated trials", "trials", label=True, ge=1, le=MAX_TRIALS, example=1000000)
    ] = 100_000
    seed: Annotated[Whole, about("Seed of the random numbers", label=True, ge=0, le=MAX_SEED, example=7)] = 1
    hypotheses: Annotated[
        tuple[Name, ...],
        A_TEXT,
        about("The hypotheses to simulate, by name or label; all if not given", label=True, min_length=1),
    ] = ()
