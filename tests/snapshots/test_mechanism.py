"""The snapshots themselves: a changed page fails; only the version is masked."""

from __future__ import annotations

import pytest

from planner._version import __version__
from tests.support.pages import Page, keys, masked

pytest_plugins = ["pytester"]

INNER = """
import pytest
from tests.support.pages import Page, TextFile, check

def test_page(snapshot):
    check(Page(("run",), output={output!r}).forms(), snapshot.use_extension(TextFile))
"""


def inner(pytester: pytest.Pytester, output: str, *options: str) -> pytest.RunResult:
    """A test run of its own, in an empty folder, over a page of this text."""
    pytester.makepyfile(test_inner=INNER.format(output=output))
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:randomly", *options)


def test_a_changed_page_fails(pytester: pytest.Pytester) -> None:
    inner(pytester, "power 80 %\n", "--snapshot-update").assert_outcomes(passed=1)
    outcome = inner(pytester, "power 81 %\n")
    outcome.assert_outcomes(failed=1)
    how = "*pytest tests/snapshots -n 0 --snapshot-update*"
    outcome.stdout.fnmatch_lines([how, "*Changed: piped*", "*power 80 %*", "*power 81 %*"])


def test_only_the_version_is_masked() -> None:
    text = (
        "planner run x.toml --seed 1\n61 ± 3 % in 0.35 s, 1,234 trials/s, /tmp/a, digest f76b498cd47d, 0.0.1"
    )
    assert masked(text) == text
    assert masked(f"planner {__version__}: {text}") == f"planner X.Y.Z: {text}"
    page = Page(("run",), 4, f"{__version__} and 12\n", "warning: 3\n")
    piped = "$ planner run\nX.Y.Z and 12\n--- standard error\nwarning: 3\n--- exit code 4\n"
    assert page.forms() == {"piped": piped}


def test_keys_say_what_a_document_is_made_of() -> None:
    document = {"a": [{"b": 1}, {"b": None, "c": "x"}], "d": {}, "e": True, "f": []}
    assert keys(document) == [
        "a[].b: null or number",
        "a[].c: text",
        "d: nothing in it",
        "e: true or false",
        "f: nothing in it",
    ]
