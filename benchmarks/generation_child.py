"""One process of `generation.py`: loads the model and generates with our or the naive version."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from common import Record, Stopwatch, answer, memory_megabytes, product_rate

K, ROUNDS, MEAN_RATE = 5, 3, 0.5


def work(job: Record) -> Record:
    """Load the model, generate, and report."""
    from lowner_pl.corpus import read_conll
    from lowner_pl.modules import MELMLightningModule, generate

    sentences = read_conll(job["corpus"])
    types = sorted({entity.type for sentence in sentences for entity in sentence.entities})
    module = MELMLightningModule(
        entity_types=tuple(types), backbone=job["backbone"], rounds=ROUNDS, k=K
    ).eval()
    spelling = module.generator.spelling  # reads the vocabulary, which counts as loading for both
    spelling.most()
    for weight in module.parameters():
        weight.sum()  # weights are memory-mapped: read them all
    loaded = memory_megabytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak of the memory
    clock, count = Stopwatch(), _Count(module)
    with clock:
        if job["kind"] == "ours":
            stream = generate(module, sentences, seed=0, gold=[], batch_size=job["batch_size"])
            made = sum(1 for _ in stream)
        else:
            made = sum(1 for _ in _plain(module, sentences, job["batch_size"]))
    report: Record = {"sentences": len(sentences), "candidates": made, "loaded_mb": loaded}
    report["generation_mb"] = memory_megabytes("VmHWM")
    report |= count.report()
    return report | clock.report("generation") | {"product_rate": product_rate()}


class _Count:
    """Counter of subwords read, positions scored, and the operations these take."""

    def __init__(self, module: Any) -> None:
        encoder, head = module.backbone.encoder, module.language_model.model
        self.embeddings = encoder.get_input_embeddings()
        self.subwords = self.scored = 0
        self.embeddings.register_forward_hook(self._read)
        head.get_output_embeddings().register_forward_hook(self._scored)
        linear = [part for part in encoder.modules() if type(part).__name__ == "Linear"]
        self.each_subword = 2 * sum(part.weight.numel() for part in linear)
        self.each_score = 2 * (self.embeddings.weight.numel() + encoder.config.hidden_size**2)

    def _read(self, _: Any, inputs: Any, __: Any) -> None:
        self.subwords += inputs[0].numel()

    def _scored(self, _: Any, inputs: Any, __: Any) -> None:
        self.scored += inputs[0].shape[:-1].numel()

    def report(self) -> Record:
        """Return the counts, and the operations of all matrix products except attention's."""
        operations = self.subwords * self.each_subword + self.scored * self.each_score
        return {"subwords": self.subwords, "scored": self.scored, "operations": operations}


def _plain(module: Any, sentences: list[Any], batch_size: int) -> Iterator[tuple[str, ...]]:
    """Generate naively: rows in corpus order, padded, with every position scored.

    Sentences without entities are skipped, as in our version. Masks, guards and the draw from the
    top k are the same. The model is called the way `transformers` offers it.
    """
    import torch
    from torch.nn.utils.rnn import pad_sequence

    from lowner_pl.encoding import gaussian_mask

    encoder, spelling, random = module.word_encoder, module.generator.spelling, Random(0)
    model = _whole(module)
    rows = [module.encoder(s) for s in sentences if s.entities for _ in range(ROUNDS)]
    for start in range(0, len(rows), batch_size * ROUNDS):
        batch, masks = rows[start : start + batch_size * ROUNDS], []
        for row in batch:
            picked = [
                [entity[i] for i in gaussian_mask(len(entity), MEAN_RATE, random)]
                for entity in row.entities
            ]
            masks.append({position for part in picked for position in part})
        ids = [
            torch.tensor(
                [
                    *encoder.prefix,
                    *(encoder.mask_id if p in hidden else i for p, i in enumerate(row.ids)),
                    *encoder.suffix,
                ]
            )
            for row, hidden in zip(batch, masks, strict=True)
        ]
        pad = module.tokenizer.pad_token_id
        padded = pad_sequence(ids, batch_first=True, padding_value=pad)
        with torch.inference_mode():
            scores = model(input_ids=padded, attention_mask=(padded != pad).long()).logits
        for number, (row, hidden) in enumerate(zip(batch, masks, strict=True)):
            new = list(row.ids)
            for position in hidden:
                allowed = spelling.allowed(spelling.kind([row.ids[position]], 0))
                best = scores[number, position + len(encoder.prefix), allowed].topk(K).indices
                new[position] = int(allowed[random.choice(best.tolist())])
            yield tuple(spelling.word(new[begin:end]) for begin, end in row.words)


def _whole(module: Any) -> Any:
    """Combine encoder and head into the stock model, with its own attention."""
    model = module.language_model.model
    setattr(model, model.base_model_prefix, module.backbone.encoder)
    module.backbone.encoder.config._attn_implementation = "sdpa"
    return model.eval()


if __name__ == "__main__":
    answer(work)
