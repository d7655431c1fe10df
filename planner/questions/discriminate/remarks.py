"""Warnings beside the figures of telling hypotheses apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planner.model.families.family import family_of
from planner.questions.discriminate.design_figures import DesignFigures, WholeTrialsCheck
from planner.scenario.scenario import Scenario

BEYOND = 2.0
"""Standard errors by which weights must differ from how often they are true to be warned of."""

_ROUNDING = 1e-9
"""A standard error below it is none: sums of weights that are all the same leave such a rest."""


def _miscalibrated(check: WholeTrialsCheck) -> str:
    """Weights that do not mean what they say, by more than twice their error."""
    bins = [(b.weight, b.true) for b in check.calibration if b.weight is not None and b.true is not None]
    off = [
        (weight, true)
        for weight, true in bins
        if true.error > _ROUNDING and abs(true.estimate - weight) > BEYOND * true.error
    ]
    if not off:
        return ""
    shares = "; ".join(
        f"{weight:.2f} (true: {100 * true.estimate:.0f} ± {_short(100 * true.error)} %)"
        for weight, true in off
    )
    return (
        "in whole virtual trials a mechanism is not true as often as its weight says, by more than twice the "
        f"error, where the weight is about {shares}: do not take such weights at their word"
    )


def _short(error: float) -> str:
    return f"{error:.0f}" if error >= 0.95 else f"{error:.1g}"


def assumed_between(designs: Iterable[tuple[str, Scenario, Sequence[str]]]) -> Iterable[str]:
    """That means tell hypotheses apart by how much patients differ, where that is the default."""
    for design, scenario, names in designs:
        stated = [scenario.hypotheses[name] for name in names]
        if usual := next(filter(None, (family_of(each).default_between(each) for each in stated)), ""):
            yield (
                f"{design}: the mean of a treatment varies with how much patients differ, and so does how "
                f"well it tells hypotheses apart: {usual}, the default; state what is known of it"
            )


def warnings(
    hypotheses: Sequence[Sequence[str]], designs: Sequence[DesignFigures], draws: int, partial: bool
) -> Iterable[str]:
    """What to know before the figures are used. `hypotheses` of each design."""
    if partial:
        yield f"interrupted: the figures rest on {draws:,} draws of the uncertain numbers that were finished"
    for each in designs:
        if not each.uncertain:
            yield (
                f"{each.design}: no number is uncertain, so that the mechanisms look far easier to tell "
                "apart than they are: state what is not known under uncertainty"
            )
        check = each.answers.check
        if check.differs:
            whole, normal = check.rates.p_right.estimate, each.answers.rates.p_right.estimate
            yield (
                f"{each.design}: whole virtual trials are judged right in {100 * whole:.1f} %, the normal "
                f"approximation says {100 * normal:.1f} %: at {each.patients:,} patients trust the former, "
                "and the curve less"
            )
        if sentence := _miscalibrated(check):
            yield f"{each.design}: {sentence}"
        if check.undefined > 0.0:
            yield (
                f"{each.design}: {100 * check.undefined:.2g} % of the whole virtual trials lack a "
                "treatment altogether and are left out of the check"
            )
    if len({frozenset(names) for names in hypotheses}) > 1:
        yield "the designs do not have the same hypotheses, so that their figures cannot be compared"
