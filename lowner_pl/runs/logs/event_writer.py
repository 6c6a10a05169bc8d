"""A writer of event files that does without torch, which takes seconds to import."""

import time
from pathlib import Path
from typing import Any


class EventWriter:
    """Writer of one event file.

    Args:
        folder: Folder of the file.
        suffix: End of the file's name.
        restart: Whether an open TensorBoard is to forget what it has read in the folder.
    """

    def __init__(self, folder: Path, suffix: str, *, restart: bool = False) -> None:
        from tensorboard.compat.proto.event_pb2 import SessionLog
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._file = EventFileWriter(str(folder), filename_suffix=suffix)
        if restart:
            self._add(session_log=SessionLog(status=SessionLog.START))

    def add_summary(self, summary: Any, step: int = 0) -> None:
        """Write a summary."""
        self._add(step=step, summary=summary)

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        """Write a point of a curve."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        self.add_summary(Summary(value=[Summary.Value(tag=tag, simple_value=value)]), step)

    def add_text(self, tag: str, text: str) -> None:
        """Write text in Markdown; TensorBoard shows it under ``<tag>/text_summary``."""
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
        from tensorboard.plugins.text.metadata import create_summary_metadata

        one = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
        tensor = TensorProto(dtype="DT_STRING", string_val=[text.encode()], tensor_shape=one)
        metadata = create_summary_metadata(display_name="", description="")
        value = Summary.Value(tag=f"{tag}/text_summary", metadata=metadata, tensor=tensor)
        self.add_summary(Summary(value=[value]))

    def add_png(self, tag: str, png: bytes) -> None:
        """Write a picture, whose width and height stand at byte 16 of its file."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
        image = Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=png)
        self.add_summary(Summary(value=[Summary.Value(tag=tag, image=image)]))

    def flush(self) -> None:
        """Write what is buffered."""
        self._file.flush()

    def close(self) -> None:
        """Write what is buffered, and close the file."""
        self._file.close()

    def _add(self, **content: Any) -> None:
        """Write an event."""
        from tensorboard.compat.proto.event_pb2 import Event

        self._file.add_event(Event(wall_time=time.time(), **content))
