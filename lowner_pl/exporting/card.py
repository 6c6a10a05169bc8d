"""``README.md`` of an exported folder: the model card, filled from the run."""

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any

from lowner_pl.exporting.scores import SetScores
from lowner_pl.modules import NERModule
from lowner_pl.tagging.exported.record import ExportRecord

_LINK = re.compile(r"`([^`<]+?) <([^>]+)>`_", re.DOTALL)
EMBEDDED = (
    "the embedded backbone of lowner_pl, derived from "
    "[multilingual-e5-small](https://huggingface.co/intfloat/multilingual-e5-small)"
)
E5 = "intfloat/multilingual-e5-small"


class Card:
    """The model card of a tagger.

    Args:
        record: The description of the tagger.
        module: The tagger.
        scores: Its test scores; empty if it has not been tested.
        in_pipeline: Whether the pipelines of `transformers` compute the same tags.
        licence: The licence, or ``None`` if none was named.
    """

    def __init__(
        self,
        record: ExportRecord,
        module: NERModule,
        scores: Sequence[SetScores],
        *,
        in_pipeline: bool,
        licence: str | None,
    ) -> None:
        self.record = record
        self.run = record.run
        self.module = module
        self.scores = scores
        self.in_pipeline = in_pipeline
        self.licence = licence
        self.title = f"{module.method} tagger, {self.run.get('corpus', 'corpus unknown')}"

    def text(self, hub_name: str | None = None) -> str:
        """Write the card.

        Args:
            hub_name: Name of the repository for the examples; by default they name a folder.
        """
        parts = (
            self._beginning(),
            self._usage(hub_name),
            self._training(),
            self._results(),
            self._limits(),
            self._rights(),
        )
        return f"---\n{self._metadata()}\n---\n\n" + "\n\n".join("\n".join(p) for p in parts) + "\n"

    def _metadata(self) -> str:
        """Write what the hub reads, as YAML."""
        from huggingface_hub import EvalResult, ModelCardData

        backbone = str(self.run.get("backbone", ""))
        results = [
            EvalResult(
                task_type="token-classification",
                task_name="Named entity recognition",
                dataset_type=one.corpus,
                dataset_name=one.corpus if len(self.scores) == 1 else f"{one.corpus} {one.name}",
                metric_type="f1",
                metric_value=round(one.scores["f1"], 4),
            )
            for one in self.scores
        ]
        options: dict[str, Any] = {"model_name": self.title, "eval_results": results}
        data = ModelCardData(
            language=self.record.language,
            license=self.licence,
            library_name="transformers" if self.in_pipeline else "lowner_pl",
            pipeline_tag="token-classification",
            tags=["named-entity-recognition", "lowner_pl", self.module.method],
            base_model=E5 if backbone == "embedded" else backbone if "/" in backbone else None,
            **(options if results else {}),
        )
        return data.to_yaml()

    def _beginning(self) -> Iterator[str]:
        """Say what it does."""
        types = ", ".join(self.record.entity_types)
        language = self.record.language or "a language that the run does not name"
        yield f"# {self.title}\n"
        yield f"Finds named entities ({types}) in text. Language: {language}."

    def _usage(self, hub_name: str | None) -> Iterator[str]:
        """Show how to use it."""
        name = hub_name or "FOLDER"
        place = f'snapshot_download("{hub_name}")' if hub_name else '"FOLDER"'
        yield "## Use\n"
        if self.in_pipeline:
            yield "With `transformers`:\n"
            yield "```python"
            yield "from transformers import pipeline"
            yield ""
            yield (
                f'tagger = pipeline("token-classification", "{name}", aggregation_strategy="first")'
            )
            yield 'tagger("…")'
            yield "```\n"
            yield (
                "With `lowner_pl`, which finds words by the rules of Unicode, tags texts of any "
                "length and gives calibrated confidences:\n"
            )
        else:
            yield (
                'It needs the Python package `lowner_pl`. `pipeline("token-classification")` of '
                f"`transformers` would give **wrong tags**, because {self._why()}.\n"
            )
        yield "```python"
        if hub_name:
            yield "from huggingface_hub import snapshot_download"
        yield "import lowner_pl"
        yield ""
        yield f"tagger = lowner_pl.load({place})"
        yield 'tagger("…")'
        yield "```"
        if self.record.onnx:
            bits = self.record.onnx["bits"]
            yield (
                f"\n`model.onnx` holds the same tagger for ONNX Runtime ({bits} bits per weight): "
                f'`lowner_pl.load({place}, runtime="onnx")`.'
            )
            if bits == 8:
                yield "Rounding to 8 bits changes some tags."

    def _why(self) -> str:
        """Say why other programs can't use the folder."""
        if self.module.learns_episodes:
            return "this tagger adapts to each sentence before it tags it"
        if self.record.marker != "none":
            return "this method reads the tag of a word from a marker that it puts before the word"
        if self.record.options.get("head") == "crf":
            return "a CRF chooses the tags of a sentence together"
        return "their token classifier for this backbone has other layers"

    def _training(self) -> Iterator[str]:
        """Say what it was trained on, and how."""
        run = self.run
        entities = run.get("train_entities") or {}
        counts = ", ".join(f"{type_} {count:,}" for type_, count in sorted(entities.items()))
        backbone = run.get("backbone", "unknown")
        about = (inspect.getdoc(type(self.module)) or "").split("\n\n")[0].replace("\n", " ")
        rows = {
            "Method": f"{self.module.method}: {_markdown(about)}",
            "Head": self.record.options.get("head", "softmax"),
            "Backbone": EMBEDDED if backbone == "embedded" else f"`{backbone}`",
            "Corpus": run.get("corpus"),
            "Language": self.record.language,
            "Training sentences": _number(run.get("train_sentences")),
            "Entities in them": counts or None,
            "Dev F1": self._dev_f1(),
            "Seed, epoch": f"{run.get('seed')}, {run.get('epoch')}",
            "Written by": f"lowner_pl {self.record.lowner_pl}",
        }
        yield "## Training\n"
        yield "| | |"
        yield "|---|---|"
        for key, value in rows.items():
            yield f"| {key} | {_cell(value)} |"

    def _dev_f1(self) -> str | None:
        """Write the dev score, with its types if the dev data have some of them only."""
        f1, types = _percent(self.run.get("dev_score")), self.run.get("dev_types")
        return f"{f1}, for {', '.join(types)} only" if f1 and types else f1

    def _results(self) -> Iterator[str]:
        """List the test scores."""
        yield "## Scores\n"
        if not self.scores:
            yield (
                "This run has not been tested. Its dev F1 chose the epoch, so it is higher than "
                "what to expect on new text."
            )
            return
        yield "| test set | sentences | F1 | 95 % interval | precision | recall |"
        yield "|---|---|---|---|---|---|"
        for one in self.scores:
            ends = one.f1_interval
            interval = "–" if ends is None else f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f}"
            name = one.corpus if len(self.scores) == 1 else f"{one.corpus}, {one.name}"
            numbers = [_percent(one.scores.get(key)) for key in ("f1", "precision", "recall")]
            yield (
                f"| {_cell(name)} | {one.sentences:,} | {numbers[0]} | {interval} | {numbers[1]} | "
                f"{numbers[2]} |"
            )
        yield ""
        yield (
            "In percent, over entities: type and both borders must be right. The interval is a "
            "bootstrap over the test sentences; it does not cover other seeds."
        )
        for one in self.scores:
            by_type = ", ".join(
                f"{key.removeprefix('f1/')} {_percent(value)}"
                for key, value in one.scores.items()
                if key.startswith("f1/")
            )
            error = one.scores.get("calibration_error")
            yield f"\nF1 by type ({_cell(one.name)}): {by_type}."
            if error is not None:
                yield f"Calibration error of the confidences: {_percent(error)}."

    def _limits(self) -> Iterator[str]:
        """Say what not to expect."""
        size = self.run.get("train_sentences")
        yield "## Limits\n"
        if size is not None:
            yield (
                f"* It has seen {size:,} labelled sentences of one corpus. Expect lower scores on "
                "text of another kind, and on another spelling of the language."
            )
        yield (
            f"* It finds {', '.join(self.record.entity_types)} and nothing else. Entities can't be "
            "nested or interrupted."
        )
        yield "* It reads one sentence at a time."
        calibrated = self.module.temperature is not None
        yield (
            "* Confidences were calibrated on the dev data of the corpus; entities are often still "
            "surer than they are right."
            if calibrated
            else "* Confidences are not calibrated."
        )
        yield (
            "* It makes mistakes, and more of them with names that are rare in its data. Let a "
            "person check whatever has consequences for people."
        )

    def _rights(self) -> Iterator[str]:
        """Say what is known of the licence."""
        support = self.record.support
        yield "## Licence\n"
        if self.licence:
            yield f"{self.licence}, as named by whoever exported the run."
        else:
            yield "No licence was named when this folder was written."
        backbone = self.run.get("backbone")
        origin = (
            "The backbone is licensed under Apache-2.0 and derived from work under the MIT License."
            if backbone == "embedded"
            else f"The weights are derived from the backbone `{backbone}`."
        )
        yield (
            f"{origin} The tagger was trained on the corpus {_cell(self.run.get('corpus'))}. The "
            "licences of both apply, too."
        )
        if support:
            yield (
                f"\n**This folder contains {support['sentences']:,} training sentences** "
                "(`support.jsonl`). Publish it only if the licence of the corpus allows that."
            )


def _markdown(text: str) -> str:
    """Convert the links of a docstring."""
    return _LINK.sub(r"[\1](\2)", text)


def _cell(value: object) -> str:
    """Write a value into a cell of a table."""
    return "–" if value is None else str(value).replace("|", "\\|").replace("\n", " ")


def _number(value: object) -> str | None:
    return f"{value:,}" if isinstance(value, int) else None


def _percent(value: object) -> str | None:
    return f"{100 * value:.1f}" if isinstance(value, float | int) else None
