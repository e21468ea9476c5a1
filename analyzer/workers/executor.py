"""Where work runs: in this process, in others on this machine, or on a Dask cluster. Three methods: map, reduce, gather.

Only plain functions and bytes are passed, so another engine is another class of this size.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Final, Protocol

from analyzer.errors import Unusable

RETRIES: Final = 3
"""How often a task is repeated whose worker was lost."""

FAN: Final = 8

Act = Callable[[Any], bytes]
Join = Callable[[Sequence[bytes]], bytes]
Done = Callable[[int], None]
"""Called with the index of a finished task."""


class Executor(Protocol):
    """Runs the functions of `read_runs`. A piece is a handle on a result's bytes. workers: the number of tasks that run at once."""

    workers: int

    def map(self, act: Act, things: Sequence[Any], done: Done) -> list[Any]:
        """A piece for each thing, in order."""

    def reduce(self, join: Join, pieces: Sequence[Any]) -> list[Any]:
        """At most FAN pieces, made by joining neighbours, FAN at a time. The caller joins these after gathering: one worker wouldn't be
        faster, and would have to pack and send the result."""

    def gather(self, pieces: Sequence[Any]) -> list[bytes]:
        """The pieces' bytes, in this process."""


def tree(submit: Callable[[list[Any]], Any], pieces: Sequence[Any]) -> list[Any]:
    """The pieces after joining neighbours, FAN at a time, until at most FAN are left."""
    level = list(pieces)
    while len(level) > FAN:
        level = [submit(level[i : i + FAN]) if len(level[i : i + FAN]) > 1 else level[i] for i in range(0, len(level), FAN)]
    return level


class Here:
    """This process alone."""

    workers = 1

    def map(self, act: Act, things: Sequence[Any], done: Done) -> list[bytes]:
        found = []
        for number, thing in enumerate(things):
            found.append(act(thing))
            done(number)
        return found

    def reduce(self, join: Join, pieces: Sequence[bytes]) -> list[bytes]:
        return tree(join, pieces)

    def gather(self, pieces: Sequence[bytes]) -> list[bytes]:
        return list(pieces)


class Processes:
    """Processes of this machine. When one dies, for example killed by the system, its task is repeated."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool = self._begin()

    def _begin(self) -> ProcessPoolExecutor:
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        return ProcessPoolExecutor(self.workers, mp_context=context)

    def map(self, act: Act, things: Sequence[Any], done: Done) -> list[bytes]:
        found: dict[int, bytes] = {}
        for attempt in range(RETRIES + 1):
            try:
                futures: dict[Future[bytes], int] = {self._pool.submit(act, thing): i for i, thing in enumerate(things) if i not in found}
                for future in as_completed(futures):
                    found[futures[future]] = future.result()
                    done(futures[future])
                break
            except BrokenProcessPool as error:
                self.close()
                self._pool = self._begin()
                if attempt == RETRIES:
                    raise Unusable(
                        "worker processes were lost again and again", "--workers", "give fewer, they may need too much memory"
                    ) from error
        return [found[i] for i in range(len(things))]

    def reduce(self, join: Join, pieces: Sequence[bytes]) -> list[bytes]:
        level = list(pieces)
        while len(level) > FAN:
            level = self.map(join, [level[i : i + FAN] for i in range(0, len(level), FAN)], lambda _: None)
        return level

    def gather(self, pieces: Sequence[bytes]) -> list[bytes]:
        return list(pieces)

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)


class Cluster:
    """A Dask cluster, by its client. Another worker repeats the tasks of a lost one."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.workers = max(1, len(client.ncores()))

    def map(self, act: Act, things: Sequence[Any], done: Done) -> list[Any]:
        from distributed import as_completed as as_done

        futures = self._client.map(act, things, pure=False, retries=RETRIES)
        numbers = {future.key: number for number, future in enumerate(futures)}
        for future in as_done(futures, loop=self._client.loop):
            if future.status == "finished":
                done(numbers[future.key])
        return list(futures)

    def reduce(self, join: Join, pieces: Sequence[Any]) -> list[Any]:
        return tree(lambda some: self._client.submit(join, some, pure=False, retries=RETRIES), pieces)

    def gather(self, pieces: Sequence[Any]) -> list[bytes]:
        found: list[bytes] = self._client.gather(list(pieces))
        return found


@contextmanager
def executor_of(workers: int, cluster: object = None) -> Iterator[Executor]:
    """The cluster at this address or of this client, else as many processes; this one alone for one worker.

    Errors  Unusable: the cluster extra isn't installed, or no scheduler answers at the address
    """
    if cluster is None:
        if workers <= 1:
            yield Here()
            return
        processes = Processes(workers)
        try:
            yield processes
        finally:
            processes.close()
        return
    if not isinstance(cluster, str):
        yield Cluster(cluster)
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise Unusable("Dask isn't installed", "--cluster", "pip install 'whichproxy[cluster]'") from error
    try:
        client = Client(cluster, timeout=20, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Unusable(f"no scheduler answers there ({error})", cluster, "give its address, such as tcp://10.0.0.5:8786") from error
    with client:
        yield Cluster(client)
