"""What must not be overlooked in a run: interrupted, errors that are approximate, size above alpha, bias."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from planner.engine.cells import Cells
from planner.engine.simulation import Simulation
from planner.model.distinguishable import indistinguishable
from planner.model.period_confounding import period_remarks
from planner.model.stopping.remarks import remarks_at_sizes, remarks_on_plans
from planner.results.carryover_sentences import Carried, bias_sentences, place
from planner.results.cells import Cell
from planner.results.design_effect import APPROXIMATE, WARNING
from planner.results.effect_scale import unit_of
from planner.results.irregular_trials import warnings as irregular_warnings
from planner.results.limit_errors import LimitError
from planner.results.own_estimates import on_other_scales
from planner.scenario.scenario import Scenario


def warnings_of(
    scenario: Scenario,
    outcome: Simulation,
    cells: Sequence[Cell],
    called: Callable[[str], str] = str,
) -> list[str]:
    """Warnings that follow from the cells. `called`: what a hypothesis is called there."""
    warnings = []
    if outcome.partial:
        warnings.append(
            f"interrupted: the figures are of the {outcome.tally.trials:,} trials that were finished"
        )
    if any(cell.note.endswith(APPROXIMATE) for cell in cells):
        warnings.append(WARNING)
    others = _inseparable(scenario, cells)
    named: list[tuple[Cell, str]] = []
    for cell in cells:
        if cell.hypothesis not in others:
            continue  # its figures are those of another hypothesis, under which they stand
        under = " = ".join(map(called, [cell.hypothesis, *others[cell.hypothesis]]))
        named.append((cell, under))
        error = cell.power_ignoring_futility or cell.power
        if cell.is_null and error.estimate - cell.alpha > 3 * error.error:
            warnings.append(
                f"type I error of {cell.analysis} under {under} is {error.estimate:.4f} "
                f"(Monte Carlo SE {error.error:.4f}), above alpha = {cell.alpha:g}"
            )
        if cell.type1_at_limit is not None and cell.type1_at_limit.too_high:
            warnings.append(_at_limit(cell, cell.type1_at_limit, under))
    return [
        *warnings,
        *irregular_warnings(named),
        *biased_by_carryover(scenario, cells, others, called),
        *on_other_scales(scenario, cells, called),
    ]


def _at_limit(cell: Cell, at_limit: LimitError, under: str) -> str:
    """That a test with scaled limits does not hold its level."""
    error = at_limit.type_one_error
    how = "exact" if error.mcse is None else f"Monte Carlo SE {error.mcse:.4f}"
    return (
        f"type I error of {cell.analysis} at the limit under {under}, ratio {at_limit.ratio:.2f} %, is "
        f"{error.estimate:.4f} ({how}), above alpha = {cell.alpha:g}: limits follow the variability "
        "that the trial estimates"
    )


def biased_by_carryover(
    scenario: Scenario,
    cells: Sequence[Cell],
    others: Mapping[str, Sequence[str]] | None = None,
    called: Callable[[str], str] = str,
) -> list[str]:
    """A warning for each analysis whose estimate carryover biases.

    `others`: the hypotheses that are named, each with those that are the same; all if not given.
    """
    named = others or {cell.hypothesis: () for cell in cells}
    return bias_sentences(
        Carried(
            cell.analysis,
            " = ".join(map(called, [cell.hypothesis, *named[cell.hypothesis]])),
            place(cell.patients, cell.sweep),
            unit_of(scenario, cell.analysis),
            cell.carryover,
        )
        for cell in cells
        if cell.hypothesis in named
    )


def remarks_on_looks(scenario: Scenario, cells: Cells) -> list[str]:
    """What must be said of the looks, and of periods that are not told from treatments; of several numbers of
    patients in few words."""
    plans = cells.plans
    if len(plans[0][1]) == 1:
        of_looks = remarks_on_plans(scenario, [(analysis, solved) for analysis, (solved,) in plans])
    else:
        of_looks = remarks_at_sizes(scenario, plans)
    most = max(solved.patients for _, each in plans for solved in each)
    return [*period_remarks(scenario, most), *of_looks]


def _inseparable(scenario: Scenario, cells: Sequence[Cell]) -> dict[str, tuple[str, ...]]:
    """The hypotheses, each with those that the design cannot separate from it; of a class only the first."""
    names = list(dict.fromkeys(cell.hypothesis for cell in cells))
    return {group[0]: group[1:] for group in indistinguishable(scenario, names)}
