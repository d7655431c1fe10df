"""Usual names of analyses, rules, designs, scales and measures, each with the nearest that planner has.

What differs from a name here by capitals, blanks, hyphens or apostrophes alone is that name.
"""

from __future__ import annotations

import re

from planner.scenario.faults import Path
from planner.scenario.fields import spelling
from planner.scenario.regulators import SCALED_RULES


def _scaling(rule: str) -> str:
    """The setting by which limits are scaled to how the reference varies."""
    return f'scaling = {{ rule = "{rule}" }}'


_OWN = 'or your own, from Python: planner.read(..., methods={"NAME": planner.Analysis(...)})'
_AB_BA = '"hills-armitage" (AB/BA, allows for a period effect)'
_T_TESTS = f'method = {_AB_BA}, "paired-t" (ignores periods) or "period-one" (first period alone)'

SCALED: tuple[tuple[str, str], ...] = (
    (r"s?c?abel|abe/?l|abelema|expand(ing|ed)(limits)?|widen(ing|ed)(limits)?|methoda|ema", _scaling("abel")),
    (r"rsabe|sabe|fda|hyslop|howe|linearized|linearised", _scaling("rsabe")),
    (
        r"(reference)?(scaled|scaling)(abe|averagebioequivalence|bioequivalence|be)?|scabe|isc|"
        r"intrasubjectcontrasts?|highlyvariable(drugs?)?|hvdp?",
        f"{_scaling('abel')} (EMA), or {_scaling('rsabe')} (FDA)",
    ),
    (r"ntid?|narrowtherapeuticindex(drugs?)?|nti", _scaling("ntid")),
    (r"hvnti(d)?", _scaling("hvntid")),
)


def _adaptive(rule: str) -> str:
    """The setting by which a second stage is planned after the first."""
    return f'adaptive = {{ rule = "{rule}" }}'


STAGED: tuple[tuple[str, str], ...] = (
    (r"(potvins?)?(method)?b|type1", _adaptive("potvin-b")),
    (r"(potvins?)?(method)?c|type2", _adaptive("potvin-c")),
    (r"(potvins?)?(method)?d", f"{_adaptive('potvin-d')}, or {_adaptive('montague-d')} for a ratio of .90"),
    (
        r"potvin|adaptive(design)?|tsd|twostagedesign|ssr|reestimat(e|ion)|samplesizere-?estimation",
        _adaptive("potvin-b"),
    ),
    (r"montague", _adaptive("montague-d")),
    (r"fuglsang", f"{_adaptive('fuglsang-b')} or {_adaptive('fuglsang-c')}"),
    (r"inversenormal|standardcombination|maximumcombination|maurerjones.*|tsdin", _adaptive("maurer")),
)
_STAGES_ELSEWHERE: tuple[tuple[str, str], ...] = tuple(
    (pattern, f"under [monitoring]: looks = [24], the patients of stage 1; {hint}")
    for pattern, hint in (
        *((r"potvin-?b", _adaptive("potvin-b")), (r"potvin-?c", _adaptive("potvin-c"))),
        (
            r"potvin.*|montague.*|fuglsang.*|maurer.*|tsd|adaptive(design)?|twostagedesign",
            _adaptive("potvin-b"),
        ),
    )
)
_ANALYSES: tuple[tuple[str, str], ...] = (
    *_STAGES_ELSEWHERE,
    (r"ttest|t|students?t?(test)?", _T_TESTS),
    (r"paired.*|dependentt(test)?|onesamplet(test)?|matchedpairs", 'method = "paired-t"'),
    (
        r"(twosample|unpaired|independent|2sample)t?(test)?",
        f'method = {_AB_BA} or "period-one" (first period alone)',
    ),
    (
        r"wilcoxon.*|signedrank.*|mannwhitney.*|utest|ranksum.*|koch.*|rank.*|nonparametric|hodges.*|friedman.*",
        f'there is no rank test; nearest: method = {_AB_BA} or "paired-t" (ignores periods), {_OWN}',
    ),
    (
        r"anova|twowayanova|glm|lm|ols|leastsquares|linearmodel|(linear)?regression|fixedeffects?|procglm",
        'method = "fixed-subject": least squares with effects of patients, periods and treatments',
    ),
    (
        r"ancova|analysisofcovariance",
        'method = "baseline-adjusted" (each patient\'s contrast, adjusted for that of the baselines) or '
        '"parallel-ancova" (first period alone); both need [design] baselines',
    ),
    (
        r"(linear)?mixed.*|mmrm|lmm|lme4?|reml|randomeffects?|procmixed|repeatedmeasures.*",
        'there is no mixed model; nearest: method = "fixed-subject", with effects of patients as fixed',
    ),
    (
        r"mcnemars?(test)?",
        'method = "mcnemar-mid-p" (the default), "mcnemar-exact" or "mcnemar-asymptotic"',
    ),
    (r"fishers?(exact)?(test)?", 'method = "fisher"'),
    (r"prescotts?(test)?", 'method = "prescott"'),
    (r"welchs?t?(test)?|unequalvariances?", 'method = "welch"'),
    (r"hills|hillsandarmitage|armitage|hillsarmitagetest", 'method = "hills-armitage"'),
    (r"mainland|gart|gartstest|mainlandgart.*", 'method = "mainland-gart"'),
    (
        r"chi2?(square)?d?(test)?|χ2|proportions?(test)?|ztest",
        'method = "mcnemar-mid-p" (the same patients) or "fisher" (first period alone), of responses',
    ),
    (
        r"gee|glmm|logistic.*|conditionallogistic.*|cmh|cochran.*|mantel.*",
        'there is no logistic model; nearest: method = "prescott" (allows for a period effect) or '
        f'"mcnemar-mid-p", {_OWN}',
    ),
    (
        r"grizzle.*|twostage|carryovertest",
        'there is no two-stage procedure; its tests are method = "hills-armitage" (both periods) and '
        '"period-one" (the first alone)',
    ),
    (
        r"tost|equivalence(test)?|twoonesided(t)?tests?|bioequivalence|abe|averagebioequivalence|schuirmann.*",
        'alternative = "equivalence" with limits = [low, high], beside any t test as the method',
    ),
    *((pattern, f"{hint}, which settles the method") for pattern, hint in SCALED),
    (
        r"noninferiority(test)?|ni|noninferior",
        'alternative = "non-inferiority" with margin = ..., beside any t test as the method',
    ),
    (
        r"superiorityby(a)?margin|superioritymargin|supersuperiority",
        'alternative = "superiority-by-margin" with margin = ..., beside any t test as the method',
    ),
    (
        r"bayes.*|logrank|cox.*|survival|permutation.*|randomi[sz]ationtest|bootstrap.*",
        f"there is no such analysis; nearest: method = {_AB_BA}, {_OWN}",
    ),
)

