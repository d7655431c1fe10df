"""Settings checked one by one against the models; tables that no setting has reached are checked once."""

from __future__ import annotations

from functools import lru_cache

from pydantic import BaseModel, create_model

from planner.scenario.fields import Settings
from planner.scenario.hypotheses import distribution_of, with_distribution
from planner.scenario.resolving.kept import Kept
from planner.scenario.scenario import Scenario
from planner.scenario.tree import Tree

_MISSING = object()


def validated(data: Tree, context: Tree, kept: Kept) -> Scenario:
    """The settings as they are written, each sound by itself. Raises ValidationError with all that are not.

    Of tables and lists that are those of an earlier scenario, the checked ones are taken over.
    """
    distribution = distribution_of(data)
    given = with_distribution(context, distribution)
    scenario = _from_earlier(data, given, kept.answer("validated", (context,), (distribution,)))
    if scenario is None:
        scenario = Scenario.model_validate(data, context=given)
    kept.keep("validated", (context,), (distribution,), (data, scenario))
    return scenario


def _from_earlier(data: Tree, context: Tree, earlier: tuple[Tree, Scenario] | None) -> Scenario | None:
    """The earlier scenario with what is stated otherwise; None where that is unsound, or a table is gone."""
    if earlier is None:
        return None
    stated, scenario = earlier
    changed = {key: value for key, value in data.items() if stated.get(key, _MISSING) is not value}
    if not (changed.keys() <= Scenario.model_fields.keys() and stated.keys() <= data.keys()):
        return None
    try:
        parts = _part(tuple(sorted(changed))).model_validate(changed, context=context)
    except ValueError:  # whatever is wrong is said of the whole
        return None
    return scenario.model_copy(update={key: getattr(parts, key) for key in changed})


@lru_cache(maxsize=64)
def _part(names: tuple[str, ...]) -> type[BaseModel]:
    """A scenario of nothing but these settings, as they are declared."""
    fields: Tree = {
        name: (field.annotation, field) for name, field in Scenario.model_fields.items() if name in names
    }
    return create_model("Part", __base__=Settings, **fields)
