"""The result of weighing: weights, Bayes factors and what they rest on, in the form of the JSON contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from planner.kernels.tables import Floats
from planner.questions.weigh.count_evidence import CountEvidence
from planner.questions.weigh.exact_tests import ObservedTest
from planner.questions.weigh.normal_evidence import DifferenceEvidence, MeanEvidence
from planner.questions.weigh.observed_counts import fewer_pairs
from planner.questions.weigh.posterior import Posterior, figure
from planner.questions.weigh.sensitivity import Influence, NumberDraws, Side, influences, moved_error
from planner.questions.weigh.stopping import StoppingTreatment
from planner.questions.weigh.weigh_figures import (
    ClassWeight,
    EvidenceGroup,
    Expected,
    HypothesisWeight,
    NumberInfluence,
    WeighedEvidence,
    WeighedStopping,
    WeighingFigures,
    WeightsAt,
)
from planner.results.contract import Json, as_json
from planner.results.digest import answer_digest
from planner.results.frames import flatten
from planner.results.number_text import estimated
from planner.results.provenance import ENGINE, provenance, scenario_named
from planner.results.result import QuestionResult
from planner.scenario.observed import Observed
from planner.scenario.scenario import Scenario
from planner.scenario.text import count

if TYPE_CHECKING:
    import polars

_FEW = 25.0  # variants that carry a likelihood, below which there is a warning
_APART = 1.5  # times, between reported and predicted spreads
_FAR = 6.0  # standard errors, beyond which no hypothesis describes a result
_DECIDED = 1e-3  # a weight below this needs no warning of its own

Evidence = CountEvidence | MeanEvidence | DifferenceEvidence


@dataclass(frozen=True, repr=False)
class Weighing(QuestionResult):
    """The weights of the hypotheses given a result, and what they rest on. Made by `weigh`.

    >>> import planner
    >>> reported = "{ contrast = ['F', 'S'], estimate = 46.6, se = 10.8 }"
    >>> observed = [f"observed.difference={reported}"]
    >>> weighed = planner.weigh(planner.read("asthma-ab-ba", set=observed))
    >>> weighed.classes
    [['published'], ['minimal-important'], ['no-difference']]
    """

    question: ClassVar = "weigh"

    scenario: Scenario
    name: str
    names: tuple[str, ...]  # of the hypotheses
    evidence: Evidence
    measured: Floats  # (variant, hypothesis, ...) what the virtual patients of each variant showed
    posterior: Posterior  # weights of the hypotheses, and their errors
    drawn: tuple[NumberDraws, ...]  # values of each uncertain number, by variant
    tests: tuple[ObservedTest, ...]
    seed: int
    patients: int  # virtual ones, of each variant
    uncertain: bool  # whether uncertain numbers were drawn
    partial: bool
    exact: bool  # stated rates gave all chances: no patient was simulated
    stopping: StoppingTreatment
    ended: Floats  # (draw, hypothesis) chance that the trial ends where it did, given the result
    remarks: tuple[str, ...]  # warnings beside those that follow from the figures
    seconds: float

    @property
    def variants(self) -> int:
        """Draws of the uncertain numbers, or sets of virtual patients."""
        return len(self.posterior.likelihood)

    @property
    def observed(self) -> Observed:
        """The result that was weighed."""
        assert self.scenario.observed is not None
        return self.scenario.observed

    @property
    def classes(self) -> list[list[str]]:
        """The hypotheses that are the same in this design, together."""
        return [[self.names[h] for h in group] for group in self.posterior.groups]

    def influences(self) -> list[Influence]:
        """How the weights hang on each uncertain number, those that matter most first."""
        return influences(self.posterior, self.drawn, self.leading)

    def figures(self) -> WeighingFigures:
        """All figures, worked out once."""
        return WeighingFigures(
            self._evidence(), self._stopping(), self.hypotheses(), self.class_rows(), self.sensitivity()
        )

    def hypotheses(self) -> list[HypothesisWeight]:
        """One row for each hypothesis."""
        posterior, n = self.posterior.with_class_likelihoods(), len(self.posterior.likelihood)
        weight, of_weight = posterior.weights()
        factor, of_factor = posterior.factors()
        chance, of_chance = posterior.likelihoods()
        effective = posterior.effective()
        member = {h: i for i, group in enumerate(posterior.groups) for h in group}
        expected = self.evidence.expected(self.measured)
        most = 1.0 if isinstance(self.evidence, CountEvidence) else np.inf
        return [
            HypothesisWeight(
                hypothesis=name,
                class_number=member[h],
                prior=float(posterior.prior[h] / posterior.prior.sum()),
                likelihood=figure(chance[h], of_chance[h], most, variants=n),
                bayes_factor=figure(factor[h], of_factor[h], variants=n),
                weight=figure(weight[h], of_weight[h], 1.0, variants=n),
                effective_variants=float(effective[h]) if self.uncertain else None,
                expected=[
                    Expected(
                        measure=measure,
                        treatment=treatment,
                        mean=float(rows[:, h].mean()),
                        mcse=float(rows[:, h].std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0,
                    )
                    for (measure, treatment), rows in expected.items()
                ],
            )
            for h, name in enumerate(self.names)
        ]

    def class_rows(self) -> list[ClassWeight]:
        """One row for each class of hypotheses that the design cannot tell apart."""
        posterior, n = self.posterior.by_class(), len(self.posterior.likelihood)
        weight, of_weight = posterior.weights()
        factor, of_factor = posterior.factors()
        equal, of_equal = posterior.with_prior([1.0] * len(self.classes)).weights()
        return [
            ClassWeight(
                hypotheses=names,
                prior=float(posterior.prior[i] / posterior.prior.sum()),
                bayes_factor=figure(factor[i], of_factor[i], variants=n),
                weight=figure(weight[i], of_weight[i], 1.0, variants=n),
                weight_equal_classes=figure(equal[i], of_equal[i], 1.0, variants=n),
            )
            for i, names in enumerate(self.classes)
        ]

    def sensitivity(self) -> list[NumberInfluence]:
        """One row for each uncertain number, and for how many patients were seen under both treatments."""
        third = len(self.posterior.likelihood) // 3
        rows = [_row(each, self.names, third) for each in self.influences()]
        return rows + ([] if (other := self._with_fewer_pairs()) is None else [other])

    def _with_fewer_pairs(self) -> NumberInfluence | None:
        """The weights if as few patients as possible were seen under both treatments."""
        if not isinstance(self.evidence, CountEvidence) or self.observed.paired is not None:
            return None
        other = fewer_pairs(self.evidence, self.measured, self.scenario.design.patients)
        if other is None:
            return None
        sides, parts = [], []
        for pairs, likelihood in zip(other.paired, other.likelihood, strict=True):
            posterior = Posterior(likelihood, self.posterior.prior, self.posterior.groups).by_class()
            parts.append(posterior)
            sides.append(Side(float(pairs), *posterior.weights(), *posterior.log_factor(self.leading)))
        low, high = sides
        n = len(self.posterior.likelihood)
        names, error = tuple(range(len(self.names))), moved_error(*parts) if n > 1 else 0.0
        row = Influence("observed.paired", None, names, False, low, high, moved_mcse=error)
        return replace(_row(row, self.names, n), beyond_chance=True)  # the same draws at both ends

    @property
    def leading(self) -> tuple[int, ...]:
        """Numbers of the two classes with most weight."""
        weight, _ = self.posterior.by_class().weights()
        return tuple(int(i) for i in np.argsort(-weight, kind="stable")[:2])

    def digest(self) -> str:
        """Name of the result: the same question, result and seed give the same digest on one machine."""
        return answer_digest(
            "weigh",
            ENGINE,
            [self.scenario],
            hypotheses=self.names,
            seed=self.seed,
            trials=len(self.measured),
            options={
                "prior": self.posterior.prior,
                "patients": self.patients,
                "observed": self.observed.model_dump(mode="json", exclude={"citation", "note"}),
                "stopping": [self.stopping.treatment, self.stopping.look, self.stopping.analysis],
            },
            sums={
                "measured": self.measured,
                "ended": self.ended,
                "likelihood": self.posterior.likelihood,
                "drawn": [[each.path, each.hypothesis, each.values] for each in self.drawn],
            },
        )

    def to_json(self) -> Json:
        """The `planner.weigh/1` object."""
        figures = self.figures()
        return {
            "schema": "planner.weigh/1",
            "scenario": scenario_named(self.name, self.scenario),
            "observed": self.observed_document,
            "source": self.source,
            "evidence": figures.evidence.to_json(),
            "stopping": figures.stopping.to_json(),
            "tests": [asdict(test) for test in self.tests],
            "run": provenance(
                self.digest(),
                {
                    "variants": self.variants,
                    "patients": 0 if self.exact else self.patients,
                    "uncertain": self.uncertain,
                    "exact": self.exact,
                    "seed": self.seed,
                },
                seconds=self.seconds,
            ),
            "hypotheses": as_json(figures.hypotheses),
            "classes": as_json(figures.classes),
            "sensitivity": as_json(figures.sensitivity),
            "partial": self.partial,
            "warnings": self.warnings,
        }

    @property
    def warnings(self) -> list[str]:
        """What must not be overlooked."""
        return [*self.remarks, *self._thin(), *self._far(), *self._spread()]

    @property
    def observed_document(self) -> Json:
        """The result that was weighed, as it is stated."""
        document: Json = self.observed.model_dump(mode="json", exclude_defaults=True)
        return document

    @property
    def source(self) -> str:
        """The citation of the result, empty if none is named."""
        return next((c.text for c in self.scenario.citations if c.key == self.observed.citation), "")

    def _evidence(self) -> WeighedEvidence:
        evidence, split = self.evidence, self._split()
        if isinstance(evidence, CountEvidence):
            parts = list(dict.fromkeys(each.key[0] for each in evidence.sums))
            groups = [
                EvidenceGroup(treatments=group.treatments, patients=group.patients)
                for group in evidence.groups
            ]
            return WeighedEvidence(kind="counts", parts=parts, groups=groups, split=split)
        if isinstance(evidence, MeanEvidence):
            n = evidence.patients.diagonal()
            groups = [
                EvidenceGroup(treatments=[a], patients=int(n[i])) for i, a in enumerate(evidence.treatments)
            ]
            return WeighedEvidence(kind="means", parts=["means"], groups=groups, split=split)
        group = EvidenceGroup(treatments=evidence.about.contrast, patients=evidence.patients)
        return WeighedEvidence(kind="difference", parts=["difference"], groups=[group], split=split)

    def _split(self) -> str:
        """How many patients had each sequence: `none` of it matters, `known`, by `allocation` or `chance`."""
        sequences = self.scenario.design.sequences
        if len(sequences) < 2 or all(len(set(sequence)) == 1 for sequence in sequences):
            return "none"
        if self.observed.sequences:
            return "known"
        by_chance = isinstance(self.evidence, CountEvidence) and not self.evidence.strata
        return "chance" if by_chance else "allocation"

    def _stopping(self) -> WeighedStopping:
        rule = self.stopping
        row = WeighedStopping(
            treatment=rule.treatment, look=rule.look, analysis=rule.analysis, note=rule.note
        )
        if rule.treatment == "multiplied":
            counted = self.evidence.likelihood(self.measured)
            share = (counted * self.ended).sum(axis=0) / np.maximum(counted.sum(axis=0), np.finfo(float).tiny)
            off = counted * (self.ended - share)  # of a ratio of means, by the delta method
            scale = np.maximum(counted.sum(axis=0), np.finfo(float).tiny) / np.sqrt(len(counted))
            error = off.std(axis=0, ddof=min(len(counted) - 1, 1)) / scale
            chance, errors = (dict(zip(self.names, x.tolist(), strict=True)) for x in (share, error))
            return replace(row, chance=chance, chance_mcse=errors)
        return row

    def _spread(self) -> list[str]:
        """Reported SDs or standard errors that are far from those of the hypothesis that fits best."""
        if isinstance(self.evidence, CountEvidence):
            return []
        best = self.posterior.best
        warnings = []
        for what, reported, predicted in self.evidence.spreads(self.measured):
            typical = float(predicted[:, best].mean())
            if not typical / _APART < reported < typical * _APART:
                warnings.append(
                    f"the reported {what}, {reported:.4g}, is far from the {typical:.4g} predicted under "
                    f"{self.names[best]}: the patients or the analysis are not as described"
                )
        return warnings

    def _far(self) -> list[str]:
        """A result that no hypothesis describes."""
        best = self.posterior.best
        distance = float(self.evidence.distance(self.measured)[:, best].min())
        if distance < _FAR:
            return []
        return [
            f"the result is {distance:,.3g} standard errors away from what {self.names[best]} predicts, "
            "which fits it best: none of these hypotheses describes it, whatever their weights"
        ]

    def _thin(self) -> list[str]:
        """Hypotheses whose likelihood rests on few variants."""
        weight, _ = self.posterior.weights()
        effective = self.posterior.effective()
        total = self.posterior.likelihood.shape[0]
        if not self.uncertain or total < 2 * _FEW:
            return []
        return [
            f"the likelihood under {name} rests on about {effective[h]:,.0f} of {total:,} variants: "
            "its weight is rough; more --variants make it firmer"
            for h, name in enumerate(self.names)
            if effective[h] < _FEW and weight[h] > _DECIDED
        ]

    def frame(self) -> polars.DataFrame:
        """The hypotheses as a table, one row each, keys flattened with an underscore."""
        import polars

        return polars.DataFrame([flatten(row) for row in self.hypotheses()], infer_schema_length=None)

    def _about(self) -> str:
        return f"{self.name}, {count(len(self.posterior.likelihood), 'variant')}"

    def _lines(self) -> Iterator[str]:
        for each in self.class_rows():
            yield f"{' = '.join(each.hypotheses)}: weight {estimated(each.weight, percent=True)}"


def _row(influence: Influence, names: tuple[str, ...], variants: int) -> NumberInfluence:
    """A line of the sensitivity table; variants: at each of its ends."""
    return NumberInfluence(
        path=influence.path,
        hypothesis=influence.hypothesis,
        relative=influence.relative,
        hypotheses=[names[h] for h in influence.hypotheses],
        low=_side(influence.low, variants),
        high=_side(influence.high, variants),
        moved=influence.moved,
        moved_mcse=influence.moved_mcse,
        beyond_chance=influence.beyond_chance,
    )


def _side(side: Side, variants: int) -> WeightsAt:
    weights = zip(side.classes, side.classes_mcse, strict=True)
    factor = side.log_factor
    return WeightsAt(
        value=side.value,
        class_weights=[figure(weight, error, most=1.0, variants=variants) for weight, error in weights],
        log10_bayes_factor=None
        if factor is None
        else figure(factor, side.log_factor_mcse, least=-np.inf, variants=variants),
    )
