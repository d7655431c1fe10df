"""What is known of limits that are scaled to how the reference varies, beside what is simulated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from planner.results.contract import Json, Written
from planner.results.figures import Figure

if TYPE_CHECKING:  # it computes, which pages without figures do not
    from planner.equivalence.scaled import ScaledPower

Key = tuple[str, str, int]  # hypothesis, analysis, patients

BEYOND_CHANCE = 3.0
"""Monte Carlo standard errors beyond which a type I error is above alpha."""

_SAME = 1e-6  # of exact ones, which a level that was solved for gives


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitError(Written):
    """The type I error of an analysis at the worse limit that the stated variability gives."""

    rule: str  # by which limits are scaled
    ratio: float  # the limit, in per cent
    type_one_error: Figure  # without a Monte Carlo error where it is exact
    exact: bool
    alpha: float  # of the analysis
    level: float  # of each one-sided test: alpha, unless it is adjusted
    assumes: tuple[str, ...] = ()  # what an adjusted level stands on that is not so stated

    unwritten: ClassVar = frozenset({"alpha", "rule"})

    @property
    def too_high(self) -> bool:
        """Whether it exceeds alpha, beyond Monte Carlo error."""
        error = self.type_one_error
        return error.estimate - self.alpha > (_SAME if error.mcse is None else BEYOND_CHANCE * error.mcse)

    def to_json(self) -> Json:
        """The object of the JSON contract."""
        return {
            "ratio": self.ratio,
            "type_one_error": self.type_one_error.to_json(),
            "exact": self.exact,
            "level": self.level,
            "assumes": list(self.assumes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactScaled(Written):
    """The exact probabilities of a trial with scaled limits, and of each part of its rule."""

    power: ScaledPower

    def to_json(self) -> Json:
        """The object of the JSON contract."""
        power = self.power
        low, middle, high = power.limit_quantiles
        return {
            "equivalent": power.equivalent,
            "components": components_json(
                power.criterion, power.estimate, power.unscaled, power.sd_ratio, power.scaled
            ),
            "upper_limit": {
                "mean": 100.0 * power.mean_limit,
                "q05": 100.0 * low,
                "q50": 100.0 * middle,
                "q95": 100.0 * high,
            },
        }


def components_json(
    criterion: object, point_estimate: object, unscaled: object, ratio: object, switched: object
) -> Json:
    """The parts of a rule with scaled limits, by their names in the JSON contract."""
    return {
        "criterion": criterion,
        "point_estimate": point_estimate,
        "unscaled": unscaled,
        "ratio": ratio,
        "switched": switched,
    }
