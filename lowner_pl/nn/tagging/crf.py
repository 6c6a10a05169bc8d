r"""Linear-chain conditional random field over the words of a batch."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class CRF(nn.Module):
    r"""Linear-chain CRF (`Lample et al., 2016 <https://arxiv.org/abs/1603.01360>`_, section 2.2).

    A path :math:`y` of tags through a sentence of :math:`L` words with emissions :math:`P` scores

    .. math:: s(y) = b_{y_1} + \sum_{i=1}^{L} P_{i,y_i} + \sum_{i=2}^{L} A_{y_{i-1},y_i} + e_{y_L}

    with trainable starts :math:`b`, transitions :math:`A` and ends :math:`e`, initialised to 0, and

    .. math:: \log p(y) = s(y) - \log \sum_{y'} \exp s(y')

    where the sum runs over all :math:`T^L` paths, as in the paper. The rules ``starts`` and
    ``transitions`` apply to decoding only. Axes: B sentences, W words, T tags. A mask is ``True``
    on real words, which come first; every sentence has at least one. The padding never matters.
    All computation is in float32, even under autocast.

    Args:
        num_tags: Number of tags.
        starts: Whether a sentence may start with each tag. Length T.
        transitions: Whether tag ``j`` (column) may follow tag ``i`` (row). Shape ``(T, T)``.

    Raises:
        ValueError: If the rules have the wrong shape.
    """

    illegal_starts: Tensor
    illegal_transitions: Tensor

    def __init__(
        self, num_tags: int, *, starts: Sequence[bool], transitions: Sequence[Sequence[bool]]
    ) -> None:
        super().__init__()
        self.starts = nn.Parameter(torch.zeros(num_tags))
        self.transitions = nn.Parameter(torch.zeros(num_tags, num_tags))
        self.ends = nn.Parameter(torch.zeros(num_tags))
        illegal_starts = ~torch.tensor(starts, dtype=torch.bool)
        illegal_transitions = ~torch.tensor(transitions, dtype=torch.bool)
        for name, rule, parameter in (
            ("starts", illegal_starts, self.starts),
            ("transitions", illegal_transitions, self.transitions),
        ):
            if rule.shape != parameter.shape:
                raise ValueError(
                    f"The {name} of a CRF have shape {tuple(rule.shape)}, but {num_tags} tags "
                    f"need {tuple(parameter.shape)}."
                )
        self.register_buffer("illegal_starts", illegal_starts, persistent=False)
        self.register_buffer("illegal_transitions", illegal_transitions, persistent=False)

    def forward(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        r"""Compute the log-likelihood :math:`\log p(y)` of each sentence's tags. Shape ``(B,)``.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            tags: Gold tag ids. Shape ``(B, W)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """
        return self.score(emissions, tags, mask) - self.log_partition(emissions, mask)

    def score(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Compute the score ``s(y)`` of each sentence's tags. Shape ``(B,)``.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            tags: Tag ids. Shape ``(B, W)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """
        tags = tags.masked_fill(~mask, 0)
        emitted = emissions.float().take_along_dim(tags.unsqueeze(2), dim=2).squeeze(2)
        moved = self.transitions.float()[tags[:, :-1], tags[:, 1:]]
        last = tags.take_along_dim(_last(mask), dim=1).squeeze(1)
        return (
            self.starts.float()[tags[:, 0]]
            + emitted.masked_fill(~mask, 0.0).sum(1)
            + moved.masked_fill(~mask[:, 1:], 0.0).sum(1)
            + self.ends.float()[last]
        )

    def log_partition(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Compute the log of the sum of ``exp s(y)`` over all paths. Shape ``(B,)``.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """
        return (_at_last(self._alphas(emissions, mask), mask) + self.ends.float()).logsumexp(1)

    def log_marginals(self, emissions: Tensor, mask: Tensor) -> Tensor:
        r"""Compute :math:`\log p(y_i = t)` of each word and tag with forward-backward.

        Shape ``(B, W, T)``. Values in the padding are meaningless.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """
        emitted = _clean(emissions, mask)
        ends = self.ends.float().expand_as(emitted[:, 0])
        betas = [ends]  # log sums over all continuations, from the last word backwards
        for word in range(emitted.shape[1] - 1, 0, -1):
            following = (emitted[:, word] + betas[-1]).unsqueeze(1) + self.transitions.float()
            betas.append(torch.where(mask[:, word, None], following.logsumexp(2), ends))
        alphas = torch.stack(self._alphas(emissions, mask), dim=1)
        scores = alphas + torch.stack(betas[::-1], dim=1)
        return scores - scores.logsumexp(2, keepdim=True)

    def _alphas(self, emissions: Tensor, mask: Tensor) -> list[Tensor]:
        """Compute for each word the log sums over all paths to its tags, ``(B, T)`` each."""
        first, *others = _clean(emissions, mask).unbind(1)
        into = self.transitions.float().T.contiguous()  # rows are the tags moved to
        alphas = [self.starts.float() + first]
        for emitted in others:
            alphas.append((alphas[-1].unsqueeze(1) + into).logsumexp(2) + emitted)
        return alphas

    @torch.no_grad()
    def decode(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Find the best legal path of each sentence (Viterbi), 0 in the padding. Shape ``(B, W)``.

        Args:
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """
        first, *others = _clean(emissions, mask).unbind(1)
        # No emission outweighs -inf, and without subtraction it can't become NaN.
        starts = self.starts.float().masked_fill(self.illegal_starts, -torch.inf)
        transitions = self.transitions.float().masked_fill(self.illegal_transitions, -torch.inf)
        into = transitions.T.contiguous()
        scores = [starts + first]
        stay = torch.arange(len(starts), device=emissions.device)
        pointers = [stay.expand_as(first)]  # those of the first word are never followed
        for emitted in others:
            score, pointer = (scores[-1].unsqueeze(1) + into).max(2)
            scores.append(score + emitted)
            pointers.append(pointer)
        tag = (_at_last(scores, mask) + self.ends.float()).argmax(1, keepdim=True)
        # Padding points to itself, so the tag of the last word reaches its place unchanged.
        back = torch.stack(pointers, dim=1).where(mask.unsqueeze(2), stay)
        path = [tag]
        for pointer in reversed(back.unbind(1)[1:]):
            path.append(pointer.gather(1, path[-1]))
        return torch.cat(path[::-1], dim=1).masked_fill(~mask, 0)


def _clean(emissions: Tensor, mask: Tensor) -> Tensor:
    """Convert emissions to float32, with 0 in the padding."""
    return emissions.float().masked_fill(~mask.unsqueeze(2), 0.0)


def _last(mask: Tensor) -> Tensor:
    """Compute the position of each sentence's last word. Shape ``(B, 1)``."""
    return mask.sum(1, keepdim=True) - 1


def _at_last(scores: list[Tensor], mask: Tensor) -> Tensor:
    """Select each sentence's last word from one ``(B, T)`` tensor per word."""
    return torch.stack(scores, dim=1).take_along_dim(_last(mask).unsqueeze(2), dim=1).squeeze(1)
