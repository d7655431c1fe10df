"""The command line. Nothing heavy is imported here: `planner --help` must answer at once.

Each command lives in a module of this package as a function that parses, calls and renders; what it needs
(numpy, numba, polars, rich) it imports inside. Commands return their exit code, None meaning 0.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import warnings
from contextlib import suppress
from types import FrameType
from typing import Any, TextIO

from planner import _interruption as interruption
from planner._platform import address_space, signals_of
from planner.cli import streams
from planner.cli.exit import BUG, HUNG_UP, INTERRUPTED, INVALID, OK, TERMINATED, USAGE, Problem
from planner.cli.scripts import COMPLETION
from planner.errors import PlannerError

WELCOME = """\
planner {version}: power, early stopping, expected size and bias of crossover trials, by simulation.

Try these:
  planner run williams-2018     simulate a trial of the catalogue: power, early stops, size, bias
  planner show williams-2018    the same design in plain English, nothing simulated
  planner new my-trial.toml     start your own scenario from a commented template

All commands: planner --help
"""

_GARBAGE = 100_000
"""Objects after which Python looks for garbage: what a command builds at its start is none, and 700 of them,
Python's own threshold, cost a short command a tenth of its time."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    gc.set_threshold(_GARBAGE)
    atexit.register(gc.freeze)  # nor is it searched once more at the end, when all of it goes anyway
    signals = _Signals()
    try:
        with streams.standing(), signals:
            code = _ended(sys.argv[1:] if arguments is None else arguments, signals)
    except KeyboardInterrupt:  # between the commands and the shell there is a moment, too
        code = INTERRUPTED
    return signals.code if code == INTERRUPTED else code


def _ended(arguments: list[str], signals: _Signals) -> int:
    """The exit code of the answer, with its output written, or given up where nobody takes it."""
    code = OK
    try:
        code = _answer(arguments, signals)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has left (`| head`): not an error. Python must not try to flush again at exit.
        streams.discard(sys.stdout)
    except OSError as error:  # a full disk behind `> file`, or an output that is closed
        from planner.cli.terminal import fail

        streams.discard(sys.stdout)
        if signals.seen:  # the terminal has gone
            return INTERRUPTED
        fail(
            f"the output could not be written: {error.strerror or error}",
            hint="is the disk full, or the output closed? -o FILE writes to a file",
        )
        code = USAGE
    return code


_CODES = {"SIGHUP": HUNG_UP, "SIGINT": INTERRUPTED, "SIGTERM": TERMINATED}


