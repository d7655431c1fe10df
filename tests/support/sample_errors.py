"""Sample trials in which Monte Carlo errors are hard to get right.

Odd numbers of patients, unequal allocation, looks within randomisation blocks, few events, patients who leave
for a reason, guesses; each with an effect of order or of sequence, which makes the randomisation list matter.
"""

from __future__ import annotations

TEXTS = {
    # Looks within blocks of two; the period effect spoils the paired t-test, and the list decides how much.
    "odd": """
        [design]
        sequences = ["A B", "B A"]
        patients = 17
        [population]
        period_effect = [0, 4]
        [endpoint]
        measure = "score"
        [hypotheses.works]
        means = { A = 3.0, B = 0.0 }
        sd_within = 3.0
        sd_between = 4.0
        [hypotheses.nothing]
        means = { A = 0.0, B = 0.0 }
        sd_within = 3.0
        sd_between = 4.0
        [[analyses]]
        name = "paired"
        method = "paired-t"
        [[analyses]]
        name = "crossover"
        method = "hills-armitage"
        [monitoring]
        looks = [9, 17]
        efficacy = { rule = "pocock" }
        """,
    # Two patients to one, looks within blocks of three, futility that is not binding, dropout by chance.
    "unequal": """
        [design]
        sequences = ["A B", "B A"]
        allocation = [2, 1]
        patients = 20
        [population]
        period_effect = [0, 3]
        dropout = { per_period = 0.1 }
        [hypotheses.works]
        means = { A = 2.5, B = 0.0 }
        sd_within = { A = 4.0, B = 2.0 }
        sd_between = 3.0
        [[analyses]]
        method = "paired-t"
        alternative = "greater"
        [monitoring]
        looks = [8, 13, 20]
        efficacy = { rule = "obrien-fleming-spending" }
        futility = { rule = "conditional-power", at_most = 0.2 }
        """,
    # Hardly any trial stops early, and few are significant in the wrong direction.
    "few": """
        [design]
        sequences = ["A B", "B A"]
        patients = 11
        [population]
        dropout = { per_period = 0.002 }
        [hypotheses.little]
        means = { A = 0.5, B = 0.0 }
        sd_difference = 3.0
        [[analyses]]
        method = "hills-armitage"
        alpha = 0.01
        [monitoring]
        looks = [6, 11]
        efficacy = { rule = "obrien-fleming-spending" }
        """,
    # Responses, in odd numbers, that depend on the period.
    "responses": """
        [design]
        sequences = ["A B", "B A"]
        patients = 15
        [population]
        period_effect = [0, 0.8]
        [hypotheses.works]
        rates = { A = 0.6, B = 0.2 }
        correlation = 0.3
        [[analyses]]
        method = "mcnemar-mid-p"
        [monitoring]
        looks = [9, 15]
        efficacy = { rule = "pocock" }
        """,
    # Mechanisms: patients who leave for a reason, guesses that hang on the order, a look within a block.
    "mechanisms": """
        [agents.drug]
        [signals.target]
        activated_by = { drug = 1.0 }
        [signals.cue]
        activated_by = { drug = 0.9 }
        base = 0.3
        [components.quick]
        share = 0.6
        size = { mean = 0.4, sd = 0.2 }
        half_life_days = { median = 5.0, log_sd = 0.5 }
        [components.felt]
        size = { mean = 0.15, sd = 0.1 }
        half_life_days = 3.0
        [treatments]
        A = { agents = ["drug"] }
        B = { agents = [] }
        [design]
        sequences = ["A B", "B A"]
        patients = 13
        washout_days = 10
        [population]
        baseline = { mean = 25.0, sd = 5.0 }
        rating_sd = 1.5
        [population.dropout]
        per_period = 0.25
        [population.dropout.odds_ratio]
        improvement = 0.8
        treatment = { B = 3.0 }
        [endpoint]
        scale = { low = 0, high = 52, step = 1, better = "lower", response = 0.5 }
        [outcomes.experience]
        noise_sd = 1.0
        terms = [{ component = "trip", needs = ["target"] }]
        [outcomes.experience.components.trip]
        size = { mean = 6.0, sd = 3.0 }
        [outcomes.experience.background]
        mean = 1.0
        sd = 1.0
        [blinding]
        active = ["drug"]
        intercept = -1.0
        outcome = "experience"
        slope = 0.2
        slope_from_previous = 0.4
        [hypotheses.works]
        terms = [{ component = "quick", needs = ["target"] }, { component = "felt", needs = ["cue"] }]
        [[analyses]]
        name = "change"
        method = "paired-t"
        contrast = ["A", "B"]
        [monitoring]
        looks = [7, 13]
        efficacy = { rule = "pocock" }
        """,
}

UNCERTAIN = """
    [uncertainty]
    "population.period_effect.1" = { low = 1, high = 6 }
    [hypotheses.works.uncertainty]
    "means.A" = { mean = 3.0, sd = 1.0 }
    """
"""Of the trial "odd"."""

UNCERTAIN_SHARE = """
    [uncertainty]
    "components.quick.share" = { low = 0.3, high = 0.9 }
    """
"""Of the trial "mechanisms", as what follows."""

COUNTED = """
    [hypotheses.cue-only]
    terms = [{ component = "felt", needs = ["cue"] }]
    [observed]
    use = "counts"
    responders = { A = [3, 13], B = [1, 13] }
    """

MEASURED = """
    [hypotheses.cue-only]
    terms = [{ component = "felt", needs = ["cue"] }]
    [observed]
    use = "means"
    means = { A = { mean = -8.0, n = 10 }, B = { mean = -3.5, n = 9 } }
    """
