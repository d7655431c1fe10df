"""The standard jobs: the trials that are timed, the same here, in `planner bench` and in `bench/`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.engine.run import TallyWork
from planner.engine.workspace import block_size
from planner.kernels.tables import W
from planner.scenario.reading.read import read, read_text
from planner.scenario.scenario import Scenario

N, LOOK = 30, 16
MEANS = (14.0, 17.0)  # of treatments A and B
WITHIN, BETWEEN = 5.5, 6.0
LEAVE = 0.08
LOW, HIGH = 0.0, 52.0
SIZES = tuple(range(22, 62, 2))  # the 20 numbers of patients of a wide power curve
GROUP, SHIFT = 12, 1.2  # of the t test: patients in each of two groups, difference of the means in SD
MIXED = {"patients": 24, "a": MEANS[0], "b": MEANS[1], "within": WITHIN, "between": BETWEEN}

_MEANS = f"""
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = {N}
[population]
dropout = {{ per_period = {LEAVE} }}
[endpoint]
scale = {{ low = 0, high = 52, step = 1, better = "lower" }}
[hypotheses.first]
means = {{ A = {MEANS[0]}, B = {MEANS[1]} }}
sd_within = {WITHIN}
sd_between = {BETWEEN}
[[analyses]]
method = "hills-armitage"
contrast = ["A", "B"]
"""
_TWO_LOOKS = f"""
[monitoring]
looks = [{LOOK}, {N}]
efficacy = {{ rule = "obrien-fleming-spending" }}
"""
_PAIRED_T = """
[[analyses]]
method = "paired-t"
contrast = ["A", "B"]
"""
_MIXED = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = {patients}
[hypotheses.first]
means = {{ A = {a}, B = {b} }}
sd_within = {within}
sd_between = {between}
[[analyses]]
method = "fixed-subject"
contrast = ["A", "B"]
"""
_BIOEQUIVALENCE = """
schema_version = 1
treatments = ["T", "R"]
[design]
name = "{design}"
patients = {patients}
[endpoint]
distribution = "log-normal"
[hypotheses.first]
means = {{ T = {test}, R = 100.0 }}
cv_within = {cv}
[[analyses]]
alternative = "equivalence"
"""
SCALED = {"patients": 24, "cv": 0.4, "ratio": 0.9}  # 2x2x4, widened limits of the EMA
TWO_STAGE = {"first": 12, "cv": 0.2, "ratio": 0.95, "most": 4000}  # method B of Potvin
# The differences A - B of the two sequences have means of opposite sign, SHIFT apart, and SD 1.
T_TEST = f"""
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = {2 * GROUP}
[hypotheses.first]
means = {{ A = {SHIFT / 2}, B = 0.0 }}
sd_difference = 1.0
[[analyses]]
method = "hills-armitage"
contrast = ["A", "B"]
"""


@dataclass(frozen=True, slots=True)
class Standard:
    """A job that `planner bench` times."""

    name: str
    title: str
    scenario: Callable[[], Scenario]
    patients: tuple[int, ...] | None = None

    def job(self) -> Job:
        """The job as arrays, ready to be run."""
        return job_of(self.scenario(), patients=self.patients)


def means(*, looks: int = 2, hypotheses: int = 1, analyses: int = 1) -> Scenario:
    """AB/BA with stated means: whole points from 0 to 52, dropout, `hypotheses` of falling effect."""
    text = _MEANS + (_PAIRED_T if analyses == 2 else "") + (_TWO_LOOKS if looks == 2 else "")
    for i in range(1, hypotheses):
        text += f"[hypotheses.h{i}]\nmeans = {{ A = {MEANS[0] + 0.3 * i}, B = {MEANS[1]} }}\n"
        text += f"sd_within = {WITHIN}\nsd_between = {BETWEEN}\n"
    return read_text(text, "bench")


def t_test() -> Scenario:
    """A two-sample t test of 12 and 12 whose means are 1.2 SD apart: the job that other tools also do."""
    return read_text(T_TEST, "bench")


def mixed() -> Scenario:
    """AB/BA without dropout, scores not rounded: the job that mixed models of other tools also do."""
    return read_text(_MIXED.format(**MIXED), "bench")


def scaled() -> Scenario:
    """A full replicate design whose limits widen with the reference."""
    made = _BIOEQUIVALENCE.format(design="2x2x4", test=100.0 * SCALED["ratio"], **SCALED)
    return read_text(f'{made}scaling = {{ rule = "abel" }}\n', "bench")


def two_stage() -> Scenario:
    """A 2x2 trial whose second stage is planned after the first."""
    about = {"patients": TWO_STAGE["most"], "cv": TWO_STAGE["cv"], "test": 100.0 * TWO_STAGE["ratio"]}
    stages = f'[monitoring]\nlooks = [{TWO_STAGE["first"]}]\nadaptive = "potvin-b"\n'
    return read_text(_BIOEQUIVALENCE.format(design="2x2", **about) + stages, "bench")


def mechanisms(names: Sequence[str] = (), *, analyses: int = 1) -> Scenario:
    """A trial of mechanisms of the catalogue under all hypotheses or those named; its first analyses."""
    scenario = read("williams-2018")
    simulation = scenario.simulation.model_copy(update={"hypotheses": tuple(names)})
    return scenario.model_copy(update={"analyses": scenario.analyses[:analyses], "simulation": simulation})


def _williams(hypotheses: int) -> Scenario:
    return mechanisms(tuple(mechanisms().hypotheses)[:hypotheses], analyses=2)


STANDARD = (
    Standard("small", "AB/BA by means, 30 patients, two looks", means),
    Standard("williams", "williams-2018, one hypothesis, two analyses", lambda: _williams(1)),
    Standard("curve", "AB/BA by means, 20 numbers of patients from 22 to 60, two looks", means, SIZES),
    Standard("ten", "williams-2018, ten hypotheses, two analyses", lambda: _williams(10)),
)


def standard(name: str) -> Standard:
    """The standard job of that name."""
    return next(each for each in STANDARD if each.name == name)


def one_core(work: Job, trials: int) -> Callable[[], object]:
    """All that the engine does for that many trials, in the calling thread."""
    # What each thread of a run does in memory of its own; a pool's start would be timed along with it.
    whole = TallyWork(work)
    space = whole.space()
    return lambda: whole.do(0, trials, space, lambda _: True)


def whole_blocks(work: Job, trials: float) -> int:
    """About that many trials, in whole blocks of the job."""
    block = block_size(work) * W
    return max(1, round(trials / block)) * block
