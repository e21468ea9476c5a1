"""A web server on loopback that gives files by ranges, says what it was asked, and fails in whatever way a test wants."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Fault = Callable[["Web", BaseHTTPRequestHandler], bool]


class Web:
    """files: path → bytes; those with a / behind are pages that list what is below. asked: (method, path, range) of each request.

    ranges   whether ranges are given, or always the whole file
    fault    answers a request itself (True) or leaves it (False)
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[tuple[str, str, str | None]] = []
        self.sent = 0
        self.ranges = True
        self.fault: Fault | None = None
        self.port = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def gets(self) -> list[tuple[str, str | None]]:
        """(path, range) of each GET, in order."""
        return [(path, asked) for method, path, asked in self.asked if method == "GET"]


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Web]:
    """The server, as long as it is entered."""
    web = Web(files)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(send=False)

        def do_GET(self) -> None:
            self.answer(send=True)

        def answer(self, *, send: bool) -> None:
            web.asked.append((self.command, self.path, self.headers.get("Range")))
            if web.fault is not None and web.fault(web, self):
                return
            path = self.path.partition("?")[0][1:]
            data = web.files.get(path)
            if data is None and (path.endswith("/") or not path):
                below = sorted({name[len(path) :].partition("/") for name in web.files if name.startswith(path)})
                data = "".join(f'<a href="{first}{slash}">{first}</a>\n' for first, slash, _ in below).encode() if below else None
            if data is None and any(name.startswith(f"{path}/") for name in web.files):
                self.send_response(301)
                self.send_header("Location", f"/{path}/")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if data is None:
                self.send_error(404)
                return
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            body = data[int(wanted[1]) : int(wanted[2]) + 1] if wanted and web.ranges else data
            self.send_response(206 if wanted and web.ranges else 200)
            self.send_header("Content-Type", "text/html" if path.endswith("/") or not path else "application/octet-stream")
            self.send_header("Content-Length", str(len(body)))
            if wanted and web.ranges:
                self.send_header("Content-Range", f"bytes {wanted[1]}-{int(wanted[1]) + len(body) - 1}/{len(data)}")
            self.end_headers()
            if send:
                web.sent += len(body)
                self.wfile.write(body)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:  # a client that has seen enough
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        web.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()
