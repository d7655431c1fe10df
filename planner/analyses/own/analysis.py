"""An analysis that a user brings: a kernel or a plain function of one trial, and what must be known of it.

mine = planner.Analysis(signs, title="Sign test", needs="within", reference="exact-p")
scenario = planner.read("trial.toml", methods={"signs": mine})      # where method = "signs"
planner.simulate(scenario, methods={"signs": mine})
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from planner.analyses import AnalysisInfo, DfRule
from planner.analyses.own.source import fingerprint, plain, source_of
from planner.errors import AnalysisError
from planner.scenario.text import brief
from planner.scenario.vocabulary import NEEDS, NamedMethod

Reference = Literal["t", "fractional-t", "normal", "exact-p"]

KERNEL_PARAMETERS = ("values", "h", "reading", "sequence", "contrast", "centre", "counts", "stat")
"""Of the `statistic` of planner.analyses."""

TRIAL_PARAMETERS = ("outcomes", "treatments", "contrast")
"""Of a plain function."""

BY_NAME = ("baselines", "alternative")
"""What a plain function is given beside them if it has a parameter of that name."""

MOST_COVARIATES = 1_000

LONGEST_LINE = 1_000
"""Characters of a title, or of a citation."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """An analysis of your own, for `read`, `read_text`, `simulate`, `size`, `sweep` and `compare`.

    function: a kernel compiled by `planner.kernel`, or a plain function of one trial::

        function(outcomes, treatments, contrast) -> estimate, standard error, degrees of freedom

    outcomes f64[patient, period] of the patients who have finished, in order of randomisation (NaN: missing);
    treatments (patient, period) by name; contrast: the weight of each treatment by name. None, or NaN in any
    of the three: the data do not determine the test. It may have parameters `baselines`, f64[patient,
    period], and `alternative` (two-sided, greater or less). It must give the same for the same trial.
    The estimate must be the contrast in the measure's unit: bias, coverage and exaggeration compare it with
    the true effect.

    title: one line. needs: what the design must offer, a key of planner.scenario.vocabulary.NEEDS.
    reference: the distribution under the null hypothesis: `t` with whole degrees of freedom, `fractional-t`,
    `normal` (degrees of freedom then only have to be above 0), or `exact-p`: a plain function then answers
    with a p value, of the alternative, in the place of degrees of freedom. binary: of responses, 0 or 1.
    weights: whether it takes any weights, not only two treatments. baseline: `first` or `period` where
    baselines are needed. df, covariates: degrees of freedom if nobody leaves, see planner.analyses.DfRule;
    with them `show` has limits on the scale of t. citation: the publication.

    Raises AnalysisError where something of it cannot be.

    >>> import planner
    >>> import numpy as np
    >>> def paired(outcomes, treatments, contrast):
    ...     weight = sum((treatments == name) * w for name, w in contrast.items())
    ...     own = (weight * outcomes).sum(axis=1)
    ...     own = own[~np.isnan(own)]
    ...     return own.mean(), own.std(ddof=1) / len(own) ** 0.5, len(own) - 1
    >>> mine = {"mine": planner.Analysis(paired, title="Paired t test", needs="within")}
    >>> named = ["analyses.0.method=mine"]
    >>> scenario = planner.read("asthma-ab-ba", set=named, methods=mine)
    >>> planner.simulate(scenario, trials=256).cells()[1].power.estimate
    0.859375
    """

    function: Callable[..., Any]
    title: str
    needs: str
    reference: Reference = "t"
    binary: bool = False
    weights: bool = False
    baseline: Literal["", "first", "period"] = ""
    df: DfRule | None = None
    covariates: int = 0
    citation: str = ""

    def __post_init__(self) -> None:
        _one_of("needs", self.needs, NEEDS)
        _one_of("reference", self.reference, get_args(Reference))
        _one_of("baseline", self.baseline, ("", "first", "period"))
        _one_of("df", self.df, (None, *get_args(DfRule)))
        if self.df is not None and self.reference != "t":
            raise AnalysisError("df: whole degrees of freedom go with reference='t'", "leave df out")
        if type(self.covariates) is not int or not 0 <= self.covariates <= MOST_COVARIATES:
            hint = f"from 0 to {MOST_COVARIATES}"
            raise AnalysisError(f"covariates: {brief(self.covariates)} is no number of them", hint)
        for name in ("binary", "weights"):
            if type(value := getattr(self, name)) is not bool:
                raise AnalysisError(f"{name}: {brief(value)} is not True or False")
        for name in ("title", "citation"):
            text = getattr(self, name)
            if not isinstance(text, str) or not text.isprintable() or (name == "title" and not text.strip()):
                raise AnalysisError(f"{name}: {brief(text)} is no line of text")
            if len(text) > LONGEST_LINE:
                raise AnalysisError(f"{name}: {len(text):,} characters", f"at most {LONGEST_LINE:,}")
        _check_parameters(self.function)
        if getattr(self.function, "planner_source", self.source) != self.source:
            raise AnalysisError(
                f"what {self.name} uses has changed since it was compiled", "define the kernel again"
            )

    @property
    def name(self) -> str:
        """Of the function."""
        return plain(self.function).__name__

    @property
    def has_code(self) -> bool:
        """Whether it can run: not where it was stored with a result."""
        return self.function is not None

    @property
    def compiled(self) -> bool:
        """Whether it is a kernel, not a plain function of one trial."""
        return is_kernel(self.function)

    @cached_property
    def source(self) -> str:
        """SHA-256 of the source of the function, of what it calls and of the values that it uses."""
        return fingerprint(self.function)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that the figures depend on: the source and the settings."""
        of_data = (self.needs, self.binary, self.weights, self.baseline, self.compiled)
        of_limits = (self.reference, self.df, self.covariates)
        return hashlib.sha256(repr((self.source, of_data, of_limits)).encode()).hexdigest()

    @property
    def row(self) -> NamedMethod:
        """As a row of the vocabulary."""
        title = f"User's analysis: {self.title}"
        return NamedMethod(title, "", self.needs, self.binary, self.weights, self.baseline)

    @cached_property
    def info(self) -> AnalysisInfo:
        """As the INFO of an analysis of planner."""
        return AnalysisInfo(
            reference=self.reference,
            citation=self.citation,
            df=self.df,
            covariates=self.covariates,
        )

    @property
    def explanation(self) -> str:
        """What the function says of itself."""
        return inspect.getdoc(plain(self.function)) or ""

    def check_unchanged(self) -> None:
        """Raise AnalysisError where a value or function that it uses is another one by now."""
        if not self.has_code:
            raise AnalysisError(f"the code of {self.title!r} was not stored", "give it again with methods=")
        if fingerprint(self.function) != self.source:
            raise AnalysisError(f"what {self.name} uses has changed since", "make the Analysis again")

    def __getstate__(self) -> dict[str, object]:
        """All but the code: a result that is stored says which analysis it has, and cannot run it."""
        kept = dict(self.__dict__, source=self.source, digest=self.digest, function=None)
        kept.pop("info", None)
        return kept

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Analysis) and (self.title, self.digest) == (other.title, other.digest)

    def __hash__(self) -> int:
        return hash(self.digest)


