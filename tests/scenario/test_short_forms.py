"""Short forms are read as what they stand for: the same full form and digest; the schema knows them."""

from __future__ import annotations

import tomllib
from typing import Any

import jsonschema
import pytest

from planner.scenario.canonical.json_schema import schema
from planner.scenario.canonical.resolved import digest
from planner.scenario.canonical.toml import to_toml
from planner.scenario.fields import as_spelt
from planner.scenario.reading.read import read, read_text
from planner.scenario.reading.short_forms import SHORT_FORMS, ShortForm, expanded
from planner.scenario.stopping_rules import EFFICACY_RULES, FUTILITY_RULES
from planner.scenario.vocabulary import DESIGNS, METHODS, SCALES
from tests.support.paths import INPUTS
from tests.support.small_trials import MEANS, trial

VALIDATOR = jsonschema.Draft202012Validator(schema())
LOOKS = "looks = [12, 24]"

# Where each setting of the table can stand: a sound file, and the override that puts a value there.
PLACES: dict[str, str] = {
    "treatments": "treatments={value}",
    "treatments.*": "treatments={{ A = {value}, B = {{}} }}",
    "design.sequences.*": 'design.sequences=[{value}, "B A"]',
    "design.arms": 'design={{ name = "AB/BA", arms = {value}, patients = 24 }}',
    "design.assessment_days": "design.assessment_days={value}",
    "population.dropout": "population.dropout={value}",
    "population.dropout.per_period": "population.dropout.per_period={value}",
    "endpoint": "endpoint={value}",
    "endpoint.scale": "endpoint.scale={value}",
    "hypotheses.*.sd_within": "hypotheses.effect.sd_within={value}",
    "hypotheses.*.cv_within": "hypotheses.effect={{ means = {{ A = 15, B = 10 }}, cv_within = {value} }}",
    "analyses": "analyses={value}",
    "analyses.*": "analyses=[{value}]",
    "monitoring.efficacy": "monitoring={{ looks = [12, 24], efficacy = {value} }}",
    "monitoring.futility": "monitoring={{ looks = [12, 24], futility = {value} }}",
    "simulation.hypotheses": "simulation.hypotheses={value}",
}
PLAIN = [form for form in SHORT_FORMS if form.setting in PLACES]
OF_MECHANISMS = [form for form in SHORT_FORMS if form.setting not in PLACES]


def _data(text: str) -> Any:
    return tomllib.loads(f"v={text}")["v"]


@pytest.mark.parametrize("form", PLAIN, ids=lambda form: f"{form.setting}={form.short}")
def test_a_short_form_is_its_full_form(form: ShortForm) -> None:
    def of(value: str) -> tuple[str, str, list[Any]]:
        setting = PLACES[form.setting].format(value=value)
        path, _, written = setting.partition("=")
        text = trial(hypothesis=MEANS.replace("5, B = 0", "15, B = 10"))
        text += '[endpoint]\ndistribution = "log-normal"\n' if "cv_" in form.setting else ""
        scenario = read_text(text, set=[setting])
        data = tomllib.loads(text)
        *above, last = path.split(".")
        node = data
        for part in above:
            node = node.setdefault(part, {})
        node[last] = _data(written)
        if path == "design.arms":
            del data["design"]["sequences"]
        return digest(scenario), to_toml(scenario), list(VALIDATOR.iter_errors(data))

    short, full = of(form.short), of(form.full)
    assert short == full
    assert short[2] == [], "the JSON Schema accepts both"
    assert form.short not in ("", form.full)


@pytest.mark.parametrize("form", OF_MECHANISMS, ids=lambda form: form.setting)
def test_a_short_form_of_mechanisms_is_its_full_form(form: ShortForm) -> None:
    """As a value that is read where the setting is declared: nothing is left of how it was written."""
    from planner.scenario.reading.short_forms import full_form

    parts: list[str | int] = [
        int(part) if part == "0" else part for part in _example(form.setting).split(".")
    ]
    if form.full.startswith("["):  # a list, which stands for itself
        assert _data(form.short).split() == _data(form.full)
        return
    written = full_form({"hypotheses": {"H": {"terms": []}}}, tuple(parts), _data(form.short))
    stated = _data(form.full)
    assert written is not None
    assert {key: float(v) if isinstance(v, int) else v for key, v in written.items()} == stated


def _example(setting: str) -> str:
    lists = ("agents", "needs", "terms")
    parts = setting.split(".")
    named = ["0" if part == "*" and parts[i - 1] in lists and i > 1 else part for i, part in enumerate(parts)]
    return ".".join("H" if part == "*" else part for part in named)


