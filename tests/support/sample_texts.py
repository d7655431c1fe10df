"""The small trials of means and rates of `sample_trials`, as scenario files without their first line."""

TEXTS = {
    # Whole points between limits, two looks, dropout, an effect of period, two hypotheses, two analyses.
    "whole-points": """
        [design]
        sequences = ["A B", "B A"]
        patients = 30
        [population]
        period_effect = [0.0, -1.5]
        dropout = { per_period = 0.08 }
        [endpoint]
        scale = { low = 0, high = 52, step = 1, better = "lower" }
        [hypotheses.effect]
        means = { A = 14.0, B = 18.5 }
        sd_within = 5.5
        sd_between = 6.0
        [hypotheses.null]
        means = { A = 18.5, B = 18.5 }
        sd_within = 5.5
        sd_between = 6.0
        [[analyses]]
        method = "hills-armitage"
        contrast = ["A", "B"]
        [[analyses]]
        method = "paired-t"
        contrast = ["A", "B"]
        alternative = "better"
        alpha = 0.025
        [monitoring]
        looks = [15, 30]
        efficacy = { rule = "obrien-fleming-spending" }
        """,
    # Any number may be a score; one look, nobody leaves.
    "unbounded": """
        [design]
        name = "AB/BA"
        arms = ["A", "B"]
        patients = 24
        [hypotheses.effect]
        means = { A = 10.25, B = 7.0 }
        sd = 6.5
        correlation = 0.4
        [[analyses]]
        method = "hills-armitage"
        contrast = ["A", "B"]
        """,
    # Margins: two at looks within blocks, where some leave; the error of two of three treatments; one margin.
    "margins": """
        [design]
        name = "williams"
        arms = ["A", "B", "C"]
        patients = 20
        [population]
        dropout = { per_period = 0.08 }
        [endpoint]
        scale = { step = 0.5, better = "higher" }
        [hypotheses.alike]
        means = { A = 10.0, B = 10.5, C = 12.0 }
        sd_within = 2.5
        sd_between = 3.0
        [hypotheses.different]
        means = { A = 10.0, B = 14.0, C = 12.0 }
        sd_within = 2.5
        sd_between = 3.0
        [[analyses]]
        method = "fixed-subject"
        contrast = ["A", "B"]
        alternative = "equivalence"
        limits = 2.5
        pooled = "pair"
        [[analyses]]
        method = "subject-contrast"
        contrast = ["A", "B"]
        alternative = "non-inferiority"
        margin = -2.5
        [monitoring]
        looks = [10, 20]
        efficacy = "pocock"
        futility = { rule = "z", z = [-1.5] }
        """,
    # Half points cut at one end; blocks of four; futility that does not bind; one-sided; early leavers.
    "futility": """
        [design]
        name = "AB/BA"
        arms = ["A", "B"]
        patients = 40
        block = 2
        [population]
        dropout = { per_period = 0.1, before_first = 0.03 }
        [endpoint]
        scale = { low = 0, step = 0.5, better = "higher" }
        [hypotheses.small]
        means = { A = 6.0, B = 5.0 }
        sd_within = 2.5
        sd_between = 2.0
        [hypotheses.none]
        means = { A = 5.0, B = 5.0 }
        sd_within = { A = 3.0, "*" = 2.5 }
        sd_between = 2.0
        [[analyses]]
        method = "hills-armitage"
        contrast = ["A", "B"]
        alternative = "better"
        alpha = 0.025
        [monitoring]
        looks = [0.4, 0.7, 1.0]
        efficacy = { rule = "hwang-shih-decani", gamma = -4.0 }
        futility = { rule = "conditional-power", at_most = 0.1 }
        """,
    # Three treatments in six sequences, patients who respond differently, dropout by gap, binding futility.
    "williams": """
        [design]
        name = "williams"
        arms = ["A", "B", "C"]
        patients = 36
        [population]
        period_effect = [0.0, 1.0, 1.5]
        dropout = { per_period = [0.05, 0.1] }
        [hypotheses.effect]
        means = { A = 3.0, B = 1.0, C = 0.0 }
        sd_within = 3.0
        sd_between = 4.0
        sd_interaction = 1.5
        carryover = { A = 0.7 }
        [[analyses]]
        name = "A against C"
        method = "paired-t"
        contrast = ["A", "C"]
        [[analyses]]
        name = "B against C"
        method = "paired-t"
        contrast = ["B", "C"]
        [monitoring]
        looks = [18, 36]
        efficacy = { rule = "pocock-spending" }
        futility = { rule = "kim-demets", beta = 0.2, rho = 2.0, binding = true }
        """,
    # Twice as many patients in one sequence, three periods, carryover that lasts, limits without steps.
    "unequal": """
        [design]
        name = "ABB/BAA"
        arms = ["A", "B"]
        allocation = [2, 1]
        block = 3
        patients = 27
        [population]
        sequence_effect = [0.5, 0.0]
        dropout = { per_period = 0.05 }
        [endpoint]
        scale = { low = 0, high = 100, better = "lower" }
        [hypotheses.effect]
        means = { A = 20.0, B = 30.0 }
        sd_difference = 18.0
        sd_between = 15.0
        carryover = { A = -2.0, B = 1.0 }
        carryover_lasts = "lasting"
        [[analyses]]
        method = "paired-t"
        contrast = ["A", "B"]
        alternative = "less"
        alpha = 0.025
        [monitoring]
        looks = [9, 18, 27]
        efficacy = { rule = "haybittle-peto" }
        """,
    # Baselines before each period, whole points, differing spread and response.
    "baselines": """
        [design]
        name = "AB/BA"
        arms = ["A", "B"]
        patients = 20
        baselines = "period"
        [population]
        baseline = { mean = 20.0, sd = 5.0 }
        dropout = { per_period = 0.2 }
        [endpoint]
        scale = { low = 0, high = 52, step = 1, better = "lower" }
        [hypotheses.effect]
        means = { A = 14.0, B = 18.0 }
        sd_within = { A = 5.0, B = 4.0 }
        sd_between = 4.0
        sd_interaction = 2.0
        baseline_correlation = { own = 0.45, cross = 0.35, between = 0.5 }
        [[analyses]]
        method = "hills-armitage"
        contrast = ["A", "B"]
        """,
    # The same differences of scores, adjusted for those of the baselines.
    "adjusted": """
        [design]
        name = "AB/BA"
        arms = ["A", "B"]
        patients = 24
        baselines = "period"
        [population]
        baseline = { mean = 20.0, sd = 5.0 }
        period_effect = [0.0, 1.0]
        dropout = { per_period = 0.1 }
        [hypotheses.effect]
        means = { A = 14.0, B = 18.0 }
        sd_within = { A = 5.0, B = 4.0 }
        sd_between = 4.0
        baseline_correlation = { own = 0.45, cross = 0.35, between = 0.5 }
        [[analyses]]
        method = "baseline-adjusted"
        contrast = ["A", "B"]
        [[analyses]]
        method = "parallel-ancova"
        contrast = ["A", "B"]
        alternative = "less"
        [monitoring]
        looks = [12, 24]
        efficacy = { rule = "pocock-spending" }
        """,
    # Shares of responders: exact tests on discordant pairs, correlated responses.
    "rates": """
        [design]
        name = "AB/BA"
        arms = ["A", "B"]
        patients = 40
        [population]
        dropout = { per_period = 0.1 }
        [endpoint]
        scale = { better = "lower" }
        measure = "response"
        [hypotheses.effect]
        family = "rates"
        rates = { A = 0.6, B = 0.35 }
        correlation = 0.3
        [hypotheses.null]
        family = "rates"
        rates = { A = 0.4, B = 0.4 }
        discordant = { A = 0.15, B = 0.15 }
        [[analyses]]
        method = "mcnemar-exact"
        contrast = ["A", "B"]
        [monitoring]
        looks = [20, 40]
        efficacy = { rule = "pocock" }
        """,
    # Four treatments in a Williams square: own contrasts, least squares, Welch's df, the first period.
    "factorial": """
        [design]
        name = "williams"
        arms = ["A", "B", "C", "D"]
        allocation = [2, 1, 1, 1]
        patients = 30
        [population]
        period_effect = [0.0, 1.0, 0.5, -1.0]
        dropout = { per_period = [0.05, 0.15, 0.1] }
        [hypotheses.effect]
        means = { A = 5.0, B = 3.0, C = 1.5, D = 1.0 }
        sd_within = { A = 4.0, "*" = 2.0 }
        sd_between = 3.0
        [[analyses]]
        method = "subject-contrast"
        contrast = { A = 1, B = -1, C = -1, D = 1 }
        [[analyses]]
        method = "fixed-subject"
        contrast = { A = 1, B = -0.333333333333, C = -0.333333333333, D = -0.333333333333 }
        alternative = "greater"
        [[analyses]]
        method = "welch"
        contrast = ["A", "D"]
        [[analyses]]
        method = "period-one-welch"
        contrast = ["A", "B"]
        alternative = "greater"
        [monitoring]
        looks = [15, 30]
        efficacy = { rule = "pocock-spending" }
        futility = { rule = "conditional-power", at_most = 0.2 }
        """,
    # Three arms of one period, of which two are compared.
    "parallel": """
        [design]
        name = "parallel"
        arms = ["A", "B", "C"]
        allocation = [2, 1, 2]
        patients = 40
        [population]
        dropout = { before_first = 0.1 }
        [hypotheses.effect]
        means = { A = 1.0, B = 0.5, C = 0.0 }
        sd_within = { A = 1.5, "*" = 1.0 }
        sd_between = 0.5
        [[analyses]]
        contrast = ["A", "C"]
        [[analyses]]
        method = "welch"
        contrast = { A = 1, B = 0.5, C = -1.5 }
        """,
    # Exact tests that allow for a period effect, and of the first period; one-sided too.
    "exact": """
        [design]
        name = "AB/BA"
        arms = ["A", "B"]
        patients = 36
        [population]
        period_effect = [0.0, 0.4]
        dropout = { per_period = 0.1, before_first = 0.05 }
        [endpoint]
        measure = "response"
        [hypotheses.effect]
        rates = { A = 0.7, B = 0.35 }
        correlation = 0.4
        [[analyses]]
        contrast = ["A", "B"]
        [[analyses]]
        method = "mainland-gart"
        contrast = ["B", "A"]
        alternative = "less"
        [[analyses]]
        method = "fisher"
        contrast = ["A", "B"]
        alternative = "greater"
        [monitoring]
        looks = [18, 36]
        efficacy = { rule = "pocock-spending" }
        futility = { rule = "z", z = [0.2] }
        """,
    # A drug, a blocker that lasts into the next period, two components of improvement of different
    # half-lives; entry by a threshold, three days of assessment, scores and responses analysed.
    "mechanisms": """
        [agents.drug]
        [agents.blocker]
        occupancy = 0.9
        half_life_days = 3.0
        [signals.target]
        activated_by = { drug = 1.0 }
        blocked_by = { blocker = 1.0 }
        [signals.cue]
        activated_by = { drug = 0.8 }
        [components.specific]
        share = 0.6
        size = { mean = 0.6, sd = 0.15 }
        half_life_days = { median = 5.0, log_sd = 0.4 }
        [components.expectancy]
        size = { mean = 0.2, sd = 0.1 }
        half_life_days = 10.0
        [treatments]
        A = { agents = ["drug"] }
        B = { agents = ["drug", "blocker"] }
        [design]
        sequences = ["A B", "B A"]
        patients = 24
        washout_days = 7
        assessment_days = [1, 3, 7]
        [population]
        baseline = { mean = 26.0, sd = 3.5, at_least = 20 }
        period_effect = [0.0, -0.5]
        dropout = { per_period = 0.1 }
        [endpoint]
        scale = "HAM-D17"
        measure = "change"
        day = 1
        [hypotheses.blocked]
        terms = [
          { component = "specific", needs = ["target"] },
          { component = "expectancy", needs = ["cue"] },
        ]
        [hypotheses.inert]
        terms = [
          { component = "specific", needs = ["cue"] },
          { component = "expectancy", needs = ["cue"] },
        ]
        [[analyses]]
        name = "change on day 1"
        method = "hills-armitage"
        contrast = ["A", "B"]
        [[analyses]]
        name = "response on day 7"
        method = "mcnemar-exact"
        measure = "response"
        contrast = ["A", "B"]
        day = 7
        [monitoring]
        looks = [12, 24]
        efficacy = { rule = "obrien-fleming-spending" }
        """,
}
