"""What a new user would write and is called otherwise here: answered with the right form, filled in.

Each answer can be pasted as it is. Settings by another name stand in KEYS, settings in another form in
VALUES; what they are answered with is made in planner.scenario.reading.right_forms. Names of analyses, rules,
designs, scales and measures stand in planner.scenario.reading.guessed_names. What has one meaning is accepted
instead: see planner.scenario.reading.short_forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from planner.scenario.faults import Path
from planner.scenario.fields import spelling
from planner.scenario.hypotheses import SETTINGS
from planner.scenario.reading.guessed_names import named_otherwise
from planner.scenario.reading.guessed_treatments import treatments_answered
from planner.scenario.reading.messages import NOT_KNOWN
from planner.scenario.reading.numbers import number_meant
from planner.scenario.reading.ratio_forms import (
    cv_between_form,
    cv_difference_form,
    cv_form,
    period_effect_form,
    ratio_form,
    root_form,
    sd_difference_form,
    sd_form,
    sequence_effect_form,
)
from planner.scenario.reading.right_forms import (
    TypedSetting,
    allocation_form,
    alpha_form,
    arms_form,
    as_number_form,
    baseline_form,
    better_form,
    contrast_form,
    design_form,
    direction_form,
    distribution_form,
    dropout_form,
    endpoint_form,
    hypotheses_form,
    hypothesis_form,
    interim_form,
    label_form,
    limits_form,
    looks_form,
    margin_form,
    means_form,
    per_sequence_form,
    power_form,
    rates_form,
    rule_form,
    scale_form,
    sequences_form,
    setting_of,
    table_of_form,
    treatments_form,
    weeks_form,
)
from planner.scenario.reading.scaling_forms import (
    alternative_or_scaling_form,
    inside_scaling,
    scaling_form,
)
from planner.scenario.reading.two_stage_forms import inside_adaptive, rule_inside, two_stage_form
from planner.scenario.resolving.draft import Complaint
from planner.scenario.resolving.examples import written_at
from planner.scenario.tree import Tree


def answered(complaints: Sequence[Complaint], data: Tree) -> list[Complaint]:
    """The complaints, each with the right form where it is known, and none that the right form settles."""
    if _nameless(data):
        message = "states a hypothesis without its name"
        own = Complaint(("hypotheses",), message, "[hypotheses.effect]: each hypothesis has a name", True)
        complaints = [*(each for each in complaints if each.path[:1] != ("hypotheses",)), own]
    done = [_answer(complaint, data) for complaint in treatments_answered(complaints, data)]
    meant = " ".join(f"{each.hint} " for each in done if each.message == NOT_KNOWN)
    return [each for each in done if not _settled(each, meant)]


def _answer(complaint: Complaint, data: Tree) -> Complaint:
    if not complaint.path:
        return complaint
    guess = TypedSetting(complaint.path, written_at(data, complaint.path), data)
    if complaint.message == NOT_KNOWN:
        find = KEYS.get(spelling(str(complaint.path[-1])))
        hint = find(guess) if find is not None else ""
        return complaint._replace(hint=hint or complaint.hint)
    if "known" in complaint.message and (hint := named_otherwise(complaint.path, guess.value)):
        return complaint._replace(hint=hint)
    hint = _other_form(complaint, guess)
    return complaint._replace(hint=hint) if hint else complaint


_OF_FORM = re.compile(
    r'must be (a|an|text|true)\b.*|must be ".*|.* is not a known .*|.* cannot be read.*'
    "|.* must be everybody.*|.* takes .*"
)
"""Messages about the form of a value, and not about its size or its place."""


def _other_form(complaint: Complaint, guess: TypedSetting) -> str:
    """The right form of a value that is written in another one; empty where that is not what is wrong."""
    pattern = ".".join("*" if _free(complaint.path, i) else str(p) for i, p in enumerate(complaint.path))
    find = VALUES.get(pattern) if _OF_FORM.fullmatch(complaint.message) else None
    hint = find(guess) if find is not None else ""
    if not hint and re.match("must be .*number", complaint.message):
        hint = as_number_form(guess)
    return hint


def _free(path: Path, at: int) -> bool:
    """Whether a part of a path is a name or number that the user has chosen."""
    return isinstance(path[at], int) or (at == 1 and path[0] in ("hypotheses", "treatments"))


def _nameless(data: Tree) -> bool:
    """Whether [hypotheses] holds the settings of a hypothesis in place of hypotheses."""
    table = data.get("hypotheses")
    every = {key for settings in SETTINGS.values() for key in settings.model_fields}
    numbers = (
        [key for key, value in table.items() if not isinstance(value, dict)]
        if isinstance(table, dict)
        else []
    )
    return bool(numbers) and isinstance(table, dict) and set(table) <= every


def _settled(complaint: Complaint, meant: str) -> bool:
    """Whether a setting is missing only because it stands there by another name."""
    missing = re.match(r"`(\w+)` is missing|needs `(\w+)` beside it", complaint.message)
    if missing is not None:
        name = missing[1] or missing[2]
        alike = {"means": "rates = ", "sequences": 'name = "'}.get(name)
        return (
            bool(alike and alike in meant)
            or f"{name} = " in meant
            or f"[{name}]" in meant
            or f"[{name}." in meant
        )
    spread = " sd" in meant or "cv_within = " in meant
    return complaint.message == "how much the scores vary is not stated" and spread


_PATIENTS, _WASHOUT, _PERIOD = (
    setting_of("design", "patients"),
    setting_of("design", "washout_days"),
    setting_of("design", "period_days"),
)


def rule_or_design_form(guess: TypedSetting) -> str:
    """A `type` of a second stage is its rule; elsewhere it is the design."""
    return rule_inside(guess) if "adaptive" in guess.path else design_form(guess)


KEYS: dict[str, Callable[[TypedSetting], str]] = {
    **dict.fromkeys(
        ("n", "subjects", "participants", "samplesize", "npatients", "ntotal", "patients", "size"), _PATIENTS
    ),
    **dict.fromkeys(
        ("npersequence", "npergroup", "perarm", "nperarm", "patientspersequence"), per_sequence_form
    ),
    **dict.fromkeys(("washout", "washoutperiod", "washoutday"), _WASHOUT),
    "washoutweeks": weeks_form,
    **dict.fromkeys(("periodlength", "periodduration", "treatmentdays", "period"), _PERIOD),
    "periods": lambda guess: "leave it out: the sequences say how many there are",
    **dict.fromkeys(("sided", "sides", "tails", "tail", "side"), direction_form),
    **dict.fromkeys(
        ("effect", "difference", "delta", "effectsize", "treatmenteffect", "mean", "diff"), means_form
    ),
    **dict.fromkeys(("meandifference", "meandiff"), means_form),
    **dict.fromkeys(("withinsd", "sdw", "sdwithinpatients"), setting_of("hypotheses", "sd_within")),
    **dict.fromkeys(("better", "direction", "higherisbetter", "lowerisbetter"), better_form),
    **dict.fromkeys(("higherbetter", "lowerbetter", "largerisbetter"), better_form),
    **dict.fromkeys(("proportions", "probabilities", "responders", "response", "responserates"), rates_form),
    **dict.fromkeys(("variance", "var"), root_form),
    **dict.fromkeys(("cv", "cvwithin", "cvw", "cvintra", "intracv", "withincv"), cv_form),
    **dict.fromkeys(("cvbetween", "cvb", "cvinter", "intercv", "betweencv"), cv_between_form),
    **dict.fromkeys(("cvdifference", "cvdiff"), cv_difference_form),
    **dict.fromkeys(("hypothesis", "scenario", "scenarios"), hypothesis_form),
    **dict.fromkeys(("design", "type", "designtype"), rule_or_design_form),
    "method": lambda guess: rule_inside(guess) if "adaptive" in guess.path else "",
    "power": power_form,
    **dict.fromkeys(("margin", "noninferioritymargin", "nimargin"), margin_form),
    **dict.fromkeys(
        ("limits", "equivalencelimits", "equivalencemargin", "equivalencemargins", "acceptancelimits"),
        limits_form,
    ),
    **dict.fromkeys(
        (
            *("scaled", "scaledlimits", "referencescaled", "referencescaling", "scaling", "regulator"),
            *("abel", "scabel", "rsabe", "scabe", "ntid", "hvntid", "expandinglimits", "widenedlimits"),
        ),
        scaling_form,
    ),
    **dict.fromkeys(
        ("switchcv", "cvswitch", "switchs", "capcv", "cvcap", "rconst", "estimatewithin", "adjustalpha"),
        inside_scaling,
    ),
    **dict.fromkeys(
        (
            "twostage",
            "adaptive",
            "adaptivedesign",
            "tsd",
            "twostagedesign",
            "reestimate",
            "reestimation",
            "ssr",
        ),
        two_stage_form,
    ),
    **dict.fromkeys(("n1", "firststage", "stage1", "nstage1", "interimpatients"), inside_adaptive),
    **dict.fromkeys(("allocationratio", "randomization", "randomisation"), allocation_form),
    **dict.fromkeys(("ratio", "gmr", "theta0"), ratio_form),
    **dict.fromkeys(
        ("transformation", "transform", "log", "logtransform", "logtransformed", "lognormal", "logscale"),
        distribution_form,
    ),
    **dict.fromkeys(
        ("nsim", "nsims", "simulations", "runs", "replications", "iterations", "nsimulations"),
        setting_of("simulation", "trials"),
    ),
    **dict.fromkeys(("significance", "significancelevel", "siglevel", "level"), alpha_form),
    "alpha": alpha_form,
    **dict.fromkeys(("dropout", "dropoutrate", "attrition", "withdrawal", "withdrawals"), dropout_form),
    **dict.fromkeys(
        ("total", "overall"), lambda guess: dropout_form(guess.around()._replace(value=guess.value))
    ),
    "periodeffect": period_effect_form,
    "treatments": treatments_form,
    **dict.fromkeys(("name", "title"), label_form),
    "rule": rule_form,
    "analysis": lambda guess: "[[analyses]]: each analysis has a section of this name",
    "version": lambda guess: "schema_version = 1",
    **dict.fromkeys(
        ("stopping", "interim", "interims", "interimanalysis"),
        interim_form,
    ),
    **dict.fromkeys(("sddiff", "sddifference"), sd_difference_form),
    "sd": sd_form,
}
"""What a setting is called here, by what else it is called (see planner.scenario.fields.spelling)."""

VALUES: dict[str, Callable[[TypedSetting], str]] = {
    "treatments": treatments_form,
    "design": lambda guess: design_form(guess) or named_otherwise(("design", "name"), guess.value),
    "design.sequences": sequences_form,
    "design.allocation": allocation_form,
    "hypotheses": hypotheses_form,
    "design.name": arms_form,
    "population.dropout": dropout_form,
    "population.period_effect": period_effect_form,
    "population.sequence_effect": sequence_effect_form,
    "population.baseline": baseline_form,
    "endpoint": endpoint_form,
    "endpoint.scale": scale_form,
    "monitoring.looks": looks_form,
    "monitoring.looks.*": lambda guess: looks_form(
        guess._replace(value=written_at(guess.data, guess.path[:-1]))
    ),
    "analyses.*.contrast": contrast_form,
    "analyses.*.alternative": alternative_or_scaling_form,
    "analyses.*.scaling": scaling_form,
    "schema_version": lambda guess: "schema_version = 1" if number_meant(guess.value) == 1 else "",
    **{
        f"hypotheses.*.{key}": table_of_form(key)
        for key in ("means", "rates", "sd", "sd_within", "cv_within", "sd_between", "discordant")
    },
}
"""The right form of a setting that is written in another one, by its path."""
