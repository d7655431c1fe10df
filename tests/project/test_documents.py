"""The documents show what the program does: every page is run, and the harness that runs them can fail."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.built_pages import fetched
from tests.support.documents import (
    Fenced,
    PageError,
    Session,
    commands,
    dead_links,
    fenced,
    missing_paths,
    pages,
)
from tests.support.paths import ROOT

OWN = ("docs/own-analysis.md", "docs/contributing/")
"""Pages whose code other tests put where it says, such as test_contributing.py and test_own_analysis.py."""
PAGES = pages(ROOT, OWN)
MADE = ("/visits.py", "/paired_z.py", "/events.py", "/_build/index.html")
"""Files that a page tells a contributor to write, or how to build."""
LANGUAGES = {"console", "sh", "python", "pycon", "toml", "json", "text", "{include}", "{toctree}", "{note}"}
Play = Callable[..., Session]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Play:
    """Runs a page in an empty folder, off a terminal."""
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def run(text: str, page: str = "page.md", *, slow: bool = False) -> Session:
        session = Session(tmp_path, lambda: tuple(capsys.readouterr()), slow=slow)
        session.run(text, page)
        return session

    return run


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def any_slow(page: str) -> bool:
    return any(block.slow for block in fenced(read(page), page))


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_is_so(page: str, play: Play) -> None:
    play(read(page), page)


@pytest.mark.long
@pytest.mark.parametrize("page", [page for page in PAGES if any_slow(page)])
def test_what_takes_long_is_so_too(page: str, play: Play) -> None:
    play(read(page), page, slow=True)


@pytest.mark.parametrize("page", pages(ROOT))
def test_a_page_names_what_is_there(page: str) -> None:
    assert dead_links(read(page), ROOT / page) == []
    assert [each for each in missing_paths(read(page), ROOT) if not each.endswith(MADE)] == []


@pytest.mark.parametrize("page", pages(ROOT))
def test_blocks_have_a_form_that_is_known(page: str) -> None:
    for block in fenced(read(page), page):
        assert block.caption or block.language.split(" ")[0] in LANGUAGES, (
            f"{block.place}: {block.language!r}"
        )
        if block.language == "toml" and not block.caption:
            tomllib.loads(block.text)


# The harness

TRIAL = """\
# A page

```{code-block} toml
:caption: trial.toml
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 24
[hypotheses.expected]
means = { A = 5.0, B = 0.0 }
sd_difference = 8.0
```