def is_kernel(function: Any) -> bool:
    """Whether it was compiled by `planner.kernel`, or is what that leaves under NUMBA_DISABLE_JIT."""
    return hasattr(function, "py_func") or len(_parameters(function)) == len(KERNEL_PARAMETERS)


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a plain function has a parameter of that name."""
    return name in _parameters(function)


def _parameters(function: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(plain(function)).parameters)


def _check_parameters(function: Callable[..., Any]) -> None:
    python = plain(function)
    source_of(python)
    parameters = _parameters(function)
    own = [name for name in parameters if name not in BY_NAME]
    if hasattr(function, "py_func"):
        if not hasattr(function, "planner_source"):
            raise AnalysisError(f"{python.__name__} was not compiled by planner.kernel", "@planner.kernel")
        _check_in_order(f"the kernel {python.__name__}", parameters, list(parameters), KERNEL_PARAMETERS)
        return
    from planner.kernels.jit import COMPILED

    if len(own) == len(KERNEL_PARAMETERS):
        if COMPILED:
            message = f"{python.__name__} takes {len(own)} arguments, not {len(TRIAL_PARAMETERS)}"
            raise AnalysisError(message, "a kernel is compiled: @planner.kernel")
        _check_in_order(f"the kernel {python.__name__}", parameters, own, KERNEL_PARAMETERS)
        return
    _check_in_order(python.__name__, parameters, own, TRIAL_PARAMETERS)


def _check_in_order(
    what: str, parameters: Mapping[str, inspect.Parameter], own: list[str], wanted: tuple[str, ...]
) -> None:
    """Refuse parameters that could not be given their arguments: `wanted` in order, the others by name."""
    hint = f"({', '.join(wanted)}), "
    hint += "see planner.analyses" if wanted is KERNEL_PARAMETERS else "and by name baselines or alternative"
    for name, each in parameters.items():
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            raise AnalysisError(f"{what} takes any number of arguments, as {each}", hint)
        if name in own and each.kind is each.KEYWORD_ONLY:
            raise AnalysisError(f"{what} takes {name} by name alone", hint)
        if name not in own and each.kind is each.POSITIONAL_ONLY:
            raise AnalysisError(f"{what} does not take {name} by name", hint)
    if len(own) != len(wanted):
        raise AnalysisError(f"{what} takes {len(own)} arguments, not {len(wanted)}", hint)
    if own != list(parameters)[: len(own)] or any(
        name in wanted and name != wanted[i] for i, name in enumerate(own)
    ):
        raise AnalysisError(f"{what} takes its arguments in another order", hint)


def _one_of(what: str, value: object, known: Iterable[str | None]) -> None:
    if not isinstance(value, str | None) or value not in list(known):
        choice = ", ".join(repr(each) for each in known)
        raise AnalysisError(f"{what}: {brief(value)} is not known", f"one of {choice}")
