"""`planner bench`: the standard jobs and their rivals, measured so that the figures survive a busy machine.

What counts are ratios within one process: of the time that drawing the random numbers alone takes, and of the
time that rivals need for the same job, run by turns with it. Absolute times are given, and mean little. The
whole takes about as long as its help says, on a slow or busy machine too, which has fewer rounds then.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from planner._platform import usable_cores
from planner.benchmarks import definitions, machine
from planner.benchmarks.bound import bound
from planner.benchmarks.first_answers import first_answers
from planner.benchmarks.jobs import STANDARD, Standard, one_core, standard, whole_blocks
from planner.benchmarks.processes import run_to_end
from planner.benchmarks.rivals import JOBS, against_rivals
from planner.benchmarks.timing import Budget, Times, figure, spread
from planner.engine.lowered import Job
from planner.engine.run import run_job
from planner.kernels.tables import W
from planner.results.contract import Json

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: rounds of so many seconds each, on one core and on several.

    `seconds`: by the clock, after which no more than the least of rounds is measured. On a machine that is
    idle all rounds are done before.
    `processes`: of its own for each job, beside this one. Where the memory of a process happens to lie
    alters speed by several per cent, the same in all its rounds; only other processes show how much.
    `rivals`: the jobs on which rivals are measured.
    `waits`: rounds of what people wait for, before the time of `seconds` begins.
    """

    rounds: int
    round_seconds: float
    thread_rounds: int
    thread_seconds: float
    processes: dict[str, int]
    seconds: float
    rivals: tuple[str, ...] = ("small", "t-test")
    waits: Mapping[str, int] = field(default_factory=dict)

    @property
    def stages(self) -> int:
        """Into how many the time is divided: rounds in each process and on several threads, and rivals."""
        return sum(2 + self.processes.get(each.name, 0) for each in STANDARD) + len(self.rivals)


FULL = Effort(
    21,
    0.03,
    7,
    0.3,
    {each.name: 4 for each in STANDARD},
    80.0,
    tuple(JOBS),
    {"new-process": 5, "t-test": 3, "t-test-size": 3, "first-asthma": 1, "first-williams": 1},
)
QUICK = Effort(15, 0.01, 2, 0.04, {"small": 1}, 9.0, waits={"new-process": 2})


def bench(*, quick: bool = False, threads: int | None = None, say: Say = lambda text: None) -> Json:
    """The document of `planner bench`; `say` is called with what is being measured."""
    effort, most = (QUICK if quick else FULL), threads or usable_cores()
    about, busy = machine.description(), machine.load_now()  # before it is busy with what is measured here
    watch = machine.Watch()
    waits, absent = first_answers(effort.waits, say)
    budget = Budget(effort.seconds, effort.stages)
    jobs = []
    for each in STANDARD:
        say(f"timing {each.name}: {each.title}")
        jobs.append(_measure(each, effort, most, budget))
    say("timing the rivals")
    rivals, skipped = against_rivals(effort.rivals, effort.rounds, effort.round_seconds, budget)
    skipped = [*skipped, *(each for each in absent if each["rival"] not in {one["rival"] for one in skipped})]
    return {
        "schema": "planner.bench/1",
        "quick": quick,
        "machine": about,
        "versions": machine.versions(),
        "bound": definitions.of_bound(),
        "jobs": jobs,
        "rivals": rivals,
        "waits": waits,
        "skipped": skipped,
        "comparison": None,
        "warnings": [*_warnings(rivals, waits, busy), *filter(None, [watch.warning()])],
    }


def _warnings(rivals: list[Json], waits: list[Json], load: machine.Load) -> list[str]:
    """What makes the figures doubtful."""
    warnings = [
        f"{each['rival']} finds power {each['power']:.4f}, not {each['expected_power']:.4f}: "
        "they do not simulate the same trial, so the comparison of their speed is void"
        for each in rivals
        if not each["same_trial"]
    ]
    warnings += [
        f"{each['title']}: {each['by']} answers {each['answer']:.4g}, not {each['expected']:.4g}, "
        "so the time it takes is void"
        for each in waits
        if each["same_answer"] is False
    ]
    if load.busy:
        warnings.append(f"{load}: wall-clock rates and scaling are too low; ratios of processor time hold")
    return warnings


def _measure(what: Standard, effort: Effort, most: int, budget: Budget) -> Json:
    """One job: cold, on one core against the bound, and on 1 to `most` threads."""
    count = effort.processes.get(what.name, 0)
    in_own_process = [_in_a_process(what.name, effort, budget) for _ in range(count)]
    work = what.job()
    rounds = [each["rounds"] for each in in_own_process] + [_rounds(work, effort, budget.share())]
    own, drawing = ([seconds for each in rounds for seconds in each[key]] for key in ("engine", "bound"))
    patients, periods, hypotheses = work.cells.patients, int(work.plan.leave.size), work.hypotheses
    per_patient = 1e9 / (patients * hypotheses)
    threads = _threads(work, spread(own).median, effort, most, budget.share())
    rate = threads[-1]["trials_per_second"]
    return {
        "job": what.name,
        "title": what.title,
        "definition": definitions.of_job(what, work),
        "patients": patients,
        "periods": periods,
        "hypotheses": hypotheses,
        "analyses": len(work.analyses),
        "sizes": len(work.cells.designs),
        "cold": _cold(in_own_process),
        "trials_per_core_second": figure(spread(own).inverse()),
        "ns_per_patient": figure(spread(own).times(per_patient)),
        "bound_ns_per_patient": figure(spread(drawing).times(per_patient)),
        "of_the_bound": figure(spread([least / all for least, all in zip(drawing, own, strict=True)])),
        "threads": threads,
        "patient_periods_per_second": rate * patients * periods * hypotheses,
    }


