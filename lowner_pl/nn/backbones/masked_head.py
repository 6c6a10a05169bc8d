"""The head of a masked language model, without its encoder."""

from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput


class MaskedLMHead(nn.Module):
    """The part of a masked language model after its encoder.

    Args:
        model: The whole model. Its encoder is removed. What remains maps hidden states to
            vocabulary scores, whatever the architecture, and shares the embeddings.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        setattr(model, model.base_model_prefix, _PassThrough())
        self.model = model

    def forward(self, hidden: Tensor) -> Tensor:
        """Compute vocabulary scores ``(M, V)`` from hidden states ``(M, H)``."""
        scores: Tensor = self.model(inputs_embeds=hidden[None]).logits[0]
        return scores

    def features(self, hidden: Tensor) -> Tensor:
        """Compute what the output layer multiplies with the vocabulary. Shape ``(M, H)``.

        Args:
            hidden: Hidden states. Shape ``(M, H)``.
        """
        layer = self.output_layer
        layer.forward = _same  # type: ignore[method-assign, assignment]  # shadows the method of the class
        try:
            return self.forward(hidden)
        finally:
            del layer.forward

    @property
    def output_layer(self) -> nn.Linear:
        """The layer with one row and one bias per subword.

        Raises:
            ValueError: If the architecture has no such layer.
        """
        layer = self.model.get_output_embeddings()
        if not isinstance(layer, nn.Linear):
            raise ValueError(
                f"A model of type {self.model.config.model_type!r} has no linear output layer, so "
                "its vocabulary can't be sampled. Set `sampled_softmax` to `null`."
            )
        return layer


def _same(hidden: Tensor) -> Tensor:
    """Return the argument."""
    return hidden


class _PassThrough(nn.Module):
    """Takes the place of an encoder and returns the hidden states it is given."""

    def forward(self, *_: object, inputs_embeds: Tensor, **__: object) -> BaseModelOutput:
        """Return ``inputs_embeds`` as the last hidden states."""
        return _Output(last_hidden_state=inputs_embeds)


class _Output(BaseModelOutput):
    """An encoder output that answers ``None`` for fields that only some encoders have.

    The head of Longformer, for example, passes on the attention of global tokens.
    """

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)