def test_what_holds_no_short_form_is_left_as_it_is() -> None:
    data = tomllib.loads(trial())
    assert expanded(data) is data


def test_an_override_reaches_inside_a_short_form() -> None:
    text = trial(top='treatments = ["A", "B"]', population="dropout = 0.15")
    settings = ["population.dropout.before_first=0.1", "treatments.A.label=active"]
    scenario = read_text(text, set=settings)
    assert scenario.population.dropout.before_first == 0.1
    assert scenario.population.dropout.per_period == (0.15,)
    assert scenario.treatments["A"].label == "active"


def test_letters_are_apart_only_where_they_are_treatments() -> None:
    names = trial(
        design='sequences = ["AB", "BA"]\npatients = 24',
        hypothesis=MEANS.replace("A =", "AB =").replace("B =", "BA =", 2).replace("ABA", "AB"),
    )
    assert read_text(names).design.periods == 1, "AB and BA are the treatments of parallel groups"
    apart = read_text(trial(design='sequences = ["AB", "BA"]\npatients = 24'))
    assert digest(apart) == digest(read_text(trial()))


@pytest.mark.parametrize("table", [EFFICACY_RULES, FUTILITY_RULES, DESIGNS, METHODS, SCALES])
def test_every_name_is_known_in_any_spelling_and_no_two_are_alike(table: dict[str, object]) -> None:
    for name in table:
        for spelt in (
            name,
            name.upper(),
            name.title(),
            name.replace("-", " "),
            name.replace("-", "_"),
            f" {name}",
        ):
            assert as_spelt(spelt, table) == name
    assert as_spelt("no such name", table) is None
    assert as_spelt("ABBA", DESIGNS) is None, "which of two designs it would be, nobody can say"


@pytest.mark.parametrize("spelt", ["O'Brien-Fleming", "obrien fleming", "OBrien_Fleming", "O’Brien-Fleming"])
def test_a_spelling_is_the_name_it_spells(spelt: str) -> None:
    stated = trial(monitoring=f'{LOOKS}\nefficacy = "{spelt}"')
    usual = trial(monitoring=f'{LOOKS}\nefficacy = {{ rule = "obrien-fleming" }}')
    assert digest(read_text(stated)) == digest(read_text(usual))
    assert list(VALIDATOR.iter_errors(tomllib.loads(stated))) == []


def test_the_schema_still_refuses_a_name_that_none_spells() -> None:
    wrong = tomllib.loads(trial(monitoring=f'{LOOKS}\nefficacy = "obrian-fleming"'))
    assert list(VALIDATOR.iter_errors(wrong))


def test_short_forms_of_a_file_are_stated_and_no_defaults(tmp_path: object) -> None:
    from planner.report.scenario.defaults import default_lines
    from planner.scenario.canonical.resolved import resolve
    from planner.scenario.reading.read import source_of

    source = source_of(trial(population="dropout = 0.15"))
    lines = dict(default_lines(resolve(source.scenario()), source.written()))
    assert "per_period" not in lines["population"]
    assert "before_first" in lines["population"]


def test_the_full_form_reads_as_itself() -> None:
    scenario = read_text(trial(top='treatments = ["A", "B"]', population="dropout = 0.15"))
    again = read_text(to_toml(scenario))
    assert to_toml(again) == to_toml(scenario)
    assert digest(again) == digest(scenario)


@pytest.mark.parametrize(
    ("correlation", "difference"), [(1.0, 15.0), (-1.0, 95.0), (0.5, 49.2443), (-0.5, 82.6136)]
)
def test_sd_by_treatment_with_any_correlation(correlation: float, difference: float) -> None:
    """var(X - B) = 40^2 + 55^2 - 2 r 40 x 55, by hand; nothing is drawn."""
    text = trial(
        hypothesis=f"means = {{ A = 5, B = 0 }}\nsd = {{ A = 40, B = 55 }}\ncorrelation = {correlation}"
    )
    hypothesis: Any = read_text(text).hypotheses["effect"]
    assert hypothesis.spread.difference("A", "B") == pytest.approx(difference, abs=1e-4)
    assert hypothesis.spread.total("B") == pytest.approx(55.0)


def test_every_file_of_the_tests_stays_as_it_was() -> None:
    for path in sorted((INPUTS / "valid").glob("*.toml")):
        assert read(path).name == path.stem
