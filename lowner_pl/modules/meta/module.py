"""Meta-learning across languages: weights from which a tagger adapts quickly to each sentence."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import torch
from lightning.pytorch.cli import OptimizerCallable
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from lowner_pl.corpus import Episode
from lowner_pl.encoding import Batch, Marker, mask_entity_words
from lowner_pl.modules.meta.adaptive import AdaptiveModule
from lowner_pl.modules.optimizers import meta as adam
from lowner_pl.nn import Adaptation, Average, adapted_weights, inner_update
from lowner_pl.runs.ranges import check_range

Algorithm = Literal["fomaml", "maml", "reptile", "anil"]


class MetaLightningModule(AdaptiveModule):
    r"""Meta-learned tagger (`Wu et al., 2020 <https://arxiv.org/abs/1911.06161>`_, Algorithm 1).

    Every training sentence is a task. Its support is the training sentences most similar to it, its
    query the sentence itself. For each task the tagger takes ``inner_steps`` on the support,
    :math:`\theta'_i = U^n(\theta; \alpha)`. The gradients on the queries at :math:`\theta'_i` are
    summed over the tasks of a batch and update :math:`\theta` (Eq. 10 and 12). To tag a sentence,
    the tagger takes one step on the training sentences most similar to it.

    Masks and dropout of a task depend on the run's seed, the epoch and the task only, so an update
    is the same however the tasks are distributed over devices.

    Args:
        marker: Token before each word: ``none`` as in the paper (SNER), ``mask`` or ``random`` as
            in MANER.
        algorithm: ``fomaml``, the paper's, first order (Eq. 12); ``maml``, second order (Eq. 11);
            ``reptile`` (`Nichol et al., 2018 <https://arxiv.org/abs/1803.02999>`_), which takes its
            steps on support and query together and uses the way back as the gradient; ``anil``
            (`Raghu et al., 2020 <https://arxiv.org/abs/1909.09157>`_), first order, where only the
            head adapts.
        inner_steps: Number :math:`n` of inner steps, at least 1.
        inner_optimizer: Optimiser of the inner loop and of adaptation, created anew for each task.
            Its learning rate is :math:`\alpha`.
        adaptation_lr: Learning rate :math:`\gamma` of adaptation.
        adaptation_steps: Steps of adaptation; 0 tags with the meta-learned weights as they are.
        mask_rate: Probability of masking a word of an entity in meta-training, from 0 to 1.
        mask_support: Whether to mask the support as well as the query.
        max_weight: Weight :math:`\lambda` of the highest loss of each sentence (Eq. 13), at least
            0. Used in meta-training only.
        average: What counts equally in the sum over tasks: the ``sentences``, that is the queries,
            as in the paper (Eq. 10), or their ``words``, as when a tagger learns from batches. With
            ``words``, a task is weighted by the length of its query over the mean length; the
            maximum still counts once per sentence. The loss of a support is averaged the same way,
            in meta-training and in adaptation: over its sentences, as in the paper (Eq. 3), or over
            all their words.
        kwargs: Options of `NERModule`.

    Raises:
        ValueError: If an option is out of range, or ``inner_optimizer`` can't take an inner step,
            or ``maml`` can't differentiate its step.
    """

    automatic_optimization = False
    average_of_head = "sentences"

    def __init__(
        self,
        *,
        marker: Marker = "none",
        algorithm: Algorithm = "fomaml",
        inner_steps: int = 2,
        inner_optimizer: OptimizerCallable = adam,
        adaptation_lr: float = 1e-5,
        adaptation_steps: int = 1,
        mask_rate: float = 0.2,
        mask_support: bool = True,
        max_weight: float = 2.0,
        average: Average = "sentences",
        **kwargs: Any,
    ) -> None:
        check_range("inner_steps", inner_steps, 1)
        check_range("adaptation_steps", adaptation_steps, 0)
        check_range("adaptation_lr", adaptation_lr, 0.0)
        check_range("mask_rate", mask_rate, 0.0, 1.0)
        check_range("max_weight", max_weight, 0.0)
        super().__init__(average=average, _marker=marker, **kwargs)
        self.algorithm = algorithm
        self.inner_steps = inner_steps
        self.adaptation_steps = adaptation_steps
        self.mask_rate = mask_rate
        self.mask_support = mask_support
        self.max_weight = max_weight
        self.inner_update = inner_update(inner_optimizer)
        self.adaptation_update = inner_update(inner_optimizer, lr=adaptation_lr)
        if algorithm == "maml":
            self.inner_update.check_differentiable()
        if algorithm == "maml" and kwargs.get("gradient_checkpointing"):
            raise ValueError(
                "`gradient_checkpointing` is true, but with `algorithm: maml` the layers would be "
                "computed again with other weights. Leave it out, or use `algorithm: fomaml`."
            )
        if algorithm == "reptile" and self.inner_update.lr == 0.0:
            raise ValueError("The `lr` of `inner_optimizer` is 0, but reptile divides by it.")
        if mask_rate > 0.0:
            self.word_encoder.mask_id  # noqa: B018 - fails now if there is no mask token
        self.adaptation = self._new_adaptation()

    @property
    def method(self) -> str:  # type: ignore[override]
        """``meta``, followed by the marker if there is one."""
        return {"none": "meta", "mask": "meta_maner", "random": "meta_maner_rand"}[self.marker]

    def identity(self) -> dict[str, Any]:
        """Return what a checkpoint must agree on, including the marker."""
        return {**super().identity(), "marker": self.marker}

    def monitored(self) -> set[str]:
        """Name the logged scores. The loss of a meta-update has a name of its own."""
        return super().monitored() - {"train/loss"} | {"train/meta_loss"}

    def training_step(self, batch: list[Episode], batch_idx: int) -> None:
        r"""Take one meta-update :math:`\theta \leftarrow \theta - \beta \sum_i g_i` (Eq. 10).

        This is one iteration of Algorithm 1. Optimisation is manual.
        """
        del batch_idx
        losses = self.add_meta_gradients(batch)
        self._sum_gradients_over_devices()
        optimizer: Any = self.optimizers()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)  # the next tasks reuse this memory
        if (schedule := self.lr_schedulers()) is not None:
            schedule.step()  # type: ignore[union-attr]
        if losses:
            loss = torch.stack(losses).mean()
            # Not `train/loss`: it is measured after the inner loop and includes the maximum.
            self.log("train/meta_loss", loss, prog_bar=True, batch_size=len(batch))

    def add_meta_gradients(self, episodes: Sequence[Episode]) -> list[Tensor]:
        """Add the meta-gradient of each task to ``.grad``, and return the query losses.

        Raises:
            ValueError: If a loss is not finite.
        """
        add = self._add_second_order if self.algorithm == "maml" else self._add_first_order
        losses = []
        for episode, weight in zip(episodes, self._task_weights(episodes), strict=True):
            support, query = self._masked(episode)
            losses.append(add(episode, support, query, weight))
        return losses

    def _add_first_order(
        self, episode: Episode, support: Batch, query: Batch, weight: float
    ) -> Tensor:
        r"""Add the query gradient :math:`g_i` at the adapted weights; return the query loss."""
        support_loss = self.support_loss(episode, support, max_weight=self.max_weight)
        adapted = self.adaptation.adapted(
            support_loss, update=self.inner_update, steps=self.inner_steps
        )
        with adapted as start:  # θ'_i = Uⁿ(θ), Eq. 7
            with torch.set_grad_enabled(self.algorithm != "reptile"):
                loss = weight * self(query, self.max_weight / weight)  # the maximum counts once
                loss = self.checked(loss, episode, "The meta-update by")
            if self.algorithm == "reptile":
                self._add_way_back(start, weight)
            else:
                loss.backward()  # adds g_i, Eq. 12, to `.grad`
        return loss.detach()

    def _add_way_back(self, start: list[Tensor], weight: float) -> None:
        """Add Reptile's gradient: from adapted to start weights, divided by the inner rate."""
        factor = weight / self.inner_update.lr
        for parameter, origin in zip(self.adaptation.parameters, start, strict=True):
            _add_gradient(parameter, (origin - parameter.data).mul_(factor))

    def _add_second_order(
        self, episode: Episode, support: Batch, query: Batch, weight: float
    ) -> Tensor:
        """Add the whole meta-gradient (Eq. 11) by differentiating through the inner loop."""

        def support_loss(weights: Mapping[str, Tensor]) -> Tensor:
            loss = functional_call(self, dict(weights), (support, self.max_weight))
            return self.checked(loss, episode, "The inner loop for")

        def query_loss(weights: Mapping[str, Tensor]) -> Tensor:
            loss = functional_call(self, dict(weights), (query, self.max_weight / weight))
            return self.checked(weight * loss, episode, "The meta-update by")

        start = {name: p for name, p in self.named_parameters() if p.requires_grad}
        torch.manual_seed(self.task_seed(episode, 1))
        with sdpa_kernel(SDPBackend.MATH):  # the other kernels have no second derivative
            adapted = adapted_weights(
                start, support_loss, update=self.inner_update, steps=self.inner_steps
            )
            loss = query_loss(adapted)
            gradients = torch.autograd.grad(loss, list(start.values()), allow_unused=True)
        for parameter, gradient in zip(start.values(), gradients, strict=True):
            if gradient is not None:
                _add_gradient(parameter, gradient)
        return loss.detach()

    def _task_weights(self, episodes: Sequence[Episode]) -> list[float]:
        """Compute the weight of each task: 1, or its query's number of words over the mean."""
        if self.average == "sentences":
            return [1.0] * len(episodes)
        words = [len(episode.query.words) for episode in episodes]
        totals = torch.tensor([sum(words), len(words)], device=self.device)
        self._sum_over_devices(totals)
        total, queries = totals.tolist()
        mean = total / max(queries, 1)
        return [count / mean for count in words]

    def _masked(self, episode: Episode) -> tuple[Batch, Batch]:
        """Encode support and query, with newly masked words of entities.

        Reptile learns from support and query together.
        """
        torch.manual_seed(self.task_seed(episode))
        sentences = [*episode.support, episode.query]
        masked = mask_entity_words(sentences, self.mask_rate, torch.default_generator)
        if not self.mask_support:
            masked[:-1] = [[False] * len(row) for row in masked[:-1]]
        learned = slice(None) if self.algorithm == "reptile" else slice(-1)
        support, query = (
            self.word_encoder(sentences[part], self.tag_set, masked=masked[part]).to(self.device)
            for part in (learned, slice(-1, None))
        )
        return support, query

    def _sum_gradients_over_devices(self) -> None:
        """Sum the meta-gradients of all devices, each of which had its share of the tasks."""
        if self._devices > 1:
            for parameter in self._trainable():
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                self._sum_over_devices(parameter.grad)

    def _sum_over_devices(self, tensor: Tensor) -> None:
        """Sum a tensor over all devices, in place."""
        if self._devices > 1:
            self.trainer.strategy.reduce(tensor, reduce_op="sum")

    @property
    def _devices(self) -> int:
        """Number of devices that share the tasks."""
        return 1 if self._trainer is None else self.trainer.world_size

    def _trainable(self) -> list[nn.Parameter]:
        """Return the weights that are not frozen."""
        return [parameter for parameter in self.tagger.parameters() if parameter.requires_grad]

    def train_rows(self, ids: Iterable[int]) -> None:
        """Train the vectors of some subwords, which then adapt too."""
        super().train_rows(ids)
        self.adaptation = self._new_adaptation()

    def _new_adaptation(self) -> Adaptation:
        """Create the adaptation of all trainable weights, or only of the head for ANIL."""
        trainable = self._trainable()
        if self.algorithm != "anil":
            return Adaptation(trainable)
        head = {id(parameter) for parameter in self.tagger.head.parameters()}
        return Adaptation(
            [parameter for parameter in trainable if id(parameter) in head],
            fixed=[parameter for parameter in trainable if id(parameter) not in head],
        )


def _add_gradient(parameter: nn.Parameter, gradient: Tensor) -> None:
    """Add to the ``.grad`` of a parameter, which may be ``None``."""
    parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)
