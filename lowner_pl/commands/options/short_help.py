"""The short ``--help`` of Lightning's commands, with the most used options."""

import contextlib
import io
from collections.abc import Mapping
from textwrap import fill

from jsonargparse import ArgumentParser

from lowner_pl.commands.options.typed import plain

PURPOSE = {
    "fit": "Train, and write the run to lightning_logs/<corpus>-<language>/<method>/seed_<seed>/.",
    "validate": "Score a checkpoint on the dev set.",
    "test": "Score a checkpoint on the test set; write test_metrics.json and the tagged test set.",
    "predict": "Tag sentences with a checkpoint, or generate new ones with MELM, DAGA or MulDA.",
}
OPTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "what to run": (
        ("config", "FILE", "configuration; give several, and later ones win"),
        ("data", "CLASS|FILE", "data module, such as ConllDataModule"),
        ("model", "CLASS|FILE", "method, such as SNERLightningModule"),
        ("seed_everything", "N", "seed of the run"),
    ),
    "data": (
        ("data.language", "CODE", "language of the corpus, such as sw"),
        ("data.train_size", "N", "training sentences; null: all"),
        ("data.dev_size", "N", "dev sentences; null: all"),
        ("data.batch_size", "N", "sentences per training batch"),
        ("data.train_path", "FILE", "your own CoNLL file, with ConllDataModule"),
        ("data.predict_path", "FILE", "sentences that `predict` tags"),
    ),
    "method": (
        ("model.backbone", "FOLDER|NAME", "pretrained encoder; embedded: the packaged one"),
        ("model.head", "softmax|crf", "classifier on top of the encoder"),
        ("model.lora_rank", "N", "train low-rank updates of a frozen encoder; null: all weights"),
        ("model.optimizer.init_args.lr", "X", "learning rate"),
        ("model.schedule", "NAME", "constant, linear or cosine"),
    ),
    "training": (
        ("trainer.max_epochs", "N", "passes over the training sentences"),
        ("trainer.accelerator", "NAME", "cpu, gpu or auto"),
        ("trainer.devices", "N", "devices, or processes on a CPU"),
        ("trainer.precision", "NAME", "auto, 32-true, 16-mixed, bf16-mixed or bf16-true"),
    ),
    "runs": (
        ("ckpt_path", "WHICH", "best, last or a file; `fit --ckpt_path last` resumes in place"),
        ("log_root", "FOLDER", "folder of all runs"),
        ("variant", "NAME", "appended to the method's name in the run folder"),
        ("report", "", "also write a page of what the tagger got wrong: test_errors.html"),
        ("print_config", "", "print the whole configuration and stop"),
    ),
}
"""Options by subject: name, placeholder and meaning."""
ONLY_FIT = ("training",)
ONLY = {"data.predict_path": ("fit", "predict"), "report": ("test",)}
"""The commands whose help shows an option, if not all."""


def short_help(program: str, command: str, values: Mapping[str, object]) -> str:
    """Write the short help of a command.

    Args:
        program: How the program is called.
        command: The command.
        values: The current values of options, by dotted name without ``init_args``. They are shown
            as defaults; an option that is not here is shown without one.
    """
    lines = [f"usage: {program} {command} --config FILE [options]", "", fill(PURPOSE[command], 99)]
    for subject, options in OPTIONS.items():
        if subject in ONLY_FIT and command != "fit":
            continue
        lines += ["", f"{subject}:"]
        for name, placeholder, meaning in options:
            if command not in ONLY.get(name, (command,)):
                continue
            value = values.get(plain(name))
            shown = "" if value is None else f" (default: {str(value)[:40]})"
            lines.append(f"  {f'--{name} {placeholder}':<38} {meaning}{shown}")
    return "\n".join(
        [
            *lines,
            "",
            "more:",
            f"  {program} {command} --help-all",
            f"  {program} {command} --model.help SNERLightningModule",
            f"  {program} {command} --data.help ConllDataModule",
            f"With a configuration, {program} {command} --config FILE --help shows its values.",
        ]
    )


def defaults_of(parser: ArgumentParser, words: list[str]) -> dict[str, object]:
    """Parse a command line into the values of its options; empty if it can't be parsed.

    Args:
        parser: The parser of all commands.
        words: The command line.
    """
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            parsed = parser.parse_args(words)
    except SystemExit:  # for example because no data module or model is chosen yet
        return {}
    values = {plain(name.partition(".")[2]): value for name, value in parsed.items()}
    del values["config"]
    return values