_BOTH = (
    'efficacy = "obrien-fleming-spending" (spends alpha at the looks as they are) or "obrien-fleming" (1979)'
)
_SPENDING = 'efficacy = "obrien-fleming-spending" (little early) or "pocock-spending" (more early)'
_EFFICACY: tuple[tuple[str, str], ...] = (
    *_STAGES_ELSEWHERE,
    (r"obf|of|obrien|brienfleming|fleming", _BOTH),
    (r"landemets|ld|spending|alphaspending|spendingfunction|errorspending", _SPENDING),
    (
        r"ldof|landemetsobf|landemetsobrienfleming|obfspending|asof|sfldof",
        'efficacy = "obrien-fleming-spending"',
    ),
    (r"ldp|landemetspocock|asp|sfldpocock", 'efficacy = "pocock-spending"'),
    (r"haybittle|peto|hp|haybittlepetorule", 'efficacy = "haybittle-peto"'),
    (r"wt|wang|wangtsiatisdelta", 'efficacy = { rule = "wang-tsiatis", delta = 0.25 }'),
    (r"hsd|hwang.*|gammafamily|gamma|sfhsd", 'efficacy = { rule = "hwang-shih-decani", gamma = -4 }'),
    (r"kd|kim.*|powerfamily|rho|sfpower", 'efficacy = { rule = "kim-demets", rho = 2 }'),
    (
        r"bonferroni|fixed|off|no|false|nostop",
        'efficacy = "none" for no early stop; rules: `planner methods`',
    ),
)
_FUTILITY: tuple[tuple[str, str], ...] = (
    (
        r"cp|conditional|condpower|stochasticcurtailment",
        'futility = { rule = "conditional-power", at_most = 0.2 }',
    ),
    (
        r"obf|obrienfleming|of|landemets|ldof",
        'futility = { rule = "obrien-fleming-spending", beta = 0.2 }',
    ),
    (r"pocock", 'futility = { rule = "pocock-spending", beta = 0.2 }'),
    (r"hsd|hwang.*|gamma", 'futility = { rule = "hwang-shih-decani", beta = 0.2, gamma = -4 }'),
    (
        r"pp|predictivepower|predictive",
        'there is no predictive power; nearest: futility = { rule = "conditional-power", at_most = 0.2 }',
    ),
    (r"off|no|false", 'futility = "none"'),
)
_DESIGNS: tuple[tuple[str, str], ...] = (
    *_STAGES_ELSEWHERE,
    (r"twostage", _STAGES_ELSEWHERE[0][1]),
    (r"crossover|crossovertrial|standard|abba|ab,?ba|twoperiod|simple", 'name = "AB/BA"'),
    (r"threewaycrossover|latin", 'name = "williams" or "latin-square"'),
    (r"parallelgroups?|rct|betweensubjects", 'name = "parallel"'),
    (r"partialreplicate|semireplicate", 'name = "2x3x3"'),
    (r"replicated?|fullreplicate|2x3|2x4", 'name = "2x2x3" or "2x2x4"; partial: "2x3x3"'),
    (r"bibd?|incompleteblocks?", 'name = "3t2p", "4t2p" or "4t3p"'),
)
_SCALES: tuple[tuple[str, str], ...] = (
    (r"ham?d(rs)?|hamilton|hdrs|hrsd", 'scale = "HAM-D17" or "HAM-D6"'),
    (r"hdrs17|hrsd17|hamdrs17", 'scale = "HAM-D17"'),
    (r"vas|visualanaloguescale|visualanalogscale", "scale = { low = 0, high = 100 }"),
    (r"nrs", "scale = { low = 0, high = 10, step = 1 }"),
)
_MEASURES: tuple[tuple[str, str], ...] = (
    (r"changefrombaseline|cfb|delta", 'measure = "change"'),
    (r"percentchangefrombaseline|%change|pctchange|relativechange", 'measure = "percent-change"'),
    (r"binary|responder|responders|rate|proportion|yesno|dichotomous", 'measure = "response"'),
    (r"continuous|mean|raw|absolute|value|points", 'measure = "score"'),
    (r"remitter|remitters", 'measure = "remission"'),
)

