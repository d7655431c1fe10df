"""The figures of one design, from trials weighed under its hypotheses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from planner.engine.compiling import Listing, compile_missing, is_watched
from planner.kernels.tables import Floats, Ints
from planner.questions.discriminate.ceiling import (
    Ceiling,
    EndlessTrials,
    bounds,
    ceiling_of,
    endless_trials,
    pair_ceilings,
)
from planner.questions.discriminate.classes import PRACTICAL, chains, practical_classes
from planner.questions.discriminate.design_figures import (
    CalibrationBin,
    ClassRates,
    DecisionRates,
    DesignAnswers,
    FixedFigures,
    PairMatrices,
    RatesPoint,
    SummariesFigures,
    TwoPartitions,
    WholeTrialsCheck,
)
from planner.questions.discriminate.endless import list_density_kernels
from planner.questions.discriminate.likelihood import Fit, Likelihood, certain, mixture
from planner.questions.discriminate.posterior import (
    Bin,
    Classes,
    Figures,
    TrialPosteriors,
    calibration,
    figures,
    likelihoods_of,
    normal_data,
    pairs,
    posteriors_of,
)
from planner.questions.discriminate.response_surface import list_surface_kernels
from planner.questions.discriminate.simulating import SimulatedDesign
from planner.questions.discriminate.summaries import Summaries
from planner.results.figures import Figure, figure, share, smoothed_error

BEYOND_CHANCE = 3.0
"""Standard errors by which full simulation must differ from the normal approximation for a warning."""

_DATA = 1 << 11  # normally distributed trials of a hypothesis in all draws, at least
_SOME = 16  # in each draw, at least
_LIMITS = (0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 1.0)

T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """One design with everything that its answers rest on."""

    uncertain: SimulatedDesign
    fixed: SimulatedDesign  # the same with every uncertain number at its plain value
    summaries: Summaries
    prior: Floats  # adding up to 1
    structural: Classes  # of which one is simulated, and the others are the same
    decisive: float
    seed: int
    fit: Fit
    threads: int | None = None
    same_severity: bool = False
    step: Callable[[], None] = lambda: None  # called after each time that trials were weighed

    @property
    def home(self) -> Ints:
        """Which of those simulated each hypothesis is, i64[hypothesis]."""
        return np.array(
            [next(g for g, of in enumerate(self.structural) if h in of) for h in range(self.prior.size)]
        )

    def endless(self, kinds: Sequence[str] | None = None) -> EndlessTrials:
        """Trials of endless patients; `kinds`: by these summaries only."""
        uncertain, fixed = (self._of(each, kinds) for each in (self.uncertain, self.fixed))
        return self._weighed(
            endless_trials(
                uncertain, fixed, self.prior, self.home, self.seed, self.threads, self.same_severity
            )
        )

    def posteriors(self, patients: float, kinds: Sequence[str] | None = None) -> TrialPosteriors:
        """Normally distributed trials of so many patients, weighed; `kinds`: by these summaries only."""
        sim = self._of(self.uncertain, kinds)
        data = normal_data(sim, patients, _trials(sim), self.seed)
        likelihoods = self._likelihoods if kinds is None else likelihoods_of(sim, self.fit)
        weighed = posteriors_of(sim, data, patients, self.prior, likelihoods, self.threads, self.home)
        return self._weighed(weighed)

    def fixed_posteriors(self, patients: float) -> TrialPosteriors:
        """The same where the uncertain numbers are taken as known."""
        sim = self.fixed
        data, likelihoods = normal_data(sim, patients, _trials(sim), self.seed), likelihoods_of(sim, certain)
        weighed = posteriors_of(sim, data, patients, self.prior, likelihoods, self.threads, self.home)
        return self._weighed(weighed)

    def whole_posteriors(self) -> TrialPosteriors:
        """Whole virtual trials of the design's own number of patients."""
        sim, likelihoods = self.uncertain, self._likelihoods
        weighed = posteriors_of(
            sim, sim.trials, sim.patients, self.prior, likelihoods, self.threads, self.home
        )
        return self._weighed(weighed)

    @cached_property
    def _likelihoods(self) -> list[Likelihood]:
        """Of the simulated hypotheses by all summaries: the same for all numbers of patients."""
        return likelihoods_of(self.uncertain, self.fit)

    def _weighed(self, trials: T) -> T:
        self.step()
        return trials

    def _of(self, sim: SimulatedDesign, kinds: Sequence[str] | None) -> SimulatedDesign:
        return sim if kinds is None else sim.of(self.summaries.places(kinds))


