"""The names that planner offers and their homes: for type checkers, and for __init__.py, which reads it."""

from planner._version import __version__ as __version__
from planner.errors import WeighingError as WeighingError
from planner.monitoring.boundaries import boundary as boundary
from planner.questions.compare.compare import Comparison as Comparison
from planner.questions.compare.compare import compare as compare
from planner.questions.discriminate.discriminate import discriminate as discriminate
from planner.questions.discriminate.result import Discrimination as Discrimination
from planner.questions.discriminate.simulating import DiscriminationError as DiscriminationError
from planner.questions.replay.replay import find as find
from planner.questions.replay.replay import replay as replay
from planner.questions.replay.trial import Trial as Trial
from planner.questions.run.simulate import simulate as simulate
from planner.questions.sensitivity.sensitivity import Sensitivity as Sensitivity
from planner.questions.sensitivity.sensitivity import sensitivity as sensitivity
from planner.questions.size.result import Sizing as Sizing
from planner.questions.size.size import SizingError as SizingError
from planner.questions.size.size import size as size
from planner.questions.sweep.axes import SweepError as SweepError
from planner.questions.sweep.sweep import Sweep as Sweep
from planner.questions.sweep.sweep import sweep as sweep
from planner.questions.weigh.result import Weighing as Weighing
from planner.questions.weigh.weigh import weigh as weigh
from planner.results.run import Run as Run
from planner.scenario.faults import ScenarioError as ScenarioError
from planner.scenario.reading.read import read as read
from planner.scenario.reading.read import read_text as read_text
