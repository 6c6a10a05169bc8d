"""The thread that tags the texts of all requests together, a few sentences of each at a time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from lowner_pl.runs.memory import give_back_memory
from lowner_pl.tagging import TaggedEntity, TextTagger
from lowner_pl.tagging.splitting.boundaries import Span

SENTENCES = 32
"""Sentences that are tagged together; more are not faster."""
ADAPTED = 4
"""The same for a tagger that adapts to each sentence, and gains little from others."""
WORDS = 2_048
"""Words that are enough for a batch, however few its sentences."""
GIVE_BACK = 64
"""Batches after which the C library returns freed memory to the system."""
POLL = 0.25
"""Seconds after which a request looks whether its client is still there."""

Part = tuple[str, Sequence[list[Span]]]
"""A text and some of its sentences."""


class ClientGoneError(Exception):
    """The client has closed the connection before its answer was ready."""


class _Job:
    """A text with the sentences that wait, and the entities of the others."""

    def __init__(self, text: str, sentences: Sequence[list[Span]]) -> None:
        self.text = text
        self.waiting = deque(sentences)
        self.found: list[TaggedEntity] = []
        self.error: Exception | None = None
        self.ended = asyncio.Event()

    def take(self, result: Sequence[TaggedEntity] | Exception) -> None:
        """Take the entities of the next sentences, or what went wrong."""
        if isinstance(result, Exception):
            self.error = result
            self.waiting.clear()
        else:
            self.found.extend(result)
        if not self.waiting:
            self.ended.set()


class Worker:
    """A thread that tags. Each batch has sentences of as many requests as wait.

    Args:
        tagger: The tagger.
        most: Most requests at the same time.

    Attributes:
        requests: Requests that are in work now.
    """

    def __init__(self, tagger: TextTagger, most: int) -> None:
        self.most = most
        self.requests = 0
        self._tagger = tagger
        self._sentences = ADAPTED if tagger.adapts else SENTENCES
        self._jobs: deque[_Job] = deque()
        self._new = asyncio.Event()
        self._batches = 0
        self._thread = ThreadPoolExecutor(1, "tagging")

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Take a place for the length of a ``with`` block; tell whether one was free."""
        if self.requests >= self.most:
            yield False
            return
        self.requests += 1
        try:
            yield True
        finally:
            self.requests -= 1

    async def tag(
        self, text: str, *, seconds: float, gone: Callable[[], Awaitable[bool]]
    ) -> list[TaggedEntity]:
        """Tag a text while `run` is running.

        Args:
            text: The text.
            seconds: Time for it.
            gone: Tells whether nobody waits for the answer any more.

        Raises:
            ClientGoneError: If the client has left.
            TimeoutError: If the time is over.
            Exception: What the tagger raised.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(seconds):
            job = _Job(text, await loop.run_in_executor(self._thread, self._tagger.splitter, text))
            if not job.waiting:
                return []
            self._jobs.append(job)
            self._new.set()
            try:
                while not job.ended.is_set():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(job.ended.wait(), POLL)
                    if not job.ended.is_set() and await gone():
                        raise ClientGoneError
            finally:
                job.waiting.clear()  # given up, if it has not ended
        if job.error is not None:
            raise job.error
        return job.found

    async def run(self) -> None:
        """Tag what waits, until the task of this call is cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while await self._new.wait():
                turn = self._turn()
                if not turn:
                    self._new.clear()
                    continue
                parts = [(job.text, sentences) for job, sentences in turn.items()]
                results = await loop.run_in_executor(self._thread, self._tagged, parts)
                for job, result in zip(turn, results, strict=True):
                    job.take(result)
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _turn(self) -> dict[_Job, list[list[Span]]]:
        """Choose the sentences of a batch: one of each job, then another, while there is room."""
        turn: dict[_Job, list[list[Span]]] = {}
        sentences = words = 0
        while self._jobs and sentences < self._sentences and words < WORDS:
            job = self._jobs.popleft()
            if job.waiting:
                sentence = job.waiting.popleft()
                turn.setdefault(job, []).append(sentence)
                self._jobs.append(job)
                sentences += 1
                words += len(sentence)
        return turn

    def _tagged(self, parts: Sequence[Part]) -> list[Sequence[TaggedEntity] | Exception]:
        """Tag parts of texts together; if that fails, each alone, to find the one that fails."""
        self._batches += 1
        if self._batches % GIVE_BACK == 0:
            give_back_memory()
        try:
            return list(self._tagger.tag_sentences(parts, batch_size=SENTENCES))
        except Exception as error:
            if len(parts) == 1:
                return [error]
            return [result for part in parts for result in self._tagged([part])]
