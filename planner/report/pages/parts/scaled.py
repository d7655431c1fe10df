"""Limits that are scaled to how the reference varies, on the pages of results."""

from __future__ import annotations

from collections.abc import Iterable

from planner.results.effect_scale import Unit
from planner.results.limit_errors import LimitError
from planner.results.number_text import estimated, percent, plain
from planner.scenario.text import listed

TYPE_ONE_ERROR = "type I error\n"


def at_limit_cells(error: LimitError, unit: Unit) -> list[str]:
    """The limit and the type I error there."""
    share = estimated(error.type_one_error, percent=True)
    if error.exact:
        share = f"{percent(error.type_one_error.estimate)} (exact)"
    return [unit.effect_text(error.ratio), f"{TYPE_ONE_ERROR}{'too high: ' * error.too_high}{share}"]


def about_scaled_limits(errors: Iterable[LimitError | None]) -> list[str]:
    """What the rows at the limit are, and what can be done where they are too high."""
    known = [each for each in errors if each is not None]
    if not known:
        return []
    exact = all(each.exact for each in known)
    how = "computed exactly, for complete trials" if exact else "with as many as 131,072 trials"
    items = [
        f"At the limit: the type I error, {how}, were the true ratio at the worse of the limits that the "
        "stated variability of the reference gives."
    ]
    if any(each.too_high for each in known):
        alphas = listed([plain(alpha) for alpha in dict.fromkeys(each.alpha for each in known)], "or")
        items.append(
            f"Too high at the limit: a test at alpha = {alphas} whose limits follow the variability that the "
            "trial itself estimates is known not to hold its level. Widened limits (abel) hold it with "
            "scaling.adjust_alpha = true, which lowers alpha."
        )
    if lowered := [each for each in known if each.level < each.alpha]:
        levels = list(dict.fromkeys(plain(each.level, 5) for each in lowered))
        held = percent(lowered[0].alpha)
        items.append(
            f"Alpha is lowered to {listed(levels)}, so that the type I error at the limit is {held}."
        )
    return items
