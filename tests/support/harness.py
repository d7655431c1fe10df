"""Common ground of tests that lean on something outside the package: scenario texts, a fair comparison.

A simulated number is never equal to the exact one. `Comparison` collects pairs, expresses each difference in
Monte Carlo standard errors, prints the table and fails if one is beyond a limit that was chosen beforehand.
Seeds are fixed, so that a comparison that holds, holds every time; the limit only says how likely a false
alarm was when the seed was chosen: with 4 standard errors 6e-5 for one pair.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scipy.stats import binom, norm

from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.scenario.reading.read import read_text

Json = dict[str, Any]
LIMIT = 4.0
Z_LIMIT = 5.0  # a fixed seed either passes or not: this is about how surprising a number may be


class TooFarApart(AssertionError):
    """A simulated number differs from the expected one by more than chance explains."""


@dataclass(frozen=True)
class Pair:
    """One number, simulated and expected, with the difference in standard errors."""

    what: str
    simulated: float
    expected: float
    z: float

    def __str__(self) -> str:
        return f"{self.z:+7.2f}  {self.simulated:14.7g}  {self.expected:14.7g}  {self.what}"


@dataclass
class Comparison:
    """Simulated numbers beside expected ones; `check` prints them and fails beyond the limit.

    Leaving a `with` block checks as well.
    """

    limit: float = LIMIT
    title: str = ""
    pairs: list[Pair] = field(default_factory=list)

    def probability(self, what: str, shown: Mapping[str, float] | None, trials: int, expected: float) -> None:
        """A share of the trials against its exact probability, by the exact binomial tail."""
        assert shown is not None, f"{what}: nothing was counted"
        count = round(shown["estimate"] * trials)
        self.pairs.append(Pair(what, shown["estimate"], expected, binomial_z(count, trials, expected)))

    def mean(self, what: str, simulated: float | None, se: float, expected: float) -> None:
        """A number against its expectation; se is the standard error of their difference."""
        assert simulated is not None, f"{what}: nothing was simulated"
        error = simulated - expected
        if se > 0.0:
            z = error / se
        else:  # a quantity that does not vary must be exact, up to the 2^-32 in which errors are kept
            z = 0.0 if abs(error) <= 1e-8 * max(1.0, abs(expected)) else math.inf
        self.pairs.append(Pair(what, simulated, expected, z))

    @property
    def worst(self) -> float:
        """Largest difference in standard errors."""
        return max(abs(pair.z) for pair in self.pairs)

    def check(self) -> None:
        """Print the comparison and fail if a pair is further apart than the limit."""
        assert self.pairs, "nothing was compared"
        ordered = sorted(self.pairs, key=lambda pair: -abs(pair.z))
        head = (
            f"{self.title}: {len(self.pairs)} comparisons, largest |z| {self.worst:.2f}, limit {self.limit:g}"
        )
        lines = [head, "      z       simulated        expected"] + [str(pair) for pair in ordered[:12]]
        print("\n".join(lines))
        if not self.worst <= self.limit:
            raise TooFarApart("\n".join(lines))

    def __enter__(self) -> Comparison:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.check()


def binomial_z(count: int, trials: int, p: float) -> float:
    """The normal score of the smaller exact tail of a count: right also where p is near 0 or 1."""
    if not 0.0 < p < 1.0:
        return 0.0 if count == round(p * trials) else math.inf
    below, above = binom.cdf(count, trials, p), binom.sf(count - 1, trials, p)
    if min(below, above) >= 0.5:
        return 0.0
    return float(norm.isf(above)) if above < below else -float(norm.isf(below))


def toml(value: Any) -> str:
    """A value as TOML: numbers, strings, lists and inline tables."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f'"{key}" = {toml(item)}' for key, item in value.items()) + " }"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Iterable):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return repr(value)


def scenario_text(
    sequences: Sequence[str] = ("A B", "B A"),
    patients: int = 12,
    *,
    hypotheses: Mapping[str, Mapping[str, Any]],
    analyses: Sequence[Mapping[str, Any]] = ({},),
    looks: Sequence[float] = (),
    efficacy: Mapping[str, Any] | None = None,
    futility: Mapping[str, Any] | None = None,
    scale: Mapping[str, Any] | str | None = None,
    population: Mapping[str, Any] | None = None,
    **design: Any,
) -> str:
    """The TOML text of a scenario; what is not given is left to the package's own defaults."""
    tables: dict[str, Mapping[str, Any]] = {
        "design": {"sequences": list(sequences), "patients": patients} | design,
        "population": population or {},
        "endpoint": {"scale": scale} if scale is not None else {},
        "monitoring": {
            key: value
            for key, value in {"looks": list(looks), "efficacy": efficacy, "futility": futility}.items()
            if value
        },
    }
    tables |= {f'hypotheses."{name}"': settings for name, settings in hypotheses.items()}
    lines = ["schema_version = 1"]
    for name, settings in tables.items():
        if settings:
            lines += [f"[{name}]", *(f"{key} = {toml(value)}" for key, value in settings.items())]
    for analysis in analyses:
        lines += ["[[analyses]]", *(f"{key} = {toml(value)}" for key, value in analysis.items())]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Cells:
    """The cells of a run, found by hypothesis, analysis and number of patients."""

    trials: int
    cells: list[Json]

    def __call__(self, **wanted: Any) -> Json:
        found = [c for c in self.cells if all(c[key] == value for key, value in wanted.items())]
        assert len(found) == 1, f"{len(found)} cells match {wanted}"
        return found[0]


def run(text: str, trials: int, *, seed: int = 20260101, patients: Sequence[int] | None = None) -> Cells:
    """Simulate a scenario text."""
    outcome = simulate(read_text(text), trials=trials, seed=seed, patients=patients)
    assert outcome.trials == trials
    return Cells(trials, as_json(outcome.cells()))
