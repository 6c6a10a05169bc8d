"""Floor 3: callbacks that write checkpoints, reports and predictions, and print progress."""

from lowner_pl.callbacks.best_checkpoint import BestCheckpoint, beats, direction
from lowner_pl.callbacks.errors.error_report import ErrorReport
from lowner_pl.callbacks.last_checkpoint import LastCheckpoint
from lowner_pl.callbacks.results.generation_writer import GenerationWriter
from lowner_pl.callbacks.results.prediction_writer import PredictionWriter
from lowner_pl.callbacks.results.score_report import ScoreReport
from lowner_pl.callbacks.results.testing_record import read_test_record, scores_by_set
from lowner_pl.callbacks.results.testing_report import TestReport
from lowner_pl.callbacks.run_folder_guard import RunFolderGuard
from lowner_pl.callbacks.screen.corpus_report import CorpusReport
from lowner_pl.callbacks.screen.fit_report import FitReport
from lowner_pl.callbacks.screen.next_command import without_advice
from lowner_pl.callbacks.screen.progress_bar import progress_shown
from lowner_pl.callbacks.screen.quiet import hush
from lowner_pl.callbacks.screen.unscored import UnscoredReport
from lowner_pl.callbacks.stop_signals import StopSignals
from lowner_pl.callbacks.tensorboard.report import TensorBoardReport

__all__ = [
    "BestCheckpoint",
    "CorpusReport",
    "ErrorReport",
    "FitReport",
    "GenerationWriter",
    "LastCheckpoint",
    "PredictionWriter",
    "RunFolderGuard",
    "ScoreReport",
    "StopSignals",
    "TensorBoardReport",
    "TestReport",
    "UnscoredReport",
    "beats",
    "direction",
    "hush",
    "progress_shown",
    "read_test_record",
    "scores_by_set",
    "without_advice",
]
