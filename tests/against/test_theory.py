"""Simulated power against exact power: noncentral t, and the exact law of a t test with two looks.

`numbers/crossover_power.json` holds the exact numbers, from R and from numerical integration. All agree
within four Monte Carlo standard errors, in the short run at 1e5 trials and in the long one at 1e6.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.exact import hills_armitage_power, over_both, over_completers, paired_power
from tests.support.harness import Cells, Comparison, TooFarApart, run, scenario_text
from tests.support.paths import NUMBERS

REFERENCE = json.loads((NUMBERS / "crossover_power.json").read_text())
PAIRED = REFERENCE["power"]["paired_t"]["rows"]
HILLS_ARMITAGE = REFERENCE["power"]["hills_armitage_t"]["rows"]
CARRYOVER = REFERENCE["power"]["hills_armitage_under_carryover"]["rows"]
TWO_LOOKS = {case["id"]: case for case in REFERENCE["two_look_t"]}
SIDES = {"one": "greater", "two": "two-sided"}

SHORT_OR_LONG = pytest.mark.parametrize(
    "trials", [pytest.param(100_000, id="1e5"), pytest.param(1_000_000, marks=pytest.mark.long, id="1e6")]
)


def effects(sizes: set[float], **spread: Any) -> dict[str, dict[str, Any]]:
    """A hypothesis for each true difference, named after it."""
    return {f"{size:g}": {"means": {"A": float(size), "B": 0.0}, **spread} for size in sorted(sizes)}


def levels(method: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An analysis for each level and side that the rows ask for, named after both."""
    wanted = sorted({(row["alpha"], row["sided"]) for row in rows})
    return [
        {"name": f"{alpha:g} {side}", "method": method, "alpha": alpha, "alternative": SIDES[side]}
        for alpha, side in wanted
    ]


def paired_run(trials: int, sd: float = 1.0) -> Cells:
    """Every row of the table of the paired t test, from one pass."""
    text = scenario_text(
        patients=60,
        hypotheses=effects({row["dz"] for row in PAIRED}, sd_difference=sd),
        analyses=levels("paired-t", PAIRED),
    )
    return run(text, trials, patients=sorted({row["n"] for row in PAIRED}))


def compare_paired(cells: Cells) -> Comparison:
    comparison = Comparison(title="power of the paired t test")
    for row in PAIRED:
        cell = cells(
            hypothesis=f"{row['dz']:g}", analysis=f"{row['alpha']:g} {row['sided']}", patients=row["n"]
        )
        what = f"n {row['n']}, {row['dz']} SD of the difference, {row['sided']}-sided {row['alpha']}"
        comparison.probability(what, cell["power"], cells.trials, row["power"])
    return comparison


@SHORT_OR_LONG
def test_paired_t(trials: int) -> None:
    comparison = compare_paired(paired_run(trials))
    assert len(comparison.pairs) == 228
    comparison.check()


def test_a_wrong_spread_is_seen() -> None:
    """Negative control: 2 % more spread than the table was computed for is found at 1e5 trials."""
    with pytest.raises(TooFarApart):
        compare_paired(paired_run(100_000, sd=1.02)).check()


@SHORT_OR_LONG
def test_hills_armitage(trials: int) -> None:
    balanced = [row for row in HILLS_ARMITAGE if row["n1"] == row["n2"]]
    unequal = sorted({(row["n1"], row["n2"]) for row in HILLS_ARMITAGE if row["n1"] != row["n2"]})
    hypotheses = effects({row["delta"] for row in HILLS_ARMITAGE}, sd_within=1.0, sd_between=2.0)
    analyses = levels("hills-armitage", HILLS_ARMITAGE)
    text = scenario_text(patients=60, hypotheses=hypotheses, analyses=analyses)
    passes = {(1, 1): run(text, trials, patients=sorted({2 * row["n1"] for row in balanced}))}
    for pair in unequal:
        text = scenario_text(
            patients=sum(pair), hypotheses=hypotheses, analyses=analyses, allocation=list(pair)
        )
        passes[pair] = run(text, trials)
    with Comparison(title="power of Hills and Armitage's test") as comparison:
        for row in HILLS_ARMITAGE:
            n1, n2 = row["n1"], row["n2"]
            cell = passes[(1, 1) if n1 == n2 else (n1, n2)](
                hypothesis=f"{row['delta']:g}", analysis=f"{row['alpha']:g} two", patients=n1 + n2
            )
            what = f"{n1} + {n2}, effect {row['delta']} within-patient SD, alpha {row['alpha']}"
            comparison.probability(what, cell["power"], trials, row["power"])
        assert len(comparison.pairs) == 295


