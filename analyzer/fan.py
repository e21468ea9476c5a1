"""One stream of work for several threads: each sees every item, none runs far ahead of another."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Final, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Items made ahead of the slowest reader. Each may hold many megabytes of a capture.
AHEAD: Final = 2


class _End:
    """Nothing more comes; `error` is why, when making the next item failed."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Fan(Generic[T]):
    """The items, made in the thread that calls `run`, read in `readers` others. For kernels, which release the lock."""

    def __init__(self, items: Iterable[T], readers: int) -> None:
        self._items = items
        self._queues: list[queue.Queue[T | _End]] = [queue.Queue(AHEAD) for _ in range(readers)]
        self._pool = ThreadPoolExecutor(readers)
        self._failed = threading.Event()
        self._ended = [False] * readers

    def __enter__(self) -> Fan[T]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.shutdown(wait=True)

    def run(self, work: Callable[[int, Iterator[T]], R]) -> Iterator[R]:
        """What work(reader's number, all items) gives for each reader. An error of any reader, or of the items, is raised."""
        results = [self._pool.submit(self._read, work, number) for number in range(len(self._queues))]
        end = _End()
        try:
            for item in self._items:
                self._put(item)
                if self._failed.is_set():
                    break
        except BaseException as error:
            end = _End(error)
            raise
        finally:
            self._put(end)
        for result in results:
            yield result.result()

    def _put(self, item: T | _End) -> None:
        for waiting in self._queues:
            while True:
                try:
                    waiting.put(item, timeout=0.1)
                    break
                except queue.Full:
                    if self._failed.is_set() and not isinstance(item, _End):
                        return

    def _read(self, work: Callable[[int, Iterator[T]], R], number: int) -> R:
        try:
            return work(number, self._of(number))
        except BaseException:
            self._failed.set()
            while not self._ended[number]:  # let the maker go on to the end
                self._ended[number] = isinstance(self._queues[number].get(), _End)
            raise

    def _of(self, number: int) -> Iterator[T]:
        while True:
            item = self._queues[number].get()
            if isinstance(item, _End):
                self._ended[number] = True
                if item.error is not None:
                    raise item.error
                return
            yield item
