"""How the documents are built: `sphinx-build -W -b html docs docs/_build`. Nothing comes from a network."""

from __future__ import annotations

from planner._version import __version__

project = "planner"
author = "The planner developers"
version = release = __version__

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 4  # links to `page.md#a-heading`, as on a forge
myst_links_external_new_tab = False

html_theme = "furo"
html_title = f"planner {__version__}"
html_theme_options: dict[str, object] = {}
html_copy_source = False
html_show_sourcelink = False
