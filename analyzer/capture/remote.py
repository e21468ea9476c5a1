"""One object behind a URL: read in ranges, ahead of its reader, and requested again where the network failed.

Each byte is fetched once: bytes read to see the object's format are kept for the reading. Stores without concurrent requests (archives,
FTP) are read as their file system gives them, and a web server without ranges from the beginning on.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, cast

from analyzer.capture import refused
from analyzer.capture.ranges import FIRST, PART, NoRanges, Ranges, Whole, is_kept, part_bounds
from analyzer.capture.refused import may_pass, reason
from analyzer.capture.stream import Lost
from analyzer.errors import Unusable

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

WAITS_S: tuple[float, ...] = (0.5, 2.0)
"""Seconds before each retry."""

LOOK_S: Final = 0.2
"""Seconds between checks of a waiting thread for an interruption."""

KEPT_BYTES: Final = 64 << 20
"""Bytes kept, of all objects of one URL together, between checking an object and reading it."""


@dataclass
class Budget:
    """The number of bytes of objects' beginnings that may still be kept."""

    left: int = KEPT_BYTES


def asked(fs: AbstractFileSystem, what: str, *args: Any, name: str, seconds: float | None = None, **options: Any) -> Any:
    """The result of the file system's method. Errors: Unusable, with the reason, under this name."""

    def ask() -> Future[Any]:
        return _future(fs, what, *args, **options)

    try:
        return _insist(ask, refused.ANSWER_S if seconds is None else seconds, patience=refused.ANSWER_S)
    except Exception as error:  # noqa: BLE001 - a file system raises what its libraries raise, and their texts may hold a secret
        raise Unusable(*reason(error, name)) from None


def _future(fs: AbstractFileSystem, what: str, *args: Any, **options: Any) -> Future[Any]:
    """The result of a method that was started, or, for a synchronous file system, called."""
    if fs.async_impl:
        return asyncio.run_coroutine_threadsafe(getattr(fs, f"_{what}")(*args, **options), cast(Any, fs).loop)
    done: Future[Any] = Future()
    done.set_result(getattr(fs, what)(*args, **options))
    return done


def _insist(
    ask: Callable[[], Future[Any]],
    seconds: float,
    first: Future[Any] | None = None,
    stop: threading.Event | None = None,
    patience: float = math.inf,
) -> Any:
    """The result, retried after errors that may pass.

    first     the first attempt, where it was started already
    stop      set when the result is no longer wanted
    patience  no retry after this many seconds: Google's and Microsoft's libraries retry by themselves
    """
    stop = threading.Event() if stop is None else stop
    until = time.monotonic() + patience
    for wait_s in (*WAITS_S, None):
        future = first
        try:
            future = ask() if future is None else future
            return _answer(future, seconds, stop)
        except Exception as error:
            if future is not None:
                future.cancel()
            if wait_s is None or isinstance(error, NoRanges) or stop.is_set() or time.monotonic() >= until or not may_pass(error):
                raise
        stop.wait(wait_s)
        first = None
    raise AssertionError  # the last one returned or raised


def _answer(future: Future[Any], seconds: float, stop: threading.Event) -> Any:
    """The future's result. Errors: TimeoutError, no result in time or `stop` was set; any error of the future."""
    until = time.monotonic() + seconds
    while True:
        try:
            return future.result(min(LOOK_S, max(0.0, until - time.monotonic())))
        except TimeoutError:
            if future.done() or stop.is_set() or time.monotonic() >= until:
                raise


