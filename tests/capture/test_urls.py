"""Purpose: a URL names what fsspec finds behind it, and each object is shown by a URL that is found again where one can be."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import PurePosixPath
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from analyzer.capture.urls import named_by
from analyzer.errors import Unusable
from tests.capture.web import Web, serving


class HostedFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """A store whose paths leave out the host, as sftp's do."""

    protocol = "hosted"
    store: dict[str, Any] = {}  # noqa: RUF012 - as its parent has it
    pseudo_dirs = [""]  # noqa: RUF012

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        path = "/" + path.partition("://")[2].partition("/")[2] if "://" in path else path
        return path.rstrip("/")

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, str]:
        return {}


@pytest.fixture
def files() -> Iterator[dict[str, bytes]]:
    """The same files in memory, on a host, and in an archive in memory."""
    held = {"a/1.pcap": b"one", "a/2.pcap": b"two", "a/deep/3.pcap": b"three", "b.txt": b"text"}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    fsspec.register_implementation("hosted", HostedFileSystem, clobber=True)
    HostedFileSystem.store.clear()
    for name, data in {**held, "all.zip": packed.getvalue()}.items():
        MemoryFileSystem().pipe(f"/named/{name}", data)
        HostedFileSystem().pipe(f"/named/{name}", data)
    yield held
    MemoryFileSystem().rm("/named", recursive=True)


def names(url: str) -> list[tuple[str | None, list[str]]]:
    """The folder and the objects of each thing that the URL names; every object gives its file's bytes."""
    found = []
    for named in named_by(url):
        for remote in named.objects:
            with remote.open() as file:
                assert file.read(), remote.name
        found.append((named.folder, [remote.name for remote in named.objects]))
    return found


@pytest.mark.parametrize(
    ("before", "behind"),
    [("memory://named/", ""), ("hosted://store.example/named/", ""), ("zip://", "::memory://named/all.zip")],
    ids=["memory", "a store with hosts", "an archive"],
)
def test_objects_folders_and_globs(files: dict[str, bytes], before: str, behind: str) -> None:
    def url(path: str) -> str:
        return f"{before}{path}{behind}"

    assert names(url("a/1.pcap")) == [(None, [url("a/1.pcap")])]
    below = [url(name) for name in ("a/1.pcap", "a/2.pcap", "a/deep/3.pcap")]
    assert [each for _, each in names(url("a"))] == [below]
    assert names(url("a/*.pcap")) == [(None, [url("a/1.pcap")]), (None, [url("a/2.pcap")])]
    assert names(url("*/[13].pcap")) == [(None, [url("a/1.pcap")])]
    assert [each for _, each in names(url("?"))] == [below]
    assert [PurePosixPath(each[0].partition("::")[0]).name for _, each in names(url("**/*.pcap"))] == ["1.pcap", "2.pcap", "3.pcap"]
    for missing, said in (("a/4.pcap", "no such object"), ("a/*.none", "no object fits it")):
        with pytest.raises(Unusable) as caught:
            names(url(missing))
        assert str(caught.value) == f"{url(missing)}: {said}"


def test_an_archive_that_is_not_there(files: dict[str, bytes]) -> None:
    with pytest.raises(Unusable, match=r"^zip://a::memory://named/none\.zip: no such object$"):
        names("zip://a::memory://named/none.zip")


def test_pages_of_a_web_server() -> None:
    """What is below a page is read; what sorts the page, leads up or to another server isn't."""
    page = (
        b'<a href="?C=N;O=D">Name</a> <a href="../">up</a> <a href="a.pcap">a</a> <a href="sub/">sub</a>'
        b'<a href="/day/b%20c.pcap">b</a> <a href="http://192.0.2.1/day/x.pcap">elsewhere</a>'
    )
    with serving({"day/": page, "day/a.pcap": b"a", "day/b%20c.pcap": b"b", "day/sub/d.pcap": b"d"}) as web:
        ours = [web.url(f"day/{name}") for name in ("a.pcap", "b%20c.pcap", "sub/d.pcap")]
        assert names(web.url("day/")) == [(web.url("day/"), ours)]
        assert names(web.url("day/*.pcap")) == [(None, [ours[0]]), (None, [ours[1]])]
        assert names(web.url("day/a.pcap?list=*&sig=[1]")) == [(None, [ours[0]])]


def test_a_page_that_is_denied_is_no_empty_folder() -> None:
    def denied(web: Web, request: BaseHTTPRequestHandler) -> bool:
        if request.path.startswith("/day/sub"):
            request.send_error(403)
        return request.path.startswith("/day/sub")

    with serving({"day/a.pcap": b"a", "day/sub/d.pcap": b"d"}) as web:
        web.fault = denied
        for url in (web.url("day/sub/"), web.url("day/"), web.url("day/**"), web.url("day/sub/*.pcap")):
            with pytest.raises(Unusable) as caught:
                names(url)
            assert str(caught.value).startswith(f"{url}: access is denied (403)")


def test_what_nobody_reads() -> None:
    with pytest.raises(Unusable, match=r"^sauce://host/a: nothing here reads such a URL"):
        names("sauce://u:p@host/a?sig=1")


class UnsetFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """A store that wants an account, as Azure's; its library logs what it shouldn't."""

    protocol = "unset"

    def __init__(self) -> None:
        logging.getLogger("azure.identity").warning("no token for https://host/a?sig=s3cr3t")
        raise ValueError("Must provide either a connection_string or account_name with credentials!! AccountKey=s3cr3t")


def test_a_store_whose_settings_are_missing_and_what_its_library_logs(capfd: pytest.CaptureFixture[str]) -> None:
    """One plain line, in a process that has set up no logging; a program that has gets what is logged."""
    fsspec.register_implementation("unset", UnsetFileSystem, clobber=True)
    with pytest.raises(Unusable, match=r"^unset://host/a: credentials for it, or other settings of its store, are missing") as caught:
        names("unset://host/a?sig=s3cr3t")
    assert "s3cr3t" not in str(caught.value)
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []  # pytest's own
    try:
        with pytest.raises(Unusable):
            names("unset://host/b")
        assert "s3cr3t" not in capfd.readouterr().err
        with_handler = io.StringIO()
        root.addHandler(logging.StreamHandler(with_handler))
        with pytest.raises(Unusable):
            names("unset://host/c")
        assert "s3cr3t" in with_handler.getvalue()
    finally:
        root.handlers = handlers
