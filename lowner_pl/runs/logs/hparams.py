"""TensorBoard's HPARAMS tab: one row per run, and the columns that all rows share."""

import contextlib
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import Timeout

from lowner_pl.runs.files import lock_beside
from lowner_pl.runs.logs.event_files import (
    EVENTS,
    add_summaries,
    event_files,
    new_event_file,
    new_place,
    read_events,
    rename_tag,
)
from lowner_pl.runs.logs.event_writer import EventWriter

Value = str | float | bool
COMPARISON = "comparison"
KIND = "columns"
COLUMNS = {
    "language": "language",
    "method": "method",
    "seed": "seed",
    "train_size": "train_size",
    "tuning_f1": "dev/f1",
}
"""The columns that the tab shows first, with their headings.

TensorBoard shows five options in alphabetical order, and then the metrics. A window of 1440 pixels
has room for the name of the row, five options and one metric. Therefore the dev F1 of the tested
checkpoint is an option, and the corpus is part of the name.
"""
RETIRED_TAG = "_hparams_/superseded"
"""Tag of an old version's columns; as long as TensorBoard's own tag, so it can replace it."""
METRICS = {"trial/test_f1": "test/f1"}
"""Tags of a row's metrics, with their headings.

The tags come after ``train`` in the alphabet, because TensorBoard opens the first two groups.
"""
POINTS = 20
"""Number of points of a score that is drawn as a horizontal line.

TensorBoard's "Ignore outliers in chart scaling" is on by default. It drops the highest and lowest
points, which would be whole runs if each of up to 19 runs had one point.
"""


def session_start(options: Mapping[str, Value], name: str) -> Any:
    """Build the summary that gives a run a row.

    Args:
        options: The value in each column.
        name: Name of the row.
    """
    from tensorboard.plugins.hparams.metadata import SESSION_START_INFO_TAG
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionStartInfo

    info = SessionStartInfo(group_name=name)
    for key, value in options.items():
        kind = {bool: "bool_value", str: "string_value"}.get(type(value), "number_value")
        setattr(info.hparams[key], kind, value)
    return _summary(SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=info))


def session_end() -> Any:
    """Build the summary that marks a run as finished."""
    from tensorboard.plugins.hparams.api_pb2 import STATUS_SUCCESS
    from tensorboard.plugins.hparams.metadata import SESSION_END_INFO_TAG
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo

    info = HParamsPluginData(session_end_info=SessionEndInfo(status=STATUS_SUCCESS))
    return _summary(SESSION_END_INFO_TAG, info)


def add_test_f1(writer: EventWriter, f1: float) -> None:
    """Write the test F1 of a row as a horizontal line."""
    (tag,) = METRICS
    for step in range(POINTS):
        writer.add_scalar(tag, f1, step)


def read_rows(files: Iterable[Path]) -> dict[Path, tuple[str, dict[str, Value]]]:
    """Read the rows in event files: for each folder, the row's name and its options."""
    rows: dict[Path, tuple[str, dict[str, Value]]] = {}
    for file in files:
        for data in _plugin_data([file]):
            if data.HasField("session_start_info") and file.parent not in rows:
                info = data.session_start_info
                rows[file.parent] = (
                    info.group_name,
                    {k: getattr(v, str(v.WhichOneof("kind"))) for k, v in info.hparams.items()},
                )
    return rows


def update_comparison(root: Path) -> None:
    """Write the columns for all runs below a folder, if they have changed.

    TensorBoard takes the columns from one run, so they get a run of their own. It reads them only
    once, so changed columns go to a new folder, and the old folder is deleted.

    Args:
        root: Folder of all runs.
    """
    from tensorboard.plugins.hparams.metadata import EXPERIMENT_TAG
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    folder = root / COMPARISON
    try:
        with lock_beside(folder).acquire(timeout=10):
            folder.mkdir(exist_ok=True)
            _retire_columns(root)
            new = HParamsPluginData(
                experiment=_experiment(
                    [
                        options
                        for _, options in read_rows(sorted(root.rglob(f"*{EVENTS}*"))).values()
                    ]
                )
            )
            # `compare` has written its runs beside them.
            earlier = [file.parent for file in folder.glob(f"*/*{EVENTS}*.{KIND}")]
            if len(earlier) == 1 and [*_plugin_data(event_files(earlier[0], kind=KIND))] == [
                _versioned(new)
            ]:
                return
            place = new_place(folder)
            while place.exists():
                place = place.with_name(f"{place.name}-")
            with new_event_file(place, KIND) as writer:
                add_summaries(writer, [_summary(EXPERIMENT_TAG, new)])
            for old in earlier:
                shutil.rmtree(old, ignore_errors=True)
    except Timeout:  # another process is writing them
        return


