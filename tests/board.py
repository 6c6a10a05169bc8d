"""What TensorBoard shows for a folder of runs, read with its own code."""

from pathlib import Path
from typing import Any, NamedTuple

from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups


class Row(NamedTuple):
    """A row of HPARAMS.

    Attributes:
        name: Its "Trial ID".
        options: The value in each option column.
        metrics: The value in each metric column.
        status: The status of the run.
    """

    name: str
    options: dict[str, Any]
    metrics: dict[str, float]
    status: str


class Board:
    """A TensorBoard that has read a folder once; `reload` reads it again.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.multiplexer = EventMultiplexer()
        self.reload()

    def reload(self) -> None:
        """Read new events."""
        self.multiplexer.AddRunsFromDirectory(str(self.root))
        self.multiplexer.Reload()

    def tags(self, kind: str) -> list[str]:
        """List the tags of a kind, such as ``scalars``, in all runs."""
        runs = self.multiplexer.PluginRunToTagToContent(kind)
        return sorted(tag for tags in runs.values() for tag in tags)

    def columns(self) -> list[str]:
        """List the option columns of HPARAMS in order; TensorBoard shows the first five."""
        return [info.display_name for info in self._experiment().hparam_infos]

    def rows(self) -> list[Row]:
        """List the rows of HPARAMS."""
        metrics = self._experiment().metric_infos
        states = [api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE]
        request = api_pb2.ListSessionGroupsRequest(
            allowed_statuses=[*states, api_pb2.STATUS_RUNNING], slice_size=1000
        )
        handler = list_session_groups.Handler(RequestContext(), self._context(), "", request)
        names = {info.name.tag: info.display_name for info in metrics}
        return [
            Row(
                group.name,
                {k: getattr(v, v.WhichOneof("kind")) for k, v in group.hparams.items()},
                {names[value.name.tag]: value.value for value in group.metric_values},
                api_pb2.Status.Name(group.sessions[0].status),
            )
            for group in handler.run().session_groups
        ]

    def _context(self) -> Any:
        provider = MultiplexerDataProvider(self.multiplexer, str(self.root))
        return backend_context.Context(base_plugin.TBContext(data_provider=provider))

    def _experiment(self) -> Any:
        context = self._context()
        metadata = context.hparams_metadata(RequestContext(), "")
        return context.experiment_from_metadata(RequestContext(), "", True, metadata, [])
