"""How scores vary: within a patient, between patients, and between what treatments do to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import fsum, sqrt
from typing import NamedTuple


class ScoreSpread(NamedTuple):
    """Standard deviations of the score `mean + patient + patient-by-treatment + residual`, in points.

    Two scores of a patient have the covariance `sign` x level x level, each the `level` of its treatment (and
    the variance of the patient-by-treatment effect where the treatment is the same). With sign -1 patients
    have no level of their own: the good period of a patient is paid for by the others.
    """

    within: dict[str, float]  # of the residual, by treatment
    level: dict[str, float]  # of the patient effect, by treatment
    interaction: float  # of the patient-by-treatment effect
    sign: int = 1

    @property
    def between(self) -> float:
        """SD of the patient effect: the common one, else the root of the mean variance."""
        return typical(list(self.level.values()))

    def total(self, treatment: str) -> float:
        """SD of the scores of different patients on a treatment."""
        within, level = self.within[treatment], self.level[treatment]
        return sqrt(self.sign * level * level + self.interaction * self.interaction + within * within)

    def contrast(self, weights: Mapping[str, float]) -> float:
        """SD of one patient's contrast of treatments, one period of each."""
        residual = sum(w * w * (self.within[a] * self.within[a]) for a, w in weights.items())
        own = sum(w * w for w in weights.values()) * (self.interaction * self.interaction)
        return sqrt(residual + own + self.shared(weights.items()))

    def shared(self, weighted: Iterable[tuple[str, float]]) -> float:
        """Variance that the patient effect leaves in a sum of (treatment, weight); none if it cancels."""
        pairs = list(weighted)
        if self.common and abs(fsum(w for _, w in pairs)) < _CANCELS:
            return 0.0
        left = fsum(w * self.level[a] for a, w in pairs)
        return self.sign * left * left

    @property
    def common(self) -> bool:
        """Whether the patient effect is the same under all treatments: it cancels from differences."""
        return len(set(self.level.values())) == 1

    def difference(self, first: str, second: str) -> float:
        """SD of one patient's difference of two treatments."""
        return self.contrast({first: 1.0, second: -1.0})

    def covariance(self, first: str, second: str) -> float:
        """Of one patient's scores in two periods, points squared."""
        own = self.interaction * self.interaction if first == second else 0.0
        return self.sign * self.level[first] * self.level[second] + own

    def correlation(self, first: str, second: str) -> float:
        """Correlation of one patient's scores on two treatments; 0 where nothing varies."""
        scale = self.total(first) * self.total(second)
        return self.covariance(first, second) / scale if scale > 0.0 else 0.0


_CANCELS = 1e-9


def typical(values: Sequence[float]) -> float:
    """The common value, to the last bit, else the root of the mean square."""
    if len(set(values)) == 1:
        return values[0]
    return sqrt(fsum(x * x for x in values) / len(values))
