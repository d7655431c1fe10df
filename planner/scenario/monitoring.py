"""When a trial is looked at before its end, and what stops it."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, Strict

from planner.scenario import vocabulary
from planner.scenario.fields import Flag, Number, OneOf, Probability, Settings, ZLimit, about

MAX_LOOKS = 20


class Efficacy(Settings):
    rule: Annotated[str, OneOf("efficacy rule", vocabulary.EFFICACY_RULES), about("Rule for stopping early")]
    delta: Annotated[Number | None, about("Shape of the Wang-Tsiatis limits", ge=-10, le=0.5)] = None
    gamma: Annotated[Number | None, about("Shape of Hwang-Shih-DeCani spending", ge=-40, le=40)] = None
    rho: Annotated[Number | None, about("Power of Kim-DeMets spending", gt=0, le=50)] = None
    spent: Annotated[
        tuple[Probability, ...], about("Cumulative alpha spent, one per look", min_length=1)
    ] = ()
    z: Annotated[tuple[ZLimit, ...], about("Limit on the z scale, one per look", min_length=1)] = ()


class Futility(Settings):
    rule: Annotated[str, OneOf("futility rule", vocabulary.FUTILITY_RULES), about("Rule for giving up early")]
    at_most: Annotated[Number | None, about("Conditional power at which to stop", gt=0, lt=1)] = None
    under: Annotated[
        Literal["estimate", "planned", "null"] | None,
        about("The effect under which conditional power is computed; estimate if not given"),
    ] = None
    beta: Annotated[Number | None, about("Total beta to spend", gt=0, lt=1)] = None
    gamma: Annotated[Number | None, about("Shape of Hwang-Shih-DeCani spending", ge=-40, le=40)] = None
    rho: Annotated[Number | None, about("Power of Kim-DeMets spending", gt=0, le=50)] = None
    spent: Annotated[tuple[Probability, ...], about("Cumulative beta spent, one per look", min_length=1)] = ()
    z: Annotated[
        tuple[ZLimit, ...], about("Limit on the z scale, one per look before the last", min_length=1)
    ] = ()
    overlap: Annotated[
        Literal["skip", "spend"] | None,
        about(
            "Two-sided beta spending where the two one-sided tests do not overlap: no stop there, and later "
            "looks share the beta (skip, if not given), or the limit that spends it (spend)",
            since="0.2.0",
        ),
    ] = None
    binding: Annotated[Flag, about("Whether the efficacy limits count on the futility rule")] = False


class Monitoring(Settings):
    looks: Annotated[
        tuple[Annotated[float, Strict(), Field(gt=0)], ...],
        about(
            "Patients finished at each look, or fractions of all; the last is everybody",
            min_length=1,
            max_length=MAX_LOOKS,
        ),
    ] = ()
    efficacy: Annotated[Efficacy | None, about("Stopping because the treatment works")] = None
    futility: Annotated[Futility | None, about("Stopping because it will not be shown to work")] = None

    _shares: tuple[Fraction, ...] = PrivateAttr(default=())

    @property
    def counts(self) -> tuple[int, ...]:
        """Patients finished at each look of a complete scenario."""
        return tuple(int(look) for look in self.looks)

    @property
    def shares(self) -> tuple[Fraction, ...]:
        """Share of the patients at each look, as it was stated before it was rounded to whole patients."""
        return self._shares or tuple(Fraction(m, self.counts[-1]) for m in self.counts)
