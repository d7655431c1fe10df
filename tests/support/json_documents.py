"""The keys of JSON output as paths, and small runs that between them have all keys of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

BY_NAME = {
    "bias_by_treatment",
    "by_treatment",
    "effect_quantiles",
    "parameters",
    "power_quantiles",
    "sweep",
    "true_effects",
    "value",
    "versions",
}
"""Objects whose keys are names, of treatments, hypotheses, packages or paths."""

OPAQUE = {
    "planner.show/1": {"scenario"},  # settings of a scenario file, which have a reference of their own
    "planner.weigh/1": {"observed"},
    "planner.doctor/1": {"extras"},  # packages of each extra
}
"""Objects whose keys are none of the contract."""

OF_THE_MACHINE = {
    "planner.doctor/1": {"findings[].hint", "findings[].serious", "findings[].what"},
}
"""Keys that are there on some machines only."""

FAST = (
    "run asthma-ab-ba --trials 1024",
    "run asthma-ab-ba --trials 256 --set design.patients=24,36",
    "run asthma-ab-ba --trials 256 --hypothesis published --sensitivity",
    "run asthma-ab-ba --dry-run",
    "size asthma-ab-ba --power .8 --trials 2048 --max-patients 60",
    "trial asthma-ab-ba --replay 17",
    "boundaries --looks 12,30 --power .9 --futility kim-demets --futility-rho 2 --beta 0.1",
    "boundaries --looks 3 --rule pocock --rule obrien-fleming",
    "cv --interval .91,1.15 --patients 13,11 --pool .3,18,2x2x4",
    "check williams-2018",
    "scenarios",
    "cite williams-2018",
    "methods",
    "doctor",
)

LONG = (
    "run two-by-two --trials 128 --hypothesis direct-opioid --uncertain --variants 10",
    "run williams-2018 --trials 256 --hypothesis nmda-only,direct-opioid",
    "run williams-2018 --trials 128 --hypothesis direct-opioid --sensitivity",
    "run asthma-ab-ba --trials 256 --set population.dropout.odds_ratio.treatment={S=1.5} "
    "--set monitoring.futility.rule=conditional-power --set monitoring.futility.at_most=0.1",
    "run two-by-two-masked --trials 128 --hypothesis direct-opioid",
    "run williams-2018 --trials 128 --hypothesis direct-opioid "
    "--set design.return_to_baseline={share=0.8,recheck_days=7,at_most_days=28}",
    "run second-outcomes.toml --trials 128",
    "run equivalence.toml --trials 128",
    "run scaled.toml --trials 128",
    "run scaled.toml --trials 128 --set analyses.0.scaling={rule='ntid'}",
    "size scaled.toml --trials 1024 --power .8 --max-patients 40",
    "run two-stage.toml --trials 256 --at-limit",
    "trial equivalence.toml --replay 1",
    "trial scaled.toml --replay 1",
    "size equivalence.toml --trials 1024 --power .8 --max-patients 40",
    "trial mechanisms.toml --replay 1",
    "trial second-outcomes.toml --replay 1",
    "trial bioequivalence-2x2 --replay 1",
    "show bioequivalence-2x2",
    "show mechanisms.toml",
    "show second-outcomes.toml",
    "weigh asthma-ab-ba --set observed.difference={contrast=['F','S'],estimate=46.6,se=10.8}",
    "check no-such-file.toml",
    "size asthma-ab-ba --find effect --hypothesis published --trials 2048",
    "size asthma-ab-ba --hypothesis minimal-important --max-patients 20 --trials 2048",
    "size two-by-two --uncertain --power .5 --hypothesis direct-opioid --max-patients 40 --variants 20",
    "compare asthma-ab-ba hypertension-abba --trials 256",
    "compare williams-2018 jelen-2025 --trials 256 --hypothesis direct-opioid",
    "trial williams-2018 --replay 3",
    "weigh williams-2018 --variants 32 --virtual-patients 2000",
    "discriminate asthma-ab-ba --draws 32",
    "discriminate williams-2018 two-by-two --draws 32 --hypothesis nmda-only,direct-opioid --summaries "
    "means,responses",
    "discriminate asthma-ab-ba --dry-run --draws 32",
    "show williams-2018",
    "bench --quick",
)
"""What only these have: rare keys, or work that takes longer."""


def paths(document: dict[str, Any]) -> dict[str, str]:
    """Every key by its path, and "figure" where that is one: [] for each element, NAME for a name."""
    return dict(sorted(_below(document, "", OPAQUE.get(document["schema"], set()))))  # a figure comes last


def _below(value: object, place: str, opaque: set[str]) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for each in value:
            yield from _below(each, f"{place}[]", opaque)
    elif isinstance(value, dict) and not is_figure(value) and place not in opaque:
        named = place.rpartition(".")[2].removesuffix("[]") in BY_NAME
        for key, each in value.items():
            path = f"{place}.{'NAME' if named else key}".lstrip(".")
            if not named:
                yield path, "figure" if isinstance(each, dict) and is_figure(each) else ""
            yield from _below(each, path, opaque)


def is_figure(value: dict[str, Any]) -> bool:
    """Whether it is an estimate with its Monte Carlo error."""
    return {"estimate", "mcse"} <= value.keys()