class Remote:
    """An object, with its displayed name. size: None before begin(), and where its server doesn't give it."""

    def __init__(self, fs: AbstractFileSystem, path: str, name: str, about: dict[str, Any], budget: Budget) -> None:
        self.name = name
        self.size: int | None = about.get("size")
        self._fs = fs
        self._path = path
        self._about = about
        self._is_known = self.size is not None
        self._has_begun = False
        self._whole_only = False
        self._budget = budget
        self._counted = 0
        self._kept: dict[int, bytes] = {}
        self._beginning: Future[tuple[dict[str, Any], bytes]] | None = None
        self._handle: Any = None
        self._digest: str | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def identity(self) -> tuple[int, str]:
        """A key that is unique to the object."""
        return hash(self._fs), self._path

    def ask(self) -> None:
        """Request the beginning now, without waiting for it."""
        if self._fs.async_impl and self._beginning is None and not self._has_begun:
            self._beginning = self._ask_beginning()

    def begin(self) -> None:
        """Learn the size, and have the first bytes. Errors: Unusable, it isn't there or can't be read."""
        if self._has_begun:
            return
        if not self._fs.async_impl:
            self._learn(self._about if self._is_known else asked(self._fs, "info", self._path, name=self.name))
            return
        try:
            about, head = _insist(self._ask_beginning, refused.ANSWER_S, self._beginning, self._stop, refused.ANSWER_S)
        except Exception as error:  # noqa: BLE001 - as in asked()
            raise Unusable(*reason(error, self.name)) from None
        finally:
            self._beginning = None
        self._learn(about)
        if not self._whole_only:
            self._kept[0] = head

    def _ask_beginning(self) -> Future[tuple[dict[str, Any], bytes]]:
        return asyncio.run_coroutine_threadsafe(self._begun(), cast(Any, self._fs).loop)

    async def _begun(self) -> tuple[dict[str, Any], bytes]:
        about: dict[str, Any] = self._about if self._is_known else await cast(Any, self._fs)._info(self._path)
        size: int | None = about.get("size")
        if not size or about.get("partial") is False:
            return about, b""
        return about, await self._bytes(0, min(FIRST, size), size)

    def _learn(self, about: dict[str, Any]) -> None:
        self.size = about.get("size")
        self._has_begun = True
        self._whole_only = self._fs.async_impl and (self.size is None or about.get("partial") is False)

    async def _bytes(self, start: int, end: int, size: int) -> bytes:
        """All bytes of a range. Errors: NoRanges; EOFError, the answer is shorter; any error of the file system."""
        fs = cast(Any, self._fs)
        if hasattr(fs, "set_session") and hasattr(fs, "encode_url"):  # the web's, whose cat_file takes a whole file for a range
            data = await self._over_http(start, end, size)
        else:
            data = await fs._cat_file(self._path, start=start, end=end)
        if len(data) != end - start:
            raise EOFError
        return bytes(data)

    async def _over_http(self, start: int, end: int, size: int) -> Any:
        from fsspec.implementations.http import HTTPFile

        fs = cast(Any, self._fs)
        session = await fs.set_session()
        options = {**fs.kwargs, "asynchronous": True}
        if self._handle is None:
            self._handle = HTTPFile(
                fs, self._path, session=session, block_size=PART, mode="rb", cache_type="none", size=size, loop=fs.loop, **options
            )
        try:
            return await self._handle.async_fetch_range(start, end)
        except ValueError:
            raise NoRanges from None

    def ask_part(self, number: int) -> Future[bytes]:
        """The bytes of a part, requested."""
        size = self.size or 0
        start, end = part_bounds(number, size)
        return asyncio.run_coroutine_threadsafe(self._bytes(start, end, size), cast(Any, self._fs).loop)

    def part(self, number: int, first: Future[bytes] | None = None, *, keep: bool = True) -> bytes:
        """The bytes of a part; with `keep`, parts that are read again are kept. Errors: NoRanges; Lost."""
        if number in self._kept:
            return self._kept[number] if keep else self._kept.pop(number)
        try:
            data: bytes = _insist(lambda: self.ask_part(number), refused.ANSWER_S, first, self._stop)
        except NoRanges:
            self._whole_only = True
            raise
        except Exception as error:  # noqa: BLE001 - as in asked()
            raise Lost(reason(error, self.name)[0]) from None
        if keep and is_kept(number, self.size or 0):
            self._kept[number] = data
        return data

    def rest(self) -> None:
        """Keep the parts fetched so far until the object is read, as far as the budget allows."""
        held = sum(map(len, self._kept.values())) - self._counted
        if held > self._budget.left:
            self.let_go()
            return
        self._budget.left -= held
        self._counted += held

    def give_up(self) -> None:
        """Stop waiting: a reader in another thread soon gets an error."""
        self._stop.set()

    def has(self, number: int) -> bool:
        """Whether the part is kept."""
        return number in self._kept

    def let_go(self) -> None:
        """Drop all kept parts: the object was read."""
        self._budget.left += self._counted
        self._counted = 0
        self._kept = {}

    def open(self, mode: str = "rb", *, last: bool = False) -> IO[bytes]:
        """The object's bytes, from the first on; seekable where the server gives ranges. A read may return fewer bytes than requested.

        last     it won't be opened again: kept parts are dropped as they are read
        Errors   Unusable
        """
        self.begin()
        if self._fs.async_impl and not self._whole_only:
            return cast(IO[bytes], Ranges(self, keep=not last))
        return cast(IO[bytes], Whole(self.whole(), self.name))

    def whole(self) -> Any:
        """The file as its file system opens it; for a web server a stream. Errors: Unusable."""
        options = {"block_size": 0} if self._fs.async_impl else {}
        try:
            return self._fs.open(self._path, "rb", **options)
        except Exception as error:  # noqa: BLE001 - as in asked()
            raise Unusable(*reason(error, self.name)) from None

    def sha256(self) -> str | None:
        """The digest of the whole object, which is read for it, once; None where it can't be read."""
        with self._lock:
            if self._digest is None:
                try:
                    with self.open() as file:
                        self._digest = hashlib.file_digest(cast(Any, file), "sha256").hexdigest()
                except (Lost, Unusable):
                    return None
            return self._digest
