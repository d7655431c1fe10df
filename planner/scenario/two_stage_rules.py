"""The published rules of two-stage bioequivalence trials, one row each. Imports nothing of planner.

A rule decides after stage 1 whether a trial stops, and how many patients stage 2 has. Levels are those of
each of the two one-sided tests; `ratio` and `power` are what patients are planned for (`two_stage.planning`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class KnownError(NamedTuple):
    """A setting in which a rule's type I error is above the .05 that it is named for."""

    ratio: float  # planned
    patients: int  # of stage 1
    cv: float
    error: float  # exact, at a true ratio of 1.25


class TwoStageRule(NamedTuple):
    """A rule: its levels by the planned ratio that they were published for, the first of them the default."""

    title: str
    citation: str
    alpha: Mapping[
        float, tuple[float, ...]
    ]  # of stages 1 and 2; of a rule with weights one, of the whole trial
    power: float
    full_level: float | None = (
        None  # level of stage 1 where it has power enough at this level, looked at first
    )
    weights: tuple[
        float, ...
    ] = ()  # of stage 1 where the p values of stages are combined; largest combination
    min_second: int = 0  # patients of stage 2
    known_errors: tuple[KnownError, ...] = ()

    @property
    def ratio(self) -> float:
        """The planned ratio where none is stated."""
        return next(iter(self.alpha))


def _both(**alpha: float) -> Mapping[float, tuple[float, ...]]:
    """The same level at both stages, by planned ratio: r95=.0294 is .0294 for .95."""
    return MappingProxyType({int(name[1:]) / 100: (level, level) for name, level in alpha.items()})


_POTVIN = "Potvin D et al. Pharm Stat 2008;7:245-262. doi:10.1002/pst.294"
_MONTAGUE = "Montague TH et al. Pharm Stat 2012;11:8-13. doi:10.1002/pst.483"
_FUGLSANG = "Fuglsang A. AAPS J 2013;15:659-661. doi:10.1208/s12248-013-9475-5"
_MAURER = "Maurer W, Jones B, Chen Y. Stat Med 2018;37:1587-1607. doi:10.1002/sim.7614"

RULES: Mapping[str, TwoStageRule] = MappingProxyType(
    {
        "potvin-b": TwoStageRule(
            "Potvin et al. 2008, method B: the same level at both stages", _POTVIN, _both(r95=0.0294), 0.80
        ),
        "potvin-c": TwoStageRule(
            "Potvin et al. 2008, method C: level .05 where stage 1 has power enough",
            _POTVIN,
            _both(r95=0.0294),
            0.80,
            full_level=0.05,
            known_errors=(KnownError(0.95, 12, 0.20, 0.05132), KnownError(0.95, 12, 0.24, 0.05050)),
        ),
        "potvin-d": TwoStageRule(
            "Potvin et al. 2008, method D: method C with a smaller level",
            _POTVIN,
            _both(r95=0.0280),
            0.80,
            full_level=0.05,
        ),
        "montague-d": TwoStageRule(
            "Montague et al. 2012, method D: planned for a ratio of .90",
            _MONTAGUE,
            _both(r90=0.0280),
            0.80,
            full_level=0.05,
            known_errors=(KnownError(0.90, 12, 0.20, 0.05179),),
        ),
        "fuglsang-b": TwoStageRule(
            "Fuglsang 2013, method B: planned for a power of 90 %",
            _FUGLSANG,
            _both(r95=0.0284),
            0.90,
            known_errors=(KnownError(0.90, 12, 0.20, 0.05287),),
        ),
        "fuglsang-c": TwoStageRule(
            "Fuglsang 2013, methods C and D: planned for a power of 90 %",
            _FUGLSANG,
            _both(r95=0.0274, r90=0.0269),
            0.90,
            full_level=0.05,
            known_errors=(KnownError(0.90, 12, 0.20, 0.05034),),
        ),
        "maurer": TwoStageRule(
            "Maurer, Jones and Chen 2018: p values of the stages combined, the larger of two weightings",
            _MAURER,
            MappingProxyType({0.95: (0.05,)}),
            0.80,
            weights=(0.5, 0.25),
            min_second=4,
        ),
    }
)
