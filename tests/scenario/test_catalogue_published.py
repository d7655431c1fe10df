"""A second reading of the published trials of the catalogue, so that a slip in a scenario file shows.

numbers/published_facts.json holds what the sources say, mostly in their own words. Plain Python on purpose:
even `extends` is followed here without the planner. Tables merge, anything else replaces; what a file says of
the sources of a number stands until a file that extends it changes the number.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import Any

import pytest

from tests.support.paths import NUMBERS, ROOT
from tests.support.trees import look_up

SCENARIOS = ROOT / "scenarios"
LIBRARY = "library/ketamine-opioid"
FACTS: dict[str, Any] = json.loads((NUMBERS / "published_facts.json").read_text(encoding="utf-8"))
TRIALS = [name for name in FACTS if name != "meta"]
CATALOGUE = sorted(
    path.stem for path in SCENARIOS.glob("*.toml") if path.stem not in ("template", "asthma-ab-ba")
)
"""All but the template and the trial whose readings have a file of tests of their own."""

NO_CLAIM = {"schema_version", "citations", "simulation"}
"""Tables whose numbers say nothing about patients, drugs or designs."""

HYPOTHESES = [
    "nmda-only",
    "direct-opioid",
    "indirect-opioid",
    "permissive",
    "mtor-crosstalk",
    "synergy",
    "expectancy",
    "opioid-expectancy",
    "naltrexone-aversive",
    "pharmacokinetic",
]

Keys = tuple[str, ...]


def text(name: str) -> str:
    return (SCENARIOS / f"{name}.toml").read_text(encoding="utf-8")


def layers(name: str) -> list[dict[str, Any]]:
    """The file and what it extends, the file first."""
    data = tomllib.loads(text(name))
    parent = data.pop("extends", None)
    return [data, *(layers(parent.removesuffix(".toml")) if parent is not None else [])]


def merged(parent: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    both = {k: merged(v, child[k]) for k, v in parent.items() if isinstance(v, dict) and k in child}
    return {**parent, **child, **both}


def scenario(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for layer in reversed(layers(name)):
        found = merged(found, layer)
    return found


def is_set(tree: Any, path: str) -> bool:
    try:
        look_up(tree, path)
    except (KeyError, IndexError):
        return False
    return True


def numbers(tree: Any, at: Keys = ()) -> Iterator[Keys]:
    """The path of every number; truth values are none."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if at or key not in NO_CLAIM:
                yield from numbers(value, (*at, key))
    elif isinstance(tree, list):
        for i, value in enumerate(tree):
            yield from numbers(value, (*at, str(i)))
    elif isinstance(tree, int | float) and not isinstance(tree, bool):
        yield at


def covers(paths: list[str], keys: Keys) -> bool:
    return any(keys[: len(parts)] == parts for parts in (tuple(path.split(".")) for path in paths))


def supported(layer: dict[str, Any]) -> list[str]:
    return [path for citation in layer.get("citations", []) for path in citation["supports"]]


def assumed(layer: dict[str, Any]) -> list[str]:
    return list(layer.get("assumed", []))


def claimed(files: list[dict[str, Any]], keys: Keys, claims: Callable[[dict[str, Any]], list[str]]) -> bool:
    """Whether a file claims this of a setting: the one that sets it, or a later one that leaves it."""
    for layer in files:
        if covers(claims(layer), keys):
            return True
        if is_set(layer, ".".join(keys)):
            return False
    return False


@pytest.mark.parametrize("name", [*CATALOGUE, LIBRARY])
def test_every_number_has_a_source_or_is_assumed(name: str) -> None:
    files = layers(name)
    found = list(numbers(scenario(name)))
    assert len(found) > 10
    by_source = {keys: claimed(files, keys, supported) for keys in found}
    by_assumption = {keys: claimed(files, keys, assumed) for keys in found}
    assert [".".join(keys) for keys in found if not by_source[keys] and not by_assumption[keys]] == []
    both = [keys for keys in found if by_source[keys] and by_assumption[keys]]
    assert [".".join(keys) for keys in both if keys[-1] != "gate"] == []  # a source says what needs what


def test_a_number_without_a_source_is_noticed() -> None:
    files = layers("williams-2018")
    files[0]["population"]["invented"] = 3.5
    files[0]["agents"] = {"naltrexone": {"half_life_days": 4.0}}  # the library's source is of another value
    for path in ("population.invented", "agents.naltrexone.half_life_days"):
        keys = tuple(path.split("."))
        assert not claimed(files, keys, supported)
        assert not claimed(files, keys, assumed)
    assert claimed(files, ("agents", "naltrexone", "occupancy"), supported)


@pytest.mark.parametrize("name", [*CATALOGUE, LIBRARY])
def test_paths_of_sources_and_assumptions_exist(name: str) -> None:
    data, files = scenario(name), layers(name)
    for path in [path for layer in files for path in (*assumed(layer), *supported(layer))]:
        look_up(data, path)
    citations = [citation for layer in files for citation in layer.get("citations", [])]
    keys = [citation["key"] for citation in citations]
    assert len(set(keys)) == len(keys)
    for citation in citations:
        assert citation["text"]
        assert citation["supports"]