def _rounds(work: Job, effort: Effort, at_most: float) -> dict[str, list[float]]:
    """Seconds a trial of the job and of its bound, by turns on one core, in about `at_most` seconds."""
    trials = whole_blocks(work, 0)
    one_core(work, trials)()  # loads what is compiled, or compiles it
    begun = time.thread_time()
    one_core(work, trials)()
    seconds = time.thread_time() - begun
    trials = whole_blocks(work, trials * effort.round_seconds / seconds)
    jobs = {"engine": one_core(work, trials), "bound": bound(work, trials)}
    times = Times(jobs, effort.rounds, seconds=at_most)
    return {name: [seconds / trials for seconds in rounds] for name, rounds in times.seconds.items()}


def _threads(work: Job, per_trial: float, effort: Effort, most: int, at_most: float) -> list[Json]:
    """Throughput of 1, 2, 4 ... `most` threads by turns, each with work enough for all of them.

    The rate is by the clock, of the best round, because other programs only ever make a round slower;
    `scaling` is that rate over the one of one thread. `efficiency` is the processor time of a trial on one
    thread over that on several: it falls below 1 where threads hinder each other, on a busy machine too.
    """
    counts = sorted({n for n in (2**k for k in range(most.bit_length())) if n < most} | {most})
    trials = {n: whole_blocks(work, n * effort.thread_seconds / per_trial) for n in counts}
    spent: dict[int, list[float]] = {n: [] for n in counts}

    def turn(n: int) -> Callable[[], None]:
        def run() -> None:
            begun = time.process_time()
            if run_job(work, trials[n], threads=n).partial:
                raise KeyboardInterrupt  # a run that is cut short returns; half a run measures nothing
            spent[n].append((time.process_time() - begun) / trials[n])

        return run

    times = Times({str(n): turn(n) for n in counts}, effort.thread_rounds, time.perf_counter, at_most)
    best = {n: trials[n] / min(times.seconds[str(n)]) for n in counts}
    return [
        {
            "threads": n,
            "trials_per_second": best[n],
            "scaling": best[n] / best[1],
            "efficiency": spread(
                [one / several for one, several in zip(spent[1], spent[n], strict=True)]
            ).median,
        }
        for n in counts
    ]


def in_own_process(name: str, effort: Sequence[float]) -> Json:
    """For a process of its own: its first 128 trials of a job, whether that had to compile, its rounds."""
    from planner.kernels.jit import COMPILED, cache_folder

    work = standard(name).job()
    folder = cache_folder() if COMPILED else None
    before = len(list(folder.rglob("*.nbc"))) if folder else 0
    begun = time.perf_counter()
    run_job(work, W, threads=1)
    seconds, answered = time.perf_counter() - begun, time.time()
    after = len(list(folder.rglob("*.nbc"))) if folder else 0
    compiled = folder is None or after > before
    lengths = Effort(int(effort[0]), effort[1], 0, 0.0, {}, effort[2])
    rounds = _rounds(work, lengths, lengths.seconds)
    return {"first_call_seconds": seconds, "compiled": compiled, "answered": answered, "rounds": rounds}


def _in_a_process(name: str, effort: Effort, budget: Budget) -> Json:
    """What `in_own_process` gives, and how long its process took from its start to the first answer."""
    code = "import json, sys; from planner.benchmarks.measuring import in_own_process;"
    code += "print(json.dumps(in_own_process(sys.argv[1], json.loads(sys.argv[2]))))"
    lengths = json.dumps([effort.rounds, effort.round_seconds, budget.share()])
    begun = time.time()
    done = run_to_end([sys.executable, "-c", code, name, lengths])
    if done.returncode != 0:
        raise RuntimeError(f"a process of its own for the job {name} failed: {done.stderr.strip()[-300:]}")
    answer: Json = json.loads(done.stdout)
    return {"process_seconds": answer.pop("answered") - begun, **answer}


def _cold(processes: list[Json]) -> Json | None:
    """Medians of the first calls, leaving out those that compiled where others did not."""
    if not processes:
        return None
    ready = [each for each in processes if not each["compiled"]] or processes
    times = {
        name: statistics.median(each[name] for each in ready)
        for name in ("process_seconds", "first_call_seconds")
    }
    return {**times, "compiled": any(each["compiled"] for each in ready)}