class _Signals:
    """SIGTERM and SIGHUP end a run in order, as Ctrl-C does: what is finished is still printed."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self._before: dict[int, Any] = {}
        self._hook = sys.unraisablehook

    def __enter__(self) -> _Signals:
        interruption.request(False)  # of a command before, whose own end was interrupted
        with suppress(ValueError):  # outside the main thread the signals belong to somebody else
            for number in signals_of(*_CODES):
                # Ignored, as by nohup or in the background of a shell, it stays so.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._interrupt)
        self._hook, sys.unraisablehook = sys.unraisablehook, self._lost
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        sys.unraisablehook = self._hook
        interruption.request(False)

    @property
    def code(self) -> int:
        """The exit code of an interrupted command: that of what ended it, a request to end before Ctrl-C."""
        names = [signal.Signals(number).name for number in self.seen]
        return next((_CODES[name] for name in names if name != "SIGINT"), INTERRUPTED)

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        self.seen.append(number)
        if signal.Signals(number).name == "SIGHUP":
            streams.leave_terminals()
        interruption.interrupt()

    def _lost(self, lost: sys.UnraisableHookArgs) -> None:
        """An interruption in a callback cannot be raised there; it is remembered, so no traceback of it."""
        if not (self.seen and isinstance(lost.exc_value, KeyboardInterrupt)):
            self._hook(lost)


def _answer(arguments: list[str], signals: _Signals) -> int:
    """Answer the two trivial questions without importing anything, and everything else with Typer."""
    from planner._version import __version__

    if instruction := os.environ.get(COMPLETION):
        from planner.cli.completion import complete

        return complete(instruction)
    if not arguments:
        sys.stdout.write(WELCOME.format(version=__version__))
        return OK
    if arguments[0] in ("--version", "-V"):
        sys.stdout.write(f"planner {__version__}\n")
        return OK
    if arguments in (["--install-completion"], ["--show-completion"]):
        arguments = [*arguments, ""]  # an option needs a value: that of the shell around
    return _command(arguments, signals)


def _command(arguments: list[str], signals: _Signals) -> int:
    import typer

    from planner.cli.app import build

    usage_error: type[Exception] = typer.BadParameter.__mro__[1]  # Typer has no public name for it
    command = build(arguments[0])
    show_before, warnings.showwarning = warnings.showwarning, _warning
    try:
        # Not command.main(), which would answer a broken pipe and other exceptions in its own way.
        with command.make_context("planner", list(arguments)) as context:
            return command.invoke(context) or OK
    except typer.Exit as end:
        return end.exit_code
    except usage_error as error:
        return _usage(error)
    except (BrokenPipeError, KeyboardInterrupt, streams.OutputError):
        raise
    except Exception as error:
        if signals.seen:  # an interruption that a library has turned into another error
            raise KeyboardInterrupt from error
        return _unexpected(error, arguments)
    finally:
        warnings.showwarning = show_before


def _warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning of Python's own, in the form of all others and without the line of code that gave it."""
    from planner.cli.terminal import warn

    warn(str(message))


def _usage(error: Exception) -> int:
    """A misused command: what is wrong, and where its help is."""
    from planner.cli.terminal import fail

    context = getattr(error, "ctx", None)
    command = context.command_path if context else "planner"
    message, hint = _in_words(error)
    fail(message[:1].lower() + message[1:].rstrip("."), hint=hint or f"{command} --help")
    return USAGE


def _in_words(error: Exception) -> tuple[str, str]:
    """What a misused command is told, and what may have been meant."""
    context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
    if hasattr(error, "possibilities") and context is not None:  # an option that there is not
        from planner.cli.app import build
        from planner.cli.meant import option_meant

        option = getattr(error, "option_name", "")
        return f"{context.command_path} has no option {option}", option_meant(option, context, build)
    suggestion = getattr(error, "suggestion", "")
    if hasattr(error, "param_hint") and parameter is not None and str(error):
        return f"{parameter.opts[-1]}: {error}", suggestion
    return getattr(error, "format_message", error.__str__)(), suggestion


def _unexpected(error: Exception, arguments: list[str]) -> int:
    """What planner explains, or a bug: in one line, and the traceback only on request."""
    from planner.cli.terminal import fail, faults
    from planner.scenario.faults import ScenarioError

    if isinstance(error, ScenarioError):
        faults(error)
        return INVALID
    if isinstance(error, PlannerError):
        fail(error.message, hint=error.hint)
        return error.code if isinstance(error, Problem) else INVALID
    if isinstance(error, MemoryError):
        fail(
            "there is not enough memory",
            hint="lower the patients, the hypotheses (--hypothesis NAME), --draws or --threads",
        )
        return INVALID
    limit = address_space()
    if limit is not None and "llvm" in str(error).lower():
        fail(
            f"there is not enough memory to load the compiler: this process may have {limit // 10**6:,} MB",
            hint="a limit of the shell keeps memory back: ulimit -v unlimited",
        )
        return INVALID
    if "-v" in arguments or "--verbose" in arguments:
        import traceback

        traceback.print_exception(error)
    where = " ".join(str(error).split()) or "no further explanation"
    fail(
        f"internal error: {type(error).__name__}: {where}",
        hint="this is a fault of planner, not yours; add -v for the traceback and report it",
    )
    return BUG
