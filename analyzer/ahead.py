"""Items of a stream made in a thread of their own, a few ahead of their use."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

T = TypeVar("T")


class _End:
    """The end of the items; `error` is the exception if making the next item failed."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def _nothing() -> None:
    pass


def ahead(items: Iterable[T], most: int, give_up: Callable[[], object] = _nothing) -> Generator[T, None, None]:
    """The same items in the same order, made in another thread, at most `most` ahead.

    An exception raised while making an item is raised at that item's position. Closing the generator ends the thread after the item in
    progress and waits for it.

    give_up   called when no further item is wanted, because making one may block for long
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
        while thread.is_alive():  # it may be blocked in put()
            drain(made)
            thread.join(0.01)


def drain(items: queue.Queue[T]) -> None:
    """Remove all items that the queue holds now."""
    while True:
        try:
            items.get_nowait()
        except queue.Empty:
            return
