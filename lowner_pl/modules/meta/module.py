"""Meta-learning across languages: weights from which a tagger adapts to each sentence."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
from lightning.pytorch.cli import OptimizerCallable
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from lowner_pl.corpus import Episode
from lowner_pl.encoding import Batch, Marker, mask_entity_words
from lowner_pl.modules.meta.adaptive import AdaptiveModule, Task
from lowner_pl.nn import (
    Adaptation,
    Average,
    FirstGradient,
    SharedStart,
    adapted_weights,
    inner_update,
)
from lowner_pl.runs.ranges import check_range

Algorithm = Literal["fomaml", "maml", "reptile", "anil"]


def adam(parameters: Any) -> torch.optim.Optimizer:
    """Return Adam at the paper's learning rate of 3e-5."""
    return torch.optim.Adam(parameters, lr=3e-5, fused=True)


class MetaLightningModule(AdaptiveModule):
    r"""Meta-learnt tagger (`Wu et al., 2020 <https://arxiv.org/abs/1911.06161>`_, Algorithm 1).

    Each training sentence is a task: the tagger takes ``inner_steps`` on the sentences most like
    it, :math:`\theta'_i = U^n(\theta; \alpha)`, and the gradients at :math:`\theta'_i` on the
    sentence itself, summed over the tasks of a batch, update :math:`\theta` (Eq. 10 and 12). To tag
    a sentence, the tagger takes one step on the training sentences most like it.

    Masks and dropout of a task are a function of the run's seed, the epoch and the task, so that
    the update is the same however tasks are shared out among devices.

    Args:
        marker: What stands before each word: ``none`` as in the paper (SNER), ``mask`` or
            ``random`` as in MANER.
        algorithm: ``fomaml``, the paper's, first order (Eq. 12); ``maml``, second order (Eq. 11);
            ``reptile`` (`Nichol et al., 2018 <https://arxiv.org/abs/1803.02999>`_): steps on
            support and query together, and the way back as the gradient; ``anil`` (`Raghu et al.,
            2020 <https://arxiv.org/abs/1909.09157>`_), first order: the head alone adapts.
        inner_steps: Steps :math:`n` of the inner loop, at least 1.
        inner_optimizer: Makes the optimiser of the inner loop and of adaptation, anew for each
            task; its learning rate is :math:`\alpha`.
        adaptation_lr: Learning rate :math:`\gamma` of adaptation.
        adaptation_steps: Steps of adaptation; 0 tags with the meta-learnt weights as they are.
        mask_rate: Chance of masking a word of an entity in meta-training, from 0 to 1.
        mask_support: Whether support is masked as well as the query.
        max_weight: Weight :math:`\lambda` of the highest loss of each sentence (Eq. 13), in
            meta-training alone, at least 0.
        average: What counts the same in the sum over tasks: the ``sentences`` that are the queries,
            as in the paper (Eq. 10), or their ``words``, as when a tagger learns from batches: then
            a task weighs as many times as much as its query is longer than the mean. The maximum
            counts once a sentence either way. The loss of a support is averaged likewise, in
            meta-training and in adaptation: over its sentences, as in the paper (Eq. 3), or over
            all their words.
        kwargs: Options of `NERModule`.

    Raises:
        ValueError: If an option is out of its range, or ``inner_optimizer`` has no step for inner
            loops, or none that ``maml`` can differentiate.
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
        self.marker = marker
        super().__init__(average=average, **kwargs)
        if callable(self.hparams.get("inner_optimizer")):  # made in Python: no plain value to save
            self.hparams.pop("inner_optimizer")
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
        if algorithm == "reptile" and self.inner_update.lr == 0.0:
            raise ValueError("`inner_optimizer` must have an `lr` above 0 for reptile, was: 0.")
        if mask_rate > 0.0:
            self.word_encoder.mask_id  # noqa: B018 - fails here rather than in the first step
        self.adaptation = self._new_adaptation()
        self.shared_start = None if algorithm == "anil" else SharedStart(self.tagger)

    @property
    def method(self) -> str:  # type: ignore[override]
        """``meta``, with what stands before each word if anything does."""
        return {"none": "meta", "mask": "meta_maner", "random": "meta_maner_rand"}[self.marker]

    def identity(self) -> dict[str, Any]:
        """Return what a checkpoint must agree on: also the marker."""
        return {**super().identity(), "marker": self.marker}

    def monitored(self) -> set[str]:
        """Name what a tagger logs, but for the loss: that of the meta-update has its own name."""
        return super().monitored() - {"train/loss"} | {"train/meta_loss"}

    def training_step(self, batch: list[Episode], batch_idx: int) -> None:
        """Take the meta-update of Eq. 10 on a batch of tasks."""
        del batch_idx
        losses = self.add_meta_gradients(batch)
        self._sum_gradients()
        optimizer: Any = self.optimizers()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)  # the next tasks add to the same memory
        if (schedule := self.lr_schedulers()) is not None:
            schedule.step()  # type: ignore[union-attr]
        if losses:
            loss = torch.stack(losses).mean()
            # Not `train/loss`: it is measured after the inner loop, and counts the maximum as well.
            self.log("train/meta_loss", loss, prog_bar=True, batch_size=len(batch))

    def add_meta_gradients(self, episodes: Sequence[Episode]) -> list[Tensor]:
        """Add the meta-gradients of tasks to the gradients of the weights; return the losses.

        Raises:
            ValueError: If a loss is no number.
        """
        tasks = [self._masked(episode) for episode in episodes]
        weights = self._weights(episodes)
        steps = 0 if self.algorithm == "maml" else self.inner_steps  # it differentiates them
        firsts = self.first_gradients(tasks, self.max_weight, steps=steps)
        losses = []
        for task, first, weight in zip(tasks, firsts, weights, strict=True):
            torch.manual_seed(self.task_seed(task.episode, 2))
            losses.append(self._add_meta_gradient(task, first, weight))
        return losses

    def _weights(self, episodes: Sequence[Episode]) -> list[float]:
        """Return how much each task counts: once, or by the words of its query."""
        if self.average == "sentences":
            return [1.0] * len(episodes)
        words = [len(episode.query.words) for episode in episodes]
        totals = torch.tensor([sum(words), len(words)], device=self.device)
        self._sum_over_devices(totals)
        total, queries = totals.tolist()
        mean = total / max(queries, 1)
        return [count / mean for count in words]

    def _add_meta_gradient(self, task: Task, first: FirstGradient | None, weight: float) -> Tensor:
        """Add the meta-gradient of a task to the gradients of the weights; return its loss."""
        if self.algorithm == "maml":
            return self._add_second_order(task, weight)
        assert task.query is not None
        with self.adaptation.adapted(
            self.loss_of(task, self.max_weight),
            update=self.inner_update,
            steps=self.inner_steps,
            first=first,
        ) as start:
            with torch.set_grad_enabled(self.algorithm != "reptile"):
                loss = weight * self(task.query, self.max_weight / weight)
                loss = self.checked(loss, task.episode, "The meta-update by")
            if self.algorithm == "reptile":
                self._add_way_back(start, weight)
            else:
                loss.backward()  # adds g_i of Eq. 12 to the sum
        return loss.detach()

    def _add_second_order(self, task: Task, weight: float) -> Tensor:
        """Add the meta-gradient of Eq. 11, by differentiating the inner loop."""
        start = {name: p for name, p in self.named_parameters() if p.requires_grad}
        assert task.query is not None

        def loss_of(
            batch: Batch, what: str, factor: float = 1.0
        ) -> Callable[[Mapping[str, Tensor]], Tensor]:
            def loss(weights: Mapping[str, Tensor]) -> Tensor:
                value = functional_call(self, dict(weights), (batch, self.max_weight / factor))
                return self.checked(factor * value, task.episode, what)

            return loss

        with sdpa_kernel(SDPBackend.MATH):  # the other kernels cannot be differentiated twice
            weights = adapted_weights(
                start,
                loss_of(task.support, self.inner_name),
                update=self.inner_update,
                steps=self.inner_steps,
            )
            loss = loss_of(task.query, "The meta-update by", weight)(weights)
            gradients = torch.autograd.grad(loss, list(start.values()), allow_unused=True)
        for parameter, gradient in zip(start.values(), gradients, strict=True):
            if gradient is not None:
                _add_gradient(parameter, gradient)
        return loss.detach()

    def _add_way_back(self, start: list[Tensor], weight: float) -> None:
        """Add Reptile's gradient: from the adapted weights back to the start, in inner rates."""
        factor = weight / self.inner_update.lr
        for parameter, origin in zip(self.adaptation.parameters, start, strict=True):
            _add_gradient(parameter, (origin - parameter.data).mul_(factor))

    def _masked(self, episode: Episode) -> Task:
        """Return a task of meta-training, words of entities masked anew."""
        torch.manual_seed(self.task_seed(episode))
        sentences = [*episode.support, episode.query]
        masked = mask_entity_words(sentences, self.mask_rate, torch.default_generator)
        if not self.mask_support:
            masked[:-1] = [[False] * len(row) for row in masked[:-1]]
        learnt = slice(None) if self.algorithm == "reptile" else slice(-1)
        support, query = (
            self.word_encoder(sentences[part], self.tag_set, masked=masked[part]).to(self.device)
            for part in (learnt, slice(-1, None))
        )
        return Task(episode, support, query)

    def _sum_gradients(self) -> None:
        """Sum the meta-gradients of all devices, each of which had its share of the tasks."""
        if self._devices > 1:
            for parameter in self._learnt():
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                self._sum_over_devices(parameter.grad)

    def _sum_over_devices(self, tensor: Tensor) -> None:
        """Sum a tensor over all devices."""
        if self._devices > 1:
            self.trainer.strategy.reduce(tensor, reduce_op="sum")

    @property
    def _devices(self) -> int:
        """How many devices share the tasks."""
        return 1 if self._trainer is None else self.trainer.world_size

    def _learnt(self) -> list[nn.Parameter]:
        """Return the weights that are not frozen."""
        return [parameter for parameter in self.tagger.parameters() if parameter.requires_grad]

    def _new_adaptation(self) -> Adaptation:
        """Return what adapts: all that is learnt, or the head alone."""
        learnt = self._learnt()
        if self.algorithm != "anil":
            return Adaptation(learnt)
        head = {id(parameter) for parameter in self.tagger.head.parameters()}
        return Adaptation(
            [parameter for parameter in learnt if id(parameter) in head],
            fixed=[parameter for parameter in learnt if id(parameter) not in head],
        )


def _add_gradient(parameter: nn.Parameter, gradient: Tensor) -> None:
    """Add to a parameter's gradient, or let it begin."""
    parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)