REGULATOR_NAMES: tuple[tuple[str, str], ...] = (
    (r"emea|eu|europe(an)?|chmp|who|anvisa|asean|australia|eaeu|mhra|uk", 'scaling = { regulator = "ema" }'),
    (r"us|usa|usfda|america", 'scaling = { regulator = "fda" }'),
    (r"canada|healthcanada|hpfb|tpd", 'scaling = { regulator = "hc" }'),
    (r"nmpa|cde|cfda|cn", 'scaling = { regulator = "china" }'),
    (r"gulf|sfda|saudi(arabia)?", 'scaling = { regulator = "gcc" }'),
)
_RULES_OF_SCALING: tuple[tuple[str, str], ...] = (
    *((name, f'scaling = {{ regulator = "{name}" }}') for name in SCALED_RULES),
    *REGULATOR_NAMES,
    *SCALED,
    (r"abe|tost|unscaled|off|no|false", f"{_scaling('none')} for the limits 0.8 to 1.25"),
)

_BY_SETTING = {
    "method": _ANALYSES,
    "adaptive": STAGED,
    "regulator": REGULATOR_NAMES,
    "efficacy": _EFFICACY,
    "futility": _FUTILITY,
    "measure": _MEASURES,
    "scaling": _RULES_OF_SCALING,
    "scale": _SCALES,
    "name": _DESIGNS,
}


def named_otherwise(path: Path, value: object) -> str:
    """The right form of a name of something that planner has, or the nearest that it has; or nothing."""
    key = path[-2] if path[-1] == "rule" and len(path) > 1 else path[-1]
    if path == ("endpoint",):
        hint = matching(_SCALES, value)
        return (
            f"endpoint = {{ {hint} }}"
            if hint and " or " not in hint
            else hint.replace("scale", "endpoint", 1)
        )
    if key == "name" and path != ("design", "name"):
        return ""
    return matching(_BY_SETTING.get(str(key), ()), value)


def matching(table: tuple[tuple[str, str], ...], value: object) -> str:
    """The hint of the first pattern of a table that a name fits in some spelling; or nothing."""
    if not isinstance(value, str | bool):
        return ""
    text = spelling(str(value))
    return next((hint for pattern, hint in table if re.fullmatch(pattern, text)), "")
