"""Child process: times the standard token-classification script of `transformers`.

The script tokenises with ``is_split_into_words``, labels the first subword of each word and gives
-100 to the others, pads each batch to its longest sentence, trains with ``transformers.Trainer``
and scores with seqeval. Other benchmarks start it. ``transformers.Trainer`` needs ``accelerate``.
"""

from pathlib import Path
from typing import Any

import numpy as np
from common import Record, Stopwatch, answer
from datasets import Dataset
from seqeval.metrics import accuracy_score, classification_report
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from lowner_pl.corpus import Sentence, read_conll


class Clock(TrainerCallback):
    """A timer of the training batches, without evaluation and saving."""

    def __init__(self) -> None:
        self.batches = Stopwatch()

    def on_epoch_begin(self, *_: Any, **__: Any) -> None:
        """Begin the batches of an epoch."""
        self.batches.start()

    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        """End the batches of an epoch, before evaluation and saving."""
        self.batches.stop()


def work(job: Record) -> Record:
    """Train on the folder ``job["corpus"]``, or predict and score its test set."""
    corpus = Path(job["corpus"])
    raw = {split: read_conll(corpus / f"{split}.conll") for split in ("train", "dev", "test")}
    labels = sorted({tag for sentence in raw["train"] for tag in sentence.tags or ()})
    saved = str(Path(job["log_root"]) / "stock")
    training = job["command"] == "fit"
    tokenizer = AutoTokenizer.from_pretrained(job["backbone"])
    model = AutoModelForTokenClassification.from_pretrained(
        job["backbone"] if training else saved,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    plain = {
        split: to_dataset(raw[split], labels)
        for split in (("train", "dev") if training else ("test",))
    }
    with Stopwatch() as tokenising:
        data = {
            split: part.map(tokenize_and_align, batched=True, fn_kwargs={"tokenizer": tokenizer})
            for split, part in plain.items()
        }
    clock = Clock()
    trainer = Trainer(
        model=model,
        args=_arguments(job, saved),
        train_dataset=data.get("train"),
        eval_dataset=data.get("dev"),
        data_collator=DataCollatorForTokenClassification(tokenizer),
        compute_metrics=lambda prediction: _scores(prediction, labels),
        callbacks=[clock],
    )
    with Stopwatch() as whole:
        f1 = _fit(trainer) if training else _test(trainer, data["test"])
    if training:
        trainer.save_model(saved)
    report = clock.batches.report("batches") | whole.report("whole")
    return report | tokenising.report("tokenising") | {"f1": f1}


def to_dataset(sentences: list[Sentence], labels: list[str]) -> Dataset:
    """Convert sentences to rows of words and label ids."""
    numbers = {label: number for number, label in enumerate(labels)}
    return Dataset.from_dict(
        {
            "tokens": [list(sentence.words) for sentence in sentences],
            "ner_tags": [[numbers.get(t, 0) for t in s.tags or ()] for s in sentences],
        }
    )


def tokenize_and_align(examples: Record, tokenizer: Any) -> Any:
    """Tokenise, with each word's label at its first subword and -100 elsewhere."""
    encoded = tokenizer(
        examples["tokens"], truncation=True, max_length=512, is_split_into_words=True
    )
    aligned = []
    for row, tags in enumerate(examples["ner_tags"]):
        words = encoded.word_ids(batch_index=row)
        aligned.append(
            [
                -100 if word is None or word == before else tags[word]
                for before, word in zip([None, *words], words, strict=False)
            ]
        )
    encoded["labels"] = aligned
    return encoded


def _fit(trainer: Trainer) -> float:
    """Train, and return the dev F1 after the last epoch."""
    trainer.train()
    return float(_last(trainer.state.log_history, "eval_f1"))


def _test(trainer: Trainer, data: Dataset) -> float:
    """Predict, and return the test F1."""
    metrics: Any = trainer.predict(data).metrics
    return float(metrics["test_f1"])


def _arguments(job: Record, saved: str) -> TrainingArguments:
    """Return the settings of our training: fused AdamW, constant learning rate, no clipping."""
    return TrainingArguments(
        output_dir=saved,
        per_device_train_batch_size=job["batch_size"],
        per_device_eval_batch_size=job["eval_batch_size"],
        num_train_epochs=job["epochs"],
        learning_rate=job["lr"],
        lr_scheduler_type="constant",
        optim="adamw_torch_fused",
        weight_decay=0.01,
        max_grad_norm=0.0,
        eval_strategy="epoch" if job["command"] == "fit" else "no",
        save_strategy="epoch",
        save_total_limit=1,
        report_to="none",
        use_cpu=True,
        bf16=job.get("bf16", False),
        seed=12345,
    )


def _last(history: list[dict[str, float]], key: str) -> float:
    """Find the last value that was logged under a key."""
    return next(entry[key] for entry in reversed(history) if key in entry)


def _scores(prediction: EvalPrediction, labels: list[str]) -> dict[str, float]:
    """Compute entity scores like the standard script."""
    best = np.argmax(prediction.predictions, axis=2)
    pairs = [
        [(labels[p], labels[g]) for p, g in zip(row, gold, strict=True) if g != -100]
        for row, gold in zip(best, prediction.label_ids, strict=True)
    ]
    predicted = [[p for p, _ in row] for row in pairs]
    gold = [[g for _, g in row] for row in pairs]
    report = classification_report(gold, predicted, output_dict=True, zero_division=0)
    return {
        "f1": float(report["micro avg"]["f1-score"]),
        "accuracy": float(accuracy_score(gold, predicted)),
    }


if __name__ == "__main__":
    answer(work)
