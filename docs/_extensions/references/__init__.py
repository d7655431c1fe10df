"""A Sphinx extension that writes the reference pages: nothing in them is written down a second time.

Scenario keys come from the JSON Schema and its fields, methods from what `planner methods` prints,
commands from the command line itself, Python from the docstrings. The pages go to `docs/reference/`,
which Git ignores.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .pages import write


def setup(app: Any) -> dict[str, object]:
    """Write the pages before Sphinx looks for documents."""
    app.connect("config-inited", _signatures)
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "reference"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _signatures(app: object, config: Any) -> None:
    """Of a long signature, one parameter a line."""
    config.maximum_signature_line_length = 72