@SHORT_OR_LONG
def test_hills_armitage_under_carryover(trials: int) -> None:
    text = scenario_text(
        patients=40,
        hypotheses={
            f"{carry:g}": {
                "means": {"A": 1.0, "B": 0.0},
                "sd_within": 1.0,
                "sd_between": 1.0,
                "carryover": {"A": carry + 0.25, "B": 0.25},
            }
            for carry in {row["carry_A_minus_B"] for row in CARRYOVER}
        },
        analyses=[
            {"name": "two", "method": "hills-armitage"},
            {"name": "one", "method": "hills-armitage", "alpha": 0.025, "alternative": "greater"},
        ],
    )
    cells = run(text, trials, patients=sorted({row["n1"] + row["n2"] for row in CARRYOVER}))
    with Comparison(title="Hills and Armitage under carryover") as comparison:
        for row in CARRYOVER:
            where = {"hypothesis": f"{row['carry_A_minus_B']:g}", "patients": row["n1"] + row["n2"]}
            what = f"{row['n1']} + {row['n2']}, carryover {row['carry_A_minus_B']}"
            two, one = cells(analysis="two", **where), cells(analysis="one", **where)
            comparison.probability(what + ", two-sided", two["power"], trials, row["power_two_05"])
            comparison.probability(what + ", one-sided", one["power"], trials, row["power_one_025"])
            estimate = two["estimate"]
            comparison.mean(
                what + ", estimate", estimate["mean"], estimate["mean_mcse"], row["expected_estimate"]
            )
            bias = -row["carry_A_minus_B"] / 2
            comparison.mean(what + ", bias", estimate["bias"], estimate["bias_mcse"], bias)


def two_look_run(case: dict[str, Any], trials: int, *, solved: bool, scale: float = 1.0) -> Cells:
    """A case of the exact two-look law; its limits solved by the package or stated as z."""
    inputs = case["inputs"]
    rule = {"LDOF": {"rule": "obrien-fleming-spending"}, "HSD": {"rule": "hwang-shih-decani", "gamma": -4.0}}
    rule["KD2"] = {"rule": "kim-demets", "rho": 2.0}
    efficacy = rule[case["id"].split("-")[2]] if solved else {"rule": "z", "z": inputs["z_bounds"]}
    futility = inputs["futility_z_look1"]
    text = scenario_text(
        patients=inputs["n_cum"][1],
        looks=inputs["n_cum"],
        hypotheses=effects(set(inputs["effects_in_sigma_d"]), sd_difference=scale),
        analyses=[
            {
                "method": "paired-t" if inputs["df_loss"] == 1 else "hills-armitage",
                "alpha": 0.025 * inputs["sided"],
                "alternative": "greater" if inputs["sided"] == 1 else "two-sided",
            }
        ],
        efficacy=efficacy,
        futility=None if futility is None else {"rule": "z", "z": [futility]},
    )
    return run(text, trials)


def compare_two_looks(case: dict[str, Any], cells: Cells) -> Comparison:
    comparison = Comparison(title=case["id"])
    out, trials = case["outputs"], cells.trials
    for i, effect in enumerate(case["inputs"]["effects_in_sigma_d"]):
        cell = cells(hypothesis=f"{effect:g}")
        first, second = cell["looks"]
        both = [out[f"reject_upper_look{k}"][i] + out[f"reject_lower_look{k}"][i] for k in (1, 2)]
        for what, shown, exact in (
            ("rejects", cell["power"], out["overall_reject"][i]),
            ("stops early", cell["stopped_early"], out["early_stop"][i]),
            ("rejects at look 1", first["efficacy"], both[0]),
            ("rejects at look 2", second["efficacy"], both[1]),
            ("futile at look 1", first["futility"], out["futility_look1"][i]),
        ):
            comparison.probability(f"{what}, {effect} SD", shown, trials, exact)
        size = cell["expected_patients"]
        comparison.mean(f"patients, {effect} SD", size["estimate"], size["mcse"], out["expected_n"][i])
    return comparison