def _retire_columns(root: Path) -> None:
    """Rename the columns in runs of old versions, where TensorBoard might look for them.

    Args:
        root: Folder of all runs.
    """
    from tensorboard.plugins.hparams.metadata import EXPERIMENT_TAG

    for file in root.rglob(f"*{EVENTS}*"):
        if root / COMPARISON not in file.parents:
            with contextlib.suppress(OSError):  # a read-only run stays as it is
                rename_tag(file, EXPERIMENT_TAG, RETIRED_TAG)


def _experiment(rows: Sequence[Mapping[str, Value]]) -> Any:
    """Build the columns: what identifies a run, what differs between runs, and the metrics.

    Only the first five are marked as differing, because TensorBoard shows those columns first.
    """
    from tensorboard.plugins.hparams.api_pb2 import Experiment, MetricInfo, MetricName

    values: dict[str, list[Value]] = defaultdict(list)
    for row in rows:
        for key, value in row.items():
            values[key].append(value)
    others = sorted(
        key
        for key, found in values.items()
        if key not in COLUMNS and (key == "corpus" or len(set(found)) > 1 or len(found) < len(rows))
    )
    metrics = [
        MetricInfo(name=MetricName(tag=tag), display_name=name) for tag, name in METRICS.items()
    ]
    return Experiment(
        hparam_infos=[_column(key, values[key], key in COLUMNS) for key in (*COLUMNS, *others)],
        metric_infos=metrics,
    )


def _column(name: str, values: Sequence[Value], first: bool) -> Any:
    """Build a column and the values that can be selected in it."""
    from tensorboard.plugins.hparams.api_pb2 import (
        DATA_TYPE_BOOL,
        DATA_TYPE_FLOAT64,
        DATA_TYPE_STRING,
        HParamInfo,
    )

    info = HParamInfo(name=name, display_name=COLUMNS.get(name, name), differs=first)
    if values and all(isinstance(value, bool) for value in values):
        info.type = DATA_TYPE_BOOL
        info.domain_discrete.extend(sorted(set(values)))
    elif values and not any(isinstance(value, str) for value in values):
        info.type = DATA_TYPE_FLOAT64
        numbers = [float(value) for value in values]
        info.domain_interval.min_value, info.domain_interval.max_value = min(numbers), max(numbers)
    else:
        info.type = DATA_TYPE_STRING
        info.domain_discrete.extend(sorted({str(value) for value in values}))
    return info


def _plugin_data(files: Iterable[Path]) -> Iterator[Any]:
    """Yield the HPARAMS data in event files."""
    from tensorboard.plugins.hparams.metadata import PLUGIN_NAME
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    for file in files:
        for event in read_events(file, containing=PLUGIN_NAME.encode()):
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == PLUGIN_NAME:
                    yield HParamsPluginData.FromString(value.metadata.plugin_data.content)


def _versioned(data: Any) -> Any:
    from tensorboard.plugins.hparams.metadata import PLUGIN_DATA_VERSION

    data.version = PLUGIN_DATA_VERSION
    return data


def _summary(tag: str, data: Any) -> Any:
    """Wrap HPARAMS data in a summary."""
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.plugins.hparams.metadata import NULL_TENSOR, PLUGIN_NAME

    plugin = SummaryMetadata.PluginData(
        plugin_name=PLUGIN_NAME, content=_versioned(data).SerializeToString()
    )
    metadata = SummaryMetadata(plugin_data=plugin)
    return Summary(value=[Summary.Value(tag=tag, metadata=metadata, tensor=NULL_TENSOR)])
