"""Before a command starts: find its checkpoint, and check that training can begin."""

from pathlib import Path

from lowner_pl.datamodules import SentenceDataModule
from lowner_pl.modules import BaseModule
from lowner_pl.runs.checkpoints import read_checkpoint, restored_from
from lowner_pl.runs.folder import RunFolder

UNTRAINED = "none"
"""The ``--ckpt_path`` that uses the pretrained backbone without any training of ours."""


def checkpoint_of(
    which: str | None, command: str, model: BaseModule, run: RunFolder
) -> Path | None:
    """Find the checkpoint file to load, if the command loads one.

    Args:
        which: The option ``--ckpt_path``.
        command: The command.
        model: The method.
        run: The run folder.

    Raises:
        ValueError: If the method predicts nothing, or needs training and none was done.
        FileNotFoundError: If there is no such checkpoint.
    """
    name = type(model).__name__
    if command == "predict" and not model.predicts:
        raise ValueError(
            f"{name} neither tags nor generates, so it can't `predict`. Use `test` for its scores, "
            "or `export-backbone` and train a tagger on the backbone."
        )
    if which != UNTRAINED:
        return None if which is None else run.checkpoint(which)
    if not model.works_untrained or command == "fit":
        raise ValueError(
            f"`--ckpt_path {UNTRAINED}` can't be used by `{command}` with {name}: it lets a method "
            "that works without training, such as MELM, generate. Leave it out."
        )
    return None


def check_can_begin(
    model: BaseModule, data: SentenceDataModule, run: RunFolder, checkpoint: Path | None
) -> int | None:
    """Check data, optimiser and checkpoint before ``fit`` touches the run folder.

    Args:
        model: The method.
        data: The data module.
        run: The run folder.
        checkpoint: The checkpoint from which training continues, if any.

    Returns:
        The step at which this folder's run resumes; ``None`` for a new run, even if it continues
        from a checkpoint of another folder.

    Raises:
        ValueError: If training can't begin.
    """
    data.setup("fit")
    model.check_data(data)
    model.check_optimizer()
    if checkpoint is None:
        model.check_start()
        return None
    saved = read_checkpoint(checkpoint)
    if "optimizer_states" not in saved:
        raise ValueError(
            f"'{checkpoint}' holds weights without the optimiser's state, as `best` does, so "
            "training can't go on from it. Use `--ckpt_path last`."
        )
    with restored_from(checkpoint):
        model.on_load_checkpoint(saved)
    return int(saved["global_step"]) if run.holds(checkpoint) else None
