"""The result of a simulation over uncertain numbers: operating characteristics averaged over variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from planner.model.dropout import return_rule
from planner.model.estimand import Truth
from planner.model.parameter_draws import (
    draws_of_variants,
    uncertain_parameters,
)
from planner.results.between_draws import Clusters, VariantSums, VariantTallies
from planner.results.blinding import guess_figures
from planner.results.carryover_figures import CarryoverBias, Key
from planner.results.cell_figures import cell_of
from planner.results.cells import Cell, WholeTrial
from planner.results.cluster_errors import error
from planner.results.contract import Json, as_json
from planner.results.dropout import DropoutFigures, dropout_of
from planner.results.effect_scale import on_effect_scale, unit_of
from planner.results.run import Run
from planner.results.two_stage_figures import with_stages
from planner.results.uncertain_numbers import uncertain_numbers
from planner.results.variant_figures import VariantPowers
from planner.results.whole_trial import whole_trials


@dataclass(frozen=True, repr=False)
class AssuranceRun(Run):
    """The result of a simulation over uncertain numbers: a run whose power is the assurance."""

    drawn: VariantTallies | None = None  # always there

    @property
    def variants(self) -> int:
        """Of what is uncertain, over which the figures are averages."""
        assert self.drawn is not None
        return len(self.drawn.tallies)

    def _each_cell(self) -> list[Cell]:
        """As of a run, with errors that include the spread between variants, and with what is uncertain."""
        return [replace(cell, uncertainty=powers.figures()) for cell, powers in self.points()]

    def points(self) -> list[tuple[Cell, VariantPowers]]:
        """The cells without `uncertainty`, which takes longer than all else, and that of which it is made."""
        about, total, drawn = self.outcome.cells, self.outcome.tally, self.drawn
        assert drawn is not None
        rows = []
        again = return_rule(self.scenario)
        days = again.recheck_days if again is not None else None
        for h, tests in enumerate(about.tests):
            dropout = self._dropout(h)
            for a, test in enumerate(tests):
                truth = Truth(drawn.mean_effect(h, a), 0.0, bool(drawn.null[:, h, a].all()))
                pooled, unit = replace(test, truth=truth), unit_of(self.scenario, test.analysis.name)
                sums = VariantSums(drawn, h, a)
                for d in range(len(about.designs)):
                    ends, free, irregular = (x[h, a, d] for x in (total.ends, total.free, total.irregular))
                    parts = total.parts[h, a, d]
                    cell = cell_of(pooled, d, total.trials, ends, free, irregular, parts, dropout)
                    if test.two_stage:
                        cell = with_stages(cell, parts, ends, test.looks[d].counts[0])
                    cell = replace(cell, correct_guesses=guess_figures(about, total, h))
                    clusters = Clusters(sums, d, test, days)
                    cell = on_effect_scale(clusters.cell(cell), unit)
                    rows.append((cell, clusters.powers(unit)))
        return rows

    @cached_property
    def carryover(self) -> Mapping[Key, CarryoverBias]:
        """As of a run, averaged over some variants."""
        from planner.results.carryover import biases_of_cells  # simulates, and so needs the kernels

        return biases_of_cells(self.scenario, self.outcome.cells, uncertain=True)

    def whole_trials(self, cells: Sequence[Cell]) -> list[WholeTrial]:
        """As of a run, with errors that include the spread between variants."""
        drawn, about = self.drawn, self.outcome.cells
        assert drawn is not None
        pairs = list(zip(drawn.tallies, drawn.null, strict=True))
        return whole_trials(self.scenario, about, self.outcome.tally, cells, pairs)

    def _sums(self) -> object:
        """The sums of each variant, and its parameters: numbers drawn and true effects."""
        drawn, seed = self.drawn, self.outcome.cells.seed
        assert drawn is not None
        return {
            "variants": drawn.numbers,
            "trials": drawn.trials,
            "tallies": [each.sums() for each in drawn.tallies],
            "parameters": [
                draws_of_variants(each, seed, drawn.numbers) for each in uncertain_parameters(self.scenario)
            ],
            "effects": drawn.effect,
            "nulls": drawn.null,
            "retention": drawn.retention,
        }

    def to_json(self) -> Json:
        """The `planner.run/1` object, with what is uncertain."""
        document = super().to_json()
        document["run"]["variants"] = self.variants
        return document | {"uncertain": as_json(uncertain_numbers(self.scenario))}

    def _dropout(self, h: int) -> DropoutFigures:
        """The dropout under a hypothesis, over all variants."""
        assert self.drawn is not None
        retentions = [each for each in self.drawn.retention if each is not None]
        if len(retentions) < len(self.drawn.retention):
            return dropout_of(self.scenario, self.outcome.tally.followed[h])
        spread = error(np.array(retentions) * self.drawn.trials, self.drawn.trials)
        return DropoutFigures(float(np.average(retentions, weights=self.drawn.trials)), spread or None, None)
