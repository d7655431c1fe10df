"""How a helper of kernels is compiled: as far as the kernels need that take it in, and no further.

Numba optimises every function as if it were called by itself, with all that it calls in it, and makes machine
code of it. Of a helper that is inlined wherever it is called, nobody runs that: what counts is the kernel,
which is optimised with all its helpers in it. So a helper stops at the code that is linked into its callers,
which takes a third of the time of compiling away. No result is altered: what is computed follows from the
code as it is written, whatever the optimiser makes of it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numba
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import AnalysisPass, register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import IRLegalization


class _Linker:
    """Numba's code generator, for code that no engine holds, with an environment of Python objects."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)

    def set_env(self, name: str, env: Any) -> None:
        """Nothing: helpers touch no Python objects."""


class _Unfinished(JITCodeLibrary):
    """Code to be linked into that of callers: not optimised by itself, and without machine code."""

    @property
    def codegen(self) -> Any:
        return _Linker(self._codegen)

    def _optimize_final_module(self) -> None:
        """Left to the kernel."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._final_module.__library = weakref.proxy(self)
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """None: there is nothing to call."""
        self._ensure_finalized()
        return 0


@register_pass(mutates_CFG=False, analysis_only=True)
class _LeaveUnfinished(AnalysisPass):
    """Choose where the code goes, before any is made."""

    _name = "leave_unfinished"

    def __init__(self) -> None:
        AnalysisPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Answers that nothing was changed."""
        state.library = _Unfinished(state.targetctx.codegen(), state.func_id.func_qualname)
        return False


class HelperCompiler(CompilerBase):
    """The passes of Numba's own compiler, for helpers."""

    def define_pipelines(self) -> list[Any]:
        """Numba asks for them."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.add_pass_after(_LeaveUnfinished, IRLegalization)
        passes.finalize()
        return [passes]


class Helper(CPUDispatcher):
    """A function that kernels take in. Whatever else calls it gets a whole one, compiled for that call."""

    def __init__(
        self, py_func: Callable[..., Any], locals: Any = None, targetoptions: Any = None, **_: Any
    ) -> None:
        """Numba's own parameters: it makes another one from them where one is pickled."""
        super().__init__(py_func, locals or {}, targetoptions, pipeline_class=HelperCompiler)

    @cached_property
    def _whole(self) -> Any:
        options = {name: value for name, value in self.targetoptions.items() if name not in _OF_HELPERS}
        return numba.njit(**options)(self.py_func)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """From Python."""
        return self._whole(*arguments, **named)

    def compile(self, sig: Any) -> Any:
        """Compile it as far as kernels need; what is answered can be called."""
        super().compile(sig)
        return self

    def get_compile_result(self, sig: Any) -> Any:
        """Numba asks for it where a compiled function is given as a value, which is then called."""
        return self._whole.get_compile_result(sig)


_OF_HELPERS = {"nopython": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def helper(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    """Compile a helper with these options of Numba."""
    return Helper(function, targetoptions={"boundscheck": None, **options, **_OF_HELPERS})
