"""`planner bench` in words: the jobs, the rivals, what has become slower. Works on its JSON form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from planner.report.blocks import Block, Column, Facts, Heading, Items, Prose, Sheet
from planner.report.pages.common import how_to_read
from planner.results.number_text import DASH, fixed, plain

Json = Mapping[str, Any]


def bench_page(result: Json) -> list[Block]:
    """The page of `planner bench`."""
    blocks: list[Block] = [Heading("How fast this machine simulates", 1), Facts(_facts(result))]
    blocks += [Prose(text, True) for text in result["warnings"]]
    blocks += [Heading("One core"), _one_core(result["jobs"])]
    blocks += [Heading("All cores"), _cores(result["jobs"])]
    blocks += [Heading("Rivals on the same job"), _rivals(result["rivals"])]
    if result["waits"]:
        blocks += [Heading("What people wait for"), _waits(result["waits"])]
    if notes := list(_notes(result)):
        blocks.append(Items(notes))
    if result["comparison"] is not None:
        blocks += _compared(result["comparison"])
    return blocks + how_to_read(_reading(result))


def _facts(result: Json) -> list[tuple[str, str]]:
    machine, versions = result["machine"], result["versions"]
    load = DASH if machine["load"] is None else fixed(machine["load"], 1)
    vectors = f"compiled for {machine['compiled_for']}, vectors of {machine['vector_bits']} bits"
    tools = ", ".join(f"{name} {versions[name]}" for name in ("planner", "python", "numpy", "numba"))
    return [
        ("Processor", f"{machine['processor']}; {vectors}"),
        ("Cores", f"{machine['cores']}; load {load} (processes that wanted a core, over the last minute)"),
        ("Versions", tools),
        ("Jobs", "; ".join(f"{job['job']}: {job['title']}" for job in result["jobs"])),
    ]


def _one_core(jobs: list[Json]) -> Sheet:
    columns = [Column("Job", number=False)]
    columns += [Column(title) for title in ("Trials/s", "ns a patient", "Of the bound", "Quartiles")]
    columns += [Column("First call (s)"), Column("New process (s)")]
    rows = []
    for job in jobs:
        cold = job["cold"] or {}
        rows.append(
            [
                job["job"],
                f"{job['trials_per_core_second']['median']:,.0f}",
                plain(job["ns_per_patient"]["median"], 3),
                _ratio(job["of_the_bound"]["median"]),
                _quartiles(job["of_the_bound"]),
                plain(cold.get("first_call_seconds"), 2),
                plain(cold.get("process_seconds"), 2),
            ]
        )
    return Sheet(columns, rows)


def _cores(jobs: list[Json]) -> Sheet:
    columns = [Column("Job", number=False)]
    columns += [Column(t) for t in ("Threads", "Trials/s", "Patient-periods/s", "Scaling", "Efficiency")]
    rows = []
    for job in jobs:
        periods = job["patients"] * job["periods"] * job["hypotheses"]
        for each in job["threads"]:
            rate = each["trials_per_second"]
            rows.append(
                [
                    job["job"],
                    str(each["threads"]),
                    f"{rate:,.0f}",
                    f"{rate * periods:,.0f}",
                    _ratio(each["scaling"]),
                    _ratio(each["efficiency"]),
                ]
            )
    return Sheet(columns, rows)


def _rivals(rivals: list[Json]) -> Sheet:
    columns = [Column("Rival", number=False), Column("Job", number=False)]
    columns += [Column(t) for t in ("Its trials/s", "planner is times as fast", "Quartiles")]
    rows = [
        [
            f"{each['rival']} {each['version'] or ''}".strip(),
            each["job"],
            f"{each['trials_per_core_second']['median']:,.0f}",
            plain(each["times_as_fast"]["median"], 3) if each["same_trial"] else "void",
            _quartiles(each["times_as_fast"]),
        ]
        for each in rivals
    ]
    return Sheet(columns, rows)


def _waits(waits: list[Json]) -> Sheet:
    columns = [Column("Wait", number=False), Column("By", number=False)]
    columns += [Column(t) for t in ("CPU (s)", "Clock (s)", "Times as long", "Quartiles")]
    rows: list[list[str]] = []
    last = ""
    for each in waits:
        spent, longer = each["processor_seconds"], each["times_as_long"]
        void = each["same_answer"] is False
        rows.append(
            [
                "" if each["wait"] == last else each["title"],
                each["by"],
                plain(spent and spent["median"], 3),
                plain(each["seconds"]["median"], 3),
                "void" if void else plain(longer and longer["median"], 3),
                DASH if longer is None else _quartiles(longer),
            ]
        )
        last = each["wait"]
    return Sheet(columns, rows)


def _ratio(value: float) -> str:
    return fixed(value, 2)


def _quartiles(figure: Mapping[str, float]) -> str:
    digits = 2 if figure["median"] < 10 else 1
    return f"{fixed(figure['low'], digits)} to {fixed(figure['high'], digits)}"


def _notes(result: Json) -> Iterator[str]:
    """In what a rival differs, and which are not here."""
    for each in result["rivals"]:
        if each["note"]:
            yield f"{each['rival']}: {each['note']}."
    for each in result["skipped"]:
        yield f"{each['rival']} left out: {each['reason']}."


def _compared(comparison: Json) -> list[Block]:
    columns = [Column("Ratio", number=False)]
    columns += [Column(t) for t in ("Now", "Quartiles", "Earlier", "Its quartiles", "Change")]
    columns.append(Column("", number=False))
    figures = comparison["figures"]
    rows = [
        [
            row["figure"],
            plain(row["now"]["median"], 3),
            _quartiles(row["now"]),
            plain(row["earlier"]["median"], 3),
            _quartiles(row["earlier"]),
            f"{100 * row['change']:+.0f} %",
            "SLOWER" if row["slower"] else "",
        ]
        for row in figures
    ]
    loud = frozenset(i for i, row in enumerate(figures) if row["slower"])
    verdict = "Slower than then, beyond noise." if comparison["slower"] else "Not slower, beyond noise."
    if missing := len(comparison["left_out"]):
        verdict += f" {missing} of {missing + len(figures)} ratios are not compared."
    blocks: list[Block] = [Heading(f"Against {comparison['file']}"), Sheet(columns, rows, loud)]
    blocks.append(Prose(verdict, comparison["slower"]))
    return [*blocks, Items(remarks)] if (remarks := list(_unlike(comparison))) else blocks


def _unlike(comparison: Json) -> Iterator[str]:
    """What else than the speed differs, and the ratios that are therefore not compared."""
    reasons: dict[str, list[str]] = {}
    for each in comparison["left_out"]:
        reasons.setdefault(each["reason"], []).append(each["figure"])
    for reason, names in reasons.items():
        yield f"Not compared: {'; '.join(names)}. {reason[:1].upper()}{reason[1:]}."
    notes = [note for note in comparison["notes"] if not any(note in reason for reason in reasons)]
    yield from (f"{note[:1].upper()}{note[1:]}." for note in notes)


def _reading(result: Json) -> list[str]:
    lines = [
        "Ratios and trials/s of one core are of processor time, median and quartiles of rounds by turns, "
        "in several processes unless quick. Absolute times depend on the machine and on what else it does.",
        "Of the bound: the time that drawing the random numbers alone takes, as a share of the whole. 1 "
        "would be a simulation that costs nothing beside its random numbers.",
        "ns a patient: of one core, for each virtual patient under one hypothesis, with all the job asks.",
        "First call: the first 128 trials, with loading compiled code; New process: the same, from the start "
        "of Python on.",
        "Trials/s of all cores is by the clock, the best round. Scaling: over one thread. Efficiency: "
        "processor time of a trial on one thread over that on several. It says how far threads hinder each "
        "other, whatever else the machine does; scaling suffers from that as well.",
        "t-test: a two-sample t test of 12 and 12, the job that other tools do too. Their figures are of "
        "processor time, all their threads together; in a new process 2,000 trials.",
    ]
    if result["waits"]:
        lines.append(
            "What people wait for: new processes from start to end, with all they start. A fresh install "
            "has compiled nothing. Times as long: as planner, of processor time (CPU), by rounds."
        )
    if any(job["cold"] and job["cold"]["compiled"] for job in result["jobs"]):
        lines.append("A first call had to compile: it happens once on a machine.")
    return lines


def bench_rows(result: Json) -> list[list[Any]]:
    """Every figure as a row: subject, figure, median, quartiles (None where it is no median)."""
    rows: list[list[Any]] = []
    spreads = ("trials_per_core_second", "ns_per_patient", "bound_ns_per_patient", "of_the_bound")
    for job in result["jobs"]:
        rows += [[job["job"], name, *job[name].values()] for name in spreads]
        for name, value in (job["cold"] or {}).items():
            rows.append([job["job"], name, float(value), None, None])
        for each in job["threads"]:
            for name in ("trials_per_second", "scaling", "efficiency"):
                rows.append([job["job"], f"{name} ({each['threads']} threads)", each[name], None, None])
    for each in result["rivals"]:
        subject = f"{each['job']}: {each['rival']}"
        rows += [
            [subject, name, *each[name].values()] for name in ("trials_per_core_second", "times_as_fast")
        ]
    for each in result["waits"]:
        subject = f"{each['wait']}: {each['by']}"
        for name in ("processor_seconds", "seconds", "times_as_long"):
            if each[name] is not None:
                rows.append([subject, name, *each[name].values()])
    return rows
