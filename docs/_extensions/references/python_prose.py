"""What the Python reference says before its lists of names; a test runs it."""

from __future__ import annotations

PRINTING = """\
`import planner` gives everything that the commands do. Read a scenario, ask, and use the answer as numbers,
as a table or as JSON:

```pycon
>>> import planner
>>> scenario = planner.read("asthma-ab-ba", set=["design.patients=36"])
>>> run = planner.simulate(scenario, trials=1_024)
>>> print(run)
Run of asthma-ab-ba, 1,024 trials, digest e62fd2ec1e40
  published, hills-armitage, 36 patients: power 100.0 ± 0.1 %
  minimal-important, hills-armitage, 36 patients: power 75 ± 1 %
  no-difference, hills-armitage, 36 patients: type I error 5.6 ± 0.7 %
>>> round(run.cells()[1].power.estimate, 3), round(run.cells()[1].power.mcse, 3)
(0.753, 0.013)
```

| you want | write |
|---|---|
| a few lines | `print(run)` |
| numbers by name | `run.cells()[0].power.estimate`, with `mcse`, `low` and `high` beside it |
| a table (polars) | `run.frame()` |
| what `--json` prints | `run.to_json()`: see [JSON](../json/index.md) |
| the page that the command prints | a renderer, as below |
| a fingerprint of the answer | `run.digest()` |

The page of any result, as text for a terminal or as Markdown:

```pycon
>>> from planner.report.render.renderer import renderer
>>> page = renderer("markdown").page(run.document())
>>> page.split("\\n")[0]
'## Formoterol and salbutamol in children with asthma, eight hours after one dose'
```

`methods=` gives an analysis of your own to `read`, `simulate`, `size`, `compare` and `sweep`. `using()` has
all work done by an executor of yours:

```pycon
>>> from planner.engine.executors import Threads, using
>>> with using(lambda workers: Threads(1)):
...     planner.simulate(scenario, trials=1_024).digest() == run.digest()
True
```"""
