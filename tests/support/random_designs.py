"""Designs with patients and looks at random, as tables of kernels, for tests."""

from __future__ import annotations

import numpy as np

from planner.kernels.tables import Contrast
from planner.scenario.designs import named
from planner.scenario.estimability import period_shares, sequence_shares
from tests.support.analysis_twins import Sequences, Weights

INTERACTION = {"A": 1.0, "B": -1.0, "C": -1.0, "D": 1.0}
PAIR = {"A": 1.0, "B": -1.0}
DESIGNS: dict[str, tuple[Sequences, Weights]] = {
    "AB/BA": (named("AB/BA", "AB"), PAIR),
    "Williams 3": (named("williams", "ABC"), {"A": 1.0, "C": -1.0}),
    "Williams 4": (named("williams", "ABCD"), INTERACTION),
    "ABB/BAA": (named("ABB/BAA", "AB"), {"A": -2.0, "B": 2.0}),
    "Balaam": (named("balaam", "AB"), PAIR),
    "incomplete blocks": ([tuple(s) for s in ("AB", "BA", "AC", "CA", "BC", "CB")], PAIR),
    "of all": ([tuple(s) for s in ("ABC", "BCA", "CAB")], {"A": 1.0, "B": -0.5, "C": -0.5}),
    "two trials": ([tuple(s) for s in ("AB", "BA", "CD", "DC")], PAIR),
    "not connected": ([tuple(s) for s in ("AB", "BA", "CD", "DC")], {"A": 1.0, "C": -1.0}),
    "parallel": ([("A",), ("B",), ("C",)], {"A": 1.0, "C": -1.0}),
    "parallel, weighted": ([("A",), ("B",), ("C",), ("D",)], INTERACTION),
}


def tables(sequences: Sequences, weights: Weights) -> Contrast:
    treatments = list(dict.fromkeys(a for s in sequences for a in s))
    shares = sequence_shares(sequences, weights) or [0] * len(sequences)
    return Contrast(
        weight=np.array([[float(x) for x in period_shares(s, weights)] for s in sequences]),
        share=np.array([float(x) for x in shares]),
        treatment=np.array([[treatments.index(a) for a in s] for s in sequences]),
        effect=np.array([weights.get(a, 0.0) for a in treatments]),
        sides=0,
        baseline=1,
    )