@pytest.mark.parametrize("name", TRIALS)
def test_settings_are_what_the_sources_say(name: str) -> None:
    data = scenario(name)
    for fact in FACTS[name]["stated"]:
        value = look_up(data, fact["path"])
        if "within" in fact:
            assert value == pytest.approx(fact["value"], abs=fact["within"]), fact
        else:
            assert value == fact["value"], fact
        assert claimed(layers(name), tuple(fact["path"].split(".")), supported), fact


@pytest.mark.parametrize("name", TRIALS)
def test_nothing_that_was_not_found_passes_for_published(name: str) -> None:
    data, files = scenario(name), layers(name)
    for path in FACTS[name]["not_found"]:
        keys = tuple(path.split("."))
        assert not claimed(files, keys, supported), path
        if is_set(data, path):
            assert claimed(files, keys, assumed), path


@pytest.mark.parametrize("name", TRIALS)
def test_published_results_are_quoted_right(name: str) -> None:
    plain = " ".join(text(name).replace("\\\n", "").replace("\n#", " ").split())
    for quoted in FACTS[name]["quoted"]:
        assert quoted in plain


def test_williams_results() -> None:
    seen = FACTS["williams-2018"]["observed"]
    n = seen["patients"]
    # the percentages that the Carlat report prints
    assert round(100 * seen["response"]["K"] / n) == 58
    assert round(100 * seen["remission"]["K"] / n) == 42
    # exact McNemar, every responder lost under naltrexone: as small as two-sided p can be with 7 pairs
    p = 2 * 0.5 ** seen["response"]["K"]
    assert f"two-sided p of {p:.3f}" in scenario("williams-2018")["notes"].replace("\n", " ")
    # O'Brien-Fleming-type spending at 12 of 30 (Lan and DeMets 1983), both sides
    normal = NormalDist()
    spent = 4 * (1 - normal.cdf(normal.inv_cdf(1 - 0.05 / 4) / math.sqrt(12 / 30)))
    assert spent < 0.001 < p
    stated = scenario("williams-2018")["observed"]
    for table, measure in (("responders", "response"), ("remitters", "remission")):
        assert stated[table] == {arm: [x, n] for arm, x in seen[measure].items()}


def test_jelen_rough_effect_size() -> None:
    seen = FACTS["jelen-2025"]["observed"]
    d = math.sqrt(seen["f"] / seen["patients"])
    assert f"about {d:.2f}," in scenario("jelen-2025")["notes"].replace("\n", " ")
    # normal approximation with Guenther's correction for the t test, two-sided 0.05, power 0.8
    z = NormalDist().inv_cdf(0.975) + NormalDist().inv_cdf(0.8)
    assert (z / d) ** 2 + 1.96**2 / 2 == pytest.approx(40, abs=1)
    stated = scenario("jelen-2025")["observed"]["difference"]
    assert (stated["F"], stated["n"]) == (seen["f"], seen["patients"])
    assert (stated["contrast"], stated["sign"]) == (["K", "KN"], "negative")  # naltrexone attenuated the fall


def test_abdallah_denominators() -> None:
    """Only 17 and 15 give the printed percentages of responders and of patients in remission."""
    rates = FACTS["abdallah-2020"]["observed"]["percent_day_14"]
    fits = {
        arm: [
            n
            for n in range(1, 21)
            if any(round(100 * k / n) == rates["response"][arm] for k in range(n + 1))
            and any(round(100 * k / n) == rates["remission"][arm] for k in range(n + 1))
        ]
        for arm in ("KR", "K")
    }
    assert fits == {"KR": [17], "K": [15]}
    stated = scenario("abdallah-2020")["observed"]
    assert stated["day"] == 14
    for table, measure in (("responders", "response"), ("remitters", "remission")):
        for arm, (x, n) in stated[table].items():
            assert [n] == fits[arm]
            assert round(100 * x / n) == rates[measure][arm]


def test_migraine_spreads_follow_from_what_is_printed() -> None:
    seen, data = FACTS["migraine-williams-3"]["observed"], scenario("migraine-williams-3")
    spread = data["hypotheses"]["as-published"]
    low, high = seen["ci_placebo"]
    normal = NormalDist()
    total = (high - low) / 2 / normal.inv_cdf(0.975) * math.sqrt(seen["patients"])
    assert math.hypot(spread["sd_within"], spread["sd_between"]) == pytest.approx(total, abs=0.05)
    of_difference = seen["difference"] / normal.inv_cdf(1 - seen["p"] / 2) * math.sqrt(seen["patients"])
    assert spread["sd_within"] == pytest.approx(of_difference / math.sqrt(2), abs=0.05)
    first, later, randomised = seen["left"]
    left = data["population"]["dropout"]["per_period"]
    assert left == [
        pytest.approx(first / randomised, abs=0.005),
        pytest.approx(later / (randomised - first), abs=0.005),
    ]