"""
CHECKED = "```console\n$ planner check trial.toml\ntrial.toml: valid\n```\n"
NUMBERS = "```console\n$ python -c \"print('11.5 % of all')\"\n{}\n```\n"
SIZE = "```console\n$ planner size trial.toml --power .8\nnever printed\n```\n"


def test_a_page_is_a_session(play: Play, tmp_path: Path) -> None:
    """Its file is there for its command, and what its first Python makes for its second."""
    page = (
        TRIAL
        + CHECKED
        + "```python\nx = 2\n```\n\n```pycon\n>>> x + 1\n3\n>>> print('a b c')\na ... c\n```\n"
    )
    session = play(page)
    assert session.names["x"] == 2
    assert (tmp_path / "trial.toml").exists()


def test_a_file_may_be_named_above_its_block(play: Play) -> None:
    """For the front page, which is read as plain text as well."""
    play(
        TRIAL.replace("```{code-block} toml\n:caption: trial.toml\n", "<!-- file: trial.toml -->\n```toml\n")
        + CHECKED
    )


def test_a_line_may_be_cut_after_a_word(play: Play) -> None:
    play(NUMBERS.format("11.5 %") + NUMBERS.format("11.5 % of") + NUMBERS.format("11.5 % of all"))


def test_pipes_remarks_and_exit_codes_are_shown(play: Play) -> None:
    play(
        TRIAL
        + "```console\n$ planner schema | grep -c schema_version\n$ cat trial.toml\nschema_version = 1\n"
        + "[...]\npatients = 24\n[...]\n$ planner run none.toml\nerror: none.toml\n# exit code 3\n```\n"
    )


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (CHECKED, "page.md:2: exit code 3, not 0"),
        (TRIAL + CHECKED.replace("trial.toml: valid", "trial.toml: faulty"), "page.md:15: .*does not print"),
        (
            TRIAL + "```console\n$ cat trial.toml\npatients = 24\n[...]\n[design]\n```\n",
            "All lines are, in another order",
        ),
        (NUMBERS.format("1.5 %"), "page.md:2: .*does not print"),
        (NUMBERS.format("11"), "page.md:2: .*does not print"),
        (NUMBERS.format("11."), "page.md:2: .*does not print"),
        (NUMBERS.format("11.5 % of al"), "page.md:2: .*does not print"),
        (NUMBERS.format("11.5 %\n[...]\nof all"), "page.md:2: .*does not print"),
        (TRIAL + CHECKED.replace("\n```", "\n# exit code 4\n```"), "page.md:15: exit code 0, not 4"),
        (TRIAL + "```sh\ngit status\nplanner check another.toml\n```\n", "page.md:16: exit code 3"),
        ("```console\n$ rm -r other\n```\n", "page.md:2: only planner, python and cat"),
        ("```console\nplanner check\n```\n", "page.md:1: a console block begins"),
        ("```pycon\n>>> 1 + 1\n3\n```\n", "(?s)page.md:1: .*Expected:.*3.*Got:.*2"),
        ("text\n\n```python\nx = 1\n", "page.md:3: a block without an end"),
        ("```{code-block} toml\nx = 1\n```\n", "page.md:1: a file without :caption:"),
        ("````{note}\n```sh\nls\n```\n````\n", "page.md:1: a block inside another"),
        ("text\n> ```console\n> $ planner\n> ```\n", "page.md:2: a block in a quotation"),
        ("text\n\n    ```console\n    $ planner\n    ```\n", "page.md:3: .*set in by four"),
        ("text\n\n    $ planner\n", "page.md:3: .*set in by four"),
    ],
    ids=[
        "no file",
        "other output",
        "out of order",
        "cut on the left",
        "cut on the right",
        "cut at the point",
        "cut in a word",
        "two parts of a line",
        "other exit code",
        "typed",
        "no command of ours",
        "no prompt",
        "other value",
        "no end",
        "no caption",
        "nested",
        "in a quotation",
        "set in",
        "set in, without a fence",
    ],
)
def test_a_page_that_shows_something_else_fails(page: str, says: str, play: Play) -> None:
    with pytest.raises(PageError, match=says):
        play(page)


def test_a_script_that_fails_names_its_line(play: Play) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        play("text\n\n```python\nx = 1\nx / 0\n```\n")
    last = raised.traceback[-1]
    assert (Path(last.path).name, last.lineno + 1) == ("page.md", 5)


def test_what_takes_long_is_left_to_the_long_tests(play: Play) -> None:
    """And with it the Python after it, which may need its names; `quick` and `long` decide otherwise."""
    quick = play(
        TRIAL
        + SIZE
        + "```python\nx = 1\n```\n\n<!-- long -->\n```python\nx = 2\n```\n\n```python\nx = 3\n```\n"
    )
    assert quick.names["x"] == 1
    with pytest.raises(PageError, match="never printed"):
        play(TRIAL + "<!-- quick -->\n" + SIZE.replace(".8", ".8 --trials 1000"))


def test_the_parts_of_a_page_are_read_as_they_stand() -> None:
    first, second = fenced(
        TRIAL + "```console\n$ planner run \\\n    a.toml\n\nx\n[...]\n\n  y\n\n```\n", "page.md"
    )
    assert (first.caption, first.language, first.line) == ("trial.toml", "toml", 3)
    assert first.text.startswith("schema_version = 1\n[design]\n")
    (command,) = commands(second)
    assert (command.words, command.excerpts()) == ("planner run a.toml", ["x", "  y"])
    typed = Fenced("page.md", 1, "sh", "", "pip install x\nplanner run a  # all\nplanner bench\n", "")
    assert [(each.words, each.line) for each in commands(typed)] == [("planner run a", 3)]


def test_dead_links_and_missing_paths_are_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A title, long\n")
    text = "# Here\n[a](page.md#a-title-long) [b](page.md#b) [c](none.md) [d](#here) [e](#there) [f](https://x.org)"
    assert dead_links(text, page) == ["page.md#b", "none.md", "#here", "#there"]
    page.write_text(text)
    assert dead_links(text, page) == ["page.md#a-title-long", "page.md#b", "none.md", "#there"]
    assert missing_paths("`test_documents.py` `test_none.py`", ROOT) == ["test_none.py"]
    assert missing_paths("`planner/cli` `planner/none.py` `planner/questions/X.py`\n", ROOT) == [
        "planner/none.py"
    ]


@pytest.mark.parametrize(
    ("text", "suffix", "finds"),
    [
        ('<script src="https://cdn.org/a.js"></script>', ".html", ["https://cdn.org/a.js"]),
        ('<link rel="stylesheet" href="//fonts.org/f.css">', ".html", ["//fonts.org/f.css"]),
        ("<style>p { background: url(http://x.org/p.png) }</style>", ".html", ["http://x.org/p.png"]),
        ('@import "https://x.org/s.css"; a { src: url(f.woff) }', ".css", ["https://x.org/s.css"]),
        ('<a href="https://x.org">x</a><img src="_static/p.png">', ".html", []),
    ],
)
def test_what_a_built_page_would_fetch_is_noticed(text: str, suffix: str, finds: list[str]) -> None:
    assert fetched(text, suffix) == finds
