from __future__ import annotations

import pytest

from analyzer.readers.pac import MAX_PAC, SEARCHED
from tests.streams.harness import client, read, server, untimed

BODY = b"function FindProxyForURL(url, host) { return 'PROXY a:1'; }"


def files(*parts: bytes) -> list[bytes | None]:
    return [message.host for message in read([client(b"GET /p HTTP/1.1\r\n\r\n"), *map(server, parts)]) if message.kind == "pac_file"]


def answer(body: bytes, *, size: int | None = None, status: int = 200, kind: str = "text/plain") -> bytes:
    fields = f"Content-Type: {kind}\r\n" if kind else ""
    return b"HTTP/1.1 %d OK\r\n%bContent-Length: %d\r\n\r\n%b" % (status, fields.encode(), len(body) if size is None else size, body)


def test_whole_and_in_pieces() -> None:
    whole = answer(BODY)
    assert files(whole) == [BODY]
    for cut in range(1, len(whole)):
        assert files(whole[:cut], whole[cut:]) == [BODY]
    one = [m for m in untimed(read([client(b"GET /p HTTP/1.1\r\n\r\n"), server(whole)])) if m.kind != "pac_file"]
    assert [(m.kind, m.status) for m in one] == [("origin", -1), ("answer", 200)]


@pytest.mark.parametrize(
    ("kind", "found"),
    [("application/x-ns-proxy-autoconfig", 2), ("application/x-javascript", 2), ("application/octet-stream", 2), ("", 1), ("text/html", 0)],
)
def test_what_servers_call_it(kind: str, found: int) -> None:
    """Whole, and with its head in a segment of its own: where nothing says that it may be one, it isn't waited for."""
    whole = answer(BODY, kind=kind)
    head = whole.index(b"\r\n\r\n") + 4
    assert len(files(whole)) + len(files(whole[:head], whole[head:])) == found


def test_of_what_was_cut_what_is_there() -> None:
    assert files(answer(BODY, size=5000)) == [BODY]


@pytest.mark.parametrize("data", [answer(b"function other() {}"), answer(BODY, status=404), answer(b" " * SEARCHED + BODY), answer(b"")])
def test_other_answers(data: bytes) -> None:
    assert files(data) == []


@pytest.mark.parametrize("before", [b"", b"x", b"find", b"findproxyforur", b"fFindProxyForUR", b"\xe6" * 16, b"/* f */ " * 9])
def test_the_function_is_found_behind_what_begins_like_it(before: bytes) -> None:
    """In a segment of its own it is waited for only where its name is in sight, in any case."""
    for name in (b"FindProxyForURL", b"FINDPROXYFORURL", b"findproxyforurl"):
        for end in (b"", b"(u"):
            head, body = answer(b"", size=len(before + name + end) + 9, kind=""), before + name + end
            assert files(head + body, b"123456789") == [body + b"123456789"]
            assert files(head + body[: len(before + name) - 1], body[len(before + name) - 1 :] + b"123456789") == []


def test_no_more_than_is_kept() -> None:
    (text,) = files(answer(BODY + b" " * (2 * MAX_PAC)))
    assert text is not None and len(text) == MAX_PAC
