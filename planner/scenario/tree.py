"""Nested tables, as TOML and JSON have them."""

from __future__ import annotations

from typing import Any

Tree = dict[str, Any]
"""Texts, numbers, dates, None, lists and tables by name: what is inside is known to whoever looks."""