def compile_densities(fit: Fit) -> None:
    """Compile what trials are weighed by, where somebody watches; the threads that weigh would, unseen."""
    if is_watched():
        listing = Listing()
        list_density_kernels(listing.call)
        if fit is mixture:
            list_surface_kernels(listing.call)
        compile_missing(listing.uses)


def _trials(sim: SimulatedDesign) -> int:
    return max(_SOME, -(-_DATA // len(sim.truth.mean)))


def answers(case: Case, curve: Sequence[int], periods: int, names: Sequence[str]) -> DesignAnswers:
    """Everything about one design; `names` of the hypotheses."""
    patients = case.uncertain.patients
    points = {n: case.posteriors(n) for n in {patients, *curve}}
    trials, endless = points[patients], case.endless()
    answer = figures(trials, case.decisive)
    pairwise = pair_ceilings(endless, PRACTICAL)
    classes = practical_classes(pairwise.ceiling, case.structural)
    whole = case.whole_posteriors()
    added = _gains(case, patients, answer, endless)
    reached = [probability(figures(each, case.decisive).right, 1) for each in points.values()]
    reached += [probability(figures(whole, case.decisive).right, 1), *(each.ceiling for each in added)]
    ceiling = ceiling_of(endless, _shares_reached(reached))
    most, basis = _figure(endless, ceiling), bounds(ceiling)
    at_limit = figures(endless.posteriors, case.decisive)

    def named(groups: Iterable[Sequence[int]]) -> list[list[str]]:
        return [[names[h] for h in group] for group in groups]

    return DesignAnswers(
        rates=rates(answer),
        information_bits=average(answer.bits),
        ceiling=most,
        ceiling_rests_on=basis,
        ceiling_decisive_right=probability(at_limit.decisive_right, at_limit.trials),
        classes=named(classes),
        structural_classes=named(case.structural),
        open_pairs=named(pairwise.open),
        chained_classes=named(chains(classes, pairwise.ceiling)),
        by_class=TwoPartitions(
            practical=_by_class(points, whole, trials, endless, case.decisive, classes),
            structural=_by_class(points, whole, trials, endless, case.decisive, case.structural),
        ),
        confusion=mean_matrix(answer.named),
        confusion_mcse=_errors(answer.named),
        ceiling_confusion=mean_matrix(at_limit.named),
        pairs=PairMatrices(
            p_right=_off_diagonal(mean_matrix(pairs(trials))),
            ceiling=_off_diagonal(
                mean_matrix(np.maximum(pairwise.ceiling, pairs(trials).mean(axis=0))[None])
            ),
            mcse=_off_diagonal(mean_matrix(pairwise.error[None])),
        ),
        curve=[_point(case, points[n], n, periods) for n in curve],
        fixed=FixedFigures(
            rates=rates(figures(case.fixed_posteriors(patients), case.decisive)),
            ceiling=_ceiling(figures(case.fixed_posteriors(math.inf), case.decisive)),
        ),
        added=[*added[:-1], *(replace(each, ceiling=most, ceiling_rests_on=basis) for each in added[-1:])],
        check=_check(case, answer, whole),
    )


def rates(answer: Figures) -> DecisionRates:
    """The four probabilities."""
    return DecisionRates(
        p_right=probability(answer.right, answer.trials),
        p_decisive_right=probability(answer.decisive_right, answer.trials),
        p_decisive_wrong=probability(answer.decisive_wrong, answer.trials),
        p_inconclusive=probability(answer.inconclusive, answer.trials),
    )


def _point(case: Case, trials: TrialPosteriors, patients: int, periods: int) -> RatesPoint:
    answer = figures(trials, case.decisive)
    return RatesPoint(
        patients=patients,
        visits=patients * periods,
        rates=rates(answer),
        information_bits=average(answer.bits),
    )


def _by_class(
    points: Mapping[int, TrialPosteriors],
    whole: TrialPosteriors,
    trials: TrialPosteriors,
    endless: EndlessTrials,
    decisive: float,
    classes: Classes,
) -> ClassRates:
    reached = [probability(figures(each, decisive, classes).right, 1) for each in (*points.values(), whole)]
    ceiling = ceiling_of(endless, _shares_reached(reached), classes)
    return ClassRates(
        rates=rates(figures(trials, decisive, classes)),
        ceiling=_figure(endless, ceiling),
        ceiling_rests_on=bounds(ceiling),
    )


def _shares_reached(figures: Sequence[Figure]) -> list[tuple[float, float]]:
    return [(each.estimate, each.error) for each in figures]


def _figure(endless: EndlessTrials, ceiling: Ceiling) -> Figure:
    return interval(
        ceiling.estimate,
        ceiling.error,
        endless.posteriors.weight.shape[0] * endless.posteriors.weight.shape[1],
    )


def _ceiling(endless: Figures) -> Figure:
    return probability(endless.right, endless.trials)


def _gains(case: Case, patients: int, answer: Figures, whole: EndlessTrials) -> list[SummariesFigures]:
    """What each set of summaries adds to those before it: more of them never lower a ceiling.

    The last row is the whole set, whose `answer` is the design's own; so is its ceiling.
    """
    kinds = case.summaries.kinds
    rows: list[SummariesFigures] = []
    for k in range(1, len(kinds) + 1 if len(kinds) > 1 else 1):
        last = k == len(kinds)
        by_these = answer if last else figures(case.posteriors(patients, kinds[:k]), case.decisive)
        endless = whole if last else case.endless(kinds[:k])
        right = probability(by_these.right, by_these.trials)
        ceiling = ceiling_of(endless, _shares_reached([right, *(each.ceiling for each in rows)]))
        rows.append(
            SummariesFigures(
                summaries=kinds[:k],
                p_right=right,
                ceiling=_figure(endless, ceiling),
                ceiling_rests_on=bounds(ceiling),
                information_bits=average(by_these.bits),
            )
        )
    return rows


def _check(case: Case, answer: Figures, whole: TrialPosteriors) -> WholeTrialsCheck:
    """Whole virtual trials judged by the same likelihoods."""
    actual = figures(whole, case.decisive)
    difference = average(actual.right - answer.right)
    lost = float(np.isnan(whole.weight[..., 0]).mean())
    error = difference.mcse
    return WholeTrialsCheck(
        trials=int(whole.weight.shape[0] * whole.weight.shape[2]),
        rates=rates(actual),
        difference=difference,
        differs=bool(error is not None and abs(difference.estimate) > BEYOND_CHANCE * error),
        undefined=lost,
        calibration=[_bin(each) for each in calibration(whole, _LIMITS)],
    )


def _bin(each: Bin) -> CalibrationBin:
    total = float(each.all.sum())
    if total <= 0.0:
        return CalibrationBin(low=each.low, high=each.high, weight=None, true=None)
    true = float(each.true.sum()) / total
    n = each.all.size
    residual = each.true - true * each.all  # of a ratio of sums over draws
    error = math.sqrt(float((residual**2).sum()) * n / max(n - 1, 1)) / total
    share = figure(true, error, 0.0, 1.0)
    return CalibrationBin(low=each.low, high=each.high, weight=each.weight, true=share)


def probability(x: Floats, trials: int) -> Figure:
    """The mean of shares f64[draw] with the error of its spread between draws, and Wilson's interval.

    Where all draws agree, the error is that of `trials` independent trials, which is never 0.
    """
    n, p = x.size, min(max(float(x.mean()), 0.0), 1.0)
    error = float(x.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    return interval(p, error, trials, n)


def interval(p: float, error: float, trials: int, least: int = 1) -> Figure:
    """A share with its error, which that of `trials` trials replaces where it is 0, and Wilson's interval."""
    if error < 1e-9:
        error = smoothed_error(p * trials, trials)
    size = max(p * (1.0 - p) / error**2, float(least))  # independent trials with the same error
    return share(p, error, size)


def average(x: Floats) -> Figure:
    """The mean of x f64[draw], its error and a 95 % interval."""
    mean = float(x.mean())
    return figure(mean, float(x.std(ddof=1)) / math.sqrt(x.size) if x.size > 1 else None)


def mean_matrix(x: Floats) -> list[list[float]]:
    """The mean of matrices f64[draw, row, column]."""
    return [[round(float(cell), 6) for cell in row] for row in x.mean(axis=0)]


def _errors(x: Floats) -> list[list[float | None]]:
    if len(x) < 2:
        return [[None for _ in row] for row in x[0]]
    return [[round(float(cell), 6) for cell in row] for row in x.std(axis=0, ddof=1) / math.sqrt(len(x))]


def _off_diagonal(matrix: Sequence[Sequence[float | None]]) -> list[list[float | None]]:
    return [[None if i == j else x for j, x in enumerate(row)] for i, row in enumerate(matrix)]
