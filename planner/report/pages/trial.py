"""One virtual trial put into words: how it went at each look, a picture of its patients, every score."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from planner._version import __version__
from planner.model.readings import Reading
from planner.questions.replay.trial import Course, Trial, VirtualPatient
from planner.report.blocks import (
    Axis,
    Block,
    Code,
    Column,
    Facts,
    Heading,
    Items,
    Panels,
    Plot,
    Prose,
    Series,
    Sheet,
)
from planner.report.context import PageContext
from planner.report.pages.common import identity, title
from planner.report.pages.parts.alternatives import in_words
from planner.report.pages.parts.blinding import guesses_of
from planner.report.pages.parts.whole_trial import each_alone
from planner.results.effect_scale import Unit
from planner.results.number_text import DASH, fixed, plain
from planner.scenario.canonical.resolved import digest
from planner.scenario.logs import cv_of
from planner.scenario.text import count, listed
from planner.scenario.vocabulary import BINARY_MEASURES

_PANELS = 6  # sequences that are drawn; more do not fit a screen
_STEPS = 5  # round steps between the ends of the axis of scores


def trial_page(trial: Trial, context: PageContext) -> list[Block]:
    """The page of `planner trial`."""
    blocks: list[Block] = [title(trial.name, trial.scenario.title)]
    blocks.append(Facts(_facts(trial, context)))
    blocks += [
        Heading("What each look showed, and its decision"),
        *each_alone(each.analysis.name for each in trial.courses),
    ]
    for course in trial.courses:
        name = course.analysis.name
        if len(trial.courses) > 1:
            blocks.append(Prose(f"{name}:"))
        blocks += [_looks(course, context.units[name], name in context.partial)]
        blocks.append(Prose(f"{_verdict(course, trial)} {_used(course)}".rstrip()))
    for r, reading in enumerate(trial.readings):
        blocks += _patients(trial, r, reading)
    blocks += guesses_of(trial)
    if not context.command:
        return blocks
    csv = "With --format csv: these patients in long format, as data for any statistics program."
    return [*blocks, Heading("The same trial again"), Code(context.command, "sh"), Prose(csv)]


def _facts(trial: Trial, context: PageContext) -> list[tuple[str, str]]:
    name, courses = trial.hypothesis, trial.courses
    label = context.called(name)
    several = len(courses) > 1
    return [
        ("Trial", f"number {trial.index:,} (counted from 0), seed {trial.seed}, planner {__version__}"),
        identity(trial.name, digest(trial.scenario)),
        ("True here", label if label == name else f"{name}: {label}"),
        *(
            (f"Truth for {c.analysis.name}" if several else _what_is_true(c), _truth(name, c, context))
            for c in courses
        ),
        ("Design", context.design),
        ("Endpoint", context.endpoint),
        *(
            (f"Analysis {c.analysis.name}" if several else "Analysis", context.analyses[c.analysis.name])
            for c in courses
        ),
    ]


def _what_is_true(course: Course) -> str:
    return f"True {'ratio' if course.unit.ratio else 'effect'}"


def _truth(hypothesis: str, course: Course, context: PageContext) -> str:
    unit = context.units[course.analysis.name]
    text = unit.effect_text(course.truth.effect, with_name=True)
    why = context.scale_notes.get((hypothesis, course.analysis.name))
    return f"{text}: {why}" if why else text


def _used(course: Course) -> str:
    """How the patients of the last look add up to those whom the analysis uses; empty where it uses all."""
    finished, left = course.used.finished, course.used.left
    used = finished.used + left.used
    if used == course.used.patients:
        return ""
    text = f"Of these {count(course.used.patients, 'patient')}, {finished.all} finished every period"
    text += f" and {left.all} left" if left.all else ""
    parts = []
    if finished.used:
        every = finished.used == finished.all
        parts.append("all who finished" if every else f"{finished.used} of those who finished")
    if left.used:
        parts.append(f"{left.used} of those who left, after what it compares")
    rest = " The others were not given what it compares." if finished.used < finished.all else ""
    return f"{text}; the analysis uses {used}{': ' + listed(parts) if parts else ''}.{rest}"


def _looks(course: Course, unit: Unit, partial: bool) -> Sheet:
    """One row a look; columns of limits only where the trial has such limits.

    `partial`: the analysis uses patients who have not finished every period, if they have what it compares.
    """
    looks = course.looks
    futility = any(end is not None for look in looks for end in (look.futility_from, look.futility_to))
    exact = any(look.discordant is not None for look in looks)
    by_p = all(look.statistic is None and look.efficacy_above is None for look in looks)
    t, df = ("b − c", "b + c") if exact else ("t", "df")
    columns = [Column("Look"), Column("Patients"), Column("Analysed" if partial else "Completers")]
    columns.append(Column(f"{'Ratio' if unit.ratio else 'Estimate'}{f' ({unit.name})' if unit.name else ''}"))
    columns.append(Column("SE of its logarithm" if unit.ratio else "SE"))
    against = course.analysis.against_margins
    columns += [Column(f"Interval{f' ({unit.name})' if unit.name else ''}")] if against else []
    scaled = any(look.limits is not None for look in looks)
    columns += [Column(f"Limits{f' ({unit.name})' if unit.name else ''}")] if scaled else []
    if against:
        t = f"t from the {'nearer ' if course.analysis.tests_equivalence else ''}margin"
    limits = Column("Significant at" if against else f"Significant at {t}")
    columns += [] if by_p else [Column(t), Column(df), limits]
    columns += [Column("Futile at" if against else f"Futile at {t}")] if futility else []
    columns += [Column("p"), Column("Level"), Column("Decision", number=False)]
    rows = []
    for look in looks:
        last = look.look == course.planned
        row = [f"{look.look} of {course.planned}", str(look.patients), str(look.completers)]
        row.append(DASH if look.estimate is None else unit.effect_text(look.estimate))
        row.append(plain(look.se_log if unit.ratio else _times(look.se, unit)))
        if against:
            row.append(_from_to(look.interval, unit))
        if scaled:
            row.append(_from_to(look.limits, unit))
        if not by_p:
            row += [_t(look.statistic, exact), plain(look.discordant if exact else look.df)]
            row.append(_limits(look.efficacy_below, look.efficacy_above, exact))
        if futility:
            row.append(DASH if last else _inside(look.futility_from, look.futility_to, exact))
        rows.append([*row, _p(look.p), _p(look.nominal_p), look.decision])
    return Sheet(columns, rows)


def _times(value: float | None, unit: Unit) -> float | None:
    return None if value is None else value * unit.factor


def _from_to(ends: tuple[float, float] | None, unit: Unit) -> str:
    """`−1.2 to +3.4`."""
    return DASH if ends is None else " to ".join(map(unit.effect_text, ends))


def _t(value: float | None, whole: bool) -> str:
    return DASH if value is None else fixed(value, 0 if whole else 3)


def _p(value: float | None) -> str:
    if value is None:
        return DASH
    return "< 0.00001" if value < 1e-5 else plain(value, 3)


def _limits(below: float | None, above: float | None, whole: bool) -> str:
    """The statistics at which a look is significant, or futile."""
    if below is not None and above is not None and below == -above:
        return f"± {_t(above, whole)}"
    ends = [f"≤ {_t(below, whole)}"] if below is not None else []
    ends += [f"≥ {_t(above, whole)}"] if above is not None else []
    return " or ".join(ends) or DASH


def _inside(low: float | None, high: float | None, whole: bool) -> str:
    if low is not None and high is not None:
        return f"{_t(low, whole)} to {_t(high, whole)}"
    return _limits(high, low, whole)  # futile up to `high`, or from `low` upwards


def _verdict(course: Course, trial: Trial) -> str:
    """The decision in a sentence, and whether the truth agrees."""
    last, against = course.looks[-1], course.analysis.against_margins
    early = last.look < course.planned
    name = f"{course.analysis.name}: " if len(trial.courses) > 1 else ""
    seen = count(last.patients, "patient")
    match course.decision:
        case "efficacy":
            how = "the trial stops early for efficacy" if early else "the trial is significant at its end"
        case "equivalent":
            how = f"the trial {'stops early and ' if early else ''}shows equivalence"
        case "shown different":
            how = (
                "the trial shows that the treatments are not equivalent: the interval lies outside the limits"
            )
        case "not equivalent":
            how = "the trial ends without showing equivalence"
        case "futility":
            how = "the trial stops early for futility"
        case _:
            how = "the trial ends without a significant difference"
    text = f"{name}{how if name else how[:1].upper() + how[1:]}, after {seen}."
    if early:
        left = trial.scenario.design.patients - last.patients
        text += f" The other {count(left, 'patient')} planned are not needed."
    if course.wrong_sign:
        text += " Its sign is wrong: the truth points the other way."
    elif course.decision == "efficacy" and not course.unit.analysed(course.truth.effect) and not against:
        text += " There is no true effect: this is a type I error."
    elif course.decision in ("efficacy", "equivalent") and course.truth.is_null and against:
        text += f" But {in_words(course.analysis.alternative).null}: this is a type I error."
    return f"{text} {last.note.capitalize()}." if last.note else text


def _patients(trial: Trial, r: int, reading: Reading) -> list[Block]:
    """Picture and table of one reading."""
    title = "The patients"
    if len(trial.readings) > 1:
        what = f"{reading.outcome}, " if reading.outcome else ""
        title += f": {what}{reading.measure}, day {plain(reading.day)}"
    groups = _by_sequence(trial.patients)
    blocks: list[Block] = [Heading(title)]
    if reading.measure in BINARY_MEASURES:
        blocks.append(_patterns(groups, r))
    else:
        blocks += _drawn(groups, r)
        blocks.append(_means(groups, r, geometric=trial.scenario.endpoint.on_logs))
    return [*blocks, Heading("Every score"), _scores(trial.patients, r), *_gone(trial.patients)]


def _by_sequence(patients: Sequence[VirtualPatient]) -> dict[tuple[str, ...], list[VirtualPatient]]:
    groups: dict[tuple[str, ...], list[VirtualPatient]] = {}
    for patient in patients:
        groups.setdefault(tuple(patient.sequence), []).append(patient)
    return dict(sorted(groups.items()))


# The picture


def _drawn(groups: Mapping[tuple[str, ...], Sequence[VirtualPatient]], r: int) -> list[Block]:
    """A panel for each sequence: the lines of its patients from period to period."""
    values = [x for group in groups.values() for p in group for x in p.values[r] if x is not None]
    periods = max(map(len, groups), default=0)
    if not values or periods < 2:
        return []
    low, high, places = _axis(min(values), max(values))
    x, y = Axis("period", 1.0, float(periods)), Axis("score", low, high, places=places)
    drawn = list(groups.items())[:_PANELS]
    panels = []
    for sequence, group in drawn:
        title = f"{' then '.join(sequence)}: {count(len(group), 'patient')}"
        panels.append(Plot("lines", [_line(p, r) for p in group], x, y, title))
    key = (
        "Each line is a patient: o a completer, x one who left before the end. The steeper a line, the "
        "larger the difference between periods."
    )
    if len(groups) > len(drawn):
        key += f" The other {count(len(groups) - len(drawn), 'sequence')} are not drawn."
    return [Panels(panels), Prose(key)]


def _line(patient: VirtualPatient, r: int) -> Series:
    values = patient.values[r]
    points = [(float(k), math.nan if x is None else float(x)) for k, x in enumerate(values, start=1)]
    return Series(f"patient {patient.subject}", "x" if None in values else "o", points)


def _axis(low: float, high: float) -> tuple[float, float, int]:
    """Round ends around the values, _STEPS round steps apart, and the decimals that their labels need."""
    step = max((high - low) / _STEPS, 1e-9)
    size = 10.0 ** math.floor(math.log10(step))
    for factor in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0, 25.0, 50.0):
        unit = factor * size
        start = math.floor(low / unit) * unit
        if start + _STEPS * unit >= high:
            break
    places = max(0, 1 - math.floor(math.log10(unit))) if unit < 10 and unit != round(unit) else 0
    return start, start + _STEPS * unit, places


# Tables


def _means(
    groups: Mapping[tuple[str, ...], Sequence[VirtualPatient]], r: int, *, geometric: bool = False
) -> Sheet:
    """Mean and SD of each period of each sequence, of all who were there; or geometric mean and CV."""
    columns = [Column("Sequence", number=False), Column("Period"), Column("Treatment", number=False)]
    columns += [Column("Patients")]
    columns += [Column(title) for title in (("Geometric mean", "CV (%)") if geometric else ("Mean", "SD"))]
    rows = []
    for sequence, group in groups.items():
        for k, treatment in enumerate(sequence):
            values = [x for p in group if (x := p.values[r][k]) is not None]
            values = list(map(math.log, values)) if geometric else values
            mean = math.fsum(values) / len(values) if values else None
            sd = None
            if mean is not None and len(values) > 1:
                sd = math.sqrt(math.fsum((x - mean) ** 2 for x in values) / (len(values) - 1))
            if geometric:
                mean = None if mean is None else math.exp(mean)
                sd = None if sd is None else 100.0 * cv_of(sd)
            name = " then ".join(sequence) if k == 0 else ""
            rows.append([name, str(k + 1), treatment, str(len(values)), plain(mean), plain(sd)])
    return Sheet(columns, rows)


def _patterns(groups: Mapping[tuple[str, ...], Sequence[VirtualPatient]], r: int) -> Sheet:
    """How many patients of each sequence responded in which periods."""
    columns = [Column("Sequence", number=False), Column("Responds in", number=False), Column("Patients")]
    rows = []
    for sequence, group in groups.items():
        patterns = Counter(tuple(p.values[r]) for p in group)
        name = " then ".join(sequence)
        for pattern, number in sorted(patterns.items(), key=lambda item: (None in item[0], str(item[0]))):
            rows.append([name, _responses(sequence, pattern), str(number)])
            name = ""
    return Sheet(columns, rows)


def _responses(sequence: Sequence[str], pattern: Sequence[float | None]) -> str:
    periods = [f"{a} (period {k})" for k, (a, x) in enumerate(zip(sequence, pattern, strict=True), 1) if x]
    left = f"left before period {list(pattern).index(None) + 1}" if None in pattern else ""
    return "; ".join(filter(None, (listed(periods) or "no period", left)))


def _scores(patients: Sequence[VirtualPatient], r: int) -> Sheet:
    """Every patient in order of randomisation."""
    places = _places([x for p in patients for x in p.values[r] if x is not None])
    periods = max((len(p.sequence) for p in patients), default=0)
    columns = [Column("Patient"), Column("Sequence", number=False)]
    columns += [Column(f"Period {k + 1}") for k in range(periods)]
    waits = any(p.extra_days for p in patients)
    columns += [Column("Waited (days)")] if waits else []
    columns.append(Column("Left", number=False))
    rows = []
    for p in patients:
        scores = [DASH if x is None else fixed(x, places) for x in p.values[r]]
        left = p.left_before
        gone = "" if left is None else f"before period {left}"
        if waits:
            scores.append(" / ".join(DASH if days is None else plain(days) for days in p.extra_days))
        rows.append([str(p.subject), " then ".join(p.sequence), *scores, gone])
    return Sheet(columns, rows)


def _gone(patients: Sequence[VirtualPatient]) -> list[Block]:
    left = sum(p.left_before is not None for p in patients)
    if not left:
        return []
    return [Items([f"{left} of {count(len(patients), 'patient')} left before their last period."])]


def _places(values: Sequence[float]) -> int:
    """Decimals at which the spread of the values shows three digits; none for whole numbers."""
    if not values or all(x == round(x) for x in values):
        return 0
    spread = (max(values) - min(values)) / 4 or abs(values[0]) or 1.0
    return min(max(2 - math.floor(math.log10(spread)), 0), 6)
