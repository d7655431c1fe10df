"""Limits that are scaled to how the reference varies, written otherwise: right forms.

As planner.scenario.reading.right_forms.
"""

from __future__ import annotations

from planner.scenario.fields import as_spelt
from planner.scenario.reading.guessed_names import REGULATOR_NAMES, SCALED, matching
from planner.scenario.reading.right_forms import TypedSetting, alternative_form
from planner.scenario.regulators import SCALED_RULES, SCALINGS


def scaling_form(guess: TypedSetting) -> str:
    """The setting by a rule, by a regulator, or by what else it is called."""
    key, value = str(guess.path[-1]), guess.value
    text = value if isinstance(value, str) else ""
    rule = as_spelt(text, SCALINGS)
    if rule is not None:
        return f'{_where(guess)}scaling = {{ rule = "{rule}" }}'
    regulator = as_spelt(text, SCALED_RULES)
    named = f'scaling = {{ regulator = "{regulator}" }}' if regulator else matching(REGULATOR_NAMES, text)
    if not named:
        named = matching(SCALED, text) or matching(SCALED, key) or 'scaling = { rule = "abel" }'
    return f"{_where(guess)}{named}"


def _where(guess: TypedSetting) -> str:
    return "" if guess.section == "analyses" else "under [[analyses]]: "


def inside_scaling(guess: TypedSetting) -> str:
    """A number of a rule that stands outside of its table."""
    key = str(guess.path[-1])
    if "scaling" in guess.path:
        return ""
    return f"{_where(guess)}scaling = {{ rule = ..., {key} = ... }}"


def alternative_or_scaling_form(guess: TypedSetting) -> str:
    """What an alternative is called, or a rule with scaled limits, which implies one."""
    hint = alternative_form(guess)
    return hint or matching(SCALED, guess.value)
