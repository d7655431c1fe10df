"""What the stopping rule of a trial does to the weight of its result.

By the likelihood principle a stopping rule that looks at nothing but what is weighed cancels: given the
result, it stops or it does not, under every hypothesis alike. A rule that looks at more (the change of the
score, where responses are counted) has selected the result a little, and differently under each hypothesis:
then the probability of the result is multiplied by that of ending where the trial ended, given the result.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from planner.analyses import info_of
from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.kernels.analyse.margins import from_margins
from planner.kernels.decide import record
from planner.kernels.tables import DF, STATISTICS, Floats, T, W
from planner.model.estimand import Truth
from planner.model.readings import Reading, reading_of
from planner.monitoring.references import REFERENCES
from planner.questions.weigh.count_evidence import CountEvidence
from planner.questions.weigh.normal_evidence import DifferenceEvidence, MeanEvidence
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.observed import Observed
from planner.scenario.scenario import Scenario

_SELECTED = "the result is selected"


@dataclass(frozen=True)
class StoppingTreatment:
    """How the stopping rule was treated: `none`, `ignored`, `cancels` or `multiplied`."""

    treatment: str
    note: str
    look: int | None = None
    analysis: str | None = None
    rule: Rule | None = field(default=None, compare=False)  # to be simulated, if multiplied


@dataclass(frozen=True)
class Rule:
    """A stopping rule by which a trial of so many completers ended at a look (from 1)."""

    work: Job  # of the analysis alone
    reading: Reading
    look: int
    completers: int

    @property
    def counts(self) -> tuple[int, ...]:
        """Completers at each look, in proportion to the patients; no more than were seen."""
        planned = [int(m) for m in self.work.counts]
        here = planned[self.look - 1]
        return tuple(min(self.completers, round(self.completers * m / here)) for m in planned)

    def ends(self, stat: Floats) -> Floats:
        """(128,) whether each trial ends at the look, from statistics f64[look, 1, 5 * 128]."""
        end, look = (np.zeros((1, W), np.int64) for _ in range(2))
        record(stat, self.work.analyses[0].rules, 0, end, look)
        return np.asarray(look[0] == self.look - 1, np.float64)

    def ends_with(self, values: Floats, sequence: np.ndarray) -> Floats:
        """(128,) whether trials of these patients end at the look.

        values f64[patient, period, 128] of completers in order of randomisation, sequence i64[patient].
        """
        judge, n = self.work.analyses[0], len(sequence)
        stat = np.empty((self.work.counts.size, 1, STATISTICS * W))
        counts = np.array(self.counts, np.int64)
        laid = np.ascontiguousarray(values).reshape(1, n, 1, 1, -1)
        judge.kernel(laid, 0, 0, sequence.reshape(1, n), judge.contrast, 0.0, counts, stat)
        if judge.margins is not None:
            from_margins(stat, *map(float, judge.margins))
        return self.ends(stat)

    def would_end(self, first: int, second: int) -> bool:
        """Whether a trial with so many responders to one treatment only ends at its first look."""
        stat = np.zeros((self.work.counts.size, 1, STATISTICS * W))
        stat[:, 0, T * W : (T + 1) * W], stat[:, 0, DF * W : (DF + 1) * W] = (
            first - second,
            1 + first + second,
        )
        return bool(self.ends(stat)[0])


def stopping(
    scenario: Scenario, observed: Observed, evidence: CountEvidence | MeanEvidence | DifferenceEvidence
) -> StoppingTreatment:
    """How the stopping rule is to be treated."""
    looks = len(scenario.monitoring.looks)
    if looks < 2:
        return StoppingTreatment("none", "one look: the trial could not stop early")
    if observed.stopped_at is None:
        return StoppingTreatment(
            "ignored",
            "ignored: the result does not say at which look, and by which rule, the trial ended. That is "
            "harmless as far as the decision rested on what is weighed here; as far as it rested on other "
            f"data of the same patients, or on a wish to stop, {_SELECTED}",
        )
    look, analysis = observed.stopped_at, _analysis(scenario, observed)
    at = f"the trial ended at look {look} of {looks}, by the rule of the analysis {analysis.name}"
    if isinstance(evidence, DifferenceEvidence) and _same(scenario, evidence, analysis):
        note = f"cancels: {at}, and the statistic that is weighed decides it, under every hypothesis alike"
        return StoppingTreatment("cancels", note, look, analysis.name)
    if not isinstance(evidence, CountEvidence) or len(evidence.groups) > 1:
        note = (
            f"ignored: {at}; its probability given the result is only computed for counts of patients who "
            f"were all seen under all treatments. As far as the rule rested on other data, {_SELECTED}"
        )
        return StoppingTreatment("ignored", note, look, analysis.name)
    if analysis.row.baseline:
        note = f"ignored: {at}, which adjusts for baselines that the counts do not tell. "
        note += _SELECTED.capitalize()
        return StoppingTreatment("ignored", note, look, analysis.name)
    return _of_counts(scenario, evidence, analysis, look, at)


def _of_counts(
    scenario: Scenario, evidence: CountEvidence, analysis: PlannedAnalysis, look: int, at: str
) -> StoppingTreatment:
    """Of counts of patients who were all seen under all treatments. `at`: where the trial ended, in words."""
    rule = _rule(scenario, analysis, look, evidence.groups[0].patients)
    if rule is None:
        note = f"ignored: {at}, but more patients were seen than are planned"
        return StoppingTreatment("ignored", note, look, analysis.name)
    discordant = _discordant(scenario, evidence, analysis)
    if discordant is None:
        note = (
            f"counts: {at}, which the counts do not decide; their probability is multiplied by that of "
            "ending there given the counts, found by drawing virtual patients who agree with them"
        )
        return StoppingTreatment("multiplied", note, look, analysis.name, rule)
    note = f"cancels: {at}, and the counts decide it, under every hypothesis alike"
    exact = REFERENCES[info_of(analysis).reference].discordant
    if look == 1 and exact and not rule.would_end(*discordant):
        note = (
            f"ignored: {at} is stated, but with these counts the rule of the scenario would not have ended "
            "it there. What did is not known"
        )
        return StoppingTreatment("ignored", note, look, analysis.name)
    return StoppingTreatment("cancels", note, look, analysis.name)


def _analysis(scenario: Scenario, observed: Observed) -> PlannedAnalysis:
    named = [a for a in scenario.analyses if a.name == observed.stopped_by]
    return (named or list(scenario.analyses))[0]


def _same(scenario: Scenario, evidence: DifferenceEvidence, analysis: PlannedAnalysis) -> bool:
    """Whether what is weighed is the statistic that the rule looks at.

    Tests against margins look at estimate and standard error each, of which t alone does not tell.
    """
    about = evidence.about
    statistic = about.t is not None or about.F is not None or evidence.se is not None
    if analysis.against_margins:
        statistic = about.estimate is not None and evidence.se is not None
    reading = reading_of(scenario, analysis)
    return (
        statistic
        and reading == evidence.readings[0]
        and set(analysis.contrast) == set(evidence.about.contrast)
    )


def _rule(scenario: Scenario, analysis: PlannedAnalysis, look: int, completers: int) -> Rule | None:
    name = scenario.simulated_hypotheses[0]
    one = scenario.simulation.model_copy(update={"hypotheses": (name,)})
    alone = scenario.model_copy(update={"simulation": one, "analyses": (analysis,)})
    work = job_of(alone, given_truths={name: [Truth(0.0, 0.0, True)]}, tallied=False)
    planned = int(work.counts[-1])
    return Rule(work, reading_of(scenario, analysis), look, completers) if completers <= planned else None


def _discordant(
    scenario: Scenario, evidence: CountEvidence, analysis: PlannedAnalysis
) -> tuple[int, int] | None:
    """Responders to one treatment only, for each of two, where the counts settle them and the rule asks."""
    reading = reading_of(scenario, analysis)
    if reading not in evidence.readings or info_of(analysis).decisive != "discordant pairs":
        return None
    r = evidence.readings.index(reading)
    a, b = analysis.contrast
    by_bits = {frozenset(s.pattern.items()): s.count for s in evidence.sums}
    only = [
        by_bits.get(frozenset({((r, one), True), ((r, other), False)})) for one, other in ((a, b), (b, a))
    ]
    if only[0] is not None and only[1] is not None:
        return only[0], only[1]
    margins = [by_bits.get(frozenset({((r, one), True)})) for one in (a, b)]
    if margins[0] is None or margins[1] is None:
        return None
    x, y, n = margins[0], margins[1], evidence.groups[0].patients
    both = max(0, x + y - n)
    return (x - both, y - both) if both == min(x, y) else None
