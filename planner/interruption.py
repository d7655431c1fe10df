"""Whether somebody has asked the program to end.

Python answers Ctrl-C by raising KeyboardInterrupt wherever the main thread happens to be. In a callback of a
compiled library it is swallowed there. So the command line also notes the request here, and whoever waits for
simulations looks.
"""

_asked = False


def ask(wanted: bool = True) -> None:
    """Note that the program should end; with False, forget it."""
    global _asked
    _asked = wanted


def check() -> None:
    """Raise KeyboardInterrupt if the program was asked to end."""
    if _asked:
        raise KeyboardInterrupt
