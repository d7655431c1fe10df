"""The bioequivalence trials of the catalogue: their numbers from what was printed, and what they answer."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from scipy import integrate, stats

from tests.scenario.test_catalogue_published import scenario
from tests.support.commands import Cli, cli
from tests.support.paths import NUMBERS
from tests.support.trees import look_up

__all__ = ["cli"]  # a fixture

SEEN: dict[str, Any] = {
    name: facts["observed"]
    for name, facts in json.loads((NUMBERS / "published_facts.json").read_text(encoding="utf-8")).items()
    if name.startswith("bioequivalence") or name == "two-stage"
}


def cv_of_interval(low: float, high: float, df: int, factor: float) -> float:
    """The CV behind a 90 % interval of a ratio whose squared standard error is `factor` sigma^2."""
    se = math.log(high / low) / 2.0 / float(stats.t.ppf(0.95, df))
    return math.sqrt(math.expm1(se * se / factor))


def test_the_printed_cv_is_that_of_the_printed_interval() -> None:
    seen, data = SEEN["bioequivalence-2x2"], scenario("bioequivalence-2x2")
    n = seen["patients"]
    cv = look_up(data, "hypotheses.published.cv_within")
    assert cv == pytest.approx(cv_of_interval(*seen["interval"], n - 2, 2.0 / n), abs=2e-4)
    assert cv != pytest.approx(cv_of_interval(*seen["interval"], n - 2, 1.0 / n), abs=2e-2)
    for name, ratio in (("published", seen["ratio"]), ("expected", 0.95), ("at-limit", 0.80)):
        means = look_up(data, f"hypotheses.{name}.means")
        assert means["T"] / means["R"] == pytest.approx(ratio, abs=5e-5)
        assert look_up(data, f"hypotheses.{name}.cv_within") == cv


def exact_power(cv: float, n: int) -> float:
    """Of two one-sided tests in a 2x2 design at a ratio of .95, by SciPy's quadrature."""
    sigma, df, t = math.sqrt(math.log1p(cv * cv)), n - 2, float(stats.t.ppf(0.95, n - 2))
    h, d, limit = sigma * math.sqrt(2.0 / n), math.log(0.95), math.log(1.25)

    def inner(x: float) -> float:
        inside = stats.norm.cdf((limit - d) / h - t * x) - stats.norm.cdf((-limit - d) / h + t * x)
        return float(max(inside, 0.0) * stats.chi.pdf(x * math.sqrt(df), df) * math.sqrt(df))

    return float(integrate.quad(inner, 0.0, limit / (t * h), epsabs=1e-12, limit=200)[0])


def test_the_one_line_answers_by_exact_power(cli: Cli) -> None:
    """40 patients at CV 30 %, a ratio of .95 and 80 %."""
    line = "bioequivalence-2x2 --set hypotheses.expected.cv_within=0.30 --power .8 --hypothesis expected"
    code, out, _ = cli("size", *line.split(), "--json", "-q")
    assert code == 0
    (answer,) = json.loads(out)["answers"]
    assert (answer["patients"], answer["patients_by_formula"], answer["exact"]) == (40, 40, True)
    assert answer["exact_power"] == pytest.approx(exact_power(0.30, 40), abs=1e-9)
    assert exact_power(0.30, 38) < 0.8
    code, out, _ = cli("size", *line.replace("0.30", "0.25").split(), "--json", "-q")
    assert json.loads(out)["answers"][0]["patients"] == 28


def test_the_widened_limit_is_that_of_the_published_variability() -> None:
    """EMA: exp(-0.76 s_wR), s_wR the SD of logs at a CV of 47 %."""
    data = scenario("bioequivalence-replicate")
    limit = math.exp(-0.76 * math.sqrt(math.log1p(SEEN["bioequivalence-replicate"]["cv_wr"] ** 2)))
    means = look_up(data, "hypotheses.at-limit.means")
    assert means["T"] / means["R"] == pytest.approx(limit, abs=5e-5)
    assert means["T"] / means["R"] < limit  # at the limit or beyond it the null hypothesis holds
    low, high = SEEN["bioequivalence-replicate"]["interval"]
    assert math.sqrt(low * high) == pytest.approx(SEEN["bioequivalence-replicate"]["ratio"], abs=5e-5)


def test_the_first_stage_is_that_of_the_published_example() -> None:
    means = look_up(scenario("two-stage"), "hypotheses.published.means")
    assert math.log(means["T"] / means["R"]) == pytest.approx(SEEN["two-stage"]["log_ratio"], abs=5e-5)
