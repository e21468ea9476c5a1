"""One thing made while the one before it is used: a stream's items come from a thread of their own, a few ahead."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

T = TypeVar("T")


class _End:
    """Nothing more comes; `error` is why, when making the next item failed."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def _nothing() -> None:
    pass


def ahead(items: Iterable[T], most: int, give_up: Callable[[], object] = _nothing) -> Generator[T, None, None]:
    """The same items in the same order, made in another thread, at most `most` before they are asked for.

    An error in making one is raised where it would have come. When the generator is closed, the thread ends behind the item
    that it is making, and is waited for.

    give_up   called where no further item is wanted, for making one may be a long wait
    """
    made: queue.Queue[T | _End] = queue.Queue(most)
    stopped = threading.Event()

    def make() -> None:
        end = _End()
        try:
            for item in items:
                made.put(item)
                if stopped.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that uses the items
            end = _End(error)
        made.put(end)

    thread = threading.Thread(target=make, name="ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := made.get(), _End):
            yield item
        give_up = _nothing
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        give_up()
        while thread.is_alive():  # it may be waiting for room
            drain(made)
            thread.join(0.01)


def drain(items: queue.Queue[T]) -> None:
    """Take everything out that is there now."""
    while True:
        try:
            items.get_nowait()
        except queue.Empty:
            return
