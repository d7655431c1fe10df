"""The right form of a setting that a new user would write otherwise: a text to be pasted, filled in.

Every function takes a TypedSetting and gives the form with what the file states, or nothing if none is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

from planner.scenario.designs import named
from planner.scenario.faults import Path, dotted
from planner.scenario.fields import as_spelt, spelling
from planner.scenario.hypotheses import SETTINGS
from planner.scenario.reading.numbers import number_meant, number_text
from planner.scenario.resolving.examples import described, periods, spelt_out, treatments, written_at
from planner.scenario.stopping_rules import EFFICACY_RULES
from planner.scenario.text import LONGEST, in_toml, printable
from planner.scenario.tree import Tree, is_number
from planner.scenario.vocabulary import DESIGNS


class TypedSetting(NamedTuple):
    """A setting that cannot be read as it is: its place, its value, and the whole file."""

    path: Path
    value: Any
    data: Tree

    @property
    def section(self) -> str:
        """The table or list of the file that it stands in, or its own name where it stands in none."""
        return str(self.path[0])

    @property
    def pair(self) -> tuple[str, str]:
        """Two treatments of the file, as keys; A and B where it names none."""
        first, second, *_ = [*treatments(self.data), "A", "B"]
        return dotted((first,)), dotted((second,))

    def around(self) -> TypedSetting:
        """The list or table that it stands in."""
        path = self.path[:-1]
        return TypedSetting(path, written_at(self.data, path), self.data)

    @property
    def patients(self) -> int | None:
        stated = written_at(self.data, ("design", "patients"))
        return stated if type(stated) is int else None


def as_number_form(guess: TypedSetting) -> str:
    """The number that is meant by one in quotation marks, with a unit or of another kind."""
    number = number_meant(guess.value)
    whole = isinstance(guess.value, float) and guess.value.is_integer()
    if number is None or not (isinstance(guess.value, str) or whole):
        return ""
    key = f"{dotted(guess.path[-1:])} = " if isinstance(guess.path[-1], str) else ""
    unit = " (in days)" if isinstance(guess.value, str) and re.search("[wh]", guess.value) else ""
    return f"write {key}{number_text(number)}{unit}"


# Settings by another name


def setting_of(
    home: str, key: str, convert: Callable[[TypedSetting], str] | None = None
) -> Callable[[TypedSetting], str]:
    """The setting `key` of the section `home`, with the number that was written or what `convert` makes."""

    def answer(guess: TypedSetting) -> str:
        number = number_meant(guess.value)
        value = convert(guess) if convert is not None else "" if number is None else number_text(number)
        setting = f"{key} = {value}" if value else key
        return (
            f"did you mean {setting}?"
            if guess.section == home and len(guess.path) > 1
            else f"under [{home}]: {setting}"
        )

    return answer


def weeks_form(guess: TypedSetting) -> str:
    number = number_meant(guess.value)
    return "" if number is None else f"did you mean washout_days = {number_text(7 * number)}?"


def per_sequence_form(guess: TypedSetting) -> str:
    number, sequences = number_meant(guess.value), written_at(guess.data, ("design", "sequences"))
    if number is None or not isinstance(sequences, list):
        return "patients = the patients of all sequences together"
    return f"patients = {number_text(number * len(sequences))}: of all {len(sequences)} sequences together"


def direction_form(guess: TypedSetting) -> str:
    one = re.match(r"one|1", str(guess.value).casefold()) is not None
    if one:
        return 'alternative = "greater" or "less" (first minus second), "better" or "worse"'
    return 'did you mean alternative = "two-sided"?'


def alternative_form(guess: TypedSetting) -> str:
    text = spelling(str(guess.value))
    if re.fullmatch("(two|2)(sided|tailed)?|both", text):
        return 'alternative = "two-sided"'
    if re.fullmatch("tost|(bio|average ?bio)?equivalen(t|ce)|be|abe|twoonesided(tests?)?", text):
        return 'alternative = "equivalence", with limits = [low, high]'
    if re.fullmatch("noninferior(ity)?|ni", text):
        return 'alternative = "non-inferiority", with margin = ...'
    if re.fullmatch("(super)?superioritybyamargin|supersuperiority|superioritymargin", text):
        return 'alternative = "superiority-by-margin", with margin = ...'
    return 'alternative = "two-sided", or "better" (one-sided)' if text.startswith("superior") else ""


def limits_form(guess: TypedSetting) -> str:
    """Limits that stand elsewhere, or by another name."""
    number = number_meant(guess.value)
    value = "[low, high]" if number is None else number_text(number)
    if isinstance(guess.value, list) and all(is_number(each) for each in guess.value):
        value = f"[{', '.join(map(number_text, guess.value))}]"
    return f'under [[analyses]]: alternative = "equivalence", limits = {value}'


def margin_form(guess: TypedSetting) -> str:
    """A margin that stands elsewhere, or by another name."""
    number = number_meant(guess.value)
    value = "..." if number is None else number_text(number)
    return f'under [[analyses]]: alternative = "non-inferiority", margin = {value}'


def interim_form(guess: TypedSetting) -> str:
    if isinstance(guess.value, str) and as_spelt(guess.value, EFFICACY_RULES) is not None:
        return rule_form(guess)
    looks = "looks = [0.5, 1.0]" if number_meant(guess.value) is None else looks_form(guess)
    return looks if guess.section == "monitoring" and len(guess.path) > 1 else f"under [monitoring]: {looks}"


def means_form(guess: TypedSetting) -> str:
    if guess.section != "hypotheses":
        return ""
    if isinstance(guess.value, dict):
        return f"means = {by_treatment(guess)}"
    a, b = guess.pair
    number = number_meant(guess.value)
    first = "..." if number is None else number_text(number)
    return f"means = {{ {a} = {first}, {b} = 0 }}: the mean of each treatment"


def rates_form(guess: TypedSetting) -> str:
    return f"rates = {by_treatment(guess)}" if guess.section == "hypotheses" else ""


def by_treatment(guess: TypedSetting) -> str:
    """The numbers of a list or table as a table by treatment."""
    names, value = treatments(guess.data), guess.value
    if isinstance(value, dict):
        pairs = list(value.items())
    else:
        pairs = list(zip(names or ["A", "B"], value if isinstance(value, list) else [], strict=False))
    numbers = [(name, number_meant(each)) for name, each in pairs]
    if not numbers or any(number is None for _, number in numbers):
        a, b = guess.pair
        return f"{{ {a} = ..., {b} = ... }}"
    return (
        f"{{ {', '.join(f'{dotted((name,))} = {number_text(number or 0.0)}' for name, number in numbers)} }}"
    )


def hypothesis_form(guess: TypedSetting) -> str:
    table = guess.value if isinstance(guess.value, dict) else {}
    own = {key for settings in SETTINGS.values() for key in settings.model_fields}  # what one hypothesis says
    names = [name for name, each in table.items() if isinstance(each, dict) and name not in own]
    named_already = bool(names) and not own & table.keys()
    name = names[0] if named_already else "effect"
    return f"[hypotheses.{dotted((name,))}]: what may be true, each by its name"


def design_form(guess: TypedSetting) -> str:
    """A design by its name, with the treatments and patients that the file states."""
    name = _design_named(guess.value)
    if name is None:
        return ""
    arms = ", ".join(in_toml(each) for each in [*treatments(guess.data)] or ["A", "B"])
    patients = guess.patients or written_at(guess.data, ("patients",)) or 24
    if guess.path == ("design",):
        return f'design = {{ name = "{name}", arms = [{arms}], patients = {patients} }}'
    if written_at(guess.data, ("design", "sequences")):
        return "leave it out: the sequences say it all"
    return f'name = "{name}" with arms = [{arms}]'


def _design_named(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    known = as_spelt(value, DESIGNS)
    usual = re.fullmatch(r"crossover|crossovertrial|abba|standard", spelling(value))
    return known or ("AB/BA" if usual else None)


def power_form(guess: TypedSetting) -> str:
    number = number_meant(guess.value)
    wanted = f" --power {number_text(number / 100 if number > 1 else number)}" if number is not None else ""
    return f"no setting: planner size FILE{wanted} finds the patients that give it"


def dropout_form(guess: TypedSetting) -> str:
    """Where a share of patients who leave can mean two things, both."""
    share, many = number_meant(guess.value), periods(guess.data)
    if share is None:
        return ""
    share = share / 100 if share > 1 else share
    if many == 1:
        return f"dropout = {{ before_first = {number_text(share)} }}: one period has no gap after it"
    if many is None or many == 2:
        return (
            f"under [population]: dropout = {number_text(share)}"
            if guess.section != "population"
            else f"dropout = {number_text(share)}"
        )
    gaps = many - 1
    each, all_of_them = 1.0 - (1.0 - share) ** (1.0 / gaps), 1.0 - (1.0 - share) ** gaps
    return (
        f"dropout = {{ per_period = {number_text(share)} }} if {100 * share:.4g} % leave in each of the "
        f"{gaps} gaps between periods ({100 * all_of_them:.3g} % in all), or "
        f"dropout = {{ per_period = {each:.4g} }} if "
        f"{100 * share:.4g} % leave in all"
    )


def looks_form(guess: TypedSetting) -> str:
    number, patients = guess.value, guess.patients or 24
    if isinstance(number, list):
        shares = [number_meant(each) for each in number]
        if not shares or any(each is None or not 0 < each <= 1 for each in shares):
            return ""
        stated = [number_text(each or 0.0) for each in shares]
        return f"looks = [{', '.join(stated if stated[-1] == '1' else [*stated, '1'])}]".replace(
            " 1]", " 1.0]"
        )
    if isinstance(number, str):
        number = number_meant(number)
    if isinstance(number, float) and 0.0 < number < 1.0:
        return f"looks = [{number_text(number)}, 1.0]"
    if not is_number(number) or not 1 <= number < inf or number != int(number):
        return ""
    several = f"looks = [{', '.join([f'{k / number:.4g}' for k in range(1, int(number))] + ['1.0'])}]"
    several += f" for {int(number)} looks, equally spaced"
    once = f"looks = [{int(number)}, {patients}] for one after {int(number)} patients and one at the end"
    if number == 1:
        return "leave it out for one look, at the end"
    answers = [several] * (number <= 6) + [once] * (number < patients)
    return ", or ".join(answers)


def hypotheses_form(guess: TypedSetting) -> str:
    rows = guess.value if isinstance(guess.value, list) else []
    name = next((str(row["name"]) for row in rows if isinstance(row, dict) and "name" in row), "effect")
    return f"[hypotheses.{dotted((name,))}]: each hypothesis has a section with its name" if rows else ""


def allocation_form(guess: TypedSetting) -> str:
    """`1:1`, `2` or [2, 1] as a list with one number per sequence."""
    sequences = written_at(guess.data, ("design", "sequences"))
    value = guess.value
    numbers = value if isinstance(value, list) else re.split(r"\s*[:/,]\s*", str(value))
    if len(numbers) == 1 and isinstance(sequences, list):
        numbers = numbers * len(sequences)
    known = [number_meant(each) for each in numbers]
    if any(number is None for number in known):
        return ""
    return f"allocation = [{', '.join(number_text(number or 0.0) for number in known)}]"


def treatments_form(guess: TypedSetting) -> str:
    names = (
        guess.value
        if isinstance(guess.value, list)
        else re.split(r"[\s,;/]+", guess.value)
        if isinstance(guess.value, str)
        else list(guess.value)
        if isinstance(guess.value, dict)
        else []
    )
    listed = ", ".join(in_toml(name) for name in dict.fromkeys(str(name) for name in names if name))
    where = "above [design]: " if guess.section == "design" else ""
    return f"{where}treatments = [{listed}]" if listed else ""


def contrast_form(guess: TypedSetting) -> str:
    if not isinstance(guess.value, str):
        return ""
    parts = re.split(r"\s+(?:-|–|vs\.?|versus|minus|against)\s+|\s*,\s*|\s+", guess.value.strip())
    known = treatments(guess.data) or described(guess.data)
    if len(parts) != 2:
        parts = guess.value.replace("–", "-").split("-")
    if len(parts) != 2 or (known and not set(parts) <= set(known)):
        return ""
    first, second = map(printable, parts)
    return f"contrast = [{in_toml(parts[0])}, {in_toml(parts[1])}]: {first} minus {second}"


def sequences_form(guess: TypedSetting) -> str:
    """Sequences in one text, or with something other than blanks between treatments."""
    known = set(described(guess.data))
    texts = guess.value if isinstance(guess.value, list) else re.split(r"\s*[,;/|]\s*", str(guess.value))
    split = [spelt_out(str(text), known) for text in texts]
    if not known or len(split) < 2 or any(each is None for each in split):
        return ""
    return f"sequences = [{', '.join(in_toml(each or '') for each in split)}]"


def arms_form(guess: TypedSetting) -> str:
    known, name = described(guess.data), _design_named(written_at(guess.data, ("design", "name")))
    try:
        named(name or "", known)
    except (ValueError, KeyError):
        return ""
    return f"arms = [{', '.join(in_toml(each) for each in known)}]"


def baseline_form(guess: TypedSetting) -> str:
    stated = guess.value if isinstance(guess.value, list) else [guess.value]
    mean, sd, *_ = [*map(number_meant, stated), None, None]
    if mean is None:
        return ""
    spread = "..." if sd is None else number_text(sd)
    return f"baseline = {{ mean = {number_text(mean)}, sd = {spread} }}: sd between patients"


def _label(value: object) -> str:
    return in_toml(value if isinstance(value, str) and len(value) <= LONGEST else "...")


def distribution_form(guess: TypedSetting) -> str:
    where = "" if guess.section == "endpoint" else "under [endpoint]: "
    return f'{where}distribution = "log-normal"' if guess.value is not False else "leave it out"


def label_form(guess: TypedSetting) -> str:
    return f"label = {_label(guess.value)}" if guess.section == "endpoint" else ""


def endpoint_form(guess: TypedSetting) -> str:
    return f"endpoint = {{ label = {_label(guess.value)} }}" if isinstance(guess.value, str) else ""


def better_form(guess: TypedSetting) -> str:
    """Which scores are better, as a scale."""
    lower = re.search("low|down|small|less", f"{guess.path[-1]} {guess.value}".casefold()) is not None
    better = "lower" if lower != (guess.value is False) else "higher"
    where = "" if guess.section == "endpoint" else "under [endpoint]: "
    return f'{where}scale = {{ better = "{better}" }}' if guess.section != "outcomes" else ""


def scale_form(guess: TypedSetting) -> str:
    if isinstance(guess.value, str) and spelling(guess.value) in ("higher", "lower"):
        return better_form(guess)
    limits = guess.value if isinstance(guess.value, list) else []
    numbers = [number_meant(each) for each in limits]
    if len(numbers) != 2 or None in numbers:
        return ""
    return f"scale = {{ low = {number_text(numbers[0] or 0.0)}, high = {number_text(numbers[1] or 0.0)} }}"


def table_of_form(key: str) -> Callable[[TypedSetting], str]:
    return lambda guess: (
        f"{key} = {by_treatment(guess)}"
        if isinstance(guess.value, list) or (key == "discordant" and is_number(guess.value))
        else ""
    )


def rule_form(guess: TypedSetting) -> str:
    rule = guess.value if isinstance(guess.value, str) else "obrien-fleming-spending"
    return f"efficacy = {in_toml(rule)}" if guess.section == "monitoring" else ""


def alpha_form(guess: TypedSetting) -> str:
    number = number_meant(guess.value)
    return (
        ""
        if number is None
        else f"under [[analyses]]: alpha = {number_text(number / 100 if number >= 1 else number)}"
    )
