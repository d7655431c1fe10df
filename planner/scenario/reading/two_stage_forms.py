"""Second stages that are planned after the first, written otherwise: right forms.

As planner.scenario.reading.right_forms.
"""

from __future__ import annotations

from planner.scenario.fields import as_spelt
from planner.scenario.reading.guessed_names import STAGED, matching
from planner.scenario.reading.right_forms import TypedSetting
from planner.scenario.two_stage_rules import RULES


def two_stage_form(guess: TypedSetting) -> str:
    """The setting by a rule, or by what else that is called."""
    rule = as_spelt(guess.value, RULES) if isinstance(guess.value, str) else None
    named = f'adaptive = {{ rule = "{rule}" }}' if rule else matching(STAGED, guess.value)
    where = (
        "" if guess.section == "monitoring" else "under [monitoring]: looks = [24], the patients of stage 1; "
    )
    return where + (named or 'adaptive = { rule = "potvin-b" }')


def rule_inside(guess: TypedSetting) -> str:
    """The rule by another key of its table."""
    rule = as_spelt(guess.value, RULES) if isinstance(guess.value, str) else None
    value = guess.value if isinstance(guess.value, str) else f"type{guess.value}"
    return f'rule = "{rule}"' if rule else matching(STAGED, value) or 'rule = "potvin-b"'


def inside_adaptive(guess: TypedSetting) -> str:
    """What the rules call the number of patients of stage 1."""
    return "under [monitoring]: looks = [24], the patients of stage 1, beside adaptive"
