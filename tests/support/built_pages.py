"""Built pages need no network: `python -m tests.support.built_pages FOLDER` names what they would fetch.

Links that a reader may follow are no matter; scripts, styles, fonts, pictures and frames of another host are.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

FETCHED = {"src", "srcset", "data", "poster"}
ELSEWHERE = re.compile(r"^\s*(https?:)?//", re.I)
IN_STYLES = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s;]+)""", re.I)


class Fetches(HTMLParser):
    """Collects the addresses of other hosts that a browser would fetch to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in FETCHED or (tag == "link" and name == "href"):
                self.addresses += [value] if value and ELSEWHERE.match(value) else []
            elif name == "style":
                self.addresses += IN_STYLES.findall(value or "")


def fetched(text: str, suffix: str = ".html") -> list[str]:
    """The addresses of other hosts that a page or a style sheet would fetch."""
    if suffix == ".css":
        return IN_STYLES.findall(text)
    parser = Fetches()
    parser.feed(text)
    styles = re.findall(r"<style[^>]*>(.*?)</style>", text, re.S | re.I)
    return parser.addresses + [each for style in styles for each in IN_STYLES.findall(style)]


def main(folder: str) -> int:
    """Look at every page and style sheet of a folder; 1 where one would fetch something, or there is none."""
    files = [each for each in sorted(Path(folder).rglob("*")) if each.suffix in (".html", ".css")]
    found = [
        f"{file}: {address}"
        for file in files
        for address in fetched(file.read_text(encoding="utf-8"), file.suffix)
    ]
    print("\n".join(found) or f"{len(files)} pages and styles fetch nothing from another host")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
