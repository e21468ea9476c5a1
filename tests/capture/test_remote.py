"""Purpose: an object is read to its end, each byte fetched once, or what is wrong is one plain sentence; nothing waits for ever."""

from __future__ import annotations

import gzip
import hashlib
import io
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from http.server import BaseHTTPRequestHandler
from random import Random
from typing import Any

import numpy as np
import pytest

import tests.build as build
from analyzer.capture import refused, remote
from analyzer.capture.inputs import open_inputs
from analyzer.capture.interleave import in_time_order
from analyzer.capture.ranges import FIRST, PART, SECOND
from tests.capture.reading import Seen, frames_of
from tests.capture.web import Fault, Web, serving

START_NS = 1_700_000_000_000_000_000


def capture(seed: int, n: int, size: int) -> bytes:
    """A pcap file of n packets of random bytes, so that it stays as large when it is compressed."""
    draw = Random(seed)
    return build.pcap([(START_NS + i * 1000 + seed, draw.randbytes(size)) for i in range(n)])


SMALL = capture(1, 20, 100)
LARGE = capture(2, 8000, 1200)  # more than two parts


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A server with a small and a large capture; clients retry without waiting."""
    monkeypatch.setattr(remote, "WAITS_S", (0.0, 0.0))
    with serving({"small.pcap": SMALL, "large.pcap": LARGE}) as server:
        yield server


def seen(url: str) -> tuple[list[Seen], str | None, list[str]]:
    """The frames of what the URL names, its digest, and its messages."""
    found = open_inputs([url])
    frames = [frame for source in found.sources for frame in frames_of(source.blocks())]
    for source in found.sources:
        source.read_sha256()
    said = [*found.unusable, *(source.broke_off for source in found.sources if source.broke_off)]
    return frames, found.sources[0].sha256 if found.sources else None, [str(error) for error in said]


def expected(data: bytes) -> list[Seen]:
    return frames_of(open_inputs([io.BytesIO(data)]).sources[0].blocks())


def covered(web: Web, path: str) -> list[int]:
    """How often each byte of the file was fetched."""
    counts = np.zeros(len(web.files[path]), np.int64)
    for asked, span in web.gets():
        if asked.partition("?")[0] == f"/{path}":
            first, last = map(int, (span or f"bytes=0-{len(counts) - 1}").removeprefix("bytes=").split("-"))
            counts[first : last + 1] += 1
    return counts.tolist()


@pytest.mark.parametrize("name", ["small.pcap", "large.pcap"])
def test_every_byte_is_fetched_once(web: Web, name: str) -> None:
    data = web.files[name]
    assert seen(web.url(name)) == (expected(data), hashlib.sha256(data).hexdigest(), [])
    assert set(covered(web, name)) == {1}
    assert len(web.gets()) == (1 if len(data) < FIRST else 2 + -(-(len(data) - FIRST - SECOND) // PART))


def test_compressed_files_are_too_and_so_are_files_that_are_read_together(web: Web) -> None:
    """Several captures are opened for their first times before they are read."""
    web.files = {f"{name}.pcap.gz": gzip.compress(capture(i, 400, 1000)) for i, name in enumerate("abc")}
    found = open_inputs([web.url("*.gz")])
    frames = frames_of(in_time_order(found.sources))
    times = [when for when, _, _ in frames]
    assert times == sorted(times) and len(times) == 1200
    for name in web.files:
        assert set(covered(web, name)) == {1}


def test_what_follows_a_damaged_packet_is_in_the_digest_all_the_same(web: Web) -> None:
    web.files["bad.pcap"] = SMALL + b"\xff" * 2_000_000
    frames, sha256, said = seen(web.url("bad.pcap"))
    assert (frames, said) == (expected(SMALL), [])
    assert sha256 == hashlib.sha256(web.files["bad.pcap"]).hexdigest()


def test_an_archive_is_read_where_it_lies(web: Web) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("day/one.pcap", SMALL)
        archive.writestr("readme.txt", b"hello")
        archive.writestr("two.pcap", LARGE)
    web.files["all.zip"] = packed.getvalue()
    frames, sha256, said = seen(web.url("all.zip?sig=s3cr3t"))
    assert (frames, said) == (expected(SMALL) + expected(LARGE), [])
    assert sha256 == hashlib.sha256(web.files["all.zip"]).hexdigest()
    assert max(covered(web, "all.zip")) <= 4, "once for each look, and for the digest"
    assert [source.name for source in open_inputs([web.url("all.zip?sig=s3cr3t")]).sources] == [
        web.url("all.zip/day/one.pcap"),
        web.url("all.zip/two.pcap"),
    ]


@pytest.mark.parametrize("told", [True, False], ids=["length told", "length not told"])
def test_a_server_without_ranges(web: Web, told: bool) -> None:
    """As Python's own is one."""
    web.ranges = False
    if not told:
        web.fault = chunked
    assert seen(web.url("large.pcap")) == (expected(LARGE), hashlib.sha256(LARGE).hexdigest(), [])


def chunked(web: Web, request: BaseHTTPRequestHandler) -> bool:
    """An answer without a length."""
    request.send_response(200)
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    if request.command == "GET":
        for i in range(0, len(LARGE), 100_000):
            piece = LARGE[i : i + 100_000]
            request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        request.wfile.write(b"0\r\n\r\n")
    return True


