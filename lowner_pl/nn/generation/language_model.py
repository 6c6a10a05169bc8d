"""An LSTM language model that is trained from scratch."""

import torch
from torch import Tensor, nn

State = tuple[Tensor, Tensor]


class LSTMLanguageModel(nn.Module):
    """Embeddings, one LSTM layer and a linear layer, with dropout before and after the LSTM.

    Args:
        vocabulary: Number of tokens V.
        embedding_size: Size of the embeddings.
        hidden_size: Hidden size H of the LSTM.
        dropout: Dropout probability, from 0 to 1.
    """

    def __init__(
        self, vocabulary: int, *, embedding_size: int, hidden_size: int, dropout: float
    ) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(vocabulary, embedding_size)
        self.lstm = nn.LSTM(embedding_size, hidden_size, batch_first=True)
        self.output = nn.Linear(hidden_size, vocabulary)
        self.dropout = nn.Dropout(dropout)

    def forward(self, input_ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Score the token after each input token, and return the state after the last one.

        Args:
            input_ids: Token ids. Shape ``(B, S)``.
            state: State of an earlier call to continue from.

        Returns:
            Scores ``(B, S, V)`` and the state, ``(1, B, H)`` each.
        """
        hidden, state = self.lstm(self.dropout(self.embeddings(input_ids)), state)
        return self.output(self.dropout(hidden)), state

    @torch.no_grad()
    def sample(
        self,
        count: int,
        *,
        boundary: int,
        most_tokens: int,
        temperature: float,
        generator: torch.Generator,
    ) -> list[list[int] | None]:
        """Sample sequences of tokens, without the boundary token; ``None`` for unfinished ones.

        Args:
            count: Number of sequences, sampled in one batch.
            boundary: Token that starts and ends a sequence.
            most_tokens: Maximum length. A longer sequence counts as unfinished.
            temperature: Divisor of the scores, above 0; 1 samples from the model's distribution.
            generator: Random generator on the CPU.
        """
        device = self.output.weight.device
        rows: list[list[int]] = [[] for _ in range(count)]
        live = torch.arange(count)
        last = torch.full((count, 1), boundary, device=device)
        state: State | None = None
        for _ in range(most_tokens + 1):
            scores, (hidden, cell) = self(last, state)
            shares = torch.softmax(scores[:, 0].float().cpu() / temperature, dim=-1)
            drawn = torch.multinomial(shares, 1, generator=generator)
            going = (drawn != boundary).squeeze(1)
            live, last = live[going], drawn[going].to(device)
            state = (hidden[:, going.to(device)], cell[:, going.to(device)])
            for row, token in zip(live.tolist(), last[:, 0].tolist(), strict=True):
                rows[row].append(token)
            if len(live) == 0:
                break
        unfinished = set(live.tolist())
        return [None if index in unfinished else row for index, row in enumerate(rows)]
