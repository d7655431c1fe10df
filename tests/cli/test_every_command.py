"""Every command on every way to state a trial: what one takes, the others take.

A setting that is read, checked and shown, but breaks the run, is found by no test of the reading alone.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.commands import Cli, cli

__all__ = ["cli"]

HEAD = 'schema_version = 1\ntitle = "One of many"\n'
AB_BA = '[design]\nsequences = ["A B", "B A"]\npatients = 24\n'
MECHANISM = """\
[agents]
d = { dose = "x" }
[treatments]
P = { agents = [] }
Q = { agents = ["d"] }
[design]
sequences = ["P Q", "Q P"]
patients = 20
washout_days = 14
[endpoint]
scale = { low = 0, high = 52, step = 1, better = "lower", response = 0.5 }
measure = "change"
[signals]
s = { activated_by = { d = 1 } }
[components.c]
size = { mean = 0.3, sd = 0.1 }
half_life_days = 1.0
[hypotheses.h]
terms = [{ component = "c", needs = ["s"] }]
[population]
rating_sd = 4.0
baseline = BASELINE
"""
STATED = {
    "means": AB_BA + "[hypotheses.h]\nmeans = { A = 2.0, B = 0.0 }\nsd_difference = 2.5\n",
    "odd": AB_BA.replace("24", "25") + "[hypotheses.h]\nmeans = { A = 2.0, B = 0.0 }\nsd_difference = 2.5\n",
    "looks": "[monitoring]\nlooks = [12, 24]\nfutility = { rule = 'conditional-power', at_most = 0.2 }\n"
    + AB_BA
    + "[hypotheses.h]\nmeans = { A = 2.0, B = 0.0 }\nsd_difference = 2.5\n",
    "negative correlation": AB_BA
    + "[hypotheses.h]\nmeans = { A = 2, B = 0 }\nsd = 2.0\ncorrelation = -0.5\n",
    "SDs by treatment": AB_BA
    + "[hypotheses.h]\nmeans = { A = 2, B = 0 }\nsd = { A = 2.0, B = 3.0 }\ncorrelation = 0.3\n",
    "dropout": AB_BA
    + "[population]\ndropout = { per_period = 0.2 }\n"
    + "[hypotheses.h]\nmeans = { A = 2, B = 0 }\nsd_difference = 2.5\n",
    "carryover": AB_BA
    + "[hypotheses.h]\nmeans = { A = 2, B = 0 }\nsd_difference = 2.5\ncarryover = { A = 0.5 }\n",
    "carryover in the model": '[design]\nsequences = ["A B B A", "B A A B"]\npatients = 24\n'
    "[[analyses]]\nmethod = 'fixed-subject'\ncontrast = ['A', 'B']\ncarryover = true\n"
    "[hypotheses.h]\nmeans = { A = 2, B = 0 }\nsd_within = 2.0\nsd_between = 2.0\n",
    "one period": '[design]\nsequences = ["A", "B"]\npatients = 40\n'
    "[hypotheses.h]\nmeans = { A = 2, B = 0 }\nsd = 2.0\n",
    "three treatments": '[design]\nname = "williams"\narms = ["A", "B", "C"]\npatients = 24\n'
    "[hypotheses.h]\nmeans = { A = 2, B = 0, C = 1 }\nsd_within = 2.0\nsd_between = 2.0\n",
    "several analyses": AB_BA
    + "[[analyses]]\nmethod = 'hills-armitage'\ncontrast = ['A', 'B']\n"
    + "[[analyses]]\nmethod = 'paired-t'\ncontrast = ['A', 'B']\n"
    + "[hypotheses.h]\nmeans = { A = 2, B = 0 }\nsd_difference = 2.5\n",
    "rates": "[endpoint]\nmeasure = 'response'\n"
    + AB_BA
    + "[hypotheses.h]\nrates = { A = 0.7, B = 0.3 }\ncorrelation = 0.2\n",
    "discordant and rates": "[endpoint]\nmeasure = 'response'\n"
    + AB_BA
    + "[hypotheses.h]\nrates = { A = 0.7, B = 0.3 }\ndiscordant = { A = 0.5, B = 0.1 }\n",
    "discordant alone": "[endpoint]\nmeasure = 'response'\n"
    + AB_BA
    + "[hypotheses.h]\ndiscordant = { A = 0.5, B = 0.1 }\n",
    "entry by the first baseline": MECHANISM.replace("BASELINE", "{ mean = 18, sd = 4, at_least = 20 }")
    + "entry = 'baseline'\n",
    "a baseline without spread": MECHANISM.replace("BASELINE", "{ mean = 24, sd = 0 }"),
}
COMMANDS = {
    "check": ("check", "plan.toml", "--json"),
    "show": ("show", "plan.toml", "--json"),
    "page of show": ("show", "plan.toml"),
    "run": ("run", "plan.toml", "--trials", "512", "--json"),
    "page of run": ("run", "plan.toml", "--trials", "512", "-q"),
    "size": ("size", "plan.toml", "--power", ".6", "--max-patients", "80", "--trials", "2048", "--json"),
    "page of size": ("size", "plan.toml", "--power", ".6", "--max-patients", "80", "--trials", "2048", "-q"),
    "compare": ("compare", "plan.toml", "plan.toml", "--trials", "512", "--json"),
    "trial": ("trial", "plan.toml", "--replay", "1", "--json"),
    "page of trial": ("trial", "plan.toml", "--replay", "1", "-q"),
    "CSV of a trial": ("trial", "plan.toml", "--replay", "1", "--format", "csv", "-q"),
    "dry run": ("run", "plan.toml", "--dry-run", "--json"),
    "sensitivity": ("run", "plan.toml", "--trials", "512", "--sensitivity", "--json"),
}


@pytest.mark.parametrize("stated", STATED)
def test_every_command_takes_what_every_other_takes(stated: str, cli: Cli) -> None:
    Path("plan.toml").write_text(HEAD + STATED[stated])
    for name, arguments in COMMANDS.items():
        code, out, err = cli(*arguments)
        assert "internal error" not in err, (name, err)
        assert code in ((0, 4) if "size" in name else (0,)), (name, err)
        assert out, name
        if "--json" in arguments:
            json.loads(out)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["hypotheses.h.means={}"], "says nothing of A and B"),
        (
            ["hypotheses.h.means={A=1e9,B=999999999.999}", "hypotheses.h.sd_difference=0.0015"],
            "too much alike",
        ),
        (["hypotheses.h.sd_difference=1e-12"], "too much alike"),
    ],
)
def test_what_cannot_be_computed_is_a_fault_with_its_place(settings: list[str], says: str, cli: Cli) -> None:
    """They ended in an internal error, or in a power that was silently wrong."""
    Path("plan.toml").write_text(HEAD + STATED["means"])
    for command in ("check", "run", "show"):
        code, _, err = cli(command, "plan.toml", *(word for each in settings for word in ("--set", each)))
        assert code == 3
        assert says in " ".join(err.split())


@pytest.mark.parametrize("scale", [1e-160, 1e-6, 1.0, 1e6])
def test_power_does_not_depend_on_the_unit(scale: float, cli: Cli) -> None:
    Path("plan.toml").write_text(HEAD + STATED["means"])
    settings = (
        f"hypotheses.h.means={{A={2 * scale!r},B=0.0}}",
        f"hypotheses.h.sd_difference={2.5 * scale!r}",
    )
    words = [word for setting in settings for word in ("--set", setting)]
    code, out, _ = cli("run", "plan.toml", "--trials", "2048", "--json", *words)
    assert code == 0
    plain = json.loads(cli("run", "plan.toml", "--trials", "2048", "--json")[1])
    assert json.loads(out)["cells"][0]["power"] == plain["cells"][0]["power"]


def test_a_component_that_does_nothing_leaves_the_null_true(cli: Cli) -> None:
    """Its power is the type I error, and is called so."""
    text = STATED["entry by the first baseline"].replace("size = { mean = 0.3, sd = 0.1 }", "size = 0.0")
    Path("plan.toml").write_text(HEAD + text)
    code, out, err = cli("run", "plan.toml", "--trials", "512", "--json")
    assert code == 0, err
    (cell,) = json.loads(out)["cells"]
    assert cell["true_effect"] == 0.0
    assert cell["is_null"] is True
