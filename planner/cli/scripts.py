"""The scripts by which shells complete what is typed: those that Typer has, shown or installed."""

from __future__ import annotations

from pathlib import Path

from planner.cli.exit import Problem

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")

COMPLETION = "_PLANNER_COMPLETE"
"""The variable by which a script asks for completion."""

_LOADED_BY_TAB = """
[[ $zsh_eval_context[-1] == loadautofunc ]] && _planner_completion "$@"
"""
"""Zsh loads the script at the first Tab, which Typer's leaves without an answer."""


def script_for(shell: str) -> str:
    """The script for a shell; "" for the one around."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    shell = _shell(shell)
    script = get_completion_script(prog_name="planner", complete_var=COMPLETION, shell=shell)
    return f"{script}\n{_LOADED_BY_TAB if shell == 'zsh' else ''}"


def install_script(shell: str) -> tuple[str, Path]:
    """Put the script where the shell finds it: the name of the shell, and the file."""
    from typer.completion import install  # type: ignore[attr-defined]

    shell = _shell(shell)
    try:
        path: Path = install(shell, prog_name="planner", complete_var=COMPLETION)[1]
        if shell == "zsh":
            path.write_text(script_for(shell))
    except OSError as error:
        raise Problem(
            f"completion could not be installed: {error.strerror or error}",
            hint=f"planner --show-completion {shell} prints the script, to be put where you want it",
        ) from error
    return shell, path


def _shell(name: str) -> str:
    """The shell of this name, or the one around."""
    import shellingham  # type: ignore[import-untyped]

    known = f"{', '.join(SHELLS[:-1])} or {SHELLS[-1]}"
    if not name:
        try:
            name = shellingham.detect_shell()[0]
        except shellingham.ShellDetectionFailure:
            raise Problem(
                "no shell was recognised around this command",
                hint=f"name yours behind the option: {known}",
            ) from None
    if name not in SHELLS:
        raise Problem(f"there is no completion for the shell {name!r}", hint=f"there is for {known}")
    return name
