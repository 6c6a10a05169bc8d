"""One process of `meta_speed.py`: meta-updates or adaptation, our way or the naive way."""

import copy
from pathlib import Path
from typing import Any

import torch
from common import Record, Stopwatch, answer, memory_megabytes, product_rate
from torch import Tensor
from torch.nn.functional import cross_entropy

from lowner_pl.corpus import Episode, Sentence
from lowner_pl.datamodules import ConllDataModule, EpisodicDataModule
from lowner_pl.modules import MetaLightningModule

MAX_WEIGHT, INNER_STEPS, RATE, ADAPTATION_RATE = 2.0, 2, 3e-5, 1e-5


def work(job: Record) -> Record:
    """Load the data and the model, time the work, and report."""
    corpus = Path(job["corpus"])
    paths: Record = {f"{s}_path": corpus / f"{s}.conll" for s in ("train", "dev", "test")}
    data = EpisodicDataModule(ConllDataModule(**paths, name="speed"), vector_cache=None)
    episodes = data.episodes("train" if job["work"] == "update" else "test")
    torch.manual_seed(0)
    is_update = job["work"] == "update"
    inner = getattr(torch.optim, job["inner_optimizer"])
    module = MetaLightningModule(
        entity_types=data.entity_types,
        backbone=job["backbone"],
        frozen_layers=job["frozen_layers"],
        dropout=job["dropout"],
        mask_rate=0.0,
        max_weight=MAX_WEIGHT,
        inner_steps=INNER_STEPS,
        inner_optimizer=lambda parameters: inner(parameters, lr=RATE),
        adaptation_lr=ADAPTATION_RATE,
    ).train(is_update)
    ways: Record = {"ours": Ours, "other": Ours, "fine_tuning": FineTuning}
    way = Plain(module, inner) if job["kind"] == "plain" else ways[job["kind"]](module)
    loaded = memory_megabytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak memory
    chosen = episodes[: job["tasks"] * job["updates"] if is_update else job["tagged"]]
    parts = job["updates"] if is_update else 1
    batches = [chosen[part::parts] for part in range(parts)]
    do = way.update if is_update else way.tag
    # A warm-up run, which also creates the state of the optimiser.
    do(batches[0])
    way.encoder.get_input_embeddings().register_forward_hook(count_subwords)
    with Stopwatch() as clock:
        result = [do(batch) for batch in batches][-1]
    torch.save(result, job["file"])
    shared = len({episode.support for episode in chosen})
    trainable = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return {
        "tasks": len(chosen),
        "adaptations": shared if job["work"] == "adaptation" else len(chosen),
        "trainable": trainable,
        "loaded_mb": loaded,
        "work_mb": memory_megabytes("VmHWM"),
        **operations(module),
        **clock.report("work"),
        "product_rate": product_rate(),
    }


READ = {"forward": 0, "backward": 0}


def count_subwords(module: Any, inputs: Any, output: Any) -> None:
    """Count the positions that an encoder reads. A deep copy shares this function."""
    del module, output
    READ["forward"] += inputs[0].numel()
    READ["backward"] += inputs[0].numel() * torch.is_grad_enabled()


def operations(module: MetaLightningModule) -> Record:
    """Count the positions read, with padding, and the operations of the linear layers."""
    parts = module.tagger.backbone.encoder.modules()
    linear = [part for part in parts if isinstance(part, torch.nn.Linear)]
    weights = sum(part.weight.numel() for part in linear)
    trainable = sum(part.weight.numel() for part in linear if part.weight.requires_grad)
    count = 2 * weights * READ["forward"] + 4 * trainable * READ["backward"]
    return {"subwords": READ["forward"], "operations": count}


class Ours:
    """The meta-update and adaptation of the module, without a Trainer."""

    def __init__(self, module: MetaLightningModule) -> None:
        self.module = module
        self.encoder = module.tagger.backbone.encoder
        self.trainable = [p for p in module.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(self.trainable, lr=RATE, fused=True)

    def update(self, batch: list[Episode]) -> list[Tensor]:
        """Take a meta-update and return the last meta-gradients."""
        self.module.add_meta_gradients(batch)
        total = [p.grad.clone() for p in self.trainable[-4:] if p.grad is not None]
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=False)
        return total

    def tag(self, episodes: list[Episode]) -> list[Tensor]:
        """Compute the tag scores of each query."""
        scores: dict[int, Tensor] = {}
        with torch.inference_mode():
            for numbers, adapted in self.module.adaptations(episodes):
                with adapted:
                    queries = [episodes[number].query for number in numbers]
                    _, batch, emissions = self.module.tag(queries)
                for row, number in enumerate(numbers):
                    scores[number] = emissions[row, : int(batch.word_mask[row].sum())].clone()
        return [scores[number] for number in range(len(episodes))]


