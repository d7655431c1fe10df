"""More sample trials: patients who leave because of what they have been through."""

from __future__ import annotations

TEXTS = {
    # Mechanisms in three periods; two hypotheses that differ in the last period only, and two that never do.
    "leaving": """
        [agents.drug]
        [agents.blocker]
        occupancy = 0.85
        half_life_days = 2.5
        [agents.spice]
        [signals.target]
        activated_by = { drug = 1.0, spice = 0.4 }
        blocked_by = { blocker = 0.9 }
        [signals.cue]
        activated_by = { drug = 0.9, blocker = 0.3 }
        [components.quick]
        share = 0.55
        size = { mean = 0.5, sd = 0.2 }
        half_life_days = { median = 3.0, log_sd = 0.7 }
        [components.slow]
        size = { mean = 0.15, sd = 0.1 }
        half_life_days = { median = 11.0, log_sd = 0.3 }
        [treatments]
        A = { agents = ["drug"] }
        B = { agents = ["drug", "blocker"] }
        C = { agents = ["spice"] }
        [design]
        sequences = ["A B C", "B A C"]
        patients = 22
        washout_days = 9
        assessment_days = [1, 4]
        [population]
        baseline = { mean = 28.0, sd = 5.0, at_least = 22 }
        rating_sd = 1.4
        occasion_sd = 0.1
        [population.dropout]
        per_period = [0.15, 0.25]
        before_first = 0.04
        [population.dropout.odds_ratio]
        improvement = 0.75
        endpoint = { ratio = 1.3, per = 2.5, around = -6.0 }
        treatment = { B = 2.2, C = 0.5 }
        [endpoint]
        scale = { low = 0, high = 52, step = 1, better = "lower", response = 0.4 }
        day = 4
        [hypotheses.whole]
        terms = [{ component = "quick", needs = ["target"] }, { component = "slow", needs = ["cue"] }]
        [hypotheses.same]
        terms = [{ component = "quick", needs = ["target"] }, { component = "slow", needs = ["cue"] }]
        [hypotheses.without-spice]
        terms = [{ component = "quick", needs = ["target"] }, { component = "slow", needs = ["cue"] }]
        signals = { target = { activated_by = { drug = 1.0 }, blocked_by = { blocker = 0.9 } } }
        [[analyses]]
        name = "change"
        method = "paired-t"
        contrast = ["A", "B"]
        [[analyses]]
        name = "response"
        method = "mcnemar-mid-p"
        measure = "response"
        day = 1
        contrast = ["A", "C"]
        [monitoring]
        looks = [10, 22]
        efficacy = { rule = "pocock" }
        """,
    # Patients must have returned to their baseline; a blocker that fades, three periods, two days.
    "returning": """
        [agents.drug]
        [agents.blocker]
        occupancy = 0.85
        half_life_days = 6.0
        [signals.target]
        activated_by = { drug = 1.0 }
        blocked_by = { blocker = 0.9 }
        [signals.cue]
        activated_by = { drug = 0.9, blocker = 0.3 }
        [components.quick]
        share = 0.55
        size = { mean = 0.5, sd = 0.2 }
        half_life_days = { median = 4.0, log_sd = 0.7 }
        [components.slow]
        size = { mean = 0.15, sd = 0.1 }
        half_life_days = { median = 11.0, log_sd = 0.3 }
        peak_day = 4
        [treatments]
        A = { agents = ["drug"] }
        B = { agents = ["drug", "blocker"] }
        [design]
        sequences = ["A B A", "B A B"]
        patients = 18
        washout_days = 8
        assessment_days = [1, 3]
        return_to_baseline = { share = 0.85, recheck_days = 3.5, at_most_days = 11 }
        [population]
        baseline = { mean = 28.0, sd = 5.0, at_least = 22 }
        rating_sd = 1.4
        occasion_sd = 0.1
        period_effect = [0.0, -0.7, 0.4]
        dropout = { per_period = [0.1, 0.05], odds_ratio = { improvement = 1.2 } }
        [endpoint]
        scale = { low = 0, high = 52, step = 1, better = "lower", response = 0.4 }
        [hypotheses.blocked]
        terms = [{ component = "quick", needs = ["target"] }, { component = "slow", needs = ["cue"] }]
        [hypotheses.same]
        terms = [{ component = "slow", needs = ["cue"] }, { component = "quick", needs = ["target"] }]
        [hypotheses.inert]
        terms = [{ component = "quick", needs = ["cue"] }, { component = "slow", needs = ["cue"] }]
        [[analyses]]
        name = "change"
        method = "paired-t"
        contrast = ["A", "B"]
        [[analyses]]
        name = "score on day 3"
        method = "paired-t"
        measure = "score"
        day = 3
        contrast = ["A", "B"]
        """,
    # Stated means, whole points, unequal spread.
    "leaving-means": """
        [design]
        sequences = ["A B", "B A"]
        patients = 20
        [population.dropout]
        per_period = 0.2
        odds_ratio = { treatment = { A = 0.6 }, endpoint = { ratio = 1.4, per = 3.0, around = 16.0 } }
        [endpoint]
        scale = { low = 0, high = 40, step = 1, better = "lower" }
        [hypotheses.effect]
        means = { A = 14.0, B = 18.0 }
        sd_within = { A = 5.0, B = 4.0 }
        sd_between = 4.0
        [hypotheses.null]
        means = { A = 16.0, B = 16.0 }
        sd_within = 4.0
        sd_between = 4.0
        [[analyses]]
        method = "hills-armitage"
        contrast = ["A", "B"]
        """,
}
