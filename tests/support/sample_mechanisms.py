"""More sample trials: mechanisms on scores that are any number, and a trial of the catalogue as it stands."""

from __future__ import annotations

TEXTS = {
    # Three periods, scores that are any number, what prolongs, lowers, worsens, opens partly; five days, of
    # which three are read; both other tests of responses.
    "any-number": """
        [agents.drug]
        [agents.blocker]
        occupancy = 0.85
        half_life_days = 2.5
        lowers = { drug = 0.3 }
        [agents.keeper]
        prolongs = { "*" = 3.0, quick = 1.5 }
        [signals.target]
        activated_by = { drug = 1.3 }
        blocked_by = { blocker = 0.9 }
        [signals.release]
        base = 0.1
        activated_by_signal = { target = 0.8 }
        [signals.cue]
        combine = "max"
        activated_by = { drug = 0.9, keeper = 0.35, blocker = 0.2 }
        [signals.harm]
        activated_by = { blocker = 1.0 }
        [components.quick]
        share = 0.55
        size = { mean = 0.5, sd = 0.2 }
        otherwise = { mean = 0.03, sd = 0.04 }
        half_life_days = { median = 3.0, log_sd = 0.7 }
        [components.slow]
        size = { mean = 0.15, sd = 0.1 }
        half_life_days = { median = 11.0, log_sd = 0.3 }
        peak_day = 4
        [components.worse]
        size = { mean = -0.12, sd = 0.03 }
        half_life_days = 1.7
        [treatments]
        A = { agents = ["drug"] }
        B = { agents = ["drug", { agent = "blocker", occupancy = 0.6 }] }
        C = { agents = ["drug", "keeper"] }
        [design]
        sequences = ["A B C", "B C A", "C A B"]
        patients = 21
        washout_days = 9
        period_days = 1
        assessment_days = [0.5, 2, 3.5, 7, 10]
        [population]
        baseline = { mean = 31.7, sd = 6.3, at_least = 27.31 }
        rating_sd = 1.37
        occasion_sd = 0.11
        period_effect = [0.0, 0.71, -0.33]
        dropout = { per_period = [0.07, 0.11], before_first = 0.02 }
        [endpoint]
        scale = { response = 0.3, remission_at_most = 19.5 }
        measure = "percent-change"
        day = 3.5
        [hypotheses.direct]
        terms = [
          { component = "quick", needs = [{ signal = "target", gate = 0.8 }] },
          { component = "slow", needs = ["cue"] },
          { component = "worse", needs = ["harm"] },
        ]
        [hypotheses.indirect]
        terms = [{ component = "quick", needs = ["release", "cue"] }, { component = "own" }]
        [hypotheses.indirect.components.own]
        share = 0.5
        size = 0.21
        half_life_days = 6.0
        [[analyses]]
        name = "percent"
        method = "paired-t"
        contrast = ["A", "B"]
        [[analyses]]
        name = "score"
        method = "paired-t"
        measure = "score"
        day = 10
        contrast = ["C", "A"]
        alternative = "better"
        [[analyses]]
        name = "response"
        method = "mcnemar-mid-p"
        measure = "response"
        contrast = ["C", "B"]
        alternative = "better"
        [[analyses]]
        name = "remission"
        method = "mcnemar-asymptotic"
        measure = "remission"
        day = 7
        contrast = ["A", "C"]
        [monitoring]
        looks = [9, 15, 21]
        efficacy = { rule = "pocock" }
        """,
    # Second outcomes, one of them lognormal and one that lasts, read as score and as change; guesses that
    # follow one of them and its change, and a cue that follows the guess, of earlier periods too.
    "unblinding": """
        [agents.drug]
        [agents.other]
        prolongs = { expected = 2.0 }
        [signals.target]
        activated_by = { drug = 1.0, other = 0.3 }
        [signals.cue]
        combine = "max"
        activated_by = { drug = 0.9, other = 0.6 }
        [signals.hope]
        activated_by_signal = { cue = 0.7 }
        [components.direct]
        share = 0.6
        size = { mean = 0.4, sd = 0.15 }
        half_life_days = { median = 5.0, log_sd = 0.6 }
        [components.expected]
        size = { mean = 0.2, sd = 0.1 }
        half_life_days = { median = 8.0, log_sd = 0.4 }
        [outcomes.dissociation]
        scale = { low = 0, high = 92, step = 1, better = "lower" }
        background = { mean = 1.5, sd = 1.0 }
        noise_sd = 2.0
        terms = [{ component = "felt", needs = ["target"] }]
        [outcomes.dissociation.components.felt]
        size = { mean = 20.0, sd = 14.0 }
        distribution = "lognormal"
        [outcomes.sleep]
        day = 2.0
        noise_sd = 0.7
        terms = [
          { component = "own", needs = [{ signal = "target", gate = 0.7 }] },
          { component = "expected" },
        ]
        [outcomes.sleep.components.own]
        share = 0.7
        size = { mean = 3.0, sd = 1.0 }
        otherwise = { mean = 0.4, sd = 0.3 }
        half_life_days = { median = 6.0, log_sd = 0.5 }
        [treatments]
        A = { agents = ["drug"] }
        B = { agents = ["other"] }
        C = { agents = ["drug", "other"] }
        [design]
        sequences = ["A B C", "B C A", "C A B"]
        patients = 18
        washout_days = 6
        [population]
        baseline = { mean = 26.0, sd = 4.0, at_least = 20 }
        rating_sd = 1.8
        occasion_sd = 0.15
        dropout = { per_period = 0.1 }
        [endpoint]
        scale = { low = 0, high = 52, step = 1, better = "lower" }
        measure = "change"
        day = 1
        [blinding]
        active = ["drug"]
        intercept = -1.3
        outcome = "dissociation"
        slope = 0.11
        slope_from_previous = 0.07
        expectancy = { signal = "cue", if_active = 1.1, if_inactive = 0.4, combine = "multiply" }
        [hypotheses.both]
        terms = [{ component = "direct", needs = ["target"] }, { component = "expected", needs = ["hope"] }]
        [hypotheses.cue]
        terms = [{ component = "expected", needs = [{ signal = "cue", gate = 0.8 }] }]
        outcomes = { sleep = { terms = [{ component = "own" }] } }
        [[analyses]]
        name = "change"
        method = "paired-t"
        contrast = ["A", "B"]
        [[analyses]]
        name = "dissociation"
        outcome = "dissociation"
        method = "paired-t"
        contrast = ["C", "B"]
        alternative = "worse"
        [[analyses]]
        name = "sleep"
        outcome = "sleep"
        measure = "change"
        method = "paired-t"
        contrast = ["A", "C"]
        [monitoring]
        looks = [9, 18]
        efficacy = { rule = "pocock" }
        """,
    # All ten hypotheses of the library, as the catalogue has them.
    "williams-2018": """
        extends = "williams-2018.toml"
        """,
}
