"""Files of patients as other programs write them: read with the same values, or refused with every place.

The values that must be found are written here by hand, or by Python's csv module; nothing hangs on how
planner reads.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from itertools import product
from pathlib import Path

import pytest

from planner.data.long_format import read_patients, spelled
from planner.questions.weigh.data import observed_in
from planner.scenario.faults import MAX_FAULTS, ScenarioError
from planner.scenario.reading.read import read_text
from tests.support.commands import Cli, cli
from tests.support.patient_files import LINES, PLAN, TWO, VALUES, found_in, refused, values

__all__ = ["cli"]


UNSPACED = re.sub("(A) (B)|(B) (A)", lambda m: m[0].replace(" ", ""), LINES)


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        LINES.replace("\n", "\r"),
        LINES.replace("\n", "\r\n"),
        "\ufeff" + LINES,
        LINES.encode("utf-16"),
        LINES.replace(",", "\t"),
        LINES.replace(",", ";"),
        LINES.replace(",", ";").replace(".", ","),
        "sep=;\n" + LINES.replace(",", ";"),
        "# made by hand\n\n" + LINES.replace("\n1,A B,2", '\n  # a word, "another\n1,A B,2'),
        LINES.replace(",1,", ",1.0,").replace(",2,", ",2.0,"),
        UNSPACED,
        UNSPACED.replace("AB", "A-B").replace("BA", "b/a"),
        LINES.replace("A B", "a b").replace(",A,", ",a,"),
        LINES.replace("subject", " Subject ").replace("value", "VALUE"),
        LINES.replace("5.1", " 5.1 ").replace("3.2", '"3.2"'),
        LINES.replace("5.1", "51e-1").replace("3.2", "+3.2E0").replace(",2\n", ",2.\n"),
        LINES.replace("\n", ",,\n").replace("value,,", "value,note,more"),
        LINES + "\n\n  \n,,,,\n",
        LINES.replace("1,A B,1", '"1",A B,1'),
        "day,measure," + LINES.replace("\n", "\n1.0,Score,").removesuffix("1.0,Score,"),
        "day," + LINES.replace("\n", "\n1,").removesuffix("1,") + "2,1,A B,1,A,99\n2,1,A B,2,B,99\n",
        "note,"
        + LINES.replace("\n", '\n"two\nlines, ""and more""",').removesuffix('"two\nlines, ""and more""",'),
    ],
)
def test_the_same_patients_in_many_spellings(tmp_path: Path, content: str | bytes) -> None:
    assert values(found_in(tmp_path, content)) == VALUES


def test_a_minus_sign_is_a_minus(tmp_path: Path) -> None:
    assert values(found_in(tmp_path, LINES.replace("5.1", "\u22125.1")))["1"][0] == -5.1


@pytest.mark.parametrize(
    ("text", "value"), [("5e9", 5e9), ("1.7e308", 1.7e308), ("4.9e-324", 5e-324), ("1e3", 1e3)]
)
def test_numbers_of_every_size(tmp_path: Path, text: str, value: float) -> None:
    assert values(found_in(tmp_path, LINES.replace("5.1", text)))["1"][0] == value


