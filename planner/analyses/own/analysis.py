"""An analysis that a user brings: a kernel or a plain function of one trial, and what must be known of it.

mine = planner.Analysis(signs, title="Sign test", needs="within", reference="exact-p")
scenario = planner.read("trial.toml", methods={"signs": mine})      # where method = "signs"
planner.simulate(scenario, methods={"signs": mine})
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from planner.analyses import AnalysisInfo, DfRule
from planner.analyses.own.source import fingerprint, plain, source_of
from planner.errors import AnalysisError
from planner.scenario.vocabulary import NEEDS, NamedMethod

Reference = Literal["t", "fractional-t", "normal", "exact-p"]

KERNEL_PARAMETERS = 8
"""Of the `statistic` of planner.analyses."""

TRIAL_PARAMETERS = 3
"""Of a plain function: outcomes, treatments, contrast."""

BY_NAME = ("baselines", "alternative")
"""What a plain function is given beside them if it has a parameter of that name."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """An analysis of your own, for `read`, `simulate`, `size` and `compare`.

    function: a kernel compiled by `planner.kernel`, or a plain function of one trial::

        function(outcomes, treatments, contrast) -> estimate, standard error, degrees of freedom

    outcomes f64[patient, period] of the patients who have finished, in order of randomisation (NaN: missing);
    treatments (patient, period) by name; contrast: the weight of each treatment by name. None, or NaN in any
    of the three: the data do not determine the test. It may have parameters `baselines`, f64[patient,
    period], and `alternative` (two-sided, greater or less). It must give the same for the same trial.

    title: one line. needs: what the design must offer, a key of planner.scenario.vocabulary.NEEDS.
    reference: the distribution under the null hypothesis: `t` with whole degrees of freedom, `fractional-t`,
    `normal` (degrees of freedom then only have to be above 0), or `exact-p`: a plain function then answers
    with a p value, of the alternative, in the place of degrees of freedom. binary: of responses, 0 or 1.
    weights: whether it takes any weights, not only two treatments. baseline: `first` or `period` where
    baselines are needed. df, covariates: degrees of freedom if nobody leaves, see planner.analyses.DfRule;
    with them `show` has limits on the scale of t. citation: the publication.

    Raises AnalysisError where something of it cannot be.
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
        if type(self.covariates) is not int or self.covariates < 0:
            raise AnalysisError(f"covariates: {self.covariates!r} is no number of them")
        for name in ("title", "citation"):
            text = getattr(self, name)
            if not isinstance(text, str) or not text.isprintable() or (name == "title" and not text.strip()):
                raise AnalysisError(f"{name}: {text!r} is no line of text")
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
        if self.function is None:
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
    return hasattr(function, "py_func") or len(_parameters(function)) == KERNEL_PARAMETERS


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a plain function has a parameter of that name."""
    return name in _parameters(function)


def _parameters(function: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(plain(function)).parameters)


def _check_parameters(function: Callable[..., Any]) -> None:
    python = plain(function)
    source_of(python)
    names = list(_parameters(function))
    if hasattr(function, "py_func"):
        if not hasattr(function, "planner_source"):
            raise AnalysisError(f"{python.__name__} was not compiled by planner.kernel", "@planner.kernel")
        if len(names) != KERNEL_PARAMETERS:
            raise AnalysisError(
                f"the kernel {python.__name__} takes {len(names)} arguments, not {KERNEL_PARAMETERS}",
                "(values, h, reading, sequence, contrast, centre, counts, stat), see planner.analyses",
            )
        return
    from planner.kernels.jit import COMPILED

    own = [name for name in names if name not in BY_NAME]
    if len(own) == KERNEL_PARAMETERS and not COMPILED:
        return
    if len(own) != TRIAL_PARAMETERS:
        hint = "(outcomes, treatments, contrast), and by name baselines or alternative"
        if len(own) == KERNEL_PARAMETERS:
            hint = "a kernel is compiled: @planner.kernel"
        raise AnalysisError(f"{python.__name__} takes {len(own)} arguments, not {TRIAL_PARAMETERS}", hint)


def _one_of(what: str, value: object, known: Any) -> None:
    if value not in known:
        choice = ", ".join(repr(each) for each in known)
        raise AnalysisError(f"{what}: {value!r} is not known", f"one of {choice}")
