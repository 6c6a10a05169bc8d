"""Search with a sequence-to-sequence model, reproducible by its seed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import GenerationConfig, PreTrainedModel

from lowner_pl.runs.ranges import check_range


class SearchOptions(NamedTuple):
    """Options of the decoder's search.

    Attributes:
        beams: Beam size, at least 1.
        returned: Rows returned per source, from 1 to ``beams``.
        sample: Whether beams continue with draws from the scores instead of the best scores.
    """

    beams: int
    returned: int
    sample: bool

    def check(self) -> None:
        """Check the ranges of the options.

        Raises:
            ValueError: If an option is outside its range.
        """
        check_range("beams", self.beams, 1)
        check_range("returned", self.returned, 1, self.beams)

    def config(self, **more: Any) -> GenerationConfig:
        """Convert the search options, and any further ones, to arguments of `generate()`."""
        if self.sample:
            more["top_k"] = 0  # the default samples from the 50 best only
        return GenerationConfig(
            num_beams=self.beams,
            num_return_sequences=self.returned,
            do_sample=self.sample,
            **more,
        )


def write(
    model: PreTrainedModel,
    sources: tuple[Tensor, Tensor],
    starts: Sequence[int],
    *,
    options: SearchOptions,
    end: int,
    most: int,
    seed: int,
) -> list[list[int] | None]:
    """Run the decoder for each source; a row without an end is ``None``.

    The model runs in evaluation mode. Its mode and torch's random state are restored.

    Args:
        model: The model.
        sources: Subwords that the encoder reads, and their mask. Shape ``(B, S)`` each.
        starts: First token of the decoder for each row.
        options: Options of the search.
        end: The end token, which is removed from the rows.
        most: Maximum number of subwords in a row.
        seed: Seed of the draws.
    """
    device = model.device
    config = options.config(
        max_new_tokens=most,
        decoder_start_token_id=list(starts),
        eos_token_id=end,
        pad_token_id=model.config.pad_token_id or 0,
    )
    # The model's own generation options would force its first and last tokens.
    before, model.generation_config = model.generation_config, GenerationConfig()
    was_training = model.training
    ids, mask = (part.to(device) for part in sources)
    try:
        with torch.random.fork_rng([device] if device.type == "cuda" else []), torch.no_grad():
            torch.manual_seed(seed)
            rows = model.eval().generate(
                input_ids=ids, attention_mask=mask.long(), generation_config=config
            )
    finally:
        model.train(was_training)
        model.generation_config = before
    return [_ended(row[1:], end) for row in rows.tolist()]


def _ended(row: list[int], end: int) -> list[int] | None:
    """Cut a row before its end token."""
    return row[: row.index(end)] if end in row else None