@pytest.mark.parametrize("text", ["", "NA", "nan", "N/A", "null", "None", "."])
def test_missing_values(tmp_path: Path, text: str) -> None:
    assert values(found_in(tmp_path, LINES.replace("5.1", text)))["1"] == {0: None, 1: 3.2}


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        (("5.1", "5_1"), ':2:11: error: value: "5_1" is not a number', "no other marks in a number"),
        (("5.1", "inf"), '"inf" is not a number', "nothing that is measured is infinite"),
        (("5.1", "1e999"), '"1e999" is too large a number', "1.8e308"),
        (("5.1", "9" * 400), "is too large a number", "1.8e308"),
        (("5.1", "\u0665"), "is not a number", "the digits 0 to 9"),
        (("5.1", '"5,1"'), "", ""),
        (("5.1", '"5,100"'), "is not a number", "a decimal comma, or a thousand?"),
        (("5.1", '"5,100.0"'), "is not a number", "a decimal point and no other marks"),
        (("5.1", "5 100"), "is not a number", "a decimal point and no other marks"),
        (("5.1", "5'100"), "is not a number", "a decimal point and no other marks"),
        (("5.1", "<50"), "is not a number", "limit of detection"),
        (("5.1", "0x10"), "is not a number", "leave it empty"),
        (("5.1", "5,1"), ":2:1: error: has 6 cells, the first line has 5", "written with a point"),
        (("1,A B,1,", "1,A B,1.5,"), ':2:7: error: period: "1.5" is no period of a sequence of 2', "from 1"),
        (("1,A B,1,", "1,A B,0,"), '"0" is no period', "from 1"),
        (("1,A B,1,", "1,A B,1_0,"), '"1_0" is no period', "from 1"),
        (("1,A B,1,", "1,A B,1e400,"), '"1e400" is no period', "from 1"),
        (("1,A B,1,", "1,A B,,"), "the period is missing", "from 1"),
        (("1,A B,1", "1,A C,1"), ':2:3: error: sequence: "A C" is no sequence of this', "did you mean A B?"),
        (("1,A B,1,A,5.1", '1,A B,1,A,"5.1'), ":2:11: error: a quotation mark opens here", "close"),
        (("1,A B,1,A,5.1", '1,A B,1,"A"x,5.1'), ":2:", "written twice"),
        (("5.1", "7" * 200_000), ":2:11: error: value: a cell has more than 131,072 characters", "missing?"),
        (("5.1", "5.1\0"), ":2:14: error: has a NUL byte", "once more as CSV"),
        (("subject", "patient"), ":1:1: error: has no column subject", "names the columns"),
        (("value", "values"), "has no column value", 'value: did you mean values?'),
        (("period,treatment", "period,treatment,value"), "1:35: error: value: has two columns value", ""),
        ((LINES, "\n \r\n"), "error: is empty", "names the columns"),
        ((LINES, "# nothing\n#,but,comments\n"), "has no line but comments", "names the columns"),
        ((LINES, LINES.split("\n")[0]), ":1:1: error: has no patients", "one line for each patient"),
        ((LINES, LINES.replace("\n1", "\n#1").replace("\n2", "\n#2")), "has no patients", "# are comments"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, change: tuple[str, str], message: str, hint: str
) -> None:
    if not message:  # one comma among points cannot be told from a mistake
        message, hint = '"5,1" is not a number', "a decimal point"
    (fault, *_) = refused(tmp_path, LINES.replace(*change))
    assert message in fault
    assert hint in fault
    assert max(map(len, fault.split("\n"))) < 200


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    content = LINES.replace("5.1", "5_1").replace("3.2", "x").replace("2,B A,1,B", "2,B Z,1,B")
    content = content.replace("2,B A,2,A,4.9", "2,B A,3,A") + "3,A B,1,B,oops\n"
    said = refused(tmp_path, content)
    assert [text.split(":")[1] for text in said] == ["2", "3", "4", "5", "6", "6"]
    letters = ["".join(pair) for pair in product("CDEFGHIJKLMNOPQRST", repeat=2)][:290]
    many = LINES + "".join(f"{n},A B,1,{name},5\n" for n, name in enumerate(letters, 10))
    said = refused(tmp_path, many)
    assert len(said) == MAX_FAULTS + 1
    assert "190 more faults are not shown" in said[-1]


def test_alike_faults_of_many_lines_are_told_once(tmp_path: Path) -> None:
    """Decimal commas between commas; values below a limit of detection; and one fault of its own."""
    heads = [f"{n},A B,{k},{'AB'[k - 1]}" for n in range(1, 19) for k in (1, 2)]
    columns = LINES.split("\n")[0]
    (only,) = refused(tmp_path, "\n".join([columns, *(f"{head},2,6{i}" for i, head in enumerate(heads))]))
    assert "has 6 cells, the first line has 5; the same on 36 lines in all: this one and 3 to 37" in only
    assert "decimals are written with a point" in only
    lines = [
        columns,
        *(f"{head},{'<' + str(i) if i % 3 else 'x' if i == 3 else 5}" for i, head in enumerate(heads)),
    ]
    first, other = refused(tmp_path, "\n".join(lines))
    assert '"<1" is not a number; the like on 24 lines in all: this one and 4, 6 to 7' in first
    assert ':5:11: error: value: "x" is not a number' in other
    few = [columns, *(f"{head},{'x' if i < 5 else 5}" for i, head in enumerate(heads))]
    assert len(refused(tmp_path, "\n".join(few))) == 5  # each has its place


def test_faults_of_the_measure_have_their_places_too(tmp_path: Path) -> None:
    plan = read_text(
        PLAN.replace("means = { A = 5.0, B = 3.0 }", "rates = { A = 0.5, B = 0.2 }").replace(
            "sd_within = 1.0\nsd_between = 2.0", "correlation = 0.2"
        ),
        set=["endpoint.measure=response"],
    )
    path = tmp_path / "patients.csv"
    path.write_text(LINES)
    with pytest.raises(ScenarioError) as caught:
        observed_in(plan, path)
    assert [(fault.line, fault.column, fault.path) for fault in caught.value.faults] == [
        (2, 11, "value"), (3, 11, "value"), (4, 11, "value"), (5, 11, "value"),
    ]  # fmt: skip
    changes = read_text(PLAN, set=["endpoint.measure=change"])
    with pytest.raises(ScenarioError) as caught:
        observed_in(changes, path)
    assert ["needs a baseline" in fault.message for fault in caught.value.faults] == [True]
    rows = LINES.replace("\n", ",7\n").replace("value,7", "value,baseline").replace("3.2,7", "3.2,")
    path.write_text(rows.replace("2,7", "2,"))
    with pytest.raises(ScenarioError) as caught:
        observed_in(changes, path)
    assert [(fault.line, fault.path) for fault in caught.value.faults] == [(3, "baseline"), (4, "baseline")]


