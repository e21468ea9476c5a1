"""An executor whose threads are simulated: its calls run one after the other, on a clock that shows when each would have ended.

For machines with fewer cores than workers. The clock counts this process's processor time, of the system's work for it too. Waiting for
the interpreter's lock or for memory that cores share isn't simulated: real cores are slower than this shows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")


class Clock:
    """Seconds of the thread that hands out calls: what others would do beside it isn't counted until it waits for them."""

    def __init__(self) -> None:
        self._beside = 0.0

    def now(self) -> float:
        """Seconds."""
        return time.process_time() - self._beside

    def beside(self, seconds: float) -> None:
        """The last `seconds` were another thread's."""
        self._beside += seconds

    def wait_until(self, moment: float) -> None:
        """Moves the clock forward to `moment`, if that isn't past."""
        self._beside -= max(0.0, moment - self.now())

    def executor(self, workers: int) -> Simulated:
        """An executor of so many threads; in place of concurrent.futures.ThreadPoolExecutor."""
        return Simulated(self, workers)


class Done(Generic[T]):
    """The result of a call that has run. `ended`: when its thread would have had it."""

    def __init__(self, clock: Clock, value: T, ended: float) -> None:
        self._clock, self._value, self._ended = clock, value, ended

    def result(self) -> T:
        """The value; the clock waits for it."""
        self._clock.wait_until(self._ended)
        return self._value


class Simulated:
    """As many threads as `workers`, each call taken by the one that is free first."""

    def __init__(self, clock: Clock, workers: int) -> None:
        self._clock = clock
        self._free_at = [clock.now()] * workers

    def submit(self, call: Callable[..., T], *arguments: Any) -> Done[T]:
        """The call's result, at once; the clock stands still meanwhile. An error of the call is raised here."""
        handed = self._clock.now()
        value = call(*arguments)
        took = self._clock.now() - handed
        self._clock.beside(took)
        thread = self._free_at.index(min(self._free_at))
        self._free_at[thread] = max(handed, self._free_at[thread]) + took
        return Done(self._clock, value, self._free_at[thread])

    def map(self, call: Callable[..., T], *arguments: Iterable[Any]) -> Iterator[T]:
        """The results in order; all calls are handed out before the first is waited for."""
        done = [self.submit(call, *each) for each in zip(*arguments, strict=False)]
        return (each.result() for each in done)

    def shutdown(self, wait: bool = True, **_: bool) -> None:
        """Waits for all threads, if asked to."""
        if wait:
            self._clock.wait_until(max(self._free_at))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.shutdown()
