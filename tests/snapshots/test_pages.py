"""Whole pages of every command, as they were when somebody last read them.

How pages are renewed is said by `tests.support.pages.HOW`, and by a test that fails.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from planner.benchmarks.doctor import CacheFolder, Diagnosis, Finding, Processor, SystemFacts
from planner.benchmarks.machine import Load
from planner.cli.app import COMMANDS
from planner.report.pages.bench import bench_page
from planner.report.pages.doctor import doctor_page
from tests.support.pages import INPUT, TextFile, check, made_page, page_of

FEW = ("--trials", "512", "-q")
UNCERTAIN = ("--uncertain", "--variants", "10")
PAGES = {
    "run-means": ("run", "means.toml", *FEW),
    "run-null": ("run", "means.toml", "--hypothesis", "none", *FEW),
    "run-rates": ("run", "rates.toml", *FEW),
    "run-mechanism": ("run", "mechanism.toml", *FEW),
    "run-looks": ("run", "looks.toml", *FEW),
    "run-warned": ("run", "warned.toml", *FEW),
    "run-scaled": ("run", "scaled.toml", *FEW),
    "run-scaled-at-limit": ("run", "scaled.toml", "--hypothesis", "expected", "--at-limit", *FEW),
    "run-two-stage": ("run", "two-stage.toml", *FEW),
    "run-two-stage-at-limit": ("run", "two-stage.toml", "--at-limit", *FEW),
    "run-uncertain": ("run", "mechanism.toml", *UNCERTAIN, *FEW),
    "run-faulty": ("run", "faulty.toml", *FEW),
    "run-unknown": ("run", "asthma-ab-bb"),
    "run-dry": ("run", "looks.toml", "--dry-run", "--threads", "2", *FEW),
    "sensitivity": ("run", "means.toml", "--hypothesis", "expected", "--sensitivity", *FEW),
    "sweep": ("run", "means.toml", "--set", "design.patients=12,24", *FEW),
    "sweep-of-two": (
        *("run", "looks.toml", "--set", "design.patients=12,24"),
        *("--set", "population.dropout.per_period=0,0.2", "--hypothesis", "expected", *FEW),
    ),
    "size": ("size", "means.toml", "--power", ".8,.9", "--hypothesis", "expected", *FEW),
    "size-scaled": ("size", "scaled.toml", "--power", ".8", "--hypothesis", "expected", *FEW),
    "size-unanswered": ("size", "means.toml", "--hypothesis", "expected", "--max-patients", "12", *FEW),
    "size-effect": (
        *("size", "means.toml", "--find", "effect", "--patients", "24"),
        *("--power", ".8", "--hypothesis", "expected", *FEW),
    ),
    "size-dry": ("size", "means.toml", "--dry-run", "--threads", "2", *FEW),
    "compare": ("compare", "means.toml", "looks.toml", *FEW),
    "discriminate": ("discriminate", "mechanism.toml", "--draws", "32", "--patients", "12,24", "-q"),
    "weigh": ("weigh", "observed.toml", "-q"),
    "trial": ("trial", "looks.toml", "--replay", "3", "-q"),
    "trial-scaled": ("trial", "scaled.toml", "--hypothesis", "expected", "--replay", "3", "-q"),
    "trial-found": ("trial", "looks.toml", "--find", "early-efficacy", "--analysis", "primary", "-q"),
    "show-means": ("show", "means.toml"),
    "show-looks": ("show", "looks.toml"),
    "show-rates": ("show", "rates.toml"),
    "show-mechanism": ("show", "mechanism.toml"),
    "show-scaled": ("show", "scaled.toml"),
    "show-two-stage": ("show", "two-stage.toml"),
    "show-resolved": ("show", "looks.toml", "--resolved"),
    "boundaries": ("boundaries", "--looks", "0.4,1"),
    "boundaries-of-two": (
        *("boundaries", "--looks", "12,30", "--rule", "pocock", "--rule", "obrien-fleming"),
        *("--sided", "2", "--alpha", ".05"),
    ),
    "boundaries-futile": ("boundaries", "--looks", "3", "--futility", "kim-demets", "--futility-rho", "2"),
    "cv": ("cv", "--interval", ".91,1.15", "--patients", "24"),
    "cv-pooled": (
        *("cv", "--interval", ".9,1.2", "--patients", "30"),
        *("--pool", ".25,24,2x2", "--pool", ".3,10+8,2x2x4"),
    ),
    "cv-refused": ("cv", "--interval", "1.15,.91", "--patients", "24"),
    "methods": ("methods",),
    "methods-t": ("methods", "hills-armitage"),
    "methods-mcnemar": ("methods", "mcnemar-mid-p"),
    "methods-spending": ("methods", "obrien-fleming-spending"),
    "cite": ("cite", "williams-2018"),
    "cite-bibtex": ("cite", "asthma-ab-ba", "--format", "bibtex"),
    "check": ("check", "means.toml", "faulty.toml", "warned.toml"),
    "help": ("--help",),
}
PAGES |= {f"help-{command}": (command, "--help") for command in COMMANDS}


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> Any:
    return snapshot.use_extension(TextFile)


@pytest.mark.parametrize("name", PAGES)
def test_page(name: str, snapshot: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(page_of(PAGES[name], tmp_path, capsys).forms(), snapshot)


def test_page_of_bench(snapshot: Any) -> None:
    """Of figures that were measured once: no machine gives them again."""
    document = json.loads((INPUT / "bench.json").read_text())
    check(made_page("bench", bench_page(document), document).forms(), snapshot)


@pytest.mark.parametrize("healthy", [True, False], ids=["healthy", "hindered"])
def test_page_of_doctor(healthy: bool, snapshot: Any) -> None:
    """Of a machine that is made up."""
    slow = Finding("NUMBA_DISABLE_JIT is set: nothing is compiled", "unset it", serious=True)
    old = Finding("2 older folders of compiled code take 12 MB", "they may be deleted", serious=False)
    diagnosis = Diagnosis(
        versions={"planner": "X.Y.Z", "python": "3.12.1", "numpy": "2.2.0", "numba": None},
        system=SystemFacts("Linux x86_64", tested=True, python_tested=True),
        cores={"usable": 4, "machine": 8, "allowed": None},
        processor=Processor("A processor", "a-target", 256, ("avx2", "fma")),
        cache=CacheFolder("/home/somebody/.cache/planner", 34_000_000, 71, 2, 12_000_000, ()),
        load=Load(0.5, 8, False),
        extras={"bench": {"mcpower": None}},
        findings=() if healthy else (slow, old),
    )
    check(made_page("doctor", doctor_page(diagnosis), diagnosis.to_json()).forms(), snapshot)
