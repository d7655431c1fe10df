"""Nested objects and lists of JSON or TOML, for tests."""

from __future__ import annotations

from typing import Any


def look_up(tree: Any, path: str) -> Any:
    """What stands at a path such as `design.arms.0`."""
    for part in path.split("."):
        tree = tree[int(part)] if isinstance(tree, list) else tree[part]
    return tree