def failing(status: int, times: int, least: int = 0) -> Fault:
    """A status instead of an answer, for the first GETs of a range that begins at `least` or later."""
    left = [times]

    def fault(web: Web, request: BaseHTTPRequestHandler) -> bool:
        span = request.headers.get("Range")
        if request.command == "GET" and span and int(span[6:].split("-")[0]) >= least and left[0]:
            left[0] -= 1
            request.send_error(status)
            return True
        return False

    return fault


@pytest.mark.parametrize("least", [0, FIRST, FIRST + SECOND])
def test_what_fails_once_is_asked_for_again(web: Web, least: int) -> None:
    web.fault = failing(503, 2, least)
    assert seen(web.url("large.pcap")) == (expected(LARGE), hashlib.sha256(LARGE).hexdigest(), [])


@pytest.mark.parametrize(
    ("status", "said"), [(403, "access is denied (403)"), (404, "no such object (404)"), (500, "the server answers 500")]
)
def test_what_goes_on_failing_is_said_and_what_came_is_kept(web: Web, status: int, said: str) -> None:
    """Part of a capture and a line that says so; nothing at all where it begins so."""
    web.fault = failing(status, 1000, FIRST + SECOND)
    frames, sha256, told = seen(web.url("large.pcap?sig=s3cr3t"))
    assert 0 < len(frames) < 8000 and frames == expected(LARGE)[: len(frames)] and sha256 is None
    assert told == [f"{web.url('large.pcap')}: it can't be read further: {said}; what came before is counted; try again"]
    web.fault = failing(status, 1000)
    frames, _, told = seen(web.url("large.pcap?sig=s3cr3t"))
    assert frames == [] and len(told) == 1 and told[0].startswith(f"{web.url('large.pcap')}: {said}")


def later_part(promised: int, sent: int, web: Web, request: BaseHTTPRequestHandler) -> bool:
    """True where a later part of the object was asked for: its answer promises so many bytes, and has so many."""
    span = request.headers.get("Range")
    if request.command != "GET" or not span or span.startswith("bytes=0-"):
        return False
    request.send_response(206)
    request.send_header("Content-Length", str(promised))
    request.end_headers()
    request.wfile.write(b"x" * sent)
    request.close_connection = sent < promised
    return True


shorter = partial(later_part, 100_000, 1000)
"""An answer that ends before its length, with the connection."""
honest_but_shorter = partial(later_part, 10, 10)
"""An answer that says itself that it is shorter: the object has changed."""


def broken(web: Web, request: BaseHTTPRequestHandler) -> bool:
    """A connection that is closed without an answer."""
    request.close_connection = True
    return request.command == "GET" and not (request.headers.get("Range") or "").startswith("bytes=0-")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (shorter, "it can't be had (ContentLengthError)"),
        (honest_but_shorter, "the server sends less than it said"),
        (broken, "it can't be had (ServerDisconnectedError)"),
    ],
)
def test_an_object_that_is_cut_on_the_way(web: Web, fault: Fault, said: str) -> None:
    web.fault = fault
    frames, sha256, told = seen(web.url("large.pcap"))
    assert frames == expected(LARGE)[: len(frames)] and 0 < len(frames) < 20 and sha256 is None
    assert len(told) == 1 and told[0].split("read further: ")[1].startswith(said[:25])


def test_a_server_that_says_nothing(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused, "ANSWER_S", 0.2)
    monkeypatch.setattr(remote, "WAITS_S", ())

    def silent(web: Web, request: BaseHTTPRequestHandler) -> bool:
        time.sleep(1)
        return True

    web.fault = silent
    assert seen(web.url("small.pcap"))[2] == [f"{web.url('small.pcap')}: no answer within 0.2 s; try again"]


def test_who_waits_can_be_told_to_give_up(web: Web) -> None:
    """Otherwise Ctrl-C takes effect when the last of three answers hasn't come within a minute each."""
    asked = threading.Event()
    enough = threading.Event()

    def silent(web: Web, request: BaseHTTPRequestHandler) -> bool:
        if request.command == "GET" and not (request.headers.get("Range") or "").startswith("bytes=0-"):
            asked.set()
            enough.wait(30)
            return True
        return False

    web.fault = silent
    (source,) = open_inputs([web.url("large.pcap")]).sources
    reader = threading.Thread(target=lambda: list(source.blocks()))
    reader.start()
    assert asked.wait(20)
    source.give_up()
    reader.join(20)
    assert not reader.is_alive() and source.broke_off is not None
    enough.set()


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "WAITS_S", (0.0,))
    with serving({}) as web:
        gone = web.url("a.pcap?sig=s3cr3t")
    (told,) = seen(gone)[2]
    assert "s3cr3t" not in told and "the server can't be reached" in told


def test_a_budget_bounds_what_is_kept(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no room for any beginning each is fetched again, and the frames are the same."""
    monkeypatch.setattr(remote.Budget, "__init__", lambda self: setattr(self, "left", 0))
    assert seen(web.url("large.pcap"))[0] == expected(LARGE)
    counts = covered(web, "large.pcap")
    assert (counts[0], counts[FIRST], counts[-1]) == (2, 1, 1)


@pytest.mark.parametrize(("patience", "times"), [(float("inf"), 3), (0.0, 1)])
def test_what_took_too_long_to_fail_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch, patience: float, times: int) -> None:
    """As where a store's library has asked several times by itself: two more rounds of it would be minutes."""
    monkeypatch.setattr(remote, "WAITS_S", (0.0, 0.0))
    asked = []

    def ask() -> Future[Any]:
        asked.append(1)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        remote._insist(ask, 1.0, patience=patience)
    assert len(asked) == times