@SHORT_OR_LONG
@pytest.mark.parametrize("name", TWO_LOOKS)
def test_two_looks(name: str, trials: int) -> None:
    """Limits solved by the package, from the rule and the looks: stops by look, expected patients."""
    cells = two_look_run(TWO_LOOKS[name], trials, solved=True)
    comparison = compare_two_looks(TWO_LOOKS[name], cells)
    z = [look["efficacy_z"] for look in cells.cells[0]["looks"]]
    assert z == pytest.approx(TWO_LOOKS[name]["inputs"]["z_bounds"], abs=1e-6)
    comparison.check()


def test_two_looks_at_stated_limits() -> None:
    """The same law when the limits are written into the scenario."""
    case = TWO_LOOKS["T-12of30-LDOF-1s-paired"]
    compare_two_looks(case, two_look_run(case, 100_000, solved=False)).check()


def test_wrong_df_at_a_look_is_seen() -> None:
    """Negative control: the law with n - 1 df is not that of Hills and Armitage's n - 2."""
    paired, crossover = TWO_LOOKS["T-12of30-LDOF-1s-paired"], TWO_LOOKS["T-12of30-LDOF-1s-ABBA"]
    cells = two_look_run(crossover, 100_000, solved=True)
    with pytest.raises(TooFarApart):
        compare_two_looks(paired, cells).check()


STAY = [0.9, 0.6, 0.35]


@pytest.mark.parametrize("stay", STAY)
def test_power_under_dropout(stay: float) -> None:
    """The number of completers is binomial; power is that of the completers; undefined tests never reject."""
    trials, patients, effect, sd = 200_000, [4, 7, 10, 24], 0.8, 1.0
    text = scenario_text(
        patients=24,
        hypotheses=effects({0.0, effect}, sd_difference=sd),
        analyses=[
            {"name": "paired", "method": "paired-t"},
            {"name": "ha", "method": "hills-armitage", "alternative": "greater", "alpha": 0.025},
        ],
        population={"dropout": {"per_period": 1 - stay}},
    )
    cells = run(text, trials, patients=patients)
    with Comparison(title=f"power under dropout, {stay:g} stay") as comparison:
        for n in patients:
            for size in (0.0, effect):
                paired = cells(hypothesis=f"{size:g}", analysis="paired", patients=n)
                exact = over_completers(n, stay, lambda m, d=size: paired_power(m, d, sd, 0.05))
                comparison.probability(f"paired, n {n}, effect {size}", paired["power"], trials, exact)
                lost = over_completers(n, stay, lambda m: float(m < 2))
                comparison.probability(f"paired undefined, n {n}", paired["undefined"], trials, lost)
                done, variance = paired["expected_completers"], stay * (1 - stay) * n
                se = (variance / trials) ** 0.5
                comparison.mean(f"completers, n {n}", done["estimate"], se, n * stay)
                assert done["mcse"] == pytest.approx(se, rel=0.02)
                assert paired["looks"][0]["completers"] == pytest.approx(n * stay)
                if n % 2:  # the list of sequences is shared by the trials of a tile: not a binomial share
                    continue
                crossover = cells(hypothesis=f"{size:g}", analysis="ha", patients=n)
                exact = over_both(
                    n // 2,
                    n // 2,
                    stay,
                    lambda a, b, d=size: hills_armitage_power(a, b, d, sd, 0.025, "greater"),
                )
                comparison.probability(f"Hills-Armitage, n {n}", crossover["power"], trials, exact)
                lost = over_both(n // 2, n // 2, stay, lambda a, b: float(min(a, b) < 1 or a + b < 3))
                comparison.probability(f"undefined, n {n}", crossover["undefined"], trials, lost)
