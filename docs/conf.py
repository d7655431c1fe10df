"""How the documents are built: `sphinx-build -W -b html docs docs/_build`. Nothing comes from a network."""

from __future__ import annotations

import sys
from pathlib import Path

from planner._version import __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "planner"
author = "The planner developers"
version = release = __version__

extensions = ["myst_parser", "references"]  # the second writes the pages in reference/
exclude_patterns = ["_build", "_extensions"]
myst_heading_anchors = 4  # links to `page.md#a-heading`, as on a forge
myst_links_external_new_tab = False

html_theme = "furo"
html_title = f"planner {__version__}"
html_theme_options: dict[str, object] = {}
html_copy_source = False
html_show_sourcelink = False
