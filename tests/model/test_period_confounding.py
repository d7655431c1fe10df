"""Periods that are taken for treatments: when it is said, what is said, and the type I error by NumPy."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from planner.cli import main
from planner.model.period_confounding import period_remarks, type_one_errors
from planner.scenario.reading.read import read, read_text
from planner.scenario.scenario import Scenario
from tests.support.paths import ROOT
from tests.support.small_trials import MEANS, RATES, THREE_MEANS, trial

ONE_ORDER = 'sequences = ["A B"]\npatients = 24'
LATER = "period_effect = [0, 3]"
TRIALS = 40_000


def scenario(design: str = ONE_ORDER, *settings: str, hypothesis: str = MEANS, **sections: str) -> Scenario:
    return read_text(trial(design=design, hypothesis=hypothesis, **sections), set=settings)


def t_limit(df: int, level: float) -> float:
    """The point that a t statistic is above with this chance, by bisection of an integral (no library)."""
    x = np.linspace(-60.0, 60.0, 400_001)
    density = (1.0 + x * x / df) ** (-(df + 1) / 2)
    above = np.cumsum(density[::-1])[::-1]
    return float(x[np.searchsorted(-above, -level * above[0])])


def simulated(
    shifts: dict[float, int],
    sd: float,
    level: float,
    sides: str = "two-sided",
    looks: tuple[int, ...] = (),
    limits: tuple[float, ...] = (),
) -> float:
    """Share of paired t tests of n differences that are significant, none of the treatments differing.

    `shifts`: what the periods add to a difference, with how many patients it is added to. `limits`: on the z
    scale, at `looks`; else one test at `level`.
    """
    rng = np.random.default_rng(20181)
    mean = np.concatenate([np.full(n, shift) for shift, n in shifts.items()])
    differences = rng.normal(0.0, sd, (TRIALS, mean.size)) + rng.permutation(mean)
    hits = np.zeros(TRIALS, bool)
    for n, tail in zip(looks or (mean.size,), limits or (level,), strict=True):
        seen = differences[:, :n]
        t = seen.mean(axis=1) * math.sqrt(n) / seen.std(axis=1, ddof=1)
        limit = t_limit(n - 1, tail)
        hits |= {"two-sided": np.abs(t), "greater": t, "less": -t}[sides] > limit
    return float(hits.mean())


def error(plan: Scenario, patients: int | None = None) -> float:
    (rate,) = type_one_errors(plan, plan.analyses[0], patients or plan.design.patients)
    return rate


SD = math.sqrt(2.0) * 5.0  # of A - B with the usual hypothesis: two residuals of SD 5
MARGIN = 0.012  # 5 standard errors of 40,000 trials, at most


def test_one_order_for_all() -> None:
    assert error(scenario(population=LATER)) == pytest.approx(simulated({-3.0: 24}, SD, 0.025), abs=MARGIN)
    assert error(scenario(population=LATER), 60) == pytest.approx(
        simulated({-3.0: 60}, SD, 0.025), abs=MARGIN
    )
    assert error(scenario(population="period_effect = [0, 1]")) < 0.2, "and where it is less, it is less"


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_one_side(alternative: str) -> None:
    plan = scenario(population=LATER, analyses=f'alternative = "{alternative}"')
    assert error(plan) == pytest.approx(simulated({-3.0: 24}, SD, 0.05, alternative), abs=MARGIN)


def test_sd_by_treatment_and_dropout() -> None:
    spread = "means = { A = 5, B = 0 }\nsd = { A = 4, B = 6 }\ncorrelation = 0.5"
    sd = math.sqrt(16 + 36 - 24)
    plan = scenario(population=f"{LATER}\ndropout = 0.25", hypothesis=spread)
    assert error(plan) == pytest.approx(simulated({-3.0: 18}, sd, 0.025), abs=MARGIN)


def test_one_order_more_often_than_the_other() -> None:
    design = 'sequences = ["A B", "B A"]\nallocation = [3, 1]\npatients = 40'
    plan = scenario(design, population=LATER, analyses='method = "paired-t"')
    assert error(plan) == pytest.approx(simulated({-3.0: 30, 3.0: 10}, SD, 0.025), abs=MARGIN)
    assert 'method = "hills-armitage"' in period_remarks(plan)[0]


def test_two_looks() -> None:
    """O'Brien-Fleming spending at half and all: z 2.963 and 1.969 (Lan and DeMets 1983), by tail areas."""
    tails = tuple(0.5 * math.erfc(z / math.sqrt(2.0)) for z in (2.963, 1.969))
    plan = scenario(
        ONE_ORDER.replace("24", "60"), population="period_effect = [0, 2]", monitoring="looks = [30, 60]"
    )
    by_hand = simulated({-2.0: 60}, SD, 0.0, looks=(30, 60), limits=tails)
    assert error(plan) == pytest.approx(by_hand, abs=0.02)


