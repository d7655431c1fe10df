"""The tables of who guesses right: of a run, and of one trial."""

from __future__ import annotations

from collections.abc import Sequence

from planner.questions.replay.trial import Trial
from planner.report.blocks import Block, Column, Heading, Prose, Sheet
from planner.results.blinding import Guess
from planner.results.cells import Cell, CorrectGuesses
from planner.results.number_text import DASH, estimated
from planner.scenario.text import count, listed


def guesses_made(cells: Sequence[Cell]) -> bool:
    """Whether patients guess what they were given."""
    return any(cell.correct_guesses is not None for cell in cells)


def right_guesses(rows_of: Sequence[tuple[Sequence[str], CorrectGuesses]]) -> Sheet:
    """A row for each hypothesis: what it is called, with those that share its row, and its guesses."""
    treatments = list(dict.fromkeys(a for _, guesses in rows_of for a in guesses.by_treatment))
    columns = [Column("Hypothesis", number=False), Column("Guess right")]
    columns += [Column(f"on {treatment}") for treatment in treatments]
    rows = []
    for called, guesses in rows_of:
        shares = [guesses.all, *(guesses.by_treatment[a] for a in treatments)]
        rows.append([called[0], *(estimated(share, percent=True) for share in shares)])
        rows += [[f"= {name}", *[""] * (len(columns) - 1)] for name in called[1:]]
    return Sheet(columns, rows)


def guesses_of(trial: Trial) -> list[Block]:
    """What each patient of one trial guessed; nothing where nobody is asked."""
    if (guesses := trial.guesses) is None:
        return []
    if not guesses.made:
        return [Heading("What they guess"), Prose("Patients of this hypothesis make no guess.")]
    each = [f"{row.right} of {row.made} on {a}" for a, row in guesses.by_treatment.items()]
    summary = f"{guesses.right} of {count(guesses.made, 'guess', 'guesses')} right: {listed(each)}. "
    summary += f"Active: {listed(list(guesses.active)) or 'no treatment'}."
    periods = max(len(patient.sequence) for patient in trial.patients)
    columns = [Column("Patient"), Column("Sequence", number=False)]
    columns += [Column(f"Period {k + 1}", number=False) for k in range(periods)]
    rows = [
        [str(patient.subject), " then ".join(patient.sequence), *map(_guess_text, patient.guesses)]
        for patient in trial.patients
    ]
    return [Heading("What they guess"), Prose(summary), Sheet(columns, rows)]


def _guess_text(guess: Guess | None) -> str:
    if guess is None:
        return DASH
    return f"{'active' if guess.active else 'inactive'}, {'right' if guess.right else 'wrong'}"
