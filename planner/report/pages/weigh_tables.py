"""The tables of `planner weigh`. Hypotheses that the design cannot separate stand below one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from planner.questions.weigh.weigh_figures import Expected, NumberInfluence, WeighingFigures, WeightsAt
from planner.report.blocks import Column, Sheet
from planner.report.context import PageContext
from planner.report.pages.parts.uncertain import short
from planner.results.contract import Json
from planner.results.figures import Figure
from planner.results.number_text import DASH, estimated, fixed, percent, plain, plus_minus, signed

_PERCENT = {"response": "responders", "remission": "remitters"}
_LEAST_CHANCE = 1e-4  # a probability below which its column says 1 in so many
_LEAST_FACTOR = 0.01  # and a Bayes factor
_LEAST_WEIGHT = 1e-4  # below which, with three times its error, a weight is given as less than that
_LEAST_ERROR = 0.001  # of the weights that assumptions move: smaller errors are shown as this


def has_classes(figures: WeighingFigures) -> bool:
    """Whether a class has several hypotheses, or classes differ in their prior weights."""
    priors = {round(row.prior, 12) for row in figures.classes}
    return len(figures.classes) < len(figures.hypotheses) or len(priors) > 1


def _stacked(names: Sequence[str], cells: Sequence[str], context: PageContext) -> list[list[str]]:
    """The lines of a class: its figures stand beside its first hypothesis."""
    first, *others = (context.called(name) for name in names)
    return [[first, *cells], *([f"= {other}", *[""] * len(cells)] for other in others)]


def weights(figures: WeighingFigures, context: PageContext) -> Sheet:
    """How probable the result is, and the weight that it gives."""
    density = figures.evidence.kind != "counts"
    order = figures.by_weight
    figure_columns = [("Bayes factor", *_alike([row.bayes_factor for row in order], _LEAST_FACTOR, False))]
    if not density:
        chances = [figures.first(row).likelihood for row in order]
        figure_columns.insert(0, ("Probability", *_alike(chances, _LEAST_CHANCE, True)))
    columns = [Column("Hypothesis", number=False)]
    columns += [Column(f"{title}, 1 in" if rare else title) for title, rare, _ in figure_columns]
    rows = []
    for i, row in enumerate(order):
        cells = [*(column[i] for _, _, column in figure_columns), weight(row.weight)]
        rows += _stacked(row.hypotheses, cells, context)
    return Sheet([*columns, Column("Weight")], rows)


def _alike(figures: Sequence[Figure], least: float, per_cent: bool) -> tuple[bool, list[str]]:
    """A column in one style: as they are, or where one is below `least` as 1 in so many; and whether so."""
    if any(0.0 < figure.estimate < least for figure in figures):
        return True, [_one_in(figure) for figure in figures]
    if any(figure.mcse for figure in figures):
        return False, [estimated(each, percent=per_cent) for each in figures]
    factor, unit = (100.0, " %") if per_cent else (1.0, "")
    smallest = min((figure.estimate for figure in figures if figure.estimate), default=1.0)
    places = max(2 - math.floor(math.log10(factor * smallest)), 0)
    return False, [f"{fixed(factor * figure.estimate, places)}{unit}" for figure in figures]


def _one_in(figure: Figure) -> str:
    """The reciprocal, with its error by the delta method, rounded together."""
    share, error = figure.estimate, figure.error
    if share <= 0.0:
        return "never"
    x, error = 1.0 / share, error / share**2
    exponent = math.floor(math.log10(x)) if math.isfinite(x) else 0
    scale, unit = (1.0, "") if x < 1e6 else (1e6, " million")
    if x >= 1e12:
        scale, unit = 10.0**exponent, f" × 10^{exponent}"
    x, error = x / scale, error / scale
    if error < 10.0 or not math.isfinite(error):
        return f"{plus_minus(x, error)}{unit}"
    step = 10.0 ** math.floor(math.log10(error))
    return f"{round(x / step) * step:,.0f} ± {round(error / step) * step:,.0f}{unit}"


def predictions(figures: WeighingFigures, observed: Json, context: PageContext) -> Sheet:
    """What each hypothesis predicts of what was observed, below that."""
    expected = figures.hypotheses[0].expected
    titles = [f"{each.measure.capitalize()} {each.treatment}" for each in expected]
    seen = [_seen(observed, each) for each in expected]
    rows = [["Observed", *seen]] if any(cell != DASH for cell in seen) else []
    difference = figures.evidence.kind == "difference"
    for row in figures.by_weight:
        cells = [_expected(each, difference) for each in figures.first(row).expected]
        rows += _stacked(row.hypotheses, cells, context)
    return Sheet([Column("Hypothesis", number=False), *(Column(title) for title in titles)], rows)


def _seen(observed: Json, expected: Expected) -> str:
    """What was observed of a measure and treatment."""
    treatment = expected.treatment
    if kind := _PERCENT.get(expected.measure):
        if treatment in observed.get(kind, {}):
            x, n = observed[kind][treatment]
            return f"{x} of {n}"
        pairs = observed.get("pairs")
        if kind == "responders" and pairs and treatment in pairs["only"]:
            n = pairs["both"] + pairs["neither"] + sum(pairs["only"].values())
            return f"{pairs['both'] + pairs['only'][treatment]} of {n}"
        return DASH
    if treatment in observed.get("means", {}):
        mean = observed["means"][treatment]["mean"]
        return plain(mean) if expected.measure == "score" else signed(mean)
    return signed(observed.get("difference", {}).get("estimate"))


def levels(figures: WeighingFigures) -> bool:
    """Whether values in the endpoint's unit are predicted, and not shares of patients."""
    return figures.hypotheses[0].expected[0].measure not in _PERCENT


