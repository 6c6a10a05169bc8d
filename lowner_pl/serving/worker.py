"""The thread that tags, in which requests take turns."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


class ClientGoneError(Exception):
    """The client has closed the connection before its answer was ready."""


class Worker:
    """A thread that works for one request at a time, a part each: a long text delays no other long.

    Args:
        most: Most requests at the same time.

    Attributes:
        requests: Requests that are in work now.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.requests = 0
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

    async def collect(
        self,
        parts: Iterator[Sequence[Item]],
        *,
        seconds: float,
        gone: Callable[[], Awaitable[bool]],
    ) -> list[Item]:
        """Make all parts of an answer in the thread, with the parts of others between them.

        Args:
            parts: Makes the next part whenever it is asked for one.
            seconds: Time for all of them.
            gone: Tells whether nobody waits for the answer any more.

        Raises:
            ClientGoneError: If the client has left.
            TimeoutError: If the time is over. The part that is being made is dropped.
        """
        loop, found = asyncio.get_running_loop(), list[Item]()
        async with asyncio.timeout(seconds):
            while (part := await loop.run_in_executor(self._thread, next, parts, None)) is not None:
                found.extend(part)
                if await gone():
                    raise ClientGoneError
        return found

    def stop(self) -> None:
        """Drop what is waiting."""
        self._thread.shutdown(wait=False, cancel_futures=True)