def test_looks_at_few_patients() -> None:
    """At 6 and 12 patients a t test finds far less than a normal one of the same drift."""
    tails = tuple(0.5 * math.erfc(z / math.sqrt(2.0)) for z in (2.963, 1.969))
    plan = scenario(
        ONE_ORDER.replace("24", "12"), population="period_effect = [0, 4]", monitoring="looks = [6, 12]"
    )
    by_hand = simulated({-4.0: 12}, SD, 0.025, looks=(6, 12), limits=tails)
    assert error(plan) == pytest.approx(by_hand, abs=MARGIN)


@pytest.mark.parametrize(("allocation", "effect"), [([2, 1], 8), ([3, 1], 15), ([2, 1], 20)])
def test_sequences_that_lie_far_apart_widen_the_standard_error(allocation: list[int], effect: int) -> None:
    design = f'sequences = ["A B", "B A"]\nallocation = {allocation}\npatients = 12'
    plan = scenario(design, population=f"period_effect = [0, {effect}]", analyses='method = "paired-t"')
    first = 12 * allocation[0] // sum(allocation)
    by_hand = simulated({-float(effect): first, float(effect): 12 - first}, SD, 0.025)
    assert error(plan) == pytest.approx(by_hand, abs=MARGIN)


def test_no_number_where_leaving_depends_on_the_treatment() -> None:
    """How many stay is found by simulation alone; with all of them it would be too large a number."""
    leaving = "dropout = { per_period = 0.4, odds_ratio = { treatment = { A = 3 } } }"
    plan = scenario(population=f"{LATER}\n{leaving}")
    assert type_one_errors(plan, plan.analyses[0], 24) == []
    assert "by -3 points, and the type I error with it" in period_remarks(plan)[0]


def test_words_with_a_period_effect() -> None:
    (remark,) = period_remarks(scenario(population=LATER))
    assert remark == (
        "paired-t takes an effect of the period for one of the treatment: all patients get A before B. "
        "The stated period effects move A - B by -3 points: without a true difference about 51 % of trials "
        "of 24 patients would be significant (type I error; alpha 5 %). "
        'In [design], sequences = ["A B", "B A"] tells the two apart'
    )


def test_words_without_a_period_effect() -> None:
    (remark,) = period_remarks(scenario())
    assert "No period effect is stated; whatever there is would be added to A - B" in remark
    assert "type I error" not in remark
    same = period_remarks(scenario(population="period_effect = [3, 3]"))
    assert same == [remark], "what is the same in both periods moves nothing"


@pytest.mark.parametrize(
    ("design", "hypothesis"),
    [
        ('sequences = ["A B"]\npatients = 24', MEANS),
        ('sequences = ["A A B"]\npatients = 24', MEANS),
        ('sequences = ["A B C", "A C B"]\npatients = 24', THREE_MEANS),
        ('sequences = ["A B"]\npatients = 24', RATES),
    ],
)
def test_what_is_pasted_tells_them_apart(design: str, hypothesis: str) -> None:
    (remark,) = period_remarks(scenario(design, hypothesis=hypothesis))
    setting = remark[remark.index("sequences = ") :].split("]")[0] + "]"
    mended = scenario(f"{setting}\npatients = 24", hypothesis=hypothesis)
    assert period_remarks(mended) == []
    assert mended.analyses[0].method != "paired-t"


@pytest.mark.parametrize(
    "plan",
    [
        scenario('sequences = ["A B", "B A"]\npatients = 24', population=LATER),
        scenario(
            'sequences = ["A B", "B A"]\npatients = 24', population=LATER, analyses='method = "paired-t"'
        ),
        scenario('name = "williams"\narms = ["A", "B", "C"]\npatients = 24', hypothesis=THREE_MEANS),
        scenario('name = "parallel"\narms = ["A", "B"]\npatients = 24'),
    ],
    ids=["ab-ba", "paired-t of ab-ba", "williams", "parallel"],
)
def test_nothing_is_said_where_periods_cancel(plan: Scenario) -> None:
    assert period_remarks(plan) == []