def test_library_has_the_ten_hypotheses() -> None:
    library = scenario(LIBRARY)
    assert list(library["hypotheses"]) == HYPOTHESES
    for hypothesis in library["hypotheses"].values():
        assert 0 < len(hypothesis["label"]) <= 30
    for name in CATALOGUE:
        if layers(name)[-1] == layers(LIBRARY)[0]:
            assert list(scenario(name)["hypotheses"])[: len(HYPOTHESES)] == HYPOTHESES


def test_occupancy_by_dose() -> None:
    """Trøstheim 2022, table 1, oral naltrexone (Rabiner 2011), in percent; of several scans the mean."""
    table = {"2": [27], "5": [43, 46, 58], "15": [61], "50": [92, 98]}
    found = scenario(LIBRARY)["agents"]["naltrexone"]["occupancy_by_dose"]
    assert found == {dose: sum(seen) / len(seen) / 100 for dose, seen in table.items()}


def test_a_hypothesis_changes_nothing_else_of_what_it_replaces() -> None:
    """What a hypothesis gives replaces the common table whole, so that it repeats what it does not change."""
    library = scenario(LIBRARY)
    for name, hypothesis in library["hypotheses"].items():
        for signal, own in hypothesis.get("signals", {}).items():
            common = library["signals"][signal]
            assert own["label"] == common["label"]
            assert own.get("combine") == common.get("combine")
            assert own.get("blocked_by") == common.get("blocked_by")
            assert set(common["activated_by"]) <= set(own["activated_by"]), name
        for component, own in hypothesis.get("components", {}).items():
            assert set(own) == set(library["components"][component]), name
        for agent, own in hypothesis.get("agents", {}).items():
            told = ("dose", "dose_unit", "occupancy_by_dose")  # what the treatments take, and labels
            kept = {key: value for key, value in library["agents"][agent].items() if key not in told}
            assert kept.items() <= own.items(), name
    cue = library["hypotheses"]["pharmacokinetic"]["signals"]["cue"]["activated_by"]
    assert {**cue, "ketamine": 1.0} == library["signals"]["cue"]["activated_by"]
    lowered = library["hypotheses"]["pharmacokinetic"]["uncertainty"]["agents.naltrexone.lowers.ketamine"]
    assert cue["ketamine"] * (1.0 - lowered["high"]) == pytest.approx(1.0)


def test_williams_takes_three_tenths_of_expectancy() -> None:
    component = scenario("williams-2018")["components"]["expectancy"]
    assert component["size"] == {"mean": pytest.approx(0.3 * 0.55), "sd": pytest.approx(0.3 * 0.15)}
    assert component["otherwise"] == {"mean": pytest.approx(0.3 * 0.10), "sd": pytest.approx(0.3 * 0.08)}
    assert component["half_life_days"] == scenario(LIBRARY)["components"]["expectancy"]["half_life_days"]


def test_rapamycin_inert_differs_by_rapamycin_only() -> None:
    data = scenario("abdallah-2020")
    inert, plain = data["hypotheses"]["rapamycin-inert"], data["hypotheses"]["nmda-only"]
    assert inert["terms"] == plain["terms"]
    assert "prolongs" not in inert["agents"]["rapamycin"]
    assert inert["agents"]["rapamycin"]["half_life_days"] == data["agents"]["rapamycin"]["half_life_days"]


def test_ranges_are_those_that_discrimination_was_sketched_with() -> None:
    """Shared ranges; where a hypothesis replaces what they are about, the same as its own."""
    library = scenario(LIBRARY)
    shared = library["uncertainty"]
    assert shared["agents.naltrexone.occupancy"] == {"low": 0.85, "high": 0.98}
    for cue in ("midazolam", "opioid-agonist", "nmda-antagonist"):
        assert shared[f"signals.cue.activated_by.{cue}"] == {"low": 0.3, "high": 1.0}
    assert shared["signals.mu.activated_by.opioid-agonist"] == {"low": 0.4, "high": 1.0}
    for name, hypothesis in library["hypotheses"].items():
        own = hypothesis["uncertainty"]
        works_through_opioids = name in ("permissive", "opioid-expectancy")
        gate = {"low": 0.6, "high": 1.0} if works_through_opioids else {"low": 0.0, "high": 0.3}
        assert own["terms.expectancy.needs.opioid_tone.gate"] == gate
        for key, common in shared.items():
            table, part = key.split(".")[:2]
            if part in hypothesis.get(table, {}) and "," not in key:  # of tied sizes nothing is left to draw
                assert own[key] == common, (name, key)
        assert ("tie" in hypothesis) == (name in ("expectancy", "opioid-expectancy"))


def test_what_is_stated_lies_within_what_it_may_be() -> None:
    """As far as a range is of one number: gates of 0 stand for what is stated where nothing is uncertain."""
    library = scenario(LIBRARY)
    for above in (library, *library["hypotheses"].values()):
        for key, may_be in above["uncertainty"].items():
            if "relative" in may_be or key.startswith("terms."):
                continue
            table, *rest = key.split(".")
            node: Any = {**library[table], **above.get(table, {})}
            for part in rest:
                part = part.strip("'")
                node = node[part] if isinstance(node, dict) else node  # size = -0.25 is short for its mean
            assert may_be["low"] <= node <= may_be["high"], key