def test_the_days_of_a_file_are_named(cli: Cli, tmp_path: Path) -> None:
    Path("plan.toml").write_text(PLAN)
    rows = "day," + LINES.replace("\n", "\n2,").removesuffix("2,")
    Path("days.csv").write_text(rows)
    code, out, err = cli("weigh", "plan.toml", "--data", "days.csv", "-q")
    assert (code, out) == (3, "")
    assert "day: has no value of day 1" in err
    assert "the file has day 2: --set endpoint.day=2 reads that" in err
    assert cli("weigh", "plan.toml", "--data", "days.csv", "--set", "endpoint.day=2", "-q")[0] == 0
    measures = "measure," + LINES.replace("\n", "\nchange,").removesuffix("change,")
    (fault,) = refused(tmp_path, measures)
    assert "has no score of day 1" in fault
    assert "the file has change" in fault
    (fault,) = refused(tmp_path, rows.replace("\n2,1,A B,1", "\nx,1,A B,1"))
    assert ':2:1: error: day: "x" is not a number' in fault


def test_comments_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "patients.csv"
    path.write_text(LINES.replace("2,B A,1", "#3,A B,1,A,9\n2,B A,1"))
    assert (
        "2 of 2 patients have all their values; 1 line that begins with # passed over."
        in observed_in(read_text(PLAN), path).note
    )


# Sequences without blanks


@pytest.mark.parametrize(
    ("text", "sequences", "meant"),
    [
        ("RTRT", ["R T R T", "T R T R"], ["R T R T"]),
        ("rtrt", ["R T R T", "T R T R"], ["R T R T"]),
        ("KKN", ["K KN", "KN K"], ["K KN"]),
        ("KN-K", ["K KN", "KN K"], ["KN K"]),
        ("ABA", ["AB A", "A BA"], ["AB A", "A BA"]),
        ("A BA", ["AB A", "A BA"], ["A BA"]),
        ("A-1 B", ["A-1 B", "B A-1"], ["A-1 B"]),
        ("A", ["A", "a"], ["A"]),
        ("RTT", ["R T R T", "T R T R"], []),
        ("", ["A B"], []),
        ("-", ["A B"], []),
    ],
)
def test_sequences_are_recognised_where_one_is_meant(
    text: str, sequences: list[str], meant: list[str]
) -> None:
    known = [tuple(each.split()) for each in sequences]
    assert [" ".join(each) for each in spelled(text, known)] == meant


def test_an_ambiguous_sequence_is_refused(tmp_path: Path) -> None:
    lines = LINES.replace("A B", "ABA").replace("B A", "ABA")
    said = refused(tmp_path, lines, sequences=(("AB", "A"), ("A", "BA")))
    assert '"ABA" may be AB A or A BA' in said[0]
    assert "put a blank between" in said[0]


# What is no file


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices as on Unix")
@pytest.mark.parametrize("command", ["data", "scenario"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "endless", "socket", "absent"])
def test_only_regular_files_are_opened(cli: Cli, command: str, kind: str) -> None:
    Path("plan.toml").write_text(PLAN)
    path, said = (
        "odd",
        {"folder": "is a folder", "pipe": "is a pipe that nobody writes to", "socket": "is a socket"}.get(
            kind, "is a device"
        ),
    )
    if kind == "folder":
        Path(path).mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
    elif kind == "absent":
        said = "cannot be read: " if command == "data" else "there is no such file"
    else:
        path = "/dev/null" if kind == "device" else "/dev/zero"
    words = ["weigh", "plan.toml", "--data", path] if command == "data" else ["weigh", path]
    code, out, err = cli(*words, "-q")
    assert (code, out) == (3, "")
    assert said in err


@pytest.mark.skipif(os.name != "posix", reason="pipes as on Unix")
@pytest.mark.parametrize("late", [0.0, 0.4])
def test_a_pipe_that_somebody_writes_to_is_read(tmp_path: Path, late: float) -> None:
    """As in `planner weigh plan.toml --data <(command)`, also where the writer is slow."""
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def write() -> None:
        time.sleep(late)
        with path.open("w") as pipe:
            for line in LINES.splitlines(keepends=True):
                pipe.write(line)
                pipe.flush()
                time.sleep(late / 4)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert values(read_patients(path, "score", 1.0, TWO)) == VALUES
    finally:
        writer.join(timeout=30)


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (fault,) = refused(tmp_path, LINES.replace("1,A B", "\xe9,A B").replace("\n", "\r").encode("latin-1"))
    assert ":2:1: error: is not UTF-8 text: byte 0xe9" in fault
    (fault,) = refused(tmp_path, LINES.encode("utf-16")[:-1])
    assert "is not UTF-16 text" in fault


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    (fault,) = refused(tmp_path, b"a" * 20_000_001)
    assert "is larger than 20,000,000 bytes" in fault