class FineTuning(Ours):
    """Ordinary training on the queries of a batch."""

    def update(self, batch: list[Episode]) -> list[Tensor]:
        """Take one step on all queries."""
        encoded = self.module.encode([episode.query for episode in batch], train=True)
        self.module(encoded, MAX_WEIGHT).backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=False)
        return []


class Plain:
    """The stock model with padded batches, a deep copy and a new optimiser per task."""

    def __init__(self, module: MetaLightningModule, inner: Any) -> None:
        from transformers import AutoModelForTokenClassification

        self.module = module  # for its tokenizer, tags and initial weights
        self.inner = inner
        encoder = module.tagger.backbone.encoder
        config = copy.deepcopy(encoder.config)
        config._attn_implementation = "sdpa"
        config.num_labels = len(module.tag_set)
        model: Any = AutoModelForTokenClassification.from_config(config).train(module.training)
        model.base_model.load_state_dict(encoder.state_dict())
        self.body, self.head = model.base_model, module.tagger.head.linear
        frozen = {name for name, p in encoder.named_parameters() if not p.requires_grad}
        for name, parameter in self.body.named_parameters():
            parameter.requires_grad_(name not in frozen)
        self.model = torch.nn.ModuleList([self.body, self.head])
        self.encoder = self.body
        self.trainable = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(self.trainable, lr=RATE)

    def scores(self, model: Any, sentences: list[Sentence]) -> tuple[Tensor, Tensor]:
        """Compute the tag scores ``(W, T)`` at first subwords, and their rows in the batch."""
        body, head = model
        words = [list(sentence.words) for sentence in sentences]
        encoded = self.module.tokenizer(
            words, is_split_into_words=True, padding=True, return_tensors="pt"
        )
        hidden = body(**encoded).last_hidden_state
        rows, places = [], []
        for row in range(len(sentences)):
            seen = None
            for place, word in enumerate(encoded.word_ids(row)):
                if word is not None and word != seen:
                    rows.append(row)
                    places.append(place)
                seen = word
        return head(hidden[rows, places]), torch.tensor(rows)

    def loss(self, model: Any, sentences: list[Sentence], max_weight: float) -> Tensor:
        """Compute the loss of Eq. 13, averaged over sentences."""
        scores, rows = self.scores(model, sentences)
        tags = [tag for s in sentences for tag in self.module.tag_set.encode(s.tags or ())]
        each = cross_entropy(scores, torch.tensor(tags), reduction="none")
        parts = [each[rows == row] for row in range(len(sentences))]
        losses = [part.mean() + max_weight * part.max() for part in parts]
        return torch.stack(losses).mean()

    def adapted(self, support: Any, steps: int, rate: float, max_weight: float) -> Any:
        """Create an adapted copy."""
        model = copy.deepcopy(self.model)
        trainable = [p for p in model.parameters() if p.requires_grad]
        optimizer = self.inner(trainable, lr=rate)
        for _ in range(steps):
            optimizer.zero_grad()
            self.loss(model, list(support), max_weight).backward()
            optimizer.step()
        optimizer.zero_grad()
        return model

    def update(self, batch: list[Episode]) -> list[Tensor]:
        """Take a meta-update and return the last meta-gradients."""
        for episode in batch:
            model = self.adapted(episode.support, INNER_STEPS, RATE, MAX_WEIGHT)
            self.loss(model, [episode.query], MAX_WEIGHT).backward()
            copies = [p for p in model.parameters() if p.requires_grad]
            for parameter, other in zip(self.trainable, copies, strict=True):
                if other.grad is not None:
                    old = parameter.grad
                    parameter.grad = other.grad if old is None else old + other.grad
        total = [p.grad.clone() for p in self.trainable[-4:] if p.grad is not None]
        self.optimizer.step()
        self.optimizer.zero_grad()
        return total

    def tag(self, episodes: list[Episode]) -> list[Tensor]:
        """Compute the tag scores of each query."""
        found = []
        for episode in episodes:
            model = self.adapted(episode.support, 1, ADAPTATION_RATE, 0.0)
            with torch.no_grad():
                found.append(self.scores(model, [episode.query])[0])
        return found


if __name__ == "__main__":
    answer(work)
