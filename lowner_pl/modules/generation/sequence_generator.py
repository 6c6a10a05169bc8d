"""What a sequence-to-sequence model writes, as a function of sources, options and a seed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import GenerationConfig, PreTrainedModel


class SearchOptions(NamedTuple):
    """How the decoder searches.

    Attributes:
        beams: Rows kept at each step, at least 1.
        returned: Rows returned of each source, from 1 to ``beams``.
        sample: Whether rows go on with draws from the scores rather than with the best.
    """

    beams: int
    returned: int
    sample: bool

    def check(self) -> None:
        """Refuse options that are out of their range.

        Raises:
            ValueError: If one is.
        """
        if self.beams < 1:
            raise ValueError(f"`beams` must be at least 1, was: {self.beams}.")
        if not 1 <= self.returned <= self.beams:
            raise ValueError(
                f"`returned` must be from 1 to `beams`, {self.beams}, was: {self.returned}."
            )

    def config(self, **more: Any) -> GenerationConfig:
        """Return the options as `transformers` takes them, with more of its own."""
        if self.sample:
            more["top_k"] = 0  # the default cuts the scores
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
    """Return what the decoder writes for each source, ``None`` where it does not end.

    The model is in evaluation mode meanwhile; it and torch's random state stay as they were.

    Args:
        model: The model.
        sources: What the encoder reads, and where that is real. Shape ``(B, S)`` each.
        starts: What the decoder begins with in each row.
        options: How the decoder searches.
        end: The token that ends a row, which is left out.
        most: Subwords after which a row counts as without end.
        seed: Of the draws.
    """
    device = model.device
    config = options.config(
        max_new_tokens=most,
        decoder_start_token_id=list(starts),
        eos_token_id=end,
        pad_token_id=model.config.pad_token_id or 0,
    )
    # The model's own options would force tokens at the beginning and at the end.
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
    """Return a row up to its end."""
    return row[: row.index(end)] if end in row else None
