"""Spreads and effects, which are CVs and ratios where the endpoint is log-normal: right forms.

As planner.scenario.reading.right_forms. Else a CV is answered with an SD in points.
"""

from __future__ import annotations

from math import sqrt

from planner.scenario.families.lognormal import MOST_CV
from planner.scenario.faults import dotted
from planner.scenario.hypotheses import NORMAL, distribution_of
from planner.scenario.reading.numbers import number_meant, number_text
from planner.scenario.reading.right_forms import TypedSetting, allocation_form, by_treatment, setting_of
from planner.scenario.resolving.examples import periods, written_at
from planner.scenario.tree import is_number

_LOG_NORMAL = 'under [endpoint]: distribution = "log-normal"'


def is_log_normal(guess: TypedSetting) -> bool:
    """Whether the endpoint of the file is log-normal."""
    return distribution_of(guess.data) != NORMAL


def cv_form(guess: TypedSetting) -> str:
    """A CV within patients: for a log-normal endpoint as it is, else as an SD."""
    if guess.section != "hypotheses":
        return ""
    stated = f"cv_within = {_cv(guess)}"
    if is_log_normal(guess):
        return f"did you mean {stated}?"
    number, means = number_meant(guess.value), written_at(guess.data, (*guess.path[:-1], "means"))
    sd = "sd_within = ..."
    if number is not None and isinstance(means, dict) and all(map(is_number, means.values())):
        share = _share(number)
        table = ", ".join(f"{dotted((a,))} = {number_text(abs(share * mean))}" for a, mean in means.items())
        sd = f"sd_within = {{ {table} }}"
    return f"an SD in points, share times mean: {sd}; or {_LOG_NORMAL}, with {stated}"


def cv_between_form(guess: TypedSetting) -> str:
    """A CV between patients."""
    number = number_meant(guess.value)
    if guess.section != "hypotheses" or number is None:
        return ""
    stated = f"cv_between = {number_text(_share(number))}"
    return f"did you mean {stated}?" if is_log_normal(guess) else f"{_LOG_NORMAL}, with {stated}"


def cv_difference_form(guess: TypedSetting) -> str:
    """A CV of a difference means two things."""
    if guess.section != "hypotheses":
        return ""
    within = "cv_within = 0.3, of the scores within a patient"
    needs = "" if is_log_normal(guess) else f"{_LOG_NORMAL}, with "
    return (
        f"no CV of a difference, which is not clear: {needs}{within}; the logarithm of a ratio then has the "
        "SD sqrt(2 ln(1 + CV^2))"
    )


def sd_difference_form(guess: TypedSetting) -> str:
    """The SD of a difference; of logarithms that within patients says the same."""
    number = number_meant(guess.value)
    if guess.section != "hypotheses" or number is None:
        return ""
    if not is_log_normal(guess):
        return f"did you mean sd_difference = {number_text(number)}?"
    return f"of differences of logarithms: sd_within = {number_text(number / sqrt(2.0))}, the SD / sqrt(2)"


def sd_form(guess: TypedSetting) -> str:
    """The SD of scores of different patients; of logarithms those within and between are stated."""
    if guess.section == "hypotheses" and is_log_normal(guess):
        return "the SDs of logarithms: sd_within = ... with sd_between = ...; or cv_within = 0.3"
    return setting_of("hypotheses", "sd")(guess)


def root_form(guess: TypedSetting) -> str:
    """An SD in place of a variance."""
    number = number_meant(guess.value)
    root = "..." if number is None or number < 0 else number_text(sqrt(number))
    if is_log_normal(guess):
        return f"an SD of logarithms, the root of it: sd_within = {root}"
    return f"an SD, the root of it: sd = {root} with correlation = ..."


def ratio_form(guess: TypedSetting) -> str:
    """A ratio of means in a hypothesis, or of the allocation."""
    if "adaptive" in guess.path:
        return f"ratio = {guess.value}, for which stage 2 is planned"
    if guess.section != "hypotheses":
        return allocation_form(guess)
    (a, b), number = guess.pair, number_meant(guess.value)
    if number is None or number <= 0:
        return ""
    share = number / 100 if number > 10 else number
    stated = f"means = {{ {a} = {number_text(100 * share)}, {b} = 100 }}"
    return f"{stated}: geometric means" if is_log_normal(guess) else f"{_LOG_NORMAL}, with {stated}"


def period_effect_form(guess: TypedSetting) -> str:
    number, many = number_meant(guess.value), periods(guess.data) or 2
    if number is None:
        return ""
    section = "" if guess.section == "population" else "under [population]: "
    later = [number_text(number)] * (many - 1)
    if is_log_normal(guess):
        first = f"{section}period_effect = [{', '.join(['1', *later])}]"
        return f"{first}: each period as a ratio to the first"
    steps = [number_text(k * number) for k in range(many)]
    first = f"{section}period_effect = [{', '.join(['0', *later])}]"
    if many < 3:
        return f"{first}: what period 2 adds to the score"
    return f"{first} if every later period adds it, or [{', '.join(steps)}] if each period adds it once more"


def sequence_effect_form(guess: TypedSetting) -> str:
    number, sequences = number_meant(guess.value), written_at(guess.data, ("design", "sequences"))
    if number is None or not isinstance(sequences, list):
        return ""
    none = "1" if is_log_normal(guess) else "0"
    return f"sequence_effect = [{', '.join([*[none] * (len(sequences) - 1), number_text(number)])}]"


def _cv(guess: TypedSetting) -> str:
    number = number_meant(guess.value)
    if number is not None:
        return number_text(_share(number))
    return by_treatment(guess) if isinstance(guess.value, dict | list) else "..."


def _share(number: float) -> float:
    return number / 100 if number > MOST_CV else number