def test_nothing_is_said_of_the_catalogue() -> None:
    for path in sorted((ROOT / "scenarios").glob("*.toml")):
        assert period_remarks(read(path)) == [], path.name


@pytest.mark.parametrize("method", ["mcnemar-mid-p", "mcnemar-exact", "mcnemar-asymptotic"])
def test_responses(method: str) -> None:
    """Responses of 40 patients with a rate of 30 % in both periods, the latent threshold 1 SD higher in the
    second; p values by counting."""
    plan = scenario(
        ONE_ORDER.replace("24", "40"),
        hypothesis=RATES,
        population="period_effect = [0, 1]",
        analyses=f'method = "{method}"',
    )
    assert period_remarks(plan)[0].startswith(f"{method} takes an effect of the period")
    rng = np.random.default_rng(7)
    own, each = rng.normal(size=(TRIALS, 40, 1)), rng.normal(size=(TRIALS, 40, 2))
    latent = math.sqrt(0.3) * own + math.sqrt(0.7) * each
    responds = latent <= NormalDist().inv_cdf(0.3) + np.array([0.0, 1.0])
    first = (responds[..., 0] & ~responds[..., 1]).sum(axis=1)
    second = (responds[..., 1] & ~responds[..., 0]).sum(axis=1)
    significant = np.array([[_significant(b, c, method) for c in range(41)] for b in range(41)])
    assert error(plan) == pytest.approx(float(significant[first, second].mean()), abs=MARGIN)


def test_responses_of_sequences_of_fixed_size() -> None:
    """30 and 10 patients, each order with its own shares: less is left to chance than in 40 of any."""
    design = 'sequences = ["A B", "B A"]\nallocation = [3, 1]\npatients = 40'
    plan = scenario(
        design, hypothesis=RATES, population="period_effect = [0, 2]", analyses='method = "mcnemar-mid-p"'
    )
    rng = np.random.default_rng(8)
    own, each = rng.normal(size=(TRIALS, 40, 1)), rng.normal(size=(TRIALS, 40, 2))
    latent = math.sqrt(0.3) * own + math.sqrt(0.7) * each
    responds = latent <= NormalDist().inv_cdf(0.3) + np.array([0.0, 2.0])
    earlier, later = responds[..., 0] & ~responds[..., 1], responds[..., 1] & ~responds[..., 0]
    first = earlier[:, :30].sum(axis=1) + later[:, 30:].sum(axis=1)
    second = later[:, :30].sum(axis=1) + earlier[:, 30:].sum(axis=1)
    significant = np.array([[_significant(b, c, "mcnemar-mid-p") for c in range(41)] for b in range(41)])
    assert error(plan) == pytest.approx(float(significant[first, second].mean()), abs=MARGIN)


def _significant(b: int, c: int, method: str) -> bool:
    n, most = b + c, max(b, c)
    if method == "mcnemar-asymptotic":
        return n > 0 and abs(b - c) / math.sqrt(n) >= 1.959964
    tail = sum(math.comb(n, k) for k in range(most, n + 1)) / 2**n
    half = math.comb(n, most) / 2 ** (n + 1) if method == "mcnemar-mid-p" else 0.0
    return tail - half <= 0.025


@pytest.mark.parametrize(
    "command",
    [
        "check FILE",
        "show FILE",
        "run FILE --trials 128",
        "run FILE --trials 128 --set analyses.0.alpha=0.05,0.01",
        "size FILE --trials 128 --max-patients 48",
        "compare FILE asthma-ab-ba --trials 128",
    ],
)
def test_every_command_says_it(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one-order.toml").write_text(trial(design=ONE_ORDER, population=LATER), encoding="utf-8")
    main([*command.replace("FILE", "one-order.toml").split(), "--json"])
    document = json.loads(capsys.readouterr().out)
    warnings = [warning for warning in document["warnings"] if "takes an effect of the period" in warning]
    assert len(warnings) == (2 if "," in command else 1), "once for each point of a sweep"