def _expected(expected: Expected, difference: bool) -> str:
    """A prediction with its error; a sign is written out where it is of a difference or a change."""
    mean, error = expected.mean, expected.mcse
    if expected.measure in _PERCENT:
        return plus_minus(mean, error, percent=True) if error else percent(mean, places=1)
    return plus_minus(mean, error, sign=difference or expected.measure != "score")


def shares(figures: WeighingFigures, context: PageContext) -> Sheet:
    """Prior weights and weights of the classes, of each hypothesis in them, and of classes counted alike."""
    columns = [Column("Class", number=False), Column("Prior"), Column("Weight")]
    columns += [Column("Of each"), Column("If alike")]
    rows = []
    own = {row.hypothesis: row.weight for row in figures.hypotheses}
    for row in figures.by_weight:
        each = "; ".join(dict.fromkeys(weight(own[name]) for name in row.hypotheses))
        cells = [f"{percent(row.prior)}", weight(row.weight), each]
        rows += _stacked(row.hypotheses, [*cells, weight(row.weight_equal_classes)], context)
    return Sheet(columns, rows)


def sensitivity_table(seen: Sequence[NumberInfluence], leading: Sequence[int]) -> Sheet:
    """Two lines for each assumption, where it is low and where it is high; `leading`: classes A and B."""
    columns = [Column("Assumption", number=False), Column("Value")]
    columns += [Column(f"Weight of {letter}") for letter, _ in zip("AB", leading, strict=False)]
    columns.append(Column("Moved"))
    rows = []
    for row in seen:
        for side, name, share in zip((row.low, row.high), _path(row), (_moved(row), ""), strict=True):
            leading_weights = [_roughly(side.class_weights[i]) for i in leading]
            rows.append([name, value_text(row, side), *leading_weights, share])
    return Sheet(columns, rows)


def _moved(row: NumberInfluence) -> str:
    return plus_minus(row.moved, row.moved_mcse, percent=True)


def _path(row: NumberInfluence) -> tuple[str, str]:
    """An assumption in two lines."""
    if row.path == "observed.paired":
        return "patients seen under both treatments", ""
    path = short(row.path)
    if row.hypothesis:
        return f"{row.hypothesis}:", path
    above, sign, below = path.partition(": ")
    return (f"{above}:", below) if sign else (path, "")


def path_text(row: NumberInfluence) -> str:
    """The assumption, in words where it is no setting with a number."""
    return " ".join(filter(None, _path(row)))


def value_text(row: NumberInfluence, side: WeightsAt) -> str:
    """The value of an assumption at its low or high end."""
    value = plain(side.value, 3)
    return f"× {value}" if row.relative else value


def without_error(share: float) -> str:
    """A share without its error."""
    return "< 0.1 %" if 0 < share < 5e-4 else percent(share, places=1)


def weight(figure: Figure) -> str:
    """A weight with its Monte Carlo error."""
    if figure.estimate + 3.0 * figure.error < _LEAST_WEIGHT:
        return f"< {percent(_LEAST_WEIGHT)}"
    if not figure.mcse:
        return percent(figure.estimate, places=2)
    return estimated(figure, percent=True)


def _roughly(figure: Figure) -> str:
    """The same with an error that is at least 0.1 %."""
    return weight(replace(figure, mcse=max(figure.mcse, _LEAST_ERROR)) if figure.mcse else figure)


def two_digits(x: float) -> str:
    """Two significant digits."""
    return f"{float(f'{x:.2g}'):,.0f}" if x >= 10 else plain(x, 2)
